"""The scorer that looks for a number in the answer.

number(Sample("Das macht 1.234,50 €."), expected=1234.5)  →  Score("number", 1.0, "1.234,50", "found 1,234.5")
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal, NamedTuple

from playground.answers.numbers import Found, numbers_in
from playground.answers.wording import clip, quote, show_number
from playground.types.scores import Sample, Score

Which = Literal["last", "first", "only"]


class _Candidate(NamedTuple):
    """A value that the answer may mean, and whether it is the most usual reading of its text."""

    value: float
    text: str
    usual: bool


def number(sample: Sample, *, expected: float, tolerance: float = 0, which: Which = "last") -> Score:
    """1 when a number of the answer is at most `tolerance` away from the expected one.

    Read as people write it in any notation (`answers/numbers.py`); one that can mean two things, such as "1,234",
    passes when either is meant, and the sentence says which was. The last number of the answer counts unless told
    otherwise, because reasoning comes before its result; `only` also asks that there is no other.
    """
    found = numbers_in(sample.answer)
    # Characters such as 五 are in many words: they count where the answer has no digits, or says more after them.
    written = [item for item in found if not item.spelled] or found
    if not written:
        return Score("number", 0.0, sample.answer.strip(), "there is no number in the answer")
    if which == "only" and len(written) > 1:
        return Score("number", 0.0, sample.answer.strip(), f"there are {len(written)} numbers in the answer")
    candidates = list(_candidates(written, which))
    if which != "only":
        candidates += _candidates([item for item in found if item.sure], which)
    if not candidates:
        return Score("number", 0.0, sample.answer.strip(), "there are several numbers in the answer")
    best = min(candidates, key=lambda candidate: abs(candidate.value - expected))
    if math.isinf(best.value):
        return Score("number", 0.0, clip(best.text), "found a number too large to compare")
    off = abs(best.value - expected)
    # Four units in the last place: 0.3 is not 0.1 + 0.2 in binary.
    near = off <= tolerance + 4 * math.ulp(max(abs(best.value), abs(expected), tolerance))
    shown = show_number(best.value)
    explanation = f"found {shown}" if best.usual else f"found {quote(best.text)}, read as {shown}"
    if off and not (near and tolerance == 0):
        explanation += f", {show_number(off)} away from {show_number(expected)}"
    return Score("number", float(near), clip(best.text), explanation)


def _candidates(found: list[Found], which: Which) -> Iterator[_Candidate]:
    if not found:
        return
    chosen = found[-1 if which == "last" else 0]
    for place, reading in enumerate(chosen.readings):
        if which != "only" or len(reading) == 1:
            yield _Candidate(reading[-1 if which == "last" else 0], chosen.text, place == 0)


def number_problem(*, expected: float, tolerance: float = 0, which: Which = "last") -> str | None:
    """Why these options cannot be meant, or None."""
    del expected, which
    return 'The option "tolerance" must not be negative.' if tolerance < 0 else None
