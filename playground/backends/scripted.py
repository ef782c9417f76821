"""A backend that plays back answers it was given: for tests, demonstrations and measurements without a model.

    ScriptedBackend({"echo": "{last}", "slow": ["one ", 0.5, "two"]})

A script is a text (sent word by word) or a list of texts, pauses in seconds and exceptions, in order.
`{last}` stands for the last message of the request.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from playground.backends.base import Ability
from playground.errors import BackendError, ContextOverflow
from playground.types.generation import Chunk, GenerationRequest, Message, RenderedChat
from playground.types.servers import Health, ModelInfo

Script = str | Sequence[str | float | Exception | Chunk]


class ScriptedBackend:
    """Plays `scripts[model name]`: texts, pauses in seconds, errors, whole chunks. Counts words as tokens."""

    name = "scripted"
    parallel = 64
    abilities: frozenset[Ability] = frozenset()

    def __init__(self, scripts: Mapping[str, Script] | object = None, context_tokens: int = 4096) -> None:
        self.scripts: Mapping[str, Script] = scripts if isinstance(scripts, Mapping) else {"echo": "{last}"}
        self.context_tokens = context_tokens
        self.running = 0
        self.requests: list[GenerationRequest] = []

    async def models(self) -> list[ModelInfo]:
        """One model a script."""
        return [
            ModelInfo(f"{self.name}:{name}", self.name, name, "scripted answers", self.context_tokens)
            for name in self.scripts
        ]

    async def stream(self, request: GenerationRequest) -> AsyncIterator[Chunk]:
        """The script's pieces; an exception in the script is raised when its turn comes."""
        name = request.model.partition(":")[2]
        if name not in self.scripts:
            raise BackendError(f'The scripted backend has no model "{name}".', "Choose another model.")
        prompt = await self.render_chat(request.model, request.messages)
        if len(prompt.tokens) >= self.context_tokens:
            raise ContextOverflow(len(prompt.tokens), self.context_tokens)
        self.requests.append(request)
        self.running += 1
        written = 0
        finish: Any = "stop"
        try:
            for piece in self._pieces(name, request):
                if isinstance(piece, Exception):
                    raise piece
                if isinstance(piece, float | int):
                    await asyncio.sleep(piece)
                    continue
                await asyncio.sleep(0)
                if isinstance(piece, Chunk):
                    yield piece
                    continue
                written += 1
                yield Chunk(text=piece)
                if written >= request.sampling.max_tokens:
                    finish = "length"
                    break
            yield Chunk(
                finish=finish,
                prompt_tokens=len(prompt.tokens),
                completion_tokens=written,
                context_tokens=self.context_tokens,
                rendered_prompt=prompt.text,
                backend_version="scripted",
            )
        finally:
            self.running -= 1

    def _pieces(self, name: str, request: GenerationRequest) -> Sequence[str | float | Exception | Chunk]:
        script = self.scripts[name]
        if not isinstance(script, str):
            return script
        last = request.messages[-1].content if request.messages else ""
        return re.findall(r"\s*\S+|\s+$", script.replace("{last}", last))

    async def render_chat(self, model: str, messages: Sequence[Message]) -> RenderedChat:
        """Roles in angle brackets, one message a line."""
        text = "".join(f"<{m.role}>{m.content}\n" for m in messages) + "<assistant>"
        return RenderedChat(text, tuple(range(len(text.split()))), self.context_tokens)

    async def count_tokens(self, model: str, texts: Sequence[str]) -> list[int]:
        """Words of each text."""
        return [len(text.split()) for text in texts]

    async def health(self) -> Health:
        """Always well."""
        return Health(True, f"{len(self.scripts)} scripts")

    async def close(self) -> None:
        """Nothing to release."""
