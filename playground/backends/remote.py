"""What the backends of all servers share: an address, a key, a short memory of the models, health."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import ClassVar

from playground.backends.addresses import is_loopback
from playground.backends.base import Ability
from playground.backends.bounds import Bound, bound_of, keep_bound, learnt
from playground.backends.deadlines import Deadline
from playground.backends.http import Connection, Patience, prepare
from playground.backends.identity import other_model
from playground.backends.servers import LABELS, Kind, Server, key_hint, key_of, usual_server
from playground.errors import BackendBusy, BackendError, BackendUnavailable, PlaygroundError, SettingsError
from playground.settings import Settings
from playground.types.generation import GenerationRequest
from playground.types.prompt import Sampling
from playground.types.servers import Health, ModelInfo

log = logging.getLogger(__name__)

FRESH_SECONDS = 3.0
"""So long a list of models is taken as true; also the empty one of a server that is down."""
LIST_SECONDS = 0.9
"""Choosing a model never waits longer for one server."""
WAIT_SECONDS = 10.0
"""A server that somebody named is waited for so long: under load its list of models may take seconds."""
LONGEST_LIST_SECONDS = 15.0
"""Beyond what anybody waits for: who asks decides when to give up, and says so in its own words."""
AGAIN_SECONDS = 0.5
"""Between two questions to a server that says it is busy."""
LOOK_SECONDS = 5.0
"""For a word about its health."""
ASK_AGAIN_SECONDS = 30.0
"""A server that does not name a model is not asked about it before every answer."""


class RemoteBackend:
    """A server of one kind. Built without touching the network; subclasses say what the server can do."""

    kind: ClassVar[Kind]
    abilities: ClassVar[frozenset[Ability]] = frozenset()
    takes_any_name: ClassVar[bool] = False
    """Whether it answers as the model it has, whatever the name it is asked for."""
    health_path: ClassVar[str] = "/v1/models"
    """Where the server says that it is well."""
    start_hint: ClassVar[str] = "Start the server, or check its address."

    def __init__(
        self,
        settings: Settings,
        server: Server | None = None,
    ) -> None:
        self.settings = settings
        self.server = server or usual_server(self.kind, settings)
        self.name = self.server.name
        self.label = LABELS[self.kind] if self.server.found else self.name
        self.version = ""
        self.connection = Connection(
            self.label,
            self.server.url,
            settings,
            key=key_of(settings, self.name, confirmed=self.server.confirmed),
            start_hint=self.start_hint,
            key_hint=key_hint(self.name),
            health=self.health_path,
        )
        self.connection.load.on_death = self._learn
        self.connection.load.on_success = self._prove
        self._known: dict[str, ModelInfo] = {}
        self._roots: dict[str, str] = {}
        self._listed: list[ModelInfo] = []
        self._listed_at = float("-inf")
        self._asked_at = float("-inf")
        self._known_at = float("-inf")
        self.is_silent = False
        self.bound = bound_of(settings, self.server)
        self._well = 0
        """Answers that ended well since the bound became what it is."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.server!r})"

    @property
    def parallel(self) -> int:
        """Answers to ask for at the same time: what was learnt or chosen for this server, else what is usual."""
        return self.bound.answers if self.bound else self.usual_parallel

    @property
    def usual_parallel(self) -> int:
        """Answers at the same time of a server of this kind of which nothing is known."""
        return self.settings.server_parallel

    def keep_bound(self, bound: Bound | None) -> None:
        """Ask this server for so many answers at once from now on, or for as many as is usual; raises SettingsError."""
        keep_bound(self.settings, self.server, bound)
        self.bound, self._well = bound, 0

    def _learn(self, under_way: int) -> None:
        """It has gone away under so many answers."""
        found = learnt(under_way, self.bound)
        if found.answers < self.parallel:
            log.warning(
                "%s went away with %d answers under way: it is asked for %d at once from now on, and for more again when these"
                " go well. The Models tab sets another number.",
                self.label,
                under_way,
                found.answers,
            )
            self._take(found)

    def _prove(self) -> None:
        """An answer has ended well; enough of them show that it can be asked for more."""
        if self.bound is None or not self.bound.proof or self.bound.answers >= self.usual_parallel:
            return
        self._well += 1
        if self._well >= self.bound.proof:
            self._take(self.bound.grown(self.usual_parallel))

    def _take(self, bound: Bound) -> None:
        self.bound, self._well = bound, 0
        with suppress(SettingsError):  # a folder that cannot be written: it holds while the program runs
            keep_bound(self.settings, self.server, bound)

    async def models(self) -> list[ModelInfo]:
        """Models that can chat; empty, within a second, when the server does not answer. Never raises."""
        now = asyncio.get_running_loop().time()
        if now - self._listed_at > FRESH_SECONDS:
            self.is_silent = False
            try:
                await self._prepare(LIST_SECONDS)
                async with Deadline(LIST_SECONDS):
                    installed = await self.installed()
                self._listed = [model for model in installed if can_chat(model)]
            except PlaygroundError as exc:
                self._listed = []
                self.is_silent = isinstance(exc, BackendBusy)
            except TimeoutError:
                self._listed = []
                self.is_silent = True
            self._listed_at = asyncio.get_running_loop().time()
        return list(self._listed)

    async def awaited(self, seconds: float = WAIT_SECONDS) -> list[ModelInfo]:
        """Models that can chat, of a server that somebody named: it may take its time.

        Raises BackendError that names it when it does not answer, is silent for so long, or stays busy.
        """
        if not self.server.url:
            raise self._placeless()
        busy: BackendBusy | None = None
        try:
            await self._prepare(seconds)
            async with Deadline(seconds):
                while True:
                    try:
                        installed = await self.installed()
                        break
                    except BackendBusy as exc:
                        busy = exc
                        await asyncio.sleep(AGAIN_SECONDS)
        except TimeoutError as exc:
            raise busy or self.silent(seconds) from exc
        self.is_silent = False
        self._listed = [model for model in installed if can_chat(model)]
        self._listed_at = asyncio.get_running_loop().time()
        return list(self._listed)

    def silent(self, seconds: float) -> BackendUnavailable:
        """The error for a server that takes connections and says nothing."""
        return BackendUnavailable(
            f"{self.label} at {self.server.url} has not told its models within {seconds:g} s.",
            "It may be busy or hang. Try again, or look into its log.",
        )

    async def installed(self) -> list[ModelInfo]:
        """Every model the server names; raises BackendError."""
        if not self.server.url:
            return []
        models = await self._list()
        self._known = {model.name: model for model in models}
        self._known_at = asyncio.get_running_loop().time()
        return models

    async def health(self) -> Health:
        """Whether it answers, with its version and how many models it has."""
        if not self.server.url:
            return Health(False, f"{self.label} has no address.", "Add a server in the Models tab.")
        try:
            await self._prepare(LOOK_SECONDS)
            async with Deadline(LOOK_SECONDS):
                models = await self.installed()
        except PlaygroundError as exc:
            return Health(False, exc.message, exc.hint)
        except TimeoutError:
            error = self.silent(LOOK_SECONDS)
            return Health(False, error.message, error.hint)
        count = f"{len(models)} model{'' if len(models) == 1 else 's'}"
        return Health(True, f"{self.version or self.label} at {self.server.url}, {count}.")

    async def close(self) -> None:
        """Close connections."""
        await self.connection.close()

    async def _prepare(self, seconds: float) -> None:
        """Get ready for calls, so that a deadline counts what the server takes; `seconds` if it must be asked something."""
        await prepare()

    async def _list(self) -> list[ModelInfo]:
        raise NotImplementedError

    async def _info(self, name: str) -> ModelInfo | None:
        """What is known of a model; None when the server does not list it or does not answer now."""
        now = asyncio.get_running_loop().time()
        if name not in self._known and now - self._asked_at > ASK_AGAIN_SECONDS:
            self._asked_at = now
            try:
                await self._prepare(LIST_SECONDS)
                async with Deadline(LIST_SECONDS):
                    await self.installed()
            except (PlaygroundError, TimeoutError):
                return None  # the request itself will tell why
        return self._known.get(name)

    async def _unlisted(self, name: str) -> tuple[str, ...]:
        """What to say of a model that the server does not list now; nothing when its list cannot be had.

        Raises BackendError where another model would answer in its place.
        """
        now = asyncio.get_running_loop().time()
        # On another machine the question takes its time, which would be counted as the model's.
        often = self._known and is_loopback(self.server.url)
        if now - max(self._known_at, self._asked_at) > (FRESH_SECONDS if often else ASK_AGAIN_SECONDS):
            self._asked_at = now
            with suppress(PlaygroundError, TimeoutError):
                async with Deadline(LIST_SECONDS):
                    await self.installed()
        if not self._known or name in self._known or name in self._roots:
            return ()
        if self.takes_any_name:
            raise other_model(self.label, name, self._known)
        return ("not in the server's list of models",)

    def _model_id(self, name: str) -> str:
        return f"{self.name}:{name}"

    def _patience(self) -> Patience:
        if not self.server.url:
            raise self._placeless()
        return self.connection.patience()

    def _placeless(self) -> BackendError:
        return BackendError(f"{self.label} has no address.", "Add a server in the Models tab.")


def can_chat(model: ModelInfo) -> bool:
    """Whether a model may stand in a column: it completes text, or its server does not tell."""
    return not model.capabilities or "completion" in model.capabilities


def name_of(model: str) -> str:
    """The server's own name of a model: all after the first colon of the id."""
    return model.partition(":")[2]


def may_not_fit(request: GenerationRequest, window: int | None) -> bool:
    """Whether counting is worth a call: a token is at least one byte, so short texts surely fit; images may not."""
    if window is None:
        return False
    if request.images:
        return True
    texts = [m.content for m in request.messages] if request.raw_prompt is None else [request.raw_prompt]
    # 512 for a system prompt that a template may add, 16 for the marks of a turn.
    most = sum(len(text.encode("utf-8", "replace")) + 16 for text in texts) + 512
    return most + request.sampling.max_tokens > window


def penalty_notes(sampling: Sampling) -> list[str]:
    """What llama.cpp's servers do with penalties, where it differs from vLLM: they look back 64 tokens."""
    on = sampling.repetition_penalty != 1 or sampling.presence_penalty != 0 or sampling.frequency_penalty != 0
    return ["penalty window 64"] if on else []
