"""Which runs a list shows and in which order: conditions and orders over the table of runs.

conditions(session, RunFilter(model="llama.cpp:small", result="failed"))  →  [SQL…]
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from playground.store.content import search_words
from playground.store.ratings import OF_RUN
from playground.store.records import RunFilter
from playground.store.tables import (
    IS_THERE,
    Cell,
    CellText,
    Favourite,
    Run,
    ScoreRow,
    Table,
    VariantRow,
    Vote,
)

_CELL = Table.metadata.tables["cell"].alias("shown_cell")
_LATER = Table.metadata.tables["cell"].alias("later_cell")
_PIN = sa.literal("run:")
IS_PINNED = sa.exists().where(col(Favourite.key) == _PIN + col(Run.id))
MOST_CHOICES = 200


def conditions(session: Session, wanted: RunFilter) -> list[sa.ColumnElement[bool]]:
    """What every run of the list fulfils."""
    found = [IS_THERE, *(_holds(word) for word in search_words(wanted.search))]
    if wanted.model:
        of_model = sa.exists().where(
            col(VariantRow.run_id) == col(Run.id), col(VariantRow.model) == wanted.model
        )
        found.append(of_model)
    if wanted.title:
        found.append(col(Run.title) == wanted.title)
    if wanted.since is not None:
        found.append(col(Run.created_at) >= wanted.since)
    if wanted.until is not None:
        found.append(col(Run.created_at) < wanted.until)
    if wanted.voted is not None:
        has_vote = sa.exists().where(col(Vote.run_id) == col(Run.id), *OF_RUN)
        found.append(has_vote if wanted.voted else ~has_vote)
    if wanted.pinned:
        found.append(IS_PINNED)
    if wanted.result:
        failed = sa.or_(_some(session, col(ScoreRow.value) < 1), _some_broke(session))
        passed = sa.and_(_some(session, col(ScoreRow.value).is_not(None)), ~failed)
        found.append(failed if wanted.result == "failed" else passed)
    return found


def order(session: Session, sort: str, falls: bool) -> list[Any]:
    """Pinned runs first, then by time; or by another column, where those without one come last."""
    newest = [col(Run.created_at).desc(), col(Run.id).desc()]
    key: Any
    if sort in ("prompt", "note"):
        key = sa.func.nullif(sa.func.lower(col(Run.title if sort == "prompt" else Run.note)), "")
    elif sort == "models":
        name = sa.func.substr(col(VariantRow.model), sa.func.length(col(VariantRow.backend)) + 2)
        first = col(VariantRow.run_id) == col(Run.id), col(VariantRow.number) == 0
        key = sa.select(sa.func.min(sa.func.lower(name))).where(*first).scalar_subquery()
    elif sort == "checks":
        passing = sa.case((col(ScoreRow.value) >= 1, 1.0), else_=0.0)
        scored = _scored(session).where(col(ScoreRow.value).is_not(None))
        key = scored.with_only_columns(sa.func.avg(passing)).scalar_subquery()
    elif sort == "vote":
        key = _vote_rank()
    else:
        time = newest if falls else [col(Run.created_at), col(Run.id)]
        return [sa.case((IS_PINNED, 0), else_=1), *time]
    return [sa.nulls_last(key.desc() if falls else key.asc()), *newest]


def choices(session: Session) -> tuple[list[str], list[str]]:
    """The models of all runs by name, and the titles, the last used first."""
    deleted = sa.select(col(Run.id)).where(~IS_THERE)
    used = sa.select(col(VariantRow.model)).where(col(VariantRow.run_id).not_in(deleted))
    models = session.execute(used.distinct().limit(MOST_CHOICES)).scalars().all()
    last = sa.func.max(col(Run.created_at))
    titles = (
        sa.select(col(Run.title))
        .where(IS_THERE)
        .group_by(col(Run.title))
        .order_by(last.desc())
        .limit(MOST_CHOICES)
    )
    return sorted(models, key=str.lower), list(session.execute(titles).scalars())


def _holds(word: str) -> sa.ColumnElement[bool]:
    """Whether the run's own texts or one of its answers contain the word."""
    in_answer = sa.exists().where(
        col(CellText.run_id) == col(Run.id), col(CellText.text).contains(word, autoescape=True)
    )
    return sa.or_(col(Run.search_text).contains(word, autoescape=True), in_answer)


def _shown(session: Session) -> list[sa.ColumnElement[bool]]:
    """The cells that a list tells of: of the first case the last press of each column (`sample_shares`)."""
    newest = (
        sa.select(sa.func.max(_LATER.c.repeat))
        .where(
            _LATER.c.run_id == _CELL.c.run_id,
            _LATER.c.case_number == 0,
            _LATER.c.variant_number == _CELL.c.variant_number,
        )
        .correlate(_CELL)
        .scalar_subquery()
    )
    return [
        _CELL.c.run_id == col(Run.id),
        _CELL.c.case_number == 0,
        _CELL.c.repeat >= newest - newest % _samples(session),
    ]


def _samples(session: Session) -> sa.ColumnElement[int]:
    """How many samples the column of a cell has; no column of its own, because only lists ask for it."""
    if session.get_bind().dialect.name == "postgresql":
        columns = sa.cast(col(Run.comparison), sa.JSON).op("->")(sa.literal_column("'columns'"))
        text = columns.op("->")(_CELL.c.variant_number).op("->>")(sa.literal_column("'samples'"))
        return sa.func.coalesce(sa.cast(text, sa.Integer), 1)
    path = sa.literal("$.columns[").concat(_CELL.c.variant_number).concat("].samples")
    return sa.func.coalesce(sa.func.json_extract(col(Run.comparison), path, type_=sa.Integer), 1)


def _scored(session: Session) -> sa.Select[Any]:
    join = _CELL.join(ScoreRow, col(ScoreRow.cell_id) == _CELL.c.id)
    return sa.select(sa.literal(1)).select_from(join).where(*_shown(session)).correlate(Run)


def _some(session: Session, condition: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    return _scored(session).where(condition).exists()


def _some_broke(session: Session) -> sa.ColumnElement[bool]:
    broke = _CELL.c.status == "error"
    return sa.select(sa.literal(1)).select_from(_CELL).where(*_shown(session), broke).correlate(Run).exists()


def _vote_rank() -> Any:
    """Columns in their order, then ties, then "all bad"."""
    kinds = sa.case((col(Vote.kind) == "tie", 1_000), (col(Vote.kind) == "all_bad", 1_001), else_=None)
    rank = sa.func.coalesce(kinds, col(Cell.variant_number))
    return (
        sa.select(sa.func.min(rank))
        .select_from(Vote)
        .join(Cell, col(Cell.id) == col(Vote.cell_id), isouter=True)
        .where(col(Vote.run_id) == col(Run.id), *OF_RUN)
        .correlate(Run)
        .scalar_subquery()
    )
