"""HTTP to other machines, and over TLS: httpx behind the few calls that a connection makes (as `lanes` has them)."""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import cast

import httpx

from playground.backends.lanes import MOST_IDLE, Broken, NoConnection

IDLE_S = 2.0


class Pool:
    """The connections to one server."""

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        connect_s: float,
        *,
        proxies: bool,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._url = url
        self._urls: dict[str, httpx.URL] = {}
        # Certificates are loaded for https only: reading them takes longer than a call.
        verify = url.startswith("https:") or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._client = httpx.AsyncClient(
            headers=dict(headers),
            timeout=httpx.Timeout(None, connect=connect_s),
            limits=httpx.Limits(
                max_connections=None, max_keepalive_connections=MOST_IDLE, keepalive_expiry=IDLE_S
            ),
            trust_env=proxies,
            follow_redirects=False,
            verify=verify,
            transport=transport,
        )

    async def send(self, method: str, path: str, body: bytes | None) -> Answer:
        """The answer once its head is there. Raises NoConnection and Broken."""
        headers = {"Content-Type": "application/json"} if body is not None else {}
        try:
            if (url := self._urls.get(path)) is None:
                url = self._urls[path] = httpx.URL(self._url + path)
            request = self._client.build_request(method, url, content=body, headers=headers)
            response = await self._client.send(request, stream=True)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.InvalidURL) as exc:
            raise NoConnection(str(exc)) from exc
        except httpx.HTTPError as exc:
            raise Broken(str(exc)) from exc
        return Answer(response.status_code, response.headers, response)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._client.aclose()


@dataclass(slots=True)
class Answer:
    """An answer whose head has arrived."""

    status_code: int
    headers: Mapping[str, str]
    _response: httpx.Response

    async def aiter_bytes(self) -> AsyncGenerator[bytes, None]:
        """Pieces of the body as they arrive, none empty. Raises Broken when it ends early."""
        try:
            async for piece in cast("AsyncGenerator[bytes, None]", self._response.aiter_bytes()):
                yield piece
        except httpx.HTTPError as exc:
            raise Broken(str(exc)) from exc

    async def aclose(self) -> None:
        """Give the connection back, or close it when not all was read."""
        await self._response.aclose()
