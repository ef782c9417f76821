"""Rows into two halves: one to work on, one that is opened for the verdict only.

split(rows, held_out=2/3, seed=7, by="channel", cluster="customer")  →  {1: "train", 2: "held-out", …}

The same seed gives the same halves. Rows of one cluster, and rows with equal inputs, stay together: a half that
knows the other's rows proves nothing. Within that, each value of `by` is shared out as asked.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from playground.datasets.sample import lot
from playground.errors import PromptError
from playground.types.dataset import Half, Row

HELD_OUT = 2 / 3
"""The share that is held out where nothing says otherwise. The larger one: a verdict rests on it, and finds smaller
differences in more rows; to work on a prompt, a person looks at some."""
SEED = 7
"""The seed that rows are drawn with where nothing says otherwise."""


@dataclass(slots=True)
class _Group:
    """Rows that stay together, and how many of them have each value of the column that is shared out."""

    rows: list[Row] = field(default_factory=list)
    strata: Counter[str] = field(default_factory=Counter)
    half: Half = ""


def split(
    rows: Sequence[Row],
    *,
    held_out: float = HELD_OUT,
    seed: int = SEED,
    by: str = "",
    cluster: str = "",
    inputs: Collection[str] = (),
    keep: bool = False,
) -> dict[int, Half]:
    """The half of each row by its number; with `keep`, rows that have a half stay in it.

    `inputs` are the columns whose values make two rows equal, all without any. Raises PromptError for a share that is
    none.
    """
    if not 0 <= held_out <= 1:
        raise PromptError(f"{held_out:g} is no share.", "Give one from 0 to 1, such as 0.5.")
    groups = _groups(rows, cluster, inputs, by)
    for group in groups:
        group.half = next((row.half for row in group.rows if row.half), "") if keep else ""
    # The large groups first, while there is room to even out; among those of a size the seed decides.
    order = sorted(
        (group for group in groups if not group.half),
        key=lambda group: (-len(group.rows), lot(seed, group.rows[0].id, group.rows[0].number)),
    )
    seen, held = Counter[str](), Counter[str]()
    for group in order:
        seen.update(group.strata)
        as_train = sum((held[stratum] - held_out * seen[stratum]) ** 2 for stratum in group.strata)
        as_held = sum(
            (held[stratum] + count - held_out * seen[stratum]) ** 2 for stratum, count in group.strata.items()
        )
        group.half = "held-out" if as_held < as_train else "train"
        if group.half == "held-out":
            held.update(group.strata)
    return {
        row.number: row.half if keep and row.half else group.half for group in groups for row in group.rows
    }


def _groups(rows: Sequence[Row], cluster: str, inputs: Collection[str], by: str) -> list[_Group]:
    """Rows that share a cluster or their inputs, joined over both."""
    parent: dict[str, str] = {}

    def root(key: str) -> str:
        while parent.setdefault(key, key) != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    keys = []
    for row in rows:
        own = {name: row.values[name] for name in inputs if name in row.values} if inputs else None
        key = "row " + (
            row.id if own is None else json.dumps(own, sort_keys=True) if own else str(row.number)
        )
        keys.append(key)
        if cluster and (value := row.values.get(cluster)) is not None:
            parent[root(key)] = root("cluster " + json.dumps(value, sort_keys=True))
    groups: dict[str, _Group] = defaultdict(_Group)
    for row, key in zip(rows, keys, strict=True):
        group = groups[root(key)]
        group.rows.append(row)
        value = row.values.get(by) if by else None
        group.strata[json.dumps(value, sort_keys=True)] += 1
    return list(groups.values())
