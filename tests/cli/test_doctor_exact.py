from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from playground.backends.llamacpp import LlamaCppBackend
from playground.backends.scripted import ScriptedBackend
from playground.cli import exactness
from playground.cli.exactness import PROMPTS, compared
from playground.settings import Settings
from playground.types.generation import Chunk, GenerationRequest
from tests.engine.made_models import made_model
from tests.tried_engine import Tried


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exactness, "_WAIT_S", 0.05)


class Swayed(ScriptedBackend):
    """Says another word as soon as it is asked twice at once."""

    busy = 0

    async def stream(self, request: GenerationRequest) -> AsyncIterator[Chunk]:
        self.busy += 1
        try:
            swayed = self.busy > 1
            async for chunk in super().stream(request):
                yield Chunk(chunk.text + "!", finish=chunk.finish) if swayed and chunk.text else chunk
        finally:
            self.busy -= 1


def test_twenty_prompts_of_many_lengths() -> None:
    assert len(set(PROMPTS)) == 20
    assert min(map(len, PROMPTS)) < 20 and max(map(len, PROMPTS)) > 1000


async def test_answers_that_company_changes_are_counted_and_named() -> None:
    steady = await compared(ScriptedBackend({"echo": "{last}"}), "scripted:echo")
    assert (steady.equal, steady.total, steady.different) == (20, 20, ())
    swayed = await compared(Swayed({"echo": ["a ", 0.02, "b"]}), "scripted:echo")
    assert swayed.equal < 20
    assert set(swayed.different) <= set(PROMPTS)


def test_the_command_says_how_many_are_equal_and_leaves_with_it(call: Any) -> None:
    told = call("doctor", "--exact", "scripted:echo")
    assert told.code == 0
    assert told.out.startswith("20 of 20 equal (")
    assert call("doctor", "--exact").out.startswith("20 of 20 equal (")
    assert call("doctor", "scripted:echo").code != 0
    lost = call("doctor", "--exact", "nobody")
    assert lost.code != 0 and "nobody" in lost.err


async def test_a_model_gives_the_same_bits_alone_and_in_company(
    tmp_path: Path, tried_engine: Tried, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exactness, "_TOKENS", 8)
    made_model(tried_engine(tmp_path) / "models", "Q4_1", layers=3)
    backend = LlamaCppBackend(Settings(data_dir=tmp_path))
    try:
        report = await compared(backend, "llama.cpp:Q4_1-3")
    finally:
        await backend.close()
    assert (report.equal, report.with_scores) == (20, True)
    assert report.mode.startswith("exact, llama-cpp-python") and "company changes no bit" in report.mode
