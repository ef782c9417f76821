"""How the cells of an experiment stand: in numbers, by reason where they failed, as answers that are scored again.

experiments.outcomes(run_id)     # every cell in numbers
experiments.failures(run_id)     # those that failed, by reason
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from itertools import chain
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session

from playground.store.content import fold, portions
from playground.store.ledger import score_rows
from playground.store.reopen import completion_of, score_of
from playground.store.tables import IS_THERE, Table
from playground.types.generation import Completion
from playground.types.grid import CellKey
from playground.types.outcomes import FailureGroup, Outcome, Unscored
from playground.types.scores import Score
from playground.types.trace import CACHED, Answer

_tables = Table.metadata.tables
CASE, CELL, SCORES, STEPS, VARIANT = (
    _tables[name] for name in ("run_case", "cell", "score", "step", "variant")
)
PLACE = (CELL.c.case_number, CELL.c.variant_number, CELL.c.repeat)
SHORT = (
    CELL.c.id, *PLACE, CELL.c.extracted, CELL.c.final, CELL.c.finish, CELL.c.prompt_tokens,
    CELL.c.completion_tokens, CELL.c.total_s,
)  # fmt: skip
"""What of a cell tells its answer in short."""
FAILED = "error"
WHOLE = STEPS.c.finish.in_(("stop", "length"))
NEWEST = (
    sa.select(STEPS.c.request_hash, sa.func.max(STEPS.c.cell_id))
    .join(CELL, CELL.c.id == STEPS.c.cell_id)
    .join(_tables["run"], _tables["run"].c.id == CELL.c.run_id)
    .where(STEPS.c.request_hash.in_(sa.bindparam("hashes", expanding=True)), WHOLE, CELL.c.status == "done")
    .where(IS_THERE)
    .group_by(STEPS.c.request_hash)
)
"""Which cell was given the newest whole answer to each of these calls; of a deleted run none comes back."""
PAGE_ROWS = 200
READ_ROWS = 5_000


class ExperimentCells:
    """The cells of the experiments of a store; each method is one transaction."""

    def __init__(
        self,
        reading: Callable[[], AbstractContextManager[Session]],
        writing: Callable[[], AbstractContextManager[Session]],
    ) -> None:
        self._reading = reading
        self._writing = writing

    def outcomes(self, run_id: str, check: Collection[str] = ()) -> list[Outcome]:
        """Every cell in numbers by case, variant and repeat; `score` is that of the check of one of these names."""
        found = fold(run_id)
        with self._reading() as session:
            connection = session.connection()
            passed, scores = _verdicts(connection, found, check)
            cached = sa.cast(CELL.c.facts, sa.Text).like(f'%"{CACHED}"%')
            asked = sa.select(
                CELL.c.id, *PLACE, CELL.c.status, CELL.c.error, CELL.c.finish, CELL.c.prompt_tokens,
                CELL.c.completion_tokens, CELL.c.total_s, sa.func.coalesce(cached, False),
            ).where(CELL.c.run_id == found).order_by(*PLACE)  # fmt: skip
            rows = []
            for (  # one by one each row would cost three times as much
                one,
                case,
                variant,
                repeat,
                status,
                error,
                finish,
                sent,
                came,
                total,
                is_cached,
            ) in chain.from_iterable(connection.execute(asked).partitions(READ_ROWS)):
                is_done = status == "done"
                rows.append(
                    Outcome(
                        CellKey(case, variant, repeat),
                        status,
                        passed.get(one) if is_done else None,
                        scores.get(one) if is_done else None,
                        error if status == FAILED else "",
                        finish == "length",
                        sent + came if is_done and sent is not None and came is not None else None,
                        total if is_done else None,
                        bool(is_cached),
                    )
                )
            return rows

    def failures(self, run_id: str) -> list[FailureGroup]:
        """Cells that failed, by reason, the largest group first."""
        asked = sa.select(*PLACE, CELL.c.error, CELL.c.hint, CELL.c.finished_at).where(
            CELL.c.run_id == fold(run_id), CELL.c.status == FAILED
        )
        groups: dict[str, list[Any]] = {}
        with self._reading() as session:
            # Put in order here: asked to, a database walks over all cells of the run, of which few have failed.
            for row in sorted(session.connection().execute(asked), key=lambda row: row[: len(PLACE)]):
                groups.setdefault(same_reason(row.error), []).append(row)
        found = []
        for rows in groups.values():
            last = max(rows, key=lambda row: (row.finished_at is not None, row.finished_at))
            keys = tuple(CellKey(row.case_number, row.variant_number, row.repeat) for row in rows)
            found.append(FailureGroup(last.error, last.hint, keys, last.finished_at))
        return sorted(found, key=lambda group: -len(group.keys))

    def unscored(self, run_id: str, most: int = 5) -> list[Unscored]:
        """Why checks gave answers no score, the commonest reasons first."""
        count = sa.func.count()
        # So asked, that the few without a score are gone through (they have an index), not the cells.
        answered = sa.exists().where(
            CELL.c.id == SCORES.c.cell_id, CELL.c.run_id == fold(run_id), CELL.c.status == "done"
        )
        asked = (
            sa.select(SCORES.c.name, SCORES.c.explanation, count)
            .where(SCORES.c.value.is_(None), answered)
            .group_by(SCORES.c.name, SCORES.c.explanation)
            .order_by(count.desc(), SCORES.c.name, SCORES.c.explanation)
            .limit(most)
        )
        with self._reading() as session:
            return [Unscored(*row) for row in session.connection().execute(asked)]

    def silent(self, run_id: str) -> tuple[str, ...]:
        """The names of checks that gave a score to none of the answers, though there are some."""
        of_run = (CELL.c.run_id == fold(run_id), CELL.c.status == "done")
        answered = sa.exists().where(CELL.c.id == SCORES.c.cell_id, *of_run)
        asked = (
            sa.select(SCORES.c.name)
            .where(SCORES.c.value.is_(None), answered)
            .group_by(SCORES.c.name)
            .having(sa.func.count() >= sa.select(sa.func.count()).where(*of_run).scalar_subquery())
            .order_by(SCORES.c.name)
        )
        with self._reading() as session:
            return tuple(session.connection().execute(asked).scalars())

    def newest(self, run_id: str, count: int) -> list[CellKey]:
        """The cells that ended last, newest first."""
        asked = (
            sa.select(*PLACE)
            .where(CELL.c.run_id == fold(run_id), CELL.c.finished_at.is_not(None))
            .order_by(CELL.c.finished_at.desc(), CELL.c.id.desc())
            .limit(max(0, min(count, PAGE_ROWS)))
        )
        with self._reading() as session:
            return [CellKey(*place) for place in session.connection().execute(asked)]

    def answers(self, run_id: str, after: int = 0, count: int = 500) -> list[Answered]:
        """So many answers after the cell of that id, in short: enough to score them."""
        asked = (
            sa.select(*SHORT)
            .where(CELL.c.run_id == fold(run_id), CELL.c.status == "done", CELL.c.id > after)
            .order_by(CELL.c.id)
            .limit(count)
        )
        return self._answered(asked)

    def answers_of(self, cell_ids: Collection[int]) -> list[Answered]:
        """These answers, in short, in the order of their cells; nothing of one that has none."""
        found: list[Answered] = []
        for portion in portions(sorted(cell_ids)):
            asked = sa.select(*SHORT).where(CELL.c.id.in_(portion), CELL.c.status == "done")
            found += self._answered(asked.order_by(CELL.c.id))
        return found

    def _answered(self, asked: sa.Select[Any]) -> list[Answered]:
        with self._reading() as session:
            rows = session.connection().execute(asked).all()
            texts = _last_texts(session, [row.id for row in rows])
        found = []
        for row in rows:
            text, first_s = texts.get(row.id, ("", None))
            done = Completion(
                row.final if row.final is not None else text,
                row.finish,
                prompt_tokens=row.prompt_tokens,
                completion_tokens=row.completion_tokens,
                first_token_s=first_s,
                total_s=row.total_s,
            )
            key = CellKey(row.case_number, row.variant_number, row.repeat)
            answer = replace(Answer.of_one_call((), done), extracted=row.extracted)
            found.append(Answered(row.id, key, answer))
        return found

    def scores_of(self, cell_ids: Sequence[int], hashes: Collection[str]) -> dict[tuple[int, str], Score]:
        """What checks of these hashes said of the cells, by the cell's id and the check's hash."""
        found = {}
        with self._reading() as session:
            for portion in portions(cell_ids):
                asked = sa.select(SCORES).where(
                    SCORES.c.cell_id.in_(portion), SCORES.c.check_hash.in_(list(hashes))
                )
                for row in session.connection().execute(asked):
                    found[row.cell_id, row.check_hash] = score_of(row)
        return found

    def keep_scores(self, scores: Mapping[int, Sequence[Score]]) -> None:
        """These scores in place of those that the cells of these ids have; of a cell that was deleted there are none."""
        with self._writing() as session:
            connection = session.connection()
            there: set[int] = set()
            for portion in portions(list(scores)):
                connection.execute(sa.delete(SCORES).where(SCORES.c.cell_id.in_(portion)))
                there |= set(connection.execute(sa.select(CELL.c.id).where(CELL.c.id.in_(portion))).scalars())
            rows = [
                row for one, of_cell in scores.items() if one in there for row in score_rows(one, of_cell)
            ]
            if rows:
                connection.execute(sa.insert(SCORES), rows)

    def known_answers(self, request_hashes: Collection[str]) -> dict[str, Completion]:
        """By the hash of a call the newest whole answer that it was given, where there is one."""
        with self._reading() as session:
            connection = session.connection()
            found = connection.execute(NEWEST, {"hashes": list(request_hashes)})
            cell_of = {request_hash: cell_id for request_hash, cell_id in found}
            if not cell_of:
                return {}
            asked = sa.select(STEPS).where(
                STEPS.c.cell_id.in_(set(cell_of.values())), STEPS.c.request_hash.in_(cell_of), WHOLE
            )
            return {
                row.request_hash: completion_of(row)
                for row in connection.execute(asked)
                if cell_of[row.request_hash] == row.cell_id
            }


class Answered(NamedTuple):
    """An answer as a check looks at it, without what was sent."""

    cell_id: int
    key: CellKey
    answer: Answer


def same_reason(error: str) -> str:
    """What errors have in common that differ in their numbers alone."""
    return re.sub(r"\d[\d.,:]*", "0", error)


def _verdicts(
    connection: sa.Connection, run_id: str, check: Collection[str]
) -> tuple[dict[int, bool], dict[int, float]]:
    """Whether all checks hold, and the mean of the one that is asked for or of all, by the cell's id."""
    cells = sa.select(CELL.c.id).where(CELL.c.run_id == run_id, CELL.c.status == "done")
    value, weight = SCORES.c.value, SCORES.c.weight
    mean = sa.func.sum(value * weight) / sa.func.sum(weight)
    asked = (
        sa.select(SCORES.c.cell_id, sa.func.min(value), mean)
        .where(value.is_not(None), SCORES.c.cell_id.in_(cells))
        .group_by(SCORES.c.cell_id)
    )
    passed, scores = {}, {}
    for cell, least, of_all in chain.from_iterable(connection.execute(asked).partitions(READ_ROWS)):
        passed[cell] = least >= 1
        scores[cell] = of_all
    if check:
        named = asked.where(SCORES.c.name.in_(check))
        scores = {cell: of_one for cell, _, of_one in connection.execute(named)}
    return passed, scores


def _last_texts(session: Session, ids: Sequence[int]) -> dict[int, tuple[str, float | None]]:
    """What the last call of each cell said, and when its first token came."""
    found: dict[int, tuple[str, float | None]] = {}
    for portion in portions(ids):
        asked = sa.select(STEPS.c.cell_id, STEPS.c.text, STEPS.c.first_token_s).where(
            STEPS.c.cell_id.in_(portion), STEPS.c.kind == "call", STEPS.c.finish.is_not(None)
        )
        for cell_id, text, first_s in session.connection().execute(
            asked.order_by(STEPS.c.cell_id, STEPS.c.number)
        ):
            found[cell_id] = text, first_s
    return found
