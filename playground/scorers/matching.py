"""Scorers that compare the answer with expected ones word by word, as question answering does (SQuAD), and with a letter.

normalised(Sample("The Eiffel Tower."), texts=["eiffel tower"])         →  1.0
token_f1(Sample("in the Eiffel Tower"), texts=["Eiffel Tower"])         →  0.8
choice(Sample("So the answer is (B)."), expected="B")                  →  1.0
"""

from __future__ import annotations

from collections import Counter
from typing import Annotated, NamedTuple

import regex

from playground.answers import letters
from playground.answers.places import told
from playground.answers.wording import clip, quote, quote_all
from playground.scorers.alike import READ_CHARS, trimmed
from playground.scorers.options import STANDS_IN, About
from playground.scorers.words import normal_words
from playground.types.scores import Sample, Score

Expected = Annotated[list[str], About("The right answers, one a line; any of them will do.")]


def normalised(sample: Sample, *, texts: Expected) -> Score:
    """1 when the answer is one of the texts but for case, punctuation, spaces and the articles a, an, the.

    As the benchmark SQuAD compares, with two corrections: signs that belong to a number stay (3.5 is not 35), and
    Chinese is compared without its spaces.
    """
    answer = trimmed(sample.answer)
    given = normal_words(answer)
    for text in texts:
        if given == normal_words(text) and given:
            return Score("normalised", 1.0, answer, f"the answer is {quote(answer)}")
    return Score("normalised", 0.0, answer, f"the answer is {quote(answer)}, not {_any_of(texts)}")


def _any_of(texts: list[str]) -> str:
    return quote_all(texts) if len(texts) == 1 else f"one of {quote_all(texts)}"


class _Overlap(NamedTuple):
    f1: float
    precision: float
    recall: float
    text: str


def token_f1(
    sample: Sample,
    *,
    texts: Expected,
    at_least: Annotated[
        float | None, About("From this F1 on the check passes; empty: the F1 itself is the score.")
    ] = None,
) -> Score:
    """The harmonic mean of precision and recall over words, of the best of the texts; words as in the normalised match.

    Source: Rajpurkar et al., SQuAD (2016). In Chinese each character is a word (CMRC 2018).
    """
    answer = trimmed(sample.answer)
    given = Counter(normal_words(answer))
    best = max((_overlap(given, text) for text in texts), key=lambda found: found.f1)
    explanation = f"F1 {best.f1:.2f} against {quote(best.text, 40)}: {best.precision:.0%} of the answer's words are in it, {best.recall:.0%} of its words are in the answer"
    if at_least is None:
        return Score("token_f1", best.f1, answer, explanation)
    return Score("token_f1", float(best.f1 >= at_least), answer, f"{explanation}; {at_least:g} is asked for")


def _overlap(given: Counter[str], text: str) -> _Overlap:
    wanted = Counter(normal_words(text))
    if not given or not wanted:
        same = float(given == wanted)
        return _Overlap(same, same, same, text)
    common = (given & wanted).total()
    precision, recall = common / given.total(), common / wanted.total()
    return _Overlap(2 * common / (given.total() + wanted.total()), precision, recall, text)


def token_f1_problem(*, texts: list[str], at_least: float | None = None) -> str | None:
    """Why these options cannot be meant, or None."""
    del texts
    return share_problem(at_least)


def share_problem(at_least: float | None) -> str | None:
    """Why a threshold of something in 0..1 cannot be meant, or None."""
    if at_least is not None and not 0 < at_least <= 1:
        return 'The option "at_least" must be above 0 and at most 1.'
    return None


def choice(
    sample: Sample,
    *,
    expected: Annotated[
        str, About("The letter of the right choice; several for a question with several, as in AC.")
    ],
    choices: Annotated[
        list[str] | None,
        About("What the choices say, in their order: an answer in these words counts as its letter."),
    ] = None,
) -> Score:
    """1 when the answer chooses this letter, in whatever words: "B", "(B) Paris", "The answer is B.", "故选B"."""
    answer = trimmed(sample.answer)[-READ_CHARS:]
    wanted = _letters(expected)
    known = "ABCDEFGHIJ"[: max(len(choices or ()), 4, *(ord(letter) - 64 for letter in wanted))]
    given = _given(answer, known, choices or [])
    if not given:
        return Score("choice", 0.0, answer, "the answer chooses no letter")
    return Score(
        "choice",
        float(given == wanted),
        given,
        f"the answer chooses {given}" + ("" if given == wanted else f", not {wanted}"),
    )


def _letters(expected: str) -> str:
    """The letters of "B", "(b)", "AC" and "A, C"; "" for anything else."""
    plain = letters.plain(expected).upper()
    return "".join(sorted(set(_LETTER.findall(plain)))) if _ONLY_LETTERS.fullmatch(plain) else ""


_LETTER = regex.compile("[A-J]")
_ONLY_LETTERS = regex.compile(r"\W*[A-J](?:(?:\W|\bAND\b)*[A-J])*\W*")


def _given(answer: str, known: str, choices: list[str]) -> str:
    """The letters that the answer chooses: in so many words, at its beginning, as its only letter, or by what they say."""
    answer = _IS_RIGHT.sub("the answer is", answer)
    for text in reversed(told(answer)):
        if found := letters.leading(text, known):
            return found
    if found := letters.stated(answer, known) or letters.leading(answer, known):
        return found
    if (found := letters.only(answer, known)) and not letters.is_open(answer, known):
        return found
    said = normal_words(answer)
    same = [
        letter for letter, text in zip(known, choices, strict=False) if normal_words(text) == said and said
    ]
    if not same:
        same = [
            letter for letter, text in zip(known, choices, strict=False) if _within(normal_words(text), said)
        ]
    return same[0] if len(same) == 1 else ""


_IS_RIGHT = regex.compile(
    r"(?i)\bthe (?:correct|right|best) (?:option|choice|letter|one|statement) (?:is|would be)\b"
)


def _within(part: list[str], whole: list[str]) -> bool:
    return bool(part) and any(whole[place : place + len(part)] == part for place in range(len(whole)))


def choice_problem(*, expected: str, choices: list[str] | None = None) -> str | None:
    """Why these options cannot be meant, or None."""
    if choices is not None and len(choices) > 10:
        return f"There are {len(choices)} choices; letters go up to J, which is 10."
    if expected.strip() == STANDS_IN or _letters(expected):
        return None
    return f"{quote(clip(expected))} is no letter from A to J."
