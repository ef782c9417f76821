"""How a judge and people agree on the same answers, and what its scores are once their labels have corrected them.

    found = align(judge={(0, 0): True, (0, 1): True}, labels={(0, 0): True, (0, 1): False}, order=[1, 0])
    found.agreement.kappa, found.let_through      # on the held-out half only
    found.bias(found.judge, found.labels, 0)      →  Bias(judged=0.81, judged_on=160, labels=40, corrected=…)

Answers are (variant, case). Labels are drawn in a random order of cases whose every other one is held out: with the working
half a criterion may be improved, the held-out half reports what it is worth.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from playground.stats import Agreement, Corrected, Estimate, agree, corrected_mean, leaning, rate
from playground.stats.sentences import LEAST

Place = tuple[int, int]
"""The variant and the case of an answer, each counted from 0."""


class Bias(NamedTuple):
    """A share of one variant's answers as it was judged, over so many, and as the labels of so many correct it.

    `corrected` is None with fewer labels than tell anything.
    """

    judged: float
    judged_on: int
    labels: int
    corrected: Corrected | None


@dataclass(frozen=True, slots=True)
class Aligned:
    """A judge beside people: its marks, their labels, and the answers of each half that have both.

    `disagreements` are those of the working half. `sure` is how sure the judge was that an answer passes, where it told,
    `reasons` why; `again` what people said of labelled answers that they were shown a second time. `held_places` are all
    answers of the half that is held out, labelled or not, as far as either said something of them.
    """

    judge: Mapping[Place, bool]
    labels: Mapping[Place, bool]
    working: tuple[Place, ...]
    held_out: tuple[Place, ...]
    sure: Mapping[Place, float] = field(default_factory=dict)
    reasons: Mapping[Place, str] = field(default_factory=dict)
    again: Mapping[Place, bool] = field(default_factory=dict)
    held_places: frozenset[Place] = frozenset()

    @property
    def agreement(self) -> Agreement | None:
        """On the held-out half; None below the least number of labels that say anything."""
        if len(self.held_out) < LEAST:
            return None
        return agree([self.judge[at] for at in self.held_out], [self.labels[at] for at in self.held_out])

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """Of the held-out half: both pass, rejected (people pass), let through (people fail), both fail."""
        marks = [(self.labels[at], self.judge[at]) for at in self.held_out]
        return tuple(
            marks.count(each) for each in ((True, True), (True, False), (False, True), (False, False))
        )  # type: ignore[return-value]

    @property
    def disagreements(self) -> tuple[Place, ...]:
        """Answers of the working half that only one of the two passes, the farthest apart first.

        Where it did not tell how sure it was, what it lets through comes first.
        """
        apart = [at for at in self.working if self.judge[at] != self.labels[at]]
        return tuple(
            sorted(apart, key=lambda at: (-(self.distance(at) or 0.0), not self.judge[at], at[1], at[0]))
        )

    def distance(self, at: Place) -> float | None:
        """How far the judge's value is from the label, 0 to 1; None where it did not tell how sure it was."""
        sure = self.sure.get(at)
        return None if sure is None else abs(sure - self.labels[at])

    @property
    def same_twice(self) -> Estimate | None:
        """How often people say the same of an answer that they are shown again; None where none was."""
        return (
            rate(sum(self.labels[at] == mark for at, mark in self.again.items()), len(self.again))
            if self.again
            else None
        )

    def length_slope(self, words: Mapping[Place, int]) -> Estimate | None:
        """How much more of the answers the judge passes for each 100 words more, where people say the same; a share.

        On the held-out half, the case being the unit. None below the least number of labels, or where length does not vary.
        """
        known = [at for at in self.held_out if at in words]
        if len(known) < LEAST:
            return None
        return leaning(
            [self.judge[at] for at in known],
            [self.labels[at] for at in known],
            [words[at] / 100 for at in known],
            [case for _, case in known],
        )

    def bias(self, judged: Mapping[Place, bool], truth: Mapping[Place, bool], variant: int) -> Bias | None:
        """A share of this variant's answers, as `judged` and as the `truth` of the held-out labels corrects it.

        Labels of the working half are left out: criteria may have been chosen by them. None without an answer.
        """
        mine = {at: value for at, value in judged.items() if at[0] == variant}
        if not mine:
            return None
        labelled = [at for at in self.held_out if at in mine and at in truth]
        rest = [value for at, value in mine.items() if at not in self.labels]
        corrected = (
            corrected_mean([truth[at] for at in labelled], [mine[at] for at in labelled], rest)
            if len(labelled) >= LEAST
            else None
        )
        return Bias(sum(mine.values()) / len(mine), len(mine), len(labelled), corrected)


def labelling_order(cases: Sequence[str]) -> list[int]:
    """All cases in an order that is drawn from their names: the same whenever it is asked for."""
    return sorted(range(len(cases)), key=lambda n: hashlib.sha256(f"{cases[n]}\0{n}".encode()).digest())


def is_held_out(order: Sequence[int]) -> dict[int, bool]:
    """Whether the labels of a case are held out: every other one, so that both halves grow together."""
    return {case: bool(rank % 2) for rank, case in enumerate(order)}


def align(
    judge: Mapping[Place, bool],
    labels: Mapping[Place, bool],
    order: Sequence[int],
    *,
    sure: Mapping[Place, float] | None = None,
    reasons: Mapping[Place, str] | None = None,
    again: Mapping[Place, bool] | None = None,
) -> Aligned:
    """The two beside each other, by the order in which cases are labelled."""
    held = is_held_out(order)
    both = sorted(at for at in labels if at in judge and at[1] in held)
    return Aligned(
        judge,
        labels,
        working=tuple(at for at in both if not held[at[1]]),
        held_out=tuple(at for at in both if held[at[1]]),
        sure=sure or {},
        reasons=reasons or {},
        again=again or {},
        held_places=frozenset(at for at in {*labels, *judge} if held.get(at[1], False)),
    )
