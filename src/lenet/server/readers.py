"""The models of a server: cached readers by error limit, readers of forms, and models for other questions."""

from collections.abc import Sequence
from functools import lru_cache, partial

from lenet.errors import ReadingError, UnknownName
from lenet.forms.reader import FormReader
from lenet.forms.template import Template
from lenet.model import Model, pretrained, pretrained_names
from lenet.networks import names
from lenet.pictures.loading import Picture
from lenet.reading.reader import Reader
from lenet.reading.recognition import Recognizer


class Readers:
    """Cache of readers with the same weights, one for each error limit, and the models by name.

    Args:
        reader: reads where no error limit is given.
        extra_models: further models, looked up by their network's name.
        classifier: the model that names the classes of pictures; the one that reads if None.
        forms: templates of forms whose pages are read, each by its name.

    Raises:
        TemplateError, DataError: as `FormReader` does.
    """

    def __init__(
        self,
        reader: Reader,
        extra_models: Sequence[Model] = (),
        classifier: Model | None = None,
        forms: Sequence[Template] = (),
    ) -> None:
        self.classifier = classifier or reader.model
        self.models = {model.network.name: model for model in (*extra_models, reader.model)}
        self.default = reader.model.network.name
        self.recognizer = lru_cache(maxsize=16)(partial(Recognizer, reader.model))
        self._default_reader = reader
        self._forms = {form.name: self.reader_of_form(form) for form in forms}

    def reader(self, max_error: float | None) -> Reader:
        """The reader that rejects so that at most this share of accepted digits is wrong.

        Raises:
            WeightsError: if the weights know nothing of this share.
        """
        return self._default_reader if max_error is None else Reader(self.recognizer(max_error))

    def form_reader(self, name: str) -> FormReader:
        """The reader of pages of a form, by its name.

        Raises:
            ReadingError: if there are none.
            UnknownName: if there is none of this name.
        """
        if not self._forms:
            raise ReadingError(
                f"form is {name[:60]!r}, but no form is served; send its template in the field 'form' and its blank "
                "page in 'blank', or start the server with --form"
            )
        if name not in self._forms:
            raise UnknownName("form", name[:60], self._forms)
        return self._forms[name]

    def reader_of_form(self, form: Template, blank_page: Picture | None = None) -> FormReader:
        """A reader of pages of a form, with the model that reads; of this blank page, or the one it names.

        Raises:
            TemplateError, DataError: as `FormReader` does.
        """
        return FormReader(form, self.recognizer(None), blank_page)

    def model_for(self, name: str | None) -> Model:
        """Look up the model of a network; the one that reads if no name is given.

        Raises:
            UnknownName: if there are none under that name.
        """
        name = self.default if name is None else name
        if name not in self.models:
            raise UnknownName("network with weights", name[:60], self.models)
        return self.models[name]

    def classifier_of(self, name: str | None) -> Model:
        """The weights of a network that classes are asked of; those that are served if no name, or their own, is given.

        Raises:
            UnknownName: if there are none under that name.
        """
        return self.classifier if name in (None, self.classifier.network.name) else self.model_for(name)


def shipped() -> list[Model]:
    """All weights that ship with the package."""
    return [pretrained(name) for name in names() if name in pretrained_names()]
