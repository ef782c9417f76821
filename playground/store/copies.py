"""Saved prompts beside their copies in bundles and in folders that are kept equal; what is saved goes through `saving`.

copies.heads()                    → every prompt's name and hashes, to compare with what a file holds
copies.marks("/home/me/prompts")  → what was kept of that folder's files
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager

import sqlalchemy as sa
from sqlmodel import Session, col, select

from playground.store.content import fold, load_content, portions
from playground.store.prompts import to_saved
from playground.store.records import Head, SavedVersion, SyncMark
from playground.store.tables import PromptRow, SyncMarkRow, Version

Opening = Callable[[], AbstractContextManager[Session]]


class Copies:
    """What a store's prompts are compared with their copies by; each method is one transaction."""

    def __init__(self, reading: Opening, writing: Opening) -> None:
        self._reading = reading
        self._writing = writing

    def heads(self) -> list[Head]:
        """Every prompt that is not in the bin, by name, with the hashes of its main versions."""
        with self._reading() as session:
            return _heads(session)

    def contents(self, prompt_ids: Sequence[str]) -> dict[str, SavedVersion]:
        """The newest main versions by prompt, in the order of the ids; unknown ones are left out."""
        with self._reading() as session:
            return _contents(session, prompt_ids)

    def marks(self, folder: str) -> dict[str, SyncMark]:
        """What was kept of a synced folder's files, by path."""
        with self._reading() as session:
            return _marks(session, folder)

    def keep_marks(self, folder: str, marks: Mapping[str, SyncMark]) -> None:
        """Replace all marks of a synced folder."""
        with self._writing() as session:
            _keep_marks(session, folder, marks)


def _heads(session: Session) -> list[Head]:
    """Every prompt that is not in the bin, by name, with the hashes of all its main versions."""
    living = col(PromptRow.deleted_at).is_(None)
    hashes: dict[str, set[str]] = defaultdict(set)
    for prompt_id, content_hash in session.execute(
        sa.select(col(Version.prompt_id), col(Version.content_hash))
        .join(PromptRow, col(PromptRow.id) == col(Version.prompt_id))
        .where(living, col(Version.variant) == "")
    ):
        hashes[prompt_id].add(content_hash)
    rows = session.execute(
        sa.select(
            col(PromptRow.id),
            col(PromptRow.name),
            col(PromptRow.name_key),
            col(PromptRow.content_hash),
            col(PromptRow.updated_at),
        )
        .where(living)
        .order_by(PromptRow.name_key)
    )
    return [
        Head(prompt_id, name, name_key or "", content_hash, frozenset(hashes[prompt_id]), updated_at)
        for prompt_id, name, name_key, content_hash, updated_at in rows
    ]


def _contents(session: Session, prompt_ids: Sequence[str]) -> dict[str, SavedVersion]:
    """The newest main version of each prompt, in the order of the ids; unknown ones are left out."""
    wanted = list(dict.fromkeys(fold(prompt_id) for prompt_id in prompt_ids))
    newest = (col(Version.prompt_id) == col(PromptRow.id)) & (col(Version.number) == col(PromptRow.latest))
    rows: dict[str, tuple[PromptRow, Version]] = {}
    for portion in portions(wanted):
        statement = select(PromptRow, Version).join(Version, newest).where(col(PromptRow.id).in_(portion))
        rows.update((row.id, (row, version)) for row, version in session.exec(statement))
    bodies = load_content(session, [version.content_hash for _, version in rows.values()])
    return {
        prompt_id: to_saved(*rows[prompt_id], bodies[rows[prompt_id][1].content_hash])
        for prompt_id in wanted
        if prompt_id in rows
    }


def _marks(session: Session, folder: str) -> dict[str, SyncMark]:
    """What was kept of a folder's files, by path."""
    rows = session.exec(select(SyncMarkRow).where(SyncMarkRow.folder == folder))
    return {row.path: SyncMark(row.prompt_id, row.content_hash, row.mtime_ns, row.size) for row in rows}


def _keep_marks(session: Session, folder: str, marks: Mapping[str, SyncMark]) -> None:
    """Replace all marks of the folder."""
    session.execute(sa.delete(SyncMarkRow).where(col(SyncMarkRow.folder) == folder))
    rows = [
        {
            "folder": folder,
            "path": path,
            "prompt_id": mark.prompt_id,
            "content_hash": mark.content_hash,
            "mtime_ns": mark.mtime_ns,
            "size": mark.size,
        }
        for path, mark in marks.items()
    ]
    if rows:
        session.execute(sa.insert(SyncMarkRow), rows)
