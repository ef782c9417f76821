"""What stands behind a database's fault: its own words, and what one sees by looking at the disk.

    store_error("disk I/O error", place)  →  StoreHindered("The disk of /data/playground.db is full, …")

SQLite says "disk I/O error" of a full disk, of a limit, of a folder that is gone and of a disk that fails.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from tempfile import TemporaryFile
from typing import Protocol

from playground.errors import ReadOnlyData, StoreBusy, StoreError, StoreHindered

PROBE_BYTES = 256 * 1024
"""What is written to see whether the disk takes it: about what one answer with its log needs."""


class Placed(Protocol):
    """A place with an SQLite file, or without one for a database server."""

    @property
    def path(self) -> Path | None:
        """The SQLite file."""


class Opened:
    """The file that the connections have open, to tell it from another one of its name."""

    def __init__(self) -> None:
        self._identity: tuple[int, int] | None = None

    def note(self, path: Path) -> None:
        """Remember the file, at the first connection."""
        if self._identity is None:
            self._identity = _identity(path)

    def check(self, path: Path, write: bool) -> None:
        """Raises StoreError when what would be written now went into a file that is not there any more."""
        if self._identity is None or (now := _identity(path)) == self._identity:
            return
        if now is not None:
            raise StoreError(
                f"The database {path} was replaced by another file while the program was running, so nothing was saved.",
                "Start the program again to go on with the new file.",
            )
        if write:
            raise gone(path)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    except OSError:  # a folder that may not be entered any more: the statement will tell
        return None
    return found.st_dev, found.st_ino


def gone(path: Path) -> StoreError:
    """The error for a file, or its whole folder, that was deleted."""
    what = f"database {path}" if path.parent.is_dir() else f"data folder {path.parent}"
    return StoreError(
        f"The {what} was deleted or moved away while the program was running, so nothing was saved.",
        "Copy what you need from the page, put it back or choose another with --data DIR, then start the program again.",
    )


FAULTS: tuple[tuple[str, type[StoreError], str, str], ...] = (
    # part of SQLite's message, error, what happened, what to do
    ("disk is full", StoreHindered, "The disk is full, so nothing was saved in {}.",
     "Free some space on that disk and try again."),
    ("locked", StoreBusy, "The database {} is in use by another program, so nothing was saved.",
     "Close the other program, or wait a moment and try again."),
    ("readonly database", ReadOnlyData, "The database {} may not be written.",
     "Give yourself the right to write it, or choose another data folder with --data DIR."),
    ("unable to open", ReadOnlyData, "The database {} cannot be opened.",
     "Check the rights of its folder, or choose another data folder with --data DIR."),
    ("not a database", StoreError, "{} is not a database.",
     "Move that file away, or choose another data folder with --data DIR."),
    ("malformed", StoreError, "The database {} is damaged.",
     "Go back to a copy of it (there may be one named .bak- beside it), or move it away to start anew."),
    ("disk I/O error", StoreHindered, "The disk of {} reports an error, so nothing was saved.",
     "Check that the disk is still there and healthy."),
    ("no such table", StoreError, "The database {} has lost its tables while the program was running.",
     "Start the program again."),
    ("connection", StoreHindered, "The database {} does not answer.",
     "Check its address in PLAYGROUND_DATABASE_URL and that its server is running."),
)  # fmt: skip

LOOK_FOR = ("unable to open", "readonly database", "disk I/O error", "no such table")
"""Words that have several causes."""


def store_error(cause: str, place: Placed) -> StoreError:
    """The database's fault in plain words."""
    if place.path is not None and any(part in cause for part in LOOK_FOR):
        seen = looked(place.path)
        if seen is not None:
            return seen
    for part, kind, message, hint in FAULTS:
        if part in cause:
            return kind(message.format(place), hint)
    return StoreError(f"The database {place} reports: {cause}.", "Check it with: playground doctor")


def _largest(path: Path) -> int:
    """Bytes of the database or of its log, whichever has more."""
    files = (path, path.with_name(path.name + "-wal"))
    return max((file.stat().st_size for file in files if file.exists()), default=0)


def looked(path: Path) -> StoreError | None:
    """What is wrong with the file's folder or disk, found by looking; None when all seems well."""
    if not path.exists():
        return gone(path)
    try:
        with TemporaryFile(dir=path.parent, buffering=0) as file:
            file.seek(
                _largest(path)
            )  # a limit of file sizes shows at the end of the largest; up to there nothing is written
            written = file.write(b"\0" * PROBE_BYTES)
            if written is not None and written < PROBE_BYTES:
                file.write(b"\0")  # says why
    except OSError as exc:
        if exc.errno in (errno.ENOSPC, errno.EDQUOT):
            return StoreHindered(
                f"The disk is full, so nothing was saved in {path}.",
                "Free some space on that disk and try again.",
            )
        if exc.errno == errno.EFBIG:
            return StoreHindered(
                f"A file may not grow beyond this program's limit, so nothing was saved in {path}.",
                "Start the program with a larger limit of file sizes (ulimit -f).",
            )
        if exc.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            return ReadOnlyData(
                f"The data folder {path.parent} may not be written any more ({exc.strerror}), so nothing was saved.",
                "Give yourself the right to write there, or choose another data folder with --data DIR.",
            )
        return StoreHindered(
            f"The disk of {path} reports an error ({exc.strerror}), so nothing was saved.",
            "Check that the disk is still there and healthy.",
        )
    if not os.access(path, os.W_OK):
        return ReadOnlyData(
            f"The database {path} may not be written.",
            "Give yourself the right to write it, or choose another data folder with --data DIR.",
        )
    return None
