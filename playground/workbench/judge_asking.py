"""A judge asked again in the background: about some answers of an experiment, or about all of them.

    asking.begin(run_id, check, "reversed", {17, 18})     # the cells; None is every answer
    asking.progress(run_id, check)                        →  (3, 40), None once nothing is asked

What it says is kept with the labels, each as it comes: what was asked is never asked a second time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from functools import partial

from playground.errors import PlaygroundError
from playground.runs.scoring import sample_of
from playground.scorers import check_hash, questions
from playground.scorers.judged import Judgement
from playground.store import Store
from playground.store.experiment_cells import Answered
from playground.types.grid import Case, Work
from playground.types.outcomes import LabelKind
from playground.types.prompt import Check
from playground.types.scores import Question, Sample
from playground.workbench.scoring import ScoringDesk

log = logging.getLogger(__name__)

PORTION = 500


@dataclass(slots=True)
class Asking:
    """A judge that is being asked: `done` of `of` questions have ended, with an answer or without."""

    of: int
    done: int = 0
    task: asyncio.Task[None] | None = None


class JudgeAsking:
    """The judges that are asked now. Belongs to one event loop."""

    def __init__(self, store: Store, scoring: ScoringDesk) -> None:
        self._store = store
        self._scoring = scoring
        self._asking: dict[tuple[str, str], Asking] = {}

    def progress(self, run_id: str, check: Check) -> tuple[int, int] | None:
        """How many were asked of how many, while that runs."""
        found = self._asking.get((run_id, check_hash(check)))
        return (found.done, found.of) if found is not None else None

    def begin(
        self,
        run_id: str,
        check: Check,
        kind: LabelKind,
        cells: Collection[int] | None,
        then: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Ask about these cells, None is every answer; `then` is done at the end. Nothing while this judge is asked already."""
        place = run_id, check_hash(check)
        if place in self._asking or cells is not None and not cells:
            return
        asking = self._asking[place] = Asking(len(cells or ()))
        asking.task = asyncio.create_task(self._all(run_id, check, kind, cells, asking, then))

    async def wait(self) -> None:
        """Until nothing is asked any more."""
        await asyncio.gather(*(each.task for each in self._asking.values() if each.task is not None))

    async def _all(
        self,
        run_id: str,
        check: Check,
        kind: LabelKind,
        cells: Collection[int] | None,
        asking: Asking,
        then: Callable[[], Awaitable[None]] | None,
    ) -> None:
        experiments, labels = self._store.experiments, self._store.hand_labels
        try:
            spec = await asyncio.to_thread(experiments.spec, run_id)
            rows = await asyncio.to_thread(experiments.rows, run_id)
            known = {
                each.cell_id for each in await asyncio.to_thread(labels.of, run_id, check_hash(check), kind)
            }
            answers = await self._answers(run_id, cells, known)
            asks = []
            for cell in answers:
                variant = spec.variants[cell.key.variant]
                prompt, values = variant.prompt or spec.prompt, rows[cell.key.case][1]
                sample = sample_of(prompt, values, cell.answer)
                work = Work(cell.key, variant, Case(values=values), prompt, (), variant.sampling)
                asks += [
                    self._one(run_id, check, kind, each, sample, work, asking)
                    for each in questions([check], sample)
                ]
            asking.of = len(asks)
            kept = await asyncio.gather(*asks)
            if then is not None and all(kept):
                await then()
        except PlaygroundError as exc:
            log.warning("The judge was not asked about everything. %s", exc)
        finally:
            self._asking.pop((run_id, check_hash(check)), None)

    async def _answers(
        self, run_id: str, cells: Collection[int] | None, known: Collection[int]
    ) -> list[Answered]:
        experiments = self._store.experiments
        if cells is not None:
            return await asyncio.to_thread(experiments.answers_of, set(cells) - set(known))
        found: list[Answered] = []
        last = 0
        while portion := await asyncio.to_thread(experiments.answers, run_id, last, PORTION):
            last = portion[-1].cell_id
            found += [cell for cell in portion if cell.cell_id not in known]
        return found

    async def _one(
        self,
        run_id: str,
        check: Check,
        kind: LabelKind,
        question: Question,
        sample: Sample,
        work: Work,
        asking: Asking,
    ) -> bool:
        """Whether what was said, if anything, was kept."""
        if kind == "reversed":
            question = question._replace(kind="reversed")
        try:
            told = await self._scoring.found(question, sample, work, run_id)
            if not told.lacks:
                await asyncio.to_thread(self._keep, run_id, check, kind, work, told.value)
            return True
        except PlaygroundError as exc:  # of one answer; the others are asked all the same
            log.warning("What the judge said of one answer was not kept. %s", exc)
            return False
        finally:
            asking.done += 1

    def _keep(self, run_id: str, check: Check, kind: LabelKind, work: Work, said: Judgement) -> None:
        sure = said.probability
        put = partial(self._store.hand_labels.put, run_id, work.key, check_hash(check), kind=kind)
        put(
            said.passes != check.negate,
            note=said.reason,
            probability=1 - sure if sure is not None and check.negate else sure,
            tokens=said.tokens,
            total_s=said.total_s,
        )
