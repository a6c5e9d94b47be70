"""The LeNet family: described once, counted exactly, trained, opened up, and put to work on people's own pictures.

Every verb of the shell is a function here, and takes names or objects alike::

    import lenet

    model = lenet.load("lenet-5-relu")  # or lenet.create(...), or lenet.train(...).model
    model.predict("seven.png")
    model.evaluate("mnist")
    lenet.read("form.png").text

Names are imported when they are asked for: counting networks needs no NumPy, and a command starts at once.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lenet.architecture import Network, Stage
    from lenet.course import check
    from lenet.data import Dataset
    from lenet.errors import LeNetError
    from lenet.estimator import LeNetClassifier as LeNetClassifier
    from lenet.evaluation import Evaluation, evaluate
    from lenet.exporting.formats import export
    from lenet.forms.batch import read_form, read_forms
    from lenet.forms.drafting import new_form
    from lenet.forms.results import FieldReading, FormReading
    from lenet.model import Model, create, load
    from lenet.networks import describe, names
    from lenet.reading.batch.files import read_files
    from lenet.reading.batch.pages import read, read_pages
    from lenet.reading.cluster.job import read_on_cluster
    from lenet.reading.reader import Reader
    from lenet.reading.results import Reading
    from lenet.training import Recipe, Run, train
    from lenet.verbs.adapt import adapt
    from lenet.verbs.bench import bench
    from lenet.verbs.convert import convert
    from lenet.verbs.describe import code, diff, show
    from lenet.verbs.doctor import doctor
    from lenet.verbs.explain import explain
    from lenet.verbs.maps import maps
    from lenet.verbs.predict import Prediction, predict
    from lenet.verbs.reproduce import reproduce
    from lenet.verbs.review import review
    from lenet.verbs.serve import serve

__version__ = "0.2.0"

_HOMES = {
    "architecture": ("Network", "Stage"),
    "course": ("check",),
    "data": ("Dataset",),
    "errors": ("LeNetError",),
    "estimator": ("LeNetClassifier",),
    "evaluation": ("Evaluation", "evaluate"),
    "exporting.formats": ("export",),
    "forms.batch": ("read_form", "read_forms"),
    "forms.drafting": ("new_form",),
    "forms.results": ("FieldReading", "FormReading"),
    "model": ("Model", "create", "load"),
    "networks": ("describe", "names"),
    "reading.batch.files": ("read_files",),
    "reading.batch.pages": ("read", "read_pages"),
    "reading.cluster.job": ("read_on_cluster",),
    "reading.reader": ("Reader",),
    "reading.results": ("Reading",),
    "training": ("Recipe", "Run", "train"),
    "verbs.adapt": ("adapt",),
    "verbs.bench": ("bench",),
    "verbs.convert": ("convert",),
    "verbs.describe": ("code", "diff", "show"),
    "verbs.doctor": ("doctor",),
    "verbs.explain": ("explain",),
    "verbs.maps": ("maps",),
    "verbs.predict": ("Prediction", "predict"),
    "verbs.reproduce": ("reproduce",),
    "verbs.review": ("review",),
    "verbs.serve": ("serve",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

# All but `LeNetClassifier`, without whose extra ``from lenet import *`` would fail.
__all__ = [
    "Dataset",
    "Evaluation",
    "FieldReading",
    "FormReading",
    "LeNetError",
    "Model",
    "Network",
    "Prediction",
    "Reader",
    "Reading",
    "Recipe",
    "Run",
    "Stage",
    "__version__",
    "adapt",
    "bench",
    "check",
    "code",
    "convert",
    "create",
    "data",
    "describe",
    "diff",
    "doctor",
    "evaluate",
    "explain",
    "export",
    "load",
    "maps",
    "names",
    "new_form",
    "predict",
    "read",
    "read_files",
    "read_form",
    "read_forms",
    "read_on_cluster",
    "read_pages",
    "reproduce",
    "review",
    "serve",
    "show",
    "train",
]


def __getattr__(name: str) -> Any:
    if name in _HOME_OF:
        return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    if name in ("data", "networks"):
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "LeNetClassifier"]
