"""The bench of techniques on the Experiments tab: chosen, run in the background, found again, said in words."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from playground.bench.kept_techniques import KeptBench, keep_bench, last_bench
from playground.bench.technique_report import Point, Report, Tried
from playground.bench.technique_words import asked, beside, headline
from playground.types.prompt import Prompt, Turn
from playground.ui.technique_bench_cases import differing
from playground.ui.technique_gain import gain_plot
from playground.workbench.service import Workbench

Call = Callable[..., Awaitable[dict[str, Any]]]
NAN = float("nan")


def tried(name: str, right: list[float], tokens: float, calls: int = 1) -> Tried:
    return Tried(
        name, name.replace("-", " ").capitalize(), right, [tokens] * len(right), [calls] * len(right)
    )


def report(*more: Tried, cases: int = 40) -> Report:
    """Zero-shot is right in half of the cases, three votes in three quarters."""
    plain = [1.0, 0.0] * (cases // 2)
    voted = [1.0, 0.0, 1.0, 1.0] * (cases // 4)
    rows = [tried("zero-shot", plain, 100), *more, tried("self-consistency", voted, 300, 3)]
    curve = [Point(1, 0.5, 100), Point(2, 0.5, 200), Point(3, 0.75, 300)]
    return Report("llama.cpp:tiny", cases, cases, rows, curve, "run", [plain, plain, voted])


def test_the_rival_of_a_technique_is_zero_shot_asked_as_often_as_its_tokens_pay_for() -> None:
    all_right = [1.0] * 40
    found = report(
        tried("short", all_right, 90), tried("long", all_right, 210), tried("longest", all_right, 900)
    )
    assert {each.tried.name: asked(each) for each in found.equals()} == {
        "short": "zero-shot",
        "long": "zero-shot ×3",
        "longest": "zero-shot ×3, fewer tokens",
    }
    gains = {each.tried.name: each.gain.difference for each in found.equals() if each.gain}
    assert gains == {"short": 0.5, "long": 0.25, "longest": 0.25}
    assert [each.tried.name for each in found.equals()][0] == "short"


def test_what_wins_over_one_answer_may_not_win_at_equal_tokens() -> None:
    found = report(tried("slow", [1.0, 0.0, 1.0, 1.0] * 10, 250))
    assert headline(found) == "No technique beats zero-shot here at equal tokens."
    assert beside(found).startswith("Slow: +25 points (95 %: ")
    assert "0 points (95 %: " in beside(
        found
    ) and "over zero-shot asked 3 times for the same tokens." in beside(found)


def test_the_sentence_names_what_wins_and_what_is_worse() -> None:
    found = report(tried("good", [1.0] * 40, 100), tried("bad", [0.0] * 40, 100))
    assert headline(found) == "Good beats zero-shot here at equal tokens."
    assert "Bad is worse by 50 points (95 %: " in beside(found)
    assert 'class="worse" data-technique="bad"' in gain_plot(found)
    few = report(tried("good", [1.0] * 8, 100), cases=8)
    assert headline(few) == "Too few cases for a verdict: 8 cases, 15 are the least."
    assert gain_plot(few) == "" and beside(few) == ""


def test_a_kept_bench_is_read_as_it_was(workbench: Workbench) -> None:
    assert last_bench(workbench.settings) is None
    found = report(tried("half", [1.0, NAN] * 20, NAN))
    found.tried[1].failures["The server went away."] = 20
    keep_bench(workbench.settings, KeptBench(datetime.now(UTC), "Sums", False, found))
    read = last_bench(workbench.settings)
    assert read is not None and (read.title, read.is_complete) == ("Sums", False)
    assert read.report.tried[1].ended == 20 and read.report.tried[1].failures == {"The server went away.": 20}
    assert read.report.equals()[0].gain == found.equals()[0].gain
    (workbench.settings.data_dir / "techniques.json").write_text('{"at": 1}')
    assert last_bench(workbench.settings) is None


async def test_a_bench_goes_on_by_itself_and_is_there_when_one_comes_back(
    workbench: Workbench, call: Call
) -> None:
    page = (await call("open_experiments", at="techniques"))["html"]["exp-body"]
    assert 'name="technique:chain-of-thought" checked' in page
    assert re.search(r'name="technique:pal" disabled', page)
    fields = {
        "data": "sample:arithmetic",
        "model": "scripted:echo",
        "cases": "20",
        "samples": "3",
        "length": "128",
    }
    assert "No technique" in (await call("start_bench", fields=fields))["alert"]["message"]
    update = await call("start_bench", fields=fields | {"technique:say-it-twice": True})
    assert update["experiment"] == "techniques" and "stop_bench" in update["html"]["exp-head"]
    assert "already" in (await call("start_bench", fields=fields))["alert"]["message"]
    while workbench.jobs.running:
        await asyncio.sleep(0.01)
    found = (await call("bench_now"))["html"]
    assert (
        "Techniques on Arithmetic word problems" in found["exp-head"]
        and "techniques.csv" in found["exp-head"]
    )
    assert "here at equal tokens." in found["exp-body"]
    assert "Say it twice" in found["exp-body"] and "3 times, voted" in found["exp-body"]
    assert (await call("open_experiments", at="techniques"))["html"] == found
    assert [
        each in found["exp-body"] for each in ('data-tb-plot="tokens"', 'data-tb-plot="time" hidden')
    ] == [True] * 2
    assert 'data-act="bench_differing" data-name="say-it-twice" tabindex="0"' in found["exp-body"]
    drawer = (await call("bench_differing", name="say-it-twice"))["drawer"]
    assert drawer["title"] == "Say it twice beside zero-shot"
    assert "are right and wrong in the same 20 cases" in drawer["body"], (
        "an echo is the same however it is asked"
    )
    assert (await call("bench_differing", name="pal"))["alert"][
        "message"
    ] == "This technique was not measured."


async def test_compare_lists_techniques_as_they_were_found_until_that_is_undone(
    workbench: Workbench, call: Call, form: dict[str, Any]
) -> None:
    found = report(tried("say-it-twice", [1.0, 0.0] * 20, 150), tried("least-to-most", [1.0] * 40, 100))
    keep_bench(workbench.settings, KeptBench(datetime.now(UTC), "Sums", True, found))

    async def first() -> list[str]:
        listed = await call("technique_choices", column=0, form=form)
        assert ("Sums" in listed["ordered"]) is (listed["techniques"][0]["name"] == "least-to-most")
        return [row["name"] for row in listed["techniques"][:2]]

    assert await first() == ["least-to-most", "say-it-twice"]
    assert "its own order" in (await call("bench_order"))["html"]["exp-body"]
    assert await first() == ["zero-shot", "few-shot"]
    assert "in this order" in (await call("bench_order"))["html"]["exp-body"]
    assert await first() == ["least-to-most", "say-it-twice"]


def test_what_differs_has_the_losses_first() -> None:
    found = report(tried("odd", [0.0, 1.0] * 20, 100))
    cases = differing(found, found.equals()[0])
    assert len(cases) == 40 and cases[0] == (0, False) and cases[-1] == (39, True)


async def test_a_prompt_that_the_data_cannot_fill_is_refused(workbench: Workbench, call: Call) -> None:
    prompt = Prompt(name="Odd", turns=(Turn(role="user", template="{{ question }} {{ mood }}"),))
    saved = await workbench.prompts.save(prompt, message="")
    fields = {
        "data": "sample:arithmetic",
        "model": "scripted:echo",
        "prompt": saved.prompt_id,
        "technique:react": True,
    }
    alert = (await call("start_bench", fields=fields))["alert"]
    assert alert["message"] == 'The prompt asks for "mood", and the data set has no such column.'
    assert (
        saved.prompt_id in (await call("open_experiments", at="techniques", anew="yes"))["html"]["exp-body"]
    )


async def test_stop_keeps_what_is_known(workbench: Workbench, call: Call) -> None:
    fields = {
        "data": "sample:arithmetic",
        "model": "scripted:slow",
        "cases": "20",
        "technique:say-it-twice": True,
    }
    await call("start_bench", fields=fields)
    await asyncio.sleep(0)
    update = await call("stop_bench")
    assert "Measure" in update["html"]["exp-body"] + update["html"]["exp-head"]
    assert workbench.jobs.running == []
