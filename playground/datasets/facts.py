"""What can be said of a data set at a glance: each column in a few words, and which rows need a look.

    look_over(columns, batches).columns["days_late"].words  →  "number, 0 to 21"

One pass over the rows, which come in batches; kept are counts, and a hash of each row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from playground.answers.amounts import length_of
from playground.datasets.cell import cell_text, is_empty
from playground.types.dataset import Column, Row

MOST_CHOICES = 12
"""A column with so many values, each more than once, is one to choose from."""
LONG_CHARS = 60
MOST_NAMED = 200
"""Rows that are named of a kind of trouble; more are only counted."""
_KINDS = {"boolean": "true or false", "json": "JSON"}


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """A column in a few words; `choices` are its values with how often each is there, the commonest first."""

    words: str
    filled: int
    empty: int
    choices: tuple[tuple[str, int], ...] = ()
    longest: int = 0


@dataclass(frozen=True, slots=True)
class Trouble:
    """Rows that need a look, by their numbers (the first of them), with a word on why."""

    words: str
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """Of all columns, and of the rows that need a look."""

    columns: dict[str, ColumnFacts]
    twins: dict[int, int] = field(default_factory=dict)
    """A row that is equal to an earlier one, by the number of that."""
    troubles: tuple[Trouble, ...] = ()


class _Seen:
    """What is counted of a column."""

    def __init__(self, column: Column) -> None:
        self.column = column
        self.total = self.filled = self.longest = self.unspaced = 0
        self.values: Counter[str] | None = Counter() if column.kind in ("text", "boolean") else None
        self.range: tuple[float, float] | None = None

    def add(self, values: Sequence[Any]) -> None:
        filled = [value for value in values if not is_empty(value)]
        texts = [value if value.__class__ is str else cell_text(value) for value in filled]
        self.total += len(values)
        self.filled += len(filled)
        self.longest = max(self.longest, max(map(len, texts), default=0))
        if self.values is not None:
            self.values.update(texts)
            if len(self.values) > MOST_CHOICES:
                self.values = None
        numbers: list[float] = []
        if self.column.kind == "number":
            numbers = [value for value in filled if value.__class__ in (int, float)]
        elif self.column.kind == "text":
            lengths = [length_of(text) for text in texts]
            numbers = [each.words for each in lengths]
            self.unspaced += sum(each.is_unspaced for each in lengths)
        if numbers:
            low, high = self.range or (numbers[0], numbers[0])
            self.range = (min(low, min(numbers)), max(high, max(numbers)))

    def facts(self) -> ColumnFacts:
        column, choices, empty = self.column, self._choices(), self.total - self.filled
        is_choice = bool(choices) and column.kind == "text"
        count = len(choices)
        parts = [f"choice of {count}" if is_choice else _KINDS.get(column.kind, column.kind)]
        if column.role in ("expected", "cluster", "tag"):
            parts.insert(0, column.role)
        if self.range and column.kind == "number":
            parts.append(_span(*self.range))
        if empty:
            parts.append(f"{empty:,} empty")
        elif self.range and column.kind == "text" and not is_choice:
            if 2 * self.unspaced > self.filled:
                parts.append(f"{_span(*self.range)} character{'' if self.range[1] == 1 else 's'}")
            else:
                parts.append(f"{_span(*self.range)} word{'' if self.range[1] == 1 else 's'}")
        return ColumnFacts(", ".join(parts), self.filled, empty, choices, self.longest)

    def _choices(self) -> tuple[tuple[str, int], ...]:
        if not self.values or self.longest > LONG_CHARS or len(self.values) < 2:
            return ()
        if self.filled < 2 * len(self.values):
            return ()
        return tuple(sorted(self.values.items(), key=lambda item: (-item[1], item[0])))


def _span(low: float, high: float) -> str:
    return f"{low:,.10g} to {high:,.10g}" if low != high else f"{low:,.10g}"


def look_over(columns: Sequence[Column], batches: Iterable[Sequence[Row]]) -> Facts:
    """The facts of these rows."""
    seen = [_Seen(column) for column in columns]
    expected = next((column.name for column in columns if column.role == "expected"), None)
    first: dict[str, tuple[int, str]] = {}
    twins: dict[int, int] = {}
    leaks: list[int] = []
    unanswered: list[int] = []
    for batch in batches:
        for each in seen:
            name = each.column.name
            each.add([row.values.get(name) for row in batch])
        for row in batch:
            number, half = first.setdefault(row.id, (row.number, row.half))
            if number != row.number and row.values:
                twins[row.number] = number
                if half and row.half and half != row.half:
                    leaks.append(row.number)
        if expected is not None:
            unanswered += [row.number for row in batch if is_empty(row.values.get(expected))]
    return Facts(
        {each.column.name: each.facts() for each in seen},
        twins,
        tuple(_troubles(expected, seen[0].total if seen else 0, twins, leaks, unanswered)),
    )


def _troubles(
    expected: str | None, total: int, twins: dict[int, int], leaks: list[int], unanswered: list[int]
) -> Iterable[Trouble]:
    if twins:
        words = f"{len(twins):,} duplicate{'' if len(twins) == 1 else 's'}"
        if leaks:
            words += f", {len(leaks):,} across the split"
        both = [number for twin, of in twins.items() for number in (of, twin)]
        yield Trouble(words, tuple(dict.fromkeys(both))[:MOST_NAMED])
    if expected is not None and unanswered and len(unanswered) < total:
        one = len(unanswered) == 1
        where = f"row {unanswered[0]:,}" if one else f"{len(unanswered):,} rows"
        yield Trouble(f"{expected} is empty in {where}", tuple(unanswered[:MOST_NAMED]))
