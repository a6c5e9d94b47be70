"""Fixtures of several modules: a form that is filled, and its reader."""

import pytest

from lenet.forms.reader import FormReader
from tests.forms.filled import FilledForm


@pytest.fixture(scope="module")
def form(tmp_path_factory, mnist) -> FilledForm:
    return FilledForm(tmp_path_factory.mktemp("form"), mnist)


@pytest.fixture(scope="module")
def reader(form) -> FormReader:
    return FormReader(form.path)
