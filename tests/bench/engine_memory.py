"""Resident memory of the engine process against its limit: model file + 250 MB.

    python tests/bench/engine_memory.py

Prints one line per moment; the ratio is resident memory over the limit and must stay at or below 1. The baseline is llama-cpp-python's
own `Llama` in a fresh process with the same window, after the same short answer.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path

from playground.engine.client import Engine, EngineOptions
from playground.engine.protocol import Piece
from playground.settings import embedded_model_path
from playground.types.prompt import Sampling

CONTEXT = 8192
ALLOWED = 250_000_000
BASELINE = """
import sys
from llama_cpp import Llama
llm = Llama(sys.argv[1], n_ctx=int(sys.argv[2]), flash_attn=True, verbose=False)
llm.create_chat_completion([{"role": "user", "content": "Hi"}], max_tokens=8)
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmRSS")))
"""


def resident_bytes(pid: int) -> int:
    """Memory of the process that is in RAM now, shared file pages included."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("no VmRSS")


async def read_prompt(engine: Engine, model: Path, words: int, max_tokens: int) -> None:
    """Run one answer to its end."""
    messages = [["user", "word " * words]]
    async for _ in engine.generate(model, messages, Sampling(max_tokens=max_tokens)):
        pass


async def main() -> None:
    """Measure after start, one short answer, eight at once, and a prompt that fills the window."""
    model = embedded_model_path()
    assert model
    limit = model.stat().st_size + ALLOWED
    print(
        f"model file {model.stat().st_size / 1e6:.1f} MB, limit {limit / 1e6:.1f} MB, window {CONTEXT} tokens"
    )

    def report(moment: str, used: int) -> None:
        print(f"{moment:38} {used / 1e6:7.1f} MB   ratio {used / limit:.2f}", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(EngineOptions(0, 8, CONTEXT, 4096, Path(folder) / "engine.json"))
        await read_prompt(engine, model, 3, 8)
        assert engine.pid
        report("after one short answer", resident_bytes(engine.pid))
        columns = asyncio.gather(*(read_prompt(engine, model, 460, 40) for _ in range(4)))
        most = 0
        while not columns.done():
            await asyncio.sleep(0.05)
            most = max(most, resident_bytes(engine.pid))
        report("most while four columns of 500 tokens run", most)
        report("after them", resident_bytes(engine.pid))
        async for event in engine.generate(
            model, [["user", "word " * (CONTEXT - 100)]], Sampling(max_tokens=40)
        ):
            if isinstance(event, Piece):
                break
        report("window full", resident_bytes(engine.pid))
        await engine.close()
    run = subprocess.run(
        [sys.executable, "-c", BASELINE, str(model), str(CONTEXT)], capture_output=True, text=True, check=True
    )
    report("baseline: Llama(), one short answer", int(run.stdout.split()[-1]) * 1024)


if __name__ == "__main__":
    asyncio.run(main())
