"""What an experiment found, as plain arrays: variants × cases × repeats. Verdicts read nothing else.

    table_of([Entry("A", "Zero-shot"), Entry("B", "Chain of thought")], ["r1", "r2"],
             [Slot(0, 0, 0, passed=True), Slot(1, 0, 0, passed=False), Slot(0, 1, 0, "error", reason="no answer in 60 s")],
             columns={"channel": ["email", "chat"]})

A cell that nobody names waits. NaN stands for "no value": no check applies, failed, stopped, or not run yet.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from playground.types.experiment import PASSES
from playground.types.grid import CellStatus
from playground.types.outcomes import Rating

Floats = NDArray[np.float64]
State = Literal["running", "done", "stopped"]
NOT_RUN = ("pending", "running")


@dataclass(frozen=True, slots=True)
class Entry:
    """One variant: `name` is what sentences call it, `title` says what it is. `ignored` are settings its backend dropped.

    `twin_of` names the variant that it repeats: what tells the two apart is noise.
    """

    name: str
    title: str = ""
    prompt: str = ""
    model: str = ""
    ignored: tuple[str, ...] = ()
    twin_of: str = ""


class Slot(NamedTuple):
    """One cell: its place, how it ended, and what was found. `passed` None: no check applies; `cut`: at its length."""

    variant: int
    case: int
    repeat: int
    status: CellStatus = "done"
    passed: bool | None = None
    score: float | None = None
    reason: str = ""
    cut: bool = False
    tokens: float | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """All cells of an experiment. `passed`, `score`, `tokens` and `seconds` have the axes (variant, case, repeat).

    `columns` have a value a case, `cluster` too when cases belong together. `leaks` are rows that stand in both halves
    of the data; `attempt` numbers the tries on the same question; `cached` counts the answers that were not asked for anew,
    of all its cases. `ratings` are what people said of pairs of answers. `silent` are the names of checks that gave none
    of the answers a score.
    """

    entries: tuple[Entry, ...]
    cases: tuple[str, ...]
    status: NDArray[np.str_]
    passed: Floats
    score: Floats
    tokens: Floats
    seconds: Floats
    cut: NDArray[np.bool_]
    reasons: Mapping[tuple[int, int, int], str] = field(default_factory=dict)
    columns: Mapping[str, tuple[object, ...]] = field(default_factory=dict)
    cluster: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    data: str = ""
    leaks: int = 0
    attempt: int = 1
    stated_at: datetime | None = None
    state: State = "done"
    ratings: tuple[Rating, ...] = ()
    cached: int = 0
    silent: tuple[str, ...] = ()

    @property
    def repeats(self) -> int:
        """Answers of each variant to a case."""
        return int(self.status.shape[2])

    @property
    def cells(self) -> int:
        """All cells, ended or not."""
        return int(self.status.size)

    @property
    def ended(self) -> int:
        """Cells that are neither waiting nor running."""
        return int(np.count_nonzero(~np.isin(self.status, NOT_RUN)))

    def number(self, name: str) -> int:
        """The place of a variant by its name; "" is the first. Raises ValueError naming those there are."""
        names = [entry.name for entry in self.entries]
        if name and name not in names:
            raise ValueError(f'"{name}" is no variant; they are {", ".join(names)}.')
        return names.index(name) if name else 0

    def values(self, metric: str) -> Floats:
        """Variants × cases: the mean of the repeats that have a value."""
        return mean_of(self.passed if metric == PASSES else self.score)

    def value(self, metric: str, variant: int, case: int) -> float:
        """That of one variant and case alone."""
        array = self.passed if metric == PASSES else self.score
        there = [value for value in array[variant, case].tolist() if value == value]
        return sum(there) / len(there) if there else float("nan")

    def only(self, cases: NDArray[np.bool_]) -> Table:
        """The same over some of the cases."""
        kept = np.flatnonzero(cases)
        place = {int(old): new for new, old in enumerate(kept)}
        arrays: dict[str, Any] = {
            name: getattr(self, name)[:, kept]
            for name in ("status", "passed", "score", "tokens", "seconds", "cut")
        }
        return Table(
            entries=self.entries,
            cases=tuple(self.cases[n] for n in kept),
            **arrays,
            reasons={(v, place[c], r): why for (v, c, r), why in self.reasons.items() if c in place},
            columns={name: tuple(values[n] for n in kept) for name, values in self.columns.items()},
            cluster=tuple(self.cluster[n] for n in kept) if self.cluster else (),
            checks=self.checks,
            data=self.data,
            leaks=self.leaks,
            attempt=self.attempt,
            stated_at=self.stated_at,
            state=self.state,
        )


def table_of(
    entries: Sequence[Entry],
    cases: Sequence[str],
    slots: Iterable[Slot],
    *,
    repeats: int = 1,
    columns: Mapping[str, Sequence[object]] | None = None,
    cluster: Sequence[str] = (),
    checks: Sequence[str] = (),
    data: str = "",
    leaks: int = 0,
    attempt: int = 1,
    stated_at: datetime | None = None,
    state: State = "done",
    ratings: Sequence[Rating] = (),
) -> Table:
    """The table of these cells; a cell that no slot names waits. Raises ValueError when columns do not fit the cases."""
    for name, values in {**(columns or {}), **({"the cluster": cluster} if cluster else {})}.items():
        if len(values) != len(cases):
            raise ValueError(f"{name} has {len(values)} values for {len(cases)} cases.")
    shape = (len(entries), len(cases), repeats)
    status = np.full(shape, "pending", dtype="<U11")
    passed, score, tokens, seconds = (np.full(shape, np.nan) for _ in range(4))
    cut = np.zeros(shape, dtype=bool)
    reasons: dict[tuple[int, int, int], str] = {}
    for slot in slots:
        at = (slot.variant, slot.case, slot.repeat)
        status[at] = slot.status
        if slot.reason:
            reasons[at] = slot.reason
        if slot.status != "done":
            continue
        cut[at] = slot.cut
        for array, value in (
            (passed, slot.passed),
            (score, slot.score),
            (tokens, slot.tokens),
            (seconds, slot.seconds),
        ):
            if value is not None:
                array[at] = value
    return Table(
        tuple(entries),
        tuple(cases),
        status,
        passed,
        score,
        tokens,
        seconds,
        cut,
        reasons,
        {name: tuple(values) for name, values in (columns or {}).items()},
        tuple(cluster),
        tuple(checks),
        data,
        leaks,
        attempt,
        stated_at,
        state,
        tuple(ratings),
    )


def mean_of(values: Floats) -> Floats:
    """The mean over the last axis of what is there; NaN where nothing is."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # "mean of empty slice" is what NaN says
        return np.asarray(np.nanmean(values, axis=-1))
