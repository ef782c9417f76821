"""Servers found and added, and the keys kept for them."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from playground.backends import added_backends, make_backend
from playground.backends.base import complete
from playground.backends.servers import (
    Server,
    add_server,
    added_servers,
    confirm_server,
    discover,
    identify,
    key_of,
    remove_server,
    set_key,
    usual_server,
)
from playground.errors import NotFoundError, SettingsError
from playground.settings import Settings, key_variable
from playground.types.generation import GenerationRequest, Message
from playground.types.prompt import Sampling
from tests.backends.conftest import CHAT, HELLO, HOUSES, Scripted, answer, outcome, sse, unused_ports

Start = Callable[[dict[str, Any]], Scripted]


async def test_servers_are_told_apart_by_their_answers(
    settings: Settings, scripted: Start, kind: str
) -> None:
    # The scripted house of "openai" is vLLM's list.
    own = {"/v1/models": httpx.Response(200, json={"data": [{"id": "gpt"}]})}
    server = scripted(own if kind == "openai" else HOUSES[kind])
    assert await identify(server.url, settings) == kind


@pytest.mark.parametrize(
    ("routes", "kind"),
    [
        ({"/v1/models": answer("vllm/b001"), "/version": answer("vllm/a003")}, "vllm"),
        ({"/v1/models": answer("llamafactory/key_missing")}, "llamafactory"),
        ({"/v1/models": answer("ollama/a006"), "/api/version": answer("ollama/a003")}, "ollama"),
        ({"/v1/models": httpx.Response(401, json={"error": {"message": "no"}})}, "openai"),
        ({"/v1/models": httpx.Response(200, html="<!doctype html>")}, None),
        ({}, None),
    ],
)
async def test_a_locked_empty_or_foreign_server_is_recognised(
    settings: Settings, scripted: Start, routes: dict[str, Any], kind: str | None
) -> None:
    assert await identify(scripted(routes).url, settings) == kind


def ports_of_ours(settings: Settings, monkeypatch: pytest.MonkeyPatch, *servers: Scripted) -> Settings:
    """Settings and usual ports that name these servers (Ollama's first) and else only ports where nobody listens."""
    free = iter(unused_ports(8))
    ports = [server.port for server in servers] or [next(free)]
    monkeypatch.setattr("playground.backends.servers.USUAL_PORTS", (*ports, next(free)))
    kinds = ("ollama", "vllm", "llama_server", "llamafactory", "openai")
    urls = {f"{kind}_url": f"http://127.0.0.1:{next(free)}" for kind in kinds}
    return settings.model_copy(update=urls | {"ollama_url": f"http://127.0.0.1:{ports[0]}"})


async def test_discovery_finds_what_runs_on_the_usual_ports(
    settings: Settings, scripted: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    ollama, factory, llama = (scripted(HOUSES[kind]) for kind in ("ollama", "llamafactory", "llama-server"))
    ours = ports_of_ours(settings, monkeypatch, ollama, factory)
    ours = ours.model_copy(update={"llama_server_url": llama.url})
    found = await discover(ours)
    assert found == [
        Server("ollama", "ollama", ollama.url, True),
        Server("llama-server", "llama-server", llama.url, True),
        Server(f"llamafactory-{factory.port}", "llamafactory", factory.url, True),
    ]


async def test_discovery_with_nothing_running_finds_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await discover(ports_of_ours(settings, monkeypatch)) == []


async def test_an_added_server_becomes_a_backend_with_its_own_models(
    settings: Settings, scripted: Start
) -> None:
    server = scripted(HOUSES["vllm"] | {CHAT["vllm"]: sse(HELLO)})
    added = add_server(settings, " gpu box ", "vllm", f"localhost:{server.port}/v1/", key="sk-1")
    assert added == Server("gpu box", "vllm", f"http://localhost:{server.port}")
    assert added_servers(settings) == [added]
    backends = added_backends(settings)
    backend: Any = backends["gpu box"]
    assert [model.id for model in await backend.models()] == ["gpu box:smollm2-135m"]
    request = GenerationRequest("gpu box:smollm2-135m", (Message("user", "Hi"),), Sampling())
    assert (await complete(backend, request)).text == "Hello"
    assert server.headers[-1]["authorization"] == "Bearer sk-1"
    await backend.close()


async def test_an_added_server_is_taken_at_its_word(settings: Settings, scripted: Start) -> None:
    add_server(settings, "gateway", "vllm", scripted(HOUSES["llamafactory"]).url)
    backend: Any = added_backends(settings)["gateway"]
    assert [model.name for model in await backend.models()] == ["smol-zork"]
    await backend.close()


@pytest.mark.parametrize("name", ["", "  ", "a:b", "ollama", "llama.cpp", "x" * 41, "a\nb"])
def test_a_name_that_would_confuse_is_refused(settings: Settings, name: str) -> None:
    with pytest.raises(SettingsError):
        add_server(settings, name, "vllm", "http://localhost:8123")
    assert added_servers(settings) == []


def test_an_unknown_kind_and_a_bad_address_are_refused(settings: Settings) -> None:
    with pytest.raises(SettingsError, match="not a kind"):
        add_server(settings, "a", "gemini", "http://localhost:1")
    with pytest.raises(SettingsError, match="metadata"):
        add_server(settings, "a", "vllm", "http://169.254.169.254")


def test_a_server_added_again_replaces_the_first_and_its_key(settings: Settings) -> None:
    add_server(settings, "box", "vllm", "http://one:1", key="sk-1")
    add_server(settings, "box", "openai", "http://two:2")
    assert added_servers(settings) == [Server("box", "openai", "http://two:2")]
    assert key_of(settings, "box") == ""


def test_a_removed_server_takes_its_key_along(settings: Settings) -> None:
    add_server(settings, "box", "vllm", "http://one:1", key="sk-1")
    remove_server(settings, "box")
    assert (added_servers(settings), key_of(settings, "box")) == ([], "")
    with pytest.raises(NotFoundError):
        remove_server(settings, "box")


def test_keys_lie_in_a_file_that_only_the_user_can_read(settings: Settings) -> None:
    set_key(settings, "box", " sk-1 \n")
    path = settings.data_dir / "keys.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert key_of(settings, "box") == "sk-1"
    path.chmod(0o644)
    assert key_of(settings, "box") == "sk-1"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    add_server(settings, "other", "vllm", "http://one:1", key="sk-2")
    assert "sk-" not in (settings.data_dir / "servers.json").read_text()


def test_the_environment_goes_before_the_file(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    set_key(settings, "my box", "from-file")
    assert key_variable("my box") == "PLAYGROUND_KEY_MY_BOX"
    monkeypatch.setenv("PLAYGROUND_KEY_MY_BOX", "from-environment")
    assert key_of(settings, "my box") == "from-environment"


def test_a_key_that_cannot_be_sent_is_refused_without_showing_it(settings: Settings) -> None:
    with pytest.raises(SettingsError) as caught:
        set_key(settings, "box", "sk-secret\nX-Other: 1")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("text", ["{", "7", "[1]", '{"a": 1}', '[{"name": "x"}]', "\x00"])
def test_a_damaged_file_is_named_and_not_shown(settings: Settings, text: str) -> None:
    (settings.data_dir / "servers.json").write_text(text)
    with pytest.raises(SettingsError, match=r"servers\.json"):
        added_servers(settings)
    (settings.data_dir / "keys.json").write_text('["sk-secret"')
    with pytest.raises(SettingsError, match=r"keys\.json") as caught:
        key_of(settings, "box")
    assert "secret" not in str(caught.value) and caught.value.__cause__ is None


def test_a_kind_without_an_address_is_left_out(settings: Settings) -> None:
    chosen = settings.model_copy(update={"vllm_url": " "})
    assert usual_server("vllm", chosen).url == ""


async def test_a_key_from_the_environment_with_a_line_end_is_refused_not_leaked(
    settings: Settings, scripted: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLAYGROUND_KEY_BOX", "sk-secret\nsecond")
    add_server(settings, "box", "openai", scripted({CHAT["openai"]: sse(HELLO)}).url)
    backend: Any = added_backends(settings)["box"]
    request = GenerationRequest("box:m", (Message("user", "Hi"),), Sampling())
    got = await outcome(backend, request)
    assert "holds a character that cannot be sent" in got.error.message
    assert "secret" not in repr(got)
    assert await backend.models() == []
    await backend.close()


# --- keys of the environment ------------------------------------------------------------------------------


def test_a_key_of_the_environment_goes_only_to_an_address_that_was_confirmed_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLAYGROUND_KEY_BOX", "secret")
    here, opened = (
        Settings(data_dir=tmp_path, host=host, allow_admin=True) for host in ("127.0.0.1", "0.0.0.0")
    )
    by_visitor = add_server(opened, "box", "openai", "https://evil.example")
    assert not by_visitor.confirmed
    assert key_of(here, "box", confirmed=added_servers(here)[0].confirmed) == ""
    confirm_server(here, "box")
    assert key_of(here, "box", confirmed=added_servers(here)[0].confirmed) == "secret"
    # Another address for the same name must be confirmed anew.
    add_server(opened, "box", "openai", "https://other.example")
    assert [server.confirmed for server in added_servers(here)] == [False]
    add_server(here, "box", "openai", "https://mine.example")
    assert [server.confirmed for server in added_servers(here)] == [True]


def test_the_backend_of_an_unconfirmed_server_has_no_key_and_the_models_tab_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLAYGROUND_KEY_BOX", "secret")
    settings = Settings(data_dir=tmp_path)
    rows = [{"name": "box", "kind": "openai", "url": "https://old.example"}]  # as 0.2 wrote it
    (tmp_path / "servers.json").write_text(json.dumps(rows))
    backend = added_backends(settings)["box"]
    assert backend.connection._key == ""  # type: ignore[attr-defined]
    (tmp_path / "servers.json").write_text(json.dumps([rows[0] | {"url": "http://127.0.0.1:9000"}]))
    assert added_servers(settings)[0].confirmed


def test_the_usual_servers_take_the_key_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLAYGROUND_KEY_OPENAI", "secret")
    settings = Settings(data_dir=tmp_path, openai_url="https://api.example/v1")
    assert make_backend("openai", settings).connection._key == "secret"  # type: ignore[attr-defined]
