"""One connection to a model server: a client made when first used, deadlines on data, errors in plain words.

    async with connection.post("/api/chat", body, patience) as reply:
        async for line in reply.lines():   # bytes, without their line end
            ...

Leaving the block closes the response and with it the server's work. Redirects are not followed, proxies not used
for this machine. Keep-alive comments are bytes but not data: they do not extend a deadline.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from errno import ECONNREFUSED
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from playground.backends.deadlines import Deadline
from playground.backends.faults import NoConnection, error_for, fault_of, read_fault
from playground.backends.load import Load
from playground.backends.patience import Patience as Patience  # part of what this module offers
from playground.errors import BackendError, BackendUnavailable, PlaygroundError, ServerGone, Unreached
from playground.settings import Settings
from playground.waiting import waits

if TYPE_CHECKING:
    from playground.backends.session import Answer, Session

LONGEST_LINE = 16_000_000
"""Bytes of one line; a server that sends more without an end is not a model server."""
LONGEST_FAULT = 100_000
ASKING_S = 2.0
BUSY = (429, 503)


@dataclass(slots=True)
class Reply:
    """An answer whose head has arrived; `retries` counts how often the server was too busy before."""

    media_type: str
    retries: int
    _response: Answer
    _patience: Patience
    _connection: Connection
    _complete: bool = False

    async def lines(self) -> AsyncGenerator[bytes, None]:
        r"""Lines as they arrive, cut at `\n` only: other line ends may stand inside a JSON string."""
        pending: list[bytes] = []
        size = 0
        while data := await self._read():
            *whole, rest = data.split(b"\n")
            for line in whole:
                line = b"".join((*pending, line)).rstrip(b"\r")
                pending, size = [], 0
                if line and not line.startswith(b":"):
                    self._patience.data()
                yield line
            pending.append(rest)
            size = self._bounded(size + len(rest))
        if last := b"".join(pending):
            yield last

    async def body(self) -> bytes:
        """All of the answer, up to the limit of one line."""
        whole = bytearray()
        while data := await self._read():
            whole += data
            self._bounded(len(whole))
        return bytes(whole)

    def last_word(self) -> None:
        """The answer is complete: take what little follows, so that the connection serves the next call."""
        self._complete = True
        self._patience.until = asyncio.get_running_loop().time() + 0.2

    async def _read(self) -> bytes:
        """The next bytes, empty at the end."""
        try:
            async with self._patience:
                return await self._response.read()
        except TimeoutError as exc:
            if self._complete:
                return b""
            raise self._connection.too_slow(self._patience) from exc
        except OSError as exc:
            if self._complete:
                return b""
            if not await self._connection.is_there():
                raise self._connection.gone(speaking=self._patience.is_speaking) from exc
            raise BackendError(
                f"The connection to {self._connection.label} broke in the middle of its answer.",
                "What had arrived is kept. See whether the server still runs, then run this column again.",
            ) from exc

    def _bounded(self, size: int) -> int:
        if size > LONGEST_LINE:
            label = self._connection.label
            raise BackendError(f"{label} sends a line without an end.", "Check the address of the server.")
        return size


class Connection:
    """All calls to one server. Nothing is opened before the first call; the key never leaves this object in a text."""

    def __init__(
        self,
        label: str,
        url: str,
        settings: Settings,
        *,
        key: str = "",
        start_hint: str = "",
        key_hint: str = "",
        health: str = "/v1/models",
    ) -> None:
        self.label = label
        self.load = Load(self.is_there)
        self._health = health
        self.url = url
        self.settings = settings
        self._key = key
        self._start_hint = start_hint
        self._key_hint = key_hint
        self._session: Session | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def __repr__(self) -> str:
        return f"Connection({self.label!r}, {self.url!r})"

    def patience(self) -> Patience:
        """The deadlines for one answer, from the settings."""
        return Patience(self.settings.first_token_seconds, self.settings.stall_seconds, self.is_there)

    async def get(self, path: str, *, timeout_s: float = 5.0) -> Any:
        """Decoded JSON of a GET; raises BackendError."""
        return self._decode(await self._small("GET", path, None, timeout_s))

    async def get_text(self, path: str, *, timeout_s: float = 5.0) -> str:
        """The text of a GET; raises BackendError."""
        return (await self._small("GET", path, None, timeout_s)).decode("utf-8", "replace")

    async def call(self, path: str, body: Any, *, method: str = "POST", timeout_s: float = 30.0) -> Any:
        """Decoded JSON of a call with a JSON body, None for an empty answer; raises BackendError."""
        answer = await self._small(method, path, body, timeout_s)
        return self._decode(answer) if answer.strip() else None

    @asynccontextmanager
    async def post(self, path: str, body: Any, patience: Patience) -> AsyncIterator[Reply]:
        """The answer to a POST as soon as its head is there; waits and tries again while the server is busy."""
        async with (
            self.load.call(),
            self.send("POST", path, body, patience, retries=self.settings.busy_retries) as reply,
        ):
            yield reply

    @asynccontextmanager
    async def send(
        self, method: str, path: str, body: Any, patience: Patience, *, retries: int = 0
    ) -> AsyncIterator[Reply]:
        """One exchange; raises BackendUnavailable when nobody answers, BackendError when the server refuses."""
        tries, waited_s = 0, 0.0
        while True:
            response = await self._open(method, path, body, patience)
            try:
                status = response.status
                media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
                if status in range(200, 300) and media_type != "text/html":
                    yield Reply(media_type, tries, response, patience, self)
                    return
                fault = b"<html>" if status in range(200, 300) else await _fault(response)
                if status not in BUSY or tries >= retries:
                    raise self._refused(status, fault, tries, waited_s)
                pause_s = _pause(tries, response.headers.get("retry-after", ""))
            finally:
                response.close()
            tries, waited_s = tries + 1, waited_s + pause_s
            waits(
                f"{self.label} is busy (HTTP {status}); asked again in {pause_s:g} s, {tries} of {retries}."
            )
            await asyncio.sleep(pause_s)

    async def is_there(self) -> bool:
        """Whether the server takes a new connection; also True when that cannot be told. Never raises.

        A vLLM whose engine has died says so with status 503 under /health.
        """
        await prepare()
        session = None
        try:
            async with Deadline(ASKING_S):
                session = self._new_session()
                answer = await session.send("GET", self._health, None)
                answer.close()
                return not (answer.status == 503 and self._health == "/health")
        except NoConnection as exc:
            refusal = getattr(exc.__cause__, "os_error", None)
            return bool(exc.problem) or not is_refusal(refusal)
        except (OSError, PlaygroundError):  # a TimeoutError too
            return True
        finally:
            if session is not None:
                await session.aclose()

    def gone(self, *, speaking: bool) -> ServerGone:
        """The error for a server that is not there any more."""
        when = "in the middle of its answer" if speaking else "before it answered"
        return ServerGone(
            f"{self.label} at {self.url} has gone away {when}.",
            f"What had arrived is kept. {self._start_hint}".strip(),
        )

    async def close(self) -> None:
        """Close what was opened; a later call would open it again."""
        self.load.close()
        session, self._session = self._session, None
        if session is None:
            return
        if self._loop is asyncio.get_running_loop():
            await session.aclose()
        else:
            session.abandon()

    def too_slow(self, patience: Patience) -> BackendError:
        """The error for a deadline that has passed."""
        if patience.is_gone:
            return self.gone(speaking=patience.is_speaking)
        return BackendError(
            f"{self.label} {patience.complaint()}.",
            f"What had arrived is kept. {patience.aside}A larger PLAYGROUND_FIRST_TOKEN_SECONDS or PLAYGROUND_STALL_SECONDS waits longer.",
        )

    def unreadable(self) -> BackendError:
        """The error for data that is not what this kind of server sends."""
        return BackendError(
            f"{self.label} at {self.url} sent something that is not complete JSON.",
            "What had arrived is kept. Check the address and the kind of the server, then run this column again.",
        )

    def reported(self, fault: Any) -> BackendError:
        """The error for a fault that a server reports inside an answer that began well."""
        return error_for(None, fault_of(self.redact(fault)), **self._facts())

    def redact(self, value: Any) -> Any:
        """The same value without the key, should a server repeat it."""
        if not self._key:
            return value
        if isinstance(value, bytes):
            return value.replace(self._key.encode(), b"(key)")
        if isinstance(value, str):
            return value.replace(self._key, "(key)")
        return json.loads(json.dumps(value).replace(json.dumps(self._key)[1:-1], "(key)"))

    def _facts(self) -> dict[str, Any]:
        return {"label": self.label, "url": self.url, "key_hint": self._key_hint, "has_key": bool(self._key)}

    def _refused(self, status: int, body: bytes, tries: int, waited_s: float) -> BackendError:
        error = error_for(status, read_fault(self.redact(body)), **self._facts())
        if tries:
            error.hint = f"Asked {tries + 1} times in {waited_s:.1f} s. {error.hint}"
        return error

    async def _small(self, method: str, path: str, body: Any, timeout_s: float) -> bytes:
        async with self.send(method, path, body, Patience(timeout_s, timeout_s)) as reply:
            return await reply.body()

    async def _open(self, method: str, path: str, body: Any, patience: Patience) -> Answer:
        """A response whose head has arrived; cancelled before that, its connection is closed."""
        content = encode(body)
        await prepare()
        try:
            session = self._open_session()
            async with patience:
                return await session.send(method, path, content)
        except TimeoutError as exc:
            raise self.too_slow(patience) from exc
        except NoConnection as exc:
            message = f"{self.label} does not answer at {self.url}."
            if exc.problem:
                message = f"{self.label} at {self.url} {exc.problem}."
            raise Unreached(message, exc.hint or self._start_hint) from exc
        except OSError as exc:
            if not await self.is_there():
                raise self.gone(speaking=False) from exc
            message = f"{self.label} at {self.url} closed the connection without an answer."
            raise BackendUnavailable(message, self._start_hint) from exc

    def _open_session(self) -> Session:
        """The session of the running event loop."""
        loop = asyncio.get_running_loop()
        if self._session is None or self._loop is not loop:
            session = self._new_session()
            if self._session is not None:
                self._session.abandon()
            self._session, self._loop = session, loop
        return self._session

    def _new_session(self) -> Session:
        """A session without a connection yet; raises BackendError for a key that cannot be sent."""
        from playground.backends.session import Session

        headers = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "prompt-playground"}
        if any(not "!" <= character <= "~" for character in self._key):
            # The HTTP library would refuse it too, and show it.
            raise BackendError(
                f"The key for {self.label} holds a character that cannot be sent.", self._key_hint
            )
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        return Session(self.url, headers, self.settings.connect_seconds)

    def _decode(self, body: bytes) -> Any:
        try:
            return decode(body)
        except ValueError as exc:
            raise self.unreadable() from exc


def is_refusal(error: BaseException | None) -> bool:
    """Whether a machine answered that nobody listens at that port."""
    return isinstance(error, OSError) and (
        isinstance(error, ConnectionRefusedError) or error.errno == ECONNREFUSED
    )


SESSION = "playground.backends.session"


async def prepare() -> None:
    """Import what calls need; called before a deadline, because it can take longer than a server."""
    await imported(SESSION)


_IMPORTED: dict[str, ModuleType] = {}
"""Modules whose import has ended: `sys.modules` holds one from its first line on, while another call imports it."""


async def imported(name: str) -> ModuleType:
    """A module of ours that stands on a large package, imported off the event loop; always the whole of it."""
    if name not in _IMPORTED:
        _IMPORTED[name] = await asyncio.to_thread(import_module, name)
    return _IMPORTED[name]


async def _fault(response: Answer) -> bytes:
    """The body of an error answer, as far as it comes within two seconds."""
    body = bytearray()
    try:
        async with Deadline(2):
            while len(body) <= LONGEST_FAULT and (data := await response.read()):
                body += data
    except OSError:  # a TimeoutError too
        pass  # the status says enough
    return bytes(body)


def encode(body: Any) -> bytes | None:
    """JSON as UTF-8; raises BackendError for text that cannot be sent unchanged."""
    if body is None:
        return None
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    except ValueError as exc:  # a lone surrogate, or a number that JSON does not have
        raise BackendError(
            "The request holds half a character or a number that cannot be sent.",
            "Look for pasted text with broken emoji, and for NaN in the schema.",
        ) from exc


def decode(line: bytes) -> Any:
    """The JSON value of a line; raises ValueError for everything else."""
    try:
        return json.loads(line.decode("utf-8"))
    except RecursionError as exc:
        raise ValueError("nested too deeply") from exc


def _pause(tries: int, retry_after: str) -> float:
    """Seconds until the next try: the server's wish up to 10, else doubling from half a second."""
    wish = float(retry_after) if retry_after.isdigit() else 0.0
    return min(10.0, max(wish, 0.5 * 2.0**tries))
