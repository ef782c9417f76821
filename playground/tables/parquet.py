"""Tables in Parquet, read by pyarrow some rows at a time.

open_parquet("late.parquet", data, Choices())  →  Source(names=("message", "days_late"), is_typed=True, …)

Lists and structs stay nested values; dates become text (2026-05-02); bytes are read as UTF-8.
"""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from typing import Any

from playground.errors import PromptError
from playground.tables.base import (
    FIELD_CHARS,
    MOST_COLUMNS,
    MOST_ROWS,
    ONLY_NAMES,
    Choices,
    Finding,
    Record,
    Source,
    unique_names,
)
from playground.tables.json_text import parse_rows

MAX_UNPACKED = 1_000_000_000
BATCH = 2_000


def open_parquet(file: str, data: bytes, choices: Choices) -> Source:
    """The table of a Parquet file. Raises PromptError."""
    import pyarrow as pa  # only Parquet costs that much memory
    from pyarrow import parquet

    try:
        opened = parquet.ParquetFile(BytesIO(data))
        meta = opened.metadata
        schema = opened.schema_arrow  # asked once: each time it is made anew
        fields = [schema.field(number) for number in range(len(schema))]
        size = sum(meta.row_group(number).total_byte_size for number in range(meta.num_row_groups))
    except (pa.ArrowException, OSError, ValueError) as exc:
        raise PromptError(
            f"{file} is no Parquet file, or is damaged.", "Write it again and read that."
        ) from exc
    if meta.num_rows > MOST_ROWS:
        raise PromptError(f"{file}: {meta.num_rows:,} rows do not fit into {MOST_ROWS:,}.", "Split the file.")
    if len(fields) > MOST_COLUMNS:
        raise PromptError(
            f"{file}: {len(fields):,} columns do not fit into {MOST_COLUMNS:,}.",
            "Leave out those nobody needs.",
        )
    if size > MAX_UNPACKED:
        raise PromptError(
            f"{file} unpacks to {size / 1e6:,.0f} MB, more than {MAX_UNPACKED / 1e6:,.0f}.", "Split the file."
        )
    if not fields:
        raise PromptError(f"{file} holds no rows.", "Write some into it.")
    names, notes = unique_names([field.name for field in fields])
    notes += [] if meta.num_rows else [replace(ONLY_NAMES, then="")]
    nested = {
        place
        for place, field in enumerate(fields)
        if (field.metadata or {}).get(b"kind") in (b"list", b"json", b"number")
    }

    def records() -> Iterator[Record]:
        number = 0
        try:
            for batch in parquet.ParquetFile(BytesIO(data)).iter_batches(batch_size=BATCH):
                columns = [_cells(column) for column in batch.columns]
                for cells in zip(*columns, strict=True):
                    number += 1
                    yield _record(number, cells, names, nested)
        except (pa.ArrowException, OSError, ValueError, OverflowError, LookupError) as exc:
            raise PromptError(
                f"{file} is damaged after row {number:,}.", "Write it again and read that."
            ) from exc

    return Source(
        "Parquet",
        names,
        records,
        (),
        "row",
        True,
        False,
        tuple(_why(field.type) for field in fields),
        tuple(notes),
    )


def _cells(column: Any) -> list[Any]:
    """The values of a column; times that Python has no value for, or no zone, as Arrow writes them (in UTC)."""
    import pyarrow as pa

    kind = column.type
    try:
        return list(column.to_pylist())
    except (pa.ArrowException, ValueError, OverflowError, LookupError):  # the last: a zone that nobody knows
        if pa.types.is_duration(kind):
            return [
                None if each is None else f"{each} {kind.unit}"
                for each in column.cast(pa.int64()).to_pylist()
            ]
        if not pa.types.is_temporal(kind):
            raise
        if pa.types.is_timestamp(kind) and kind.tz:
            column = column.cast(pa.timestamp(kind.unit, "UTC"))
        return list(column.cast(pa.string()).to_pylist())


def _why(kind: Any) -> str:
    text = str(kind)
    if text.startswith(("date", "timestamp", "time")):
        return "dates, stored as 2026-05-02"
    return (
        f"nested: {text[:60]}"
        if text.startswith(("list", "struct", "map", "large_list", "fixed_size_list"))
        else ""
    )


def _record(number: int, cells: tuple[Any, ...], names: tuple[str, ...], nested: set[int]) -> Record:
    plain, findings = [], []
    for place, (name, cell) in enumerate(zip(names, cells, strict=True)):
        try:
            value = _plain(cell)
            if place in nested and isinstance(value, str):  # as our own export writes it
                value = parse_rows(value)
        except UnicodeDecodeError:
            value = None
            findings.append(
                Finding("encoding", f"{name}: bytes that are no text", "Stored as missing.", column=name)
            )
        except (ValueError, RecursionError):
            pass  # the text as it is
        if isinstance(cell, decimal.Decimal) and decimal.Decimal(repr(value)) != cell:
            words = f"{name}: a number of more digits than can be stored"
            findings.append(Finding("kind", words, "Stored as the nearest one.", column=name))
        if isinstance(value, str) and len(value) > FIELD_CHARS:
            words = f"{name} has {len(value):,} characters, more than {FIELD_CHARS:,}"
            findings.append(Finding("size", words, "Shorten it, or leave the row out.", True))
        plain.append(value)
    return Record(number, number, plain, tuple(findings))


def _plain(value: Any) -> Any:
    """A value of Arrow's as plain data."""
    if isinstance(value, datetime.datetime):
        is_day = value.time() == datetime.time() and value.tzinfo is None
        return value.date().isoformat() if is_day else value.isoformat(sep=" ")
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return str(value)
    if isinstance(value, decimal.Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value
