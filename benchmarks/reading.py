"""Read a folder of labeled pictures and print the share read exactly right: ``python benchmarks/reading.py FOLDER``.

FOLDER/labels.csv has a line a picture: file, label, source, kind (single or string), capture. In labels of several
rows "|" stands for a new line; spaces are not compared.
"""

import csv
import sys
import time
from collections import defaultdict
from pathlib import Path

from lenet.errors import LeNetError
from lenet.reading import Reader


def main(folder: Path) -> None:
    reader, began = Reader(), time.perf_counter()
    right: dict[tuple[str, str, str], list[bool]] = defaultdict(list)
    with (folder / "labels.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            expected = "".join(row["label"].replace("|", "\n").split(" "))
            ways = ["automatic", "--single"] if row["kind"] == "single" else ["automatic"]
            for way in ways:
                text = read(reader, folder / row["file"], single=way == "--single")
                right[row["kind"], row["capture"], way].append(text == expected)
    print("| pictures | read as | exactly right |\n|---|---|---:|")
    for (kind, capture, way), answers in sorted(right.items()):
        share = f"{100 * sum(answers) / len(answers):.1f} %"
        print(f"| {capture}, {kind} | {way} | {sum(answers)} of {len(answers)} = {share} |")
    pictures = sum(map(len, right.values()))
    print(f"\n{pictures} readings in {time.perf_counter() - began:.0f} s")


def read(reader: Reader, path: Path, single: bool) -> str:
    try:
        return reader.read(path, single=single).text
    except LeNetError:
        return ""


if __name__ == "__main__":
    main(Path(sys.argv[1]))
