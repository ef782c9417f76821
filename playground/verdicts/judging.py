"""The verdict on an experiment: the sentence first, then each variant, each against the baseline, and what to watch.

found = verdict(table, rule)
found.sentence  →  "B beats A by 12 points (95 %: 4 to 20; 160 cases; p = 0.006)."
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from playground.plurals import plural
from playground.stats import Estimate, mean, rate
from playground.stats.clusters import mean_of_clusters
from playground.stats.sentences import Outcome
from playground.types.experiment import PASSES, Rule
from playground.types.outcomes import Rating
from playground.verdicts.comparing import Comparison, compare_all, correction_of, missed
from playground.verdicts.health import Fact, health
from playground.verdicts.preferring import Rated, rated
from playground.verdicts.table import Entry, Floats, Table

_BEST_FIRST: dict[Outcome, int] = {
    "better": 0,
    "worse": 1,
    "same": 2,
    "no verdict": 3,
    "too few": 4,
    "not yet": 5,
}
MOST_EXPLAINED = 12
"""Comparisons of which each is told how many more cases would settle it; that is simulated."""


@dataclass(frozen=True, slots=True)
class VariantRow:
    """One variant: `cases` with a value, of which `passed` pass (None for scores and repeats), and what they took.

    Tokens and seconds are means of a case; `price` is the tokens against the baseline's. NaN is unknown.
    """

    number: int
    entry: Entry
    cases: int
    passed: int | None
    estimate: Estimate | None
    against: Comparison | None
    tokens: float
    price: float
    seconds: float
    failed: int
    is_baseline: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """`sentences` are all that is said, the most telling first; `correction` names what allows for several comparisons."""

    table: Table
    rule: Rule
    baseline: str
    outcome: Outcome
    sentences: tuple[str, ...]
    rows: tuple[VariantRow, ...]
    winner: str
    correction: str
    health: tuple[Fact, ...]
    rated: Rated = field(default_factory=Rated)
    has_more: bool = True

    @property
    def sentence(self) -> str:
        """The first thing that is said."""
        return self.sentences[0]

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """Every variant against the baseline, in their order."""
        return tuple(row.against for row in self.rows if row.against is not None)

    @property
    def headline(self) -> Comparison | None:
        """The pair that the first sentence is about."""
        return min(self.comparisons, key=_telling, default=None)

    @property
    def is_decided(self) -> bool:
        """Whether the evidence has decided every comparison, looking any time; more cases change nothing then."""
        return (
            self.rule.looking == "any time"
            and bool(self.comparisons)
            and all(each.outcome in ("better", "worse", "same") for each in self.comparisons)
        )

    @property
    def is_trusted(self) -> bool:
        """Whether no fact speaks against it."""
        return all(fact.kind != "bad" for fact in self.health)


def verdict(table: Table, rule: Rule, *, with_more: bool = True) -> Verdict:
    """What may be said of the experiment by the rule that was fixed before it.

    While it runs "at the end" compares nothing. Raises ValueError when the baseline is no variant.
    """
    base = table.number(rule.baseline)
    name = table.entries[base].name
    others = [n for n, entry in enumerate(table.entries) if n != base and not entry.twin_of]
    waits = table.state == "running" and rule.looking == "end"
    pairs = [(table.entries[n].name, name) for n in others]
    found = (
        [] if waits else compare_all(table, rule, pairs, with_more=with_more and len(pairs) <= MOST_EXPLAINED)
    )
    against = dict(zip(others, found, strict=False))
    rows = _rows(table, rule, base, against)
    ordered = sorted(found, key=_telling)
    better = [each for each in ordered if each.outcome == "better"]
    if waits:
        sentences = [
            f"No verdict yet: {table.ended:,} of {plural(table.cells, 'cell')} {'has' if table.ended == 1 else 'have'} ended, the rule decides at the end."
        ]
    elif not pairs:
        sentences = [_alone(rows[base])]
    else:
        sentences = [each.sentence for each in ordered]
        if all(each.outcome == "too few" for each in ordered):
            sentences = sentences[:1]
        sentences += _left_out(ordered[0], table, rule)
    return with_ratings(
        Verdict(
            table=table,
            rule=rule,
            baseline=name,
            outcome="not yet" if waits else ordered[0].outcome if ordered else "no verdict",
            sentences=tuple(dict.fromkeys(sentences)),
            rows=tuple(rows),
            winner=better[0].a if better else "",
            correction=correction_of(rule, len(found)),
            health=health(table, rule, found),
            has_more=with_more,
        ),
        table.ratings,
    )


def with_ratings(found: Verdict, ratings: Sequence[Rating]) -> Verdict:
    """The same verdict with these ratings: what the checks say does not depend on them."""
    table = replace(found.table, ratings=tuple(ratings))
    before = {each.sentence for each in found.rated.pairs}
    by_people = rated(table, found.rule)
    sentences = [said for said in found.sentences if said not in before]
    sentences += [each.sentence for each in by_people.pairs]
    return replace(found, table=table, rated=by_people, sentences=tuple(sentences))


def _telling(comparison: Comparison) -> tuple[int, float]:
    """What is decided comes first, of that the largest difference."""
    size = abs(comparison.found.difference) if comparison.found else 0.0
    return _BEST_FIRST[comparison.outcome], -size


def _alone(row: VariantRow) -> str:
    if row.estimate is None:
        return f"No verdict: {row.entry.name} is the only variant, and no case of it has a value."
    value = (
        f"{100 * row.estimate.value:.0f} %"
        if row.passed is not None
        else f"{100 * row.estimate.value:.0f} points"
    )
    return f"No verdict: {row.entry.name} is the only variant; it reaches {value} over {plural(row.cases, 'case')}."


def _left_out(comparison: Comparison, table: Table, rule: Rule) -> list[str]:
    dropped = missed(comparison, table, rule)
    if not dropped:
        return []
    total = sum(dropped.values())
    why = ", ".join(f"{reason} ({count:,})" for reason, count in dropped.items())
    return [f"{plural(total, 'case is', 'cases are')} left out of {comparison.a} and {comparison.b}: {why}."]


def _rows(table: Table, rule: Rule, base: int, against: dict[int, Comparison]) -> list[VariantRow]:
    values = table.values(rule.metric)
    tokens = [_mean(table.tokens[n]) for n in range(len(table.entries))]
    found = []
    for number, entry in enumerate(table.entries):
        known = values[number][~np.isnan(values[number])]
        is_counted = rule.metric == PASSES and table.repeats == 1
        found.append(
            VariantRow(
                number=number,
                entry=entry,
                cases=known.size,
                passed=int(known.sum()) if is_counted else None,
                estimate=estimate(table, rule, values[number]),
                against=against.get(number),
                tokens=tokens[number],
                price=tokens[number] / tokens[base] if tokens[base] > 0 else float("nan"),
                seconds=_mean(table.seconds[number]),
                failed=int((table.status[number] == "error").sum()),
                is_baseline=number == base,
            )
        )
    return found


def estimate(table: Table, rule: Rule, values: Floats) -> Estimate | None:
    """The value of one variant with its interval, from one value a case; None without any."""
    known = values[~np.isnan(values)]
    if not known.size:
        return None
    is_counted = rule.metric == PASSES and table.repeats == 1
    if table.cluster and not (known == known[0]).all():
        found = mean_of_clusters(values, table.cluster, rule.alpha)
    elif is_counted or (known == 0).all() or (known == 1).all():
        # Of means that are all none or all, no spread was seen: the bound of counts says what that leaves open.
        units = len(set(table.cluster)) if table.cluster else known.size
        return rate(round(float(known.mean()) * units), units, rule.alpha)
    else:
        found = mean(values, rule.alpha)
    return found.within(0.0, 1.0)


def _mean(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")
