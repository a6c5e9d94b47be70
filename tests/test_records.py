"""Records from files hold what they must, or one sentence says what they do not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lenet.architecture import Network
from lenet.errors import ArchitectureError
from lenet.networks import describe, names
from lenet.records import Record, RecordError, parse_json

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)
READERS = [
    lambda record: record.text("x"),
    lambda record: record.boolean("x"),
    lambda record: record.integer("x", 0, 10),
    lambda record: record.number("x", minimum=0),
    lambda record: record.record("x").text("y"),
    lambda record: record.records("x"),
    lambda record: record.texts("x"),
    lambda record: record.numbers("x", 2),
    lambda record: record.integers("x"),
    lambda record: record.rows("x"),
]


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "1" * 5000, b"\xff\xfe\x00", "nul"])
def test_what_is_no_json_is_refused_in_one_sentence(text):
    with pytest.raises(RecordError, match="not JSON"):
        parse_json(text)


def test_a_record_of_another_format_is_refused():
    assert Record.parsed('{"format": "a-1", "x": 2}', "a-1").integer("x") == 2
    for text, message in (('{"format": "a-2"}', "format is 'a-2', expected 'a-1'"), ("{}", "no entry 'format'")):
        with pytest.raises(RecordError, match=message):
            Record.parsed(text, "a-1")


@given(JSON, st.sampled_from(READERS))
def test_any_value_is_read_as_what_was_asked_for_or_refused(value, read):
    for values in (value, {"x": value}):
        sentence = ""
        try:
            read(Record.of(values))
        except RecordError as error:
            sentence = str(error)
        assert len(sentence) < 200


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "no entry 'x'"),
        ({"x": True}, "x is True, expected a whole number of 0 to 10"),
        ({"x": 11}, "x is 11, expected a whole number of 0 to 10"),
        ({"x": 10**400}, "x is a number of 1329 bits, expected a whole number of 0 to 10"),
        ({"x": float("nan")}, "x is nan, expected a whole number of 0 to 10"),
    ],
)
def test_the_message_names_the_place_the_value_and_what_is_accepted(values, message):
    with pytest.raises(RecordError) as caught:
        Record(values).integer("x", 0, 10)
    assert str(caught.value) == message


def test_null_counts_as_missing_where_there_is_a_default():
    assert Record({"x": None}).number("x", default=None) is None
    with pytest.raises(RecordError, match="x is None"):
        Record({"x": None}).number("x")


@pytest.mark.parametrize("name", names())
@given(st.data())
def test_a_description_with_one_value_exchanged_is_a_network_or_refused(name, data):
    description = describe(name).to_json()
    place = description
    while isinstance(place, dict | list) and place:
        keys = list(place) if isinstance(place, dict) else range(len(place))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or data.draw(st.integers(0, 3)) == 0:
            place[key] = data.draw(JSON)
            break
        place = place[key]
    sentence = ""
    try:
        Network.from_json(description)
    except ArchitectureError as error:
        sentence = str(error)
    assert sentence.isprintable()


@pytest.mark.parametrize("hostile", ["../../../ESCAPED", "/etc/passwd", "a/b", "..", "", "a\x1b[2Jb", "x" * 65, "a\n"])
@pytest.mark.parametrize("where", ["network", "stage"])
def test_a_name_that_no_file_should_have_is_refused(hostile, where):
    description = describe("lenet-5").to_json()
    (description if where == "network" else description["stages"][0])["name"] = hostile
    with pytest.raises(ArchitectureError, match=f"the {where} name .* is none that a file can have") as caught:
        Network.from_json(description)
    assert str(caught.value).isprintable()


def test_the_texts_of_a_description_reach_no_terminal_with_control_characters():
    description = describe("lenet-5").to_json() | {"description": "a\x1b[2J", "deviations": ["b\x07"]}
    network = Network.from_json(description)
    assert network.description == "a\\x1b[2J"
    assert network.deviations == ("b\\x07",)


@pytest.mark.parametrize(
    ("key", "value"),
    [("input", [1, 10**9, 10**9]), ("input", [0, 32, 32]), ("input", [1, -5, 32])],
)
def test_sizes_that_no_machine_holds_are_refused_before_anything_is_allocated(key, value):
    with pytest.raises(ArchitectureError, match="expected at"):
        Network.from_json(describe("lenet-short").to_json() | {key: value})
