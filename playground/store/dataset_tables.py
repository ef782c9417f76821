"""The tables of data sets.

    dataset ─◁ dataset_version            a version: its columns and counts
       ├─────◁ dataset_row                values, stored once by their hash
       ├─────◁ dataset_entry ▷─ dataset_row   a row at its place, from the version it came with to the one it left with
       ├─────◁ dataset_use                which runs need which version
       └─────◁ dataset_edit               edits that are not saved yet

A version with one changed row adds one entry and closes one; the rows of version n are the entries with
`born <= n < died`. Values are a list in the order of `Dataset.names`, which only grows.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

from playground.store.columns import ExactText, UtcTime, new_id, now
from playground.store.tables import Table

NEVER = 2**31 - 1
"""`died` of an entry that is in the newest version."""


class Dataset(Table, table=True):
    """A data set. `name_key` is the folded name, unique; NULL once deleted, which frees the name.

    `names` are those of all columns that it ever had; `latest` is the newest version, `next_number` the next new row's.
    """

    id: str = Field(default_factory=new_id, primary_key=True)
    name: str = Field(sa_type=ExactText)
    name_key: str | None = Field(unique=True)
    latest: int = 0
    next_number: int = 1
    names: list[Any] = Field(default_factory=list, sa_type=sa.JSON)
    created_at: datetime = Field(default_factory=now, sa_type=UtcTime)
    updated_at: datetime = Field(default_factory=now, sa_type=UtcTime)
    deleted_at: datetime | None = Field(default=None, sa_type=UtcTime)
    gone: bool = False
    """Whether it was purged and only what runs use is left."""


class DatasetVersionRow(Table, table=True):
    """One version, never changed; `number` counts from 1."""

    __tablename__ = "dataset_version"

    dataset_id: str = Field(primary_key=True, foreign_key="dataset.id")
    number: int = Field(primary_key=True)
    columns: list[dict[str, Any]] = Field(sa_type=sa.JSON)
    rows: int
    train: int = 0
    held_out: int = 0
    note: str = Field(default="", sa_type=ExactText)
    author: str = Field(default="", sa_type=ExactText)
    created_at: datetime = Field(default_factory=now, sa_type=UtcTime)


class DatasetRow(Table, table=True):
    """The values of a row, once for all versions, by their hash (`types.dataset.row_id`)."""

    __tablename__ = "dataset_row"
    __table_args__ = (sa.UniqueConstraint("dataset_id", "hash"),)

    id: int | None = Field(default=None, primary_key=True)
    dataset_id: str = Field(foreign_key="dataset.id")
    hash: str
    cells: list[Any] = Field(sa_type=sa.JSON)
    search_text: str = Field(default="", sa_type=sa.Text)


class DatasetEntry(Table, table=True):
    """A row at its place (`number`) in the versions from `born` to the one before `died`."""

    __tablename__ = "dataset_entry"
    __table_args__ = (sa.Index("ix_dataset_entry_dataset_id_number", "dataset_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    dataset_id: str = Field(foreign_key="dataset.id")
    number: int
    row_id: int = Field(foreign_key="dataset_row.id", index=True)
    half: str = ""
    made_by: str = Field(default="", sa_type=ExactText)
    born: int
    died: int = NEVER


class DatasetUse(Table, table=True):
    """A run that needs a version of a data set; the run may be gone since."""

    __tablename__ = "dataset_use"

    dataset_id: str = Field(primary_key=True, foreign_key="dataset.id")
    run_id: str = Field(primary_key=True)
    number: int


class DatasetEdit(Table, table=True):
    """One edit of a draft, in the order in which they were made; `base` is the version that it began from."""

    __tablename__ = "dataset_edit"

    draft: str = Field(primary_key=True)
    n: int = Field(primary_key=True)
    dataset_id: str = Field(foreign_key="dataset.id", index=True)
    base: int
    edit: dict[str, Any] = Field(sa_type=sa.JSON)
    at: datetime = Field(default_factory=now, sa_type=UtcTime)
