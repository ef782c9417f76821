"""LLaMA-Factory's API server, which reads few fields and tells little.

Seed, top-k, min-p, penalties, log-probabilities and schemas are ignored without a word (all in `Chunk.ignored`);
streams have no token counts and always end with "stop". A presence penalty, even 0, would break the request
(hiyouga/LlamaFactory#9213, version 0.9.5): it is never sent. Roles must alternate, which is checked here because a
streamed request that breaks the rule gets an empty answer instead of a reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from playground.backends.base import Ability
from playground.backends.images import media_type, messages_with_images
from playground.backends.openai_compatible import OpenAICompatibleBackend, Plan, no_raw_route
from playground.backends.remote import name_of
from playground.backends.servers import Kind
from playground.errors import BackendError
from playground.types.generation import GenerationRequest, Message


class LlamaFactoryBackend(OpenAICompatibleBackend):
    """A server started with `llamafactory-cli api`."""

    kind: ClassVar[Kind] = "llamafactory"
    abilities: ClassVar[frozenset[Ability]] = frozenset({"images"})
    takes_any_name: ClassVar[bool] = True
    start_hint: ClassVar[str] = "Start it with: API_PORT=8190 llamafactory-cli api infer.yaml"

    @property
    def usual_parallel(self) -> int:
        """One: its Hugging Face backend answers one request after the other (MAX_CONCURRENT)."""
        return 1

    async def plan(self, request: GenerationRequest) -> Plan:
        """The few fields it reads."""
        if request.raw_prompt is not None:
            raise no_raw_route(self.label)
        check_turns(request.messages)
        if any(media_type(image) == "image/webp" for image in request.images):
            raise BackendError("LLaMA-Factory takes a WebP image for a web address.", "Use PNG, JPEG or GIF.")
        sampling = request.sampling
        body = {
            "model": name_of(request.model),
            "messages": messages_with_images(request),
            "do_sample": sampling.temperature > 0,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "max_tokens": sampling.max_tokens,
            "stream": True,
        }
        if sampling.stop:
            body["stop"] = list(sampling.stop)
        return Plan("/v1/chat/completions", body, ignored_by_llamafactory(request))


def ignored_by_llamafactory(request: GenerationRequest) -> tuple[str, ...]:
    """What the server does not read; a seed and top-k only matter where something is drawn."""
    sampling = request.sampling
    drawn = sampling.temperature > 0
    return tuple(
        word
        for word, asked in (
            ("seed", drawn),
            ("top-k", drawn),  # 0 too: without the field the server takes its own, 50
            ("min-p", drawn and sampling.min_p > 0),
            ("repetition penalty", sampling.repetition_penalty != 1),
            ("presence penalty", sampling.presence_penalty != 0),
            ("frequency penalty", sampling.frequency_penalty != 0),
            (
                "stop strings",
                bool(sampling.stop),
            ),  # only its vLLM engine reads them, and nothing tells which runs
            ("JSON schema", request.json_schema is not None),
            ("log-probs", request.top_logprobs is not None),
            ("thinking", request.thinking),
            ("finish by length", True),
        )
        if asked
    )


def check_turns(messages: Sequence[Message]) -> None:
    """Raises BackendError unless the turns are: system or none, then user and assistant in turn, user last."""
    turns = messages[1:] if messages and messages[0].role == "system" else messages
    wanted = ["user" if index % 2 == 0 else "assistant" for index in range(len(turns))]
    if len(turns) % 2 == 0 or [message.role for message in turns] != wanted:
        raise BackendError(
            "LLaMA-Factory takes one system turn at the start, then user and assistant in turn, a user turn last.",
            "Reorder or join the turns for this column.",
        )
