"""Addresses, deadlines, broken connections, hanging up, and keys that stay secret."""

from __future__ import annotations

import asyncio
import logging
import traceback
from contextlib import aclosing
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest

from playground.backends import make_backend
from playground.backends.addresses import base_url, check_resolved, is_loopback
from playground.backends.faults import read_fault
from playground.backends.http import Connection, encode, imported
from playground.errors import BackendError, BackendUnavailable, SettingsError
from playground.settings import Settings
from tests.backends.conftest import (
    CHAT,
    END,
    HELLO,
    MODELS,
    answer,
    ask,
    body_length,
    event,
    listening,
    ndjson,
    outcome,
    serving,
    sse,
)

OPENAI_ROWS = ("vllm", "llama-server", "openai", "llamafactory")


def hello(kind: str) -> Any:
    """A short whole answer of that kind of server."""
    last = {"message": {"content": ""}, "done": True, "done_reason": "stop"}
    return ndjson({"message": {"content": "Hello"}, "done": False}, last) if kind == "ollama" else sse(HELLO)


def first_word(kind: str) -> bytes:
    return b'{"message":{"content":"Hel"},"done":false}\n' if kind == "ollama" else event("Hel")


# --- addresses ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "called"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000"),
        ("http://127.0.0.1:8000/v1", "http://127.0.0.1:8000"),
        ("http://127.0.0.1:8000/v1/", "http://127.0.0.1:8000"),
        ("http://127.0.0.1:8000/v1/v1", "http://127.0.0.1:8000"),
        ("http://127.0.0.1:8000/v1/chat/completions", "http://127.0.0.1:8000"),
        ("http://127.0.0.1:11434/api/chat", "http://127.0.0.1:11434"),
        ("localhost:8000/v1", "http://localhost:8000"),
        (" https://models.example.org/openai/v1 ", "https://models.example.org/openai"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_an_address_is_brought_into_one_form(typed: str, called: str) -> None:
    assert base_url(typed) == called


@pytest.mark.parametrize(
    "typed",
    [
        "ftp://127.0.0.1/x",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://",
        "http://host:99999",
        "http://ho st",
        "http://169.254.169.254/latest",
        "http://[fd00:ec2::254]/",
        "http://[::ffff:169.254.169.254]/",
        "http://[64:ff9b::a9fe:a9fe]/",
        "http://[fe80::1]/",
        "http://metadata.google.internal/",
        "http://METADATA.google.internal./",
        "http://100.100.100.200/",
        "http://user:hunter2@127.0.0.1:8000",
        "http://127.0.0.1:8000/?key=hunter2",
    ],
)
def test_an_address_that_must_not_be_called_is_refused_without_repeating_a_secret(typed: str) -> None:
    with pytest.raises(SettingsError) as caught:
        base_url(typed)
    assert caught.value.hint
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("host", ["innocent.example", "0xa9fea9fe"])
async def test_a_name_that_stands_for_a_metadata_address_is_refused_when_called(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("169.254.169.254", 80))])
    with pytest.raises(SettingsError, match="metadata"):
        await check_resolved(f"http://{host}")


@pytest.mark.parametrize(
    "host",
    [
        "2852039166",
        "0xa9fea9fe",
        "0251.0376.0251.0376",
        "169.254.43518",
        "169.0xfe.169.254",
        "\uff11\uff16\uff19.254.169.254",
        "169\u3002254\u3002169\u3002254",
        "169.254.169.25\u2463",
        "\u24dcetadata.google.internal",
        "[::ffff:a9fe:a9fe]",
        "[::169.254.169.254]",
        "[64:ff9b::169.254.169.254]",
        "[2002:a9fe:a9fe::1]",
    ],
)
async def test_no_way_of_writing_a_metadata_address_gets_through(settings: Settings, host: str) -> None:
    with pytest.raises(SettingsError):
        await Connection("x", base_url(f"http://{host}:8000"), settings).get("/v1/models")


async def test_the_address_that_was_checked_is_the_one_that_is_called(
    settings: Settings, scripted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = scripted({"/version": httpx.Response(200, json={"version": "1"})})
    answers = [["127.0.0.1"], ["169.254.169.254"]]  # the second one for who would look again

    def look_up(host: str, port: int, **_: object) -> list[Any]:
        assert host == "rebound.example"
        return [(2, 1, 6, "", (address, port)) for address in answers.pop(0)]

    monkeypatch.setattr("socket.getaddrinfo", look_up)
    url = f"http://rebound.example:{server.port}"
    connection = Connection("x", url, settings)
    assert await connection.get("/version") == {"version": "1"}
    await connection.close()
    assert len(answers) == 1
    with pytest.raises(SettingsError, match="metadata"):
        await connection.get("/version")
    await connection.close()
    assert len(server.requests) == 1


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "ALL_PROXY"])
async def test_another_machine_is_reached_through_the_proxy_of_the_environment(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    heads: list[bytes] = []
    monkeypatch.setattr("socket.getaddrinfo", lambda host, port, **_: [(2, 1, 6, "", ("127.0.0.1", port))])
    for other in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "no_proxy", "REQUEST_METHOD"):
        monkeypatch.delenv(other, raising=False)
    async with serving(relay) as port:
        monkeypatch.setenv(name, f"http://who:sesame@proxy.example:{port}")
        connection = Connection("x", "http://models.example.org:8000", settings, key="sk-1")
        assert await connection.get("/v1/models") == {}
        await connection.close()
        assert heads[0].startswith(b"GET http://models.example.org:8000/v1/models HTTP/1.1\r\n")
        assert (
            b"\r\nProxy-Authorization: Basic " in heads[0] and b"\r\nAuthorization: Bearer sk-1" in heads[0]
        )
    # Nobody listens there now: the proxy is named, not its password, and not the server.
    with pytest.raises(BackendUnavailable) as caught:
        await connection.get("/v1/models")
    assert "the proxy proxy.example, which does not answer" in caught.value.message
    assert "NO_PROXY" in caught.value.hint and "sesame" not in str(caught.value)
    await connection.close()
    monkeypatch.setenv(name, "socks5://127.0.0.1:1080")
    with pytest.raises(BackendUnavailable, match="a proxy over socks5, which is not possible"):
        await Connection("x", "http://models.example.org:8000", settings).get("/v1/models")


async def test_a_redirect_cookie_and_netrc_change_nothing(
    settings: Settings, scripted: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("default login who password sesame\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    server = scripted({"/version": httpx.Response(200, json={}, headers={"set-cookie": "a=b"})})
    connection = Connection("x", server.url, settings)
    for _ in range(2):
        await connection.get("/version")
    await connection.close()
    assert [{"cookie", "authorization"} & set(headers) for headers in server.headers] == [set(), set()]
    assert server.headers[0]["accept-encoding"] == "identity"


async def test_no_text_of_the_http_library_reaches_a_person(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object, **__: object) -> None:
        raise aiohttp.ClientOSError(104, "no route with sk-very-secret-0815")

    monkeypatch.setattr(aiohttp.ClientSession, "_request", fails)
    with pytest.raises(BackendUnavailable) as caught:
        await Connection("x", "http://127.0.0.1:9", settings, key="sk-very-secret-0815").get("/version")
    assert str(caught.value) == "x at http://127.0.0.1:9 closed the connection without an answer."


async def test_a_connection_serves_one_event_loop_after_another(settings: Settings) -> None:
    async with listening() as silent:
        connection = Connection("x", f"http://127.0.0.1:{silent.port}", settings)

        async def ask_twice() -> list[str]:
            seen = []
            for _ in range(2):
                with pytest.raises(BackendError) as caught:
                    await connection.get("/version")
                seen.append(caught.value.message)
            return seen

        def elsewhere() -> list[str]:
            return asyncio.run(ask_twice())

        assert len(await asyncio.to_thread(elsewhere) + await ask_twice()) == 4
        await connection.close()


def test_this_machine_is_told_from_others() -> None:
    assert is_loopback("http://127.0.0.1:8000") and is_loopback("http://localhost:8000/x")
    assert is_loopback("http://[::1]:8000") and is_loopback("http://0.0.0.0:8000")
    assert not is_loopback("https://models.example.org") and not is_loopback("http://10.0.0.7:8000")


async def test_this_machine_is_never_reached_through_a_proxy(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    async with listening() as proxy, listening(head + HELLO) as server:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{proxy.port}")
        backend = make_backend(
            "openai", settings.model_copy(update={"openai_url": f"http://127.0.0.1:{server.port}"})
        )
        got = await outcome(backend, ask("openai"))
        await backend.close()
    assert got.completion.text == "Hello"
    assert proxy.heads == []


def test_text_that_cannot_be_sent_unchanged_is_refused() -> None:
    with pytest.raises(BackendError, match="half a character"):
        encode({"content": "\ud83d"})
    with pytest.raises(BackendError, match="number"):
        encode({"schema": float("nan")})
    assert encode({"a": "\u2028 é 👩\u200d💻\x85"}) == '{"a": "\u2028 é 👩\u200d💻\x85"}'.encode()


# --- refusals and faults --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["vllm/b002", "llamafactory/key_wrong", "openai"])
@pytest.mark.parametrize("key", ["", "wrong-key"])
async def test_three_shapes_of_401_become_one_sentence_with_the_way_out(
    open_backend: Any, monkeypatch: pytest.MonkeyPatch, name: str, key: str
) -> None:
    monkeypatch.setenv("PLAYGROUND_KEY_OPENAI", key)
    shaped = {"error": {"message": "Invalid API Key", "type": "authentication_error", "code": 401}}
    reaction = httpx.Response(401, json=shaped) if name == "openai" else answer(name)
    backend, _ = open_backend("openai", {CHAT["openai"]: reaction})
    got = await outcome(backend, ask("openai"))
    assert ("does not accept the key" if key else "asks for a key") in str(got.error)
    assert "PLAYGROUND_KEY_OPENAI" in got.error.hint


async def test_a_redirect_is_named_and_not_followed(open_backend: Any, kind: str) -> None:
    moved = httpx.Response(307, headers={"location": "http://evil.example/?key=hunter2"})
    backend, server = open_backend(kind, {CHAT[kind]: moved})
    got = await outcome(backend, ask(kind))
    assert "another address" in got.error.message
    assert "evil" not in str(got.error)
    assert len([path for path, _ in server.requests if path == CHAT[kind]]) == 1


@pytest.mark.parametrize("status", [200, 404, 502])
async def test_a_web_page_is_named_as_one(open_backend: Any, kind: str, status: int) -> None:
    page = httpx.Response(status, html="<!DOCTYPE html><h1>nginx</h1>")
    backend, _ = open_backend(kind, {CHAT[kind]: page})
    got = await outcome(backend, ask(kind))
    assert "web page" in got.error.message
    assert "address" in got.error.hint


async def test_a_full_queue_is_asked_again_and_the_waiting_is_told(
    open_backend: Any, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("playground.backends.http._pause", lambda *_: 0.01)
    full = answer("ollama/f001" if kind == "ollama" else "vllm/c002")
    backend, server = open_backend(kind, {CHAT[kind]: [full, full, hello(kind)]})
    got = await outcome(backend, ask(kind))
    assert got.completion.text == "Hello"
    assert "queue full, asked 3 times" in got.completion.ignored


async def test_a_queue_that_stays_full_ends_with_an_error_that_counts_the_tries(
    open_backend: Any, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("playground.backends.http._pause", lambda *_: 0.01)
    full = answer("ollama/f001" if kind == "ollama" else "vllm/c001")
    backend, server = open_backend(kind, {CHAT[kind]: full}, busy_retries=3)
    got = await outcome(backend, ask(kind))
    assert "busy" in got.error.message
    assert "Asked 4 times" in got.error.hint
    assert len([path for path, _ in server.requests if path == CHAT[kind]]) == 4


def test_faults_of_every_shape_are_read() -> None:
    assert read_fault(b'{"error":"Unauthorized"}').text == "Unauthorized"
    assert read_fault(b'{"detail":"Not Found"}').text == "Not Found"
    rows = b'{"detail":[{"loc":["body","model"],"msg":"Field required","input":{"secret":1}}]}'
    assert read_fault(rows).text == "body.model: Field required"
    assert read_fault(b"404 page not found").text == "404 page not found"
    assert read_fault(b"").text == ""
    assert read_fault(b'{"error":' * 5000).text != ""
    assert len(read_fault(b"x" * 10_000).text) == 500


# --- silence and broken connections ---------------------------------------------------------------------


async def test_a_server_that_is_down_is_unavailable_with_the_way_to_start_it(
    open_backend: Any, kind: str
) -> None:
    backend, server = open_backend(kind)
    assert await backend.models()
    await server.stop()
    got = await outcome(backend, ask(kind))
    assert isinstance(got.error, BackendUnavailable)
    assert "does not answer at http://" in got.error.message
    assert got.error.hint.startswith("Start")


async def test_a_connection_that_breaks_in_the_middle_keeps_the_text(open_backend: Any, kind: str) -> None:
    broken = httpx.ReadError("reset")
    pieces = sse(first_word(kind), broken) if kind != "ollama" else ndjson(first_word(kind), broken)
    backend, _ = open_backend(kind, {CHAT[kind]: pieces})
    got = await outcome(backend, ask(kind))
    assert got.completion.text == "Hel"
    assert "broke in the middle" in got.error.message


async def test_an_answer_cut_inside_a_character_or_a_line_is_an_error(open_backend: Any, kind: str) -> None:
    whole = first_word(kind) + '{"message":{"content":"é'.encode()
    if kind != "ollama":
        whole = first_word(kind) + 'data: {"choices":[{"index":0,"delta":{"content":"é'.encode()
    for end in (whole, whole[:-1]):
        backend, _ = open_backend(kind, {CHAT[kind]: sse(end) if kind != "ollama" else ndjson(end)})
        got = await outcome(backend, ask(kind))
        assert got.completion.text == "Hel"
        assert "not complete JSON" in got.error.message


async def test_line_ends_inside_a_json_string_do_not_cut_it(open_backend: Any, kind: str) -> None:
    text = "a\u2028b\x85c\u2029d\x1ce"
    inside = text.replace("\x1c", "\\u001c")
    if kind == "ollama":
        last = {"message": {"content": ""}, "done": True, "done_reason": "stop"}
        line = b'{"message":{"content":"%s"},"done":false}\n' % inside.encode()
        reaction = ndjson(line, last)
    else:
        chunk = b'data: {"choices":[{"index":0,"delta":{"content":"%s"}}]}\r\n\r\n'
        reaction = sse(chunk % inside.encode(), END)
    backend, _ = open_backend(kind, {CHAT[kind]: reaction})
    got = await outcome(backend, ask(kind))
    assert got.completion.text == text


@pytest.mark.parametrize("row", OPENAI_ROWS)
async def test_keep_alive_comments_do_not_extend_the_deadline(open_backend: Any, row: str) -> None:
    comments = [piece for _ in range(50) for piece in (b": keep-alive\n\n", 0.02)]
    before, _ = open_backend(row, {CHAT[row]: sse(*comments, HELLO)}, first_token_seconds=0.2)
    got = await outcome(before, ask(row))
    assert "no word of an answer in 0.2 s" in got.error.message
    between, _ = open_backend(row, {CHAT[row]: sse(event("Hel"), *comments, END)}, stall_seconds=0.2)
    got = await outcome(between, ask(row))
    assert got.completion.text == "Hel"
    assert "nothing for 0.2 s" in got.error.message


async def test_the_first_token_may_come_later_than_the_limit_between_tokens(
    open_backend: Any, kind: str
) -> None:
    def late(*_: object) -> httpx.Response:
        response: Any = hello(kind)()
        response.stream.pieces = (0.4, *response.stream.pieces)
        return response

    backend, _ = open_backend(kind, {CHAT[kind]: late}, first_token_seconds=5, stall_seconds=0.1)
    got = await outcome(backend, ask(kind))
    assert (got.error, got.completion.text) == (None, "Hello")


def on_socket(kind: str, port: int, settings: Settings, **changes: Any) -> Any:
    field = kind.replace("-", "_") + "_url"
    return make_backend(kind, settings.model_copy(update={field: f"http://127.0.0.1:{port}"} | changes))


async def test_a_server_that_accepts_and_never_answers_is_given_up(settings: Settings, kind: str) -> None:
    async with listening() as server:
        backend = on_socket(kind, server.port, settings, first_token_seconds=0.3)
        got = await outcome(backend, ask(kind))
        await asyncio.wait_for(server.hung_up.wait(), 1)
        await backend.close()
    assert "no word of an answer" in got.error.message


@pytest.mark.parametrize("begun", [False, True])
async def test_stop_hangs_up_within_a_second_also_before_the_first_token(
    settings: Settings, kind: str, begun: bool
) -> None:
    media = "application/x-ndjson" if kind == "ollama" else "text/event-stream"
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {media}\r\n\r\n".encode() + first_word(kind)
    async with listening(*([head] if begun else [])) as server:
        backend = on_socket(kind, server.port, settings)
        arrived: asyncio.Queue[str] = asyncio.Queue()

        async def read() -> None:
            async with aclosing(backend.stream(ask(kind))) as stream:
                async for chunk in stream:
                    arrived.put_nowait(chunk.text)

        task = asyncio.create_task(read())
        await asyncio.wait_for(server.asked.wait(), 5)
        if begun:
            assert await asyncio.wait_for(arrived.get(), 5) == "Hel"
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await asyncio.wait_for(server.hung_up.wait(), 1)
        await backend.close()


async def test_calls_one_after_another_share_a_connection_and_calls_at_once_do_not_wait(
    settings: Settings,
) -> None:
    met = 0
    both = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal met
        met += 1
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        while True:
            await reader.readexactly(body_length(await reader.readuntil(b"\r\n\r\n")))
            if met > 1:
                both.set()
            writer.write(head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(HELLO), HELLO))

    async with serving(serve) as port:
        backend = on_socket("llamafactory", port, settings)
        for _ in range(3):
            assert (await outcome(backend, ask("llamafactory"))).completion.text == "Hello"
        assert met == 1
        await asyncio.gather(*(outcome(backend, ask("llamafactory")) for _ in range(2)))
        assert both.is_set()
        await backend.close()


# --- keys -----------------------------------------------------------------------------------------------


async def test_a_key_is_sent_and_appears_in_no_text(
    open_backend: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    caplog.set_level(logging.DEBUG)
    key = "sk-very-secret-0815"
    monkeypatch.setenv(f"PLAYGROUND_KEY_{kind.upper().replace('-', '_')}", key)
    seen: list[str] = []
    echo = {"error": {"message": f"Incorrect API key provided: {key}", "type": "x"}}
    faults = [
        httpx.Response(401, json=echo),
        httpx.Response(400, text=f"bad {key}"),
        httpx.Response(500, json={"detail": [{"loc": ["header"], "msg": key}]}),
        httpx.ConnectError(f"no route with {key}"),
        sse(b'data: {"error": {"message": "%s"}}\n\n' % key.encode()),
        ndjson({"error": f"broken by {key}"}),
    ]
    for fault in faults:
        backend, server = open_backend(kind, {CHAT[kind]: fault, "/api/tags": fault, "/v1/models": fault})
        got = await outcome(backend, ask(kind))
        assert got.error is not None
        assert server.headers[-1]["authorization"] == f"Bearer {key}"
        health = await backend.health()
        seen += [str(got.error), repr(got.error), repr(backend), repr(backend.connection), repr(health)]
        # What a log of a caught error would show; the scripted cause above is the test's own text.
        seen += traceback.format_exception(got.error, chain=False)
        seen += [str(got.completion), repr(backend.server), repr(server.headers[-1])]
    assert caplog.records is not None
    assert not any(key in text for text in [*seen, caplog.text])


async def test_odd_characters_in_a_model_name_pass_through(open_backend: Any, kind: str) -> None:
    name = 'hf.co/Org/Mödel-GGUF:Q4_K_M "x" <b>'
    owner = {"vllm": "vllm", "llama-server": "llamacpp", "llamafactory": "owner"}.get(kind, "me")
    listed = httpx.Response(200, json={"data": [{"id": name, "owned_by": owner}]})
    backend, server = open_backend(kind, {CHAT[kind]: hello(kind), "/v1/models": listed})
    request = ask(kind)
    odd = type(request)(f"{kind}:{name}", request.messages, request.sampling)
    got = await outcome(backend, odd)
    assert got.error is None
    assert server.sent(CHAT[kind])["model"] == name


async def test_a_server_without_an_address_lists_nothing_and_says_so(tmp_path: Path) -> None:
    backend = make_backend("openai", Settings(data_dir=tmp_path, openai_url=""))
    assert await backend.models() == []
    assert "no address" in (await backend.health()).detail
    got = await outcome(backend, ask("openai"))
    assert "no address" in got.error.message


async def test_models_of_a_server_that_hangs_are_an_empty_list_within_a_second(
    settings: Settings, kind: str
) -> None:
    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with serving(accept) as port:
        backend = on_socket(kind, port, settings)
        async with asyncio.timeout(5):
            assert await backend.models() == []
        assert await backend.models() == []
        await backend.close()


async def test_models_are_remembered_for_a_moment(open_backend: Any, kind: str) -> None:
    backend, server = open_backend(kind)
    first = await backend.models()
    asked = len(server.requests)
    assert [model.id for model in await backend.models()] == [model.id for model in first]
    assert MODELS[kind] in [model.id for model in first]
    assert len(server.requests) == asked


@pytest.mark.parametrize(
    "odd",
    [[], None, "x", 7, {"data": {"a": 1}}, {"models": [1, {"name": None}]}, {"data": [{"id": 5}, None]}],
)
async def test_a_list_of_models_of_any_shape_does_no_harm(open_backend: Any, kind: str, odd: Any) -> None:
    shaped = httpx.Response(200, json=odd)
    backend, _ = open_backend(kind, {"/v1/models": shaped, "/api/tags": shaped, "/props": shaped})
    assert await backend.models() == []


async def test_two_first_calls_at_once_both_get_the_whole_of_a_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "slow_to_import.py").write_text("import time\ntime.sleep(0.2)\nLAST = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    first = asyncio.create_task(imported("slow_to_import"))
    await asyncio.sleep(0.1)  # it is in sys.modules now, without its last line
    assert [module.LAST for module in await asyncio.gather(first, imported("slow_to_import"))] == [1, 1]
