"""What no data set may hold: columns without a name or twice the same, too many of them, values that are not of their kind."""

from __future__ import annotations

from collections.abc import Sequence

from playground.errors import PromptError
from playground.types.dataset import (
    Column,
    Row,
    value_problem,
)

MOST_COLUMNS = 1_000
COLUMN_CHARS = 200


def check_columns(columns: Sequence[Column]) -> None:
    """Raise PromptError for columns that no data set can have."""
    if not columns:
        raise PromptError("A data set needs a column.", "Give it one.")
    if len(columns) > MOST_COLUMNS:
        raise PromptError(
            f"{len(columns):,} columns do not fit into {MOST_COLUMNS:,}.", "Leave out those nobody needs."
        )
    seen = set[str]()
    for column in columns:
        if not column.name.strip() or not column.name.isprintable() or len(column.name) > COLUMN_CHARS:
            raise PromptError(
                f"A column cannot be called {column.name[:60]!r}.",
                f"Use 1 to {COLUMN_CHARS} printable characters.",
            )
        if column.name in seen:
            raise PromptError(f'Two columns are called "{column.name}".', "Give each a name of its own.")
        seen.add(column.name)
    for role in ("expected", "cluster"):
        names = [column.name for column in columns if column.role == role]
        if len(names) > 1:
            raise PromptError(
                f"{len(names)} columns are {role}: {', '.join(names[:5])}.", "Only one of them can be."
            )


def check_values(row: Row, columns: dict[str, Column]) -> None:
    """Raise PromptError naming row and column for a value that cannot be stored."""
    where = f"Row {row.number}" if row.number else "A new row"
    for name, value in row.values.items():
        column = columns.get(name)
        if column is None:
            raise PromptError(
                f'{where} has a value for "{name[:60]}", which is no column.', "Add that column."
            )
        if problem := value_problem(column, value):
            raise PromptError(
                f'{where}, column "{name[:60]}": it {problem}.', "Correct the value, or the column's kind."
            )
