"""The desk of labels: what people say of single answers by a judge's criterion, beside what the judge said of the same.

    await desk.put(run_id, check, CellKey(33, 0, 0), passes=False, note="Grants both.")
    (await desk.alignment(run_id, check)).agreement

The first answer of each case and variant is judged and labelled. A judge has no card before people have labelled.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING

from playground.errors import PlaygroundError
from playground.runs.scoring import sample_of
from playground.scorers import check_hash, check_name, questions
from playground.store import Store
from playground.types.grid import Case, CellKey, Work
from playground.types.outcomes import HandLabel
from playground.types.prompt import Check
from playground.types.scores import Question, Sample
from playground.workbench.experiments import ExperimentDesk
from playground.workbench.scoring import ScoringDesk

if TYPE_CHECKING:
    from playground.verdicts import Aligned, Place

log = logging.getLogger(__name__)

MOST_REVERSED = 40
"""Answers that a judge is asked about again at once."""
PORTION = 500


class LabelDesk:
    """Labels of experiments' answers."""

    def __init__(self, store: Store, experiments: ExperimentDesk, scoring: ScoringDesk) -> None:
        self._store = store
        self._experiments = experiments
        self._scoring = scoring
        self._asking: dict[tuple[str, str], tuple[int, int]] = {}
        self._tasks: dict[tuple[str, str], asyncio.Task[None]] = {}

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

    # --- asked in reverse -------------------------------------------------------------------------------

    async def reversed_marks(self, run_id: str, check: Check) -> dict[Place, bool]:
        """What the judge says of answers when its two words are named in reverse, as far as it was asked."""
        found = await asyncio.to_thread(self._store.hand_labels.of, run_id, check_hash(check), "reversed")
        return {(each.key.variant, each.key.case): each.passes for each in found}

    def asking(self, run_id: str, check: Check) -> tuple[int, int] | None:
        """How many answers were asked of how many, while that runs."""
        return self._asking.get((run_id, check_hash(check)))

    async def ask_in_reverse(self, run_id: str, check: Check) -> None:
        """Ask the judge again about labelled, held-out answers, in the background; nothing while that runs already."""
        place = run_id, check_hash(check)
        if place in self._asking:
            return
        known = await self.reversed_marks(run_id, check)
        wanted = [at for at in (await self.alignment(run_id, check)).held_out if at not in known][
            :MOST_REVERSED
        ]
        if wanted and place not in self._asking:
            self._asking[place] = 0, len(wanted)
            self._tasks[place] = asyncio.create_task(self._ask_all(run_id, check, frozenset(wanted)))

    async def _ask_all(self, run_id: str, check: Check, wanted: frozenset[Place]) -> None:
        place = run_id, check_hash(check)
        try:
            spec = await asyncio.to_thread(self._store.experiments.spec, run_id)
            rows = await asyncio.to_thread(self._store.experiments.rows, run_id)
            asks, last = [], 0
            while portion := await asyncio.to_thread(self._store.experiments.answers, run_id, last, PORTION):
                last = portion[-1].cell_id
                for cell in portion:
                    case, variant, repeat = cell.key
                    if (variant, case) in wanted and repeat == 0:
                        of = spec.variants[variant]
                        prompt, values = of.prompt or spec.prompt, rows[case][1]
                        sample = sample_of(prompt, values, cell.answer)
                        work = Work(cell.key, of, Case(values=values), prompt, (), of.sampling)
                        asks += [
                            self._ask_one(run_id, check, each, sample, work)
                            for each in questions([check], sample)
                        ]
            await asyncio.gather(*asks)
        except PlaygroundError as exc:
            log.warning("The judge was not asked in reverse. %s", exc)
        finally:
            self._asking.pop(place, None)
            self._tasks.pop(place, None)

    async def _ask_one(
        self, run_id: str, check: Check, question: Question, sample: Sample, work: Work
    ) -> None:
        told = await self._scoring.found(question._replace(kind="reversed"), sample, work, run_id)
        if not told.lacks:
            passes = bool(told.value[0]) != check.negate
            put = partial(
                self._store.hand_labels.put, run_id, work.key, check_hash(check), passes, kind="reversed"
            )
            await asyncio.to_thread(put)
        place = run_id, check_hash(check)
        done, of = self._asking[place]
        self._asking[place] = done + 1, of

    async def wait(self) -> None:
        """Until nothing is asked any more."""
        await asyncio.gather(*self._tasks.values())

    # --- both beside each other -------------------------------------------------------------------------

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
