"""The desk of experiments: plan, start, pause, stop, go on, look at; they run in the background of the program.

    estimate = await desk.plan(experiment)      # nothing is stored
    run_id = await desk.start(experiment)       # goes on whether anybody looks or not
    await desk.progress(run_id), await desk.table(run_id)

An experiment is a stored run of kind "experiment": its answers are in History, and what is more of it in the store's
`experiments`. What was running when a program ended, however it did, goes on with `go_on` or `resume`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from playground.endings import ended
from playground.errors import PlaygroundError, PromptError, StoreBusy
from playground.plain_words import of_field
from playground.runs.gate import background
from playground.scorers import check_problem
from playground.store import Store
from playground.store.changes import CreateRun
from playground.store.experiments import NewExperiment
from playground.store.records import StoredCell
from playground.types.experiment import Experiment, ExperimentState, Limits
from playground.types.grid import CellKey
from playground.types.outcomes import (
    Better,
    Estimate,
    ExperimentPage,
    FailureGroup,
    Outcome,
    Progress,
    StoredExperiment,
    UnderWay,
    Unscored,
)
from playground.types.prompt import Check
from playground.workbench.datasets import DatasetDesk
from playground.workbench.experiment_going import Desks, Going
from playground.workbench.experiment_keeping import Keeping
from playground.workbench.experiment_more import Room, next_cases, room_of
from playground.workbench.experiment_plan import Planner, Resolved
from playground.workbench.experiment_progress import check_of, works_of
from playground.workbench.experiment_standing import Standing
from playground.workbench.experiment_summary import Summaries
from playground.workbench.models import ModelDesk
from playground.workbench.prompts import PromptDesk
from playground.workbench.rescoring import rescore
from playground.workbench.runs import RunDesk

if TYPE_CHECKING:
    from playground.verdicts import Table, Verdict

log = logging.getLogger(__name__)

END_S = 10.0


class ExperimentDesk:
    """The experiments that are stored, and those that this program runs. Belongs to one event loop."""

    def __init__(
        self,
        store: Store,
        models: ModelDesk,
        prompts: PromptDesk,
        runs: RunDesk,
        datasets: DatasetDesk,
        folder: Path,
    ) -> None:
        self._store = store
        self._models = models
        self._prompts = prompts
        self._runs = runs
        self._datasets = datasets
        self.planner = Planner(store, models, prompts, runs.programs, datasets)
        self._going: dict[str, Going] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._standing = Standing(store, self._going, Summaries(folder))
        self.forget = self._standing.forget
        self._keeping = Keeping(runs.deposits)

    async def close(self) -> None:
        """Leave what runs: it is open again, and goes on with the next program."""
        self._keeping.is_ending = True
        for going in self._going.values():
            going.cut(None)
        await ended("experiments", asyncio.gather(*self._tasks.values(), return_exceptions=True), END_S)

    # --- before -----------------------------------------------------------------------------------------

    async def plan(self, experiment: Experiment, folder: Path | None = None) -> Estimate:
        """What it takes and what it can find; nothing is stored. Raises what `start` raises."""
        from playground.workbench.experiment_estimate import estimated  # statistics take a second to import

        resolved = await self.planner.resolve(experiment, folder)
        return await estimated(resolved, self._store, self._models, self._prompts)

    async def try_rows(self, experiment: Experiment, count: int) -> tuple[str, str]:
        """Ask every variant for a few rows, as an ordinary run: its id, and the half that the rows are of.

        They are of the train half where the data have one: nothing that is held out is looked at. Raises what `start`
        raises.
        """
        cases, half = experiment.cases, experiment.cases.half
        if half == "held-out":
            version = await self._datasets.find(cases.dataset)
            half = "train" if version.train else half
        some = cases.model_copy(update={"half": half, "limit": count})
        asked = {"cases": some, "repeats": 1, "twin": False}
        resolved = await self.planner.resolve(experiment.model_copy(update=asked))
        spec = resolved.spec
        checks = {"checks": resolved.checks}
        variants = tuple(
            each.model_copy(update={"prompt": each.prompt.model_copy(update=checks)}) if each.prompt else each
            for each in spec.variants
        )
        prompt = spec.prompt.model_copy(update=checks)
        live = await self._runs.begin(spec.model_copy(update={"prompt": prompt, "variants": variants}))
        return live.run.id, half

    async def start(self, experiment: Experiment, folder: Path | None = None) -> str:
        """Store it with all its cells, and begin; its id. Raises PlaygroundError before anything is stored."""
        if self._keeping.is_ending:
            raise PlaygroundError("The program is ending.", "Start it again.")
        resolved = await self.planner.resolve(experiment, folder)
        run_id = await asyncio.to_thread(self._create, resolved)
        if resolved.version is not None:
            await self._datasets.use(resolved.version, run_id)
        await self._begin(run_id)
        return run_id

    def _create(self, resolved: Resolved) -> str:
        spec = resolved.spec
        title = resolved.experiment.name or f"Experiment on {resolved.data.name}"
        created = CreateRun(spec, works_of(spec), title, find_version=True)
        experiment = resolved.experiment.model_copy(update={"name": title})
        new = NewExperiment(experiment, resolved.checks, resolved.question, resolved.data, resolved.facts)
        self._store.experiments.create(created, new)
        return created.run_id

    # --- while it runs ----------------------------------------------------------------------------------

    async def pause(self, run_id: str) -> None:
        """Begin no further cell; those that have begun go on to their end. Raises NotFoundError."""
        await self._hold(run_id, "paused")

    async def stop(self, run_id: str, state: ExperimentState = "stopped") -> None:
        """Leave what has begun, keep what is done; what is open can still go on. Raises NotFoundError."""
        await self._hold(run_id, state, cut=True)

    async def resume(self, run_id: str) -> None:
        """Run what is open, here. Raises StoreBusy while another program runs it, NotFoundError."""
        await self._begin(run_id)

    async def limit(self, run_id: str, limits: Limits) -> None:
        """What holds it back when it goes on: its cells at once, tries, the limit of a call.

        Raises PromptError for limits that do not go with its rule, StoreBusy while it runs, NotFoundError.
        """
        stored = await self.get(run_id)
        if limits == stored.experiment.limits:
            return
        try:
            Experiment.model_validate({**stored.experiment.model_dump(), "limits": limits.model_dump()})
        except ValidationError as exc:
            raise PromptError("The limits cannot be so.", f"{of_field(exc.errors()[0])}.") from exc
        await asyncio.to_thread(self._store.experiments.limit, run_id, limits)

    async def again(self, run_id: str, keys: Sequence[CellKey] | None = None, *, reason: str = "") -> int:
        """Run failed cells again: these, those of one reason, or all; how many. Raises what `resume` raises.

        While it runs, what is under way ends first. One that is paused or stopped runs these alone, and rests again.
        """
        groups = await self.failures(run_id)
        failed = {key for group in groups for key in group.keys if reason in ("", group.reason)}
        chosen = sorted(failed if keys is None else failed.intersection(keys))
        if chosen:
            begun, rests = await asyncio.to_thread(self._store.experiments.alone, run_id)
            if (going := self._going.get(run_id)) is not None:
                going.pause(None)
                await asyncio.wait({self._tasks[run_id]})
            await self._begin(run_id, [*chosen, *begun], rests)
        return len(chosen)

    async def room(self, run_id: str) -> Room:
        """How many rows its data have left. Raises PromptError without a data set, NotFoundError."""
        return await room_of(self._datasets, await self.get(run_id))

    async def grow(self, run_id: str, more: int) -> int:
        """Go on with so many further rows of its data set, as a rule that may be looked at any time allows; all cases now.

        Raises PromptError where the rule or the data forbid it, StoreBusy while it runs.
        """
        if run_id in self._going:
            raise StoreBusy("The experiment runs.", "Pause it, or wait until it is done, then add cases.")
        stored = await self.get(run_id)
        rows = await self.rows(run_id)
        name = (await room_of(self._datasets, stored)).name
        cases = await next_cases(self.planner, stored, more, [row_id for row_id, _ in rows], name)
        spec = await asyncio.to_thread(self._store.experiments.spec, run_id)
        spec = spec.model_copy(update={"cases": cases})
        count = await asyncio.to_thread(self._store.experiment_growth.add, run_id, spec, works_of(spec))
        await self._begin(run_id)
        return count

    async def go_on(self) -> list[str]:
        """Go on with what ran when its program ended; their ids. One that cannot go on is left with the reason."""
        begun = []
        for run_id in await asyncio.to_thread(self._store.experiments.left):
            try:
                await self._begin(run_id, *await asyncio.to_thread(self._store.experiments.alone, run_id))
                begun.append(run_id)
            except PlaygroundError as exc:
                log.warning("The experiment %s does not go on. %s", run_id, exc)
        for run_id in await asyncio.to_thread(self._store.experiments.unsaid):
            await self._keep_verdict(run_id)
        return begun

    async def wait(self, run_id: str) -> None:
        """Until it does not run here any more."""
        if (task := self._tasks.get(run_id)) is not None:
            await asyncio.shield(task)

    async def _hold(self, run_id: str, state: ExperimentState, *, cut: bool = False) -> None:
        if (going := self._going.get(run_id)) is not None:
            if not cut:
                going.pause(state)
                return
            going.cut(state)
            await self.wait(run_id)
            return
        now, _ = await asyncio.to_thread(self._store.experiments.state, run_id)
        if now != "done":
            await asyncio.to_thread(partial(self._store.experiments.change, run_id, state=state))

    async def _begin(
        self, run_id: str, again: Sequence[CellKey] = (), rests: ExperimentState | None = None
    ) -> None:
        """Run what is open, and `again`; when it `rests` in that state afterwards, those alone."""
        if run_id in self._going:
            return
        stored, spec, cells, outcomes = await asyncio.to_thread(self._claimed, run_id, again, rests)
        if run_id in self._going:  # two asked at the same time
            return
        save = partial(self._runs.save, checks=stored.checks, rank=background)
        desks = Desks(self._store, self._models, self._prompts, self._runs.programs.make, save)
        if rests is not None:
            cells = [cell for cell in cells if cell.key in set(again)]
        going = self._going[run_id] = Going(desks, stored, spec, cells, outcomes, rests)
        if stored.experiment.limits.stop_when_decided:
            going.decide = partial(self._decided, going)
        self._standing.forget(run_id)
        task = self._tasks[run_id] = asyncio.create_task(self._go(going))
        task.add_done_callback(lambda _: self._tasks.pop(run_id, None))

    def _claimed(self, run_id: str, *again: Any) -> tuple[Any, ...]:
        experiments = self._store.experiments
        cells, stored = experiments.claim(run_id, *again), experiments.get(run_id)
        return stored, experiments.spec(run_id), cells, experiments.outcomes(run_id, check_of(stored))

    async def _go(self, going: Going) -> None:
        run_id = going.stored.id
        try:
            await going.run()
        except Exception as exc:
            log.exception("the experiment %s ended early", run_id)
            going.state = "paused"
            going.why = f"The program failed with {type(exc).__name__}; its log has the details."
        finally:
            await self._keeping.answers()
            release = partial(
                self._store.experiments.release, run_id, going.state, going.why, elapsed_s=going.elapsed_s
            )
            await asyncio.shield(self._keeping.change(release, f"How the experiment {run_id} stands"))
            del self._going[run_id]
        if going.state in ("done", "stopped"):
            await self._keep_verdict(run_id)

    async def _keep_verdict(self, run_id: str) -> None:
        """Keep the verdict's sentence, for lists."""
        what = f"The verdict of the experiment {run_id}"
        try:
            found = await self.verdict(run_id)
        except PlaygroundError as exc:
            log.warning("%s could not be stored. %s", what, exc)
            return
        words = {"sentence": found.sentence, "outcome": found.outcome}
        await self._keeping.change(partial(self._store.experiments.change, run_id, **words), what)

    async def _decided(self, going: Going) -> str:
        """Why it is decided already, "" while it is not."""
        from playground.verdicts import verdict

        table = await self.table(going.stored.id)
        found = await asyncio.to_thread(verdict, table, going.stored.experiment.rule, with_more=False)
        return f"Decided: {found.sentence}" if found.is_decided else ""

    # --- looking ----------------------------------------------------------------------------------------

    async def get(self, run_id: str) -> StoredExperiment:
        """One experiment. Raises NotFoundError."""
        return await asyncio.to_thread(self._store.experiments.get, run_id)

    async def latest(self, experiment: Experiment) -> StoredExperiment | None:
        """The newest one that was written down like this, whether something depends on it or not."""
        return await asyncio.to_thread(self._store.experiments.latest, experiment)

    async def find(self, search: str = "", limit: int = 50, offset: int = 0) -> ExperimentPage:
        """Experiments whose name or data set has every word, newest first."""
        return await asyncio.to_thread(self._store.experiments.page, search, limit, offset)

    async def failures(self, run_id: str) -> list[FailureGroup]:
        """Cells that failed, by reason, the largest group first."""
        return await asyncio.to_thread(self._store.experiments.failures, run_id)

    async def unscored(self, run_id: str) -> list[Unscored]:
        """Why checks gave answers no score, the commonest reasons first."""
        return await asyncio.to_thread(self._store.experiments.unscored, run_id)

    async def last(self, run_id: str, count: int = 20) -> list[StoredCell]:
        """The cells that ended last, newest first, whole."""
        keys = await asyncio.to_thread(self._store.experiments.newest, run_id, count)
        return [await asyncio.to_thread(self._store.cells.get, run_id, key) for key in keys]

    async def outcomes(self, run_id: str) -> list[Outcome]:
        """Every cell in numbers, as it stands now. Raises NotFoundError."""
        return await self._standing.outcomes(run_id)

    async def table(self, run_id: str) -> Table:
        """All cells in numbers as verdicts read them, with its ratings, as it stands now. Raises NotFoundError."""
        return await self._standing.table(run_id)

    async def verdict(self, run_id: str, *, with_more: bool = True) -> Verdict:
        """What may be said of it by its rule, as it stands now. Raises NotFoundError.

        `with_more` says how many more cases would settle what is open: that is simulated, and takes a while once.
        """
        return await self._standing.verdict(run_id, with_more=with_more)

    async def progress(self, run_id: str) -> Progress:
        """How it stands. Raises NotFoundError."""
        return await self._standing.progress(run_id)

    async def rate(
        self, run_id: str, case: int, a: int, b: int, better: Better | None, voter: str = ""
    ) -> None:
        """What a person says of the answers of two variants to a case; None takes it back. Raises NotFoundError."""
        await asyncio.to_thread(self._store.ratings.put, run_id, case, a, b, better, voter)

    async def rows(self, run_id: str) -> list[tuple[str, dict[str, Any]]]:
        """The id of its row and the values of every case, in order."""
        return await asyncio.to_thread(self._store.experiments.rows, run_id)

    async def expect(self, run_id: str, values: Mapping[int, Mapping[str, Any]], number: int) -> None:
        """Other expected values of these cases, as that version of the data has them; to be scored by next."""
        await asyncio.to_thread(self._store.experiment_growth.expect, run_id, values, number)
        self._standing.forget(run_id)

    async def rescore(self, run_id: str, checks: Sequence[Check]) -> int:
        """Score the stored answers by these checks instead; no model is asked. How many answers that were.

        It counts as a further attempt on its question. Raises PromptError for checks that cannot be used, StoreBusy
        while it runs.
        """
        for check in checks:
            if bad := check_problem(check):
                raise PromptError(bad, "Correct the checks.")
        if not checks:
            raise PromptError("There are no checks.", "Give at least one.")
        state, _ = await asyncio.to_thread(self._store.experiments.state, run_id)
        if run_id in self._going or state == "running":
            raise StoreBusy("The experiment runs.", "Pause it, or wait until it is done, then score it anew.")
        self._standing.forget(run_id)
        done = await rescore(self._store, self._runs.scoring, run_id, checks)
        await asyncio.to_thread(self._store.experiments.keep_checks, run_id, checks)
        self._standing.forget(run_id)
        await self._keep_verdict(run_id)
        return done

    def running(self) -> list[UnderWay]:
        """Those that this program runs, oldest first."""
        return [going.under_way for going in self._going.values()]

    def under_way(self, run_id: str) -> frozenset[CellKey]:
        """The cells of it that are being answered here."""
        going = self._going.get(run_id)
        return frozenset(going.running) if going is not None else frozenset()

    def changed(self, run_id: str) -> int:
        """Grows with every cell of it that ends here."""
        going = self._going.get(run_id)
        return going.changed if going is not None else -1
