"""Edits of a data set that are not saved: what they come to, over the version that they were made on.

    draft = Draft.of(version.columns, [[SetValue(row=47, column="expected", value="refund")], [AddRow(values={…})]])
    draft.shown(row)     # the row as the edits leave it
    draft.edits()        # what is to be saved: one edit for each thing that is different now
    draft.words          # "1 cell changed, 1 row added"

A step is what one undo takes back: one cell, or a pasted block. An added row has no number yet; here it is −1, −2, …
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

from pydantic import TypeAdapter

from playground.errors import PromptError
from playground.plurals import plural
from playground.types.dataset import (
    AddRow,
    Column,
    DropRow,
    Edit,
    Half,
    RenameColumn,
    Row,
    SetColumns,
    SetHalf,
    SetValue,
)

MOST_COLUMNS = 2_000
MOST_ADDED = 10_000

Step = tuple[Edit, ...]
_STEP: TypeAdapter[Step] = TypeAdapter(Step)


def read_step(data: Any) -> Step:
    """A step as it was kept; raises ValidationError."""
    return _STEP.validate_python(data)


def written_step(step: Step) -> list[dict[str, Any]]:
    """A step as plain JSON."""
    found: list[dict[str, Any]] = _STEP.dump_python(step, mode="json")
    return found


@dataclass(slots=True)
class Draft:
    """Edits over a version whose columns were `base`."""

    base: tuple[Column, ...]
    columns: tuple[Column, ...]
    values: dict[int, dict[str, Any]] = field(default_factory=dict)
    """Cells that were changed, by row and column; None empties one."""
    halves: dict[int, Half] = field(default_factory=dict)
    dropped: set[int] = field(default_factory=set)
    added: dict[int, Row] = field(default_factory=dict)
    stored: dict[str, str] = field(default_factory=dict)
    """What a column that the version has is called there, by its name now."""
    last: int = 0
    """The number of the row that was added last, −1 for the first."""

    @classmethod
    def of(cls, columns: Sequence[Column], steps: Iterable[Step]) -> Self:
        """The draft that these steps make; raises PromptError for one that cannot be made."""
        base = tuple(columns)
        draft = cls(base, base, stored={column.name: column.name for column in base})
        for step in steps:
            draft.do(step)
        return draft

    def after(self, step: Step) -> Self:
        """The draft after one more step, this one as it was; raises PromptError for one that cannot be made.

        Of the edits before it only the lists are copied, not what stands in them.
        """
        made = replace(
            self,
            values=dict(self.values),
            halves=dict(self.halves),
            dropped=set(self.dropped),
            added=dict(self.added),
            stored=dict(self.stored),
        )
        made.do(step)
        return made

    def do(self, step: Step) -> None:
        """Make one more step; raises PromptError in the middle of one that cannot be made."""
        for edit in step:
            if isinstance(edit, AddRow):
                self._add(edit)
            elif isinstance(edit, SetColumns):
                self._set_columns(edit.columns)
            elif isinstance(edit, RenameColumn):
                self._rename(edit.column, edit.name.strip())
            else:
                self._change(edit)

    def _add(self, edit: AddRow) -> None:
        if len(self.added) >= MOST_ADDED:
            raise PromptError(
                f"More than {MOST_ADDED:,} added rows are not saved yet.",
                "Save them, or import them as a file.",
            )
        for name in edit.values:
            self.column(name)
        self.last -= 1
        self.added[self.last] = Row(dict(edit.values), edit.half, edit.made_by, self.last)

    def _change(self, edit: SetValue | DropRow | SetHalf) -> None:
        number = edit.row
        if number in self.dropped or (number < 0 and number not in self.added):
            raise PromptError(f"Row {shown_number(number)} was removed.", "Undo the removal, then change it.")
        if isinstance(edit, DropRow):
            if self.added.pop(number, None) is None:
                self.dropped.add(number)
            return
        if isinstance(edit, SetHalf):
            if row := self.added.get(number):
                self.added[number] = Row(row.values, edit.half, row.made_by, number)
            else:
                self.halves[number] = edit.half
            return
        self.column(edit.column)
        if row := self.added.get(number):
            values = {**row.values, edit.column: edit.value}
            self.added[number] = Row(_filled(values), row.half, row.made_by, number)
        else:
            # Put in its place, not changed: a draft before this step holds the same cells.
            self.values[number] = {**self.values.get(number, {}), edit.column: edit.value}

    def _set_columns(self, columns: tuple[Column, ...]) -> None:
        names = [column.name for column in columns]
        if any(not name.strip() for name in names):
            raise PromptError("A column needs a name.", "Give it one.")
        if twice := next((name for name in names if names.count(name) > 1), ""):
            raise PromptError(f'A column is called "{twice}" already.', "Give it another name.")
        if len(columns) > MOST_COLUMNS:
            raise PromptError(
                f"{len(columns):,} columns do not fit into {MOST_COLUMNS:,}.", "Remove another one first."
            )
        self.columns = columns
        kept = set(names)
        self.stored = {name: of for name, of in self.stored.items() if name in kept}
        for number, values in self.values.items():
            self.values[number] = {name: value for name, value in values.items() if name in kept}
        for number, row in self.added.items():
            values = {name: value for name, value in row.values.items() if name in kept}
            self.added[number] = Row(values, row.half, row.made_by, number)

    def _rename(self, of: str, to: str) -> None:
        was = self.column(of)
        if not to or (to != of and any(column.name == to for column in self.columns)):
            raise PromptError(
                f'A column is called "{to}" already.' if to else "A column needs a name.",
                "Give it another name.",
            )
        named = Column(name=to, kind=was.kind, role=was.role)
        self.columns = tuple(named if column is was else column for column in self.columns)
        self.stored = {(to if name == of else name): stored for name, stored in self.stored.items()}
        for number, values in self.values.items():
            self.values[number] = {(to if name == of else name): value for name, value in values.items()}
        for number, row in self.added.items():
            values = {(to if name == of else name): value for name, value in row.values.items()}
            self.added[number] = Row(values, row.half, row.made_by, number)

    def column(self, name: str) -> Column:
        """The column of this name; raises PromptError."""
        for column in self.columns:
            if column.name == name:
                return column
        names = [column.name for column in self.columns]
        raise PromptError(f'There is no column "{name}".', f"The columns are {', '.join(names)}.")

    # --- what it comes to -------------------------------------------------------------------------------

    def shown(self, row: Row) -> Row:
        """A stored row as the edits leave it; one that is removed keeps its values."""
        changed, half = self.values.get(row.number), self.halves.get(row.number, row.half)
        if self.columns is self.base and not changed:
            return row if half == row.half else Row(row.values, half, row.made_by, row.number, row.id)
        names = {of: name for name, of in self.stored.items()}
        values = {names[of]: value for of, value in row.values.items() if of in names}
        return Row(_filled({**values, **(changed or {})}), half, row.made_by, row.number)

    @property
    def touched(self) -> tuple[int, ...]:
        """Stored rows that are different now, by their numbers."""
        changed = {number for number, values in self.values.items() if values}
        return tuple(sorted(changed | self.halves.keys() | self.dropped))

    @property
    def words(self) -> str:
        """What is different, such as "1 cell changed, 2 rows added"; "" for nothing."""
        cells = sum(len(values) for number, values in self.values.items() if number not in self.dropped)
        moved = len(self.halves.keys() - self.dropped)
        columns = self._columns_changed()
        parts = (
            plural(cells, "cell changed", "cells changed") if cells else "",
            plural(len(self.added), "row added", "rows added") if self.added else "",
            plural(len(self.dropped), "row removed", "rows removed") if self.dropped else "",
            plural(moved, "row moved to another half", "rows moved to another half") if moved else "",
            plural(columns, "column changed", "columns changed") if columns else "",
        )
        return ", ".join(filter(bool, parts))

    def _columns_changed(self) -> int:
        was = {column.name: column for column in self.base}
        now = [(self.stored.get(column.name, ""), column) for column in self.columns]
        changed = sum(was.get(of) != column for of, column in now)
        gone = len(was.keys() - {of for of, _ in now})
        moved = not changed and not gone and self.columns != self.base
        return changed + gone + moved

    def edits(self) -> tuple[Edit, ...]:
        """The edits that make a version of it, as few as there are differences."""
        found = self._column_edits()
        found += [
            SetValue(row=number, column=name, value=value)
            for number, values in self.values.items()
            if number not in self.dropped
            for name, value in values.items()
        ]
        found += [
            SetHalf(row=number, half=half)
            for number, half in self.halves.items()
            if number not in self.dropped
        ]
        found += [DropRow(row=number) for number in sorted(self.dropped)]
        found += [
            AddRow(values=row.values, half=row.half, made_by=row.made_by) for row in self.added.values()
        ]
        return tuple(found)

    def _column_edits(self) -> list[Edit]:
        """Columns that go, then names, then what is new: a name is free before another column takes it."""
        found: list[Edit] = []
        kept = [column for column in self.base if column.name in self.stored.values()]
        renamed = {of: name for name, of in self.stored.items() if of != name}
        gone = {column.name for column in self.base} - set(self.stored.values())
        new = {column.name for column in self.columns} - self.stored.keys()
        if gone and (renamed or gone & new):  # what is new under a name that went has none of its values
            found.append(SetColumns(columns=tuple(kept)))
        names = {column.name for column in kept}
        aside = {of: f"{of} … {n}" for n, (of, name) in enumerate(renamed.items()) if name in names}
        found += [RenameColumn(column=of, name=name) for of, name in aside.items()]
        found += [RenameColumn(column=of, name=name) for of, name in renamed.items() if of not in aside]
        found += [RenameColumn(column=name, name=renamed[of]) for of, name in aside.items()]
        now = tuple(
            Column(name=renamed.get(column.name, column.name), kind=column.kind, role=column.role)
            for column in (kept if found else self.base)
        )
        if self.columns != now:
            found.append(SetColumns(columns=self.columns))
        return found


def shown_number(number: int) -> str:
    """How a row is called: "47", and "new 1" for one that is not saved."""
    return f"{number:,}" if number > 0 else f"new {-number:,}"


def _filled(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
