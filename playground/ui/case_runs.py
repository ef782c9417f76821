"""A run over all cases of the prompt on screen: begun, looked at, one of its answers opened.

    run_cases(form)               →  {"cases_run": "3f…"}
    cases_state(run, whole=true)  →  {"cases_state": {"ended": 3, "total": 8, "cells": [[0, 1, "pass"], …], "cases": […]}}

It is a run like any other: History and the head's list show it, and it goes on when the page is closed.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from markupsafe import Markup

from playground.errors import NotFoundError, PromptError
from playground.runs.planning import checks_of
from playground.store.records import MatrixEntry, StoredCell, StoredRun
from playground.types.grid import Case, CellKey, RunSpec
from playground.types.prompt import Prompt, example_values
from playground.ui import panels
from playground.ui.actions import Action, Ask
from playground.ui.forms import CompareForm, to_comparison
from playground.ui.html import button, icon, join
from playground.ui.update import Update
from playground.workbench.service import Workbench

PART = 500
"""Cases of one look into the database."""


async def run_cases(workbench: Workbench, ask: Ask) -> Update:
    """Begin a run of every case in every column; it goes on whether anybody looks or not."""
    form = ask.compare_form()
    given = (ask.model_extra or {}).get("images")
    images = tuple(str(image) for image in given) if isinstance(given, list) else ()
    live = await workbench.runs.begin(spec_of_cases(form.model_copy(update={"images": images})))
    return {"cases_run": live.run.id}


def spec_of_cases(form: CompareForm) -> RunSpec:
    """The form's prompt over its cases, each column once; raises PromptError when there are none.

    What a case leaves out is taken from the example, as in the fields. Several samples are Compare's own.
    """
    if not form.prompt.cases:
        raise PromptError("There are no cases.", "Keep the values on screen as a case, or add one.")
    asked = to_comparison(form)
    example = example_values(form.prompt)
    return RunSpec(
        prompt=asked.prompt,
        variants=tuple(each.model_copy(update={"samples": 1}) for each in asked.variants),
        cases=tuple(Case(values=example | row, images=form.images) for row in form.prompt.cases),
        same_text=asked.same_text,
    )


async def cases_state(workbench: Workbench, ask: Ask) -> Update:
    """What each case came to in each column; with `whole` also the cases, and whether the form still asks for the same."""
    run_id = ask.run_id()
    live = workbench.runs.live.get(run_id)
    is_live = live is not None and not live.is_over
    run = live.run if live is not None else await workbench.runs.get(run_id)
    whole = bool((ask.model_extra or {}).get("whole"))
    try:
        entries, cases = await asyncio.to_thread(_read, workbench, run, whole)
    except NotFoundError:
        if live is None:
            raise
        # It waits to be stored: the page asks again.
        models = [each.model for each in run.spec.variants]
        waiting = {"id": run_id, "live": True, "total": run.total, "ended": 0, "models": models, "cells": []}
        return {"cases_state": waiting}
    state: dict[str, Any] = {
        "id": run_id,
        "live": is_live,
        "total": sum(entry.cells for entry in entries),
        "ended": sum(entry.cells - entry.open for entry in entries),
        "models": [each.model for each in run.spec.variants],
        "cells": [[entry.case, entry.variant, verdict(entry)] for entry in entries],
    }
    if whole:
        state["cases"] = cases
        state["same"] = ask.form is not None and _asks_the_same(ask.compare_form(), run)
    return {"cases_state": state}


def verdict(entry: MatrixEntry) -> str:
    """pass, fail, error, none (no check says anything of it) or open."""
    if entry.open:
        return "open"
    if entry.errors:
        return "error"
    return "none" if entry.score is None else "pass" if entry.score >= 1 else "fail"


def _read(
    workbench: Workbench, run: StoredRun, whole: bool
) -> tuple[list[MatrixEntry], list[dict[str, Any]]]:
    entries: list[MatrixEntry] = []
    cases: list[dict[str, Any]] = []
    for first, part in workbench.history.cases(run.id, PART):
        entries += part
        if whole:
            cases += workbench.history.values_of_cases(run.id, first, PART)
    return entries, cases


def _asks_the_same(form: CompareForm, run: StoredRun) -> bool:
    """Whether a run over all cases would send the same texts to the same models now."""
    now, then = to_comparison(form), run.spec

    def asked(prompt: Prompt) -> Any:
        return prompt.turns, prompt.inputs, prompt.checks, prompt.output_schema

    columns = [each.model_copy(update={"samples": 1, "prompt": None}) for each in now.variants]
    before = [each.model_copy(update={"samples": 1, "prompt": None}) for each in then.variants]
    turns = [asked(each.prompt or now.prompt) for each in now.variants]
    return columns == before and turns == [asked(each.prompt or then.prompt) for each in then.variants]


async def open_case_answer(workbench: Workbench, ask: Ask) -> Update:
    """The answer to one case in one column, with what its checks say and the values it was asked with."""
    key = CellKey(ask.integer("case"), ask.integer("column"), 0)
    run_id = ask.run_id()
    cell = await workbench.history.cell(run_id, key)
    values = await workbench.history.case_values(run_id, key.case, 1)
    body = _answer(cell, values[0] if values else {})
    links = button("All answers", "cells", kind="quiet", id=run_id)
    return {
        "drawer": {"title": f"Case {key.case + 1}, column {key.variant + 1}", "body": body, "foot": links}
    }


def _answer(cell: StoredCell, given: dict[str, Any]) -> Markup:
    done, state = cell.completion, panels.state(cell)
    rows = join(panels.check_row(score) for score in cell.scores)
    checks = Markup('<div class="checks">{}</div>').format(rows) if checks_of(cell.prompt) else Markup("")
    problem = Markup("")
    if cell.error:
        problem = Markup('<div class="alert">{}<div><b>{}</b>{}</div></div>').format(
            icon("warn"), cell.error, cell.hint
        )
    values = join(
        Markup('<dt class="mono">{}</dt><dd class="mono">{}</dd>').format(name, _shown(value))
        for name, value in given.items()
    )
    text = done.text if done else ""
    return Markup(
        '<p class="hint"><span class="mono">{}</span>, {}</p>{}{}{}<pre class="out" tabindex="0">{}</pre><h3>Values</h3><dl class="facts">{}</dl>'
    ).format(cell.model, state["text"], problem, checks, panels.reasoning(cell), text or "No answer.", values)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


ACTIONS: dict[str, Action] = {
    "run_cases": run_cases,
    "cases_state": cases_state,
    "open_case_answer": open_case_answer,
}
