"""Data sets: rows of values under typed columns, in versions that never change.

DatasetRef.read("Late parcels@3")  →  DatasetRef("Late parcels", number=3)
row_id({"text": "Hi"})             →  "b5d0a6c2e1f4", the same for equal values in any order
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from playground.types.grid import Case
from playground.types.prompt import Value

ColumnKind = Literal["text", "number", "boolean", "list", "json"]
ColumnRole = Literal["", "input", "expected", "cluster", "tag"]
Half = Literal["", "train", "held-out"]

EXPECTED = "expected"
"""The name under which checks find the expected answer, whatever its column is called."""
ID_CHARS = 12
MOST_SEED = 2**32 - 1


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
    canonical = json.dumps(values, sort_keys=True, separators=(",", ":"))
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
