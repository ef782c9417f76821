"""Saved prompts for asyncio callers: their versions, variants, labels, stars and the bin; what is saved, the author signs.

version = await workbench.saved.version(prompt_id)   # the newest of the main line
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from playground.store import Store
from playground.store.records import Facets, PromptSummary, SavedVersion, VersionSummary


class SavedPrompts:
    """Each method is one transaction in a thread; what raises is said by the method of `Store` with its name."""

    def __init__(self, store: Store, author: str) -> None:
        self._store = store
        self._author = author

    async def version(self, prompt_id: str, number: int | None = None) -> SavedVersion:
        """One version, the newest of the main line without a number."""
        return await asyncio.to_thread(self._store.version, prompt_id, number)

    async def versions(self, prompt_id: str) -> list[VersionSummary]:
        """All of them, newest first."""
        return await asyncio.to_thread(self._store.versions, prompt_id)

    async def variants(self, prompt_id: str) -> list[VersionSummary]:
        """The newest version of each named variant, by name."""
        return await asyncio.to_thread(self._store.variants, prompt_id)

    async def labels(self, prompt_id: str) -> dict[str, int]:
        """The version numbers that the labels stand on, by label."""
        return await asyncio.to_thread(self._store.labels, prompt_id)

    async def set_label(self, prompt_id: str, label: str, number: int | None) -> None:
        """Let the label stand on this version alone, None takes it away."""
        await asyncio.to_thread(self._store.set_label, prompt_id, label, number)

    async def restore(self, prompt_id: str, number: int) -> SavedVersion:
        """Save the content of that version again as the newest main one."""
        return await asyncio.to_thread(self._store.restore, prompt_id, number, self._author)

    async def promote(self, prompt_id: str, variant: str) -> SavedVersion:
        """Save the newest content of a variant as the next main version."""
        return await asyncio.to_thread(self._store.promote, prompt_id, variant, self._author)

    async def search(
        self,
        text: str = "",
        *,
        family: str = "",
        tag: str = "",
        origin: str = "",
        favourite: bool = False,
        binned: bool = False,
        limit: int = 200,
    ) -> list[PromptSummary]:
        """Prompts that contain every word, of one family, tag and origin where asked; or those in the bin."""
        return await asyncio.to_thread(
            self._store.prompts,
            text,
            family=family,
            tag=tag,
            origin=origin,
            favourite=favourite,
            binned=binned,
            limit=limit,
        )

    async def facets(self, text: str = "") -> Facets:
        """How many prompts contain every word, by origin, family and tag."""
        return await asyncio.to_thread(self._store.facets, text)

    async def favourites(self) -> frozenset[str]:
        """The keys of all favourites."""
        return await asyncio.to_thread(self._store.favourites)

    async def find(self, name: str) -> PromptSummary | None:
        """The prompt of this name, letter case aside, unless it is in the bin."""
        return await asyncio.to_thread(self._store.find_prompt, name)

    async def contents(self, prompt_ids: Sequence[str]) -> dict[str, SavedVersion]:
        """The newest main versions by prompt, in the order of the ids; unknown ones are left out."""
        return await asyncio.to_thread(self._store.copies.contents, prompt_ids)

    async def star(self, key: str, on: bool) -> None:
        """Make `prompt:ID`, `pattern:SLUG` or `run:ID` a favourite, or no longer. Raises what `set_favourite` raises."""
        await asyncio.to_thread(self._store.set_favourite, key, on)

    async def delete(self, prompt_id: str) -> None:
        """Put the prompt into the bin and free its name."""
        await asyncio.to_thread(self._store.bin.put, prompt_id)

    async def put_back(self, prompt_id: str, name: str = "") -> SavedVersion:
        """Take the prompt out of the bin, under another name if one is given; its newest version."""
        return await asyncio.to_thread(self._store.bin.take_out, prompt_id, name, self._author)

    async def purge(self, prompt_id: str) -> None:
        """Remove a prompt of the bin for good."""
        await asyncio.to_thread(self._store.bin.purge, prompt_id)
