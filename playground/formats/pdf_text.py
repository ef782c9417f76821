"""The text of a PDF, read in a process of its own that is ended when it takes too long or too much memory.

A PDF is a program of sorts: a small one may unpack to gigabytes or send its reader in circles. pypdf has limits, this
is the fence around it.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

from playground.errors import PromptError

SECONDS = 30
MEMORY_BYTES = 2**30
MAX_PAGES = 3_000
_MAX_CHARS = 5_000_001  # one more than a document may have, so that it is told
_CODE = "import sys; sys.path.insert(0, sys.argv[1]); from playground.formats.pdf_text import main; main()"


def read(name: str, data: bytes, seconds: float = SECONDS) -> str:
    """The text, pages with an empty line between; raises PromptError. Blocks for as long as that takes."""
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", _CODE, str(Path(__file__).parents[2])],
            input=data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise PromptError(
            f"{name} took more than {seconds:g} s to read.", "Save only its text, or split it."
        ) from None
    try:
        told = json.loads(done.stdout)
    except ValueError:
        told = {"problem": "could not be read: it takes too much memory, or is damaged"}
    if problem := told.get("problem"):
        raise PromptError(f"{name} {problem}.", told.get("hint") or "Export it again, or save only its text.")
    return str(told["text"])


def main() -> None:
    """In the child: the bytes of stdin, as one JSON object on stdout."""
    data = sys.stdin.buffer.read()
    _fence()
    try:
        told = _told(data)
    except (MemoryError, RecursionError):
        told = {"problem": "could not be read: it takes too much memory"}
    except Exception as exc:  # pypdf raises many kinds on broken files; the parent must hear of each
        told = {"problem": f"is damaged ({type(exc).__name__})"}
    sys.stdout.write(json.dumps(told))


def _told(data: bytes) -> dict[str, str]:
    import logging

    from pypdf import PasswordType, PdfReader

    logging.disable()
    reader = PdfReader(io.BytesIO(data))
    if reader.is_encrypted:
        try:
            opened = reader.decrypt("") != PasswordType.NOT_DECRYPTED
        except Exception:  # AES needs a further package; to the reader it is locked all the same
            opened = False
        if not opened:
            return {"problem": "has a password", "hint": "Save it without one, or save only its text."}
    if len(reader.pages) > MAX_PAGES:
        return {
            "problem": f"has {len(reader.pages):,} pages, more than the {MAX_PAGES:,} that are read",
            "hint": "Split it.",
        }
    pages, chars = [], 0
    for page in reader.pages:
        pages.append(page.extract_text())
        chars += len(pages[-1])
        if chars > _MAX_CHARS:
            break
    text = "\n\n".join(pages).encode("utf-8", "replace").decode()
    if not text.strip():
        return {
            "problem": "has no text in it: its pages are pictures",
            "hint": "Have its text recognised first, with a scanner's program.",
        }
    return {"text": text}


def _fence() -> None:
    """Memory and seconds of this process; where the system has no such limits the parent's clock must do."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))


if __name__ == "__main__":
    main()
