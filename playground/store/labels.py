"""Labels by hand: whether an answer of an experiment meets the criterion of a judge, as people say.

    labels.put(run_id, CellKey(case=33, variant=0, repeat=0), criterion="9f…", passes=False, note="Grants both.")
    labels.of(run_id, "9f…")  →  (HandLabel(CellKey(33, 0, 0), False, "Grants both."), …), the oldest first

An answer has one label by each criterion: whoever labels it again replaces it. That of a cell which was run again since counts no more.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from sqlmodel import Session, col, delete, select

from playground.errors import NotFoundError
from playground.store.content import fold
from playground.store.tables import Cell, HandLabelRow
from playground.types.grid import CellKey
from playground.types.outcomes import HandLabel, LabelKind

Opening = Callable[[], AbstractContextManager[Session]]
LARGEST = 2**31


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
                    CellKey(cell.case_number, cell.variant_number, cell.repeat), label.passes, label.note
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
                    )
                )
