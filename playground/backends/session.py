"""HTTP to one server through aiohttp, whose C parser reads an answer for a tenth of httpx's processor time.

    session = Session("http://127.0.0.1:8000", {"User-Agent": "…"}, connect_s=2.0)
    answer = await session.send("POST", "/v1/chat/completions", b"{…}")
    while piece := await answer.read(): ...
    answer.close()                       # read to its end, its connection serves the next request

No redirects, no cookies, no `.netrc`; a proxy of the environment for other machines only. A name is looked up here
and the connection goes to the very address that was checked: a second lookup could be answered otherwise.
Importing this module imports aiohttp: `http` does so in a thread, before the first call.
"""

from __future__ import annotations

import asyncio
import io
import socket
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_reqrep import ClientRequest
from aiohttp.tracing import Trace
from yarl import URL

from playground.backends.addresses import check_resolved, is_loopback, is_name, look_up, refuse_host
from playground.backends.deadlines import Deadline
from playground.backends.faults import Broken, NoConnection

IDLE_S = 2.0
"""uvicorn closes idle connections after 5 s: ours go first, or a request would meet a closed door."""
LONGEST_HEADER = 32_768
LARGE = 1 << 20
"""Bytes of a body that aiohttp sends piece by piece, so that the event loop goes on meanwhile."""


class Session:
    """The connections to one server, of one event loop."""

    def __init__(self, url: str, headers: Mapping[str, str], connect_s: float) -> None:
        self._base = url
        self._urls: dict[str, URL] = {}
        # As aiohttp will read it: it brings letters and digits of other scripts into ASCII.
        refuse_host(_url(url).host or "")
        self._proxy = None if is_loopback(url) else _proxy(url)
        self._checks = self._proxy is not None and is_name(url)
        self._session = aiohttp.ClientSession(
            connector=_Connector(connect_s, checked=self._proxy is None),
            headers=dict(headers),
            cookie_jar=aiohttp.DummyCookieJar(),
            max_field_size=LONGEST_HEADER,
            # The callers have deadlines of their own, which tell data from keep-alives.
            timeout=aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None),
        )

    async def send(self, method: str, path: str, body: bytes | None) -> Answer:
        """The answer once its head is there. Raises NoConnection, Broken, and SettingsError for a refused address."""
        if self._checks:  # the proxy looks the name up: this is all that can be done here
            await check_resolved(self._base)
        try:
            if (url := self._urls.get(path)) is None:
                url = self._urls[path] = _url(self._base + path)
            response = await self._session.request(
                method,
                url,
                data=io.BytesIO(body) if body is not None and len(body) > LARGE else body,
                headers={"Content-Type": "application/json"} if body is not None else None,
                proxy=self._proxy,
                allow_redirects=False,
            )
        except aiohttp.ClientProxyConnectionError as exc:
            host = urlsplit(self._proxy or "").hostname
            raise NoConnection(
                f"is called through the proxy {host}, which does not answer",
                "Check HTTP_PROXY and HTTPS_PROXY, or name the server in NO_PROXY.",
            ) from exc
        except (aiohttp.ClientConnectorCertificateError, aiohttp.ClientConnectorSSLError) as exc:
            raise NoConnection(
                "has no certificate that this machine trusts",
                "Check the address; a certificate of your own can be named in SSL_CERT_FILE.",
            ) from exc
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as exc:
            raise NoConnection from exc
        except (aiohttp.ClientError, OSError) as exc:
            raise Broken(str(exc)) from exc
        coding = response.headers.get("Transfer-Encoding", "chunked").strip().lower()
        version = response.version
        if not 200 <= response.status <= 599 or version is None or version.major != 1 or coding != "chunked":
            response.close()
            raise Broken("this is not an answer")
        _watch(response)
        return Answer(response.status, response.headers, response)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._session.close()

    def abandon(self) -> None:
        """Let go of connections that nobody can wait for: their event loop has ended, or their owner is gone."""
        if (connector := self._session.connector) is not None:
            self._session.detach()
            closing = connector.close()
            if isinstance(closing, Coroutine):
                with suppress(StopIteration):
                    closing.send(None)  # so far without waiting, and no further
                closing.close()

    def __del__(self) -> None:
        if hasattr(self, "_session"):
            self.abandon()


@dataclass(slots=True)
class Answer:
    """An answer whose head has arrived."""

    status: int
    headers: Mapping[str, str]
    _response: aiohttp.ClientResponse

    async def read(self) -> bytes:
        """What has arrived of the body since the last time, empty at its end. Raises Broken when it ends early."""
        content = self._response.content
        try:
            while not (data := await content.readany()) and not content.at_eof():
                pass
            return data
        except (aiohttp.ClientError, OSError, RuntimeError) as exc:  # the last: it is closed already
            # aiohttp 3.14 raises before it gives out what had arrived before the fault.
            if data := content._read_nowait(-1):
                return data
            raise Broken(str(exc)) from exc

    def close(self) -> None:
        """Be done with it: the connection is free when all was read, else closed."""
        self._response.close()


class _Connector(aiohttp.TCPConnector):
    """Connections as many as there are requests, each opened within a time that our own delays do not use up."""

    def __init__(self, connect_s: float, *, checked: bool) -> None:
        super().__init__(limit=0, keepalive_timeout=IDLE_S, resolver=_Resolver(checked=checked))
        self._connect_s = connect_s

    async def connect(
        self, req: ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout
    ) -> aiohttp.connector.Connection:
        """A connection, new or used before; raises TimeoutError."""
        async with Deadline(self._connect_s):
            while True:
                found = await super().connect(req, traces, timeout)
                # aiohttp 3.14 hands out an idle connection on which something has come that nobody asked for;
                # it would be read as the answer.
                if found.protocol is None or not found.protocol.should_close:
                    return found
                found.close()


class _Resolver(AbstractResolver):
    """The addresses of a name, none of them a refused one."""

    def __init__(self, *, checked: bool) -> None:
        self._checked = checked

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """All addresses; raises OSError for a name that has none and SettingsError for a refused one."""
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=kind,
                proto=0,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, address in await look_up(host, port, checked=self._checked)
        ]

    async def close(self) -> None:
        """Nothing is kept."""


def _watch(response: aiohttp.ClientResponse) -> None:
    """Tell the reader of a body when its connection is closed.

    aiohttp 3.14 closes it on what is not HTTP, and lets who waits for the rest of the body wait for ever.
    """
    connection, content = response.connection, response.content
    if connection is None or (protocol := connection.protocol) is None or content.is_eof():
        return
    if (closed := protocol.closed) is None:
        return

    def end(closed: asyncio.Future[None]) -> None:
        if not closed.cancelled():
            closed.exception()  # it has been looked at
        if not content.is_eof() and content.exception() is None:
            content.set_exception(aiohttp.ClientPayloadError("what came is not HTTP"))

    closed.add_done_callback(end)

    def done() -> None:
        closed.remove_done_callback(end)

    content.on_eof(done)


def _url(text: str) -> URL:
    try:
        return URL(text)
    except ValueError as exc:
        raise NoConnection from exc


def _proxy(url: str) -> str | None:
    """The proxy that the environment names for an address; raises NoConnection for one of a kind that cannot be used."""
    parts = urlsplit(url)
    if not parts.hostname or proxy_bypass(parts.netloc):
        return None
    named = getproxies()
    proxy = named.get(parts.scheme) or named.get("all")
    if not proxy:
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    scheme = urlsplit(proxy).scheme.lower()
    if scheme not in ("http", "https"):
        raise NoConnection(
            f"is called through a proxy over {scheme}, which is not possible",
            "Name one over http in HTTPS_PROXY, or the server in NO_PROXY.",
        )
    return proxy
