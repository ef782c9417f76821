"""How strongly this machine can hold a program, strongest first, and what each level guarantees.

    await level_here()       → LEVELS["isolated"]
    await why_not_stronger() → {"isolated": "unshare: Operation not permitted"}

A level is found by trying: a program that only prints is run behind its walls. It is tried once.
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from typing import Literal

LevelName = Literal["isolated", "restricted", "weak"]


@dataclass(frozen=True, slots=True)
class Level:
    """One strength: what it guarantees as sentences, and what would make it stronger."""

    name: LevelName
    short: str
    guarantees: str
    stronger: str


LEVELS: dict[LevelName, Level] = {
    level.name: level
    for level in (
        Level(
            "isolated",
            "a world of its own",
            "The kernel gives the program namespaces of its own: it has no network at all, sees no other process and no "
            "file but Python's libraries and one empty folder in memory. A list of system calls keeps it from starting "
            "processes; when it ends, nothing of it is left.",
            "",
        ),
        Level(
            "restricted",
            "no network, files or processes, told by the kernel",
            "The kernel refuses the program every socket, every other process and the contents of every file but "
            "Python's libraries and one empty folder (Landlock and a list of system calls). It can still find out "
            "whether a path exists and what this machine is called.",
            "Allow unprivileged user namespaces, or install bubblewrap.",
        ),
        Level(
            "weak",
            "refusals by Python only",
            "Only Python itself refuses files, sockets and other programs, and the system keeps the limits. That stops "
            "mistakes and plain attempts; somebody who knows Python's insides gets out and has your rights.",
            "Use Linux 5.13 or newer with Landlock and seccomp, or install bubblewrap."
            if sys.platform == "linux"
            else "Run the playground on Linux, in a virtual machine or a container.",
        ),
    )
}
RISK = (
    "Models write programs that nobody has read, and this machine runs them: turn that on only where you would accept that "
    "one of them gets out of the sandbox."
)
"""The one sentence on the risk beside the switch."""


def bubblewrap() -> str:
    """Where the program `bwrap` is, or nothing."""
    return shutil.which("bwrap") or ""
