"""A world of its own for the program: no network, no other process, no file but Python's. Runs in the sandbox's own processes.

    enter()                                   the calling process has new namespaces; its next child is process 1 of them
    furnish(scratch, ["/usr/lib"], limits)    in that child: the only files left are these, read-only, and /sandbox

Linux only. Raises OSError where the system does not allow it, as some containers do not.
"""

# No pathlib: it takes longer to import than all of this takes to run.

from __future__ import annotations

import ctypes
import os
import struct

from playground.sandbox.syscalls import DEVICES, call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from playground.sandbox.limits import Limits

WORK = "/sandbox"
"""The program's folder, the only one that it can write to."""

_NEW_MOUNTS, _NEW_NAMES, _NEW_IPC = 0x00020000, 0x04000000, 0x08000000
_NEW_USER, _NEW_PROCESSES, _NEW_NETWORK = 0x10000000, 0x20000000, 0x40000000
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_REMOUNT = 1, 2, 4, 32
_MS_BIND, _MS_REC, _MS_PRIVATE = 4096, 16384, 1 << 18
_MNT_DETACH = 2
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
_ATTR_RDONLY, _ATTR_NOSUID, _ATTR_NODEV = 1, 2, 4


def enter() -> None:
    """Move the calling process into new namespaces; it must have one thread only."""
    user, group = os.getuid(), os.getgid()
    everything = _NEW_MOUNTS | _NEW_NAMES | _NEW_IPC | _NEW_PROCESSES | _NEW_NETWORK
    call("unshare", _NEW_USER | everything)
    # One user and one group, its own: whoever it is outside, it can become nobody else.
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def furnish(scratch: str, read: Iterable[str], limits: Limits) -> None:
    """Make `scratch` the root of the calling process's files, with `read` in it and an empty folder of limited size."""
    # Otherwise what is mounted here would appear outside too.
    _mount(b"none", "/", None, _MS_REC | _MS_PRIVATE)
    _mount(b"tmpfs", scratch, b"tmpfs", _MS_NOSUID | _MS_NODEV, b"size=1m,mode=755")
    for path in read:
        _show(path, scratch)
    for path in DEVICES:
        _show(path, scratch, device=True)
    work = scratch + WORK
    os.mkdir(work)
    # The folder itself is one of the files that are counted.
    size = f"size={limits.disk_mb}m,nr_inodes={limits.files + 1},mode=700"
    _mount(b"tmpfs", work, b"tmpfs", _MS_NOSUID | _MS_NODEV, size.encode())
    _mount(b"none", scratch, None, _MS_REMOUNT | _MS_BIND | _MS_RDONLY | _MS_NOSUID | _MS_NODEV)
    os.chdir(scratch)
    call("pivot_root", b".", b".")
    call("umount2", b".", _MNT_DETACH)
    os.chdir(WORK)
    ctypes.CDLL(None).sethostname(b"sandbox", 7)  # this machine's own is nobody's business


def _show(path: str, root: str, *, device: bool = False) -> None:
    """Make one path of the system visible below the new root, read-only; a path that is not there is left out."""
    here = root + path
    if not os.path.exists(path) or os.path.exists(here):
        return
    os.makedirs(os.path.dirname(here), exist_ok=True)
    if os.path.islink(path):
        os.symlink(os.readlink(path), here)
        return
    if os.path.isdir(path):
        os.mkdir(here)
    else:
        os.close(os.open(here, os.O_CREAT, 0o600))
    _mount(path.encode(), here, None, _MS_BIND | _MS_REC)
    if not device:
        _close(here)


def _close(path: str) -> None:
    """Let nothing be written through that mount, nor through any below it."""
    attributes = _ATTR_RDONLY | _ATTR_NOSUID | _ATTR_NODEV
    try:
        packed = struct.pack("=4Q", attributes, 0, 0, 0)
        call("mount_setattr", _AT_FDCWD, path.encode(), _AT_RECURSIVE, packed, len(packed))
    except OSError:  # Linux before 5.12: that mount alone, with the flags it may not lose
        kept = os.statvfs(path).f_flag & (_MS_NOSUID | _MS_NODEV | os.ST_NOEXEC)
        _mount(b"none", path, None, _MS_REMOUNT | _MS_BIND | _MS_RDONLY | kept)


def _mount(source: bytes, target: str, kind: bytes | None, flags: int, data: bytes | None = None) -> None:
    call("mount", source, target.encode(), kind, flags, data)
