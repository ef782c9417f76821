"""Rows as a file: CSV, TSV, JSON, JSON Lines, XLSX or Parquet, written piece by piece.

    for piece in write_table("csv", columns, batches): file.write(piece)

What is written is read back as it was. A text that a spreadsheet would run as a formula gets a quote before in CSV and
TSV, and is marked as text in XLSX; `inert_cells` counts them, so that this can be said beforehand.
"""

from __future__ import annotations

import csv
import io
import json
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any

from playground.errors import PlaygroundError, PromptError
from playground.tables.registry import FORMATS
from playground.tables.spreadsheet import inert
from playground.tables.xlsx import ERRORS
from playground.types.dataset import Column, Row

XLSX_CHARS = 32_767
XLSX_ROWS = 1_048_575
_CHUNK = 2**18
_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")

Batches = Iterable[Sequence[Row]]


def write_table(
    format_name: str, columns: Sequence[Column], batches: Callable[[], Batches]
) -> Iterator[bytes]:
    """The file in pieces; `batches` gives the rows from their beginning, and may be asked twice. Raises PromptError.

    Halves stand in a column "split", the models that made rows in "made_by", when there are any.
    """
    writers = {
        "csv": _csv,
        "tsv": _tsv,
        "json": _json,
        "jsonl": _jsonl,
        "xlsx": _xlsx,
        "parquet": _parquet,
    }
    if format_name not in writers:
        raise PromptError(
            f'There is no table format "{format_name[:40]}".', f"Use one of: {', '.join(FORMATS)}."
        )
    has_half = has_maker = False
    for batch in batches():
        has_half = has_half or any(row.half for row in batch)
        has_maker = has_maker or any(row.made_by for row in batch)
    return writers[format_name](_Table(columns, batches, has_half, has_maker))


def inert_cells(columns: Sequence[Column], batches: Batches) -> int:
    """How many cells a spreadsheet would run as formulas, if they were not marked."""
    names = [column.name for column in columns if column.kind == "text"]
    return sum(
        1
        for batch in batches
        for row in batch
        for name in names
        if (value := row.values.get(name)) and value[0] in "=+-@\t\r" and inert(value) != value
    )


class _Table:
    """The rows to write as lists of cells, with the columns that say something of each row."""

    def __init__(
        self, columns: Sequence[Column], batches: Callable[[], Batches], has_half: bool, has_maker: bool
    ) -> None:
        self.columns = list(columns)
        taken = {column.name for column in columns}
        self._extra: list[Callable[[Row], str | None]] = []
        for name, wanted, cell in (
            ("split", has_half, lambda row: row.half or None),
            ("made_by", has_maker, lambda row: row.made_by or None),
        ):
            if wanted and name not in taken:
                self.columns.append(Column(name=name))
                self._extra.append(cell)
        self._own = [column.name for column in columns]
        self._batches = batches

    @property
    def names(self) -> list[str]:
        """The names of all columns."""
        return [column.name for column in self.columns]

    def rows(self) -> Iterator[list[Any]]:
        """The cells of each row, None for what is missing."""
        for batch in self._batches():
            for row in batch:
                yield [row.values.get(name) for name in self._own] + [cell(row) for cell in self._extra]


def _csv(table: _Table) -> Iterator[bytes]:
    return _separated(table, ",")


def _tsv(table: _Table) -> Iterator[bytes]:
    return _separated(table, "\t")


def _separated(table: _Table, delimiter: str) -> Iterator[bytes]:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow([inert(name) for name in table.names])
    for cells in table.rows():
        line = [inert(_flat(cell)) for cell in cells]
        # One empty field alone would be an empty line, which no reader counts.
        writer.writerow(line if any(line) or len(line) > 1 else [" "])
        if out.tell() > _CHUNK:
            yield out.getvalue().encode("utf-8")
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode("utf-8")


def _flat(cell: Any) -> Any:
    """A cell of a table that has texts only."""
    if cell is None or isinstance(cell, str):
        return cell or ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return json.dumps(cell, ensure_ascii=False)


def _json(table: _Table) -> Iterator[bytes]:
    before = "[\n"
    for piece in _objects(table):
        yield (before + piece).encode("utf-8")
        before = ",\n"
    yield b"\n]\n" if before != "[\n" else b"[]\n"


def _jsonl(table: _Table) -> Iterator[bytes]:
    for piece in _objects(table):
        yield (piece + "\n").encode("utf-8")


def _objects(table: _Table) -> Iterator[str]:
    names = table.names
    for cells in table.rows():
        values = {name: cell for name, cell in zip(names, cells, strict=True) if cell is not None}
        yield json.dumps(values, ensure_ascii=False)


def _xlsx(table: _Table) -> Iterator[bytes]:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    _require_room(table)  # before anything is begun: a sheet that is left half written complains
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Rows")

    def cell(value: Any) -> Any:
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int | float):
            made = WriteOnlyCell(sheet, value=repr(value))
            # With all its digits: openpyxl 3.1 writes 16 of them, so that 0.1 + 0.2 becomes 0.3.
            made.data_type = "n"
            return made
        text = _flat(value)
        text = _ILLEGAL.sub(_escaped, text)
        made = WriteOnlyCell(sheet, value=f"_x{ord(text[0]):04X}_" + text[1:] if text in ERRORS else text)
        if inert(text) != text or made.data_type != "s":
            made.data_type = "s"  # "=1+1" is that text and no formula
            made.quotePrefix = True
        return made

    sheet.append([cell(name) for name in table.names])
    for cells in table.rows():
        sheet.append([cell(value) for value in cells])
    with _aside() as file:
        book.save(file)
        yield from _pieces(file)


def _require_room(table: _Table) -> None:
    """Raise PromptError for what XLSX would cut off."""
    for number, cells in enumerate(table.rows(), 1):
        if number > XLSX_ROWS:
            raise PromptError(f"More than {XLSX_ROWS:,} rows do not fit into XLSX.", "Export as CSV.")
        for name, value in zip(table.names, cells, strict=True):
            if isinstance(value, str | list | dict) and len(text := _flat(value)) > XLSX_CHARS:
                raise PromptError(
                    f"Row {number}, {name}: {len(text):,} characters do not fit into the {XLSX_CHARS:,} of a cell"
                    " in XLSX.",
                    "Export as CSV, JSON Lines or Parquet.",
                )


def _escaped(found: re.Match[str]) -> str:
    """A character that XML cannot hold, as spreadsheets write it: _x0001_; and what looks like that already."""
    return f"_x{ord(found[0]):04X}_"


def _parquet(table: _Table) -> Iterator[bytes]:
    import pyarrow as pa
    from pyarrow import parquet

    numbers = _types_of_numbers(table)
    kinds = {"text": pa.string(), "boolean": pa.bool_(), "list": pa.string(), "json": pa.string()}
    kinds |= {"int64": pa.int64(), "double": pa.float64()}
    schema = pa.schema(
        [
            pa.field(
                column.name,
                kinds[numbers.get(column.name, column.kind)],
                metadata={"kind": column.kind},
            )
            for column in table.columns
        ]
    )
    with _aside() as file:
        with parquet.ParquetWriter(file, schema) as writer:
            for batch in _portions(table.rows(), 5_000):
                columns = zip(*batch, strict=True)
                arrays = [
                    pa.array(_of_kind(cells, numbers.get(column.name, column.kind), column), type=field.type)
                    for cells, column, field in zip(columns, table.columns, schema, strict=True)
                ]
                writer.write_batch(pa.record_batch(arrays, schema=schema))
        yield from _pieces(file)


@contextmanager
def _aside() -> Iterator[IO[bytes]]:
    """A file that is gone afterwards; raises PlaygroundError where there is no room for it."""
    try:
        with tempfile.TemporaryFile() as file:
            yield file
    except OSError as exc:
        raise PlaygroundError(
            f"The file cannot be written aside first, in {tempfile.gettempdir()}: {exc.strerror or exc}.",
            "Free some space, or export as CSV, which needs none.",
        ) from exc


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    while piece := file.read(_CHUNK):
        yield piece


def _of_kind(cells: Sequence[Any], kind: str, column: Column) -> list[Any]:
    if column.kind in ("list", "json") or (column.kind == "number" and kind == "text"):
        return [None if cell is None else json.dumps(cell, ensure_ascii=False) for cell in cells]
    return list(cells)


def _types_of_numbers(table: _Table) -> dict[str, str]:
    """What holds each column of numbers as they are: "int64", "double", or "text" where neither does."""
    names = [column.name if column.kind == "number" else "" for column in table.columns]
    fits = {name: {"int64", "double"} for name in names if name}
    for cells in table.rows():
        for name, cell in zip(names, cells, strict=True):
            if not name or cell is None:
                continue
            if not isinstance(cell, int):
                fits[name].discard("int64")
            elif not -(2**53) <= cell <= 2**53:  # a double has no room for all of its digits
                fits[name].discard("double")
                if not -(2**63) <= cell < 2**63:
                    fits[name].discard("int64")
    return {
        name: "int64" if "int64" in kinds else "double" if kinds else "text" for name, kinds in fits.items()
    }


def _portions(rows: Iterator[list[Any]], count: int) -> Iterator[list[list[Any]]]:
    batch: list[list[Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) >= count:
            yield batch
            batch = []
    if batch:
        yield batch
