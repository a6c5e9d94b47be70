"""Connection tables and 7×12 character codes, from the papers' drawings.

A drawing has a row for each input map and a column for each output map; X marks a connection.
"""

from itertools import chain

from lenet.errors import ArchitectureError, counted


def parse_connection_table(drawing: str) -> tuple[tuple[int, ...], ...]:
    """The input maps of each output map, read from a drawing of X and dots.

    Raises:
        ArchitectureError: if the rows differ in length, hold another sign, or a column is empty.

    >>> parse_connection_table('''
    ...     XX.
    ...     .XX
    ... ''')
    ((0,), (0, 1), (1,))
    """
    rows = drawing.split()
    if not rows:
        raise ArchitectureError("connection table: the drawing is empty")
    for index, row in enumerate(rows):
        if len(row) != len(rows[0]):
            raise ArchitectureError(
                f"connection table: row {index} has {counted(len(row), 'column')}, row 0 has {len(rows[0])}"
            )
        if unknown_characters := set(row) - set("X."):
            raise ArchitectureError(
                f"connection table: row {index} holds {sorted(unknown_characters)[0]!r}, expected X or ."
            )
    table = tuple(tuple(i for i, row in enumerate(rows) if row[column] == "X") for column in range(len(rows[0])))
    if () in table:
        raise ArchitectureError(f"connection table: column {table.index(())} has no X, so its map would see nothing")
    return table


def draw_connection_table(table: tuple[tuple[int, ...], ...], in_maps: int) -> str:
    """The drawing of a table, the inverse of `parse_connection_table`.

    >>> print(draw_connection_table(((0,), (0, 1), (1,)), in_maps=2))
    XX.
    .XX
    """
    return "\n".join("".join("X" if row in column else "." for column in table) for row in range(in_maps))


LENET_5_C3 = parse_connection_table("""
    X...XXX..XXXX.XX
    XX...XXX..XXXX.X
    XXX...XXX..X.XXX
    .XXX..XXXX..X.XX
    ..XXX..XXXX.XX.X
    ...XXX..XXXX.XXX
""")
"""S2 -> C3 of LeNet-5 [LeCun98, Table I]: 60 kernels."""

LENET_1_H3 = parse_connection_table("""
    XXX.XX......
    .XXXXX......
    ......XXX.XX
    .......XXXXX
""")
"""H2 -> H3 of LeNet-1 [LeCun90, Table 1]: 20 kernels, two almost independent halves."""

LENET_1989_H2 = parse_connection_table("""
    XXXX....XXXX
    XXXX....XXXX
    XXXX....XXXX
    XXXX....XXXX
    XXXXXXXX....
    XXXXXXXX....
    XXXXXXXX....
    XXXXXXXX....
    ....XXXXXXXX
    ....XXXXXXXX
    ....XXXXXXXX
    ....XXXXXXXX
""")
"""H1 -> H2 of the 1989 network: 8 of 12 maps each. The scheme is withheld by [LeCun89]; this one is a guess."""

LENET_4_C3 = parse_connection_table("""
    X..XX....XXXX..X
    X...XX....XXXX..
    XX..XXX....X.XX.
    .X..XXXX......XX
    .XX..XXXX...X..X
    ..X...XXXX..XX..
    ..XX...XXXX..XX.
    ...X....XXXX..XX
""")
"""S2 -> C3 of LeNet-4: a design of ours after Table I (3 neighbors, 4 neighbors, two pairs; cyclic)
with the 60 kernels that the published totals ask for. No table is published."""


CODE_HEIGHT, CODE_WIDTH = 12, 7

_CODES = """
000000000000000000000000 0c0c0c0c0c0c0c000c0c0000 363636360000000000000000 0036367f7f367f7f36360000
3e14143e773c1e17773e1400 7353760c0c18183765670000 3c6666663c3c6766663f0000 1e0e0e0c1800000000000000
0306040c0c0c0c0c0c040603 3018080c0c0c0c0c0c081830 00086b3e1c771c3e6b080000 00000c0c3f3f0c0c00000000
0000000000001e0e0e0c1800 000000007f7f000000000000 000000000000000c1e0c0000 0003070e0c0c0c0c1c383000
3e001c3663636363361c0000 0c1c3c0c0c0c0c0c0c3f0000 3e003e6343061c30607f0000 7f03060c1e030303633e0000
3e00003333736363673f0303 3e007f60603c1e03633e0000 1e3060607e736363733e0000 7f0303060c0c181818180000
3e6363633e636363633e0000 3e676363673f0303063c0000 00000c1e0c00000c1e0c0000 00000c1e0c001e0e0e0c1800
0003060c1830180c06030000 0000003f3f00003f3f000000 0030180c0603060c18300000 3e636303060c0c000c0c0000
003e7f676f69696f703f0000 3e2263637f63636363630000 3e60607e73636363737e0000 3e00003f70606060703f0000
3f03033f67636363673f0000 7f6160607c606060617f0000 3e3f3030307e303030300000 3e00003f606c6f6d613f0000
636363637f63636363630000 1e0c0c0c0c0c0c0c0c1e0000 3e0c0c001c0c0c0c0c6c6e7e 7e6060666c78786c66630000
6060606060606060617f0000 3e0000367f6b6b6363630000 3e00007e7363636363630000 3e00003e63636363633e0000
3e00007e73636363737e6060 3e00003f67636363673f0303 7e6363637e7c666663630000 3e00003e633c1e03633e0000
7f0c0c0c0c0c0c0c0c0c0000 3e00006363636363673f0000 3e00006363636336361c0800 3e00006363636b6b7f360000
3e000063633e1c3e63630000 3e000063636363673f03633e 3e00007f060c1830607f0000 0f0c0c0c0c0c0c0c0c0c0f00
0030381c0c0c0c0c0e070300 3c0c0c0c0c0c0c0c0c0c3c00 081c36630000000000000000 000000000000000000007f00
1e1c1c0c0600000000000000 0000003e033f6363673f0000 6060607e73636363737e0000 0000003f70606060703f0000
0303033f67636363673f0000 0000003e63637f60633e0000 1e333030307e303030300000 0000003e676363673f03633e
6060607e7363636363630000 000c0c001c0c0c0c0c1e0000 000c0c001c0c0c0c0c6c6e7e 606060666c78786c66630000
1c0c0c0c0c0c0c0c0c1e0000 000000367f6b6b6363630000 0000007e7363636363630000 0000003e63636363633e0000
0000007e73636363737e6060 0000003f67636363673f0303 0000007e7360606060600000 0000003e633c1e03633e0000
303030307f303030371e0000 0000006363636363673f0000 0000006363636336361c0800 0000006363636b6b7f360000
00000063633e1c3e63630000 00000063636363673f03633e 0000007f060c1830607f0000 03060c0c061c1c060c0c0603
000c0c0c0c0c0c0c0c0c0c00 30180c0c180e0e180c0c1830 00397f4e0000000000000000 000000000000000000000000
"""
"""Characters 32 to 127, twelve rows of 7 bits each in hexadecimal, the leftmost pixel in bit 6 [LeCun98, Fig. 3]."""


def _read_codes() -> dict[str, tuple[int, ...]]:
    pixels = [tuple(1 if row >> (CODE_WIDTH - 1 - x) & 1 else -1 for x in range(CODE_WIDTH)) for row in range(128)]
    return {
        chr(number): tuple(chain.from_iterable(map(pixels.__getitem__, bytes.fromhex(word))))
        for number, word in enumerate(_CODES.split(), start=32)
    }


CHARACTER_CODES = _read_codes()
"""The 96 codes of F6 by character: 84 values of -1 and +1, 12 rows of 7. The space and chr(127) are both blank."""

DIGIT_CODES = tuple(CHARACTER_CODES[digit] for digit in "0123456789")
"""The ten codes that LeNet-5's output units hold."""


def draw_code(code: tuple[int, ...]) -> str:
    """A code as twelve rows of # and dots.

    >>> draw_code(CHARACTER_CODES["1"]).splitlines()[0]
    '...##..'
    """
    return "\n".join(
        "".join("#" if value > 0 else "." for value in code[start : start + CODE_WIDTH])
        for start in range(0, len(code), CODE_WIDTH)
    )
