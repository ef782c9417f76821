"""A stored run read back: everything Compare needs to show it again exactly as it was."""

from __future__ import annotations

from typing import cast

from pydantic import ValidationError
from sqlmodel import Session, col, select

from playground.errors import StoreError
from playground.store.content import load_content
from playground.store.prompts import load_saved
from playground.store.records import StoredCell, StoredRun, StoredStep, StoredVote
from playground.store.tables import Cell, Run, ScoreRow, Step, Version, Vote
from playground.types import (
    CellStatus,
    Choice,
    Comparison,
    Completion,
    Finish,
    Message,
    Prompt,
    Role,
    Sampling,
    Score,
    TokenLogprob,
)


def load_run(session: Session, row: Run) -> StoredRun:
    """The whole run. Raises StoreError when it was changed from outside and cannot be read."""
    rows = session.exec(
        select(Cell).where(Cell.run_id == row.id).order_by(col(Cell.column_index), col(Cell.repeat))
    ).all()
    prompts = load_content(session, [cell.content_hash for cell in rows])
    cells = [_cell(session, cell, prompts[cell.content_hash]) for cell in rows]
    latest = {cell.column: cell for cell in cells}
    version = session.get(Version, row.version_id) if row.version_id else None
    vote = session.get(Vote, row.id)
    voted = next((cell for cell in rows if vote and cell.id == vote.cell_id), None)
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
        vote=stored_vote(vote, voted.column_index if voted else None, voted.repeat if voted else None)
        if vote
        else None,
    )


def load_comparison(session: Session, row: Run) -> Comparison:
    """The run's comparison with its prompts put back in place of their hashes."""
    data = row.comparison
    prompts = load_content(session, [data["prompt"], *(c["prompt"] for c in data["columns"] if c["prompt"])])
    columns = [{**column, "prompt": prompts.get(column["prompt"])} for column in data["columns"]]
    try:
        return Comparison.model_validate({**data, "prompt": prompts[data["prompt"]], "columns": columns})
    except ValidationError as exc:
        raise StoreError(
            f"The run {row.id} cannot be read: {exc}.",
            "The database was changed from outside; go back to a copy of it.",
        ) from exc


def stored_vote(vote: Vote, column: int | None, repeat: int | None) -> StoredVote:
    """The vote with the place of the cell it names."""
    return StoredVote(
        kind=cast(Choice, vote.kind), column=column, repeat=repeat, note=vote.note, created_at=vote.created_at
    )


def _cell(session: Session, cell: Cell, prompt: Prompt) -> StoredCell:
    steps = [
        _step(row)
        for row in session.exec(select(Step).where(Step.cell_id == cell.id).order_by(col(Step.number)))
    ]
    scores = session.exec(select(ScoreRow).where(ScoreRow.cell_id == cell.id).order_by(col(ScoreRow.number)))
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
            TokenLogprob(row["token"], row["logprob"], tuple((text, value) for text, value in row["top"]))
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
