"""What a keeper is started with: the interpreter, the paths that a program may read, an empty folder, and bubblewrap."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import playground
from playground.sandbox.levels import bubblewrap
from playground.sandbox.syscalls import DEVICES

WORK = "/sandbox"
"""The program's folder where it has a file system of its own."""

_SYSTEM = (
    "/lib",
    "/lib32",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/usr/share/zoneinfo",
    "/System/Library",
)
_STORES = ("/nix/store", "/gnu/store")
"""Where some systems keep each library in a folder of its own."""


def python() -> list[str]:
    """The command that starts a keeper: this Python, with nothing of its surroundings."""
    root = str(Path(playground.__file__).parent.parent)
    start = (
        f"import sys; sys.path.append({root!r}); from playground.sandbox.keeper import main; "
        f"sys.path.remove({root!r}); main()"
    )
    # Not a virtual environment's: it finds its library through a file that the program may not see.
    interpreter = Path(getattr(sys, "_base_executable", "") or sys.executable).resolve()
    return [str(interpreter), "-I", "-S", "-X", "utf8", "-c", start]


def readable() -> list[str]:
    """The files and folders that a program may read: Python's own libraries and the system's."""
    prefixes = [sys.base_prefix, sys.base_exec_prefix]
    prefixes += [str(Path(prefix).resolve()) for prefix in prefixes]
    own = [f"{prefix}/{library}" for prefix in prefixes for library in ("lib", "lib64", sys.platlibdir)]
    own += [store for store in _STORES if any(prefix.startswith(store) for prefix in prefixes)]
    return [path for path in dict.fromkeys([*_SYSTEM, *own]) if Path(path).exists()]


def wrapped(folder: Path) -> list[str]:
    """The beginning of a command that bubblewrap runs in namespaces of its own, with `folder` as its only writable one."""
    command = [bubblewrap(), "--unshare-all", "--die-with-parent", "--new-session", "--hostname", "sandbox"]
    package = Path(playground.__file__).parent
    shown = [*readable(), python()[0], str(package / "__init__.py"), str(package / "sandbox")]
    for path in shown:
        command += ["--ro-bind", path, path]
    for path in DEVICES:
        command += ["--dev-bind", path, path]
    return [*command, "--bind", str(folder), WORK, "--chdir", WORK, "--"]


@contextmanager
def an_empty_folder() -> Iterator[Path]:
    """A folder for one program, removed afterwards whatever it holds."""
    folder = Path(tempfile.mkdtemp(prefix="playground-program-")).resolve()
    try:
        yield folder
    finally:
        remove(folder)


def remove(folder: Path) -> None:
    """Remove a folder that may be nested deeper than a path may be long, or closed to its owner."""
    # Every folder is moved to the top before it is looked into.
    number = 0
    waiting = [folder]
    while waiting:
        place = waiting.pop()
        with suppress(OSError):
            place.chmod(0o700)
        with os.scandir(place) as found:
            entries = list(found)
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                number += 1
                moved = folder / f".{number}-{os.getpid()}"
                with suppress(OSError):
                    Path(entry.path).chmod(0o700)
                Path(entry.path).rename(moved)
                waiting.append(moved)
            else:
                Path(entry.path).unlink()
        if place != folder:
            place.rmdir()
    shutil.rmtree(folder, ignore_errors=True)
