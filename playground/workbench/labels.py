"""The desk of labels: what people say of single answers by a judge's criterion, beside what the judge said of the same.

    await desk.put(run_id, check, CellKey(33, 0, 0), passes=False, note="Grants both.")
    (await desk.alignment(run_id, check)).agreement
    number = await desk.improve(run_id, check, "Grants one of the two, not both.")      # a second version of the judge
    (await desk.alignment(run_id, check, number)).disagreements

The first answer of each case and variant is judged and labelled. A judge has no card before people have labelled. Labels
belong to the judge whatever it is told by now; what it said belongs to the version that said it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from playground.errors import NotFoundError, PromptError, StoreBusy
from playground.runs.scoring import sample_of
from playground.scorers import check_called, check_hash, check_problem
from playground.scorers.text import word_count
from playground.store import Store
from playground.types.grid import CellKey
from playground.types.outcomes import HandLabel, JudgeVersion, LabelKind
from playground.types.prompt import Check
from playground.workbench.experiments import ExperimentDesk
from playground.workbench.judge_asking import JudgeAsking
from playground.workbench.scoring import ScoringDesk

if TYPE_CHECKING:
    from playground.verdicts import Aligned, Place

MOST_REVERSED = 40
"""Answers that a judge is asked about again in reverse at once."""


class LabelDesk:
    """Labels of experiments' answers, and the versions of their judges."""

    def __init__(self, store: Store, experiments: ExperimentDesk, scoring: ScoringDesk) -> None:
        self._store = store
        self._experiments = experiments
        self._asking = JudgeAsking(store, scoring)

    async def of(self, run_id: str, check: Check) -> tuple[HandLabel, ...]:
        """What people said, the oldest first."""
        line = await self._line(run_id, check)
        return await asyncio.to_thread(self._store.hand_labels.of, run_id, line)

    async def put(
        self,
        run_id: str,
        check: Check,
        key: CellKey,
        passes: bool | None,
        note: str = "",
        voter: str = "",
        *,
        is_again: bool = False,
    ) -> None:
        """What a person says of one answer; None takes it back. Raises NotFoundError without an answer.

        `is_again` is of an answer that the person was shown a second time: its label stays what it was.
        """
        line = await self._line(run_id, check)
        kind: LabelKind = "again" if is_again else "label"
        put = self._store.hand_labels.put
        await asyncio.to_thread(lambda: put(run_id, key, line, passes, note=note, voter=voter, kind=kind))

    async def marks(self, run_id: str, check: Check) -> dict[Place, bool]:
        """Which answers a check passes, by variant and case; none of those that it does not apply to."""
        scores = await self._scored(run_id, check)
        return {place: value >= 1 for place, (value, _, _) in scores.items()}

    async def _scored(self, run_id: str, check: Check) -> dict[Place, tuple[float, float | None, str]]:
        found = await asyncio.to_thread(self._store.hand_labels.scored, run_id, check_hash(check))
        return {(key.variant, key.case): told for key, told in found.items() if key.repeat == 0}

    # --- versions ---------------------------------------------------------------------------------------

    async def versions(self, run_id: str, check: Check) -> tuple[JudgeVersion, ...]:
        """The versions of a judge, the one that it began with first; `check` is any of them."""
        mark = check_hash(check)
        for found in (await asyncio.to_thread(self._store.hand_labels.versions, run_id)).values():
            if any(check_hash(each.check) == mark for each in found):
                return found
        return (JudgeVersion(1, check),)

    async def _line(self, run_id: str, check: Check) -> str:
        """What the labels of a judge are kept under."""
        return criterion_of((await self.versions(run_id, check))[0].check)

    async def version(self, run_id: str, check: Check, number: int | None = None) -> JudgeVersion:
        """One version by its number, the newest without one. Raises NotFoundError."""
        found = await self.versions(run_id, check)
        if number is None:
            return found[-1]
        if not 1 <= number <= len(found):
            raise NotFoundError(f"This judge has no version {number}.", f"Its newest is {len(found)}.")
        return found[number - 1]

    async def improve(self, run_id: str, check: Check, criterion: str) -> int:
        """A further version of the judge with this criterion, asked about the working half; its number.

        That of a version that has just this criterion, if there is one. Raises PromptError for a criterion that cannot be.
        """
        versions = await self.versions(run_id, check)
        criterion = criterion.strip()
        new = check.model_copy(update={"options": {**check.options, "criterion": criterion}})
        if problem := check_problem(new) or ("" if criterion else "A judge needs a criterion."):
            raise PromptError(problem, "Say in a sentence what the answer must do.")
        known = [each.number for each in versions if check_hash(each.check) == check_hash(new)]
        first = versions[0].check
        number = (
            known[0]
            if known
            else await asyncio.to_thread(
                self._store.hand_labels.add_version, run_id, check_hash(first), first, new
            )
        )
        await self.ask(run_id, check, number, "working")
        return number

    async def ask(self, run_id: str, check: Check, number: int, half: str) -> None:
        """Ask a version about the labelled answers of one half, or of "both", in the background; once each."""
        version = await self.version(run_id, check, number)
        aligned = await self.alignment(run_id, check, number)
        held = aligned.held_places
        wanted = {
            label.cell_id
            for label in await self.of(run_id, check)
            if label.key.repeat == 0
            and (at := (label.key.variant, label.key.case)) not in aligned.judge
            and (half == "both" or (at in held) == (half == "held-out"))
        }
        self._asking.begin(run_id, version.check, "asked", wanted)

    async def use(self, run_id: str, check: Check, number: int) -> None:
        """Judge every answer of the experiment by a version, in the background, and score by it from then on.

        It counts as a further attempt on the question. Raises PromptError where the rule decides by this judge alone,
        StoreBusy while the experiment runs.
        """
        kept = await self._experiments.get(run_id)
        if kept.state == "running":
            raise StoreBusy("The experiment runs.", "Pause it, or wait until it is done.")
        deciding = check_called(kept.checks, kept.experiment.rule.metric)
        if deciding is not None and check_hash(deciding) == check_hash(check):
            raise PromptError(
                "The rule decides by this judge, and was fixed before the run.",
                "Set up another experiment with the new criterion.",
            )
        version = await self.version(run_id, check, number)
        checks = [version.check if check_hash(each) == check_hash(check) else each for each in kept.checks]
        old = await asyncio.to_thread(self._store.hand_labels.scored, run_id, check_hash(check))

        async def exchanged() -> None:
            await self._keep_said(run_id, check, old)
            await self._experiments.rescore(run_id, checks)

        self._asking.begin(run_id, version.check, "asked", None, exchanged)

    async def _keep_said(
        self, run_id: str, check: Check, old: dict[CellKey, tuple[float, float | None, str]]
    ) -> None:
        """What a version said of labelled answers stays with it when another one scores."""
        labels = self._store.hand_labels
        for key in {label.key for label in await self.of(run_id, check)} & set(old):
            value, sure, why = old[key]

            def put(
                key: CellKey = key, value: float = value, sure: float | None = sure, why: str = why
            ) -> None:
                labels.put(
                    run_id, key, check_hash(check), value >= 1, note=why, kind="asked", probability=sure
                )

            await asyncio.to_thread(put)

    def asking(self, run_id: str, check: Check) -> tuple[int, int] | None:
        """How many answers a version was asked about of how many, while that runs."""
        return self._asking.progress(run_id, check)

    async def price(self, run_id: str, check: Check) -> tuple[float | None, float | None]:
        """Tokens and seconds of a call of this version, as a mean of those that were measured; None without any."""
        said = [
            each
            for kind in ("asked", "reversed")
            for each in await asyncio.to_thread(self._store.hand_labels.of, run_id, check_hash(check), kind)
        ]
        tokens = [each.tokens for each in said if each.tokens is not None]
        seconds = [each.total_s for each in said if each.total_s is not None]
        return (
            sum(tokens) / len(tokens) if tokens else None,
            sum(seconds) / len(seconds) if seconds else None,
        )

    # --- asked in reverse -------------------------------------------------------------------------------

    async def reversed_marks(self, run_id: str, check: Check) -> dict[Place, bool]:
        """What a version says of answers when its two words are named in reverse, as far as it was asked."""
        found = await asyncio.to_thread(self._store.hand_labels.of, run_id, check_hash(check), "reversed")
        return {(each.key.variant, each.key.case): each.passes for each in found}

    async def ask_in_reverse(self, run_id: str, check: Check, number: int | None = None) -> None:
        """Ask a version again about labelled, held-out answers, in the background; nothing while that runs already."""
        version = await self.version(run_id, check, number)
        known = await self.reversed_marks(run_id, version.check)
        held = (await self.alignment(run_id, check, number)).held_out
        wanted = [at for at in held if at not in known][:MOST_REVERSED]
        cells = {
            label.cell_id
            for label in await self.of(run_id, check)
            if label.key.repeat == 0 and (label.key.variant, label.key.case) in wanted
        }
        self._asking.begin(run_id, version.check, "reversed", cells)

    async def wait(self) -> None:
        """Until nothing is asked any more."""
        await self._asking.wait()

    # --- both beside each other -------------------------------------------------------------------------

    async def alignment(self, run_id: str, check: Check, number: int | None = None) -> Aligned:
        """A version of the judge beside the labels; without a number the one that the experiment is scored by.

        Raises NotFoundError.
        """
        version = check if number is None else (await self.version(run_id, check, number)).check
        return (await self.alignments(run_id, check, [version]))[0]

    async def alignments(self, run_id: str, check: Check, versions: Sequence[Check]) -> list[Aligned]:
        """Versions of the judge, each beside the same labels; cases and labels are read once. Raises NotFoundError."""
        from playground.verdicts import align, labelling_order

        line = await self._line(run_id, check)
        given = await asyncio.to_thread(self._store.hand_labels.of, run_id, line)
        labels = {(each.key.variant, each.key.case): each for each in given if each.key.repeat == 0}
        passes = {at: each.passes for at, each in labels.items()}
        again = await self._again(run_id, line, labels)
        order = labelling_order((await self._experiments.table(run_id)).cases)
        found = []
        for version in versions:
            marks, sure, reasons = await self._said(run_id, version)
            of_one = partial(align, marks, passes, order, sure=sure, reasons=reasons, again=again)
            found.append(await asyncio.to_thread(of_one))
        return found

    async def _said(
        self, run_id: str, version: Check
    ) -> tuple[dict[Place, bool], dict[Place, float], dict[Place, str]]:
        """What a version says, how sure it was, and why: of every answer where it scores, else of those it was asked about."""
        scored = await self._scored(run_id, version)
        if not scored:
            asked = await asyncio.to_thread(self._store.hand_labels.of, run_id, check_hash(version), "asked")
            scored = {
                (each.key.variant, each.key.case): (float(each.passes), each.probability, each.note)
                for each in asked
                if each.key.repeat == 0
            }
        return (
            {at: value >= 1 for at, (value, _, _) in scored.items()},
            {at: sure for at, (_, sure, _) in scored.items() if sure is not None},
            {at: why for at, (_, _, why) in scored.items()},
        )

    async def _again(self, run_id: str, line: str, labels: dict[Place, HandLabel]) -> dict[Place, bool]:
        """What people said of answers that they were shown a second time.

        A label that was given after that was thought over, with the judge's reason in view: it tells of no second time.
        """
        found = await asyncio.to_thread(self._store.hand_labels.of, run_id, line, "again")
        return {
            at: each.passes
            for each in found
            if (first := labels.get(at := (each.key.variant, each.key.case))) is not None
            and first.given_at is not None
            and each.given_at is not None
            and first.given_at <= each.given_at
        }

    async def words(self, run_id: str, check: Check) -> dict[Place, int]:
        """How long each labelled answer is, as judges saw it: in words, Chinese and Japanese by character."""
        labels = {each.cell_id: each.key for each in await self.of(run_id, check) if each.key.repeat == 0}
        if not labels:
            return {}
        spec = await asyncio.to_thread(self._store.experiments.spec, run_id)
        rows = await asyncio.to_thread(self._store.experiments.rows, run_id)
        found = await asyncio.to_thread(self._store.experiments.answers_of, list(labels))

        def counted() -> dict[Place, int]:
            return {
                (cell.key.variant, cell.key.case): word_count(
                    sample_of(
                        spec.variants[cell.key.variant].prompt or spec.prompt,
                        rows[cell.key.case][1],
                        cell.answer,
                    ).answer
                )
                for cell in found
            }

        return await asyncio.to_thread(counted)


def criterion_of(check: Check) -> str:
    """What a judge's labels are kept under: its criterion, whichever model judges by it."""
    return check_hash(
        Check(
            scorer=check.scorer,
            options={"criterion": check.options.get("criterion", "")},
            negate=check.negate,
        )
    )
