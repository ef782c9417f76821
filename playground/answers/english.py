"""Numbers in English words: twelve, forty-two, one hundred and five, two and a half million, a dozen.

    words_in("about forty-two apples")  →  Words("forty-two", 42.0)

The kept package, number-parser (0.3.2), has had no release since March 2023; it reads "the last one" as 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import regex

from playground.answers.late import late

_SMALL = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_VALUES = {word: value for value, word in enumerate(_SMALL.split())}
_VALUES |= {word: 10 * (place + 2) for place, word in enumerate(_TENS.split())}
_LARGE = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_PARTS = {"half": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "eighth": 8, "tenth": 10}

# The longer first: "nine" begins "ninety".
_WORD = "|".join(sorted([*_VALUES, "hundred", *_LARGE], key=len, reverse=True))
_FRACTION = rf"(?:and[ ])?(?:an?|{'|'.join(_SMALL.split()[1:11])})[ -](?:{'|'.join(_PARTS)})s?"
_NUMERAL = late(
    rf"""\b(?:(?P<minus>minus|negative)[ ])?
    (?:(?P<dozen>(?:an?|(?P<dozens>{"|".join(_SMALL.split()[1:13])}))[ ]dozen)
     | (?P<part>{_FRACTION})
     | (?P<whole>(?:a[ ](?=hundred|thousand|million|billion))?(?:{_WORD})(?:[ -](?:and[ ])?(?:{_WORD}))*+)
       (?:[ ](?P<more>and[ ]{_FRACTION.removeprefix("(?:and[ ])?")}))?(?:[ ](?P<many>{"|".join(_LARGE)}))?
    )\b(?!-)(?P<percent>[ ]per[ ]?cent\b)?""",
    regex.VERBOSE | regex.IGNORECASE,
)


class Words(NamedTuple):
    """A number in words, and its value; of a percentage that before the word."""

    text: str
    value: float
    is_percent: bool = False


def words_in(text: str) -> Iterator[Words]:
    """The numbers in words of a text, in their order; "one" alone only where nothing else is in the text."""
    for match in _NUMERAL.finditer(text):
        alone = match[0].lower() == "one" and not regex.fullmatch(r"\W*one\W*", text, regex.IGNORECASE)
        value = None if alone else _value(match)
        if value is not None:
            yield Words(match[0], -value if match["minus"] else value, bool(match["percent"]))


def _value(match: regex.Match[str]) -> float | None:
    if match["dozen"]:
        return 12.0 * (_VALUES[match["dozens"].lower()] if match["dozens"] else 1)
    if match["part"]:
        return _fraction(match["part"])
    whole = _whole(regex.split(r"[ -]", match["whole"].lower()))
    if whole is None:
        return None
    more = _fraction(match["more"].removeprefix("and ")) if match["more"] else 0.0
    return (whole + more) * (_LARGE[match["many"].lower()] if match["many"] else 1)


def _fraction(text: str) -> float:
    above, below = regex.split(r"[ -]", text.lower().removeprefix("and "))
    part = below if below in _PARTS else below.removesuffix("s")
    return _VALUES.get(above, 1) / _PARTS[part]


def _whole(words: list[str]) -> float | None:
    """The sum as it is spoken; None for words that follow each other without being one number: "five six"."""
    total = section = 0
    last = 10**15
    for word in words:
        if word in ("and", "a"):
            continue
        if word == "hundred":
            section, last = (section or 1) * 100, 100
        elif word in _LARGE:
            total, section, last = total + (section or 1) * _LARGE[word], 0, 10**15
        else:
            value = _VALUES[word]
            if last < 100 and not (last in range(20, 100, 10) and 0 < value < 10):
                return None
            section, last = section + value, value
    return float(total + section)
