"""JSON as plain data, for hostile text: bounded size and depth, no duplicate keys, no NaN, no half characters.

load('{"a": [1, "x"]}', file="x.json")  →  {"a": [1, "x"]}
parse_rows('[{"a": NaN}]')              →  [{"a": nan}]: of a table one bad row costs that row, told by `trouble`
"""

from __future__ import annotations

import json
from typing import Any

from playground.errors import PromptError
from playground.plain_words import of_json, of_value, refuse_constant

MAX_BYTES = 2_000_000
MAX_DEPTH = 40
_TOO_DEEP = f"values are nested more than {MAX_DEPTH} deep"
_TWICE = "a key stands twice in one object"


def load(text: str, *, file: str, first_line: int = 1) -> Any:
    """Plain data (dict, list, str, int, float, bool, None) from JSON text.

    `file` and `first_line` (the line of the file on which `text` starts) are for messages. Raises PromptError.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise PromptError(
            f"{file} is larger than {MAX_BYTES:,} bytes.", "One prompt is far smaller; check the file."
        )
    try:
        data = parse(text)
    except json.JSONDecodeError as exc:
        line = first_line + exc.lineno - 1
        raise PromptError(f"{file}, line {line}: {of_json(exc)}.", "Correct the JSON on that line.") from exc
    except UnicodeEncodeError as exc:
        raise PromptError(
            f"{file} holds half a character.", "Look for text with a broken emoji in it."
        ) from exc
    except (ValueError, RecursionError) as exc:
        raise PromptError(
            f"{file} is not usable JSON: {of_value(exc)}.", "Correct it and read it again."
        ) from exc
    return data


def parse(text: str) -> Any:
    """Plain data from JSON text of any size; raises ValueError (JSONDecodeError among it) and RecursionError."""
    data = json.loads(text.removeprefix("\ufeff"), object_pairs_hook=_unique, parse_constant=refuse_constant)
    _check_depth(data)
    json.dumps(data, ensure_ascii=False).encode()  # fails for half a character, "\ud83d"
    return data


class Twice(dict[str, Any]):
    """An object in which a key stands twice; its last value is kept."""


_NESTED = (dict, list, Twice)


def parse_rows(text: str) -> Any:
    """The rows of a table, whatever stands in them: NaN and Infinity as such, a too large number as infinite.

    Raises ValueError (JSONDecodeError among it) and RecursionError for what is no JSON; `trouble` says of a row why it
    cannot be taken.
    """
    return json.loads(text.removeprefix("\ufeff"), object_pairs_hook=_pairs, parse_int=_whole)


def trouble(row: Any) -> str:
    """Why a row cannot be taken: too deep, a key twice, half a character; without an end, "" where it can."""
    waiting = [(row, 2)]  # the list of rows is the first
    while waiting:
        value, depth = waiting.pop()
        if depth > MAX_DEPTH:
            return _TOO_DEEP
        if isinstance(value, Twice):
            return _TWICE
        children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        for child in children:
            if child.__class__ in _NESTED:
                waiting.append((child, depth + 1))
    try:
        json.dumps(row, ensure_ascii=False).encode()
    except UnicodeEncodeError as exc:
        return of_value(exc)
    return ""


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else Twice(found)


def _whole(digits: str) -> int | float:
    """A whole number; one of more digits than any float has is infinite, as 1e999 is."""
    return int(digits) if len(digits) <= 300 else float(digits)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError(_TWICE)
    return found


def _check_depth(data: Any) -> None:
    waiting = [(data, 1)]
    while waiting:
        value, depth = waiting.pop()
        if isinstance(value, dict | list):
            if depth > MAX_DEPTH:
                raise ValueError(_TOO_DEEP)
            children = value.values() if isinstance(value, dict) else value
            waiting.extend((child, depth + 1) for child in children)
        elif isinstance(value, float) and value in (float("inf"), float("-inf")):
            raise ValueError("a number is too large")  # 1e999
