"""What comes onto the Compare tab from anywhere: a stored run, a pattern, a saved version, an empty form."""

from __future__ import annotations

import time
from typing import Any

from playground.errors import NotFoundError
from playground.store.records import StoredRun
from playground.ui import panels
from playground.ui.actions import Ask
from playground.ui.forms import COLUMNS, CompareForm, first_form, form_of_prompt, form_of_run
from playground.ui.stream import BLANK, shown
from playground.ui.update import Update
from playground.workbench.service import Workbench

FIRST_PATTERN = "techniques/zero-shot/instruct"


async def default_form(workbench: Workbench) -> CompareForm:
    """The first prompt of a newcomer; an empty one when the library lacks it."""
    models = await workbench.models.all()
    try:
        return first_form(models, workbench.prompts.library.get(FIRST_PATTERN))
    except NotFoundError:
        return first_form(models, None)


def readable_draft(draft: Any) -> CompareForm | None:
    """The draft a browser kept, or None when it is not one any more (an older version wrote it)."""
    try:
        return CompareForm.model_validate(draft)
    except ValueError:
        return None


def shown_run(workbench: Workbench, run: StoredRun) -> Update:
    """A stored run on the Compare tab: its form, answers, readings and vote."""
    form = form_of_run(run)
    return {"replaces": True, "form": form.model_dump(mode="json"), **shown(workbench, run)}


def cleared(form: CompareForm) -> Update:
    """A form on the Compare tab without a run."""
    empty = {**BLANK, "text": "", "state": {"kind": "idle", "icon": "", "text": ""}}
    return {
        "replaces": True,
        "form": form.model_dump(mode="json"),
        "columns": {i: {**empty, "stamp": str(time.monotonic())} for i in range(COLUMNS)},
        "run": None,
        "vote": panels.vote_bar(None, len(form.columns)),
        "tab": "Compare",
        "drawer": None,
    }


async def open_pattern(workbench: Workbench, slug: str, ask: Ask) -> Update:
    """A library pattern, filled with its example, in the columns that are there."""
    pattern = workbench.prompts.library.get(slug)
    if pattern.error:
        raise pattern.error
    columns = (readable_draft(ask.form) or await default_form(workbench)).columns
    return cleared(form_of_prompt(pattern.prompt, columns, origin=slug))


async def open_version(workbench: Workbench, prompt_id: str, number: int | None, ask: Ask) -> Update:
    """A saved version (None: the newest) in the columns that are there."""
    version = await workbench.saved.version(prompt_id, number)
    columns = (readable_draft(ask.form) or await default_form(workbench)).columns
    return cleared(form_of_prompt(version.prompt, columns, version=version))
