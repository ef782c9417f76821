"""Programs that want out are contained behind every kind of walls that this machine has, and each is told with a sentence."""

from __future__ import annotations

import asyncio
import os
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from playground.sandbox.levels import bubblewrap
from playground.sandbox.limits import Limits
from playground.sandbox.result import Result
from playground.sandbox.run import LEVEL_BEHIND, SandboxUnavailable, Walls, run_behind
from tests.sandbox.hostile import HOSTILE, Hostile

CANARY = "the secret of the playground"


class World(NamedTuple):
    """What is outside, and what came of every program behind one kind of walls; None where there are no such walls."""

    results: dict[str, Result] | None
    changes: list[str]


class Bait:
    """Files, sockets and a process that programs must not touch; `touched` says which were."""

    def __init__(self, folder: Path) -> None:
        self.outside = folder / "outside"
        self.outside.mkdir()
        (self.outside / "bait.py").write_text("print('ESCAPED')")
        self.secret = folder / "secret.txt"
        self.secret.write_text(CANARY)
        self.database = folder / "playground.db"
        with sqlite3.connect(self.database) as connection:
            connection.execute("create table secret as select ? as text", (CANARY,))
        connection.close()
        self.before = self._files(folder)
        self.folder = folder
        self.heard: list[str] = []
        self.sockets = [
            socket.create_server(("127.0.0.1", 0)),
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
        ]
        self.sockets[1].bind(("127.0.0.1", 0))
        self.unix = f"/tmp/playground-bait-{os.getpid()}-{threading.get_ident()}"
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            place = socket.socket(socket.AF_UNIX, kind)
            place.bind(self.unix if kind == socket.SOCK_STREAM else self.unix + "d")
            self.sockets.append(place)
        self.sockets[2].listen()
        for place in self.sockets:
            place.setblocking(False)
        self.victim = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])

    @staticmethod
    def _files(folder: Path) -> dict[str, tuple[int, bytes]]:
        return {
            str(path): (path.stat().st_mode, path.read_bytes() if path.is_file() else b"")
            for path in sorted(folder.rglob("*"))
        }

    def names(self) -> dict[str, object]:
        return {
            "SECRET": str(self.secret),
            "DATABASE": str(self.database),
            "OUTSIDE": str(self.outside),
            "TCP": self.sockets[0].getsockname()[1],
            "UDP": self.sockets[1].getsockname()[1],
            "UNIX": self.unix,
            "VICTIM": self.victim.pid,
            "PARENT": os.getpid(),
        }

    def touched(self) -> list[str]:
        found = []
        if self._files(self.folder) != self.before:
            found.append("files were changed")
        if self.victim.poll() is not None:
            found.append("another process was ended")
        for name, place in zip(("TCP", "UDP", "a unix socket", "a unix mailbox"), self.sockets, strict=True):
            with suppress(BlockingIOError):
                if place.type == socket.SOCK_STREAM:
                    place.accept()[0].close()
                else:
                    place.recv(99)
                found.append(f"{name} was reached")
        return found

    def close(self) -> None:
        self.victim.kill()
        self.victim.wait()
        for place in self.sockets:
            place.close()
        for name in (self.unix, self.unix + "d"):
            Path(name).unlink(missing_ok=True)


def as_sent(hostile: Hostile, names: dict[str, object]) -> str:
    """The program with its names; those that have no such text are as they stand, to the letter."""
    used = [f"{name} = {value!r}\n" for name, value in names.items() if name in hostile.code]
    return "".join(used) + hostile.code


KINDS = [walls for walls in LEVEL_BEHIND if walls != "bubblewrap" or bubblewrap()]


@pytest.fixture(scope="module", params=KINDS)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """All hostile programs, run side by side behind one kind of walls."""
    walls: Walls = request.param
    bait = Bait(tmp_path_factory.mktemp("bait"))
    names = bait.names()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SANDBOX_CANARY", CANARY)

        async def run_all() -> dict[str, Result] | None:
            try:
                await run_behind(walls, "print('ready')", Limits())
            except SandboxUnavailable:
                return None
            results = await asyncio.gather(
                *(run_behind(walls, as_sent(hostile, names), hostile.limits) for hostile in HOSTILE)
            )
            return {hostile.name: result for hostile, result in zip(HOSTILE, results, strict=True)}

        results = asyncio.run(run_all())
    yield World(results, bait.touched())
    bait.close()


@pytest.fixture
def results(world: World) -> dict[str, Result]:
    if world.results is None:
        pytest.skip("this machine has no such walls")
    return world.results


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda hostile: hostile.name)
def test_a_hostile_program_is_contained_and_told(hostile: Hostile, results: dict[str, Result]) -> None:
    result = results[hostile.name]
    told = f"{result.reason}\n{result.output}\n{result.error}"
    assert "ESCAPED" not in result.output
    assert CANARY not in told
    assert result.reason.endswith((".", "…")) or result.ending == "failed", result.reason
    if result.level == "weak" and hostile.weak_says:
        assert (result.ending, hostile.weak_says in result.reason) == ("failed", True), result
    else:
        assert result.ending in hostile.endings, result
        assert hostile.says in told, result


def test_nothing_outside_was_touched(world: World) -> None:
    assert world.changes == []


def test_there_are_many_hostile_programs() -> None:
    assert len({hostile.name for hostile in HOSTILE}) == len(HOSTILE) >= 60
