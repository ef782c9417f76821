r"""JSON in an answer: all of it, inside a code fence, or anywhere in the text. RFC 8259, and no duplicate keys.

whole('{"a": 1}')                  →  {"a": 1}
fenced('Here:\n```json\n{}\n```')  →  Part("{}", {})
parts('So [1, 2] and {"a": 1}.')   →  Part("[1, 2]", [1, 2]), Part('{"a": 1}', {"a": 1})
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import regex

from playground.answers.late import late
from playground.answers.wording import quote
from playground.plain_words import of_json

SECONDS = 1.0


class NotJson(ValueError):
    """The text is not JSON; the message is a fact about it, without a full stop."""


class Part(NamedTuple):
    """A stretch of an answer that is JSON, and its value."""

    text: str
    value: Any


def whole(text: str) -> Any:
    """The value of a text that is JSON and nothing else; raises NotJson."""
    if not text:
        raise NotJson("the answer is empty")
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant)
    except NotJson:
        raise
    except json.JSONDecodeError as exc:
        if exc.pos == 0:
            raise NotJson(f"not valid JSON: it starts with {quote(text, 30)}") from None
        raise NotJson(
            f"not valid JSON at line {exc.lineno:,}, column {exc.colno:,}: {of_json(exc)}"
        ) from None
    except RecursionError:
        raise NotJson("nested too deeply to be read as JSON") from None
    except ValueError:  # Python reads whole numbers up to 4,300 digits
        raise NotJson("holds a number with too many digits") from None


def is_fence(text: str) -> bool:
    """Whether the text begins and ends with the marks of a code fence."""
    return text.startswith(("```", "~~~")) and text.endswith(text[:3])


_FENCE = late(r"(?:`{3,}+|~{3,}+)(?P<language>[ \t]*+[\w+-]*+)\s*+")
_CLOSE = late(r"\s*+(?:```|~~~|\Z)")


def fenced(text: str) -> Part | None:
    """The first code fence that holds JSON and nothing else, wherever it stands; one that is never closed ends with the text.

    Raises NotJson for the first fence that may be meant as JSON and is none, when no other is.
    """
    problem: NotJson | None = None
    place = 0
    while opening := _FENCE.search(text, place):
        part = _at(text, opening.end())
        if part and _CLOSE.match(text, opening.end() + len(part.text)):
            return part
        closing = _FENCE.search(text, opening.end())
        inner = text[opening.end() : closing.start() if closing else len(text)].strip()
        if problem is None and opening["language"].strip().lower() in ("", "json"):
            try:
                whole(inner)
            except NotJson as exc:
                problem = exc
        place = closing.end() if closing else len(text)
    if problem:
        raise problem
    return None


_OPENS = late(r"[{\[]")
# Brackets of Markdown: a box to tick, and a number that points to a source, as in "so it is[1]" or "[1](https://…".
_MARKDOWN = late(
    r"(?<=^[ \t]*(?:[-*+]|\d+[.)])[ \t]+)\[ \]|(?<=\S)\[\d+\]|\[\d+\](?=[(:\[])", regex.MULTILINE
)


def parts(text: str) -> Iterator[Part]:
    """Every JSON object or list of a text, those inside others left out.

    Raises TimeoutError after a second: brackets that never close are tried one by one. Raises NotJson at the end for
    one that would be JSON but for a key that appears twice or a constant such as NaN.
    """
    until = time.monotonic() + SECONDS
    problem: NotJson | None = None
    found = False
    place = 0
    while opening := _OPENS.search(text, place):
        if time.monotonic() > until:
            raise TimeoutError
        place = opening.end()
        if opening.start() and (link := _MARKDOWN.match(text, opening.start())):
            place = link.end()
            continue
        try:
            part = _at(text, opening.start(), strict=True)
        except NotJson as exc:
            problem = problem or exc
            continue
        if part:
            found = True
            place = opening.start() + len(part.text)
            yield part
    if problem and not found:
        raise problem


def _at(text: str, place: int, *, strict: bool = False) -> Part | None:
    """The JSON value that begins at this place, None when none does; `strict` raises NotJson for what is almost one."""
    try:
        value, end = _DECODER.raw_decode(text, place)
    except NotJson:
        if strict:
            raise
        return None
    except (ValueError, RecursionError):
        return None
    return Part(text[place:end], value)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for key, value in pairs:
        if key in members:
            raise NotJson(f"the key {quote(key)} appears twice in one object")
        members[key] = value
    return members


def _refuse_constant(name: str) -> Any:
    raise NotJson(f"{name} is not a JSON number")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_refuse_constant)
