"""Of columns with several samples in a list of runs: how many of the last press pass all their checks.

shares(session, {("3f…", 0): 8}) → {("3f…", 0): Share(passing=6, judged=8)}
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlmodel import Session, col, select

from playground.store.tables import Cell


class Share(NamedTuple):
    """`judged` counts the samples to which a check applies, `passing` those that pass every one of theirs."""

    passing: int
    judged: int


Verdict = Callable[[Sequence[int]], Mapping[int, Any]]
"""Passed and applying checks of cells, by their ids."""


def samples_of_columns(comparison: Mapping[str, Any]) -> dict[int, int]:
    """How many samples each column of a stored comparison has, for those that have several."""
    counts = ((number, column.get("samples", 1)) for number, column in enumerate(comparison["columns"]))
    return {number: count for number, count in counts if count > 1}


def shares(
    session: Session, samples: Mapping[tuple[str, int], int], verdict: Verdict
) -> dict[tuple[str, int], Share]:
    """The share of each run and column in `samples`, which tells how many samples it has; one query for all."""
    if not samples:
        return {}
    repeats: dict[tuple[str, int], dict[int, int]] = defaultdict(dict)
    rows = select(Cell.id, Cell.run_id, Cell.variant_number, Cell.repeat).where(
        col(Cell.run_id).in_(sorted({run_id for run_id, _ in samples})), col(Cell.case_number) == 0
    )
    for cell_id, run_id, number, repeat in session.exec(rows):
        if (run_id, number) in samples and cell_id is not None:
            repeats[run_id, number][repeat] = cell_id
    last = {place: _last_press(cells, samples[place]) for place, cells in repeats.items()}
    checks = verdict([cell_id for ids in last.values() for cell_id in ids])
    found = {}
    for place, ids in last.items():
        judged = [checks[cell_id] for cell_id in ids if cell_id in checks]
        found[place] = Share(sum(each.passed == each.applying for each in judged), len(judged))
    return found


def _last_press(cells: Mapping[int, int], samples: int) -> list[int]:
    """The cells of the last press, as `runs.samples` tells them."""
    newest = max(cells)
    return [cell_id for repeat, cell_id in cells.items() if repeat >= newest - newest % samples]
