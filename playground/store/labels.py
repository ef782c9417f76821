"""Labels by hand: whether an answer of an experiment meets the criterion of a judge, as people say.

    labels.put(run_id, CellKey(case=33, variant=0, repeat=0), criterion="9f…", passes=False, note="Grants both.")
    labels.of(run_id, "9f…")  →  (HandLabel(CellKey(33, 0, 0), False, "Grants both."), …), the oldest first

An answer has one label by each criterion: whoever labels it again replaces it. That of a cell which was run again since counts no more.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import sqlalchemy as sa
from sqlmodel import Session, col, delete, select

from playground.errors import NotFoundError
from playground.store.content import fold
from playground.store.experiment_tables import HandLabelRow, JudgeVersionRow
from playground.store.tables import DELETED, Cell, Run, Table
from playground.types.grid import CellKey
from playground.types.outcomes import HandLabel, JudgeVersion, LabelKind
from playground.types.prompt import Check

Opening = Callable[[], AbstractContextManager[Session]]
LARGEST = 2**31
CELL, SCORES = (Table.metadata.tables[name] for name in ("cell", "score"))


class Labels:
    """The labels of a store; each method is one transaction."""

    def __init__(self, reading: Opening, writing: Opening) -> None:
        self._reading = reading
        self._writing = writing

    def of(self, run_id: str, criterion: str, kind: LabelKind = "label") -> tuple[HandLabel, ...]:
        """All labels of a run by one criterion, in the order in which they were given."""
        asked = (
            select(HandLabelRow, Cell)
            .join(Cell, col(Cell.id) == HandLabelRow.cell_id)
            .where(
                col(Cell.run_id) == fold(run_id),
                col(HandLabelRow.criterion) == criterion,
                col(HandLabelRow.kind) == kind,
                # Of an answer that was given since, nobody has said anything.
                col(HandLabelRow.created_at) >= col(Cell.finished_at),
            )
            .order_by(col(HandLabelRow.created_at), col(HandLabelRow.cell_id))
        )
        with self._reading() as session:
            return tuple(
                HandLabel(
                    CellKey(cell.case_number, cell.variant_number, cell.repeat),
                    label.passes,
                    label.note,
                    label.cell_id,
                    label.created_at,
                    label.probability,
                    label.tokens,
                    label.total_s,
                )
                for label, cell in session.exec(asked)
            )

    def put(
        self,
        run_id: str,
        key: CellKey,
        criterion: str,
        passes: bool | None,
        *,
        note: str = "",
        voter: str = "",
        kind: LabelKind = "label",
        probability: float | None = None,
        tokens: int | None = None,
        total_s: float | None = None,
    ) -> None:
        """Label the answer of a cell; None takes the label back. Raises NotFoundError when there is no answer."""
        with self._writing() as session:
            cell = None
            if all(0 <= number < LARGEST for number in key):
                case, variant, repeat = key
                place = (
                    Cell.run_id == fold(run_id),
                    Cell.case_number == case,
                    Cell.variant_number == variant,
                    Cell.repeat == repeat,
                )
                cell = session.exec(select(Cell).where(*place, Cell.status == "done")).first()
            if cell is None or cell.id is None:
                raise NotFoundError("There is no answer to label.", "Open the experiment again.")
            session.exec(
                delete(HandLabelRow).where(
                    col(HandLabelRow.cell_id) == cell.id,
                    col(HandLabelRow.criterion) == criterion,
                    col(HandLabelRow.kind) == kind,
                )
            )
            if passes is not None:
                session.add(
                    HandLabelRow(
                        cell_id=cell.id,
                        criterion=criterion,
                        kind=kind,
                        passes=passes,
                        note=note,
                        voter=voter,
                        probability=probability,
                        tokens=tokens,
                        total_s=total_s,
                    )
                )

    def scored(self, run_id: str, check: str) -> dict[CellKey, tuple[float, float | None, str]]:
        """What the check of this hash gave the answers that it applies to: its value, how sure it was, and why."""
        asked = (
            sa.select(
                CELL.c.case_number,
                CELL.c.variant_number,
                CELL.c.repeat,
                SCORES.c.value,
                SCORES.c.probability,
                SCORES.c.explanation,
            )
            .join_from(SCORES, CELL, SCORES.c.cell_id == CELL.c.id)
            .where(
                CELL.c.run_id == fold(run_id),
                CELL.c.status == "done",
                SCORES.c.check_hash == check,
                SCORES.c.value.is_not(None),
            )
        )
        with self._reading() as session:
            return {
                CellKey(row.case_number, row.variant_number, row.repeat): (
                    row.value,
                    row.probability,
                    row.explanation,
                )
                for row in session.connection().execute(asked)
            }

    # --- versions of a judge ----------------------------------------------------------------------------

    def versions(self, run_id: str) -> dict[str, tuple[JudgeVersion, ...]]:
        """The versions of every judge of a run that has more than the one that it began with, by its line, in order."""
        asked = (
            select(JudgeVersionRow)
            .where(col(JudgeVersionRow.run_id) == fold(run_id))
            .order_by(col(JudgeVersionRow.line), col(JudgeVersionRow.number))
        )
        found: dict[str, tuple[JudgeVersion, ...]] = {}
        with self._reading() as session:
            for row in session.exec(asked):
                version = JudgeVersion(row.number, Check.model_validate(row.judge), row.created_at)
                found[row.line] = (*found.get(row.line, ()), version)
        return found

    def add_version(self, run_id: str, line: str, first: Check, check: Check) -> int:
        """Store a further version of a judge that began as `first`; its number. Raises NotFoundError without the run."""
        with self._writing() as session:
            run = session.get(Run, fold(run_id), with_for_update=True)
            if run is None or run.kind == DELETED:
                raise NotFoundError("The experiment is gone.", "Open another one.")
            asked = select(JudgeVersionRow.number).where(
                col(JudgeVersionRow.run_id) == fold(run_id), col(JudgeVersionRow.line) == line
            )
            known = len(session.exec(asked).all())
            new = [(known + 1, check)] if known else [(1, first), (2, check)]
            for number, each in new:
                session.add(
                    JudgeVersionRow(
                        run_id=fold(run_id), line=line, number=number, judge=each.model_dump(mode="json")
                    )
                )
            return new[-1][0]
