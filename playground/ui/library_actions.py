"""What can be done with one prompt of the library: star, try, export, delete, put back, read about it."""

from __future__ import annotations

from markupsafe import Markup

from playground.errors import PlaygroundError
from playground.library.shipped import language_of
from playground.ui.actions import Action, Ask
from playground.ui.details import safe_markdown
from playground.ui.html import button, icon, join, plural
from playground.ui.library import key_of_all, open_library
from playground.ui.onto_compare import open_pattern
from playground.ui.preview import IN_LANGUAGE
from playground.ui.update import Doing, Update
from playground.ui.version_actions import export_body, format_options, refused
from playground.workbench.service import Workbench


async def favourite(workbench: Workbench, ask: Ask) -> Update:
    """Star a prompt, shipped or saved, or take the star away: as it was pressed last, whatever stands by now."""
    key = key_of_all(ask.text("favourite"))
    await workbench.saved.star(key, ask.text("on") == "yes")
    return await open_library(workbench, ask)


async def open_note(workbench: Workbench, ask: Ask) -> Update:
    """A chapter of the Guide in our words, in the drawer."""
    note = workbench.prompts.library.note(ask.text("slug"))
    body = Markup('<div class="view md" translate="no">{}</div>').format(safe_markdown(note.text))
    foot = Markup('<a href="{}" target="_blank" rel="noreferrer noopener">The Guide on this</a>').format(
        note.source
    )
    ways = [
        button(IN_LANGUAGE[language_of(other.slug)], "open_note", kind="quiet", slug=other.slug)
        for other in workbench.prompts.library.note_wordings(note.slug)
        if other.slug != note.slug and other.error is None
    ]
    foot = join([*([foot] if note.source else []), *ways])
    # With its Chinese wording there is a way to that; a note without one has at least its name in both.
    title = f"{note.title} · {note.title_zh}" if note.title_zh and not ways else note.title
    return {"drawer": {"title": title, "body": body, "foot": foot, "narrow": True}}


async def try_pattern(workbench: Workbench, ask: Ask) -> Update:
    """A shipped pattern in Compare, filled with its example; saving it makes a copy of your own."""
    return await open_pattern(workbench, ask.text("slug"), ask)


async def delete_prompt(workbench: Workbench, ask: Ask) -> Update:
    """Move a saved prompt to the bin; nothing is lost, so nothing is asked."""
    version = await workbench.saved.version(ask.text("prompt"))
    await workbench.saved.delete(version.prompt_id)
    fields = {name: value for name, value in ask.fields.items() if name != f"pick:prompt:{version.prompt_id}"}
    update = await open_library(workbench, ask.model_copy(update={"fields": fields}))
    undo: Doing = {"label": "Undo", "act": "restore_prompt", "prompt": version.prompt_id}
    return {**update, "toast": f'"{version.name}" is in the bin', "toast_act": undo}


async def restore_prompt(workbench: Workbench, ask: Ask) -> Update:
    """Put a prompt of the bin back; ask for another name when its own was given away meanwhile."""
    prompt_id, name = ask.text("prompt"), ask.text("name").strip()
    version = await workbench.saved.version(prompt_id)
    if not name and await workbench.saved.find(version.name) is not None:
        body = Markup(
            '<p>There is another prompt named "{}" by now.</p><div class="form" data-form><label for="new-name" class="soft">Name</label>'
            '<input id="new-name" name="name" class="field" maxlength="200" value="{} (2)" autofocus><span></span><span>{}</span></div>'
        ).format(
            version.name,
            version.name,
            button("Put it back", "restore_prompt", symbol="redo", kind="primary", prompt=prompt_id),
        )
        return {"drawer": {"title": "Put back under another name", "body": body, "narrow": True}}
    back = await workbench.saved.put_back(prompt_id, name)
    return {"again": "open_library", "drawer": None, "toast": f'"{back.name}" is back in the library'}


async def purge_prompt(workbench: Workbench, ask: Ask) -> Update:
    """Ask first, then delete a prompt of the bin with its versions; its runs stay."""
    prompt_id = ask.text("prompt")
    version = await workbench.saved.version(prompt_id)
    if ask.text("sure") != "yes":
        body = Markup(
            '<p>"{}" and its {} are deleted and cannot be put back. Runs that used them keep what they ran.</p><p>{} {}</p>'
        ).format(
            version.name,
            plural(version.number, "version"),
            button(
                "Delete for good", "purge_prompt", symbol="trash", kind="danger", prompt=prompt_id, sure="yes"
            ),
            button("Keep it", "close"),
        )
        return {"drawer": {"title": "Delete for good", "body": body, "narrow": True}}
    await workbench.saved.purge(prompt_id)
    return {"again": "open_library", "drawer": None, "toast": f'"{version.name}" is deleted'}


async def export_prompt(workbench: Workbench, ask: Ask) -> Update:
    """A prompt of the library as a file, with its example values where a format needs the rendered text."""
    key = ask.text("key")
    chosen = ask.text("value") or "prompty"
    prompt = await workbench.prompts.prompt_of(key)
    title = f"Export {prompt.name}"
    head = Markup(
        '<div><label class="soft" for="export-format">Format</label> <select id="export-format" class="field" style="width:auto" data-act="export_prompt" data-key="{}">{}</select></div>'
    ).format(key, format_options(chosen))
    try:
        file = await workbench.prompts.export_example(prompt, chosen)
    except PlaygroundError as exc:  # the file of the format before must not stay on screen
        return {"drawer": {"title": title, "body": join((head, refused(exc)))}}
    foot = Markup('<a class="btn primary" download="{}" href="files/prompt/{}/{}">{}Download {}</a>').format(
        file.name, chosen, key, icon("download"), file.name
    )
    return {"drawer": {"title": title, "body": join((head, export_body(file))), "foot": foot}}


ACTIONS: dict[str, Action] = {
    "favourite": favourite,
    "open_note": open_note,
    "try_pattern": try_pattern,
    "delete_prompt": delete_prompt,
    "restore_prompt": restore_prompt,
    "purge_prompt": purge_prompt,
    "export_prompt": export_prompt,
}
