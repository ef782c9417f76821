"""Drafts: what is typed and not saved is kept as it is typed, listed in the Library, opened, thrown away and put back."""

from __future__ import annotations

import base64
import binascii
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from playground.errors import NotFoundError, PromptError, StoreError
from playground.store.unsaved import FormDraft
from playground.ui.actions import Action, Ask
from playground.ui.forms import CompareForm, readable_draft
from playground.ui.onto_compare import cleared
from playground.ui.stream import shown
from playground.ui.update import Update
from playground.workbench.service import Workbench

UNTITLED = "Untitled prompt"


class Sent(BaseModel):
    """A draft as the page sends it: its form names its images by their hash."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    tab: str
    form: dict[str, Any]
    run: str | None = None


async def keep(workbench: Workbench, sent: Sent) -> str:
    """The id under which it is kept now. Raises PromptError for what is no form."""
    form = readable_draft({**sent.form, "images": []})
    if form is None or not form.open.key:
        raise PromptError("This draft cannot be kept: it is no form of this page.", "Reload the page.")
    return await workbench.drafts.keep(
        FormDraft(
            id=form.open.draft,
            key=form.open.key,
            tab=sent.tab[:32],
            name=form.prompt.name,
            begins=begins(form),
            version=form.version,
            run_id=sent.run,
            updated_at=datetime.now(UTC),
            form=sent.form,
        )
    )


def begins(form: CompareForm) -> str:
    """How the text begins: of the prompt, else of a column's own."""
    own = [turn for column in form.columns if column.own for turn in column.turns]
    texts = (" ".join(turn.template[:2_000].split()) for turn in (*form.prompt.turns, *own))
    return next(filter(None, texts), "")[:120]


async def keep_draft(workbench: Workbench, ask: Ask) -> Update:
    """Keep what is typed."""
    return {"kept": await keep(workbench, Sent.model_validate((ask.model_extra or {}).get("draft")))}


async def keep_image(workbench: Workbench, ask: Ask) -> Update:
    """Keep an image of a draft; its hash."""
    try:
        data = base64.b64decode(ask.text("image"), validate=True)
    except (binascii.Error, ValueError) as exc:
        raise PromptError("This image cannot be kept with the draft.", "Add it again.") from exc
    return {"kept": await workbench.drafts.keep_image(data)}


async def open_draft(workbench: Workbench, ask: Ask) -> Update:
    """A draft on the Compare tab, with the answers it had; this tab goes on with it."""
    draft = await workbench.drafts.take(ask.text("draft"), ask.text("tab")[:32])
    form = readable_draft(draft.form)
    if form is None:
        raise PromptError("This draft cannot be read.", "Another version of this program wrote it.")
    opened = form.open.model_copy(update={"draft": draft.id})
    update = cleared(form.model_copy(update={"open": opened}))
    if draft.run_id:
        with suppress(NotFoundError, StoreError):  # the text is there all the same
            update |= shown(workbench, await workbench.runs.look_at(draft.run_id))
    return update


async def drop_draft(workbench: Workbench, ask: Ask) -> Update:
    """Throw a draft away, which can be undone."""
    ident = ask.text("draft")
    draft = await workbench.drafts.get(ident)
    await workbench.drafts.drop(ident)
    words = f'The draft of "{draft.name or draft.begins[:40] or UNTITLED}" is thrown away'
    return {
        "toast": words,
        "toast_act": {"label": "Undo", "act": "restore_draft", "draft": ident},
        "again": "open_library",
    }


async def forget_draft(workbench: Workbench, ask: Ask) -> Update:
    """A draft is what it was begun from again: there is nothing to keep."""
    await workbench.drafts.drop(ask.text("draft"))
    return {}


async def restore_draft(workbench: Workbench, ask: Ask) -> Update:
    """Put a draft back that was thrown away."""
    await workbench.drafts.put_back(ask.text("draft"))
    return {"toast": "The draft is back", "again": "open_library"}


ACTIONS: dict[str, Action] = {
    "keep_draft": keep_draft,
    "keep_image": keep_image,
    "open_draft": open_draft,
    "drop_draft": drop_draft,
    "forget_draft": forget_draft,
    "restore_draft": restore_draft,
}
