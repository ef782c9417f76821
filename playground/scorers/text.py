"""Scorers that read the answer as text.

    contains(Sample("Paris, of course."), text="paris")
    → Score("contains", 1.0, "Paris, of course.", 'found "Paris"')

An explanation states a fact about the answer, not a verdict, so that it stays true when a check is negated.
White space around the answer never counts: models add it, nobody sees it.
"""

from __future__ import annotations

import math
from operator import eq
from os.path import commonprefix
from typing import Literal

import regex as regex_engine

from playground.answers.amounts import length_of
from playground.answers.wording import quote, quote_all
from playground.plurals import plural
from playground.scorers.alike import COMPOSED, composed, folded, how_same, only_looks, seen, trimmed
from playground.scorers.bounds import bounds_problem, within
from playground.scorers.options import LongText
from playground.scorers.similarity import COMPARED_CHARS, similarity
from playground.scorers.words import sentences
from playground.types.scores import Sample, Score

REGEX_SECONDS = 1.0
PATTERN_CHARS = 2_000
PATTERN_REPEATS = 100_000

# A letter of a script without spaces between words (Chinese, Japanese) with its variation or voicing mark.
IDEOGRAPH = (
    "[\u2e80-\u2fff\u3001-\u9fff\uf900-\ufaff\uff01-\uffef\U00020000-\U0003ffff]"
    "[\u3099\u309a\ufe00-\ufe0f\U000e0100-\U000e01ef]*"
)

Unit = Literal["words", "characters", "sentences", "lines"]


def equals(sample: Sample, *, text: LongText, ignore_case: bool = True) -> Score:
    """1 when the answer is exactly this text, apart from white space at both ends and from what cannot be seen."""
    answer, wanted = trimmed(sample.answer), trimmed(text)
    how = how_same(eq, answer, wanted, ignore_case)
    if how is not None:
        return Score("equals", 1.0, answer, _with(f"the answer is {quote(answer)}", how))
    looks = _LOOKS if only_looks(eq, answer, wanted, ignore_case) else ""
    if quote(answer) != quote(text):
        return Score("equals", 0.0, answer, f"the answer is {quote(answer)}, not {quote(text)}{looks}")
    same = len(commonprefix([answer, wanted]))
    return Score("equals", 0.0, answer, f"the answer differs from the text at character {same + 1:,}{looks}")


def contains(sample: Sample, *, text: str, ignore_case: bool = True) -> Score:
    """1 when the text occurs in the answer."""
    answer = trimmed(sample.answer)
    how = how_same(_holds, answer, text, ignore_case)
    if how is not None:
        return Score("contains", 1.0, answer, _with(f"found {quote(text)}", how))
    looks = _LOOKS if only_looks(_holds, answer, text, ignore_case) else ""
    return Score("contains", 0.0, answer, f"did not find {quote(text)}{looks}")


def contains_any(sample: Sample, *, texts: list[str], ignore_case: bool = True) -> Score:
    """1 when at least one of the texts occurs in the answer."""
    answer = trimmed(sample.answer)
    found = _found(answer, texts, ignore_case)
    if found:
        how = next(iter(found.values())) if len(set(found.values())) == 1 else ""
        return Score("contains_any", 1.0, answer, _with(f"found {quote_all([*found])}", how))
    return Score("contains_any", 0.0, answer, f"found none of {quote_all(texts)}")


def contains_all(sample: Sample, *, texts: list[str], ignore_case: bool = True) -> Score:
    """1 when every one of the texts occurs in the answer; three of four is 0, not 0.75."""
    answer = trimmed(sample.answer)
    found = _found(answer, texts, ignore_case)
    missing = [text for text in texts if text not in found]
    if missing:
        explanation = f"found {len(texts) - len(missing)} of {len(texts)}, did not find {quote_all(missing)}"
        return Score("contains_all", 0.0, answer, explanation)
    how = next((how for how in found.values() if how), "")
    return Score("contains_all", 1.0, answer, _with(f"found {quote_all(texts)}", how))


def starts_with(sample: Sample, *, text: str, ignore_case: bool = True) -> Score:
    """1 when the answer begins with this text."""
    answer = trimmed(sample.answer)
    how = how_same(str.startswith, answer, text.lstrip(), ignore_case)
    explanation = _with(f"the answer starts with {quote(answer)}", how or "")
    return Score("starts_with", float(how is not None), answer, explanation)


def regex(sample: Sample, *, pattern: str, ignore_case: bool = False) -> Score:
    """1 when the pattern matches somewhere in the answer; None when it needs longer than a second.

    Python's syntax, read by the package `regex`, because the standard library's engine cannot be stopped: a
    pattern such as `(a|aa)+$` would hang the program. A placeholder's value is part of the pattern.
    """
    answer = trimmed(sample.answer)
    # Full case folding as in the other checks: "STRASSE" is "straße".
    flags = regex_engine.IGNORECASE | regex_engine.FULLCASE if ignore_case else 0
    how = ""
    try:
        match = regex_engine.search(pattern, answer, flags, timeout=REGEX_SECONDS)
        if match is None and (composed(answer), composed(pattern)) != (answer, pattern):
            match = regex_engine.search(composed(pattern), composed(answer), flags, timeout=REGEX_SECONDS)
            how = COMPOSED
    except TimeoutError:
        explanation = f"does not apply: the pattern took longer than {REGEX_SECONDS:g} s"
        return Score("regex", None, answer, explanation)
    except MemoryError:
        return Score("regex", None, answer, "does not apply: the pattern needs too much memory")
    if match is None:
        return Score("regex", 0.0, answer, "nothing matches the pattern")
    what = quote(match[0]) if match[0].strip() else "an empty stretch"
    return Score("regex", 1.0, answer, _with(f"{what} matches the pattern", how))


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
        why = getattr(exc, "msg", str(exc))
        if position is None:
            return f"The pattern is not valid: {why}."
        return f"The pattern is not valid at character {position + 1}: {why}."
    except (RecursionError, MemoryError, OverflowError, ValueError):
        return "The pattern is too deeply nested, repeats too much or mixes flags that exclude each other."
    return None


_RECURSION = regex_engine.compile(r"\(\?(?:R|[-+]?[0-9]|&|P>)")
_LEAST_COUNT = regex_engine.compile(r"\{[^0-9}]*+([0-9]++)")


def levenshtein(
    sample: Sample, *, text: LongText, at_least: float | None = None, ignore_case: bool = False
) -> Score:
    """Similarity to a text in 0..1 by edit distance; with `at_least`, 1 or 0 on either side of it.

    Compares the first 20,000 characters of each and says so when there were more.
    """
    answer, wanted = trimmed(sample.answer), trimmed(text)
    alike = similarity(seen(folded(seen(answer), ignore_case)), seen(folded(seen(wanted), ignore_case)))
    explanation = f"similarity {_rounded(alike, at_least)}"
    if alike == 1:
        explanation = _with(explanation, how_same(eq, answer, wanted, ignore_case) or "")
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
    """1 when the answer has at least `min` and at most `max` words, characters, sentences or lines.

    A word is what stands between white space; a Chinese or Japanese character counts as one, the marks beside it as
    none. A character is what a reader takes for one: a letter with its accents, a flag. Sentences end in .!? and 。！？,
    speech inside one is not counted by itself. Empty lines are not counted.
    """
    answer = trimmed(sample.answer)
    count = _measure(answer, unit)
    value, explanation = within(count, min, max, _counted(count, unit))
    return Score("length", value, answer, explanation)


def length_problem(*, min: int | None = None, max: int | None = None, unit: Unit = "words") -> str | None:
    """Why these options cannot be meant, or None."""
    del unit
    return bounds_problem(min, max)


_CHARACTER = regex_engine.compile(r"\X")


def _counted(count: int, unit: Unit) -> str:
    """Such as "3 sentences"; each unit in words of its own, which other languages put differently."""
    if unit == "sentences":
        return plural(count, "sentence")
    if unit == "characters":
        return plural(count, "character")
    if unit == "lines":
        return plural(count, "line")
    return plural(count, "word")


def word_count(text: str) -> int:
    """Words between white space; a Chinese or Japanese character counts as one."""
    return _measure(text, "words")


def _measure(text: str, unit: Unit) -> int:
    if unit == "characters":
        text = seen(text)
        return len(text) if text.isascii() else sum(1 for _ in _CHARACTER.finditer(text))
    if unit == "sentences":
        return len(sentences(text))
    if unit == "lines":
        return sum(1 for line in text.splitlines() if trimmed(line))
    return length_of(text).words


_LOOKS = "; only the look of quotation marks, hyphens or wide letters differs"


def _with(fact: str, how: str) -> str:
    return f"{fact}, {how}" if how else fact


def _holds(answer: str, text: str) -> bool:
    return text in answer


def _found(answer: str, texts: list[str], ignore_case: bool) -> dict[str, str]:
    """The texts that occur in the answer, each with what is passed over for it."""
    found = ((text, how_same(_holds, answer, text, ignore_case)) for text in texts)
    return {text: how for text, how in found if how is not None}
