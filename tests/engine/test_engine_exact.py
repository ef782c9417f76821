"""Exact mode with the real model: an answer depends on nothing but its own request."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from playground.engine.client import Engine
from playground.engine.cores import thread_environment
from playground.engine.protocol import Done, Piece
from playground.types.prompt import Sampling

NewEngine = Callable[..., Engine]
PROMPTS = [
    "List three colours.",
    "What is 2 + 2?",
    "Write a line about rain.",
    "Name a river.",
    "Explain gravity to a child.",
    "Translate 'good morning' into French.",
    "Why is the sky blue?",
    "Give me a recipe for bread.",
    "Who wrote Hamlet?",
    "Say something kind.",
    "What rhymes with moon?",
    "Name the planets.",
    "What does a lawyer do?",
    "Count to five.",
    "Summarise this: " + "The ship left the harbour at dawn. " * 4,
    "Classify the text as happy or sad: " + "The sun is out and the birds sing. " * 9,
    "def add(a, b):" + "\n    # note" * 40,
    "Continue: " + "one two three four five " * 28,
    "Name three animals.",
    "Read this.\n" + "Line of a long file, nothing to see.\n" * 56,
]


async def text_of(engine: Engine, model: Path, prompt: str, **sampling: object) -> str:
    options = {"max_tokens": 10} | sampling
    events = [e async for e in engine.generate(model, [["user", prompt]], Sampling(**options))]  # type: ignore[arg-type]
    assert isinstance(events[-1], Done)
    return "".join(event.text for event in events if isinstance(event, Piece))


async def test_greedy_text_is_that_of_the_high_level_api_with_its_defaults(
    new_engine: NewEngine, small: Path
) -> None:
    engine = new_engine()
    answers = await asyncio.gather(*(text_of(engine, small, prompt) for prompt in PROMPTS))
    tokens = [(await engine.render(small, [["user", prompt]])).tokens for prompt in PROMPTS]
    assert max(map(len, tokens)) > 512, "more than one block of the high-level API"
    script = (
        "import json, sys; from llama_cpp import Llama\n"
        "model, prompts, safe, threads = json.load(sys.stdin)\n"
        "import llama_cpp.llama_cpp as low; defaults = low.llama_model_default_params\n"
        "def params():\n    p = defaults(); p.use_extra_bufts = safe; return p\n"
        "low.llama_model_default_params = params\n"
        "llm = Llama(model, n_ctx=2048, flash_attn=True, verbose=False, n_threads=threads, n_threads_batch=threads)\n"
        "off = dict(temperature=0, top_p=1, top_k=0, min_p=0, repeat_penalty=1.0)\n"
        "def text(prompt):\n"
        "    llm.reset(); llm._ctx.kv_cache_clear()  # its own reuse of the last prompt changes the last bits\n"
        "    return llm.create_completion(prompt, max_tokens=10, **off)['choices'][0]['text']\n"
        "print(json.dumps([text(prompt) for prompt in prompts]))"
    )
    threads = engine.options.computing
    question = json.dumps([str(small), tokens, engine.findings.extra_buffers("Q4_1"), threads])
    run = subprocess.run(
        [sys.executable, "-c", script],
        input=question,
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | thread_environment(threads),
    )
    assert answers == json.loads(run.stdout.splitlines()[-1])


async def test_company_and_order_of_arrival_change_nothing(new_engine: NewEngine, small: Path) -> None:
    engine = new_engine()
    prompts = [PROMPTS[2], PROMPTS[6], PROMPTS[14], PROMPTS[15]]
    draws = random.Random(5)
    for sampling in ({"temperature": 0.0}, {"temperature": 0.8, "seed": 11}):
        alone = [await text_of(engine, small, prompt, **sampling) for prompt in prompts]

        async def late(prompt: str, sampling: dict[str, float] = sampling) -> str:
            await asyncio.sleep(draws.random() * 0.4)
            return await text_of(engine, small, prompt, **sampling)

        for _ in range(3):
            assert await asyncio.gather(*map(late, prompts)) == alone
    assert engine.starts == 1


async def test_neighbours_that_are_cancelled_change_nothing(new_engine: NewEngine, small: Path) -> None:
    engine = new_engine()
    alone = await text_of(engine, small, PROMPTS[16])
    task = asyncio.create_task(text_of(engine, small, PROMPTS[16]))
    for delay in (0.05, 0.1, 0.2):
        neighbour = asyncio.create_task(text_of(engine, small, PROMPTS[19]))
        await asyncio.sleep(delay)
        neighbour.cancel()
    assert await task == alone


async def test_warming_up_twice_at_once_loads_once(new_engine: NewEngine, model: Path) -> None:
    engine = new_engine()
    await asyncio.gather(engine.warm_up(model), engine.warm_up(model))
    await engine.warm_up(model)
    mapped = [line for line in Path(f"/proc/{engine.pid}/maps").read_text().splitlines() if ".gguf" in line]
    assert len(mapped) == 1
    assert await text_of(engine, model, PROMPTS[0], max_tokens=1)
    assert engine.starts == 1
