"""Scorers for summaries and translations: how much of a reference text the answer repeats. ROUGE, BLEU, chrF.

    rouge(Sample("the cat sat"), text="the cat is here", kind="1")  →  F1 of the single words, 0.57

BLEU and chrF are sacrebleu's. ROUGE is ours: the packages of that name have had no release since 2022 and drop every
letter outside a to z, so that Chinese has no words at all. Here a Chinese character is a word.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from typing import Annotated, Literal

import regex

from playground.scorers.alike import trimmed
from playground.scorers.matching import share_problem
from playground.scorers.options import About, LongText
from playground.scorers.similarity import common_count
from playground.scorers.words import words
from playground.types.scores import Sample, Score

COMPARED_CHARS = 50_000
"""Of each text: the longest common subsequence grows with the product."""

Reference = Annotated[LongText, About("The text that a good answer would share its words with.")]
AtLeast = Annotated[
    float | None, About("From this value on, 0 to 1, the check passes; empty: the value itself is the score.")
]
Kind = Literal["1", "2", "L"]
Measure = Literal["f1", "recall", "precision"]


def rouge(
    sample: Sample,
    *,
    text: Reference,
    kind: Annotated[
        Kind,
        About("1: single words. 2: pairs of neighbours. L: the longest sequence of words in the same order."),
    ] = "L",
    measure: Annotated[
        Measure,
        About(
            "recall: how much of the reference is there. precision: how much of the answer is of it. f1: both."
        ),
    ] = "f1",
    at_least: AtLeast = None,
) -> Score:
    """ROUGE of the answer against a reference: shared words, pairs of words, or the longest common sequence.

    Source: Lin, ROUGE (2004), the sentence-level variant, without stemming and with stop words.
    """
    answer = trimmed(sample.answer)
    given, wanted = words(answer[:COMPARED_CHARS]), words(text[:COMPARED_CHARS])
    if kind == "L":
        common, mine, theirs = common_count(given, wanted), len(given), len(wanted)
    else:
        ours, others = _grams(given, int(kind)), _grams(wanted, int(kind))
        common, mine, theirs = (ours & others).total(), ours.total(), others.total()
    found = {
        "precision": common / mine if mine else 0.0,
        "recall": common / theirs if theirs else 0.0,
        "f1": 2 * common / (mine + theirs) if mine + theirs else 0.0,
    }
    shown = f"ROUGE-{kind} {found[measure]:.2f} ({measure}): {common:,} of the reference's {theirs:,} {_UNITS[kind]}"
    return _judged("rouge", found[measure], answer, shown, at_least, (answer, text))


_UNITS = {"1": "words", "2": "pairs of words", "L": "words in the same order"}


def _grams(found: Sequence[str], size: int) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(found[start:] for start in range(size)), strict=False))


def rouge_problem(
    *, text: str, kind: Kind = "L", measure: Measure = "f1", at_least: float | None = None
) -> str | None:
    """Why these options cannot be meant, or None."""
    del text, kind, measure
    return share_problem(at_least)


def bleu(sample: Sample, *, text: Reference, at_least: AtLeast = None) -> Score:
    """BLEU of the answer against a reference, as 0 to 1: how many of its runs of one to four words are there.

    sacrebleu's, for one sentence: exponential smoothing, orders that a short text lacks left out. Words as
    `13a` cuts them, Chinese as `zh`, Japanese and other scripts without spaces by the character.
    """
    answer = trimmed(sample.answer)
    value = _bleu(_tokenizer(text + answer))(answer[:COMPARED_CHARS], [text[:COMPARED_CHARS]]) / 100
    return _judged(
        "bleu", min(max(value, 0.0), 1.0), answer, f"BLEU {100 * value:.1f} of 100", at_least, (answer, text)
    )


def chrf(sample: Sample, *, text: Reference, at_least: AtLeast = None) -> Score:
    """The chrF of the answer against a reference, as 0 to 1: shared runs of one to six characters, in any script.

    sacrebleu's chrF2: recall counts twice as much as precision, spaces do not count.
    """
    answer = trimmed(sample.answer)
    value = _chrf()(answer[:COMPARED_CHARS], [text[:COMPARED_CHARS]]) / 100
    return _judged(
        "chrf", min(max(value, 0.0), 1.0), answer, f"chrF {100 * value:.1f} of 100", at_least, (answer, text)
    )


def overlap_problem(*, text: str, at_least: float | None = None) -> str | None:
    """Why the options of BLEU and chrF cannot be meant, or None."""
    del text
    return share_problem(at_least)


Measured = Callable[[str, list[str]], float]
_CHINESE = regex.compile(r"\p{Han}")
_BY_CHARACTER = regex.compile(r"[\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")


def _tokenizer(text: str) -> str:
    if text.isascii():
        return "13a"
    return "char" if _BY_CHARACTER.search(text) else "zh" if _CHINESE.search(text) else "13a"


@cache
def _bleu(tokenizer: str) -> Measured:
    from sacrebleu.metrics.bleu import BLEU  # a quarter of a second, which only who uses it waits for

    metric = BLEU(effective_order=True, tokenize=tokenizer)
    return lambda answer, references: metric.sentence_score(answer, references).score


@cache
def _chrf() -> Measured:
    from sacrebleu.metrics.chrf import CHRF

    metric = CHRF()
    return lambda answer, references: metric.sentence_score(answer, references).score


def _judged(
    name: str, value: float, answer: str, shown: str, at_least: float | None, compared: tuple[str, str]
) -> Score:
    if any(len(text) > COMPARED_CHARS for text in compared):
        shown += f" (of the first {COMPARED_CHARS:,} characters)"
    if at_least is None:
        return Score(name, value, answer, shown)
    return Score(name, float(value >= at_least), answer, f"{shown}; {at_least:g} is asked for")
