"""Names that people choose: of prompts, labels and variants.

clean_name(" Greeting ")        →  "Greeting"
clean_label("production")       →  "production"
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from playground.errors import PromptError
from playground.store.content import fold

NAME_CHARS = 200
LABEL_CHARS = 40
NEWEST = "latest"
"""Stands for the newest version wherever a label may be written, so no label may be called so."""
_LABEL = re.compile(rf"[\w.-]{{1,{LABEL_CHARS}}}")


def clean_name(name: str, what: str = "prompt") -> str:
    """The name without outer blanks. Raises PromptError for one that is empty, too long or not printable.

    Slashes, dots and any script are welcome: a name is data and never becomes a path here.
    """
    name = name.strip()
    if not name:
        raise PromptError(f"The {what} has no name.", "Give it one to save it.")
    if len(name) > NAME_CHARS:
        raise PromptError(f"The name has {len(name)} characters.", f"Use at most {NAME_CHARS}.")
    # Cc: control characters with NUL and line ends; Cs: half surrogate pairs; Zl, Zp: line separators.
    if any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in name):
        raise PromptError("The name contains a control character or a line break.", "Remove it.")
    return name


def clean_label(label: str, existing: Iterable[str] = (), *, what: str = "label") -> str:
    """The name of a label or variant, spelled as one of the existing ones when only the letter case differs.

    Raises PromptError unless it is 1 to 40 letters, digits, `-`, `_` or `.`; a number and "latest" would be taken
    for versions.
    """
    label = unicodedata.normalize("NFC", label.strip())
    if not _LABEL.fullmatch(label):
        raise PromptError(
            f'"{label[:LABEL_CHARS]}" cannot name a {what}.',
            f"Use 1 to {LABEL_CHARS} letters, digits, hyphens, underscores and dots.",
        )
    if label.isnumeric() or fold(label) == NEWEST:
        raise PromptError(f'"{label}" cannot name a {what}: it means a version.', "Choose another word.")
    return next((name for name in existing if fold(name) == fold(label)), label)
