"""The messages of the whole source, and the catalogue kept in step with it.

messages()  →  [Message("{n} rows left", ("ui/datasets.py",)), …]

`python -m playground.translation update` writes new ones empty into zh.po, drops what nothing says any more, and keeps a
translation whose message only calls its placeholders differently now.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from playground.translation import python_source
from playground.translation.html_messages import html_messages, is_html
from playground.translation.judging import is_message
from playground.translation.parts import to_message, written_out
from playground.translation.said_by_others import REGEX, SCHEMA, SYSTEM, USAGE, YAML
from playground.translation.words import WORDS

ROOT = Path(__file__).parent.parent
PLACEHOLDER = re.compile(r"\{([a-z_][a-z0-9_]*)\}")

# What is not read by a person, with the reason.
EXCLUDED = {
    "translation/": "this room itself",
    "store/migrations/": "SQL",
    "answers/english.py": "words of answers",
    "answers/units.py": "words of answers",
    "answers/yes_no.py": "words of answers",
    "answers/chinese.py": "words of answers",
    "techniques/art_tasks.py": "what models are shown",
    "scorers/refusal.py": "words of answers",
    "formats/langchain_dumps.py": "keys of a file",
    "ui/assets/language.js": "the switch itself",
    "ui/assets/translate.js": "the switch itself",
    "ui/languages.py": "the switch itself",
    "ui/scripts.py": "addresses of scripts",
    "ui/styles.py": "addresses and selectors",
}


class Message(NamedTuple):
    """A sentence of the source with the files that say it, below `playground/`."""

    text: str
    places: tuple[str, ...]


def messages(root: Path = ROOT) -> list[Message]:
    """Every message, in the order of the files; sentences that differ only in the names of placeholders are one."""
    places: dict[str, list[str]] = {}
    chosen: dict[str, str] = {}
    for file in sorted(root.rglob("*")):
        name = file.relative_to(root).as_posix()
        if file.suffix in (".py", ".js") and not name.startswith(tuple(EXCLUDED)):
            for text in messages_of(file):
                said = places.setdefault(chosen.setdefault(skeleton(text), text), [])
                if name not in said:
                    said.append(name)
    for words, place in (
        (WORDS, "words"),
        (SYSTEM, "said_by_others"),
        (YAML, "said_by_others"),
        (REGEX, "said_by_others"),
        (SCHEMA, "said_by_others"),
        (USAGE, "said_by_others"),
    ):
        for word in words:
            places.setdefault(chosen.setdefault(word, word), [f"translation/{place}.py"])
    return [Message(text, tuple(files)) for text, files in sorted(places.items(), key=lambda row: row[1][0])]


def messages_of(file: Path) -> Iterator[str]:
    """The messages of one file, in its order."""
    if file.suffix == ".py":
        texts = python_source.texts_of(file.read_text(encoding="utf-8"))
    else:
        # Only the extraction needs a parser of scripts: it comes with the extra `test`.
        from playground.translation import script_source

        texts = script_source.texts_of(file.read_text(encoding="utf-8"))
    for found in texts:
        has_tags = is_html(found.parts)
        for form in html_messages(found.parts) if has_tags else written_out(found.parts):
            text = to_message(form)
            if is_message(text, found.worded or has_tags):
                yield text


def skeleton(text: str) -> str:
    """The message without the names of its placeholders; a count stays one, for it has a measure word: "{n} turn"."""
    return PLACEHOLDER.sub(lambda hole: "{n}" if hole[1].rstrip("0123456789") == "n" else "{}", text)
