"""What a person writes: prompts with their turns, inputs, checks and sampling."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_serializer

Role = Literal["system", "user", "assistant"]


InputKind = Literal["text", "long_text", "number", "choice", "boolean", "examples", "object", "list"]


class Value(BaseModel):
    """A frozen value that refuses unknown keys: the base of everything that crosses a boundary."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Turn(Value):
    """One turn of a prompt; `template` is Jinja2 source.

    A line `user:` (or `system:`, `assistant:`) *inside a block* of the template opens a further message for
    each time the block runs, so that a loop over examples can emit turns.
    """

    role: Role
    template: str


class Input(Value):
    """A variable of a prompt: how it is asked for. `example` fills the form, `default` a missing value.

    `fields` are those of an object, or of each row of examples; each may be an object again.
    """

    name: str
    kind: InputKind = "text"
    description: str = ""
    required: bool = True
    default: Any = None
    example: Any = None
    choices: tuple[str, ...] = ()
    fields: tuple[Input, ...] = ()


class Check(Value):
    """One row of a prompt's checks: a scorer by name, its options, negated or not, with a weight > 0.

    With `example` it belongs to the prompt's example values and says nothing of answers to any others.
    """

    scorer: str
    options: dict[str, Any] = {}
    negate: bool = False
    weight: Annotated[float, Field(gt=0, le=1000)] = 1.0
    example: bool = False


class Sampling(Value):
    """Every sampling value, always all of them: no backend fills a gap with a default of its own.

    temperature 0 is greedy; top_k 0, top_p 1, min_p 0, repetition_penalty 1 and the other penalties 0 are off.
    `seed` None asks for a fresh one each run (the one drawn is stored with the cell). A prompt's own sampling may state
    some of them only (`model_fields_set`): a run fills in the rest, a file for another program says nothing of it.
    """

    temperature: Annotated[float, Field(ge=0, le=5)] = 0.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    top_k: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    min_p: Annotated[float, Field(ge=0, le=1)] = 0.0
    repetition_penalty: Annotated[float, Field(gt=0, le=10)] = 1.0
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] = 0.0
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] = 0.0
    seed: Annotated[int, Field(ge=0, le=2**32 - 2)] | None = 42
    max_tokens: Annotated[int, Field(ge=1, le=1_000_000)] = 256
    stop: tuple[Annotated[str, Field(min_length=1)], ...] = ()


PRESETS: dict[str, Sampling] = {
    # Neutral but for the named change, so that backends with another sampler order still do the same:
    # top-k alone does not depend on the order, and top-p does not at temperature 1.
    "Greedy": Sampling(),
    "Balanced": Sampling(temperature=0.7, top_k=40),
    "Creative": Sampling(temperature=1.0, top_p=0.95),
}


class TechniqueChoice(Value):
    """A technique by name, what it is told, and prompts in place of the library's: step → "name@version" or a slug.

    `documents` are those it looks things up in, each by its hash, the beginning of one, or its name; None is every one
    that is kept.
    """

    name: str
    options: dict[str, Any] = {}
    prompts: dict[str, str] = {}
    documents: tuple[str, ...] | None = None

    @property
    def words(self) -> str:
        """Such as "self-consistency, samples 5, step sample: Mine@2"."""
        told = [f"{name.replace('_', ' ')} {value}" for name, value in self.options.items()]
        told += [f"step {step}: {prompt}" for step, prompt in self.prompts.items()]
        told += [] if self.documents is None else [f"documents {', '.join(self.documents) or 'none'}"]
        return ", ".join((self.name, *told))


class Prompt(Value):
    """A prompt with its variables and checks: what a version freezes and a `.prompty` file holds.

    `name` is what people read, `name_zh` and `description_zh` the same in simplified Chinese. `cases` are rows of
    values to try it with; a key that is no variable (`expected`) is for the checks, whose options may name it.
    `technique` is the technique of the Guide that a pattern shows; `run_with` the one that this prompt is run with, None
    for one call as it is. `language` is the one its turns are written in ("zh"; "" is not said), `tried_on` the models
    that its author tried it on, each with how many of its checks passed: "SmolLM2-135M-Instruct 1/2". `metadata` keeps
    further front-matter keys of an imported file.
    """

    name: str = ""
    description: str = ""
    name_zh: str = ""
    description_zh: str = ""
    turns: tuple[Turn, ...] = ()
    inputs: tuple[Input, ...] = ()
    checks: tuple[Check, ...] = ()
    sampling: Sampling | None = None
    run_with: TechniqueChoice | None = None
    output_schema: dict[str, Any] | None = None
    family: str = ""
    technique: str = ""
    tags: tuple[str, ...] = ()
    use_when: str = ""
    avoid_when: str = ""
    source: str = ""
    language: str = ""
    tried_on: tuple[str, ...] = ()
    cases: tuple[dict[str, Any], ...] = ()
    metadata: dict[str, Any] = {}

    @field_serializer("sampling")
    def _stated(self, sampling: Sampling | None) -> dict[str, Any] | None:
        return None if sampling is None else sampling.model_dump(exclude_unset=True)


def example_values(prompt: Prompt) -> dict[str, Any]:
    """The declared examples (else defaults) by name: what a form is filled with when the prompt is opened."""
    pairs = (
        (field.name, field.default if field.example is None else field.example) for field in prompt.inputs
    )
    return {name: value for name, value in pairs if value is not None}


TEXT_FIELDS = (
    "name",
    "description",
    "name_zh",
    "description_zh",
    "family",
    "technique",
    "tags",
    "use_when",
    "avoid_when",
    "source",
    "language",
)
"""What a prompt says of itself in words: names, and when it is for what."""
