"""How long a text is, as a reader would say: in words, or in characters where words have no spaces between them.

amount("To be or not.")     →  "4 words"
amount("用 Python 写代码。")  →  "5 characters"   a Latin word among them counts as one
"""

from __future__ import annotations

from typing import NamedTuple

from playground.answers.late import late
from playground.plurals import plural

_ALONE = late(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}ー々]")
_SAYS = late(r"[\p{L}\p{N}]")


class Length(NamedTuple):
    """How many words a text has; `is_unspaced` when most of them are characters that stand by themselves."""

    words: int
    is_unspaced: bool


def length_of(text: str) -> Length:
    """The words between white space; each character of a script without spaces is one, its punctuation none."""
    if text.isascii():
        return Length(len(text.split()), False)
    spaced, alone = _ALONE.subn(" ", text)
    words = spaced.split()
    if not alone:
        return Length(len(words), False)
    others = sum(1 for word in words if _SAYS.search(word))
    return Length(alone + others, alone > others)


def amount(text: str) -> str:
    """Such as "1 word", "3 words", "34 characters"."""
    count, is_unspaced = length_of(text)
    if is_unspaced:
        return plural(count, "character")
    return plural(count, "word")
