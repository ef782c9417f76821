"""The programs that use a data folder, each with a file in it: its process id, its lock, its heartbeat.

    presence = Presence(folder)
    presence.begin("the app, http://localhost:7860")
    presence.others()   → [Program(pid=4711, doing="playground run", …)]

A lock of the operating system ends with its process, however that ends: process ids that are used again and
machines that were switched off deceive nobody. Where a lock does not tell (another machine, a file system
without locks), the heartbeat does: the file's time of change.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import socket
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Lock, Thread

try:
    import fcntl
except ImportError:  # a system without it: heartbeats alone tell
    fcntl = None  # type: ignore[assignment]

log = logging.getLogger(__name__)

PATTERN = "program-*.lock"
BEAT_S = 5.0
SILENT_S = 20.0
"""A program whose lock tells nothing, and that was silent for so long, has ended."""
HOST = socket.gethostname()


@dataclass(frozen=True, slots=True)
class Program:
    """A program that uses the folder. `id` is what its cells are marked with, `started` a time in UTC."""

    id: str
    pid: int
    host: str
    started: str
    doing: str

    def __str__(self) -> str:
        since = datetime.fromisoformat(self.started).astimezone().strftime("%H:%M")
        where = "" if self.host == HOST else f" on {self.host}"
        return f"{self.doing} (process {self.pid}{where}, since {since})"


class Presence:
    """The place of this program among those of a folder. Nothing is written before `begin`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        token = secrets.token_hex(4)
        self.id = f"{HOST}/{os.getpid()}/{token}"
        self._path = folder / f"program-{os.getpid()}-{token}.lock"
        self._fd: int | None = None
        self._program: Program | None = None
        self._over = Event()
        self._guard = Lock()

    def begin(self, doing: str = "a command") -> str:
        """Be known from now on, by what this program does; the id. A folder that takes no file is no fault."""
        with self._guard:
            known = self._program
            if known is None or (doing != known.doing and known.doing == "a command"):
                started = known.started if known else datetime.now(UTC).isoformat(timespec="seconds")
                self._program = Program(self.id, os.getpid(), HOST, started, doing)
                self._write(self._program)
                if known is None:
                    Thread(target=self._beat, name="heartbeat", daemon=True).start()
        return self.id

    def end(self) -> None:
        """Be gone; calling it again does nothing."""
        self._over.set()
        with self._guard:
            if self._fd is not None:
                self._path.unlink(missing_ok=True)
                os.close(self._fd)
                self._fd = None

    def others(self) -> list[Program]:
        """The other programs that are alive, oldest first; the files of ended ones are taken away."""
        found = (_alive(path) for path in sorted(self._folder.glob(PATTERN)) if path != self._path)
        return sorted((program for program in found if program is not None), key=lambda each: each.started)

    def _write(self, program: Program) -> None:
        # Locked before it has its name: nobody finds it without its lock.
        draft = self._path.with_suffix(".new")
        try:
            fd = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
            try:
                if fcntl is not None:
                    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as exc:
                log.debug("no locks in %s: %s", self._folder, exc)
            os.write(fd, json.dumps(asdict(program)).encode())
            draft.replace(self._path)
        except OSError as exc:
            log.debug("%s cannot be written: %s", self._path, exc)
            return
        if self._fd is not None:
            os.close(self._fd)
        self._fd = fd

    def _beat(self) -> None:
        while not self._over.wait(BEAT_S):
            try:
                os.utime(self._path)
            except FileNotFoundError:
                with self._guard:  # somebody tidied up
                    if self._program is not None and not self._over.is_set():
                        self._write(self._program)
            except OSError as exc:
                log.debug("no heartbeat in %s: %s", self._folder, exc)


def _alive(path: Path) -> Program | None:
    """The program of that file, or None when it has ended; then the file is taken away."""
    try:
        fd = os.open(path, os.O_RDWR)
    except OSError:
        return None
    try:
        is_locked = _is_locked(fd)
        program = _read(fd)
        if is_locked and program is not None:
            return program
        # On this machine a lock that can be had says all. Else only the heartbeat does.
        beat_tells = program is not None and (is_locked is None or program.host != HOST)
        if beat_tells and time.time() - os.fstat(fd).st_mtime < SILENT_S:
            return program
        path.unlink(missing_ok=True)
        return None
    finally:
        os.close(fd)


def _is_locked(fd: int) -> bool | None:
    """Whether somebody holds the lock; None where that cannot be known."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return None
    return False


def _read(fd: int) -> Program | None:
    try:
        return Program(**json.loads(os.read(fd, 10_000)))
    except (OSError, ValueError, TypeError):
        return None
