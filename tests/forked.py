"""Programs that tests start, forked from one that has loaded everything: a start takes a tenth of the time.

    with Program([sys.executable, "-m", "playground.cli.main", "--port", "7870"], stdout=PIPE, text=True) as process:
        process.send_signal(signal.SIGINT)

`Program` and `run` are `subprocess.Popen` and `subprocess.run` for `-m MODULE …`, `-c CODE …` and `FILE.py …`: processes with their
own number, environment, folder, streams, session and end; only that they are no children of who asks. What a test says of
the start itself (the console script, `sitecustomize`, variables that Python or Gradio read at once) needs a real one.
"""

from __future__ import annotations

import atexit
import fcntl
import gc
import json
import os
import random
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

from playground.ui.quick_gradio import import_gradio

ROOT = Path(__file__).parent.parent
ALIVE = (
    os.pipe()
)  # inherited by processes that test beside each other: when the last has ended, so does the one that forks
PLACE = Path(tempfile.gettempdir()) / f"tests-forked-{os.getpid()}"


# --- who asks -------------------------------------------------------------------------------------------


def _connected() -> socket.socket:
    """To the process that forks, which is started by the first who asks."""
    with PLACE.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(str(PLACE))
        except OSError:
            connection.close()
            with socket.socket(socket.AF_UNIX) as place:
                place.bind(str(PLACE))
                place.listen(64)
                subprocess.Popen(
                    [sys.executable, __file__, str(ALIVE[0]), str(place.fileno()), str(PLACE)],
                    pass_fds=(ALIVE[0], place.fileno()),
                    env=os.environ | {"PYTHONPATH": str(ROOT)},
                    stdin=subprocess.DEVNULL,
                    start_new_session=True,
                ).returncode = 0  # nobody waits for it
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(str(PLACE))
        return connection


class Program(subprocess.Popen[Any]):
    """A `subprocess.Popen` that is forked from the process that has loaded everything."""

    def _execute_child(self, args: Any, executable: Any, preexec_fn: Any, close_fds: Any, pass_fds: Any, cwd: Any, env: Any,
                       startupinfo: Any, creationflags: Any, shell: Any, *rest: Any) -> None:  # fmt: skip
        p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite, _, _, _, _, _, start_new_session, *_ = rest
        assert args[0] == sys.executable and not (preexec_fn or pass_fds or shell)
        asked = {
            "arguments": [str(each) for each in args[1:]],
            "folder": str(cwd or Path.cwd()),
            "session": start_new_session,
        }
        asked["environment"] = dict(os.environ if env is None else env)
        self._told = _connected()
        streams = [
            given if given != -1 else own for given, own in ((p2cread, 0), (c2pwrite, 1), (errwrite, 2))
        ]
        text = json.dumps(asked).encode()
        socket.send_fds(self._told, [len(text).to_bytes(4, "big")], streams)
        self._told.sendall(text)
        self.pid = self._number()
        self._child_created = True
        self._close_pipe_fds(p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite)  # type: ignore[attr-defined]

    def _number(self) -> int:
        line = b""
        while not line.endswith(b"\n"):
            got = self._told.recv(1)
            assert got, "the process that forks has ended"
            line += got
        return int(line)

    def _try_wait(self, wait_flags: int) -> tuple[int, int]:
        if wait_flags == os.WNOHANG and not select.select([self._told], [], [], 0)[0]:
            return 0, 0
        status = self._number()
        self._told.close()
        return self.pid, status

    def _internal_poll(self, _deadstate: Any = None, **_: Any) -> int | None:
        if self.returncode is None and self._waitpid_lock.acquire(False):  # type: ignore[attr-defined]
            try:
                if self.returncode is None:
                    pid, status = self._try_wait(os.WNOHANG)
                    if pid:
                        self._handle_exitstatus(status)  # type: ignore[attr-defined]
            finally:
                self._waitpid_lock.release()  # type: ignore[attr-defined]
        return self.returncode


def run(
    arguments: list[str], timeout: float | None = None, check: bool = False, **options: Any
) -> subprocess.CompletedProcess[Any]:
    """As `subprocess.run`."""
    if options.pop("capture_output", False):
        options |= {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with Program(arguments, **options) as process:
        try:
            out, errors = process.communicate(timeout=timeout)
        except BaseException:
            process.kill()
            raise
    done = subprocess.CompletedProcess(arguments, process.returncode, out, errors)
    if check:
        done.check_returncode()
    return done


# --- the process that forks -----------------------------------------------------------------------------


def serve(alive: int, place: socket.socket) -> None:
    """Forks until nobody is left who may ask."""
    before = dict(os.environ)
    import_gradio()
    import playground.cli.main
    import playground.ui.app
    import playground.ui.server
    import playground.workbench.service  # noqa: F401

    made = {name: value for name, value in os.environ.items() if before.get(name) != value}
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # those that wait for programs are waited for by nobody
    while alive not in (ready := select.select([alive, place], [], [])[0]):
        if place in ready:
            connection = place.accept()[0]
            if os.fork() == 0:
                place.close()
                os.close(alive)
                attend(connection, made)
                os._exit(0)
            connection.close()


def attend(connection: socket.socket, made: dict[str, str]) -> None:
    """Forks what is asked for, and tells its number and its end."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    head, streams, _, _ = socket.recv_fds(connection, 4, 3)
    text = b""
    while len(text) < int.from_bytes(head, "big"):
        text += connection.recv(1 << 16)
    asked = json.loads(text)
    if (child := os.fork()) == 0:
        connection.close()
        if asked["session"]:
            os.setsid()
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        os.closerange(3, max(streams) + 1)
        os.chdir(asked["folder"])
        os.environ.clear()
        os.environ.update(made | asked["environment"])
        os._exit(become(asked["arguments"]))
    for stream in streams:
        os.close(stream)
    with suppress(OSError):  # who asked may have ended before
        connection.sendall(b"%d\n" % child)
        connection.sendall(b"%d\n" % os.waitpid(child, 0)[1])


def become(arguments: list[str]) -> int:
    """Runs a program as an interpreter of its own would, and returns its exit code."""
    for signal_ in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    time.tzset()
    random.seed()
    tempfile.tempdir = None
    unbuffered = bool(os.environ.get("PYTHONUNBUFFERED"))
    for name, number in (("stdin", 0), ("stdout", 1), ("stderr", 2)):
        errors = "backslashreplace" if number == 2 else "strict"
        stream = open(number, "r" if number == 0 else "w", encoding="utf-8", errors=errors, closefd=False)  # noqa: SIM115, PTH123
        if number:
            stream.reconfigure(line_buffering=number == 2 or stream.isatty(), write_through=unbuffered)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    code: Any = 0
    try:
        first, *others = arguments
        sys.path[0] = str(Path(first).parent) if first not in ("-m", "-c") else os.getcwd()  # noqa: PTH109
        if arguments[:2] == ["-m", "playground.cli.main"]:
            sys.argv[:] = ["playground", *others[1:]]
            from playground.cli.main import main

            main()
        elif first == "-m":
            sys.argv[:] = others
            runpy.run_module(others[0], run_name="__main__", alter_sys=True)
        elif first == "-c":
            sys.argv[:] = ["-c", *others[1:]]
            sys.modules["__main__"] = ModuleType("__main__")
            exec(compile(others[0], "<string>", "exec"), sys.modules["__main__"].__dict__)
        else:
            sys.argv[:] = arguments
            runpy.run_path(first, run_name="__main__")
    except SystemExit as end:
        code = end.code
    except BaseException:
        sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            code = code or 120
    if code is not None and not isinstance(code, int):
        print(code, file=sys.stderr, flush=True)
        code = 1
    return (code or 0) & 255


if __name__ == "__main__":
    serve(int(sys.argv[1]), socket.socket(fileno=int(sys.argv[2])))
    Path(sys.argv[3]).unlink(missing_ok=True)
    Path(sys.argv[3]).with_suffix(".lock").unlink(missing_ok=True)
