"""The pictures of a block: files, and rows of Parquet files that hold the bytes of pictures."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lenet.errors import DataError, printable
from lenet.reading.batch.picture_files import name_of
from lenet.reading.cluster.blocks import Block
from lenet.reading.cluster.locations import Location

_NAMES = ("file", "path", "name", "file_name", "filename", "key", "id")  # columns that name a row's picture
_BYTES, _PATH = "bytes", "path"  # of a column of pictures as Hugging Face's data sets have it
_ROWS_AT_ONCE = 16  # of pictures of 5 MB, 80 MB

Named = tuple[str, Path | bytes | DataError]


def pictures_of(block: Block) -> Iterator[Named]:
    """The pictures of a block with their names, one after the other; or why there is none."""
    if block.rows is not None:
        [location] = block.locations
        yield from _of_table(location, *block.rows)
        return
    for location in block.locations:
        yield _of_file(location)


def _of_file(location: Location) -> Named:
    if not location.store:  # opened by the reader, which takes IDX files, too
        return name_of(Path(location.path)), Path(location.path)
    name = printable(str(location))
    try:
        content = location.read()
    except OSError as error:
        return name, DataError(f"{name}: cannot be read ({' '.join(str(error).split())})")
    return name, DataError(f"{name}: no such file") if content is None else content


def _of_table(location: Location, first: int, stop: int) -> Iterator[Named]:
    """Rows of a Parquet file; where they cannot be read, each of them with the reason."""
    import pyarrow
    from pyarrow.parquet import ParquetFile

    done, table_name = first, printable(str(location))
    try:
        with location.opened() as file, ParquetFile(file) as table:
            pictures, names = _columns(table.schema_arrow)
            groups, start = _groups_with(table.metadata, first, stop)
            columns = [pictures] if names is None else [pictures, names]
            for batch in table.iter_batches(_ROWS_AT_ONCE, row_groups=groups, columns=columns):
                for row in batch.to_pylist():
                    if first <= start < stop:
                        yield _of_row(row, f"{table_name}#{start}", pictures, names)
                        done += 1
                    start += 1
    except (OSError, pyarrow.ArrowException, DataError) as error:
        why = f"{table_name}: not a readable Parquet file of pictures ({' '.join(str(error).split())})"
        if first == stop:
            yield table_name, DataError(why)
        for number in range(done, stop):
            yield f"{table_name}#{number}", DataError(why)


def _of_row(row: dict[str, Any], numbered: str, pictures: str, names: str | None) -> Named:
    value = row[pictures]
    name = row[names] if names is not None else None
    if isinstance(value, dict):
        name = value.get(_PATH) if name in (None, "") else name
        value = value[_BYTES]
    picture_name = numbered if name in (None, "") else printable(str(name))  # 0 is a name, too
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
        or (types.is_struct(field.type) and any(one.name == _BYTES and is_bytes(one.type) for one in field.type))
    ]
    if len(columns) != 1:
        which = (
            f"columns {', '.join(columns)} hold bytes" if columns else f"no column of {', '.join(schema.names)} does"
        )
        raise DataError(f"expected one column with the bytes of pictures, and {which}")
    texts = {
        field.name.lower(): field.name
        for field in schema
        if types.is_string(field.type) or types.is_large_string(field.type) or types.is_integer(field.type)
    }
    return columns[0], next((texts[name] for name in _NAMES if name in texts), None)


def _groups_with(metadata: Any, first: int, stop: int) -> tuple[list[int], int]:
    """The row groups that hold some of these rows, and the number of the first row in them."""
    groups: list[int] = []
    start = begin = 0
    for number in range(metadata.num_row_groups):
        end = begin + metadata.row_group(number).num_rows
        if begin < stop and end > first:
            start = start if groups else begin
            groups.append(number)
        begin = end
    return groups, start
