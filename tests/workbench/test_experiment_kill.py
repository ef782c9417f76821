"""Killed at any moment, an experiment loses no answer that was there and asks for none twice."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

from tests import experiment_worker as worker
from tests.forked import Program

CELLS = 120


def start(folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.experiment_worker", str(folder), str(CELLS), "40"]
    root = Path(worker.__file__).parents[1]
    return Program(
        command, stdout=subprocess.PIPE, text=True, cwd=root, env=os.environ | {"PYTHONPATH": str(root)}
    )


async def test_killed_at_random_moments_it_loses_no_finished_cell_and_runs_none_twice(
    tmp_path: Path, migrated_database: Path
) -> None:
    database = tmp_path / "playground.db"
    shutil.copy(migrated_database, database)
    draws = random.Random(7)
    before: dict[tuple[int, int], tuple[str, int, str]] = {}
    for wait in (draws.uniform(0.05, 0.3), draws.uniform(0.05, 0.3), None):
        if wait is None:
            await worker.work(tmp_path, CELLS, 0)
        else:
            with start(tmp_path) as process:
                assert process.stdout
                assert process.stdout.readline() == "runs\n"
                time.sleep(wait)
                process.kill()
        now = worker.finished(database)
        assert now.items() >= before.items(), "what was finished is as it was: same answer, same attempt"
        before = now
    assert len(before) == CELLS
    assert {text for _, _, text in before.values()} == {
        f"{say} w{n}" for n in range(CELLS // 2) for say in ("Say", "SAY")
    }
