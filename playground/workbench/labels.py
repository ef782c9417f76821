"""The desk of labels: what people say of single answers by a judge's criterion, beside what the judge said of the same.

    await desk.put(run_id, check, CellKey(33, 0, 0), passes=False, note="Grants both.")
    (await desk.alignment(run_id, check)).agreement

The first answer of each case and variant is judged and labelled. A judge has no card before people have labelled.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from playground.scorers import check_hash, check_name
from playground.store import Store
from playground.types.grid import CellKey
from playground.types.outcomes import HandLabel
from playground.types.prompt import Check
from playground.workbench.experiments import ExperimentDesk

if TYPE_CHECKING:
    from playground.verdicts import Aligned, Place


class LabelDesk:
    """Labels of experiments' answers."""

    def __init__(self, store: Store, experiments: ExperimentDesk) -> None:
        self._store = store
        self._experiments = experiments

    async def of(self, run_id: str, check: Check) -> tuple[HandLabel, ...]:
        """What people said, the oldest first."""
        return await asyncio.to_thread(self._store.hand_labels.of, run_id, criterion_of(check))

    async def put(
        self, run_id: str, check: Check, key: CellKey, passes: bool | None, note: str = "", voter: str = ""
    ) -> None:
        """What a person says of one answer; None takes it back. Raises NotFoundError without an answer."""
        criterion = criterion_of(check)
        await asyncio.to_thread(
            self._store.hand_labels.put, run_id, key, criterion, passes, note=note, voter=voter
        )

    async def marks(self, run_id: str, check: Check) -> dict[Place, bool]:
        """Which answers a check passes, by variant and case; none of those that it does not apply to."""
        scores = await self._experiments.scores_of_check(run_id, check_name(check))
        return {(key.variant, key.case): score >= 1 for key, score in scores.items() if key.repeat == 0}

    async def alignment(self, run_id: str, check: Check) -> Aligned:
        """The judge beside the labels. Raises NotFoundError."""
        from playground.verdicts import align, labelling_order

        labels = {(each.key.variant, each.key.case): each.passes for each in await self.of(run_id, check)}
        table = await self._experiments.table(run_id)
        marks = await self.marks(run_id, check)
        return await asyncio.to_thread(align, marks, labels, labelling_order(table.cases))


def criterion_of(check: Check) -> str:
    """What a judge's labels are kept under: its criterion, whichever model judges by it."""
    return check_hash(
        Check(
            scorer=check.scorer,
            options={"criterion": check.options.get("criterion", "")},
            negate=check.negate,
        )
    )
