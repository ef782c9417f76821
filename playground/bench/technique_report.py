"""What a bench of techniques found: how often each is right, at how many tokens, and whether that beats zero-shot.

report.sentence()  →  "No technique beats zero-shot here."
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from playground.plurals import plural
from playground.stats import ALPHA, Estimate, Paired, compare_passes, holm, rate
from playground.stats.sentences import LEAST, verdict

CURVE = "self-consistency"
"""Its first samples are what the same tokens buy."""


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
        return mean_of(self.tokens)

    @property
    def mean_seconds(self) -> float:
        """Seconds of a case; NaN where they are not known."""
        return mean_of(self.seconds)

    @property
    def mean_calls(self) -> float:
        """Calls of a case."""
        return mean_of(
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


def mean_of(values: Sequence[float] | np.ndarray[Any, Any]) -> float:
    """The mean of those that are known; NaN without any."""
    known = np.asarray(values, dtype=float)
    known = known[~np.isnan(known)]
    return float(known.mean()) if known.size else float("nan")
