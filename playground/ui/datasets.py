"""The Data tab: the list of data sets, and the tab's places, which its scripts fill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import gradio as gr
from markupsafe import Markup

from playground.library.shipped_data import ShippedSet
from playground.store.records import DatasetSummary
from playground.ui.actions import Action, Ask
from playground.ui.html import attributes, button, icon, join, plural, stamp
from playground.ui.removing import ask_once
from playground.ui.table import Head, Look, asked_by, kept, look_of, table
from playground.ui.update import Update
from playground.workbench.sample_data import all_samples, use_sample
from playground.workbench.service import Workbench

HEADS = (
    Head("name", "Name"),
    Head("rows", "Rows", "96px", falls=True),
    Head("", "Split", "210px"),
    Head("", "Columns", "34%"),
    Head("changed", "Changed", "116px", falls=True),
    Head("", "", "52px"),
)
BIN_HEADS = (*HEADS[:-1], Head("", "", "min(236px,30vw)"))
"""In the bin a row has two ways out of it."""

_PAGE = """<div class="pp data" id="data" data-view="home"><div class="messages"></div>
<section id="data-home" class="data-view" data-form aria-label="Data sets"></section>
<section id="data-sheet" class="data-view" aria-label="Data set" hidden></section>
<section id="data-import" class="data-view" data-form aria-label="Import" hidden></section>
<input type="file" id="data-file" hidden accept=".csv,.tsv,.txt,.json,.jsonl,.ndjson,.xlsx,.parquet" aria-label="File of rows"></div>"""


def build() -> None:
    """Layout only; the list is filled when the tab is opened."""
    gr.HTML(_PAGE, apply_default_css=False, elem_id="datasets")


async def open_data(workbench: Workbench, ask: Ask) -> Update:
    """The list of data sets; without one, how to begin."""
    search = ask.text("search")
    is_binned = ask.text("bin") == "yes"
    sets = await workbench.datasets.all(search, binned=is_binned)
    binned = await workbench.datasets.all(binned=True)
    drafts = await workbench.sheets.known(ask.text("drafts").split())
    if not sets and not search and not is_binned:
        body = _begin(len(binned), await all_samples(), is_first=True)
    else:
        body = _list(sets, ask, drafts, len(binned), is_binned=is_binned)
    return {"html": {"data-home": body}, "sheet": {"drafts": drafts}}


# --- the list -------------------------------------------------------------------------------------------


def _list(
    sets: Sequence[DatasetSummary], ask: Ask, drafts: Mapping[str, str], binned: int, *, is_binned: bool
) -> Markup:
    look = look_of(asked_by(ask), (Head("changed", "", falls=True), *HEADS))
    ordered = _in_order(sets, look)
    shown = ordered[look.start : look.start + look.rows]
    rows = join(_row(each, each.id in drafts.values(), is_binned) for each in shown)
    body: Markup = table(BIN_HEADS if is_binned else HEADS, [rows], look, len(sets), "open_data")
    if not sets:
        said = (
            "The bin is empty."
            if is_binned and not ask.text("search")
            else f'No data set is called "{ask.text("search")}".'
        )
        body = Markup('<p class="empty soft">{}</p>').format(said)
    ways = (
        button("Back to the data sets", "open_data", kind="quiet", symbol="left", bin="")
        if is_binned
        else button(f"Bin {binned:,}", "open_data", kind="quiet", symbol="trash", bin="yes")
        if binned
        else Markup("")
    )
    return Markup(
        '<div class="bar data-bar"><h2>{}</h2><span class="hint num">{}</span><span class="grow"></span>{}{}{}</div>'
        '<div class="data-tools"><label class="find">{}<input class="field" name="search" type="search" id="data-search" value="{}" placeholder="Find a data set" '
        'aria-label="Find a data set" data-act="open_data" data-on="input" data-redrawn data-start="" data-into="#data-list tr.set"></label>'
        '<input type="hidden" name="bin" value="{}">{}</div>'
        '<div id="data-list" class="data-list scroll-x" tabindex="0" role="group" aria-label="Data sets">{}</div>'
    ).format(
        "Bin" if is_binned else "Data sets",
        plural(len(sets), "data set"),
        ways,
        button("Import", "data_choose", symbol="upload", kind="quiet") if not is_binned else "",
        button("New data set", "data_new", symbol="plus", kind="primary") if not is_binned else "",
        icon("search"),
        ask.text("search"),
        "yes" if is_binned else "",
        kept(look),
        body,
    )


def _in_order(sets: Sequence[DatasetSummary], look: Look) -> list[DatasetSummary]:
    keys = {
        "name": lambda each: each.name.casefold(),
        "rows": lambda each: each.rows,
        "changed": lambda each: each.updated_at,
    }
    return sorted(sets, key=keys[look.sort], reverse=look.falls)


def _row(each: DatasetSummary, has_draft: bool, is_binned: bool) -> Markup:
    names = join(
        [
            Markup('<span class="mono">{}</span>').format(
                ", ".join(column.name for column in each.columns[:12])
            ),
            f" and {len(each.columns) - 12:,} more" if len(each.columns) > 12 else "",
        ]
    )
    split = (
        Markup(
            '<span class="half-sign train"></span>{:,} train <span class="half-sign held"></span>{:,} held out'
        ).format(each.train, each.held_out)
        if each.train or each.held_out
        else Markup('<span class="hint">–</span>')
    )
    facts = [f"version {each.latest}"]
    if each.used:
        facts.append(f"used by {plural(each.used, 'experiment')}")
    draft = (
        Markup(' <span class="badge mode">{}edits not saved</span>').format(icon("pencil"))
        if has_draft
        else Markup("")
    )
    if is_binned:
        opens = Markup("")
        tool = join(
            [
                button("Put back", "data_put_back", kind="small", dataset=each.id),
                Markup(" "),
                button("Delete for good", "data_purge", kind="quiet small", dataset=each.id),
            ]
        )
    else:
        opens = Markup(' tabindex="0" data-act="data_open"{}').format(attributes({"dataset": each.id}))
        tool = Markup(
            '<button class="btn quiet icon" data-act="data_delete"{} title="Move to the bin" aria-label="Move {} to the bin">{}</button>'
        ).format(attributes({"dataset": each.id}), each.name, icon("trash"))
    return Markup(
        '<tr class="set"{}><td><b translate="no">{}</b>{}<span class="hint d">{}</span></td><td class="num">{:,}</td><td class="split">{}</td><td class="names soft" translate="no">{}</td>'
        '<td class="soft">{}</td><td class="tools">{}</td></tr>'
    ).format(
        opens,
        each.name,
        draft,
        ", ".join(facts),
        each.rows,
        split,
        names,
        stamp(each.updated_at),
        tool,
    )


# --- beginning ------------------------------------------------------------------------------------------


def _begin(binned: int, samples: Sequence[ShippedSet], *, is_first: bool) -> Markup:
    """How to begin: the grid to type or paste into stands in `#data-new`, which the script fills."""
    bin_ = (
        button(f"Bin {binned:,}", "open_data", kind="quiet", symbol="trash", bin="yes")
        if binned
        else Markup("")
    )
    head = (
        Markup('<div class="row"><h2 class="grow">No data set yet</h2>{}</div>').format(bin_)
        if is_first
        else Markup("")
    )
    return Markup(
        '<div class="data-begin beside"><div>{}<p class="soft lead">A data set is a table: each row is a case, each column fills a variable of the same name. '
        'One column may hold the expected answer.</p><div id="data-new"></div></div><section aria-label="Sample data sets"><h2>Start from a sample</h2>'
        '<ul class="samples-list">{}</ul></section></div>'
    ).format(head, join(_sample(each) for each in samples))


def _sample(each: ShippedSet) -> Markup:
    return Markup(
        '<li><div class="grow"><p><b>{}</b> <span class="hint num">{}</span></p><p>{}</p><p class="mono hint">{}</p></div>{}</li>'
    ).format(
        each.title,
        plural(each.rows, "row"),
        each.about.replace("`", "")[:1].upper() + each.about.replace("`", "")[1:],
        ", ".join(each.columns[:8]),
        button("Use", "data_use_sample", kind="small", sample=each.name),
    )


async def data_begin(workbench: Workbench, _: Ask) -> Update:
    """The place to type or paste a new data set into."""
    samples = await all_samples()
    body = Markup(
        '<div class="bar data-bar"><button class="btn quiet back" data-act="data_home">Data sets</button>{}<h2>New data set</h2></div>{}'
    ).format(icon("right", "soft"), _begin(0, samples, is_first=False))
    return {"html": {"data-home": body}}


async def data_use_sample(workbench: Workbench, ask: Ask) -> Update:
    """A shipped set as a data set of one's own, or the one that it became before."""
    sample = await use_sample(workbench.datasets, ask.text("sample"))
    return {"sheet": {"made": sample.version.dataset_id}}


# --- what is done with a whole data set -----------------------------------------------------------------


async def data_delete(workbench: Workbench, ask: Ask) -> Update:
    """Into the bin, with the way back."""
    version = await workbench.datasets.version(ask.text("dataset"))
    await workbench.datasets.delete(version.dataset_id)
    said = f'"{version.name}" moved to the bin, {plural(version.rows, "row")}'
    used = await workbench.datasets.used_by(version.dataset_id)
    if any(each.id in used for each in workbench.experiments.running()):
        said = (
            f'"{version.name}" moved to the bin, {plural(version.rows, "row")}. '
            "The experiment that runs over it goes on with the rows that it has."
        )
    return {
        "toast": said,
        "toast_act": {"label": "Undo", "act": "data_put_back", "dataset": version.dataset_id},
        "sheet": {"gone": version.dataset_id},
    }


async def data_put_back(workbench: Workbench, ask: Ask) -> Update:
    """Out of the bin again; under another name when its own is taken."""
    version = await workbench.datasets.put_back(ask.text("dataset"))
    return {"toast": f'"{version.name}" is back', "sheet": {"back": version.dataset_id}}


async def data_purge(workbench: Workbench, ask: Ask) -> Update:
    """Ask first, then delete a data set of the bin with its rows; experiments keep those that they ran on."""
    version = await workbench.datasets.version(ask.text("dataset"))
    if ask.text("sure") != "yes":
        used = len(await workbench.datasets.used_by(version.dataset_id))
        goes = f'"{version.name}" is deleted with its rows and its {plural(version.latest, "version")}, and cannot be put back.'
        stays = (
            f"{plural(used, 'experiment')} over it {'keeps' if used == 1 else 'keep'} the rows that were run."
        )
        body = Markup("<p>{}</p>{}").format(goes, Markup("<p>{}</p>").format(stays) if used else "")
        return ask_once("Delete for good?", body, "data_purge", dataset=version.dataset_id)
    await workbench.datasets.purge(version.dataset_id)
    return {
        "drawer": None,
        "toast": f'"{version.name}" is deleted',
        "sheet": {"gone": version.dataset_id},
    }


async def data_rename(workbench: Workbench, ask: Ask) -> Update:
    """Another name for it."""
    await workbench.datasets.rename(ask.text("dataset"), ask.text("name").strip())
    version = await workbench.datasets.version(ask.text("dataset"))
    return {"sheet": {"name": version.name}, "drawer": None, "toast": f'Called "{version.name}" now'}


ACTIONS: dict[str, Action] = {
    "open_data": open_data,
    "data_begin": data_begin,
    "data_use_sample": data_use_sample,
    "data_delete": data_delete,
    "data_purge": data_purge,
    "data_put_back": data_put_back,
    "data_rename": data_rename,
}
