"""The same promises against servers that really run: LIVE=1 python -m pytest -m live. Each skip says how to start one."""

from __future__ import annotations

import os

import pytest

from playground.backends import make_backend, rows
from playground.backends.base import complete
from playground.settings import Settings
from playground.types.generation import GenerationRequest, Message
from playground.types.prompt import Sampling

START = {
    "ollama": "ollama serve, then: ollama pull smollm2:135m",
    "vllm": "vllm serve HuggingFaceTB/SmolLM2-135M-Instruct --generation-config vllm",
    "llama-server": "llama-server -m FILE.gguf --port 8080",
    "llamafactory": "API_PORT=8190 llamafactory-cli api infer.yaml",
}


@pytest.mark.live
@pytest.mark.parametrize("row", START)
async def test_a_running_server_answers_greedily_the_same_twice(row: str) -> None:
    assert row in rows()
    if os.environ.get("LIVE") != "1":  # what listens on a port by chance is no test object
        pytest.skip(f"set LIVE=1 and start: {START[row]}")
    backend = make_backend(row, Settings())
    try:
        models = await backend.models()
        if not models:
            pytest.skip(f"start it with: {START[row]}")
        request = GenerationRequest(
            models[0].id, (Message("user", "What is the capital of France?"),), Sampling(max_tokens=24)
        )
        first, second = await complete(backend, request), await complete(backend, request)
        assert first.text and first.text == second.text
        assert first.finish in ("stop", "length")
        assert "seed" not in first.ignored
    finally:
        await backend.close()
