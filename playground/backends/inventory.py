"""What every backend is and holds now: asked of all of them at once, kept for a moment.

    look = await inventory.look()
    look.places[1]   # Place(name="ollama", label="Ollama", url="http://127.0.0.1:11434", state="answers", models=(…), …)
    look.found       # servers on other usual ports that nobody has added yet

A server that is down costs `PATIENCE_SECONDS` at most, and is no error: it is one of the answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from playground.backends.base import (
    Backend,
    HoldsModels,
    ManagesModels,
    ReportsMetrics,
    TellsFacts,
    TellsGraphics,
)
from playground.backends.bounds import Bound
from playground.backends.remote import RemoteBackend, can_chat
from playground.backends.servers import LABELS, Kind, Server, discover, key_of
from playground.errors import BackendUnavailable, PlaygroundError
from playground.settings import Settings
from playground.types.servers import Graphics, LoadedModel, ModelInfo, ServerMetrics

PATIENCE_SECONDS = 2.5
METRICS_SECONDS = 1.5

_INVARIANT = "batch-invariant: an answer does not depend on those beside it"

PlaceState = Literal["inside", "answers", "absent", "silent", "failing"]
"""inside: in this program. absent: looked for on a usual port and not there. silent: somebody wanted it there and it
does not answer. failing: it answers, but not with its models."""
KeyState = Literal["", "kept", "environment", "withheld"]


@dataclass(frozen=True, slots=True)
class Place:
    """A backend as it is now. `models` are all it has, those that cannot chat too; `problem` is why it is of no use.

    A server is asked for `parallel` answers at once, as many as is usual unless there is a `bound`.
    """

    name: str
    label: str
    state: PlaceState
    kind: Kind | None = None
    url: str = ""
    version: str = ""
    problem: str = ""
    hint: str = ""
    notes: tuple[str, ...] = ()
    models: tuple[ModelInfo, ...] = ()
    loaded: tuple[LoadedModel, ...] = ()
    key: KeyState = ""
    is_added: bool = False
    is_managed: bool = False
    is_measured: bool = False
    parallel: int = 0
    bound: Bound | None = None
    graphics: Graphics | None = None

    @property
    def is_ok(self) -> bool:
        """Whether it can be used."""
        return self.state in ("inside", "answers")

    @property
    def is_wanted(self) -> bool:
        """Whether its absence is worth a word: not that of a server nobody asked for."""
        return self.state != "absent"

    def in_memory(self, model: ModelInfo) -> LoadedModel | None:
        """The model as it is in the server's memory, None when it is not there or the server does not tell."""
        names = {model.name, f"{model.name}:latest"}
        return next((loaded for loaded in self.loaded if loaded.name in names), None)


@dataclass(frozen=True, slots=True)
class Look:
    """All of it at one time (UTC)."""

    at: datetime
    places: tuple[Place, ...]
    found: tuple[Server, ...] = ()

    @property
    def chat_models(self) -> list[ModelInfo]:
        """Models for a column, in the order of the backends."""
        return [model for place in self.places if place.is_ok for model in place.models if can_chat(model)]

    def place(self, name: str) -> Place | None:
        """The backend of that name."""
        return next((place for place in self.places if place.name == name), None)


class Inventory:
    """Looks at backends, which may change between two looks and by `before`. Belongs to one event loop."""

    def __init__(
        self,
        settings: Settings,
        backends: Mapping[str, Backend],
        before: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._before = before
        self._settings = settings
        self._backends = backends
        self._last: tuple[float, Look] | None = None
        self._looking = asyncio.Lock()

    async def look(self, max_age_s: float = 0.0, *, search: bool = True) -> Look:
        """The last look when it is young enough, else a new one; `search` also tries the usual ports."""
        async with self._looking:
            now = asyncio.get_running_loop().time()
            if self._last and now - self._last[0] <= max_age_s:
                return self._last[1]
            if self._before is not None:
                await self._before()
            places, found = await asyncio.gather(
                asyncio.gather(*(self._place(backend) for backend in list(self._backends.values()))),
                self._search() if search else _nothing(),
            )
            look = _without_doubles(Look(datetime.now(UTC), tuple(places), found))
            if search:
                self._last = (asyncio.get_running_loop().time(), look)
            return look

    async def metrics(self) -> dict[str, ServerMetrics]:
        """Load of the servers that report one and answered at the last look, by name."""
        places = self._last[1].places if self._last else ()
        names = [place.name for place in places if place.is_ok and place.is_measured]
        rows = await asyncio.gather(*(_metrics(self._backends.get(name)) for name in names))
        return dict(zip(names, rows, strict=True))

    def forget(self) -> None:
        """Something has changed: the next look is a new one."""
        self._last = None

    async def _search(self) -> tuple[Server, ...]:
        try:
            return tuple(await discover(self._settings))
        except PlaygroundError:
            return ()  # an address in the settings that is none; its own row tells

    async def _place(self, backend: Backend) -> Place:
        if isinstance(backend, RemoteBackend):
            return await self._server(backend)
        health = await backend.health()
        place = Place(backend.name, backend.name, "inside" if health.ok else "failing")
        if not health.ok:
            return replace(place, problem=health.detail, hint=health.hint)
        models = tuple(await backend.models())
        version, notes = "", list[str]()
        if isinstance(backend, TellsFacts):
            version, notes = await asyncio.to_thread(backend.facts)
        graphics = await backend.graphics() if isinstance(backend, TellsGraphics) else None
        loaded = tuple(backend.in_memory()) if isinstance(backend, HoldsModels) else ()
        seen = replace(place, models=models, version=version, notes=tuple(notes))
        return replace(seen, loaded=loaded, graphics=graphics)

    async def _server(self, backend: RemoteBackend) -> Place:
        server = backend.server
        place = Place(
            backend.name,
            backend.label,
            "answers",
            kind=server.kind,
            url=server.url,
            key=self._key_state(server),
            is_added=not server.found,
            is_managed=isinstance(backend, ManagesModels),
            is_measured=isinstance(backend, ReportsMetrics),
            parallel=backend.parallel,
            bound=backend.bound,
            notes=(_INVARIANT,) if server.batch_invariant else (),
        )
        if not server.url:
            return replace(place, state="absent")
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                models = await backend.installed()
                loaded = await backend.loaded() if isinstance(backend, ManagesModels) else []
        except BackendUnavailable as exc:
            state: PlaceState = "silent" if self._was_asked_for(server) else "absent"
            return replace(place, state=state, problem=exc.message, hint=exc.hint)
        except TimeoutError:
            problem = f"{backend.label} has not answered within {PATIENCE_SECONDS:g} s at {server.url}."
            return replace(place, state="silent", problem=problem, hint="Look again, or look into its log.")
        except PlaygroundError as exc:
            return replace(place, state="failing", problem=exc.message, hint=exc.hint)
        version = backend.version.removeprefix(LABELS[server.kind]).strip()
        return replace(
            place,
            version=version,
            models=tuple(models),
            loaded=tuple(loaded),
            parallel=backend.parallel,  # llama-server tells its own with its models
        )

    def _key_state(self, server: Server) -> KeyState:
        here = bool(self._settings.server_key(server.name))
        if here and server.confirmed:
            return "environment"
        with suppress(PlaygroundError):
            if key_of(self._settings, server.name, confirmed=False):
                return "kept"
        return "withheld" if here else ""

    def _was_asked_for(self, server: Server) -> bool:
        """Whether a person added the server or gave its address in the settings."""
        field = f"{server.kind.replace('-', '_')}_url"
        return not server.found or field in self._settings.model_fields_set


async def _nothing() -> tuple[Server, ...]:
    return ()


async def _metrics(backend: Backend | None) -> ServerMetrics:
    """The load of a server; nothing is known of one that does not tell it now."""
    with suppress(PlaygroundError, TimeoutError):
        async with asyncio.timeout(METRICS_SECONDS):
            return await backend.metrics() if isinstance(backend, ReportsMetrics) else ServerMetrics()
    return ServerMetrics()


def _without_doubles(look: Look) -> Look:
    """Found servers that have a row already are left out; at a usual address, the kind that was found is the true one."""
    kinds = {server.url: server.kind for server in look.found}
    places = []
    for place in look.places:
        other = kinds.get(place.url)
        if not place.is_added and place.kind and other and other != place.kind:
            problem = f"{LABELS[other]} answers at {place.url}."
            place = replace(
                place, state="absent", problem=problem, hint="", models=(), loaded=(), is_measured=False
            )
        places.append(place)
    taken = {place.url for place in places if place.is_ok or place.is_added}
    absent = {place.url: place.kind for place in places}
    found = tuple(
        server for server in look.found if server.url not in taken and absent.get(server.url) != server.kind
    )
    return Look(look.at, tuple(places), found)
