"""A workbench as the shells get it: scripted answers, a fresh database, no engine and no network."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

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
