"""The versions of a saved prompt: its main line, its labels, its variants, and the difference between any two."""

from __future__ import annotations

import json
from collections.abc import Sequence

from markupsafe import Markup

from playground.diff import TurnDiff, describe, diff_fields, diff_turns
from playground.store.records import SavedVersion, VersionSummary
from playground.types.grid import PromptSource
from playground.types.prompt import Prompt
from playground.ui import onto_compare
from playground.ui.actions import Action, Ask
from playground.ui.forms import COLUMNS, ColumnForm, form_of_prompt, readable_draft
from playground.ui.html import attributes, button, icon, into_column, join, options, pieces, plural, stamp
from playground.ui.update import Doing, Update
from playground.workbench.service import Workbench

MAX_VARIANTS = COLUMNS - 1
"""Beside the main line there is room for so many columns."""
MAX_PARTIALS = 100
"""Rows of the list of prompts to include."""


async def versions(workbench: Workbench, ask: Ask) -> Update:
    """The versions of a prompt with labels and variants, and the difference between two of them."""
    prompt_id = ask.text("prompt")
    rows = await workbench.saved.versions(prompt_id)
    labels = await workbench.saved.labels(prompt_id)
    variants = await workbench.saved.variants(prompt_id)
    newest = max(row.number for row in rows if not row.variant)
    to = ask.integer("to", newest)
    earlier = [row.number for row in rows if not row.variant and row.number < to]
    since = ask.integer("from", max(earlier, default=to))
    before = await workbench.saved.version(prompt_id, since)
    after = await workbench.saved.version(prompt_id, to)
    body = join(
        (
            _table(rows, labels, newest, since, to),
            _label_form(rows, prompt_id),
            _variants(variants, prompt_id, newest),
            _pair_form(rows, prompt_id, since, to),
            version_diff(before, after),
        )
    )
    return {"drawer": {"title": f"Versions of {after.name}", "body": body}}


def _table(
    rows: Sequence[VersionSummary], labels: dict[str, int], newest: int, since: int, to: int
) -> Markup:
    body = join(
        _row(row, [name for name, at in labels.items() if at == row.number], newest, since, to)
        for row in rows
    )
    return Markup(
        '<table class="table versions wraps"><tr><th class="num no">No.</th><th class="w1">What changed</th>'
        '<th class="when">Saved</th><th class="acts"></th></tr>{}</table>'
    ).format(body)


def _row(row: VersionSummary, labels: Sequence[str], newest: int, since: int, to: int) -> Markup:
    ident, number = row.prompt_id, row.number
    shown = {since: "compare this", to: "with this"}.get(number, "") if since != to else ""
    chips = join(
        Markup(
            ' <span class="badge">{}{} <button class="bare" data-act="set_label"{} aria-label="Take the label {} away">{}</button></span>'
        ).format(
            icon("pin"),
            label,
            attributes({"prompt": ident, "label": label, "number": ""}),
            label,
            icon("cross"),
        )
        for label in labels
    )
    line = Markup(' <span class="badge mode">{}</span>').format(row.variant) if row.variant else ""
    acts = [
        button("Open", "open_version", kind="small", prompt=ident, number=number),
        into_column(f"version {number}", prompt=ident, number=number),
        button(
            "Compare",
            "versions",
            kind="small",
            prompt=ident,
            to=newest if number != newest else None,
            from_=number if number != newest else None,
        ),
    ]
    if number != newest and not row.variant:
        acts.append(button("Restore", "restore", kind="small", prompt=ident, number=number))
    if row.variant:
        acts.append(button("Promote", "promote", kind="small", prompt=ident, variant=row.variant))
    return Markup(
        "<tr{}><td class='num no'>{}</td><td class='w1'>{}{}{}<span class='hint'>{}</span></td><td class='hint when'>{}{}</td>"
        "<td class='acts'>{}</td></tr>"
    ).format(
        Markup(' class="on"') if shown else "",
        number,
        row.message or Markup('<span class="hint">no message</span>'),
        line,
        chips,
        f" {shown}" if shown else "",
        stamp(row.created_at),
        Markup("<br>{}").format(row.author) if row.author else "",
        join(Markup("{} ").format(act) for act in acts),
    )


def _label_form(rows: Sequence[VersionSummary], prompt_id: str) -> Markup:
    numbers = [(str(row.number), f"version {row.number}") for row in rows]
    return Markup(
        '<div class="row-form" data-form><label class="soft" for="label-name">Label</label>'
        '<input id="label-name" name="label" class="field" maxlength="40" placeholder="production" style="width:160px">'
        '<label class="soft" for="label-number">stands on</label><select id="label-number" name="number" class="field" style="width:auto">{}</select>{}'
        '<span class="hint">A label moves; {{% include "Name@label" %}} follows it.</span></div>'
    ).format(
        options(numbers, numbers[0][0]), button("Set label", "set_label", kind="small", prompt=prompt_id)
    )


def _pair_form(rows: Sequence[VersionSummary], prompt_id: str, since: int, to: int) -> Markup:
    """Which two versions are compared below."""
    if len(rows) < 2:
        return Markup("")
    numbers = [
        (str(row.number), f"version {row.number}" + (f", {row.variant}" if row.variant else ""))
        for row in rows
    ]
    which = join(
        Markup(
            '<label class="soft" for="pair-{}">{}</label><select id="pair-{}" name="{}" class="field" style="width:auto" data-act="versions" data-prompt="{}">{}</select>'
        ).format(name, label, name, name, prompt_id, options(numbers, str(number)))
        for name, label, number in (("from", "Compare", since), ("to", "with", to))
    )
    return Markup('<div class="row-form" data-form>{}</div>').format(which)


def _variants(variants: Sequence[VersionSummary], prompt_id: str, newest: int) -> Markup:
    if not variants:
        return Markup("")
    rows = join(
        Markup(
            "<tr><td style='width:140px'>{}</td><td style='width:90px'>version {}</td><td class='w1'>{}</td><td>{} {}</td></tr>"
        ).format(
            Markup('<b translate="no">{}</b>').format(row.variant),
            row.number,
            row.message,
            into_column(row.variant, prompt=prompt_id, number=row.number, at=row.variant)
            + button("Compare", "versions", kind="small", prompt=prompt_id, from_=newest, to=row.number),
            button("Promote", "promote", kind="small", prompt=prompt_id, variant=row.variant),
        )
        for row in variants
    )
    side = button("Open side by side", "open_variants", symbol="play", kind="small", prompt=prompt_id)
    return Markup(
        '<div class="row-form"><h3 class="grow">Variants</h3>{}</div><table class="table wraps">{}</table>'
    ).format(side, rows)


def version_diff(before: SavedVersion, after: SavedVersion) -> Markup:
    """Two versions of a prompt, beside each other."""
    if before.number == after.number:
        return Markup('<p class="hint">One version. Another one shows here what differs.</p>')
    return prompt_diff(before.prompt, after.prompt, f"Version {before.number}", f"Version {after.number}")


def prompt_diff(before: Prompt, after: Prompt, old: str, new: str) -> Markup:
    """Two prompts turn by turn, then the fields that differ; a sentence on top counts the changes."""
    turns = diff_turns(before.turns, after.turns)
    fields = diff_fields(before, after)
    all_pieces = [piece for turn in turns for piece in turn.pieces]
    sentence = f"{new} against {old[:1].lower() + old[1:]}: {describe(all_pieces)}{_fields(len(fields))}."
    shown = join(
        Markup(
            '<div class="turn-view"><span><b>{}</b><br><span class="hint">{}</span></span><div class="two" translate="no"><div class="words">{}</div><div class="words">{}</div></div></div>'
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
            '<tr><td>{}</td><td translate="no"><span class="del">{}</span></td><td translate="no"><span class="add">{}</span></td></tr>'
        ).format(f.field, f.before, f.after)
        for f in fields
    )
    table = (
        Markup(
            '<h3>Settings, inputs and checks</h3><table class="table"><tr><th>Field</th><th>{}</th><th>{}</th></tr>{}</table>'
        ).format(old, new, rows)
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


# --- what can be done with them -----------------------------------------------------------------------------


async def open_version(workbench: Workbench, ask: Ask) -> Update:
    """A saved version on the Compare tab."""
    return await onto_compare.open_version(
        workbench, ask.text("prompt"), ask.integer("number", 0) or None, ask
    )


async def open_variants(workbench: Workbench, ask: Ask) -> Update:
    """The main line and its newest variants as columns beside each other."""
    prompt_id = ask.text("prompt")
    main = await workbench.saved.version(prompt_id)
    variants = await workbench.saved.variants(prompt_id)
    rows = sorted(variants, key=lambda row: -row.number)[:MAX_VARIANTS]
    rivals = [await workbench.saved.version(prompt_id, row.number) for row in rows]
    columns = (readable_draft(ask.form) or await onto_compare.default_form(workbench)).columns
    latest = max(row.number for row in await workbench.saved.versions(prompt_id))
    form = form_of_prompt(main.prompt, columns[:1], version=main, latest=latest)
    first = form.columns[0]
    more = tuple(
        ColumnForm(
            model=first.model,
            preset=first.preset,
            sampling=first.sampling,
            own=True,
            turns=rival.prompt.turns,
            inputs=rival.prompt.inputs,
            output_schema=rival.prompt.output_schema,
            source=PromptSource(name=rival.name, prompt_id=prompt_id, number=rival.number, at=rival.variant),
        )
        for rival in rivals
    )
    update = onto_compare.cleared(form.model_copy(update={"columns": (first, *more)}))
    names = ", ".join(["the main line", *(row.variant for row in rows)])
    left_out = f"; {len(variants) - len(rows)} older not shown" if len(variants) > len(rows) else ""
    return {**update, "toast": f"Side by side: {names}{left_out}"}


async def partials(workbench: Workbench, ask: Ask) -> Update:
    """Saved prompts of a single turn, to be included in the one on screen at their newest version or a label."""
    found = await workbench.saved.search(ask.text("search"), limit=500)
    own = ask.compare_form().prompt_id
    contents = await workbench.saved.contents([p.id for p in found if p.id != own])
    rows = [p for p in found if p.id in contents and len(contents[p.id].prompt.turns) == 1][:MAX_PARTIALS]
    listed = join(
        Markup(
            "<tr><td><b translate='no'>{}</b><br><span class='hint mono one'>{}</span></td><td style='text-align:right'>{}</td></tr>"
        ).format(
            row.name,
            " ".join(contents[row.id].prompt.turns[0].template.split())[:120],
            join(
                Markup("{} ").format(
                    button(
                        at,
                        "insert_partial",
                        kind="small",
                        text=f"{{% include {json.dumps(f'{row.name}@{at}', ensure_ascii=False)} %}}",
                    )
                )
                for at in (str(row.latest), *(label for label, _ in row.labels))
            ),
        )
        for row in rows
    )
    search = Markup(
        '<div data-form><input class="field" name="search" type="search" value="{}" placeholder="Find a prompt" aria-label="Find a prompt" data-act="partials"></div>'
    ).format(ask.text("search"))
    body = (
        Markup(
            "<table class='table'><tr><th>Prompt of one turn</th><th style='width:200px;text-align:right'>Include version</th></tr>{}</table>"
        ).format(listed)
        if rows
        else Markup(
            "<p class='hint'>No saved prompt with a single turn{}. Save a text that several prompts share, such as a guardrail, as a prompt of its own.</p>"
        ).format(" matches" if ask.text("search") else "")
    )
    return {"drawer": {"title": "Include a prompt", "body": join((search, body)), "narrow": True}}


async def restore(workbench: Workbench, ask: Ask) -> Update:
    """An old version saved again as the newest."""
    version = await workbench.saved.restore(ask.text("prompt"), ask.integer("number"))
    update = await onto_compare.open_version(workbench, version.prompt_id, version.number, ask)
    return {**update, "toast": f"Restored as version {version.number}"}


async def promote(workbench: Workbench, ask: Ask) -> Update:
    """The newest version of a variant becomes the newest of the main line; all others stay readable."""
    version = await workbench.saved.promote(ask.text("prompt"), ask.text("variant"))
    update = await versions(workbench, ask.model_copy(update={"fields": {}}))
    return {**update, "toast": f"Promoted as version {version.number}"}


async def set_label(workbench: Workbench, ask: Ask) -> Update:
    """Put a label on a version, where it stays until it is moved; without a number it is taken away."""
    prompt_id, label = ask.text("prompt"), ask.text("of_label") or ask.text("label").strip()
    number = ask.integer("number", 0) or None
    stood = (await workbench.saved.labels(prompt_id)).get(label)
    await workbench.saved.set_label(prompt_id, label, number)
    update = await versions(workbench, ask.model_copy(update={"fields": {}}))
    if stood is None or stood == number:
        return update
    undo: Doing = {"label": "Undo", "act": "set_label", "prompt": prompt_id}
    undo |= {"of_label": label, "number": str(stood)}
    words = f"moved to version {number}" if number else "taken away"
    return {**update, "toast": f'"{label}" is {words}', "toast_act": undo}


ACTIONS: dict[str, Action] = {
    "versions": versions,
    "open_version": open_version,
    "open_variants": open_variants,
    "partials": partials,
    "restore": restore,
    "promote": promote,
    "set_label": set_label,
}
