"""Saving, versions and exports: what is kept of a comparison, in the drawer."""

from __future__ import annotations

import asyncio
from typing import Any

from markupsafe import Markup

from playground.diff import TurnDiff, describe, diff_fields, diff_turns
from playground.errors import PlaygroundError
from playground.formats import FORMATS
from playground.store.records import SavedVersion, StoredRun
from playground.types import ExportFile
from playground.ui import compare
from playground.ui.actions import Action, Ask, Update
from playground.ui.html import (
    button,
    icon,
    join,
    options,
    pieces,
    plural,
    stamp,
)
from playground.workbench import Workbench, find_cell


async def save_form(workbench: Workbench, ask: Ask) -> Update:
    """The drawer that asks for a name and a message."""
    form = ask.compare_form()
    return {"drawer": _save_drawer(form.prompt.name, form.prompt_id, form.version, None)}


async def save_winner(workbench: Workbench, ask: Ask) -> Update:
    """The same drawer for the prompt and sampling of one column of the run."""
    run = await workbench.run(ask.run_id())
    cell = find_cell(run, ask.integer("column"))
    form = ask.compare_form()
    return {"drawer": _save_drawer(form.prompt.name or run.title, form.prompt_id, form.version, cell.column)}


def _save_drawer(name: str, prompt_id: str | None, version: int | None, column: int | None) -> dict[str, Any]:
    which = (
        f"the prompt and sampling of column {column + 1}"
        if column is not None
        else "the prompt with its variables and checks"
    )
    again = Markup(
        '<label for="save-new" class="soft">As</label><select id="save-new" name="as" class="field">{}</select>'
    ).format(
        options(
            [("version", f"version {(version or 0) + 1} of this prompt"), ("new", "a new prompt")], "version"
        )
    )
    body = Markup(
        '<div class="form" data-form><label for="save-name" class="soft">Name</label>'
        '<input id="save-name" name="name" class="field" maxlength="200" value="{}" {}>'
        '{}<label for="save-message" class="soft">What changed</label>'
        '<input id="save-message" name="message" class="field" placeholder="Shorter system turn" {}>'
        '<span></span><span>{}</span></div><p class="hint">Saves {}. A version never changes afterwards.</p>'
    ).format(
        name,
        Markup("autofocus") if not name else "",
        again if prompt_id else "",
        Markup("autofocus") if name else "",
        button("Save version", "save", symbol="save", kind="primary", column=column),
        which,
    )
    return {"title": "Save a version", "body": body, "narrow": True}


async def save(workbench: Workbench, ask: Ask) -> Update:
    """Save what is on screen, or a column's prompt with its sampling, as an immutable version."""
    form = ask.compare_form()
    name = ask.text("name").strip()
    column = ask.text("column")
    prompt = form.prompt
    sampling = form.columns[0].sampling if len({c.sampling for c in form.columns}) == 1 else prompt.sampling
    if column.isdecimal():
        cell = find_cell(await workbench.run(ask.run_id()), ask.integer("column"))
        prompt, sampling = cell.prompt, cell.sampling
    version = await workbench.save_prompt(
        prompt.model_copy(update={"name": name, "sampling": sampling}),
        message=ask.text("message").strip(),
        prompt_id=form.prompt_id if ask.text("as", "version") == "version" else None,
        forked_from=form.origin,
    )
    update: Update = {"drawer": None, "toast": f"Saved as version {version.number}"}
    if column.isdecimal():  # the winner becomes the shared prompt, so that the next change starts from it
        shared = form.model_copy(
            update={
                "prompt": version.prompt,
                "columns": tuple(c.model_copy(update={"own": False}) for c in form.columns),
            }
        )
        update["form"] = shared.model_dump(mode="json")
    update |= {
        "saved": {"prompt_id": version.prompt_id, "version": version.number, "origin": ""},
        # What was saved is what the next run is made with, to the last field: so that run knows its version.
        "saved_prompt": {
            "name": version.name,
            "sampling": sampling.model_dump(mode="json") if sampling else None,
        },
    }
    return update


async def versions(workbench: Workbench, ask: Ask) -> Update:
    """The versions of a prompt, and the difference between two of them."""
    prompt_id = ask.text("prompt")
    rows = await asyncio.to_thread(workbench.store.versions, prompt_id)
    newest = max(row.number for row in rows)
    to = ask.integer("to", newest)
    since = ask.integer("from", max(1, to - 1))
    before = await asyncio.to_thread(workbench.store.version, prompt_id, since)
    after = await asyncio.to_thread(workbench.store.version, prompt_id, to)
    table = join(
        Markup(
            "<tr><td class='num'>{}</td><td>{}</td><td class='hint'>{}</td><td style='text-align:right'>{} {} {}</td></tr>"
        ).format(
            row.number,
            row.message or Markup('<span class="hint">no message</span>'),
            stamp(row.created_at),
            button("Open", "open_version", kind="small", prompt=prompt_id, number=row.number),
            button(
                "Compare",
                "versions",
                kind="small",
                prompt=prompt_id,
                to=newest if row.number != newest else to,
                from_=row.number,
            ),
            button("Restore", "restore", kind="small", prompt=prompt_id, number=row.number)
            if row.number != newest
            else "",
        )
        for row in rows
    )
    head = Markup(
        '<div class="scroll-x"><table class="table"><tr><th class="num" style="width:48px">No.</th><th>What changed</th><th style="width:140px">Saved</th><th style="width:250px"></th></tr>{}</table></div>'
    ).format(table)
    return {
        "drawer": {"title": f"Versions of {after.name}", "body": join((head, version_diff(before, after)))}
    }


def version_diff(before: SavedVersion, after: SavedVersion) -> Markup:
    """Two versions turn by turn, then the fields that differ; a sentence on top counts the changes."""
    turns = diff_turns(before.prompt.turns, after.prompt.turns)
    fields = diff_fields(before.prompt, after.prompt)
    if before.number == after.number:
        return Markup('<p class="hint">One version. The next one shows here what it changed.</p>')
    all_pieces = [piece for turn in turns for piece in turn.pieces]
    sentence = (
        f"Version {after.number} against {before.number}: {describe(all_pieces)}{_fields(len(fields))}."
    )
    shown = join(
        Markup(
            '<div class="turn-view"><span><b>{}</b><br><span class="hint">{}</span></span><div class="two"><div class="words">{}</div><div class="words">{}</div></div></div>'
        ).format(
            _role(turn),
            turn.kind,
            pieces(turn.pieces, side="before"),
            pieces(turn.pieces, side="after"),
        )
        for turn in turns
        if turn.kind != "same"
    )
    equal = sum(1 for turn in turns if turn.kind == "same")
    shown += (
        Markup('<p class="hint" style="padding-top:8px">{} as before.</p>').format(plural(equal, "turn"))
        if equal
        else ""
    )
    rows = join(
        Markup(
            '<tr><td>{}</td><td><span class="del">{}</span></td><td><span class="add">{}</span></td></tr>'
        ).format(f.field, f.before, f.after)
        for f in fields
    )
    table = (
        Markup(
            '<h3>Settings, inputs and checks</h3><table class="table"><tr><th>Field</th><th>Version {}</th><th>Version {}</th></tr>{}</table>'
        ).format(before.number, after.number, rows)
        if fields
        else ""
    )
    return Markup('<h3>{}</h3><div class="preview" style="padding:0">{}</div>{}').format(
        sentence, shown, table
    )


def _fields(number: int) -> str:
    return "" if not number else f"; {plural(number, 'field')} {'differs' if number == 1 else 'differ'}"


def _role(turn: TurnDiff) -> str:
    side = turn.after or turn.before
    return side.role.capitalize() if side else ""


async def open_version(workbench: Workbench, ask: Ask) -> Update:
    """A saved version on the Compare tab."""
    return await compare.open_version(workbench, ask.text("prompt"), ask.integer("number", 0) or None, ask)


async def restore(workbench: Workbench, ask: Ask) -> Update:
    """An old version saved again as the newest."""
    version = await asyncio.to_thread(workbench.store.restore, ask.text("prompt"), ask.integer("number"))
    update = await compare.open_version(workbench, version.prompt_id, version.number, ask)
    return {**update, "toast": f"Restored as version {version.number}"}


# --- export ---------------------------------------------------------------------------------------------


async def export(workbench: Workbench, ask: Ask) -> Update:
    """A column's prompt as a file: the format, a preview, what the format cannot hold, and the download."""
    run_id, column = ask.run_id(), ask.integer("column")
    chosen = ask.text("value") or ask.text("format") or "prompty"
    run = await workbench.run(run_id)
    rows = Markup(
        '<label class="soft" for="export-format">Format</label><select id="export-format" class="field" style="width:auto" autofocus data-act="export" data-column="{}">{}</select>'
    ).format(column, options([(name, row.label) for name, row in FORMATS.items()], chosen))
    columns = segments_of_columns(run, column, chosen)
    head = Markup(
        '<div style="display:flex;gap:12px;align-items:center;flex-wrap:wrap">{}<span class="grow"></span>{}</div>'
    ).format(rows, columns)
    try:
        file = await workbench.export_cell(run_id, column, chosen)
    except PlaygroundError as exc:
        alert = Markup('<div class="alert">{}<div><b>{}</b>{}</div></div>').format(
            icon("warn"), exc.message, exc.hint
        )
        return {"drawer": {"title": "Export", "body": join((head, alert))}}
    foot = Markup(
        '<a class="btn primary" download="{}" href="files/run/{}/{}/{}">{}Download {}</a>{}'
    ).format(
        file.name,
        run_id,
        column,
        chosen,
        icon("download"),
        file.name,
        button("Copy", "copy_text", symbol="copy", kind="quiet", from_="#export-text"),
    )
    if await workbench.managers():
        foot += button("Create an Ollama model", "create_model", column=column)
    return {"drawer": {"title": "Export", "body": join((head, export_body(file))), "foot": foot}}


def export_body(file: ExportFile) -> Markup:
    """What a format cannot hold, and the file itself."""
    losses = join(Markup("<li>{}</li>").format(loss) for loss in file.losses)
    report = Markup(
        '<div class="alert warn">{}<div><b>Not in this file</b><ul style="margin:0">{}</ul></div></div>'
    ).format(icon("ignored"), losses)
    return join(
        (
            report if file.losses else "",
            Markup('<pre class="file" id="export-text" tabindex="0">{}</pre>').format(file.text),
        )
    )


def segments_of_columns(run: StoredRun, column: int, chosen: str) -> Markup:
    """Which column is exported."""
    buttons = join(
        Markup(
            '<button data-act="export" data-column="{}" data-format="{}" aria-pressed="{}">Column {}</button>'
        ).format(cell.column, chosen, str(cell.column == column).lower(), cell.column + 1)
        for cell in run.cells
    )
    return Markup('<span class="seg">{}</span>').format(buttons)


ACTIONS: dict[str, Action] = {
    "save_form": save_form,
    "save_winner": save_winner,
    "save": save,
    "versions": versions,
    "open_version": open_version,
    "restore": restore,
    "export": export,
}
