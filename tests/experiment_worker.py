"""A program that runs an experiment and may be killed at any moment: python tests/experiment_worker.py DATA CELLS MS

The first one starts it, each later one goes on with it; it ends when nothing is left. Every cell takes MS.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from playground.backends.scripted import ScriptedBackend
from playground.settings import Settings
from playground.store import open_store
from playground.types.experiment import Cases, Experiment, ExperimentVariant, Limits
from playground.types.prompt import Check, Prompt, Turn
from playground.workbench.service import Workbench


def planned(cells: int) -> Experiment:
    """Two variants over as many cases as it takes; half of the cases want another case of letters."""
    rows = tuple({"word": f"w{n}", "expected": f"w{n}" if n % 2 else f"SAY w{n}"} for n in range(cells // 2))
    loud = Prompt(turns=(Turn(role="user", template="SAY {{ word }}"),))
    return Experiment(
        name="Killed",
        prompt=Prompt(turns=(Turn(role="user", template="Say {{ word }}"),)),
        model="scripted:echo",
        variants=(ExperimentVariant(name="A"), ExperimentVariant(name="B", prompt=loud)),
        cases=Cases(rows=rows),
        checks=(Check(scorer="contains", options={"text": "{{ expected }}", "ignore_case": False}),),
        limits=Limits(at_once=8),
        cache=False,
    )


class Slow(ScriptedBackend):
    """Says what it was asked, after a while."""

    def __init__(self, seconds: float) -> None:
        super().__init__({"echo": "{last}"})
        self._seconds = seconds

    def _pieces(self, name, request):  # type: ignore[no-untyped-def]
        return [self._seconds, *super()._pieces(name, request)]


async def work(data: Path, cells: int, seconds: float) -> None:
    """Start it, or go on with it, to its end."""
    settings = Settings(data_dir=data, database_url="")
    workbench = Workbench(settings, open_store(settings), {"scripted": Slow(seconds)})
    known = (await workbench.experiments.find()).rows
    if known:
        await workbench.experiments.go_on()
        run_id = known[0].id
    else:
        run_id = await workbench.experiments.start(planned(cells))
    print("runs", flush=True)
    await workbench.experiments.wait(run_id)
    await workbench.close()


def finished(database: Path) -> dict[tuple[int, int], tuple[str, int, str]]:
    """Every cell that is done: when, at which attempt, and with what answer."""
    if not database.exists():
        return {}
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        rows = connection.execute(
            "SELECT case_number, variant_number, finished_at, attempt, text FROM cell JOIN step ON cell_id = cell.id"
            " WHERE cell.status = 'done'"
        ).fetchall()
    except sqlite3.OperationalError:  # the tables are not there yet
        return {}
    finally:
        connection.close()
    return {(case, variant): (at, attempt, text) for case, variant, at, attempt, text in rows}


def result(database: Path) -> dict[tuple[int, int], tuple[str, str]]:
    """What was answered and found of every cell that is done, and the verdict at (-1, -1)."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        rows = connection.execute(
            "SELECT case_number, variant_number, text, group_concat(value || explanation) FROM cell"
            " JOIN step ON step.cell_id = cell.id JOIN score ON score.cell_id = cell.id"
            " WHERE cell.status = 'done' GROUP BY cell.id"
        ).fetchall()
        [said] = connection.execute("SELECT sentence FROM experiment").fetchall()
    return {
        (-1, -1): (said[0], ""),
        **{(case, variant): (text, found) for case, variant, text, found in rows},
    }


if __name__ == "__main__":
    asyncio.run(work(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]) / 1000))
