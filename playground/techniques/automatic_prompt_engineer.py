"""Automatic prompt engineer: instructions guessed from solved cases, scored, the best tried on others. arXiv 2211.01910.

With `rounds` the best are reworded and scored again, as in 2309.03409. The answer is the winning instruction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random
from typing import Annotated, NamedTuple

from pydantic import Field

from playground.errors import PlaygroundError
from playground.techniques.asking import Ask
from playground.techniques.base import Row, Task, Tools
from playground.techniques.calls import BoundReached, together
from playground.techniques.extraction import normal
from playground.techniques.few_shot import solved
from playground.types.trace import Answer

SHOWN = 5
"""Pairs that each proposal sees."""


class Candidate(NamedTuple):
    """An instruction, its step, and its mean score on the training half."""

    text: str
    number: int
    score: float = 0.0


async def automatic_prompt_engineer(
    task: Task,
    ask: Ask,
    tools: Tools,
    *,
    candidates: Annotated[int, Field(ge=1, le=40, description="Instructions that are proposed.")] = 8,
    cases: Annotated[int, Field(ge=1, le=100, description="Cases that each is scored on.")] = 5,
    held_out: Annotated[int, Field(ge=0, le=100, description="Other cases for the winner.")] = 5,
    rounds: Annotated[int, Field(ge=0, le=5, description="Times that the best are reworded.")] = 0,
) -> Answer:
    """Calls: candidates + candidates × cases, as much again a round, and the held-out cases."""
    rows = solved(task)
    Random(task.seed).shuffle(rows)
    kept_back = min(held_out, max(0, len(rows) - 2))
    train, held = rows[kept_back:][:cases], rows[:kept_back]
    if not train:
        raise PlaygroundError("There are too few solved cases.", "Add at least two with an expected answer.")
    best: list[Candidate] = []
    try:
        best = await _scored(task, ask, await _proposed(task, ask, train, candidates), train)
        for number in range(1, rounds + 1):
            fresh = await _reworded(ask, best[: max(1, candidates // 2)], candidates, number, best)
            best = sorted((*best, *await _scored(task, ask, fresh, train)), key=lambda each: -each.score)
            ask.so_far(best[0].text, best[0].text)
    except BoundReached:
        if not best:
            return ask.bounded_answer()
    if not best:
        raise PlaygroundError(
            "The model proposed no instruction.", "Try another model, or fork the step “propose”."
        )
    winner = best[0]
    ask.mark(winner.number, state="answer")
    facts = {"training": _share(winner.score, len(train))}
    try:
        if held:
            facts["held_out"] = _share(await _score(task, ask, winner, held, "held out"), len(held))
    except BoundReached:
        facts["held_out"] = "not tried: a bound was reached"
    return ask.answer(winner.text, extracted=winner.text, **facts)


async def _proposed(task: Task, ask: Ask, train: Sequence[Row], count: int) -> list[Candidate]:
    pairs = [{"input": row.question, "output": row.answer} for row in train[:SHOWN]]
    replies = await ask.samples(count, "propose", {"examples": pairs}, label="propose", brief=True, images=())
    return _different(ask, ((reply.text, reply.number) for reply in replies), ())


async def _reworded(
    ask: Ask, best: Sequence[Candidate], count: int, round_: int, known: Iterable[Candidate]
) -> list[Candidate]:
    replies = await together(
        ask(
            "resample",
            {"instruction": best[number % len(best)].text},
            label=f"reword {round_}.{number + 1}",
            parent=best[number % len(best)].number,
            brief=True,
            images=(),
            seed=ask.seed(number),
        )
        for number in range(count)
    )
    return _different(ask, ((reply.text, reply.number) for reply in replies), known)


def _different(ask: Ask, texts: Iterable[tuple[str, int]], known: Iterable[Candidate]) -> list[Candidate]:
    """Each instruction once; what is empty or known already is not scored."""
    seen = {normal(each.text) for each in known}
    found = []
    for text, number in texts:
        text = text.strip().strip('"“”')
        if not text or normal(text) in seen:
            ask.mark(number, state="empty" if not text else "the same")
            continue
        seen.add(normal(text))
        found.append(Candidate(text, number))
    return found


async def _scored(
    task: Task, ask: Ask, candidates: Sequence[Candidate], rows: Sequence[Row]
) -> list[Candidate]:
    """The candidates with their scores, the best first; of equals the earlier. Those that a bound cuts off are left out."""

    async def scored(each: Candidate, number: int) -> Candidate:
        score = await _score(task, ask, each, rows, f"case {number}")
        ask.mark(each.number, value=score)
        return each._replace(score=score)

    done = (
        await together(scored(each, number) for number, each in enumerate(candidates, 1))
        if candidates
        else []
    )
    done.sort(key=lambda each: -each.score)
    if done:
        ask.so_far(done[0].text, done[0].text)
    return done


async def _score(task: Task, ask: Ask, candidate: Candidate, rows: Sequence[Row], label: str) -> float:
    async def one(number: int, row: Row) -> float:
        values = {"instruction": candidate.text, "text": row.question}
        reply = await ask(
            "apply", values, label=f"{label}.{number}", parent=candidate.number, temperature=0.0, images=()
        )
        verdict = task.check(reply.text, row.values) if task.check else None
        value = float(normal(reply.text) == normal(row.answer)) if verdict is None else verdict.value
        ask.mark(reply, value=value)
        return value

    got = await together(one(number, row) for number, row in enumerate(rows, 1))
    return sum(got) / len(got)


def _share(score: float, cases: int) -> str:
    return f"{score:.0%} of {cases}"
