"""The techniques with tools on the embedded model: they end, and each call reads only what is new of its prompt."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from playground.backends.base import complete
from playground.backends.llamacpp import LlamaCppBackend
from playground.settings import Settings
from playground.techniques.asking import Ask
from playground.techniques.base import Document, Task
from playground.techniques.calls import Call
from playground.techniques.registry import technique_of
from playground.techniques.technique import run_technique
from playground.types.generation import Completion, GenerationRequest, Message
from playground.types.prompt import Sampling
from playground.types.trace import Answer
from tests.techniques.scripted import prompts_of, render
from tests.tried_engine import Tried

PARK = (
    Document(
        "park.txt", "The tallest tree in Alder Park is an oak, 31 metres high. The park closes at 9 pm."
    ),
)


@pytest.fixture
async def backend(tmp_path: Path, tried_engine: Tried) -> AsyncIterator[LlamaCppBackend]:
    backend = LlamaCppBackend(Settings(data_dir=tried_engine(tmp_path)))
    yield backend
    await backend.close()


async def answered(backend: LlamaCppBackend, name: str, question: str, **options: object) -> Answer:
    model = (await backend.models())[0].id

    async def send(call: Call) -> Completion:
        request = GenerationRequest(
            model=model, messages=call.messages, sampling=call.sampling, json_schema=call.json_schema
        )
        return await complete(backend, request)

    async def embed(texts: Sequence[str]) -> list[list[float]]:
        return await backend.embed(model, texts)

    row = technique_of(name)
    read = row.read(options, name)
    task = Task(messages=(Message("user", question),), documents=PARK, embed=embed)
    ask = Ask(send, render, prompts_of(row, read), sampling=Sampling(max_tokens=60))
    return await run_technique(row, task, ask, {}, read)


async def test_they_end_and_each_further_call_reads_only_what_is_new(backend: LlamaCppBackend) -> None:
    found = await answered(
        backend, "retrieval-augmented-generation", "When does Alder Park close?", search="both"
    )
    assert "9 pm" in found.text
    assert dict(found.facts) == {"cites": "[1]"}
    for name, question, options in (
        ("react", "What is 17 * 23?", {"steps": 2}),
        ("art", "A farm fills 4 boxes with 12 eggs each. How many are there?", {"tool_calls": 1}),
        ("function-calling", "How high is the tallest tree in Alder Park?", {"turns": 2}),
    ):
        answer = await answered(backend, name, question, **options)
        first, second = [step.completion for step in answer.steps if step.completion]
        # The end of the turn comes after what has grown, so a few tokens are read again.
        assert (second.cached_tokens or 0) >= (first.prompt_tokens or 0) - 12
        assert "JSON schema" not in " ".join((*first.ignored, *second.ignored))
