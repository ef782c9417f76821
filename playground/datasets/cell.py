"""One cell of a data set, between the text that a person types and the value that is stored.

read_cell("39.9", "number")  →  39.9
read_cell("drei", "number")  →  PromptError: "drei" is not a number.
"""

from __future__ import annotations

import json
from typing import Any

from playground.errors import PromptError
from playground.plain_words import refuse_constant
from playground.types.dataset import ColumnKind

_TRUE = {"true": True, "yes": True, "false": False, "no": False}
_SHOWN_CHARS = 40


def kind_of_value(value: Any) -> ColumnKind:
    """The kind of a column that takes this value."""
    kinds: dict[type, ColumnKind] = {
        bool: "boolean",
        int: "number",
        float: "number",
        list: "list",
        dict: "json",
    }
    return kinds.get(type(value), "text")


def read_cell(text: str, kind: str) -> Any:
    """The value that a text means in a column of this kind, None for an empty one; raises PromptError."""
    bare = text.strip()
    if not bare and kind != "text":
        return None
    if kind == "number":
        return _number(bare)
    if kind == "boolean":
        if bare.casefold() not in _TRUE:
            raise PromptError(f"{_quoted(bare)} is neither true nor false.", "Type true or false.")
        return _TRUE[bare.casefold()]
    if kind in ("list", "json"):
        return _data(bare, kind)
    return text or None


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if number != number or number in (float("inf"), float("-inf")):
        raise PromptError(f"{_quoted(text)} is not a number.", "Type it with a point, such as 39.9.")
    return number


def _data(text: str, kind: str) -> Any:
    try:
        value = json.loads(text, parse_constant=refuse_constant)
    except (ValueError, RecursionError) as exc:
        if kind == "list" and text[0] not in "[{":
            return [part.strip() for part in text.split(",")]
        raise PromptError(
            f"{_quoted(text)} is no JSON.", 'Write it such as ["a", "b"] or {"name": 1}.'
        ) from exc
    if kind == "list" and not isinstance(value, list):
        return [value]
    return value


def _quoted(text: str) -> str:
    return f'"{text[:_SHOWN_CHARS]}{"…" if len(text) > _SHOWN_CHARS else ""}"'


def cell_text(value: Any) -> str:
    """A value as a cell shows it: nothing for an empty one, JSON for what is no text."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def is_empty(value: Any) -> bool:
    """Whether a cell holds nothing."""
    return value is None or value == "" or value == [] or value == {}
