"""The served program is killed while an experiment runs: the next one goes on with it by itself."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from playground.types.experiment import Cases, Experiment, ExperimentVariant, Limits
from playground.types.prompt import Check, Prompt, Turn
from tests import experiment_worker as worker
from tests.conftest import MakeWorkbench
from tests.forked import Program

ROOT = Path(__file__).parents[2]
CELLS = 60


@contextmanager
def served(data: Path) -> Iterator[subprocess.Popen[str]]:
    """The app on that data folder, until it is killed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PLAYGROUND_")}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with Program(
        [sys.executable, str(ROOT / "tests/browser/serve.py"), str(port), str(data)],
        env=environment | {"PYTHONPATH": str(ROOT)}, cwd=ROOT, text=True, stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def until(
    database: Path, count: int, process: subprocess.Popen[str]
) -> dict[tuple[int, int], tuple[str, int, str]]:
    """What is done as soon as that many cells are."""
    give_up = time.monotonic() + 420
    while len(done := worker.finished(database)) < count:
        assert process.poll() is None, "the app ended by itself"
        assert time.monotonic() < give_up, f"{len(done)} of {count} are done after a while"
        time.sleep(0.02)
    return done


def until_ended(database: Path) -> str:
    """What its state is when it does not run any more."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        for _ in range(2000):
            [(state,)] = connection.execute("SELECT state FROM experiment").fetchall()
            if state != "running":
                break
            time.sleep(0.02)
    return str(state)


async def test_killed_the_app_goes_on_with_its_experiment_and_asks_for_no_answer_twice(
    make_workbench: MakeWorkbench,
) -> None:
    workbench = make_workbench({"steps": [3600.0]})
    planned = Experiment(
        name="Restarted",
        prompt=Prompt(turns=(Turn(role="user", template="Say {{ n }}"),)),
        model="scripted:steps",
        variants=(ExperimentVariant(name="A"),),
        cases=Cases(rows=tuple({"n": str(n)} for n in range(CELLS))),
        checks=(Check(scorer="length", options={"max": 500}),),
        limits=Limits(at_once=4),
        cache=False,
    )
    await workbench.experiments.start(planned)
    data = workbench.settings.data_dir
    await workbench.close()
    database = data / "playground.db"
    with served(data) as first:
        before = until(database, 5, first)
    before |= worker.finished(database)
    assert len(before) < CELLS, "it was killed too late to show anything"
    with served(data) as second:
        after = until(database, CELLS, second)
        state = until_ended(database)
    assert {key: after[key] for key in before} == before, "no answer was lost or asked for again"
    assert state == "done"
