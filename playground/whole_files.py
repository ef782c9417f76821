"""A file that is written whole or not at all: whoever reads it meanwhile, or after a sudden end, finds the old one.

write_whole(Path("keys.json"), b"{}")
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_whole(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Put the content in the place of the file, in one step; its folder must be there. Raises OSError, leaving nothing."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".part-")  # only the user can read it
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        if mode != 0o600:
            Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
