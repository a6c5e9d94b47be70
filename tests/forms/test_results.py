"""Results of forms: each value with its status, as Python objects and as JSON alike."""

import json

import pytest

from lenet.errors import UnknownName
from lenet.forms.results import FieldReading, FormReading, SumReading
from lenet.records import RecordError

AMOUNT = FieldReading(
    "amount", "number", "12,50", 0.97, (10, 20, 40, 120), "ok", "the sum chose 12,50", (("72,50", 0.02),), True,
    ((10.0, 20.0), (11.5, 120.0), (40.0, 119.0), (39.0, 21.0)),
)  # fmt: skip
BORN = FieldReading("born", "date", "", 1.0, (60, 20, 90, 120), "blank")


def page(*fields: FieldReading, **values) -> FormReading:
    return FormReading("scan.png", 1, "order", fields, **values)


def test_json_holds_all_of_a_page_and_gives_it_back():
    reading = page(
        AMOUNT, BORN, sums=(SumReading("total", ("amount",), None),), remarks=("turned",), size=(800, 600), rotation=180
    )
    assert FormReading.from_dict(json.loads(json.dumps(reading.to_dict()))) == reading


@pytest.mark.parametrize(
    ("statuses", "status"),
    [
        (["ok", "blank"], "ok"),
        (["ok", "doubtful"], "doubtful"),
        (["doubtful", "violates", "ok"], "violates"),
        (["blank", "blank"], "blank"),
    ],
)
def test_a_page_has_the_status_of_its_worst_field(statuses, status):
    fields = [FieldReading(str(number), "digits", "", 1.0, (0, 0, 1, 1), one) for number, one in enumerate(statuses)]
    assert page(*fields).status == status


def test_a_rejected_page_says_so_and_holds_no_field():
    rejected = page(is_rejected=True, reason="shows another form")
    assert rejected.status == "rejected"
    assert rejected.values == {}
    assert "shows another form" in repr(rejected)


def test_fields_are_had_by_their_names():
    assert page(AMOUNT, BORN)["amount"] is AMOUNT
    assert page(AMOUNT, BORN).with_status("blank") == (BORN,)
    with pytest.raises(UnknownName, match="unknown status 'doubtfull'; did you mean doubtful"):
        page(AMOUNT).with_status("doubtfull")
    with pytest.raises(UnknownName, match="unknown field 'born'; known: amount"):
        _ = page(AMOUNT)["born"]


def test_a_status_that_is_none_is_refused():
    with pytest.raises(UnknownName, match="status"):
        FieldReading.from_dict({**AMOUNT.to_dict(), "status": "fine"})


@pytest.mark.parametrize(
    "damage",
    [
        {"fields": [3]},
        {"fields": [{**AMOUNT.to_dict(), "alternatives": [1]}]},
        {"fields": [{**AMOUNT.to_dict(), "alternatives": [["1", "x"]]}]},
        {"fields": [{**AMOUNT.to_dict(), "corners": [1]}]},
        {"sums": [{}]},
        {"sums": [3]},
        {"sums": [{"total": "t", "terms": "abc", "holds": True}]},
        {"sums": [{"total": "t", "terms": ["a"], "holds": "x"}]},
    ],
)
def test_a_damaged_page_is_one_sentence(damage):
    values = page(AMOUNT, BORN, size=(800, 600)).to_dict()
    with pytest.raises(RecordError):
        FormReading.from_dict(json.loads(json.dumps(values | damage)))
