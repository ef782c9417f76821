"""What the engine finds out about the embedded model on this machine before its first answer, found out once for all tests."""

from __future__ import annotations

import asyncio
import fcntl
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from playground.backends.base import complete
from playground.backends.llamacpp import LlamaCppBackend
from playground.settings import Settings
from playground.types.generation import GenerationRequest, Message
from playground.types.prompt import Sampling
from tests.beside import SHARED

Tried = Callable[[Path], Path]


async def _first_answer(folder: Path) -> None:
    backend = LlamaCppBackend(Settings(data_dir=folder, context_tokens=512))
    try:
        model = (await backend.models())[0].id
        await complete(backend, GenerationRequest(model, (Message("user", "Hi"),), Sampling(max_tokens=1)))
    finally:
        await backend.close()


@pytest.fixture(scope="session")
def engine_findings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of the findings; processes that test beside each other share one."""
    folder = request.config.stash.get(SHARED, tmp_path_factory.getbasetemp()) / "tried-engine"
    folder.mkdir(exist_ok=True)
    found = folder / "engine.json"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = folder / "done"
        if not done.exists():
            with ThreadPoolExecutor(1) as aside:  # this thread may have a loop of its own
                aside.submit(asyncio.run, _first_answer(folder)).result()
            done.touch()
    return found


@pytest.fixture
def tried_engine(engine_findings: Path) -> Tried:
    """`tried_engine(data_dir)`: a data folder whose engine need not try out the embedded model again."""

    def make(data_dir: Path) -> Path:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copy(engine_findings, data_dir / "engine.json")
        return data_dir

    return make
