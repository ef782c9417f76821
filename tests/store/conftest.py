from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from playground.settings import Settings
from playground.store import Store, open_store
from playground.store.presence import Presence
from playground.types.generation import Completion, Message
from playground.types.grid import RunSpec, Variant
from playground.types.prompt import Prompt, Sampling, Turn
from playground.types.trace import Answer
from tests.works import at, work

MakeRun = Callable[..., str]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", database_url="")


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file without rows, made once: a copy of it is faster than a migration for each test."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("empty"), database_url="")
    open_store(settings).close()
    return settings.database_path


@pytest.fixture
def store(settings: Settings, empty_database: Path) -> Iterator[Store]:
    settings.data_dir.mkdir(mode=0o700)
    shutil.copy(empty_database, settings.database_path)
    opened = open_store(settings)
    yield opened
    opened.close()


@pytest.fixture
def make_run(store: Store) -> MakeRun:
    """Creates a run with one column per answer; an answer None stays pending, the others are done."""

    def make(
        *answers: str | None,
        title: str = "A run",
        template: str = "Hello {{ name }}",
        values: dict[str, object] | None = None,
        model: str = "scripted:echo",
    ) -> str:
        prompt = Prompt(name="Greeting", turns=(Turn(role="user", template=template),))
        answers = answers or (None,)
        comparison = RunSpec.comparison(
            prompt=prompt, values=values or {}, variants=tuple(Variant(model=model) for _ in answers)
        )
        cells = [work(n, model, prompt, Sampling(seed=7)) for n in range(len(answers))]
        run_id = store.create_run(comparison, cells, title=title)
        for column, answer in enumerate(answers):
            if answer is not None:
                store.save_cell(
                    run_id,
                    at(column),
                    status="done",
                    answer=Answer.of_one_call([Message("user", "Hello")], Completion(answer, "stop")),
                )
        return run_id

    return make


@pytest.fixture
def orphan(store: Store) -> Callable[[], None]:
    """`orphan()`: the program that runs all cells so far has ended; this store belongs to another one from now on."""

    def end() -> None:
        store._presence.end()
        store._presence = Presence(store._presence._folder)

    return end
