"""The engine against the high-level API and against itself, in ratios measured in the same run. Against 0.2: `earlier.py`.

    python tests/bench/engine.py [--cases 32] [--tokens 32] [--repeats 1] [--only one,mixed,limit,samples,exact,busy,memory]

Both sides use the same number of threads and the same OpenMP settings, and their halves of a ratio are measured in turns,
so that a noisy machine disturbs both. "must" is what the project promises; "memory" (10,000 requests) runs only when named.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from playground.engine.client import Engine, EngineOptions, Wishes
from playground.engine.cores import thread_environment
from playground.engine.protocol import Done
from playground.settings import embedded_model_path
from playground.types.prompt import Sampling
from tests.bench.work import prompts

PARALLEL = 32
RIVAL = """
import json, sys, time
import llama_cpp.llama_cpp as low
defaults = low.llama_model_default_params
model, safe, threads = json.loads(sys.stdin.readline())
def params():
    p = defaults(); p.use_extra_bufts = safe; return p
low.llama_model_default_params = params
from llama_cpp import Llama
llm = Llama(model, n_ctx=8192, flash_attn=True, verbose=False, n_threads=threads, n_threads_batch=threads)
print("ready", flush=True)
for line in sys.stdin:
    work = json.loads(line)
    began = time.perf_counter()
    for prompt in work["prompts"]:
        tokens = llm.generate(llm.tokenize(prompt.encode(), add_bos=False, special=True), temp=0, top_k=0, top_p=1, min_p=0)
        for _ in range(work["tokens"]):
            next(tokens)
    print(time.perf_counter() - began, flush=True)
"""


RAW = """
import json, sys, time
from pathlib import Path
from playground.engine.context import STEP_ROWS, Context, Row, Shape
from playground.engine.gguf import read_header
from playground.engine.library import start_library
from playground.engine.model import open_model
model, extra, threads, shared, own, cases, tokens = json.loads(sys.stdin.readline())
start_library()
handle = open_model(read_header(Path(model)), extra_buffers=extra)
context = Context(handle, "raw", Shape(8192, cases + 1, threads))
def read(sequence, start, count):
    for at in range(start, start + count, STEP_ROWS):
        end = min(at + STEP_ROWS, start + count)
        code = context.decode([Row(5 + n % 900, n, sequence, n == start + count - 1) for n in range(at, end)])
        assert code == 0, code
began = time.perf_counter()
read(0, 0, shared)
rows = []
for case in range(1, cases + 1):
    context.share(0, case, shared)
for first in range(1, cases + 1, STEP_ROWS // own):
    batch = range(first, min(first + STEP_ROWS // own, cases + 1))
    assert context.decode([Row(7 + n, shared + n, case, n == own - 1) for case in batch for n in range(own)]) == 0
for step in range(tokens - 1):
    assert context.decode([Row(9 + step, shared + own + step, case, True) for case in range(1, cases + 1)]) == 0
    for row in range(cases):
        int(context.logits(row).argmax())
print(time.perf_counter() - began, flush=True)
"""


class Rival:
    """llama-cpp-python's own `Llama` in a process of its own."""

    def __init__(self, model: Path, safe: bool, threads: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", RIVAL],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ | thread_environment(threads),
        )
        self.ask_line([str(model), safe, threads])

    def ask_line(self, value: object) -> str:
        assert self.process.stdin and self.process.stdout
        print(json.dumps(value), file=self.process.stdin, flush=True)
        return self.process.stdout.readline()

    async def generate(self, prompts: list[str], tokens: int) -> float:
        """Seconds for greedy answers to all prompts, one after the other."""
        work = {"prompts": prompts, "tokens": tokens}
        return float(await asyncio.to_thread(self.ask_line, work))


async def answers(
    engine: Engine, model: Path, texts: list[str], tokens: int, mode: str = "throughput"
) -> float:
    """Seconds for greedy answers to all prompts at once."""

    async def one(text: str) -> None:
        wishes = Wishes(mode, raw_prompt=text, ignore_eos=True)  # type: ignore[arg-type]
        async for _ in engine.generate(model, [], Sampling(max_tokens=tokens), wishes):
            pass

    began = time.perf_counter()
    await asyncio.gather(*map(one, texts))
    return time.perf_counter() - began


class Bench:
    """Everything the rows need. A fresh engine per measurement, so that no cache is warm from the one before."""

    def __init__(self, folder: Path, options: argparse.Namespace) -> None:
        path = embedded_model_path()
        assert path
        self.model = path
        self.folder = folder
        self.cases: int = options.cases
        self.tokens: int = options.tokens
        self.repeats: int = options.repeats

    @asynccontextmanager
    async def engine(self) -> AsyncIterator[Engine]:
        engine = Engine(EngineOptions(0, PARALLEL, 8192, 4096, self.folder / "engine.json"))
        await engine.warm_up(self.model)
        yield engine
        await engine.close()

    async def against_generate(self, groups: int) -> float:
        """Ours over llama-cpp-python's own loop, which reuses the prefix of its last prompt."""
        texts = prompts(self.cases, groups)
        ratios = []
        for _ in range(self.repeats):
            async with self.engine() as engine:
                rival = Rival(
                    self.model, bool(engine.findings.extra_buffers("Q4_1")), engine.options.computing
                )
                theirs = await rival.generate(texts, self.tokens)
                rival.process.kill()
                rival.process.wait()
                ratios.append(theirs / await answers(engine, self.model, texts, self.tokens))
        return statistics.mean(ratios)

    async def limit(self) -> float:
        """The time of a bare loop of the same decode calls, nothing around it, over the time the engine takes."""
        async with self.engine() as engine:
            texts = prompts(self.cases, 1)
            counts = await engine.count(self.model, texts)
            shared = await engine.count(self.model, [os.path.commonprefix(texts)])
            own = round(statistics.mean(counts)) - shared[0]
            took = await answers(engine, self.model, texts, self.tokens)
            work = [
                str(self.model),
                engine.findings.extra_buffers("Q4_1") is not False,
                engine.options.computing,
            ]
            raw = subprocess.run(
                [sys.executable, "-c", RAW],
                input=json.dumps([*work, shared[0], own, self.cases, self.tokens]),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                check=True,
                env=os.environ | thread_environment(engine.options.computing),
            )
            return float(raw.stdout) / took

    async def samples(self) -> float:
        """Eight calls one after the other over eight samples in one go, of one 300-token prompt."""
        text = prompts(1, 1)[0]
        async with self.engine() as engine:
            began = time.perf_counter()
            for number in range(8):
                await answers(engine, self.model, [text.replace("Judge A", f"Judge {number}")], self.tokens)
            calls = time.perf_counter() - began
            sampling = Sampling(max_tokens=self.tokens, temperature=1.0)
            wishes = Wishes("throughput", raw_prompt=text, ignore_eos=True)
            began = time.perf_counter()
            async for _ in engine.sample(self.model, [], sampling, 8, wishes):
                pass
            return calls / (time.perf_counter() - began)

    async def exact_samples(self) -> float:
        """Eight exact answers to one 300-token prompt, each for itself, over the same eight as samples; in turns."""
        text = prompts(1, 1)[0]
        took: dict[str, list[float]] = {"": [], "f": []}
        async with self.engine() as engine:
            for number in range(2 * max(2, self.repeats)):
                family = "f" if number % 2 else ""
                wishes = Wishes(raw_prompt=f"{number} {text}", ignore_eos=True, family=family)
                began = time.perf_counter()
                ends = await asyncio.gather(*(self._exact(engine, seed, wishes) for seed in range(8)))
                took[family].append(time.perf_counter() - began)
                read = [end.cached_tokens for end in ends].count(0)
                assert read == (1 if family else 8), f"{read} of 8 read the prompt"
        return statistics.median(took[""]) / statistics.median(took["f"])

    async def _exact(self, engine: Engine, seed: int, wishes: Wishes) -> Done:
        sampling = Sampling(max_tokens=self.tokens, temperature=1.0, seed=seed)
        events = [event async for event in engine.generate(self.model, [], sampling, wishes)]
        assert isinstance(events[-1], Done)
        return events[-1]

    async def beside_busy(self) -> float:
        """Quiet time over the time of the same work while another process keeps one core busy."""
        texts = prompts(self.cases // 2, 1)
        times = []
        for is_busy in (False, True):
            async with self.engine() as engine:
                busy = subprocess.Popen([sys.executable, "-c", "while True: pass"]) if is_busy else None
                times.append(await answers(engine, self.model, texts, self.tokens))
                if busy:
                    busy.kill()
                    busy.wait()
        return times[0] / times[1]

    async def memory(self) -> float:
        """Resident memory after 10,000 requests over that after the first 1,000."""
        async with self.engine() as engine:
            sizes = []
            for round_number in range(100):
                texts = [f"{round_number} {n} and so on" for n in range(100)]
                await answers(engine, self.model, texts[:50], 1)
                await answers(
                    engine, self.model, texts[50:], 1, "exact" if round_number % 10 == 0 else "throughput"
                )
                status = Path(f"/proc/{engine.pid}/status").read_text()
                sizes.append(int(status.split("VmRSS:")[1].split()[0]))
                if round_number % 10 == 9:
                    print(f"  {100 * round_number + 100} requests: {sizes[-1] / 1000:.1f} MB", flush=True)
            return sizes[-1] / sizes[9]


async def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=32)
    parser.add_argument("--tokens", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--only", default="one,mixed,limit,samples,exact,busy")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), options)
        rows = {
            "one": ("one prompt's cases, against generate()", ">= 1.6", lambda: bench.against_generate(1)),
            "mixed": ("four prompts mixed, against generate()", ">= 3.7", lambda: bench.against_generate(4)),
            "limit": ("share of the raw prefill and decode rates", ">= 0.85", bench.limit),
            "samples": ("eight samples in one go, against eight calls", ">= 1.8", bench.samples),
            "exact": ("eight exact samples, against eight exact calls", ">= 1.8", bench.exact_samples),
            "busy": ("beside a busy process, of its quiet speed", ">= 0.4", bench.beside_busy),
            "memory": ("memory after 10,000 requests, over 1,000", "0.95-1.05", bench.memory),
        }
        print(f"{'measured':46} {'ratio':>6}  must")
        for name in options.only.split(","):
            words, must, measure = rows[name]
            print(f"{words:46} {await measure():6.2f}  {must}", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
