"""The models and servers that can be asked now: chosen, warmed up, added, removed.

await desk.models()   → every model of every backend that answers
await desk.add_server("gpu box", "vllm", "https://gpu.example.org/v1", key="…")
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from functools import partial

from playground.backends import added_backends, make_backend, rows
from playground.backends import servers as known_servers
from playground.backends.addresses import base_url
from playground.backends.base import Backend, ManagesModels, WarmsUp
from playground.errors import BackendError, NotFoundError, PlaygroundError, SettingsError
from playground.inventory import Inventory
from playground.jobs import Job, Jobs
from playground.managed import Managed, parse_arguments, require_vllm, serve
from playground.settings import Settings
from playground.types import ModelInfo


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
        self.inventory = Inventory(settings, backends)
        self._background: set[asyncio.Task[None]] = set()
        self._slots = {name: asyncio.Semaphore(backend.parallel) for name, backend in backends.items()}

    async def close(self) -> None:
        """End background work, connections and child processes."""
        for task in self._background:
            task.cancel()
        await self.jobs.close()
        await asyncio.gather(*(backend.close() for backend in self.backends.values()))

    # --- models -----------------------------------------------------------------------------------------

    async def models(self) -> list[ModelInfo]:
        """Every model that can be chosen now, in the order of the backends."""
        lists = await asyncio.gather(*(backend.models() for backend in self.backends.values()))
        return [model for models in lists for model in models]

    async def find_model(self, name: str) -> ModelInfo:
        """The model of that id or, when only one matches, of that name; the first one for an empty name."""
        models = await self.models()
        exact = [m for m in models if m.id == name]
        found = (
            exact
            or [m for m in models if not name or m.name.casefold() == name.casefold()][: 1 if not name else 2]
        )
        if len(found) == 1:
            return found[0]
        if not models:
            raise NotFoundError("There is no model.", "Give one with --model FILE.gguf.")
        raise NotFoundError(
            f'No single model is called "{name}".', f"Models: {', '.join(m.id for m in models)}."
        )

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
        if not kind:
            address = base_url(url)
            kind = await known_servers.identify(address, self.settings, key=key.strip()) or ""
            if not kind:
                raise SettingsError(
                    f"Nothing that serves models answers at {address}.",
                    "Start the server, or choose its kind to add it as it is.",
                )
        server = await asyncio.to_thread(known_servers.add_server, self.settings, name, kind, url, key)
        await self._renew(server.name)
        return server

    async def remove_server(self, name: str) -> None:
        """Forget an added server and its key; raises NotFoundError."""
        await asyncio.to_thread(known_servers.remove_server, self.settings, name)
        await self._renew(name)

    async def set_server_key(self, name: str, key: str) -> None:
        """Keep another key for a server, or none; raises SettingsError, NotFoundError for a name without a server."""
        if name not in self.backends:
            raise NotFoundError(f'No server is called "{name}".', "Look again.")
        await asyncio.to_thread(known_servers.set_key, self.settings, name, key)
        await self._renew(name)

    def serve_vllm(self, model: str, options: str = "") -> Job:
        """Start a vLLM server as a job that ends with this program; its models are columns as soon as it answers.

        Raises SettingsError for options that cannot be meant, and when vLLM is not installed.
        """
        model = model.strip()
        require_vllm()
        managed = Managed(model, parse_arguments(model, options))
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

    async def _renew(self, name: str) -> None:
        """Build the backend of that name anew from what is remembered, or drop it; the old one is closed."""
        old = self.backends.pop(name, None) if name not in rows() else self.backends[name]
        fresh = make_backend(name, self.settings) if name in rows() else None
        fresh = fresh or added_backends(self.settings).get(name)
        if fresh is not None:
            self.backends[name] = fresh
            self._slots.setdefault(name, asyncio.Semaphore(fresh.parallel))
        self.inventory.forget()
        if old is not None:
            await old.close()


async def _quietly(work: Awaitable[None]) -> None:
    with suppress(PlaygroundError):
        await work
