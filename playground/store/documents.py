"""Documents that techniques look things up in, kept by the hash of their bytes in the folder `documents` of the data folder.

    documents.add("prices.csv", data)  →  Kept("9f2a…", "prices.csv", size_bytes=120, chars=98, added="2026-11-27T…")

Two files each: `HASH.txt` is the text that was read, `HASH.json` says what it is of. The facts are written last and
removed first, so that a text without them is one that was never finished, and is no document.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from playground.errors import NotFoundError, StoreError
from playground.formats.documents import read_document
from playground.whole_files import write_whole

NAME_CHARS = 120


@dataclass(frozen=True, slots=True)
class Kept:
    """A document that is kept; `chars` are those of its text."""

    hash: str
    name: str
    size_bytes: int
    chars: int
    added: str


class Documents:
    """The documents of a data folder. Reading one may take seconds: call it in a thread."""

    def __init__(self, data_dir: Path) -> None:
        self.folder = data_dir / "documents"

    def add(self, name: str, data: bytes) -> Kept:
        """Keep a document; the same bytes are kept once, under the newer name. Raises PromptError for what cannot be read."""
        shown = _plain_name(name)
        text = read_document(shown, data)
        key = hashlib.sha256(data).hexdigest()
        kept = Kept(key, shown, len(data), len(text), datetime.now(UTC).isoformat(timespec="seconds"))
        self.keep(kept, text)
        return kept

    def keep(self, kept: Kept, text: str) -> None:
        """Write a document that was read; raises StoreError."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_whole(self.folder / f"{kept.hash}.txt", text.encode(errors="replace"))
            facts = json.dumps(asdict(kept), ensure_ascii=False)
            write_whole(self.folder / f"{kept.hash}.json", facts.encode(errors="replace"))
        except OSError as exc:
            raise StoreError(
                f"{kept.name} cannot be kept in {self.folder}: {exc.strerror}.",
                "Free some space or allow writing.",
            ) from exc

    def all(self) -> list[Kept]:
        """The documents, by name; files that are none of ours are passed over."""
        found = []
        for path in sorted(self.folder.glob("*.json")) if self.folder.is_dir() else ():
            with contextlib.suppress(OSError, ValueError, TypeError):
                kept = Kept(**json.loads(path.read_text("utf-8")))
                if path.stem == kept.hash and path.with_suffix(".txt").is_file():
                    found.append(kept)
        return sorted(found, key=lambda kept: (kept.name.casefold(), kept.hash))

    @property
    def has_any(self) -> bool:
        """Whether a document is kept; quick."""
        return any(self.folder.glob("*.json")) if self.folder.is_dir() else False

    def text(self, kept: Kept) -> str:
        """The text of a document; raises NotFoundError when it was removed meanwhile."""
        try:
            return (self.folder / f"{kept.hash}.txt").read_text("utf-8")
        except OSError as exc:
            raise NotFoundError(f"The document {kept.name} is not there any more.", "Add it again.") from exc

    def find(self, wanted: str) -> Kept:
        """The one document of that name or beginning of its hash; raises NotFoundError for none and for several."""
        every = self.all()
        found = [kept for kept in every if kept.name == wanted]
        if not found and len(wanted) >= 4:
            found = [kept for kept in every if kept.hash.startswith(wanted.lower())]
        if not found:
            names = ", ".join(dict.fromkeys(kept.name for kept in every)) or "none"
            raise NotFoundError(f'There is no document "{wanted[:80]}".', f"Documents: {names[:300]}.")
        if len(found) > 1:
            hashes = ", ".join(kept.hash[:12] for kept in found)
            raise NotFoundError(
                f'{len(found)} documents are called "{wanted[:80]}".', f"Give a hash: {hashes}."
            )
        return found[0]

    def remove(self, kept: Kept) -> None:
        """Remove a document; one that is gone already is fine."""
        try:
            (self.folder / f"{kept.hash}.json").unlink(missing_ok=True)
            (self.folder / f"{kept.hash}.txt").unlink(missing_ok=True)
        except OSError as exc:
            raise StoreError(
                f"{kept.name} cannot be removed: {exc.strerror}.", "Allow writing there."
            ) from exc


def _plain_name(name: str) -> str:
    """The last part of a path, in characters that any list can show."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    shown = "".join(char if char.isprintable() else "?" for char in last).strip() or "document.txt"
    if len(shown) <= NAME_CHARS:
        return shown
    stem, point, suffix = shown.rpartition(".")
    return f"{(stem or suffix)[: NAME_CHARS - 8]}…{point}{suffix[:6]}"
