"""Techniques beside each other on a data set: how often each is right, at how many tokens, and whether that beats zero-shot.

    data = dataset(read_cases("arithmetic.csv", text).cases, most=60)
    found = await bench_techniques(workbench, data, "llama.cpp:SmolLM2-135M-Instruct", ["chain-of-thought"])
    found.sentence()  →  "No technique beats zero-shot here."

Every cell is stored as one run like any other. What the same tokens buy is the curve of self-consistency: the votes of
the first 1, 2, … of its samples.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from playground.answers.numbers import the_number
from playground.errors import PromptError
from playground.plurals import plural
from playground.runs.events import Ended, RunStarted
from playground.runs.planning import checks_of, is_example, with_defaults
from playground.scorers import all_passed, score_all
from playground.stats import ALPHA, Estimate, Paired, compare_passes, holm, rate
from playground.stats.sentences import LEAST, verdict
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
CURVE = "self-consistency"
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
QUESTIONS = ("question", "input", "prompt", "query", "text")


@dataclass(frozen=True, slots=True)
class Data:
    """Cases with the expected answer, and the prompt that asks for it."""

    prompt: Prompt
    cases: tuple[dict[str, Any], ...]
    of: int
    """How many the data set has."""


@dataclass(slots=True)
class Tried:
    """One technique: of every case whether it was right (NaN: it did not end), and what that took."""

    name: str
    title: str
    right: list[float]
    tokens: list[float]
    calls: list[int]
    failures: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    """Of every case, from the beginning of its first call to the end of its last; none of an older bench."""

    @property
    def ended(self) -> int:
        """Cases that have an answer."""
        return int(np.count_nonzero(~np.isnan(self.right)))

    @property
    def accuracy(self) -> Estimate | None:
        """The share of right answers of those that ended."""
        return rate(int(np.nansum(self.right)), self.ended) if self.ended else None

    @property
    def mean_tokens(self) -> float:
        """Tokens of a case, in and out; NaN where the backend does not tell."""
        return _mean(self.tokens)

    @property
    def mean_seconds(self) -> float:
        """Seconds of a case; NaN where they are not known."""
        return _mean(self.seconds)

    @property
    def mean_calls(self) -> float:
        """Calls of a case."""
        return _mean(
            [calls for calls, right in zip(self.calls, self.right, strict=True) if not np.isnan(right)]
        )


@dataclass(frozen=True, slots=True)
class Point:
    """Self-consistency with so many samples: its accuracy, and the mean tokens and seconds of a case."""

    samples: int
    accuracy: float
    tokens: float
    seconds: float = float("nan")


@dataclass(frozen=True, slots=True)
class Equal:
    """A technique against zero-shot asked as often as its tokens pay for, over the cases that both ended.

    `times` is how often, rounded up so that the rival never has fewer tokens; with `is_short` it was not asked often
    enough for that. `gain` and `over_one` (one zero-shot answer) are None below 15 pairs; `p` is Holm's.
    """

    tried: Tried
    times: int
    is_short: bool
    gain: Paired | None
    over_one: Paired | None
    p: float | None = None

    @property
    def is_decided(self) -> bool:
        """Whether the gain is no accident."""
        return self.p is not None and self.p < ALPHA


@dataclass(slots=True)
class Report:
    """What was found; the first of `tried` is zero-shot. `votes` are, of 1, 2, … samples, whether each case's vote is right."""

    model: str
    cases: int
    of: int
    tried: list[Tried]
    curve: list[Point] = field(default_factory=list)
    run_id: str = ""
    votes: list[list[float]] = field(default_factory=list)

    def against(self) -> list[tuple[Tried, Paired | None, float | None]]:
        """Every other technique against zero-shot, over the cases that both ended, with Holm's p; None below 15 of them."""
        found = [self._compared(each) for each in self.tried[1:]]
        adjusted = iter(holm([pair.p for pair in found if pair is not None]))
        return [
            (each, pair, next(adjusted) if pair is not None else None)
            for each, pair in zip(self.tried[1:], found, strict=True)
        ]

    def at_equal_tokens(self, tried: Tried) -> float | None:
        """What self-consistency reaches with the same tokens a case, between its points; None outside of them."""
        points = sorted(self.curve, key=lambda point: point.tokens)
        tokens = tried.mean_tokens
        if len(points) < 2 or not points[0].tokens <= tokens <= points[-1].tokens:
            return None
        return float(np.interp(tokens, [p.tokens for p in points], [p.accuracy for p in points]))

    def equals(self) -> list[Equal]:
        """Every technique against zero-shot with the same tokens, the largest gain first; those without one last."""
        found = [self._equal(each) for each in self.tried[1:] if each.name != CURVE]
        adjusted = iter(holm([each.gain.p for each in found if each.gain is not None]))
        found = [each if each.gain is None else replace(each, p=next(adjusted)) for each in found]
        return sorted(found, key=lambda each: -each.gain.difference if each.gain else 2.0)

    def over_one(self, samples: int) -> Paired | None:
        """What the vote of so many samples gains over one zero-shot answer; None below 15 pairs."""
        return _paired(self.votes[samples - 1], self.tried[0].right)

    def _equal(self, each: Tried) -> Equal:
        plain = self.tried[0]
        over_one = _paired(each.right, plain.right)
        if not each.mean_tokens > plain.mean_tokens:
            return Equal(each, 1, False, over_one, over_one)
        votes = {p.samples: self.votes[p.samples - 1] for p in self.curve if p.samples <= len(self.votes)}
        enough = [p.samples for p in self.curve if p.tokens >= each.mean_tokens and p.samples in votes]
        if not votes:
            return Equal(each, 1, True, over_one, over_one)
        times = min(enough) if enough else max(votes)
        return Equal(each, times, not enough, _paired(each.right, votes[times]), over_one)

    def sentence(self) -> str:
        """The verdict: which technique beats zero-shot here, or that none does."""
        if len(self.tried) < 2:
            return "There is nothing to compare zero-shot with."
        rows = self.against()
        if all(pair is None for _, pair, _ in rows):
            return f"Too few cases for a verdict: {plural(self.cases, 'case')}, {LEAST} are the least."
        decided = [
            (each, pair._replace(p=p)) for each, pair, p in rows if pair and p is not None and p < ALPHA
        ]
        said = [
            verdict(each.title, self.tried[0].title, pair, len(self._pairs(each))) for each, pair in decided
        ]
        if not any(pair.difference > 0 for _, pair in decided):
            said.insert(0, "No technique beats zero-shot here.")
        return " ".join(said)

    def _compared(self, each: Tried) -> Paired | None:
        return _paired(each.right, self.tried[0].right)

    def _pairs(self, each: Tried) -> list[tuple[float, float]]:
        return _pairs(each.right, self.tried[0].right)


def _pairs(mine: Sequence[float], other: Sequence[float]) -> list[tuple[float, float]]:
    """The cases that both ended."""
    return [(a, b) for a, b in zip(mine, other, strict=True) if not np.isnan(a + b)]


def _paired(mine: Sequence[float], other: Sequence[float]) -> Paired | None:
    pairs = _pairs(mine, other)
    if len(pairs) < LEAST:
        return None
    apart = Counter(pairs)
    return compare_passes(apart[1.0, 0.0], apart[0.0, 1.0], len(pairs))


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
        raise PromptError(
            "No column of the data set says which answer is expected.",
            f"Call it one of: {', '.join(ANSWERS)}. It has: {', '.join(names) or 'no columns'}.",
        )
    whole = [dict(case) for case in cases if str(case.get(expected) or "").strip()]
    if not whole:
        raise PromptError(
            f'The column "{expected}" is empty everywhere.', "Fill it, or use another data set."
        )
    question = next((name for name in QUESTIONS if name in first and name != expected), "")
    if prompt is None:
        if not question:
            raise PromptError(
                "No column of the data set is the question.",
                f"Call it one of: {', '.join(QUESTIONS)}; or name a prompt with --prompt.",
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
            Point(number + 1, _mean(right), _mean(tokens), _mean(seconds))
            for number, (right, tokens, seconds) in enumerate(
                zip(self._right, self._tokens, self._seconds, strict=True)
            )
            if not np.isnan(right).all()
        ]


def _mean(values: Sequence[float] | np.ndarray[Any, Any]) -> float:
    known = np.asarray(values, dtype=float)
    known = known[~np.isnan(known)]
    return float(known.mean()) if known.size else float("nan")
