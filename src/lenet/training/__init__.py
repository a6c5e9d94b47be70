"""Training: recipes, the loop, runs on disk that can be repeated and resumed. On CPUs the native engine trains."""

from lenet.training.loop import fit
from lenet.training.pipeline import train
from lenet.training.recipes import RECIPES, Recipe, recipe
from lenet.training.runs import Run
from lenet.training.stream import Epoch, Stream

__all__ = ["RECIPES", "Epoch", "Recipe", "Run", "Stream", "fit", "recipe", "train"]
