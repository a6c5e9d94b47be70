"""Export as a folder of the Hugging Face Hub's form: config.json, model.safetensors and a model card."""

import json

from lenet import __version__
from lenet.architecture import Network
from lenet.errors import printable
from lenet.model import FOLDER_MODEL, Model, model_bytes
from lenet.pytorch.source import class_name, sentence
from lenet.records import json_bytes

CONFIG, CARD = "config.json", "README.md"


def to_folder(model: Model) -> dict[str, bytes]:
    """The files by name; ``model.safetensors`` alone is the whole model, as `Model.save` writes it."""
    channels, height, width = model.network.input
    names = model.output_names
    config = {
        "model_type": "lenet",
        "architectures": [class_name(model.network)],
        "num_channels": channels,
        "image_size": [height, width],
        "num_labels": len(names),
        "id2label": {str(number): name for number, name in enumerate(names)},
        "label2id": {name: number for number, name in enumerate(names)},
        "smallest_wins": model.network.smallest_wins,
        "network": model.network.to_json(),
        "provenance": model.provenance,
        "lenet_version": __version__,
    }
    return {CONFIG: json_bytes(config), FOLDER_MODEL: model_bytes(model), CARD: _card(model).encode("utf-8")}


def _card(model: Model) -> str:
    network = model.network
    count = sum(array.size for array in model.parameters.values())
    paragraphs = [
        "---\nlibrary_name: lenet\npipeline_tag: image-classification\ntags:\n- lenet\n- image-classification\n---",
        f"# {network.name}",
        f"{sentence(network.description)} {count:,} parameters, {_input_text(network)}, ".lstrip()
        + f"{len(model.class_names)} classes:",
        _code_block(json.dumps(model.class_names, ensure_ascii=False)),
        _reject_class_text(model),
        "## Use",
        f"With the Python package `lenet`, {__version__} or newer, installed from a copy of its repository "
        "(`pip install .` there):",
        _code_block('import lenet\n\nmodel = lenet.load("FOLDER")  # this folder\nmodel.predict("picture.png")'),
        "`lenet export FOLDER --to onnx` makes a file for other programs of it; `lenet code` prints the network as a "
        "PyTorch class whose names these arrays have.",
        "## Where it comes from",
        f"Network: {network.source or 'a description of its own'}.",
        "What was known when it was trained:",
        _code_block(json.dumps(model.provenance, indent=2, ensure_ascii=False)),
    ]
    return "\n\n".join(filter(None, paragraphs)) + "\n"


def _input_text(network: Network) -> str:
    channels, height, width = network.input
    kind = {1: "gray levels, 255 for ink", 3: "colors"}.get(channels, f"{channels} channels")
    return f"pictures of {height} × {width} in {kind}"


def _reject_class_text(model: Model) -> str:
    if model.reject_class is None:
        return ""
    return f"Output {model.reject_class}, `none`, stands for none of these."


def _code_block(text: str) -> str:
    return "\n".join(f"    {printable(line)}".rstrip() for line in text.splitlines())
