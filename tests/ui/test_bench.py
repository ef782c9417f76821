"""Which backend for me, on the Models tab: choosing, progress, stopping, what is kept, and how it is worded and drawn."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

import pytest

from playground.backends import inventory
from playground.backends.scripted import ScriptedBackend
from playground.bench import kept as measurement
from playground.bench.kept import (
    FILE,
    Measurement,
    Measuring,
    keep_measurement,
    last_measurement,
    measuring,
    to_csv,
)
from playground.bench.measuring import GREEDY, Greedy, Measured, Report
from playground.errors import BackendError
from playground.ui import bench, plots
from playground.ui.noise import floors
from playground.ui.plots import Series, scale, spread
from playground.workbench.service import Workbench

Call = Callable[..., Awaitable[dict[str, Any]]]
Read = Callable[[str], Any]
HOSTILE = '"><img src=x onerror=window.hacked=1>'
SAME = tuple(Greedy(prompt, 9) for prompt in GREEDY)
OTHER = (*SAME[:8], Greedy("else", 30), Greedy("else", 30))
LLAMA = Measured("llama.cpp:qwen3:8b", 1.9, 0.42, {1: 36.8, 4: 88.1, 16: 131.0}, 5_600_000_000, SAME)
OLLAMA = Measured("ollama:qwen3:8b", 2.6, 0.61, {1: 34.1, 4: 79.5, 16: 82.0}, None, OTHER)
VLLM = Measured("vllm:qwen3:8b", 41.0, 0.09, {1: 88.4, 4: 331.0, 16: 1142.0}, None, SAME)
ALL = (LLAMA, OLLAMA, VLLM)


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real ports of this machine are left alone."""

    async def discover(*_: Any, **__: Any) -> list[Any]:
        return []

    monkeypatch.setattr(inventory, "discover", discover)


def keep(workbench: Workbench, *rows: Measured, complete: bool = True) -> None:
    found = Measurement(datetime(2026, 5, 10, 15, 58, tzinfo=UTC), 94.2, complete, rows)
    keep_measurement(workbench.settings, found)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.02)


# --- choosing and measuring -----------------------------------------------------------------------------


async def test_the_choice_offers_every_chat_model_with_one_a_backend_ticked(
    call: Call, make_workbench: Any, workbench: Workbench, read_html: Read
) -> None:
    workbench.models.backends["scripted"] = ScriptedBackend({"one": "a", "two": "b", HOSTILE: "c"})
    body = read_html((await call("choose_measured"))["drawer"]["body"])
    boxes = body.find("input", type="checkbox")
    assert [box["name"] for box in boxes] == [
        "model:scripted:one",
        "model:scripted:two",
        f"model:scripted:{HOSTILE}",
    ]
    assert ["checked" in box for box in boxes] == [True, False, False]
    assert body.find("img") == []


async def test_a_measuring_runs_on_its_own_and_its_result_is_there_after_a_restart(
    call: Call, workbench: Workbench, read_html: Read, make_workbench: Any
) -> None:
    # Slow enough that it is still under way when the page answers, on a busy machine too.
    workbench.models.backends["scripted"] = ScriptedBackend({"echo": ["fine ", 0.1] * 3})
    update = await call("measure", fields={"model:scripted:echo": True, "seconds": "30"})
    assert update["drawer"] is None
    (job,) = workbench.jobs
    html = update["html"]
    assert read_html(html["measure-now"]).find("button", data_act="cancel_job")[0]["data-job"] == job.id
    assert html["models-jobs"] == "" and html["models-count"] == "1"  # no pull
    (poll,) = read_html(html["models-poll"]).find("span", data_poll="poll_models")
    await until(lambda: job.state == "done")
    html = (await call("poll_models", jobs=poll["data-jobs"], load=""))["html"]
    assert html["measure-now"] == "" and "Measure again" in html["measure-button"]
    assert "writes" in html["measure-sum"] and "tokens/s alone" in html["measure-sum"]
    last = last_measurement(workbench.settings)
    assert last and last.complete and [row.model for row in last.measured] == ["scripted:echo"]
    again = Workbench(workbench.settings, workbench.store, dict(workbench.models.backends))
    assert (
        bench.section(None, last_measurement(again.settings), again.models.backends)["measure-result"]
        == html["measure-result"]
    )


async def test_progress_is_told_by_steps_and_stop_keeps_what_is_known(
    call: Call, workbench: Workbench, read_html: Read
) -> None:
    slow = [piece for n in range(60) for piece in (f"w{n} ", 0.02)]
    backend = ScriptedBackend({"quick": "fine", "slow": slow})
    workbench.models.backends["scripted"] = backend
    fields = {"model:scripted:quick": True, "model:scripted:slow": True, "seconds": "100"}
    await call("measure", fields=fields)
    (job,) = workbench.jobs
    state = job.subject
    assert isinstance(state, Measuring)
    await until(lambda: len(state.measured) == 2)
    html = (await call("poll_models", jobs=f"{job.id}:running", load=""))["html"]
    assert {"measure-step", "measure-time", "measure-bar", "measure-result", "measure-sum"} == set(html)
    assert "2 of 2 scripted:slow" in " ".join(read_html(html["measure-step"]).text.split())
    assert "at most 1 min 40 s" in html["measure-time"]
    assert int(read_html(html["measure-bar"]).find("span", role="progressbar")[0]["aria-valuenow"]) >= 50
    assert "quick" in html["measure-result"]
    assert "already" in (await call("measure", fields=fields))["alert"]["message"]
    update = await call("cancel_job", job=job.id)
    assert backend.running == 0
    assert "stopped after" in update["html"]["measure-when"] and "quick" in update["html"]["measure-result"]


async def test_stopped_before_the_first_number_the_last_result_stays(
    call: Call, workbench: Workbench
) -> None:
    keep(workbench, *ALL)
    workbench.models.backends["scripted"] = ScriptedBackend({"deaf": [30.0, "late"]})
    await call("measure", fields={"model:scripted:deaf": True})
    (job,) = workbench.jobs
    await until(lambda: isinstance(job.subject, Measuring) and job.subject.doing != "")
    html = (await call("cancel_job", job=job.id))["html"]
    assert "vLLM writes 2.6 times as fast" in html["measure-sum"]


async def test_models_that_fail_are_rows_with_their_reason(
    call: Call, workbench: Workbench, read_html: Read
) -> None:
    workbench.models.backends["scripted"] = ScriptedBackend(
        {"bad": [BackendError("Out of memory.")], "good": "fine"}
    )
    await call("measure", fields={"model:scripted:bad": True, "model:scripted:good": True, "seconds": "30"})
    (job,) = workbench.jobs
    await until(lambda: job.state == "done")
    html = (await call("open_models"))["html"]
    assert "Out of memory." in read_html(html["measure-result"]).text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "No model is chosen"),
        ({"model:scripted:echo": False}, "No model is chosen"),
        ({"model:gone:x": True}, "There is no model gone:x any more"),
        ({"model:scripted:echo": True, "seconds": "1e9"}, "no time to measure"),
    ],
)
async def test_what_cannot_be_measured_is_refused(
    call: Call, workbench: Workbench, fields: dict[str, Any], words: str
) -> None:
    assert words in (await call("measure", fields=fields))["alert"]["message"]
    assert list(workbench.jobs) == []


async def test_a_result_that_cannot_be_kept_is_said(
    call: Call, workbench: Workbench, read_html: Read
) -> None:
    (workbench.settings.data_dir / FILE).mkdir()
    await call("measure", fields={"model:scripted:echo": True, "seconds": "30"})
    (job,) = workbench.jobs
    await until(lambda: job.state != "running")
    told = read_html((await call("open_models"))["html"]["measure-now"])
    assert "backends.json in the data folder cannot be written." in told.text
    assert (await call("forget_job", job=job.id))["html"]["measure-now"] == ""


def test_a_share_counts_the_steps_of_every_model() -> None:
    state = Measuring(("a", "b"), 10)
    assert state.share == 0.0
    one, two = Measured("a"), Measured("b")
    for _ in range(8):
        state.take(Report("", (one,)))
    assert state.share == pytest.approx(7 / measurement.STEPS / 2)
    state.take(Report("", (one, two)))
    assert state.share == 0.5
    for _ in range(99):
        state.take(Report("", (one, two)))
    assert state.share == 1.0


async def test_leaving_the_steps_stops_the_measuring(workbench: Workbench) -> None:
    backend = ScriptedBackend({"deaf": [30.0, "late"]})
    workbench.models.backends["scripted"] = backend
    job = workbench.jobs.start("x", "", lambda: measuring(workbench, Measuring(("scripted:deaf",), 100)))
    await until(lambda: backend.running == 1)
    await workbench.jobs.cancel(job.id)
    assert backend.running == 0 and last_measurement(workbench.settings) is None


@pytest.mark.parametrize("text", ["", "[]", '{"at": 1}', "\x00", '{"at":"2026-05-10T00:00:00Z","more":1}'])
async def test_a_file_that_is_no_result_is_as_none(call: Call, workbench: Workbench, text: str) -> None:
    (workbench.settings.data_dir / FILE).write_text(text)
    html = (await call("open_models"))["html"]
    assert html["measure-result"] == "" and "Measure here" in html["measure-sum"]


# --- the result -----------------------------------------------------------------------------------------


async def test_the_table_marks_the_best_and_tells_agreement_with_its_reason(
    call: Call, workbench: Workbench, read_html: Read
) -> None:
    keep(workbench, *ALL)
    html = (await call("open_models"))["html"]
    told = read_html(html["measure-result"])
    for words in (
        "llama.cpp",
        "Ollama",
        "5.6 GB",
        "41.0 s",
        "1,142",
        "reference",
        "8 of 10: template or tokens",
    ):
        assert words in told.text
    assert "10 of 10" in told.text
    best = told.find("span", **{"class": "gauge best"})
    assert len(best) == 4  # vLLM in each of the four
    assert read_html(html["measure-sum"]).text == (
        "vLLM writes 2.6 times as fast as Ollama, with 16 requests 13.9 times, and starts 38 s later."
    )


async def test_markdown_and_csv_are_at_hand_and_the_same_as_on_the_command_line(
    call: Call, workbench: Workbench, read_html: Read
) -> None:
    keep(workbench, *ALL)
    acts = read_html((await call("open_models"))["html"]["measure-acts"])
    assert "| vllm:qwen3:8b | 41.0 s | 90 ms |" in acts.text
    markdown, table = (link["href"].partition("base64,")[2] for link in acts.find("a"))
    assert base64.b64decode(markdown).decode() in acts.text
    assert "vllm:qwen3:8b,41.0,0.09,88.4,331.0,1142.0,,10,10," in base64.b64decode(table).decode()


def test_a_name_is_no_formula_of_a_spreadsheet() -> None:
    assert "\n'=HYPERLINK(1)," in to_csv([replace(LLAMA, model="=HYPERLINK(1)")])


async def test_hostile_names_stay_text_everywhere(call: Call, workbench: Workbench, read_html: Read) -> None:
    rows = [replace(row, model=f"{HOSTILE}{n}:{HOSTILE}", problem=HOSTILE) for n, row in enumerate(ALL)]
    keep(workbench, *rows)
    for part in (await call("open_models"))["html"].values():
        assert read_html(part).find("img") == []


async def test_abilities_come_from_the_code_one_column_a_kind(
    call: Call, workbench: Workbench, read_html: Read
) -> None:
    await workbench.models.add_server("box", "vllm", "http://127.0.0.1:9")
    await workbench.models.add_server("second box", "vllm", "http://127.0.0.1:10")
    told = read_html((await call("open_models"))["html"]["measure-can"])
    assert "box" in told.text and "second box" not in told.text
    assert "Log-probs" in told.text and "Offline batch" in told.text


def test_one_model_alone_gets_a_sentence_and_no_comparison() -> None:
    assert bench.verdict([LLAMA]) == "llama.cpp writes 37 tokens/s alone, 131 with 16 at once."
    assert bench.verdict([Measured("x:y", problem="gone")]) == "No model was measured to its end."
    assert bench.best_of([1.0, None]) is None
    assert bench.best_of([3.0, None, 2.0], least=True) == 2


def test_names_of_a_plot_are_short_and_tell_two_models_of_a_backend_apart() -> None:
    rows = [Measured("ollama:a"), Measured("ollama:a-very-long-name-of-a-model"), Measured("vllm:a")]
    assert bench.short_names(rows) == ["a", "a-very-long-name-…", "vLLM"]


# --- plots ----------------------------------------------------------------------------------------------


def shapes(svg: str) -> list[str]:
    """Kinds of marks in the order of drawing: a circle, or a polygon with its number of corners."""
    found = []
    for element in ElementTree.fromstring(svg).iter():
        if element.get("class") == "mark":
            found.append(f"{element.tag}{len(element.get('points', '').split())}")
    return found


def test_series_differ_by_shape_and_only_the_best_is_filled() -> None:
    rows = [Series(name, name, (value, value * 2)) for name, value in zip("abcd", (1, 2, 3, 4), strict=True)]
    drawn = plots.lines(("x", "y"), rows, best=3, title="T")
    assert shapes(drawn) == [*["circle0"] * 2, *["polygon4"] * 2, *["polygon3"] * 2, *["polygon4"] * 2]
    groups = [element.get("class") for element in ElementTree.fromstring(drawn).iter("g")]
    assert groups == ["", "", "", "best"]


def test_what_is_unknown_is_left_out_or_a_dash_and_nothing_breaks() -> None:
    empty = Series("a", "a", (None, None))
    assert shapes(plots.lines(("x", "y"), [empty], best=None, title="T")) == []
    assert "–" in plots.dots([Series("a", "a", (None,))], best=None, unit=str, title="T")
    assert shapes(plots.dots([Series("a", "a", (0.0,))], best=None, unit=str, title="T")) == ["circle0"]


def test_no_words_leave_the_drawing() -> None:
    rows = [Series("W" * 18, "w", (value, value)) for value in (1.0, 1.01, 1.02, 1.03)]
    for element in ElementTree.fromstring(plots.lines(("x", "y"), rows, best=0, title="T")).iter("text"):
        assert 0 <= float(element.get("x", "")) <= plots.WIDTH
        assert 0 <= float(element.get("y", "")) <= plots.HEIGHT


@pytest.mark.parametrize(
    ("values", "top", "step"),
    [
        ([], 1.0, 0.5),
        ([0.0], 1.0, 0.5),
        ([88.4, 1142.0], 1500.0, 500.0),
        ([0.42], 0.6, 0.2),
        ([4.0], 4.0, 1.0),
    ],
)
def test_an_axis_ends_at_a_round_number(values: list[float], top: float, step: float) -> None:
    assert scale(values) == (pytest.approx(top), pytest.approx(step))


def test_labels_are_pushed_apart_in_their_order() -> None:
    assert spread([50, 52, 10], 18, 0, 100) == [50, 68, 10]
    assert spread([99, 98], 18, 0, 100) == [100, 82]


# --- the noise floor ------------------------------------------------------------------------------------

NOISY = replace(OLLAMA, again=(*OTHER[:7], Greedy("quite another", 9), None, OTHER[9]))


async def test_the_noise_floor_stands_beside_a_model_and_beside_a_comparison_of_its_answers(
    call: Call, workbench: Workbench, read_html: Read
) -> None:
    echo = replace(NOISY, model="scripted:echo")
    keep(workbench, replace(LLAMA, again=SAME), NOISY, echo)
    table = read_html((await call("open_models"))["html"]["measure-result"]).text
    assert "asked twice, all 10 equal" in table
    assert "asked twice, 1 of 9 differ (" in table
    floor = read_html(str(floors(workbench.settings, ["scripted:echo", "scripted:echo", "gone:x"]))).text
    assert (
        floor.count("Noise floor of scripted:echo: asked twice, 1 of 9 differ") == 1 and "gone" not in floor
    )


def test_without_a_measuring_there_is_no_noise_floor(workbench: Workbench) -> None:
    assert floors(workbench.settings, ["scripted:echo"]) == ""
    keep(workbench, replace(LLAMA, model="scripted:echo"))  # of a version that asked once
    assert floors(workbench.settings, ["scripted:echo"]) == ""


def test_a_table_of_numbers_has_it_too() -> None:
    head, quiet, noisy = (line.split(",") for line in to_csv([LLAMA, NOISY]).splitlines())
    assert head[-3:] == ["asked_twice_differ", "asked_twice_of", "asked_twice_words"]
    assert quiet[-3:] == ["", "", ""] and noisy[-3:-1] == ["1", "9"] and 0 < float(noisy[-1]) < 1
