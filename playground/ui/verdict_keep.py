"""Keeping what an experiment found best: a variant's prompt and sampling as a saved version, with a label where one is given.

ask_to_keep(id="3f…", variant="B")     →  a drawer with the name, the verdict as the message, a label
keep_variant(…, name, message, label)  →  "Saved as version 8 of Refund. production stands on it."
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from playground.errors import NotFoundError, PromptError
from playground.techniques.registry import plain_or
from playground.types.grid import CellKey
from playground.ui.actions import Action, Ask
from playground.ui.html import button
from playground.ui.update import Update
from playground.workbench.service import Workbench

if TYPE_CHECKING:
    from playground.types.outcomes import StoredExperiment
    from playground.types.prompt import Prompt


def keep_button(kept: StoredExperiment, winner: str) -> Markup:
    """The way to keep the winner; nothing without one."""
    if winner not in kept.names:
        return Markup("")
    return button("Keep the winner", "ask_to_keep", symbol="pin", kind="primary", id=kept.id, variant=winner)


async def ask_to_keep(workbench: Workbench, ask: Ask) -> Update:
    """The drawer that asks under which name a variant is kept."""
    kept = await workbench.experiments.get(ask.text("id"))
    name, prompt = ask.text("variant"), await _prompt_of(workbench, kept, ask.text("variant"))
    body = Markup(
        '<div class="form" data-form><label for="keep-name" class="soft">Name</label>'
        '<input id="keep-name" name="name" class="field" maxlength="200" value="{}"{}>'
        '<label for="keep-message" class="soft">What changed</label>'
        '<input id="keep-message" name="message" class="field" value="{}">'
        '<label for="keep-label" class="soft">Label</label>'
        '<input id="keep-label" name="label" class="field" maxlength="60" list="keep-labels" '
        'placeholder="such as production; may stay empty">'
        '<datalist id="keep-labels"><option value="production"></datalist>'
        '<span></span><span>{}</span></div><p class="hint">Saves the prompt and sampling of variant {} as the next version '
        "of that name. Export it from the Library.</p>"
    ).format(
        prompt.name,
        "" if prompt.name else Markup(" autofocus"),
        ask.own(kept.row.sentence),
        button("Save version", "keep_variant", symbol="save", kind="primary", id=kept.id, variant=name),
        name,
    )
    return {"drawer": {"title": f"Keep {name}", "body": body, "narrow": True}}


async def keep_variant(workbench: Workbench, ask: Ask) -> Update:
    """Save it; a version with exactly this content is taken as it is. Raises PromptError without a name."""
    name = ask.text("name").strip()
    if not name:
        raise PromptError("The prompt has no name.", "Give it one: versions are kept under it.")
    kept = await workbench.experiments.get(ask.text("id"))
    prompt = await _prompt_of(workbench, kept, ask.text("variant"))
    known = await workbench.saved.find(name)
    before = {each.number for each in await workbench.saved.versions(known.id)} if known else set()
    version = await workbench.prompts.save(
        prompt.model_copy(update={"name": known.name if known else name}),
        message=ask.text("message").strip(),
        prompt_id=known.id if known else None,
        author=ask.text("author").strip(),
    )
    is_new = version.number not in before
    said = f"{'Saved as' if is_new else 'It is'} version {version.number} of “{version.name}”."
    if label := ask.text("label").strip():
        await workbench.saved.set_label(version.prompt_id, label, version.number)
        said += f" {label} stands on it."
    return {"drawer": None, "toast": said}


async def _prompt_of(workbench: Workbench, kept: StoredExperiment, name: str) -> Prompt:
    """The prompt of a variant with the sampling and the technique that it ran with; raises NotFoundError."""
    if name not in kept.names:
        raise NotFoundError(f'The experiment has no variant "{name}".', f"It has: {', '.join(kept.names)}.")
    cell = await workbench.history.cell(kept.id, CellKey(0, kept.names.index(name), 0))
    told = {"sampling": cell.sampling, "run_with": plain_or(kept.technique_of(name))}
    return cell.prompt.model_copy(update=told)


ACTIONS: dict[str, Action] = {"ask_to_keep": ask_to_keep, "keep_variant": keep_variant}
