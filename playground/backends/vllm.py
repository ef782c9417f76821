"""vLLM through its OpenAI-compatible server, with the fields and routes that only vLLM has.

Start it with `vllm serve MODEL --generation-config vllm`: without that flag it fills in the model's own sampling
defaults; here every field is sent, so nothing is left to fill. It divides by the temperature first and cuts by
min-p, top-k and top-p afterwards, the other way round than llama.cpp: `Chunk.ignored` says so where it matters.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, ClassVar

from playground.backends.answers import whole_number
from playground.backends.base import Ability
from playground.backends.deadlines import Deadline
from playground.backends.openai_compatible import (
    OpenAICompatibleBackend,
    Plan,
    chat_body,
    common_fields,
    log_fields,
    schema_field,
)
from playground.backends.remote import may_not_fit, name_of
from playground.backends.servers import Kind
from playground.errors import BackendError, ContextOverflow, PlaygroundError
from playground.types.generation import GenerationRequest, Message, RenderedChat
from playground.types.prompt import Sampling
from playground.types.servers import ModelInfo, ServerMetrics

MOST_STOPS = 4
HOTTEST = 2.0
COLDEST = 0.01
"""A temperature between 0 and this is raised to it by the server."""


class VllmBackend(OpenAICompatibleBackend):
    """A server started with `vllm serve`."""

    kind: ClassVar[Kind] = "vllm"
    abilities: ClassVar[frozenset[Ability]] = frozenset(
        {"schema", "log-probs", "images", "raw text", "batch"}
    )
    health_path: ClassVar[str] = "/health"
    start_hint: ClassVar[str] = "Start it with: vllm serve MODEL --generation-config vllm"

    _scrape: tuple[float, float] | None = None

    @property
    def mode(self) -> str | None:
        """Of a server that this program started: whether it is batch-invariant."""
        return {True: "batch-invariant", False: "batched", None: None}[self.server.batch_invariant]

    async def plan(self, request: GenerationRequest) -> Plan:
        """The request with vLLM's own fields; counted first when it might not fit."""
        refuse(request)
        info = await self._info(name_of(request.model))
        window = info.context_tokens if info else None
        # /tokenize sees one mark where an image becomes hundreds of tokens: no count is better than a wrong one.
        counts = may_not_fit(request, window) and not request.images
        counted = await self._count_request(request) if counts else None
        if counted is not None and window is not None and counted >= window:
            raise ContextOverflow(counted, window)
        ignored = [*order_notes(request.sampling)]
        extra: dict[str, Any] = {
            "top_k": request.sampling.top_k,
            "min_p": request.sampling.min_p,
            "repetition_penalty": request.sampling.repetition_penalty,
        }
        room = window - (counted or 0) if window is not None else None
        if room is not None and request.sampling.max_tokens > room:
            # More than the whole window would be refused, more than the rest cut without a word.
            extra["max_tokens"] = room
            ignored.append(f"{request.sampling.max_tokens:,} tokens asked, {room:,} fit")
        if request.raw_prompt is not None:
            path, body = "/v1/completions", _raw_body(request)
        else:
            path = "/v1/chat/completions"
            body = chat_body(request) | log_fields(request) | schema_field(request)
            extra |= {"chat_template_kwargs": template_values(request), "return_prompt_text": True}
        return Plan(path, body | extra, tuple(ignored), counted, window)

    async def rendered(self, request: GenerationRequest, plan: Plan) -> str | None:
        """The text after the chat template: two calls without generating, for servers that did not send it along."""
        with suppress(PlaygroundError, TimeoutError):
            async with Deadline(1):
                return (await self._render(request)).text
        return None

    async def render_chat(self, model: str, messages: Sequence[Message]) -> RenderedChat:
        """Exact text, token ids and window, thinking off."""
        return await self._render(GenerationRequest(model, tuple(messages), Sampling()))

    async def _render(self, request: GenerationRequest) -> RenderedChat:
        answer = await self._tokenize(request)
        tokens = tuple(token for token in answer.get("tokens") or () if isinstance(token, int))
        text = await self.connection.call(
            "/detokenize", {"model": name_of(request.model), "tokens": list(tokens)}
        )
        if not isinstance(text, dict) or not isinstance(text.get("prompt"), str):
            raise self.connection.unreadable()
        return RenderedChat(text["prompt"], tokens, whole_number(answer.get("max_model_len")) or 0)

    async def count_tokens(self, model: str, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without template and special tokens."""
        bodies = [{"model": name_of(model), "prompt": text, "add_special_tokens": False} for text in texts]
        answers = await asyncio.gather(*(self.connection.call("/tokenize", body) for body in bodies))
        counts = [
            whole_number(answer.get("count")) if isinstance(answer, dict) else None for answer in answers
        ]
        if None in counts:
            raise self.connection.unreadable()
        return [count for count in counts if count is not None]

    async def metrics(self) -> ServerMetrics:
        """Load and rates from /metrics; tokens/s since the last call of this method."""
        values = read_metrics(await self.connection.get_text("/metrics"))
        now, generated = time.monotonic(), values.get("generation_tokens_total")
        rate = None
        if self._scrape and generated is not None and now > self._scrape[0]:
            # A restarted server counts from zero again.
            rate = max(0.0, generated - self._scrape[1]) / (now - self._scrape[0])
        self._scrape = None if generated is None else (now, generated)
        queries = values.get("prefix_cache_queries_total")
        return ServerMetrics(
            running=_count(values.get("num_requests_running")),
            waiting=_count(values.get("num_requests_waiting")),
            kv_cache_use=values.get("kv_cache_usage_perc"),
            prefix_hit_rate=values.get("prefix_cache_hits_total", 0.0) / queries if queries else None,
            tokens_per_s=rate,
        )

    async def _list(self) -> list[ModelInfo]:
        models, version = await asyncio.gather(super()._list(), self._version())
        self.version = f"vLLM {version}".strip()
        return models

    async def _version(self) -> str:
        with suppress(BackendError):
            answer = await self.connection.get("/version")
            return str(answer.get("version", "")) if isinstance(answer, dict) else ""
        return ""

    async def _count_request(self, request: GenerationRequest) -> int | None:
        with suppress(BackendError):  # a gateway may hide the route; the server refuses by itself then
            return whole_number((await self._tokenize(request)).get("count"))
        return None

    async def _tokenize(self, request: GenerationRequest) -> dict[str, Any]:
        body: dict[str, Any] = {"model": name_of(request.model)}
        if request.raw_prompt is not None:
            body |= {"prompt": request.raw_prompt, "add_special_tokens": False}
        else:
            body |= {
                "messages": chat_body(request)["messages"],
                "add_generation_prompt": True,
                "chat_template_kwargs": template_values(request),
            }
        answer = await self.connection.call("/tokenize", body)
        if not isinstance(answer, dict):
            raise self.connection.unreadable()
        return answer


def refuse(request: GenerationRequest) -> None:
    """Raises BackendError for values that vLLM would refuse, in the words of this program."""
    sampling = request.sampling
    if len(sampling.stop) > MOST_STOPS:
        raise BackendError(
            f"vLLM takes at most {MOST_STOPS} stop strings, this column has {len(sampling.stop)}.",
            "Remove some of them.",
        )
    if sampling.temperature > HOTTEST:
        raise BackendError(
            f"vLLM takes temperatures up to {HOTTEST:g}, this column has {sampling.temperature:g}.",
            "Lower the temperature.",
        )


def order_notes(sampling: Sampling) -> list[str]:
    """Where vLLM's order of samplers changes the distribution: at temperatures other than 0 and 1."""
    notes = []
    if sampling.temperature not in (0, 1):
        notes += ["temperature before top-p"] if sampling.top_p < 1 else []
        notes += ["temperature before min-p"] if sampling.min_p > 0 else []
    if 0 < sampling.temperature < COLDEST:
        notes.append(f"temperature raised to {COLDEST:g}")
    return notes


def template_values(request: GenerationRequest) -> dict[str, bool]:
    """Both names under which chat templates know the switch for reasoning."""
    return {"enable_thinking": request.thinking, "thinking": request.thinking}


def _raw_body(request: GenerationRequest) -> dict[str, Any]:
    body = {
        "model": name_of(request.model),
        "prompt": request.raw_prompt,
        "add_special_tokens": False,  # the text holds its own
    }
    logs = {} if request.top_logprobs is None else {"logprobs": request.top_logprobs}
    return body | common_fields(request) | logs | schema_field(request)


_METRIC = re.compile(r"^vllm:(\w+)(?:\{.*\})? (\S+)$", re.MULTILINE)


def read_metrics(text: str) -> dict[str, float]:
    """Prometheus text → name without `vllm:` → sum over models and engines (the mean for a share)."""
    gathered: dict[str, list[float]] = {}
    for name, value in _METRIC.findall(text):
        with suppress(ValueError):
            gathered.setdefault(name, []).append(float(value))
    return {
        name: sum(values) / (len(values) if name.endswith("_perc") else 1)
        for name, values in gathered.items()
    }


def _count(value: float | None) -> int | None:
    return None if value is None else int(value)
