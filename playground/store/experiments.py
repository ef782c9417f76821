"""Experiments: what they are beside their runs, and how their cells stand, in numbers.

    attempt = experiments.create(CreateRun(spec, works, "Does a role help?"), NewExperiment(…))
    experiments.claim(run_id)        # its open cells are this program's from now on: CellKey, seed
    experiments.outcomes(run_id)     # every cell in numbers

The cells are stored by the ledger like those of any run; nothing here is written for each of them.
"""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, NamedTuple, cast, get_args

import sqlalchemy as sa
from pydantic import ValidationError
from sqlmodel import Session, col, select

from playground.errors import StoreBusy, StoreError
from playground.plain_words import of_field
from playground.store.blobs import loaded_images
from playground.store.changes import CreateRun
from playground.store.content import fold, matches, portions, to_json
from playground.store.creation import create
from playground.store.ledger import UNFINISHED, score_rows
from playground.store.presence import Presence
from playground.store.reopen import completion_of, load_spec, score_of
from playground.store.runs import find_experiment, find_run
from playground.store.tables import ExperimentTable, RunCase, Table, now
from playground.types.experiment import MOST_VARIANTS, Experiment, ExperimentState, Limits
from playground.types.generation import Completion
from playground.types.grid import Case, CellKey, CellStatus, RunSpec
from playground.types.outcomes import (
    OPEN,
    DataFacts,
    ExperimentPage,
    ExperimentRow,
    FailureGroup,
    Outcome,
    StoredExperiment,
)
from playground.types.prompt import Check, TechniqueChoice
from playground.types.scores import Score
from playground.types.trace import Answer

_tables = Table.metadata.tables
CASE, CELL, SCORES, STEPS, VARIANT = (
    _tables[name] for name in ("run_case", "cell", "score", "step", "variant")
)
PLACE = (CELL.c.case_number, CELL.c.variant_number, CELL.c.repeat)
_EXPERIMENT = _tables["experiment"]
_FIXED = ("run_id", "plan", "question", "created_at")
_STAMP = sa.select(
    *(column for column in _EXPERIMENT.c if column.name not in _FIXED),
    sa.select(_tables["run"].c.planned).where(_tables["run"].c.id == _EXPERIMENT.c.run_id).scalar_subquery(),
)
"""All that may change of an experiment whose cells have ended, but for its limits."""
CACHED = "cache"
"""The fact of an answer that was served from one that was given before."""
FAILED = "error"
PAGE_ROWS = 200
READ_ROWS = 5_000
KEPT = 16
"""Experiments that have ended and are kept as they were read."""
RATED_CELLS = 200
"""Rates are those of so many of the newest cells."""


@dataclass(frozen=True)
class NewExperiment:
    """What is stored beside a new run. `facts` say what it was run with, whatever changes later."""

    experiment: Experiment
    checks: Sequence[Check]
    question: str
    data: DataFacts
    facts: Mapping[str, Any]


class OpenCell(NamedTuple):
    """A cell that is to be run."""

    key: CellKey
    seed: int | None


class Rates(NamedTuple):
    """What one call took on average, over so many cells."""

    cells: int
    completion_tokens: float | None
    seconds: float


class Experiments:
    """The experiments of a store; each method is one transaction."""

    def __init__(
        self,
        reading: Callable[[], AbstractContextManager[Session]],
        writing: Callable[[], AbstractContextManager[Session]],
        presence: Presence,
    ) -> None:
        self._reading = reading
        self._writing = writing
        self._presence = presence
        self._ended: OrderedDict[str, tuple[tuple[Any, ...], StoredExperiment]] = OrderedDict()

    # --- what they are ----------------------------------------------------------------------------------

    def create(self, created: CreateRun, new: NewExperiment) -> int:
        """Store the run with all its cells, and the experiment; the number of the attempt on its question."""
        owner = self._presence.begin()
        with self._writing() as session:
            attempt = _attempts(session, new.question) + 1
            create(session.connection(), [replace(created, owner=owner)])
            session.add(
                ExperimentTable(
                    run_id=created.run_id,
                    name=new.experiment.name,
                    plan=to_json(new.experiment, exclude_defaults=True),
                    checks=[to_json(check, exclude_defaults=True) for check in new.checks],
                    facts=dict(new.facts),
                    question=new.question,
                    attempt=attempt,
                    dataset_id=new.data.dataset_id,
                    dataset=new.data.name,
                    dataset_number=new.data.number,
                    half=new.experiment.cases.half,
                    owner=owner,
                    created_at=created.at,
                )
            )
        return attempt

    def get(self, run_id: str) -> StoredExperiment:
        """One experiment. Raises NotFoundError, and StoreError when it cannot be read."""
        found = fold(run_id)
        with self._reading() as session:
            # Its plan may hold many rows, and its cells are counted: of one that has ended nothing of it changes.
            stamp = session.connection().execute(_STAMP.where(_EXPERIMENT.c.run_id == found)).first()
            kept = self._ended.get(found)
            if kept is not None and stamp is not None and kept[0] == tuple(stamp):
                return kept[1]
            stored = _stored(session, find_experiment(session, run_id))
        if stamp is not None and stored.state == "done":
            self._ended[found] = tuple(stamp), stored
            while len(self._ended) > KEPT:
                self._ended.popitem(last=False)
        return stored

    def page(self, search: str = "", limit: int = 50, offset: int = 0) -> ExperimentPage:
        """Experiments whose name or data set has every word, newest first; at most 200."""
        text = sa.func.lower(col(ExperimentTable.name) + " " + col(ExperimentTable.dataset))
        wanted = matches(text, search)
        newest = (col(ExperimentTable.created_at).desc(), col(ExperimentTable.run_id))
        asked = select(ExperimentTable).where(*wanted).order_by(*newest)
        with self._reading() as session:
            rows = session.exec(asked.limit(max(0, min(limit, PAGE_ROWS))).offset(max(0, offset))).all()
            total = session.exec(select(sa.func.count()).select_from(ExperimentTable).where(*wanted)).one()
            counts = _counts(session, [row.run_id for row in rows])
            return ExperimentPage(
                tuple(_row(row, counts.get(row.run_id, Counts(0, 0, 0))) for row in rows), total
            )

    def latest(self, experiment: Experiment) -> StoredExperiment | None:
        """The newest of those that were written down like this, whatever holds it back or depends on it."""
        newest = (
            select(ExperimentTable)
            .where(ExperimentTable.name == experiment.name)
            .order_by(col(ExperimentTable.created_at).desc())
            .limit(PAGE_ROWS)
        )
        wanted = _as_written(to_json(experiment, exclude_defaults=True))
        with self._reading() as session:
            for row in session.exec(newest):
                if _as_written(row.plan) == wanted:
                    return _stored(session, row)
        return None

    def attempts(self, question: str) -> int:
        """How many experiments have asked that."""
        with self._reading() as session:
            return _attempts(session, question)

    def opened(self, data: DataFacts, half: str) -> int:
        """How many experiments have answered that half of that data set."""
        if not half:
            return 0
        same = (
            col(ExperimentTable.dataset_id) == data.dataset_id
            if data.dataset_id
            else col(ExperimentTable.dataset) == data.name
        )
        asked = select(sa.func.count()).select_from(ExperimentTable)
        with self._reading() as session:
            return session.exec(asked.where(same, col(ExperimentTable.half) == half)).one()

    def change(self, run_id: str, **values: Any) -> None:
        """Set columns of an experiment: its state and why, its verdict, its checks. Raises NotFoundError."""
        with self._writing() as session:
            row = find_experiment(session, run_id, lock=True)
            for name, value in values.items():
                setattr(row, name, value)
            session.add(row)

    def limit(self, run_id: str, limits: Limits) -> None:
        """What holds it back from now on. Raises StoreBusy while a program runs it, NotFoundError."""
        with self._writing() as session:
            row = find_experiment(session, run_id, lock=True)
            if row.state == "running" and row.owner in self._alive():
                raise StoreBusy("The experiment runs.", "Pause it, or wait until it is done.")
            row.plan = {**row.plan, "limits": to_json(limits, exclude_defaults=True)}
            session.add(row)
        self._ended.pop(fold(run_id), None)

    def keep_checks(self, run_id: str, checks: Sequence[Check]) -> None:
        """The checks that count from now on: a further attempt on its question. Raises NotFoundError."""
        with self._writing() as session:
            row = find_experiment(session, run_id, lock=True)
            row.checks = [to_json(check, exclude_defaults=True) for check in checks]
            row.attempt = _attempts(session, row.question) + 1
            session.add(row)

    def state(self, run_id: str) -> tuple[ExperimentState, str | None]:
        """Its state, and the program that runs it. Raises NotFoundError."""
        with self._reading() as session:
            row = find_experiment(session, run_id)
            return cast(ExperimentState, row.state), row.owner

    def rates(self, model: str, prompt: str = "") -> Rates | None:
        """What the newest answers of a model took, of those to the prompt of that hash when there are some."""
        of_prompt = [VARIANT.c.content_hash == prompt] if prompt else []
        newest = (
            sa.select(CELL.c.calls, CELL.c.prompt_tokens, CELL.c.completion_tokens, CELL.c.total_s)
            .join(VARIANT, VARIANT.c.id == CELL.c.variant_id)
            .where(VARIANT.c.model == model, *of_prompt, CELL.c.status == "done", CELL.c.total_s > 0)
            .where(CELL.c.calls > 0)
            .order_by(CELL.c.id.desc())
            .limit(RATED_CELLS)
            .subquery()
        )
        sums = [sa.func.sum(newest.c[name]) for name in ("calls", "completion_tokens", "total_s")]
        with self._reading() as session:
            count, calls, tokens, total_s = (
                session.connection().execute(sa.select(sa.func.count(), *sums)).one()
            )
        if not count:
            return self.rates(model) if prompt else None
        return Rates(count, tokens / calls if tokens is not None else None, total_s / calls)

    def spec(self, run_id: str) -> RunSpec:
        """What its run asks for, all variants, with the first case alone. Raises NotFoundError."""
        with self._reading() as session:
            return load_spec(session, find_run(session, run_id), MOST_VARIANTS + 1)

    def cases(self, run_id: str, first: int, count: int) -> list[Case]:
        """So many of its cases from that one on, with their images."""
        asked = select(RunCase).where(RunCase.run_id == fold(run_id), col(RunCase.number) >= first)
        with self._reading() as session:
            rows = session.exec(asked.order_by(col(RunCase.number)).limit(max(0, count))).all()
            return [
                Case(
                    values=row.input_values,
                    images=tuple(loaded_images(session, row.images)) if row.images else (),
                    row_id=row.row_id,
                )
                for row in rows
            ]

    def rows(self, run_id: str) -> list[tuple[str, dict[str, Any]]]:
        """The id of its row and the values of every case, in order."""
        asked = sa.select(CASE.c.row_id, sa.cast(CASE.c.input_values, sa.Text))
        found: list[tuple[str, dict[str, Any]]] = []
        with self._reading() as session:
            read = session.connection().execute(
                asked.where(CASE.c.run_id == fold(run_id)).order_by(CASE.c.number)
            )
            for portion in read.partitions(READ_ROWS):  # parsed one by one they would cost five times as much
                values = json.loads("[" + ",".join(text for _, text in portion) + "]")
                found += [(row_id, given) for (row_id, _), given in zip(portion, values, strict=True)]
        return found

    # --- who runs them ----------------------------------------------------------------------------------

    def left(self) -> list[str]:
        """Those that run, says the store, and whose program has ended: oldest first."""
        alive = self._alive()
        owner = col(ExperimentTable.owner)
        left = (col(ExperimentTable.state) == "running", sa.or_(owner.is_(None), owner.not_in(alive)))
        with self._reading() as session:
            asked = select(ExperimentTable.run_id).where(*left).order_by(col(ExperimentTable.created_at))
            return list(session.exec(asked))

    def unsaid(self) -> list[str]:
        """Those that are done and whose verdict was not kept: their program ended in between."""
        done = (col(ExperimentTable.state) == "done", col(ExperimentTable.sentence) == "")
        with self._reading() as session:
            return list(session.exec(select(ExperimentTable.run_id).where(*done)))

    def claim(
        self, run_id: str, again: Collection[CellKey] | None = None, *, all_failed: bool = False
    ) -> list[OpenCell]:
        """What is left to run, by case, variant and repeat: from now on this program's; failed ones when asked.

        With `again` only those of the cells are opened that failed, beside what is open. Raises StoreBusy while
        another program runs it, NotFoundError.
        """
        mine = self._presence.begin()
        others = [program.id for program in self._presence.others()]
        with self._writing() as session:
            row = find_experiment(session, run_id, lock=True)
            if row.state == "running" and row.owner in others:
                raise StoreBusy(
                    "Another program runs this experiment now.", "Pause it there, or wait until it is done."
                )
            row.state, row.owner, row.why, row.ended_at = "running", mine, "", None
            session.add(row)
            wanted: sa.ColumnElement[bool] = CELL.c.status.in_(OPEN)
            if all_failed:
                wanted = sa.or_(wanted, CELL.c.status == FAILED)
            of_run = CELL.c.run_id == row.run_id
            opened = sa.update(CELL).where(of_run, wanted)
            connection = session.connection()
            fresh = {"status": "pending", "owner": mine, "error": "", "hint": ""}
            connection.execute(opened.values(**fresh))
            if again:
                place = [
                    column == sa.bindparam(f"the_{name}")
                    for column, name in zip(PLACE, CellKey._fields, strict=True)
                ]
                one = sa.update(CELL).where(of_run, CELL.c.status == FAILED, *place).values(**fresh)
                connection.execute(
                    one, [{f"the_{name}": n for name, n in key._asdict().items()} for key in again]
                )
            asked = sa.select(*PLACE, CELL.c.seed).where(of_run, CELL.c.status == "pending").order_by(*PLACE)
            return [OpenCell(CellKey(*place), seed) for *place, seed in connection.execute(asked)]

    def release(
        self, run_id: str, state: ExperimentState | None, why: str = "", *, elapsed_s: float = 0.0
    ) -> None:
        """Give it back: what has not ended waits. Without a state it stays as the store has it."""
        with self._writing() as session:
            row = find_experiment(session, run_id, lock=True)
            if row.owner not in (None, self._presence.id):
                return  # another one has gone on with it
            row.elapsed_s += elapsed_s
            row.owner = None
            if state is not None:
                row.state, row.why = state, why
                row.ended_at = now() if state in ("done", "stopped") else None
            session.add(row)
            waits = sa.update(CELL).where(CELL.c.run_id == row.run_id, CELL.c.status.in_(UNFINISHED))
            session.connection().execute(waits.values(status="interrupted", owner=None))

    def _alive(self) -> list[str]:
        return [self._presence.id, *(program.id for program in self._presence.others())]

    # --- how their cells stand --------------------------------------------------------------------------

    def outcomes(self, run_id: str, check: str = "") -> list[Outcome]:
        """Every cell in numbers by case, variant and repeat; `score` is that of the check of this name."""
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
            sa.select(
                CELL.c.id, *PLACE, CELL.c.extracted, CELL.c.final, CELL.c.finish, CELL.c.prompt_tokens,
                CELL.c.completion_tokens, CELL.c.total_s,
            )
            .where(CELL.c.run_id == fold(run_id), CELL.c.status == "done", CELL.c.id > after)
            .order_by(CELL.c.id)
            .limit(count)
        )  # fmt: skip
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
        """These scores in place of those that the cells of these ids have."""
        rows = [row for cell_id, of_cell in scores.items() for row in score_rows(cell_id, of_cell)]
        with self._writing() as session:
            connection = session.connection()
            for portion in portions(list(scores)):
                connection.execute(sa.delete(SCORES).where(SCORES.c.cell_id.in_(portion)))
            if rows:
                connection.execute(sa.insert(SCORES), rows)

    def known_answer(self, request_hash: str) -> Completion | None:
        """The newest whole answer that a call of this hash was given."""
        asked = (
            sa.select(STEPS)
            .join(CELL, CELL.c.id == STEPS.c.cell_id)
            .where(
                STEPS.c.request_hash == request_hash,
                STEPS.c.finish.in_(("stop", "length")),
                CELL.c.status == "done",
            )
            .order_by(STEPS.c.cell_id.desc())
            .limit(1)
        )
        with self._reading() as session:
            row = session.connection().execute(asked).first()
            return completion_of(row) if row is not None else None


class Answered(NamedTuple):
    """An answer as a check looks at it, without what was sent."""

    cell_id: int
    key: CellKey
    answer: Answer


class Counts(NamedTuple):
    """How many cells there are, have an answer, and failed."""

    total: int
    done: int
    failed: int


def same_reason(error: str) -> str:
    """What errors have in common that differ in their numbers alone."""
    return re.sub(r"\d[\d.,:]*", "0", error)


def _verdicts(connection: sa.Connection, run_id: str, check: str) -> tuple[dict[int, bool], dict[int, float]]:
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
        named = asked.where(SCORES.c.name == check)
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


def _attempts(session: Session, question: str) -> int:
    asked = select(sa.func.max(ExperimentTable.attempt)).where(ExperimentTable.question == question)
    return session.exec(asked).one() or 0


def _as_written(plan: Mapping[str, Any]) -> dict[str, Any]:
    """What is asked: neither what holds it back nor whether something depends on it."""
    rule = {name: value for name, value in plan.get("rule", {}).items() if name != "gate"}
    return {**plan, "rule": rule, "limits": {}}


def _counts(session: Session, run_ids: Sequence[str]) -> dict[str, Counts]:
    # With each status named, the index of status and run is all that is read.
    asked = (
        sa.select(CELL.c.run_id, CELL.c.status, sa.func.count())
        .where(CELL.c.status.in_(get_args(CellStatus)), CELL.c.run_id.in_(run_ids))
        .group_by(CELL.c.run_id, CELL.c.status)
    )
    found: dict[str, dict[str, int]] = {}
    for run_id, status, count in session.connection().execute(asked):
        found.setdefault(run_id, {})[status] = count
    return {
        run_id: Counts(sum(by_status.values()), by_status.get("done", 0), by_status.get(FAILED, 0))
        for run_id, by_status in found.items()
    }


def _row(row: ExperimentTable, counts: Counts) -> ExperimentRow:
    return ExperimentRow(
        id=row.run_id,
        name=row.name,
        state=cast(ExperimentState, row.state),
        why=row.why,
        attempt=row.attempt,
        dataset=row.dataset,
        dataset_id=row.dataset_id,
        number=row.dataset_number,
        created_at=row.created_at,
        ended_at=row.ended_at,
        elapsed_s=row.elapsed_s,
        sentence=row.sentence,
        outcome=row.outcome,
        total=counts.total,
        done=counts.done,
        failed=counts.failed,
        variants=tuple(row.facts.get("variants", ())),
    )


def _stored(session: Session, row: ExperimentTable) -> StoredExperiment:
    counts = _counts(session, [row.run_id]).get(row.run_id, Counts(0, 0, 0))
    cases = session.exec(select(sa.func.count()).where(RunCase.run_id == row.run_id)).one()
    try:
        experiment = Experiment.model_validate(row.plan)
        checks = tuple(Check.model_validate(check) for check in row.checks)
    except ValidationError as exc:
        raise StoreError(
            f"The experiment {row.run_id} cannot be read: {of_field(exc.errors()[0])}.",
            "The database was changed from outside; go back to a copy of it.",
        ) from exc
    facts = row.facts
    return StoredExperiment(
        row=_row(row, counts),
        experiment=experiment,
        checks=checks,
        cases=cases,
        half=row.half,
        cluster=facts.get("cluster", ""),
        slices=tuple(facts.get("slices", ())),
        run_models=facts.get("models", {}),
        run_prompts=facts.get("prompts", {}),
        run_techniques={
            name: TechniqueChoice.model_validate(told) for name, told in facts.get("techniques", {}).items()
        },
        leaks=facts.get("leaks", 0),
        expected_of=facts.get("expected_of"),
        ignored=_ignored(session, row),
    )


def _ignored(session: Session, row: ExperimentTable) -> dict[str, tuple[str, ...]]:
    """By variant, the settings that its backend did not honour in the first of its answers."""
    found = {}
    for number, name in enumerate(row.facts.get("variants", ())):
        asked = (
            sa.select(STEPS.c.ignored)
            .join(CELL, CELL.c.id == STEPS.c.cell_id)
            .where(CELL.c.run_id == row.run_id, CELL.c.variant_number == number, CELL.c.status == "done")
            .order_by(CELL.c.id, STEPS.c.number)
            .limit(1)
        )
        if ignored := session.connection().execute(asked).scalar():
            found[name] = tuple(ignored)
    return found
