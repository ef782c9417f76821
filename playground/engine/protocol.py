"""What parent and engine process say to each other: one JSON object a line, UTF-8, over the child's pipes.

    → {"type": "generate", "id": 7, "model": "/m/a.gguf", "messages": [["user", "Hi"]], …}
    ← {"type": "started", "id": 7, "prompt_tokens": 31, "context_tokens": 8192, …}
    ← {"type": "piece", "id": 7, "text": "Hel"}
    ← {"type": "done", "id": 7, "finish": "stop", "completion_tokens": 12, …}

Each message is a frozen dataclass below; its fields are exactly the keys of the line. `decode` refuses a line with
a missing, unknown or wrongly typed key. After `generate` come `started`, any number of `piece`, then exactly one
`done`; or exactly one `failed` at any point. A cancelled request gets `done` with finish "cancelled". `alive` comes in between, while there is work.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from typing import Any, get_args, get_origin, get_type_hints

Scored = list[Any]
"""A token with its log-probability and the best alternatives: [text, logprob, [[text, logprob], …], raw].

Texts joined are the answer (with a stop string at its end); `raw` is the token's bytes in hexadecimal where its text is not
the whole of them: the last token of a character shows it, the ones before are empty.
"""

TAKES_TURNS = "answers take turns"
"""The remark on an exact answer of a model whose bits company might change."""


class ProtocolError(ValueError):
    """A line that is not a message of this protocol."""


# --- parent → child -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Configure:
    """First message: limits that hold for the life of the process.

    `parallel` sequences per model, `context_tokens` the window asked for, `memory_mb` (10^6 bytes) for all loaded
    models together, `gpu_memory_mb` likewise on graphics processors (0: what is free there), `threads` of the compute pool; with `yields` shared calls take fewer while others want the cores.
    Signs of life come about every `sign_s` seconds.
    """

    threads: int
    yields: bool
    parallel: int
    context_tokens: int
    memory_mb: int
    sign_s: float = 1.0
    gpu_memory_mb: int = 0


@dataclass(frozen=True, slots=True)
class Generate:
    """Answer `messages` ([role, content] pairs), or continue `raw_prompt` when there is one.

    `mode` is "exact" or "throughput". `digest` is the file's SHA-256 when the parent knows it, else "". The answer keeps to
    `grammar` (GBNF) or `json_schema` (JSON text). `top_logprobs` asks for log-probabilities with so many alternatives.
    `adapter` is the path of a LoRA in the GGUF format. `images`, base64, stand before the text of the last user message; the
    GGUF file `projector` turns them into tokens. Requests of one `family` (a word; "" is none) with the same prompt read it once.
    `gpu_layers` of the model are wanted on graphics processors: a number, or -1 for all that fit; `gpu_batches` is for them.
    `batches` says that company changes no bit of this model's answers here; one of the `background` makes room for others.
    """

    id: int
    model: str
    extra_buffers: bool
    digest: str
    mode: str
    messages: list[list[str]]
    temperature: float
    top_p: float
    top_k: int
    min_p: float
    repetition_penalty: float
    presence_penalty: float
    frequency_penalty: float
    seed: int
    max_tokens: int
    stop: list[str]
    raw_prompt: str | None = None
    thinking: bool = False
    grammar: str | None = None
    json_schema: str | None = None
    top_logprobs: int | None = None
    ignore_eos: bool = False
    adapter: str | None = None
    adapter_scale: float = 1.0
    images: list[str] = field(default_factory=list)
    projector: str = ""
    family: str = ""
    gpu_layers: int = 0
    gpu_batches: bool = False
    batches: bool = False
    background: bool = False


@dataclass(frozen=True, slots=True)
class Warm:
    """Load a model, so that the next request need not wait; answered by `warmed`."""

    id: int
    model: str
    extra_buffers: bool
    digest: str
    gpu_layers: int = 0


@dataclass(frozen=True, slots=True)
class Cancel:
    """Stop the request `id`; nothing happens when it has already ended."""

    id: int


@dataclass(frozen=True, slots=True)
class Render:
    """Apply the chat template of `model`; answered by `rendered`."""

    id: int
    model: str
    messages: list[list[str]]


@dataclass(frozen=True, slots=True)
class Count:
    """Count the tokens of plain `texts`; answered by `counted`."""

    id: int
    model: str
    texts: list[str]


@dataclass(frozen=True, slots=True)
class Embed:
    """A vector for each of the plain `texts`; answered by `embedded`."""

    id: int
    model: str
    extra_buffers: bool
    digest: str
    texts: list[str]
    gpu_layers: int = 0


@dataclass(frozen=True, slots=True)
class ScoreTexts:
    """Log-probabilities of each of the `continuations` after `prompt`, all plain text; answered by `textsscored`."""

    id: int
    model: str
    extra_buffers: bool
    digest: str
    prompt: str
    continuations: list[str]
    gpu_layers: int = 0


# --- child → parent -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Started:
    """The prompt is prepared and waits for its turn: what was rendered, how long it is, what was not honoured.

    `device` names the graphics processor with its share of the layers; empty where there is none.
    """

    id: int
    prompt_tokens: int
    context_tokens: int
    rendered_prompt: str
    mode: str
    version: str
    ignored: list[str]
    device: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """The next piece of the answer: whole characters, never a part of a stop string; scores of the tokens so far."""

    id: int
    text: str
    logprobs: list[Scored] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Warmed:
    """The model is loaded. `digest` is the file's SHA-256 when it is known already, else ""."""

    id: int
    digest: str


@dataclass(frozen=True, slots=True)
class Done:
    """The end of an answer. `finish` is "stop", "length" or "cancelled"; `digest` is "" while it is not known yet."""

    id: int
    finish: str
    completion_tokens: int
    cached_tokens: int
    digest: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """The exact text after the chat template with its token ids."""

    id: int
    text: str
    tokens: list[int]
    context_tokens: int


@dataclass(frozen=True, slots=True)
class Counted:
    """The number of tokens of each text, in order."""

    id: int
    counts: list[int]


@dataclass(frozen=True, slots=True)
class Embedded:
    """One vector of length 1 per text."""

    id: int
    vectors: list[list[float]]


@dataclass(frozen=True, slots=True)
class TextsScored:
    """The tokens of each continuation, scored."""

    id: int
    scores: list[list[Scored]]


@dataclass(frozen=True, slots=True)
class Failed:
    """The request ended with an error. For kind "overflow" both numbers are set, otherwise they are 0."""

    id: int
    kind: str
    message: str
    hint: str
    prompt_tokens: int = 0
    context_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Alive:
    """The main loop has done a step, or a file is being loaded and has come further; about once a second, and after a Cancel."""


NeedsModel = Generate | Warm | Embed | ScoreTexts
"""Requests that wait until their model is loaded."""
ToChild = Configure | NeedsModel | Cancel | Render | Count
FromChild = Started | Piece | Done | Warmed | Rendered | Counted | Embedded | TextsScored | Failed | Alive
Message = ToChild | FromChild

_TYPES: dict[str, type[Any]] = {t.__name__.lower(): t for t in (*get_args(ToChild), *get_args(FromChild))}
_HINTS: dict[str, dict[str, Any]] = {name: get_type_hints(kind) for name, kind in _TYPES.items()}


def encode(message: Message) -> bytes:
    """Line of a message, with its newline; pure ASCII, so that no byte of a text can end a line."""
    line: dict[str, Any] = {"type": type(message).__name__.lower()}
    line.update((f.name, getattr(message, f.name)) for f in fields(message))
    return json.dumps(line, separators=(",", ":")).encode() + b"\n"


def decode(line: bytes) -> Message:
    """Message of a line; raises ProtocolError naming what is wrong."""
    try:
        value = json.loads(line)
    except ValueError as exc:
        raise ProtocolError(f"not JSON: {line[:80]!r}") from exc
    if not isinstance(value, dict):
        raise ProtocolError(f"not an object: {line[:80]!r}")
    name = value.pop("type", None)
    hints = _HINTS.get(name) if isinstance(name, str) else None
    if hints is None:
        raise ProtocolError(f"unknown message type {name!r}")
    if value.keys() != hints.keys():
        wrong = sorted(value.keys() ^ hints.keys())
        raise ProtocolError(f"{name}: missing or unknown keys {', '.join(wrong)}")
    for key, hint in hints.items():
        if not _fits(value[key], hint):
            raise ProtocolError(f"{name}.{key}: expected {hint}, got {type(value[key]).__name__}")
    message: Message = _TYPES[str(name)](**value)
    return message


def _fits(value: object, hint: Any) -> bool:
    """Whether a JSON value has the type of a field; an int passes for a float, a bool never for a number."""
    if hint is Any:
        return True
    if type(None) in get_args(hint):
        return value is None or _fits(value, get_args(hint)[0])
    if get_origin(hint) is list:
        return isinstance(value, list) and all(_fits(item, get_args(hint)[0]) for item in value)
    if hint is bool or isinstance(value, bool):
        return hint is bool and isinstance(value, bool)
    return isinstance(value, (int, float) if hint is float else hint)
