"""A running grid beside an interactive column, and the memory of a long one: python tests/bench/grid.py

1. 3,000 cells of 20 ms at 16 places; a column that somebody watches gets its first token at most two calls' time later
   than alone.
2. 30,000 cells of a scripted backend: resident memory after the first 3,000 and at the end, at most 20 MB apart.

Exit code 1 beyond a limit.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from playground.backends.scripted import ScriptedBackend
from playground.runs.cells import Delta, End, Finished
from playground.runs.gate import Gate
from playground.runs.runner import Execution
from playground.types.generation import GenerationRequest, Message
from playground.types.grid import Case, CellKey, Variant, Work
from playground.types.prompt import Prompt

CALL_S, PLACES, GRID, LONG, FIRST = 0.02, 16, 3_000, 30_000, 3_000
LIMIT_CALLS, LIMIT_MB = 2.0, 20.0


def cells(number: int, model: str) -> Iterator[Work]:
    """So many cells, made as they are asked for."""
    asked = Variant(model=f"scripted:{model}")
    for repeat in range(number):
        sent = (Message("user", f"case {repeat}"),)
        yield Work(CellKey(0, 0, repeat), asked, Case(), Prompt(), sent, asked.sampling)


async def as_it_is(end: End) -> End:
    """Nothing is stored."""
    return end


def resident_mb() -> float:
    """Memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


async def first_token_s(backend: ScriptedBackend, gate: Gate) -> float:
    """From the start of an interactive column to its first word."""
    began = time.perf_counter()
    run = Execution(cells(1, "word"), lambda _: backend, {"scripted": gate}, as_it_is)
    seconds = 0.0
    async for event in run.events():
        if isinstance(event, Delta) and not seconds:
            seconds = time.perf_counter() - began
    return seconds


async def beside_a_grid() -> tuple[float, float]:
    """Seconds to the first word alone and beside the grid, medians of nine."""
    backend, gate = ScriptedBackend({"word": "hello", "cell": [CALL_S, "x"]}), Gate(lambda: PLACES)
    alone = [await first_token_s(backend, gate) for _ in range(9)]
    grid = Execution(
        cells(GRID, "cell"),
        lambda _: backend,
        {"scripted": gate},
        as_it_is,
        lambda: 1,
        window=64,
        tells="whole",
    )

    async def read() -> None:
        async for _ in grid.events():
            pass

    reader = asyncio.create_task(read())
    await asyncio.sleep(0.3)
    beside = []
    for _ in range(9):
        beside.append(await first_token_s(backend, gate))
        await asyncio.sleep(0.1)
    assert not reader.done(), "the grid was over too early"
    grid.stop()
    await reader
    return statistics.median(alone), statistics.median(beside)


async def long_run() -> tuple[float, float, float]:
    """Memory after the first cells and at the end in MB, and seconds."""
    backend = ScriptedBackend({"cell": "an answer of some words"})
    backend.requests = Forgetful()
    run = Execution(
        cells(LONG, "cell"),
        lambda _: backend,
        {"scripted": Gate(lambda: PLACES)},
        as_it_is,
        window=64,
        tells="whole",
    )
    began, ended, first = time.perf_counter(), 0, 0.0
    async for event in run.events():
        ended += isinstance(event, Finished)
        if ended == FIRST and not first:
            first = resident_mb()
    assert ended == LONG
    return first, resident_mb(), time.perf_counter() - began


class Forgetful(list[GenerationRequest]):
    """The scripted backend remembers every request for tests; here that would be the only thing that grows."""

    def append(self, _: GenerationRequest) -> None:
        """Keep nothing."""


def main() -> int:
    """Print both rows; 1 when a limit is broken."""
    alone, beside = asyncio.run(beside_a_grid())
    later = (beside - alone) / CALL_S
    print(f"first token alone {alone * 1000:.1f} ms, beside {GRID:,} cells {beside * 1000:.1f} ms")
    print(f"later by {later:.2f} calls of {CALL_S * 1000:.0f} ms (limit {LIMIT_CALLS:g})")
    first, last, seconds = asyncio.run(long_run())
    print(
        f"{LONG:,} cells in {seconds:.1f} s: {first:.1f} MB after {FIRST:,}, {last:.1f} MB at the end (limit ±{LIMIT_MB:g})"
    )
    return int(later > LIMIT_CALLS or abs(last - first) > LIMIT_MB)


if __name__ == "__main__":
    sys.exit(main())
