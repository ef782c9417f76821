"""Experiments: python tests/bench/experiments.py [--only calls|engine|checks|views|kill]

calls    3,000 calls of 20 ms to a server, 16 at once, three checks each, as an experiment; beside a bare httpx loop
engine   32 cases that share a prefix on the embedded model, as an experiment; beside the engine asked directly
checks   ten checks of ten kinds over 3,000 stored cells
views    100,000 stored cells: every look at the experiment, and its files
kill     kill -9 at 50 random moments of an experiment of 300 cells

Ratios are against a baseline in the same run. Exit code 1 beyond a limit.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from served import HEAD, ROOT, free_port, process, row, timed, wait_for_page

sys.path.insert(0, str(ROOT))

if TYPE_CHECKING:
    from playground.workbench.service import Workbench

AT_ONCE, CALLS = 16, 3000
LIMIT, LIMIT_MB = 1.3, 250
ENGINE_CASES, ENGINE_LIMIT = 32, 0.9
CHECKS_S = 3.0
VIEWED, VIEW_MS, MORE_MB = 100_000, 500, 30
KILLS, CELLS = 50, 300


# --- calls ------------------------------------------------------------------------------------------------


async def as_experiment(url: str, folder: str, calls: int) -> None:
    """Run so many cells; raises RuntimeError unless each is done and passes three checks."""
    from playground.backends import make_backend
    from playground.settings import Settings
    from playground.store import open_store
    from playground.types.experiment import Cases, Experiment, ExperimentVariant
    from playground.types.prompt import Check, Prompt, Sampling, Turn
    from playground.workbench.service import Workbench

    settings = Settings(data_dir=Path(folder), database_url="", openai_url=url, server_parallel=AT_ONCE)
    workbench = Workbench(settings, open_store(settings), {"openai": make_backend("openai", settings)})
    planned = Experiment(
        name="Bench",
        prompt=Prompt(turns=(Turn(role="user", template="Say {{ n }}."),)),
        model="openai:tiny",
        sampling=Sampling(max_tokens=32),
        variants=(
            ExperimentVariant(name="A"),
            ExperimentVariant(
                name="B", prompt=Prompt(turns=(Turn(role="user", template="Say {{ n }} again."),))
            ),
        ),
        cases=Cases(rows=tuple({"n": str(number)} for number in range(calls // 2))),
        checks=(
            Check(scorer="contains", options={"text": "word 3"}),
            Check(scorer="regex", options={"pattern": r"word \d"}),
            Check(scorer="length", options={"max": 70}),
        ),
    )
    run_id = await workbench.experiments.start(planned)
    await workbench.experiments.wait(run_id)
    passed = sum(outcome.passed is True for outcome in await workbench.experiments.outcomes(run_id))
    await workbench.close()
    if passed != calls:
        raise RuntimeError(f"{passed} of {calls} answers came back with three passed checks")


def calls() -> bool:
    """Whether an experiment costs little beside its calls."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, str(Path(__file__).with_name("scripted_server.py")), str(port), "20", "5", "0"]
    with tempfile.TemporaryDirectory() as folder, process(command) as server:
        wait_for_page(url, server)
        spent = [_spent_inside()]
        bare_s, bare_mb = timed(__file__, "--inside", "bare", url, folder)
        spent.append(_spent_inside())
        full_s, full_mb = timed(__file__, "--inside", "full", url, folder)
        spent.append(_spent_inside())
    bare_spent, full_spent = spent[1] - spent[0], spent[2] - spent[1]
    print(row(f"bare httpx loop of {CALLS:,} calls (baseline)", bare_s, "s", None))
    print(row("as an experiment", full_s, "s", LIMIT * bare_s, bare_s))
    print(row("the processor's time of the bare loop", bare_spent, "s", None))
    print(row("the processor's time of the experiment", full_spent, "s", None, bare_spent))
    print(row("peak memory", full_mb, "MB", LIMIT_MB, bare_mb))
    return full_s <= LIMIT * bare_s and full_mb <= LIMIT_MB


def _spent_inside() -> float:
    """Seconds of the processor that child processes took which have ended: the server is none of them yet."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


# --- the engine -------------------------------------------------------------------------------------------


async def engine() -> bool:
    """Whether the embedded model answers about as fast as when it is asked directly."""
    from playground.backends import make_backend
    from playground.backends.base import Fold
    from playground.settings import Settings
    from playground.store import open_store
    from playground.types.experiment import Cases, Experiment, ExperimentVariant
    from playground.types.generation import GenerationRequest, Message
    from playground.types.prompt import Check, Prompt, Sampling, Turn
    from playground.workbench.service import Workbench

    shared = "You answer questions about a shop that sells lamps, chairs and tables. " * 12
    template = shared + "\n\nQuestion {{ n }}: what is sold here?"
    sampling = Sampling(max_tokens=24)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), database_url="")
        backend = make_backend("llama.cpp", settings)
        model = (await backend.models())[0].id
        workbench = Workbench(settings, open_store(settings), {"llama.cpp": backend})

        places = asyncio.Semaphore(backend.parallel)

        async def ask(number: int, which: str) -> int:
            text = template.replace("{{ n }}", f"{which}{number}")
            request = GenerationRequest(model, (Message("user", text),), sampling)
            fold = Fold()
            async with places:
                async for chunk in backend.stream(request):
                    fold.add(chunk)
            return fold.completion().completion_tokens or 0

        await ask(0, "warm")
        took: dict[str, list[float]] = {"direct": [], "experiment": []}
        for turn in range(2):
            began = time.perf_counter()
            tokens = sum(await asyncio.gather(*(ask(n, f"d{turn}-") for n in range(ENGINE_CASES))))
            took["direct"].append(tokens / (time.perf_counter() - began))
            planned = Experiment(
                name="Bench",
                prompt=Prompt(turns=(Turn(role="user", template=template),)),
                model=model,
                sampling=sampling,
                variants=(ExperimentVariant(name="A"),),
                cases=Cases(rows=tuple({"n": f"e{turn}-{n}"} for n in range(ENGINE_CASES))),
                checks=(Check(scorer="contains", options={"text": "lamp"}),),
                cache=False,
            )
            began = time.perf_counter()
            run_id = await workbench.experiments.start(planned)
            await workbench.experiments.wait(run_id)
            seconds = time.perf_counter() - began
            cells = [
                workbench.store.cells.get(run_id, o.key) for o in await workbench.experiments.outcomes(run_id)
            ]
            took["experiment"].append(sum(cell.answer.completion_tokens or 0 for cell in cells) / seconds)
        await workbench.close()
    direct, path = max(took["direct"]), max(took["experiment"])
    print(row(f"{ENGINE_CASES} cases, the engine asked directly (baseline)", direct, "tok/s", None))
    print(row("as an experiment", path, "tok/s", None, direct))
    return path >= ENGINE_LIMIT * direct


# --- stored cells -----------------------------------------------------------------------------------------


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
        from playground.store import open_store
        from playground.workbench.service import Workbench

        told, run_id, _ = await stored_cells(VIEWED, 3, folder)
        assert isinstance(told, Workbench)
        await told.experiments._keep_verdict(run_id)  # as when its last cell has ended
        await told.close()
        workbench = Workbench(told.settings, open_store(told.settings), told.models.backends)
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


# --- kill -------------------------------------------------------------------------------------------------


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


def main() -> int:
    """Print the tables; 1 when a limit is broken."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", choices=["calls", "engine", "checks", "views", "kill"])
    parser.add_argument("--inside", nargs=3, metavar=("KIND", "URL", "FOLDER"))
    asked = parser.parse_args()
    if asked.inside:
        from server_calls import through_httpx

        kind, url, folder = asked.inside
        asyncio.run(as_experiment(url, folder, CALLS) if kind == "full" else through_httpx(url, CALLS))
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6)
        return 0
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"load {load}\n{HEAD}")
    parts = {
        "calls": calls,
        "engine": lambda: asyncio.run(engine()),
        "checks": lambda: asyncio.run(checks()),
        "views": lambda: asyncio.run(views()),
        "kill": kill,
    }
    good = [part() for name, part in parts.items() if asked.only in (None, name)]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
