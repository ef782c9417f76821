"""Scorers of what an answer took: seconds, tokens, money. All calls of a technique count together.

tokens(Sample("…", spent=Spent(prompt_tokens=200, completion_tokens=90)), max=100)  →  1.0, "90 tokens"
"""

from __future__ import annotations

from typing import Annotated, Literal

from playground.answers.wording import show_number
from playground.plurals import plural
from playground.scorers.alike import trimmed
from playground.scorers.bounds import bounds_problem, within
from playground.scorers.options import About
from playground.types.scores import Sample, Score

Until = Literal["end", "first word"]
Of = Literal["answer", "prompt", "both"]


def latency(
    sample: Sample,
    *,
    seconds: Annotated[float, About("The most seconds it may take.")] = 5,
    until: Annotated[Until, About("Counted to the end of the answer or to its first word.")] = "end",
) -> Score:
    """1 when the answer came within so many seconds, counted from the moment it was asked for; waiting for a place is left out."""
    taken = sample.spent.total_s if until == "end" else sample.spent.first_token_s
    if taken is None:
        lacks = (
            "several calls have no one first word"
            if until == "first word" and sample.spent.total_s
            else "the time was not measured"
        )
        return Score("latency", None, trimmed(sample.answer), f"does not apply: {lacks}")
    shown = f"{taken:.2f} s" if taken < 10 else f"{taken:,.1f} s"
    over = f", {taken - seconds:.2f} s over" if taken > seconds else ""
    return Score("latency", float(taken <= seconds), trimmed(sample.answer), f"{shown}{over}")


def latency_problem(*, seconds: float = 5, until: Until = "end") -> str | None:
    """Why these options cannot be meant, or None."""
    del until
    return None if seconds > 0 else 'The option "seconds" must be above 0.'


def tokens(
    sample: Sample,
    *,
    max: Annotated[int | None, About("The most tokens; a token is a word or a piece of one.")] = None,
    min: Annotated[int | None, About("The fewest tokens.")] = None,
    counted: Annotated[
        Of, About("Which tokens count: the answer's with its thoughts, the prompt's, or both.")
    ] = "answer",
) -> Score:
    """1 when the model read or wrote so many tokens, as its server counts them."""
    counts = {"answer": (sample.spent.completion_tokens,), "prompt": (sample.spent.prompt_tokens,)}
    known = counts.get(counted, (sample.spent.prompt_tokens, sample.spent.completion_tokens))
    answer = trimmed(sample.answer)
    if None in known:
        return Score("tokens", None, answer, "does not apply: the tokens were not counted")
    count = sum(number for number in known if number is not None)
    value, explanation = within(count, min, max, plural(count, "token"))
    return Score("tokens", value, answer, explanation)


def tokens_problem(*, max: int | None = None, min: int | None = None, counted: Of = "answer") -> str | None:
    """Why these options cannot be meant, or None."""
    del counted
    return bounds_problem(min, max)


def price(
    sample: Sample,
    *,
    at_most: Annotated[
        float | None, About("The most that one answer may cost, in the currency of the two prices.")
    ] = None,
    prompt_price: Annotated[float, About("What a million tokens of the prompt cost.")] = 0,
    answer_price: Annotated[float, About("What a million tokens of the answer cost.")] = 0,
) -> Score:
    """1 when the answer's tokens cost no more than this, at the prices given here; the program knows no price list."""
    answer, spent = trimmed(sample.answer), sample.spent
    if spent.prompt_tokens is None or spent.completion_tokens is None:
        return Score("price", None, answer, "does not apply: the tokens were not counted")
    cost = (spent.prompt_tokens * prompt_price + spent.completion_tokens * answer_price) / 1e6
    explanation = f"{show_number(cost)} for {spent.prompt_tokens:,} + {spent.completion_tokens:,} tokens"
    assert at_most is not None  # `price_problem`
    is_within = cost <= at_most * (1 + 1e-9)  # sums of decimal fractions do not come out even in binary
    if not is_within:
        explanation += f", {show_number(cost - at_most)} over"
    return Score("price", float(is_within), answer, explanation)


def price_problem(*, at_most: float | None, prompt_price: float, answer_price: float) -> str | None:
    """Why these options cannot be meant, or None."""
    if at_most is None:
        return 'Set "at_most": what an answer may cost.'
    if at_most < 0 or prompt_price < 0 or answer_price < 0:
        return "A price must not be negative."
    if not prompt_price and not answer_price:
        return "Say what a million tokens cost, of the prompt, the answer or both."
    return None
