"""A model named by hand: its server is waited for, a silent one is named, and no server of its own is no excuse."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from playground.backends import make_backend, remote
from playground.backends.scripted import ScriptedBackend
from playground.backends.servers import add_server, remove_server
from playground.errors import BackendError, BackendUnavailable, NotFoundError
from playground.settings import Settings
from playground.workbench.models import ModelDesk, every_backend

if TYPE_CHECKING:
    from tests.conftest import Call

MODEL = "<b>vllm</b>"
"""What tests/model_server.py lists as vLLM."""
MakeDesk = Callable[..., ModelDesk]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[MakeDesk]:
    """`desk(vllm="http://…")`: a scripted model, and servers of these kinds at these addresses."""
    made: list[ModelDesk] = []

    def make(**urls: str) -> ModelDesk:
        fields = {f"{kind}_url": url for kind, url in urls.items()}
        settings = Settings(data_dir=tmp_path, **fields)  # type: ignore[arg-type]
        backends: dict[str, Any] = {"scripted": ScriptedBackend({"echo": "{last}"})}
        backends |= {kind.replace("_", "-"): make_backend(kind.replace("_", "-"), settings) for kind in urls}
        made.append(ModelDesk(settings, backends))
        return made[-1]

    yield make
    for one in made:
        await one.close()


@pytest.fixture
def mute() -> Any:
    """The address of a server that takes connections and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("name", [f"vllm:{MODEL}", f"vllm/{MODEL}", MODEL])
async def test_a_named_model_waits_for_a_slow_server(desk: MakeDesk, model_server: Any, name: str) -> None:
    here = desk(vllm=model_server("vllm", list_s=1.5).url)
    assert await here.all() == await here.backends["scripted"].models()
    assert (await here.find(name)).id == f"vllm:{MODEL}"


@pytest.mark.parametrize("name", ["vllm:any", "vllm/any", "any"])
async def test_a_silent_server_is_named_and_the_model_not_denied(
    desk: MakeDesk, mute: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote.RemoteBackend.awaited, "__defaults__", (0.2,))
    with pytest.raises(BackendUnavailable) as caught:
        await desk(vllm=mute).find(name)
    assert caught.value.message == f"vLLM at {mute} has not told its models within 0.2 s."


async def test_a_server_that_is_not_there_is_named_at_once(desk: MakeDesk) -> None:
    here = desk(vllm="http://127.0.0.1:9", ollama="http://127.0.0.1:9")
    for name, label in (("vllm:any", "vLLM"), ("ollama:any", "Ollama")):
        async with asyncio.timeout(2):
            with pytest.raises(BackendUnavailable, match=f"{label} does not answer at http://127.0.0.1:9."):
                await here.find(name)
    with pytest.raises(NotFoundError, match='No single model is called "any"'):
        await here.find("any")  # nobody is silent: nobody has it


async def test_another_model_does_not_wait_for_a_silent_server(desk: MakeDesk, mute: str) -> None:
    async with asyncio.timeout(3):
        assert (await desk(vllm=mute).find("echo")).id == "scripted:echo"
        assert (await desk(vllm=mute).find("scripted:echo")).id == "scripted:echo"


async def test_a_model_that_an_answering_server_lacks_is_denied_with_its_own_list(
    desk: MakeDesk, model_server: Any
) -> None:
    here = desk(vllm=model_server("vllm").url)
    with pytest.raises(NotFoundError) as caught:
        await here.find("vllm:other")
    assert str(caught.value) == f'vLLM has no model "other". Models: vllm:{MODEL}.'


async def test_the_tag_of_an_ollama_model_may_be_left_out(desk: MakeDesk, model_server: Any) -> None:
    here = desk(ollama=model_server("ollama").url)
    assert (await here.find("ollama:smollm2")).id == "ollama:smollm2:latest"


async def test_a_kind_without_an_address_says_so(desk: MakeDesk) -> None:
    with pytest.raises(BackendError, match="has no address"):
        await desk(openai="").find("openai:gpt")


async def test_a_slash_in_the_name_of_a_model_is_no_server(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, openai_url="")
    backends: dict[str, Any] = {"scripted": ScriptedBackend({"openai/gpt-oss": "x"})}
    here = ModelDesk(settings, backends | {"openai": make_backend("openai", settings)})
    assert (await here.find("openai/gpt-oss")).id == "scripted:openai/gpt-oss"
    await here.close()


async def test_a_server_that_loads_is_asked_until_it_has_loaded(
    desk: MakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "AGAIN_SECONDS", 0.05)
    asked = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        head = await reader.readuntil(b"\r\n\r\n")
        body = json.dumps({"data": [{"id": "tiny", "owned_by": "llamacpp"}]}).encode()
        status = b"200 OK" if asked >= 3 else b"503 Loading"
        asked += head.startswith(b"GET /v1/models")
        writer.write(b"HTTP/1.1 %s\r\ncontent-type: application/json\r\n" % status)
        writer.write(b"connection: close\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        here = desk(llama_server=url)
        assert (await here.find("llama-server:tiny")).id == "llama-server:tiny"
        await here.close()


# --- on the command line --------------------------------------------------------------------------------


@pytest.fixture
def real_call(call: Call, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Commands with the servers that were added, in place of scripted models."""
    for kind in ("ollama", "vllm", "llama_server", "llamafactory"):
        monkeypatch.setenv(f"PLAYGROUND_{kind.upper()}_URL", "")
    monkeypatch.setenv("PLAYGROUND_EMBEDDED", "false")
    monkeypatch.setattr("playground.workbench.service.every_backend", every_backend)
    monkeypatch.setattr("playground.backends.servers.USUAL_PORTS", ())
    return call


def test_a_server_is_added_listed_used_and_removed(real_call: Call, model_server: Any, data: Path) -> None:
    url = model_server("vllm", list_s=1).url
    assert real_call("server", "add", "box", url) == (0, f"box added: vLLM at {url}\n", "")
    [row] = json.loads(real_call("server", "list", "--format", "json").out)
    assert (row["name"], row["state"], row["models"]) == ("box", "answers", [f"box:{MODEL}"])
    assert "1 model\n" in real_call("server", "list").out
    (data / "p.prompty").write_text("---\nname: P\n---\nuser:\nHi\n")
    ran = real_call("run", str(data / "p.prompty"), "--model", f"box:{MODEL}")
    assert (ran.code, ran.out) == (0, "The capital of France is Paris.\n")
    assert real_call("server", "remove", "box") == (0, "box removed\n", "")
    assert real_call("server", "remove", "box").code == 2
    assert real_call("server", "list").out == ""


def test_a_key_comes_from_a_file_and_is_never_printed(
    real_call: Call, model_server: Any, data: Path, tmp_path: Path
) -> None:
    server = model_server("ollama", key="sesame")
    (tmp_path / "key").write_text("sesame\n")
    assert real_call("server", "add", "box", server.url, "--key-file", "key").code == 0
    listed = real_call("server", "list", "--format", "json")
    assert json.loads(listed.out)[0]["key"] == "kept" and "sesame" not in listed.out
    assert (data / "keys.json").stat().st_mode & 0o777 == 0o600


def test_what_cannot_be_a_server_is_refused(real_call: Call) -> None:
    for arguments, reason in (
        (("a:b", "http://127.0.0.1:9"), "without a colon"),
        (("box", "http://127.0.0.1:9"), "Nothing that serves models answers"),
        (("box", "http://127.0.0.1:9", "--kind", "gemini"), "not a kind of server"),
        (("box", "http://169.254.169.254"), "metadata"),
    ):
        told = real_call("server", "add", *arguments)
        assert told.code == 1 and reason in told.err
    assert real_call("server", "add", "box", "http://127.0.0.1:9", "--kind", "vllm").code == 0


def test_a_silent_server_is_exit_code_1_for_every_command(
    real_call: Call, mute: str, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote.RemoteBackend.awaited, "__defaults__", (0.2,))
    real_call("server", "add", "box", mute, "--kind", "vllm")
    (data / "p.prompty").write_text("---\nname: P\n---\nuser:\nHi\n")
    (data / "rows.jsonl").write_text("{}\n")
    prompt, rows = str(data / "p.prompty"), str(data / "rows.jsonl")
    for arguments in (
        ("run", prompt, "--model", "box:any"),
        ("export", prompt, "--model", "box:any"),
        ("bench-backends", "--models", "box:any"),
        ("bench-backends",),
        ("batch", "export", prompt, "--rows", rows, "--model", "box:any", "--output", "b.jsonl"),
    ):
        told = real_call(*arguments)
        assert told.code == 1, arguments
        assert f"box at {mute} has not told its models within 0.2 s." in told.err, arguments


def test_a_batch_for_a_model_by_its_id_has_the_name_at_its_server(
    real_call: Call, model_server: Any, data: Path, tmp_path: Path
) -> None:
    real_call("server", "add", "box", model_server("vllm").url)
    (data / "p.prompty").write_text("---\nname: P\n---\nuser:\nHi\n")
    (data / "rows.jsonl").write_text("{}\n")
    arguments = ("--rows", str(data / "rows.jsonl"), "--output", str(tmp_path / "b.jsonl"))
    told = real_call("batch", "export", str(data / "p.prompty"), *arguments, "--model", f"box:{MODEL}")
    assert told.code == 0 and "--model '<b>vllm</b>'" in told.err
    assert json.loads((tmp_path / "b.jsonl").read_text())["body"]["model"] == MODEL


async def test_what_another_program_adds_or_removes_is_seen_at_the_next_look(
    desk: MakeDesk, model_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("playground.backends.servers.USUAL_PORTS", ())
    here = desk()
    first, second = model_server("vllm").url, model_server("ollama").url
    for kind, url in (("vllm", first), ("ollama", second)):
        add_server(here.settings, "box", kind, url)
        look = await here.inventory.look()
        assert (look.places[-1].name, look.places[-1].kind, look.places[-1].state) == ("box", kind, "answers")
    box = here.backends["box"]
    await here.inventory.look()
    assert here.backends["box"] is box
    remove_server(here.settings, "box")
    assert [place.name for place in (await here.inventory.look()).places] == ["scripted"]
