"""What a technique took: its price beside the other columns, and its calls in lanes."""

from __future__ import annotations

import re
from typing import Any

from playground.types.generation import Completion
from playground.types.prompt import TechniqueChoice
from playground.types.trace import Step
from playground.ui.forms import CompareForm, to_comparison
from playground.ui.trace_lanes import lanes
from playground.workbench.service import Workbench
from tests.ui.conftest import Call


def called(number: int, start_s: float, total_s: float) -> Step:
    return Step(number=number, start_s=start_s, completion=Completion("x", "stop", total_s=total_s))


def test_calls_of_one_lane_follow_each_other_and_those_at_once_lie_beside() -> None:
    steps = [
        called(1, 0, 1),
        called(2, 1, 1),
        called(3, 1, 2),
        called(4, 1.5, 1),
        called(5, 2, 1),
        Step(number=6),
    ]
    assert [[step.number for step in lane] for lane in lanes(steps)] == [[1, 2, 5], [3], [4]]
    assert lanes([Step(number=1, kind="note", output="x"), Step(number=2)]) == []


async def test_a_column_stands_beside_its_rivals_and_its_calls_open(
    call: Call, workbench: Workbench, form: dict[str, Any]
):
    voted = TechniqueChoice(name="self-consistency", options={"samples": 2}).model_dump(mode="json")
    form["columns"] = [form["columns"][0], form["columns"][1] | {"technique": voted}]
    async for _ in workbench.runs.compare(to_comparison(CompareForm.model_validate(form))):
        pass
    run_id = workbench.store.history().rows[0].id
    drawer = (await call("trace_price", run=run_id, column=1))["drawer"]
    assert drawer["title"] == "What column 2 took"
    assert "The prompt as it is" in drawer["body"] and "Self-consistency" in drawer["body"]
    assert "×1.0" in drawer["body"] and 'data-act="experiment_from_compare"' in drawer["body"]
    assert drawer["body"].count("<rect") == 2
    # Calls of no length may have come one after the other.
    assert re.search("1 call at once at the most|2 calls at once at the most", drawer["body"])
    step = await call("step", run=run_id, column=1, repeat=0, number=2)
    assert step["drawer"]["title"] == "Sample 2, column 2"
