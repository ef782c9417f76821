"""Added time to the first token with 64 streams at once: python tests/bench/streams.py [ROUNDS]

The runner and bare httpx clients (one a stream, because the pool of httpx slows down with many connections) read 64 streams of the same server, turn by turn; a round is the median time from
the common start to the first word. The first round of each warms up and does not count. Exit code 1 beyond the limit.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from served import HEAD, free_port, process, row, wait_for_page

if TYPE_CHECKING:
    from playground.backends.base import Backend

STREAMS, LIMIT_MS = 64, 20


async def of_runner(backend: Backend) -> list[float]:
    """Milliseconds to the first word of each stream, through the runner."""
    from playground.runs.runner import Delta, End, Execution
    from playground.types.generation import Message
    from playground.types.grid import Case, CellKey, Variant, Work
    from playground.types.prompt import Prompt, Sampling

    asked, sampling = Variant(model="openai:tiny"), Sampling(seed=1)
    cells = [
        Work(CellKey(0, n, 0), asked, Case(), Prompt(), (Message("user", f"Say {n}."),), sampling)
        for n in range(STREAMS)
    ]
    first: dict[int, float] = {}

    async def settle(end: End) -> End:
        return end

    execution = Execution(cells, lambda _: backend, {"openai": asyncio.Semaphore(STREAMS)}, settle)
    started = time.perf_counter()
    async for event in execution.events():
        if isinstance(event, Delta):
            first.setdefault(event.cell.key.variant, (time.perf_counter() - started) * 1000)
    return list(first.values())


async def of_httpx(clients: Sequence[httpx.AsyncClient], url: str) -> list[float]:
    """The same from a client that only reads lines."""
    first: list[float] = []
    started = time.perf_counter()

    async def read(number: int, client: httpx.AsyncClient) -> None:
        message = {"role": "user", "content": f"Say {number}."}
        body = {"model": "tiny", "messages": [message], "stream": True}
        seen = False
        async with client.stream("POST", f"{url}/v1/chat/completions", json=body) as answer:
            async for line in answer.aiter_lines():
                if not seen and line:
                    seen = True
                    first.append((time.perf_counter() - started) * 1000)

    await asyncio.gather(*(read(number, client) for number, client in enumerate(clients)))
    return first


async def measure(url: str, folder: str, rounds: int) -> tuple[list[float], list[float]]:
    """Medians of the rounds: bare, runner."""
    from playground.backends import make_backend
    from playground.settings import Settings

    backend = make_backend("openai", Settings(data_dir=Path(folder), database_url="", openai_url=url))
    bare: list[list[float]] = []
    ours: list[list[float]] = []
    clients = [httpx.AsyncClient(trust_env=False, verify=False, timeout=30) for _ in range(STREAMS)]
    for _ in range(rounds + 1):
        bare.append(await of_httpx(clients, url))
        ours.append(await of_runner(backend))
    for client in clients:
        await client.aclose()
    await backend.close()
    if any(len(times) != STREAMS for times in bare + ours):
        raise RuntimeError("a stream had no word")
    return [statistics.median(times) for times in bare[1:]], [statistics.median(times) for times in ours[1:]]


def main() -> int:
    """Print the table; 1 when the limit is broken."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    script = str(Path(__file__).with_name("scripted_server.py"))
    with (
        tempfile.TemporaryDirectory() as folder,
        process([sys.executable, script, str(port), "50", "20", "20"]) as server,
    ):
        wait_for_page(url, server)
        bare, ours = asyncio.run(measure(url, folder, rounds))
    added = statistics.median(ours) - statistics.median(bare)
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"{STREAMS} streams at once, first word after 50 ms, {rounds} rounds; load {load}\n{HEAD}")
    print(row("bare httpx clients, median (baseline)", statistics.median(bare), "ms", None))
    print(row("runner, median", statistics.median(ours), "ms", None, statistics.median(bare)))
    print(row("added", added, "ms", LIMIT_MS))
    return 1 if added > LIMIT_MS else 0


if __name__ == "__main__":
    sys.exit(main())
