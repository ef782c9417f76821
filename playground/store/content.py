"""Prompt bodies by their hash, and text folded for searching.

content_hash(Prompt(name="Greeting"))  →  "3f0c…" (SHA-256 of the canonical JSON, 64 hexadecimal digits)
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from pydantic import BaseModel
from sqlmodel import Session, col

from playground.errors import PromptError, StoreError
from playground.store.tables import Content
from playground.types.prompt import Prompt

K = TypeVar("K")

SEARCH_CHARS = 64_000
"""Characters of searchable text kept for one run or prompt."""
QUERY_CHARS = 1_000
"""Characters of a search that count; databases bound the length and the number of patterns."""
IN_KEYS = 1_000
"""Keys of one `IN (…)`."""
KEEP = sa.text("INSERT INTO content (hash, json_text) VALUES (:hash, :json_text) ON CONFLICT DO NOTHING")
"""As text, because SQLAlchemy has this statement, which SQLite and PostgreSQL share, only by dialect."""
_REFUSED = re.compile(r"[\x00\ud800-\udfff]")


def to_json(value: BaseModel, *, exclude_defaults: bool = False) -> dict[str, Any]:
    """The value as plain JSON data. Raises PromptError for data that JSON cannot hold."""
    try:
        return value.model_dump(mode="json", exclude_defaults=exclude_defaults)
    except ValueError as exc:  # pydantic's PydanticSerializationError, UnicodeDecodeError
        raise PromptError(
            "A value cannot be stored: it is no plain data.", "Use text, numbers, lists and mappings only."
        ) from exc


def content_hash(prompt: Prompt) -> str:
    """SHA-256 of the prompt's canonical JSON: keys sorted, no white space, ASCII.

    Fields at their defaults are left out, so that a field which a later version of the program adds does not change
    the hash of a prompt that was saved before.
    """
    data = to_json(prompt, exclude_defaults=True)
    data.pop("sampling", None)
    if prompt.sampling is not None:  # what counts is what it runs with, not which of it was written down
        data["sampling"] = to_json(prompt.sampling, exclude_defaults=True)
    canonical = json.dumps(data, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def keep_content(session: Session, prompt: Prompt) -> str:
    """The prompt's hash, after storing its body when it is new."""
    key = content_hash(prompt)
    keep_contents(session, {key: prompt})
    return key


def keep_contents(session: Session, prompts: Mapping[str, Prompt]) -> None:
    """Store the bodies that are new of these prompts, given by their hash."""
    if prompts:
        session.connection().execute(KEEP, body_rows(prompts))


def body_rows(prompts: Mapping[str, Prompt]) -> list[dict[str, str]]:
    """What `KEEP` takes for these prompts, given by their hash."""
    return [
        {"hash": key, "json_text": json.dumps(to_json(prompt), separators=(",", ":"))}
        for key, prompt in prompts.items()
    ]


def load_content(session: Session, hashes: Sequence[str]) -> dict[str, Prompt]:
    """The prompts of these hashes. Raises StoreError when one is missing or cannot be read."""
    wanted = sorted(set(hashes))
    found: dict[str, str] = {}
    for portion in portions(wanted):
        rows = session.execute(
            sa.select(col(Content.hash), col(Content.json_text)).where(col(Content.hash).in_(portion))
        )
        found.update((key, json_text) for key, json_text in rows)
    try:
        return {key: Prompt.model_validate(json.loads(found[key])) for key in wanted}
    except (KeyError, ValueError) as exc:  # ValidationError and JSONDecodeError are ValueErrors
        raise StoreError(
            "A stored prompt cannot be read.",
            "The database was changed from outside; go back to a copy of it.",
        ) from exc


def portions(keys: Sequence[K]) -> Iterator[Sequence[K]]:
    """The keys in lists short enough for one `IN (…)`: databases bound the parameters of a statement."""
    for start in range(0, len(keys), IN_KEYS):
        yield keys[start : start + IN_KEYS]


def fold(text: str) -> str:
    """Text for case-insensitive comparison; NUL and half surrogate pairs, which databases refuse, are blanks."""
    if text.isascii() and "\0" not in text:  # most of a large data set, four times as fast
        return text.lower()
    return unicodedata.normalize("NFC", _REFUSED.sub(" ", text).casefold())


def search_words(query: str) -> list[str]:
    """The distinct folded words of a search, all of which must occur."""
    return list(dict.fromkeys(fold(query[:QUERY_CHARS]).split()))


def matches(column: Any, query: str) -> list[sa.ColumnElement[bool]]:
    """One condition for each word of the query; `%`, `_` and the escape character itself are literal."""
    return [column.contains(word, autoescape=True) for word in search_words(query)]


def searchable(parts: Sequence[str]) -> str:
    """The parts folded, one a line, within SEARCH_CHARS: short ones whole, long ones cut to an equal share."""
    parts = [fold(part[:SEARCH_CHARS]) for part in parts if part]
    room, share = SEARCH_CHARS, SEARCH_CHARS
    for left, length in zip(range(len(parts), 0, -1), sorted(len(part) + 1 for part in parts), strict=True):
        share = room // left
        room -= min(length, share)
    return "\n".join(part[: max(0, share - 1)] for part in parts)[:SEARCH_CHARS]


def texts_in(value: Any) -> Iterator[str]:
    """Every text and number inside a form value, however nested."""
    if isinstance(value, dict):
        for item in value.values():
            yield from texts_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts_in(item)
    elif value is not None and not isinstance(value, bool):
        yield str(value)
