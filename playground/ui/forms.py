"""The page's form as a value, and the ways between it, comparisons, stored runs and prompts.

{"open": {"key": "pattern:…", ...}, "prompt": {...}, "prompt_id": null, "version": null, "origin": "", "values": {...},
 "columns": [{"model": "llama.cpp:…", "preset": "Greedy", "sampling": {...}, "own": false, "turns": []}]}
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Annotated, Any
from uuid import uuid4

from pydantic import Field, ValidationError

from playground.library.shipped import Language, Pattern, language_of
from playground.store.records import SavedVersion, StoredRun
from playground.types.grid import MOST_COLUMNS, PromptSource, RunSpec, Samples, Variant
from playground.types.prompt import (
    PRESETS,
    Input,
    Prompt,
    Sampling,
    TechniqueChoice,
    Turn,
    Value,
    example_values,
)
from playground.types.servers import ModelInfo

COLUMNS = MOST_COLUMNS
"""How many fit beside each other on a wide screen; the page's script learns it from here."""

OWN_VALUES = "Own values"
DRAFT_PASSES = 3
"""A draft is read again without what is unknown in it: a tuple that could not be read may hide more of that."""


class Settings(Value):
    """What all columns are run with; a column that has another value is an exception."""

    preset: str = "Greedy"
    sampling: Sampling = Sampling()
    thinking: bool = False
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    samples: Samples = 1


class ColumnForm(Value):
    """One column as the page holds it; `turns` are its own prompt, used when `own` is set.

    With a `source` that prompt brings its `inputs` and schema; `asks` is the sampling that it states, as it states it.
    """

    model: str
    preset: str = "Greedy"
    sampling: Sampling = Sampling()
    own: bool = False
    turns: tuple[Turn, ...] = ()
    inputs: tuple[Input, ...] = ()
    output_schema: dict[str, Any] | None = None
    source: PromptSource | None = None
    asks: dict[str, Any] = {}
    thinking: bool = False
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    samples: Samples = 1
    technique: TechniqueChoice | None = None


class Opened(Value):
    """What is open: a saved prompt, a pattern, a run or a new prompt, and what it was when it was opened.

    `key` is `prompt:ID`, `pattern:SLUG`, `run:ID` or `new:ID`; `draft` the id under which changes are kept. `latest` is
    the newest version that there was. The page's script writes `prompt` and `rest`, signs of what was opened (the prompt
    with its sampling; values, images and own prompts), and `ran`, signs of what each answer on screen was run with.
    """

    key: str = ""
    draft: str = ""
    latest: int | None = None
    prompt: str = ""
    rest: str = ""
    ran: tuple[str, ...] = ()


class CompareForm(Value):
    """Everything on the Compare tab that a person can change.

    `values` may hold more than the variables: what the checks ask for. `images` are base64 without a prefix. `spare`
    are columns beyond those shown, which keep their settings. `sources` has the values that variables had before their
    type was changed, `half` what was typed into a drawer that was closed: by its title, then by field. `cases_run`
    is the last run over all cases, whose results stand beside them. `experiment` is one that is being set up.
    """

    open: Opened = Opened()
    prompt: Prompt
    prompt_id: str | None = None
    version: int | None = None
    origin: str = ""
    values: dict[str, Any] = {}
    columns: Annotated[tuple[ColumnForm, ...], Field(min_length=1, max_length=COLUMNS)]
    common: Settings | None = None
    same_text: str = ""
    images: tuple[str, ...] = ()
    spare: Annotated[tuple[ColumnForm, ...], Field(max_length=20)] = ()
    sources: dict[str, Any] = {}
    half: dict[str, dict[str, str]] = {}
    cases_run: str = ""
    experiment: dict[str, Any] | None = None


def to_comparison(form: CompareForm) -> RunSpec:
    """What Run asks for."""
    columns = tuple(
        Variant(
            model=c.model,
            sampling=c.sampling,
            prompt=variant(form, index) if c.own else None,
            source=c.source if c.own else None,
            thinking=c.thinking,
            top_logprobs=c.top_logprobs,
            samples=c.samples,
            technique=c.technique,
        )
        for index, c in enumerate(form.columns)
    )
    return RunSpec.comparison(
        prompt=form.prompt,
        values=form.values,
        variants=columns,
        same_text=form.same_text,
        images=form.images,
        origin=form.origin,
    )


def variant(form: CompareForm, column: int) -> Prompt:
    """The prompt a column would run: the shared one, or its own, which the same checks judge.

    A text of its own shares variables and schema; what was taken from elsewhere has its own name, inputs and schema.
    """
    chosen, shared = form.columns[column], form.prompt
    if not chosen.own:
        return shared
    if chosen.source is None:
        return shared.model_copy(update={"turns": chosen.turns})
    mine = {field.name for field in chosen.inputs}
    return Prompt(
        name=chosen.source.name,
        turns=chosen.turns,
        inputs=(*chosen.inputs, *(field for field in shared.inputs if field.name not in mine)),
        output_schema=chosen.output_schema,
        checks=shared.checks,
        cases=shared.cases,
    )


def form_of_run(run: StoredRun) -> CompareForm:
    """The form as it was when this run was started."""
    spec = run.spec
    columns = tuple(
        ColumnForm(
            model=column.model,
            preset=preset_of(column.sampling),
            sampling=column.sampling,
            own=column.prompt is not None,
            turns=column.prompt.turns if column.prompt else (),
            inputs=column.prompt.inputs if column.prompt and column.source else (),
            output_schema=column.prompt.output_schema if column.prompt and column.source else None,
            source=column.source,
            thinking=column.thinking,
            top_logprobs=column.top_logprobs,
            samples=column.samples,
            technique=column.technique,
        )
        for column in spec.variants
    )
    version = run.version
    return CompareForm(
        open=Opened(key=f"run:{run.id}", latest=version.number if version else None),
        prompt=spec.prompt,
        prompt_id=version.prompt_id if version else None,
        version=version.number if version else None,
        origin="" if version else spec.origin,
        values=spec.case.values,
        columns=columns,
        same_text=spec.same_text,
        images=spec.case.images,
        cases_run=run.id if run.spec.kind == "experiment" else "",
    )


def form_of_prompt(
    prompt: Prompt,
    columns: Sequence[ColumnForm],
    *,
    version: SavedVersion | None = None,
    latest: int | None = None,
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
            technique=prompt.run_with,
        )
        for column in columns
    )
    key = f"prompt:{version.prompt_id}" if version else f"pattern:{origin}" if origin else new_key()
    return CompareForm(
        open=Opened(key=key, latest=latest or (version.number if version else None)),
        prompt=prompt,
        prompt_id=version.prompt_id if version else None,
        version=version.number if version else None,
        origin=origin,
        values=example_values(prompt),
        columns=fresh,
    )


def new_key() -> str:
    """What a prompt that was never saved is known by."""
    return f"new:{uuid4().hex[:16]}"


def readable_draft(draft: Any) -> CompareForm | None:
    """The form a browser or the store has kept, or None when it is not one any more.

    What this program does not know of is left out: another version of it wrote that, and the text counts.
    """
    for _ in range(DRAFT_PASSES):
        try:
            return CompareForm.model_validate(draft)
        except ValidationError as exc:
            unknown = [
                error["loc"]
                for error in exc.errors(include_input=False)
                if error["type"] == "extra_forbidden"
            ]
            if not unknown:
                return None
            draft = deepcopy(draft)
            try:
                for place in unknown:
                    _leave_out(draft, place)
            except (LookupError, TypeError, AttributeError):
                return None
    return None


def _leave_out(data: Any, place: Sequence[int | str]) -> None:
    for step in place[:-1]:
        data = data[step]
    data.pop(place[-1], None)


NEW = Settings(sampling=Sampling(max_tokens=512))
"""What a new prompt starts with, whatever the prompt before it had."""


def form_of_new(columns: Sequence[ColumnForm]) -> CompareForm:
    """An empty prompt for the models that are there, with fresh settings."""
    fresh = tuple(
        ColumnForm(model=column.model, preset=NEW.preset, sampling=NEW.sampling) for column in columns
    )
    turns = (Turn(role="system", template=""), Turn(role="user", template=""))
    return form_of_prompt(Prompt(turns=turns), fresh)


_REWORDED: dict[Language, str] = {
    "en": "You are a careful assistant. Answer in one short sentence.",
    "zh": "你是一位细心的助手，用一句短话回答。",
}
"""The instructions that a newcomer finds in column 2, beside the pattern's own."""


def first_form(models: Sequence[ModelInfo], pattern: Pattern | None) -> CompareForm:
    """What a newcomer sees: a pattern in column 1 and a reworded variant of it in column 2, ready to run."""
    model = models[0].id if models else "llama.cpp:none"
    column = ColumnForm(model=model)
    if pattern is None or pattern.error is not None:
        empty = Prompt(turns=(Turn(role="user", template=""),))
        return CompareForm(open=Opened(key=new_key()), prompt=empty, columns=(column, column))
    form = form_of_prompt(pattern.own(), (column, column), origin=pattern.slug)
    reworded = Turn(role="system", template=_REWORDED[language_of(pattern.slug)])
    turns = (reworded, *(turn for turn in pattern.prompt.turns if turn.role != "system"))
    second = form.columns[1].model_copy(update={"own": True, "turns": turns})
    return form.model_copy(update={"columns": (form.columns[0], second)})


def restated(before: Sampling | None, now: Sampling) -> Sampling | None:
    """What a prompt states after a person had these values on screen: what it stated before, and what was changed."""
    base = before or Sampling()
    given = {} if before is None else before.model_dump(exclude_unset=True)
    changed = {key: value for key, value in now if value != getattr(base, key)}
    return Sampling.model_validate(given | changed) if given or changed else before


def stated(column: ColumnForm) -> Sampling | None:
    """The sampling that the column's own prompt states; None when it states nothing."""
    return Sampling.model_validate(column.asks) if column.asks else None


def preset_of(sampling: Sampling) -> str:
    """The name of the preset with this distribution (seed, length and stop texts aside), else "Own values"."""
    kept = {"seed": sampling.seed, "max_tokens": sampling.max_tokens, "stop": sampling.stop}
    return next(
        (n for n, preset in PRESETS.items() if preset.model_copy(update=kept) == sampling), OWN_VALUES
    )
