"""A filter of rows in SQL: what `datasets/looking.py` says of one row, asked of all of them.

    conditions(read_filter('days_late:>5 -refund', columns), place_of, columns, "sqlite")

SQLite knows neither upper and lower case beyond ASCII nor whether a text is a number: `add_functions` teaches it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlmodel import col

from playground.datasets.looking import Term, number_of
from playground.store.content import fold
from playground.store.dataset_tables import DatasetEntry, DatasetRow

_NUMBER = r"^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*$"
_MOST_NAMED = 500
"""Rows that a condition names one by one; SQLite has a limit of its own."""


def add_functions(connection: sqlite3.Connection) -> None:
    """`pp_fold(text)` and `pp_number(value)` for a connection of SQLite."""
    connection.create_function("pp_fold", 1, _folded, deterministic=True)
    connection.create_function("pp_number", 1, number_of, deterministic=True)


def _folded(value: Any) -> str | None:
    return None if value is None else fold(str(value))


def conditions(
    terms: Sequence[Term], places: Mapping[str, int], kinds: Mapping[str, str], dialect: str
) -> list[sa.ColumnElement[bool]]:
    """What an entry joined with its row fulfils; `places` are those of the columns in a row's cells."""
    return [_condition(term, places, kinds, dialect) for term in terms]


def _condition(
    term: Term, places: Mapping[str, int], kinds: Mapping[str, str], dialect: str
) -> sa.ColumnElement[bool]:
    found = _of(term, places, kinds, dialect)
    # What is unknown of a missing value is false, whichever way round it is asked.
    found = sa.func.coalesce(found, sa.false())
    return sa.not_(found) if term.negated else found


def _of(
    term: Term, places: Mapping[str, int], kinds: Mapping[str, str], dialect: str
) -> sa.ColumnElement[bool]:
    if term.op == "rows":
        return col(DatasetEntry.number).in_(term.rows[:_MOST_NAMED])
    if term.op == "generated":
        return col(DatasetEntry.made_by) != ""
    if not term.column:
        return col(DatasetRow.search_text).contains(fold(term.value), autoescape=True)
    if term.column not in places:
        return sa.literal(term.op in ("empty", "!="))
    cell = col(DatasetRow.cells)[places[term.column]]
    text = _text(cell, kinds.get(term.column, "text"), dialect)
    if term.op == "empty":
        return sa.func.coalesce(cell.as_string(), "").in_(["", "[]", "{}"])
    is_number = kinds.get(term.column) == "number"
    # What is in a text is in the row's too, and that is folded already: most rows need no more than this.
    somewhere: list[Any] = []
    if kinds.get(term.column) == "text" and term.value:
        somewhere.append(col(DatasetRow.search_text).contains(fold(term.value), autoescape=True))
    if term.op == "has":
        return sa.and_(*somewhere, text.contains(fold(term.value), autoescape=True))
    if term.op in ("=", "!="):
        same = sa.and_(*somewhere, text == fold(term.value))
        if is_number and term.number is not None:
            same = sa.or_(same, _number(cell, dialect, is_number) == term.number)
        same = sa.func.coalesce(same, sa.false())
        return same if term.op == "=" else sa.not_(same)
    if term.number is None:
        return sa.false()
    number, bound = _number(cell, dialect, is_number), term.number
    compared: dict[str, Callable[[], Any]] = {
        ">": lambda: number > bound,
        ">=": lambda: number >= bound,
        "<": lambda: number < bound,
        "<=": lambda: number <= bound,
    }
    result: sa.ColumnElement[bool] = compared[term.op]()
    return result


def _text(cell: Any, kind: str, dialect: str) -> Any:
    """The folded text of a cell."""
    text = cell.as_string()
    if dialect != "sqlite":  # lower() leaves the one common letter that folding turns into two
        return sa.func.replace(sa.func.lower(text), "ß", "ss")
    if kind == "boolean":
        return sa.case((text == "1", "true"), (text == "0", "false"), else_=sa.func.pp_fold(text))
    return sa.func.pp_fold(text)


def _number(cell: Any, dialect: str, is_number: bool) -> Any:
    text = cell.as_string()
    if dialect == "sqlite":
        if is_number:  # such a column holds nothing else
            return cell.as_float()
        return sa.func.pp_number(text)
    return sa.case((text.regexp_match(_NUMBER), sa.cast(text, sa.Float)), else_=None)
