"""What has to be true for a verdict to mean something, as short facts: the failing ones first.

[Fact("bad", "B failed 12 times, A never"), Fact("warn", "7 cut answers"), Fact("ok", "same 160 cases"), …]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from playground.backends.answers import HALF, WINDOW_UNKNOWN
from playground.backends.tokens import UNFIT
from playground.plurals import plural
from playground.stats import holm, sign_p
from playground.stats.sentences import FEW, LEAST
from playground.types.experiment import PASSES, Rule
from playground.verdicts.comparing import Comparison, is_decided_early, missed
from playground.verdicts.table import Table

Kind = Literal["ok", "warn", "bad"]
_MUCH = 0.05
"""A share of cases that failed on one side only from which the verdict is about other cases than were asked."""
REMARKS = (HALF, UNFIT, WINDOW_UNKNOWN)
"""What backends say of answers where they name the settings that they did not take."""
_ORDER = {"bad": 0, "warn": 1, "ok": 2}


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact: fine, worth a look, or one that the verdict cannot be trusted with; `details` says what follows."""

    kind: Kind
    words: str
    details: str = ""


def health(table: Table, rule: Rule, comparisons: Sequence[Comparison]) -> tuple[Fact, ...]:
    """All facts, the failing ones first."""
    found = [
        _pairs(table, rule, comparisons),
        *([Fact("ok", table.data, "The experiment keeps the rows it ran on.")] if table.data else []),
        _ignored(table),
        _cut(table),
        _failures(table, rule),
        *([_silent(table)] if table.silent else []),
        *_unfinished(table, rule),
        *_cached(table),
        *_few(comparisons),
        *_noise(table, rule),
        *([_leaks(table)] if table.leaks else []),
        _attempt(table, rule),
    ]
    return tuple(sorted(found, key=lambda fact: _ORDER[fact.kind]))


def summary(facts: Sequence[Fact]) -> str:
    """Such as "8 of 9 fine"."""
    return f"{sum(fact.kind == 'ok' for fact in facts)} of {len(facts)} fine"


def _pairs(table: Table, rule: Rule, comparisons: Sequence[Comparison]) -> Fact:
    total = len(table.cases)
    counts = [(each, missed(each, table, rule)) for each in comparisons]
    if not any(dropped for _, dropped in counts):
        if not is_decided_early(table, rule):
            return Fact(
                "ok", f"the same {plural(total, 'case')}", "Every variant has a value for every case."
            )
        paired = min((each.cases for each in comparisons), default=0)
        return Fact("ok", f"the same {plural(paired, 'case')}", "Every variant has a value for each of them.")
    most, dropped = max(counts, key=lambda each: sum(each[1].values()))
    out = sum(dropped.values())
    why = ", ".join(f"{reason} ({count})" for reason, count in dropped.items())
    return Fact(
        "warn" if out > _MUCH * total else "ok",
        f"{out:,} of {plural(total, 'case')} left out",
        f"{most.a} and {most.b} are compared where both have a value. Left out: {why}.",
    )


def _ignored(table: Table) -> Fact:
    said = [(entry.name, word) for entry in table.entries for word in entry.ignored]
    found = [(name, word) for name, word in said if word not in REMARKS]
    if not found:
        if said:
            remarks = f"Every backend took every setting that it was sent. Said of answers: {_by_name(said)}."
            return Fact("ok", "no setting ignored", remarks)
        return Fact("ok", "no setting ignored", "Every backend took every setting that it was sent.")
    words, count = _by_name(found), len(found)
    return Fact(
        "warn",
        f"{count} {'setting' if count == 1 else 'settings'} ignored",
        f"Not taken by the backend: {words}.",
    )


def _by_name(said: Sequence[tuple[str, str]]) -> str:
    """Such as "A: top-k, min-p; B: top-k"."""
    names = dict.fromkeys(name for name, _ in said)
    return "; ".join(f"{name}: {', '.join(word for of, word in said if of == name)}" for name in names)


def _cut(table: Table) -> Fact:
    counts = table.cut.sum(axis=(1, 2))
    total = int(counts.sum())
    if not total:
        return Fact("ok", "nothing cut", "No answer ended at its limit of tokens.")
    words = ", ".join(f"{entry.name} {int(n):,}" for entry, n in zip(table.entries, counts, strict=True))
    return Fact(
        "warn",
        f"{total:,} {'answer' if total == 1 else 'answers'} cut",
        f"Ended at the limit of tokens: {words}. A cut answer often fails for its length alone: raise max tokens.",
    )


def _failures(table: Table, rule: Rule) -> Fact:
    counts = (table.status == "error").sum(axis=(1, 2))
    total = int(counts.sum())
    if not total:
        return Fact("ok", "0 failed", "Every call gave an answer.")
    words = ", ".join(f"{entry.name} {int(n):,}" for entry, n in zip(table.entries, counts, strict=True))
    apart = int(counts.max() - counts.min())
    if not apart:
        return Fact("warn", f"{total:,} failed", f"Each variant as often: {words}. Those cases are left out.")
    if not failed_unequally(table, rule):
        return Fact(
            "warn",
            f"{total:,} failed ({words})",
            "Chance alone spreads them like this. Their cases are left out. Run the failed cells again.",
        )
    worst = table.entries[int(counts.argmax())].name
    share = apart / (len(table.cases) * table.repeats)
    return Fact(
        "bad" if share > _MUCH else "warn",
        f"{total:,} failed, unequally: {words}",
        f"Cases that {worst} failed are left out of every comparison with it, and they may be the hard ones. "
        "Run the failed cells again.",
    )


def _silent(table: Table) -> Fact:
    count = len(table.silent)
    return Fact(
        "warn",
        f"{plural(count, 'check')} without a score",
        f"No answer has a score by: {'; '.join(table.silent)}. The verdict stands on the other checks alone.",
    )


def failed_unequally(table: Table, rule: Rule) -> bool:
    """Whether a variant fails on other cases than the baseline more often than chance would have it.

    Exact sign tests on the cases where one of the two failed more of its repeats than the other, each variant against
    the baseline, at the rule's alpha for all of them together (Holm).
    """
    failed = (table.status == "error").sum(axis=2)
    base = table.number(rule.baseline)
    apart = [row - failed[base] for number, row in enumerate(failed) if number != base]
    tested = [sign_p(int((each > 0).sum()), int((each < 0).sum())) for each in apart]
    return min(holm(tested), default=1.0) < rule.alpha


def _unfinished(table: Table, rule: Rule) -> list[Fact]:
    if table.state == "running" or table.ended == table.cells and not (table.status == "cancelled").any():
        return []
    ended = int((table.status == "done").sum() + (table.status == "error").sum())
    if is_decided_early(table, rule):
        words = f"decided at {ended:,} of {plural(table.cells, 'cell')}"
        return [Fact("ok", words, "The rule lets it stop as soon as it is decided: the rest was not run.")]
    early = (
        " The rule fixed the number of cases before: stopping early is no part of it."
        if rule.looking == "end"
        else ""
    )
    return [
        Fact(
            "warn", f"stopped at {ended:,} of {plural(table.cells, 'cell')}", f"The rest has not run.{early}"
        )
    ]


def _cached(table: Table) -> list[Fact]:
    if not table.cached:
        return []
    return [
        Fact(
            "ok",
            f"{table.cached:,} of {plural(table.cells, 'answer')} from the cache",
            "Greedy answers that the same model gave to the same text before; their times are those of then.",
        )
    ]


def _few(comparisons: Sequence[Comparison]) -> list[Fact]:
    units = [each.clusters or each.cases for each in comparisons]
    if not units or min(units) >= FEW:
        return []
    unit = "clusters" if comparisons[0].clusters else "cases"
    if min(units) < LEAST:
        return [
            Fact("warn", f"too few {unit}: {min(units)}", f"Under {LEAST} paired {unit} there is no verdict.")
        ]
    return [
        Fact(
            "warn",
            f"few {unit}: {min(units)}",
            f"Under {FEW} an interval leans on assumptions that few {unit} cannot show.",
        )
    ]


def _noise(table: Table, rule: Rule) -> list[Fact]:
    found = []
    values = table.values(rule.metric)
    for number, entry in enumerate(table.entries):
        if not entry.twin_of:
            continue
        first, second = values[table.number(entry.twin_of)], values[number]
        both = ~np.isnan(first) & ~np.isnan(second)
        of, changed = int(both.sum()), int((both & (first != second)).sum())
        if not of:
            continue
        kind: Kind = "ok" if changed <= 0.1 * of or rule.metric != PASSES else "warn"
        found.append(
            Fact(
                kind,
                f"noise floor {100 * changed / of:.1f} %: {changed:,} of {of:,} change",
                f"{entry.name} is {entry.twin_of} run a second time: what tells them apart is chance.",
            )
        )
    return found


def _leaks(table: Table) -> Fact:
    rows = f"{table.leaks:,} {'row stands' if table.leaks == 1 else 'rows stand'}"
    return Fact(
        "bad",
        f"{rows} in both halves",
        "What was trained on is no test. Remove the duplicates and run it again.",
    )


def _attempt(table: Table, rule: Rule) -> Fact:
    when = f"rule of {table.stated_at:%-d %B, %H:%M} UTC, " if table.stated_at else "rule fixed before, "
    metric = "all checks hold" if rule.metric == PASSES else rule.metric
    looking = "looking any time" if rule.looking == "any time" else "a fixed number of cases"
    margin = f", the same within {100 * rule.margin:g} points" if rule.margin else ""
    details = f"{metric}, alpha {100 * rule.alpha:g} %, {looking}{margin}."
    if table.attempt < 2:
        return Fact("ok", f"{when}attempt {table.attempt}", details[0].upper() + details[1:])
    again = (
        f"Of {table.attempt} attempts on one question the best looks better than it is: "
        if table.attempt > 2
        else "The second attempt on this question: "
    )
    return Fact("warn", f"{when}attempt {table.attempt}", f"{again}{details}")
