"""A file that is written whole or not at all: whoever reads it meanwhile, or after a sudden end, finds the old one.

write_whole(Path("keys.json"), b"{}")
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterable
from pathlib import Path


def write_whole(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Put the content in the place of the file, in one step; its folder must be there. Raises OSError, leaving nothing."""
    _put(path, (content,), mode)


def write_whole_pieces(path: Path, pieces: Iterable[bytes]) -> None:
    """The same for a file of the user's, a piece at a time: links are followed, an old file's rights stay, a pipe gets the pieces.

    Raises OSError, and whatever making the pieces raises: then an old file is as it was.
    """
    place = path.resolve()
    try:
        mode = place.stat().st_mode
    except FileNotFoundError:
        mode = 0
    if mode and not stat.S_ISREG(mode):  # such as /dev/stdout
        with place.open("wb") as file:
            file.writelines(pieces)
        return
    _put(place, pieces, stat.S_IMODE(mode) if mode else 0o666 & ~_mask())


def _put(path: Path, pieces: Iterable[bytes], mode: int) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".part-")  # only the user can read it
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(pieces)
        if mode != 0o600:
            Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _mask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
