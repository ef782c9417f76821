"""The scorer that looks whether an answer quotes its source, and quotes it truly.

citation(Sample('It says "the pump was off".'), context="At noon the pump was off.")  →  1.0
"""

from __future__ import annotations

from typing import Annotated

import regex

from playground.answers.wording import quote
from playground.plurals import plural
from playground.scorers.alike import READ_CHARS, trimmed
from playground.scorers.options import About, LongText
from playground.scorers.words import words
from playground.types.scores import Sample, Score

_QUOTED = regex.compile(
    r'"(?P<a>[^"\n]++)"|“(?P<b>[^“”]++)”|„(?P<c>[^„“”]++)[“”]|«(?P<d>[^«»]++)»|»(?P<e>[^«»]++)«|「(?P<f>[^「」]++)」'
    r"|『(?P<g>[^『』]++)』|《[^《》]*+》|(?m:^[ \t]*>[ \t]?(?P<h>.++(?:\n[ \t]*>.*+)*+))"
)
MOST = 500
"""Quotations that are looked at; each is looked for in the whole context."""
_LEFT_OUT = regex.compile(r"\s*[\[(]?\s*(?:\.\s?\.\s?\.|…{1,2})\s*[\])]?\s*")
_MARK = regex.compile(r"^[ \t]*>[ \t]?", regex.MULTILINE)


def citation(
    sample: Sample,
    *,
    context: Annotated[LongText, About("The source; usually the variable that holds it: {{ context }}.")],
    least_words: Annotated[
        int, About("Shorter quotations are taken for names and single terms, and not looked at.")
    ] = 3,
) -> Score:
    """The share of the answer's quotations that stand in the context word for word; 0 when it quotes nothing.

    Quotations stand in quotation marks of any language or as Markdown's > lines. Case, white space, punctuation and the
    shape of quotation marks do not count; where "…" leaves something out, each part must stand there, in this order.
    A Chinese character counts as a word.
    """
    answer = trimmed(sample.answer)[:READ_CHARS]
    source = _spaced(words(context))
    passages = dict.fromkeys(_passages(answer))
    quoted = [found for found in passages if len(words(found)) >= least_words][:MOST]
    if not quoted:
        return Score(
            "citation",
            0.0,
            answer,
            f"the answer quotes nothing of {plural(least_words, 'word')} or more",
        )
    untrue = [passage for passage in quoted if not _stands_in(passage, source)]
    true = len(quoted) - len(untrue)
    explanation = (
        f"{true:,} of {plural(len(quoted), 'quotation')} {'stands' if true == 1 else 'stand'} in the context"
    )
    if untrue:
        explanation += f"; {quote(untrue[0])} does not"
    return Score("citation", true / len(quoted), quoted[0], explanation)


def _passages(answer: str) -> list[str]:
    found = (next((group for group in match.groups() if group), "") for match in _QUOTED.finditer(answer))
    return [text for passage in found if (text := _MARK.sub("", passage).strip())]


def _stands_in(passage: str, source: str) -> bool:
    place = 0
    for part in _LEFT_OUT.split(passage):
        if not (wanted := words(part)):
            continue
        place = source.find(_spaced(wanted), place)
        if place < 0:
            return False
        place += len(_spaced(wanted)) - 1  # the space behind is also that before the next word
    return True


def _spaced(found: list[str]) -> str:
    return f" {' '.join(found)} "


def citation_problem(*, context: str, least_words: int = 3) -> str | None:
    """Why these options cannot be meant, or None."""
    del context
    return None if least_words >= 1 else 'The option "least_words" must be at least 1.'
