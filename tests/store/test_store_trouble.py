"""A database that another program holds, a disk that is full, a folder that is gone: what is kept, and what is said."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from playground.errors import ReadOnlyData, StoreBusy, StoreError, StoreHindered
from playground.settings import Settings
from playground.store import Store, faults, open_store, writer
from playground.store.changes import CreateRun, EndCell, StartCell
from playground.store.database import locate
from playground.store.faults import store_error
from playground.types.generation import Completion, Message
from playground.types.grid import RunSpec, Variant
from playground.types.prompt import Prompt, Sampling, Turn
from playground.types.trace import Answer
from tests import forked
from tests.works import at, work

MakeRun = Callable[..., str]
PROMPT = Prompt(name="P", turns=(Turn(role="user", template="Hi"),))
COMPARISON = RunSpec.comparison(prompt=PROMPT, variants=(Variant(model="a:b"),))
CELLS = [work(0, "a:b", PROMPT, Sampling(seed=1))]
HOLDER = """
import sqlite3, sys, time
other = sqlite3.connect(sys.argv[1], isolation_level=None)
other.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts and waits of hundredths of a second."""
    for name, value in (("LOCK_MS", 50), ("RETRY_S", 0.02), ("HINDERED_RETRY_S", 0.05)):
        monkeypatch.setattr(writer, name, value)


@pytest.fixture
def quick_store(settings: Settings, empty_database: Path, quick: None) -> Iterator[Store]:
    settings.data_dir.mkdir(mode=0o700)
    shutil.copy(empty_database, settings.database_path)
    opened = open_store(settings)
    yield opened
    opened.close()


@contextmanager
def held(settings: Settings) -> Iterator[None]:
    """Another process has the write lock."""
    command = [sys.executable, "-c", HOLDER, str(settings.database_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout and other.stdin
        assert other.stdout.readline() == "held\n"
        yield
        other.stdin.close()
        other.wait(10)


def end(run_id: str, text: str = "the answer", column: int = 0) -> EndCell:
    return EndCell(
        run_id, at(column), "done", Answer.of_one_call([Message("user", "Hi")], Completion(text, "stop"))
    )


def until(condition: Callable[[], object], limit_s: float = 10) -> None:
    ending = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < ending
        time.sleep(0.01)


# --- another program --------------------------------------------------------------------------------------


def test_what_happens_to_runs_while_another_process_holds_the_lock_is_all_stored_afterwards(
    quick_store: Store, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    store, begun = quick_store, CreateRun(COMPARISON, CELLS, "Begun before")
    store.submit(begun).result(10)
    with held(settings):
        during = [CreateRun(COMPARISON, CELLS, f"Begun during {number}") for number in range(20)]
        waiting: list[Any] = [store.submit(end(begun.run_id))]
        for change in during:
            waiting += [store.submit(change), store.submit(StartCell(change.run_id, at(0)))]
            waiting.append(store.submit(end(change.run_id, change.title)))
        until(lambda: store.trouble)
        time.sleep(0.5)  # many attempts
        assert not any(future.done() for future in waiting)
        assert isinstance(store.trouble and store.trouble.error, StoreBusy)
        assert store.run(begun.run_id).cells[0].status == "pending"  # reading goes on
    for future in waiting:
        future.result(10)
    until(lambda: store.trouble is None)
    assert store.history().total == 21
    for change in during:
        completion = store.run(change.run_id).cells[0].completion
        assert completion and completion.text == change.title
    told = [record.message for record in caplog.records if record.name == "playground.store.writer"]
    assert len(told) == 2
    assert "in use by another program. What waits is kept in memory" in told[0]
    assert "can be written again; all that waited is stored" in told[1]


def test_closing_while_another_process_holds_the_lock_waits_for_it(
    quick_store: Store, settings: Settings
) -> None:
    run = CreateRun(COMPARISON, CELLS, "Run")
    quick_store.submit(run).result(10)
    with held(settings):
        future = quick_store.submit(end(run.run_id))
        until(lambda: quick_store.trouble)
        from threading import Thread

        closing_ = Thread(target=quick_store.close)
        closing_.start()
        time.sleep(0.3)
        assert closing_.is_alive()
    closing_.join(10)
    assert not closing_.is_alive()
    future.result(1)


def test_closing_does_not_wait_for_ever_and_says_what_was_lost(
    quick_store: Store, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    run = CreateRun(COMPARISON, CELLS, "Run")
    quick_store.submit(run).result(10)
    with held(settings):
        future = quick_store.submit(end(run.run_id))
        until(lambda: quick_store.trouble)
        began = time.monotonic()
        quick_store._writer.close(0.2)
        assert time.monotonic() - began < 30
        with pytest.raises(StoreBusy):
            future.result(1)
    assert "1 answers could not be stored" in caplog.text


@pytest.mark.parametrize(
    "change",
    [
        lambda store, run_id: store.save_version(PROMPT, message=""),
        lambda store, run_id: store.vote(run_id, "tie"),
        lambda store, run_id: store.thumb(run_id, 0, 1),
        lambda store, run_id: store.note(run_id, "x"),
        lambda store, run_id: store.set_favourite("pattern:x", True),
        lambda store, run_id: store.add_repeat(run_id, CELLS[0]),
    ],
)
def test_what_a_person_saves_while_the_lock_is_held_is_refused_in_true_words(
    quick_store: Store,
    settings: Settings,
    change: Callable[[Store, str], object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run_id = quick_store.create_run(COMPARISON, CELLS, title="Run")
    before = quick_store.run(run_id), quick_store.facts().counts
    quick_store._writing_engine = quick_store._writing_engine.execution_options(wait_ms=50)
    with held(settings), pytest.raises(StoreBusy, match="in use by another program, so nothing was saved"):
        change(quick_store, run_id)
    assert (quick_store.run(run_id), quick_store.facts().counts) == before
    change(quick_store, run_id)
    assert (quick_store.run(run_id), quick_store.facts().counts) != before


def test_a_current_database_opens_at_once_while_another_process_holds_the_lock(settings: Settings) -> None:
    open_store(settings).close()
    with held(settings):
        began = time.monotonic()
        store = open_store(settings)
        assert store.history().total == 0
        assert store.mark_interrupted() == 0
        assert time.monotonic() - began < 5
    store.close()


# --- a full disk --------------------------------------------------------------------------------------------


def limit_pages(store: Store, more: int | None) -> None:
    """Let the database grow by so many pages, or as it likes."""
    with store._engine.connect() as connection:  # the pool has this one connection
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        limit = 1_000_000 if more is None else pages + more
        connection.exec_driver_sql(f"PRAGMA max_page_count = {limit}")


def test_an_answer_waits_through_a_full_disk_and_a_new_run_is_refused_at_once(
    quick_store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    store, long = quick_store, "x" * 200_000
    runs = [store.create_run(COMPARISON, CELLS, title=f"Run {number}") for number in range(3)]
    limit_pages(store, 3)
    waiting = [store.submit(end(run_id, long)) for run_id in runs]
    long_prompt = Prompt(name="P", turns=(Turn(role="user", template=long),))
    refused = store.submit(
        CreateRun(RunSpec.comparison(prompt=long_prompt, variants=COMPARISON.variants), CELLS, "New")
    )
    with pytest.raises(StoreHindered, match="disk is full, so nothing was saved"):
        refused.result(10)
    until(lambda: store.trouble and store.trouble.answers == 3)
    assert not any(future.done() for future in waiting)
    limit_pages(store, None)
    for future in waiting:
        future.result(10)
    assert all((c := store.run(run_id).cells[0].completion) and c.text == long for run_id in runs)
    assert "disk is full" in caplog.text


def test_closing_on_a_full_disk_says_soon_what_was_lost(
    quick_store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(writer, "HINDERED_CLOSE_S", 0.2)
    run_id = quick_store.create_run(COMPARISON, CELLS, title="Run")
    limit_pages(quick_store, 3)
    future = quick_store.submit(end(run_id, "x" * 200_000))
    until(lambda: quick_store.trouble)
    quick_store.close()
    with pytest.raises(StoreHindered, match="disk is full"):
        future.result(1)
    assert "1 answers could not be stored. The disk is full" in caplog.text


VICTIM = """
import resource, signal, sys
from pathlib import Path
from playground.settings import Settings
from playground.store import open_store, writer
from playground.errors import PlaygroundError
from playground.types.prompt import Prompt, Turn

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = open_store(Settings(data_dir=Path(sys.argv[1]), database_url=""))
size = max(path.stat().st_size for path in Path(sys.argv[1]).iterdir())
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 8192, resource.RLIM_INFINITY))
try:
    store.save_version(Prompt(name="Long", turns=(Turn(role="user", template="x" * 2_000_000),)), message="")
except PlaygroundError as exc:
    print(exc)
"""


def test_a_limit_of_file_sizes_is_told_from_a_failing_disk(settings: Settings) -> None:
    open_store(settings).close()
    child = forked.run(
        [sys.executable, "-c", VICTIM, str(settings.data_dir)],
        capture_output=True,
        text=True,
        env=dict(os.environ),
    )
    assert child.returncode == 0, child.stderr
    assert child.stdout.startswith(("A file may not grow beyond this program's limit", "The disk is full"))
    assert "so nothing was saved" in child.stdout


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of two megabytes, where this test may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if (
        not mount
        or subprocess.run(
            [mount, "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], capture_output=True
        ).returncode
    ):
        pytest.skip("a small disk cannot be mounted here; run the tests as root")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_disk_that_is_really_full_keeps_the_answer_waiting_until_there_is_room(small_disk: Path) -> None:
    store = open_store(Settings(data_dir=small_disk / "data", database_url=""))
    run_id = store.create_run(COMPARISON, CELLS, title="Run")
    ballast = small_disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(b"x" * 4096):
                pass
        except OSError:
            pass
    future = store.submit(end(run_id, "y" * 300_000))
    until(lambda: store.trouble)
    assert store.trouble and store.trouble.cause.startswith("The disk is full")
    ballast.unlink()
    future.result(10)
    completion = store.run(run_id).cells[0].completion
    assert completion and len(completion.text) == 300_000
    store.close()


# --- gone, replaced, shut -----------------------------------------------------------------------------------


def test_a_data_folder_that_was_deleted_is_told_and_nothing_is_called_saved(
    quick_store: Store, settings: Settings
) -> None:
    run_id = quick_store.create_run(COMPARISON, CELLS, title="Run")
    shutil.rmtree(settings.data_dir)
    for call in (
        lambda: quick_store.submit(end(run_id)).result(10),
        lambda: quick_store.create_run(COMPARISON, CELLS, title="New"),
        lambda: quick_store.save_version(PROMPT, message=""),
        lambda: quick_store.note(run_id, "x"),
    ):
        with pytest.raises(StoreError, match="data folder .* was deleted .*, so nothing was saved") as caught:
            call()
        assert "start the program again" in caught.value.hint
    assert not settings.data_dir.exists()


def test_a_data_folder_that_is_put_back_works_again(quick_store: Store, settings: Settings) -> None:
    run_id = quick_store.create_run(COMPARISON, CELLS, title="Run")
    away = settings.data_dir.rename(settings.data_dir.with_name("away"))
    with pytest.raises(StoreError, match="deleted or moved away"):
        quick_store.note(run_id, "x")
    away.rename(settings.data_dir)
    quick_store.note(run_id, "y")
    assert quick_store.run(run_id).note == "y"


def test_a_file_that_was_deleted_alone_is_told(quick_store: Store, settings: Settings) -> None:
    settings.database_path.unlink()
    with pytest.raises(StoreError, match="The database .* was deleted"):
        quick_store.save_version(PROMPT, message="")


def test_a_database_that_was_replaced_is_neither_written_nor_read(
    quick_store: Store, settings: Settings, empty_database: Path
) -> None:
    run_id = quick_store.create_run(COMPARISON, CELLS, title="Run")
    other = settings.data_dir / "other.db"
    shutil.copy(empty_database, other)
    other.replace(settings.database_path)
    for call in (
        lambda: quick_store.submit(end(run_id)).result(10),
        lambda: quick_store.save_version(PROMPT, message=""),
        lambda: quick_store.history(),
    ):
        with pytest.raises(StoreError, match="was replaced by another file") as caught:
            call()
        assert "Start the program again" in caught.value.hint
    with closing(sqlite3.connect(settings.database_path)) as file:
        assert file.execute("SELECT count(*) FROM prompt").fetchone() == (0,)


@pytest.mark.parametrize(
    ("number", "kind", "words"),
    [
        (28, StoreHindered, "The disk is full"),  # ENOSPC
        (122, StoreHindered, "The disk is full"),  # EDQUOT
        (27, StoreHindered, "may not grow"),  # EFBIG
        (13, ReadOnlyData, "may not be written any more"),  # EACCES
        (30, ReadOnlyData, "may not be written any more"),  # EROFS
        (5, StoreHindered, "reports an error"),  # EIO
    ],
)
@pytest.mark.parametrize("cause", ["disk I/O error", "unable to open database file"])
def test_one_fault_of_the_database_has_the_cause_that_looking_finds(
    quick_store: Store,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    kind: type,
    words: str,
    cause: str,
) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(faults, "TemporaryFile", refuse)
    found = store_error(cause, locate(settings))
    assert type(found) is kind
    assert words in found.message
    assert found.hint


def test_a_disk_error_with_a_healthy_folder_stays_a_disk_error(
    quick_store: Store, settings: Settings
) -> None:
    found = store_error("disk I/O error", locate(settings))
    assert "reports an error" in found.message
