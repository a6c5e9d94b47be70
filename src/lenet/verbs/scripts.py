"""Printing of complete training and prediction scripts in plain PyTorch, beside the printed network in ``model.py``.

They need torch, and Pillow for picture files; data are read by hand. What differs between networks (loss, optimizer,
input, which output wins) is written out for the network; the rest is the same text for all.
"""

from __future__ import annotations

from collections.abc import Sequence

from lenet.architecture import Network
from lenet.errors import ArchitectureError
from lenet.pytorch.source import class_name
from lenet.training.recipes import Recipe, recipe

RECIPE = "default"


def training_script(network: Network) -> str:
    """The text of ``train.py``: it trains the network of ``model.py`` by the default recipe, without distortions.

    Raises:
        ArchitectureError: if the network takes neither one nor three channels, as pictures have.
    """
    training_recipe = recipe(RECIPE, network)
    takes_color = _is_color(network)
    head = _HEAD_OF_TRAINING.format(name=_title_text(network), data=_COLOR_DATA if takes_color else _GRAY_DATA)
    imports = [
        "import argparse",
        *([] if takes_color else ["import gzip"]),
        "from pathlib import Path",
        "",
        "import torch",
    ]
    imports += ["import torch.nn.functional as F", "from torch import Tensor, nn", ""]
    imports += [f"from model import {class_name(network)}", "", _constants(network)]
    values = f"EPOCHS, BATCH, RATE = {training_recipe.epochs}, {training_recipe.batch}, {training_recipe.learning_rate}"
    return "\n\n\n".join(
        [
            "\n".join([head, *imports, values]),
            _READ_CIFAR if takes_color else _READ_IDX,
            _READ_FOLDER.format(mode="RGB" if takes_color else "L", plane=_COLOR_PLANE if takes_color else _GRAY_PLANE),
            _LOAD_CIFAR if takes_color else _LOAD_IDX,
            _LOAD_FOLDERS,
            _INPUTS,
            *_loss(network, training_recipe),
            _ERRORS.format(best=_decision_function(network)),
            _TRAIN.format(
                model=class_name(network),
                optimizer=_optimizer(training_recipe),
                warm_up=training_recipe.warm_up,
                digits="False" if takes_color else 'any(data.glob("train-images-idx3-ubyte*"))',
            ),
            _MAIN_OF_TRAINING,
        ]
    )


def prediction_script(network: Network) -> str:
    """The text of ``predict.py``: it says what pictures are, by the weights that ``train.py`` has kept.

    Raises:
        ArchitectureError: as `training_script`.
    """
    takes_color = _is_color(network)
    training_recipe = recipe(RECIPE, network)
    prepare = [_PREPARE_COLOR] if takes_color else [_DIGIT, _PREPARE_GRAY]
    return "\n\n\n".join(
        [
            f"{_HEAD_OF_PREDICTION.format(hint='' if takes_color else _DIGIT_HINT)}\n"
            "import argparse\nfrom pathlib import Path\n\n"
            "import torch\nimport torch.nn.functional as F\n"
            "from PIL import Image, ImageOps\nfrom torch import Tensor\n\n"
            f"from model import {class_name(network)}\n\n{_constants(network)}",
            *prepare,
            _INPUTS,
            _PREDICT.format(
                model=class_name(network),
                shares=_probabilities_expression(network, training_recipe),
                best=_decision_function(network),
            ),
        ]
    )


def _is_color(network: Network) -> bool:
    if network.input[0] not in (1, 3):
        raise ArchitectureError(
            f"{network.name} takes {network.input[0]} channels; scripts read pictures of 1 (gray) or 3 (color)"
        )
    return network.input[0] == 3


def _title_text(network: Network) -> str:
    return network.name.replace("lenet", "LeNet").replace("\\", "").replace('"', "")


def _constants(network: Network) -> str:
    _, height, width = network.input
    background, ink = (float(f"{value:.6g}") for value in network.input_range)
    return (
        f"HEIGHT, WIDTH = {height}, {width}\nBACKGROUND, INK = {background}, {ink}  # what gray levels 0 and 255 become"
    )


def _decision_function(network: Network) -> str:
    return "argmin" if network.smallest_wins else "argmax"


def _optimizer(training_recipe: Recipe) -> str:
    decay = f"weight_decay={training_recipe.weight_decay}"
    if training_recipe.optimizer == "adamw":
        return f"torch.optim.AdamW(model.parameters(), lr=RATE, {decay})"
    momentum = f"momentum={training_recipe.momentum}, nesterov={training_recipe.nesterov}"
    return f"torch.optim.SGD(model.parameters(), lr=RATE, {momentum}, {decay})"


def _loss(network: Network, training_recipe: Recipe) -> Sequence[str]:
    """The function ``loss_of``, as the outputs want it."""
    match training_recipe.loss:
        case "map":
            return [_MAP_LOSS.format(j=training_recipe.j)]
        case "mean-squared-error":
            return [_SQUARED_LOSS]
        case "nll":
            return [_NLL_LOSS]
        case _:
            return [_CROSS_ENTROPY.format(smoothing=training_recipe.label_smoothing)]


def _probabilities_expression(network: Network, training_recipe: Recipe) -> str:
    if training_recipe.loss == "mean-squared-error":
        return "outputs"
    return f"{'-' if network.smallest_wins else ''}outputs".join(["torch.softmax(", ", dim=1)"])


# --- the text -------------------------------------------------------------------------------------------------------

_GRAY_DATA = """\
DATA is a folder with the four files of MNIST (train-images-idx3-ubyte, …, packed as .gz or not), or of pictures: a
folder for each class, named after it."""

_COLOR_DATA = """\
DATA is a folder with the binary files of CIFAR-10 (data_batch_1.bin, …, test_batch.bin), or of pictures: a folder for
each class, named after it."""

_HEAD_OF_TRAINING = '''\
"""Train the {name} of model.py in plain PyTorch: python train.py DATA

{data}
A tenth of the training examples, at most 5,000, is set aside to choose by: the weights with the fewest errors on them
are kept in weights.pt. The test part is read once, at the end.
"""
'''

_READ_IDX = '''\
def read_idx(path: Path) -> Tensor:
    """The bytes of an IDX file, in the shape that its head says."""
    compressed = path.with_name(path.name + ".gz")
    content = path.read_bytes() if path.exists() else gzip.decompress(compressed.read_bytes())
    if content[:3] != b"\\0\\0\\x08":
        raise SystemExit(f"{path}: no IDX file of bytes")
    dimensions = content[3]
    shape = [int.from_bytes(content[4 + 4 * axis : 8 + 4 * axis], "big") for axis in range(dimensions)]
    return torch.frombuffer(bytearray(content[4 + 4 * dimensions :]), dtype=torch.uint8).reshape(shape)'''

_READ_CIFAR = '''\
def read_cifar(paths: list[Path]) -> tuple[Tensor, Tensor]:
    """Pictures (N, 3, 32, 32) and labels of CIFAR-10's binary files: a label, then red, green and blue."""
    content = b"".join(path.read_bytes() for path in paths)
    rows = torch.frombuffer(bytearray(content), dtype=torch.uint8).reshape(-1, 1 + 3 * 32 * 32)
    return rows[:, 1:].reshape(-1, 3, 32, 32), rows[:, 0].long()'''

_GRAY_PLANE = """\
            plane = torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8).reshape(1, HEIGHT, WIDTH)
            border = torch.cat([plane[:, 0].flatten(), plane[:, -1].flatten()]).float().mean()
            images.append(255 - plane if border > 127 else plane)  # ink is high, on paper and on screens"""

_COLOR_PLANE = """\
            plane = torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8)
            images.append(plane.reshape(HEIGHT, WIDTH, 3).permute(2, 0, 1))"""

_READ_FOLDER = '''\
def read_folder(folder: Path, names: list[str]) -> tuple[Tensor, Tensor]:
    """Pictures and labels of a folder that has a folder of pictures for each class."""
    from PIL import Image  # needed for pictures alone

    images, labels = [], []
    for label, name in enumerate(names):
        for path in sorted(path for path in (folder / name).iterdir() if path.suffix.lower() in PICTURES):
            picture = Image.open(path).convert("{mode}").resize((WIDTH, HEIGHT))
{plane}
            labels.append(label)
    if not images:
        raise SystemExit(f"{{folder}}: no pictures in folders of classes")
    return torch.stack(images), torch.tensor(labels)


PICTURES = {{".png", ".jpg", ".jpeg", ".bmp", ".webp"}}'''

_LOAD_IDX = '''\
def load_data(folder: Path) -> tuple[Tensor, Tensor, Tensor, Tensor, list[str]]:
    """Images uint8 (N, 1, H, W) and labels of the training part, of the test part, and the names of the classes."""
    if not any(folder.glob("train-images-idx3-ubyte*")):
        return load_folders(folder)
    images, test_images = (read_idx(folder / f"{part}-images-idx3-ubyte")[:, None] for part in ("train", "t10k"))
    labels, test_labels = (read_idx(folder / f"{part}-labels-idx1-ubyte").long() for part in ("train", "t10k"))
    return images, labels, test_images, test_labels, [str(label) for label in range(int(labels.max()) + 1)]'''

_LOAD_CIFAR = '''\
def load_data(folder: Path) -> tuple[Tensor, Tensor, Tensor, Tensor, list[str]]:
    """Images uint8 (N, 3, H, W) and labels of the training part, of the test part, and the names of the classes."""
    if not (folder / "test_batch.bin").exists():
        return load_folders(folder)
    images, labels = read_cifar(sorted(folder.glob("data_batch_*.bin")))
    test_images, test_labels = read_cifar([folder / "test_batch.bin"])
    names_file = folder / "batches.meta.txt"
    names = names_file.read_text().split() if names_file.exists() else [str(label) for label in range(10)]
    return images, labels, test_images, test_labels, names'''

_LOAD_FOLDERS = '''\
def load_folders(folder: Path) -> tuple[Tensor, Tensor, Tensor, Tensor, list[str]]:
    """The same from pictures in folders of classes; every tenth is for the test."""
    names = sorted(path.name for path in folder.iterdir() if path.is_dir())
    images, labels = read_folder(folder, names)
    is_test = torch.arange(len(labels)) % 10 == 9
    return images[~is_test], labels[~is_test], images[is_test], labels[is_test], names'''

_INPUTS = '''\
def inputs_of(images: Tensor) -> Tensor:
    """Preprocess pictures for the network: gray levels on its scale, large ones made smaller, small ones padded."""
    levels = images.float() / 255
    if levels.shape[2] > HEIGHT or levels.shape[3] > WIDTH:
        levels = F.interpolate(levels, (HEIGHT, WIDTH), mode="area")
    rows, columns = HEIGHT - levels.shape[2], WIDTH - levels.shape[3]
    levels = F.pad(levels, (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2))
    return BACKGROUND + (INK - BACKGROUND) * levels'''

_CROSS_ENTROPY = '''\
def loss_of(outputs: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy; it applies softmax itself, and takes the outputs as they are."""
    return F.cross_entropy(outputs, labels, label_smoothing={smoothing})'''

_NLL_LOSS = '''\
def loss_of(outputs: Tensor, labels: Tensor) -> Tensor:
    """The negative log-likelihood: the outputs are log-probabilities already."""
    return F.nll_loss(outputs, labels)'''

_SQUARED_LOSS = '''\
def loss_of(outputs: Tensor, labels: Tensor) -> Tensor:
    """The mean squared distance to +1 for the right class and -1 for the others."""
    targets = 2 * F.one_hot(labels, outputs.shape[1]).float() - 1
    return (outputs - targets).square().mean()'''

_MAP_LOSS = '''\
def loss_of(penalties: Tensor, labels: Tensor) -> Tensor:
    """y_D + log(e^-j + sum e^-y): the right penalty falls, wrong ones rise until j [LeCun98, eq. 9]."""
    rubbish = penalties.new_full((len(penalties), 1), {j})
    right = penalties.gather(1, labels[:, None])[:, 0]
    return (right + torch.logsumexp(-torch.cat([penalties, rubbish], dim=1), dim=1)).mean()'''

_ERRORS = '''\
def error_rate(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """The share of wrong answers in percent."""
    model.eval()
    device, wrong = next(model.parameters()).device, 0
    with torch.no_grad():
        for start in range(0, len(labels), 1000):
            answers = model(inputs_of(images[start : start + 1000]).to(device)).{best}(dim=1).cpu()
            wrong += int((answers != labels[start : start + 1000]).sum())
    return 100 * wrong / len(labels)'''

_TRAIN = '''\
def train(data: Path, output: Path, epochs: int, seed: int) -> None:
    """Train, keep the best weights by validation error, and test these once."""
    torch.manual_seed(seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    images, labels, test_images, test_labels, names = load_data(data)
    validation_size = min(5000, len(labels) // 10)
    if not validation_size or not len(test_labels):
        raise SystemExit(f"{{data}}: expected at least ten examples to learn from, and some to test with")
    order = torch.randperm(len(labels))
    validation, training = order[:validation_size], order[validation_size:]

    model = {model}().to(device)
    if len(names) > (outputs := model(inputs_of(images[:1]).to(device)).shape[1]):
        raise SystemExit(f"{{data}}: has {{len(names)}} classes, but the network has {{outputs}} outputs")
    optimizer = {optimizer}
    updates = epochs * -(-len(training) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=RATE, total_steps=updates + 1, pct_start={warm_up}, cycle_momentum=False
    )
    lowest = float("inf")
    for epoch in range(epochs):
        model.train()
        total = 0.0
        for batch in training[torch.randperm(len(training))].split(BATCH):
            loss = loss_of(model(inputs_of(images[batch]).to(device)), labels[batch].to(device))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(batch)
        errors = error_rate(model, images[validation], labels[validation])
        loss_text = f"loss {{total / len(training):.4f}}"
        print(f"epoch {{epoch + 1}}/{{epochs}}  {{loss_text}}  validation error {{errors:.2f}} %")
        if errors < lowest:
            lowest = errors
            as_digits = {digits}  # and so must pictures be
            torch.save({{"weights": model.state_dict(), "names": names, "digits": as_digits}}, output)
    model.load_state_dict(torch.load(output, weights_only=True)["weights"])
    print(f"test error {{error_rate(model, test_images, test_labels):.2f}} %; weights in {{output}}")'''

_MAIN_OF_TRAINING = """\
if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the folder of the data")
    parser.add_argument("--output", type=Path, default=Path("weights.pt"), help="the file of the weights")
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="passes over the training part")
    parser.add_argument("--seed", type=int, default=0, help="of first weights and order")
    arguments = parser.parse_args()
    train(arguments.data, arguments.output, arguments.epochs, arguments.seed)
"""

_DIGIT_HINT = """

Weights that were trained on MNIST want a digit as MNIST has it: one dark digit on light paper, or light on dark, is cut
out, made 20 pixels large, and placed by its center of mass.
"""

_HEAD_OF_PREDICTION = '''\
"""Say what pictures are, by model.py and the weights of train.py: python predict.py PICTURE...{hint}"""
'''

_DIGIT = '''\
def digit_of(levels: Tensor) -> Tensor:
    """The digit of a picture (H, W), ink high, as MNIST has it: within 20×20, its center of mass amid 28×28."""
    ink = (levels > levels.max() / 2).nonzero()
    (top, left), (bottom, right) = ink.min(dim=0).values.tolist(), (ink.max(dim=0).values + 1).tolist()
    cut = levels[top:bottom, left:right].float()[None, None]
    scale = 20 / max(cut.shape[2:])
    size = [max(1, round(length * scale)) for length in cut.shape[2:]]
    small = F.interpolate(cut, size, mode="area" if scale < 1 else "bilinear")[0, 0]
    rows, columns = torch.arange(size[0]).float(), torch.arange(size[1]).float()
    weight = small.sum().clamp(min=1)
    row = round(13.5 - float((small.sum(dim=1) * rows).sum() / weight))
    column = round(13.5 - float((small.sum(dim=0) * columns).sum() / weight))
    row, column = min(max(row, 0), 28 - size[0]), min(max(column, 0), 28 - size[1])
    field = torch.zeros(28, 28)
    field[row : row + size[0], column : column + size[1]] = small
    return field.round().byte()'''

_PREPARE_GRAY = '''\
def read_picture(path: Path, as_digit: bool) -> Tensor:
    """Gray levels (1, 1, H, W) of a picture, ink high."""
    picture = ImageOps.exif_transpose(Image.open(path)).convert("L")
    if not as_digit:
        picture = picture.resize((WIDTH, HEIGHT))
    levels = torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8).reshape(picture.height, picture.width)
    border = torch.cat([levels[0], levels[-1]]).float().mean()
    levels = 255 - levels if border > 127 else levels
    if as_digit:
        levels = levels - levels.min()  # paper is never quite white
        if int(levels.max()) == 0:
            raise SystemExit(f"{path}: one gray level, no digit")
        levels = digit_of((levels.float() * (255 / levels.max())).byte())
    return levels[None, None]'''

_PREPARE_COLOR = '''\
def read_picture(path: Path, as_digit: bool) -> Tensor:
    """Colors (1, 3, H, W) of a picture."""
    picture = ImageOps.exif_transpose(Image.open(path)).convert("RGB").resize((WIDTH, HEIGHT))
    levels = torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8)
    return levels.reshape(HEIGHT, WIDTH, 3).permute(2, 0, 1)[None]'''

_PREDICT = '''\
def predict(pictures: list[Path], weights: Path) -> None:
    """Print the class of each picture, and how sure the network is."""
    checkpoint = torch.load(weights, weights_only=True)
    model = {model}()
    model.load_state_dict(checkpoint["weights"])
    model.eval()
    with torch.no_grad():
        for path in pictures:
            outputs = model(inputs_of(read_picture(path, checkpoint["digits"])))[:, : len(checkpoint["names"])]
            best = int(outputs.{best}(dim=1))
            print(f"{{path}}: {{checkpoint['names'][best]}} ({{float({shares}[0, best]):.3f}})")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path, nargs="+", metavar="PICTURE")
    parser.add_argument("--weights", type=Path, default=Path("weights.pt"), help="the file that train.py wrote")
    arguments = parser.parse_args()
    predict(arguments.pictures, arguments.weights)
'''
