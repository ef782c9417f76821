"""What the layer of techniques adds to a call, and whether samples wait and read together: python tests/bench/techniques.py."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from playground.backends.llamacpp import LlamaCppBackend
from playground.runs.events import Ended
from playground.settings import Settings
from playground.techniques.asking import Ask
from playground.techniques.base import Task
from playground.techniques.calls import Bounds, Call
from playground.techniques.registry import technique_of
from playground.techniques.technique import run_technique
from playground.types.generation import Completion, Message
from playground.types.grid import RunSpec, Variant
from playground.types.prompt import Check, Prompt, Sampling, TechniqueChoice, Turn
from playground.types.trace import Answer
from playground.workbench.service import open_workbench
from tests.bench.work import prompts
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


async def shared_prefill(count: int = 8, tokens: int = 8) -> tuple[float, float, int]:
    """So many plain calls over so many samples of a technique, on the embedded model: by the clock, by its processor time.

    And how many of the samples read the prompt. Each call's prompt begins in its own way, as separate ones do.
    """
    with TemporaryDirectory() as folder:
        workbench = open_workbench(Settings(data_dir=Path(folder), database_url=""))
        model = next(m.id for m in await workbench.models.all() if m.backend == "llama.cpp")
        check = Check(scorer="contains", options={"text": "negative"})
        sampling = Sampling(temperature=1.0, max_tokens=tokens, seed=1)
        backend = workbench.models.backend_of(model)
        assert isinstance(backend, LlamaCppBackend)

        async def taken(template: str, technique: TechniqueChoice | None) -> tuple[float, float, Answer]:
            prompt = Prompt(turns=(Turn(role="user", template=template),), checks=(check,))
            variant = Variant(model=model, sampling=sampling, technique=technique)
            begun, worked = time.perf_counter(), _cpu_s(backend.engine.pid)
            async for event in workbench.runs.compare(RunSpec.comparison(prompt=prompt, variants=(variant,))):
                if isinstance(event, Ended):
                    answer = event.cell.answer
            return time.perf_counter() - begun, _cpu_s(backend.engine.pid) - worked, answer

        text = prompts(1, 1)[0]
        await taken("Say yes.", None)  # the model is loaded
        plain = [await taken(f"{number} {text}", None) for number in range(count)]
        choice = TechniqueChoice(name="best-of-n", options={"samples": count, "by": "checks"})
        wall_s, cpu_s, answer = await taken(f"{count} {text}", choice)
        calls = [step.completion for step in answer.steps if step.completion]
        read = sum(2 * (call.cached_tokens or 0) < (call.prompt_tokens or 0) for call in calls)
        await workbench.close()
        return sum(each[0] for each in plain) / wall_s, sum(each[1] for each in plain) / cpu_s, read


def _cpu_s(pid: int | None) -> float:
    """Processor seconds of a process so far; 0 before it is there."""
    if pid is None:
        return 0.0
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


async def main() -> None:
    """Print all with their limits."""
    print(f"a call costs {await overhead_ms():.3f} ms more (at most 1)")
    print(f"eight samples on a server of 20 ms take {await samples_ms():.0f} ms (at most 60)")
    wall, cpu, read = await shared_prefill()
    print(
        f"eight calls over eight samples on llama.cpp: x{wall:.1f}, x{cpu:.1f} in processor time (at least 3); {read} of 8 read the prompt"
    )


if __name__ == "__main__":
    asyncio.run(main())
