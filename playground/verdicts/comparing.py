"""Two variants on the cases where both have a value: difference, interval, p or evidence, and what may be said.

    compare(table, rule, "B", "A").sentence  →  "B beats A by 12 points (95 %: 4 to 20; 160 cases; p = 0.006)."

Pass or fail with one answer a case counts who passes alone; repeats, scores and clusters compare means.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from playground.stats import Paired, benjamini_hochberg, compare_passes, compare_scores, effect_size, holm
from playground.stats.clusters import cluster_means, compare_clusters
from playground.stats.evidence import look_at_passes, look_at_scores
from playground.stats.power import more_cases, more_scored_cases
from playground.stats.sentences import (
    Outcome,
    ahead,
    e_words,
    limit_words,
    more_words,
    outcome_of,
    p_words,
    ruled_out,
    verdict,
)
from playground.types.experiment import PASSES, Rule
from playground.verdicts.table import NOT_RUN, Floats, Table

SETTLED = 0.05
"""The difference that "n more cases" are counted for, where the rule names no margin."""


class Block(NamedTuple):
    """Cases by who passes; of scores and repeats `only_a` are those where A is higher, `both` those where it is equal."""

    both: int
    only_a: int
    only_b: int
    neither: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """A against B; `found` is A minus B. None where no cases are paired, or where nothing may be compared yet.

    `p` allows for the number of comparisons, `found.p` does not. `dropped` says why cases have no pair. `clusters` is
    0 where the case is the unit, `more` how many more units would settle it (None: not asked, or too many to say).
    """

    a: str
    b: str
    found: Paired | None
    p: float
    cases: int
    of: int
    clusters: int
    block: Block | None
    is_counted: bool
    dropped: dict[str, int]
    outcome: Outcome
    sentence: str
    more: int | None
    decided_at: float
    is_in_rule: bool = True
    effect: float = float("nan")


def compare(table: Table, rule: Rule, a: str, b: str, *, of: int = 1, with_more: bool = True) -> Comparison:
    """One pair by itself, as if it were one of `of` that all have its p (Holm's and Bonferroni's first step)."""
    raw = measure(table, rule, table.number(a), table.number(b))
    return settle(raw, table, rule, min(1.0, p_of(raw, rule) * of), with_more=with_more)


def compare_all(
    table: Table, rule: Rule, pairs: Sequence[tuple[str, str]], *, with_more: bool = True
) -> list[Comparison]:
    """Several pairs, their p allowing for their number: Holm where something depends on it, else Benjamini–Hochberg."""
    raw = [measure(table, rule, table.number(a), table.number(b)) for a, b in pairs]
    there = [each for each in raw if each.found is not None]
    adjust = holm if rule.gate else benjamini_hochberg
    adjusted = iter(adjust([p_of(each, rule) for each in there]))
    return [
        settle(each, table, rule, next(adjusted) if each.found is not None else 1.0, with_more=with_more)
        for each in raw
    ]


def correction_of(rule: Rule, pairs: int) -> str:
    """What allows for several comparisons: its name, "" for one."""
    return "" if pairs < 2 else "Holm" if rule.gate else "Benjamini\u2013Hochberg"


def p_of(comparison: Comparison, rule: Rule) -> float:
    """The p of the pair by itself; looking any time it is what the evidence leaves, 1 / E."""
    found = comparison.found
    if found is None:
        return 1.0
    if rule.looking == "end":
        return found.p
    return min(1.0, 1 / found.evidence) if found.evidence > 0 else 1.0


# --- measured, then judged ------------------------------------------------------------------------------


def measure(table: Table, rule: Rule, a: int, b: int) -> Comparison:
    """The pair's numbers, before anything is said of them."""
    values = table.values(rule.metric)
    first, second = values[a], values[b]
    both = ~np.isnan(first) & ~np.isnan(second)
    cases = int(both.sum())
    is_counted = rule.metric == PASSES and table.repeats == 1
    found, clusters, seen = None, 0, cases
    if cases >= 2:
        names = [table.cluster[n] for n in np.flatnonzero(both)] if table.cluster else []
        found, clusters, seen = _found(first[both], second[both], names, rule, is_counted=is_counted)
    return Comparison(
        a=table.entries[a].name,
        b=table.entries[b].name,
        found=found,
        p=float("nan"),
        cases=seen if not clusters else cases,
        of=len(table.cases) if not clusters else len(set(table.cluster)),
        clusters=clusters,
        block=_block(first[both], second[both], is_counted=is_counted) if cases else None,
        is_counted=is_counted,
        dropped=_dropped(table, a, b, first, second),
        outcome="too few",
        sentence="",
        more=None,
        decided_at=1 / rule.alpha,
        effect=float("nan") if is_counted else effect_size(first[both], second[both]),
    )


def _found(
    first: Floats, second: Floats, clusters: Sequence[str], rule: Rule, *, is_counted: bool
) -> tuple[Paired | None, int, int]:
    """The pair's numbers, the clusters (0: the case is the unit), and after how many units they stand."""
    apart = first - second
    if clusters and len(set(clusters)) < 2:
        return None, 1, 1
    if rule.looking == "any time":
        units = cluster_means(apart, clusters) if clusters else apart
        looked = (
            look_at_passes(units, rule.alpha)
            if is_counted and not clusters
            else look_at_scores(units, rule.alpha)
        )
        seen = Paired(
            looked.difference, looked.low, looked.high, min(1.0, 1 / looked.evidence), looked.evidence
        )
        return seen, looked.cases if clusters else 0, looked.cases
    if clusters:
        found, count = compare_clusters(first, second, clusters, rule.alpha)
        return _with_spread(found, cluster_means(apart, clusters), rule.alpha), count, count
    if is_counted:
        only_a, only_b = int((apart > 0).sum()), int((apart < 0).sum())
        return compare_passes(only_a, only_b, apart.size, rule.alpha), 0, apart.size
    return _with_spread(compare_scores(first, second, rule.alpha), apart, rule.alpha), 0, apart.size


def _with_spread(found: Paired, apart: Floats, alpha: float) -> Paired:
    """Where all units differ by the same, no spread was seen; that is not to know it to the point.

    Of so many units a share of 1 - (alpha / 2) ** (1 / n) may still do otherwise (Clopper and Pearson's bound of none).
    """
    if float(apart.std()) > 1e-9:
        return found
    room = 1 - (alpha / 2) ** (1 / apart.size)
    low, high = max(-1.0, found.difference - room), min(1.0, found.difference + room)
    if found.p >= alpha:  # so few units that their signs tell nothing: the bounds say the same
        low, high = min(low, 0.0), max(high, 0.0)
    p = max(found.p, alpha) if low <= 0 <= high else found.p
    return found._replace(low=low, high=high, p=p)


def settle(raw: Comparison, table: Table, rule: Rule, p: float, *, with_more: bool) -> Comparison:
    """What may be said of the pair when its p allows for the others."""
    found, units, unit = raw.found, raw.clusters or raw.cases, "cluster" if raw.clusters else "case"
    alone = p_of(raw, rule)
    decided_at = (p / alone if alone > 0 else 1.0) / rule.alpha
    if found is None:
        found = Paired(0.0, -1.0, 1.0, 1.0, 1.0)
        sentence = verdict(raw.a, raw.b, found, raw.cases, clusters=raw.clusters)
        return replace(raw, p=p, sentence=sentence, decided_at=decided_at)
    is_decided = p < rule.alpha if rule.looking == "end" else p <= rule.alpha
    outcome = outcome_of(found, units, margin=rule.margin, is_decided=is_decided)
    more, notes = None, []
    if outcome == "no verdict":
        if alone < rule.alpha:
            notes.append(
                f"Alone it would be told apart; among so many comparisons it is not ({_allowed(p, rule)})."
            )
        if rule.looking == "any time":
            notes.append(
                f"{e_words(found.evidence)[0].upper()}{e_words(found.evidence)[1:]}, decided at {limit_words(decided_at)}."
            )
        size = rule.margin or SETTLED
        if -size < found.low and found.high < size:
            notes.append(ruled_out(size))
        elif with_more:
            more = _more(table, rule, raw, size, rule.alpha * (alone / p if p > 0 else 1.0))
            notes.append(more_words(more, size, unit=unit))
    if outcome in ("better", "worse") and rule.looking == "any time":
        leader = raw.a if outcome == "better" else raw.b
        sentence = ahead(leader, found.evidence, decided_at, units, raw.of, unit=unit)
    else:
        sentence = verdict(
            raw.a,
            raw.b,
            found,
            raw.cases,
            repeats=table.repeats,
            margin=rule.margin,
            more=" ".join(notes),
            is_decided=is_decided,
            level=100 * (1 - rule.alpha),
            clusters=raw.clusters,
        )
    return replace(raw, p=p, outcome=outcome, sentence=sentence, more=more, decided_at=decided_at)


def _allowed(p: float, rule: Rule) -> str:
    return f"{correction_of(rule, 2)}: {p_words(p)}"


def _more(table: Table, rule: Rule, raw: Comparison, size: float, level: float) -> int | None:
    values = table.values(rule.metric)
    apart = values[table.number(raw.a)] - values[table.number(raw.b)]
    if raw.is_counted and not raw.clusters and raw.block is not None:
        return more_cases(raw.block.only_a, raw.block.only_b, raw.cases, size, rule.looking, alpha=level)
    units = cluster_means(apart, table.cluster) if raw.clusters else apart
    return more_scored_cases(units, size, rule.looking, alpha=level)


def _block(first: Floats, second: Floats, *, is_counted: bool) -> Block:
    higher, lower = int((first > second).sum()), int((first < second).sum())
    if not is_counted:
        return Block(first.size - higher - lower, higher, lower, 0)
    both = int(((first == 1) & (second == 1)).sum())
    return Block(both, higher, lower, first.size - higher - lower - both)


_WHY = {
    "error": "failed",
    "cancelled": "stopped",
    "interrupted": "interrupted",
    "running": "not run yet",
    "pending": "not run yet",
}
_NEVER = "not run"
"""What is said of a case that has not run in an experiment that has ended."""


def is_decided_early(table: Table, rule: Rule) -> bool:
    """Whether it ended before all had run, as its rule lets it: what is left is no loss."""
    return table.state == "done" and rule.looking == "any time" and table.ended < table.cells


def missed(comparison: Comparison, table: Table, rule: Rule) -> dict[str, int]:
    """Why cases are left out of a comparison that it should have had, the commonest reason first."""
    if not is_decided_early(table, rule):
        return dict(comparison.dropped)
    return {why: count for why, count in comparison.dropped.items() if not why.endswith(f" {_NEVER}")}


def _dropped(table: Table, a: int, b: int, first: Floats, second: Floats) -> dict[str, int]:
    """Why cases have no pair, the commonest reason first."""
    found: Counter[str] = Counter()
    for case in np.flatnonzero(np.isnan(first) | np.isnan(second)):
        missing = [v for v, value in ((a, first[case]), (b, second[case])) if np.isnan(value)]
        found[_why(table, missing, int(case))] += 1
    return dict(found.most_common())


def _why(table: Table, missing: Sequence[int], case: int) -> str:
    for status, word in _WHY.items():
        sides = [table.entries[v].name for v in missing if (table.status[v, case] == status).any()]
        if sides:
            if status in NOT_RUN and table.state == "done":
                word = _NEVER
            return f"{' and '.join(sides)} {word}"
    return "no check applies"
