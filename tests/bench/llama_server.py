"""The engine against llama-server, sixteen answers at once: python tests/bench/llama_server.py PATH_OF_LLAMA_SERVER [--rounds 2]

llama-server has to be built from the sources that come with the installed llama-cpp-python, so that both have the same llama.cpp. Both have
as many threads, a slot for each answer, one cache of 8,192 cells and the same prompts: sixteen cases that share a beginning, and
sixteen that share nothing. Printed is how many times faster the engine is, by the clock and by the processor, least of the rounds.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import httpx

from playground.engine.client import Engine, EngineOptions, Wishes
from playground.engine.cores import thread_environment, usable_cores
from playground.settings import embedded_model_path
from playground.types.prompt import Sampling
from tests.bench.work import CASES, prompts

AT_ONCE, TOKENS, CELLS = 16, 32, 8192
Took = tuple[float, float]


def processor(pid: int) -> float:
    """Seconds of the processor that a process has used."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


async def timed(pid: int, answer: Callable[[str], Awaitable[None]], texts: Sequence[str]) -> Took:
    """All answers at once, in a process that has just been started."""
    clock, used = time.perf_counter(), processor(pid)
    await asyncio.gather(*map(answer, texts))
    return time.perf_counter() - clock, processor(pid) - used


async def ours(model: Path, folder: Path, texts: Sequence[str]) -> Took:
    """The engine's time."""
    engine = Engine(EngineOptions(0, AT_ONCE, CELLS, 4096, folder / "engine.json"))

    async def answer(text: str) -> None:
        wishes = Wishes("exact", raw_prompt=text, ignore_eos=True)
        async for _ in engine.generate(model, [], Sampling(max_tokens=TOKENS), wishes):
            pass

    await engine.warm_up(model)
    await answer("Hello.")
    assert engine.pid
    found = await timed(engine.pid, answer, texts)
    await engine.close()
    return found


async def theirs(server: Path, model: Path, texts: Sequence[str]) -> Took:
    """llama-server's time."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    threads = str(usable_cores())
    limits = [
        "-c",
        str(CELLS),
        "-np",
        str(AT_ONCE),
        "-t",
        threads,
        "-tb",
        threads,
        "-fa",
        "on",
        "--kv-unified",
    ]
    process = subprocess.Popen(
        [server, "-m", model, "--host", "127.0.0.1", "--port", str(port), *limits],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | thread_environment(usable_cores()),
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=600) as client:

            async def answer(text: str) -> None:
                wishes = {
                    "prompt": text,
                    "n_predict": TOKENS,
                    "temperature": 0,
                    "ignore_eos": True,
                    "stream": True,
                }
                async with client.stream("POST", "/completion", json=wishes) as said:
                    assert said.status_code == 200
                    async for _ in said.aiter_lines():
                        pass

            while True:
                try:
                    if (await client.get("/health")).status_code == 200:
                        break
                except httpx.HTTPError:
                    assert process.poll() is None, "llama-server has ended"
                await asyncio.sleep(0.1)
            await answer("Hello.")
            return await timed(process.pid, answer, texts)
    finally:
        process.kill()
        process.wait()


async def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("server", type=Path)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    model = embedded_model_path()
    assert model
    different = [f"{n}. {CASES[n % 2]} {' '.join(str(n * k) for k in range(2, 12))}" for n in range(AT_ONCE)]
    work = {"16 cases that share 350 tokens": prompts(AT_ONCE, 1), "16 prompts that share nothing": different}
    print(f"{'against llama-server':46} {'clock':>6} {'processor':>9}  must", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for words, texts in work.items():
            rounds = [
                (await theirs(options.server, model, texts), await ours(model, Path(folder), texts))
                for _ in range(options.rounds)
            ]
            ratios = [min(t[i] for t, _ in rounds) / min(o[i] for _, o in rounds) for i in (0, 1)]
            print(f"{words:46} {ratios[0]:6.2f} {ratios[1]:9.2f}  >= 1.45", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
