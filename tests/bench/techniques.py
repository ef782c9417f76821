"""What the layer of techniques adds to a call, and whether samples wait together: python tests/bench/techniques.py."""

from __future__ import annotations

import asyncio
import time

from playground.techniques.asking import Ask, Bounds, Call
from playground.techniques.base import Task
from playground.techniques.registry import run_technique, technique_of
from playground.types.generation import Completion, Message
from tests.techniques.scripted import prompts_of, render

CALLS = 2_000
SERVER_S = 0.02


async def overhead_ms() -> float:
    """Milliseconds that one call costs here, with a model that answers at once."""

    async def send(call: Call) -> Completion:
        return Completion("4", "stop", prompt_tokens=10, completion_tokens=1)

    ask = Ask(send, render, bounds=Bounds(max_calls=None))
    begun = time.perf_counter()
    for _ in range(CALLS):
        await ask([Message("user", "2 + 2?")], label="call", temperature=0.5)
    return 1000 * (time.perf_counter() - begun) / CALLS


async def samples_ms(count: int = 8) -> float:
    """Milliseconds that so many samples of self-consistency take on a server of 20 ms; the best of ten."""

    async def send(call: Call) -> Completion:
        await asyncio.sleep(SERVER_S)
        return Completion("Answer: 4", "stop", prompt_tokens=10, completion_tokens=2)

    row = technique_of("self-consistency")
    options = row.read({"samples": count})
    prompts = prompts_of(row, options)
    task = Task(messages=(Message("user", "2 + 2?"),))
    took = []
    for _ in range(10):
        begun = time.perf_counter()
        await run_technique(row, task, Ask(send, render, prompts), {}, options)
        took.append(1000 * (time.perf_counter() - begun))
    return min(took)


async def main() -> None:
    """Print both with their limits."""
    print(f"a call costs {await overhead_ms():.3f} ms more (at most 1)")
    print(f"eight samples on a server of 20 ms take {await samples_ms():.0f} ms (at most 60)")


if __name__ == "__main__":
    asyncio.run(main())
