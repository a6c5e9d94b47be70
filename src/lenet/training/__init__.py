"""Training: recipes, the loop, runs on disk that can be repeated and gone on with. On CPUs the native engine learns."""

from lenet.training.loop import fit
from lenet.training.pipeline import train
from lenet.training.recipes import RECIPES, Recipe, recipe
from lenet.training.runs import Run

__all__ = ["RECIPES", "Recipe", "Run", "fit", "recipe", "train"]
