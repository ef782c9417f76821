"""All cells of a run in the drawer, a page at a time, and as files: for a run that Compare cannot show whole."""

from __future__ import annotations

from markupsafe import Markup

from playground.errors import NotFoundError, PromptError, StoreError
from playground.plurals import plural
from playground.store.records import CellPage, CellRow, StoredRun
from playground.types.grid import CellKey
from playground.ui.actions import Action, Ask
from playground.ui.html import button, icon, join
from playground.ui.update import Drawer, Update
from playground.workbench.service import Workbench

PAGE_CELLS = 100
_HEAD = [
    Markup('<th style="width:{}"{}>{}</th>').format(width, Markup(' class="num"') if is_number else "", name)
    for name, width, is_number in (
        ("Case", "60px", True),
        ("Column", "66px", True),
        ("Repeat", "66px", True),
        ("Model", "18%", False),
        ("Status", "90px", False),
        ("Checks", "66px", True),
        ("Tokens", "66px", True),
        ("Seconds", "72px", True),
        ("Answer", "auto", False),
    )
]


async def cells(workbench: Workbench, ask: Ask) -> Update:
    """A page of the run's cells; `after` is the cell before it, as "case,column,repeat"."""
    run_id = ask.text("id") or ask.run_id()
    return {"drawer": await cells_drawer(workbench, run_id, _key(ask.text("after")))}


async def cells_drawer(workbench: Workbench, run_id: str, after: CellKey | None = None) -> Drawer:
    """The drawer with the cells after that one."""
    page = await workbench.history.cells(run_id, after=after, limit=PAGE_CELLS)
    return {"title": "All answers of this run", "body": _body(run_id, page), "foot": downloads(run_id)}


async def drawer_of_large(workbench: Workbench, run: StoredRun) -> Drawer | None:
    """What opens with a run that Compare cannot show whole; one that runs now may only have few answers yet."""
    if run.is_whole:
        return None
    try:
        stored = await workbench.history.run(run.id)
    except (NotFoundError, StoreError):  # it has just begun, and waits to be stored
        return None
    return None if stored.is_whole else await cells_drawer(workbench, run.id)


def downloads(run_id: str) -> Markup:
    """Links to all answers of the run as files."""
    return join(
        Markup('<a class="btn quiet" download href="files/run/{}/answers.{}">{}All answers as {}</a>').format(
            run_id, ending, icon("download"), ending.upper()
        )
        for ending in ("csv", "json")
    )


def _body(run_id: str, page: CellPage) -> Markup:
    shown = f"{len(page.rows):,} of {plural(page.total, 'answer')}, by case, column and repeat."
    more = Markup("")
    if page.after is not None:
        more = Markup('<p style="padding:12px 0">{}</p>').format(
            button("Next page", "cells", id=run_id, after=",".join(map(str, page.after)))
        )
    return Markup(
        '<p class="hint">{}</p><div class="hist scroll-x" tabindex="0" role="group" aria-label="Answers"><table class="table"><tr>{}</tr>{}</table></div>{}'
    ).format(shown, join(_HEAD), join(_row(row) for row in page.rows), more)


def _row(row: CellRow) -> Markup:
    begins = row.error or row.begins
    return Markup(
        '<tr><td class="num">{}</td><td class="num">{}</td><td class="num">{}</td><td class="mono"><span class="one">{}</span></td><td>{}</td>'
        '<td class="num">{}</td><td class="num">{}</td><td class="num">{}</td><td title="{}"><span class="one">{}</span></td></tr>'
    ).format(
        row.key.case + 1,
        row.key.variant + 1,
        row.key.repeat + 1,
        row.model.partition(":")[2] or row.model,
        row.status,
        f"{row.passed}/{row.checks}" if row.checks else "–",
        "–" if row.completion_tokens is None else f"{row.completion_tokens:,}",
        f"{row.total_s:.2f}" if row.finish else "–",
        begins,
        begins[:120],
    )


def _key(text: str) -> CellKey | None:
    if not text:
        return None
    try:
        case, variant, repeat = map(int, text.split(","))
    except ValueError as exc:
        raise PromptError("There is no such page of answers.", "Open the run again.") from exc
    return CellKey(case, variant, repeat)


ACTIONS: dict[str, Action] = {"cells": cells}
