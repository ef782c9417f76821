"""A stored run read back: everything Compare needs to show it again exactly as it was."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar, cast

from pydantic import ValidationError
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from playground.errors import StoreError
from playground.plain_words import of_field
from playground.store.blobs import loaded_images
from playground.store.changes import CellFacts, CreateRun, EndCell, storable
from playground.store.content import content_hash, load_content
from playground.store.prompts import load_saved
from playground.store.records import NewCell, StoredCell, StoredRun, StoredStep, StoredVote
from playground.store.tables import Cell, Run, ScoreRow, Step, Version, Vote
from playground.types.generation import Completion, Finish, Message, TokenLogprob
from playground.types.grid import CellStatus, Choice, Comparison
from playground.types.prompt import Prompt, Role, Sampling
from playground.types.scores import Score

R = TypeVar("R", Step, ScoreRow)


def load_run(session: Session, row: Run) -> StoredRun:
    """The whole run. Raises StoreError when it was changed from outside and cannot be read."""
    rows = session.exec(
        select(Cell).where(Cell.run_id == row.id).order_by(col(Cell.column_index), col(Cell.repeat))
    ).all()
    prompts = load_content(session, [cell.content_hash for cell in rows])
    steps = _by_cell(session.exec(_of_run(Step, row.id).order_by(col(Step.number))))
    scores = _by_cell(session.exec(_of_run(ScoreRow, row.id).order_by(col(ScoreRow.number))))
    cells = [
        _cell(cell, prompts[cell.content_hash], steps.get(cell.id, ()), scores.get(cell.id, ()))
        for cell in rows
    ]
    latest = {cell.column: cell for cell in cells}
    version = session.get(Version, row.version_id) if row.version_id else None
    return StoredRun(
        id=row.id,
        created_at=row.created_at,
        title=row.title,
        status=cast(CellStatus, row.status),
        note=row.note,
        comparison=load_comparison(session, row),
        content_hash=row.content_hash,
        version=load_saved(session, version) if version else None,
        cells=tuple(latest.values()),
        earlier=tuple(cell for cell in cells if cell is not latest[cell.column]),
        vote=load_vote(session, row),
    )


def load_vote(session: Session, row: Run) -> StoredVote | None:
    """The run's vote as it is now."""
    vote = session.get(Vote, row.id)
    if vote is None:
        return None
    cell = session.get(Cell, vote.cell_id) if vote.cell_id is not None else None
    return stored_vote(vote, cell.column_index if cell else None, cell.repeat if cell else None)


def begun_run(created: CreateRun) -> StoredRun:
    """The run that is being stored, before any of its cells has ended."""
    return StoredRun(
        id=created.run_id,
        created_at=created.at,
        title=created.title,
        status="pending",
        note="",
        comparison=created.comparison,
        content_hash=content_hash(created.comparison.prompt),
        version=None,
        cells=(),
        earlier=(),
        vote=None,
    )


def ended_cell(new: NewCell, end: EndCell, facts: CellFacts) -> StoredCell:
    """The cell that has just been stored, equal to what loading it would give."""
    completion = storable(end.completion) if end.completion is not None else None
    step = StoredStep(
        number=0,
        label="",
        messages=tuple(end.messages),
        rendered_prompt=completion.rendered_prompt if completion else None,
        text=completion.text if completion else "",
        reasoning=completion.reasoning if completion else "",
        finish=completion.finish if completion else None,
        prompt_tokens=completion.prompt_tokens if completion else None,
        completion_tokens=completion.completion_tokens if completion else None,
        first_token_s=completion.first_token_s if completion else None,
        total_s=completion.total_s if completion else None,
    )
    return StoredCell(
        column=end.column,
        repeat=end.repeat,
        model=new.model,
        backend=new.backend,
        content_hash=facts.content_hash,
        prompt=new.prompt,
        sampling=new.sampling,
        status=end.status,
        completion=completion,
        steps=(step,),
        scores=tuple(end.scores),
        thumb=facts.thumb,
        error=end.error,
        hint=end.hint,
        started_at=facts.started_at,
        finished_at=facts.finished_at,
    )


def load_comparison(session: Session, row: Run) -> Comparison:
    """The run's comparison with its prompts and images put back in place of their hashes."""
    data = row.comparison
    prompts = load_content(session, [data["prompt"], *(c["prompt"] for c in data["columns"] if c["prompt"])])
    columns = [{**column, "prompt": prompts.get(column["prompt"])} for column in data["columns"]]
    try:
        whole = {"prompt": prompts[data["prompt"]], "columns": columns}
        whole["images"] = loaded_images(session, data.get("images") or ())
        return Comparison.model_validate({**data, **whole})
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


def _of_run(table: type[R], run_id: str) -> SelectOfScalar[R]:
    """The rows of that table that belong to a cell of the run."""
    return select(table).where(col(table.cell_id).in_(select(Cell.id).where(Cell.run_id == run_id)))


def _by_cell(rows: Iterable[R]) -> dict[int | None, list[R]]:
    found: dict[int | None, list[R]] = {}
    for row in rows:
        found.setdefault(row.cell_id, []).append(row)
    return found


def _cell(cell: Cell, prompt: Prompt, rows: Sequence[Step], scores: Sequence[ScoreRow]) -> StoredCell:
    steps = [_step(row) for row in rows]
    return StoredCell(
        column=cell.column_index,
        repeat=cell.repeat,
        model=cell.model,
        backend=cell.backend,
        content_hash=cell.content_hash,
        prompt=prompt,
        sampling=Sampling.model_validate(cell.sampling),
        status=cast(CellStatus, cell.status),
        completion=_completion(cell, steps[-1].rendered_prompt if steps else None),
        steps=tuple(steps),
        scores=tuple(
            Score(
                name=row.name,
                value=row.value,
                answer=row.answer,
                explanation=row.explanation,
                weight=row.weight,
            )
            for row in scores
        ),
        thumb=cell.thumb,
        error=cell.error,
        hint=cell.hint,
        started_at=cell.started_at,
        finished_at=cell.finished_at,
    )


def _completion(cell: Cell, rendered_prompt: str | None) -> Completion | None:
    if cell.finish is None:
        return None
    return Completion(
        text=cell.text,
        finish=cast(Finish, cell.finish),
        reasoning=cell.reasoning,
        prompt_tokens=cell.prompt_tokens,
        completion_tokens=cell.completion_tokens,
        cached_tokens=cell.cached_tokens,
        context_tokens=cell.context_tokens,
        first_token_s=cell.first_token_s,
        total_s=cell.total_s,
        rendered_prompt=rendered_prompt,
        model_digest=cell.model_digest,
        backend_version=cell.backend_version,
        mode=cell.mode,
        ignored=tuple(cell.ignored),
        logprobs=tuple(
            TokenLogprob(
                row["token"],
                row["logprob"],
                tuple((text, value) for text, value in row["top"]),
                row.get("raw", ""),
            )
            for row in cell.logprobs
        ),
    )


def _step(row: Step) -> StoredStep:
    return StoredStep(
        number=row.number,
        label=row.label,
        messages=tuple(Message(cast(Role, m["role"]), m["content"]) for m in row.messages),
        rendered_prompt=row.rendered_prompt,
        text=row.text,
        reasoning=row.reasoning,
        finish=cast(Finish | None, row.finish),
        prompt_tokens=row.prompt_tokens,
        completion_tokens=row.completion_tokens,
        first_token_s=row.first_token_s,
        total_s=row.total_s,
    )
