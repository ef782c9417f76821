"""The choice of a column's technique: the list with what each lacks, its options as a form, and what is wrong in them.

{"action": "technique_choices", "column": 1} → {"techniques": [{"name": "self-consistency", "lacks": "", …}, …]}
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, NamedTuple

from playground.bench.kept_techniques import found_order
from playground.errors import NotFoundError, PlaygroundError
from playground.library.shipped import Language, Library
from playground.techniques.registry import SINGLE
from playground.techniques.technique import Technique
from playground.types.prompt import Prompt
from playground.ui.actions import Action, Ask
from playground.ui.forms import variant
from playground.ui.update import Update
from playground.workbench.service import Workbench
from playground.workbench.step_words import fitting, wordings
from playground.workbench.techniques import looks_things_up, offered

MOST_SAVED = 200


class Words(NamedTuple):
    """What decides in which language the steps of a technique are offered."""

    library: Library
    prompt: Prompt
    values: Mapping[str, Any]
    reader: Language


async def technique_choices(workbench: Workbench, ask: Ask) -> Update:
    """Every technique with its options and steps, those that were measured first, and the saved prompts that a step can take."""
    form, column = ask.compare_form(), ask.integer("column")
    if not 0 <= column < len(form.columns):
        raise NotFoundError(f"There is no column {column + 1}.", "Reload the page.")
    choice = form.columns[column].technique
    there = workbench.runs.programs.there(
        variant(form, column),
        form.columns[column].model,
        form.values,
        pictures=ask.integer("pictures", 0) > 0,  # the images themselves do not travel with the question
        documents=choice.documents if choice else None,
    )
    saved = await workbench.saved.search("", limit=MOST_SAVED)
    order, measured_on = await asyncio.to_thread(found_order, workbench.settings)
    place = {name: number for number, name in enumerate(order)}
    words = Words(workbench.prompts.library, variant(form, column), form.values, ask.language)
    rows = sorted(offered(there), key=lambda each: place.get(each.name, len(place)))
    return {
        "techniques": [_row(each.name, each.row, each.lacks, words) for each in rows if each.name != SINGLE],
        "ordered": f"In the order of what was measured on {measured_on}." if order else "",
        "forks": [row.name for row in saved],
    }


def _row(name: str, row: Technique, lacks: str, words: Words) -> dict[str, Any]:
    try:
        steps = row.prompted(row.read({}, name))
    except PlaygroundError:
        steps = row.steps
    return {
        "name": name,
        "title": row.title,
        "title_zh": row.title_zh,
        "about": row.about,
        "lacks": lacks,
        "in_guide": row.is_in_guide,
        "sandbox": "sandbox" in row.needs,
        "documents": looks_things_up(row),
        "steps": [{"name": step.name, "slug": step.slug} for step in steps],
        "wordings": wordings(words.library, steps),
        "prompts": fitting(words.library, steps, words.prompt, words.values, words.reader),
        "options": [
            {
                "name": option.name,
                "label": option.label,
                "kind": option.kind,
                "default": option.default,
                "help": option.help,
                "choices": list(option.choices),
                "low": option.low,
                "high": option.high,
            }
            for option in row.options
        ],
    }


async def technique_problem(workbench: Workbench, ask: Ask) -> Update:
    """Why the technique of a column cannot run as it is told; "" when it can."""
    form, column = ask.compare_form(), ask.integer("column")
    choice = form.columns[column].technique if 0 <= column < len(form.columns) else None
    if choice is None:
        return {"technique_problem": ""}
    try:
        await workbench.runs.programs.read(choice, form.values)
    except PlaygroundError as exc:
        return {"technique_problem": f"{exc.message} {exc.hint}".strip()}
    return {"technique_problem": ""}


ACTIONS: dict[str, Action] = {"technique_choices": technique_choices, "technique_problem": technique_problem}
