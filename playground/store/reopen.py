"""Stored runs and cells read back: everything that is needed to show them again exactly as they were."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, cast

import sqlalchemy as sa
from pydantic import ValidationError
from sqlmodel import Session, col, select

from playground.errors import StoreError
from playground.plain_words import of_field
from playground.store.blobs import loaded_images
from playground.store.changes import CellFacts, CreateRun, EndCell, storable
from playground.store.content import content_hash, load_content, portions
from playground.store.ledger import UNFINISHED
from playground.store.prompts import load_saved
from playground.store.ratings import OF_RUN
from playground.store.records import StoredCell, StoredRun, StoredVote
from playground.store.tables import Cell, Run, RunCase, Table, Version, Vote
from playground.types.generation import Completion, Finish, Message, TokenLogprob
from playground.types.grid import MOST_COLUMNS, CellKey, CellStatus, Choice, RunSpec, Work
from playground.types.prompt import Prompt, Role, Sampling
from playground.types.scores import Score
from playground.types.trace import Answer, Step, StepKind

_tables = Table.metadata.tables
VARIANT, CELL, STEPS, SCORES = (_tables[name] for name in ("variant", "cell", "step", "score"))
CELLS = sa.select(CELL, VARIANT.c.model, VARIANT.c.backend, VARIANT.c.content_hash, VARIANT.c.sampling).join(
    VARIANT, VARIANT.c.id == CELL.c.variant_id
)
"""Rows that `load_cells` takes, once a condition is added."""
SHOWN_REPEATS = 50
"""The newest repeats of a column that are read with its run."""


def load_run(session: Session, row: Run) -> StoredRun:
    """The run as Compare shows it. Raises StoreError when it was changed from outside and cannot be read."""
    spec = load_spec(session, row)
    cells: list[StoredCell] = []
    for column in range(len(spec.variants)):
        place = (CELL.c.run_id == row.id, CELL.c.case_number == 0, CELL.c.variant_number == column)
        newest = CELLS.where(*place).order_by(CELL.c.repeat.desc()).limit(SHOWN_REPEATS)
        cells += reversed(load_cells(session, newest))
    latest = {cell.column: cell for cell in cells}
    version = session.get(Version, row.version_id) if row.version_id else None
    return StoredRun(
        id=row.id,
        created_at=row.created_at,
        title=row.title,
        status=run_status(session, row.id),
        note=row.note,
        spec=spec,
        content_hash=row.content_hash,
        version=load_saved(session, version) if version else None,
        cells=tuple(latest.values()),
        earlier=tuple(cell for cell in cells if cell is not latest[cell.column]),
        vote=load_vote(session, row),
        total=count_cells(session, row.id),
    )


def count_cells(session: Session, run_id: str) -> int:
    """How many cells the run has; the database counts them over an index."""
    return session.exec(select(sa.func.count()).select_from(Cell).where(col(Cell.run_id) == run_id)).one()


def run_status(session: Session, run_id: str) -> CellStatus:
    """Status of a run: "pending" before its first cell began, "running" while one is not finished.

    Then "interrupted" when one was, else "done". Asks the index for one cell of each status.
    """
    asked: tuple[CellStatus, ...] = ("pending", "running", "interrupted", "done", "cancelled", "error")
    there = [
        sa.exists().where(col(Cell.status) == status, col(Cell.run_id) == run_id).label(status)
        for status in asked
    ]
    row = session.execute(sa.select(*there)).one()
    found = {status for status, is_there in zip(asked, row, strict=True) if is_there}
    if found <= {"pending"}:
        return "pending"
    if not found.isdisjoint(UNFINISHED):
        return "running"
    return "interrupted" if "interrupted" in found else "done"


def load_vote(session: Session, row: Run) -> StoredVote | None:
    """The run's vote as it is now."""
    vote = session.exec(select(Vote).where(Vote.run_id == row.id, *OF_RUN)).first()
    if vote is None:
        return None
    cell = session.get(Cell, vote.cell_id) if vote.cell_id is not None else None
    return stored_vote(vote, cell.variant_number if cell else None, cell.repeat if cell else None)


def begun_run(created: CreateRun) -> StoredRun:
    """The run that is being stored, before any of its cells has ended."""
    return StoredRun(
        id=created.run_id,
        created_at=created.at,
        title=created.title,
        status="pending",
        note="",
        spec=_shown(created.spec),
        content_hash=content_hash(created.spec.prompt),
        version=None,
        cells=(),
        earlier=(),
        vote=None,
        total=len(created.works),
    )


def _shown(spec: RunSpec) -> RunSpec:
    """What Compare shows of a grid: its first case, its first variants."""
    return spec.model_copy(update={"cases": spec.cases[:1], "variants": spec.variants[:MOST_COLUMNS]})


def ended_cell(work: Work, end: EndCell, facts: CellFacts) -> StoredCell:
    """The cell that has just been stored, equal to what loading it would give."""
    return StoredCell(
        key=end.key,
        model=work.model,
        backend=work.backend,
        content_hash=facts.content_hash,
        prompt=work.prompt,
        sampling=work.sampling,
        status=end.status,
        answer=storable(end.answer),
        scores=tuple(end.scores),
        thumb=facts.thumb,
        error=end.error,
        hint=end.hint,
        started_at=facts.started_at,
        finished_at=facts.finished_at,
    )


def load_spec(session: Session, row: Run, most: int = MOST_COLUMNS) -> RunSpec:
    """What the run asked for in its first case and first variants, with prompts and images put back in place of their hashes."""
    data = dict(row.comparison)
    columns = data.pop("columns")[:most]
    prompts = load_content(session, [data["prompt"], *(c["prompt"] for c in columns if c["prompt"])])
    case = session.get(RunCase, (row.id, 0))
    try:
        first = {
            "values": case.input_values if case else {},
            "images": loaded_images(session, case.images if case else ()),
            "row_id": case.row_id if case else "",
        }
        whole = {
            "prompt": prompts[data["prompt"]],
            "variants": [{**column, "prompt": prompts.get(column["prompt"])} for column in columns],
            "cases": [first],
            "kind": row.kind,
        }
        return RunSpec.model_validate({**data, **whole})
    except ValidationError as exc:
        raise StoreError(
            f"The run {row.id} cannot be read: {of_field(exc.errors()[0])}.",
            "The database was changed from outside; go back to a copy of it.",
        ) from exc


def stored_vote(vote: Vote, column: int | None, repeat: int | None) -> StoredVote:
    """The vote with the place of the cell it names."""
    return StoredVote(
        kind=cast(Choice, vote.kind), column=column, repeat=repeat, note=vote.note, created_at=vote.created_at
    )


# --- cells ------------------------------------------------------------------------------------------------


def load_cells(session: Session, statement: sa.Select[Any]) -> list[StoredCell]:
    """The whole cells of a selection of `CELLS`, in its order, with a fixed number of queries for each thousand."""
    rows = session.execute(statement).all()
    prompts = load_content(session, sorted({row.content_hash for row in rows}))
    ids = [row.id for row in rows]
    steps = _by_cell(session, STEPS, ids)
    scores = _by_cell(session, SCORES, ids)
    samplings: dict[int, Sampling] = {}
    cells = []
    for row in rows:
        if (shared := samplings.get(row.variant_id)) is None:
            shared = samplings[row.variant_id] = Sampling.model_validate(row.sampling)
        # Before its end a cell has a draft at most.
        of_cell = () if row.status in UNFINISHED else steps.get(row.id, ())
        cells.append(_cell(row, prompts[row.content_hash], shared, of_cell, scores.get(row.id, ())))
    return cells


def _by_cell(session: Session, table: sa.Table, ids: Sequence[int]) -> dict[int, list[Any]]:
    """The rows of that table that belong to the cells, by cell and in their order."""
    found: dict[int, list[Any]] = {}
    for portion in portions(ids):
        asked = sa.select(table).where(table.c.cell_id.in_(portion))
        for row in session.execute(asked.order_by(table.c.cell_id, table.c.number)):
            found.setdefault(row.cell_id, []).append(row)
    return found


def _cell(
    row: Any, prompt: Prompt, shared: Sampling, steps: Iterable[Any], scores: Iterable[Any]
) -> StoredCell:
    return StoredCell(
        key=CellKey(row.case_number, row.variant_number, row.repeat),
        model=row.model,
        backend=row.backend,
        content_hash=row.content_hash,
        prompt=prompt,
        sampling=shared.model_copy(update={"seed": row.seed}),
        status=row.status,
        answer=_answer(row, tuple(_step(step) for step in steps)),
        scores=tuple(score_of(score) for score in scores),
        thumb=row.thumb,
        error=row.error,
        hint=row.hint,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )


def _answer(row: Any, steps: tuple[Step, ...]) -> Answer:
    facts = tuple((name, said) for name, said in row.facts or ())
    return Answer(steps, row.extracted, row.final, row.finish if row.final is not None else None, facts)


def completion_of(step: Any) -> Completion:
    """What a call gave, from the row of its step."""
    return Completion(
        text=step.text,
        finish=cast(Finish, step.finish),
        reasoning=step.reasoning,
        prompt_tokens=step.prompt_tokens,
        completion_tokens=step.completion_tokens,
        cached_tokens=step.cached_tokens,
        context_tokens=step.context_tokens,
        first_token_s=step.first_token_s,
        total_s=step.total_s or 0.0,
        rendered_prompt=step.rendered_prompt,
        model_digest=step.model_digest,
        backend_version=step.backend_version,
        mode=step.mode,
        ignored=tuple(step.ignored),
        logprobs=tuple(
            TokenLogprob(
                each["token"],
                each["logprob"],
                tuple((text, value) for text, value in each["top"]),
                each.get("raw", ""),
            )
            for each in step.logprobs
        ),
    )


def _step(row: Any) -> Step:
    return Step(
        messages=tuple(Message(cast(Role, m["role"]), m["content"]) for m in row.messages),
        completion=completion_of(row) if row.finish is not None else None,
        number=row.number,
        label=row.label,
        request_hash=row.request_hash or "",
        parent=row.parent,
        kind=cast(StepKind, row.kind),
        output=row.text if row.finish is None else "",
        **(row.made or {}),
    )


def score_of(row: Any) -> Score:
    """A check's verdict, from its row."""
    return Score(
        name=row.name,
        value=row.value,
        answer=row.answer,
        explanation=row.explanation,
        weight=row.weight,
        check_hash=row.check_hash or "",
        probability=row.probability,
    )
