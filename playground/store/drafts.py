"""Drafts: what somebody types and has not saved, each under an id that only one tab writes to.

    drafts.keep(KeptDraft(id="9c…", key="prompt:3f…", tab="a1…", form={…}, …))  →  "9c…", or another id
    drafts.newest("prompt:3f…")  →  FormDraft(…)

A draft that another tab has begun is never written over: the writer gets an id of its own. What is thrown away can be
put back for a while. Images are those of the blobs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from playground.errors import NotFoundError, PromptError
from playground.store.blobs import keep_blob, load_blobs, loaded_images
from playground.store.columns import new_id, now
from playground.store.tables import Blob, DraftRow, RunCase
from playground.store.unsaved import MOST_DAYS, MOST_DRAFTS, FormDraft, FormDraftSummary

MOST_CHARS = 4_000_000
"""Characters of one draft as JSON, its images aside."""
UNDO_DAYS = 1
"""How long a draft that was thrown away can be put back."""
_ID = re.compile(r"[0-9a-z]{8,32}")
_HASH = re.compile(r"[0-9a-f]{64}")
NAME_CHARS = 200

Opening = Callable[[], AbstractContextManager[Session]]


class FormDrafts:
    """The drafts of a store; each method is one transaction."""

    def __init__(self, reading: Opening, writing: Opening) -> None:
        self._reading = reading
        self._writing = writing

    def keep(self, draft: FormDraft) -> str:
        """Store the draft in place of its state before; the id that it has now.

        That is another one when the draft of this id belongs to another tab. Raises PromptError for one that is too
        large, StoreError for one whose images are not there.
        """
        form = json.dumps(draft.form)
        if len(form) > MOST_CHARS:
            raise PromptError(
                f"This draft has {len(form):,} characters; at most {MOST_CHARS:,} are kept.",
                "Save it as a version, or make it shorter.",
            )
        images = _hashes(form)
        with self._writing() as session:
            load_blobs(session, images)
            row = session.get(DraftRow, draft.id) if _ID.fullmatch(draft.id) else None
            if row is None or row.tab != draft.tab:
                ident = draft.id if row is None and _ID.fullmatch(draft.id) else new_id()
                row = DraftRow(id=ident, key=draft.key, tab=draft.tab, name="", begins="", form="")
            row.key, row.version, row.run_id = draft.key, draft.version, draft.run_id
            row.name, row.begins, row.form = draft.name[:NAME_CHARS], draft.begins[:NAME_CHARS], form
            row.updated_at, row.dropped_at = now(), None
            is_new = row not in session
            session.add(row)
            session.flush()
            if is_new:
                _make_room(session)
            return row.id

    def keep_image(self, data: bytes) -> str:
        """The hash by which drafts name an image."""
        with self._writing() as session:
            return keep_blob(session, data)

    def get(self, ident: str) -> FormDraft:
        """The draft with its images in its form; one that was thrown away too. Raises NotFoundError."""
        with self._reading() as session:
            return _loaded(session, _row(session, ident))

    def newest(self, key: str) -> FormDraft | None:
        """The last changed draft of that prompt, pattern, run or new prompt."""
        statement = select(DraftRow).where(DraftRow.key == key, col(DraftRow.dropped_at).is_(None))
        with self._reading() as session:
            row = session.exec(statement.order_by(col(DraftRow.updated_at).desc()).limit(1)).first()
            return _loaded(session, row) if row else None

    def all(self, search: str = "") -> list[FormDraftSummary]:
        """All drafts that hold every word, last changed first."""
        shown = [column for column in DraftRow.__table__.c if column.name != "form"]  # type: ignore[attr-defined]
        statement = sa.select(*shown).where(col(DraftRow.dropped_at).is_(None))
        for word in search.casefold().split():
            wanted = [sa.func.lower(text).contains(word, autoescape=True) for text in _SEARCHED]
            statement = statement.where(sa.or_(*wanted))
        with self._reading() as session:
            rows = session.execute(statement.order_by(col(DraftRow.updated_at).desc())).mappings()
            return [_summary(DraftRow(**row)) for row in rows]

    def count(self) -> int:
        """How many there are."""
        kept = sa.select(sa.func.count()).where(col(DraftRow.dropped_at).is_(None))
        with self._reading() as session:
            return int(session.execute(kept).scalar_one())

    def take(self, ident: str, tab: str) -> FormDraft:
        """The draft, which that tab goes on with: another one that has it open writes to one of its own from now on."""
        with self._writing() as session:
            row = _row(session, ident)
            row.tab, row.dropped_at = tab, None
            session.add(row)
            session.flush()
            return _loaded(session, row)

    def drop(self, ident: str) -> None:
        """Throw it away; `put_back` brings it back for a day. One that is not there any more is no fault."""
        with self._writing() as session:
            session.execute(sa.update(DraftRow).where(col(DraftRow.id) == ident).values(dropped_at=now()))

    def put_back(self, ident: str) -> None:
        """Take it back from what was thrown away. Raises NotFoundError."""
        with self._writing() as session:
            row = _row(session, ident)
            row.dropped_at = None
            session.add(row)


_SEARCHED: Sequence[Any] = (DraftRow.name, DraftRow.begins, DraftRow.form)


def _row(session: Session, ident: str) -> DraftRow:
    row = session.get(DraftRow, ident) if _ID.fullmatch(ident) else None
    if row is None:
        raise NotFoundError(
            "There is no such draft any more.",
            f"It was saved or thrown away; drafts are kept for {MOST_DAYS} days.",
        )
    return row


def _summary(row: DraftRow) -> FormDraftSummary:
    return FormDraftSummary(
        row.id, row.key, row.tab, row.name, row.begins, row.version, row.run_id, row.updated_at
    )


def _loaded(session: Session, row: DraftRow) -> FormDraft:
    form = json.loads(row.form)
    form["images"] = loaded_images(session, form.get("images", ()))
    return FormDraft(
        row.id, row.key, row.tab, row.name, row.begins, row.version, row.run_id, row.updated_at, form
    )


def _hashes(form: str) -> list[str]:
    """The blobs that a draft's images name."""
    images = json.loads(form).get("images", ())
    return [item["sha256"] for item in images if isinstance(item, dict) and _HASH.fullmatch(item["sha256"])]


def _make_room(session: Session) -> None:
    """Remove for good what is too old, or was thrown away long ago; of too many the oldest."""
    moment = now()
    dropped, updated = col(DraftRow.dropped_at), col(DraftRow.updated_at)
    oldest = moment - timedelta(days=MOST_DAYS)
    old = sa.or_(dropped < moment - timedelta(days=UNDO_DAYS), updated < oldest)
    gone = list(session.exec(select(DraftRow).where(old)))
    kept = select(DraftRow).where(dropped.is_(None), updated >= oldest).order_by(updated.desc())
    gone += session.exec(kept.offset(MOST_DRAFTS)).all()
    hashes = {key for row in gone for key in _hashes(row.form)}
    for row in {row.id: row for row in gone}.values():
        session.delete(row)
    session.flush()
    # Elsewhere a run that is being stored beside this may name a blob that nothing else names yet.
    if session.get_bind().dialect.name == "sqlite":
        for key in hashes:
            _drop_blob(session, key)


def _drop_blob(session: Session, key: str) -> None:
    """Remove an image that no draft and no run names any more."""
    named = sa.or_(
        sa.exists().where(col(DraftRow.form).contains(key)),
        sa.exists().where(sa.cast(col(RunCase.images), sa.Text).contains(key)),
    )
    session.execute(sa.delete(Blob).where(col(Blob.hash) == key, sa.not_(named)))
