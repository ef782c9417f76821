"""Runs that are deleted for good, with all that belongs to them.

    removal.look(["3f…"])     →  Contents(titles=("Tone of a refund mail",), answers=4, scores=8, …): what would go
    removal.delete(["3f…"])   →  the same; from here on nobody finds the run
    removal.go_on()           →  True while there is more to take away: one portion at a time

A run may have any number of cells: the first transaction hides it, takes away what is small and notes that there was
such a run; the cells follow in portions, so that nobody who writes waits for long. Whoever goes on later, this program or
another one, goes on where it stands.

What stays of an experiment is that there was an attempt at its question (`DeletedRunRow`): deleting a failed one must not
make the next look like the first.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from playground.errors import NotFoundError, StoreBusy
from playground.store.content import fold, portions
from playground.store.database import BUSY_MS
from playground.store.dataset_tables import Dataset, DatasetUse
from playground.store.datasets import purge_unused
from playground.store.experiment_tables import (
    DeletedRunRow,
    ExperimentTable,
    HandLabelRow,
    JudgeVersionRow,
)
from playground.store.records import Contents
from playground.store.runs import find_run, going_cells
from playground.store.tables import (
    DELETED,
    IS_THERE,
    Blob,
    Cell,
    CellText,
    Content,
    DraftRow,
    Favourite,
    PromptRow,
    Run,
    RunCase,
    ScoreRow,
    Step,
    VariantRow,
    Version,
    Vote,
)

CELLS = 500
"""Cells that one transaction takes away: others who write wait for no more than that."""
CASES = 2_000
SETTLE_MS = 200
_HASH = re.compile(r"[0-9a-f]{64}")

Opening = Callable[[], AbstractContextManager[Session]]


class Removal:
    """The end of runs; each method is one transaction."""

    def __init__(
        self, reading: Opening, writing: Opening, alive: Callable[[], list[str]], host: str | None
    ) -> None:
        """`alive` gives the programs that are, this one among them; `host` is as of `runs.lost_cells`."""
        self._reading = reading
        self._writing = writing
        self._alive = alive
        self._host = host

    def still_there(self, run_ids: Sequence[str]) -> list[str]:
        """Those of these runs that nobody has deleted, in the order given."""
        found: set[str] = set()
        with self._reading() as session:
            for portion in portions(sorted(set(map(fold, run_ids)))):
                found |= set(session.exec(select(Run.id).where(col(Run.id).in_(portion), IS_THERE)))
        return [run_id for run_id in run_ids if fold(run_id) in found]

    def look(self, run_ids: Sequence[str]) -> Contents:
        """What would go. Raises NotFoundError for a run that is not there, StoreBusy for one that still goes on."""
        alive = self._alive()
        with self._reading() as session:
            return _contents(session, self._endable(session, run_ids, alive))

    def delete(self, run_ids: Sequence[str]) -> Contents:
        """Delete these runs, or none; what went. From here on they are in no list, and the rest follows with `go_on`.

        Raises what `look` raises.
        """
        alive = self._alive()
        with self._erasing() as session:
            rows = self._endable(session, run_ids, alive, lock=True)
            contents = _contents(session, rows)
            for row in rows:
                _hide(session, row)
            return contents

    def go_on(self) -> bool:
        """Take a portion of the deleted runs away; whether more is left."""
        with self._reading() as session:
            if _next(session) is None:
                return False
        with self._erasing() as session:
            row = _next(session)
            if row is not None and not _portion(session, row.id):
                _end(session, row)
            return row is not None

    def settle(self) -> None:
        """What was deleted is not in the log beside the file any more, unless somebody reads just then."""
        with self._reading() as session:
            if session.get_bind().dialect.name == "sqlite":
                session.execute(sa.text(f"PRAGMA busy_timeout={SETTLE_MS}"))
                session.execute(sa.text("PRAGMA wal_checkpoint(TRUNCATE)"))
                session.execute(sa.text(f"PRAGMA busy_timeout={BUSY_MS}"))

    @contextmanager
    def _erasing(self) -> Iterator[Session]:
        """A transaction after which nothing that it took away can be read in the file: not every SQLite does so by itself."""
        with self._writing() as session:
            if session.get_bind().dialect.name != "sqlite":
                yield session
                return
            before = session.execute(sa.text("PRAGMA secure_delete")).scalar_one()
            session.execute(sa.text("PRAGMA secure_delete=ON"))
            try:
                yield session
                session.flush()
            finally:
                session.execute(sa.text(f"PRAGMA secure_delete={int(before)}"))

    def _endable(
        self, session: Session, run_ids: Sequence[str], alive: Sequence[str], *, lock: bool = False
    ) -> list[Run]:
        """The rows of these runs. Raises NotFoundError, and StoreBusy when one of them still goes on."""
        rows = [find_run(session, run_id, lock=lock) for run_id in dict.fromkeys(map(fold, run_ids))]
        if not rows:
            raise NotFoundError("No run is selected.", "Select one.")
        for row in rows:
            experiment = session.get(ExperimentTable, row.id, with_for_update=lock or None)
            runs = experiment is not None and experiment.state == "running" and experiment.owner in alive
            works = select(Cell.id).where(Cell.run_id == row.id, going_cells(alive, self._host)).limit(1)
            if runs or session.exec(works).first() is not None:
                raise StoreBusy(f'"{row.title}" is still going.', "Stop it first, then delete it.")
        return rows


def opened_half(dataset_id: str, name: str, half: str) -> str:
    """What an experiment that was deleted has looked at, so that it can be counted and not read; "" for no half."""
    if not half:
        return ""
    return hashlib.sha256("\n".join((dataset_id or name, half)).encode()).hexdigest()[:32]


# --- the first transaction ----------------------------------------------------------------------------------


def _contents(session: Session, rows: Sequence[Run]) -> Contents:
    ids = [row.id for row in rows]
    answers = select(Cell.id).where(col(Cell.run_id).in_(ids), Cell.status == "done")
    cells = select(Cell.id).where(col(Cell.run_id).in_(ids))
    return Contents(
        titles=tuple(row.title for row in rows),
        attempts=_count(session, select(ExperimentTable.run_id).where(col(ExperimentTable.run_id).in_(ids))),
        answers=_count(session, answers),
        scores=_count(session, select(ScoreRow.number).where(col(ScoreRow.cell_id).in_(cells))),
        votes=_count(session, select(Vote.id).where(col(Vote.run_id).in_(ids))),
        labels=_count(
            session,
            select(HandLabelRow.cell_id).where(
                col(HandLabelRow.cell_id).in_(cells), col(HandLabelRow.kind) == "label"
            ),
        ),
        notes=sum(bool(row.note.strip()) for row in rows),
    )


def _count(session: Session, found: Any) -> int:
    return int(session.execute(sa.select(sa.func.count()).select_from(found.subquery())).scalar_one())


def _hide(session: Session, row: Run) -> None:
    """Nobody finds the run from here on; what is small of it goes at once."""
    experiment = session.get(ExperimentTable, row.id)
    noted = DeletedRunRow(run_id=row.id)
    if experiment is not None:
        noted.question, noted.attempt = experiment.question, experiment.attempt
        noted.opened = opened_half(experiment.dataset_id, experiment.dataset, experiment.half)
        session.delete(experiment)
    session.merge(noted)
    _leave_data(session, row.id)
    key = f"run:{row.id}"
    session.execute(sa.delete(Vote).where(col(Vote.run_id) == row.id))
    session.execute(sa.delete(JudgeVersionRow).where(col(JudgeVersionRow.run_id) == row.id))
    session.execute(sa.delete(Favourite).where(col(Favourite.key) == key))
    session.execute(sa.delete(DraftRow).where(col(DraftRow.key) == key))
    session.execute(sa.update(DraftRow).where(col(DraftRow.run_id) == row.id).values(run_id=None))
    row.kind, row.title, row.note, row.search_text, row.version_id = DELETED, "", "", "", None
    session.add(row)
    session.flush()


def _leave_data(session: Session, run_id: str) -> None:
    """It needs no data set any more: of one that was deleted for good, what only this run held goes too."""
    uses = select(DatasetUse.dataset_id).where(DatasetUse.run_id == run_id)
    dataset_ids = session.exec(uses).all()
    session.execute(sa.delete(DatasetUse).where(col(DatasetUse.run_id) == run_id))
    for dataset_id in dataset_ids:
        dataset = session.get(Dataset, dataset_id, with_for_update=True)
        if dataset is not None and dataset.gone:
            purge_unused(session, dataset)


# --- what follows -------------------------------------------------------------------------------------------


def _next(session: Session) -> Run | None:
    """A run that was deleted, and of which something is left."""
    return session.exec(select(Run).where(~IS_THERE).limit(1)).first()


def _portion(session: Session, run_id: str) -> bool:
    """Take so many cells away, or cases; False when there is none left."""
    cells = session.exec(
        select(Cell.id).where(Cell.run_id == run_id).order_by(col(Cell.id)).limit(CELLS)
    ).all()
    if cells:
        judged = col(ScoreRow.judge_cell_id).in_(cells)
        session.execute(sa.update(ScoreRow).where(judged).values(judge_cell_id=None))
        for table in (Step, ScoreRow, HandLabelRow, CellText):
            session.execute(sa.delete(table).where(col(table.cell_id).in_(cells)))
        session.execute(sa.delete(Cell).where(col(Cell.id).in_(cells)))
        return True
    number = col(RunCase.number)
    first = session.exec(select(sa.func.min(number)).where(RunCase.run_id == run_id)).one()
    if first is None:
        return False
    part = (col(RunCase.run_id) == run_id, number < first + CASES)
    images = sa.select(sa.cast(col(RunCase.images), sa.Text)).where(*part)
    named = _hashes_in(session, images)
    session.execute(sa.delete(RunCase).where(*part))
    _drop_images(session, named)
    return True


def _end(session: Session, row: Run) -> None:
    """The run itself, with the prompts that nothing else needs."""
    _alone_with_content(session)
    run = sa.select(sa.cast(col(Run.comparison), sa.Text)).where(col(Run.id) == row.id)
    used = select(VariantRow.content_hash).where(VariantRow.run_id == row.id)
    named = {row.content_hash, *session.exec(used), *_hashes_in(session, run)}
    session.execute(sa.delete(VariantRow).where(col(VariantRow.run_id) == row.id))
    session.delete(row)
    session.flush()
    drop_unneeded(session, named)


def drop_unneeded(session: Session, hashes: Iterable[str]) -> None:
    """Remove those of the prompts' bodies that neither a version nor a run needs any more."""
    owners = (Version.content_hash, PromptRow.content_hash, Run.content_hash, VariantRow.content_hash)
    unneeded = [~sa.exists().where(col(owner) == col(Content.hash)) for owner in owners]
    left: set[str] = set()
    for portion in portions(sorted(set(hashes))):
        left |= set(session.exec(select(Content.hash).where(col(Content.hash).in_(portion), *unneeded)))
    if left:  # a column's prompt may have been set, but not run yet
        left -= _hashes_in(session, sa.select(sa.cast(col(Run.comparison), sa.Text)))
    for portion in portions(sorted(left)):
        session.execute(sa.delete(Content).where(col(Content.hash).in_(portion)))


def _drop_images(session: Session, hashes: set[str]) -> None:
    """Remove those of the images that neither a run nor a draft names any more."""
    if not hashes:
        return
    _alone_with_content(session)
    images = sa.cast(col(RunCase.images), sa.Text)
    left = hashes - _hashes_in(session, sa.select(images).where(images != "[]"))
    left -= _hashes_in(session, sa.select(col(DraftRow.form)))
    for portion in portions(sorted(left)):
        session.execute(sa.delete(Blob).where(col(Blob.hash).in_(portion)))


def _hashes_in(session: Session, texts: sa.Select[Any]) -> set[str]:
    found = session.execute(texts.execution_options(yield_per=500)).scalars()
    return {key for text in found for key in _HASH.findall(text)}


def _alone_with_content(session: Session) -> None:
    """Wait for whoever stores a run that may name a body or an image which nothing else names, and keep others waiting.

    SQLite lets one write at a time anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text("LOCK TABLE content, blob IN SHARE ROW EXCLUSIVE MODE"))
