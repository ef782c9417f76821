"""The History tab: runs, newest first or by another header; search, open, CSV."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence

import gradio as gr
from markupsafe import Markup

from playground.store.records import ColumnSummary, HistoryPage, RunSummary
from playground.ui.actions import Action, Ask
from playground.ui.cells import drawer_of_large
from playground.ui.html import icon, join, plural, stamp
from playground.ui.onto_compare import shown_run
from playground.ui.table import Head, Look, asked_by, csv_lines, kept, look_of, table
from playground.ui.update import Update
from playground.workbench.service import Workbench

CSV_ROWS = 500
HEADS = (
    Head("time", "Time", "130px", falls=True),
    Head("prompt", "Prompt", "24%"),
    Head("", "Models"),
    Head("", "Checks", "180px"),
    Head("", "Vote", "110px"),
    Head("note", "Note", "20%"),
)

_PAGE_HTML = """<div class="pp histbox" data-form><div class="messages"></div><div class="searchbar"><input class="field grow" name="search" id="hist-search" type="search"
 placeholder="Search prompts, values, answers, models and notes" aria-label="Search the history" data-act="open_history" data-on="input">
<span class="hint num" id="hist-count"></span><span id="hist-look" hidden></span>
<button class="btn quiet" data-act="history_csv" title="All runs that are found, as a table"><svg class="i" aria-hidden="true"><use href="#i-download"></use></svg>CSV</button></div><div id="hist-list" class="hist scroll-x"></div></div>"""

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
    """The runs that match, in the order and the window that were asked for."""
    look = look_of(asked_by(ask), HEADS)
    page = await asyncio.to_thread(
        workbench.store.history, look.search, look.rows, look.start, sort=look.sort, falls=look.falls
    )
    counted = plural(page.total, "run")
    return {
        "html": {
            "hist-list": _table(page, look),
            "hist-count": Markup("{}").format(counted),
            "hist-look": kept(look),
        }
    }


def _table(page: HistoryPage, look: Look) -> Markup:
    if not page.total:
        text = (
            f'No run holds "{look.search}".'
            if look.search
            else "No run yet. Every comparison you run in Compare is kept here."
        )
        return Markup('<p class="empty" style="padding:16px 24px">{}</p>').format(text)
    return table(HEADS, (_row(run) for run in page.rows), look, page.total, "open_history")


def csv_of(workbench: Workbench, asked: Mapping[str, str]) -> Iterator[str]:
    """All runs that match as CSV, in the order asked for. Blocks."""
    look = look_of(asked, HEADS)

    def rows() -> Iterator[Sequence[object]]:
        start, seen = 0, set[str]()  # a run that begins meanwhile pushes the others down
        while page := workbench.store.history(
            look.search, CSV_ROWS, start, sort=look.sort, falls=look.falls
        ).rows:
            for run in page:
                if run.id in seen:
                    continue
                seen.add(run.id)
                passed = " ".join(f"{c.passed}/{c.checks}" if c.checks else "-" for c in run.columns)
                states = " ".join(c.status for c in run.columns)
                models = ", ".join(run.models)
                vote = _vote(run) if run.vote else ""
                yield run.created_at.isoformat(), run.title, models, states, passed, vote, run.note, run.id
            start += len(page)

    return csv_lines(("time", "prompt", "models", "states", "checks", "vote", "note", "run"), rows())


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
    passing, judged = (column.passed, column.checks) if column.samples == 1 else column.share or (0, 0)
    if (
        column.status == "done" and judged and passing < judged
    ):  # what was answered, and what is good, are two things
        symbol, colour = ("half", "warn") if passing else ("cross", "bad")
    if column.samples > 1:
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
