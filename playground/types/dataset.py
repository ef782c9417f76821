"""Data sets: rows of values under typed columns, in versions that never change.

DatasetRef.read("Late parcels@3")  →  DatasetRef("Late parcels", number=3)
row_id({"text": "Hi"})             →  "b5d0a6c2e1f40c11", the same for equal values in any order
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from playground.errors import PromptError
from playground.types.grid import Case
from playground.types.prompt import Value

ColumnKind = Literal["text", "number", "boolean", "list", "json"]
ColumnRole = Literal["", "input", "expected", "cluster", "tag"]
Half = Literal["", "train", "held-out"]

EXPECTED = "expected"
"""The name under which checks find the expected answer, whatever its column is called."""
ID_CHARS = 16
MOST_SEED = 2**32 - 1
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"))
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")


class Column(Value):
    """A column. `role` says what it is for: a value of the prompt, the expected answer, what groups rows, what marks them."""

    name: str
    kind: ColumnKind = "text"
    role: ColumnRole = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One row; a missing value is not in `values`. `made_by` is the id of the model that wrote it.

    `id` is a short hash of the values: equal rows have the same. `number` is its place in its data set, which stays
    the same while other rows come and go; 0 for a row that is not stored.
    """

    values: dict[str, Any]
    half: Half = ""
    made_by: str = ""
    number: int = 0
    id: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if not self.id:
            object.__setattr__(self, "id", row_id(self.values))


class DatasetVersion(Value):
    """One version of a data set, without its rows, of which there are `rows`; `number` counts from 1."""

    dataset_id: str
    name: str
    number: int
    columns: tuple[Column, ...]
    rows: int
    train: int = 0
    held_out: int = 0
    note: str = ""
    created_at: datetime
    latest: int = 0
    """The newest version's number when this was read."""

    @property
    def words(self) -> str:
        """How it is referred to: "Late parcels@3"."""
        return f"{self.name}@{self.number}"


class DatasetRef(Value):
    """Which rows of which data set: by name (None for `number` is the newest version) or the path of a file.

    `half` and `limit` narrow it; a limit draws by `seed`.
    """

    name: str
    number: Annotated[int, Field(ge=1)] | None = None
    half: Half = ""
    limit: Annotated[int, Field(ge=1)] | None = None
    seed: Annotated[int, Field(ge=0, le=MOST_SEED)] = 0

    @classmethod
    def read(cls, text: str, **rest: Any) -> DatasetRef:
        """A reference as it is written: "name" or "name@3"; any other text after the @ belongs to the name."""
        name, at, number = text.strip().rpartition("@")
        if at and name and number.isascii() and number.isdigit() and 0 < len(number) < 10 and int(number):
            return cls(name=name, number=int(number), **rest)
        return cls(name=text.strip(), **rest)

    @property
    def words(self) -> str:
        """How it is written."""
        return self.name if self.number is None else f"{self.name}@{self.number}"


def row_id(values: Mapping[str, Any]) -> str:
    """The short hash of a row's values, the order of its columns aside."""
    canonical = _CANONICAL.encode(values)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()[:ID_CHARS]


def to_case(row: Row, columns: Iterable[Column]) -> Case:
    """The row as a case of a run.

    A text that is missing is an empty one, so that a template which names it renders; a missing expected answer stays
    missing, and checks that need it do not apply. The expected answer is there under the name `expected` too.
    """
    values = dict(row.values)
    for column in columns:
        if column.role == "expected":
            if column.name in values:
                values.setdefault(EXPECTED, values[column.name])
        elif column.kind == "text":
            values.setdefault(column.name, "")
    return Case(values=values, row_id=row.id)


def value_problem(column: Column, value: Any) -> str:
    """Why a value cannot stand in this column, as the end of a sentence; "" when it can, as a missing one always can."""
    if value is None:
        return ""
    kind = column.kind
    if kind == "text" and value.__class__ is str:  # nearly all there are
        return "holds a zero byte or half a character" if _UNSTORABLE.search(value) else ""
    if kind == "number" and value.__class__ is int:
        return ""
    fits = {
        "text": isinstance(value, str),
        "number": isinstance(value, int | float) and not isinstance(value, bool),
        "boolean": isinstance(value, bool),
        "list": isinstance(value, list),
        "json": True,
    }
    if not fits[kind]:
        return f"holds {_shown(value)}, and its column is of kind {kind}"
    if isinstance(value, float) and not math.isfinite(value):
        return f"holds {value}, which is no number that can be stored"
    try:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return "holds what is no plain data"
    if _UNSTORABLE.search(text) or "\\u0000" in text:
        return "holds a zero byte or half a character"
    return ""


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return f'"{text[:40]}{"…" if len(text) > 40 else ""}"'


# --- edits ----------------------------------------------------------------------------------------------


class SetValue(Value):
    """Another value in one cell; None empties it."""

    do: Literal["set"] = "set"
    row: int
    column: str
    value: Any = None


class AddRow(Value):
    """A new row at the end."""

    do: Literal["add"] = "add"
    values: dict[str, Any]
    half: Half = ""
    made_by: str = ""


class DropRow(Value):
    """A row away."""

    do: Literal["drop"] = "drop"
    row: int


class SetHalf(Value):
    """A row into another half."""

    do: Literal["half"] = "half"
    row: int
    half: Half


class SetColumns(Value):
    """All columns as they are from now on: added, left out, in another order, with other kinds and roles."""

    do: Literal["columns"] = "columns"
    columns: tuple[Column, ...]


class RenameColumn(Value):
    """A column under another name."""

    do: Literal["rename"] = "rename"
    column: str
    name: str


Edit = Annotated[SetValue | AddRow | DropRow | SetHalf | SetColumns | RenameColumn, Field(discriminator="do")]
"""One change of a data set; rows are meant by their numbers."""


def edited(
    columns: tuple[Column, ...], rows: Iterable[Row], edits: Iterable[Edit]
) -> tuple[tuple[Column, ...], list[Row]]:
    """Columns and rows after all edits, in order; a new row has the number 0. Raises PromptError naming the edit's row."""
    there: dict[int, Row] = {row.number: row for row in rows}
    added: list[Row] = []
    for edit in edits:
        if isinstance(edit, AddRow):
            added.append(Row(dict(edit.values), edit.half, edit.made_by))
        elif isinstance(edit, SetColumns):
            columns = edit.columns
            names = {column.name for column in columns}
            there = {number: _narrowed(row, names) for number, row in there.items()}
            added = [_narrowed(row, names) for row in added]
        elif isinstance(edit, RenameColumn):
            columns = _renamed(columns, edit)
            there = {number: _under(row, edit) for number, row in there.items()}
            added = [_under(row, edit) for row in added]
        else:
            row = there.get(edit.row)
            if row is None:
                raise PromptError(
                    f"Row {edit.row} is not there.", "It was taken out before; load the rows again."
                )
            if isinstance(edit, DropRow):
                del there[edit.row]
            elif isinstance(edit, SetHalf):
                there[edit.row] = Row(row.values, edit.half, row.made_by, row.number, row.id)
            else:
                if edit.column not in {column.name for column in columns}:
                    raise PromptError(f'There is no column "{edit.column}".', "Load the rows again.")
                there[edit.row] = Row(_with(row.values, edit), row.half, row.made_by, row.number)
    return columns, [*there.values(), *added]


def _with(values: Mapping[str, Any], edit: SetValue) -> dict[str, Any]:
    rest = {name: value for name, value in values.items() if name != edit.column}
    return rest if edit.value is None else rest | {edit.column: edit.value}


def _narrowed(row: Row, names: set[str]) -> Row:
    if row.values.keys() <= names:
        return row
    kept = {name: value for name, value in row.values.items() if name in names}
    return Row(kept, row.half, row.made_by, row.number)


def _renamed(columns: tuple[Column, ...], edit: RenameColumn) -> tuple[Column, ...]:
    names = {column.name for column in columns}
    if edit.column not in names:
        raise PromptError(f'There is no column "{edit.column}".', "Load the rows again.")
    if edit.name in names - {edit.column}:
        raise PromptError(f'There is a column "{edit.name}" already.', "Choose another name.")
    return tuple(
        column.model_copy(update={"name": edit.name}) if column.name == edit.column else column
        for column in columns
    )


def _under(row: Row, edit: RenameColumn) -> Row:
    if edit.column not in row.values:
        return row
    named = {edit.name if name == edit.column else name: value for name, value in row.values.items()}
    return Row(named, row.half, row.made_by, row.number)
