"""The models and servers that can be asked now: chosen, warmed up, added, removed.

await desk.all()   → every model of every backend that answers
await desk.add_server("gpu box", "vllm", "https://gpu.example.org/v1", key="…")
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from functools import partial

from playground.backends import added_backends, make_backend, rows
from playground.backends import servers as known_servers
from playground.backends.base import Backend, ManagesModels, PutsOff, WarmsUp
from playground.backends.bounds import Bound
from playground.backends.inventory import Inventory
from playground.backends.managed_vllm import Managed, parse_arguments, require_vllm, serve
from playground.backends.remote import RemoteBackend
from playground.endings import ended
from playground.errors import BackendError, NotFoundError, PlaygroundError, SettingsError
from playground.jobs import Job, Jobs
from playground.runs.gate import Gate
from playground.settings import Settings
from playground.types.servers import ModelInfo

JOBS_END_S = 20.0
"""A vLLM server of our own needs a while to leave its GPU."""
MODELS_END_S = 15.0


def every_backend(settings: Settings) -> dict[str, Backend]:
    """The backends a person can choose from, by name; nothing is started yet."""
    shipped = {name: make_backend(name, settings) for name in rows() if name != "scripted"}
    return shipped | added_backends(settings)


class ModelDesk:
    """The backends in use, by name, each with so many places for answers at the same time."""

    def __init__(self, settings: Settings, backends: dict[str, Backend]) -> None:
        self.settings = settings
        self.backends = backends
        self.jobs = Jobs()
        self.inventory = Inventory(settings, backends, self._catch_up)
        self._seen: set[str] = set()
        self._background: set[asyncio.Task[None]] = set()
        self.gates = {name: self._gate_of(name) for name in backends}

    async def close(self) -> None:
        """End background work, connections and child processes."""
        for task in self._background:
            task.cancel()
        await ended("jobs", self.jobs.close(), JOBS_END_S)
        closing = (
            ended(f"backend {name}", each.close(), MODELS_END_S) for name, each in self.backends.items()
        )
        await asyncio.gather(*closing)

    # --- models -----------------------------------------------------------------------------------------

    async def all(self) -> list[ModelInfo]:
        """Every model that can be chosen now, in the order of the backends."""
        lists = await asyncio.gather(*(backend.models() for backend in self.backends.values()))
        return [model for models in lists for model in models]

    async def all_or_errors(self) -> tuple[list[ModelInfo], list[PlaygroundError]]:
        """`all()`, with those of servers that take their time; and an error for each that stays silent."""
        await self.all()
        errors: list[PlaygroundError] = []

        async def list_of(backend: Backend) -> list[ModelInfo]:
            try:
                return await models_in_time(backend)
            except PlaygroundError as exc:
                errors.append(exc)
                return []

        lists = await asyncio.gather(*map(list_of, self.backends.values()))
        return [model for models in lists for model in models], errors

    async def find(self, name: str) -> ModelInfo:
        """The model of that id or, when only one matches, of that name; the first one for an empty name.

        An id ("vllm:Qwen/Qwen3-0.6B", "gpu box/Qwen/Qwen3-0.6B") waits for its server, a name that nobody knows for
        all that are silent. Raises BackendError naming a server that does not answer, NotFoundError for no such model.
        """
        name = name.strip()
        if (place := self._place_of(name)) and name[len(place)] == ":":
            return await self._model_at(place, name[len(place) + 1 :])
        models = await self.all()
        errors: list[PlaygroundError] = []
        if not matching(models, name):
            if place:
                return await self._model_at(place, name[len(place) + 1 :])
            models, errors = await self.all_or_errors()
        found = matching(models, name)
        if len(found) == 1:
            return found[0]
        if errors and not found:
            raise errors[0]  # it may have the model
        if not models:
            raise NotFoundError("There is no model.", "Give one with --model FILE.gguf.")
        raise NotFoundError(f'No single model is called "{name}".', _choices(models))

    def _place_of(self, name: str) -> str | None:
        """The backend that an id begins with, the longest name of several."""
        known = [known for known in self.backends if name.startswith((f"{known}:", f"{known}/"))]
        return max(known, key=len, default=None)

    async def _model_at(self, place: str, name: str) -> ModelInfo:
        """A model of that backend; raises BackendError when it does not answer, NotFoundError when it lacks the model."""
        backend = self.backends[place]
        models = await (backend.awaited() if isinstance(backend, RemoteBackend) else backend.models())
        names = (name, f"{name}:latest")  # Ollama's way of leaving the tag out
        for model in models:
            if model.name in names or model.id == f"{place}:{name}":
                return model
        label = backend.label if isinstance(backend, RemoteBackend) else place
        raise NotFoundError(f'{label} has no model "{name}".', _choices(models))

    async def name_at_server(self, name: str) -> str:
        """What the server itself calls a model given by its id, which it must have; another name as it is.

        Raises what `find` raises for an id.
        """
        place = self._place_of(name)
        if place is None or name[len(place)] != ":":
            return name
        return (await self._model_at(place, name[len(place) + 1 :])).name

    def backend_of(self, model: str) -> Backend:
        """The backend that serves a model id; raises BackendError when there is none of that name."""
        name = model.partition(":")[0]
        if name not in self.backends:
            raise BackendError(f'No backend is called "{name}".', "Choose another model for this column.")
        return self.backends[name]

    def warm_up(self, model: str) -> None:
        """Start loading a model in the background, where its backend can; failures show when it is used."""
        backend = self.backends.get(model.partition(":")[0])
        if isinstance(backend, WarmsUp):
            task = asyncio.create_task(_quietly(backend.warm_up(model)))
            self._background.add(task)
            task.add_done_callback(self._background.discard)

    # --- servers ----------------------------------------------------------------------------------------

    async def add_server(self, name: str, kind: str, url: str, key: str = "") -> known_servers.Server:
        """A server by address, at once usable in a column; an empty kind is found out.

        Raises SettingsError for what cannot be a server, and when nothing that serves models answers there.
        """
        kind = kind or await known_servers.kind_at(url, self.settings, key)
        server = await asyncio.to_thread(known_servers.add_server, self.settings, name, kind, url, key)
        await self._renew(server.name)
        return server

    async def remove_server(self, name: str) -> None:
        """Forget an added server and its key; raises NotFoundError."""
        await asyncio.to_thread(known_servers.remove_server, self.settings, name)
        await self._renew(name)

    async def confirm_server(self, name: str) -> None:
        """Let the environment's key for that name go to its address; raises NotFoundError."""
        await asyncio.to_thread(known_servers.confirm_server, self.settings, name)
        await self._renew(name)

    async def set_server_key(self, name: str, key: str) -> None:
        """Keep another key for a server, or none; raises SettingsError, NotFoundError for a name without a server."""
        if name not in self.backends:
            raise NotFoundError(f'No server is called "{name}".', "Look again.")
        await asyncio.to_thread(known_servers.set_key, self.settings, name, key)
        await self._renew(name)

    async def set_parallel(self, name: str, answers: int | None) -> None:
        """Ask a server for so many answers at once, None for as many as is usual; raises SettingsError, NotFoundError."""
        backend = self.backends.get(name)
        if not isinstance(backend, RemoteBackend):
            raise NotFoundError(f'No server is called "{name}".', "Look again.")
        await asyncio.to_thread(backend.keep_bound, None if answers is None else Bound(answers))
        self.gates.setdefault(name, self._gate_of(name)).admit()
        self.inventory.forget()

    def serve_vllm(self, model: str, options: str = "", *, batch_invariant: bool = False) -> Job:
        """Start a vLLM server as a job that ends with this program; its models are columns as soon as it answers.

        Raises SettingsError for options that cannot be meant, and when vLLM is not installed.
        """
        model = model.strip()
        require_vllm()
        managed = Managed(model, parse_arguments(model, options), batch_invariant)
        steps = partial(serve, managed, self.settings, self._renew)
        return self.jobs.start(model, managed.options, steps, subject=managed)

    def manager(self, name: str) -> ManagesModels:
        """The backend of that name, whose models can be fetched, made and deleted; raises BackendError for others."""
        backend = self.backends.get(name)
        if not isinstance(backend, ManagesModels):
            raise BackendError(f'"{name}" does not manage models.', "Choose an Ollama server.")
        return backend

    async def managers(self) -> list[str]:
        """Names of the servers that manage models and answer now."""
        names = [name for name, backend in self.backends.items() if isinstance(backend, ManagesModels)]
        lists = await asyncio.gather(*(self.backends[name].models() for name in names))
        return [name for name, models in zip(names, lists, strict=True) if models]

    async def _catch_up(self) -> None:
        """Take in what another program has added or removed since the last look: `playground server add`, `serve-vllm`."""
        try:
            added = await asyncio.to_thread(known_servers.added_servers, self.settings)
        except SettingsError:
            return  # half written by hand; what is known stays
        now = {server.name: server for server in added}
        gone, self._seen = self._seen - now.keys(), set(now)
        for name in (*now, *gone):
            backend = self.backends.get(name)
            if (backend.server if isinstance(backend, RemoteBackend) else None) != now.get(name):
                await self._renew(name)

    def _gate_of(self, name: str) -> Gate:
        """Places at the backend of that name as it is now: a renewed or wiser one has its own number."""

        def preempts() -> bool:
            backend = self.backends.get(name)
            return isinstance(backend, PutsOff) and backend.puts_off

        return Gate(lambda: self.backends[name].parallel if name in self.backends else 1, preempts)

    async def _renew(self, name: str) -> None:
        """Build the backend of that name anew from what is remembered, or drop it; the old one is closed."""
        old = self.backends.pop(name, None) if name not in rows() else self.backends[name]
        fresh = make_backend(name, self.settings) if name in rows() else None
        fresh = fresh or added_backends(self.settings).get(name)
        if fresh is not None:
            self.backends[name] = fresh
            self.gates.setdefault(name, self._gate_of(name)).admit()
        self.inventory.forget()
        if old is not None:
            await old.close()


def matching(models: list[ModelInfo], name: str) -> list[ModelInfo]:
    """The model of that id, else those of that name, two of them at most; the first one for an empty name."""
    if not name:
        return models[:1]
    exact = [model for model in models if model.id == name]
    return exact or [model for model in models if model.name.casefold() == name.casefold()][:2]


async def models_in_time(backend: Backend) -> list[ModelInfo]:
    """The models of a backend; raises BackendError for a server that was silent before and still is."""
    if isinstance(backend, RemoteBackend) and backend.is_silent:
        return await backend.awaited()
    return await backend.models()


def _choices(models: list[ModelInfo]) -> str:
    return f"Models: {', '.join(model.id for model in models) or 'none'}."


async def _quietly(work: Awaitable[None]) -> None:
    with suppress(PlaygroundError):
        await work
