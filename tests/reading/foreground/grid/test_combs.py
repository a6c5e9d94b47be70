"""The boxes of a comb are closed at the top."""

from tests.reading.drawn_tables import table_of


def test_boxes_open_at_the_top_are_a_field(reader, digits):
    reading = reader.read(table_of(["3 4706"], digits, open_top=True))
    assert reading.text == "3 4706"
    assert len(reading.cells) == 6
