"""Reading of forms: from a picture of a page to a `FormReading`."""

import hashlib
from dataclasses import replace
from pathlib import Path

from lenet.errors import DataError, reason_of
from lenet.forms.alignment import SAME_FORM, AlignedPage, NotThisForm, Sheet, align
from lenet.forms.fields import OUTSIDE, read_fields
from lenet.forms.labels import find_labels, other_labels, visible_labels
from lenet.forms.results import BLANK, DOUBTFUL, OK, FieldReading, FormReading
from lenet.forms.template import Template, TemplateError
from lenet.model import Model
from lenet.pictures.loading import Picture, Source, open_picture
from lenet.reading.recognition import Recognizer


class FormReader:
    """Reads pages of one form.

    Args:
        form: the template, or its TOML file.
        model: as `Recognizer` takes it, or a recognizer; the one that ships if None.
        blank: the picture of the blank page; the one that the template names if None.

    Raises:
        TemplateError: if the template is wrong, or has no blank page that pages can be aligned to.
        DataError: if the blank page cannot be opened.
        WeightsError, EngineError: as `Recognizer` does.
    """

    def __init__(
        self, form: Template | str | Path, model: Model | Recognizer | None = None, blank: Picture | None = None
    ) -> None:
        self.template = form if isinstance(form, Template) else Template.load(form)
        self._recognizer = model if isinstance(model, Recognizer) else Recognizer(model)
        self._sheet = Sheet.of(blank_page(self.template) if blank is None else blank)
        self._labels = find_labels(self._sheet, self.template)

    def read(self, source: Source | Picture, page: int = 1) -> FormReading:
        """Read a page.

        Args:
            source: a picture, as `Reader.read` takes one.
            page: its number in its file.

        Returns:
            The reading; one that is rejected, with the reason, if the page does not show the form.

        Raises:
            DataError: if the picture cannot be opened.
        """
        picture = source if isinstance(source, Picture) else open_picture(source)
        try:
            return self._read(picture, page)
        except NotThisForm as error:
            name, reason = self.template.name, str(error)
            return FormReading(picture.name, page, name, is_rejected=True, reason=reason, size=picture.size)

    def _read(self, picture: Picture, page: int) -> FormReading:
        aligned = align(picture, self._sheet)
        others = self._other_labels(aligned)
        fields, sums = read_fields(aligned, self._sheet, self.template, self._recognizer)
        fields = tuple(_with_other_label(field) if field.name in others else field for field in fields)
        remarks = []
        if aligned.rotation:
            remarks.append(f"was turned by {aligned.rotation} degrees to be read")
        if outside := [field.name for field in fields if OUTSIDE in field.reason]:
            if len(outside) == len(fields):
                raise NotThisForm("shows none of the form's fields")
            remarks.append(f"fields outside the picture: {', '.join(outside)}")
        if all(field.status == BLANK for field in fields):
            remarks.append("no field is filled")
        if picture.has_more_pages:
            remarks.append("the first of several pages")
        name, size, rotation = self.template.name, picture.size, aligned.rotation
        return FormReading(picture.name, page, name, fields, sums, tuple(remarks), size=size, rotation=rotation)

    def _other_labels(self, page: AlignedPage) -> set[str | None]:
        """The names of the fields beside which a page says something else than the form.

        Raises:
            NotThisForm: if most of its labels are others.
        """
        labels = visible_labels(page, self._labels)
        others = other_labels(page, self._sheet, labels)
        if len(others) > (1 - SAME_FORM) * len(labels):
            raise NotThisForm(f"is another form: {len(others)} of its {len(labels)} labels are others")
        return {label.field for label in others}


def _with_other_label(field: FieldReading) -> FieldReading:
    """The field, doubtful unless it was something worse: it may be another one."""
    if field.status not in (OK, BLANK):
        return field
    return replace(field, status=DOUBTFUL, reason="the page says something else beside it than the form")


def blank_page(template: Template) -> Picture:
    """The picture of a form's blank page.

    Raises:
        TemplateError: if the template names none, or another one than is there.
        DataError: if it cannot be opened.
    """
    if template.blank is None:
        raise TemplateError(
            f"{template.name}: names no blank page, which pages are aligned to; "
            "lenet form new makes a template that does"
        )
    try:
        content = template.blank.read_bytes()
    except OSError as error:
        raise DataError(f"{template.blank}: the form's blank page cannot be read ({reason_of(error)})") from None
    check_blank(template, content, str(template.blank))
    return open_picture(template.blank)


def check_blank(template: Template, content: bytes, name: str) -> None:
    """Raise TemplateError unless the bytes of this file may be those of the form's blank page."""
    digest = hashlib.sha256(content).hexdigest()
    if template.digest and digest != template.digest:
        raise TemplateError(
            f"{name}: is not the blank page of the template {template.name}: its sha256 is {digest[:12]}…, "
            f"expected {template.digest[:12]}…; make the template again, or take the sha256 out of it"
        )
