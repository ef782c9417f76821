"""Edits of a data set that are not saved: a journal that each browser adds to, so that a reload loses nothing.

    edits.add("k3…", dataset_id, base=3, step=[{"do": "set", "row": 47, "column": "expected", "value": "refund"}])
    edits.of("k3…")  →  Journal("k3…", dataset_id, base=3, steps=([{"do": "set", …}],), changed_at=…)

A step is kept as it is made, one row each, and taken back the same way.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from playground.errors import PromptError
from playground.store.dataset_tables import DatasetEdit
from playground.store.unsaved import Journal, Sign, StepJson

MOST_CHARS = 20_000_000
"""Characters of one step as JSON: a pasted block."""
MOST_STEPS = 20_000
_ID = re.compile(r"[0-9a-z]{8,32}")

Opening = Callable[[], AbstractContextManager[Session]]


class DatasetEdits:
    """The journals of a store; each method is one transaction."""

    def __init__(self, reading: Opening, writing: Opening) -> None:
        self._reading = reading
        self._writing = writing

    def of(self, draft: str) -> Journal | None:
        """The journal of this id; None when it has no steps."""
        with self._reading() as session:
            query = select(DatasetEdit).where(DatasetEdit.draft == draft).order_by(col(DatasetEdit.n))
            rows: Sequence[DatasetEdit] = session.exec(query).all()
            if not rows:
                return None
            steps = tuple(row.edit["step"] for row in rows)
            return Journal(draft, rows[0].dataset_id, rows[0].base, steps, rows[-1].at)

    def sign(self, draft: str) -> Sign:
        """How many steps there are and when the last was made: the same as long as nothing has changed."""
        with self._reading() as session:
            return _sign(session, draft)

    def known(self, drafts: Sequence[str]) -> dict[str, str]:
        """Of these journals those that have steps: the data set of each."""
        with self._reading() as session:
            query = select(DatasetEdit.draft, DatasetEdit.dataset_id)
            return dict(session.exec(query.where(col(DatasetEdit.draft).in_(drafts[:500])).distinct()).all())

    def drafts_of(self, dataset_id: str) -> list[tuple[str, int, datetime]]:
        """The journals of a data set with their steps and when the last was made, newest first."""
        with self._reading() as session:
            last = sa.func.max(col(DatasetEdit.at))
            query = (
                select(DatasetEdit.draft, sa.func.count(), last)
                .where(DatasetEdit.dataset_id == dataset_id)
                .group_by(col(DatasetEdit.draft))
                .order_by(last.desc())
            )
            return [(draft, int(count), at) for draft, count, at in session.exec(query)]

    def add(self, draft: str, dataset_id: str, base: int, step: StepJson) -> tuple[Sign, Sign]:
        """Keep one more step; the signs before it and after it.

        Raises PromptError for one that is too large, or when there are too many.
        """
        if not _ID.fullmatch(draft):
            raise PromptError(
                "These edits have no name to be kept by.", "Reload the page and make them again."
            )
        size = len(json.dumps(step))
        if size > MOST_CHARS:
            raise PromptError(
                f"This edit has {size:,} characters; at most {MOST_CHARS:,} are kept.",
                "Import the rows as a file instead.",
            )
        with self._writing() as session:
            before = _sign(session, draft)
            count = before.steps
            if count >= MOST_STEPS:
                raise PromptError(
                    f"{count:,} edits are not saved yet; at most {MOST_STEPS:,} are kept.",
                    "Save them as a version, then go on.",
                )
            row = DatasetEdit(draft=draft, n=count, dataset_id=dataset_id, base=base, edit={"step": step})
            session.add(row)
            session.flush()
            return before, Sign(count + 1, row.at)

    def take_back(self, draft: str) -> StepJson | None:
        """Remove the last step and return it; None when there is none."""
        with self._writing() as session:
            count = _sign(session, draft).steps
            row = session.get(DatasetEdit, (draft, count - 1)) if count else None
            if row is None:
                return None
            step: StepJson = row.edit["step"]
            session.delete(row)
            return step

    def forget(self, draft: str) -> None:
        """Remove all steps of this journal: they were saved, or thrown away."""
        with self._writing() as session:
            session.execute(sa.delete(DatasetEdit).where(col(DatasetEdit.draft) == draft))

    def put_back(self, journal: Journal) -> None:
        """Keep a journal that was forgotten once more, in place of what its id holds."""
        with self._writing() as session:
            session.execute(sa.delete(DatasetEdit).where(col(DatasetEdit.draft) == journal.draft))
            for n, step in enumerate(journal.steps):
                row = DatasetEdit(
                    draft=journal.draft,
                    n=n,
                    dataset_id=journal.dataset_id,
                    base=journal.base,
                    edit={"step": step},
                )
                session.add(row)


def _sign(session: Session, draft: str) -> Sign:
    query = select(DatasetEdit.n, DatasetEdit.at).where(DatasetEdit.draft == draft)
    last = session.exec(query.order_by(col(DatasetEdit.n).desc()).limit(1)).first()
    return Sign(0, None) if last is None else Sign(last[0] + 1, last[1])
