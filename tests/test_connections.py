"""The tables and codes are the printed ones."""

import pytest

from lenet.connections import (
    CHARACTER_CODES,
    DIGIT_CODES,
    LENET_1_H3,
    LENET_4_C3,
    LENET_5_C3,
    LENET_1989_H2,
    draw_code,
    draw_connection_table,
    parse_connection_table,
)
from lenet.errors import ArchitectureError


def test_table_i_has_the_papers_groups():
    assert (
        *((0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5)),
        *((0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5)),
        *((0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5), (0, 1, 2, 3, 4, 5)),
    ) == LENET_5_C3


def test_lenet_1s_table_is_two_almost_independent_halves():
    assert sum(map(len, LENET_1_H3)) == 20
    assert LENET_1_H3 == ((0,), (0, 1), (0, 1), (1,), (0, 1), (0, 1), (2,), (2, 3), (2, 3), (3,), (2, 3), (2, 3))


def test_each_h2_map_of_1989_sees_8_of_12_maps():
    assert [len(row) for row in LENET_1989_H2] == [8] * 12


def test_lenet_4s_table_has_60_kernels_all_different():
    assert sum(map(len, LENET_4_C3)) == 60
    assert len(set(LENET_4_C3)) == 16


def test_a_table_drawn_and_parsed_again_is_the_same():
    assert parse_connection_table(draw_connection_table(LENET_5_C3, 6)) == LENET_5_C3


@pytest.mark.parametrize(
    ("drawing", "message"),
    [
        ("XX\nX", "row 1 has 1 column, row 0 has 2"),
        ("X?\nXX", "row 0 holds '\\?'"),
        ("X.\nX.", "column 1 has no X"),
        (" ", "the drawing is empty"),
    ],
)
def test_a_wrong_drawing_names_the_place(drawing, message):
    with pytest.raises(ArchitectureError, match=message):
        parse_connection_table(drawing)


def test_the_code_of_4_is_the_printed_one():
    assert draw_code(DIGIT_CODES[4]).splitlines() == [
        ".#####.",
        ".......",
        ".......",
        ".##..##",
        ".##..##",
        "###..##",
        "##...##",
        "##...##",
        "##..###",
        ".######",
        ".....##",
        ".....##",
    ]


def test_the_codes_distances_are_those_of_the_font():
    def hamming(a, b):
        return sum(x != y for x, y in zip(DIGIT_CODES[a], DIGIT_CODES[b], strict=True))

    distances = {(a, b): hamming(a, b) for a in range(10) for b in range(a)}
    assert min(distances.values()) == distances[8, 6] == 12
    assert distances[4, 0] == distances[9, 8] == 18
    assert max(distances.values()) == 50


def test_there_are_96_codes_of_84_values_and_95_are_distinct():
    assert len(CHARACTER_CODES) == 96
    assert {len(code) for code in CHARACTER_CODES.values()} == {84}
    assert {value for code in CHARACTER_CODES.values() for value in code} == {-1, 1}
    assert len(set(CHARACTER_CODES.values())) == 95
    assert set(CHARACTER_CODES[" "]) == {-1}
