"""What goes to a model and what comes back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from playground.types.prompt import Role, Sampling

Finish = Literal["stop", "length", "refusal", "tool_calls", "cancelled", "error", "aborted"]


Mode = Literal["exact", "throughput"]


"""exact: the answer depends on nothing but its request. throughput: batched also where company may change its last bits."""


OLD_EXACT = {"exact of 0.2": 64, "exact of 0.4": 256}
"""How exact answers of earlier engines are called, and from how many tokens on they summed a prompt in other groups than today."""


def mode_words(mode: str | None, backend_version: str | None, prompt_tokens: int | None = None) -> str:
    """The mode of an answer as it is shown. Receipts of today's engine say after its version how it was batched."""
    version = backend_version or ""
    if mode == "exact" and version.startswith("llama-cpp-python"):
        if "," not in version:
            return "exact of 0.2"
        if "batched, probe" in version and (prompt_tokens or 0) >= OLD_EXACT["exact of 0.4"]:
            return "exact of 0.4"
    return mode or ""


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
    `images`, base64 without a prefix, belong to the last user message. Requests of one `family` (a word; "" is none) are
    samples of one prompt: a backend that can reads it once for all of them, and counts the others' as `cached_tokens`.
    One of the `background` makes room for those that somebody waits for, where a backend can.
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
    family: str = ""
    background: bool = False


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
class RenderedChat:
    """The exact text after a model's chat template, with its token ids."""

    text: str
    tokens: tuple[int, ...]
    context_tokens: int
