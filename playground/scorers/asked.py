"""Scorers that are told something beforehand: how likely a text is to a model, vectors of texts, what a program gives.

    perplexity_asks(sample, text="Paris.")  →  Question("likelihood", ("Paris.",))
    perplexity(sample with what it was told, text="Paris.")  →  Score("perplexity", 0.31, …)

A scorer itself asks nobody: the desk of runs does, before, and without holding the page up.
"""

from __future__ import annotations

import ast
import math
from typing import Annotated

from playground.answers.wording import clip, quote
from playground.scorers.alike import trimmed
from playground.scorers.matching import share_problem
from playground.scorers.options import PLACEHOLDER, About, Code, LongText
from playground.types.scores import Question, Sample, Score, Told

_NOT_ASKED = Told(lacks="nobody was asked: it is found when an answer comes, not afterwards")


def _told(sample: Sample, question: Question) -> Told:
    return sample.told.get(question, _NOT_ASKED)


# --- perplexity ---------------------------------------------------------------------------------------------


def perplexity_asks(sample: Sample, *, text: str, at_most: float | None = None) -> Question:
    """How likely the model of the column finds the text, after the prompt."""
    del sample, at_most
    return Question("likelihood", (text,))


def perplexity(
    sample: Sample,
    *,
    text: Annotated[
        LongText, About("The answer that is expected; what the model wrote itself does not matter.")
    ],
    at_most: Annotated[
        float | None,
        About("Up to this perplexity the check passes; empty: the mean probability of a token is the score."),
    ] = None,
) -> Score:
    """How well the model foresees the reference after the prompt: the perplexity of its tokens, 1 at best.

    Without `at_most` the score is 1 / perplexity, the (geometric) mean probability of a token. Models with other
    vocabularies cannot be compared by it.
    """
    told = _told(sample, Question("likelihood", (text,)))
    if told.lacks:
        return Score("perplexity", None, clip(text), f"does not apply: {told.lacks}")
    logprobs: list[float] = list(told.value)
    if not logprobs:
        return Score("perplexity", None, clip(text), "does not apply: the reference has no tokens")
    found = math.exp(min(-sum(logprobs) / len(logprobs), 700.0))
    explanation = f"perplexity {found:,.2f} over {len(logprobs):,} tokens"
    if at_most is None:
        return Score("perplexity", min(1 / found, 1.0), clip(text), explanation)
    over = f", {found - at_most:,.2f} over" if found > at_most else ""
    return Score("perplexity", float(found <= at_most), clip(text), f"{explanation}{over}")


def perplexity_problem(*, text: str, at_most: float | None = None) -> str | None:
    """Why these options cannot be meant, or None."""
    del text
    return (
        None if at_most is None or at_most >= 1 else 'The option "at_most" must be 1 or more; 1 is certainty.'
    )


# --- embeddings ---------------------------------------------------------------------------------------------


def embedding_asks(
    sample: Sample, *, text: str, model: str | None = None, at_least: float | None = None
) -> Question | None:
    """The vectors of both texts; an empty answer has none."""
    del at_least
    answer = trimmed(sample.answer)
    return Question("vectors", (answer, trimmed(text)), model or "") if answer else None


def embedding(
    sample: Sample,
    *,
    text: Annotated[LongText, About("The text whose meaning the answer should have.")],
    model: Annotated[
        str | None, About("The id of a model that turns texts into vectors; empty: the one that answered.")
    ] = None,
    at_least: Annotated[
        float | None,
        About("From this similarity on, 0 to 1, the check passes; empty: it is the score itself."),
    ] = None,
) -> Score:
    """The cosine of the vectors that a model makes of the answer and of the text; below 0 counts as 0.

    Does not apply where the model's server offers no vectors. Values of different models cannot be compared; chat
    models find most texts alike.
    """
    answer = trimmed(sample.answer)
    question = embedding_asks(sample, text=text, model=model)
    if question is None:
        return Score("embedding", 0.0, answer, "the answer is empty")
    told = _told(sample, question)
    if told.lacks:
        return Score("embedding", None, answer, f"does not apply: {told.lacks}")
    ours, theirs = told.value
    length = math.sqrt(math.fsum(x * x for x in ours) * math.fsum(x * x for x in theirs))
    if len(ours) != len(theirs) or not length or not math.isfinite(length):
        return Score(
            "embedding", None, answer, "does not apply: the model gave no vectors that can be compared"
        )
    value = min(max(math.fsum(x * y for x, y in zip(ours, theirs, strict=True)) / length, 0.0), 1.0)
    explanation = f"similarity {value:.3f}"
    if at_least is None:
        return Score("embedding", value, answer, explanation)
    return Score("embedding", float(value >= at_least), answer, f"{explanation}; {at_least:g} is asked for")


def embedding_problem(*, text: str, model: str | None = None, at_least: float | None = None) -> str | None:
    """Why these options cannot be meant, or None."""
    del text, model
    return share_problem(at_least)


# --- a program ----------------------------------------------------------------------------------------------


def python_asks(sample: Sample, *, expression: str) -> Question:
    """What the expression gives for this answer."""
    del sample
    return Question("program", (expression,))


def python(
    sample: Sample,
    *,
    expression: Annotated[
        Code,
        About(
            'One Python expression over answer (a text) and values (those of the case): len(answer) < 2 * len(values["text"]).'
        ),
    ],
) -> Score:
    """What a Python expression gives: true and false are 1 and 0, a number from 0 to 1 is the score itself.

    It is run in the sandbox, and only while that is switched on. `json`, `math` and `re` are there.
    """
    answer = trimmed(sample.answer)
    told = _told(sample, Question("program", (expression,)))
    if told.lacks:
        return Score("python", None, answer, f"does not apply: {told.lacks}")
    value = told.value
    if isinstance(value, bool):
        return Score("python", float(value), answer, f"the expression is {'true' if value else 'false'}")
    if isinstance(value, int | float) and 0 <= value <= 1:
        return Score("python", float(value), answer, f"the expression is {value:g}")
    return Score(
        "python",
        None,
        answer,
        f"does not apply: the expression is {clip(repr(value))}, neither true nor false nor a number from 0 to 1",
    )


def python_problem(*, expression: str) -> str | None:
    """Why the expression cannot be run, with the place, or None."""
    if found := PLACEHOLDER.search(expression):
        return f'Nothing is filled into a program: write values["{found[1].partition(".")[0]}"] in place of {quote(found[0])}.'
    try:
        ast.parse(expression.strip(), mode="eval")
    except SyntaxError as exc:
        where = f" at line {exc.lineno}, character {exc.offset}" if exc.lineno and exc.offset else ""
        return f"This is not one Python expression{where}: {exc.msg}."
    except (ValueError, RecursionError, MemoryError):
        return "This is not a Python expression that can be read."
    return None
