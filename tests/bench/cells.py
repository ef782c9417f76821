"""What a stored cell costs in a large run against a small one, and how fast a large run opens: python tests/bench/cells.py

Both are in one database and take turns, thirty cells at a time; the pause in which the writer gathers changes is
left out, so that the ratio says what the size of the run costs. Exit code 1 when a limit is broken.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from playground.settings import Settings
from playground.store import Store, open_store, writer
from playground.store.changes import CreateRun, EndCell, StartCell
from playground.types.generation import Completion, Message
from playground.types.grid import Case, CellKey, RunSpec, Variant, Work
from playground.types.prompt import Prompt, Sampling, Turn
from playground.types.scores import Score
from playground.types.trace import Answer

LARGE, SMALL, OPENED = 30_000, 30, 10_000
WINDOW = 30
MOST_RATIO, MOST_MS = 1.3, 200
PROMPT = Prompt(name="Bench", turns=(Turn(role="user", template="Answer {{ question }}"),))
ANSWER = Completion("plain words and more of them " * 40, "stop", prompt_tokens=20, completion_tokens=256)
SCORES = (Score("contains", 1.0, "plain", "found"), Score("length", 0.0, "plain", "too long"))


def main() -> int:
    """Build, measure, print; 0 when every limit is kept."""
    writer.GATHER_S = 0.0
    large_cells = int(sys.argv[1]) if len(sys.argv) > 1 else LARGE
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Settings(data_dir=Path(folder), database_url=""))
        ratio = storing(store, large_cells)
        slowest = opening(store)
        store.close()
    print(f"a cell costs {ratio:.2f} x, at most {MOST_RATIO}; opening at most {slowest:.0f} ms of {MOST_MS}")
    return 0 if ratio <= MOST_RATIO and slowest <= MOST_MS else 1


def create(store: Store, cells: int) -> str:
    """A run of one variant and so many cases."""
    spec = RunSpec(
        prompt=PROMPT,
        variants=(Variant(model="a:b"),),
        cases=tuple(Case(values={"question": f"why {number}"}) for number in range(cells)),
    )
    sampling = Sampling()
    works = [
        Work(CellKey(number, 0, 0), spec.variants[0], case, PROMPT, (), sampling)
        for number, case in enumerate(spec.cases)
    ]
    return store.submit(CreateRun(spec, works, "Bench")).result()


def end(run_id: str, case: int) -> EndCell:
    """The answer of that case."""
    return EndCell(
        run_id,
        CellKey(case, 0, 0),
        "done",
        Answer.of_one_call([Message("user", "Answer why")], ANSWER),
        scores=SCORES,
    )


def window_ms(store: Store, run_id: str, cases: Sequence[int]) -> float:
    """Milliseconds a cell: begun, ended, and all stored."""
    started = time.perf_counter()
    for case in cases:
        store.submit(StartCell(run_id, CellKey(case, 0, 0)))
    for future in [store.submit(end(run_id, case)) for case in cases]:
        future.result()
    return (time.perf_counter() - started) * 1000 / len(cases)


def storing(store: Store, cells: int) -> float:
    """How many times as much a cell costs in the large run."""
    large = create(store, cells)
    smalls = [create(store, SMALL) for _ in range(-(-cells // (10 * WINDOW)))]
    times: dict[str, list[float]] = {"large": [], "small": []}
    for begin in range(0, cells, WINDOW):
        times["large"].append(window_ms(store, large, range(begin, begin + WINDOW)))
        if begin % (10 * WINDOW) == 0:  # all of a small one, now and then all through
            small = smalls[begin // (10 * WINDOW)]
            times["small"].append(window_ms(store, small, range(SMALL)))
    tenth = len(times["large"]) // 10
    for name, values in (
        (f"run of {cells:,} cells, its first tenth", times["large"][:tenth]),
        (f"run of {cells:,} cells, its last tenth", times["large"][-tenth:]),
        (f"run of {cells:,} cells", times["large"]),
        (f"runs of {SMALL} cells", times["small"]),
    ):
        print(f"{name:42} median {statistics.median(values):6.2f} ms a cell")
    return statistics.median(times["large"]) / statistics.median(times["small"])


def opening(store: Store) -> float:
    """The slowest way to open a large run, in milliseconds."""
    run_id = create(store, OPENED)
    for future in [store.submit(end(run_id, case)) for case in range(OPENED)]:
        future.result()
    calls: dict[str, Callable[[], Any]] = {
        "first page": lambda: store.cells.page(run_id),
        "page in the middle": lambda: store.cells.page(run_id, after=CellKey(OPENED // 2, 0, 0)),
        "as Compare shows it": lambda: store.run(run_id),
        "first hundred cases as a matrix": lambda: store.cells.matrix(run_id),
        "one cell": lambda: store.cells.get(run_id, CellKey(OPENED // 2, 0, 0)),
        "what is left to run": lambda: store.cells.open_keys(run_id),
        "history": store.history,
    }
    worst = 0.0
    for name, call in calls.items():
        times = []
        for _ in range(7):
            started = time.perf_counter()
            call()
            times.append((time.perf_counter() - started) * 1000)
        worst = max(worst, *times)
        print(
            f"{OPENED:,} cells, {name:32} median {statistics.median(times):6.1f} ms, worst {max(times):6.1f}"
        )
    return worst


if __name__ == "__main__":
    raise SystemExit(main())
