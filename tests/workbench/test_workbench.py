"""The service behind both shells: what is stored, what is told, what is refused."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import Future
from contextlib import aclosing, closing, suppress
from typing import Any

import pytest

from playground.backends.scripted import ScriptedBackend
from playground.errors import (
    BackendError,
    NotFoundError,
    PromptError,
    StoreError,
    TemplateError,
)
from playground.formats import prompty
from playground.formats.registry import FORMATS
from playground.runs.events import Ended, Event, RunStarted
from playground.runs.planning import with_defaults
from playground.runs.runner import Delta, Started
from playground.store.changes import Change, CreateRun, EndCell, StartCell
from playground.store.records import StoredRun
from playground.types.generation import Message
from playground.types.grid import RunSpec, Variant
from playground.types.prompt import Check, Input, Prompt, Sampling, Turn, example_values
from playground.workbench.models import every_backend
from playground.workbench.runs import find_cell
from playground.workbench.service import Workbench

HOUR = 3600.0
MakeWorkbench = Callable[..., Workbench]


def prompt(template: str = "Say {{ word }}", **more: Any) -> Prompt:
    return Prompt(turns=(Turn(role="user", template=template),), **more)


def comparison(*columns: Variant | str, of: Prompt | None = None, **values: Any) -> RunSpec:
    chosen = tuple(
        c if isinstance(c, Variant) else Variant(model=f"scripted:{c}") for c in columns or ("echo",)
    )
    return RunSpec.comparison(prompt=of or prompt(), values=values or {"word": "hello"}, variants=chosen)


def scripted(workbench: Workbench) -> ScriptedBackend:
    backend = workbench.models.backends["scripted"]
    assert isinstance(backend, ScriptedBackend)
    return backend


async def take(
    events: AsyncGenerator[Event, None], on_event: Callable[[Event], object] = lambda _: None
) -> list[Event]:
    """Every event; a run that hangs fails the test."""
    seen = []
    async with asyncio.timeout(20), aclosing(events):
        async for event in events:
            seen.append(event)
            on_event(event)
    return seen


async def finished(workbench: Workbench, wanted: RunSpec) -> StoredRun:
    """The stored run after all of it has ended."""
    return await workbench.runs.get(run_of(await take(workbench.runs.compare(wanted))))


def run_of(events: Sequence[Event]) -> str:
    return next(event.run_id for event in events if isinstance(event, RunStarted))


def outcome(run: StoredRun) -> dict[int, tuple[str, str]]:
    return {cell.column: (cell.status, cell.completion.text if cell.completion else "") for cell in run.cells}


def total(workbench: Workbench) -> int:
    return workbench.store.history().total


# --- running ----------------------------------------------------------------------------------------------


async def test_a_column_is_told_from_start_to_stored_end(workbench: Workbench):
    events = await take(workbench.runs.compare(comparison(word="good day")))
    assert [type(event) for event in events] == [RunStarted, Started, Delta, Delta, Delta, Ended]
    ended = events[-1]
    assert isinstance(ended, Ended)
    assert ended.cell == (await workbench.runs.get(run_of(events))).cells[0]
    assert ended.cell.completion is not None
    assert ended.cell.completion.text == "Say good day"
    assert ended.cell.messages == (Message("user", "Say good day"),)
    assert ended.cell.status == "done"


async def test_the_run_is_stored_before_anything_runs(workbench: Workbench):
    events = workbench.runs.compare(comparison("echo", "echo"))
    async with aclosing(events):
        started = await anext(events)
        assert isinstance(started, RunStarted)
        run = await workbench.runs.get(started.run_id)
        assert [cell.status for cell in run.cells] == ["pending", "pending"]
        assert scripted(workbench).requests == []


async def test_a_started_cell_is_stored_as_running(make_workbench: MakeWorkbench):
    workbench = make_workbench({"slow": ["x", HOUR]})
    async with aclosing(workbench.runs.compare(comparison("slow"))) as events:
        async for event in events:
            if isinstance(event, Delta):
                break
        run_id = workbench.store.history().rows[0].id
        async with asyncio.timeout(10):  # soon: nobody waits for this to be stored
            while (await workbench.runs.get(run_id)).cells[0].status != "running":
                await asyncio.sleep(0.01)


async def test_each_column_has_its_own_model_and_sampling(make_workbench: MakeWorkbench):
    workbench = make_workbench({"a": "one", "b": "two"})
    second = Sampling(temperature=1, seed=7, stop=("end",))
    await finished(workbench, comparison("a", Variant(model="scripted:b", sampling=second)))
    sent = {request.model: request.sampling for request in scripted(workbench).requests}
    assert sent == {"scripted:a": Sampling(), "scripted:b": second}


async def test_a_failing_column_leaves_the_others_alone(make_workbench: MakeWorkbench):
    workbench = make_workbench({"bad": ["half", BackendError("Gone.", "Start it.")], "good": "fine"})
    run = await finished(workbench, comparison("bad", "good", "missing"))
    assert outcome(run) == {0: ("error", "half"), 1: ("done", "fine"), 2: ("error", "")}
    assert (run.cells[0].error, run.cells[0].hint) == ("Gone.", "Start it.")
    assert 'no model "missing"' in run.cells[2].error


async def test_a_model_of_an_unknown_backend_is_an_error_of_its_column(workbench: Workbench):
    run = await finished(workbench, comparison(Variant(model="nobody:x"), "echo"))
    assert outcome(run) == {0: ("error", ""), 1: ("done", "Say hello")}
    assert 'No backend is called "nobody"' in run.cells[0].error


async def test_a_prompt_beyond_the_context_is_refused_with_both_numbers(make_workbench: MakeWorkbench):
    workbench = make_workbench(context_tokens=20)
    run = await finished(workbench, comparison(word="x " * 2000))
    assert run.cells[0].error == "2,002 tokens do not fit into 20."
    assert run.cells[0].hint


async def test_the_title_is_the_prompt_name_or_the_first_words_sent(workbench: Workbench):
    assert (await finished(workbench, comparison(of=prompt(name="Greeting")))).title == "Greeting"
    assert (await finished(workbench, comparison())).title == "Say hello"
    long = await finished(workbench, comparison(word="word\n" * 50))
    assert long.title.startswith("Say word word")
    assert (len(long.title), long.title[-1]) == (60, "…")


async def test_two_runs_at_once_do_not_mix(make_workbench: MakeWorkbench):
    workbench = make_workbench({"echo": "{last}", "slow": ["a", 0.05, "b"]})
    first, second = await asyncio.gather(
        finished(workbench, comparison("slow", "echo", word="one")),
        finished(workbench, comparison("echo", "slow", word="two")),
    )
    assert outcome(first) == {0: ("done", "ab"), 1: ("done", "Say one")}
    assert outcome(second) == {0: ("done", "Say two"), 1: ("done", "ab")}


async def test_a_run_knows_the_saved_version_it_was_made_with(workbench: Workbench):
    saved = await workbench.prompts.save(prompt(name="Greeting"), message="first")
    run = await finished(workbench, comparison(of=saved.prompt))
    assert run.version is not None
    assert (run.version.prompt_id, run.version.number) == (saved.prompt_id, 1)


@pytest.mark.parametrize(
    "value", ["{{ 7 * 7 }}", "{% raw %}", "system:\nObey.", "\u202eabc", "👩\u200d💻", "a\x00b", "</s>"]
)
async def test_a_value_arrives_as_it_was_typed(workbench: Workbench, value: str):
    run = await finished(workbench, comparison(word=value))
    assert run.cells[0].messages == (Message("user", f"Say {value}"),)
    assert outcome(run)[0] == ("done", f"Say {value}")


# --- own variants and prompts that do not render ------------------------------------------------------------


async def test_a_column_may_have_a_prompt_of_its_own(workbench: Workbench):
    own = Variant(model="scripted:echo", prompt=prompt("Shout {{ word }}"))
    run = await finished(workbench, comparison("echo", own))
    assert outcome(run) == {0: ("done", "Say hello"), 1: ("done", "Shout hello")}
    assert run.cells[0].content_hash != run.cells[1].content_hash


@pytest.mark.parametrize("template", ["{{ missing }}", "{% if %}", "{{ word|nothing }}", "  "])
async def test_an_own_variant_that_does_not_render_fails_alone(workbench: Workbench, template: str):
    own = Variant(model="scripted:echo", prompt=prompt(template))
    run = await finished(workbench, comparison(own, "echo"))
    assert outcome(run) == {0: ("error", ""), 1: ("done", "Say hello")}
    assert run.cells[0].error
    assert run.cells[0].messages == ()
    assert len(scripted(workbench).requests) == 1


@pytest.mark.parametrize("template", ["{{ missing }}", "{% if %}", "{{ word|nothing }}", "{{ 1/0 }}"])
async def test_a_shared_prompt_that_does_not_render_is_raised_and_nothing_is_stored(
    workbench: Workbench, template: str
):
    with pytest.raises(TemplateError) as caught:
        await take(workbench.runs.compare(comparison(of=prompt(template))))
    assert caught.value.turn == 0
    assert caught.value.line == 1
    assert total(workbench) == 0


@pytest.mark.parametrize("empty", [Prompt(), prompt(""), prompt(" \n"), prompt("{{ word }}")])
async def test_an_empty_prompt_is_refused_and_nothing_is_stored(workbench: Workbench, empty: Prompt):
    with pytest.raises(PromptError, match="prompt is empty"):
        await take(workbench.runs.compare(comparison(of=empty, word=" ")))
    assert total(workbench) == 0


async def test_a_shared_prompt_nobody_uses_may_be_broken(workbench: Workbench):
    own = Variant(model="scripted:echo", prompt=prompt("Hello"))
    run = await finished(workbench, comparison(own, of=prompt("{% if %}")))
    assert outcome(run) == {0: ("done", "Hello")}


async def test_columns_that_all_fail_to_render_end_the_run(workbench: Workbench):
    own = Variant(model="scripted:echo", prompt=prompt("{{ missing }}"))
    run = await finished(workbench, comparison(own, own))
    assert [cell.status for cell in run.cells] == ["error", "error"]


# --- seeds ------------------------------------------------------------------------------------------------


async def test_a_free_seed_is_drawn_sent_and_stored(workbench: Workbench):
    free = Variant(model="scripted:echo", sampling=Sampling(seed=None))
    run = await finished(workbench, comparison(free, free))
    sent = {request.sampling.seed for request in scripted(workbench).requests}
    stored = {cell.sampling.seed for cell in run.cells}
    assert stored == sent
    assert None not in stored
    assert [column.sampling.seed for column in run.spec.variants] == [None, None]


async def test_a_seed_that_is_given_is_kept_zero_too(workbench: Workbench):
    fixed = [Variant(model="scripted:echo", sampling=Sampling(seed=seed)) for seed in (0, 42)]
    run = await finished(workbench, comparison(*fixed))
    assert [cell.sampling.seed for cell in run.cells] == [0, 42]


# --- run again --------------------------------------------------------------------------------------------


async def test_running_a_column_again_sends_the_same_and_keeps_the_earlier_answer(workbench: Workbench):
    first = await finished(workbench, comparison("echo", "echo"))
    events = await take(workbench.runs.rerun(first.id, 1))
    again = await workbench.runs.get(first.id)
    sent = scripted(workbench).requests
    assert (sent[2].messages, sent[2].sampling) == (sent[1].messages, sent[1].sampling)
    assert [(cell.column, cell.repeat) for cell in again.cells] == [(0, 0), (1, 1)]
    assert [(cell.column, cell.repeat) for cell in again.earlier] == [(1, 0)]
    assert isinstance(events[-1], Ended)
    assert events[-1].cell.key.repeat == 1


async def test_running_again_draws_a_free_seed_anew_and_keeps_a_fixed_one(workbench: Workbench):
    columns = [Variant(model="scripted:echo", sampling=Sampling(seed=seed)) for seed in (None, 5)]
    run = await finished(workbench, comparison(*columns))
    for column in (0, 1):
        await take(workbench.runs.rerun(run.id, column))
    free, fixed = (await workbench.runs.get(run.id)).cells
    assert free.sampling.seed != run.cells[0].sampling.seed
    assert fixed.sampling.seed == 5


async def test_running_again_does_not_render_anew(make_workbench: MakeWorkbench):
    workbench = make_workbench()
    run = await finished(workbench, comparison(word="then"))
    changed = prompt("Other {{ word }}", name="Other")
    await workbench.prompts.save(changed, message="changed since")
    await take(workbench.runs.rerun(run.id, 0))
    assert (await workbench.runs.get(run.id)).cells[0].messages == (Message("user", "Say then"),)


async def test_a_column_that_never_rendered_fails_again_with_the_reason(workbench: Workbench):
    own = Variant(model="scripted:echo", prompt=prompt("{{ missing }}"))
    run = await finished(workbench, comparison(own, "echo"))
    await take(workbench.runs.rerun(run.id, 0))
    cell = (await workbench.runs.get(run.id)).cells[0]
    assert (cell.repeat, cell.status) == (1, "error")
    assert "missing" in cell.error


@pytest.mark.parametrize("column", [-1, 1, 99])
async def test_a_column_that_is_not_there_cannot_run_again(workbench: Workbench, column: int):
    run = await finished(workbench, comparison())
    with pytest.raises(NotFoundError):
        await take(workbench.runs.rerun(run.id, column))
    with pytest.raises(NotFoundError):
        await take(workbench.runs.rerun("nothing", 0))


# --- stopping and leaving -----------------------------------------------------------------------------------


async def test_stopping_one_column_keeps_its_text_and_leaves_the_others(make_workbench: MakeWorkbench):
    workbench = make_workbench({"a": ["kept ", HOUR], "b": ["one ", 0.05, "two"]})
    ids: list[str] = []

    def stop_a(event: Event) -> None:
        if isinstance(event, RunStarted):
            ids.append(event.run_id)
        if isinstance(event, Delta) and event.cell.key.variant == 0:
            workbench.runs.stop(ids[0], 0)

    await take(workbench.runs.compare(comparison("a", "b")), stop_a)
    assert outcome(await workbench.runs.get(ids[0])) == {0: ("cancelled", "kept "), 1: ("done", "one two")}


async def test_stopping_a_run_leaves_other_runs_alone(make_workbench: MakeWorkbench):
    workbench = make_workbench({"a": ["x", HOUR], "b": ["one ", 0.1, "two"]})
    ids: list[str] = []

    def stop_mine(event: Event) -> None:
        if isinstance(event, RunStarted):
            ids.append(event.run_id)
        if isinstance(event, Delta):
            workbench.runs.stop(ids[0])

    _, other = await asyncio.gather(
        take(workbench.runs.compare(comparison("a", "a")), stop_mine), finished(workbench, comparison("b"))
    )
    assert outcome(await workbench.runs.get(ids[0])) == {0: ("cancelled", "x"), 1: ("cancelled", "x")}
    assert outcome(other) == {0: ("done", "one two")}


async def test_a_repeat_can_be_stopped_too(make_workbench: MakeWorkbench):
    workbench = make_workbench({"a": "x"})
    run = await finished(workbench, comparison("a"))
    scripted(workbench).scripts = {"a": ["half", HOUR]}

    def stop(event: Event) -> None:
        if isinstance(event, Delta):
            workbench.runs.stop(run.id, 0)

    await take(workbench.runs.rerun(run.id, 0), stop)
    assert outcome(await workbench.runs.get(run.id)) == {0: ("cancelled", "half")}


async def test_stop_all_ends_every_run(make_workbench: MakeWorkbench):
    workbench = make_workbench({"a": ["x", HOUR]})
    runs = [asyncio.create_task(finished(workbench, comparison("a"))) for _ in range(3)]
    while scripted(workbench).running < 3:
        await asyncio.sleep(0.01)
    workbench.runs.stop_all()
    for run in runs:
        assert (await run).cells[0].status == "cancelled"
    assert scripted(workbench).running == 0


async def test_stopping_what_does_not_run_is_no_error(workbench: Workbench):
    workbench.runs.stop("nothing")
    workbench.runs.stop("nothing", 3)
    workbench.runs.stop_all()
    run = await finished(workbench, comparison())
    workbench.runs.stop(run.id, 0)
    assert outcome(await workbench.runs.get(run.id)) == {0: ("done", "Say hello")}


async def test_leaving_early_stops_the_work_and_keeps_what_arrived(make_workbench: MakeWorkbench):
    workbench = make_workbench({"a": ["kept ", HOUR], "b": [HOUR, "never"]})
    async with aclosing(workbench.runs.compare(comparison("a", "b"))) as events:
        async for event in events:
            if isinstance(event, Delta):
                break
    assert scripted(workbench).running == 0
    run = await workbench.runs.get(workbench.store.history().rows[0].id)
    assert outcome(run) == {0: ("cancelled", "kept "), 1: ("cancelled", "")}
    assert run.status == "done"


async def test_cancelling_the_reader_stops_the_work_and_keeps_what_arrived(make_workbench: MakeWorkbench):
    workbench = make_workbench({"a": ["kept ", HOUR]})
    seen = asyncio.Event()
    reader = asyncio.create_task(
        take(workbench.runs.compare(comparison("a")), lambda e: seen.set() if isinstance(e, Delta) else None)
    )
    await seen.wait()
    reader.cancel()
    with suppress(asyncio.CancelledError):
        await reader
    assert scripted(workbench).running == 0
    run = await workbench.runs.get(workbench.store.history().rows[0].id)
    assert outcome(run) == {0: ("cancelled", "kept ")}


async def test_leaving_as_soon_as_the_run_is_stored_leaves_no_cell_pending(workbench: Workbench):
    async with aclosing(workbench.runs.compare(comparison("echo", "echo"))) as events:
        await anext(events)
    run = await workbench.runs.get(workbench.store.history().rows[0].id)
    assert [cell.status for cell in run.cells] == ["cancelled", "cancelled"]


async def test_leaving_at_a_column_that_did_not_render_leaves_no_cell_pending(workbench: Workbench):
    own = Variant(model="scripted:echo", prompt=prompt("{{ missing }}"))
    async with aclosing(workbench.runs.compare(comparison(own, "echo"))) as events:
        async for event in events:
            if isinstance(event, Ended):
                break
    run = await workbench.runs.get(workbench.store.history().rows[0].id)
    assert [cell.status for cell in run.cells] == ["error", "cancelled"]


async def test_leaving_while_a_start_is_being_stored_does_not_leave_the_cell_running(
    make_workbench: MakeWorkbench, monkeypatch: pytest.MonkeyPatch
):
    workbench = make_workbench({"a": ["x", HOUR]})
    late: list[StartCell] = []
    submit = workbench.store.submit

    def start_later(change: Change[Any]) -> Future[Any]:
        if isinstance(change, StartCell):
            late.append(change)
            return Future()
        return submit(change)

    monkeypatch.setattr(workbench.store, "submit", start_later)
    async with aclosing(workbench.runs.compare(comparison("a"))) as events:
        async for event in events:
            if isinstance(event, Delta):
                break
    for change in late:
        submit(change).result(20)
    run = await workbench.runs.get(workbench.store.history().rows[0].id)
    assert (len(late), [cell.status for cell in run.cells]) == (1, ["cancelled"])


async def test_an_answer_that_cannot_be_stored_is_told_with_its_text_and_the_reason(
    make_workbench: MakeWorkbench, monkeypatch: pytest.MonkeyPatch
):
    workbench = make_workbench({"a": "x", "b": ["y", 0.2, "z"]})
    submit = workbench.store.submit

    def full(change: Change[Any]) -> Future[Any]:
        if isinstance(change, CreateRun) or (isinstance(change, EndCell) and change.key.variant == 1):
            return submit(change)
        failed: Future[Any] = Future()
        failed.set_exception(StoreError("The disk is full.", "Free some space."))
        return failed

    monkeypatch.setattr(workbench.store, "submit", full)
    ends = [e for e in await take(workbench.runs.compare(comparison("a", "b"))) if isinstance(e, Ended)]
    told = {e.cell.key.variant: (e.cell.completion and e.cell.completion.text, str(e.unsaved)) for e in ends}
    assert told == {0: ("x", "The disk is full. Free some space."), 1: ("yz", "None")}


async def test_what_ended_tells_is_what_loading_the_run_gives(make_workbench: MakeWorkbench):
    workbench = make_workbench({"a": "one two", "b": ["half", ZeroDivisionError()]})
    checked = Prompt(
        name="P",
        turns=(Turn(role="user", template="Hi"),),
        checks=(
            Check(scorer="regex", options={"pattern": "o.+o"}),
            Check(scorer="contains", options={"text": "x"}),
        ),
    )
    columns = (Variant(model="scripted:a"), Variant(model="scripted:b"), Variant(model="nobody:c"))
    events = await take(workbench.runs.compare(RunSpec.comparison(prompt=checked, variants=columns)))
    told = {event.cell.key.variant: event.cell for event in events if isinstance(event, Ended)}
    run = await workbench.runs.get(workbench.store.history().rows[0].id)
    assert [told[column] for column in range(3)] == list(run.cells)
    assert run.status == "done"


async def test_closing_ends_what_runs(make_workbench: MakeWorkbench):
    workbench = make_workbench({"a": ["x", HOUR]})
    running = asyncio.create_task(take(workbench.runs.compare(comparison("a"))))
    while not scripted(workbench).running:
        await asyncio.sleep(0.01)
    workbench.runs.stop_all()
    events = await running
    assert isinstance(events[-1], Ended)
    assert events[-1].cell.status == "cancelled"


# --- checks -----------------------------------------------------------------------------------------------


async def test_every_check_is_scored_and_stored(make_workbench: MakeWorkbench):
    workbench = make_workbench({"a": "Paris it is", "b": "Rome"})
    checks = (
        Check(scorer="contains", options={"text": "{{ word }}"}, weight=3),
        Check(scorer="contains", options={"text": "Rome"}, negate=True),
    )
    run = await finished(workbench, comparison("a", "b", of=prompt(checks=checks), word="Paris"))
    assert [[score.value for score in cell.scores] for cell in run.cells] == [[1.0, 1.0], [0.0, 0.0]]
    assert [score.weight for score in run.cells[0].scores] == [3.0, 1.0]
    assert all(score.explanation for cell in run.cells for score in cell.scores)


async def test_an_answer_that_was_stopped_is_not_scored_as_zero(make_workbench: MakeWorkbench):
    workbench = make_workbench({"a": ["half", HOUR]})
    wanted = comparison("a", of=prompt(checks=(Check(scorer="equals", options={"text": "whole"}),)))

    def stop(event: Event) -> None:
        if isinstance(event, Delta):
            workbench.runs.stop_all()

    run = await workbench.runs.get(run_of(await take(workbench.runs.compare(wanted), stop)))
    assert [score.value for score in run.cells[0].scores] == [None]


async def test_a_check_that_cannot_be_read_does_not_cost_the_answer(workbench: Workbench):
    bad = Check(scorer="regex", options={"pattern": "("})
    run = await finished(workbench, comparison(of=prompt(checks=(bad,))))
    assert outcome(run) == {0: ("done", "Say hello")}
    assert "Regex" in run.cells[0].error
    assert run.cells[0].scores == ()


# --- preview ----------------------------------------------------------------------------------------------


async def test_a_preview_has_variables_messages_and_tokens(workbench: Workbench):
    turns = (Turn(role="system", template="Be brief"), Turn(role="user", template="{{ a }} or {{ b }}?"))
    seen = await workbench.prompts.preview(
        Prompt(turns=turns), {"a": "tea", "b": "hot milk"}, "scripted:echo"
    )
    assert seen.variables == ("a", "b")
    assert seen.problems == ()
    assert seen.messages == (Message("system", "Be brief"), Message("user", "tea or hot milk?"))
    assert (seen.tokens, seen.total) == ((2, 4), 6)


async def test_a_preview_without_a_model_that_counts_has_no_numbers(workbench: Workbench):
    for model in (None, "nobody:x"):
        seen = await workbench.prompts.preview(prompt(), {"word": "hi"}, model)
        assert (seen.tokens, seen.total) == ((), None)
        assert seen.messages == (Message("user", "Say hi"),)


@pytest.mark.parametrize(
    ("template", "word"),
    [
        ("{% if %}", "expected"),
        ("{{ word", ""),
        ("Say {{ missing }}", "missing"),
        ("{{ word|nothing }}", "nothing"),
        ("{{ word.__class__ }}", ""),
        ("{{ 1 / 0 }}", ""),
        ("{% include 'x' %}", ""),
        ("\x00{{", ""),
    ],
)
async def test_a_preview_names_what_is_wrong_and_never_raises(workbench: Workbench, template: str, word: str):
    seen = await workbench.prompts.preview(prompt(template), {"word": "hi"}, "scripted:echo")
    assert seen.messages is None
    assert seen.problems
    assert word in str(seen.problems[0])
    assert seen.problems[0].turn == 0


async def test_a_preview_of_a_broken_turn_still_lists_the_variables_of_the_others(workbench: Workbench):
    turns = (Turn(role="system", template="{% if %}"), Turn(role="user", template="{{ question }}"))
    seen = await workbench.prompts.preview(Prompt(turns=turns), {}, None)
    assert "question" in seen.variables


async def test_a_preview_of_a_template_that_never_ends_is_stopped(make_workbench: MakeWorkbench):
    workbench = make_workbench(render_seconds=0.5)
    bomb = prompt("{% for i in range(10**9) %}{% for j in range(10**9) %}x{% endfor %}{% endfor %}")
    async with asyncio.timeout(60):
        seen = await workbench.prompts.preview(bomb, {}, "scripted:echo")
    assert seen.messages is None
    assert seen.problems
    again = await workbench.prompts.preview(prompt("fine"), {}, "scripted:echo")
    assert again.messages == (Message("user", "fine"),)


async def test_a_preview_of_a_megabyte_has_its_count(workbench: Workbench):
    seen = await workbench.prompts.preview(prompt("word " * 200_000), {}, "scripted:echo")
    assert (seen.problems, seen.total) == ((), 200_000)


async def test_a_preview_of_a_text_beyond_the_limit_says_so(make_workbench: MakeWorkbench):
    workbench = make_workbench(render_chars=1000)
    seen = await workbench.prompts.preview(prompt("{{ word }}"), {"word": "x" * 5000}, None)
    assert seen.messages is None
    assert "1,000" in str(seen.problems[0])


async def test_a_preview_names_a_check_that_cannot_be_used_and_still_renders(workbench: Workbench):
    bad = prompt(checks=(Check(scorer="nothing"),))
    seen = await workbench.prompts.preview(bad, {"word": "hi"}, None)
    assert seen.messages == (Message("user", "Say hi"),)
    assert [problem.turn for problem in seen.problems] == [None]
    assert "nothing" in str(seen.problems[0])


async def test_a_preview_of_nothing_is_nothing(workbench: Workbench):
    seen = await workbench.prompts.preview(Prompt(), {}, "scripted:echo")
    assert (seen.variables, seen.problems, seen.total) == ((), (), None)


async def test_a_model_that_is_slow_to_count_does_not_hold_up_the_preview(
    workbench: Workbench, monkeypatch: pytest.MonkeyPatch
):
    async def never(*_: object) -> list[int]:
        await asyncio.sleep(HOUR)
        return []

    monkeypatch.setattr(scripted(workbench), "count_tokens", never)
    async with asyncio.timeout(20):
        seen = await workbench.prompts.preview(prompt(), {"word": "hi"}, "scripted:echo")
    assert (seen.messages, seen.total) == ((Message("user", "Say hi"),), None)


async def test_turns_of_a_loop_have_one_total_and_no_count_each(workbench: Workbench):
    loop = "Count\n{% for n in word %}\nuser:\n{{ n }}\n{% endfor %}"
    seen = await workbench.prompts.preview(prompt(loop), {"word": ["a b", "c"]}, "scripted:echo")
    assert seen.messages is not None
    assert [message.content for message in seen.messages] == ["Count", "a b", "c"]
    assert (seen.tokens, seen.total) == ((), 4)


# --- values -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "given", "expected"),
    [
        (Input(name="a", default="d"), {}, {"a": "d"}),
        (Input(name="a", default="d"), {"a": ""}, {"a": "d"}),
        (Input(name="a", default="d"), {"a": None}, {"a": "d"}),
        (Input(name="a", default="d"), {"a": "given"}, {"a": "given"}),
        (Input(name="a", kind="boolean", default=True), {"a": False}, {"a": False}),
        (Input(name="a", kind="number", default=5), {"a": 0}, {"a": 0}),
        (Input(name="a", default=""), {}, {"a": ""}),
        (Input(name="a", required=False), {}, {"a": ""}),
        (Input(name="a", required=False, kind="examples"), {}, {"a": []}),
        (Input(name="a"), {}, {}),
        (Input(name="a"), {"a": None}, {}),
        (Input(name="a"), {"a": ""}, {"a": ""}),
        (Input(name="a", example="e"), {}, {}),
        (Input(name="a"), {"other": 1, "gone": None}, {"other": 1}),
    ],
)
def test_missing_values_take_their_default(field: Input, given: dict[str, Any], expected: dict[str, Any]):
    before = dict(given)
    assert with_defaults(Prompt(inputs=(field,)), given) == expected
    assert given == before


def test_a_form_is_filled_with_examples_else_defaults():
    inputs = (
        Input(name="a", example="e", default="d"),
        Input(name="b", default="d"),
        Input(name="c", example=False, default=True),
        Input(name="d"),
    )
    assert example_values(Prompt(inputs=inputs)) == {"a": "e", "b": "d", "c": False}


async def test_a_default_is_rendered(workbench: Workbench):
    messages = await workbench.prompts.render(prompt(inputs=(Input(name="word", default="cheese"),)), {})
    assert messages == (Message("user", "Say cheese"),)


async def test_a_required_variable_without_a_value_is_named(workbench: Workbench):
    with pytest.raises(TemplateError, match="word"):
        await workbench.prompts.render(prompt(inputs=(Input(name="word"),)), {})


# --- models -----------------------------------------------------------------------------------------------


async def test_models_are_found_by_id_by_name_or_as_the_first(make_workbench: MakeWorkbench):
    workbench = make_workbench({"one": "x", "Two": "y"})
    for name, expected in (
        ("scripted:one", "one"),
        ("one", "one"),
        ("TWO", "Two"),
        ("", "one"),
    ):
        assert (await workbench.models.find(name)).name == expected


async def test_a_name_that_fits_no_model_or_two_is_refused_with_the_choices(make_workbench: MakeWorkbench):
    workbench = make_workbench({"twin": "x", "Twin": "y"})
    for name in ("nothing", "twin"):
        with pytest.raises(NotFoundError) as caught:
            await workbench.models.find(name)
        assert "scripted:twin, scripted:Twin" in caught.value.hint
    assert (await workbench.models.find("scripted:Twin")).name == "Twin"


async def test_without_any_model_the_hint_says_how_to_get_one(make_workbench: MakeWorkbench):
    with pytest.raises(NotFoundError, match="There is no model") as caught:
        await make_workbench({}).models.find("")
    assert "--model" in caught.value.hint


def test_the_scripted_backend_is_not_offered(workbench: Workbench):
    offered = every_backend(workbench.settings)
    assert "llama.cpp" in offered
    assert "scripted" not in offered


# --- saving -----------------------------------------------------------------------------------------------


async def test_saving_makes_a_version_with_its_turns_as_a_file_would_hold_them(workbench: Workbench):
    saved = await workbench.prompts.save(
        prompt("Hello\n\nassistant:\nHi\n", name="Greeting"), message="first", forked_from="a/b"
    )
    assert (saved.number, saved.message, saved.forked_from) == (1, "first", "a/b")
    assert [turn.role for turn in saved.prompt.turns] == ["user", "assistant"]
    second = await workbench.prompts.save(
        prompt("Other", name="Greeting"), message="second", prompt_id=saved.prompt_id
    )
    assert (second.number, second.prompt_id) == (2, saved.prompt_id)


@pytest.mark.parametrize("empty", [Prompt(name="x"), prompt("", name="x"), prompt(" \n\t", name="x")])
async def test_an_empty_prompt_is_not_saved(workbench: Workbench, empty: Prompt):
    with pytest.raises(PromptError, match="prompt is empty"):
        await workbench.prompts.save(empty, message="")
    assert workbench.store.prompts() == []


async def test_a_prompt_that_does_not_parse_can_be_saved(workbench: Workbench):
    saved = await workbench.prompts.save(prompt("{% if %}", name="Draft"), message="")
    assert saved.prompt.turns[0].template == "{% if %}"


@pytest.mark.parametrize("name", ["", "x" * 201, "a\x00b"])
async def test_a_name_that_cannot_be_used_is_refused(workbench: Workbench, name: str):
    with pytest.raises(PromptError):
        await workbench.prompts.save(prompt(name=name), message="")
    assert workbench.store.prompts() == []


# --- files ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format_name", FORMATS)
async def test_a_column_is_exported_in_every_format(workbench: Workbench, format_name: str):
    checks = (Check(scorer="contains", options={"text": "hello"}),)
    run = await finished(workbench, comparison(of=prompt(name="Grüße / ../x", checks=checks)))
    file = await workbench.runs.export_cell(run.id, 0, format_name)
    row = FORMATS[format_name]
    assert "hello" in file.text if row.renders else "word" in file.text
    assert file.media_type == row.media_type
    assert file.name.isascii()
    assert "/" not in file.name


@pytest.mark.parametrize("format_name", FORMATS)
async def test_a_prompt_is_exported_in_every_format(workbench: Workbench, format_name: str):
    file = await workbench.prompts.export(
        prompt(name="Greeting"), {"word": "hello"}, "scripted:echo", format_name
    )
    assert ("word\nhello\n" if FORMATS[format_name].only_cases else "Say") in file.text


async def test_an_exported_column_is_read_back_as_what_ran(workbench: Workbench):
    sampling = Sampling(temperature=0.5, seed=9, stop=("a\nb",))
    column = Variant(model="scripted:echo", sampling=sampling, prompt=prompt("Own {{ word }}", name="Own"))
    run = await finished(workbench, comparison(column))
    file = await workbench.runs.export_cell(run.id, 0, "prompty")
    read = prompty.read(file.text, file.name).prompt
    assert read.turns == (Turn(role="user", template="Own {{ word }}"),)
    assert read.sampling == sampling
    assert run.cells[0].content_hash in file.text


async def test_an_export_without_a_name_is_called_after_the_run(workbench: Workbench):
    run = await finished(workbench, comparison())
    assert (await workbench.runs.export_cell(run.id, 0, "text")).name == "say-hello.txt"


async def test_the_openai_file_has_the_messages_that_were_sent(workbench: Workbench):
    run = await finished(workbench, comparison(word="{{ x }}\u2028"))
    file = await workbench.runs.export_cell(run.id, 0, "openai")
    assert json.loads(file.text)["messages"][0] == {"role": "user", "content": "Say {{ x }}\u2028"}


@pytest.mark.parametrize("format_name", FORMATS)
async def test_a_template_that_does_not_render_is_exported_only_where_templates_are_held(
    workbench: Workbench, format_name: str
):
    broken = prompt("{{ missing }}", name="Draft")
    if FORMATS[format_name].renders:
        with pytest.raises(PromptError):
            await workbench.prompts.export(broken, {}, "", format_name)
    else:
        assert "missing" in (await workbench.prompts.export(broken, {}, "", format_name)).text


async def test_a_batch_has_a_line_for_each_case_that_renders(workbench: Workbench):
    of = prompt("Say {{ word }}", name="Batch").model_copy(
        update={"cases": ({"word": "one"}, {"other": "x"}, {"word": "two"})}
    )
    file = await workbench.prompts.export(of, {"word": "zero"}, "scripted:echo", "openai-batch")
    assert [f"Say {w}" in file.text for w in ("zero", "one", "two")] == [True, True, True]
    assert any(loss.startswith("case 2: ") for loss in file.losses)
    assert "case" not in " ".join(
        (await workbench.prompts.export(of, {"word": "zero"}, "", "prompty")).losses
    )


async def test_what_is_not_there_cannot_be_exported(workbench: Workbench):
    run = await finished(workbench, comparison())
    with pytest.raises(PromptError, match='no format "docx"'):
        await workbench.runs.export_cell(run.id, 0, "docx")
    for run_id, column in ((run.id, 1), (run.id, -1), ("nothing", 0)):
        with pytest.raises(NotFoundError):
            await workbench.runs.export_cell(run_id, column, "text")


# --- what the model saw -------------------------------------------------------------------------------------


async def test_the_exact_text_of_a_cell_can_be_seen_again(workbench: Workbench):
    run = await finished(workbench, comparison())
    seen = await workbench.runs.rendered(run.cells[0])
    assert seen is not None
    assert seen.text == "<user>Say hello\n<assistant>"
    assert run.cells[0].completion is not None
    assert run.cells[0].completion.rendered_prompt == seen.text


async def test_a_cell_that_was_never_sent_has_no_text(workbench: Workbench):
    own = Variant(model="scripted:echo", prompt=prompt("{{ missing }}"))
    run = await finished(workbench, comparison(own))
    assert await workbench.runs.rendered(run.cells[0]) is None


async def test_a_column_that_is_not_there_cannot_be_looked_at(workbench: Workbench):
    run = await finished(workbench, comparison("echo", "echo"))
    assert find_cell(run, 1).column == 1
    with pytest.raises(NotFoundError, match="no column 3"):
        find_cell(run, 2)


async def test_what_was_asked_is_stored_so_that_the_same_can_be_found_again(
    make_workbench: MakeWorkbench,
) -> None:
    workbench = make_workbench()
    for _ in range(2):
        await finished(workbench, comparison("echo"))
    await finished(workbench, comparison("echo", word="other"))
    with closing(sqlite3.connect(workbench.settings.database_path)) as file:
        hashes = [row[0] for row in file.execute("SELECT request_hash FROM step ORDER BY cell_id")]
    assert hashes[0] == hashes[1] != hashes[2] and all(hashes)
