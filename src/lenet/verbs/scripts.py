"""Printing of complete training and prediction scripts in plain PyTorch, beside the printed network in ``model.py``.

They need torch, and Pillow for picture files; data are read by hand. Both stand in ``scripts.toml``. What differs
between networks (loss, optimizer, input, which output wins) is filled in; the rest is the same text for all.
"""

import tomllib
from functools import cache
from importlib import resources
from string import Template

from lenet.architecture import Network
from lenet.errors import ArchitectureError
from lenet.pytorch.source import class_name
from lenet.training.recipes import Recipe, recipe


def training_script(network: Network) -> str:
    """The text of ``train.py``: it trains the network of ``model.py`` by the default recipe, without distortions.

    Raises:
        ArchitectureError: if the network takes neither one nor three channels, as pictures have.
    """
    return _script("train", network)


def prediction_script(network: Network) -> str:
    """The text of ``predict.py``: it says what pictures are, by the weights that ``train.py`` has kept.

    Raises:
        ArchitectureError: as `training_script`.
    """
    return _script("predict", network)


def _script(name: str, network: Network) -> str:
    if (kind := {1: "gray", 3: "color"}.get(network.input[0])) is None:
        raise ArchitectureError(
            f"{network.name} takes {network.input[0]} channels; scripts read pictures of 1 (gray) or 3 (color)"
        )
    texts, default_recipe = _texts(), recipe("default", network)
    parts = texts["shared"] | texts[kind] | {"loss": texts["losses"][default_recipe.loss]}
    whole = Template(texts["scripts"][name]).safe_substitute(parts)
    return Template(whole).substitute(_values(network, default_recipe))


@cache
def _texts() -> dict[str, dict[str, str]]:
    return tomllib.loads(resources.files("lenet.verbs").joinpath("scripts.toml").read_text("utf-8"))


def _values(network: Network, default_recipe: Recipe) -> dict[str, object]:
    """The numbers and words of a network in its scripts."""
    _, height, width = network.input
    background, ink = (float(f"{value:.6g}") for value in network.input_range)
    penalties = "-outputs" if network.smallest_wins else "outputs"
    are_probabilities = default_recipe.loss == "mean-squared-error"
    return {
        "name": network.name.replace("lenet", "LeNet"),
        "model": class_name(network),
        "height": height,
        "width": width,
        "background": background,
        "ink": ink,
        "epochs": default_recipe.epochs,
        "batch": default_recipe.batch,
        "rate": default_recipe.learning_rate,
        "warm_up": default_recipe.warm_up,
        "optimizer": _optimizer(default_recipe),
        "j": default_recipe.j,
        "smoothing": default_recipe.label_smoothing,
        "best": "argmin" if network.smallest_wins else "argmax",
        "shares": "outputs" if are_probabilities else f"torch.softmax({penalties}, dim=1)",
    }


def _optimizer(default_recipe: Recipe) -> str:
    decay = f"weight_decay={default_recipe.weight_decay}"
    if default_recipe.optimizer == "adamw":
        return f"torch.optim.AdamW(model.parameters(), lr=RATE, {decay})"
    momentum = f"momentum={default_recipe.momentum}, nesterov={default_recipe.nesterov}"
    return f"torch.optim.SGD(model.parameters(), lr=RATE, {momentum}, {decay})"
