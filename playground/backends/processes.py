"""Which program something belongs to, as far as this machine tells (all of it on Linux).

mark = this_program()        # "box/4711/98211": host, process, when that began
is_gone(mark)                # True once that program has ended, however it ended
is_foreign(8123, guard.pid)  # whether somebody else listens on a port that a child of ours was given
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
LISTENING = "0A"
"""The state of a socket in /proc/net/tcp."""


def this_program() -> str:
    """What names the running program for ever: a process number alone is used again."""
    return f"{socket.gethostname()}/{os.getpid()}/{_began(os.getpid())}"


def is_gone(mark: str) -> bool:
    """Whether the program of that mark has ended; False where that cannot be told, as of another machine's."""
    host, number, began = ("", "", *mark.rsplit("/", 2))[-3:]
    if host != socket.gethostname() or not number.isdigit():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        pass  # somebody's process has that number
    return _began(int(number)) != began


def _began(number: int) -> str:
    """When a process began, in ticks since the machine did; empty where that is not told."""
    with suppress(OSError, IndexError):
        state, *fields = (PROC / f"{number}/stat").read_text().rpartition(")")[2].split()
        return fields[18] if state not in "ZX" else "ended"
    return ""


def is_foreign(port: int, root: int) -> bool:
    """Whether a program that ran before `root` was started listens on that port of this machine.

    Descendants of `root` are younger; so is a container that `root` has asked somebody else to run.
    """
    listening, began = _listening(port), _ticks(root)
    if not listening or began is None:
        return False
    with suppress(OSError):
        for entry in PROC.iterdir():
            older = entry.name.isdigit() and (ticks := _ticks(int(entry.name))) is not None and ticks < began
            if older and listening & _sockets(entry):
                return True
    return False


def _ticks(number: int) -> int | None:
    began = _began(number)
    return int(began) if began.isdigit() else None


def _sockets(process: Path) -> set[str]:
    """The inodes of the sockets that a process holds, none of another user's."""
    found: set[str] = set()
    with suppress(OSError):
        for entry in (process / "fd").iterdir():
            with suppress(OSError):
                found.add(str(entry.readlink()).removeprefix("socket:[").removesuffix("]"))
    return found


def _listening(port: int) -> set[str]:
    """The inodes of the sockets that listen on that port."""
    found: set[str] = set()
    for table in ("tcp", "tcp6"):
        with suppress(OSError):
            for line in (PROC / "net" / table).read_text().splitlines()[1:]:
                fields = line.split()
                address, _, number = fields[1].partition(":")
                here = int(address, 16) == 0 or address == "0100007F" or address.endswith("FFFF00000100007F")
                if fields[3] == LISTENING and int(number, 16) == port and here:
                    found.add(fields[9])
    return found
