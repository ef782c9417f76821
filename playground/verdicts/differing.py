"""The cases where two variants differ, the worst regression on top.

differing(table, rule, "B", "A")  →  Group("only A", "Only A passes", 14 cases), Group("only B", "Only B passes", 33 cases)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from playground.types.experiment import PASSES, Rule
from playground.verdicts.table import Table

Side = Literal["only b", "only a", "both", "neither", "missing"]


@dataclass(frozen=True, slots=True)
class Group:
    """Cases (their places) that a pair does the same on; `side` "only b" is a regression of A."""

    side: Side
    title: str
    cases: tuple[int, ...]


def differing(table: Table, rule: Rule, a: str, b: str) -> tuple[Group, ...]:
    """All cases in groups: where only B passes (A's regressions) first, within each the largest difference first.

    Of scores and repeats it is who is higher. Empty groups are left out.
    """
    values, scores = table.values(rule.metric), table.values("score")
    first, second = values[table.number(a)], values[table.number(b)]
    apart = first - second
    fine = scores[table.number(a)] - scores[table.number(b)]
    is_counted = rule.metric == PASSES and table.repeats == 1
    missing = np.isnan(apart)
    kinds: list[tuple[Side, str, np.ndarray[tuple[int, ...], np.dtype[np.bool_]]]] = [
        ("only b", f"Only {b} passes" if is_counted else f"{b} is higher", apart < 0),
        ("only a", f"Only {a} passes" if is_counted else f"{a} is higher", apart > 0),
    ]
    if is_counted:
        kinds += [
            ("neither", "Both fail", ~missing & (first == 0) & (second == 0)),
            ("both", "Both pass", ~missing & (first == 1) & (second == 1)),
        ]
    else:
        kinds += [("both", "Equal", ~missing & (apart == 0))]
    kinds += [("missing", "Left out", missing)]
    size = (
        np.nan_to_num(np.abs(apart)) + np.nan_to_num(np.abs(fine)) / 1000
    )  # of equal passes the score tells which is worse
    order = np.argsort(-size, kind="stable")
    return tuple(
        Group(side, title, tuple(order[there[order]].tolist())) for side, title, there in kinds if there.any()
    )
