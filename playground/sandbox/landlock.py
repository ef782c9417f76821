"""Landlock: the kernel lets the calling process use only these folders, for good. Runs in the sandbox's own processes.

    restrict(read=["/usr/lib"], write=["/tmp/empty"])

Source: the kernel's documentation, userspace-api/landlock. It does not hide whether a path exists.
"""

from __future__ import annotations

import ctypes
import os
import stat

from playground.sandbox.syscalls import call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_READ_FILE, _READ_DIR, _EXECUTE = 1 << 2, 1 << 3, 1 << 0
_OF_FILES = _EXECUTE | 1 << 1 | _READ_FILE | 1 << 14 | 1 << 15
"""Rights that a rule on a single file may carry."""
_RULE_PATH_BENEATH = 1
_ABI_QUERY = 1


def version() -> int:
    """The version of Landlock in this kernel; raises OSError where it is missing or switched off."""
    return call("landlock_create_ruleset", 0, 0, _ABI_QUERY)


def restrict(*, read: Iterable[str], write: Iterable[str]) -> None:
    """Allow reading below `read` and everything below `write`; raises OSError. Paths that are not there are left out."""
    abi = version()
    handled = (1 << 13) - 1  # everything of version 1
    for needs, right in ((2, 13), (3, 14), (5, 15)):  # moving between folders, truncating, device controls
        handled |= 1 << right if abi >= needs else 0
    tcp = 0b11 if abi >= 4 else 0
    scoped = 0b11 if abi >= 6 else 0  # named sockets and signals of others
    size = 24 if abi >= 6 else 16 if abi >= 4 else 8
    attributes = (ctypes.c_uint64 * 3)(handled, tcp, scoped)
    rules = call("landlock_create_ruleset", ctypes.byref(attributes), size, 0)
    try:
        for path in read:
            _add(rules, path, _READ_FILE | _READ_DIR | _EXECUTE)
        for path in write:
            _add(rules, path, handled)
        call("landlock_restrict_self", rules, 0)
    finally:
        os.close(rules)


def _add(rules: int, path: str, rights: int) -> None:
    try:
        folder = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(folder).st_mode):
            rights &= _OF_FILES
        packed = rights.to_bytes(8, "little") + folder.to_bytes(4, "little")
        call("landlock_add_rule", rules, _RULE_PATH_BENEATH, packed, 0)
    finally:
        os.close(folder)
