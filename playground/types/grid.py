"""What is run: a grid of cells, cases × variants × repeats; a comparison is one of one case."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field

from playground.types.prompt import Prompt, Sampling, Value

CellStatus = Literal["pending", "running", "done", "cancelled", "error", "interrupted"]


MOST_SAMPLES = 20
Samples = Annotated[int, Field(ge=1, le=MOST_SAMPLES)]


Choice = Literal["column", "tie", "all_bad"]


RunKind = Literal["comparison", "experiment"]


class CellKey(NamedTuple):
    """The place of an answer in its run, each counted from 0."""

    case: int
    variant: int
    repeat: int


class Case(Value):
    """One row of a run: the values of the prompt's variables; `row_id` is the row's name in its data set.

    `images`, base64 without a prefix, go with the last user message.
    """

    values: dict[str, Any] = {}
    images: tuple[str, ...] = ()
    row_id: str = ""


class Column(Value):
    """One column of a comparison: a model, its sampling, and its own variant of the prompt or None.

    `thinking` lets a model reason before it answers; `top_logprobs` keeps the probabilities of its tokens with so
    many alternatives. `samples` is how many answers are asked for, each with a seed of its own.
    """

    model: str
    sampling: Sampling = Sampling()
    prompt: Prompt | None = None
    thinking: bool = False
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    samples: Samples = 1


class Comparison(Value):
    """What Run asks for: the shared prompt, the values of its variables, one to four columns.

    With `same_text` (the id of a model) that model's chat template renders each prompt once, and every column is sent
    exactly that text; a backend without a raw route refuses. `images`, base64 without a prefix, go to every column
    with the last user message.
    """

    prompt: Prompt
    values: dict[str, Any] = {}
    columns: Annotated[tuple[Column, ...], Field(min_length=1, max_length=4)]
    same_text: str = ""
    images: tuple[str, ...] = ()


class RunSpec(Value):
    """A run of any size: every case with every variant (a comparison's column), `repeats` times.

    `same_text` as in `Comparison`.
    """

    prompt: Prompt
    variants: Annotated[tuple[Column, ...], Field(min_length=1)]
    cases: Annotated[tuple[Case, ...], Field(min_length=1)]
    repeats: Annotated[int, Field(ge=1)] = 1
    same_text: str = ""
    kind: RunKind = "experiment"


def spec_of(comparison: Comparison) -> RunSpec:
    """The comparison as a grid of one case."""
    case = Case(values=comparison.values, images=comparison.images)
    return RunSpec(
        prompt=comparison.prompt,
        variants=comparison.columns,
        cases=(case,),
        same_text=comparison.same_text,
        kind="comparison",
    )
