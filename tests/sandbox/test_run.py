"""Running a program: what comes back, at which level, and that nothing is left of it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import pytest

from playground.errors import PlaygroundError
from playground.sandbox import run as run_module
from playground.sandbox.keeper import too_much
from playground.sandbox.launch import python, remove
from playground.sandbox.levels import LEVELS, LevelName, bubblewrap
from playground.sandbox.limits import Limits
from playground.sandbox.result import judge, printable
from playground.sandbox.run import (
    LEVEL_BEHIND,
    SandboxUnavailable,
    Walls,
    level_here,
    run,
    run_behind,
    what_it_is_worth,
    why_not_stronger,
)


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the folders of programs are made in this test."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture(params=[walls for walls in LEVEL_BEHIND if walls != "bubblewrap" or bubblewrap()])
async def walls(request: pytest.FixtureRequest) -> Walls:
    try:
        await run_behind(request.param, "print('ready')", Limits())
    except SandboxUnavailable as exc:
        pytest.skip(exc.message)
    kind: Walls = request.param
    return kind


async def test_a_program_prints_its_answer(walls: Walls) -> None:
    result = await run_behind(walls, "print(6 * 7)", Limits())
    assert (result.output, result.error, result.reason) == ("42\n", "", "It ended by itself.")
    assert (result.level, result.ending, result.is_done) == (LEVEL_BEHIND[walls], "done", True)


ORDINARY = """
import asyncio, collections, datetime, decimal, fractions, itertools, json, math, random, re, statistics, threading, uuid
import zoneinfo

async def two():
    await asyncio.sleep(0.01)
    return 2

open("x.txt", "w").write("1")
thread = threading.Thread(target=lambda: open("y.txt", "w").write("3"))
if {threads}:
    thread.start(); thread.join()
print(open("x.txt").read(), asyncio.run(two()), fractions.Fraction(1, 3) * 9, math.comb(4, 1))
print(sorted(__import__("os").listdir(".")), __name__)
"""


async def test_an_ordinary_program_finds_what_it_needs(walls: Walls, scratch: Path) -> None:
    code = ORDINARY.replace("{threads}", str(walls != "python"))
    result = await run_behind(walls, code, Limits())
    files = "['x.txt', 'y.txt']" if walls != "python" else "['x.txt']"
    assert result.output == f"1 2 3 4\n{files} __main__\n", result
    assert list(scratch.iterdir()) == []


async def test_a_traceback_shows_the_programs_lines_and_nothing_of_the_sandbox(walls: Walls) -> None:
    result = await run_behind(walls, "def f():\n    return 1 / 0\nprint('a')\nf()\n", Limits())
    assert result.output == "a\n"
    assert 'File "program.py", line 2, in f\n    return 1 / 0' in result.error
    assert "playground" not in result.error
    assert result.reason == "It stopped with ZeroDivisionError: division by zero"


async def test_what_was_printed_before_the_end_is_kept(walls: Walls) -> None:
    result = await run_behind(walls, "print('so far')\nimport time\ntime.sleep(60)", Limits(wall_s=0.5))
    assert (result.output, result.reason) == ("so far\n", "It was stopped: timed out after 0.5 s.")
    assert 0.5 <= result.seconds < 5


async def test_output_is_cut_where_it_becomes_too_much(walls: Walls) -> None:
    result = await run_behind(walls, "while True: print('0123456789')", Limits(output_bytes=1000))
    assert len(result.output) == 1000
    assert result.reason == "It was stopped: it wrote more than 1,000 bytes."


async def test_exactly_as_much_output_as_may_be_is_no_fault() -> None:
    result = await run("print('x' * 999)", limits=Limits(output_bytes=1000))
    assert (len(result.output), result.ending) == (1000, "done")


async def test_cancelling_ends_the_program_at_once_and_removes_its_folder(
    walls: Walls, scratch: Path
) -> None:
    task = asyncio.create_task(run_behind(walls, "import time\ntime.sleep(60)", Limits(wall_s=60)))
    while not list(scratch.iterdir()):
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.3)
    began = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - began < 20  # of the 60 that it would sleep
    assert list(scratch.iterdir()) == []
    assert _running("playground.sandbox.keeper", os.getpid()) == []


async def test_a_program_ends_with_a_playground_that_was_killed(walls: Walls, tmp_path: Path) -> None:
    code = (
        "import asyncio\nfrom playground.sandbox.run import run_behind\nfrom playground.sandbox.limits import Limits\n"
        f"asyncio.run(run_behind({walls!r}, 'print(1, flush=True)\\nimport time\\ntime.sleep(60)', Limits(wall_s=60)))"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    playground = subprocess.Popen([sys.executable, "-c", code], env=environment)
    while not (keepers := _running("playground.sandbox.keeper", playground.pid)):
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.3)
    family = _family(keepers[0])
    playground.send_signal(signal.SIGKILL)
    playground.wait()
    for _ in range(100):
        if not any(Path(f"/proc/{number}/status").exists() for number in family):
            break
        await asyncio.sleep(0.05)
    assert [number for number in family if Path(f"/proc/{number}/status").exists()] == []


def _running(words: str, parent: int) -> list[int]:
    """Children of `parent` with these words on their command line."""
    found = []
    for number in _children(parent):
        with suppress(FileNotFoundError):
            found += (
                [number] if words in Path(f"/proc/{number}/cmdline").read_text("utf-8", "replace") else []
            )
    return found


def _children(parent: int) -> list[int]:
    found = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(parent)], capture_output=True, text=True, check=False
    )
    return [int(line) for line in found.stdout.split()]


def _family(process: int) -> list[int]:
    return [process, *(other for child in _children(process) for other in _family(child))]


async def test_programs_do_not_see_each_other(walls: Walls) -> None:
    first = "import os, time\nopen('mine', 'w').close()\ntime.sleep(0.3)\nprint(os.listdir('.'))"
    both = await asyncio.gather(*(run_behind(walls, first, Limits()) for _ in range(2)))
    assert [result.output for result in both] == ["['mine']\n"] * 2


async def test_a_program_that_is_too_long_is_not_started() -> None:
    result = await run("print(1)" + "#" * 100, limits=Limits(code_chars=50))
    assert result.reason == "It was not started: 108 characters of code are more than 50."


async def test_limits_that_let_nothing_run_are_refused() -> None:
    with pytest.raises(ValueError, match="memory_mb of the sandbox must be more than 0, not 0"):
        await run("print(1)", limits=Limits(memory_mb=0))


# --- levels ---------------------------------------------------------------------------------------------


@pytest.fixture
def untried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_module, "_found", [])


@pytest.mark.usefixtures("untried")
@pytest.mark.parametrize(
    ("refused", "level"),
    [
        ((), "isolated"),
        (("namespaces",), "isolated"),
        (("namespaces", "bubblewrap"), "restricted"),
        (("namespaces", "bubblewrap", "kernel"), "weak"),
    ],
)
async def test_the_strongest_level_that_works_is_taken(
    refused: tuple[str, ...], level: LevelName, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    async def fake(walls: Walls, code: str, limits: Limits) -> object:
        tried.append(walls)
        if walls in refused:
            raise SandboxUnavailable(f"{walls}: not permitted")
        return None

    monkeypatch.setattr(run_module, "run_behind", fake)
    assert (await level_here()).name == level
    assert [walls for why in (await why_not_stronger()).values() for walls in refused if walls in why] == [
        walls
        for walls in refused
        if LEVEL_BEHIND[walls] != level  # type: ignore[index]
    ]
    # It is tried once.
    before = list(tried)
    await level_here()
    assert tried == before


@pytest.mark.usefixtures("untried")
async def test_where_nothing_holds_a_program_nothing_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "name", "nt")
    with pytest.raises(SandboxUnavailable) as caught:
        await run_behind("python", "print(1)", Limits())
    assert caught.value.message.startswith("Programs that a model writes are not run on Windows")
    assert caught.value.hint


async def test_a_level_that_this_machine_lacks_is_no_weaker_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_module, "python", lambda: ["/no/such/python"])
    with pytest.raises(SandboxUnavailable, match="/no/such/python does not start"):
        await run("print(1)", level="restricted")


async def test_walls_that_cannot_be_had_are_told_and_the_program_is_not_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What a container without namespaces answers.
    command = run_module.python()
    broken = command[-1].replace(
        "; main()",
        "\nfrom playground.sandbox import namespaces\n"
        "def refuse(): raise PermissionError(1, 'unshare: Operation not permitted')\n"
        "namespaces.enter = refuse\nmain()",
    )
    monkeypatch.setattr(run_module, "python", lambda: [*command[:-1], broken])
    with pytest.raises(SandboxUnavailable, match="unshare: Operation not permitted"):
        await run_behind("namespaces", f"open({str(tmp_path / 'x')!r}, 'w')", Limits())
    assert list(tmp_path.iterdir()) == []


def test_every_level_says_what_it_guarantees_and_what_would_be_stronger() -> None:
    assert list(LEVELS) == ["isolated", "restricted", "weak"]
    for name, level in LEVELS.items():
        assert level.guarantees.endswith(".")
        assert bool(level.stronger) == (name != "isolated")


async def test_the_risk_and_the_level_are_told_together() -> None:
    told = await what_it_is_worth()
    assert "nobody has read" in told
    assert (await level_here()).guarantees in told


def test_the_sandbox_speaks_as_the_other_parts_do() -> None:
    assert issubclass(SandboxUnavailable, PlaygroundError)


# --- reports --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("report", "error", "reason"),
    [
        ({"status": 0, "why": ""}, "", "It ended by itself."),
        ({"status": 3, "why": ""}, "", "It ended with exit code 3."),
        (
            {"status": 1, "why": ""},
            "Traceback (most recent call last):\n  File\nValueError: a\nb\n",
            "It stopped with ValueError: a",
        ),
        ({"status": 1, "why": ""}, "MemoryError\n", "It needed more than 512 MB of memory."),
        ({"status": -9, "why": "time"}, "", "It was stopped: timed out after 10 s."),
        ({"status": -9, "why": "disk"}, "", "It was stopped: its files took more than 16 MB."),
        (
            {"status": -9, "why": "files"},
            "",
            "It was stopped: it made more than 1,000 files, or folders too deep.",
        ),
        ({"status": -24, "why": "", "cpu_s": 5}, "", "It was stopped: timed out after 5 s of computing."),
        ({"status": -9, "why": "", "cpu_s": 5.9}, "", "It was stopped: timed out after 5 s of computing."),
        ({"status": -9, "why": "", "cpu_s": 0.1}, "", "It crashed (SIGKILL)."),
        ({"status": -11, "why": ""}, "", "It crashed (SIGSEGV, segmentation fault)."),
        ({"status": -40, "why": ""}, "", "It crashed (signal 40)."),
    ],
)
def test_an_end_is_told_in_a_sentence(report: dict[str, object], error: str, reason: str) -> None:
    assert judge(report, "42\n", error, Limits())[1] == reason


def test_printed_bytes_become_text_that_is_nothing_but_text() -> None:
    assert (
        printable(b"a\r\nb\rc\t\x00\x1b[1m\x7f\xff\xc2\x9b") == "a\nb\nc\t\u2400\u241b[1m\ufffd\ufffd\ufffd"
    )
    assert printable("答案：42 ✓".encode()) == "答案：42 ✓"


# --- folders --------------------------------------------------------------------------------------------


def test_a_folder_is_removed_however_deep_or_closed_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "program"
    folder.mkdir()
    here = os.open(folder, os.O_RDONLY)
    for _ in range(300):
        os.mkdir("d" * 100, dir_fd=here)
        deeper = os.open("d" * 100, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = deeper
    os.close(here)
    (folder / "closed").mkdir(0)
    (folder / "link").symlink_to(tmp_path)
    (tmp_path / "stays").touch()
    assert too_much(str(folder), Limits()) == "files"
    remove(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["stays"]


def test_what_is_too_much_in_a_folder_is_named(tmp_path: Path) -> None:
    assert too_much(str(tmp_path), Limits(disk_mb=1, files=3)) == ""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "large").write_bytes(b"x" * (3 << 20))
    assert too_much(str(tmp_path), Limits(disk_mb=1)) == "disk"
    assert too_much(str(tmp_path), Limits(files=1)) == "files"
    # A file with a hole takes only what is written of it.
    with (tmp_path / "a" / "large").open("wb") as file:
        file.truncate(1 << 30)
    assert too_much(str(tmp_path), Limits(disk_mb=1)) == ""


def test_a_keeper_imports_nothing_that_takes_longer_than_itself() -> None:
    code = python()[-1].replace("; main()", "; print(*sys.modules)")
    said = subprocess.run([*python()[:-1], code], capture_output=True, text=True, check=True).stdout.split()
    assert "playground.sandbox.program" in said
    assert {"typing", "re", "enum", "contextlib", "signal", "collections", "pathlib"}.isdisjoint(said)
