"""Start, first token and speed of the engine, alone and beside a busy process.

    python tests/bench/engine_latency.py [--spin 0 1000 10000] [--threads 1 2]

One table row per setting; "busy" columns have another process that keeps one core at work.
Speeds are tokens per second of all answers together.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playground.engine.client import Engine, EngineOptions
from playground.engine.cores import SPIN
from playground.engine.protocol import Piece
from playground.settings import embedded_model_path
from playground.types.prompt import Sampling

TOKENS = 48


async def first_token_s(engine: Engine, model: Path) -> float:
    """Seconds from the request to the first piece of text."""
    began = time.perf_counter()
    async for event in engine.generate(model, [["user", "What is rain?"]], Sampling(max_tokens=1)):
        if isinstance(event, Piece):
            return time.perf_counter() - began
    raise RuntimeError("no text")


async def tokens_per_second(engine: Engine, model: Path, answers: int) -> float:
    """Decoding speed of several answers at once, prompts included."""

    async def one(seed: int) -> int:
        sampling = Sampling(max_tokens=TOKENS, seed=seed, temperature=1.0)
        events = engine.generate(model, [["user", "Write a long story."]], sampling)
        return len([event async for event in events if isinstance(event, Piece)])

    began = time.perf_counter()
    counts = await asyncio.gather(*(one(seed) for seed in range(answers)))
    return sum(counts) / (time.perf_counter() - began)


async def measure(model: Path, threads: int, folder: Path) -> list[float]:
    """One row of the table."""
    engine = Engine(EngineOptions(threads, 8, 4096, 4096, folder / "engine.json"))
    row = [await first_token_s(engine, model), await first_token_s(engine, model)]
    row += [await tokens_per_second(engine, model, n) for n in (1, 4)]
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        row += [await tokens_per_second(engine, model, n) for n in (1, 4)]
    finally:
        busy.kill()
        busy.wait()
        await engine.close()
    return row


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--spin", type=int, nargs="+", default=[SPIN])
    parser.add_argument("--threads", type=int, nargs="+", default=[0])
    options = parser.parse_args()
    model = embedded_model_path()
    assert model
    print("threads   spin  cold s  warm s  one/s  four/s  busy: one/s  four/s")
    with tempfile.TemporaryDirectory() as folder:
        for threads in options.threads:
            for spin in options.spin:
                os.environ["GOMP_SPINCOUNT"] = str(spin)
                row = asyncio.run(measure(model, threads, Path(folder)))
                print(
                    "{:7} {:6}  {:6.2f}  {:6.2f}  {:5.0f}  {:6.0f}  {:11.0f}  {:6.0f}".format(
                        threads, spin, *row
                    ),
                    flush=True,
                )


if __name__ == "__main__":
    main()
