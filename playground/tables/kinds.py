"""Which kind a column is of, told from its values; and values as their kind has them.

kind_of(scan)                        →  Told("number", "124 of 125 are numbers", sure=False)
convert("39,90", "number", ",")      →  (39.9, "")
convert("drei", "number", ".")       →  (None, '"drei" is not a number')
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from typing import Any, NamedTuple

from playground.types.dataset import ColumnKind

MOST_DISTINCT = 10_000
MOSTLY = 0.95
"""So large a share of numbers makes a column one of numbers; the rest are told as problems."""
_PLAIN = {
    sign: re.compile(rf"-?(0|[1-9]\d{{0,14}})({re.escape(sign)}\d{{1,15}})?([eE][+-]?\d{{1,2}})?", re.ASCII)
    for sign in ".,"
}
_GROUPED = {
    ".": re.compile(r"-?[1-9]\d{0,2}(,\d{3}){1,4}(\.\d{1,15})?", re.ASCII),
    ",": re.compile(r"-?[1-9]\d{0,2}([.'\u00a0\u202f ]\d{3}){1,4}(,\d{1,15})?", re.ASCII),
}
_COMMA = re.compile(r"-?\d{1,15},(\d{1,2}|\d{4,15})|-?[1-9]\d{0,2}(\.\d{3})+,\d+", re.ASCII)
_POINT = re.compile(r"-?\d{1,15}\.(\d{1,2}|\d{4,15})|-?[1-9]\d{0,2}(,\d{3})+\.\d+", re.ASCII)
_NO_NUMBERS = {"nan", *(sign + word for sign in ("", "+", "-") for word in ("inf", "infinity"))}
"""What programs write where a number is missing or too large; among numbers alone, for one may be a name."""
_BOOLEANS = {"true": True, "false": False}
_SHOWN_CHARS = 40


class Told(NamedTuple):
    """A kind, why, and whether it is certain."""

    kind: ColumnKind
    why: str = ""
    sure: bool = True


@dataclass(slots=True)
class Scan:
    """What one pass saw of a column."""

    filled: int = 0
    missing: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    first: Any = None
    distinct: set[str] = field(default_factory=set)

    def see(self, value: Any, decimal: str, json_texts: bool = True) -> None:
        """Count one value. A text may be a number when there is a decimal sign, and a list or an object in JSON."""
        if is_missing(value):
            self.missing += 1
            return
        if not self.filled:
            self.first = value
        self.filled += 1
        self.kinds[_seen(value, decimal, json_texts)] += 1
        if len(self.distinct) <= MOST_DISTINCT:
            self.distinct.add(value if isinstance(value, str) else repr(value))


def is_missing(value: Any) -> bool:
    """Whether a cell holds nothing; "NA" and "null" are texts, and may be the name of somebody."""
    if isinstance(value, str):
        return not value.strip()
    return value is None or (isinstance(value, float) and math.isnan(value))


def _seen(value: Any, decimal: str, json_texts: bool) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, list):
        return "list"
    if isinstance(value, dict):
        return "json"
    return _of_text(value.strip(), decimal, json_texts)


def _of_text(text: str, decimal: str, json_texts: bool) -> str:
    if decimal and is_number(text, decimal):
        return "number"
    if decimal and text.lower() in _BOOLEANS:
        return "boolean"
    if decimal and text.lower() in _NO_NUMBERS:
        return "nan"
    if json_texts and text[:1] in "[{" and text[-1:] in "]}":
        try:
            return "list" if isinstance(json.loads(text), list) else "json"
        except (ValueError, RecursionError):
            return "text"
    return "text"


def is_number(text: str, decimal: str) -> bool:
    """Whether a text is a number with this decimal sign. 007, +49 and more than 15 digits are names of something."""
    return bool(_PLAIN[decimal].fullmatch(text) or _GROUPED[decimal].fullmatch(text))


def looks_like_a_value(text: str) -> bool:
    """Whether a text is a value rather than the name of a column: a number or true or false."""
    return is_number(text, ".") or is_number(text, ",") or text.lower() in _BOOLEANS


_YEAR = re.compile(r"(?:1[5-9]|20)\d\d", re.ASCII)
BELOW = 50
"""So many records under the first one tell whether its numbers are names."""


def numbers_are_names(head: Sequence[str], below: Iterable[Sequence[str]]) -> bool:
    """Whether a first record that holds numbers names its columns: `country,2021,2022`, or `student,1,2,3` over grades.

    Years at even distance over numbers that are no years, or different numbers over at least two texts each. In doubt
    it is a row: of `lamp,2000` over `chair,150` nobody can tell, unless what stands below has decimals.
    """
    filled = [cell for cell in head if cell]
    places = [place for place, cell in enumerate(head) if looks_like_a_value(cell)]
    if len(set(filled)) < len(filled) or any(head[place].lower() in _BOOLEANS for place in places):
        return False
    under: list[list[str]] = [[] for _ in head]
    for cells in islice(below, BELOW):
        for place, cell in enumerate(cells[: len(head)]):
            if cell.strip():
                under[place].append(cell.strip())
    if any(not under[place] for place in places):
        return False
    if all(_YEAR.fullmatch(head[place]) for place in places):
        years = [int(head[place]) for place in places]
        steps = {late - early for early, late in pairwise(years)}
        beside = len(head) > len(places)
        values = [cell for place in places for cell in under[place]]
        if not steps:
            is_told = beside and any(not cell.isdecimal() for cell in values)
        else:
            is_told = len(steps) == 1 and abs(max(steps)) <= 10 and (beside or len(years) > 2)
        return is_told and not any(_YEAR.fullmatch(cell) for cell in values)
    texts = [
        [not looks_like_a_value(cell) and cell.lower() not in _NO_NUMBERS for cell in under[place]]
        for place in places
    ]
    return len(filled) > len(places) and all(len(each) > 1 and all(each) for each in texts)


def decimal_hint(text: str) -> str:
    """The decimal sign that a text leaves no doubt about, or ""."""
    if _COMMA.fullmatch(text):
        return ","
    return "." if _POINT.fullmatch(text) else ""


def kind_of(scan: Scan) -> Told:
    """The kind of a column of which that was seen."""
    kinds, filled = scan.kinds, scan.filled
    if not filled:
        return Told("text", "no value in it", False)
    for kind in ("number", "boolean", "list"):
        if kinds[kind] == filled:
            return Told(kind)
    numbers = kinds["number"]
    if numbers >= MOSTLY * filled or (numbers and numbers + kinds["nan"] == filled):
        return Told("number", f"{kinds['number']:,} of {filled:,} are numbers", False)
    if kinds["json"] and kinds["json"] + kinds["list"] == filled:
        return Told("json")
    return Told("text")


def convert(value: Any, kind: ColumnKind, decimal: str = ".") -> tuple[Any, str]:
    """The value as its kind has it, None for a missing one; and what is wrong with it, or with a part of it.

    NaN and what is infinite, alone or inside of a list, become missing and are told.
    """
    if isinstance(value, float) and not math.isfinite(value):
        return None, f"{_constant(value)} is no number that can be stored"
    if is_missing(value):
        return None, ""
    if kind == "text":
        return (value if isinstance(value, str) else _as_text(value)), ""
    if isinstance(value, str):
        value, problem = _from_text(value.strip(), kind, decimal or ".")
        return (value, problem) if problem or kind not in ("list", "json") else _all_finite(value)
    fits = {
        "number": isinstance(value, int | float) and not isinstance(value, bool),
        "boolean": isinstance(value, bool),
        "list": isinstance(value, list),
        "json": True,
    }
    if not fits[kind]:
        return None, f"{shown(value)} is not {_A[kind]}"
    return _all_finite(value) if isinstance(value, list | dict) else (value, "")


def _constant(value: float) -> str:
    """Such a number as JSON writes it: NaN, Infinity, -Infinity."""
    return json.dumps(value)


def _all_finite(value: Any) -> tuple[Any, str]:
    """`_finite`, of which nearly all data needs only a look."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return _finite(value)
    except RecursionError:
        pass  # what is too deep is refused where rows are
    return value, ""


def _finite(value: Any) -> tuple[Any, str]:
    """Nested data with nothing in the place of each number that is none; and what was told of the first of them."""
    if isinstance(value, float) and not math.isfinite(value):
        return None, f"{_constant(value)} is no number that can be stored"
    if isinstance(value, dict):
        parts = {name: _finite(each) for name, each in value.items()}
        return {name: part for name, (part, _) in parts.items()}, _first(parts.values())
    if isinstance(value, list):
        items = [_finite(each) for each in value]
        return [part for part, _ in items], _first(items)
    return value, ""


def _first(parts: Iterable[tuple[Any, str]]) -> str:
    return next((problem for _, problem in parts if problem), "")


_A = {"number": "a number", "boolean": "true or false", "list": "a list", "json": "JSON", "text": "a text"}


def _from_text(text: str, kind: ColumnKind, decimal: str) -> tuple[Any, str]:
    if kind == "number":
        number = _number(text, decimal)
        return (number, "") if number is not None else (None, f"{shown(text)} is not a number")
    if kind == "boolean":
        found = _BOOLEANS.get(text.lower())
        return (found, "") if found is not None else (None, f"{shown(text)} is not true or false")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None, f"{shown(text)} is not {_A[kind]}"
    if kind == "list" and not isinstance(value, list):
        return None, f"{shown(text)} is not a list"
    return value, ""


def _number(text: str, decimal: str) -> int | float | None:
    """The number, also one that alone would be a name (007): its column was said to be one of numbers."""
    if _GROUPED[decimal].fullmatch(text):
        text = re.sub(rf"[^\d{re.escape(decimal)}-]", "", text)
    plain = text.replace(",", ".") if decimal == "," else text
    if not re.fullmatch(r"[+-]?(\d{1,300}(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", plain, re.ASCII):
        return None
    number = float(plain)
    if not math.isfinite(number):
        return None
    return int(plain) if re.fullmatch(r"[+-]?\d+", plain, re.ASCII) else number


def _as_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if not isinstance(value, int | float) else json.dumps(value)


def shown(value: Any) -> str:
    """A value in quotes, as far as it is short."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return f'"{text[:_SHOWN_CHARS]}{"…" if len(text) > _SHOWN_CHARS else ""}"'
