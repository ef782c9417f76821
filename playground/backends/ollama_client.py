"""Ollama's own client (the package `ollama`), its requests carried by our connections.

    call = Call(connection, patience)
    async with call, aclosing(call.answer("/api/chat", {"model": "smollm2", "messages": […], …})) as parts:
        async for part in parts: ...     # a ChatResponse; call.part is the same object as it came
    shown = await Call(connection, Patience(5, 5)).asked(lambda client: client.show("smollm2"))

The package writes the requests and reads the answers; the carrier, in the place where it takes a transport of httpx,
sends them as every other call of this program is sent: same deadlines, no redirects, no proxy for this machine, no
address or key out of OLLAMA_HOST and OLLAMA_API_KEY, an error in our words, and a closed connection when the caller
leaves. Importing this module imports the package, which takes a while.

What version 0.6.3 of the package hides or lacks, and is therefore read or written here:
- `chat` and `generate` have no arguments `truncate`, `shift` and `_debug_render_only`: put into the body here.
- Its types drop what they do not name, a log-probability's `bytes`, a model's `name`, `capabilities` and
  `context_length`, `_debug_info`: `part` is the object as it came.
- It cuts lines as httpx does, at U+2028 too, which may stand inside a JSON string: it gets ASCII.
- It turns a line with an error into its text alone, without the numbers of an overflow: told from the line itself.
- Its types refuse half a character, which a server may send alone before the other half: it gets a question mark.
- It demands a role in each message and lists that are not null: put in where a server leaves them out.
- It has no call for `/api/version`: that one goes through the connection.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, aclosing
from typing import Any, Self, cast

import httpx
import ollama
from pydantic import ValidationError

from playground.backends.http import Connection, Patience, Reply, decode, encode
from playground.errors import BackendError

Part = ollama.ChatResponse | ollama.GenerateResponse

REQUIRED: dict[str, dict[str, Any]] = {
    "/api/tags": {"models": []},
    "/api/ps": {"models": []},
    "/api/show": {"model_info": {}},
    "/api/embed": {"embeddings": []},
}
"""What the package's types insist on, by path."""
UNASKED: dict[str, Any] = {"tools": [], "insecure": False}
"""What the package adds to a body on its own."""


ARGUMENTS = {"model", "stream", "think", "logprobs", "top_logprobs", "format", "options", "keep_alive"}
"""Fields of a body that `chat` and `generate` have arguments for; the others are put in on the way."""


class Call(httpx.AsyncBaseTransport):
    """One call: the package's client, and the carrier of its request. Raises BackendError for whatever goes wrong.

    Leaving it closes the connection, unless all of the answer was read.
    """

    def __init__(self, connection: Connection, patience: Patience, *, is_answer: bool = False) -> None:
        self.part: dict[str, Any] = {}
        self._connection = connection
        self._patience = patience
        self._is_answer = is_answer
        self._fields: dict[str, Any] = {}
        self._reply: Reply | None = None
        self._open = AsyncExitStack()
        # The address is the carrier's matter; without a transport httpx would read proxies and certificates.
        self._client = ollama.AsyncClient(
            host="http://ollama", transport=self, trust_env=False, follow_redirects=False
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    @property
    def reply(self) -> Reply:
        """The answer that has begun."""
        assert self._reply is not None
        return self._reply

    async def answer(self, path: str, body: Mapping[str, Any]) -> AsyncGenerator[Part, None]:
        """The parts of a streamed answer of `/api/chat` or `/api/generate`; one alone when the body says so."""
        own = {"messages"} if path == "/api/chat" else {"prompt", "raw"}
        given = {name: value for name, value in body.items() if name in ARGUMENTS | own}
        self._fields = {name: value for name, value in body.items() if name not in given}
        if "messages" in given:
            given["messages"] = [_with_image_bytes(message) for message in given["messages"]]
        client: Any = self._client
        try:
            found = await (client.chat if path == "/api/chat" else client.generate)(**given)
        except (ValidationError, UnicodeEncodeError) as exc:
            raise self._misread(exc, body) from exc
        if body["stream"] is not True:
            yield found
            return
        async with aclosing(found) as parts:
            try:
                async for part in parts:
                    yield part
            except (ValidationError, UnicodeEncodeError) as exc:
                raise self._misread(exc, body) from exc

    async def steps(
        self, begin: Callable[[ollama.AsyncClient], Awaitable[AsyncIterator[ollama.ProgressResponse]]]
    ) -> AsyncGenerator[ollama.ProgressResponse, None]:
        """The steps of a long task."""
        try:
            async with aclosing(
                cast(AsyncGenerator[ollama.ProgressResponse], await begin(self._client))
            ) as steps:
                async for step in steps:
                    yield step
        except (ValidationError, UnicodeEncodeError) as exc:
            raise self._misread(exc, {}) from exc

    async def asked(self, ask: Callable[[ollama.AsyncClient], Awaitable[object]]) -> dict[str, Any]:
        """What a short call is answered, as it came: the package refuses a whole list for one odd date in it."""
        async with self:
            try:
                await ask(self._client)
            except (ValidationError, UnicodeEncodeError) as exc:
                if self._reply is None:
                    raise self._misread(exc, {}) from exc
            return self.part

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer to a request of the package, once its head is there."""
        path = request.url.path
        body: dict[str, Any] | None = None
        if request.content:
            asked = json.loads(request.content).items()
            body = {name: value for name, value in asked if UNASKED.get(name, ...) != value} | self._fields
        if self._is_answer:  # counts as load, and is asked again while the server is busy
            sending = self._connection.post(path, body, self._patience)
        else:
            sending = self._connection.send(request.method, path, body, self._patience)
        self._reply = await self._open.enter_async_context(sending)
        streams = body is not None and body.get("stream") is True
        pieces = self._lines(path) if streams else self._whole(path)
        return httpx.Response(200, headers={"content-type": "application/json"}, stream=_Stream(pieces))

    async def _lines(self, path: str) -> AsyncGenerator[bytes, None]:
        async with aclosing(self.reply.lines()) as lines:
            async for line in lines:
                if line:
                    yield self._taken(line, path)

    async def _whole(self, path: str) -> AsyncGenerator[bytes, None]:
        body = await self.reply.body()
        yield self._taken(body, path) if body.strip() else b"{}"  # deleting is answered with nothing at all

    def _taken(self, line: bytes, path: str) -> bytes:
        """Remember an object as it came, and give it to the package in a form that it can read."""
        try:
            part = decode(line)
        except ValueError as exc:
            raise self._connection.unreadable() from exc
        if not isinstance(part, dict):
            raise self._connection.unreadable()
        if part.get("error"):
            raise self._connection.reported(part)
        self.part = part
        if path == "/api/chat":
            message = part.get("message")
            part = part | {"message": {"role": "assistant"} | (message if isinstance(message, dict) else {})}
        for name, empty in REQUIRED.get(path, {}).items():
            if part.get(name) is None:
                part = part | {name: empty}
        shown = json.dumps(part)
        if "\\ud" in shown:
            part = json.loads(json.dumps(part, ensure_ascii=False).encode("utf-8", "replace"))
            shown = json.dumps(part)
        return shown.encode() + b"\n"

    def _misread(self, exc: ValidationError | UnicodeEncodeError, body: Mapping[str, Any]) -> BackendError:
        """The error for what the package takes for no request, or for no answer."""
        if self._reply is None:
            encode(body)  # says it better for half a character
            return BackendError(
                f"This cannot be sent to {self._connection.label}.", "Look for odd characters."
            )
        place = ".".join(map(str, exc.errors()[0]["loc"])) if isinstance(exc, ValidationError) else "text"
        return BackendError(
            f"{self._connection.label} at {self._connection.url} answers in another shape than Ollama ({place}).",
            "What had arrived is kept. Check the address and the kind of the server.",
        )


def _with_image_bytes(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """The message with its images as bytes: the package looks whether a text is the path of a file, and would send that."""
    images = message.get("images")
    return {**message, "images": [b64decode(image) for image in images]} if images else message


class _Stream(httpx.AsyncByteStream):
    def __init__(self, pieces: AsyncGenerator[bytes, None]) -> None:
        self._pieces = pieces

    async def aclose(self) -> None:
        await self._pieces.aclose()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._pieces:
            yield piece
