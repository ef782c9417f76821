"""Turns that do nothing but put texts in place: filled in without a template engine, for grids of many cases.

plain = plain_turns((Turn(role="user", template="Say {{ word }}."),))
plain.fill({"word": "hi"})  →  (Message("user", "Say hi."),)      None for values that the engine has to look at
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from playground.types.generation import Message
from playground.types.prompt import Prompt, Role

_PLACE = re.compile(r"\{\{ *([A-Za-z_][A-Za-z0-9_]*) *\}\}")
_OTHER = re.compile(r"\{\{|\{%|\{#|\}\}|%\}|#\}|\r")
_WORDS = {
    "true", "false", "none", "True", "False", "None", "self", "super", "caller", "loop", "not", "and", "or", "in", "is",
    "if", "else", "range", "dict", "lipsum", "cycler", "joiner", "namespace",
}  # fmt: skip
"""Names that mean something of their own in a template."""
LONGEST = 20_000


@dataclass(frozen=True, slots=True)
class PlainTurns:
    """Of each turn its role, and its text with a name at every second place."""

    turns: tuple[tuple[Role, tuple[str, ...]], ...]
    others: frozenset[str]
    """Variables that are declared as something else than text: they have the engine's rules."""

    def fill(self, values: Mapping[str, Any]) -> tuple[Message, ...] | None:
        """The messages; None where a value is missing, blank, or may be meant as something else than its text."""
        found = []
        for role, parts in self.turns:
            pieces = list(parts)
            for place in range(1, len(parts), 2):
                value = values.get(parts[place])
                if parts[place] in self.others or not isinstance(value, str) or not _is_plain(value):
                    return None
                pieces[place] = value
            content = "".join(pieces).rstrip("\n")
            if not content.strip():
                return None
            found.append(Message(role, content))
        return tuple(found)


def plain_turns(prompt: Prompt) -> PlainTurns | None:
    """The prompt's turns, when nothing in them has to be computed; else None."""
    turns: list[tuple[Role, tuple[str, ...]]] = []
    for turn in prompt.turns:
        parts = tuple(_PLACE.split(turn.template))
        if any(_OTHER.search(text) for text in parts[::2]) or _WORDS.intersection(parts[1::2]):
            return None
        turns.append((turn.role, parts))
    return PlainTurns(tuple(turns), frozenset(_other_kinds(prompt))) if turns else None


def _other_kinds(prompt: Prompt) -> Iterable[str]:
    return (field.name for field in prompt.inputs if field.kind not in ("text", "long_text"))


def _is_plain(value: str) -> bool:
    return 0 < len(value) <= LONGEST and value == value.strip() and value[0] not in "{[" and "\r" not in value
