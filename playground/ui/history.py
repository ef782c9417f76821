"""The History tab: runs, newest first; search, open, show more."""

from __future__ import annotations

import asyncio

import gradio as gr
from markupsafe import Markup

from playground.store.records import ColumnSummary, HistoryPage, RunSummary
from playground.ui.actions import Action, Ask
from playground.ui.cells import drawer_of_large
from playground.ui.html import button, icon, join, plural, stamp
from playground.ui.onto_compare import shown_run
from playground.ui.update import Update
from playground.workbench.service import Workbench

PAGE = 50

_PAGE_HTML = """<div class="pp histbox"><div class="messages"></div><div class="searchbar" data-form><input class="field grow" name="search" id="hist-search" type="search"
 placeholder="Search prompts, values, answers, models and notes" aria-label="Search the history" data-act="open_history" data-on="input">
<span class="hint num" id="hist-count"></span></div><div id="hist-list" class="hist scroll-x"></div></div>"""

_MARKS = {
    "done": ("check", "ok"),
    "cancelled": ("stop", "soft"),
    "error": ("warn", "bad"),
    "interrupted": ("clock", "soft"),
    "running": ("dot", "accent"),
    "pending": ("ring", "soft"),
}


def build() -> None:
    """Layout only; the list is filled when the tab is opened."""
    gr.HTML(_PAGE_HTML, apply_default_css=False, elem_id="history")


async def open_history(workbench: Workbench, ask: Ask) -> Update:
    """The runs that match; `show` is how many rows, more on demand."""
    search = ask.text("search")
    show = min(ask.integer("show", PAGE), 500)
    page = await asyncio.to_thread(workbench.store.history, search, show, 0)
    counted = plural(page.total, "run") if page.total != 1 or not search else "1 run"
    return {"html": {"hist-list": _table(page, search, show), "hist-count": Markup("{}").format(counted)}}


def _table(page: HistoryPage, search: str, show: int) -> Markup:
    if not page.total:
        text = (
            f'No run holds "{search}".'
            if search
            else "No run yet. Every comparison you run in Compare is kept here."
        )
        return Markup('<p class="empty" style="padding:16px 24px">{}</p>').format(text)
    rows = join(_row(run) for run in page.rows)
    more = ""
    if page.total > len(page.rows) and show < 500:
        more = Markup('<p style="padding:12px 24px">{}</p>').format(
            button("Show more", "open_history", show=show + 100, search=search)
        )
    elif page.total > len(page.rows):
        more = Markup(
            '<p class="hint" style="padding:12px 24px">The newest {} of {:,}. Search to find older ones.</p>'
        ).format(len(page.rows), page.total)
    return Markup(
        '<table class="table"><tr><th style="width:130px">Time</th><th style="width:24%">Prompt</th><th>Models</th>'
        '<th style="width:180px">Checks</th><th style="width:110px">Vote</th><th style="width:20%">Note</th></tr>{}</table>{}'
    ).format(rows, more)


def _row(run: RunSummary) -> Markup:
    models = ", ".join(dict.fromkeys(model.partition(":")[2] or model for model in run.models))
    return Markup(
        '<tr data-act="open_run" data-id="{}" tabindex="0" aria-label="Open run {}"><td class="soft">{}</td><td><b class="one" title="{}">{}</b>{}</td>'
        '<td class="mono"><span class="one" title="{}">{}</span></td><td class="num" style="text-align:left">{}</td><td>{}</td><td><span class="one soft" title="{}">{}</span></td></tr>'
    ).format(
        run.id,
        run.title,
        stamp(run.created_at),
        run.title,
        run.title,
        _size(run),
        models,
        models,
        join(_column(c) for c in run.columns),
        _vote(run),
        run.note,
        run.note,
    )


def _size(run: RunSummary) -> Markup:
    """How many answers a run has that is more than a comparison."""
    if run.kind == "comparison":
        return Markup("")
    return Markup('<span class="hint">{}</span>').format(plural(run.planned, "answer"))


def _column(column: ColumnSummary) -> Markup:
    symbol, colour = _MARKS[column.status]
    score = f" {column.passed}/{column.checks}" if column.checks else ""
    words: str = column.status
    if column.samples > 1:
        passing, judged = column.share or (0, 0)
        score = f" {passing} of {judged}" if judged else f" {column.samples} samples"
        words += f", {column.samples} samples" + (
            f", {passing} of {judged} pass all checks" if judged else ""
        )
    return Markup(
        '<span style="margin-right:10px;white-space:nowrap" title="column {}: {}"><span class="{}">{}</span>{}</span>'
    ).format(column.column + 1, words, colour, icon(symbol), score)


def _vote(run: RunSummary) -> str:
    if run.vote is None:
        return "–"
    return {"tie": "tie", "all_bad": "all bad"}.get(run.vote.kind, f"column {(run.vote.column or 0) + 1}")


async def open_run(workbench: Workbench, ask: Ask) -> Update:
    """A stored run back in Compare, with its exact prompt, values, sampling and answers."""
    run = await workbench.run_to_look_at(ask.text("id"))
    shown = shown_run(workbench, run)
    return {**shown, "tab": "Compare", "drawer": await drawer_of_large(workbench, run)}


ACTIONS: dict[str, Action] = {"open_history": open_history, "open_run": open_run}
