"""Images: told by their bytes, refused before sending, carried as each server wants them."""

from __future__ import annotations

import base64
import struct
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from playground.backends.base import complete
from playground.backends.images import MOST_IMAGES, Picture, can_see, look, media_type
from playground.backends.llamacpp import LlamaCppBackend
from playground.backends.projectors import is_projector_file, projector_of
from playground.engine.gguf import read_header
from playground.errors import BackendError
from playground.settings import Settings, embedded_model_path
from playground.types.generation import GenerationRequest, Message
from playground.types.prompt import Sampling
from playground.types.servers import ModelInfo
from tests.backends.conftest import CHAT, HELLO, MODELS, answer, ndjson, outcome, sse
from tests.tiny_projector import PICTURE_TOKENS, picture, write_gguf, write_projector
from tests.tried_engine import Tried

PNG = picture()
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
    ("kind", "found"), [("PNG", "png"), ("JPEG", "jpeg"), ("GIF", "gif"), ("WEBP", "webp")]
)
def test_an_image_tells_its_size(kind: str, found: str) -> None:
    image = picture(size=(123, 45), kind=kind)
    assert look(image) == Picture(f"image/{found}", 123, 45, len(base64.b64decode(image)))


def test_a_webp_without_loss_tells_its_size_too() -> None:
    bits = (123 - 1) | (45 - 1) << 14
    data = b"RIFF" + struct.pack("<I", 17) + b"WEBPVP8L" + struct.pack("<IBI", 5, 0x2F, bits)
    found = look(base64.b64encode(data).decode())
    assert (found.width, found.height) == (123, 45)


def png(width: int, height: int) -> bytes:
    """A PNG whose header promises this size, with nothing in it."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IEND", b"")


RAW = base64.b64decode(PNG)
JPEG = base64.b64decode(picture(kind="JPEG"))
GIF = base64.b64decode(picture(kind="GIF"))
WEBP = base64.b64decode(picture(kind="WEBP"))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty (0 bytes)"),
        (b"hello", "is not an image (5 bytes)"),
        (
            b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>',
            "an SVG, a drawing without pixels",
        ),
        (b"%PDF-1.7", "is a PDF"),
        (b"\0\0\0\x18ftypheic", "a HEIC, AVIF or video file"),
        (RAW[:60], f"ends at byte 60, and its next chunk would end at {len(RAW) - 12}"),
        (RAW[:-12], "without its last chunk"),
        (RAW[:45] + bytes([RAW[45] ^ 1]) + RAW[46:], "wrong checksum at byte"),
        (RAW[:10], "ends at byte 10"),
        (JPEG[:300], "damaged JPEG of 300 bytes: it ends"),
        (JPEG[:-2], "without its end mark"),
        (b"\xff\xd8" + b"\xff" * 2_000_000, "damaged JPEG"),
        (GIF[:-20], "without its end mark"),
        (GIF[:7], "ends inside its header"),
        (WEBP[:-5], "and promises"),
        (
            png(100_000, 100_000),
            "unfolds to 100,000 × 100,000 pixels (10,000 million), and at most 64 million",
        ),
        (png(0, 5), "0 × 5 pixels"),
        (RAW + bytes(30_000_000), "has 30 MB, and at most 20 MB"),
    ],
)
def test_a_file_that_no_model_could_read_is_refused_with_its_numbers(data: bytes, words: str) -> None:
    with pytest.raises(BackendError) as caught:
        look(base64.b64encode(data).decode())
    assert words in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("image", "words"),
    [
        ("no base64!", "not base64"),
        (base64.b64encode(b"hello").decode(), "not an image"),
        ("A" * 66_700_000, "has 50 MB, and at most 20 MB can be sent"),
        (base64.b64encode(RAW[:60]).decode(), "Image 2 of 2 is a damaged PNG of 60 bytes"),
    ],
)
async def test_what_is_no_image_is_refused_before_sending(
    open_backend: Any, kind: str, image: str, words: str
) -> None:
    untold = {path: httpx.Response(404) for path in ("/api/tags", "/api/show", "/props")}
    backend, server = open_backend(kind, untold)
    got = await outcome(backend, looking(kind, *([PNG, image] if "Image 2" in words else [image])))
    assert got.error is not None
    if kind != "llama-server":  # which is known not to see
        assert words in got.error.message
    assert CHAT[kind] not in [path for path, _ in server.requests]


@pytest.mark.parametrize("kind", ["ollama", "llama-server"])
async def test_a_model_that_is_known_not_to_see_gets_no_image(open_backend: Any, kind: str) -> None:
    backend, server = open_backend(kind)
    got = await outcome(backend, looking(kind, PNG))
    assert "cannot see images" in got.error.message
    assert ("--mmproj" in got.error.hint) == (kind == "llama-server")
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


async def test_an_ollama_whose_list_tells_no_abilities_is_asked_about_the_model(open_backend: Any) -> None:
    tags = {"models": [{"name": "smollm2:latest"}]}
    for abilities, sees in ((["completion"], False), (["completion", "vision"], True)):
        routes = {
            "/api/tags": httpx.Response(200, json=tags),
            "/api/show": httpx.Response(200, json={"capabilities": abilities}),
            CHAT["ollama"]: ndjson(DONE),
        }
        backend, _ = open_backend("ollama", routes)
        got = await outcome(backend, looking("ollama", PNG))
        assert (got.error is None) == sees


async def test_a_server_that_finds_out_itself_is_quoted_with_what_to_do(open_backend: Any) -> None:
    backend, _ = open_backend("vllm", {CHAT["vllm"]: answer("vllm/a090")})
    got = await outcome(backend, looking("vllm", PNG))
    assert "smollm2-135m is not a multimodal model" in got.error.message
    assert got.error.hint == "Choose a model that can see images."


@pytest.mark.parametrize("kind", ["vllm", "llama-server"])
async def test_a_count_that_knows_no_images_is_not_compared(open_backend: Any, kind: str) -> None:
    props = {"default_generation_settings": {"n_ctx": 64}, "modalities": {"vision": True}}
    usage = b'data: {"choices":[],"usage":{"prompt_tokens":600}}\n\n'
    backend, server = open_backend(
        kind, {CHAT[kind]: sse(usage, HELLO), "/props": httpx.Response(200, json=props)}
    )
    got = await complete(backend, looking(kind, PNG))
    assert (got.prompt_tokens, [note for note in got.ignored if "counted" in note]) == (600, [])
    sent = [path for path, _ in server.requests]
    assert "/tokenize" not in sent[: sent.index(CHAT[kind])]


async def test_llamafactory_gets_no_webp_which_it_would_take_for_an_address(open_backend: Any) -> None:
    backend, server = open_backend("llamafactory")
    got = await outcome(backend, looking("llamafactory", picture(kind="WEBP")))
    assert "takes a WebP image for a web address" in got.error.message
    assert CHAT["llamafactory"] not in [path for path, _ in server.requests]


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


async def test_raw_text_and_too_many_images_have_no_place(open_backend: Any, kind: str) -> None:
    sees = {"modalities": {"vision": True}}
    show = {"capabilities": ["vision"]}
    routes = {"/api/tags": {"models": []}, "/api/show": show, "/props": sees}
    backend, server = open_backend(kind, {p: httpx.Response(200, json=body) for p, body in routes.items()})
    raw = await outcome(backend, replace(looking(kind, PNG), raw_prompt="<|im_start|>"))
    assert "no place for an image" in raw.error.message
    many = await outcome(backend, looking(kind, *[PNG] * (MOST_IMAGES + 1)))
    assert f"There are {MOST_IMAGES + 1} images, and at most {MOST_IMAGES}" in many.error.message
    large = await outcome(backend, looking(kind, *[base64.b64encode(png(8000, 8000)).decode()] * 3))
    assert "192 million pixels together, and at most 60 MB and 128 million" in large.error.message
    assert not {CHAT[kind], "/api/generate", "/completion", "/v1/completions"} & {
        p for p, _ in server.requests
    }


def test_a_model_can_see_or_not_or_nobody_knows() -> None:
    told = {(): None, ("completion",): False, ("completion", "vision"): True}
    for abilities, sees in told.items():
        assert can_see(ModelInfo("b:m", "b", "m", capabilities=abilities)) is sees


# --- llama.cpp in process -------------------------------------------------------------------------------


def put(folder: Path, name: str) -> Path:
    """The embedded model under another name."""
    source = embedded_model_path()
    assert source
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).symlink_to(source)
    return folder / name


def test_a_projector_is_found_by_its_name_or_because_nothing_else_is_there(tmp_path: Path) -> None:
    alone = put(tmp_path / "one", "gemma-3-4b-it-Q4_K_M.gguf")
    put(tmp_path / "one", "gemma-3-4b-it-Q8_0.gguf")
    eye = write_projector(tmp_path / "one" / "mmproj-F16.gguf", words=77)
    assert projector_of(read_header(alone)) == eye
    many = tmp_path / "many"
    smol, text = put(many, "SmolVLM-256M-Instruct-Q8_0.gguf"), put(many, "SmolLM2-135M-Instruct-Q8_0.gguf")
    for name in ("mmproj-SmolVLM-500M-Instruct-f16.gguf", "mmproj-SmolVLM-256M-Instruct-F32.gguf"):
        write_projector(many / name)
    own = write_projector(many / "mmproj-SmolVLM-256M-Instruct-f16.gguf")
    assert (projector_of(read_header(smol)), projector_of(read_header(text))) == (own, None)
    general = write_projector(many / "mmproj-model-f16.gguf")
    assert projector_of(read_header(text)) == general, "it makes vectors of this model's width"
    assert projector_of(read_header(smol)) == own
    lonely = put(tmp_path / "two", "SmolVLM-256M.gguf")
    assert projector_of(read_header(lonely)) is None
    assert projector_of(read_header(lonely), [general]) == general
    assert projector_of(read_header(lonely), [write_projector(tmp_path / "mmproj-a.gguf", words=77)]) is None


def test_only_a_file_that_is_called_and_made_so_is_a_projector(tmp_path: Path) -> None:
    named = put(tmp_path, "no-mmproj-inside.gguf")
    assert not is_projector_file(named)
    broken = tmp_path / "mmproj-broken.gguf"
    broken.write_bytes(b"GGUF")
    assert is_projector_file(broken), "whatever it is, it is no model"
    ears = {"general.architecture": "clip", "clip.has_audio_encoder": True}
    write_gguf(tmp_path / "mmproj-ears.gguf", ears)
    assert projector_of(read_header(named)) is None


async def test_a_model_beside_its_projector_sees_and_the_others_say_so_before_anything_starts(
    tmp_path: Path, tried_engine: Tried
) -> None:
    folder = tried_engine(tmp_path) / "models"
    put(folder, "seer-Q4_1.gguf")
    put(folder, "blind-Q4_1.gguf")
    write_projector(folder / "seer-mmproj-f16.gguf")
    backend = LlamaCppBackend(Settings(data_dir=tmp_path, embedded=False, context_tokens=512))
    try:
        listed = {model.name: model.capabilities for model in await backend.models()}
        assert listed == {"blind": ("completion",), "seer": ("completion", "vision")}
        turns = (Message("user", "What is this?"),)
        request = GenerationRequest("llama.cpp:blind", turns, Sampling(max_tokens=2), images=(PNG,))
        with pytest.raises(BackendError, match="^blind cannot see images") as caught:
            await complete(backend, request)
        assert "mmproj file lies beside blind-Q4_1.gguf" in caught.value.hint
        sees = replace(request, model="llama.cpp:seer")
        for image, words in (
            (picture(kind="WEBP"), "cannot read WebP"),
            (PNG[:80], "damaged PNG of 60 bytes"),
        ):
            with pytest.raises(BackendError, match=words):
                await complete(backend, replace(sees, images=(image,)))
        assert backend.engine.starts == 0
        blind = await complete(backend, replace(sees, images=()))
        seen = await complete(backend, sees)
        assert seen.prompt_tokens == (blind.prompt_tokens or 0) + PICTURE_TOKENS
        assert "<__media__>What is this?" in (seen.rendered_prompt or "")
    finally:
        await backend.close()


async def test_an_added_projector_is_no_model_and_serves_a_model_elsewhere(tmp_path: Path) -> None:
    model = put(tmp_path / "here", "seer-Q4_1.gguf")
    eye = write_projector(tmp_path / "there" / "mmproj-seer.gguf")
    backend = LlamaCppBackend(Settings(data_dir=tmp_path, embedded=False, models=(model,)))
    assert [m.capabilities for m in await backend.models()] == [("completion",)]
    backend.add_file(str(eye))
    (info,) = await backend.models()
    assert (info.name, can_see(info)) == ("seer", True)


def test_an_image_error_is_one_that_a_cell_can_show() -> None:
    with pytest.raises(BackendError) as caught:
        media_type("?")
    assert caught.value.hint
