"""The networks of a server: the one that reads, for each greatest error asked for, and those that are shown."""

from collections.abc import Sequence
from functools import lru_cache

from lenet.errors import UnknownName
from lenet.model import Model, pretrained
from lenet.networks import names
from lenet.reading.reader import Reader
from lenet.reading.recognition import Recognizer


class Readers:
    """Readers of the same weights, made when they are first asked for, and all weights that activations are given of.

    Args:
        reader: who reads.
        shown: further networks, found by name.
        classifier: who names the classes of pictures; the one that reads if None.
    """

    def __init__(self, reader: Reader, shown: Sequence[Model] = (), classifier: Model | None = None) -> None:
        self._weights = reader.model
        self.classifier = classifier or reader.model
        self.models = {model.network.name: model for model in (*shown, reader.model)}
        self.default = reader.model.network.name
        self.recognizer = lru_cache(maxsize=16)(self._recognizer)
        self._plain = reader

    def reader(self, max_error: float | None) -> Reader:
        """The reader that rejects so that at most this share of accepted digits is wrong.

        Raises:
            WeightsError: if the weights know nothing of this share.
        """
        return self._plain if max_error is None else Reader(self.recognizer(max_error))

    def _recognizer(self, max_error: float | None) -> Recognizer:
        return Recognizer(self._weights, max_error)

    def weights_of(self, name: str | None) -> Model:
        """The weights of a network; of the one that reads if no name is given.

        Raises:
            UnknownName: if there are none under that name.
        """
        if name is None:
            name = self.default
        if name not in self.models:
            raise UnknownName("network with weights", name[:60], self.models)
        return self.models[name]

    def classifier_of(self, name: str | None) -> Model:
        """The weights of a network that classes are asked of; those that are served if no name, or their own, is given.

        Raises:
            UnknownName: if there are none under that name.
        """
        return self.classifier if name in (None, self.classifier.network.name) else self.weights_of(name)


def shipped() -> list[Model]:
    """All weights that ship with the package."""
    found = []
    for name in names():
        try:
            found.append(pretrained(name))
        except UnknownName:
            continue
    return found
