"""The same comparison within each value of a column: to look around in, not to decide by.

    slices(table, rule, "B", "A", ["channel"])  →  Slice("channel", "email", 79 cases, +0.19, …), Slice("channel", "chat", …)

Numbers that have many values are cut into three parts of about the same size: "0 to 5", "6 to 10", "11 to 21".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from playground.stats import Paired, benjamini_hochberg, holm
from playground.stats.sentences import LEAST
from playground.types.experiment import Rule
from playground.verdicts.comparing import measure, p_of
from playground.verdicts.table import Table

MOST_VALUES = 12
"""A column with more texts than these is no column to slice by."""
_FEW_NUMBERS = 6
_EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Slice:
    """One value of a column: `found` is A minus B over its pairs, None under two; `p` allows for all slices shown.

    `is_apart` is what survives that; under 15 cases nothing does.
    """

    column: str
    value: str
    cases: int
    found: Paired | None
    p: float
    is_apart: bool


def sliceable(table: Table) -> tuple[str, ...]:
    """The columns that have a few values, or are numbers."""
    return tuple(name for name, values in table.columns.items() if len(parts(values)) > 1)


def slices(
    table: Table, rule: Rule, a: str, b: str, columns: Sequence[str] | None = None
) -> tuple[Slice, ...]:
    """A against B in every part of these columns (all that have parts); p allows for their number as the rule's does."""
    chosen = sliceable(table) if columns is None else [name for name in columns if name in table.columns]
    first, second = table.number(a), table.number(b)
    found = []
    for column in chosen:
        for value, there in parts(table.columns[column]):
            raw = measure(table.only(there), rule, first, second)
            units = raw.clusters or raw.cases
            found.append((Slice(column, value, raw.cases, raw.found, p_of(raw, rule), False), units))
    judged = [number for number, (_, units) in enumerate(found) if units >= LEAST]
    adjust = holm if rule.gate else benjamini_hochberg
    adjusted = dict(zip(judged, adjust([found[n][0].p for n in judged]), strict=True))
    return tuple(
        Slice(
            each.column,
            each.value,
            each.cases,
            each.found,
            adjusted.get(n, 1.0),
            adjusted.get(n, 1.0) < rule.alpha,
        )
        for n, (each, _) in enumerate(found)
    )


def caution(found: Sequence[Slice], rule: Rule) -> str:
    """What to make of the slices: how often one strays by chance, and which survive."""
    judged = [each for each in found if each.cases >= LEAST]
    if not judged:
        return f"No slice has the {LEAST} paired cases that a verdict needs."
    if len(judged) == 1:
        chance = "One slice is no pattern."
    else:
        share = 1 - (1 - rule.alpha) ** len(judged)
        chance = f"To look around, not to decide: with {len(judged)} slices {_odds(share)} {'have' if share >= 0.6 else 'has'} one that strays by chance."
    apart = [_called(each) for each in found if each.is_apart]
    if not apart:
        return f"{chance} After the correction none stays apart from 0."
    names = apart[0] if len(apart) == 1 else f"{', '.join(apart[:-1])} and {apart[-1]}"
    only = "only " if len(apart) == 1 and len(judged) > 1 else ""
    return (
        f"{chance} After the correction {only}{names} {'stays' if len(apart) == 1 else 'stay'} apart from 0."
    )


def _called(part: Slice) -> str:
    """The value; a number, and what is empty, with the name of its column."""
    plain = part.value[:1].isalpha() and part.value not in ("yes", "no", _EMPTY)
    return part.value if plain else f"{part.column} {part.value}"


class _Column:
    """A column known by being this very tuple: its cells never change, and a page asks for its parts again and again."""

    __slots__ = ("values",)

    def __init__(self, values: Sequence[object]) -> None:
        self.values = values

    def __hash__(self) -> int:
        return id(self.values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Column) and other.values is self.values


def parts(values: Sequence[object]) -> list[tuple[str, NDArray[np.bool_]]]:
    """The parts of a column with the cases of each; none for free text."""
    return list(_known_parts(_Column(values))) if isinstance(values, tuple) else _parts(values)


@lru_cache(maxsize=16)
def _known_parts(column: _Column) -> list[tuple[str, NDArray[np.bool_]]]:
    return _parts(column.values)


def _parts(values: Sequence[object]) -> list[tuple[str, NDArray[np.bool_]]]:
    words, counts, numbers, is_number = [], Counter[str](), set[float](), True
    for value in values:
        word = _word(value)
        words.append(word)
        counts[word] += 1
        if isinstance(value, int | float) and not isinstance(value, bool):
            if word != _EMPTY:
                numbers.add(value)
        elif word != _EMPTY:
            is_number = False
        if not is_number and len(counts) > MOST_VALUES:
            return []  # free text, whatever follows
    if is_number and len(numbers) > _FEW_NUMBERS:
        return _thirds(values)
    if any(len(word) > 60 for word in counts):
        return []

    def order(word: str) -> tuple[bool, float, str]:
        return word == _EMPTY, float(word) if is_number and word != _EMPTY else -counts[word], word

    array = np.array(words, dtype=object)
    return [(word, np.asarray(array == word, dtype=bool)) for word in sorted(counts, key=order)]


def _thirds(values: Sequence[object]) -> list[tuple[str, NDArray[np.bool_]]]:
    numbers = np.array([float(value) if isinstance(value, int | float) else np.nan for value in values])
    known = np.unique(numbers[~np.isnan(numbers)])
    cuts = np.quantile(numbers[~np.isnan(numbers)], [1 / 3, 2 / 3])
    found: list[tuple[str, NDArray[np.bool_]]] = []
    for low, high in zip((-np.inf, *cuts), (*cuts, np.inf), strict=True):
        inside = (numbers > low) & (numbers <= high)
        held = known[(known > low) & (known <= high)]
        if held.size:
            ends = f"{held[0]:g}" if held.size == 1 else f"{held[0]:g} to {held[-1]:g}"
            found.append((ends.replace("-", "\u2212"), inside))
    if np.isnan(numbers).any():
        found.append((_EMPTY, np.isnan(numbers)))
    return found


def _word(value: object) -> str:
    if isinstance(value, str):
        return value.strip() or _EMPTY
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return _EMPTY
    text = (
        {True: "yes", False: "no"}[value]
        if isinstance(value, bool)
        else f"{value:g}"
        if isinstance(value, float)
        else str(value)
    )
    return text.strip() or _EMPTY


def _odds(share: float) -> str:
    """How often at least one strays, as "one in four"; above one in two that it is more likely than not."""
    if share >= 0.6:
        return f"{round(10 * share)} tables in 10"
    return f"one table in {('two', 'three', 'four', 'five', 'ten')[min(4, max(0, round(1 / share) - 2))]}"
