"""Techniques beside each other on a data set: how often each is right, at how many tokens, and whether that beats zero-shot.

    data = dataset(read_cases("arithmetic.csv", text).cases, most=60)
    found = await bench_techniques(workbench, data, "llama.cpp:SmolLM2-135M-Instruct", ["chain-of-thought"])
    found.sentence()  →  "No technique beats zero-shot here."

Every cell is stored as one run like any other. What the same tokens buy is the curve of self-consistency: the votes of
the first 1, 2, … of its samples.
"""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import numpy as np

from playground.answers.numbers import the_number
from playground.bench.technique_report import CURVE, Point, Report, Tried, mean_of
from playground.errors import PromptError
from playground.runs.events import Ended, RunStarted
from playground.runs.planning import checks_of, is_example, with_defaults
from playground.scorers import all_passed, score_all
from playground.store.records import StoredCell
from playground.techniques.extraction import vote
from playground.techniques.reading import answer_in
from playground.techniques.registry import technique_of
from playground.templating.rendering import normalise, variables
from playground.types.grid import Case, RunSpec, Variant
from playground.types.prompt import Check, Prompt, Sampling, TechniqueChoice, Turn
from playground.types.scores import Sample
from playground.workbench.service import Workbench
from playground.workbench.techniques import EXPECTED

ZERO_SHOT = "zero-shot"
"""The prompt as it is, one call: what every technique is compared with."""
USUAL = (
    ZERO_SHOT,
    "chain-of-thought",
    CURVE,
    "say-it-twice",
    "re-reading",
    "meta-prompting",
    "generated-knowledge",
    "least-to-most",
    "chain-of-verification",
)
"""What runs anywhere, without documents, pictures or a sandbox."""
ANSWERS = (*EXPECTED, "target")
QUESTIONS = ("question", "input", "prompt", "query", "text", "问题", "题目", "提问", "输入", "文本")


@dataclass(frozen=True, slots=True)
class Data:
    """Cases with the expected answer, and the prompt that asks for it."""

    prompt: Prompt
    cases: tuple[dict[str, Any], ...]
    of: int
    """How many the data set has."""


def dataset(
    cases: Sequence[Mapping[str, Any]],
    *,
    most: int | None = None,
    seed: int = 0,
    prompt: Prompt | None = None,
) -> Data:
    """The cases as what a technique is asked; raises PromptError when none says which answer is expected.

    Of more than `most` cases that many are drawn by the seed. Without a prompt of its own the column of the question
    is the whole prompt. An expected answer that is a number everywhere is looked for as one.
    """
    first = dict(cases[0]) if cases else {}
    names = [str(name) for name in first]
    expected = next((name for name in ANSWERS if name in first), "")
    if not expected:
        known = ", ".join(ANSWERS)
        raise PromptError(
            "No column of the data set says which answer is expected.",
            f"Call it one of: {known}. It has: {', '.join(names) or 'no columns'}.",
        )
    whole = [dict(case) for case in cases if str(case.get(expected) or "").strip()]
    if not whole:
        raise PromptError(
            f'The column "{expected}" is empty everywhere.', "Fill it, or use another data set."
        )
    question = next((name for name in QUESTIONS if name in first and name != expected), "")
    if prompt is None:
        if not question:
            known = ", ".join(QUESTIONS)
            raise PromptError(
                "No column of the data set is the question.",
                f"Call it one of: {known}; or name a prompt with --prompt.",
            )
        prompt = Prompt(turns=(Turn(role="user", template=f"{{{{ {question} }}}}"),))
    missing = [
        each.name
        for each in variables(normalise(prompt.turns))
        if not each.optional and each.name not in {*first, *with_defaults(prompt, {})}
    ]
    if missing:
        raise PromptError(
            f'The prompt asks for "{missing[0]}", and the data set has no such column.',
            f"It has: {', '.join(names)}. Choose another prompt, or rename the column.",
        )
    if not prompt.checks:
        is_number = all(the_number(str(case[expected]).strip()) is not None for case in whole)
        wanted = {"expected" if is_number else "text": f"{{{{ {expected} }}}}"}
        prompt = prompt.model_copy(
            update={"checks": (Check(scorer="number" if is_number else "equals", options=wanted),)}
        )
    kept = whole
    if most is not None and most < len(whole):
        kept = [whole[n] for n in sorted(random.Random(seed).sample(range(len(whole)), most))]
    return Data(prompt, tuple(kept), len(whole))


async def bench_techniques(
    workbench: Workbench,
    data: Data,
    model: str,
    names: Sequence[str],
    *,
    sampling: Sampling | None = None,
    samples: int = 5,
) -> AsyncGenerator[tuple[int, int, Report], None]:
    """The report as it grows: (cells that ended, all of them, the report so far). Leaving early stops the run.

    `samples` are those of self-consistency, which is always tried: its first ones are the curve. Raises PromptError
    for an unknown technique, before anything runs.
    """
    wanted = list(dict.fromkeys([ZERO_SHOT, *names, CURVE]))
    titles = {name: technique_of(name).title for name in wanted if name != ZERO_SHOT}
    values = sampling or Sampling(temperature=0, max_tokens=256, seed=1)
    variants = tuple(
        Variant(model=model, sampling=values, technique=_choice(name, samples)) for name in wanted
    )
    spec = RunSpec(
        prompt=data.prompt.model_copy(update={"name": data.prompt.name or "Bench of techniques"}),
        variants=variants,
        cases=tuple(Case(values=dict(case)) for case in data.cases),
        kind="experiment",
    )
    for variant in variants:
        if variant.technique is not None:
            await workbench.runs.programs.read(variant.technique, data.cases[0])
    count = len(data.cases)
    nothing = [float("nan")] * count
    report = Report(
        model,
        count,
        data.of,
        [
            Tried(
                name, titles.get(name, "Zero-shot"), [*nothing], [*nothing], [0] * count, seconds=[*nothing]
            )
            for name in wanted
        ],
    )
    curve = _Curve(data, samples)
    done, total = 0, count * len(wanted)
    async with aclosing(workbench.runs.compare(spec)) as events:
        async for event in events:
            if isinstance(event, RunStarted):
                report.run_id = event.run_id
            if not isinstance(event, Ended):
                continue
            done += 1
            cell = event.cell
            tried = report.tried[cell.key.variant]
            _take(tried, cell)
            if tried.name == CURVE and cell.status == "done":
                curve.take(cell)
                report.curve, report.votes = curve.points(), curve.votes()
            yield done, total, report


def _choice(name: str, samples: int) -> TechniqueChoice | None:
    if name == ZERO_SHOT:
        return None
    return TechniqueChoice(name=name, options={"samples": samples} if name == CURVE else {})


def _take(tried: Tried, cell: StoredCell) -> None:
    case, answer = cell.key.case, cell.answer
    if cell.status != "done":
        tried.failures[cell.error or cell.status] += 1
        return
    tried.right[case] = _mark(all_passed(cell.scores))
    if answer.tokens is not None:
        tried.tokens[case] = answer.tokens
    tried.calls[case] = answer.calls
    tried.seconds[case] = answer.wall_s


def _mark(passes: bool | None) -> float:
    return float("nan") if passes is None else float(passes)


class _Curve:
    """Of every case, whether the vote of its first samples is right, and what those took."""

    def __init__(self, data: Data, samples: int) -> None:
        self._data = data
        self._checks = checks_of(data.prompt)
        self._right = np.full((samples, len(data.cases)), np.nan)
        self._tokens = np.full((samples, len(data.cases)), np.nan)
        self._seconds = np.full((samples, len(data.cases)), np.nan)

    def take(self, cell: StoredCell) -> None:
        case = cell.key.case
        steps = [step for step in cell.answer.steps if step.kind == "call"]
        read = [answer_in(step.text) for step in steps]
        values = dict(self._data.cases[case])
        shown = is_example(self._data.prompt, values)
        tokens = ended = 0.0
        for number, step in enumerate(steps[: len(self._right)]):
            tokens += float("nan") if step.tokens is None else step.tokens
            winner = vote(read[: number + 1]).winner
            sample = Sample(winner.text if winner else "", "stop", values, shown)
            self._right[number, case] = _mark(all_passed(score_all(self._checks, sample)))
            self._tokens[number, case] = tokens
            ended = max(ended, step.start_s + (step.completion.total_s if step.completion else 0.0))
            self._seconds[number, case] = ended - steps[0].start_s  # they ran together

    def votes(self) -> list[list[float]]:
        return [[float(right) for right in row] for row in self._right]

    def points(self) -> list[Point]:
        return [
            Point(number + 1, mean_of(right), mean_of(tokens), mean_of(seconds))
            for number, (right, tokens, seconds) in enumerate(
                zip(self._right, self._tokens, self._seconds, strict=True)
            )
            if not np.isnan(right).all()
        ]
