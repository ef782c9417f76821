"""Calls of the Linux kernel that Python's standard library knows nothing of. Runs in the sandbox's own processes.

    call("pivot_root", b".", b".")

Raises OSError with the call's name; numbers as in the kernel's tables for x86-64 and arm64.
"""

from __future__ import annotations

import ctypes
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MACHINES = ("x86_64", "aarch64")
"""What `os.uname().machine` says where the numbers are known; each table below has a column for each, in this order."""

NUMBERS = {
    "capset": (126, 91),
    "landlock_add_rule": (445, 445),
    "landlock_create_ruleset": (444, 444),
    "landlock_restrict_self": (446, 446),
    "mount": (165, 40),
    "mount_setattr": (442, 442),
    "pivot_root": (155, 41),
    "prctl": (157, 167),
    "umount2": (166, 39),
    "unshare": (272, 97),
}

DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom")
"""The devices that a program may need; none leads anywhere."""

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_SECCOMP = 22
PR_CAPBSET_DROP = 24
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38


def column() -> int:
    """Which column of the tables is this machine's; raises OSError where none is."""
    machine = os.uname().machine
    # A 32-bit Python on a 64-bit kernel calls by other numbers.
    if machine not in MACHINES or ctypes.sizeof(ctypes.c_void_p) != 8:
        raise OSError(f"its calls are not known on {machine}")
    return MACHINES.index(machine)


def call(name: str, *arguments: Any) -> int:
    """The result of one system call; integers go as 64 bits, bytes as a pointer to them."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    number = NUMBERS[name][column()]
    sent = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    result: int = libc.syscall(ctypes.c_long(number), *sent)
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)}")
    return result


def prctl(option: int, value: int = 0, pointer: Any = 0) -> int:
    """One setting of the calling process."""
    return call("prctl", option, value, pointer, 0, 0)


def drop_capabilities() -> None:
    """Take from the calling process every right of an administrator, and the way to get one back."""
    version_3 = 0x20080522
    for capability in range(64):
        try:
            prctl(PR_CAPBSET_DROP, capability)
        except OSError:
            break  # beyond the last one, or without the right to drop, and then without rights
    header = (ctypes.c_uint32 * 2)(version_3, 0)
    call("capset", ctypes.byref(header), ctypes.byref((ctypes.c_uint32 * 6)()))
    prctl(PR_SET_NO_NEW_PRIVS, 1)
