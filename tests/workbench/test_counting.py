"""Tokens that no end of a stream told: of stopped and broken answers, of a model that is still loading, of half a prompt."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import pytest

from playground.backends.scripted import ScriptedBackend
from playground.errors import BackendError
from playground.runs.events import Ended, RunStarted
from playground.runs.runner import Delta
from playground.types.grid import RunSpec, Variant
from playground.types.prompt import Prompt, Turn
from playground.workbench import counting
from playground.workbench.service import Workbench

MakeWorkbench = Callable[..., Workbench]
HOUR = 3600.0


def said(*templates: str) -> Prompt:
    return Prompt(turns=tuple(Turn(role="user", template=text) for text in templates))


async def ended(workbench: Workbench, *, stop: bool) -> Ended:
    wanted = RunSpec.comparison(prompt=said("Hi"), values={}, variants=(Variant(model="scripted:a"),))
    run, last = "", None
    async for event in workbench.runs.compare(wanted):
        if isinstance(event, RunStarted):
            run = event.run_id
        if isinstance(event, Delta) and stop and event.text.startswith("two"):
            workbench.runs.stop(run)
        if isinstance(event, Ended):
            last = event
    assert last is not None
    return last


async def test_a_stopped_answer_has_the_tokens_of_what_had_arrived(make_workbench: MakeWorkbench):
    workbench = make_workbench({"a": ["one ", "two ", HOUR]})
    cell = (await ended(workbench, stop=True)).cell
    assert cell.status == "cancelled"
    assert cell.completion and cell.completion.completion_tokens == 2


async def test_an_answer_that_broke_off_has_them_too(make_workbench: MakeWorkbench):
    workbench = make_workbench({"a": ["one ", BackendError("Gone.")]})
    cell = (await ended(workbench, stop=False)).cell
    assert cell.status == "error"
    assert cell.completion and cell.completion.completion_tokens == 1


async def test_a_count_that_takes_too_long_keeps_no_stopped_answer_waiting(
    make_workbench: MakeWorkbench, monkeypatch: pytest.MonkeyPatch
):
    workbench = make_workbench({"a": ["one ", "two ", HOUR]})
    loading(monkeypatch)
    cell = (await ended(workbench, stop=True)).cell
    assert cell.completion and cell.completion.completion_tokens is None


def loading(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model is not loaded yet."""

    async def count_tokens(self: ScriptedBackend, model: str, texts: Sequence[str]) -> list[int]:
        await asyncio.sleep(HOUR)
        return []

    monkeypatch.setattr(ScriptedBackend, "count_tokens", count_tokens)
    monkeypatch.setattr(counting, "PATIENCE_S", 0.01)


async def test_a_preview_says_whether_its_tokens_will_be_known(
    workbench: Workbench, monkeypatch: pytest.MonkeyPatch
):
    assert not (await workbench.prompts.preview(said("one two"), {}, "scripted:echo")).is_counting
    assert not (await workbench.prompts.preview(said("one two"), {}, "nowhere:x")).is_counting
    loading(monkeypatch)
    seen = await workbench.prompts.preview(said("one two"), {}, "scripted:echo")
    assert (seen.is_counting, seen.tokens, seen.total) == (True, (), None)


async def test_turns_beside_a_broken_one_keep_their_tokens(workbench: Workbench):
    seen = await workbench.prompts.preview(said("one two", "{% if", "three"), {}, "scripted:echo")
    assert (seen.tokens, seen.total) == ((2, None, 1), None)
    seen = await workbench.prompts.preview(said("one two", "{{ missing }}"), {}, "scripted:echo")
    assert seen.tokens == (2, None)
