"""What people prefer: their ratings of pairs of answers, case by case, beside what the checks say.

    rated(table, rule).pairs[0].sentence
    →  "By ratings B is ahead, looking as it runs: E = 38.7, decided at 20 (41 of 160 cases)."

Whoever rates sees the result grow, so it is judged by evidence that may be looked at any time, whatever the rule of the
experiment. The case (or the cluster) is the unit; both bad, like a tie, speaks for none of the two.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp
from typing import Literal

import numpy as np

from playground.stats.evidence import look_at_passes, look_at_scores
from playground.stats.paired import Paired
from playground.stats.ratings import Vote, davidson_votes
from playground.stats.sentences import LEAST, Outcome, ahead, e_words, limit_words
from playground.types.experiment import Rule
from playground.types.outcomes import Better, Rating
from playground.verdicts.table import Table

_SIDE: dict[Better, Literal["left", "right", "tie"]] = {"a": "left", "b": "right", "tie": "tie", "bad": "tie"}
_SIGN: dict[Better, float] = {"a": 1.0, "b": -1.0, "tie": 0.0, "bad": 0.0}


@dataclass(frozen=True, slots=True)
class Preference:
    """Variant `a` against `b` by ratings; `found` is the share of cases where a is preferred minus where b is.

    `units` are the cases, or the clusters, that were rated, of so many that there are.
    """

    a: str
    b: str
    cases: int
    units: int
    of: int
    prefer_a: int
    prefer_b: int
    ties: int
    bad: int
    found: Paired
    outcome: Outcome
    sentence: str


@dataclass(frozen=True, slots=True)
class Strength:
    """How likely a variant is preferred to the baseline where one of the two is, by all ratings together."""

    name: str
    chance: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Rated:
    """All that people said: the pairs that were rated, those with the baseline first; strengths where pairs are linked."""

    pairs: tuple[Preference, ...] = ()
    strengths: tuple[Strength, ...] = ()

    def of(self, a: str, b: str) -> Preference | None:
        """The pair as it was asked for, or None when nobody rated it."""
        return next((each for each in self.pairs if {each.a, each.b} == {a, b}), None)


def rated(table: Table, rule: Rule) -> Rated:
    """What the ratings of a table come to."""
    base = table.number(rule.baseline)
    pairs = dict.fromkeys((each.a, each.b) for each in table.ratings)
    # The baseline comes second, as in every comparison with it; of others the later one leads.
    turned = sorted(((b, a) if b != base else (a, b) for a, b in pairs), key=lambda p: (p[1] != base, p))
    found = tuple(_preference(table, rule, a, b) for a, b in turned)
    return Rated(found, _strengths(table, base) if len(found) > 1 else ())


def _preference(table: Table, rule: Rule, a: int, b: int) -> Preference:
    ratings = [each for each in table.ratings if {each.a, each.b} == {a, b}]
    counts = Counter(_of(each, a) for each in ratings)
    units: dict[object, list[float]] = {}
    for each in ratings:
        unit = table.cluster[each.case] if table.cluster else each.case
        units.setdefault(unit, []).append(_SIGN[_of(each, a)])
    signs = [float(np.mean(of_unit)) for of_unit in units.values()]
    is_counted = all(sign in (-1.0, 0.0, 1.0) for sign in signs)
    looked = look_at_passes(signs, rule.alpha) if is_counted else look_at_scores(signs, rule.alpha)
    found = Paired(looked.difference, looked.low, looked.high, min(1.0, 1 / looked.evidence), looked.evidence)
    outcome: Outcome = "no verdict"
    if len(signs) < LEAST:
        outcome = "too few"
    elif found.evidence >= 1 / rule.alpha:
        outcome = "better" if found.difference > 0 else "worse"
    names = table.entries[a].name, table.entries[b].name
    of = len(set(table.cluster)) if table.cluster else len(table.cases)
    wins = counts["a"], counts["b"]
    return Preference(
        *names, len(ratings), len(signs), of, *wins, counts["tie"], counts["bad"], found, outcome,
        _said(names, wins, found, outcome, len(signs), looked.cases, of, rule.alpha, "cluster" if table.cluster else "case"),
    )  # fmt: skip


def _of(rating: Rating, a: int) -> Better:
    """What was said, seen from variant `a`."""
    turned: dict[Better, Better] = {"a": "b", "b": "a", "tie": "tie", "bad": "bad"}
    return rating.better if rating.a == a else turned[rating.better]


def _said(
    names: tuple[str, str],
    wins: tuple[int, int],
    found: Paired,
    outcome: Outcome,
    units: int,
    seen: int,
    of: int,
    alpha: float,
    unit: str,
) -> str:
    if outcome == "too few":
        rated_units = f"{units} rated {unit}{'' if units == 1 else 's'}"
        return f"Too few ratings for a verdict: {rated_units}, {LEAST} are the least."
    if outcome in ("better", "worse"):
        leader = names[0] if outcome == "better" else names[1]
        return f"By ratings {ahead(leader, found.evidence, 1 / alpha, seen, of, unit=unit)}"
    (a, b), (for_a, for_b) = names, wins
    first, second = (f"{a} is preferred {for_a:,}", f"{b} {for_b:,}")
    return (
        f"No verdict by ratings: {first} times and {second} times in {units:,} {unit}{'' if units == 1 else 's'} "
        f"({e_words(found.evidence)}, decided at {limit_words(1 / alpha)})."
    )


def _strengths(table: Table, base: int) -> tuple[Strength, ...]:
    """Davidson's model over all rated pairs, against the baseline; none where no pair leads to it."""
    linked = _linked(table.ratings, base)
    if len(linked) < 3:
        return ()
    votes = [
        Vote(
            each.a,
            each.b,
            _SIDE[each.better],
            each.voter,
            table.cluster[each.case] if table.cluster else each.case,
        )
        for each in table.ratings
        if each.a in linked
    ]
    if len({vote.case for vote in votes}) < LEAST:
        return ()
    found = davidson_votes(votes, len(table.entries), against=base)
    return tuple(
        Strength(
            table.entries[n].name,
            *(_chance(float(ends[n])) for ends in (found.values, found.low, found.high)),
        )
        for n in sorted(linked - {base})
    )


def _linked(ratings: Sequence[Rating], base: int) -> set[int]:
    """The variants that ratings link with the baseline, over others too."""
    found, grows = {base}, True
    while grows:
        more = {n for each in ratings if {each.a, each.b} & found for n in (each.a, each.b)}
        grows, found = not more <= found, found | more
    return found


def _chance(strength: float) -> float:
    return 1 / (1 + exp(-max(-700.0, min(700.0, strength))))
