"""3,000 calls of 20 ms to a server, scored and stored: python tests/bench/server_calls.py [CALLS]

Comparisons of four columns through the workbench, three checks on each answer, 16 requests at once, everything in a
SQLite file; counted from the start of the process. The baseline is a bare httpx loop of the same calls, likewise in a
process of its own, which keeps nothing. Exit code 1 beyond a limit.
"""

from __future__ import annotations

import asyncio
import os
import resource
import sys
import tempfile
from pathlib import Path

from served import HEAD, free_port, process, row, timed, wait_for_page

LIMIT_S, GOAL_S, LIMIT_MB = 5.6, 3.75, 250
AT_ONCE, COLUMNS = 16, 4


async def through_workbench(url: str, folder: str, calls: int) -> None:
    """Run and store so many cells; raises RuntimeError unless each is done with three passed checks."""
    from playground.backends import make_backend
    from playground.runs.events import Ended
    from playground.settings import Settings
    from playground.store import open_store
    from playground.types.grid import RunSpec, Variant
    from playground.types.prompt import Check, Prompt, Sampling, Turn
    from playground.workbench.service import Workbench

    settings = Settings(data_dir=Path(folder), database_url="", openai_url=url, server_parallel=AT_ONCE)
    backends = {"openai": make_backend("openai", settings)}
    workbench = Workbench(settings, open_store(settings), backends)
    checks = (
        Check(scorer="contains", options={"text": "word 3"}),
        Check(scorer="regex", options={"pattern": r"word \d"}),
        Check(scorer="length", options={"max": 70}),
    )
    prompt = Prompt(name="Bench", turns=(Turn(role="user", template="Say {{ n }}."),), checks=checks)
    columns = (Variant(model="openai:tiny", sampling=Sampling(max_tokens=32)),) * COLUMNS
    numbers = iter(range(calls // COLUMNS))
    good = 0

    async def work() -> None:
        nonlocal good
        for number in numbers:
            comparison = RunSpec.comparison(prompt=prompt, values={"n": str(number)}, variants=columns)
            async for step in workbench.runs.compare(comparison):
                if isinstance(step, Ended) and [score.value for score in step.cell.scores] == [1, 1, 1]:
                    good += 1

    # More runs than fit at once, so that the server never waits while one is stored.
    await asyncio.gather(*(work() for _ in range(3 * AT_ONCE // COLUMNS)))
    await workbench.close()
    if good != calls:
        raise RuntimeError(f"{good} of {calls} answers came back with three passed checks")


async def through_httpx(url: str, calls: int) -> None:
    """The same calls with nothing around them."""
    import httpx

    numbers = iter(range(calls))
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:

        async def work() -> None:
            for number in numbers:
                message = {"role": "user", "content": f"Say {number}."}
                body = {"model": "tiny", "messages": [message], "stream": True}
                async with client.stream("POST", f"{url}/v1/chat/completions", json=body) as answer:
                    async for _ in answer.aiter_lines():
                        pass

        await asyncio.gather(*(work() for _ in range(AT_ONCE)))


def main() -> int:
    """Print the table; 1 when a limit is broken."""
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, str(Path(__file__).with_name("scripted_server.py")), str(port), "20", "5", "0"]
    with tempfile.TemporaryDirectory() as folder, process(command) as server:
        wait_for_page(url, server)
        bare_s, bare_mb = timed(__file__, "bare", url, folder, str(calls))
        full_s, full_mb = timed(__file__, "full", url, folder, str(calls))
    limit = LIMIT_S * calls / 3000
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"{calls} calls of 20 ms, {AT_ONCE} at once, from process start; load {load}")
    print(
        f"{calls * 0.02 / AT_ONCE:.2f} s would be the server alone; goal {GOAL_S * calls / 3000:.2f} s\n{HEAD}"
    )
    print(row("bare httpx loop (baseline)", bare_s, "s", None))
    print(row("run, scored and stored", full_s, "s", limit, bare_s))
    print(row("each call beside the bare one", (full_s - bare_s) / calls * 1000, "ms", None))
    print(row("bare httpx loop, peak memory", bare_mb, "MB", None))
    print(row("peak memory", full_mb, "MB", LIMIT_MB, bare_mb))
    return 1 if full_s > limit or full_mb > LIMIT_MB else 0


if __name__ == "__main__":
    if len(sys.argv) == 5:
        kind, address, data, count = sys.argv[1:]
        work = (
            through_workbench(address, data, int(count))
            if kind == "full"
            else through_httpx(address, int(count))
        )
        asyncio.run(work)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6)
    else:
        sys.exit(main())
