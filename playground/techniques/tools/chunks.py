"""Documents cut into passages of about the same size, each with an id that an answer can cite.

chunks_of([Document("a.txt", "One. Two. Three.")], size=10, overlap=0)
→ [Chunk("1", "a.txt", "One. Two."), Chunk("2", "a.txt", "Three.")]

A cut comes where a paragraph ends, else a sentence, else a word; text without any of them is cut at the size.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import regex

from playground.errors import PromptError
from playground.techniques.base import Document

MAX_CHUNKS = 50_000
_ENDS = (
    regex.compile(r"\n\s*\n"),
    regex.compile(r"\n|[。！？；]|[.!?;](?=\s)"),
    regex.compile(r"\s|[，、,]"),
)


class Chunk(NamedTuple):
    """A passage of a document. Ids count through all documents, from "1"."""

    id: str
    document: str
    text: str


def chunks_of(documents: Sequence[Document], size: int, overlap: int) -> list[Chunk]:
    """The passages of all documents in their order; each begins with about `overlap` characters of the one before.

    Raises PromptError for sizes that make no sense together, and for more passages than can be searched.
    """
    if size < 20 or not 0 <= overlap <= size // 2:
        raise PromptError(
            f"Passages of {size:,} characters with {overlap:,} in common cannot be cut.",
            "The size must be at least 20, and the overlap at most half of it.",
        )
    found: list[Chunk] = []
    for document in documents:
        for text in _pieces(document.text, size, overlap):
            found.append(Chunk(str(len(found) + 1), document.name, text))
            if len(found) > MAX_CHUNKS:
                raise PromptError(
                    f"The documents make more than {MAX_CHUNKS:,} passages of {size:,} characters.",
                    "Choose larger passages, or fewer documents.",
                )
    return found


def _pieces(text: str, size: int, overlap: int) -> Iterator[str]:
    begin = 0
    while begin < len(text):
        end = len(text) if len(text) - begin <= size else _cut(text, begin + size // 2, begin + size)
        if piece := text[begin:end].strip():
            yield piece
        if end >= len(text):
            return
        # The overlap begins with a word; it never takes the whole piece, so that each step goes on.
        begin = max(begin + 1, _cut(text, end - overlap, end - overlap // 2) if overlap else end)


def _cut(text: str, least: int, most: int) -> int:
    """The best place to cut between two places: the last end of a paragraph, sentence or word, else `most`."""
    for ends in _ENDS:
        if found := list(ends.finditer(text, least, most)):
            return found[-1].end()
    return most
