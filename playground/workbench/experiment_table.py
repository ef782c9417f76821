"""The cells of an experiment as the table that verdicts are made from.

table = table_of_experiment(stored, grid, outcomes)      # also of one that runs: what has not ended waits
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from playground.scorers import check_hash
from playground.techniques.registry import SINGLE, technique_of
from playground.types.experiment import TWIN
from playground.types.grid import CellStatus
from playground.types.outcomes import OPEN, Outcome, StoredExperiment
from playground.types.prompt import TechniqueChoice
from playground.verdicts import Entry, Slot, Table, table_of

SHORT = 80
"""A value that is longer is no value to slice by."""
_PLAIN = {str, int, float, bool, type(None)}


@dataclass(frozen=True, slots=True)
class Grid:
    """What the cases of an experiment are told apart by: the ids of their rows, and the columns to look at them by."""

    cases: tuple[str, ...]
    columns: Mapping[str, tuple[object, ...]]
    cluster: tuple[str, ...]


def grid_of(stored: StoredExperiment, rows: Iterable[tuple[str, Mapping[str, Any]]]) -> Grid:
    """The grid of these cases, each the id of a row with its values."""
    ids: list[str] = []
    values: list[Mapping[str, Any]] = []
    for number, (row_id, given) in enumerate(rows, 1):
        ids.append(row_id or str(number))
        values.append(given)
    names = stored.slices or tuple(dict.fromkeys(name for given in values for name in given))
    columns = {name: tuple(given.get(name) for given in values) for name in names}
    cluster: tuple[str, ...] = ()
    if stored.cluster:
        # A row without a value is a cluster of its own.
        cluster = tuple(
            str(given[stored.cluster]) if given.get(stored.cluster) not in (None, "") else f"row {number}"
            for number, given in enumerate(values, 1)
        )
    return Grid(tuple(ids), {name: each for name, each in columns.items() if _is_short(each)}, cluster)


def table_of_experiment(stored: StoredExperiment, grid: Grid, outcomes: Sequence[Outcome]) -> Table:
    """The table of an experiment as it stands."""
    experiment, row = stored.experiment, stored.row
    data = row.dataset + (f", version {row.number}" if row.number else "")
    data += f", scored by version {stored.expected_of}" if stored.expected_of else ""
    found = table_of(
        [_entry(stored, name) for name in stored.names],
        grid.cases,
        (
            Slot(
                *(outcome.key.variant, outcome.key.case, outcome.key.repeat),
                status=_status(outcome.status),
                passed=outcome.passed,
                score=outcome.score,
                reason=outcome.reason,
                cut=outcome.cut,
                tokens=outcome.tokens,
                seconds=outcome.seconds,
            )
            for outcome in outcomes
        ),
        repeats=experiment.repeats,
        columns=grid.columns,
        cluster=grid.cluster,
        checks=[check_hash(check) for check in stored.checks],
        data=data,
        leaks=stored.leaks,
        attempt=row.attempt,
        stated_at=row.created_at,
        state="running" if row.state in ("running", "paused") else cast(Any, row.state),
    )
    return replace(found, cached=sum(outcome.cached for outcome in outcomes))


def _status(status: str) -> CellStatus:
    """What has not ended waits, whatever ended it before."""
    return cast(CellStatus, status if status == "running" or status not in OPEN else "pending")


def _entry(stored: StoredExperiment, name: str) -> Entry:
    baseline = stored.experiment.baseline
    is_twin = stored.experiment.twin and name == baseline + TWIN
    return Entry(
        name=name,
        title=title_of(stored.technique_of(name)),
        prompt=stored.run_prompts.get(name, ""),
        model=stored.run_models.get(name, ""),
        ignored=tuple(stored.ignored.get(name, ())),
        twin_of=baseline if is_twin else "",
    )


def title_of(choice: TechniqueChoice | None) -> str:
    """What a technique is called, with how many samples it takes; "" for the prompt as it is."""
    if choice is None or choice.name == SINGLE:
        return ""
    samples = choice.options.get("samples")
    return technique_of(choice.name).title + (f", {samples}" if samples else "")


def _is_short(values: Sequence[object]) -> bool:
    return {type(value) for value in values} <= _PLAIN and all(
        len(value) <= SHORT for value in values if isinstance(value, str)
    )
