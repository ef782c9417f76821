"""A run as the page sees it grow: one generator feeds all columns.

It yields at most 25 times a second and only what changed, and at least twice a second, because Gradio notices a
closed tab only at a yield.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from typing import Any, Unpack

import gradio as gr

from playground.errors import NotFoundError, StoreError
from playground.runs.runner import Delta, Started, Waits
from playground.store.records import StoredCell, StoredRun
from playground.ui import panels
from playground.ui.alerts import to_alert
from playground.ui.forms import COLUMNS, CompareForm, to_comparison
from playground.ui.trouble import notice
from playground.ui.update import Update
from playground.workbench.service import Ended, Event, RunStarted, Workbench

BEAT_S = 0.04
"""Between two paints: 25 a second is more than the eye needs and less than the browser can do."""

PULSE_S = 0.5
"""A silent run yields nothing this often, because Gradio notices a closed tab only at a yield."""

BLANK: dict[str, Any] = {"badges": "", "problem": "", "reasoning": "", "foot": None, "waits": ""}
"""A column whose answer has not ended; the page fills the foot's places with dashes."""


@dataclass
class Board:
    """What the page shall show of a run, gathered between two paints."""

    stream: str = ""
    run_id: str | None = None
    run: StoredRun | None = None
    texts: dict[int, str] = field(default_factory=dict)
    thoughts: dict[int, str] = field(default_factory=dict)
    columns: dict[int, dict[str, Any]] = field(default_factory=dict)
    extra: Update = field(default_factory=Update)
    dirty_texts: set[int] = field(default_factory=set)
    thinking: set[int] = field(default_factory=set)
    dirty_status: bool = False
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    def status(self, **extra: Unpack[Update]) -> None:
        """Note that the status of a column, or something beside the columns, has changed."""
        self.extra |= extra
        self.dirty_status = True
        self.wake.set()

    def paint(self) -> tuple[Any, ...]:
        """The values of bridge and answers; `gr.skip()` where nothing changed.

        The status holds all columns each time: one that is lost to a busy browser is made good by the next.
        """
        status = gr.skip()
        for column in self.thinking:
            self.columns[column]["reasoning"] = panels.thoughts(self.thoughts[column], live=True)
        self.thinking.clear()
        if self.dirty_status:
            update: Update = {"stream": self.stream, "columns": self.columns, **self.extra}
            if self.run_id is not None:
                update["run"] = self.run_id
            status = json.dumps({**update, "at": time.monotonic()})
        answers = [self.texts[i] if i in self.dirty_texts else gr.skip() for i in range(COLUMNS)]
        self.dirty_texts.clear()
        self.dirty_status = False
        self.wake.clear()
        return (status, *answers)


async def stream_run(workbench: Workbench, data: dict[str, Any]) -> AsyncGenerator[tuple[Any, ...], None]:
    """Paints of one run, or of one column run again (`data["only"]`), until all of it has ended."""
    board = Board(stream=str(data.get("stream")))
    worker = asyncio.create_task(_follow(workbench, data, board))
    worker.add_done_callback(lambda _: board.wake.set())
    try:
        painted = 0.0
        while True:
            try:
                async with asyncio.timeout(PULSE_S):
                    await board.wake.wait()
            except TimeoutError:
                _tell_trouble(workbench, board)
                if not board.dirty_status:
                    yield tuple(gr.skip() for _ in range(COLUMNS + 1))
                    continue
            await asyncio.sleep(max(0.0, painted + BEAT_S - time.monotonic()))
            painted = time.monotonic()
            ended = worker.done()
            _tell_trouble(workbench, board)
            yield board.paint()
            if ended:
                break
    finally:
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)


def _tell_trouble(workbench: Workbench, board: Board) -> None:
    """Show that answers wait to be stored, and take it away again."""
    html = {"trouble": notice(workbench)}
    if html != board.extra.get("html", {"trouble": ""}):
        board.status(html=html)


async def _follow(workbench: Workbench, data: dict[str, Any], board: Board) -> None:
    try:
        if data.get("only") is None:
            form = CompareForm.model_validate_json(data.get("form") or "{}")
            events = workbench.compare(to_comparison(form))
        else:
            board.run_id = str(data.get("run"))
            events = workbench.rerun(board.run_id, int(data["only"]))
        async with aclosing(events):
            async for event in events:
                await _take(workbench, board, event)
    except Exception as exc:
        board.status(alert=to_alert(exc), not_started=True)


async def _take(workbench: Workbench, board: Board, event: Event) -> None:
    match event:
        case RunStarted(run_id, columns, run):
            board.run_id, board.run = run_id, run
            board.columns = {i: {**BLANK, "stamp": f"{run_id}/{i}/new"} for i in range(columns)}
            board.status(vote=panels.vote_bar(None, columns))
        case Started(cell):
            board.texts[cell.column] = board.thoughts[cell.column] = ""
            running = {"kind": "running", "icon": "dot", "text": ""}
            board.columns[cell.column] = {
                **BLANK,
                "state": running,
                "stamp": f"{board.run_id}/{cell.repeat}/running",
                "waits": f"Asked {cell.request.model.partition(':')[0]}, which has sent no word yet.",
            }
            board.status()
        case Waits(cell, what):
            board.columns[cell.column]["waits"] = what
            board.status()
        case Delta(cell, text, reasoning, rethought):
            if rethought:
                reasoning = board.texts.get(cell.column, "") + reasoning
                board.texts[cell.column] = ""
                board.dirty_texts.add(cell.column)
            if text:
                board.texts[cell.column] = board.texts.get(cell.column, "") + text
                board.dirty_texts.add(cell.column)
                board.wake.set()
            if reasoning:
                board.thoughts[cell.column] = board.thoughts.get(cell.column, "") + reasoning
                board.thinking.add(cell.column)
                board.columns[cell.column]["waits"] = ""  # thoughts are words too
                board.status()
        case Ended(run_id, stored, unsaved):
            board.run = run = await _with(workbench, board.run, run_id, stored)
            text = stored.completion.text if stored.completion else ""
            board.thinking.discard(stored.column)
            shown = panels.column_update(stored, run)
            if unsaved is not None:
                shown["problem"] += panels.unsaved(unsaved)
            board.columns[stored.column] = {**shown, "text": text}
            board.status(vote=panels.vote_bar(run, len(run.comparison.columns)))


async def _with(workbench: Workbench, run: StoredRun | None, run_id: str, ended: StoredCell) -> StoredRun:
    """The run, which is read where it was not begun here, with a cell that has ended since, and with the vote as it stands now."""
    if run is None:
        run = await workbench.run(run_id)
    elif workbench.store.trouble is None:
        with suppress(StoreError, NotFoundError):  # a run that is not stored has neither
            vote, note = await asyncio.to_thread(workbench.store.vote_and_note, run_id)
            run = replace(run, vote=vote, note=note)
    cells = {cell.column: cell for cell in run.cells} | {ended.column: ended}
    return replace(run, cells=tuple(cells[column] for column in sorted(cells)))
