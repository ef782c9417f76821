"""More cases for an experiment that ended undecided: as its rule allows, and no answer is asked for twice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from playground.types.dataset import Column, Row
from playground.types.experiment import Cases, Experiment, ExperimentVariant, Rule
from playground.types.grid import CellKey
from playground.workbench.service import Workbench
from tests.ui.test_verdict import OTHER, PROMPT

Call = Callable[..., Awaitable[dict[str, Any]]]


async def over_some(workbench: Workbench, looking: str, limit: int | None = 20) -> str:
    """An experiment over some of 30 rows, all of which the second variant alone passes."""
    rows = [Row({"word": f"no {n}"}) for n in range(30)]
    if not await workbench.datasets.all():
        await workbench.datasets.create("Words", [Column(name="word", kind="text", role="input")], rows)
    rule = Rule(baseline="A", looking="any time" if looking == "any time" else "end")
    plan = Experiment(
        name=looking,
        prompt=PROMPT,
        variants=(
            ExperimentVariant(name="A", model="scripted:echo"),
            ExperimentVariant(name="B", model="scripted:echo", prompt=OTHER),
        ),
        cases=Cases(dataset="Words", limit=limit),
        rule=rule,
    )
    run = await workbench.experiments.start(plan)
    await workbench.experiments.wait(run)
    return run


async def test_an_experiment_that_may_be_looked_at_any_time_goes_on_with_further_rows(
    workbench: Workbench, call: Call
) -> None:
    run = await over_some(workbench, "any time")
    before = await workbench.experiments.outcomes(run)
    first = (await workbench.history.cell(run, CellKey(0, 0, 0))).finished_at
    drawer = (await call("ask_for_cases", id=run, more=400))["drawer"]["body"]
    assert "20 of 30 rows" in drawer and "10 left" in drawer and "400 were said to settle it" in drawer
    assert "Asked for: 11 rows; left: 10." in str(await call("add_cases", id=run, fields={"count": "11"}))
    update = await call("add_cases", id=run, fields={"count": "6"})
    assert update["drawer"] is None and update["experiment"] == run
    await workbench.experiments.wait(run)
    kept = await workbench.experiments.get(run)
    assert (kept.state, kept.cases, kept.row.total, kept.row.attempt) == ("done", 26, 52, 1)
    assert kept.experiment.cases.limit == 26, "its file says so"
    after = await workbench.experiments.outcomes(run)
    assert after[: len(before)] == before, "what was answered stays as it was"
    assert (await workbench.history.cell(run, CellKey(0, 0, 0))).finished_at == first
    values = [row["word"] for row in await workbench.history.case_values(run, 0, 30)]
    assert len(set(values)) == 26, "no row is asked twice"
    found = await workbench.experiments.verdict(run)
    assert found.sentence.startswith("B is ahead, looking as it runs") and "of 26 cases" in found.sentence
    await workbench.datasets.rename(kept.row.dataset_id, "Phrases")
    await call("add_cases", id=run, fields={"count": "4"})
    await workbench.experiments.wait(run)
    none = (await call("ask_for_cases", id=run))["drawer"]["body"]
    assert "0 left" in none and "Import more rows" in none


async def test_a_fixed_number_of_cases_is_no_longer_fixed_so_more_are_another_attempt(
    workbench: Workbench, call: Call
) -> None:
    run = await over_some(workbench, "end")
    drawer = (await call("ask_for_cases", id=run))["drawer"]["body"]
    assert "The rule fixed 20 cases before the first answer" in drawer
    update = await call("add_cases", id=run, fields={"count": "5"})
    assert update["experiment"] == "setup" and update["plan"]["cases"]["limit"] == 25
    whole = await call("add_cases", id=run, fields={"count": "10"})
    assert whole["plan"]["cases"]["limit"] is None and whole["plan"]["cases"]["dataset"] == "Words@1"
    assert (await workbench.experiments.get(run)).cases == 20
    version = await workbench.datasets.find("Words")
    await workbench.datasets.add(version.dataset_id, [Row({"word": f"more {n}"}) for n in range(5)])
    newer = await call("add_cases", id=run, fields={"count": "15"})
    assert newer["plan"]["cases"]["dataset"] == "Words@2"
    await workbench.datasets.rename(version.dataset_id, "Phrases")
    column = Column(name="word", kind="text", role="input")
    await workbench.datasets.create("Words", [column], [Row({"word": "of another one"})])
    assert "20 of 30 rows" in (await call("ask_for_cases", id=run))["drawer"]["body"]
    renamed = await call("add_cases", id=run, fields={"count": "15"})
    assert renamed["plan"]["cases"]["dataset"] == "Phrases@2"
    await workbench.datasets.delete(version.dataset_id)
    binned = (await call("ask_for_cases", id=run))["drawer"]["body"]
    assert "is not here any more" in binned and "Put it back from the bin" in binned
    await workbench.datasets.purge(version.dataset_id)
    gone = (await call("ask_for_cases", id=run))["drawer"]["body"]
    assert "is not here any more" in gone and "Put it back" not in gone


async def test_an_open_verdict_leads_to_more_cases(workbench: Workbench, call: Call) -> None:
    run = await over_some(workbench, "any time", limit=3)
    page = (await call("open_experiments", at=run))["html"]
    assert 'data-act="ask_for_cases"' in page["exp-body"] and "Run over more cases" in page["exp-head"]


async def test_a_few_rows_are_tried_first_and_count_as_no_attempt(workbench: Workbench, call: Call) -> None:
    rows = [Row({"word": f"no {n}"}, "train" if n < 5 else "held-out") for n in range(20)]
    await workbench.datasets.create("Words", [Column(name="word", kind="text", role="input")], rows)
    variants = tuple(ExperimentVariant(name=name, model="scripted:echo") for name in "AB")
    cases = Cases(dataset="Words", half="held-out")
    plan = Experiment(name="Try", prompt=PROMPT, variants=variants, cases=cases, repeats=3, twin=True)
    update = await call("try_rows", form={"experiment": plan.model_dump(mode="json")})
    body = update["drawer"]["body"]
    assert "3 rows of the train half" in body
    assert (await workbench.history.runs("")).total == 1
    run = (await workbench.history.runs("")).rows[0]
    while (live := workbench.runs.live.get(run.id)) is not None and not live.is_over:
        await asyncio.sleep(0.01)
    shown = (await call("try_now", id=run.id))["html"]["try-rows"]
    assert shown.count("0 of 1") == 6 and "data-poll" not in shown
    assert (await workbench.experiments.find()).total == 0
    assert (await workbench.experiments.plan(plan)).attempt == 1
