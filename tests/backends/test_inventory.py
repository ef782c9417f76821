"""What backends are and hold, as the Models tab gets it: states, doubles, and looks that are young enough."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest

from playground.backends import inventory, make_backend
from playground.backends.base import Backend
from playground.backends.inventory import Inventory
from playground.backends.scripted import ScriptedBackend
from playground.backends.servers import Server
from playground.settings import Settings
from playground.types.servers import LoadedModel, ModelInfo, ServerMetrics


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> list[Server]:
    """What looking on the usual ports finds, and a note of every search."""
    servers: list[Server] = []

    async def discover(*_: Any, **__: Any) -> list[Server]:
        return list(servers)

    monkeypatch.setattr(inventory, "discover", discover)
    return servers


Made = Callable[..., dict[str, Backend]]


@pytest.fixture
async def made() -> AsyncIterator[Made]:
    """`made(settings, "ollama")`: backends of these rows, closed at the end."""
    backends: list[Backend] = []

    def make(settings: Settings, *names: str) -> dict[str, Backend]:
        rows = {name: make_backend(name, settings) for name in names}
        backends.extend(rows.values())
        return rows

    yield make
    for backend in backends:
        await backend.close()


async def test_a_server_is_absent_silent_failing_or_answers(
    found: list[Server], made: Made, model_server: Any, tmp_path: Any
) -> None:
    ollama = model_server("ollama", key="sesame")
    nobody = "http://127.0.0.1:9"
    settings = Settings(data_dir=tmp_path, ollama_url=ollama.url, vllm_url=nobody)
    by_default = Settings.model_construct(_fields_set=set(), data_dir=tmp_path, llama_server_url=nobody)
    backends = made(settings, "ollama", "vllm") | made(by_default, "llama-server")
    look = await Inventory(settings, backends).look()
    assert [place.state for place in look.places] == ["failing", "silent", "absent"]
    assert "asks for a key" in look.places[0].problem
    assert look.places[1].hint.startswith("Start it with")
    assert look.chat_models == []


async def test_the_kind_that_was_found_at_a_usual_address_is_the_true_one(
    found: list[Server], made: Made, model_server: Any, tmp_path: Any
) -> None:
    server = model_server("ollama")
    settings = Settings(data_dir=tmp_path, vllm_url=server.url)
    found.append(Server("ollama-8000", "ollama", server.url, True))
    look = await Inventory(settings, made(settings, "vllm")).look()
    assert (look.places[0].state, look.places[0].problem) == ("absent", f"Ollama answers at {server.url}.")
    assert look.found == tuple(found)


async def test_a_found_server_that_is_in_use_is_not_offered_again(
    found: list[Server], made: Made, model_server: Any, tmp_path: Any
) -> None:
    server = model_server("ollama")
    settings = Settings(data_dir=tmp_path, ollama_url=server.url)
    found.append(Server("ollama", "ollama", server.url, True))
    look = await Inventory(settings, made(settings, "ollama")).look()
    assert (look.places[0].state, look.found) == ("answers", ())


async def test_a_young_look_is_kept_until_something_changes(found: list[Server], tmp_path: Any) -> None:
    settings = Settings(data_dir=tmp_path)
    kept = Inventory(settings, {"scripted": ScriptedBackend()})
    first = await kept.look()
    assert await kept.look(60) is first
    assert await kept.look(0) is not first
    kept.forget()
    assert await kept.look(60) is not first


async def test_a_look_without_a_search_is_not_taken_for_a_whole_one(
    found: list[Server], tmp_path: Any
) -> None:
    kept = Inventory(Settings(data_dir=tmp_path), {"scripted": ScriptedBackend()})
    await kept.look(60, search=False)
    found.append(Server("vllm-8001", "vllm", "http://127.0.0.1:8001", True))
    assert (await kept.look(60)).found == tuple(found)


async def test_the_load_of_a_server_that_has_gone_is_unknown(
    made: Made, model_server: Any, found: Any, tmp_path: Any
) -> None:
    server = model_server("vllm")
    settings = Settings(data_dir=tmp_path, vllm_url=server.url)
    kept = Inventory(settings, made(settings, "vllm"))
    await kept.look()
    assert (await kept.metrics())["vllm"].running == 3
    server.stop()
    assert await kept.metrics() == {"vllm": ServerMetrics()}


def test_a_model_is_found_in_memory_with_and_without_its_tag() -> None:
    place = inventory.Place("ollama", "Ollama", "answers", loaded=(LoadedModel("a:latest", 2048),))
    model = ModelInfo("ollama:a", "ollama", "a")
    assert place.in_memory(model) == LoadedModel("a:latest", 2048)
    assert place.in_memory(replace(model, name="b")) is None
