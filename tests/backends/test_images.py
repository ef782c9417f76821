"""Images: told by their bytes, refused before sending, carried as each server wants them."""

from __future__ import annotations

import base64
from typing import Any

import httpx
import pytest

from playground.backends.base import complete
from playground.backends.images import MOST_BYTES, media_type
from playground.errors import BackendError
from playground.types import GenerationRequest, Message, Sampling
from tests.backends.conftest import CHAT, HELLO, MODELS, ndjson, outcome, sse

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n and so on").decode()
DONE = {"message": {"content": "Hello"}, "done": True, "done_reason": "stop"}


def looking(kind: str, *images: str) -> GenerationRequest:
    turns = (Message("system", "Look."), Message("user", "What is this?"))
    return GenerationRequest(MODELS[kind], turns, Sampling(), images=images)


@pytest.mark.parametrize(
    ("start", "found"),
    [
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\0\0\0\0WEBP", "image/webp"),
    ],
)
def test_an_image_is_told_by_its_first_bytes(start: bytes, found: str) -> None:
    assert media_type(base64.b64encode(start + b"rest").decode()) == found


@pytest.mark.parametrize(
    ("image", "words"),
    [
        ("no base64!", "not base64"),
        (base64.b64encode(b"hello").decode(), "not an image"),
        ("A" * (MOST_BYTES * 4 // 3 + 8), "too large"),
    ],
)
async def test_what_is_no_image_is_refused_before_sending(
    open_backend: Any, kind: str, image: str, words: str
) -> None:
    backend, server = open_backend(kind, {"/api/tags": httpx.Response(404), "/props": httpx.Response(404)})
    got = await outcome(backend, looking(kind, image))
    assert got.error is not None
    if kind != "llama-server":  # which is known not to see
        assert words in got.error.message
    assert CHAT[kind] not in [path for path, _ in server.requests]


@pytest.mark.parametrize("kind", ["ollama", "llama-server"])
async def test_a_model_that_is_known_not_to_see_gets_no_image(open_backend: Any, kind: str) -> None:
    backend, server = open_backend(kind)
    got = await outcome(backend, looking(kind, PNG))
    assert "cannot see images" in got.error.message
    assert CHAT[kind] not in [path for path, _ in server.requests]


async def test_images_go_to_ollama_as_base64(open_backend: Any) -> None:
    tags = {"models": [{"name": "smollm2:latest", "capabilities": ["completion", "vision"]}]}
    routes = {"/api/tags": httpx.Response(200, json=tags), CHAT["ollama"]: ndjson(DONE)}
    backend, server = open_backend("ollama", routes)
    assert (await complete(backend, looking("ollama", PNG))).text == "Hello"
    assert server.sent(CHAT["ollama"])["messages"] == [
        {"role": "system", "content": "Look."},
        {"role": "user", "content": "What is this?", "images": [PNG]},
    ]


@pytest.mark.parametrize("kind", ["vllm", "openai", "llamafactory"])
async def test_images_go_to_the_others_as_content_parts(open_backend: Any, kind: str) -> None:
    backend, server = open_backend(kind, {CHAT[kind]: sse(HELLO)})
    assert (await complete(backend, looking(kind, PNG))).text == "Hello"
    system, message = server.sent(CHAT[kind])["messages"]
    assert system == {"role": "system", "content": "Look."}
    assert message["content"] == [
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
        {"type": "text", "text": "What is this?"},
    ]


async def test_an_image_without_a_user_turn_has_no_place(open_backend: Any) -> None:
    backend, _ = open_backend("vllm")
    request = GenerationRequest(MODELS["vllm"], (Message("system", "s"),), Sampling(), images=(PNG,))
    assert "no user turn" in (await outcome(backend, request)).error.message


def test_an_image_error_is_one_that_a_cell_can_show() -> None:
    with pytest.raises(BackendError) as caught:
        media_type("?")
    assert caught.value.hint
