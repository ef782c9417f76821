"""What backends tell of themselves: models, health, load."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


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
class OnGraphics:
    """A model's share of the graphics processors: the layers that go there, of how many.

    `wanted` is what was chosen for it (-1: all that fit), None where the settings decide.
    """

    layers: int
    of: int
    wanted: int | None = None


@dataclass(frozen=True, slots=True)
class Graphics:
    """The graphics processors of this machine as a backend sees them: a sentence each, and its models' shares by their ids.

    `problem` says why they are not used although the library was built for them, `hint` what to do.
    """

    devices: tuple[str, ...] = ()
    models: Mapping[str, OnGraphics] = field(default_factory=dict)
    problem: str = ""
    hint: str = ""


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
