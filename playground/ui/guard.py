"""The guard in front of Gradio: who may ask, which doors there are, how much may be sent, and in which form.

Gradio checks neither Host nor Origin (a page of any other site could start a run), reads bodies of any length, mounts
many more routes than this page uses, and answers malformed calls with a traceback. So foreign hosts, foreign origins
and simple-form posts are refused before Gradio sees them; every path that the page does not use is not found; a body
is read here, counted while it comes, and a call to Gradio is checked before it is passed on.
"""

from __future__ import annotations

import asyncio
import re
from typing import Annotated, Any, Protocol
from urllib.parse import parse_qs

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, ValidationError
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from playground.ui.scripts import FOR_GOOD

# Gradio evaluates code of its own to draw the page; everything else comes from here or not at all.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'self'; "
    "form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
SIMPLE_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain")

JOIN = "/gradio_api/queue/join"
NEWS = "/gradio_api/queue/data"
CALL = "/gradio_api/component_server"
CANCEL = "/gradio_api/cancel"
THEME = "/theme.css"
"""The page asks for it with the sum of what is in it."""
ASSETS = "/assets/"
"""Gradio's own scripts and styles: each has a sum of what is in it in its name, and none says how long it may be kept, so
that a browser guesses by the age of the file: just after an installation it would fetch all of them again."""
STREAMS = (NEWS, "/gradio_api/heartbeat/")
# Of Gradio's routes these serve the page; all others (run, call, api, upload, file, dev, login, monitoring, vibe-…)
# would only be ways in, and are not found.
GRADIO = (
    r"/|/config/?|/theme\.css|/favicon\.ico|/robots\.txt|/manifest\.json|/(?:assets|static|svelte)/.+"
    r"|/gradio_api/(?:queue/join|queue/data|component_server/?|cancel|startup-events|theme\.css)"
    r"|/gradio_api/heartbeat/[^/]+"
)
OURS = r"/playground/.*|/files/.*|/library/.*"
DOORS = re.compile(f"(?:{GRADIO}|{OURS})")

MOST_BYTES = 64_000
"""Of a body on a route that is not named below."""
INCOMING = "/library/incoming"
TABLE = "/library/table"
DOCUMENT = "/library/document"
LIMITS = {
    JOIN: 96_000_000,
    CALL: 24_000_000,
    INCOMING: 48_000_000,
    TABLE: 64_000_000,
    DOCUMENT: 20_000_000,
}
"""Bytes of a body: a run carries its images (60 MB at most) in base64, an import its files (32 MiB), a table and a
document to look things up in their own."""
MOST_BYTES_TOGETHER = 256_000_000
"""Of all bodies that are being read at the same time."""
BODY_SECONDS = 20.0
"""A body may be silent for so long."""
BODY_SECONDS_TOGETHER = 300.0

Session = Annotated[StrictStr, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]


class _Sent(BaseModel):
    model_config = ConfigDict(extra="ignore")

    session_hash: Session


class RunAsked(BaseModel):
    """What the page's script sends along with Run: its form as JSON, or the one column to repeat of a run."""

    model_config = ConfigDict(extra="ignore")

    stream: Annotated[StrictStr, Field(max_length=100)]
    form: StrictStr | None = None
    only: Annotated[StrictInt, Field(ge=0, le=100)] | None = None
    run: Annotated[StrictStr, Field(max_length=100)] | None = None


class Join(_Sent):
    """A call to `queue/join`."""

    data: Annotated[list[Any], Field(max_length=0)]
    fn_index: Annotated[StrictInt, Field(ge=0, le=1_000)]
    trigger_id: Annotated[StrictInt, Field(ge=0, le=100_000)] | None = None
    event_data: RunAsked


class Call(_Sent):
    """A call to the page's own function, an action as JSON text."""

    data: StrictStr
    component_id: Annotated[StrictInt, Field(ge=0, le=100_000)]
    fn_name: Annotated[StrictStr, Field(max_length=100)]


class Cancel(_Sent):
    """The end of a call that nobody waits for any more."""

    fn_index: Annotated[StrictInt, Field(ge=0, le=1_000)]
    event_id: Annotated[StrictStr, Field(max_length=64)]


SHAPES: dict[str, type[_Sent]] = {JOIN: Join, CALL: Call, CANCEL: Cancel}


class Known(Protocol):
    """What there is behind the guard (`sessions.Sessions`)."""

    def saw(self, session: str) -> None:
        """A request of that session has come."""
        ...

    def is_awaited(self, session: str) -> bool:
        """Whether a listener of that session has something to wait for."""
        ...

    def is_call(self, component: int, function: str) -> bool:
        """Whether the page's script may call that function of that component."""
        ...

    def is_event(self, index: int) -> bool:
        """Whether the page has an event of that number."""
        ...


class Guard:
    """Refuses what does not come from this server's own page, and adds the security headers to every answer.

    Without `known` no session, function or event is looked up.
    """

    def __init__(self, app: ASGIApp, hosts: frozenset[str], known: Known | None = None) -> None:
        self.app = app
        self.hosts = hosts
        self.known = known
        self._reading = 0  # bytes of bodies that are not whole yet
        self._ending = asyncio.Event()

    def end_streams(self) -> None:
        """The program ends: answers that would go on for ever end now, in good order."""
        self._ending.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                if message["status"] == 200 and _is_for_good(scope):
                    headers["cache-control"] = FOR_GOOD
            await send(message)

        refusal = self.refusal(scope)
        if refusal is None and scope["type"] == "http" and scope["method"] not in ("GET", "HEAD"):
            await self._with_body(scope, receive, send_with_headers)
            return
        if refusal is not None:
            await refusal(scope, receive, send_with_headers)
            return
        if scope["path"].startswith(STREAMS):
            await self._stream(scope, receive, send_with_headers)
            return
        await self.app(scope, receive, send_with_headers)

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        """An answer that lasts as long as its tab, or as this program."""
        state = ""

        async def noted(message: Message) -> None:
            nonlocal state
            state = "open" if message.get("more_body", message["type"] == "http.response.start") else "whole"
            await send(message)

        async def receive_or_end() -> Message:
            came, ends = asyncio.ensure_future(receive()), asyncio.ensure_future(self._ending.wait())
            try:
                await asyncio.wait({came, ends}, return_when=asyncio.FIRST_COMPLETED)
                return came.result() if came.done() else {"type": "http.disconnect"}
            finally:
                came.cancel()
                ends.cancel()

        await self.app(scope, receive_or_end, noted)
        if state == "open" and self._ending.is_set():
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    def refusal(self, scope: Scope) -> Response | None:
        """Why this request is not answered, told by its head; or None."""
        headers = Headers(scope=scope)
        method = scope.get("method", "GET")  # a websocket has none
        host = headers.get("host", "")
        if _name(host) not in self.hosts:
            return PlainTextResponse("This address is not served here. Open http://localhost instead.\n", 400)
        origin = headers.get("origin")
        if origin is not None and origin not in (f"http://{host}", f"https://{host}"):
            return PlainTextResponse("Requests of other sites are refused.\n", 403)
        site, mode = headers.get("sec-fetch-site", "none"), headers.get("sec-fetch-mode", "navigate")
        if site not in ("same-origin", "none") and (mode != "navigate" or method not in ("GET", "HEAD")):
            return PlainTextResponse("Requests of other sites are refused.\n", 403)
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if method not in ("GET", "HEAD") and origin is None and (not kind or kind in SIMPLE_FORMS):
            return PlainTextResponse("Posts need JSON, or an origin of this server.\n", 403)
        path = scope["path"]
        if not DOORS.fullmatch(path):
            return PlainTextResponse("Not found.\n", 404)
        if path == NEWS:
            session = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("session_hash", [""])[0]
            if self.known is not None and not self.known.is_awaited(session):
                return PlainTextResponse("Nobody waits for this session. Reload the page.\n", 404)
        return None

    async def _with_body(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body, check it, and pass it on in one piece."""
        path = scope["path"].rstrip("/")
        length = Headers(scope=scope).get("content-length", "0")
        limit = LIMITS.get(path, MOST_BYTES)
        body = bytearray()
        counted = 0
        refusal: Response | None = None
        try:
            async with asyncio.timeout(BODY_SECONDS_TOGETHER):
                while True:
                    if len(body) > limit or (length.isdecimal() and int(length[:20]) > limit):
                        refusal = _too_large(path, limit)
                        break
                    self._reading += len(body) - counted
                    counted = len(body)
                    if self._reading > MOST_BYTES_TOGETHER:
                        refusal = PlainTextResponse("Too much is being sent at once. Try again.\n", 503)
                        break
                    async with asyncio.timeout(BODY_SECONDS):
                        message = await receive()
                    if message["type"] == "http.disconnect":
                        return
                    body += message.get("body", b"")
                    if not message.get("more_body", False) and len(body) <= limit:
                        break
        except TimeoutError:
            refusal = PlainTextResponse("The rest of the request did not come.\n", 408)
        finally:
            self._reading -= counted
        if refusal is not None:
            refusal.headers["connection"] = "close"  # what is still on its way is not read
        elif shape := SHAPES.get(path):
            refusal = await self._misshapen(shape, bytes(body))
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        whole: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]
        del body

        async def replay() -> Message:
            return whole.pop() if whole else await receive()

        await self.app(scope, replay, send)

    async def _misshapen(self, shape: type[_Sent], body: bytes) -> Response | None:
        """Why a call to Gradio cannot be one of the page's, or None."""
        try:
            if len(body) > 1_000_000:
                sent = await asyncio.to_thread(shape.model_validate_json, body)
            else:
                sent = shape.model_validate_json(body)
        except ValidationError as exc:
            where = ".".join(str(part) for part in exc.errors(include_input=False)[0]["loc"])
            return PlainTextResponse(f"This is no call of the page: {where or 'the body'}.\n", 422)
        if self.known is not None:
            self.known.saw(sent.session_hash)
            if isinstance(sent, Call) and not self.known.is_call(sent.component_id, sent.fn_name):
                return PlainTextResponse("There is no such function.\n", 404)
            if isinstance(sent, Join | Cancel) and not self.known.is_event(sent.fn_index):
                return PlainTextResponse("There is no such event.\n", 404)
        return None


def _is_for_good(scope: Scope) -> bool:
    """Whether what is found at this address will never be another thing."""
    path: str = scope["path"]
    return path.startswith(ASSETS) or (path == THEME and bool(scope["query_string"]))


def _too_large(path: str, limit: int) -> Response:
    if path == INCOMING:
        return PlainTextResponse("The files are too large. Import at most 32 MiB at once.\n", 413)
    return PlainTextResponse(f"At most {limit / 1e6:g} MB can be sent here.\n", 413)


def _name(host: str) -> str:
    """The host of a Host header without its port."""
    return host.rpartition(":")[0].lower() if host.rpartition(":")[2].isdigit() else host.lower()
