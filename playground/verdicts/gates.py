"""What a result has to hold before something depends on it. Each is a statement with an interval.

    not_worse(table, rule, margin=0.03).sentence
    →  "B is not worse than A by 3 points (95 %: −1 to 9; 160 cases)."

All of them must hold at once, so that no correction for their number is needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor

from playground.plurals import plural
from playground.stats.sentences import FEW, LEAST, points
from playground.types.experiment import PASSES, Rule
from playground.verdicts.comparing import Comparison, compare_all
from playground.verdicts.judging import verdict
from playground.verdicts.table import Table


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether it holds, and why: a line a variant, `sentence` is the first that fails or else all of them."""

    holds: bool
    rows: tuple[tuple[str, bool, str], ...]

    @property
    def sentence(self) -> str:
        """Those that fail, else all."""
        failing = [line for _, holds, line in self.rows if not holds]
        return " ".join(failing or [line for _, _, line in self.rows])


def not_worse(table: Table, rule: Rule, margin: float | None = None, against: str = "") -> Gate:
    """Whether every variant is shown to be less than `margin` below `against` ("": the baseline): the interval's lower end decides.

    Without a margin it is the rule's, else 3 points. Raises ValueError when `against` is no variant.
    """
    room = margin if margin is not None else rule.margin if rule.margin is not None else 0.03
    other = table.entries[table.number(against or rule.baseline)].name
    pairs = [(entry.name, other) for entry in table.entries if entry.name != other and not entry.twin_of]
    rows = []
    for each in compare_all(table, rule, pairs, with_more=False):
        holds, line = _not_worse(each, room, 100 * (1 - rule.alpha))
        rows.append((each.a, holds, line))
    if not rows:
        rows.append((other, False, f"Nothing is compared with {other}: it is the only variant."))
    return Gate(all(holds for _, holds, _ in rows), tuple(rows))


def at_least(table: Table, rule: Rule, score: float, variants: tuple[str, ...] = ()) -> Gate:
    """Whether the variants (all but twins, if none are named) reach a score from 0 to 1; the interval is said beside it."""
    rows = []
    for row in verdict(table, rule, with_more=False).rows:
        name = row.entry.name
        if (variants and name not in variants) or row.entry.twin_of:
            continue
        if row.estimate is None:
            rows.append(
                (name, False, f"{name} has no value for any case; at least {_level(score)} was asked.")
            )
            continue
        found = row.estimate
        holds = found.value >= score - 1e-12
        unit = " %" if rule.metric == PASSES else ""
        inside = f"{100 * (1 - rule.alpha):g} %: {points(found.low)} to {points(found.high)}; {plural(row.cases, 'case')}"
        reached = found.value if holds else floor(1000 * found.value) / 1000
        line = f"{name} {'reaches' if holds else 'reaches only'} {_level(reached, unit)} ({inside}); at least {_level(score, unit)} was asked."
        rows.append((name, holds, line))
    return Gate(bool(rows) and all(holds for _, holds, _ in rows), tuple(rows))


def _not_worse(each: Comparison, room: float, level: float) -> tuple[bool, str]:
    units, unit = (each.clusters, "cluster") if each.clusters else (each.cases, "case")
    if each.found is None or units < LEAST:
        return (
            False,
            f"Too few {unit}s for a verdict: {units} paired {unit}{'' if units == 1 else 's'}, {LEAST} are the least.",
        )
    few = f" Few {unit}s." if units < FEW else ""
    inside = f"({level:g} %: {points(each.found.low)} to {points(each.found.high)}; {plural(each.cases, 'case')}).{few}"
    size = f"{points(room)} {'point' if points(room) == '1' else 'points'}"
    if each.found.low > -room:
        return True, f"{each.a} is not worse than {each.b} by {size} {inside}"
    worst = f"{points(-each.found.low)} points worse"
    if points(-each.found.low) == points(room):  # rounded they are the same, and they are not
        worst = f"{ceil(-1000 * each.found.low) / 10:g} points worse"
    return False, f"Not shown: {each.a} may be {worst} than {each.b}, less than {size} was asked {inside}"


def _level(share: float, unit: str = " %") -> str:
    text = f"{100 * share:.1f}".removesuffix(".0")
    return f"{text}{unit}"
