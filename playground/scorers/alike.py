r"""Whether two texts are the same to a reader, and what alone differs: composition, unseen characters, quotation marks.

    how_same(eq, "cafe\u0301", "café", ignore_case=False)  →  "with letters composed differently"

A letter with its accent is one character or two (Unicode normalization form C is compared), a space may be a no-break
space, a line may end in two characters, and some characters have no width: none of that can be seen, so none of it counts.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import lru_cache

import regex

# Not the joiners of Persian, Indic scripts and emoji: these change what is seen.
_NO_WIDTH = regex.compile(
    r"[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]"
)
_SPACE = regex.compile(r"(?! )\p{Zs}")
_LINE_END = regex.compile(r"\r\n?|[\u0085\u2028\u2029]")
_LOOK = str.maketrans("‘’‚‛′“”„‟″«»‹›–—−‐‑", "'''''\"\"\"\"\"\"\"''-----")

KEPT_CHARS = 8_000
"""Forms of longer texts are not kept."""
READ_CHARS = 100_000
"""Of an answer: nobody reads more, and a check must end."""
COMPOSED = "with letters composed differently"
UNSEEN = "apart from characters that cannot be seen"


def trimmed(text: str) -> str:
    """The text without white space and characters of no width at its ends."""
    return text.strip().strip("\ufeff\u200b\u2060\u200e\u200f").strip()


def folded(text: str, ignore_case: bool) -> str:
    """The text for a comparison; without case, the two Turkish letters i are both the Latin one."""
    return text.casefold().replace("i\u0307", "i").replace("ı", "i") if ignore_case else text


def composed(text: str) -> str:
    """The text in Unicode's composed form."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def seen(text: str) -> str:
    """The composed text as far as it can be seen."""
    text = _LINE_END.sub("\n", text)
    return text if text.isascii() else composed(_SPACE.sub(" ", _NO_WIDTH.sub("", text)))


def looks(text: str) -> str:
    """The text with plain quotation marks, hyphens, and letters of usual width."""
    return unicodedata.normalize("NFKC", seen(text).translate(_LOOK))


def form_of(form: Callable[[str], str], text: str, ignore_case: bool) -> str:
    """The text in that form (`composed`, `seen`, `looks`) for a comparison, with or without case; found out once."""
    if len(text) > KEPT_CHARS:
        return _made(form, text, ignore_case)
    return _kept(form, text, ignore_case)


def _made(form: Callable[[str], str], text: str, ignore_case: bool) -> str:
    # Folding takes letters apart ("İ"), so that the form comes last again.
    return form(folded(form(text), ignore_case)) if form is not looks else folded(looks(text), ignore_case)


# Ten checks look at one answer, and one check's text is compared with a thousand answers.
_kept = lru_cache(maxsize=256)(_made)


def how_same(holds: Callable[[str, str], bool], answer: str, text: str, ignore_case: bool) -> str | None:
    """What must be passed over so that `holds` of the two texts, "" for nothing, None when it never does."""
    for form, words in ((composed, COMPOSED), (seen, UNSEEN)):
        if holds(form_of(form, answer, ignore_case), form_of(form, text, ignore_case)):
            as_written = holds(folded(answer, ignore_case), folded(text, ignore_case))
            return "" if as_written else words
    return None


def only_looks(holds: Callable[[str, str], bool], answer: str, text: str, ignore_case: bool) -> bool:
    """Whether the texts differ in the look of quotation marks, hyphens or wide letters alone."""
    return holds(form_of(looks, answer, ignore_case), form_of(looks, text, ignore_case))
