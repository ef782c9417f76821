"""Tests beside each other: collected once, then run by processes that are forked from the one that collected.

    python -m pytest --beside=3

A file's tests stay together, in their order; the next file goes to whoever is free. What is loaded is loaded once, and its
memory is shared: processes of their own would each import and collect twelve thousand tests, for half a minute and 300 MB.
"""

from __future__ import annotations

import multiprocessing
import random
import warnings
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

SHARED = pytest.StashKey[Path]()
"""The folder in which each process has its folder: what is here, all of them find."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--beside", type=int, default=1, metavar="N", help="run files of tests in N processes")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Runs all of them in processes; None leaves them to pytest, one after the other."""
    option = session.config.option
    if option.beside < 2 or option.collectonly or session.testsfailed or not session.items:
        return None
    Beside(session).run(option.beside)
    return True


# --- the process that collected -------------------------------------------------------------------------


@dataclass
class Worker:
    """A forked process and the tests it has, by their places among all."""

    process: BaseProcess
    has: deque[int] = field(default_factory=deque)


class Beside:
    """Hands out files, and shows what comes back as if it had been run here."""

    def __init__(self, session: pytest.Session) -> None:
        self.session, self.hook = session, session.config.hook
        files = groupby(range(len(session.items)), lambda place: session.items[place].path)
        self.files = deque(list(places) for _, places in files)
        self.workers: dict[Connection, Worker] = {}
        self.begun = 0
        self.reporter: Any = session.config.pluginmanager.getplugin("terminalreporter")

    def run(self, count: int) -> None:
        """Until no file is left and the last process has ended."""
        self.reporter.showfspath = False  # what is told comes from several files
        for _ in range(min(count, len(self.files))):
            self.begin()
        try:
            while self.workers:
                for connection in wait(list(self.workers)):
                    assert isinstance(connection, Connection)
                    if not self.heard(connection):
                        self.ended(connection)
        finally:
            for worker in self.workers.values():
                worker.process.terminate()
        if self.session.shouldfail:
            raise self.session.Failed(self.session.shouldfail)
        if self.session.shouldstop:
            raise self.session.Interrupted(self.session.shouldstop)

    def begin(self) -> None:
        """A process more, which asks for its first file."""
        here, there = multiprocessing.Pipe()
        self.reporter.flush()
        config: Any = self.session.config
        config.stash[SHARED] = config._tmp_path_factory.getbasetemp()
        folder = config.stash[SHARED] / f"process{self.begun}"
        process = multiprocessing.get_context("fork").Process(target=work, args=(self.session, there, folder))
        process.start()
        there.close()
        self.workers[here] = Worker(process)
        self.begun += 1

    def heard(self, connection: Connection) -> bool:
        """Takes one message of a process; False where it has ended."""
        worker = self.workers[connection]
        try:
            kind, what = connection.recv()
        except (EOFError, ConnectionError):
            return False
        if kind == "next":
            stopped = self.session.shouldfail or self.session.shouldstop
            places = self.files.popleft() if self.files and not stopped else []
            worker.has.extend(places)
            with suppress(ConnectionError):  # it is heard of next
                connection.send(places)
        elif kind == "ran":
            assert worker.has.popleft() == what
        elif kind == "warning":
            self.hook.pytest_warning_recorded.call_historic(kwargs=what)
        else:
            report = self.hook.pytest_report_from_serializable(config=self.session.config, data=what)
            self.hook.pytest_runtest_logreport(report=report)
        return True

    def ended(self, connection: Connection) -> None:
        """Without tests it was done; else the first of them has killed it, and another process takes up the others."""
        worker = self.workers.pop(connection)
        connection.close()
        worker.process.join()
        if not worker.has:
            return
        item = self.session.items[worker.has.popleft()]
        said = f"The process that ran it has ended ({worker.process.exitcode})."
        died = pytest.TestReport(item.nodeid, item.location, {}, "failed", said, "call")
        self.hook.pytest_runtest_logreport(report=died)
        if worker.has:
            self.files.appendleft(list(worker.has))
        self.begin()


# --- a forked process -----------------------------------------------------------------------------------


class Telling:
    """Sends what pytest says of tests to the process that shows it."""

    def __init__(self, config: pytest.Config, connection: Connection) -> None:
        self.config, self.connection = config, connection

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        data = self.config.hook.pytest_report_to_serializable(config=self.config, report=report)
        self.connection.send(("report", data))

    def pytest_warning_recorded(
        self, warning_message: warnings.WarningMessage, when: str, nodeid: str, location: Any
    ) -> None:
        said = warning_message
        plain = warnings.WarningMessage(str(said.message), UserWarning, said.filename, said.lineno)
        told = {"warning_message": plain, "when": when, "nodeid": nodeid, "location": location}
        self.connection.send(("warning", told))


def work(session: pytest.Session, connection: Connection, folder: Path) -> None:
    """Runs files until there is none; their folders are made in `folder`."""
    config: Any = session.config
    manager = config.pluginmanager
    manager.unregister(manager.getplugin("terminalreporter"))
    manager.register(Telling(config, connection))
    captured = manager.getplugin("capturemanager")
    captured.stop_global_capturing()  # its files would be shared with the others
    captured.start_global_capturing()
    captured.suspend_global_capture()
    folder.mkdir(mode=0o700)
    config._tmp_path_factory._basetemp = folder
    random.seed()  # or the processes would draw the same numbers

    def next_file() -> list[int]:
        connection.send(("next", None))
        places: list[int] = connection.recv()
        return places

    places = next_file()
    while places:
        place = places.pop(0)
        places = places or next_file()  # asked before the last: what the next file needs too stays open
        following = session.items[places[0]] if places else None
        config.hook.pytest_runtest_protocol(item=session.items[place], nextitem=following)
        connection.send(("ran", place))
