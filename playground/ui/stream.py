"""A run as one page sees it: a generator of paints that follows a run of this program, begun here or long ago.

It yields at most 25 times a second and only what changed, and at least twice a second, because Gradio notices a
closed tab only at a yield. Leaving it ends the view, not the run.

    {"stream": "7f…", "seq": 3, "columns": {"0": {"grow": "more text"}, "2": {"state": {…}, "foot": "…"}}}

A column's key is its number, or "number/repeat" for an answer in a column of several samples. A busy browser may lose a
paint: the page sees that by the gap in `seq` and asks for everything again (`lost`), which comes with `whole`.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from playground.errors import NotFoundError, StoreError
from playground.runs.live import Live, LiveCell, Watch
from playground.runs.samples import block_start, samples_of
from playground.store.records import StoredRun
from playground.types.grid import CellKey
from playground.ui import panels, running, samples, traces
from playground.ui.alerts import to_alert
from playground.ui.forms import CompareForm, to_comparison
from playground.ui.trouble import notice
from playground.ui.update import ColumnPart, ColumnState, Strip, Update
from playground.ui.vote_bar import vote_bar
from playground.workbench.service import Workbench

UNFINISHED = ("pending", "running")

BEAT_S = 0.04
"""Between two paints: 25 a second is more than the eye needs and less than the browser can do."""

PULSE_S = 0.5
"""A silent run yields nothing this often, because Gradio notices a closed tab only at a yield."""

BLANK: ColumnPart = {"badges": "", "problem": "", "reasoning": "", "foot": None, "waits": "", "trace": ""}
"""A column whose answer has not ended; the page fills the foot's places with dashes."""


async def stream_run(workbench: Workbench, data: dict[str, Any]) -> AsyncGenerator[Any, None]:
    """Paints of a run as JSON text, until nothing of it goes on any more.

    `data["form"]` begins one, `data["only"]` runs one column of `data["run"]` again, and `data["run"]` alone looks on.
    """
    stream = str(data.get("stream"))
    try:
        live = await _begun(workbench, data)
        stored = None if live else await workbench.runs.get(str(data.get("run")))
    except Exception as exc:
        only = data.get("only")
        update = {"alert": to_alert(exc), "not_started": [only] if isinstance(only, int) else True}
        yield json.dumps({"stream": stream, "seq": 1, "whole": True, "over": True, "columns": {}, **update})
        return
    if live is None:
        assert stored is not None
        yield json.dumps(
            {"stream": stream, "seq": 1, "whole": True, "over": True, **shown(workbench, stored)}
        )
        return
    with live.watch(stream) as watch:
        view = View(workbench, live, watch)
        painted = 0.0
        over = False
        while not over:
            news = await watch.news(PULSE_S)
            if watch.left:
                return
            if not news and not view.has_trouble():
                yield gr.skip()
                continue
            await asyncio.sleep(max(0.0, painted + BEAT_S - time.monotonic()))
            painted = time.monotonic()
            over = live.is_over
            yield await view.paint(over)


async def _begun(workbench: Workbench, data: dict[str, Any]) -> Live | None:
    """The run to look at; None when nothing of it goes on here."""
    if data.get("only") is not None:
        return await workbench.runs.begin_again(str(data.get("run")), int(data["only"]))
    if data.get("form") is None and data.get("run"):
        return workbench.runs.live.get(str(data["run"]))
    form = CompareForm.model_validate_json(data.get("form") or "{}")
    return await workbench.runs.begin(to_comparison(form))


def shown(workbench: Workbench, run: StoredRun) -> Update:
    """What a page shows of a run beside its form: its answers as they are stored, and the vote.

    Cells that are not over and are not run by this program are another program's: the page looks again now and then.
    """
    is_here = workbench.runs.live.get(run.id) is not None
    shown_cells = [cell for number in range(len(run.spec.variants)) for cell in samples_of(run, number)]
    elsewhere = not is_here and any(cell.status in UNFINISHED for cell in shown_cells)
    columns = samples.strips(run, is_here=is_here)
    for cell in shown_cells:
        data = panels.column_update(cell, run)
        data["text"] = cell.completion.text if cell.completion else ""
        if elsewhere and cell.status in UNFINISHED:
            data["state"] = {"kind": "elsewhere", "icon": "dot", "text": "another program runs it"}
            data["foot"], data["stamp"] = None, f"{data['stamp']}/{len(data['text'])}"
        columns[samples.cell_name(run, cell)] = data
    vote = vote_bar(run, len(run.spec.variants))
    now = running.update(workbench)
    return {"run": run.id, "columns": columns, "elsewhere": elsewhere, "vote": vote, **now}


@dataclass
class _Seen:
    """What the page has been shown of a cell."""

    changed: int = 0
    turned: int = 0
    phase: str = "new"
    epoch: int = -1
    length: int = 0
    thoughts: int = 0


class View:
    """What one page has been shown of a live run, and what it is to be shown next."""

    def __init__(self, workbench: Workbench, live: Live, watch: Watch) -> None:
        self._workbench = workbench
        self._live = live
        self._watch = watch
        self._seq = 0
        self._seen: dict[CellKey, _Seen] = {}
        self._trouble = ""
        self._ended = -1

    def has_trouble(self) -> bool:
        """Whether answers have begun or ceased to wait for the database since the last paint."""
        return notice(self._workbench) != self._trouble

    async def paint(self, over: bool) -> str:
        """What has changed since the last paint, or everything when something was lost; with `over` the last one."""
        live, update = self._live, Update()
        columns: dict[str, ColumnPart] = {}
        if self._watch.lost:
            self._watch.lost = False
            self._seen = {}
            self._ended = -1
            update = {"whole": True, "run": live.run.id}
            for column in range(len(live.run.spec.variants)) if live.is_new else ():
                columns[str(column)] = BLANK | ColumnPart(stamp=f"{live.run.id}/{column}/new")
        turned = {int(name) for name in columns}
        for key in sorted(key for key in live.cells if key.case == 0):  # what Compare shows of a larger run
            cell, seen = live.cells[key], self._seen.setdefault(key, _Seen())
            if seen.phase != cell.phase:
                turned.add(key.variant)
            if data := self._news(cell, seen):
                name = samples.name_of(live.run.spec.variants[key.variant], key.variant, key.repeat)
                columns[name] = columns.get(name, ColumnPart()) | data
        for number in turned:
            if (strip := self._strip(number)) is not None:
                columns[str(number)] = columns.get(str(number), ColumnPart()) | ColumnPart(samples=strip)
        update["columns"] = columns
        ended = sum(cell.end is not None for key, cell in live.cells.items() if key.case == 0)
        if ended != self._ended:
            self._ended = ended
            self._price_again(columns)
            run = await self._with_vote() if ended else None
            update["vote"] = vote_bar(run, len(live.run.spec.variants))
        html: dict[str, str] = {}
        if (trouble := notice(self._workbench)) != self._trouble:
            html["trouble"] = self._trouble = trouble
        if over or "whole" in update:
            now = running.update(self._workbench)
            update["live"], html = now["live"], {**html, **now["html"]}
        if html:
            update["html"] = html
        if over:
            update["over"], update["run"] = True, live.run.id
            if live.problem is not None:
                update["alert"], update["not_started"] = to_alert(live.problem), True
        self._seq += 1
        return json.dumps({"stream": self._watch.name, "seq": self._seq, **update}, separators=(",", ":"))

    def _price_again(self, columns: dict[str, ColumnPart]) -> None:
        """What a technique costs is told over a plain call, which may have ended after it."""
        for key, cell in self._live.cells.items():
            if key.case == 0 and cell.end is not None and cell.end.cell.answer.is_traced:
                name = samples.name_of(self._live.run.spec.variants[key.variant], key.variant, key.repeat)
                foot = ColumnPart(foot=panels.foot(cell.end.cell, self._live.run))
                columns[name] = columns.get(name, ColumnPart()) | foot

    def _strip(self, number: int) -> Strip | None:
        """What stands above the samples of a column; None for a column of one."""
        column = self._live.run.spec.variants[number]
        if column.samples == 1:
            return None
        cells = [cell for key, cell in self._live.cells.items() if key.variant == number and not key.case]
        start = block_start(column, max((cell.key.repeat for cell in cells), default=0))
        ended = {cell.key.repeat: cell.end.cell for cell in cells if cell.end is not None}
        writing = [cell.key.repeat for cell in cells if cell.phase == "running"]
        return samples.strip(column, start, ended, writing)

    def _news(self, cell: LiveCell, seen: _Seen) -> ColumnPart:
        """What the page does not know of a cell."""
        if seen.changed == cell.changed:
            return {}
        data = ColumnPart()
        if seen.phase != (phase := cell.phase):
            data |= self._turn(cell)
            alone = self._live.run.spec.variants[cell.key.variant].samples == 1  # pages are drawn anew
            if alone and seen.phase == "running" and seen.thoughts and _knows_thoughts(cell, seen):
                del data["reasoning"]  # the page folds what it has
        elif seen.turned != cell.turned:
            data["waits"] = cell.waits
        if seen.epoch != cell.text.epoch:
            data["text"] = str(cell.text)
        elif seen.length != cell.text.length:
            data["grow"] = str(cell.text)[seen.length :]
        if cell.end is None and cell.steps:
            data["trace"] = traces.trace(list(cell.steps.values()), cell.key)
        if cell.end is None and seen.thoughts != cell.thoughts.length:
            data["think"] = (seen.thoughts, str(cell.thoughts)[seen.thoughts :])
        seen.changed, seen.turned, seen.phase = cell.changed, cell.turned, phase
        seen.epoch, seen.length, seen.thoughts = cell.text.epoch, cell.text.length, cell.thoughts.length
        return data

    def _turn(self, cell: LiveCell) -> ColumnPart:
        """All that is shown of a cell beside its texts."""
        run = self._live.run
        if cell.end is not None:
            data = panels.column_update(cell.end.cell, run)
            if cell.end.unsaved is not None:
                data["problem"] += panels.unsaved(cell.end.unsaved)
            return data
        if cell.started_at is None:
            return {"waits": cell.waits}
        seconds = time.monotonic() - cell.started_at
        writing: ColumnState = {"kind": "running", "icon": "dot", "text": "", "for": seconds}
        stamp = f"{run.id}/{cell.key.repeat}/running"
        return BLANK | ColumnPart(state=writing, stamp=stamp, waits=cell.waits)

    async def _with_vote(self) -> StoredRun:
        """The run with the vote and note as they stand now."""
        run = self._live.run
        if self._workbench.history.trouble is None:
            with suppress(StoreError, NotFoundError):  # a run that is not stored has neither
                vote, note = await self._workbench.history.said(run.id)
                run = replace(run, vote=vote, note=note)
        return run


def _knows_thoughts(cell: LiveCell, seen: _Seen) -> bool:
    """Whether the page has been shown all that the model thought before its answer ended."""
    done = cell.end.cell.completion if cell.end else None
    return done is not None and seen.thoughts == cell.thoughts.length and str(cell.thoughts) == done.reasoning
