"""The Experiments tab: the list, one being set up, one that runs, one with its verdict; always one page, never a wizard.

The page's script remembers which of these is open ("", "setup" or an experiment's id) and asks for it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import gradio as gr
from markupsafe import Markup
from pydantic import ValidationError

from playground.errors import NotFoundError
from playground.library.shipped_data import ShippedSet
from playground.types.experiment import Experiment
from playground.types.prompt import Prompt
from playground.ui.actions import Action, Ask
from playground.ui.experiment_choices import choices_of
from playground.ui.experiment_cost import file_of, waiting
from playground.ui.experiment_setup import setup
from playground.ui.html import button, icon, join, plural, stamp
from playground.ui.update import Update
from playground.workbench.sample_data import all_samples
from playground.workbench.service import Workbench

if TYPE_CHECKING:
    from playground.types.outcomes import ExperimentRow

FIRST, MORE, MOST = 50, 100, 1000
LOOK_MS = 3000
SETUP = "setup"
"""What stands in the place of an experiment's id while one is set up."""

_STATES = {
    "running": ("dot", "accent", "running"),
    "paused": ("pause", "warn", "paused"),
    "stopped": ("stop", "soft", "stopped"),
    "done": ("check", "ok", "finished"),
}

_PAGE_HTML = """<div class="pp exps" id="exp"><div id="exp-head" class="exp-head"></div><div class="messages"></div>
<div id="exp-body"></div><div id="exp-poll"></div><div id="exp-say" class="sr" role="status" aria-live="polite"></div></div>"""


def build() -> None:
    """Layout only; what stands in it comes when the tab is opened."""
    gr.HTML(_PAGE_HTML, apply_default_css=False, elem_id="experiments")


# --- one of its pages ---------------------------------------------------------------------------------------


async def open_experiments(workbench: Workbench, ask: Ask) -> Update:
    """The page that is asked for: the list, the set-up, or an experiment."""
    at = ask.text("at")
    if at == SETUP:
        return await open_setup(workbench, ask)
    if at == "techniques":
        from playground.ui.technique_bench import shown as techniques

        return await techniques(workbench, ask)
    if at:
        from playground.ui.experiment_watch import shown

        try:
            return await shown(workbench, at, ask)
        except NotFoundError as exc:
            update = await _list(workbench, ask)
            return {**update, "alert": {"message": exc.message, "hint": exc.hint}}
    return await _list(workbench, ask)


async def _list(workbench: Workbench, ask: Ask) -> Update:
    search = ask.text("search")
    rows = min(max(ask.integer("rows", FIRST), 1), MOST)
    page = await workbench.experiments.find(search, limit=rows)
    now = being_set_up(ask)
    if not page.total and not search and now is None:
        head, body = Markup(""), _nothing(ask, await all_samples())
    else:
        head = list_head(ask, search)
        more = (
            Markup('<p class="ways">{}</p>').format(
                button("Show more", "open_experiments", rows=min(rows + MORE, MOST), search=search)
            )
            if page.total > len(page.rows) and rows < MOST
            else ""
        )
        found = _table(page.rows, now) if page.rows or now else _no_hit(search)
        body = Markup("{}{}").format(found, more)
    # The list is looked at again while something runs.
    poll = Markup(
        '<span data-poll="list_experiments" data-search="{}" data-rows="{}" data-every="{}"></span>'
    )
    runs = any(row.state == "running" for row in page.rows)
    html = {
        "exp-head": head,
        "exp-body": body,
        "exp-poll": poll.format(search, rows, LOOK_MS) if runs else "",
    }
    if head and ("search" in ask.fields or ask.action == "list_experiments"):  # somebody may be typing in it
        del html["exp-head"]
    return {"experiment": "", "html": html}


async def list_experiments(workbench: Workbench, ask: Ask) -> Update:
    """The list as it stands by now, for a page that still shows it."""
    return {**await _list(workbench, ask), "only_at": ""}


def list_head(ask: Ask, search: str) -> Markup:
    """The command bar of the list."""
    return Markup(
        '<div class="exp-bar" data-form><h2>Experiments</h2><input class="field" type="search" name="search" value="{}" placeholder="Search experiments" '
        'aria-label="Search experiments" data-act="open_experiments" data-on="input" data-redrawn><span class="grow"></span>{}{}</div>'
    ).format(
        search,
        _techniques(),
        button("Set up from Compare", "experiment_from_compare", symbol="plus", kind="primary"),
    )


def _techniques() -> Markup:
    """The way to the bench of techniques."""
    return button("Techniques at equal tokens", "open_experiments", kind="quiet", at="techniques")


def _table(rows: Sequence[ExperimentRow], now: Experiment | None) -> Markup:
    being = (
        Markup(
            '<tr class="exp" data-act="open_experiments" data-at="setup" tabindex="0" aria-label="Go on setting up {n}"><td class="what"><b class="one">{n}</b></td>'
            '<td>{}being set up</td><td></td><td class="num">{}</td><td class="soft">Nothing is stored before Start.</td><td></td><td></td></tr>'
        ).format(icon("pencil", "accent"), len(now.variants), n=now.name or "Untitled experiment")
        if now
        else Markup("")
    )
    return Markup(
        '<div class="scroll-x" tabindex="0" role="group" aria-label="Experiments"><table class="table exp-list"><thead><tr><th>Experiment</th><th class="stands">State</th><th class="rows">Data</th>'
        '<th class="num vars">Variants</th><th class="says">Verdict</th><th class="when">When</th><th class="ends"></th></tr></thead><tbody>{}{}</tbody></table></div>'
    ).format(being, join(_row(row) for row in rows))


def _row(row: ExperimentRow) -> Markup:
    symbol, colour, words = _STATES[row.state]
    if row.state != "done":
        words = f"{words}, {row.done:,} of {row.total:,}"
    failed = Markup('<span class="hint bad">{:,} failed</span>').format(row.failed) if row.failed else ""
    name = row.name or "Untitled experiment"
    return Markup(
        '<tr class="exp" data-act="open_experiments" data-at="{}" tabindex="0" aria-label="Open {n}"><td class="what"><b class="one" title="{n}">{n}</b>{}</td>'
        '<td class="stands">{}{} {}</td><td class="rows"><span class="one" title="{d}">{d}</span></td><td class="num vars">{}</td><td class="says">{}</td><td class="when soft">{}</td><td class="ends">{}</td></tr>'
    ).format(
        row.id,
        Markup('<span class="hint">attempt {}</span>').format(row.attempt) if row.attempt > 1 else "",
        icon(symbol, colour),
        words,
        failed,
        len(row.variants),
        row.sentence or ("The verdict is being reckoned." if row.state == "done" else "No verdict yet."),
        stamp(row.created_at),
        _delete(row, name),
        n=name,
        d=data_words(row.dataset, row.number),
    )


def _delete(row: ExperimentRow, name: str) -> Markup:
    """The end of an experiment that does not run."""
    if row.state == "running":
        return Markup("")
    return Markup(
        '<button class="btn quiet icon" data-act="delete_experiment" data-id="{}" aria-label="Delete {}" title="Delete">{}</button>'
    ).format(row.id, name, icon("trash"))


def data_words(dataset: str, number: int | None, half: str = "") -> str:
    """Where the cases of an experiment came from: "Late parcels, version 3, held out", "cases of the prompt"."""
    halves = {"train": ", train", "held-out": ", held out"}
    version = f", version {number}" if number else ""
    return f"{dataset}{version}{halves.get(half, '')}" if dataset else "cases of the prompt"


def _no_hit(search: str) -> Markup:
    return Markup('<p class="empty" style="padding:16px 24px">No experiment holds "{}". {}</p>').format(
        search, button("Clear the search", "open_experiments", kind="quiet")
    )


def _sentence(markdown: str) -> str:
    """A line of a card as plain text."""
    plain = markdown.replace("`", "")
    return plain[:1].upper() + plain[1:]


def _nothing(ask: Ask, samples: Sequence[ShippedSet]) -> Markup:
    """The empty state does the job: the columns at hand, a sample, or a file."""
    columns = len((ask.form or {}).get("columns") or ())
    title = ((ask.form or {}).get("prompt") or {}).get("name") or "Untitled prompt"
    have = f'Compare holds {plural(columns, "column")} of "{title}": each becomes a variant.'
    offered = join(
        Markup(
            '<div class="sample"><div class="grow"><b>{}</b> <span class="soft">{}</span><div class="soft">{}</div></div>{}</div>'
        ).format(
            each.title,
            plural(each.rows, "row"),
            _sentence(each.about),
            button("Use", "experiment_from_sample", kind="small", sample=each.name),
        )
        for each in samples
        if each.prompt
    )
    return Markup(
        '<div class="exp-empty"><div><h2>No experiment yet</h2><p class="lead">An experiment puts the same cases to every variant, '
        "says which wins and how sure that is, or what would settle it.</p>"
        '<ol class="steps"><li><b>Variants</b> a wording, a technique, a model or a setting each</li><li><b>Cases</b> rows of a data set, '
        "all answered by every variant</li><li><b>A rule</b> what passes, and when it is decided; fixed before the first answer</li></ol>"
        '<p class="soft">{}</p><div class="row">{}{}</div><h3>Or from a file</h3><textarea class="field mono" id="exp-paste" translate="no" rows="6" spellcheck="false" '
        'aria-label="An experiment as a YAML file" placeholder="prompt: Late-parcel reply&#10;variants:&#10;  A: {{version: 5, baseline: true}}&#10;  B: {{version: 7}}"></textarea>'
        '<div class="row">{}<span class="hint">Nothing is stored before Start.</span></div></div><aside><h2>Start from a sample</h2><div>{}</div></aside></div>'
    ).format(
        have,
        button("Run them over a data set", "experiment_from_compare", symbol="play", kind="primary"),
        Markup("{}{}").format(button("Go to Compare", "to_compare", kind="quiet"), _techniques()),
        button("Read the file", "read_experiment_file", kind=""),
        offered,
    )


# --- the set-up ---------------------------------------------------------------------------------------------


def being_set_up(ask: Ask) -> Experiment | None:
    """The experiment that the page's form holds; None when there is none, or one of an older program."""
    held = (ask.form or {}).get("experiment")
    if not isinstance(held, dict):
        return None
    try:
        return Experiment.model_validate(held)
    except ValidationError:
        return None


def prompt_at_hand(ask: Ask) -> Prompt | None:
    """The prompt of Compare, whose cases an experiment on it can take."""
    try:
        return Prompt.model_validate((ask.form or {}).get("prompt"))
    except ValidationError:
        return None


async def open_setup(workbench: Workbench, ask: Ask) -> Update:
    """The set-up of the form's experiment, or the list when there is none."""
    now = being_set_up(ask)
    if now is None:
        return await _list(workbench, ask)
    return await draw_setup(workbench, now, prompt_at_hand(ask))


async def draw_setup(
    workbench: Workbench, now: Experiment, at_hand: Prompt | None, *, anew: bool = True
) -> Update:
    """The page of a set-up; what it takes is asked for by the page next. Unless `anew` it is on screen already."""
    choices = await choices_of(workbench, now, at_hand)
    html = {"exp-body": _frame(now), "exp-poll": ""} if anew else {}
    html |= {"exp-head": setup_head(now), "exp-main": setup(now, choices), "exp-file": file_of(now)}
    return {"experiment": SETUP, "html": html}


def _frame(now: Experiment) -> Markup:
    """What the sections of the set-up stand in."""
    return Markup(
        '<div class="exp-setup" id="exp-setup"><div id="exp-main"></div><aside class="exp-side"><div id="exp-cost">{}</div><div id="exp-file"></div></aside></div>'
    ).format(waiting(now))


def setup_head(now: Experiment) -> Markup:
    """The command bar: where one is, its name, and the one primary action."""
    return Markup(
        '<div class="exp-bar">{}<h2 class="sr">Set up an experiment</h2><input class="title" data-set="name" value="{}" placeholder="Untitled experiment" aria-label="Name of the experiment">'
        '<span class="hint fold">nothing is stored before Start</span><span class="grow"></span>{}{}'
        '<span class="exp-foot"><span class="hint" id="exp-short"></span>'
        '<button class="btn primary" id="exp-start" data-starts>{}Start<kbd>Ctrl Enter</kbd></button></span></div>'
    ).format(
        crumbs(),
        now.name,
        button("Try 3 rows first", "try_rows", kind="quiet fold"),
        button("Discard", "drop_experiment", kind="quiet"),
        icon("play"),
    )


def crumbs() -> Markup:
    """The way back to the list."""
    return Markup('{}<span class="crumb" aria-hidden="true">{}</span>').format(
        button("Experiments", "open_experiments", kind="quiet crumbs", at=""), icon("right")
    )


ACTIONS: dict[str, Action] = {"open_experiments": open_experiments, "list_experiments": list_experiments}
