"""What Python itself refuses a program, with a sentence: files outside its folder, sockets, other programs.

    put_up(Fence(folder="/sandbox", readable=("/usr/lib",), alone=False))

Under a kernel's walls this only words the refusals. Where there are none (`alone`), it is all there is: it holds against
every mistake and every plain attempt, and not against somebody who knows CPython well. That is the level "weak".
Runs in the program's own process. Nothing here may look anything up in a module at the time of an event, because the
program can change modules.
"""

from __future__ import annotations

import fcntl
import os
import sys
from types import FunctionType, ModuleType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

LOOKS = frozenset(
    {"os.listdir", "os.scandir", "os.chdir", "os.walk", "os.fwalk", "os.getxattr", "os.listxattr"}
)
"""Events whose first value is a path that is read."""
CHANGES = frozenset({"os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.truncate", "sqlite3.connect"})
"""Events whose first value is a path that is written (of moving the second one too)."""
LINKS = frozenset({"os.link", "os.symlink", "os.mkfifo", "os.mknod"})
RIGHTS = frozenset(
    {
        "os.chmod",
        "os.chown",
        "os.lchown",
        "os.chflags",
        "os.chroot",
        "os.utime",
        "os.setxattr",
        "os.removexattr",
    }
)
PROGRAMS = frozenset(
    {
        "subprocess.Popen",
        "os.system",
        "os.exec",
        "os.posix_spawn",
        "os.spawn",
        "os.fork",
        "os.forkpty",
        "pty.spawn",
    }
)
SYSTEM = frozenset({"resource.setrlimit", "resource.prlimit", "syslog.openlog", "syslog.syslog"})
_OWNERS = (
    fcntl.F_SETOWN,
    *(getattr(fcntl, name) for name in ("F_SETSIG", "F_SETOWN_EX") if hasattr(fcntl, name)),
)
NATIVE = ("ctypes.", "gc.get_", "cpython.PyInterpreterState_New", "sys._current_", "mmap.__new__")
"""Events of what reaches below Python; refused when the fence is alone."""
SILENT = [
    "chroot",
    "mkfifo",
    "mknod",
    "setns",
    "unshare",
    "pidfd_open",
    "pidfd_send_signal",
    "memfd_create",
    "setuid",
    "setgid",
    "seteuid",
    "setegid",
    "setreuid",
    "setregid",
    "setresuid",
    "setresgid",
    "setgroups",
    "initgroups",
    "setpriority",
    "setpgid",
    "setsid",
    "nice",
    "sched_setaffinity",
    "sched_setscheduler",
    "sched_setparam",
    "tcsetpgrp",
    "login_tty",
]
"""Functions of os and signal that announce nothing; taken away when the fence is alone."""
MODULES = frozenset(
    [
        "_ctypes",
        "ctypes",
        "_sqlite3",
        "_dbm",
        "_gdbm",
        "_posixshmem",
        "_multiprocessing",
        "_testcapi",
        "_testinternalcapi",
        "_testmultiphase",
        "_testlimitedcapi",
        "_xxsubinterpreters",
        "_xxinterpchannels",
        "_interpreters",
        "_interpchannels",
        "_interpqueues",
        "_tkinter",
        "readline",
        "_curses",
        "_ssl",
    ]
)
"""Modules that reach around the events; refused when the fence is alone."""


class Fence:
    """Where a program may write and read, and whether the kernel stands behind that (then it is not `alone`)."""

    def __init__(self, folder: str, readable: tuple[str, ...], alone: bool) -> None:
        self.folder, self.readable, self.alone = folder, readable, alone


SOURCE = "<sandbox>"
"""What tracebacks call the file of the fence."""


def put_up(fence: Fence) -> None:
    """Hold this interpreter to the fence for good."""
    if fence.alone:
        # The module that starts programs announces nothing; asyncio wants it to be there.
        harmless = ModuleType("_posixsubprocess")
        harmless.__dict__["fork_exec"] = _no_program
        sys.modules["_posixsubprocess"] = harmless
        # The module signal takes what it has from _signal when a program imports it.
        for module in (
            os,
            *(sys.modules[name] for name in ("posix", "_signal", "signal") if name in sys.modules),
        ):
            for name in SILENT:
                if hasattr(module, name):
                    setattr(module, name, _not_here)
    guard = _guard(fence)
    guard.__code__ = guard.__code__.replace(co_filename=SOURCE)
    sys.addaudithook(guard)


def _no_program(*_: object) -> NoReturn:
    raise PermissionError(_PROGRAM)


def _not_here(*_: object, **__: object) -> NoReturn:
    raise PermissionError("The sandbox of this machine does not let a program use this function.")


_PROGRAM = "The sandbox does not let a program start another one."


def _guard(fence: Fence) -> FunctionType:
    # One function without cells, globals or functions of Python's own: what a program can reach of it from the
    # traceback of a refusal are dead locals and constants.
    def guard(
        event: str,
        values: tuple[Any, ...],
        *,
        folder: str = fence.folder,
        readable: tuple[str, ...] = (fence.folder, *fence.readable, "/dev/null", "/dev/zero", "/dev/urandom"),
        alone: bool = fence.alone,
        pid: int = os.getpid(),
        writing: int = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND,
        unix: int = 1,
        looks: frozenset[str] = LOOKS,
        changes: frozenset[str] = CHANGES,
        links: frozenset[str] = LINKS,
        rights: frozenset[str] = RIGHTS,
        programs: frozenset[str] = PROGRAMS,
        program: str = _PROGRAM,
        system: frozenset[str] = SYSTEM,
        owners: tuple[int, ...] = _OWNERS,
        native: tuple[str, ...] = NATIVE,
        modules: frozenset[str] = MODULES,
        refusal: type[PermissionError] = PermissionError,
        missing: type[ImportError] = ImportError,
        text: type[str] = str,
        raw: type[bytes] = bytes,
        number: type[int] = int,
        is_kind: Callable[[Any, Any], bool] = isinstance,
        kind: Callable[[Any], type] = type,
        getcwd: Callable[[], str] = os.getcwd,
    ) -> None:
        write = event in changes
        if event == "open":
            path, mode, flags = values
            write = is_kind(flags, number) and flags & writing != 0
            write = write or (is_kind(mode, text) and text.__str__(mode).strip("rbtU") != "")
        if event == "open" or write or event in looks:
            for path in values[:2] if event == "os.rename" else values[:1]:
                if path is None or is_kind(path, number):
                    continue  # the folder itself; a file that is open already
                if is_kind(path, raw):
                    path = raw.decode(path, "utf-8", "surrogateescape")
                whole = text.__str__(path) if is_kind(path, text) else "/(an object)"
                if not whole.startswith("/"):
                    whole = getcwd() + "/" + whole
                parts: list[str] = []
                for part in whole.split("/"):
                    if part == "..":
                        parts = parts[:-1]
                    elif part not in ("", "."):
                        parts = [*parts, part]
                whole = "/" + "/".join(parts)
                inside = write and whole == "/dev/null"
                for place in (folder,) if write else readable:
                    inside = inside or whole == place or whole.startswith(place + "/")
                if not inside:
                    doing = "write" if write else "read"
                    raise refusal(
                        f"The sandbox does not let a program {doing} {whole[:200]}, only in its own folder."
                    )
        elif event in programs:
            raise refusal(program)
        elif event.startswith("socket.") and event != "socket.gethostname":
            # A pair of connected sockets, with which asyncio wakes itself, announces each end.
            if event != "socket.__new__" or values[1] != unix:
                raise refusal("The sandbox does not let a program use the network.")
        elif event in links:
            raise refusal("The sandbox does not let a program make links.")
        elif event in rights:
            raise refusal("The sandbox does not let a program change the rights of files.")
        elif event == "os.killpg" or (
            event == "os.kill" and (kind(values[0]) is not number or values[0] != pid)
        ):
            raise refusal("The sandbox does not let a program send signals to another process.")
        elif event == "fcntl.fcntl" and values[1] in owners:
            raise refusal("The sandbox does not let a program have signals sent.")
        elif event in system:
            raise refusal(
                "The sandbox does not let a program change its limits or write to the system's log."
            )
        elif alone and event.startswith(native):
            raise refusal(f"The sandbox of this machine does not let a program reach below Python ({event}).")
        elif alone and event == "import" and text.__str__(values[0]) in modules:
            # Many modules do without one that cannot be imported.
            raise missing(
                f"The sandbox of this machine does not let a program import {text.__str__(values[0])}."
            )

    assert isinstance(guard, FunctionType)
    return guard
