"""The pictures of a block: files, and rows of Parquet files that hold the bytes of pictures."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lenet.errors import DataError, printable
from lenet.reading.batch.picture_files import name_of
from lenet.reading.cluster.blocks import Block
from lenet.reading.cluster.locations import Location

_NAME_COLUMNS = ("file", "path", "name", "file_name", "filename", "key", "id")  # columns that name a row's picture
_BYTES_FIELD, _PATH_FIELD = "bytes", "path"  # of the structs in which Hugging Face's data sets hold pictures
_BATCH_ROWS = 16  # read into memory at a time: 80 MB, if pictures have 5 MB

NamedPicture = tuple[str, Path | bytes | DataError]


def pictures_of(block: Block) -> Iterator[NamedPicture]:
    """The pictures of a block with their names, one after the other; an error where one cannot be read."""
    if block.rows is not None:
        [location] = block.locations
        yield from _of_table(location, *block.rows)
        return
    for location in block.locations:
        yield _of_file(location)


def _of_file(location: Location) -> NamedPicture:
    if not location.store:  # opened by the reader, which takes IDX files, too
        return name_of(Path(location.path)), Path(location.path)
    name = printable(str(location))
    try:
        content = location.read()
    except OSError as error:
        return name, DataError(f"{name}: cannot be read ({' '.join(str(error).split())})")
    return name, DataError(f"{name}: no such file") if content is None else content


def _of_table(location: Location, first: int, stop: int) -> Iterator[NamedPicture]:
    """The pictures of a range of rows of a Parquet file; each row that cannot be read gives the error.

    The range of a file whose rows could not be counted is empty: it gives one error.
    """
    import pyarrow
    from pyarrow.parquet import ParquetFile

    table_name, next_row = printable(str(location)), first
    try:
        with location.open_input_file() as file, ParquetFile(file) as table:
            pictures, names = _columns(table.schema_arrow)
            groups, row_number = _groups_with(table.metadata, first, stop)
            columns = [pictures] if names is None else [pictures, names]
            for batch in table.iter_batches(_BATCH_ROWS, row_groups=groups, columns=columns):
                for row in batch.to_pylist():
                    if first <= row_number < stop:
                        yield _of_row(row, f"{table_name}#{row_number}", pictures, names)
                        next_row = row_number + 1
                    row_number += 1
    except (OSError, pyarrow.ArrowException, DataError) as error:
        why = f"{table_name}: not a readable Parquet file of pictures ({' '.join(str(error).split())})"
        if first == stop:
            yield table_name, DataError(why)
        for number in range(next_row, stop):
            yield f"{table_name}#{number}", DataError(why)


def _of_row(row: dict[str, Any], name_by_number: str, pictures: str, names: str | None) -> NamedPicture:
    value = row[pictures]
    name = row[names] if names is not None else None
    if isinstance(value, dict):
        name = value.get(_PATH_FIELD) if name in (None, "") else name
        value = value[_BYTES_FIELD]
    picture_name = name_by_number if name in (None, "") else printable(str(name))  # 0 is a name, too
    return picture_name, DataError(f"{picture_name}: no picture in this row") if value is None else value


def _columns(schema: Any) -> tuple[str, str | None]:
    """The column that holds pictures, and the one that names them."""
    from pyarrow import types

    def is_bytes(kind: Any) -> bool:
        return bool(types.is_binary(kind) or types.is_large_binary(kind))

    columns = [
        field.name
        for field in schema
        if is_bytes(field.type)
        or (
            types.is_struct(field.type)
            and any(child.name == _BYTES_FIELD and is_bytes(child.type) for child in field.type)
        )
    ]
    if len(columns) != 1:
        found = f"{', '.join(columns)} do" if columns else f"none of {', '.join(schema.names)} does"
        raise DataError(f"expected one column that holds the bytes of pictures, and {found}")
    texts = {
        field.name.lower(): field.name
        for field in schema
        if types.is_string(field.type) or types.is_large_string(field.type) or types.is_integer(field.type)
    }
    return columns[0], next((texts[name] for name in _NAME_COLUMNS if name in texts), None)


def _groups_with(metadata: Any, first: int, stop: int) -> tuple[list[int], int]:
    """The row groups that hold some of these rows, and the number of the first row in them."""
    groups: list[int] = []
    first_row = start = 0
    for number in range(metadata.num_row_groups):
        end = start + metadata.row_group(number).num_rows
        if start < stop and end > first:
            first_row = first_row if groups else start
            groups.append(number)
        start = end
    return groups, first_row
