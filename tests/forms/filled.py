"""Pages of the form of `lab.benchmarks.photographed_forms`, filled and photographed."""

from pathlib import Path

import numpy as np

from lab.benchmarks.photographed_forms import photograph_page, sample_values, write_form, write_values
from lenet.data import Dataset
from lenet.forms.template import Template

SEED = 7


class FilledForm:
    """The form in a folder, and pages of it: flat, as a scanner sees them, or photographed."""

    def __init__(self, folder: Path, mnist: Dataset) -> None:
        self.path, self.blank, self.places = write_form(folder)
        self.template = Template.load(self.path)
        self._mnist = mnist

    def values(self, number: int) -> dict[str, str]:
        return sample_values(self.template, np.random.default_rng([SEED, number]))

    def scan(self, values: dict[str, str], number: int = 0) -> np.ndarray:
        ink = write_values(values, self.places, self._mnist, np.random.default_rng([SEED, number, 1]))
        return np.minimum(self.blank, np.uint8(np.rint(255 * (1 - 0.9 * ink))))

    def photo(self, values: dict[str, str], number: int) -> np.ndarray:
        ink = write_values(values, self.places, self._mnist, np.random.default_rng([SEED, number, 1]))
        return photograph_page(self.blank, ink, np.random.default_rng([SEED, number, 2]))
