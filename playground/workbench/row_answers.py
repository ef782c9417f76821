"""What experiments answered to one row of a data set, and how it is judged by what the row expects now.

    for each in await answers_to(workbench, version, row):
        each.name, [(answer.name, answer.passed, answer.now) for answer in each.answers]

No model is asked: stored answers are scored again, in memory, or for good with `score_anew`.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from playground.errors import NotFoundError, PromptError
from playground.runs.scoring import sample_of
from playground.scorers import SCORERS, all_passed, score_all
from playground.templating.rendering import variables
from playground.types.dataset import DatasetVersion, Row, to_case
from playground.types.grid import CellKey
from playground.types.outcomes import StoredExperiment
from playground.types.prompt import Check, Prompt

if TYPE_CHECKING:
    from playground.store.records import StoredCell
    from playground.workbench.service import Workbench

MOST = 4
"""Experiments whose answers stand beside a row, the newest."""
MOST_LOOKED = 40
MOST_VARIANTS = 8


@dataclass(frozen=True, slots=True)
class RowAnswer:
    """One variant's answer: whether its checks held, and whether they hold by the values of the row as it is now.

    `now` is `passed` where nothing that matters has changed; None of either: no check applies.
    """

    variant: int
    name: str
    begins: str
    error: str
    is_done: bool
    passed: bool | None
    now: bool | None


@dataclass(frozen=True, slots=True)
class RowRun:
    """What one experiment answered to the row. `is_other`: it was asked with other values than the row has now."""

    id: str
    name: str
    at: datetime
    number: int
    case: int
    is_other: bool
    is_changed: bool
    answers: tuple[RowAnswer, ...]


async def answers_to(workbench: Workbench, version: DatasetVersion, row: Row) -> list[RowRun]:
    """The answers of the newest experiments to a row, which may hold edits that are not saved."""
    used = await workbench.datasets.used_by(version.dataset_id)
    kept = []
    for run_id in used:
        try:
            kept.append(await workbench.experiments.get(run_id))
        except NotFoundError:
            continue  # a run that is no experiment, or is gone
        if len(kept) >= MOST_LOOKED:
            break
    kept.sort(key=lambda each: each.row.created_at, reverse=True)
    found: list[RowRun] = []
    for stored in kept:
        if len(found) == MOST:
            break
        if (one := await _of_run(workbench, version, row, stored, used[stored.id])) is not None:
            found.append(one)
    return found


async def _of_run(
    workbench: Workbench, version: DatasetVersion, row: Row, stored: StoredExperiment, number: int
) -> RowRun | None:
    try:
        then = (
            version
            if number == version.number
            else await workbench.datasets.version(version.dataset_id, number)
        )
    except NotFoundError:
        return None
    before = await workbench.datasets.rows_of(then, (row.number,))
    case = await workbench.history.case_of_row(stored.id, before[0].id) if before else None
    if case is None:
        return None
    asked = (await workbench.history.case_values(stored.id, case, 1))[0]
    now = to_case(row, version.columns).values
    answers, is_other = [], False
    for variant, name in enumerate(stored.names[:MOST_VARIANTS]):
        cell = await workbench.history.cell(stored.id, CellKey(case, variant, 0))
        other = asks_other(cell.prompt, asked, now)
        is_other = is_other or other
        answers.append(await asyncio.to_thread(_answer, variant, name, cell, stored.checks, now, other))
    return RowRun(
        stored.id,
        stored.row.name,
        stored.row.created_at,
        number,
        case,
        is_other,
        not is_other and any(asked.get(each) != now.get(each) for each in {*asked, *now}),
        tuple(answers),
    )


def asks_other(prompt: Prompt, asked: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether the prompt would be filled in otherwise by the values of now."""
    return any(asked.get(each.name) != now.get(each.name) for each in variables(prompt.turns))


def _answer(
    variant: int,
    name: str,
    cell: StoredCell,
    checks: Sequence[Check],
    now: Mapping[str, Any],
    is_other: bool,
) -> RowAnswer:
    passed = all_passed(cell.scores)
    anew = passed
    # What a model or a program has to tell is not asked for here: such a check keeps what it said.
    plain = [check for check in checks if SCORERS[check.scorer].asks is None]
    if cell.status == "done" and not is_other and len(plain) == len(checks):
        anew = all_passed(score_all(plain, sample_of(cell.prompt, now, cell.answer)))
    text = cell.answer.text if cell.answer.extracted is None else cell.answer.extracted
    return RowAnswer(variant, name, text[:200], cell.error, cell.status == "done", passed, anew)


async def score_anew(workbench: Workbench, run_id: str) -> tuple[int, int]:
    """Judge the stored answers of an experiment by what the newest version of its data expects: rows, answers.

    Rows that were asked with other values keep theirs. It counts as a further attempt. Raises PromptError when
    nothing is expected otherwise.
    """
    stored = await workbench.experiments.get(run_id)
    row = stored.row
    if not row.dataset_id:
        raise PromptError(
            "The cases of this experiment are of no data set.", "Set the experiment up over one."
        )
    then = await workbench.datasets.version(row.dataset_id, row.number)
    newest = await workbench.datasets.version(row.dataset_id)
    of_hash: dict[str, list[int]] = defaultdict(list)
    for each in await workbench.datasets.all_rows(then):
        of_hash[each.id].append(each.number)
    current = {each.number: each for each in await workbench.datasets.all_rows(newest)}
    prompts = [
        (await workbench.history.cell(run_id, CellKey(0, variant, 0))).prompt
        for variant in range(len(stored.names))
    ]
    changed: dict[int, dict[str, Any]] = {}
    for case, (row_hash, asked) in enumerate(await workbench.experiments.rows(run_id)):
        numbers = of_hash.get(row_hash)
        row_now = current.get(numbers.pop(0)) if numbers else None
        if row_now is None:
            continue
        now = to_case(row_now, newest.columns).values
        if now != asked and not any(asks_other(prompt, asked, now) for prompt in prompts):
            changed[case] = now
    if not changed:
        raise PromptError(
            f"Version {newest.number} expects the same of every row that was answered.",
            "Save the row first; rows that would be asked otherwise need a new run.",
        )
    await workbench.experiments.expect(run_id, changed, newest.number)
    return len(changed), await workbench.experiments.rescore(run_id, stored.checks)
