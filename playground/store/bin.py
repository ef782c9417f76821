"""The bin: prompts that were deleted, until they are taken out or purged.

bin.put(prompt_id)
bin.take_out(prompt_id, "Another name")
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import sqlalchemy as sa
from sqlmodel import Session, col, select

from playground.errors import PromptError
from playground.store.columns import now
from playground.store.content import fold
from playground.store.naming import clean_name
from playground.store.prompts import living_row, load_saved, prompt_row, version_row
from playground.store.records import SavedVersion
from playground.store.removal import drop_unneeded
from playground.store.saving import rename
from playground.store.shelf import prompt_key
from playground.store.tables import Favourite, Label, PromptRow, PromptTag, Run, Version


class Bin:
    """The bin of a store; each method is one transaction."""

    def __init__(self, writing: Callable[[], AbstractContextManager[Session]]) -> None:
        self._writing = writing

    def put(self, prompt_id: str) -> None:
        """Put the prompt into the bin and free its name; its versions stay readable by id."""
        with self._writing() as session:
            _put(session, prompt_id)

    def take_out(self, prompt_id: str, name: str = "", author: str = "") -> SavedVersion:
        """Take the prompt out of the bin; its newest version. Raises PromptError when its name is taken by now.

        With another `name` that becomes a version, as with `rename`.
        """
        with self._writing() as session:
            return _take_out(session, prompt_id, name, author)

    def purge(self, prompt_id: str) -> None:
        """Remove a prompt in the bin for good; runs keep what they ran. Raises PromptError for another one."""
        with self._writing() as session:
            _purge(session, prompt_id)


def _put(session: Session, prompt_id: str) -> None:
    """Put the prompt into the bin and free its name; runs keep pointing to its versions."""
    row = living_row(session, prompt_id)
    row.deleted_at, row.name_key = now(), None
    session.add(row)


def _take_out(session: Session, prompt_id: str, name: str, author: str) -> SavedVersion:
    """Take the prompt out of the bin, under another name when one is given. Raises PromptError for a taken name."""
    row = _binned(session, prompt_id)
    wanted = clean_name(name) if name.strip() else row.name
    other = session.exec(select(PromptRow.id).where(PromptRow.name_key == fold(wanted))).first()
    if other is not None:
        raise PromptError(
            f'There is a prompt named "{wanted}" by now.', "Give this one another name, or rename that one."
        )
    row.deleted_at, row.name_key = None, fold(row.name) if wanted == row.name else None
    session.add(row)
    session.flush()
    if wanted != row.name:
        return rename(session, row.id, wanted, author)
    return load_saved(session, version_row(session, row.id, row.latest))


def _purge(session: Session, prompt_id: str) -> None:
    """Remove a prompt in the bin for good: its versions, labels, tags and favourite.

    Runs stay, with the content they keep themselves; content that nothing else needs goes too.
    """
    row = _binned(session, prompt_id)
    hashes = session.exec(select(Version.content_hash).where(Version.prompt_id == row.id).distinct()).all()
    of_prompt = sa.select(col(Version.id)).where(col(Version.prompt_id) == row.id)
    session.execute(sa.update(Run).where(col(Run.version_id).in_(of_prompt)).values(version_id=None))
    session.execute(sa.delete(Favourite).where(col(Favourite.key) == prompt_key(row.id)))
    for table in (Label, PromptTag, Version):
        session.execute(sa.delete(table).where(col(table.prompt_id) == row.id))
    session.delete(row)
    session.flush()
    drop_unneeded(session, hashes)


def _binned(session: Session, prompt_id: str) -> PromptRow:
    row = prompt_row(session, prompt_id)
    session.refresh(row, with_for_update=True)
    if row.deleted_at is None:
        raise PromptError(f'The prompt "{row.name}" is not in the bin.', "Delete it first.")
    return row
