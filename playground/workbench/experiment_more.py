"""Further cases of an experiment that ended undecided: how many its data have left, and which come next.

    room = await room_of(workbench.datasets, stored)        # Room(used=160, there=240, newest=4, in_newest=300, …)
    cases = await next_cases(planner, stored, 40, ids, room.name)   # the 40 that follow those it has

Rows are drawn by the seed, so that a larger draw holds the smaller one; nothing that was answered is asked again.
"""

from __future__ import annotations

from typing import NamedTuple

from playground.errors import NotFoundError, PromptError
from playground.plurals import plural
from playground.types.dataset import DatasetRef, DatasetVersion
from playground.types.grid import Case
from playground.types.outcomes import StoredExperiment
from playground.workbench.datasets import DatasetDesk
from playground.workbench.experiment_plan import Planner


class Room(NamedTuple):
    """Rows that an experiment has used, that its version has in that half, and that the newest version has."""

    used: int
    there: int
    newest: int
    in_newest: int
    dataset_id: str
    name: str
    """What the data set is called now."""

    @property
    def left(self) -> int:
        """Rows of its own version that it has not used."""
        return max(0, self.there - self.used)


async def room_of(datasets: DatasetDesk, stored: StoredExperiment) -> Room:
    """What is left of its data. Raises PromptError when it has no data set, NotFoundError when that is gone."""
    row = stored.row
    if row.number is None:
        raise PromptError(
            "The cases of this experiment are of no data set.",
            "Add rows where they are kept, and set the experiment up again.",
        )
    try:
        name = row.dataset
        if row.dataset_id:  # it may be called otherwise now, and another one as it was
            name = (await datasets.version(row.dataset_id, row.number)).name
        version = await datasets.find(DatasetRef(name=name, number=row.number))
        if row.dataset_id not in ("", version.dataset_id):
            raise NotFoundError(f"{name} is another data set now.")
        newest = await datasets.version(version.dataset_id)
    except NotFoundError as exc:
        is_binned = row.dataset_id and await datasets.place(row.dataset_id) == "bin"
        raise NotFoundError(
            f"The data set {row.dataset} is not here any more.",
            "Put it back from the bin of the Data tab."
            if is_binned
            else "Set up another experiment over one that is there.",
        ) from exc
    return Room(
        stored.cases,
        _rows(version, stored.half),
        newest.number,
        _rows(newest, stored.half),
        newest.dataset_id,
        newest.name,
    )


def _rows(version: DatasetVersion, half: str) -> int:
    return {"train": version.train, "held-out": version.held_out}.get(half, version.rows)


async def next_cases(
    planner: Planner, stored: StoredExperiment, more: int, ids: list[str], name: str
) -> tuple[Case, ...]:
    """So many cases after those it has, whose row `ids` are given, of the data set of this `name`. Raises PromptError where its rule or data forbid it."""
    experiment, row = stored.experiment, stored.row
    if experiment.rule.looking != "any time":
        raise PromptError(
            f"The rule fixed {plural(stored.cases, 'case')} before the first answer: more of them would be no part of it.",
            "Set it up again over more cases: that is another attempt.",
        )
    wanted = experiment.cases.model_copy(
        update={"dataset": f"{name}@{row.number}", "limit": stored.cases + more}
    )
    resolved = await planner.resolve(experiment.model_copy(update={"cases": wanted}))
    cases = resolved.spec.cases
    if [case.row_id for case in cases[: len(ids)]] != ids:
        raise PromptError(
            "The rows do not follow those that were answered.", "Set the experiment up again over more cases."
        )
    if len(cases) == len(ids):
        raise PromptError(
            f"All {len(ids):,} rows of version {row.number} are used.", "Import more rows, or generate some."
        )
    return cases[len(ids) :]
