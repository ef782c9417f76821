"""Saving a column's own prompt, run or not: as a version, as a variant, as a new prompt; the shared prompt stays."""

from __future__ import annotations

from markupsafe import Markup

from playground.diff.changes import message_for, prompt_changes
from playground.errors import NotFoundError
from playground.types.prompt import Prompt
from playground.ui.actions import Action, Ask
from playground.ui.column_prompts import into, source_of
from playground.ui.forms import CompareForm, restated, stated, variant
from playground.ui.html import button
from playground.ui.update import Update
from playground.ui.version_actions import way_asked, ways_to_keep
from playground.workbench.service import Workbench


def own_prompt(form: CompareForm, column: int) -> Prompt:
    """The column's own prompt with the sampling it states and its technique, as it would be saved; raises NotFoundError."""
    if not (0 <= column < len(form.columns) and form.columns[column].own):
        raise NotFoundError(f"Column {column + 1} has no text of its own.", "Save the prompt of the editor.")
    chosen = form.columns[column]
    sampling = restated(stated(chosen), chosen.sampling)
    told = {"sampling": sampling, "run_with": chosen.technique}
    return variant(form, column).model_copy(update=told)


def _saved_as(form: CompareForm, column: int) -> str:
    """The saved prompt that the column's text came from, by its id; of a text of its own the shared one's."""
    source = form.columns[column].source
    return (source.prompt_id if source else form.prompt_id) or ""


async def save_own(workbench: Workbench, ask: Ask) -> Update:
    """The drawer that asks how a column's own prompt is kept."""
    form, column = ask.compare_form(), ask.integer("column")
    prompt, base = own_prompt(form, column), _saved_as(form, column)
    ways = await ways_to_keep(workbench, base) if base else ""
    body = Markup(
        '<div class="form" data-form><label for="save-name" class="soft">Name</label>'
        '<input id="save-name" name="name" class="field" maxlength="200" value="{}"{}>'
        '{}<label for="save-message" class="soft">What changed</label>'
        '<input id="save-message" name="message" class="field" value="{}"{}>'
        '<label for="save-author" class="soft">Author</label>'
        '<input id="save-author" name="author" class="field" maxlength="100" value="{}" placeholder="Your name, if others read this">'
        '<span></span><span>{}</span></div><p class="hint">Saves the text, sampling and technique of column {}. '
        "The prompt of the editor stays as it is.</p>"
    ).format(
        prompt.name,
        "" if prompt.name else Markup(" autofocus"),
        ways,
        ask.own(await _message(workbench, form, column, prompt)),
        Markup(" autofocus") if prompt.name else "",
        ask.text("author") or workbench.settings.author,
        button("Save version", "keep_own", symbol="save", kind="primary", column=column),
        column + 1,
    )
    return {"drawer": {"title": f"Save the text of column {column + 1}", "body": body, "narrow": True}}


async def _message(workbench: Workbench, form: CompareForm, column: int, prompt: Prompt) -> str:
    """What changed since the version or pattern that the text came from, else against the shared prompt."""
    source, before = form.columns[column].source, form.prompt
    try:
        if source and source.prompt_id:
            before = (await workbench.saved.version(source.prompt_id, source.number)).prompt
        elif source:
            before = workbench.prompts.library.get(source.pattern).prompt
    except NotFoundError:
        return ""
    turns = [Prompt(turns=each.turns) for each in (before, prompt)]
    return message_for(prompt_changes(*turns))


async def keep_own(workbench: Workbench, ask: Ask) -> Update:
    """Save a column's own prompt; from then on the column has that version."""
    form, column = ask.compare_form(), ask.integer("column")
    prompt, base, source = own_prompt(form, column), _saved_as(form, column), form.columns[column].source
    way, line = way_asked(ask)
    base = "" if way == "new" else base
    before = {row.number for row in await workbench.saved.versions(base)} if base else set()
    version = await workbench.prompts.save(
        prompt.model_copy(update={"name": ask.text("name").strip()}),
        message=ask.text("message").strip(),
        prompt_id=base or None,
        forked_from=source.pattern if source else form.origin,
        variant=line,
        author=ask.text("author").strip(),
    )
    words = f'version {version.number} of "{line}"' if line else f"version {version.number}"
    taken = into(column, version.prompt, source_of(version))
    told = f"Nothing has changed since {words}." if version.number in before else f"Saved as {words}"
    return {"into": taken, "toast": told, "drawer": None}


ACTIONS: dict[str, Action] = {"save_own": save_own, "keep_own": keep_own}
