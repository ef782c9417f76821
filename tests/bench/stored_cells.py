"""Experiments that are stored: ten checks over 3,000 cells, and every look at 100,000 of them.

A part of the bench of experiments: python tests/bench/experiments.py --only checks|views
"""

from __future__ import annotations

import asyncio
import random
import resource
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from served import row

if TYPE_CHECKING:
    from playground.workbench.service import Workbench

CHECKS_S = 3.0
VIEWED, VIEW_MS, MORE_MB = 100_000, 500, 30


async def stored_cells(cells: int, checks: int, folder: str) -> tuple[object, str, list[object]]:
    """A workbench with an experiment of so many answered cells."""
    from playground.backends.scripted import ScriptedBackend
    from playground.settings import Settings
    from playground.store import open_store
    from playground.store.changes import EndCell
    from playground.types.experiment import Cases, Experiment, ExperimentVariant
    from playground.types.generation import Completion, Message
    from playground.types.prompt import Check, Prompt, Turn
    from playground.types.scores import Score
    from playground.types.trace import Answer
    from playground.workbench.service import Workbench

    settings = Settings(data_dir=Path(folder), database_url="")
    workbench = Workbench(settings, open_store(settings), {"scripted": ScriptedBackend({"echo": "{last}"})})
    planned = Experiment(
        name="Bench",
        prompt=Prompt(turns=(Turn(role="user", template="{{ n }}"),)),
        model="scripted:echo",
        variants=tuple(ExperimentVariant(name=name) for name in "ABCD"),
        cases=Cases(rows=tuple({"n": f"word {n}", "kind": n % 5} for n in range(cells // 4))),
        checks=tuple(Check(scorer="contains", options={"text": f"word {n}"}) for n in range(checks)),
    )
    resolved = await workbench.experiments.planner.resolve(planned)
    run_id = await asyncio.to_thread(workbench.experiments._create, resolved)
    names = [f"check {n}" for n in range(3)]
    keys = [cell.key for cell in workbench.store.experiments.claim(run_id)]
    draws = random.Random(1)
    for start in range(0, len(keys), 500):
        waiting = []
        for key in keys[start : start + 500]:
            text = f"Here is word {key.case} and some more of an answer."
            done = Completion(text, "stop", prompt_tokens=12, completion_tokens=9, total_s=0.4)
            answer = Answer.of_one_call((Message("user", f"word {key.case}"),), done, f"{hash(key):x}")
            scores = [Score(name, float(draws.random() < 0.7), text, "found") for name in names]
            waiting.append(workbench.store.submit(EndCell(run_id, key, "done", answer, scores=scores)))
        for future in waiting:
            future.result()
    workbench.store.experiments.release(run_id, "done")
    return workbench, run_id, list(resolved.checks)


TEN = (
    {"scorer": "equals", "options": {"text": "{{ n }}"}},
    {"scorer": "contains", "options": {"text": "{{ n }}"}},
    {"scorer": "contains_any", "options": {"texts": ["word 1", "nothing"]}},
    {"scorer": "starts_with", "options": {"text": "Here is"}},
    {"scorer": "regex", "options": {"pattern": r"word \d+"}},
    {"scorer": "length", "options": {"max": 70}},
    {"scorer": "number", "options": {"expected": "{{ n }}"}},
    {"scorer": "token_f1", "options": {"texts": ["{{ n }} and some more"]}},
    {"scorer": "rouge", "options": {"text": "{{ n }} and some more of an answer"}},
    {"scorer": "refusal", "options": {}, "negate": True},
)


async def checks() -> bool:
    """Whether ten checks over 3,000 stored cells take no more than the limit."""
    with tempfile.TemporaryDirectory() as folder:
        from playground.types.prompt import Check

        workbench, run_id, _ = await stored_cells(3000, 10, folder)
        ten = [Check.model_validate(check) for check in TEN]
        await workbench.experiments.verdict(run_id)  # type: ignore[attr-defined]  # statistics take a second to import
        began, spent = time.perf_counter(), time.process_time()
        done = await workbench.experiments.rescore(run_id, ten)  # type: ignore[attr-defined]
        seconds, spent = time.perf_counter() - began, time.process_time() - spent
        await workbench.close()  # type: ignore[attr-defined]
    assert done == 3000
    print(row("ten checks over 3,000 stored cells, the processor's time", spent, "s", CHECKS_S))
    print(row("by the clock", seconds, "s", None))
    return spent <= CHECKS_S


async def views() -> bool:
    """Whether every look at an experiment of 100,000 cells is quick, and its files are written with flat memory."""
    with tempfile.TemporaryDirectory() as folder:
        from playground import garbage
        from playground.store import open_store
        from playground.workbench.service import Workbench

        garbage.put_off()
        told, run_id, _ = await stored_cells(VIEWED, 3, folder)
        assert isinstance(told, Workbench)
        await told.experiments._keep_verdict(run_id)  # as when its last cell has ended
        await told.close()
        workbench = Workbench(told.settings, open_store(told.settings), told.models.backends)
        garbage.keep_loaded()  # as when the page is served
        good = await looked_at(workbench, run_id)
        await workbench.close()
    return good


async def looked_at(workbench: Workbench, run_id: str) -> bool:
    """Print what each look takes of the processor; whether all keep the limits."""
    from playground.runs.answers import csv_pieces
    from playground.types.grid import CellKey
    from playground.ui.actions import Ask
    from playground.ui.experiment_watch import shown
    from playground.ui.experiments import open_experiments
    from playground.ui.verdict import verdict_case, verdict_view
    from playground.ui.verdict_files import verdict_file

    def ask(look: str = "", **more: object) -> Ask:
        return Ask.model_validate({"action": "", "id": run_id, "look": look, **more})

    def view(look: str) -> Callable[[], Awaitable[object]]:
        return lambda: verdict_view(workbench, run_id, ask(look))

    looks: dict[str, Callable[[], Awaitable[object]]] = {
        "opened again": lambda: shown(workbench, run_id, ask()),
        "filter: regressions": view("show=regressions"),
        "filter: failed calls": view("show=failed"),
        "all cases, the worst first, 400 shown": view("show=all&cases=400"),
        "another pair, sliced by a column": view("pair=3-1&cut=c%3Dkind"),
        "one case in the list": view("at=1"),
        "one case beside its rivals": lambda: verdict_case(workbench, ask(case=VIEWED // 8)),
        "heat map, 500 cases": lambda: asyncio.to_thread(workbench.store.cells.matrix, run_id, first=5000, cases=500),
        "a page of cells in the middle": lambda: workbench.history.cells(run_id, after=CellKey(VIEWED // 8, 0, 0)),
        "the list of experiments": lambda: open_experiments(workbench, ask()),
        "cases.csv": lambda: verdict_file(workbench, run_id, "cases.csv", ""),
    }  # fmt: skip
    first, first_s = await _spent(lambda: shown(workbench, run_id, ask()))
    print(
        row("100,000 cells: opened by a program that has just begun", first, "ms", VIEW_MS),
        f"  {first_s:.1f} s by the clock",
    )
    worst = first
    for name, look in looks.items():
        took = [await _spent(look) for _ in range(3)]
        spent, clock_s = min(took)
        worst = max(worst, spent)
        print(row(name, spent, "ms", VIEW_MS), f"  {clock_s:.2f} s by the clock")
    run = await workbench.runs.get(run_id)

    def written(most: int) -> int:
        return sum(
            len(piece)
            for piece, _ in zip(csv_pieces(run, workbench.history.answers(run_id)), range(most), strict=False)
        )

    await asyncio.to_thread(written, 2000)  # what every file takes, however long it is
    before = _peak_mb()
    spent, _ = await _spent(lambda: asyncio.to_thread(written, sys.maxsize))
    more = _peak_mb() - before
    print(row("all answers as a file", spent / 1000, "s", None))
    print(row("more memory for it", more, "MB", MORE_MB))
    return worst <= VIEW_MS and more <= MORE_MB


async def _spent(work: Callable[[], Awaitable[object]]) -> tuple[float, float]:
    """Milliseconds of the processor's time, and seconds by the clock."""
    began, spent = time.perf_counter(), time.process_time()
    await work()
    return 1000 * (time.process_time() - spent), time.perf_counter() - began


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
