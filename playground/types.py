"""The values that travel between the parts. Frozen, without behaviour.

Values that cross a boundary (file, form, HTTP, database) are pydantic and refuse unknown keys; values that
stay inside are frozen dataclasses.

    Prompt ─render→ Message… ─GenerationRequest→ Chunk… ─fold→ Completion ─scorers→ Score
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_serializer

Role = Literal["system", "user", "assistant"]
Finish = Literal["stop", "length", "refusal", "tool_calls", "cancelled", "error", "aborted"]
CellStatus = Literal["pending", "running", "done", "cancelled", "error", "interrupted"]
InputKind = Literal["text", "long_text", "number", "choice", "boolean", "examples", "object", "list"]
Choice = Literal["column", "tie", "all_bad"]
Mode = Literal["exact", "throughput"]
"""exact: the answer depends on nothing but its request; throughput: batched with others, sums may round differently."""


class Value(BaseModel):
    """A frozen value that refuses unknown keys: the base of everything that crosses a boundary."""

    model_config = ConfigDict(frozen=True, extra="forbid")


# --- what a person writes -------------------------------------------------------------------------------


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
    """One row of a prompt's checks: a scorer by name, its options, negated or not, with a weight > 0."""

    scorer: str
    options: dict[str, Any] = {}
    negate: bool = False
    weight: Annotated[float, Field(gt=0, le=1000)] = 1.0


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


class Prompt(Value):
    """A prompt with its variables and checks: what a version freezes and a `.prompty` file holds.

    `name` is what people read, `name_zh` and `description_zh` the same in simplified Chinese. `cases` are rows of
    values to try it with; a key that is no variable (`expected`) is for the checks, whose options may name it.
    `metadata` keeps further front-matter keys of an imported file.
    """

    name: str = ""
    description: str = ""
    name_zh: str = ""
    description_zh: str = ""
    turns: tuple[Turn, ...] = ()
    inputs: tuple[Input, ...] = ()
    checks: tuple[Check, ...] = ()
    sampling: Sampling | None = None
    output_schema: dict[str, Any] | None = None
    family: str = ""
    technique: str = ""
    tags: tuple[str, ...] = ()
    use_when: str = ""
    avoid_when: str = ""
    source: str = ""
    cases: tuple[dict[str, Any], ...] = ()
    metadata: dict[str, Any] = {}

    @field_serializer("sampling")
    def _stated(self, sampling: Sampling | None) -> dict[str, Any] | None:
        return None if sampling is None else sampling.model_dump(exclude_unset=True)


class Column(Value):
    """One column of a comparison: a model, its sampling, and its own variant of the prompt or None.

    `thinking` lets a model reason before it answers; `top_logprobs` keeps the probabilities of its tokens with so
    many alternatives.
    """

    model: str
    sampling: Sampling = Sampling()
    prompt: Prompt | None = None
    thinking: bool = False
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None


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


# --- what goes to a model and comes back ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Message:
    """One rendered message, exactly as it is handed to the chat template."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """A token of an answer with its natural log-probability and the best alternatives, most likely first.

    Of the raw distribution, before temperature and truncation. The tokens of an answer joined are its text: of those
    that make up one character the last shows it, the others are empty, and `raw` (hexadecimal) tells their bytes.
    """

    token: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()
    raw: str = ""


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """One call. `model` is a `ModelInfo.id`; `sampling.seed` is already drawn.

    `json_schema` is a JSON schema as JSON text that the answer must match; `top_logprobs` asks for log-probabilities
    with so many alternatives (0 to 20); `raw_prompt` is text to send as it is, in place of the messages.
    `images`, base64 without a prefix, belong to the last user message.
    """

    model: str
    messages: tuple[Message, ...]
    sampling: Sampling
    mode: Mode = "exact"
    json_schema: str | None = None
    top_logprobs: int | None = None
    thinking: bool = False
    raw_prompt: str | None = None
    images: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of an answer. Text arrives piecewise; every other field is set when it becomes known.

    `rethought` says that all text before this chunk was thought, not answer. Log-probabilities may cover more than the
    answer; `Fold` keeps those of its text.
    The last chunk of a stream that ended by itself carries `finish`.
    """

    text: str = ""
    reasoning: str = ""
    finish: Finish | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    context_tokens: int | None = None
    rendered_prompt: str | None = None
    model_digest: str | None = None
    backend_version: str | None = None
    mode: str | None = None
    ignored: tuple[str, ...] = ()
    logprobs: tuple[TokenLogprob, ...] = ()
    rethought: bool = False


@dataclass(frozen=True, slots=True)
class Completion:
    """A whole answer with its measurements; None means the backend did not tell.

    `first_token_s` and `total_s` are seconds on the caller's clock from the moment the request was sent.
    `ignored` names every setting that this backend did not honour, one short phrase each.
    """

    text: str
    finish: Finish
    reasoning: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    context_tokens: int | None = None
    first_token_s: float | None = None
    total_s: float = 0.0
    rendered_prompt: str | None = None
    model_digest: str | None = None
    backend_version: str | None = None
    mode: str | None = None
    ignored: tuple[str, ...] = ()
    logprobs: tuple[TokenLogprob, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model that can be chosen. `id` is `backend:name` and is what runs store.

    `capabilities` are the server's words (completion, vision, tools, thinking, embedding); empty when it does not tell.
    `context_tokens` is the window it gets here, `trained_tokens` the one it was trained on.
    """

    id: str
    backend: str
    name: str
    detail: str = ""
    context_tokens: int | None = None
    size_bytes: int | None = None
    quantization: str = ""
    capabilities: tuple[str, ...] = ()
    digest: str | None = None
    trained_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """Whether a backend answers; `hint` says what to do when it does not."""

    ok: bool
    detail: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model that is in a server's memory now, with the context window in force."""

    name: str
    context_tokens: int | None = None
    size_bytes: int | None = None
    gpu_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """A step of a long task on a server; with a `layer`, so many of its bytes are there."""

    status: str
    layer: str = ""
    done_bytes: int | None = None
    total_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class ServerMetrics:
    """Load of a server; shares are 0..1, rates need a second look and are None at the first."""

    running: int | None = None
    waiting: int | None = None
    kv_cache_use: float | None = None
    prefix_hit_rate: float | None = None
    tokens_per_s: float | None = None


@dataclass(frozen=True, slots=True)
class RenderedChat:
    """The exact text after a model's chat template, with its token ids."""

    text: str
    tokens: tuple[int, ...]
    context_tokens: int


# --- what is said about an answer -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sample:
    """What a scorer looks at: the answer, how it ended, and the values of the case (for `{{ }}` in options)."""

    answer: str
    finish: Finish = "stop"
    values: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """A check's verdict: value in 0..1, or None for "does not apply" (never counted as zero).

    `answer` is the text the scorer looked at, `explanation` one sentence why, with the number that failed.
    """

    name: str
    value: float | None
    answer: str
    explanation: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class ExportFile:
    """A file for another tool: its name, media type and text, and what that format cannot hold."""

    name: str
    media_type: str
    text: str
    losses: tuple[str, ...] = ()
