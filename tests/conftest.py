"""A workbench as the shells get it: scripted answers, a fresh database, no engine and no network."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from playground.backends.scripted import ScriptedBackend
from playground.settings import Settings
from playground.store import open_store
from playground.workbench import Workbench

MakeWorkbench = Callable[..., Workbench]


@pytest.fixture(scope="session")
def migrated_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database without rows, made once: copying it is faster than migrating for each test."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("migrated"), database_url="")
    open_store(settings).close()
    return settings.database_path


@pytest.fixture
async def make_workbench(tmp_path: Path, migrated_database: Path) -> AsyncIterator[MakeWorkbench]:
    """Makes a workbench on these scripts; each is closed at the end."""
    made: list[Workbench] = []

    def make(scripts: object = None, *, context_tokens: int = 4096, **settings: object) -> Workbench:
        chosen = Settings(data_dir=tmp_path / f"data{len(made)}", database_url="", **settings)
        chosen.data_dir.mkdir(mode=0o700)
        shutil.copy(migrated_database, chosen.database_path)
        backend = ScriptedBackend(scripts, context_tokens)
        made.append(Workbench(chosen, open_store(chosen), {"scripted": backend}))
        return made[-1]

    yield make
    for workbench in made:
        await workbench.close()


@pytest.fixture
def workbench(make_workbench: MakeWorkbench) -> Workbench:
    """One model that repeats the last message: `scripted:echo`."""
    return make_workbench()


@dataclass(frozen=True)
class ModelServer:
    """A running model_server.py; `seen()` is what it was asked so far."""

    url: str
    process: subprocess.Popen[str]

    def seen(self) -> dict[str, Any]:
        with urlopen(f"{self.url}/_seen") as answer:
            found = json.load(answer)
        assert isinstance(found, dict)
        return found

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)
        assert self.process.stdout
        self.process.stdout.close()


@pytest.fixture
def model_server() -> Iterator[Callable[..., ModelServer]]:
    """`model_server("ollama", key="…")`: a server of that kind with recorded answers, on a free port."""
    made: list[ModelServer] = []

    def start(kind: str = "ollama", key: str = "") -> ModelServer:
        script = str(Path(__file__).parent / "model_server.py")
        process = subprocess.Popen(
            [sys.executable, script, kind, "0", key], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout
        made.append(ModelServer(f"http://127.0.0.1:{process.stdout.readline().strip()}", process))
        return made[-1]

    yield start
    for server in made:
        if server.process.poll() is None:
            server.stop()
