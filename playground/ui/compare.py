"""The Compare tab: its layout, the one event that streams, and its actions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import asdict, dataclass
from typing import Any

import gradio as gr
from pydantic import TypeAdapter

from playground.errors import PlaygroundError
from playground.lint.rules import Finding, lint
from playground.runs.planning import is_example, schema_problem
from playground.scorers import SCORERS, check_problem, is_unfilled, options_of
from playground.scorers.options import placeholders
from playground.store.records import StoredRun
from playground.types.grid import Choice
from playground.types.prompt import PRESETS, Check
from playground.ui import panels
from playground.ui.actions import Action, Ask
from playground.ui.alerts import of_address
from playground.ui.column_prompts import differing_columns
from playground.ui.completion import template_words
from playground.ui.forms import COLUMNS, form_of_new, readable_draft, variant
from playground.ui.onto_compare import (
    cleared,
    default_form,
    is_draft_of,
    kept_form,
    key_of,
    open_address,
    revisit,
)
from playground.ui.samples import cell_name
from playground.ui.stream import shown, stream_run
from playground.ui.terms import TERMS
from playground.ui.update import Update
from playground.ui.vote_bar import vote_bar
from playground.workbench.prompts import Preview
from playground.workbench.runs import find_cell
from playground.workbench.service import Workbench


@dataclass(frozen=True)
class CompareTab:
    """Components that events need: the bridge to the page's script and the answers."""

    bridge: gr.HTML
    answers: tuple[gr.HTML, ...]


def mount(kind: str, extra: str = "") -> str:
    """The script that hands a component to the page once both exist; events are named for Gradio in quotes."""
    return (
        f"(window.playgroundMount ? (k, c, i) => window.playgroundMount(k, c, i) : (k, c, i) => "
        f"(window.playgroundQueue ??= []).push([k, c, i]))"
        f"('{kind}', {{element, props, trigger, server, watch}}, {extra or 'null'}); /* 'run' */"
    )


def plain(kind: str, **more: Any) -> gr.HTML:
    """A component that the page's script fills."""
    return gr.HTML(
        html_template='<div class="slot"></div>',
        js_on_load=mount(kind, more.pop("extra", "")),
        apply_default_css=False,
        elem_id=more.pop("elem_id", kind),
        **more,
    )


def build(call: Any) -> CompareTab:
    """Layout only."""
    with gr.Column(elem_id="compare"):
        bridge = plain("bridge", extra=str(COLUMNS), visible="hidden", server_functions=[call])
        plain("bar")
        gr.HTML('<div id="messages"></div>', apply_default_css=False)
        plain("editor")
        plain("pager")
        with gr.Row(elem_id="columns"):
            answers = tuple(plain("column", elem_id=f"answer{i}", extra=str(i)) for i in range(COLUMNS))
        gr.HTML('<div id="vote"></div>', apply_default_css=False)
    return CompareTab(bridge, answers)


def wire(tab: CompareTab, workbench: Workbench) -> None:
    """Run is the one event that streams; everything else is an action."""

    async def on_run(event: gr.EventData) -> AsyncGenerator[Any, None]:
        async with aclosing(stream_run(workbench, event._data or {})) as paints:
            async for paint in paints:
                yield paint

    tab.bridge.run(
        on_run,
        None,
        [tab.bridge],
        show_progress="hidden",
        trigger_mode="multiple",
        concurrency_limit=None,
        api_visibility="private",
    )


# --- actions --------------------------------------------------------------------------------------------


async def load(workbench: Workbench, ask: Ask) -> Update:
    """The page as it opens: what this tab has kept of it, else what its address names, else a first prompt."""
    extra = ask.model_extra or {}
    query = extra["query"] if isinstance(extra.get("query"), dict) else {}
    update = await lists(workbench)
    alert = None
    draft, draft_run = readable_draft(extra.get("draft")), extra.get("draft_run")
    if draft is not None and not is_draft_of(draft, draft_run, query):
        draft = None
    if draft is None or extra.get("lacks_images"):
        kept = await kept_form(workbench, ask.text("draft_id"))
        # Its id is this page's own, which says more than what it was kept with.
        if kept is not None and (kept.open.key == key_of(query) or is_draft_of(kept, draft_run, query)):
            draft = kept if draft is None else draft.model_copy(update={"images": kept.images})
    try:
        # What is kept of a prompt is there although the prompt may be gone.
        if draft is None or query.get("run"):
            update |= await open_address(workbench, query, ask)
    except PlaygroundError as exc:
        alert = of_address(exc, query)
        # An address that leads nowhere leaves what was on screen; without its images it stays a draft in the Library.
        if draft is None and not extra.get("lacks_images"):
            draft = readable_draft(extra.get("draft"))
    if draft is not None:
        update["form"] = draft.model_dump(mode="json")
    if not update.get("form"):
        update["form"] = (await default_form(workbench, ask.language)).model_dump(mode="json")
    workbench.models.warm_up(update["form"]["columns"][0]["model"])
    update.setdefault("vote", vote_bar(None, len(update["form"]["columns"])))
    if alert:
        update["alert"] = alert
    elif not update["models"]:
        update["alert"] = {
            "message": "No model is here.",
            "hint": "Add a server in the Models tab, or start with: playground --model FILE.gguf",
        }
    return update


async def lists(workbench: Workbench) -> Update:
    """Models, presets and scorers: what the page's choices are made of."""
    return {
        "models": [
            {"id": m.id, "name": m.name, "backend": m.backend, "detail": m.detail}
            for m in await workbench.models.all()
        ],
        "foot": panels.waiting_foot(),
        "terms": TERMS,
        "words": template_words(),
        "presets": {name: preset.model_dump(mode="json") for name, preset in PRESETS.items()},
        "scorers": [
            {
                "name": name,
                "label": row.label,
                "group": row.group,
                "about": row.about,
                "options": [
                    {
                        "name": o.name,
                        "kind": o.kind,
                        "default": o.default,
                        "required": o.required,
                        "choices": list(o.choices),
                        "label": o.label,
                        "about": o.about,
                    }
                    for o in options_of(name)
                ],
            }
            for name, row in SCORERS.items()
        ],
    }


async def preview(workbench: Workbench, ask: Ask) -> Update:
    """Variables, problems, advice and token counts of what is being typed, for the shared prompt and each own one."""
    form = ask.compare_form()
    model = form.columns[0].model
    shared = await workbench.prompts.preview(form.prompt, form.values, model)
    names = list(shared.variables)
    kinds = dict(shared.kinds)
    needs = list(shared.needs)
    problems = _problems(shared, None)
    advice = []
    for index, column in enumerate(form.columns):
        if column.own:
            prompt = variant(form, index)
            own = await workbench.prompts.preview(prompt, form.values, None)
            names += [name for name in own.variables if name not in names]
            needs += [name for name in own.needs if name not in needs]
            kinds = dict(own.kinds) | kinds
            problems += [p for p in _problems(own, index) if p["turn"] is not None]
            found = await asyncio.to_thread(lint, prompt, form.values)
            # What is said of the whole prompt is said once, below.
            advice += [_advice(finding, index) for finding in found if finding.turn is not None]
    # A variable that only a column's own turns use is in use.
    inputs = [i for i in form.prompt.inputs if i.name in shared.variables or i.name not in names]
    prompt = form.prompt.model_copy(update={"inputs": tuple(inputs)})
    found = await asyncio.to_thread(lint, prompt, form.values, shared.tokens)
    advice = [_advice(finding, None) for finding in found] + advice
    messages = None
    if shared.messages is not None:
        messages = [{"role": m.role, "content": m.content} for m in shared.messages]
    asked = dict.fromkeys(name for row in form.prompt.checks for name in placeholders(row.options))
    answer: dict[str, Any] = {
        "variables": names,
        "kinds": {name: kind for name, kind in kinds.items() if kind != "text"},
        "needs": needs,
        "asked_by_checks": [name for name in asked if name not in names],
        "checks": [_state_of(check) for check in form.prompt.checks],
        "schema": bad.message if (bad := schema_problem(form.prompt)) else "",
        "is_example": is_example(form.prompt, form.values),
        "problems": problems,
        "lint": advice,
        "messages": messages,
    }
    answer["differs"] = await asyncio.to_thread(differing_columns, form)
    late = {"counting": True} if shared.is_counting else {}
    return {"preview": {**answer, "tokens": list(shared.tokens), "total": shared.total, **late}}


def _problems(preview: Preview, column: int | None) -> list[dict[str, Any]]:
    """What is wrong in reading order; `at` is line and column in the turn, `name` a variable that is all to blame."""
    return [
        {
            "column": column,
            "turn": p.turn,
            "at": [p.line, p.column] if p.line else None,
            "name": p.name,
            "message": p.message,
            "hint": p.hint,
        }
        for p in preview.problems
    ]


def _state_of(check: Check) -> dict[str, Any]:
    """Whether somebody is still filling the check in, and else why it cannot be used."""
    unfilled = is_unfilled(check)
    return {"unfilled": unfilled, "problem": "" if unfilled else check_problem(check) or ""}


def _advice(finding: Finding, column: int | None) -> dict[str, Any]:
    return {"column": column, **asdict(finding)}


async def stop(workbench: Workbench, ask: Ask) -> Update:
    """End one column or all; all who look at the run see what was kept."""
    column, run_id = ask.text("column"), ask.run_id()
    workbench.runs.stop(run_id, ask.integer("column") if column.isdecimal() else None)
    return {}


async def look_again(workbench: Workbench, ask: Ask) -> Update:
    """A run of another program as it is stored by now."""
    update = shown(workbench, await workbench.runs.get(ask.run_id()))
    if update["elsewhere"]:
        del update["vote"]  # nobody votes yet, and somebody may be writing a note
    return update


_CHOICE: TypeAdapter[Choice] = TypeAdapter(Choice)


async def vote(workbench: Workbench, ask: Ask) -> Update:
    """Store the vote, for the sample on screen where a column has several; choosing the same again takes it back."""
    run = await workbench.runs.get(ask.run_id())
    kind = _CHOICE.validate_python(ask.text("vote"))
    column = ask.integer("column") if kind == "column" else None
    repeat = ask.repeat() if kind == "column" else None
    same = run.vote is not None and (run.vote.kind, run.vote.column) == (kind, column)
    same = same and (repeat is None or (run.vote is not None and run.vote.repeat == repeat))
    choice = None if same else kind
    await workbench.history.vote(run.id, choice, column, repeat=repeat)
    return {"vote": await _bar(workbench, run)}


async def thumb(workbench: Workbench, ask: Ask) -> Update:
    """Thumb up or down for an answer; the same again takes it back."""
    run_id, column, value = ask.run_id(), ask.integer("column"), ask.integer("value")
    cell = find_cell(await workbench.runs.get(run_id), column, ask.repeat())
    thumb = 0 if cell.thumb == value else value
    await workbench.history.thumb(run_id, column, thumb, cell.repeat)
    run = await workbench.runs.get(run_id)
    cell = find_cell(run, column, cell.repeat)
    return {"columns": {cell_name(run, cell): {"foot": panels.foot(cell, run)}}}


async def note(workbench: Workbench, ask: Ask) -> Update:
    """Keep the note on this comparison."""
    await workbench.history.note(ask.run_id(), ask.text("value"))
    return {"toast": "Note kept"}


async def _bar(workbench: Workbench, run: StoredRun) -> str:
    return vote_bar(await workbench.runs.get(run.id), len(run.spec.variants))


async def new_prompt(workbench: Workbench, ask: Ask) -> Update:
    """An empty prompt for the models that are there."""
    return cleared(form_of_new((readable_draft(ask.form) or await default_form(workbench)).columns))


ACTIONS: dict[str, Action] = {
    "load": load,
    "preview": preview,
    "stop": stop,
    "look_again": look_again,
    "vote": vote,
    "thumb": thumb,
    "note": note,
    "new_prompt": new_prompt,
    "revisit": revisit,
}
