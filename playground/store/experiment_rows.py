"""An experiment as it is stored, read into what the rest of the program knows: its row in the list, or all of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast, get_args

import sqlalchemy as sa
from pydantic import ValidationError
from sqlmodel import Session, select

from playground.errors import StoreError
from playground.plain_words import of_field
from playground.store.experiment_cells import CELL, FAILED, STEPS, VARIANT
from playground.store.experiment_tables import DeletedRunRow, ExperimentTable
from playground.store.tables import RunCase
from playground.types.experiment import Experiment, ExperimentState
from playground.types.grid import CellStatus
from playground.types.outcomes import (
    ExperimentRow,
    StoredExperiment,
)
from playground.types.prompt import Check, TechniqueChoice


class Counts(NamedTuple):
    """How many cells there are, have an answer, and failed."""

    total: int
    done: int
    failed: int


def attempts_at(session: Session, question: str) -> int:
    """How many experiments have asked that question, those among them that were deleted."""
    asked = select(sa.func.max(ExperimentTable.attempt)).where(ExperimentTable.question == question)
    deleted = select(sa.func.max(DeletedRunRow.attempt)).where(DeletedRunRow.question == question)
    return max(session.exec(asked).one() or 0, session.exec(deleted).one() or 0)


def as_written(plan: Mapping[str, Any]) -> dict[str, Any]:
    """What is asked: neither what holds it back nor whether something depends on it."""
    rule = {name: value for name, value in plan.get("rule", {}).items() if name != "gate"}
    return {**plan, "rule": rule, "limits": {}}


def counts_of(session: Session, run_ids: Sequence[str]) -> dict[str, Counts]:
    """How the cells of these runs stand, in numbers, by run."""
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


def row_of(row: ExperimentTable, counts: Counts) -> ExperimentRow:
    """The experiment as a row of the list."""
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


def stored_of(session: Session, row: ExperimentTable) -> StoredExperiment:
    """All of the experiment; raises StoreError when its row cannot be read."""
    counts = counts_of(session, [row.run_id]).get(row.run_id, Counts(0, 0, 0))
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
        row=row_of(row, counts),
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
        scored_anew=facts.get("scored_anew", False),
        ignored=_ignored(session, row),
    )


def _ignored(session: Session, row: ExperimentTable) -> dict[str, tuple[str, ...]]:
    """By variant, the settings that its backend did not honour in the first of its answers."""
    found = {}
    for number, name in enumerate(row.facts.get("variants", ())):
        # So asked that the index of a variant's cells gives the first: not all of them are put in order for it.
        variant = sa.select(VARIANT.c.id).where(VARIANT.c.run_id == row.run_id, VARIANT.c.number == number)
        of_variant = CELL.c.variant_id == variant.scalar_subquery()
        first = sa.select(CELL.c.id).where(of_variant, CELL.c.status == "done").order_by(CELL.c.id).limit(1)
        asked = sa.select(STEPS.c.ignored).where(STEPS.c.cell_id == first.scalar_subquery())
        asked = asked.order_by(STEPS.c.number).limit(1)
        if ignored := session.connection().execute(asked).scalar():
            found[name] = tuple(ignored)
    return found
