"""Keeps zh.po in step with the source, as gettext's own tools do: Babel writes it.

write(messages(), kept())  →  new messages empty, unused ones gone, translations kept

A translation whose message only calls its placeholders differently now is kept, too.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po

from playground.translation.catalogue import PATH
from playground.translation.extract import PLACEHOLDER, Message, skeleton
from playground.whole_files import write_whole_pieces

HOLE = re.compile(r"\{[a-z_][a-z0-9_]*\}|</?\d+>")


def merged(found: Sequence[Message], known: Mapping[str, str]) -> dict[str, str]:
    """The Chinese of each message of today, "" for a new one."""
    by_skeleton: dict[str, str] = {skeleton(text): text for text, chinese in known.items() if chinese}

    def of(text: str) -> str:
        if known.get(text):
            return known[text]
        old = by_skeleton.get(skeleton(text), "")
        return renamed(old, text, known[old]) if old else ""

    return {message.text: of(message.text) for message in found}


def fits(text: str, chinese: str) -> bool:
    """Whether both sides have the same placeholders and tags, each as often."""
    return sorted(HOLE.findall(text)) == sorted(HOLE.findall(chinese))


def renamed(old: str, new: str, translation: str) -> str:
    """The translation of a message whose placeholders have other names now."""
    names = dict(zip(PLACEHOLDER.findall(old), PLACEHOLDER.findall(new), strict=True))
    return PLACEHOLDER.sub(lambda found: f"{{{names.get(found[1], found[1])}}}", translation)


def write(found: Sequence[Message], known: Mapping[str, str], path: Path = PATH) -> None:
    """The file with these messages, in one step: a server may read it meanwhile.

    Places have no lines, so that it changes only where a sentence does.
    """
    catalogue = Catalog(locale="zh")
    chinese = merged(found, known)
    for message in found:
        places = [(place, 0) for place in message.places]
        catalogue.add(message.text, chinese[message.text], locations=places)
    file = io.BytesIO()
    # No dates in the head, for they would change each time; a text is one line, as `catalogue` reads it.
    write_po(file, catalogue, width=0, omit_header=True, include_lineno=False)
    write_whole_pieces(path, (file.getvalue(),))
