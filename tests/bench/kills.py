"""kill -9 at random moments of an experiment: what had ended stays, and nothing is run twice.

A part of the bench of experiments: python tests/bench/experiments.py --only kill
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from served import ROOT

KILLS, CELLS = 50, 300
PACE_MS, EARLY = 200, 0.2


def kill() -> bool:
    """Whether no finished cell is lost or run twice, however often the program is killed, and the result is the same."""
    from tests import experiment_worker as worker

    draws, lost, again, early, alive = random.Random(1), 0, 0, 0, 0
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as undisturbed:
        database = Path(folder) / "playground.db"
        with _worker(undisturbed, PACE_MS) as started:
            began = time.perf_counter()
            started.stdout.readline()
            to_begin_s = time.perf_counter() - began
            started.wait(600)
        # However quick this machine is now, most kills come upon some answers that are new.
        longest_s = max(0.5, 3 * (time.perf_counter() - began - to_begin_s) / KILLS)
        before: dict[tuple[int, int], tuple[str, int, str]] = {}
        ends = []
        for _ in range(KILLS):
            with _worker(folder, PACE_MS) as started:
                if (
                    draws.random() < EARLY
                ):  # while it begins: the tables, the experiment, its claim on the cells
                    time.sleep(draws.uniform(0.0, to_begin_s))
                    early += 1
                else:
                    started.stdout.readline()
                    time.sleep(draws.uniform(0.0, longest_s))
                alive += started.poll() is None
                started.kill()
            now = worker.finished(database)
            lost += sum(key not in now for key in before)
            again += sum(key in now and now[key] != was for key, was in before.items())
            ends.append(len(now))
            before = now
        with _worker(folder, 0) as started:
            started.wait(600)
        now = worker.finished(database)
        lost += sum(key not in now for key in before)
        again += sum(key in now and now[key] != was for key, was in before.items())
        mine, whole = worker.result(database), worker.result(Path(undisturbed) / "playground.db")
        same = mine == whole
        for key in sorted(key for key in mine.keys() | whole.keys() if mine.get(key) != whole.get(key))[:3]:
            print(f"{key}: {mine.get(key)} instead of {whole.get(key)}")
    print(
        f"{KILLS} kills of {CELLS} cells ({early} while the program began, {alive} while it ran), after each ",
        end="",
    )
    print(f"{ends[:3]} … {ends[-3:]} cells were done")
    print(f"{lost} finished cells lost, {again} run twice, {len(now)} of {CELLS} done in the end, ", end="")
    print("the result is that of a run that nobody disturbed" if same else "THE RESULT DIFFERS")
    return not lost and not again and same and len(now) == CELLS


def _worker(folder: str, pace_ms: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.experiment_worker", folder, str(CELLS), str(pace_ms)],
        stdout=subprocess.PIPE, text=True, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
