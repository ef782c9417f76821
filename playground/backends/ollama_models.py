"""Ollama as the keeper of its models: what it has, what is in memory, fetching, making and deleting."""

from __future__ import annotations

import asyncio
import math
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar

from playground.backends.answers import whole_number
from playground.backends.deadlines import Deadline
from playground.backends.http import Patience, imported
from playground.backends.remote import LONGEST_LIST_SECONDS, RemoteBackend, name_of
from playground.backends.servers import Kind, listed
from playground.errors import BackendError, PlaygroundError
from playground.types.generation import Message
from playground.types.prompt import Sampling
from playground.types.servers import LoadedModel, ModelInfo, Progress

if TYPE_CHECKING:
    from ollama import AsyncClient, ProgressResponse

PACKAGE = "playground.backends.ollama_client"
PULL_STALL_SECONDS = 120.0


class OllamaModels(RemoteBackend):
    """The models of a running `ollama serve`."""

    kind: ClassVar[Kind] = "ollama"
    start_hint: ClassVar[str] = "Start it with: ollama serve"

    async def pull(self, name: str) -> AsyncIterator[Progress]:
        """Fetch a model, with bytes per layer; leaving the iterator cancels, and a later pull goes on from there."""
        async with aclosing(self._progress(lambda c: c.pull(name.strip(), stream=True))) as steps:
            async for step in steps:
                yield step

    async def create(
        self, name: str, base: str, messages: Sequence[Message], sampling: Sampling | None = None
    ) -> AsyncIterator[Progress]:
        """Make a model from `base` (id or name) with a prompt built in, every character of it kept (a Modelfile would lose some)."""
        system = "\n\n".join(message.content for message in messages if message.role == "system")
        turns = [{"role": m.role, "content": m.content} for m in messages if m.role != "system"]
        parameters: dict[str, Any] | None = None
        if sampling is not None:
            options = options_of(sampling, None)
            parameters = {key: value for key, value in options.items() if value != []}
        self._listed_at = float("-inf")
        creation = self._progress(
            lambda client: client.create(
                model=name.strip(),
                from_=base.removeprefix(f"{self.name}:"),
                # An empty value would not clear the base model's own: it is left out.
                system=system or None,
                messages=turns or None,
                parameters=parameters,
                stream=True,
            )
        )
        async with aclosing(creation) as steps:
            async for step in steps:
                yield step
        self._listed_at = float("-inf")

    async def delete(self, model: str) -> None:
        """Remove a model from the disk; one in use is unloaded first. Raises BackendError for one that is not there."""
        with suppress(BackendError):
            await self.unload(model)
        await self._asked(lambda client: client.delete(name_of(model)))
        self._known.pop(name_of(model), None)
        self._listed_at = float("-inf")

    async def unload(self, model: str) -> None:
        """Remove a model from memory."""
        await self._asked(lambda client: client.chat(name_of(model), [], keep_alive=0))

    async def warm_up(self, model: str) -> None:
        """Load a model with the window that answers will ask for."""
        name = name_of(model)
        options = {"num_ctx": await self._window_of(name, await self._info(name))}
        body = {"model": name, "messages": [], "shift": False, "stream": False, "options": options}
        await self._one("/api/chat", body, self.settings.first_token_seconds)

    async def show(self, model: str) -> dict[str, Any]:
        """Everything Ollama tells of a model: template, system, parameters, details, model_info, capabilities."""
        return await self._asked(lambda client: client.show(name_of(model)))

    async def embed(self, model: str, texts: Sequence[str]) -> list[list[float]]:
        """One vector of length 1 per text; raises BackendError for a model that does not embed and a text too long for it."""
        name = name_of(model)
        answer = await self._asked(
            lambda client: client.embed(name, list(texts), truncate=False),
            self.settings.first_token_seconds,
        )
        vectors = [[float(number) for number in vector] for vector in answer.get("embeddings") or ()]
        if len(vectors) != len(texts):
            raise BackendError(f"{self.label} sent no vector for each text.", "Choose a model that embeds.")
        return [_of_length_one(vector) for vector in vectors]

    async def loaded(self) -> list[LoadedModel]:
        """What is in memory now."""
        rows = listed(await self._asked(lambda client: client.ps(), timeout_s=5.0), "models")
        return [
            LoadedModel(
                str(row.get("name", "")),
                whole_number(row.get("context_length")),
                whole_number(row.get("size")),
                whole_number(row.get("size_vram")),
            )
            for row in rows
        ]

    async def _list(self) -> list[ModelInfo]:
        # The package's own rows (0.6.3) have no name, no abilities and no window.
        tags, _ = await asyncio.gather(
            self._asked(lambda client: client.list(), LONGEST_LIST_SECONDS), self._ask_version()
        )
        return [self._row(row) for row in listed(tags, "models") if row.get("name")]

    async def _ask_version(self) -> None:
        version = await self.connection.get("/api/version", timeout_s=LONGEST_LIST_SECONDS)
        if not isinstance(version, dict):
            raise self.connection.unreadable()
        self.version = f"Ollama {version.get('version', '')}".strip()

    def _row(self, row: dict[str, Any]) -> ModelInfo:
        details = row["details"] if isinstance(row.get("details"), dict) else {}
        abilities = row.get("capabilities")
        quantization = _text(details.get("quantization_level"))
        return ModelInfo(
            id=self._model_id(str(row["name"])),
            backend=self.name,
            name=str(row["name"]),
            detail=" ".join(filter(None, (_text(details.get("parameter_size")), quantization))),
            context_tokens=self._own_window(whole_number(details.get("context_length"))),
            size_bytes=whole_number(row.get("size")),
            quantization=quantization,
            capabilities=tuple(map(str, abilities)) if isinstance(abilities, list) else (),
            digest=_text(row.get("digest")) or None,
            trained_tokens=whole_number(details.get("context_length")),
        )

    async def _window_of(self, name: str, info: ModelInfo | None) -> int:
        """The window to ask for: the configured one, never beyond what the model was trained on."""
        if info is not None and info.context_tokens is None:  # an Ollama that does not list it
            with suppress(PlaygroundError):
                facts = (await self.show(info.id)).get("model_info")
                facts = facts if isinstance(facts, dict) else {}
                trained = facts.get(f"{facts.get('general.architecture')}.context_length")
                info = replace(info, context_tokens=self._own_window(whole_number(trained)))
                self._known[name] = info
        return info.context_tokens if info and info.context_tokens else self.settings.context_tokens

    def _own_window(self, trained: int | None) -> int | None:
        return min(self.settings.context_tokens, trained) if trained else None

    # --- calls through the package ------------------------------------------------------------------------

    async def _progress(
        self, begin: Callable[[AsyncClient], Awaitable[AsyncIterator[ProgressResponse]]]
    ) -> AsyncGenerator[Progress, None]:
        """Steps of a long task; raises BackendError for a fault among them and for an end without success."""
        package = await self._package()
        patience = Patience(PULL_STALL_SECONDS, PULL_STALL_SECONDS)
        patience.speaking()
        status = ""
        call = package.Call(self.connection, patience)
        async with call, aclosing(call.steps(begin)) as steps:
            async for step in steps:
                status = step.status or ""
                done = step.completed
                # Zero is left out of Ollama's JSON.
                yield Progress(
                    status, step.digest or "", done if step.total is None else done or 0, step.total
                )
        if status != "success":
            raise BackendError(f"{self.label} stopped before it was done.", "Try again; what is there stays.")

    async def _asked(
        self, ask: Callable[[AsyncClient], Awaitable[object]], timeout_s: float = 30.0
    ) -> dict[str, Any]:
        """What a short call is answered."""
        package = await self._package()
        found: dict[str, Any] = await package.Call(self.connection, Patience(timeout_s, timeout_s)).asked(ask)
        return found

    async def _one(self, path: str, body: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        """The answer to a request that is not streamed, as it came."""
        package = await self._package()
        call = package.Call(self.connection, Patience(timeout_s, timeout_s))
        async with call, aclosing(call.answer(path, body)) as parts:
            async for _ in parts:
                pass
        found: dict[str, Any] = call.part
        return found

    async def _package(self) -> ModuleType:
        """What stands on Ollama's own client, imported when it is needed."""
        return await imported(PACKAGE)

    async def _prepare(self, seconds: float) -> None:
        """A server that does not answer costs no import of its client; the import costs the server no time."""
        await super()._prepare(seconds)
        if PACKAGE not in sys.modules and self.server.url:
            async with Deadline(seconds):
                await self._ask_version()
            await self._package()


def options_of(sampling: Sampling, window: int | None) -> dict[str, Any]:
    """Every sampling option by name, so that neither Ollama nor the model's own parameters fill one in."""
    options: dict[str, Any] = {
        "temperature": sampling.temperature,
        "top_k": sampling.top_k,
        "top_p": sampling.top_p,
        "min_p": sampling.min_p,
        "typical_p": 1.0,
        "repeat_penalty": sampling.repetition_penalty,
        "repeat_last_n": 64,
        "presence_penalty": sampling.presence_penalty,
        "frequency_penalty": sampling.frequency_penalty,
        "num_predict": sampling.max_tokens,
        "stop": list(sampling.stop),
    }
    if sampling.seed is not None:
        options["seed"] = sampling.seed
    if window is not None:
        options["num_ctx"] = window
    return options


def _of_length_one(vector: list[float]) -> list[float]:
    length = math.sqrt(sum(number * number for number in vector))
    return [number / length for number in vector] if length else vector


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
