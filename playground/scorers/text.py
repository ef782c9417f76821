"""Scorers that read the answer as text.

    contains(Sample("Paris, of course."), text="paris")
    → Score("contains", 1.0, "Paris, of course.", 'found "Paris"')

An explanation states a fact about the answer, not a verdict, so that it stays true when a check is negated.
White space around the answer never counts: models add it, nobody sees it.
"""

from __future__ import annotations

import math
from os.path import commonprefix
from typing import Literal

import regex as regex_engine

from playground.scorers.options import LongText
from playground.scorers.similarity import COMPARED_CHARS, similarity
from playground.types import Sample, Score

REGEX_SECONDS = 1.0
PATTERN_CHARS = 2_000
PATTERN_REPEATS = 100_000

# A letter of a script without spaces between words (Chinese, Japanese) with its variation or voicing mark.
IDEOGRAPH = (
    "[\u2e80-\u2fff\u3001-\u9fff\uf900-\ufaff\uff01-\uffef\U00020000-\U0003ffff]"
    "[\u3099\u309a\ufe00-\ufe0f\U000e0100-\U000e01ef]*"
)

Unit = Literal["words", "characters", "lines"]
Which = Literal["last", "first", "only"]


def equals(sample: Sample, *, text: LongText, ignore_case: bool = True) -> Score:
    """1 when the answer is exactly this text, apart from white space at both ends."""
    answer = sample.answer.strip()
    if _folded(answer, ignore_case) == _folded(text.strip(), ignore_case):
        return Score("equals", 1.0, answer, f"the answer is {quote(answer)}")
    if quote(answer) != quote(text):
        return Score("equals", 0.0, answer, f"the answer is {quote(answer)}, not {quote(text)}")
    same = len(commonprefix([answer, text.strip()]))
    return Score("equals", 0.0, answer, f"the answer differs from the text at character {same + 1:,}")


def contains(sample: Sample, *, text: str, ignore_case: bool = True) -> Score:
    """1 when the text occurs in the answer."""
    answer = sample.answer.strip()
    found = _folded(text, ignore_case) in _folded(answer, ignore_case)
    return Score("contains", float(found), answer, f"{'found' if found else 'did not find'} {quote(text)}")


def contains_any(sample: Sample, *, texts: list[str], ignore_case: bool = True) -> Score:
    """1 when at least one of the texts occurs in the answer."""
    answer = sample.answer.strip()
    found = _found(answer, texts, ignore_case)
    if found:
        return Score("contains_any", 1.0, answer, f"found {quote_all(found)}")
    return Score("contains_any", 0.0, answer, f"found none of {quote_all(texts)}")


def contains_all(sample: Sample, *, texts: list[str], ignore_case: bool = True) -> Score:
    """1 when every one of the texts occurs in the answer; three of four is 0, not 0.75."""
    answer = sample.answer.strip()
    found = _found(answer, texts, ignore_case)
    missing = [text for text in texts if text not in found]
    if missing:
        explanation = f"found {len(found)} of {len(texts)}, did not find {quote_all(missing)}"
        return Score("contains_all", 0.0, answer, explanation)
    return Score("contains_all", 1.0, answer, f"found {quote_all(texts)}")


def starts_with(sample: Sample, *, text: str, ignore_case: bool = True) -> Score:
    """1 when the answer begins with this text."""
    answer = sample.answer.strip()
    found = _folded(answer, ignore_case).startswith(_folded(text.lstrip(), ignore_case))
    return Score("starts_with", float(found), answer, f"the answer starts with {quote(answer)}")


def regex(sample: Sample, *, pattern: str, ignore_case: bool = False) -> Score:
    """1 when the pattern matches somewhere in the answer; None when it needs longer than a second.

    Python's syntax, read by the package `regex`, because the standard library's engine cannot be stopped: a
    pattern such as `(a|aa)+$` would hang the program. A placeholder's value is part of the pattern.
    """
    answer = sample.answer.strip()
    flags = regex_engine.IGNORECASE if ignore_case else 0
    try:
        match = regex_engine.search(pattern, answer, flags, timeout=REGEX_SECONDS)
    except TimeoutError:
        explanation = f"does not apply: the pattern took longer than {REGEX_SECONDS:g} s"
        return Score("regex", None, answer, explanation)
    except MemoryError:
        return Score("regex", None, answer, "does not apply: the pattern needs too much memory")
    if match is None:
        return Score("regex", 0.0, answer, "nothing matches the pattern")
    what = quote(match[0]) if match[0].strip() else "an empty stretch"
    return Score("regex", 1.0, answer, f"{what} matches the pattern")


def regex_problem(*, pattern: str, ignore_case: bool = False) -> str | None:
    """Why the pattern cannot be used, with the position (from 1), or None."""
    del ignore_case
    if len(pattern) > PATTERN_CHARS:
        return f"The pattern has {len(pattern):,} characters, at most {PATTERN_CHARS:,} are read."
    if _RECURSION.search(pattern):
        return "The pattern calls itself, which can need any amount of memory."
    # Compiling writes out every least count, nested ones multiplied: (a{999}){999} alone takes 600 MB.
    if math.prod(max(1, int(count)) for count in _LEAST_COUNT.findall(pattern)) > PATTERN_REPEATS:
        return f"The counts in the pattern, such as {{3}}, multiply to more than {PATTERN_REPEATS:,}."
    try:
        regex_engine.compile(pattern)
    except regex_engine.error as exc:
        position = getattr(exc, "pos", None)  # types-regex (2026.11.8) does not know the attributes
        where = "" if position is None else f" at character {position + 1}"
        return f"The pattern is not valid{where}: {getattr(exc, 'msg', exc)}."
    except (RecursionError, MemoryError, OverflowError, ValueError):
        return "The pattern is too deeply nested, repeats too much or mixes flags that exclude each other."
    return None


_RECURSION = regex_engine.compile(r"\(\?(?:R|[-+]?[0-9]|&|P>)")
_LEAST_COUNT = regex_engine.compile(r"\{[^0-9}]*+([0-9]++)")

# Sign (also the typographic one), currency, digits with or without thousands commas, fraction, exponent.
# A hyphen after a letter, digit or closing bracket is a hyphen, not a minus: "3-5" holds 3 and 5.
_NUMBER = regex_engine.compile(
    r"(?P<sign>(?<![\w)\].])[-+\u2212])?[$€£¥]?"
    r"(?P<digits>(?<![0-9])[0-9]{1,3}(?:,[0-9]{3})++(?![0-9])(?:\.[0-9]++)?|[0-9]++(?:\.[0-9]++)?|\.[0-9]++)"
    r"(?P<exponent>[eE][-+\u2212]?[0-9]++)?"
)


def number(sample: Sample, *, expected: float, tolerance: float = 0, which: Which = "last") -> Score:
    """1 when a number of the answer is at most `tolerance` away from the expected one.

    English notation: "1,142.5", "−2", "42.", "$5", "6.02e23"; "83 %" is 83. The last number of the answer counts
    unless told otherwise, because reasoning comes before its result; `only` also asks that there is no other.
    """
    found = list(_NUMBER.finditer(sample.answer))
    if not found:
        return Score("number", 0.0, sample.answer.strip(), "there is no number in the answer")
    if which == "only" and len(found) > 1:
        return Score("number", 0.0, sample.answer.strip(), f"there are {len(found)} numbers in the answer")
    match = found[-1 if which == "last" else 0]
    value = _number_of(match)
    if math.isinf(value):
        return Score("number", 0.0, clip(match[0]), "found a number too large to compare")
    off = abs(value - expected)
    # Four units in the last place: 0.3 is not 0.1 + 0.2 in binary.
    near = off <= tolerance + 4 * math.ulp(max(abs(value), abs(expected), tolerance))
    explanation = f"found {show_number(value)}"
    if off and not (near and tolerance == 0):
        explanation += f", {show_number(off)} away from {show_number(expected)}"
    return Score("number", float(near), clip(match[0]), explanation)


def number_problem(*, expected: float, tolerance: float = 0, which: Which = "last") -> str | None:
    """Why these options cannot be meant, or None."""
    del expected, which
    return 'The option "tolerance" must not be negative.' if tolerance < 0 else None


def _number_of(match: regex_engine.Match[str]) -> float:
    digits = match["digits"].replace(",", "")
    exponent = (match["exponent"] or "").replace("\N{MINUS SIGN}", "-")
    value = float(digits + exponent)
    return -value if match["sign"] in ("-", "\N{MINUS SIGN}") else value


def levenshtein(
    sample: Sample, *, text: LongText, at_least: float | None = None, ignore_case: bool = False
) -> Score:
    """Similarity to a text in 0..1 by edit distance; with `at_least`, 1 or 0 on either side of it.

    Compares the first 20,000 characters of each and says so when there were more.
    """
    answer = sample.answer.strip()
    wanted = text.strip()
    alike = similarity(_folded(answer, ignore_case), _folded(wanted, ignore_case))
    explanation = f"similarity {_rounded(alike, at_least)}"
    if at_least is not None:
        explanation += f", {'below' if alike < at_least else 'not below'} {at_least:g}"
    if len(answer) > COMPARED_CHARS or len(wanted) > COMPARED_CHARS:
        explanation += f" (of the first {COMPARED_CHARS:,} characters)"
    value = alike if at_least is None else float(alike >= at_least)
    return Score("levenshtein", value, answer, explanation)


def levenshtein_problem(*, text: str, at_least: float | None = None, ignore_case: bool = False) -> str | None:
    """Why these options cannot be meant, or None."""
    del text, ignore_case
    if at_least is not None and not 0 < at_least <= 1:
        return 'The option "at_least" must be above 0 and at most 1.'
    return None


def _rounded(value: float, threshold: float | None) -> str:
    """Two digits, more where two would put the value on the wrong side of the threshold."""
    for digits in (2, 3, 4):
        shown = round(value, digits)
        if threshold is None or (shown >= threshold) == (value >= threshold):
            return f"{shown:.{digits}f}"
    return f"{value:g}"


def length(sample: Sample, *, min: int | None = None, max: int | None = None, unit: Unit = "words") -> Score:
    """1 when the answer has at least `min` and at most `max` words, characters or lines.

    A word is what stands between white space; a Chinese or Japanese character counts as one. Empty lines are
    not counted.
    """
    answer = sample.answer.strip()
    count = _measure(answer, unit)
    explanation = f"{count:,} {plural(count, unit)}"
    over = count - max if max is not None else 0
    under = min - count if min is not None else 0
    if over > 0:
        explanation += f", {over:,} over"
    if under > 0:
        explanation += f", {under:,} too few"
    return Score("length", float(over <= 0 and under <= 0), answer, explanation)


def length_problem(*, min: int | None = None, max: int | None = None, unit: Unit = "words") -> str | None:
    """Why these options cannot be meant, or None."""
    del unit
    if min is None and max is None:
        return 'Set "min", "max" or both.'
    if (min is not None and min < 0) or (max is not None and max < 0):
        return '"min" and "max" must not be negative.'
    if min is not None and max is not None and min > max:
        return f'"min" is {min:,}, above "max", which is {max:,}.'
    return None


_WORD = regex_engine.compile(rf"{IDEOGRAPH}|(?:(?!{IDEOGRAPH})\S)++")


def _measure(text: str, unit: Unit) -> int:
    if unit == "characters":
        return len(text)
    if unit == "lines":
        return sum(1 for line in text.splitlines() if line.strip())
    if text.isascii():
        return len(text.split())
    return sum(1 for _ in _WORD.finditer(text))


# --- wording ----------------------------------------------------------------------------------------------


def clip(text: str, chars: int = 60) -> str:
    """One line of at most `chars` characters that any file and page can hold (no half surrogates)."""
    line = " ".join(text[: chars * 20].split())
    line = line.encode("utf-8", "replace").decode("utf-8").replace("\0", "\N{REPLACEMENT CHARACTER}")
    return line if len(line) <= chars else line[: chars - 1].rstrip() + "…"


def quote(text: str, chars: int = 60) -> str:
    """The text clipped and in quotation marks; "nothing" for an empty one."""
    return f'"{clip(text, chars)}"' if text.strip() else "nothing"


def quote_all(texts: list[str]) -> str:
    """Up to three texts in quotation marks, and how many more there are."""
    shown = ", ".join(quote(text, 30) for text in texts[:3])
    return f"{shown} and {len(texts) - 3} more" if len(texts) > 3 else shown


def show_number(value: float) -> str:
    """A number as people write it: "1,142", "0.5", "−2", "6.02e+23"."""
    text = f"{value:,.0f}" if value.is_integer() and abs(value) < 1e15 else f"{value:.6g}"
    return text.replace("-", "\N{MINUS SIGN}", 1) if value < 0 else text


def plural(count: int, noun: str) -> str:
    """`noun` is in the plural; its singular for exactly one."""
    return noun.removesuffix("s") if count == 1 else noun


def _folded(text: str, ignore_case: bool) -> str:
    return text.casefold() if ignore_case else text


def _found(answer: str, texts: list[str], ignore_case: bool) -> list[str]:
    folded = _folded(answer, ignore_case)
    return [text for text in texts if _folded(text, ignore_case) in folded]
