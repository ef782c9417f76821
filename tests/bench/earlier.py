"""Today's engine against that of 0.2, in the same run: python tests/bench/earlier.py [--rounds 2] [--threads 1] [--only columns,cases,…]

Version 0.2 is taken from this repository's own history. It had two modes: exact, in which answers took turns and shared nothing,
and throughput, in which they were batched and could change with their neighbours. Each row runs the same work in both versions by
turns, with as many threads and a fresh cache each time, and prints the ratio of the least times, of the clock and of the processor.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[2]))

from playground.engine.cores import usable_cores
from playground.settings import embedded_model_path
from tests.bench.work import PROSE, RULES, STORY, prompts

ROOT = Path(__file__).parents[2]
VERSION = "1d4193e"
DRIVER = """
import asyncio, json, os, sys, time
from pathlib import Path
from playground.engine.client import Engine, EngineOptions, Wishes
from playground.engine.protocol import Piece
try:
    from playground.types.prompt import Sampling
except ImportError:
    from playground.types import Sampling
model, findings, threads = json.loads(sys.stdin.readline())
model = Path(model)
def processor(pid):
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
async def answer(engine, text, tokens, mode, written=None):
    began, first, count = time.perf_counter(), 0.0, 0
    wishes = Wishes(mode, raw_prompt=text, ignore_eos=True)
    async for event in engine.generate(model, [], Sampling(max_tokens=tokens), wishes):
        if isinstance(event, Piece) and not first:
            first = time.perf_counter() - began
        count += isinstance(event, Piece)
        if count == 3 and written:
            written.release()
    return first
async def run(work):
    engine = Engine(EngineOptions(threads, 32, 8192, 4096, Path(findings)))
    await engine.warm_up(model)
    await answer(engine, "Hello.", 2, work["mode"])
    written = asyncio.Semaphore(0)
    behind = [asyncio.create_task(answer(engine, text, 400, work["mode"], written)) for text in work["behind"]]
    for _ in behind:  # all of them are being written
        await written.acquire()
    clock, cpu = time.perf_counter(), processor(engine.pid)
    firsts = await asyncio.gather(*(answer(engine, text, work["tokens"], work["mode"]) for text in work["texts"]))
    found = [time.perf_counter() - clock, processor(engine.pid) - cpu, max(firsts)]
    for task in behind:
        task.cancel()
    await asyncio.gather(*behind, return_exceptions=True)
    await engine.close()
    return found
for line in sys.stdin:
    print(json.dumps(asyncio.run(run(json.loads(line)))), flush=True)
"""


class Took(NamedTuple):
    """Seconds of the clock, of the processor, and until the first token of the last answer to begin."""

    clock: float
    processor: float
    first: float


class Version:
    """A version of the program whose engine does what it is told, in a process of its own."""

    def __init__(self, source: Path, folder: Path, threads: int) -> None:
        environment = os.environ | {"PYTHONPATH": str(source)}
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-c", DRIVER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=source,
        )
        model = embedded_model_path()
        self._tell([str(model), str(folder / f"{source.name}.json"), threads])

    def _tell(self, value: object) -> None:
        assert self.process.stdin
        print(json.dumps(value), file=self.process.stdin, flush=True)

    def run(self, texts: Sequence[str], tokens: int, mode: str = "exact", behind: Sequence[str] = ()) -> Took:
        """So many tokens of an answer to each text, all asked for at once; `behind` are others that are being written."""
        assert self.process.stdout
        self._tell({"texts": list(texts), "tokens": tokens, "mode": mode, "behind": list(behind)})
        return Took(*json.loads(self.process.stdout.readline()))

    def close(self) -> None:
        """End it."""
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()


class Row(NamedTuple):
    """Work for both versions. In exact mode 0.2 shares nothing, so that one of `part` stands for all."""

    words: str
    must: float
    texts: list[str]
    tokens: int
    old_mode: str = "exact"
    part: int = 1


ROWS = {
    "columns": Row("four columns, against exact of 0.2", 1.3, [f"{n}. {STORY * 5}" for n in range(4)], 128),
    "cases": Row("32 cases sharing 310 tokens, exact of 0.2", 5.5, prompts(32, 1), 32, part=8),
    "fastcolumns": Row(
        "four columns, against throughput of 0.2",
        0.95,
        [f"{n}. {STORY * 5}" for n in range(4)],
        128,
        "throughput",
    ),
    "fastcases": Row("32 cases, against throughput of 0.2", 0.95, prompts(32, 1), 32, "throughput"),
    "lone": Row("a lone short answer, against exact of 0.2", 0.95, [f"1. {STORY * 4}"], 128),
    "lonelong": Row("a lone answer after 500 tokens, exact of 0.2", 0.95, [STORY * 24], 96),
    "loneprose": Row("the same that repeats nothing", 0.95, [f"{RULES} {PROSE}"], 96),
    "long4": Row("a prompt of 4,000 tokens, exact of 0.2", 0.9, [STORY * 190], 4),
    "long8": Row("a prompt of 7,900 tokens, exact of 0.2", 0.9, [STORY * 375], 4),
}
FIRST = {
    "first": ("first token beside 8 answers, over alone", "New. " + RULES),
    "firstshort": ("the same of a short prompt", "What is rain?"),
}


def least(took: Sequence[Took]) -> Took:
    """The least of each number: what a machine with other work has disturbed least."""
    return Took(*(min(each) for each in zip(*took, strict=True)))


def compared(row: Row, old: Version, new: Version, rounds: int) -> tuple[float, float]:
    """How many times faster today's version is: by the clock, by the processor."""
    took: dict[Any, list[Took]] = {old: [], new: []}
    for number in range(rounds):
        for version in (old, new) if number % 2 else (new, old):
            texts, mode = (row.texts[:: row.part], row.old_mode) if version is old else (row.texts, "exact")
            took[version].append(version.run(texts, row.tokens, mode))
    before, now = least(took[old]), least(took[new])
    return row.part * before.clock / now.clock, row.part * before.processor / now.processor


def first_beside_eight(new: Version, rounds: int, text: str) -> tuple[float, float]:
    """Time to the first token of a new request while eight others are written, over alone: by the clock, by the processor."""
    others = [f"{n}. Write a story." for n in range(8)]
    alone, beside = [], []
    for _ in range(rounds):
        alone.append(new.run([text], 1))
        beside.append(new.run([text], 1, behind=others))
    now, before = least(beside), least(alone)
    return now.first / before.first, now.processor / before.processor


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--only", default=",".join((*ROWS, *FIRST)))
    parser.add_argument("--threads", type=int, default=usable_cores())
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "earlier")
        source.mkdir()
        packed = subprocess.run(
            ["git", "-C", str(ROOT), "archive", VERSION, "playground"], check=True, stdout=subprocess.PIPE
        )
        subprocess.run(["tar", "-x", "-C", str(source)], input=packed.stdout, check=True)
        old, new = (Version(each, Path(folder), options.threads) for each in (source, ROOT))
        print(f"{'measured':46} {'clock':>6} {'processor':>9}  must", flush=True)
        for name in options.only.split(","):
            if name in FIRST:
                words, text = FIRST[name]
                clock, processor = first_beside_eight(new, options.rounds, text)
                print(f"{words:46} {clock:6.2f} {processor:9.2f}  <= 1.3", flush=True)
                continue
            clock, processor = compared(ROWS[name], old, new, options.rounds)
            print(f"{ROWS[name].words:46} {clock:6.2f} {processor:9.2f}  >= {ROWS[name].must}", flush=True)
        old.close()
        new.close()


if __name__ == "__main__":
    main()
