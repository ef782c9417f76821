"""Runs that are deleted while the program is at work, begins or ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from playground.errors import Deleted, StoreBusy
from playground.store import open_store, removal
from playground.types.prompt import Check
from playground.ui.server import _go_on
from playground.workbench.service import Workbench
from tests.store.everything import counts, everything, removed
from tests.workbench.test_experiments import ended, experiment

MakeWorkbench = Callable[..., Workbench]


async def test_what_a_program_left_of_deleted_runs_goes_when_the_next_one_begins(
    make_workbench: MakeWorkbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "CELLS", 1)
    workbench = make_workbench()
    before = counts(workbench.store)
    run_id = everything(workbench.store)
    await workbench.removal.delete([run_id])
    await workbench.close()
    second = Workbench(workbench.settings, open_store(workbench.settings), dict(workbench.models.backends))
    assert counts(second.store)["run"] == 1, "it was closed before all of it had gone"
    await _go_on(second)
    assert second.removal._finishing is not None
    await second.removal._finishing
    assert counts(second.store) == before
    await second.close()


async def test_a_running_experiment_is_refused_and_its_summary_goes_with_it(
    make_workbench: MakeWorkbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("playground.workbench.experiment_summary.LEAST_CELLS", 1)
    workbench = make_workbench({"echo": "{last}"})
    run_id = await workbench.experiments.start(experiment(3))
    with pytest.raises(StoreBusy, match='"Loud or not" is still going'):
        await workbench.removal.delete([run_id])
    await workbench.experiments.wait(run_id)
    await workbench.experiments.verdict(run_id)
    folder = workbench.settings.data_dir / "summaries"
    assert list(folder.glob("*.npz"))
    await workbench.removal.delete([run_id])
    assert not list(folder.glob("*.npz")), "it holds what every cell came to"
    with pytest.raises(Deleted):
        await workbench.experiments.verdict(run_id)


async def test_one_that_is_deleted_while_its_answers_are_scored_again_says_so(
    make_workbench: MakeWorkbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    workbench = make_workbench({"echo": "{last}"})
    run_id = await ended(workbench, experiment(3))
    store = workbench.store
    keep = store.experiments.keep_scores

    def meanwhile(scores: Any) -> None:
        store.removal.delete([run_id])
        removed(store)
        keep(scores)

    monkeypatch.setattr(store.experiments, "keep_scores", meanwhile)
    with pytest.raises(Deleted, match="This experiment was deleted"):
        await workbench.experiments.rescore(run_id, [Check(scorer="json")])
    assert store.facts().counts["score"] == 0
