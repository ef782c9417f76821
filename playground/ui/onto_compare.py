"""What comes onto the Compare tab from anywhere: a stored run, a pattern, a saved version, an empty form."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from playground.errors import NotFoundError
from playground.library.shipped import Language
from playground.store.records import StoredRun
from playground.ui.actions import Ask
from playground.ui.alerts import to_alert
from playground.ui.cells import drawer_of_large
from playground.ui.forms import (
    COLUMNS,
    CompareForm,
    first_form,
    form_of_prompt,
    form_of_run,
    readable_draft,
)
from playground.ui.stream import BLANK, shown
from playground.ui.update import ColumnPart, Update
from playground.ui.vote_bar import vote_bar
from playground.workbench.service import Workbench

FIRST_PATTERN = "techniques/zero-shot/instruct"


async def default_form(workbench: Workbench, language: Language = "en") -> CompareForm:
    """The first prompt of a newcomer, in the language he reads; an empty one when the library lacks it."""
    models = await workbench.models.all()
    try:
        return first_form(models, workbench.prompts.library.get(FIRST_PATTERN, language))
    except NotFoundError:
        return first_form(models, None)


def shown_run(workbench: Workbench, run: StoredRun) -> Update:
    """A stored run on the Compare tab: its form, answers, readings and vote."""
    form = form_of_run(run)
    return {"replaces": True, "form": form.model_dump(mode="json"), **shown(workbench, run)}


def cleared(form: CompareForm) -> Update:
    """A form on the Compare tab without a run."""
    empty = BLANK | ColumnPart(text="", state={"kind": "idle", "icon": "", "text": ""})
    return {
        "replaces": True,
        "form": form.model_dump(mode="json"),
        "columns": {str(i): empty | ColumnPart(stamp=str(time.monotonic())) for i in range(COLUMNS)},
        "run": None,
        "vote": vote_bar(None, len(form.columns)),
        "tab": "Compare",
        "drawer": None,
    }


async def open_pattern(workbench: Workbench, slug: str, ask: Ask) -> Update:
    """A library pattern, filled with its example, in the columns that are there."""
    pattern = workbench.prompts.library.get(slug)
    prompt = pattern.own()
    columns = (readable_draft(ask.form) or await default_form(workbench)).columns
    return cleared(form_of_prompt(prompt, columns, origin=slug))


async def open_version(workbench: Workbench, prompt_id: str, number: int | None, ask: Ask) -> Update:
    """A saved version (None: the newest) in the columns that are there."""
    version = await workbench.saved.version(prompt_id, number)
    latest = max(row.number for row in await workbench.saved.versions(prompt_id))
    columns = (readable_draft(ask.form) or await default_form(workbench)).columns
    return cleared(form_of_prompt(version.prompt, columns, version=version, latest=latest))


# --- what an address names, and what was open ---------------------------------------------------------------


def key_of(query: Mapping[str, Any]) -> str:
    """What an address is of, its run aside; "" for the plain page."""
    return next((f"{kind}:{query[kind]}" for kind in ("pattern", "prompt", "new") if query.get(kind)), "")


def number_of(query: Mapping[str, Any]) -> int | None:
    """The version that an address names."""
    version = str(query.get("version", ""))
    return int(version) if version.isdecimal() and len(version) < 10 else None


async def open_address(workbench: Workbench, query: Mapping[str, Any], ask: Ask) -> Update:
    """The run, pattern, saved version or kept draft that an address names; nothing for the plain page.

    Raises NotFoundError for one that is not there.
    """
    if query.get("run"):
        run = await workbench.runs.look_at(str(query["run"]))
        update = shown_run(workbench, run)
        if drawer := await drawer_of_large(workbench, run):
            update["drawer"] = drawer
        return update
    if query.get("pattern"):
        return await open_pattern(workbench, str(query["pattern"]), ask)
    if query.get("prompt"):
        return await open_version(workbench, str(query["prompt"]), number_of(query), ask)
    if query.get("new"):
        draft = await workbench.drafts.newest(key_of(query))
        form = readable_draft(draft.form) if draft else None
        if form is None:
            raise NotFoundError(
                "What this address names was never saved, and no draft of it is kept.",
                "Look in the Library, under Drafts.",
            )
        # Of another tab: what is changed here is a draft of its own.
        return cleared(form.model_copy(update={"open": form.open.model_copy(update={"draft": ""})}))
    return {}


def is_draft_of(form: CompareForm, run: Any, query: Mapping[str, Any]) -> bool:
    """Whether a form that a browser has kept, with the run that was on screen, is newer than what the address names."""
    if query.get("run"):
        return bool(run == query["run"])
    if not (key := key_of(query)):
        return True
    return form.open.key == key and number_of(query) in (None, form.version)


async def revisit(workbench: Workbench, ask: Ask) -> Update:
    """What was open once more: as the page or the store has kept it, else as it is opened; with the run it had."""
    extra = ask.model_extra or {}
    query: dict[str, Any] = extra["query"] if isinstance(extra.get("query"), dict) else {}
    form = readable_draft(ask.form) if ask.form else await kept_form(workbench, ask.text("draft"))
    if form is None:
        if not key_of(query) and not query.get("run"):
            return cleared(await default_form(workbench, ask.language))
        return {"tab": "Compare", "drawer": None, **await open_address(workbench, query, ask)}
    update = cleared(form)
    if query.get("run"):
        try:
            update |= shown(workbench, await workbench.runs.look_at(str(query["run"])))
        except NotFoundError as exc:  # the text is there all the same
            update["alert"] = to_alert(exc)
    return update


async def kept_form(workbench: Workbench, draft: str) -> CompareForm | None:
    """The form of a draft that is kept, None for one that is not there or cannot be read."""
    try:
        kept = await workbench.drafts.get(draft) if draft else None
    except NotFoundError:
        return None
    return readable_draft(kept.form) if kept else None
