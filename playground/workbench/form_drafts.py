"""Drafts of the page for asyncio callers: what is typed and not saved.

ident = await workbench.drafts.keep(draft)   # its id, another one when it belongs to another tab
"""

from __future__ import annotations

import asyncio

from playground.store import Store
from playground.store.unsaved import FormDraft, FormDraftSummary


class DraftDesk:
    """Each method is one transaction in a thread; what raises is said by the method of `FormDrafts` with its name."""

    def __init__(self, store: Store) -> None:
        self._drafts = store.drafts

    async def keep(self, draft: FormDraft) -> str:
        """Store it in place of its state before; its id."""
        return await asyncio.to_thread(self._drafts.keep, draft)

    async def keep_image(self, data: bytes) -> str:
        """The hash by which drafts name an image."""
        return await asyncio.to_thread(self._drafts.keep_image, data)

    async def get(self, ident: str) -> FormDraft:
        """One draft with its images."""
        return await asyncio.to_thread(self._drafts.get, ident)

    async def newest(self, key: str) -> FormDraft | None:
        """The last changed one of a prompt, pattern, run or new prompt."""
        return await asyncio.to_thread(self._drafts.newest, key)

    async def all(self, search: str = "") -> list[FormDraftSummary]:
        """All that hold every word, last changed first."""
        return await asyncio.to_thread(self._drafts.all, search)

    async def count(self) -> int:
        """How many there are."""
        return await asyncio.to_thread(self._drafts.count)

    async def take(self, ident: str, tab: str) -> FormDraft:
        """The draft, which that tab goes on with."""
        return await asyncio.to_thread(self._drafts.take, ident, tab)

    async def drop(self, ident: str) -> None:
        """Throw it away; for a day it can be put back."""
        await asyncio.to_thread(self._drafts.drop, ident)

    async def put_back(self, ident: str) -> None:
        """Take it back."""
        await asyncio.to_thread(self._drafts.put_back, ident)
