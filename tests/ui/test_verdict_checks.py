"""Tests for the checks of an experiment that has answers: they are scored again where the verdict stands."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from playground.backends.scripted import ScriptedBackend
from playground.types.experiment import Cases, Experiment, ExperimentVariant, Rule
from playground.types.prompt import Check, Prompt, Turn
from playground.workbench.service import Workbench

Call = Callable[..., Awaitable[dict[str, Any]]]
PLAIN = Prompt(name="Plain", turns=(Turn(role="user", template="{{ word }}"),))
LOUD = PLAIN.model_copy(update={"turns": (Turn(role="user", template="{{ word }} LOUD"),)})
HAS_WORD = Check(scorer="contains", options={"text": "word"})


async def finished(workbench: Workbench, **rule: Any) -> str:
    """An experiment of twenty cases that its only check tells nothing of: both variants pass all."""
    plan = Experiment(
        name="Checked later",
        variants=(
            ExperimentVariant(name="A", model="scripted:echo", prompt=PLAIN),
            ExperimentVariant(name="B", model="scripted:echo", prompt=LOUD),
        ),
        cases=Cases(rows=tuple({"word": f"word{n}"} for n in range(20))),
        checks=(HAS_WORD,),
        rule=Rule(baseline="A", **rule),
    )
    run = await workbench.experiments.start(plan)
    await workbench.experiments.wait(run)
    return run


async def test_a_check_added_later_scores_what_is_stored_and_the_verdict_follows(
    workbench: Workbench, call: Call
) -> None:
    run = await finished(workbench)
    backend = workbench.models.backends["scripted"]
    assert isinstance(backend, ScriptedBackend)
    asked = len(backend.requests)
    opened = await call("open_experiments", at=run)
    assert 'data-act="verdict_checks"' in opened["html"]["exp-head"]
    assert "attempt 1" in opened["html"]["exp-body"]
    drawer = (await call("verdict_checks", id=run))["drawer"]
    assert (
        "contains &#34;word&#34;" in drawer["body"]
        and "Stored: 40 answers. A change scores them again" in drawer["body"]
    )
    form = (await call("verdict_check", id=run, number="-1"))["drawer"]
    assert "Score 40 answers again" in form["foot"] and "Remove" not in form["foot"]
    assert 'value="judge"' not in form["body"], "a judge would have to be asked, and no model is"
    other = await call("verdict_check", id=run, number="-1", value="contains")
    assert 'name="option:text"' in other["drawer"]["body"]
    fields = {"scorer": "contains", "option:text": "LOUD"}
    done = await call("score_again", id=run, number="-1", fields=fields)
    assert done["toast"] == "40 answers scored again, attempt 2" and done["drawer"] is None
    assert "B beats A by 100 points" in done["html"]["exp-body"]
    assert "attempt 2" in done["html"]["exp-body"]
    assert len(backend.requests) == asked
    # The file is one that would find the same, and so is a set-up that is like it.
    file = await call("experiment_file", id=run)
    assert "LOUD" in file["drawer"]["body"] and "attempt 2" in file["drawer"]["body"]
    assert len((await call("set_up_again", id=run))["plan"]["checks"]) == 2
    same = await call("score_again", id=run, number="1", fields=fields)
    assert same["toast"] == "These checks count already"
    assert (await workbench.experiments.get(run)).row.attempt == 2, "nothing was tried"
    without = await call("score_without", id=run, number="1")
    assert "attempt 3" in without["html"]["exp-body"] and "beats" not in without["html"]["exp-body"]
    assert len(backend.requests) == asked


async def test_the_check_that_the_rule_decides_by_stays_and_what_makes_no_sense_is_said(
    workbench: Workbench, call: Call
) -> None:
    run = await finished(workbench, metric='contains "word"')
    loud = {"scorer": "contains", "option:text": "LOUD"}
    refused = await call("score_again", id=run, number="0", fields=loud)
    assert refused["alert"]["message"].startswith("The rule decides by this check")
    refused = await call(
        "score_again", id=run, number="-1", fields={"scorer": "regex", "option:pattern": "("}
    )
    assert "pattern" in refused["alert"]["message"]
    assert (await workbench.experiments.get(run)).row.attempt == 1
    added = await call("score_again", id=run, number="-1", fields=loud)
    assert "attempt 2" in added["html"]["exp-body"]
