"""Experiments: what they are beside their runs, and how their cells stand, in numbers.

    attempt = experiments.create(CreateRun(spec, works, "Does a role help?"), NewExperiment(…))
    experiments.claim(run_id)        # its open cells are this program's from now on: CellKey, seed
    experiments.outcomes(run_id)     # every cell in numbers

The cells are stored by the ledger like those of any run; nothing here is written for each of them.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, cast

import sqlalchemy as sa
from sqlmodel import Session, col, select

from playground.errors import StoreBusy
from playground.store.blobs import loaded_images
from playground.store.changes import CreateRun
from playground.store.columns import now
from playground.store.content import fold, matches, to_json
from playground.store.creation import create
from playground.store.experiment_cells import (
    CASE,
    CELL,
    FAILED,
    PAGE_ROWS,
    PLACE,
    READ_ROWS,
    VARIANT,
    ExperimentCells,
)
from playground.store.experiment_rows import Counts, as_written, attempts_at, counts_of, row_of, stored_of
from playground.store.experiment_tables import DeletedRunRow, ExperimentTable
from playground.store.ledger import UNFINISHED
from playground.store.presence import Presence
from playground.store.removal import opened_half
from playground.store.reopen import load_spec
from playground.store.runs import find_experiment, find_run
from playground.store.tables import RunCase, Table
from playground.types.experiment import MOST_VARIANTS, Experiment, ExperimentState, Limits
from playground.types.grid import Case, CellKey, RunSpec
from playground.types.outcomes import (
    OPEN,
    DataFacts,
    ExperimentPage,
    StoredExperiment,
)
from playground.types.prompt import Check

_EXPERIMENT = Table.metadata.tables["experiment"]
_FIXED = ("run_id", "plan", "question", "created_at")
_STAMP = sa.select(
    *(column for column in _EXPERIMENT.c if column.name not in _FIXED),
    sa.select(Table.metadata.tables["run"].c.planned)
    .where(Table.metadata.tables["run"].c.id == _EXPERIMENT.c.run_id)
    .scalar_subquery(),
)
"""All that may change of an experiment whose cells have ended, but for its limits."""
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


def _not_alone(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: told for name, told in facts.items() if name != "alone"}


class Experiments(ExperimentCells):
    """The experiments of a store; each method is one transaction."""

    def __init__(
        self,
        reading: Callable[[], AbstractContextManager[Session]],
        writing: Callable[[], AbstractContextManager[Session]],
        presence: Presence,
    ) -> None:
        super().__init__(reading, writing)
        self._presence = presence
        self._ended: OrderedDict[str, tuple[tuple[Any, ...], StoredExperiment]] = OrderedDict()

    # --- what they are ----------------------------------------------------------------------------------

    def create(self, created: CreateRun, new: NewExperiment) -> int:
        """Store the run with all its cells, and the experiment; the number of the attempt on its question."""
        owner = self._presence.begin()
        with self._writing() as session:
            attempt = attempts_at(session, new.question) + 1
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
            stored = stored_of(session, find_experiment(session, run_id))
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
            counts = counts_of(session, [row.run_id for row in rows])
            return ExperimentPage(
                tuple(row_of(row, counts.get(row.run_id, Counts(0, 0, 0))) for row in rows), total
            )

    def latest(self, experiment: Experiment) -> StoredExperiment | None:
        """The newest of those that were written down like this, whatever holds it back or depends on it."""
        newest = (
            select(ExperimentTable)
            .where(ExperimentTable.name == experiment.name)
            .order_by(col(ExperimentTable.created_at).desc())
            .limit(PAGE_ROWS)
        )
        wanted = as_written(to_json(experiment, exclude_defaults=True))
        with self._reading() as session:
            for row in session.exec(newest):
                if as_written(row.plan) == wanted:
                    return stored_of(session, row)
        return None

    def attempts(self, question: str) -> int:
        """How many experiments have asked that, those among them that were deleted."""
        with self._reading() as session:
            return attempts_at(session, question)

    def opened(self, data: DataFacts, half: str) -> int:
        """How many experiments have answered that half of that data set, those among them that were deleted."""
        if not half:
            return 0
        same = (
            col(ExperimentTable.dataset_id) == data.dataset_id
            if data.dataset_id
            else col(ExperimentTable.dataset) == data.name
        )
        asked = select(sa.func.count()).select_from(ExperimentTable)
        opened = opened_half(data.dataset_id, data.name, half)
        deleted = select(sa.func.count()).where(DeletedRunRow.opened == opened)
        with self._reading() as session:
            there = session.exec(asked.where(same, col(ExperimentTable.half) == half)).one()
            return there + session.exec(deleted).one()

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
            told = [to_json(check, exclude_defaults=True) for check in checks]
            if told != row.checks:
                row.checks, row.facts = told, {**row.facts, "scored_anew": True}
            row.attempt = attempts_at(session, row.question) + 1
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

    def alone(self, run_id: str) -> tuple[list[CellKey], ExperimentState | None]:
        """The cells that it runs by themselves, and in which state it rests before and after; None when it runs all."""
        with self._reading() as session:
            row = find_experiment(session, run_id)
            told = row.facts.get("alone", {"cells": [], "rests": None})
        rests = row.state if row.state in ("paused", "stopped") else told["rests"]
        return [CellKey(*key) for key in told["cells"]], cast("ExperimentState | None", rests)

    def claim(
        self,
        run_id: str,
        again: Collection[CellKey] = (),
        rests: ExperimentState | None = None,
        *,
        all_failed: bool = False,
    ) -> list[OpenCell]:
        """What is left to run, by case, variant and repeat: from now on this program's; failed ones when asked.

        With `again` only those of the cells are opened that failed, beside what is open; that it `rests` in a state
        after them is kept for the program that goes on with it. Raises StoreBusy while another program runs it,
        NotFoundError.
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
            alone = {"alone": {"rests": rests, "cells": sorted(map(list, again))}} if rests else {}
            row.facts = _not_alone(row.facts) | alone
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
                row.state, row.why, row.facts = state, why, _not_alone(row.facts)
                row.ended_at = now() if state in ("done", "stopped") else None
            session.add(row)
            waits = sa.update(CELL).where(CELL.c.run_id == row.run_id, CELL.c.status.in_(UNFINISHED))
            session.connection().execute(waits.values(status="interrupted", owner=None))

    def _alive(self) -> list[str]:
        return [self._presence.id, *(program.id for program in self._presence.others())]
