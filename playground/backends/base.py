"""What every backend can do, and the one way to turn its stream into a Completion.

    async for chunk in backend.stream(request): ...

A stream that ends by itself says so with `finish` in its last chunk; one that breaks raises BackendError;
one that is left (task cancelled, generator closed) stops the work on the server.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from operator import attrgetter
from typing import Literal, Protocol, runtime_checkable

from playground.backends.tokens import UNFIT, aligned, spell
from playground.types.generation import (
    Chunk,
    Completion,
    Finish,
    GenerationRequest,
    Message,
    RenderedChat,
    TokenLogprob,
)
from playground.types.prompt import Sampling
from playground.types.servers import Graphics, Health, LoadedModel, ModelInfo, Progress, ServerMetrics

Ability = Literal["schema", "log-probs", "images", "raw text", "batch"]
"""What a request may ask for that not every backend can do; what needs a method of its own is a protocol below."""


class Backend(Protocol):
    """A source of answers. Further abilities are separate small protocols below."""

    name: str

    @property
    def abilities(self) -> frozenset[Ability]:
        """What requests may ask of it; the rest it names in the `ignored` of its chunks, or refuses."""
        ...

    @property
    def parallel(self) -> int:
        """Answers to ask for at the same time; further ones wait here."""
        ...

    async def models(self) -> list[ModelInfo]:
        """Models that can be chosen now; empty when the backend does not answer."""
        ...

    def stream(self, request: GenerationRequest) -> AsyncIterator[Chunk]:
        """Chunks of one answer; raises BackendError. Closing the iterator stops the server's work."""
        ...

    async def health(self) -> Health:
        """Whether it answers, without starting anything expensive."""
        ...

    async def close(self) -> None:
        """Release processes and connections; further calls are an error."""
        ...


@runtime_checkable
class RendersChat(Protocol):
    """A backend that can show the exact text and tokens a model would receive."""

    async def render_chat(self, model: str, messages: Sequence[Message]) -> RenderedChat:
        """Text after the chat template with its token ids, nothing generated."""
        ...


@runtime_checkable
class PutsOff(Protocol):
    """A backend that takes more than `parallel` calls, and puts off those of the background for what somebody waits for."""

    @property
    def puts_off(self) -> bool:
        """Whether it does so now."""
        ...


@runtime_checkable
class CountsTokens(Protocol):
    """A backend that can count tokens of plain text."""

    async def count_tokens(self, model: str, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without template and special tokens."""
        ...


@runtime_checkable
class WarmsUp(Protocol):
    """A backend that can load a model before it is asked for."""

    async def warm_up(self, model: str) -> None:
        """Load the model; returns when it is ready, harmless to call often."""
        ...


@runtime_checkable
class TellsFacts(Protocol):
    """A backend inside this program that says what it is made of."""

    def facts(self) -> tuple[str, list[str]]:
        """Version of its library, and sentences about this machine; may read files."""
        ...


@runtime_checkable
class TellsGraphics(Protocol):
    """A backend inside this program that can compute on graphics processors."""

    async def graphics(self) -> Graphics | None:
        """The devices and what of its models goes there; None where its library computes on the processor only."""
        ...


@runtime_checkable
class HoldsModels(Protocol):
    """A backend inside this program that knows which of its models are in memory."""

    def in_memory(self) -> list[LoadedModel]:
        """They, the last used first; asks nobody."""
        ...


@runtime_checkable
class ManagesModels(Protocol):
    """A server whose models can be fetched, made, unloaded and deleted from here. Leaving an iterator cancels the task."""

    def pull(self, name: str) -> AsyncIterator[Progress]:
        """Fetch a model from the server's registry, layer by layer."""
        ...

    def create(
        self, name: str, base: str, messages: Sequence[Message], sampling: Sampling | None = None
    ) -> AsyncIterator[Progress]:
        """Make a model from another one, with a prompt and sampling values built in."""
        ...

    async def delete(self, model: str) -> None:
        """Remove a model from the server's disk."""
        ...

    async def unload(self, model: str) -> None:
        """Remove a model from the server's memory."""
        ...

    async def installed(self) -> list[ModelInfo]:
        """Every model the server has, those that cannot chat too; raises BackendError."""
        ...

    async def loaded(self) -> list[LoadedModel]:
        """What is in memory now; raises BackendError."""
        ...


@runtime_checkable
class ReportsMetrics(Protocol):
    """A server that tells how busy it is."""

    async def metrics(self) -> ServerMetrics:
        """Load and rates; raises BackendError."""
        ...


@runtime_checkable
class Embeds(Protocol):
    """A backend that can turn texts into vectors."""

    async def embed(self, model: str, texts: Sequence[str]) -> list[list[float]]:
        """One vector of length 1 per text; raises BackendError."""
        ...


@runtime_checkable
class ScoresText(Protocol):
    """A backend that can say how likely a given text is after a prompt."""

    async def score_text(
        self, model: str, prompt: str, continuations: Sequence[str]
    ) -> list[list[TokenLogprob]]:
        """The tokens of each continuation with their log-probabilities; plain text, no chat template."""
        ...


_KEPT = tuple(f.name for f in fields(Chunk) if f.name not in ("text", "reasoning", "logprobs", "rethought"))
"""What the last chunk that tells it decides; the others are put together."""
_TOLD = attrgetter(*_KEPT)
_NOTHING_TOLD = _TOLD(Chunk())


@dataclass(slots=True)
class Fold:
    """Gathers chunks into a Completion and measures time from its creation (or `started`)."""

    clock: Callable[[], float] = time.perf_counter
    started: float | None = None
    first_token_s: float | None = None
    finish: Finish | None = None
    _text: list[str] = field(default_factory=list)
    _reasoning: list[str] = field(default_factory=list)
    _logprobs: list[TokenLogprob] = field(default_factory=list)
    _last: Chunk = Chunk()

    def __post_init__(self) -> None:
        if self.started is None:
            self.started = self.clock()

    def add(self, chunk: Chunk) -> None:
        """Take one chunk; later non-empty fields replace earlier ones, text is appended."""
        if self.first_token_s is None and (chunk.text or chunk.reasoning):
            self.first_token_s = self.elapsed_s()
        if chunk.rethought:
            self._reasoning += self._text
            self._text = []
        self._text.append(chunk.text)
        self._reasoning.append(chunk.reasoning)
        self._logprobs += chunk.logprobs
        if (told := _TOLD(chunk)) != _NOTHING_TOLD:
            known = {name: value for name, value in zip(_KEPT, told, strict=True) if value not in (None, ())}
            self._last = replace(self._last, **known)
        if chunk.finish is not None:
            self.finish = chunk.finish

    def restart(self) -> None:
        """Measure from now on."""
        self.started = self.clock()

    def elapsed_s(self) -> float:
        """Seconds since the request was sent."""
        assert self.started is not None
        return self.clock() - self.started

    @property
    def text(self) -> str:
        """The answer so far."""
        if len(self._text) > 1:
            self._text = ["".join(self._text)]
        return self._text[0] if self._text else ""

    @property
    def is_settled(self) -> bool:
        """Whether the text is answer for all that is known: the prompt opened no thoughts, or they have come before."""
        return self._last.rendered_prompt is not None or any(self._reasoning)

    def completion(self, finish: Finish | None = None) -> Completion:
        """The answer with its measurements; `finish` overrides what the stream said.

        A stream that stopped without saying why counts as "aborted", never as a success.
        """
        last, reasoning = self._last, "".join(self._reasoning)
        logprobs, ignored = aligned(self._logprobs, self.text, reasoning), last.ignored
        if logprobs is None:  # without thoughts among them they may still be looked at
            logprobs, ignored = () if reasoning else tuple(spell(self._logprobs)), (*ignored, UNFIT)
        return Completion(
            text=self.text,
            reasoning=reasoning,
            finish=finish or self.finish or "aborted",
            prompt_tokens=last.prompt_tokens,
            completion_tokens=last.completion_tokens,
            cached_tokens=last.cached_tokens,
            context_tokens=last.context_tokens,
            first_token_s=self.first_token_s,
            total_s=self.elapsed_s(),
            rendered_prompt=last.rendered_prompt,
            model_digest=last.model_digest,
            backend_version=last.backend_version,
            mode=last.mode,
            ignored=ignored,
            logprobs=logprobs,
        )


async def complete(backend: Backend, request: GenerationRequest) -> Completion:
    """The whole answer of one request: the same path as streaming, folded."""
    fold = Fold()
    async for chunk in backend.stream(request):
        fold.add(chunk)
    return fold.completion()
