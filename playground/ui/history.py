"""The History tab: runs as a lab notebook, newest first or by another header; search, filters, pins, open, CSV."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone

import gradio as gr
from markupsafe import Markup

from playground.diff.changes import message_for
from playground.errors import PromptError
from playground.store.records import HistoryPage, RunFilter
from playground.ui.actions import Action, Ask
from playground.ui.beside import beside, picked_runs
from playground.ui.cells import drawer_of_large
from playground.ui.html import Name, button, join, options, plural
from playground.ui.onto_compare import shown_run
from playground.ui.removing import ask_to_delete, left
from playground.ui.run_rows import row, share, vote_words
from playground.ui.table import Head, Look, asked_by, csv_lines, kept, look_of, table
from playground.ui.update import Update
from playground.workbench.service import Workbench

HEADS = (
    Head("", "", "92px"),
    Head("time", "Time", "112px", falls=True),
    Head("prompt", "Prompt and what changed", "25%"),
    Head("", "Best answer", "22%"),
    Head("models", "Models"),
    Head("checks", "Checks", "170px", falls=True),
    Head("vote", "Vote", "88px"),
    Head("note", "Note", "11%"),
)
FILTERS = ("model", "title", "result", "voted", "when", "since", "until", "pinned", "zone")
RESULTS = (("", "Any result"), ("passed", "All checks pass"), ("failed", "A check fails, or an error"))
VOTES = (("", "Voted or not"), ("yes", "Voted"), ("no", "Not voted"))
DATES = (
    ("", "Any time"),
    ("0", "Today"),
    ("6", "Last 7 days"),
    ("29", "Last 30 days"),
    ("between", "Between two days"),
)

_PAGE_HTML = """<div class="pp histbox" data-form id="hist"><div class="messages"></div><div class="searchbar"><input class="field grow" name="search" id="hist-search" type="search"
 placeholder="Search prompts, values, answers, models and notes" aria-label="Search the history" data-act="open_history" data-on="input" data-start="" data-rows="" data-into="#hist-list tr.run">
<span class="hint num" id="hist-count"></span><span id="hist-look" hidden></span>
<button class="btn quiet" data-act="history_csv" title="All runs that are found, as a table"><svg class="i" aria-hidden="true"><use href="#i-download"></use></svg>CSV</button></div>
<div class="hist-filters" id="hist-filters"></div><div class="hist-picked" id="hist-picked"></div><div id="hist-list" class="hist scroll-x" tabindex="0" role="group" aria-label="Runs"></div></div>"""


def build() -> None:
    """Layout only; the list is filled when the tab is opened."""
    gr.HTML(_PAGE_HTML, apply_default_css=False, elem_id="history")


async def open_history(workbench: Workbench, ask: Ask) -> Update:
    """The runs that match, in the order and the window that were asked for."""
    asked = asked_by(ask, *FILTERS)
    look, wanted = look_of(asked, HEADS), wanted_of(asked)
    page = await workbench.history.runs(
        look.search,
        look.rows,
        look.start,
        sort=look.sort,
        falls=look.falls,
        wanted=wanted,
    )
    selected = picked_runs(ask)
    picked = await workbench.removal.still_there(selected)
    shown = [run.id for run in page.rows]
    if ask.text("all"):
        picked += [run_id for run_id in shown if run_id not in picked]
    html = {
        "hist-list": _table(page, look, picked, wanted),
        "hist-count": Markup("{}").format(plural(page.total, "run")),
        "hist-look": kept(look),
        "hist-picked": _picked(picked, shown),
    }
    gone = len(set(selected) - set(picked))
    return {"html": html, "toast": _gone_words(gone)} if gone else {"html": html}


def _gone_words(count: int) -> str:
    """Selected in this page, deleted in another."""
    return (
        "A run that was selected has been deleted: it is selected no longer."
        if count == 1
        else f"{count:,} runs that were selected have been deleted: they are selected no longer."
    )


async def open_history_tab(workbench: Workbench, ask: Ask) -> Update:
    """The tab as it is opened: the list, and what it can be narrowed to by now."""
    if ask.text("anew"):
        ask = ask.model_copy(update={"fields": {}})
    update = await open_history(workbench, ask)
    models, titles = await workbench.history.choices()
    update["html"] = {**update["html"], "hist-filters": _filters(asked_by(ask, *FILTERS), models, titles)}
    return update


def wanted_of(asked: Mapping[str, str]) -> RunFilter:
    """The filter that was asked for; what makes no sense is as if it was not asked."""
    minutes = asked.get("zone", "")
    offset = int(minutes) if minutes.removeprefix("-").isdecimal() and abs(int(minutes)) < 24 * 60 else 0
    zone = timezone(timedelta(minutes=offset))
    when = asked.get("when", "")
    since = until = None
    if when == "between":
        since = _day(asked.get("since", ""), zone)
        last = _day(asked.get("until", ""), zone)
        until = last + timedelta(days=1) if last else None
    elif when.isdecimal() and len(when) < 4:
        today = datetime.now(UTC).astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
        since = today - timedelta(days=int(when))
    result = asked.get("result", "")
    return RunFilter(
        model=asked.get("model", ""),
        title=asked.get("title", ""),
        result=result if result in ("passed", "failed") else "",
        voted={"yes": True, "no": False}.get(asked.get("voted", "")),
        since=since,
        until=until,
        pinned=asked.get("pinned", "").lower() == "true",
    )


def _day(text: str, zone: timezone) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=zone)
    except ValueError:
        return None


def _filters(asked: Mapping[str, str], models: Sequence[str], titles: Sequence[str]) -> Markup:
    names = [("", "Any model"), *((model, Name(model.partition(":")[2] or model)) for model in models)]
    prompts = [("", "Any prompt"), *((title, Name(title)) for title in titles)]
    sorts = [(head.sort, f"Sorted by {head.label.split(' and ')[0].lower()}") for head in HEADS if head.sort]
    fields = (
        ("model", "Model", names),
        ("title", "Prompt", prompts),
        ("result", "Result", RESULTS),
        ("voted", "Vote", VOTES),
        ("when", "Date", DATES),
    )
    selects = join(
        Markup(
            '<select class="field" name="{}" id="hist-{}" aria-label="{}" data-act="open_history" data-start="">{}</select>'
        ).format(name, name, label, options(choices, asked.get(name, "")))
        for name, label, choices in fields
    )
    days = join(
        Markup(
            '<input class="field day" type="date" name="{}" aria-label="{}" value="{}" data-act="open_history" data-start="">'
        ).format(name, label, asked.get(name, ""))
        for name, label in (("since", "From this day"), ("until", "To this day"))
    )
    on = Markup(" checked") if asked.get("pinned", "").lower() == "true" else ""
    pinned = Markup(
        '<label><input type="checkbox" name="pinned" data-act="open_history" data-start=""{}>Pinned</label>'
    ).format(on)
    narrow = Markup(
        '<select class="field sorted" aria-label="Order" data-act="sort_history">{}</select>'
    ).format(options(sorts, asked.get("sort", "") or "time"))
    clear = button("Clear", "open_history_tab", kind="quiet", anew="yes")
    return join((selects, days, pinned, narrow, clear, Markup('<input type="hidden" name="zone" value="">')))


def _picked(picked: Sequence[str], shown: Sequence[str]) -> Markup:
    """What can be done with the selection, whose rows out of view are kept here."""
    hidden = join(
        Markup('<input type="hidden" name="pick:{}" value="on">').format(run_id)
        for run_id in picked
        if run_id not in shown
    )
    if not picked:
        return hidden
    words = {1: "One run is selected: one more shows them side by side.", 2: "Two runs are selected."}
    said = words.get(len(picked), f"{len(picked)} runs are selected; two go side by side.")
    both = button("Side by side", "beside", symbol="diff", kind="primary") if len(picked) == 2 else ""
    more = ""
    if not set(shown) <= set(picked):
        more = button(f"Select the {len(shown):,} shown", "open_history", kind="quiet", all="yes")
    ends = "Delete the run" if len(picked) == 1 else f"Delete {len(picked):,} runs"
    delete = button(ends, "delete_runs", symbol="trash", kind="quiet")
    clear = button("Clear selection", "open_history", kind="quiet", clear="yes")
    return Markup('{}<span class="soft">{}</span>{}{}{}{}').format(hidden, said, both, more, delete, clear)


def _table(
    page: HistoryPage, look: Look, picked: Sequence[str] = (), wanted: RunFilter | None = None
) -> Markup:
    if not page.total:
        return _nothing(look, wanted or RunFilter())
    rows = (row(run, look.search, is_picked=run.id in picked) for run in page.rows)
    return table(HEADS, rows, look, page.total, "open_history")


def _nothing(look: Look, wanted: RunFilter) -> Markup:
    """What an empty list says, and the way on."""
    clear = button("Clear search and filters", "open_history_tab", anew="yes", kind="quiet")
    if look.search:
        text, way = f'No run holds "{look.search}".', clear
    elif wanted != RunFilter():
        text, way = "No run fulfils these filters.", clear
    else:
        text = "No run yet. Every comparison you run in Compare is kept here, with all that it was made with."
        way = button("Go to Compare", "to_compare", symbol="arrow", kind="quiet")
    return Markup('<p class="empty" style="padding:16px 24px">{} {}</p>').format(text, way)


async def pin_run(workbench: Workbench, ask: Ask) -> Update:
    """Pin a run to the top of the list, or let it go: as it was pressed last."""
    await workbench.saved.star(f"run:{ask.text('pin')}", ask.text("on") == "yes")
    return await open_history(workbench, ask)


def csv_of(workbench: Workbench, asked: Mapping[str, str]) -> Iterator[str]:
    """All runs that match as CSV, in the order asked for. Blocks."""
    look, wanted = look_of(asked, HEADS), wanted_of(asked)

    def rows() -> Iterator[Sequence[object]]:
        for run in workbench.history.all_runs(look.search, sort=look.sort, falls=look.falls, wanted=wanted):
            passed = " ".join(f"{c.passed}/{c.checks}" if c.checks else "-" for c in run.columns)
            states = " ".join(c.status for c in run.columns)
            models = ", ".join(run.models)
            vote = vote_words(run) if run.vote else ""
            passing, judged = share(run.columns)
            yield (
                run.created_at.isoformat(),
                run.title,
                models,
                states,
                passed,
                vote,
                run.note,
                run.id,
                "" if run.changes is None else message_for(run.changes) or "as before",
                f"{passing / judged:.3f}" if judged else "",
                run.answer,
                "yes" if run.pinned else "",
            )

    return csv_lines(CSV_NAMES, rows())


CSV_NAMES = (
    *("time", "prompt", "models", "states", "checks", "vote", "note", "run"),
    *("changed", "pass share", "best answer", "pinned"),
)


async def open_run(workbench: Workbench, ask: Ask) -> Update:
    """A stored run back in Compare, with its exact prompt, values, sampling and answers."""
    run = await workbench.runs.look_at(ask.text("id"))
    shown = shown_run(workbench, run)
    return {**shown, "tab": "Compare", "drawer": await drawer_of_large(workbench, run)}


async def side_by_side(workbench: Workbench, ask: Ask) -> Update:
    """The two selected runs in the drawer; where one of them is there no longer, the list without it."""
    picked = picked_runs(ask)
    if await workbench.removal.still_there(picked) != picked:
        return await open_history(workbench, ask)
    return await beside(workbench, ask)


async def delete_runs(workbench: Workbench, ask: Ask) -> Update:
    """The run of a row, or those that are selected: asked about first, then deleted for good.

    What another page has deleted by then is gone: the list says so, and the rest is asked about.
    """
    picked = ask.text("runs").split() or picked_runs(ask)
    if not picked:
        raise PromptError("No run is selected.", "Select one.")
    run_ids = await workbench.removal.still_there(picked)
    if not run_ids:
        closed: Update = {"drawer": None} if ask.text("sure") == "yes" else {}
        return {"toast": _gone_words(len(picked)), **await open_history(workbench, ask), **closed}
    if ask.text("sure") != "yes":
        contents = await workbench.removal.look(run_ids)
        count = len(contents.titles)
        title = "Delete this run?" if count == 1 else f"Delete {count:,} runs?"
        asked = ask_to_delete(title, contents, "delete_runs", runs=" ".join(run_ids))
        return asked if run_ids == picked else {**await open_history(workbench, ask), **asked}
    contents = await workbench.removal.delete(run_ids)
    count = len(contents.titles)
    said = f'"{contents.titles[0]}" is deleted' if count == 1 else f"{count:,} runs are deleted"
    drawn = await open_history(workbench, ask.model_copy(update={"fields": _without(ask, run_ids)}))
    return {**drawn, **left(ask, run_ids), "drawer": None, "toast": said}


def _without(ask: Ask, run_ids: Sequence[str]) -> dict[str, str | bool]:
    gone = {f"pick:{run_id}" for run_id in run_ids}
    return {name: value for name, value in ask.fields.items() if name not in gone}


ACTIONS: dict[str, Action] = {
    "beside": side_by_side,
    "delete_runs": delete_runs,
    "open_history": open_history,
    "open_history_tab": open_history_tab,
    "open_run": open_run,
    "pin_run": pin_run,
}
