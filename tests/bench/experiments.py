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
import resource
import sys
import tempfile
import time
from pathlib import Path

from kills import kill
from served import HEAD, ROOT, free_port, process, row, timed, wait_for_page
from stored_cells import checks, views

sys.path.insert(0, str(ROOT))

AT_ONCE, CALLS, TURNS = 16, 3000, 3
LIMIT, LIMIT_MB = 1.3, 250
ENGINE_CASES, ENGINE_LIMIT = 32, 0.9


# --- calls ------------------------------------------------------------------------------------------------


async def as_experiment(url: str, folder: str, calls: int) -> None:
    """Run so many cells; raises RuntimeError unless each is done and passes three checks."""
    from playground import garbage

    garbage.put_off()  # as the command line does
    from playground.backends import make_backend
    from playground.settings import Settings
    from playground.store import open_store
    from playground.types.experiment import Cases, Experiment, ExperimentVariant
    from playground.types.prompt import Check, Prompt, Sampling, Turn
    from playground.workbench.service import Workbench

    settings = Settings(data_dir=Path(folder), database_url="", openai_url=url, server_parallel=AT_ONCE)
    workbench = Workbench(settings, open_store(settings), {"openai": make_backend("openai", settings)})
    garbage.keep_loaded()
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
    # Each the quickest of three, in turn: the same loop takes 8 or 12 seconds here, minutes apart.
    took: dict[str, list[tuple[float, float, float]]] = {"bare": [], "full": []}
    with process(command) as server:
        wait_for_page(url, server)
        for kind in ("bare", "full") * TURNS:
            with tempfile.TemporaryDirectory() as folder:
                spent = _spent_inside()
                seconds, megabytes = timed(__file__, "--inside", kind, url, folder)
                took[kind].append((seconds, _spent_inside() - spent, megabytes))
    (bare_s, bare_spent, bare_mb), (full_s, full_spent, full_mb) = (
        (min(seconds), min(spent), max(megabytes))
        for seconds, spent, megabytes in (zip(*took[kind], strict=True) for kind in ("bare", "full"))
    )
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
