"""The passages of a case's documents with their index, made once for all cases that have the same documents."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from typing import NamedTuple

from playground.techniques.base import Document, Task
from playground.techniques.tools.chunks import Chunk, chunks_of
from playground.techniques.tools.search import Bm25


class Passages(NamedTuple):
    """Passages, how to find one by its words, and a key that says of what they were made."""

    chunks: list[Chunk]
    bm25: Bm25
    key: str


async def passages_of(task: Task, size: int, overlap: int) -> Passages:
    """The passages of the task's documents; raises PromptError. Many are cut in a thread: answers go on meanwhile."""
    key = f"passages {_digest(task.documents)} {size} {overlap}"
    if key not in task.memory:
        task.memory[key] = await asyncio.to_thread(_made, task.documents, size, overlap, key)
    made: Passages = task.memory[key]
    return made


def _made(documents: Sequence[Document], size: int, overlap: int, key: str) -> Passages:
    chunks = chunks_of(documents, size, overlap)
    return Passages(chunks, Bm25([chunk.text for chunk in chunks]), key)


def _digest(documents: Sequence[Document]) -> str:
    digest = hashlib.sha256()
    for document in documents:
        for part in (document.name, document.text):
            digest.update(f"{len(part)}:".encode() + part.encode("utf-8", "replace"))
    return digest.hexdigest()
