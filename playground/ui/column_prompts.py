"""The prompt of one column: what can be chosen, what is taken, and how it differs from the shared one.

{"action": "take_prompt", "column": 1, "pattern": "techniques/chain-of-thought/zero-shot"}
→ {"into": {"column": 1, "turns": […], "source": {"name": "Zero-shot chain of thought", …}, …}, …}
"""

from __future__ import annotations

from typing import Any

from playground.diff import diff_fields, diff_turns
from playground.errors import NotFoundError
from playground.library.shipped import Pattern
from playground.store.records import PromptSummary, SavedVersion
from playground.templating.literal import literal
from playground.types.grid import PromptSource
from playground.types.prompt import Prompt, example_values
from playground.ui.actions import Action, Ask
from playground.ui.forms import COLUMNS, CompareForm, variant
from playground.ui.html import plural
from playground.ui.update import Into, Update
from playground.ui.versions import prompt_diff
from playground.workbench.runs import find_cell
from playground.workbench.service import Workbench

SAVED, SAVED_AT_FIRST, PATTERNS = 20, 6, 60
"""Rows of the list; before anything is searched for, the techniques stand in view."""

TECHNIQUES = "techniques"


# --- how it differs -----------------------------------------------------------------------------------------


def differing_columns(form: CompareForm) -> dict[int, str]:
    """How the prompt of each column of its own differs from the shared one, in two words."""
    return {number: differs(form, number) for number, column in enumerate(form.columns) if column.own}


def differs(form: CompareForm, column: int) -> str:
    """Such as "2 turns differ", or "same text"."""
    shared, own = _alike(form.prompt), _alike(variant(form, column))
    turns = sum(turn.kind != "same" for turn in diff_turns(shared.turns, own.turns))
    if turns:
        return f"{plural(turns, 'turn')} {'differs' if turns == 1 else 'differ'}"
    return "schema differs" if shared.output_schema != own.output_schema else "same text"


def _alike(prompt: Prompt) -> Prompt:
    """What of a prompt a model meets; names and checks make no other answer."""
    return Prompt(turns=prompt.turns, inputs=prompt.inputs, output_schema=prompt.output_schema)


async def column_prompts(workbench: Workbench, ask: Ask) -> Update:
    """The shared prompt and a column's own, turn by turn, in the drawer."""
    form, column = ask.compare_form(), ask.integer("column")
    if not 0 <= column < len(form.columns):
        raise NotFoundError(f"There is no column {column + 1}.", "Reload the page.")
    shared, own = _alike(form.prompt), _alike(variant(form, column))
    body = prompt_diff(shared, own, "Shared prompt", f"Column {column + 1}")
    if not diff_fields(shared, own) and shared.turns == own.turns:
        return {"toast": "Both prompts are the same"}
    return {"drawer": {"title": f"Prompt of column {column + 1} beside the shared one", "body": body}}


# --- what can be chosen -------------------------------------------------------------------------------------


async def prompt_choices(workbench: Workbench, ask: Ask) -> Update:
    """Saved prompts with their labels and variants, then patterns, techniques first; or the versions of one prompt."""
    if prompt_id := ask.text("of"):
        return {"prompts": [await _versions(workbench, prompt_id)]}
    search = ask.text("search")
    saved = await workbench.saved.search(search, limit=SAVED if search else SAVED_AT_FIRST)
    patterns = workbench.prompts.library.search(search, language=ask.language)
    techniques = [pattern for pattern in patterns if pattern.prompt.family == TECHNIQUES]
    others = [pattern for pattern in patterns if pattern.prompt.family != TECHNIQUES]
    groups = (
        ("Saved", [await _saved_row(workbench, row) for row in saved]),
        ("Techniques", [_pattern_row(pattern) for pattern in techniques[:PATTERNS]]),
        ("Other patterns", [_pattern_row(pattern) for pattern in others[:PATTERNS]]),
    )
    return {"prompts": [{"title": title, "rows": rows} for title, rows in groups if rows]}


def _pattern_row(pattern: Pattern) -> dict[str, Any]:
    prompt = pattern.prompt
    return {
        "name": prompt.name or pattern.slug,
        "hint": prompt.description,
        "choice": {"pattern": pattern.slug},
    }


async def _saved_row(workbench: Workbench, row: PromptSummary) -> dict[str, Any]:
    marks: list[dict[str, Any]] = [
        {
            "label": label,
            "title": f"Version {number}, where this label stands",
            "choice": {"prompt": row.id, "number": number, "at": label},
        }
        for label, number in row.labels
    ]
    if row.variants:
        marks += [
            {
                "label": version.variant,
                "title": f"Version {version.number}, the newest of this variant",
                "choice": {"prompt": row.id, "number": version.number, "at": version.variant},
            }
            for version in await workbench.saved.variants(row.id)
        ]
    if row.latest > 1 or row.variants:
        marks.append({"label": "versions", "title": "Choose among all versions", "of": row.id})
    hint = row.description or f"version {row.latest}"
    return {"name": row.name, "hint": hint, "choice": {"prompt": row.id, "number": row.latest}, "at": marks}


async def _versions(workbench: Workbench, prompt_id: str) -> dict[str, Any]:
    rows = await workbench.saved.versions(prompt_id)
    name = (await workbench.saved.version(prompt_id)).name
    return {
        "title": f"Versions of {name}",
        "rows": [
            {
                "name": f"version {row.number}" + (f", {row.variant}" if row.variant else ""),
                "hint": row.message or "no message",
                "choice": {"prompt": prompt_id, "number": row.number, "at": row.variant},
            }
            for row in rows
        ],
    }


# --- what is taken ------------------------------------------------------------------------------------------


async def take_prompt(workbench: Workbench, ask: Ask) -> Update:
    """A pattern, a version, or what a column of a run had, as the prompt of one column."""
    column = ask.integer("column")
    if not 0 <= column < COLUMNS:
        raise NotFoundError(f"There is no column {column + 1}.", f"There are at most {COLUMNS}.")
    prompt, source = await _taken(workbench, ask)
    name = source.words if source else "own text"
    if prompt.run_with is not None:
        name += f", run with {prompt.run_with.name}"
    return {
        "into": into(column, prompt, source),
        "toast": f"Column {column + 1}: {name}",
        "tab": "Compare",
        "drawer": None,
    }


async def _taken(workbench: Workbench, ask: Ask) -> tuple[Prompt, PromptSource | None]:
    if slug := ask.text("pattern"):
        prompt = workbench.prompts.library.get(slug).own()
        return prompt, PromptSource(name=prompt.name or slug, pattern=slug)
    if prompt_id := ask.text("prompt"):
        version = await workbench.saved.version(prompt_id, ask.integer("number", 0) or None)
        return version.prompt, source_of(version, ask.text("at"))
    run = await workbench.runs.get(ask.text("of_run"))
    cell = find_cell(run, ask.integer("from"))
    shape = run.spec.variants[cell.column]
    own = {"run_with": shape.technique}
    if shape.prompt is not None:
        return shape.prompt.model_copy(update=own), shape.source
    return run.spec.prompt.model_copy(update=own), source_of(run.version) if run.version else None


def source_of(version: SavedVersion, at: str = "") -> PromptSource:
    """The source of a prompt that was taken from this version; `at` is the label it was chosen by."""
    return PromptSource(
        name=version.name,
        prompt_id=version.prompt_id,
        number=version.number,
        at=at or version.variant,
    )


def into(column: int, prompt: Prompt, source: PromptSource | None) -> Into:
    """The prompt as a column of the page takes it."""
    told = prompt.model_dump(mode="json")
    return {
        "column": column,
        "turns": told["turns"],
        "inputs": told["inputs"],
        "output_schema": told["output_schema"],
        "source": source.model_dump(mode="json") if source else None,
        "asks": told["sampling"] or {},
        "technique": told["run_with"],
        "values": example_values(prompt),
    }


async def go_on(workbench: Workbench, ask: Ask) -> Update:
    """An answer as the next turn: of its column's prompt, or of every column's."""
    cell = find_cell(await workbench.runs.get(ask.run_id()), ask.integer("column"), ask.repeat())
    text = cell.completion.text if cell.completion else ""
    if not text.strip():
        raise NotFoundError(f"Column {cell.column + 1} has no answer to go on from.", "Run it first.")
    everywhere = bool(ask.text("everywhere"))
    return {"answered": {"column": cell.column, "template": literal(text), "everywhere": everywhere}}


ACTIONS: dict[str, Action] = {
    "go_on": go_on,
    "column_prompts": column_prompts,
    "prompt_choices": prompt_choices,
    "take_prompt": take_prompt,
}
