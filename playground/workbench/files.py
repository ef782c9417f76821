"""Saved prompts as files for asyncio callers: bundles out, files in, and a folder that is kept equal.

plan = await workbench.files.plan(files, report)      # what would be saved
result = await workbench.files.apply(plan, choices, source="prompts.zip")
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from playground.formats.bundle import Written
from playground.library.exporting import export_bundle
from playground.library.folder_sync import Side, SyncReport, sync
from playground.library.importing import ImportPlan, ImportResult, apply_import, plan_import
from playground.library.reading import Report, read_incoming
from playground.library.shipped import Library
from playground.store import Store


class PromptFiles:
    """Each method works in a thread; what raises is said by the function of `library` behind it."""

    def __init__(self, store: Store, library: Library, author: str) -> None:
        self._store = store
        self._library = library
        self._author = author

    async def bundle(
        self, keys: Sequence[str], *, name: str, description: str = "", licence: str = ""
    ) -> Written:
        """A bundle of saved prompts and patterns by their keys, and what it cannot hold."""
        return await asyncio.to_thread(
            export_bundle,
            self._store,
            self._library,
            keys,
            name=name,
            description=description,
            licence=licence,
            created=datetime.now(UTC),
        )

    async def plan(self, files: Sequence[tuple[str, bytes]], report: Report | None = None) -> ImportPlan:
        """What the files hold, compared with what is saved; nothing is written."""
        return await asyncio.to_thread(lambda: plan_import(self._store, read_incoming(files, report)))

    async def apply(
        self,
        plan: ImportPlan,
        choices: Mapping[str, str] | None = None,
        *,
        source: str = "",
        report: Report | None = None,
    ) -> ImportResult:
        """Save what is chosen, all of it or nothing."""
        return await asyncio.to_thread(
            apply_import, self._store, plan, choices, author=self._author, source=source, report=report
        )

    async def sync(self, folder: Path, take: Mapping[str, Side] | None = None) -> SyncReport:
        """Make folder and saved prompts equal; `take` settles conflicts by path."""
        return await asyncio.to_thread(sync, self._store, folder, take=take, author=self._author)
