"""Rows that come from elsewhere: one that a model writes, and the case on screen in Compare.

A model's row is shown as a form; kept, it is a new row of the draft, marked with the model that wrote it.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from playground.backends.base import complete
from playground.datasets.cell import cell_text, kind_of_value
from playground.datasets.facts import Facts
from playground.datasets.generate import MOST_EXAMPLES, instructions, messages, read_row, schema
from playground.errors import PromptError
from playground.types.dataset import Column, ColumnRole, Half, Row
from playground.types.generation import GenerationRequest
from playground.types.prompt import Sampling
from playground.ui.actions import Action, Ask
from playground.ui.html import Name, attributes, button, icon, join, options, plural
from playground.ui.update import Update
from playground.workbench.service import Workbench
from playground.workbench.sheets import Looking, Sheet

SAMPLING = Sampling(temperature=0.9, max_tokens=700)
"""Warm: a greedy model writes the same row again and again."""


async def data_generate(workbench: Workbench, ask: Ask) -> Update:
    """The drawer that asks a model for a row."""
    sheet = await workbench.sheets.open(ask.text("dataset"), draft=ask.text("draft"))
    models = await workbench.models.all()
    if not models:
        raise PromptError("No model answers.", "Look at the Models tab.")
    facts = await workbench.datasets.facts(sheet.version)
    chosen = next((model.id for model in models if model.id == ask.text("model")), models[0].id)
    examples = await _examples(workbench, sheet)
    told = ask.text("instructions") or instructions(sheet.edits.columns, _choices(sheet, facts), examples)
    body = Markup(
        '<div data-form class="generate"><div class="form"><label for="gen-model" class="soft">Model</label><select id="gen-model" name="model" class="field">{}</select>'
        '<label for="gen-text" class="soft">Instructions</label><textarea id="gen-text" name="instructions" class="field" rows="7">{}</textarea>'
        '<span></span><p class="hint">It also sees {} of the data set and the names of its columns.</p>'
        '<span></span><span><button class="btn primary" data-act="data_write_row" data-default>{}Write a row</button></span></div>'
        '<div id="generated" aria-live="polite"></div></div>'
    ).format(
        options([(model.id, Name(model.name)) for model in models], chosen),
        told,
        plural(len(examples), "row"),
        icon("play"),
    )
    return {"drawer": {"title": "Generate rows", "body": body, "narrow": True}}


def _choices(sheet: Sheet, facts: Facts) -> dict[str, Sequence[str]]:
    now = {of: name for name, of in sheet.edits.stored.items()}
    return {
        now[name]: [value for value, _ in each.choices]
        for name, each in facts.columns.items()
        if each.choices and name in now
    }


async def _examples(workbench: Workbench, sheet: Sheet) -> list[Row]:
    """Some rows to go by, of the train half where there is one: the other is not to be looked at."""
    half: Half = "train" if sheet.version.train else ""
    start = secrets.randbelow(max(1, sheet.version.rows - MOST_EXAMPLES)) if not half else 0
    page = await workbench.sheets.rows(sheet, Looking(half=half, start=start, count=MOST_EXAMPLES))
    return [shown.row for shown in page.rows if not shown.is_dropped]


async def data_write_row(workbench: Workbench, ask: Ask) -> Update:
    """One row that the model writes, as a form to correct, keep, or leave."""
    sheet = await workbench.sheets.open(ask.text("dataset"), draft=ask.text("draft"))
    facts = await workbench.datasets.facts(sheet.version)
    choices, columns = _choices(sheet, facts), sheet.edits.columns
    model = await workbench.models.find(ask.text("model"))
    backend = workbench.models.backend_of(model.id)
    request = GenerationRequest(
        model=model.id,
        messages=messages(columns, await _examples(workbench, sheet), ask.text("instructions")),
        sampling=SAMPLING.model_copy(update={"seed": secrets.randbelow(2**31)}),
        json_schema=schema(columns, choices) if "schema" in backend.abilities else None,
    )
    completion = await complete(backend, request)
    values = read_row(completion.text, columns)
    return {"html": {"generated": _form(columns, values, model.id, model.name)}}


def _form(columns: Sequence[Column], values: Mapping[str, Any], model: str, name: str) -> Markup:
    fields = join(
        Markup(
            '<label for="new-{}" class="mono soft">{}</label><textarea id="new-{}" class="field mono" name="cell:{}" rows="{}">{}</textarea>'
        ).format(
            n,
            column.name,
            n,
            column.name,
            min(8, 1 + len(cell_text(values.get(column.name))) // 44),
            cell_text(values.get(column.name)),
        )
        for n, column in enumerate(columns[:60])
    )
    return Markup(
        '<h3>Written by {}</h3><div class="form">{}<span></span><span class="row-form">{}{}{}</span></div>'
    ).format(
        name,
        fields,
        Markup('<button class="btn primary" data-act="data_keep_row"{}>{}Keep it</button>').format(
            attributes({"model": model}), icon("check")
        ),
        button("Another", "data_write_row", symbol="redo"),
        button("Leave it", "data_leave_row", kind="quiet"),
    )


# --- the case on screen ---------------------------------------------------------------------------------


async def data_targets(workbench: Workbench, ask: Ask) -> Update:
    """The data sets that the case on screen can go to: their names, and which of its variables are columns there."""
    sets = await workbench.datasets.all()
    return {
        "sheet": {
            "sets": [
                {
                    "id": each.id,
                    "name": each.name,
                    "rows": each.rows,
                    "columns": [c.name for c in each.columns],
                }
                for each in sets[:50]
            ]
        }
    }


async def data_keep_case(workbench: Workbench, ask: Ask) -> Update:
    """The case on screen as a row: of a data set, whose next version that makes, or the first of a new one."""
    form = ask.compare_form()
    wanted = (ask.model_extra or {}).get("variables")
    names = [str(name) for name in wanted] if isinstance(wanted, list) else list(form.values)
    values = {name: form.values[name] for name in names if form.values.get(name) not in (None, "", [], {})}
    if not values:
        raise PromptError("There are no values on screen.", "Fill in a variable, then keep the case.")
    note = f"A case of “{form.prompt.name or 'Compare'}”"
    dataset = ask.text("dataset")
    columns = [_column(name, value, form.prompt.inputs) for name, value in values.items()]
    if not dataset:
        name = f"Cases of {form.prompt.name or 'a prompt'}"
        if ask.language == "zh":  # it becomes a name, which no language changes
            name = f"{form.prompt.name or '提示词'} 的用例"
        version = await workbench.datasets.create(
            await _free_name(workbench, name), columns, [Row(values)], note
        )
        return {
            "toast": f"“{version.name}” holds it as row 1",
            "toast_act": {"label": "Open", "act": "data_show", "dataset": version.dataset_id},
            "sheet": {"kept": {"id": version.dataset_id, "name": version.name}},
        }
    before = await workbench.datasets.version(dataset)
    known = {column.name for column in before.columns}
    fitting = {column.name: column for column in before.columns}
    row = Row({name: _fitted(value, fitting.get(name)) for name, value in values.items()})
    new = [column for column in columns if column.name not in known]
    version = await workbench.datasets.add(dataset, [row], columns=(*before.columns, *new), note=note)
    return {
        "toast": f"Row {version.rows:,} of “{version.name}”",
        "toast_act": {"label": "Open", "act": "data_show", "dataset": version.dataset_id},
        "sheet": {"kept": {"id": version.dataset_id, "name": version.name}},
    }


def _column(name: str, value: Any, inputs: Sequence[Any]) -> Column:
    role: ColumnRole = "input" if any(each.name == name for each in inputs) else ""
    return Column(name=name, kind=kind_of_value(value), role="expected" if name == "expected" else role)


def _fitted(value: Any, column: Column | None) -> Any:
    """The value as the column takes it."""
    if column is None:
        return value
    if column.kind == "text":
        return value if isinstance(value, str) else cell_text(value)
    return value


async def _free_name(workbench: Workbench, name: str) -> str:
    taken = {each.name.casefold() for each in await workbench.datasets.all()}
    found, n = name, 1
    while found.casefold() in taken:
        n += 1
        found = f"{name} {n}"
    return found


ACTIONS: dict[str, Action] = {
    "data_generate": data_generate,
    "data_write_row": data_write_row,
    "data_targets": data_targets,
    "data_keep_case": data_keep_case,
}
