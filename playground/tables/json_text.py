"""JSON as plain data, for hostile text: bounded size and depth, no duplicate keys, no NaN, no half characters.

load('{"a": [1, "x"]}', file="x.json")  →  {"a": [1, "x"]}
"""

from __future__ import annotations

import json
from typing import Any

from playground.errors import PromptError
from playground.plain_words import of_json, of_value

MAX_BYTES = 2_000_000
MAX_DEPTH = 40


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
    data = json.loads(text.removeprefix("\ufeff"), object_pairs_hook=_unique, parse_constant=_refuse)
    _check_depth(data)
    json.dumps(data, ensure_ascii=False).encode()  # fails for half a character, "\ud83d"
    return data


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not a JSON number")


def _check_depth(data: Any) -> None:
    waiting = [(data, 1)]
    while waiting:
        value, depth = waiting.pop()
        if isinstance(value, dict | list):
            if depth > MAX_DEPTH:
                raise ValueError(f"values are nested more than {MAX_DEPTH} deep")
            children = value.values() if isinstance(value, dict) else value
            waiting.extend((child, depth + 1) for child in children)
        elif isinstance(value, float) and value in (float("inf"), float("-inf")):
            raise ValueError("a number is too large")  # 1e999
