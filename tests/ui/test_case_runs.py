"""A run over all cases of the form: what is asked, what each case comes to, one answer opened."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from playground.errors import PromptError
from playground.store.records import MatrixEntry
from playground.ui.case_runs import spec_of_cases, verdict
from playground.ui.forms import CompareForm
from playground.workbench.service import Workbench

Call = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def scored(form: dict[str, Any]) -> dict[str, Any]:
    """The form with three cases and a check of each."""
    form["prompt"] |= {
        "inputs": [{"name": "word", "example": "hello"}],
        "cases": [
            {"word": "one", "expected": "Say one"},
            {"word": "two", "expected": "no"},
            {"expected": "Say hello"},
        ],
        "checks": [{"scorer": "equals", "options": {"text": "{{ expected }}"}}],
    }
    return form


async def state_at_the_end(call: Call, run: str, form: dict[str, Any]) -> dict[str, Any]:
    async with asyncio.timeout(20):
        while True:
            reply = await call("cases_state", run=run, whole=True, form=form)
            assert "alert" not in reply, reply
            if not reply["cases_state"]["live"]:
                return dict(reply["cases_state"])
            await asyncio.sleep(0.02)


async def test_every_case_is_asked_in_every_column_and_judged(call: Call, scored: dict[str, Any]):
    run = (await call("run_cases", form=scored))["cases_run"]
    state = await state_at_the_end(call, run, scored)
    assert (state["total"], state["ended"], state["models"]) == (6, 6, ["scripted:echo"] * 2)
    assert state["cells"] == [
        [case, column, what] for case, what in enumerate(("pass", "fail", "pass")) for column in (0, 1)
    ]
    assert state["cases"][2] == {"word": "hello", "expected": "Say hello"}
    assert state["same"] is True
    scored["prompt"]["turns"] = [{"role": "user", "template": "Shout {{ word }}"}]
    assert (await call("cases_state", run=run, whole=True, form=scored))["cases_state"]["same"] is False


async def test_one_answer_opens_with_its_check_and_values(call: Call, scored: dict[str, Any]):
    run = (await call("run_cases", form=scored))["cases_run"]
    await state_at_the_end(call, run, scored)
    drawer = (await call("open_case_answer", run=run, case=1, column=1))["drawer"]
    assert drawer["title"] == "Case 2, column 2"
    assert "Say two" in drawer["body"] and "expected" in drawer["body"]
    assert "alert" in await call("open_case_answer", run=run, case=7, column=0)


async def test_a_case_that_cannot_be_rendered_is_an_error_of_its_own(call: Call, scored: dict[str, Any]):
    scored["prompt"]["turns"] = [{"role": "user", "template": "{{ 6 / (word | length - 3) }}"}]
    scored["prompt"]["cases"] = [{"word": "longer"}, {"word": "abc"}]
    run = (await call("run_cases", form=scored))["cases_run"]
    state = await state_at_the_end(call, run, scored)
    assert [what for _, column, what in state["cells"] if column == 0] == ["none", "error"]


async def test_a_run_over_all_cases_is_stopped(call: Call, scored: dict[str, Any], workbench: Workbench):
    scored["prompt"]["cases"] = [{"word": f"w{number}"} for number in range(300)]
    run = (await call("run_cases", form=scored))["cases_run"]
    await call("stop_run", id=run)
    state = await state_at_the_end(call, run, scored)
    assert (state["total"], state["ended"]) == (600, 600)
    assert any(row.status == "cancelled" for row in workbench.store.cells.page(run, limit=500).rows)


async def test_history_opens_it_with_its_results_beside_its_cases(call: Call, scored: dict[str, Any]):
    run = (await call("run_cases", form=scored))["cases_run"]
    await state_at_the_end(call, run, scored)
    opened = await call("load", query={"run": run})
    assert opened["form"]["cases_run"] == run
    assert len(opened["form"]["prompt"]["cases"]) == 3
    assert "6 of 6 answers" in opened["drawer"]["body"]


async def test_without_cases_there_is_nothing_to_run(call: Call, form: dict[str, Any]):
    assert "There are no cases." in (await call("run_cases", form=form))["alert"]["message"]
    with pytest.raises(PromptError):
        spec_of_cases(CompareForm.model_validate(form))


@pytest.mark.parametrize(
    ("entry", "what"),
    [
        (MatrixEntry(0, 0, 1, 1, 0, None), "open"),
        (MatrixEntry(0, 0, 1, 0, 1, None), "error"),
        (MatrixEntry(0, 0, 1, 0, 0, None), "none"),
        (MatrixEntry(0, 0, 1, 0, 0, 1.0), "pass"),
        (MatrixEntry(0, 0, 1, 0, 0, 0.99), "fail"),
    ],
)
def test_a_cell_has_one_verdict(entry: MatrixEntry, what: str):
    assert verdict(entry) == what
