"""The page's form as a value, and the ways between it, comparisons, stored runs and prompts.

{"prompt": {...}, "prompt_id": null, "version": null, "origin": "", "values": {...},
 "columns": [{"model": "llama.cpp:…", "preset": "Greedy", "sampling": {...}, "own": false, "turns": []}]}
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from playground.library.shipped import Pattern
from playground.runs.planning import example_values
from playground.store.records import SavedVersion, StoredRun
from playground.types.grid import Column, Comparison, Samples
from playground.types.prompt import PRESETS, Prompt, Sampling, Turn, Value
from playground.types.servers import ModelInfo

COLUMNS = 4
"""How many fit beside each other; the page's script learns it from here."""

OWN_VALUES = "Own values"


class ColumnForm(Value):
    """One column as the page holds it; `turns` are its own variant, used when `own` is set."""

    model: str
    preset: str = "Greedy"
    sampling: Sampling = Sampling()
    own: bool = False
    turns: tuple[Turn, ...] = ()
    thinking: bool = False
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    samples: Samples = 1


class CompareForm(Value):
    """Everything on the Compare tab that a person can change.

    `values` may hold more than the variables: what the checks ask for. `images` are base64 without a prefix.
    """

    prompt: Prompt
    prompt_id: str | None = None
    version: int | None = None
    origin: str = ""
    values: dict[str, Any] = {}
    columns: Annotated[tuple[ColumnForm, ...], Field(min_length=1, max_length=COLUMNS)]
    same_text: str = ""
    images: tuple[str, ...] = ()


def to_comparison(form: CompareForm) -> Comparison:
    """What Run asks for."""
    columns = tuple(
        Column(
            model=c.model,
            sampling=c.sampling,
            prompt=variant(form, index) if c.own else None,
            thinking=c.thinking,
            top_logprobs=c.top_logprobs,
            samples=c.samples,
        )
        for index, c in enumerate(form.columns)
    )
    return Comparison(
        prompt=form.prompt,
        values=form.values,
        columns=columns,
        same_text=form.same_text,
        images=form.images,
    )


def variant(form: CompareForm, column: int) -> Prompt:
    """The prompt a column would run: the shared one, or the same with the column's own turns."""
    chosen = form.columns[column]
    return form.prompt.model_copy(update={"turns": chosen.turns}) if chosen.own else form.prompt


def form_of_run(run: StoredRun) -> CompareForm:
    """The form as it was when this run was started."""
    comparison = run.comparison
    columns = tuple(
        ColumnForm(
            model=column.model,
            preset=preset_of(column.sampling),
            sampling=column.sampling,
            own=column.prompt is not None,
            turns=column.prompt.turns if column.prompt else (),
            thinking=column.thinking,
            top_logprobs=column.top_logprobs,
            samples=column.samples,
        )
        for column in comparison.columns
    )
    version = run.version
    return CompareForm(
        prompt=comparison.prompt,
        prompt_id=version.prompt_id if version else None,
        version=version.number if version else None,
        values=comparison.values,
        columns=columns,
        same_text=comparison.same_text,
        images=comparison.images,
    )


def form_of_prompt(
    prompt: Prompt,
    columns: Sequence[ColumnForm],
    *,
    version: SavedVersion | None = None,
    origin: str = "",
) -> CompareForm:
    """A form with this prompt and its example values; the columns keep their models and lose their variants."""
    sampling = prompt.sampling
    fresh = tuple(
        ColumnForm(
            model=column.model,
            preset=preset_of(sampling) if sampling else column.preset,
            sampling=sampling or column.sampling,
            samples=column.samples,
        )
        for column in columns
    )
    return CompareForm(
        prompt=prompt,
        prompt_id=version.prompt_id if version else None,
        version=version.number if version else None,
        origin=origin,
        values=example_values(prompt),
        columns=fresh,
    )


def first_form(models: Sequence[ModelInfo], pattern: Pattern | None) -> CompareForm:
    """What a newcomer sees: a pattern in column 1 and a reworded variant of it in column 2, ready to run."""
    model = models[0].id if models else "llama.cpp:none"
    column = ColumnForm(model=model)
    if pattern is None or pattern.prompt is None:
        return CompareForm(prompt=Prompt(turns=(Turn(role="user", template=""),)), columns=(column, column))
    form = form_of_prompt(pattern.prompt, (column, column), origin=pattern.slug)
    steps = Turn(role="system", template="You are a careful assistant. Answer in one short sentence.")
    turns = (steps, *(turn for turn in pattern.prompt.turns if turn.role != "system"))
    second = form.columns[1].model_copy(update={"own": True, "turns": turns})
    return form.model_copy(update={"columns": (form.columns[0], second)})


def restated(before: Sampling | None, now: Sampling) -> Sampling | None:
    """What a prompt states after a person had these values on screen: what it stated before, and what was changed."""
    base = before or Sampling()
    given = {} if before is None else before.model_dump(exclude_unset=True)
    changed = {key: value for key, value in now if value != getattr(base, key)}
    return Sampling.model_validate(given | changed) if given or changed else before


def preset_of(sampling: Sampling) -> str:
    """The name of the preset with this distribution (seed, length and stop texts aside), else "Own values"."""
    kept = {"seed": sampling.seed, "max_tokens": sampling.max_tokens, "stop": sampling.stop}
    return next(
        (n for n, preset in PRESETS.items() if preset.model_copy(update=kept) == sampling), OWN_VALUES
    )
