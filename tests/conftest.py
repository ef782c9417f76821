"""What both shells get: a workbench with scripted answers, a fresh database, no engine and no network; and commands."""

from __future__ import annotations

import functools
import gc
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import urlopen

import hypothesis
import pytest
import sqlalchemy as sa
import typer.main
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

from playground.backends.scripted import ScriptedBackend
from playground.cli import main as cli
from playground.cli.terminal import reader_language
from playground.engine.cores import SPIN
from playground.errors import BackendError
from playground.library import shipped
from playground.settings import Settings
from playground.store import Store, open_store, schema
from playground.store.database import connect, locate
from playground.workbench.service import Workbench
from tests.beside import pytest_addoption as pytest_addoption
from tests.beside import pytest_runtestloop as pytest_runtestloop
from tests.examples import examples
from tests.tried_engine import engine_findings as engine_findings
from tests.tried_engine import tried_engine as tried_engine

MakeWorkbench = Callable[..., Workbench]

gc.disable()  # until all tests are collected: nothing of it can be freed

# How long inputs take to be made says how busy the machine is, and nothing of the program.
hypothesis.settings.register_profile(
    "busy",
    max_examples=examples(100),
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("busy")

# Where llama.cpp runs in this process, its threads wait for each other as they do in the engine's own; OpenMP reads this when it is
# loaded, and without it they spin through most of a busy machine's time.
os.environ.setdefault("GOMP_SPINCOUNT", str(SPIN))

# A shell's background job ignores Ctrl+C, and so would every program that a test starts and interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


LONG_FIRST = ("engine/",)
"""What takes longest: begun last, one core would wait for the other at the end."""
LONG_PAGES = ("browser/test_look", "browser/test_library", "browser/test_language", "browser/test_keeping")
"""The browser's that take minutes: begun last, the other core would wait for them alone."""
LAST = "browser/"
"""One Chromium serves all of it, and while it is driven no asynchronous test can run in the same process."""


def pytest_sessionstart() -> None:
    """Shipped patterns are frozen, and each workbench and command reads them all: the tests of a process share them."""
    load, folder = shipped._load, shipped.shipped_folder()
    read = functools.cache(load)
    shipped._load = lambda file, at: (read if at == folder else load)(file, at)
    for name in ("_by_slug", "_texts"):
        share_shipped(name, folder)
    compile_once()
    create_once()
    describe_once()


def share_shipped(name: str, folder: Path) -> None:
    """What a library finds out on first use is found out once for all libraries of the shipped folder."""
    of_one = getattr(shipped.Library, name).func
    of_all = functools.cache(lambda: of_one(shipped.Library(folder)))
    shared = functools.cached_property(lambda self: of_all() if self.folder == folder else of_one(self))
    shared.__set_name__(shipped.Library, name)
    setattr(shipped.Library, name, shared)


def compile_once() -> None:
    """Statements for SQLite are compiled once in a process, not once in each of the thousands of databases of the tests.

    The cache of an engine asks which dialect a statement was compiled for, and each engine has an object of its own for
    the same one. A server's dialect stays its own: it learns from its server.
    """
    known: LRUCache[Any, Any] = LRUCache(5_000)
    kind: Any = SQLiteDialect_pysqlite
    kind.__eq__ = lambda self, other: type(self) is type(other)
    kind.__hash__ = lambda self: hash(type(self))
    sa.create_engine = functools.partial(sa.create_engine, execution_options={"compiled_cache": known})


def create_once() -> None:
    """The statements that make a new database's tables are written once; each later SQLite file is made by the same."""
    create, known = schema._create, []

    def again(connection: sa.Connection) -> None:
        if connection.dialect.name != "sqlite":
            create(connection)
        elif not known:
            create(connection)
            known.extend(
                connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL").scalars()
            )
        else:
            cursor = connection.connection.cursor()
            for statement in known:
                cursor.execute(statement)
            cursor.execute("INSERT INTO alembic_version (version_num) VALUES (?)", (schema.HEAD,))

    schema._create = again


def describe_once() -> None:
    """The tree of commands is built once for all commands that are called in English; in Chinese it is written over."""
    build = typer.main.get_command
    built = functools.cache(build)
    typer.main.get_command = lambda app: built(app) if reader_language() == "en" else build(app)


def pytest_collection_finish() -> None:
    """What is loaded by now stays to the end: it is not gone through again and again for something to free."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first, the browser's last, there the large files first; the order is otherwise that of the files.

    A test that drives a browser and fails is run once more: hundreds of them, each of some thousand moments between
    two busy processes, must hold in one go. What failed and then passed is printed as `RERUN`, to be mended.
    """
    root = Path(__file__).parent
    sizes = Counter(item.path for item in items)

    def place(item: pytest.Item) -> tuple[int, int]:
        path = item.path.relative_to(root).as_posix()
        if path.startswith(LAST):
            return len(LONG_FIRST) + (1 if path.startswith(LONG_PAGES) else 2), -sizes[item.path]
        return next((i for i, start in enumerate(LONG_FIRST) if path.startswith(start)), len(LONG_FIRST)), 0

    items.sort(key=place)
    for item in items:
        if item.path.relative_to(root).as_posix().startswith(LAST):
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture
def in_india(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The clock of this machine is five and a half hours ahead of UTC."""
    monkeypatch.setenv("TZ", "IST-5:30")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


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
        place = locate(chosen)  # as `open_store` does it, which would look first how old the copy is
        made.append(Workbench(chosen, Store(chosen, place, connect(place)), {"scripted": backend}))
        return made[-1]

    yield make
    for workbench in made:
        await workbench.close()


@pytest.fixture
def workbench(make_workbench: MakeWorkbench) -> Workbench:
    """One model that repeats the last message: `scripted:echo`."""
    return make_workbench()


# --- the command line -----------------------------------------------------------------------------------


class Called(NamedTuple):
    """What a command left: exit code, standard output, standard error."""

    code: int
    out: str
    err: str


Call = Callable[..., Called]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder of the commands, which start in `tmp_path`; the folder is made by the first of them."""
    monkeypatch.setenv("PLAYGROUND_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("PLAYGROUND_LANG", "en")  # whatever the locale of who runs the tests
    monkeypatch.chdir(tmp_path)
    return tmp_path / "data"


@pytest.fixture
def scripts() -> dict[str, Any]:
    """The models that commands find, by name; a file of tests may have its own."""
    broken = ["half ", BackendError("The model fell over.", "Choose another.")]
    return {"echo": "{last}", "second": "two", "broken": broken}


@pytest.fixture
def call(
    data: Path, scripts: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Call:
    """`call("library", "import", "a.zip")` runs a command in this process, as the console script does."""
    scripted = ScriptedBackend(scripts)
    monkeypatch.setattr("playground.workbench.service.every_backend", lambda _: {"scripted": scripted})

    def call(*arguments: str) -> Called:
        with pytest.raises(SystemExit) as exit_:
            cli.main(arguments)
        printed = capsys.readouterr()
        return Called(int(exit_.value.code or 0), printed.out, printed.err)

    return call


# --- servers --------------------------------------------------------------------------------------------


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
    """`model_server("ollama", key="…", list_s=2)`: a server of that kind with recorded answers, on a free port."""
    made: list[ModelServer] = []

    def start(kind: str = "ollama", key: str = "", list_s: float = 0) -> ModelServer:
        script = str(Path(__file__).parent / "model_server.py")
        process = subprocess.Popen(
            [sys.executable, script, kind, "0", key, str(list_s)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout
        made.append(ModelServer(f"http://127.0.0.1:{process.stdout.readline().strip()}", process))
        return made[-1]

    yield start
    for server in made:
        if server.process.poll() is None:
            server.stop()
