"""What is run: a grid of cells, cases × variants × repeats; a comparison is one of one case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field

from playground.errors import PlaygroundError
from playground.types.generation import Message
from playground.types.prompt import Prompt, Sampling, TechniqueChoice, Value

CellStatus = Literal["pending", "running", "done", "cancelled", "error", "interrupted"]

Choice = Literal["column", "tie", "all_bad"]

MOST_COLUMNS = 6
"""Variants that Compare shows beside each other; a run may have more."""
MOST_SAMPLES = 20
Samples = Annotated[int, Field(ge=1, le=MOST_SAMPLES)]

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


class PromptSource(Value):
    """Where the prompt of a variant was taken from: a pattern by its slug, or a version of a saved prompt.

    `at` is the label or variant by which that version was chosen; `edited`, that its text was changed afterwards.
    """

    name: str = ""
    pattern: str = ""
    prompt_id: str = ""
    number: Annotated[int, Field(ge=0)] = 0
    at: str = ""
    edited: bool = False

    @property
    def words(self) -> str:
        """What it is called: "Refund@3", "Refund@production", "Chain of thought, edited"."""
        at = self.at or (str(self.number) if self.number else "")
        return f"{self.name}{'@' if at else ''}{at}{', edited' if self.edited else ''}"


class Variant(Value):
    """One way to answer a case: a model, its sampling, and its own prompt or None for the run's. The page says "column".

    `thinking` lets a model reason before it answers; `top_logprobs` keeps the probabilities of its tokens with so
    many alternatives. `samples` is how many answers are asked for, each with a seed of its own. `source` says where a
    prompt of its own came from. An experiment knows its variants by `name`.
    """

    model: str
    name: str = ""
    sampling: Sampling = Sampling()
    prompt: Prompt | None = None
    source: PromptSource | None = None
    thinking: bool = False
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    samples: Samples = 1
    technique: TechniqueChoice | None = None


class RunSpec(Value):
    """What a run asks for: every case with every variant, `repeats` times. A comparison is a run of one case.

    With `same_text` (the id of a model) that model's chat template renders each prompt once, and every variant is sent
    exactly that text; a backend without a raw route refuses. `origin` is the slug of the pattern that the prompt was
    opened from.
    """

    prompt: Prompt
    variants: Annotated[tuple[Variant, ...], Field(min_length=1)]
    cases: Annotated[tuple[Case, ...], Field(min_length=1)]
    repeats: Annotated[int, Field(ge=1)] = 1
    same_text: str = ""
    kind: RunKind = "experiment"
    origin: str = ""

    @classmethod
    def comparison(
        cls,
        *,
        prompt: Prompt,
        variants: Sequence[Variant],
        values: Mapping[str, Any] | None = None,
        images: Sequence[str] = (),
        same_text: str = "",
        origin: str = "",
    ) -> RunSpec:
        """One case, the same for each of the variants."""
        case = Case(values=dict(values or {}), images=tuple(images))
        return cls(
            prompt=prompt,
            variants=tuple(variants),
            cases=(case,),
            same_text=same_text,
            kind="comparison",
            origin=origin,
        )

    @property
    def case(self) -> Case:
        """The case of a comparison; of a larger run the first."""
        return self.cases[0]


@dataclass(frozen=True, slots=True)
class Work:
    """One answer to get: its place in the run, and all that its calls are made from.

    `prompt` is the effective one (the variant's own or the run's), `sampling` the variant's with its seed drawn,
    `messages` are rendered. With a `problem` it cannot be got. `raw_prompt` is sent in place of the messages; works of
    one `family` (a word, "" is none) are samples of one prompt.
    """

    key: CellKey
    variant: Variant
    case: Case
    prompt: Prompt
    messages: tuple[Message, ...]
    sampling: Sampling
    problem: PlaygroundError | None = None
    raw_prompt: str | None = None
    family: str = ""

    @property
    def model(self) -> str:
        """The `ModelInfo.id` of its model."""
        return self.variant.model

    @property
    def backend(self) -> str:
        """The name of the backend that its model belongs to."""
        return self.model.partition(":")[0]
