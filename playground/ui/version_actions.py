"""Saving, versions and exports: what is kept of a comparison, in the drawer."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from playground.diff.changes import Change, message_for, prompt_changes
from playground.errors import NotFoundError, PlaygroundError, PromptError, VersionMoved
from playground.library.shipped import Pattern
from playground.runs.samples import sample_number
from playground.store.records import SavedVersion, StoredRun
from playground.techniques.registry import plain_or
from playground.types.files import ExportFile
from playground.types.prompt import Prompt
from playground.ui.actions import Action, Ask
from playground.ui.alerts import to_alert
from playground.ui.cells import downloads
from playground.ui.forms import CompareForm, restated
from playground.ui.html import (
    button,
    icon,
    join,
    options,
)
from playground.ui.losses import told
from playground.ui.moved import moved_drawer
from playground.ui.update import Drawer, Update
from playground.workbench.runs import find_cell
from playground.workbench.service import Workbench


async def save_form(workbench: Workbench, ask: Ask) -> Update:
    """The drawer that asks for a name and a message."""
    form = ask.compare_form()
    return {"drawer": await _save_drawer(workbench, ask, form.prompt.name, form, None)}


async def save_now(workbench: Workbench, ask: Ask) -> Update:
    """One key: the next version on the line that was opened, with a message made from what changed.

    Without a name, or when it is refused, the drawer asks.
    """
    form = ask.compare_form()
    if not form.prompt.name.strip():
        return await save_form(workbench, ask)
    return await _at_once(workbench, ask, form, _on_screen(form), None)


async def save_winner(workbench: Workbench, ask: Ask) -> Update:
    """One click: the prompt and sampling of a column as the next version, which becomes the shared prompt."""
    form = ask.compare_form()
    if not form.prompt.name.strip():
        return await save_column(workbench, ask)
    column = ask.integer("column")
    prompt = await _run_with(workbench, ask, column)
    return await _at_once(workbench, ask, form, prompt.model_copy(update={"name": form.prompt.name}), column)


async def _run_with(workbench: Workbench, ask: Ask, column: int) -> Prompt:
    """The prompt of a column's answer with the sampling and the technique that it was run with."""
    run = await workbench.runs.get(ask.run_id())
    cell = find_cell(run, column, ask.repeat())
    technique = run.spec.variants[column].technique if column < len(run.spec.variants) else None
    return cell.prompt.model_copy(update={"sampling": cell.sampling, "run_with": plain_or(technique)})


async def _at_once(
    workbench: Workbench, ask: Ask, form: CompareForm, prompt: Prompt, column: int | None
) -> Update:
    base = await _base(workbench, form)
    changes = prompt_changes(base.prompt, prompt) if base else []
    if isinstance(base, SavedVersion) and not changes and base.prompt.turns == prompt.turns:
        return {"toast": f"Nothing has changed since version {base.number}."}
    way = f"variant:{base.variant}" if isinstance(base, SavedVersion) and base.variant else "version"
    fields: dict[str, str | bool] = {
        "name": form.prompt.name,
        "message": ask.own(_message(base, changes)),
        "as": way if form.prompt_id else "new",
        "author": ask.text("author"),
    }
    asked = ask.model_copy(update={"fields": fields})
    try:
        update = await save(workbench, asked)
    except PlaygroundError as exc:  # such as a name that is taken: the drawer has the way out
        drawer = await _save_drawer(workbench, ask, form.prompt.name, form, column)
        return {"drawer": drawer, "alert": to_alert(exc)}
    if "toast" not in update:  # somebody else has saved: the drawer asks what to do
        return update
    said = f": {fields['message']}" if fields["message"] else ""
    return {**update, "toast": f"{update['toast']}{said}"}


def _on_screen(form: CompareForm) -> Prompt:
    """The shared prompt with the sampling that all columns have, as far as it states one."""
    sampling = form.prompt.sampling
    if len({c.sampling for c in form.columns}) == 1:
        sampling = restated(sampling, form.columns[0].sampling)
    return form.prompt.model_copy(update={"sampling": sampling})


async def _base(workbench: Workbench, form: CompareForm) -> SavedVersion | Pattern | None:
    """What the prompt on screen was opened from, as far as it is here."""
    try:
        if form.prompt_id:
            return await workbench.saved.version(form.prompt_id, form.version)
        pattern = workbench.prompts.library.get(form.origin) if form.origin else None
    except NotFoundError:
        return None
    return pattern if pattern is not None and pattern.error is None else None


def _message(base: SavedVersion | Pattern | None, changes: Sequence[Change]) -> str:
    """What changed since the version, or the pattern, that it was opened from."""
    if base is None:
        return "First version"
    return message_for(changes) or ("As in the library" if isinstance(base, Pattern) else "")


async def suggested(workbench: Workbench, form: CompareForm, prompt: Prompt) -> str:
    """A message for saving this prompt, made from what changed in it."""
    base = await _base(workbench, form)
    return _message(base, prompt_changes(base.prompt, prompt) if base else [])


async def save_column(workbench: Workbench, ask: Ask) -> Update:
    """The drawer for the prompt and sampling of one column of the run."""
    run = await workbench.runs.get(ask.run_id())
    cell = find_cell(run, ask.integer("column"), ask.repeat())
    form = ask.compare_form()
    shape = run.spec.variants[cell.column]
    sample = f", sample {sample_number(shape, cell.repeat)}" if shape.samples > 1 else ""
    name = form.prompt.name or run.title
    return {"drawer": await _save_drawer(workbench, ask, name, form, cell.column, sample)}


async def _save_drawer(
    workbench: Workbench, ask: Ask, name: str, form: CompareForm, column: int | None, sample: str = ""
) -> Drawer:
    which = (
        f"the prompt and sampling of column {column + 1}{sample}"
        if column is not None
        else "the prompt with its variables and checks"
    )
    again = await ways_to_keep(workbench, form.prompt_id) if form.prompt_id else ""
    prompt = _on_screen(form)
    if column is not None and ask.run:
        prompt = await _run_with(workbench, ask, column)
        prompt = prompt.model_copy(update={"name": form.prompt.name})
    body = Markup(
        '<div class="form" data-form><label for="save-name" class="soft">Name</label>'
        '<input id="save-name" name="name" class="field" maxlength="200" value="{}" {}>'
        '{}<label for="save-message" class="soft">What changed</label>'
        '<input id="save-message" name="message" class="field" placeholder="Shorter system turn" value="{}" {}>'
        '<label for="save-author" class="soft">Author</label>'
        '<input id="save-author" name="author" class="field" maxlength="100" value="{}" placeholder="Your name, if others read this">'
        '<span></span><span>{}</span></div><p class="hint">Saves {}. A version never changes afterwards.</p>'
    ).format(
        name,
        Markup("autofocus") if not name else "",
        again,
        ask.own(await suggested(workbench, form, prompt)),
        Markup("autofocus") if name else "",
        ask.text("author") or workbench.settings.author,
        button("Save version", "save", symbol="save", kind="primary", column=column),
        which,
    )
    return {"title": "Save a version", "body": body, "narrow": True}


async def ways_to_keep(workbench: Workbench, prompt_id: str) -> Markup:
    """How a changed prompt can be kept: on its main line, as one of its variants, as a new prompt."""
    try:
        rows = await workbench.saved.versions(prompt_id)
    except NotFoundError:  # a draft of this browser, from another data folder
        return Markup('<input type="hidden" name="as" value="new">')
    known = sorted({row.variant for row in rows if row.variant})
    number = max(row.number for row in rows) + 1
    ways = [("version", f"version {number} of this prompt")]
    ways += [(f"variant:{name}", f'version {number}, of the variant "{name}"') for name in known]
    ways += [("new-variant", "a new variant of this prompt, named below"), ("new", "a new prompt")]
    return Markup(
        '<label for="save-as" class="soft">As</label><select id="save-as" name="as" class="field">{}</select>'
        '<label for="save-variant" class="soft">Variant</label>'
        '<input id="save-variant" name="variant" class="field" maxlength="40" placeholder="shorter (for a new variant)">'
    ).format(options(ways, "version"))


async def _numbers(workbench: Workbench, prompt_id: str | None) -> set[int]:
    """The versions that a prompt has; none of a new one."""
    if prompt_id is None:
        return set()
    try:
        return {row.number for row in await workbench.saved.versions(prompt_id)}
    except NotFoundError:  # saving says so
        return set()


def way_asked(ask: Ask) -> tuple[str, str]:
    """The way that was chosen, and the variant that it names; raises PromptError for a new one without a name."""
    way = ask.text("as", "version")
    variant = way.partition(":")[2] or (ask.text("variant").strip() if way == "new-variant" else "")
    if way == "new-variant" and not variant:
        raise PromptError("The variant has no name.", 'Give it a short one, such as "shorter".')
    return way, variant


async def save(workbench: Workbench, ask: Ask) -> Update:
    """Save what is on screen, or a column's prompt with its sampling, as an immutable version."""
    form = ask.compare_form()
    name = ask.text("name").strip()
    column = ask.text("column")
    prompt = _on_screen(form)
    if column.isdecimal():
        prompt = await _run_with(workbench, ask, ask.integer("column"))
    way, variant = way_asked(ask)
    prompt = prompt.model_copy(update={"name": name})
    prompt_id = None if way == "new" else form.prompt_id
    before = await _numbers(workbench, prompt_id)
    try:
        version = await workbench.prompts.save(
            prompt,
            message=ask.text("message").strip(),
            prompt_id=prompt_id,
            forked_from=form.origin,
            variant=variant,
            author=ask.text("author").strip(),
            known=None if ask.text("sure") == "yes" else form.open.latest or form.version,
        )
    except VersionMoved as exc:
        newest = await workbench.saved.version(str(prompt_id), exc.number)
        return {"drawer": moved_drawer(ask, newest, prompt, max(before) + 1)}
    if form.open.draft:
        await workbench.drafts.drop(form.open.draft)
    words = f'version {version.number} of "{variant}"' if variant else f"version {version.number}"
    is_known = version.number in before
    update: Update = {
        "drawer": None,
        "toast": f"Nothing has changed since {words}." if is_known else f"Saved as {words}",
    }
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
            "sampling": version.prompt.model_dump(mode="json")["sampling"],
        },
    }
    return update


# --- export ---------------------------------------------------------------------------------------------


async def export(workbench: Workbench, ask: Ask) -> Update:
    """A column's prompt as a file: the format, a preview, what the format cannot hold, and the download."""
    run_id, column = ask.run_id(), ask.integer("column")
    chosen = ask.text("value") or ask.text("format") or "prompty"
    run = await workbench.runs.get(run_id)
    rows = Markup(
        '<label class="soft" for="export-format">Format</label><select id="export-format" class="field" style="width:auto" autofocus data-act="export" data-column="{}">{}</select>'
    ).format(column, format_options(chosen))
    columns = segments_of_columns(run, column, chosen)
    head = Markup(
        '<div style="display:flex;gap:12px;align-items:center;flex-wrap:wrap">{}<span class="grow"></span>{}</div>'
    ).format(rows, columns)
    try:
        file = await workbench.runs.export_cell(run_id, column, chosen, ask.repeat())
    except PlaygroundError as exc:
        return {"drawer": {"title": "Export", "body": join((head, refused(exc)))}}
    foot = Markup(
        '<a class="btn primary" download="{}" href="files/run/{}/{}/{}{}">{}Download {}</a>{}'
    ).format(
        file.name,
        run_id,
        column,
        chosen,
        f"?repeat={ask.repeat()}" if ask.repeat() is not None else "",
        icon("download"),
        file.name,
        button("Copy", "copy_text", symbol="copy", kind="quiet", from_="#export-text"),
    )
    if await workbench.models.managers():
        foot += button("Create an Ollama model", "create_model", column=column)
    body = join((head, export_body(file), Markup("<p>{}</p>").format(downloads(run_id))))
    return {"drawer": {"title": "Export", "body": body, "foot": foot}}


def refused(exc: PlaygroundError) -> Markup:
    """Why there is no file, in place of its preview."""
    return Markup('<div class="alert" role="alert">{}<div><b>{}</b>{}</div></div>').format(
        icon("warn"), exc.message, exc.hint
    )


def format_options(chosen: str) -> Markup:
    """The formats as choices."""
    from playground.formats.registry import FORMATS  # all the formats: not before a drawer shows them

    return options([(name, row.label) for name, row in FORMATS.items()], chosen)


def export_body(file: ExportFile) -> Markup:
    """What a format cannot hold, and the file itself."""
    return join(
        (
            told(file.losses),
            Markup('<pre class="file" id="export-text" tabindex="0">{}</pre>').format(file.text),
        )
    )


def _called(run: StoredRun, column: int) -> str:
    source = run.spec.variants[column].source
    return f": {source.words}" if source else ""


def segments_of_columns(run: StoredRun, column: int, chosen: str) -> Markup:
    """Which column is exported."""
    buttons = join(
        Markup(
            '<button data-act="export" data-column="{}" data-format="{}" aria-pressed="{}">Column {}{}</button>'
        ).format(
            cell.column,
            chosen,
            str(cell.column == column).lower(),
            cell.column + 1,
            _called(run, cell.column),
        )
        for cell in run.cells
    )
    return Markup('<span class="seg">{}</span>').format(buttons)


ACTIONS: dict[str, Action] = {
    "save_form": save_form,
    "save_now": save_now,
    "save_winner": save_winner,
    "save_column": save_column,
    "save": save,
    "export": export,
}
