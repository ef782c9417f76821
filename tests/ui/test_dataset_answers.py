"""Answers beside a row of a data set: what experiments said, judged by the row as it is, and scored anew without a model."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from playground.types.dataset import Column, Row
from playground.types.experiment import Cases, Experiment, ExperimentVariant
from playground.types.prompt import Check, Prompt, Turn
from playground.ui import dataset_answers
from playground.workbench.row_answers import RowAnswer, RowRun
from playground.workbench.service import Workbench

Call = Callable[..., Awaitable[dict[str, Any]]]
DRAFT = "k3aaaaaaaa"


@pytest.fixture
async def answered(workbench: Workbench) -> tuple[str, str]:
    """A data set of 16 rows that expect "no", and an experiment whose first variant says the word, the second "yes"."""
    columns = [
        Column(name="word", kind="text", role="input"),
        Column(name="expected", kind="text", role="expected"),
    ]
    rows = [Row({"word": f"<i>no</i> {n}", "expected": "no"}) for n in range(16)]
    version = await workbench.datasets.create("Words", columns, rows)
    check = Check(scorer="contains", options={"text": "{{ expected }}"})

    def says(template: str) -> Prompt:
        return Prompt(name="Say", turns=(Turn(role="user", template=template),), checks=(check,))

    plan = Experiment(
        name="<b>First",
        prompt=says("{{ word }}"),
        variants=(
            ExperimentVariant(name="A", model="scripted:echo"),
            ExperimentVariant(name="B", model="scripted:echo", prompt=says("yes")),
        ),
        cases=Cases(dataset="Words"),
    )
    run = await workbench.experiments.start(plan)
    await workbench.experiments.wait(run)
    return version.dataset_id, run


async def test_a_changed_expected_answer_shows_what_it_makes_of_the_answers_and_scores_them_anew(
    workbench: Workbench, call: Call, answered: tuple[str, str]
) -> None:
    dataset, run = answered
    asked = {"dataset": dataset, "draft": DRAFT, "row": 3}
    shown = (await call("data_answers", **asked))["html"]["row-answers"]
    assert "&lt;b&gt;First" in shown and "&lt;i&gt;no" in shown and "<i>no" not in shown
    assert shown.count('class="verdict ok"') == 1 and shown.count('class="verdict bad"') == 1
    assert "After Save" not in shown
    await call("data_do", dataset=dataset, draft=DRAFT, edit={"cells": [[3, "expected", "yes"]]})
    draft = (await call("data_answers", **asked))["html"]["row-answers"]
    assert "After Save" in draft and draft.count('class="verdict ok"') == 2, "A fails and B passes then"
    assert "No model is called. The experiment keeps version 1." in draft
    await call("data_save", dataset=dataset, draft=DRAFT)
    saved = (await call("data_answers", **asked))["html"]["row-answers"]
    assert ">Now</th>" in saved and 'data-act="data_score_anew"' in saved
    before = (await workbench.experiments.verdict(run)).rows
    update = await call("data_score_anew", id=run)
    assert update["toast"].startswith("32 answers scored anew, 1 row changed: ")
    after = await workbench.experiments.verdict(run)
    assert [row.passed for row in before] == [16, 0] and [row.passed for row in after.rows] == [15, 1]
    kept = await workbench.experiments.get(run)
    assert (kept.row.attempt, kept.row.number, kept.expected_of) == (2, 1, 2)
    assert "Words, version 1, scored by version 2" in str(after.health)
    done = (await call("data_answers", **asked))["html"]["row-answers"]
    assert "Score anew" not in done
    again = await call("data_score_anew", id=run)
    assert "expects the same of every row" in again["alert"]["message"]


async def test_answers_to_other_values_stay_judged_by_those(call: Call, answered: tuple[str, str]) -> None:
    dataset, _ = answered
    await call("data_do", dataset=dataset, draft=DRAFT, edit={"cells": [[1, "word", "another"]]})
    shown = (await call("data_answers", dataset=dataset, draft=DRAFT, row=1))["html"]["row-answers"]
    assert "asked with other values" in shown and "After Save" not in shown
    added = await call("data_do", dataset=dataset, draft=DRAFT, edit={"add": [{"word": "x"}]})
    assert "alert" not in added
    assert (await call("data_answers", dataset=dataset, draft=DRAFT, row=-1))["html"]["row-answers"] == ""


@pytest.mark.parametrize(
    ("begins", "error", "is_done", "shown"),
    [
        ("No answer.", "", True, ' translate="no" title="No answer.">'),
        ("", "", True, '<span class="one" title="No answer.">'),
        ("", "", False, '<span class="one" title="Not asked yet.">'),
        ("", "It went away.", True, '<span class="one" title="It went away.">'),
    ],
)
def test_what_is_said_in_place_of_an_answer_is_translated(
    begins: str, error: str, is_done: bool, shown: str
) -> None:
    run = RowRun("e", "E", datetime.now(UTC), 1, 0, False, False, ())
    assert shown in dataset_answers._answer(run, RowAnswer(0, "A", begins, error, is_done, None, None), False)
