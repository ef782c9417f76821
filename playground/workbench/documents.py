"""The desk of documents: files are kept to look things up in, listed with the passages that they make, and removed.

kept = await desk.add("prices.csv", data)
await desk.passages(await desk.all(), 600, 80)  →  {"9f2a…": 3}
removed = await desk.remove(kept.hash); await desk.put_back(removed)
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from playground.errors import PlaygroundError
from playground.formats.documents import check_size
from playground.store.documents import Documents, Kept
from playground.techniques.base import Document
from playground.techniques.tools.chunks import chunks_of


@dataclass(frozen=True, slots=True, eq=False)
class Removed:
    """A document that was removed, so that it can be put back."""

    kept: Kept
    text: str


class DocumentDesk:
    """The documents of the data folder; what takes long runs in threads."""

    def __init__(self, data_dir: Path) -> None:
        self._kept = Documents(data_dir)

    async def all(self) -> list[Kept]:
        """The documents, by name."""
        return await asyncio.to_thread(self._kept.all)

    async def add(self, name: str, data: bytes) -> Kept:
        """Keep a document; raises PromptError for a file that cannot be read."""
        return await asyncio.to_thread(self._kept.add, name, data)

    def check_size(self, name: str, size: int) -> None:
        """Raise PromptError for a file that is too large, before it is sent."""
        check_size(name, size)

    async def remove(self, key: str) -> Removed:
        """Remove the document of that hash; raises NotFoundError."""
        return await asyncio.to_thread(self._remove, key)

    async def put_back(self, removed: Removed) -> Kept:
        """Keep it again."""
        await asyncio.to_thread(self._kept.keep, removed.kept, removed.text)
        return removed.kept

    async def passages(self, rows: Sequence[Kept], size: int, overlap: int) -> dict[str, int | None]:
        """How many passages each document makes, by its hash; None where they cannot be cut."""
        return await asyncio.to_thread(self._passages, rows, size, overlap)

    def _remove(self, key: str) -> Removed:
        kept = self._kept.find(key)
        removed = Removed(kept, self._kept.text(kept))
        self._kept.remove(kept)
        return removed

    def _passages(self, rows: Sequence[Kept], size: int, overlap: int) -> dict[str, int | None]:
        counts: dict[str, int | None] = {}
        for kept in rows:
            try:
                document = Document(kept.name, self._kept.text(kept))
                counts[kept.hash] = len(chunks_of([document], size, overlap))
            except PlaygroundError:  # it was removed meanwhile, or cannot be cut so: the options say why
                counts[kept.hash] = None
        return counts
