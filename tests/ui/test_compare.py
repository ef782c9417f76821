"""The stream of a run as the page gets it, and the actions of the Compare tab."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any

import pytest

from playground.backends.scripted import ScriptedBackend
from playground.errors import NoAnswer
from playground.runs.events import Ended
from playground.store.records import StoredRun
from playground.types.generation import Chunk
from playground.types.prompt import Turn
from playground.ui import compare, stream
from playground.ui.forms import CompareForm, to_comparison
from playground.ui.stream import PULSE_S, stream_run
from playground.workbench.service import Workbench
from tests.ui.paints import statuses

HOUR = 3600.0
Call = Callable[..., Awaitable[dict[str, Any]]]
MakeWorkbench = Callable[..., Workbench]
Run = Callable[..., Awaitable[StoredRun]]


def asked(*models: str, template: str = "Hello", **more: Any) -> dict[str, Any]:
    """What the page sends for Run."""
    columns = [{"model": f"scripted:{model}", "sampling": {"max_tokens": 100_000}} for model in models]
    form = {"prompt": {"turns": [{"role": "user", "template": template}]}, "columns": columns}
    return {"form": json.dumps(form), "only": None, "run": None, **more}


async def paints_of(workbench: Workbench, data: dict[str, Any]) -> list[Any]:
    async with asyncio.timeout(30), aclosing(stream_run(workbench, data)) as paints:
        return [paint async for paint in paints]


def texts(paints: list[Any], column: int) -> list[str]:
    """The texts of a column one after another, each once."""
    found: list[str] = []
    for status in statuses(paints):
        text = status["columns"].get(str(column), {}).get("text", "")
        if text and [text] != found[-1:]:
            found.append(text)
    return found


def scripted(workbench: Workbench) -> ScriptedBackend:
    backend = workbench.models.backends["scripted"]
    assert isinstance(backend, ScriptedBackend)
    return backend


# --- the stream ---------------------------------------------------------------------------------------------


async def test_every_paint_is_one_text_that_names_its_stream(make_workbench: MakeWorkbench):
    paints = await paints_of(make_workbench({"a": "one two"}), asked("a", stream="s7"))
    assert {json.loads(paint)["stream"] for paint in paints if isinstance(paint, str)} == {"s7"}


async def test_the_last_status_tells_the_run_the_ends_and_the_votes(make_workbench: MakeWorkbench):
    workbench = make_workbench({"a": "one two", "b": "three"})
    paints = await paints_of(workbench, asked("a", "b"))
    last = statuses(paints)[-1]
    run = await workbench.runs.get(last["run"])
    assert {i: column["state"]["kind"] for i, column in last["columns"].items()} == {"0": "done", "1": "done"}
    assert last["columns"]["0"]["stamp"] == f"{run.id}/0/done"
    assert 'data-act="vote"' in last["vote"]
    assert [texts(paints, n)[-1] for n in (0, 1)] == ["one two", "three"]
    assert "alert" not in last


async def test_a_text_only_grows_until_its_end(make_workbench: MakeWorkbench):
    words: list[str | float] = [piece for n in range(20) for piece in (f"word{n} ", 0.02)]
    shown = texts(await paints_of(make_workbench({"a": words}), asked("a")), 0)
    assert len(shown) > 2
    assert all(later.startswith(earlier) for earlier, later in zip(shown, shown[1:], strict=False))


async def test_columns_that_did_not_change_are_not_painted(make_workbench: MakeWorkbench):
    workbench = make_workbench({"quick": "x", "slow": [piece for _ in range(10) for piece in ("y ", 0.05)]})
    paints = await paints_of(workbench, asked("quick", "slow"))
    assert texts(paints, 2) == texts(paints, 3) == []
    assert len(texts(paints, 0)) <= 2 < len(texts(paints, 1))


async def test_four_fast_columns_are_painted_at_most_25_times_a_second(make_workbench: MakeWorkbench):
    fast: list[str | float] = [piece for _ in range(300) for piece in ("word ", 0.003)]
    workbench = make_workbench(dict.fromkeys("abcd", fast))
    began = time.monotonic()
    paints = await paints_of(workbench, asked(*"abcd"))
    seconds = time.monotonic() - began
    assert len(paints) <= seconds * 25 + 2
    assert texts(paints, 3)[-1] == "word " * 300


async def test_a_silent_run_yields_all_the_same(
    make_workbench: MakeWorkbench, monkeypatch: pytest.MonkeyPatch
):
    assert PULSE_S <= 0.5
    monkeypatch.setattr(stream, "PULSE_S", 0.02)
    workbench = make_workbench({"a": [HOUR]})
    silent = 0
    async with asyncio.timeout(30), aclosing(stream_run(workbench, asked("a"))) as paints:
        async for paint in paints:
            silent = silent + 1 if not isinstance(paint, str) else 0
            if silent == 3:
                break
    assert silent == 3


async def test_a_closed_tab_ends_the_view_and_the_run_goes_on_to_its_end(make_workbench: MakeWorkbench):
    workbench = make_workbench({"a": ["kept ", 0.2, "and whole"], "b": [0.1, "b"]})
    paints: list[Any] = []
    async with asyncio.timeout(30), aclosing(stream_run(workbench, asked("a", "b"))) as stream:
        async for paint in stream:
            paints.append(paint)
            if texts(paints, 0):
                break
    assert scripted(workbench).running == 2
    await asyncio.gather(*workbench.runs.live.driving)
    run = await workbench.runs.get(workbench.store.history().rows[0].id)
    assert [(cell.status, cell.completion and cell.completion.text) for cell in run.cells] == [
        ("done", "kept and whole"),
        ("done", "b"),
    ]
    assert workbench.runs.live.get(run.id) is None


async def test_thoughts_are_shown_while_they_come_and_folded_apart_from_the_answer_at_the_end(
    make_workbench: MakeWorkbench,
):
    script = [Chunk(reasoning="Let me <see>"), 0.1, Chunk(reasoning=" it."), 0.1, "Blue."]
    paints = await paints_of(make_workbench({"a": script}), asked("a"))
    shown = [status["columns"]["0"] for status in statuses(paints) if status.get("columns")]
    live = [column["thoughts"] for column in shown if column.get("state", {}).get("kind") == "running"]
    assert "Let me <see>" in live and "Let me <see> it." in live
    waits = [column.get("waits") for column in shown]
    assert waits[-1] == "" and any(not word for word in waits[1:-1])
    assert "Let me &lt;see&gt; it." in shown[-1]["reasoning"] and "data-live" not in shown[-1]["reasoning"]
    assert texts(paints, 0)[-1] == "Blue."


async def test_text_that_turns_out_to_be_thought_leaves_the_answer_for_the_thoughts(
    make_workbench: MakeWorkbench,
):
    script = ["Let me", 0.1, " see", 0.1, Chunk(text="Blue", rethought=True), 0.1, "."]
    workbench = make_workbench({"a": script})
    paints = await paints_of(workbench, asked("a"))
    shown = texts(paints, 0)
    assert "Let me see" in shown and shown[-1] == "Blue."
    assert [text for text in shown if text.startswith("Let me")] == shown[: shown.index("Let me see") + 1]
    assert "Let me see" in [s["columns"]["0"]["thoughts"] for s in statuses(paints) if s.get("columns")]
    last = statuses(paints)[-1]["columns"]["0"]
    assert last["text"] == "Blue." and "Let me see" in last["reasoning"]
    [row] = workbench.store.history().rows
    done = (await workbench.runs.get(row.id)).cells[0].completion
    assert done and (done.text, done.reasoning) == ("Blue.", "Let me see")


async def test_a_refusal_and_a_tool_call_are_no_answers(make_workbench: MakeWorkbench):
    refusal = NoAnswer("The model refused to answer.", 'It said: "<No>"', "refusal")
    tool = NoAnswer("The model called a tool instead of answering.", "It called a().", "tool_calls")
    workbench = make_workbench({"a": [refusal], "b": ["One moment.", tool]})
    paints = await paints_of(workbench, asked("a", "b"))
    columns = statuses(paints)[-1]["columns"]
    assert columns["0"]["state"]["text"].startswith("refused at")
    assert (
        "The model refused to answer." in columns["0"]["problem"] and "&lt;No&gt;" in columns["0"]["problem"]
    )
    assert columns["1"]["state"]["text"].startswith("called a tool at")
    assert columns["1"]["text"] == "One moment."
    run = await workbench.runs.get(workbench.store.history().rows[0].id)
    assert [(c.status, c.completion and c.completion.finish) for c in run.cells] == [
        ("error", "refusal"),
        ("error", "tool_calls"),
    ]


async def test_a_failed_column_shows_its_reason_and_the_text_it_had(make_workbench: MakeWorkbench):
    workbench = make_workbench({"bad": ["half", ZeroDivisionError()], "good": "fine"})
    paints = await paints_of(workbench, asked("bad", "good"))
    columns = statuses(paints)[-1]["columns"]
    assert columns["0"]["state"]["kind"] == "error"
    assert "ZeroDivisionError" in columns["0"]["problem"]
    assert columns["1"]["state"]["kind"] == "done"
    assert [texts(paints, n)[-1] for n in (0, 1)] == ["half", "fine"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (asked("a", template="{{ missing }}"), "missing"),
        (asked("a", template=" "), "The prompt is empty."),
        ({"form": "{"}, "no complete JSON"),
        ({"form": None}, "this is missing"),
        ({}, "this is missing"),
        ({"form": json.dumps({"prompt": {}, "columns": []})}, "column"),
        ({"only": 0, "run": "nothing"}, "no such run"),
        ({"only": "x", "run": "nothing"}, ""),
    ],
)
async def test_a_run_that_cannot_start_is_one_alert(
    make_workbench: MakeWorkbench, data: dict[str, Any], words: str
):
    workbench = make_workbench({"a": "x"})
    last = statuses(await paints_of(workbench, data))[-1]
    assert words in last["alert"]["message"]
    assert last["columns"] == {}
    assert workbench.store.history().total == 0


async def test_a_column_runs_again_alone(make_workbench: MakeWorkbench):
    workbench = make_workbench({"a": "one", "b": "two"})
    first = statuses(await paints_of(workbench, asked("a", "b")))[-1]
    again = await paints_of(workbench, {"only": 1, "run": first["run"]})
    last = statuses(again)[-1]
    assert list(last["columns"]) == ["1"]
    assert last["columns"]["1"]["stamp"] == f"{first['run']}/1/done"
    assert (texts(again, 0), texts(again, 1)[-1]) == ([], "two")


async def test_stop_ends_the_stream_with_what_was_kept(make_workbench: MakeWorkbench):
    workbench = make_workbench({"a": ["kept ", HOUR]})
    paints = []
    async with asyncio.timeout(30), aclosing(stream_run(workbench, asked("a"))) as stream:
        async for paint in stream:
            paints.append(paint)
            if texts(paints, 0) == ["kept "]:
                assert (
                    await compare.stop(workbench, compare.Ask(action="stop", run=statuses(paints)[-1]["run"]))
                    == {}
                )
    assert statuses(paints)[-1]["columns"]["0"]["state"]["kind"] == "cancelled"
    assert texts(paints, 0)[-1] == "kept "


# --- opening the page ---------------------------------------------------------------------------------------


async def test_a_newcomer_gets_the_first_pattern_ready_to_run(call: Call):
    update = await call("load", query={})
    assert [column["model"] for column in update["form"]["columns"]] == ["scripted:echo"] * 2
    assert update["form"]["prompt"]["turns"]
    assert {"models", "presets", "scorers", "foot", "vote"} <= update.keys()
    assert "alert" not in update


async def test_the_choices_of_the_page_are_listed(call: Call):
    update = await call("load")
    assert [model["id"] for model in update["models"]] == ["scripted:echo"]
    assert list(update["presets"]) == ["Greedy", "Balanced", "Creative"]
    contains = next(scorer for scorer in update["scorers"] if scorer["name"] == "contains")
    assert contains["label"] == "Contains"
    assert [option["name"] for option in contains["options"]][0] == "text"


async def test_without_a_model_the_page_says_how_to_get_one(make_workbench: MakeWorkbench):
    update = await compare.load(make_workbench({}), compare.Ask(action="load"))
    assert "--model" in update["alert"]["hint"]
    assert update["form"]


async def test_the_address_of_a_run_opens_it(call: Call, ran: Run):
    run = await ran(2)
    await call("vote", run=run.id, vote="column", column="1")
    update = await call("load", query={"run": run.id})
    assert update["run"] == run.id
    assert update["form"]["values"] == {"word": "hello"}
    assert [update["columns"][n]["text"] for n in ("0", "1")] == ["Say hello"] * 2
    assert 'aria-pressed="true"' in update["vote"]


@pytest.mark.parametrize(
    "query",
    [{"run": "nothing"}, {"pattern": "no/such"}, {"prompt": "nothing"}, {"prompt": "x", "version": "y"}],
)
async def test_an_address_of_nothing_opens_the_page_and_says_what_to_do_there(
    call: Call, query: dict[str, str]
):
    update = await call("load", query=query)
    assert update["alert"]["message"]
    assert re.search(r"\b(History|Library)\b", update["alert"]["hint"])
    assert "playground " not in update["alert"]["hint"]
    assert update["form"]["columns"]


async def test_a_pattern_opens_with_its_example_in_the_columns_that_are_there(
    call: Call, workbench: Workbench, form: dict[str, Any]
):
    slug = workbench.prompts.library.patterns()[0].slug
    update = await call("load", query={"pattern": slug}, form=form)
    assert update["form"]["origin"] == slug
    assert len(update["form"]["columns"]) == 2
    assert update["run"] is None


async def test_a_draft_is_kept_unless_the_address_asks_for_something_else(
    call: Call, ran: Run, form: dict[str, Any]
):
    form["values"] = {"word": "drafted"}
    assert (await call("load", draft=form))["form"]["values"] == {"word": "drafted"}
    run = await ran(1)
    opened = await call("load", draft=form, query={"run": run.id})
    assert opened["form"]["values"] == {"word": "hello"}
    typed_on = await call("load", draft=form, draft_run=run.id, query={"run": run.id})
    assert typed_on["form"]["values"] == {"word": "drafted"}
    assert typed_on["run"] == run.id


@pytest.mark.parametrize("draft", [{"old": "format"}, {"prompt": 5}, "text", [], 7, {"columns": []}])
async def test_a_draft_that_is_none_is_ignored(call: Call, draft: Any):
    update = await call("load", draft=draft)
    assert "alert" not in update
    assert update["form"]["columns"]


# --- typing -------------------------------------------------------------------------------------------------


async def test_a_preview_has_variables_messages_and_tokens(call: Call, form: dict[str, Any]):
    assert (await call("preview", form=form))["preview"] == {
        "variables": ["word"],
        "kinds": {},
        "needs": [],
        "asked_by_checks": [],
        "checks": [],
        "schema": "",
        "is_example": True,
        "problems": [],
        "lint": [],
        "messages": [{"role": "user", "content": "Say hello"}],
        "tokens": [2],
        "total": 2,
        "differs": {},
    }


async def test_a_preview_names_the_turn_of_a_problem_and_the_column_of_a_variant(
    call: Call, form: dict[str, Any]
):
    own = {"own": True, "turns": [{"role": "user", "template": "{{ word }} {{ other }}"}]}
    form["columns"] = [form["columns"][0], form["columns"][1] | own]
    seen = (await call("preview", form=form))["preview"]
    assert seen["variables"] == ["word", "other"]
    assert [(p["column"], p["turn"]) for p in seen["problems"]] == [(1, 0)]
    assert seen["messages"] is not None
    form["prompt"]["turns"] = [{"role": "user", "template": "{% if %}"}]
    seen = (await call("preview", form=form))["preview"]
    assert (seen["problems"][0]["column"], seen["problems"][0]["turn"]) == (None, 0)
    assert "line 1" in seen["problems"][0]["message"]
    assert seen["messages"] is None


async def test_a_preview_has_advice_on_the_shared_prompt_and_on_each_variant(
    call: Call, form: dict[str, Any]
):
    own = {
        "own": True,
        "turns": [{"role": "user", "template": "{{ tone }}"}, {"role": "system", "template": "x"}],
    }
    form["columns"] = [form["columns"][0], form["columns"][1] | own]
    form["prompt"]["inputs"] = [{"name": "tone"}, {"name": "spare"}]
    seen = (await call("preview", form=form))["preview"]["lint"]
    assert [(f["rule"], f["column"], f["turn"], f["name"]) for f in seen] == [
        ("unused_variable", None, None, "spare"),
        ("role_order", 1, 1, ""),
    ]
    assert all(f["message"] and f["hint"] and f["why"] for f in seen)


async def test_a_preview_names_what_only_the_checks_ask_for(call: Call, form: dict[str, Any]):
    form["prompt"]["checks"] = [
        {"scorer": "contains_all", "options": {"texts": ["{{ word }}", "{{ expected }}"]}}
    ]
    assert (await call("preview", form=form))["preview"]["asked_by_checks"] == ["expected"]


async def test_a_schema_that_is_none_is_told_before_anything_runs(call: Call, form: dict[str, Any]):
    form["prompt"]["output_schema"] = {"properties": {"city": {"type": "objekt"}}}
    told = (await call("preview", form=form))["preview"]["schema"]
    assert "$.properties.city.type" in told and '"objekt" is no type' in told


async def test_a_value_beyond_the_variables_reaches_the_checks(form: dict[str, Any], workbench: Workbench):
    form["prompt"]["checks"] = [{"scorer": "equals", "options": {"text": "{{ expected }}"}}]
    form["values"]["expected"] = "Say hello"
    events = [e async for e in workbench.runs.compare(to_comparison(CompareForm.model_validate(form)))]
    ended = [event for event in events if isinstance(event, Ended)]
    assert [score.value for event in ended for score in event.cell.scores] == [1.0, 1.0]


# --- voting -------------------------------------------------------------------------------------------------


async def test_a_vote_is_stored_changed_and_taken_back(call: Call, ran: Run, workbench: Workbench):
    run = await ran(2)

    async def stored() -> tuple[str, int | None] | None:
        vote = (await workbench.runs.get(run.id)).vote
        return (vote.kind, vote.column) if vote else None

    await call("vote", run=run.id, vote="column", column="0")
    assert await stored() == ("column", 0)
    await call("vote", run=run.id, vote="column", column="1")
    assert await stored() == ("column", 1)
    await call("vote", run=run.id, vote="tie")
    assert await stored() == ("tie", None)
    update = await call("vote", run=run.id, vote="tie")
    assert await stored() is None
    assert 'aria-pressed="true"' not in update["vote"]


@pytest.mark.parametrize(
    "arguments",
    [
        {"vote": "best"},
        {"vote": "column"},
        {"vote": "column", "column": "7"},
        {"vote": "column", "column": "x"},
        {},
    ],
)
async def test_a_vote_that_means_nothing_is_refused(
    call: Call, ran: Run, workbench: Workbench, arguments: dict[str, str]
):
    run = await ran(2)
    assert (await call("vote", run=run.id, **arguments))["alert"]["message"]
    assert (await workbench.runs.get(run.id)).vote is None


async def test_a_thumb_is_stored_and_taken_back(call: Call, ran: Run, workbench: Workbench):
    run = await ran(2)
    for value, expected in (("1", 1), ("-1", -1), ("-1", 0)):
        update = await call("thumb", run=run.id, column="1", value=value)
        assert [cell.thumb for cell in (await workbench.runs.get(run.id)).cells] == [0, expected]
        assert list(update["columns"]) == ["1"]


async def test_a_note_is_kept_as_it_was_written(call: Call, ran: Run, workbench: Workbench):
    run = await ran(1)
    assert (await call("note", run=run.id, value="<b>good</b>"))["toast"] == "Note kept"
    assert (await workbench.runs.get(run.id)).note == "<b>good</b>"


@pytest.mark.parametrize("action", ["vote", "thumb", "note", "stop"])
async def test_before_a_run_there_is_nothing_to_judge(call: Call, action: str):
    alert = (await call(action, vote="tie", column="0", value="1"))["alert"]
    assert alert["message"] == "There is no run yet."


async def test_stopping_a_run_that_has_ended_changes_nothing(call: Call, ran: Run, workbench: Workbench):
    run = await ran(2)
    for column in (None, 0, "0", "9"):
        assert await call("stop", run=run.id, column=column) == {}
    assert await workbench.runs.get(run.id) == run


async def test_a_new_prompt_is_empty_in_the_columns_that_are_there(call: Call, form: dict[str, Any]):
    form["columns"] = [form["columns"][0]] * 3
    update = await call("new_prompt", form=form)
    assert [turn["template"] for turn in update["form"]["prompt"]["turns"]] == ["", ""]
    assert len(update["form"]["columns"]) == 3
    assert (update["run"], update["tab"]) == (None, "Compare")
    assert Turn.model_validate(update["form"]["prompt"]["turns"][0]).role == "system"
