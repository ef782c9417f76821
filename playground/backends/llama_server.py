"""llama-server of llama.cpp: OpenAI's chat route with llama.cpp's own sampler names, and its native routes.

Raw text goes to `/completion` as token ids, so that no special token is added to it. Its errors carry the numbers of
an overflow; its model file may carry sampling defaults (`general.sampling.*`), so every field is sent.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, ClassVar

from playground.backends.answers import whole_number
from playground.backends.base import Ability
from playground.backends.deadlines import Deadline
from playground.backends.openai_compatible import (
    OpenAICompatibleBackend,
    Plan,
    chat_body,
    log_fields,
    schema_field,
    schema_of,
)
from playground.backends.remote import may_not_fit, name_of, penalty_notes
from playground.backends.servers import Kind
from playground.backends.vllm import template_values
from playground.errors import BackendError, ContextOverflow, PlaygroundError
from playground.types.generation import GenerationRequest, Message, RenderedChat
from playground.types.prompt import Sampling
from playground.types.servers import ModelInfo

SLOTS = 4
"""What the server reckons with unless told otherwise."""


class LlamaServerBackend(OpenAICompatibleBackend):
    """A server started with `llama-server -m FILE.gguf`."""

    kind: ClassVar[Kind] = "llama-server"
    abilities: ClassVar[frozenset[Ability]] = frozenset({"schema", "log-probs", "images", "raw text"})
    takes_any_name: ClassVar[bool] = True
    health_path: ClassVar[str] = "/health"
    start_hint: ClassVar[str] = "Start it with: llama-server -m FILE.gguf"
    sight_hint: ClassVar[str] = "A vision model sees once the server is started with --mmproj FILE.gguf."

    _slots: int = SLOTS

    @property
    def usual_parallel(self) -> int:
        """One answer a slot of the server."""
        return self._slots

    async def plan(self, request: GenerationRequest) -> Plan:
        """The chat route, or the native one with token ids for raw text; counted first when it might not fit."""
        info = await self._info(name_of(request.model))
        window = info.context_tokens if info else None
        ignored = tuple(penalty_notes(request.sampling))
        counted: int | None = None
        if request.raw_prompt is not None:
            tokens = await self._tokens(request.raw_prompt, special=False)
            counted, path, body = len(tokens), "/completion", _native_body(request, tokens)
        else:
            # The template has one mark for an image that becomes hundreds of tokens: no count is better than a wrong one.
            if may_not_fit(request, window) and not request.images:
                with suppress(BackendError):  # the server refuses by itself, with both numbers
                    counted = len((await self._render(request)).tokens)
            path = "/v1/chat/completions"
            # Without alternatives the server would send 20 of them.
            logs = log_fields(request)
            if logs:
                logs["top_logprobs"] = max(1, logs["top_logprobs"])
            body = chat_body(request) | logs | schema_field(request) | native_sampling(request.sampling)
            body["chat_template_kwargs"] = template_values(request)
        if counted is not None and window is not None and counted >= window:
            raise ContextOverflow(counted, window)
        return Plan(path, body, ignored, counted, window)

    async def rendered(self, request: GenerationRequest, plan: Plan) -> str | None:
        """The text after the chat template, from one call after the answer."""
        with suppress(PlaygroundError, TimeoutError):
            async with Deadline(1):
                return await self._template(request)
        return None

    async def render_chat(self, model: str, messages: Sequence[Message]) -> RenderedChat:
        """Exact text, token ids and window, thinking off."""
        return await self._render(GenerationRequest(model, tuple(messages), Sampling()))

    async def count_tokens(self, model: str, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without template and special tokens."""
        found = await asyncio.gather(*(self._tokens(text, special=False) for text in texts))
        return [len(tokens) for tokens in found]

    async def _render(self, request: GenerationRequest) -> RenderedChat:
        text = await self._template(request)
        info = await self._info(name_of(request.model))
        window = info.context_tokens if info else None
        return RenderedChat(text, tuple(await self._tokens(text, special=True)), window or 0)

    async def _template(self, request: GenerationRequest) -> str:
        body = {
            "messages": chat_body(request)["messages"],
            "chat_template_kwargs": template_values(request),
        }
        answer = await self.connection.call("/apply-template", body)
        if not isinstance(answer, dict) or not isinstance(answer.get("prompt"), str):
            raise self.connection.unreadable()
        return str(answer["prompt"])

    async def _tokens(self, text: str, *, special: bool) -> list[int]:
        body = {"content": text, "add_special": special, "parse_special": True}
        answer = await self.connection.call("/tokenize", body)
        tokens = answer.get("tokens") if isinstance(answer, dict) else None
        if not isinstance(tokens, list):
            raise self.connection.unreadable()
        return [token for token in tokens if isinstance(token, int)]

    async def _list(self) -> list[ModelInfo]:
        models, props = await asyncio.gather(super()._list(), self._props())
        self.version = f"llama-server {props.get('build_info') or ''}".strip()
        self._slots = whole_number(props.get("total_slots")) or SLOTS
        defaults, sees = props.get("default_generation_settings"), props.get("modalities")
        window = whole_number(defaults.get("n_ctx")) if isinstance(defaults, dict) else None
        vision = isinstance(sees, dict) and sees.get("vision") is True
        return [
            replace(
                model,
                context_tokens=window or model.context_tokens,
                capabilities=model.capabilities or ("completion", *(("vision",) if vision else ())),
            )
            for model in models
        ]

    def _row(self, row: dict[str, Any]) -> ModelInfo:
        meta = found if isinstance(found := row.get("meta"), dict) else {}
        quantization = _QUANTIZATION.search(str(row["id"]))
        return replace(
            super()._row(row),
            context_tokens=whole_number(meta.get("n_ctx_train")),
            trained_tokens=whole_number(meta.get("n_ctx_train")),
            size_bytes=whole_number(meta.get("size")),
            quantization=quantization[1].upper() if quantization else "",
        )

    async def _props(self) -> dict[str, Any]:
        with suppress(BackendError):
            answer = await self.connection.get("/props")
            return answer if isinstance(answer, dict) else {}
        return {}

    def adapted(self, payload: dict[str, Any]) -> dict[str, Any]:
        """An object of the native route in the shape of OpenAI's."""
        if "content" not in payload or "choices" in payload:
            return payload
        choice = {
            "index": payload.get("index", 0),
            "text": payload["content"],
            "finish_reason": payload.get("stop_type") if payload.get("stop") else None,
        }
        if "completion_probabilities" in payload:
            choice["logprobs"] = {"content": payload["completion_probabilities"]}
        usage = {
            "prompt_tokens": payload.get("tokens_evaluated"),
            "completion_tokens": payload.get("tokens_predicted"),
        }
        return {"choices": [choice], "usage": usage, "timings": payload.get("timings")}


_QUANTIZATION = re.compile(r"(?:^|[-._/])(I?Q\d[A-Z0-9_]*|B?F16|F32)(?=$|[-.])", re.IGNORECASE)


def native_sampling(sampling: Sampling) -> dict[str, Any]:
    """llama.cpp's own samplers, each one named: those that OpenAI's protocol has no words for are off."""
    return {
        "top_k": sampling.top_k,
        "min_p": sampling.min_p,
        "typical_p": 1.0,
        "repeat_penalty": sampling.repetition_penalty,
        "repeat_last_n": 64,
        "dry_multiplier": 0.0,
        "xtc_probability": 0.0,
        "dynatemp_range": 0.0,
        "top_n_sigma": -1.0,
        "mirostat": 0,
        "cache_prompt": True,
    }


def _native_body(request: GenerationRequest, tokens: list[int]) -> dict[str, Any]:
    sampling = request.sampling
    body: dict[str, Any] = {
        "prompt": tokens,
        "n_predict": sampling.max_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "presence_penalty": sampling.presence_penalty,
        "frequency_penalty": sampling.frequency_penalty,
        "stop": list(sampling.stop),
        "stream": True,
    }
    if sampling.seed is not None:
        body["seed"] = sampling.seed
    if request.top_logprobs is not None:
        body["n_probs"] = max(1, request.top_logprobs)
    if request.json_schema is not None:
        body["json_schema"] = schema_of(request)
    return body | native_sampling(sampling)
