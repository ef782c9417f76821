"""Two programs on one data folder: each is known, neither calls the other's cells interrupted, an ended one's are."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from playground.settings import Settings
from playground.store import Store, open_store, presence
from playground.store.changes import Draft, EndCell, KeepDrafts, StartCell
from playground.store.presence import Presence
from playground.types.generation import Completion, Message
from playground.types.trace import Answer
from tests.forked import Program
from tests.works import at, work

MakeRun = Callable[..., str]

OTHER = """
import os, sys, time
from pathlib import Path
from playground.settings import Settings
from playground.store import open_store
from playground.store.changes import CreateRun, Draft, KeepDrafts, StartCell
from playground.types.generation import *
from playground.types.grid import *
from playground.types.prompt import *
from playground.types.scores import *
from tests.works import at, work

store = open_store(Settings(data_dir=Path(sys.argv[1]), database_url=""))
store.announce("the other program")
prompt = Prompt(turns=(Turn(role="user", template="Hi"),))
comparison = RunSpec.comparison(prompt=prompt, variants=(Variant(model="a:b"),) * 2)
run = CreateRun(comparison, [work(n, "a:b", prompt, Sampling()) for n in range(2)], "Other")
store.submit(run)
store.submit(StartCell(run.run_id, at(0)))
store.submit(KeepDrafts([Draft(run.run_id, at(0), "half an ans", "a thought")])).result()
print(run.run_id, flush=True)
sys.stdin.read()
store.close()
"""


@contextmanager
def other_program(settings: Settings) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Another process with a run of two cells, one of them writing."""
    command = [sys.executable, "-c", OTHER, str(settings.data_dir)]
    with Program(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout and child.stdin
        yield child, child.stdout.readline().strip()
        if child.poll() is None:
            child.stdin.close()
            child.wait(10)


def locks(settings: Settings) -> list[Path]:
    return sorted(settings.data_dir.glob("program-*"))


def test_a_living_program_is_known_and_its_cells_are_left_alone(store: Store, settings: Settings) -> None:
    with other_program(settings) as (child, run_id):
        (program,) = store.announce("the app, http://localhost:7860")
        assert (program.pid, program.doing) == (child.pid, "the other program")
        assert f"the other program (process {child.pid}, since " in str(program)
        assert store.mark_interrupted() == 0
        assert [cell.status for cell in store.run(run_id).cells] == ["running", "pending"]
    assert store.announce("the app, http://localhost:7860") == []


def test_a_program_that_is_stopped_for_a_while_is_alive(store: Store, settings: Settings) -> None:
    with other_program(settings) as (child, run_id):
        os.kill(child.pid, signal.SIGSTOP)
        for path in locks(settings):
            os.utime(path, (1, 1))
        assert store.mark_interrupted() == 0
        os.kill(child.pid, signal.SIGCONT)


def test_after_kill_9_a_cell_is_interrupted_at_once_with_the_text_it_had(
    store: Store, settings: Settings
) -> None:
    with other_program(settings) as (child, run_id):
        child.kill()
        child.wait(10)
        assert len(locks(settings)) == 1
        assert store.mark_interrupted() == 2
        assert store.mark_interrupted() == 0
    run = store.run(run_id)
    assert (run.status, [cell.status for cell in run.cells]) == ("interrupted", ["interrupted"] * 2)
    assert run.cells[0].completion == Completion("half an ans", "aborted", reasoning="a thought")
    assert run.cells[1].completion is None
    assert [row.id for row in store.history("half an ans").rows] == [run_id]
    assert locks(settings) == []


def test_only_the_cells_of_the_program_that_ended_are_interrupted(
    store: Store, settings: Settings, make_run: MakeRun
) -> None:
    with other_program(settings) as (living, kept):
        mine = make_run(None)
        with other_program(settings) as (child, lost):
            child.kill()
            child.wait(10)
            assert store.mark_interrupted() == 2
        assert [store.run(run_id).status for run_id in (mine, lost, kept)] == [
            "pending",
            "interrupted",
            "running",
        ]


def test_a_repeat_belongs_to_the_program_that_runs_it(
    store: Store, settings: Settings, make_run: MakeRun
) -> None:
    run_id = make_run("a", "b")
    cell = store.run(run_id).cells[0]

    again = work(0, cell.model, cell.prompt, cell.sampling)
    other = open_store(settings)
    other.add_repeat(run_id, again)
    assert store.mark_interrupted() == 0
    other.close()
    assert store.mark_interrupted() == 1


def test_the_end_of_a_cell_replaces_a_mark_and_its_draft(
    store: Store, make_run: MakeRun, orphan: Callable[[], None]
) -> None:
    run_id = make_run(None)
    store.submit(KeepDrafts([Draft(run_id, at(0), "half", "")])).result(10)
    orphan()
    assert store.mark_interrupted() == 1
    store.submit(
        EndCell(
            run_id, at(0), "done", Answer.of_one_call([Message("user", "Hi")], Completion("whole", "stop"))
        )
    ).result(10)
    (cell,) = store.run(run_id).cells
    assert (cell.status, cell.completion, len(cell.answer.steps)) == ("done", Completion("whole", "stop"), 1)


def test_a_draft_that_comes_after_the_end_changes_nothing(store: Store, make_run: MakeRun) -> None:
    run_id = make_run("whole")
    store.submit(KeepDrafts([Draft(run_id, at(0), "half", "x"), Draft("nowhere", at(0), "y", "")])).result(10)
    assert store.run(run_id).cells[0].completion == Completion("whole", "stop")


def test_start_draft_and_end_in_one_transaction_give_the_end(store: Store, make_run: MakeRun) -> None:
    run_id = make_run(None)
    waiting = [
        store.submit(KeepDrafts([Draft(run_id, at(0), "a", "")])),
        store.submit(StartCell(run_id, at(0))),
        store.submit(EndCell(run_id, at(0), "done", Answer.of_one_call([], Completion("ab", "stop")))),
        store.submit(KeepDrafts([Draft(run_id, at(0), "a", "")])),
    ]
    for future in waiting:
        future.result(10)
    (cell,) = store.run(run_id).cells
    assert (cell.status, cell.completion) == ("done", Completion("ab", "stop"))


# --- the file ----------------------------------------------------------------------------------------------


def test_nothing_is_written_by_a_program_that_only_looks(store: Store, settings: Settings) -> None:
    store.history()
    assert locks(settings) == []


def test_the_file_names_the_process_for_its_owner_alone_and_goes_with_it(
    store: Store, settings: Settings
) -> None:
    store.announce("the app, http://localhost:1")
    (path,) = locks(settings)
    told = json.loads(path.read_text())
    assert (told["pid"], told["doing"]) == (os.getpid(), "the app, http://localhost:1")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    store.close()
    assert locks(settings) == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def dead_file(folder: Path, **changes: object) -> Path:
    """The file of a program that was killed; its process id may be used by another one by now."""
    path = folder / "program-1-x.lock"
    told = {
        "id": "x",
        "pid": os.getpid(),
        "host": presence.HOST,
        "started": "2026-01-01T00:00:00+00:00",
        "doing": "it",
    }
    path.write_text(json.dumps(told | changes))
    return path


def test_a_process_id_that_is_used_again_deceives_nobody(folder: Path) -> None:
    path = dead_file(folder)
    assert Presence(folder).others() == []
    assert not path.exists()


@pytest.mark.parametrize(("age_s", "alive"), [(1, True), (presence.SILENT_S + 5, False)])
def test_on_another_machine_the_heartbeat_tells(folder: Path, age_s: float, alive: bool) -> None:
    path = dead_file(folder, host="elsewhere")
    os.utime(path, (time.time() - age_s,) * 2)
    assert [program.host for program in Presence(folder).others()] == ["elsewhere"] * alive
    assert path.exists() is alive


@pytest.mark.parametrize(("age_s", "alive"), [(1, True), (presence.SILENT_S + 5, False)])
def test_where_there_are_no_locks_the_heartbeat_tells(
    folder: Path, monkeypatch: pytest.MonkeyPatch, age_s: float, alive: bool
) -> None:
    monkeypatch.setattr(presence, "fcntl", None)
    path = dead_file(folder)
    os.utime(path, (time.time() - age_s,) * 2)
    assert len(Presence(folder).others()) == alive


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"pid": 1}', "\x00" * 100])
def test_a_file_that_cannot_be_read_is_a_program_that_ended(folder: Path, content: str) -> None:
    (folder / "program-1-x.lock").write_text(content)
    assert Presence(folder).others() == []


def test_a_file_that_somebody_tidied_away_comes_back(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "BEAT_S", 0.05)
    here = Presence(folder)
    here.begin("the app")
    (path,) = folder.glob("program-*")
    path.unlink()
    ending = time.monotonic() + 10
    while not Presence(folder).others():
        assert time.monotonic() < ending
        time.sleep(0.02)
    here.end()
    assert list(folder.glob("program-*")) == []


def test_the_heartbeat_beats(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "BEAT_S", 0.05)
    here = Presence(folder)
    here.begin()
    (path,) = folder.glob("program-*")
    os.utime(path, (1, 1))
    ending = time.monotonic() + 10
    while path.stat().st_mtime < 2:
        assert time.monotonic() < ending
        time.sleep(0.02)
    here.end()


def test_a_folder_that_takes_no_file_is_no_fault(tmp_path: Path) -> None:
    here = Presence(tmp_path / "not there")
    assert here.begin() == here.id
    assert here.others() == []
    here.end()
