from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from playground.backends.base import (
    Backend,
    CountsTokens,
    Embeds,
    RendersChat,
    ScoresText,
    WarmsUp,
    complete,
)
from playground.backends.llamacpp import LlamaCppBackend
from playground.errors import ContextOverflow, NotFoundError
from playground.settings import Settings, embedded_model_path
from playground.types.generation import Chunk, GenerationRequest, Message
from playground.types.prompt import Sampling

EMBEDDED = "llama.cpp:SmolLM2-135M-Instruct"


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


one_loop = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def backend(data_dir: Path) -> AsyncIterator[LlamaCppBackend]:
    """One for all, in one loop; its engine is started and tried by the first that asks."""
    made = LlamaCppBackend(Settings(data_dir=data_dir, context_tokens=1024))
    yield made
    await made.close()


@pytest_asyncio.fixture
async def fresh(data_dir: Path) -> AsyncIterator[LlamaCppBackend]:
    made = LlamaCppBackend(Settings(data_dir=data_dir, context_tokens=1024))
    yield made
    await made.close()


def ask(text: str = "Tell me about the sea.", **sampling: object) -> GenerationRequest:
    options = {"max_tokens": 8} | sampling
    return GenerationRequest(EMBEDDED, (Message("user", text),), Sampling(**options))  # type: ignore[arg-type]


def test_it_is_a_backend_with_two_abilities(tmp_path: Path) -> None:
    made: Backend = LlamaCppBackend(Settings(data_dir=tmp_path))
    assert isinstance(made, RendersChat)
    assert isinstance(made, CountsTokens)
    assert list(tmp_path.iterdir()) == []


async def test_the_models_are_listed_without_starting_anything(tmp_path: Path) -> None:
    embedded = embedded_model_path()
    assert embedded
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "broken.gguf").write_bytes(b"nothing")
    (tmp_path / "models" / embedded.name).symlink_to(embedded)
    (tmp_path / "other-Q8_0.gguf").symlink_to(embedded)
    backend = LlamaCppBackend(Settings(data_dir=tmp_path, models=(tmp_path / "other-Q8_0.gguf",)))
    first, *rest = await backend.models()
    assert (first.id, first.name, first.backend) == (EMBEDDED, "SmolLM2-135M-Instruct", "llama.cpp")
    assert (first.quantization, first.context_tokens) == ("Q4_1", 8192)
    assert first.size_bytes == embedded.stat().st_size
    assert [m.id for m in rest] == ["llama.cpp:other", "llama.cpp:SmolLM2-135M-Instruct.Q4_1"]
    assert backend.engine.starts == 0
    assert any("not a GGUF" in line for line in backend.doctor_findings())
    assert (await backend.health()).detail.endswith("3 models.")
    await backend.close()


async def test_without_any_model_health_says_what_to_do(tmp_path: Path) -> None:
    backend = LlamaCppBackend(Settings(data_dir=tmp_path, embedded=False))
    health = await backend.health()
    assert not health.ok
    assert "--model" in health.hint
    assert await backend.models() == []


@one_loop
async def test_the_last_chunk_is_a_whole_receipt(backend: LlamaCppBackend) -> None:
    chunks = [chunk async for chunk in backend.stream(ask())]
    last = chunks[-1]
    assert last.finish == "length"
    assert all(chunk.finish is None for chunk in chunks[:-1])
    assert all(
        value is not None
        for value in (
            *(last.prompt_tokens, last.completion_tokens, last.cached_tokens, last.context_tokens),
            *(last.rendered_prompt, last.model_digest, last.backend_version, last.mode),
        )
    )
    assert (last.completion_tokens, last.context_tokens, last.ignored) == (8, 1024, ())


@one_loop
async def test_complete_folds_the_stream(backend: LlamaCppBackend) -> None:
    whole = await complete(backend, ask())
    assert whole.text
    assert whole.finish == "length"
    assert whole.first_token_s is not None
    assert whole.rendered_prompt and whole.rendered_prompt.count("Tell me about the sea.") == 1


@one_loop
async def test_the_preview_shows_what_the_answer_used(backend: LlamaCppBackend) -> None:
    rendered = await backend.render_chat(EMBEDDED, ask().messages)
    whole = await complete(backend, ask())
    assert rendered.text == whole.rendered_prompt
    assert len(rendered.tokens) == whole.prompt_tokens
    assert rendered.context_tokens == whole.context_tokens
    assert await backend.count_tokens(EMBEDDED, ["a b", ""]) == [2, 0]


@one_loop
async def test_an_unknown_model_and_a_long_prompt_are_refused(backend: LlamaCppBackend) -> None:
    with pytest.raises(NotFoundError, match="no model llama.cpp:gone"):
        await complete(backend, GenerationRequest("llama.cpp:gone", (Message("user", "x"),), Sampling()))
    with pytest.raises(ContextOverflow, match="do not fit into 1,024"):
        await complete(backend, ask("x " * 500_000))


@one_loop
async def test_a_cancelled_task_leaves_the_engine_usable(backend: LlamaCppBackend) -> None:
    seen: list[Chunk] = []

    async def follow() -> None:
        async for chunk in backend.stream(ask(max_tokens=100_000)):
            seen.append(chunk)
            if len(seen) == 4:
                arrived.set()

    arrived = asyncio.Event()
    task = asyncio.create_task(follow())
    await arrived.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await complete(backend, ask(max_tokens=1))).finish == "length"
    assert backend.engine.starts == 1


@one_loop
async def test_doctor_knows_the_verdict_about_extra_buffers(backend: LlamaCppBackend) -> None:
    await complete(backend, ask(max_tokens=1))
    lines = backend.doctor_findings()
    assert any(line.startswith("llama-cpp-python 0.") for line in lines)
    assert any("threads" in line for line in lines)
    assert any("extra buffers: o" in line for line in lines)


async def test_doctor_says_when_extra_buffers_crash(tmp_path: Path) -> None:
    backend = LlamaCppBackend(Settings(data_dir=tmp_path))
    assert any("not tried yet" in line for line in backend.doctor_findings())
    backend.engine.findings.remember_extra_buffers("Q4_1", False)
    assert any("off, because a trial run crashed" in line for line in backend.doctor_findings())


def test_the_parent_never_imports_llama_cpp() -> None:
    script = "import sys, playground.backends.llamacpp; sys.exit('llama_cpp' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


async def test_a_request_can_ask_for_a_schema_log_probabilities_and_a_mode(fresh: LlamaCppBackend) -> None:
    assert isinstance(fresh, WarmsUp) and isinstance(fresh, Embeds) and isinstance(fresh, ScoresText)
    assert fresh.in_memory() == [], "nothing was started"
    await fresh.warm_up(EMBEDDED)
    (held,) = fresh.in_memory()
    assert f"llama.cpp:{held.name}" == EMBEDDED
    schema = '{"type": "object", "properties": {"warm": {"type": "boolean"}}, "required": ["warm"]}'
    request = replace(ask(max_tokens=20), json_schema=schema, top_logprobs=2, mode="throughput")
    whole = await complete(fresh, request)
    assert whole.text.replace(" ", "") in ('{"warm":true}', '{"warm":false}')
    assert whole.mode == "exact", "batches change no bit of this model, so the two are one"
    assert "".join(token.token for token in whole.logprobs).startswith(whole.text)
    assert all(len(token.top) == 2 for token in whole.logprobs)
    assert (await complete(fresh, ask(max_tokens=1))).mode == "exact"
    raw = replace(ask(max_tokens=1), raw_prompt="Once upon a")
    assert (await complete(fresh, raw)).rendered_prompt == "Once upon a"
    ((token,),) = await fresh.score_text(EMBEDDED, "Once upon a", [" time"])
    assert -3 < token.logprob < 0
    assert len((await fresh.embed(EMBEDDED, ["a"]))[0]) == 576
