"""Experiments from start to end: what is asked, kept, paused, gone on with and run again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial, wraps
from typing import Any

import pytest

from playground.errors import BackendError, BackendUnavailable, NotFoundError, PromptError, StoreHindered
from playground.scorers import SCORERS
from playground.store import open_store
from playground.types.dataset import Column, Row
from playground.types.experiment import Cases, Experiment, ExperimentVariant, Limits, Rule
from playground.types.grid import CellKey
from playground.types.prompt import Check, Prompt, Sampling, TechniqueChoice, Turn
from playground.workbench.service import Workbench

MakeWorkbench = Callable[..., Workbench]
SAYS = Prompt(name="Say", turns=(Turn(role="user", template="Say {{ word }}"),))
LOUD = Prompt(name="Loud", turns=(Turn(role="user", template="SAY {{ word }}"),))
CHECKS = (Check(scorer="contains", options={"text": "{{ expected }}", "ignore_case": False}),)


def experiment(count: int = 20, **changes: Any) -> Experiment:
    rows = tuple({"word": f"w{n}", "expected": f"w{n}" if n % 2 else f"SAY w{n}"} for n in range(count))
    whole: dict[str, Any] = {
        "name": "Loud or not",
        "prompt": SAYS,
        "model": "scripted:echo",
        "variants": (ExperimentVariant(name="A"), ExperimentVariant(name="B", prompt=LOUD)),
        "cases": Cases(rows=rows),
        "checks": CHECKS,
        "cache": False,
    }
    return Experiment(**whole | changes)


async def ended(workbench: Workbench, planned: Experiment) -> str:
    run_id = await workbench.experiments.start(planned)
    await workbench.experiments.wait(run_id)
    return run_id


def requests(workbench: Workbench) -> list[str]:
    backend: Any = workbench.models.backends["scripted"]
    return [request.messages[-1].content for request in backend.requests]


async def test_every_cell_is_asked_once_scored_and_stored(make_workbench: MakeWorkbench) -> None:
    workbench = make_workbench({"echo": "{last}"})
    run_id = await ended(workbench, experiment(repeats=2))
    stored = await workbench.experiments.get(run_id)
    assert (stored.state, stored.row.done, stored.row.failed, stored.row.total) == ("done", 80, 0, 80)
    assert stored.names == ("A", "B")
    assert len(requests(workbench)) == 80
    outcomes = await workbench.experiments.outcomes(run_id)
    passed = {outcome.key: outcome.passed for outcome in outcomes}
    assert passed[CellKey(0, 0, 0)] is False, "A says it quietly, and case 0 wants it loud"
    assert passed[CellKey(0, 1, 1)] is passed[CellKey(1, 0, 0)] is True
    seeds = {
        cell.sampling.seed for cell in [workbench.store.cells.get(run_id, CellKey(3, 1, r)) for r in (0, 1)]
    }
    assert seeds == {42, 43}


async def test_a_check_that_applies_to_no_answer_is_told_beside_the_verdict(
    make_workbench: MakeWorkbench,
) -> None:
    workbench = make_workbench({"echo": "{last}"})
    number = Check(scorer="number", options={"expected": "{{ expected }}"})
    run_id = await ended(workbench, experiment(4, checks=(*CHECKS, number)))
    [told] = [f for f in (await workbench.experiments.verdict(run_id)).health if "without a score" in f.words]
    assert (told.kind, told.words) == ("warn", "1 check without a score")
    assert "No answer has a score by: number {{ expected }}." in told.details
    await workbench.experiments.rescore(run_id, CHECKS)
    health = (await workbench.experiments.verdict(run_id)).health
    assert not [fact for fact in health if "without a score" in fact.words]


async def test_while_it_runs_and_afterwards_the_outcomes_are_the_same(make_workbench: MakeWorkbench) -> None:
    workbench = make_workbench({"echo": "{last}", "fails": [BackendUnavailable("Gone.", "Start it.")]})
    variants = (ExperimentVariant(name="A"), ExperimentVariant(name="B", model="scripted:fails"))
    planned = experiment(4, variants=variants, limits=Limits(tries=1), rule=Rule(metric="score"))
    run_id = await workbench.experiments.start(planned)
    going = workbench.experiments._going[run_id]
    await workbench.experiments.wait(run_id)
    read = {outcome.key: outcome for outcome in await workbench.experiments.outcomes(run_id)}
    assert read == going.outcomes


async def test_paused_it_keeps_what_is_done_and_goes_on_in_another_program(
    make_workbench: MakeWorkbench,
) -> None:
    workbench = make_workbench({"echo": [0.02, "w1"]})
    run_id = await workbench.experiments.start(experiment(100, limits=Limits(at_once=4)))
    while workbench.experiments.changed(run_id) < 20:
        await asyncio.sleep(0)
    await workbench.experiments.pause(run_id)
    await workbench.experiments.wait(run_id)
    paused = await workbench.experiments.progress(run_id)
    assert paused.state == "paused"
    assert 20 <= paused.done < 200
    asked = len(requests(workbench))
    assert asked == paused.done, "what had begun came to its end, and nothing began anew"
    await workbench.close()

    backends = make_workbench({"echo": "w1"}).models.backends
    second = Workbench(workbench.settings, open_store(workbench.settings), dict(backends))
    await second.experiments.resume(run_id)
    await second.experiments.wait(run_id)
    assert (await second.experiments.progress(run_id)).done == 200
    assert len(requests(second)) == 200 - asked
    await second.close()


async def test_stopped_it_leaves_what_has_begun_open(make_workbench: MakeWorkbench) -> None:
    workbench = make_workbench({"echo": [5.0, "never"]})
    run_id = await workbench.experiments.start(experiment(5))
    while not workbench.experiments.running()[0].running:
        await asyncio.sleep(0.01)
    await workbench.experiments.stop(run_id)
    stopped = await workbench.experiments.progress(run_id)
    assert (stopped.state, stopped.done, stopped.failed, stopped.waits) == ("stopped", 0, 0, 10)
    assert await workbench.experiments.go_on() == [], "what somebody stopped does not begin by itself"


async def test_failures_are_grouped_by_reason_and_run_again_by_group_and_by_cell(
    make_workbench: MakeWorkbench,
) -> None:
    scripts: dict[str, Any] = {
        "echo": [BackendUnavailable("Gone after 12 s.", "Start it.")],
        "other": [BackendUnavailable("Another reason.")],
    }
    workbench = make_workbench(scripts)
    variants = (ExperimentVariant(name="A"), ExperimentVariant(name="B", model="scripted:other"))
    run_id = await ended(workbench, experiment(3, variants=variants, limits=Limits(tries=1)))
    gone, other = await workbench.experiments.failures(run_id)
    assert {len(gone.keys), len(other.keys)} == {3}
    scripts["echo"] = scripts["other"] = "w1"
    assert await workbench.experiments.again(run_id, [CellKey(0, 0, 0)]) == 1
    await workbench.experiments.wait(run_id)
    assert (await workbench.experiments.progress(run_id)).done == 1
    assert await workbench.experiments.again(run_id, reason="Another reason.") == 3
    await workbench.experiments.wait(run_id)
    assert (await workbench.experiments.progress(run_id)).done == 4
    assert await workbench.experiments.again(run_id) == 2
    await workbench.experiments.wait(run_id)
    assert (await workbench.experiments.progress(run_id)).done == 6
    assert workbench.store.cells.get(run_id, CellKey(1, 0, 0)).error == ""


async def test_a_model_that_refuses_at_once_fails_no_more_cells_than_were_asked_for(
    make_workbench: MakeWorkbench,
) -> None:
    """Each failure is stored before the page has it: while the first are, a whole experiment could have failed."""
    workbench = make_workbench({"echo": [BackendError("There is no such model.", "Pull it.")]})
    run_id = await ended(workbench, experiment(15, limits=Limits(at_once=4)))
    stood = await workbench.experiments.progress(run_id)
    assert stood.state == "paused" and stood.why.startswith(
        "20 cells failed in a row for one reason: There is"
    )
    assert 20 <= stood.failed <= 24
    assert stood.waits == 30 - stood.failed


async def test_many_failures_in_a_row_for_one_reason_pause_it_with_that_reason(
    make_workbench: MakeWorkbench,
) -> None:
    workbench = make_workbench({"echo": [BackendUnavailable("The server is gone.", "Start it.")]})
    run_id = await ended(workbench, experiment(400, limits=Limits(tries=1, failures_in_row=20)))
    stood = await workbench.experiments.progress(run_id)
    assert stood.state == "paused"
    assert stood.why == "20 cells failed in a row for one reason: The server is gone. Start it."
    assert stood.failed < 400


async def test_failed_cells_of_a_paused_experiment_run_again_alone(make_workbench: MakeWorkbench) -> None:
    scripts: dict[str, Any] = {"echo": [BackendUnavailable("Gone.", "Start it.")]}
    workbench = make_workbench(scripts)
    run_id = await ended(workbench, experiment(20, limits=Limits(tries=1, failures_in_row=5, at_once=1)))
    before = await workbench.experiments.progress(run_id)
    assert before.state == "paused" and 5 <= before.failed < 40
    scripts["echo"] = "w1"
    asked = len(requests(workbench))
    failed = (await workbench.experiments.failures(run_id))[0].keys
    assert await workbench.experiments.again(run_id, failed[:2]) == 2
    await workbench.experiments.wait(run_id)
    stood = await workbench.experiments.progress(run_id)
    assert (stood.state, stood.done, stood.failed) == ("paused", 2, before.failed - 2)
    assert len(requests(workbench)) == asked + 2, "those that wait are not begun"
    await workbench.experiments.resume(run_id)
    await workbench.experiments.wait(run_id)
    assert await workbench.experiments.again(run_id) == before.failed - 2
    await workbench.experiments.wait(run_id)
    assert (await workbench.experiments.progress(run_id)).state == "done"


async def test_failed_cells_that_run_again_alone_do_so_after_the_program_has_ended_too(
    make_workbench: MakeWorkbench,
) -> None:
    scripts: dict[str, Any] = {"echo": [BackendUnavailable("Gone.", "Start it.")]}
    workbench = make_workbench(scripts)
    run_id = await ended(workbench, experiment(20, limits=Limits(tries=1, failures_in_row=5, at_once=1)))
    before = await workbench.experiments.progress(run_id)
    failed = (await workbench.experiments.failures(run_id))[0].keys
    scripts["echo"] = [0.1, "w1"]
    assert await workbench.experiments.again(run_id, failed[:2]) == 2
    while not workbench.experiments.running()[0].running:
        await asyncio.sleep(0.01)
    assert await workbench.experiments.again(run_id, [failed[2]]) == 1, "one more joins them"
    await workbench.close()
    scripts["echo"] = "w1"
    backends = make_workbench(scripts).models.backends
    after = Workbench(workbench.settings, open_store(workbench.settings), dict(backends))
    assert await after.experiments.go_on() == [run_id]
    await after.experiments.wait(run_id)
    stood = await after.experiments.progress(run_id)
    assert (stood.state, stood.done, stood.failed) == ("paused", 3, before.failed - 3)
    await after.experiments.resume(run_id)
    await after.experiments.wait(run_id)
    assert (await after.experiments.progress(run_id)).done == 40 - before.failed + 3
    await after.close()


async def test_a_call_is_tried_again_before_it_counts_as_failed(
    make_workbench: MakeWorkbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("playground.workbench.experiment_going.FIRST_PAUSE_S", 0.001)
    workbench = make_workbench({"echo": [BackendUnavailable("Gone.")]})
    await ended(workbench, experiment(1, limits=Limits(tries=3)))
    assert len(requests(workbench)) == 2 * 3


async def test_a_call_over_its_limit_fails_alone_and_runs_again_with_a_longer_one(
    make_workbench: MakeWorkbench,
) -> None:
    scripts: dict[str, Any] = {"echo": ["SAY", 3600.0], "other": "SAY w1"}
    workbench = make_workbench(scripts)
    variants = (ExperimentVariant(name="A"), ExperimentVariant(name="B", model="scripted:other"))
    run_id = await ended(workbench, experiment(3, variants=variants, limits=Limits(timeout_s=0.1)))
    [group] = await workbench.experiments.failures(run_id)
    assert (group.reason, len(group.keys)) == ("The answer took longer than 0.1 s.", 3)
    assert "timeout_s" in group.hint
    stood = await workbench.experiments.progress(run_id)
    assert (stood.state, stood.done, stood.failed) == ("done", 3, 3)
    scripts["echo"] = [0.15, "SAY w1"]
    await workbench.experiments.limit(run_id, Limits(timeout_s=60))
    assert await workbench.experiments.again(run_id) == 3
    await workbench.experiments.wait(run_id)
    assert (await workbench.experiments.progress(run_id)).done == 6
    with pytest.raises(PromptError, match="cannot be so"):
        await workbench.experiments.limit(run_id, Limits(stop_when_decided=True))


async def test_a_technique_a_twin_and_other_seeds_are_variants(make_workbench: MakeWorkbench) -> None:
    workbench = make_workbench({"echo": "{last}"})
    choice = TechniqueChoice(name="self-consistency", options={"samples": 3})
    variants = (ExperimentVariant(name="A"), ExperimentVariant(name="C", technique=choice))
    run_id = await ended(workbench, experiment(2, variants=variants, twin=True))
    stored = await workbench.experiments.get(run_id)
    assert stored.names == ("A", "C", "A′")
    cells = [workbench.store.cells.get(run_id, CellKey(1, number, 0)) for number in range(3)]
    assert [cell.answer.calls for cell in cells] == [1, 3, 1]
    assert cells[0].sampling.seed != cells[2].sampling.seed


async def test_a_variant_without_a_technique_has_its_prompts_and_single_is_none(
    make_workbench: MakeWorkbench,
) -> None:
    workbench = make_workbench({"echo": "{last}"})
    planned = experiment(1)
    own = TechniqueChoice(name="self-consistency", options={"samples": 3})
    assert isinstance(planned.prompt, Prompt)
    named = planned.prompt.model_copy(update={"run_with": own})
    plain = TechniqueChoice(name="single")
    variants = (ExperimentVariant(name="A"), ExperimentVariant(name="C", technique=plain))
    run_id = await ended(workbench, planned.model_copy(update={"prompt": named, "variants": variants}))
    cells = [workbench.store.cells.get(run_id, CellKey(0, number, 0)) for number in range(2)]
    assert [(cell.answer.calls, cell.answer.is_traced) for cell in cells] == [(3, True), (1, False)]
    stored = await workbench.experiments.get(run_id)
    assert [stored.technique_of(name) for name in stored.names] == [own, plain]


async def test_greedy_answers_are_served_from_what_was_answered_before(make_workbench: MakeWorkbench) -> None:
    workbench = make_workbench({"echo": "{last}"})
    planned = experiment(6, cache=True, repeats=2, twin=True)
    await ended(workbench, planned)
    asked = len(requests(workbench))
    run_id = await ended(workbench, planned)
    again = len(requests(workbench)) - asked
    outcomes = await workbench.experiments.outcomes(run_id)
    served = [outcome.key for outcome in outcomes if outcome.cached]
    assert again == asked - len(served)
    assert len(served) == 11, "first repeats of A and B, but for the one that shows the model is the same"
    assert {key.repeat for key in served} == {0}
    assert 2 not in {key.variant for key in served}, "a twin is there to differ"
    await ended(workbench, planned.model_copy(update={"cache": False}))
    assert len(requests(workbench)) == 2 * asked + again
    await ended(workbench, planned.model_copy(update={"sampling": Sampling(temperature=1)}))
    assert len(requests(workbench)) == 3 * asked + again


async def test_another_model_under_the_same_name_is_asked_anew(make_workbench: MakeWorkbench) -> None:
    scripts = {"echo": "{last}"}
    workbench = make_workbench(scripts)
    await ended(workbench, experiment(4, cache=True))
    scripts["echo"] = "other weights: {last}"
    run_id = await ended(workbench, experiment(4, cache=True))
    assert not any(outcome.cached for outcome in await workbench.experiments.outcomes(run_id))


async def test_attempts_on_the_same_question_are_counted(make_workbench: MakeWorkbench) -> None:
    workbench = make_workbench({"echo": "{last}"})
    first = await ended(workbench, experiment(2))
    second = await ended(workbench, experiment(2, rule=Rule(margin=0.1)))
    other = await ended(workbench, experiment(3))
    attempts = [(await workbench.experiments.get(run_id)).row.attempt for run_id in (first, second, other)]
    assert attempts == [1, 2, 1]
    found = await workbench.experiments.find("LOUD")
    assert [row.id for row in found.rows] == [other, second, first]


async def test_two_experiments_run_at_once(make_workbench: MakeWorkbench) -> None:
    workbench = make_workbench({"echo": [0.3, "w1"]})
    ids = [await workbench.experiments.start(experiment(10)) for _ in range(2)]
    assert [progress.id for progress in workbench.experiments.running()] == ids
    for run_id in ids:
        await workbench.experiments.wait(run_id)
        assert (await workbench.experiments.progress(run_id)).done == 20


async def test_looking_any_time_it_stops_when_decided(make_workbench: MakeWorkbench) -> None:
    workbench = make_workbench({"echo": "{last}"})
    planned = experiment(
        200,
        checks=(Check(scorer="contains", options={"text": "SAY", "ignore_case": False}),),
        rule=Rule(looking="any time"),
        limits=Limits(stop_when_decided=True, at_once=2),
    )
    run_id = await ended(workbench, planned)
    stored = await workbench.experiments.get(run_id)
    assert stored.state == "done"
    assert stored.row.why.startswith("Decided: B ")
    assert stored.row.done < 400
    assert stored.row.outcome == "better"


async def test_stored_answers_are_scored_anew_without_a_model(make_workbench: MakeWorkbench) -> None:
    workbench = make_workbench({"echo": "{last}"})
    run_id = await ended(workbench, experiment())
    asked = len(requests(workbench))
    assert (await workbench.experiments.get(run_id)).row.sentence.startswith("B beats A by 50 points")
    loud = Check(scorer="contains", options={"text": "SAY", "ignore_case": False})
    assert (
        await workbench.experiments.rescore(run_id, [loud, Check(scorer="length", options={"max": 3})]) == 40
    )
    assert len(requests(workbench)) == asked
    stored = await workbench.experiments.get(run_id)
    assert stored.row.attempt == 2, "another way to judge is another attempt"
    assert stored.row.sentence.startswith("B beats A by 100 points")
    with pytest.raises(PromptError):
        await workbench.experiments.rescore(run_id, [Check(scorer="contain")])


async def test_a_verdict_that_was_not_kept_because_the_program_ended_is_kept_by_the_next(
    make_workbench: MakeWorkbench,
) -> None:
    workbench = make_workbench({"echo": "{last}"})
    run_id = await ended(workbench, experiment(20))
    said = (await workbench.experiments.get(run_id)).row.sentence
    workbench.store.experiments.change(run_id, sentence="", outcome="")
    assert await workbench.experiments.go_on() == []
    assert (await workbench.experiments.get(run_id)).row.sentence == said != ""


async def test_what_is_kept_of_an_ended_experiment_is_never_old(make_workbench: MakeWorkbench) -> None:
    workbench = make_workbench({"echo": "{last}"})
    run_id = await ended(workbench, experiment(3))
    other = Workbench(workbench.settings, open_store(workbench.settings), dict(workbench.models.backends))
    assert (await other.experiments.get(run_id)).experiment.limits == Limits()
    assert (await workbench.experiments.get(run_id)).row.done == 6
    assert (await workbench.experiments.progress(run_id)).done == 6
    await workbench.experiments.limit(run_id, Limits(tries=7))
    assert (await workbench.experiments.get(run_id)).experiment.limits.tries == 7
    more = (*CHECKS, Check(scorer="length", options={"max": 1}))
    await workbench.experiments.rescore(run_id, more)
    for each in (workbench, other):
        assert (await each.experiments.get(run_id)).checks == more
        assert {row.passed for row in await each.experiments.outcomes(run_id)} == {False}
    await other.close()


async def test_a_data_set_may_go_while_its_experiment_runs(make_workbench: MakeWorkbench) -> None:
    workbench = make_workbench({"echo": [0.01, "w1"]})
    rows = [Row({"word": f"w{n}", "expected": "w1", "kind": "x"}) for n in range(20)]
    columns = [Column(name="word"), Column(name="expected", role="expected"), Column(name="kind", role="tag")]
    version = await workbench.datasets.create("Words", columns, rows)
    planned = experiment(cases=Cases(dataset="Words@1"), limits=Limits(at_once=2))
    run_id = await workbench.experiments.start(planned)
    await workbench.datasets.delete(version.dataset_id)
    await workbench.datasets.purge(version.dataset_id)
    await workbench.experiments.wait(run_id)
    stored = await workbench.experiments.get(run_id)
    assert (stored.row.done, stored.row.dataset, stored.row.number, stored.slices) == (
        40,
        "Words",
        1,
        ("kind",),
    )
    with pytest.raises(NotFoundError):
        await workbench.experiments.start(planned)


async def test_a_model_that_goes_away_fails_its_cells_with_its_name(make_workbench: MakeWorkbench) -> None:
    workbench = make_workbench({"echo": [0.01, "w1"]})
    run_id = await workbench.experiments.start(experiment(100, limits=Limits(at_once=4, tries=1)))
    while workbench.experiments.changed(run_id) < 10:
        await asyncio.sleep(0)
    del workbench.models.backends["scripted"]
    await workbench.experiments.wait(run_id)
    stood = await workbench.experiments.progress(run_id)
    assert stood.state == "paused"
    assert 'No backend is called "scripted".' in stood.why
    assert stood.done >= 10


async def test_a_check_that_breaks_costs_its_score_alone(
    make_workbench: MakeWorkbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = SCORERS["contains"]

    @wraps(row.function)
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setitem(SCORERS, "contains", replace(row, function=broken))
    workbench = make_workbench({"echo": "{last}"})
    run_id = await ended(workbench, experiment(2, checks=(*CHECKS, Check(scorer="json"))))
    outcomes = await workbench.experiments.outcomes(run_id)
    assert [(outcome.status, outcome.passed) for outcome in outcomes] == [("done", False)] * 4


async def test_with_a_full_disk_it_waits_and_loses_nothing(make_workbench: MakeWorkbench) -> None:
    workbench = make_workbench({"echo": [0.005, "w1"]})
    writer = workbench.store._writer
    stored, full = writer._try, StoreHindered("The disk is full.", "Make room.")
    run_id = await workbench.experiments.start(experiment(100, limits=Limits(at_once=4)))
    while workbench.experiments.changed(run_id) < 10:
        await asyncio.sleep(0)
    writer._try = lambda batch: full  # type: ignore[method-assign]
    while workbench.store.trouble is None:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    asked = len(requests(workbench))
    await asyncio.sleep(0.1)
    assert len(requests(workbench)) == asked < 200, "no answer is asked for that could not be kept"
    writer._try = stored  # type: ignore[method-assign]
    await workbench.experiments.wait(run_id)
    assert (await workbench.experiments.progress(run_id)).done == 200
    assert len(requests(workbench)) == 200


async def test_with_a_disk_that_is_full_at_the_end_it_ends_once_there_is_room(
    make_workbench: MakeWorkbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last answers, how it stands and its verdict wait; none of them is given up while the program runs."""
    monkeypatch.setattr("playground.runs.deposits.PATIENCE_S", 0.01)
    monkeypatch.setattr("playground.workbench.experiment_keeping.HINDERED_S", 0.01)
    workbench = make_workbench({"echo": "{last}"})
    writer, experiments, full = (
        workbench.store._writer,
        workbench.store.experiments,
        StoreHindered("Full.", "Make room."),
    )
    stored, release, change, refused = writer._try, experiments.release, experiments.change, []

    def hindered(make: Callable[..., Any], *args: Any, **more: Any) -> Any:
        if refused.count(make) < 2:
            refused.append(make)
            raise full
        return make(*args, **more)

    monkeypatch.setattr(experiments, "release", partial(hindered, release))
    monkeypatch.setattr(experiments, "change", partial(hindered, change))
    monkeypatch.setattr(writer, "_try", lambda batch: full)
    run_id = await workbench.experiments.start(experiment(4))
    while workbench.experiments.changed(run_id) < 8:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    assert [each.id for each in workbench.experiments.running()] == [run_id], "nothing of it is stored yet"
    monkeypatch.setattr(writer, "_try", stored)
    await workbench.experiments.wait(run_id)
    row = (await workbench.experiments.get(run_id)).row
    assert (row.state, len(refused)) == ("done", 4)
    assert row.sentence == (await workbench.experiments.verdict(run_id)).sentence
    assert {outcome.status for outcome in await workbench.experiments.outcomes(run_id)} == {"done"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"variants": ()}, "has no variants"),
        ({"prompt": ""}, "Variant A has no prompt"),
        ({"prompt": "Nobody@3"}, "The experiment: "),
        ({"model": "scripted:gone"}, "Variant A: scripted has no model"),
        ({"cases": Cases()}, "has no cases"),
        ({"cases": Cases(rows=({"other": 1},))}, "Variant A cannot be rendered with the first case"),
        ({"checks": ()}, "has no checks"),
        ({"checks": (Check(scorer="contain"),)}, "no check"),
        ({"rule": Rule(metric="nothing")}, "is no check of the experiment"),
        ({"prompt": "x.prompty"}, "files are read by the command line alone"),
        ({"variants": (ExperimentVariant(name="A", technique=TechniqueChoice(name="cot")),)}, "Variant A: "),
        (
            {"cases": Cases(rows=({"word": "x"},) * 2_000), "repeats": 100},
            "400,000 cells are too many: 2,000 cases × 2 variants × 100 repeats",
        ),
    ],
)  # fmt: skip
async def test_what_cannot_be_meant_is_refused_before_anything_is_stored(
    make_workbench: MakeWorkbench, changes: dict[str, Any], said: str
) -> None:
    workbench = make_workbench({"echo": "{last}"})
    with pytest.raises((PromptError, NotFoundError)) as raised:
        await workbench.experiments.start(experiment().model_copy(update=changes))
    assert said in str(raised.value)
    assert (await workbench.experiments.find()).total == 0
    assert workbench.store.history().total == 0
