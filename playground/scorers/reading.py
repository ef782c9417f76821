"""The scorer that says for which school year a text is written.

reading_grade(Sample("The cat sat on the mat. It was warm."), max=4)  →  1.0
"""

from __future__ import annotations

from typing import Annotated

import regex

from playground.scorers.alike import READ_CHARS, trimmed
from playground.scorers.options import About
from playground.scorers.words import is_spaced, sentences
from playground.types.scores import Sample, Score

LEAST_WORDS = 10
_WORD = regex.compile(r"[\p{L}\p{N}][\p{L}\p{N}\p{M}'’-]*+")


def reading_grade(
    sample: Sample,
    *,
    min: Annotated[
        float | None, About("The lowest school year, such as 6; a text for younger readers fails.")
    ] = None,
    max: Annotated[
        float | None, About("The highest school year, such as 8; a text for older readers fails.")
    ] = None,
) -> Score:
    """1 when the text's reading grade, a school year of the United States, lies between the bounds.

    The Automated Readability Index (Smith and Senter, 1967): 4.71 · letters per word + 0.5 · words per sentence − 21.43.
    It counts letters where others guess at syllables. Made for English; a text without spaces between its words (Chinese)
    and one of less than ten words has no grade.
    """
    answer = trimmed(sample.answer)[:READ_CHARS]
    found = [word for word in _WORD.findall(answer)]
    if not is_spaced(answer):
        return Score(
            "reading_grade",
            None,
            answer,
            "does not apply: there is no grade for a text without spaces between its words",
        )
    if len(found) < LEAST_WORDS:
        return Score(
            "reading_grade",
            None,
            answer,
            f"does not apply: a grade needs {LEAST_WORDS} words, these are {len(found)}",
        )
    pieces = sentences(answer)
    letters = sum(char.isalnum() for word in found for char in word)
    grade = 4.71 * letters / len(found) + 0.5 * len(found) / len(pieces) - 21.43
    explanation = f"grade {grade:.1f}".replace("-", "−")
    if max is not None and grade > max:
        explanation += f", {grade - max:.1f} above {max:g}"
    elif min is not None and grade < min:
        explanation += f", {min - grade:.1f} below {min:g}"
    is_within = (max is None or grade <= max) and (min is None or grade >= min)
    return Score("reading_grade", float(is_within), answer, explanation)


def reading_grade_problem(*, min: float | None = None, max: float | None = None) -> str | None:
    """Why these options cannot be meant, or None."""
    if min is None and max is None:
        return 'Set "min", "max" or both.'
    if min is not None and max is not None and min > max:
        return f'"min" is {min:g}, above "max", which is {max:g}.'
    return None
