"""What changes of the cases of an experiment that is stored: further ones, and what is expected of those it has.

growth.add(run_id, spec, works)  →  200      # the cases of the spec, which works count from 0; 200 there are now
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from playground.errors import StoreBusy
from playground.store.blobs import KEEP as KEEP_BLOB
from playground.store.content import content_hash, fold
from playground.store.creation import CASE, CELL, case_rows, cell_row, keep_variant
from playground.store.runs import find_experiment, find_run
from playground.store.tables import RunCase
from playground.types.grid import CellKey, RunSpec, Work


class ExperimentGrowth:
    """What experiments grow by; each method is one transaction."""

    def __init__(self, writing: Callable[[], AbstractContextManager[Session]]) -> None:
        self._writing = writing

    def add(self, run_id: str, spec: RunSpec, works: Sequence[Work]) -> int:
        """The cases of the `spec` after those that are stored, with their cells; how many cases there are now.

        Raises StoreBusy while it runs, NotFoundError.
        """
        with self._writing() as session:
            run = find_run(session, run_id, lock=True)
            row = find_experiment(session, run.id, lock=True)
            if row.state == "running":
                raise StoreBusy("The experiment runs.", "Pause it, or wait until it is done, then add cases.")
            first = session.exec(select(sa.func.count()).where(col(RunCase.run_id) == fold(run_id))).one()
            connection = session.connection()
            cases, blobs = case_rows(run.id, spec)
            if blobs:
                connection.execute(KEEP_BLOB, blobs)
            connection.execute(
                sa.insert(CASE), [{**case, "number": case["number"] + first} for case in cases]
            )
            variants: dict[int, int] = {}
            cells = []
            for work in works:
                number = work.key.variant
                if number not in variants:
                    variants[number], _ = keep_variant(connection, run.id, work, content_hash(work.prompt))
                key = CellKey(work.key.case + first, number, work.key.repeat)
                cells.append({**cell_row(run.id, work, key, None), "variant_id": variants[number]})
            connection.execute(sa.insert(CELL), cells)
            run.planned += len(works)
            now = first + len(spec.cases)
            row.plan = {**row.plan, "cases": {**row.plan.get("cases", {}), "limit": now}}
            session.add_all((row, run))
            return int(now)

    def expect(self, run_id: str, values: Mapping[int, Mapping[str, Any]], number: int) -> None:
        """Other values of these cases, as version `number` of the data has them: what was asked stays the same.

        Raises StoreBusy while it runs, NotFoundError.
        """
        with self._writing() as session:
            row = find_experiment(session, run_id, lock=True)
            if row.state == "running":
                raise StoreBusy("The experiment runs.", "Pause it, or wait until it is done.")
            of_case = (CASE.c.run_id == row.run_id, CASE.c.number == sa.bindparam("the_case"))
            session.connection().execute(
                sa.update(CASE).where(*of_case).values(input_values=sa.bindparam("the_values")),
                [{"the_case": case, "the_values": dict(given)} for case, given in values.items()],
            )
            row.facts = {**row.facts, "expected_of": number}
            session.add(row)
