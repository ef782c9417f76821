"""What running cells have written is stored about once a second, and costs nothing for answers that are done sooner."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from playground.runs import drafts as module
from playground.runs.drafts import Drafts
from playground.runs.events import Ended
from playground.settings import Settings
from playground.store import open_store
from playground.store.changes import Draft, KeepDrafts, StepDraft
from playground.types.generation import Completion
from playground.types.grid import RunSpec, Variant
from playground.types.prompt import Prompt, Turn
from playground.types.trace import Step
from playground.workbench.service import Workbench
from tests.forked import Program
from tests.works import at

MakeWorkbench = Callable[..., Workbench]


class Kept:
    """Stands for the store: what came, and when it has stored it."""

    def __init__(self, at_once: bool = True) -> None:
        self.changes: list[list[Draft]] = []
        self.futures: list[Future[None]] = []
        self.at_once = at_once

    def submit(self, change: KeepDrafts) -> Future[None]:
        future: Future[None] = Future()
        self.changes.append(sorted(change.drafts))
        self.futures.append(future)
        if self.at_once:
            future.set_result(None)
        return future


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DRAFT_S", 0.05)


async def test_all_cells_with_news_share_one_change() -> None:
    kept = Kept()
    drafts = Drafts(kept.submit)
    for word in ("a", "b", "c"):
        drafts.add("r", at(0), word)
        drafts.add("r", at(1), "", word)
    await asyncio.sleep(0.12)
    assert kept.changes == [[Draft("r", at(0), "abc", ""), Draft("r", at(1), "", "abc")]]
    drafts.add("r", at(1), "d")
    await asyncio.sleep(0.12)
    assert kept.changes[1:] == [[Draft("r", at(1), "d", "abc")]]


async def test_a_cell_that_ends_soon_is_never_stored_as_a_draft() -> None:
    kept = Kept()
    drafts = Drafts(kept.submit)
    drafts.add("r", at(0), "quick")
    drafts.drop("r", at(0))
    await asyncio.sleep(0.12)
    assert kept.changes == []


async def test_steps_are_kept_once_they_have_ended_and_as_they_are_seen_last() -> None:
    changes: list[KeepDrafts] = []

    def submit(change: KeepDrafts) -> Future[None]:
        changes.append(change)
        done: Future[None] = Future()
        done.set_result(None)
        return done

    drafts = Drafts(submit)
    step = Step(number=1, label="propose")
    drafts.add_step("r", at(0), step)  # begun
    drafts.add_step("r", at(0), Step(number=2, kind="tool", state="runs"))
    ended = replace(step, completion=Completion("x", "stop"))
    drafts.add_step("r", at(0), ended)
    drafts.add_step("r", at(0), replace(ended, state="kept"))
    drafts.add_step("r", at(1), ended)
    drafts.drop("r", at(1))
    await asyncio.sleep(0.12)
    assert [change.steps for change in changes] == [[StepDraft("r", at(0), replace(ended, state="kept"))]]


async def test_while_the_store_is_slow_drafts_do_not_pile_up_and_the_newest_is_kept() -> None:
    kept = Kept(at_once=False)
    drafts = Drafts(kept.submit)
    for number in range(8):
        drafts.add("r", at(0), str(number))
        await asyncio.sleep(0.03)
    assert len(kept.changes) == 1
    kept.futures[0].set_result(None)
    await asyncio.sleep(0.12)
    assert kept.changes[1:] == [[Draft("r", at(0), "01234567", "")]]
    drafts.close()


async def test_a_run_leaves_no_draft_behind(make_workbench: MakeWorkbench) -> None:
    workbench = make_workbench({"a": ["one ", 0.2, "two"], "b": ["x", 3600.0]})
    prompt = Prompt(turns=(Turn(role="user", template="Hi"),))
    wanted = RunSpec.comparison(
        prompt=prompt, variants=(Variant(model="scripted:a"), Variant(model="scripted:b"))
    )
    async with aclosing(workbench.runs.compare(wanted)) as events:
        async for event in events:
            if isinstance(event, Ended):
                break
    assert (workbench.runs._drafts._texts, workbench.runs._drafts._news) == ({}, set())
    texts = [
        cell.completion and cell.completion.text for cell in (await workbench.runs.get(event.run_id)).cells
    ]
    assert texts == ["one two", "x"]


VICTIM = """
import asyncio, os, sys, time
from pathlib import Path
from playground.backends.scripted import ScriptedBackend
from playground.runs.runner import Delta
from playground.settings import Settings
from playground.store import open_store
from playground.types.grid import RunSpec, Variant
from playground.types.prompt import Prompt, TechniqueChoice, Turn
from playground.workbench.service import Workbench

class Scripts(dict):
    # The tree's first four calls give something, the fifth hangs.
    calls = 0
    def __getitem__(self, name):
        self.calls += name == "tree"
        return ["half a thought", 3600.0] if name == "tree" and self.calls > 4 else super().__getitem__(name)

async def main():
    settings = Settings(data_dir=Path(sys.argv[1]), database_url="")
    words = [part for n in range(1000) for part in (f"{n} ", 0.02)]
    backend = ScriptedBackend(Scripts({"a": words, "b": ["at once", 3600.0], "c": "done", "tree": "1. on\\n2. sure"}))
    workbench = Workbench(settings, open_store(settings), {"scripted": backend})
    prompt = Prompt(turns=(Turn(role="user", template="Hi"),))
    columns = [Variant(model=f"scripted:{name}") for name in "abc"]
    columns.append(Variant(model="scripted:tree", technique=TechniqueChoice(name="tree-of-thoughts")))
    async for event in workbench.runs.compare(RunSpec.comparison(prompt=prompt, variants=columns)):
        if isinstance(event, Delta):
            os.write(1, f"{time.time()} {event.cell.key.variant} {event.text}\\n".encode())

asyncio.run(main())
"""


def test_after_kill_9_a_cell_has_the_text_that_was_on_the_screen_a_second_before(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, database_url="")
    with Program(
        [sys.executable, "-c", VICTIM, str(tmp_path)], stdout=subprocess.PIPE, env=dict(os.environ), text=True
    ) as child:
        assert child.stdout
        shown: dict[str, list[tuple[float, str]]] = {}
        for line in child.stdout:
            at, column, text = line.rstrip("\n").split(" ", 2)
            shown.setdefault(column, []).append((float(at), text))
            if len(shown.get("0", ())) == 150:
                break
        killed_at = time.time()
        child.send_signal(signal.SIGKILL)
        child.wait(10)
    store = open_store(settings)
    assert store.mark_interrupted() == 3
    (row,) = store.history().rows
    cells = store.run(row.id).cells
    store.close()
    tree = cells[3]
    assert [cell.status for cell in cells] == ["interrupted", "interrupted", "done", "interrupted"]
    calls = [step for step in tree.answer.steps if step.kind == "call"]
    assert len(calls) == tree.answer.calls == 4, "the steps that had ended, and not the one that was writing"
    assert [step.completion and step.completion.finish for step in calls] == ["stop"] * 4
    assert all(step.messages and step.text == "1. on\n2. sure" for step in calls)
    assert any(step.value is not None for step in tree.answer.steps)
    assert (tree.answer.is_traced, tree.answer.finish, tree.answer.extracted) == (True, "aborted", None)
    for column in (0, 1):
        before = "".join(text for at, text in shown[str(column)] if at < killed_at - 1)
        completion = cells[column].completion
        assert before
        assert completion and completion.text.startswith(before)
