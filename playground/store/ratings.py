"""What people say of two answers to the same case of an experiment: votes that name a pair of cells.

    ratings.put(run_id, case=33, a=0, b=1, better="b", voter="mk")
    ratings.of(run_id)  →  (Rating(case=33, a=0, b=1, better="b", voter="mk"), …), the oldest first

A pair has one rating in each case: whoever rates it again replaces it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, delete, select

from playground.errors import NotFoundError
from playground.store.content import fold
from playground.store.tables import DELETED, Cell, Run, Vote
from playground.types.outcomes import Better, Rating

OF_RUN = (col(Vote.voter) == "", col(Vote.first_cell_id).is_(None))
"""What tells the vote on a run as a whole from ratings of its cases."""
LARGEST = 2**31

Opening = Callable[[], AbstractContextManager[Session]]


class Ratings:
    """The ratings of a store; each method is one transaction."""

    def __init__(self, reading: Opening, writing: Opening) -> None:
        self._reading = reading
        self._writing = writing

    def of(self, run_id: str) -> tuple[Rating, ...]:
        """All ratings of a run, in the order in which they were given."""
        first, second = aliased(Cell), aliased(Cell)
        asked = (
            select(Vote, first.case_number, first.variant_number, second.variant_number)
            .join(first, col(first.id) == col(Vote.first_cell_id))
            .join(second, col(second.id) == col(Vote.second_cell_id))
            .where(col(Vote.run_id) == fold(run_id))
            .order_by(col(Vote.created_at), col(Vote.id))
        )
        with self._reading() as session:
            return tuple(
                Rating(case, a, b, _better(vote), vote.voter) for vote, case, a, b in session.exec(asked)
            )

    def put(self, run_id: str, case: int, a: int, b: int, better: Better | None, voter: str = "") -> None:
        """Rate the answers of two variants to a case; None takes the rating back.

        Raises NotFoundError when one of the two has no answer there.
        """
        a, b, better = (b, a, _TURNED.get(better, better)) if a > b else (a, b, better)
        with self._writing() as session:
            run = session.get(Run, fold(run_id), with_for_update=True)
            run = None if run is not None and run.kind == DELETED else run
            cells = [_answer(session, run.id, case, variant) for variant in (a, b)] if run and a != b else []
            if run is None or None in cells or not cells:
                raise NotFoundError("There are no two answers to rate.", "Open the experiment again.")
            first, second = (cell.id for cell in cells if cell is not None)
            session.exec(
                delete(Vote).where(col(Vote.first_cell_id) == first, col(Vote.second_cell_id) == second)
            )
            if better is None:
                return
            chosen = {"a": first, "b": second}.get(better)
            kind = "column" if chosen is not None else "tie" if better == "tie" else "all_bad"
            session.add(
                Vote(
                    run_id=run.id,
                    voter=voter,
                    kind=kind,
                    cell_id=chosen,
                    first_cell_id=first,
                    second_cell_id=second,
                )
            )


_TURNED: dict[Better | None, Better] = {"a": "b", "b": "a"}


def _better(vote: Vote) -> Better:
    if vote.kind == "column":
        return "a" if vote.cell_id == vote.first_cell_id else "b"
    return "tie" if vote.kind == "tie" else "bad"


def _answer(session: Session, run_id: str, case: int, variant: int) -> Cell | None:
    """The first answer of a variant to a case."""
    if not (0 <= case < LARGEST and 0 <= variant < LARGEST):
        return None
    place = Cell.run_id == run_id, Cell.case_number == case, Cell.variant_number == variant
    return session.exec(
        select(Cell).where(*place, Cell.status == "done").order_by(col(Cell.repeat)).limit(1)
    ).first()
