"""Servers that speak OpenAI's chat protocol: the part that is the same everywhere, and the plain kind itself.

    data: {"choices":[{"index":0,"delta":{"content":"Par"}}]}      → Chunk(text="Par")
    data: {"choices":[],"usage":{"prompt_tokens":37}}              → counts, told in the last chunk
    data: {"error":{…}}                                            → BackendError, although [DONE] follows

Kinds with more abilities (vLLM, llama-server) or fewer (LLaMA-Factory) are subclasses that write another `Plan`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, ClassVar

from playground.backends.answers import (
    FINISHES,
    WINDOW_UNKNOWN,
    Reading,
    completion_logprobs,
    no_word,
    token_logprobs,
    whole_number,
)
from playground.backends.base import Ability
from playground.backends.http import Connection, Reply, decode
from playground.backends.identity import answered_as
from playground.backends.images import check_images, messages_with_images
from playground.backends.remote import LONGEST_LIST_SECONDS, RemoteBackend, name_of
from playground.backends.servers import OWNERS, Kind, listed
from playground.errors import BackendError, NoAnswer
from playground.thoughts import Pieces
from playground.types.generation import Chunk, Finish, GenerationRequest, TokenLogprob
from playground.types.servers import ModelInfo

NOT_CHATTING = ("embed", "rerank", "whisper", "tts")
"""Words in names of models that answer no chat, on servers that do not tell abilities."""


WINDOW_ASIDE = "Its context window is unknown: a prompt that is too long for it may be the reason. "


@dataclass(frozen=True, slots=True)
class Plan:
    """A request as this server gets it: where to, the body, and what of the asked-for it leaves out."""

    path: str
    body: dict[str, Any]
    ignored: tuple[str, ...] = ()
    counted_tokens: int | None = None
    context_tokens: int | None = None


class OpenAICompatibleBackend(RemoteBackend):
    """Any server with /v1/chat/completions, of which nothing more is known."""

    kind: ClassVar[Kind] = "openai"
    abilities: ClassVar[frozenset[Ability]] = frozenset({"schema", "log-probs", "images"})
    sight_hint: ClassVar[str] = ""
    """What to do about a model that does not see."""

    async def stream(self, request: GenerationRequest) -> AsyncIterator[Chunk]:
        """Chunks of one answer; everything but text and log-probabilities stands in the last one."""
        patience = self._patience()
        if request.images:
            info = await self._info(name_of(request.model))
            abilities = info.capabilities if info else ()
            await asyncio.to_thread(check_images, request, abilities, self.sight_hint)
        plan = await self.plan(request)
        if plan.context_tokens is None:
            patience.aside = WINDOW_ASIDE
        unlisted = await self._unlisted(name_of(request.model))
        answer = Answer(self.connection, request)
        thought = False
        async with self.connection.post(plan.path, plan.body, patience) as reply:
            try:
                async with aclosing(payloads(self.connection, reply)) as found:
                    async for payload in found:
                        chunk = answer.read(self.adapted(payload))
                        if chunk is not None:
                            thought = thought or bool(chunk.reasoning) or chunk.rethought
                            patience.speaking()
                            yield chunk
            except BackendError:
                if (rest := answer.rest()) is not None:  # what had arrived is kept to the last character
                    yield rest
                raise
            if (rest := answer.rest()) is not None:
                yield rest
            finish = answer.ended()
            rendered = request.raw_prompt or answer.prompt_text or await self.rendered(request, plan)
        if (judged := answer.reading.judged(rendered)) is not None:
            thought = True
            yield judged
        yield Chunk(
            finish=finish,
            prompt_tokens=answer.prompt_tokens,
            completion_tokens=answer.completion_tokens,
            cached_tokens=answer.cached_tokens,
            context_tokens=plan.context_tokens,
            rendered_prompt=rendered,
            model_digest=self._digest(request),
            backend_version=self.version or self.label,
            mode=self.mode,
            ignored=(
                *plan.ignored,
                *answer.notes(request, plan, reply),
                *self._facts(request, plan, answer, thought),
                *unlisted,
            ),
        )
        if (fault := answer.fault()) is not None:
            raise fault

    @property
    def mode(self) -> str | None:
        """Whether an answer depends on those beside it, for receipts; None where that is not known."""
        return None

    async def plan(self, request: GenerationRequest) -> Plan:
        """The request in this server's words; raises BackendError for what it cannot do at all."""
        if request.raw_prompt is not None:
            raise no_raw_route(self.label)
        sampling = request.sampling
        ignored = [
            word
            for word, asked in (
                ("top-k", sampling.top_k > 0),
                ("min-p", sampling.min_p > 0),
                ("repetition penalty", sampling.repetition_penalty != 1),
                ("thinking", request.thinking),
            )
            if asked
        ]
        info = await self._info(name_of(request.model))
        body = chat_body(request) | log_fields(request) | schema_field(request)
        if not sampling.stop:
            del body["stop"]  # some servers refuse an empty list
        return Plan(
            "/v1/chat/completions", body, tuple(ignored), context_tokens=info.context_tokens if info else None
        )

    def _facts(self, request: GenerationRequest, plan: Plan, answer: Answer, thought: bool) -> list[str]:
        """What a person should know of this answer: no thoughts although asked, another model, no known window."""
        facts = []
        if request.thinking and not thought and "thinking" not in plan.ignored:
            facts.append("thinking")  # the switch goes into the chat template, which may not know it
        if (other := answered_as(name_of(request.model), answer.model, self._roots)) is not None:
            facts.append(other)
        if plan.context_tokens is None:
            facts.append(WINDOW_UNKNOWN)
        return facts

    def adapted(self, payload: dict[str, Any]) -> dict[str, Any]:
        """An object of the answer in OpenAI's shape, for servers with routes of their own."""
        return payload

    async def rendered(self, request: GenerationRequest, plan: Plan) -> str | None:
        """The text after the chat template, where the server tells it for one cheap call."""
        return None

    async def _list(self) -> list[ModelInfo]:
        answer = await self.connection.get("/v1/models", timeout_s=LONGEST_LIST_SECONDS)
        if not isinstance(answer, dict):
            raise self.connection.unreadable()
        rows = [row for row in listed(answer, "data") if isinstance(row.get("id"), str)]
        if self.server.found and self.kind != "openai":
            # On a usual port another kind of server may listen; one that was added is taken at its word.
            rows = [row for row in rows if OWNERS.get(str(row.get("owned_by", "")).lower()) == self.kind]
        self._roots = {name: root for row in rows for name, root in _names(row)}
        return [self._row(row) for row in rows]

    def _row(self, row: dict[str, Any]) -> ModelInfo:
        name = str(row["id"])
        embeds = any(word in name.lower() for word in NOT_CHATTING)
        return ModelInfo(
            id=self._model_id(name),
            backend=self.name,
            name=name,
            detail=self.label,
            context_tokens=whole_number(row.get("max_model_len") or row.get("context_length")),
            capabilities=("embedding",) if embeds else (),
        )

    def _digest(self, request: GenerationRequest) -> str | None:
        info = self._known.get(name_of(request.model))
        return info.digest if info else None


def _names(row: dict[str, Any]) -> list[tuple[str, str]]:
    """The names of a listed model, its aliases too (llama-server), each with the weights it stands for (vLLM's `root`)."""
    aliases = row.get("aliases")
    root = row["root"] if isinstance(row.get("root"), str) else row["id"]
    return [(str(name), root) for name in (row["id"], *(aliases if isinstance(aliases, list) else ()))]


# --- writing the request --------------------------------------------------------------------------------


def chat_body(request: GenerationRequest) -> dict[str, Any]:
    """The fields every OpenAI-compatible server knows, all of them."""
    return {"model": name_of(request.model), "messages": messages_with_images(request)} | common_fields(
        request
    )


def common_fields(request: GenerationRequest) -> dict[str, Any]:
    """Sampling and streaming; the seed only where one was drawn, because null is a value to some servers."""
    sampling = request.sampling
    seed = {} if sampling.seed is None else {"seed": sampling.seed}
    return seed | {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "presence_penalty": sampling.presence_penalty,
        "frequency_penalty": sampling.frequency_penalty,
        "max_tokens": sampling.max_tokens,
        "stop": list(sampling.stop),
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def log_fields(request: GenerationRequest) -> dict[str, Any]:
    """What asks for log-probabilities of a chat."""
    if request.top_logprobs is None:
        return {}
    return {"logprobs": True, "top_logprobs": request.top_logprobs}


def schema_field(request: GenerationRequest) -> dict[str, Any]:
    """The schema as `response_format`, which all versions of all servers know under one name."""
    if request.json_schema is None:
        return {}
    schema = {"name": "answer", "strict": True, "schema": schema_of(request)}
    return {"response_format": {"type": "json_schema", "json_schema": schema}}


def schema_of(request: GenerationRequest) -> Any:
    """The decoded JSON schema; raises BackendError for text that is none."""
    try:
        schema = json.loads(request.json_schema or "")
    except (ValueError, RecursionError) as exc:
        raise BackendError("The JSON schema is not valid JSON.", "Correct it on the prompt.") from exc
    if not isinstance(schema, dict):
        raise BackendError("The JSON schema is not an object.", 'Begin it with {"type": "object", …}.')
    return schema


def no_raw_route(label: str) -> BackendError:
    """The error for raw text to a server that only takes messages."""
    return BackendError(
        f"{label} has no raw route: it always applies its own chat template.",
        "Leave this column out of the same-text comparison.",
    )


# --- reading the answer ---------------------------------------------------------------------------------


async def payloads(connection: Connection, reply: Reply) -> AsyncGenerator[dict[str, Any], None]:
    """The JSON objects of an answer, up to [DONE]; also of a server that does not stream."""
    if reply.media_type == "application/json":
        yield _object(connection, await reply.body())
        return
    done = False
    async with aclosing(reply.lines()) as lines:
        async for line in lines:
            if done:  # read on for the connection's sake: whatever follows is no part of the answer
                continue
            if line.startswith(b"data:"):
                data = line[5:].strip()
                if data == b"[DONE]":
                    done = True
                    reply.last_word()
                elif data:
                    yield _object(connection, data)
            elif line.startswith(b"{"):  # an error outside the frame of an event
                yield _object(connection, line)
            elif line and not line.startswith((b":", b"event:", b"id:", b"retry:")):
                raise connection.unreadable()


def _object(connection: Connection, data: bytes) -> dict[str, Any]:
    try:
        value = decode(data)
    except ValueError as exc:
        raise connection.unreadable() from exc
    if not isinstance(value, dict):
        raise connection.unreadable()
    return value


class Answer:
    """Reads the objects of one answer; remembers how it ended and what was counted."""

    def __init__(self, connection: Connection, request: GenerationRequest | None = None) -> None:
        self.prompt_tokens: int | None = None
        self.completion_tokens: int | None = None
        self.cached_tokens: int | None = None
        self.prompt_text: str | None = None
        self.reading = Reading(request)
        self._connection = connection
        self.model = ""
        self._word = ""
        self._logprobs_seen = False

    def read(self, payload: dict[str, Any]) -> Chunk | None:
        """Text, reasoning and log-probabilities of one object; raises BackendError for a fault inside it."""
        if payload.get("error"):
            raise self._connection.reported(payload)
        self._count(payload.get("usage"), payload.get("timings"))
        if not self.model and isinstance(told := payload.get("model"), str):
            self.model = told
        if isinstance(prompt := payload.get("prompt_text"), str) and not self.prompt_text:
            self.prompt_text = prompt
            self.reading.thoughts.prompted(prompt)
        text, reasoning, rethought = "", "", False
        logprobs: tuple[TokenLogprob, ...] = ()
        for choice in listed(payload, "choices"):
            if choice.get("index", 0) != 0:
                continue
            part = choice.get("delta") or choice.get("message") or {"content": choice.get("text")}
            pieces = self.reading.take(part) if isinstance(part, dict) else Pieces()
            text += pieces.text
            reasoning += pieces.reasoning
            rethought = rethought or pieces.rethought
            logprobs += self._log(choice)
            self._word = str(choice.get("finish_reason") or self._word)
        if text or reasoning or rethought or logprobs:
            return Chunk(text=text, reasoning=reasoning, rethought=rethought, logprobs=logprobs)
        return None

    def rest(self) -> Chunk | None:
        """Text that was held back while it could have become a tag."""
        pieces = self.reading.rest()
        return Chunk(*pieces[:2], rethought=pieces.rethought) if any(pieces) else None

    def ended(self) -> Finish | None:
        """How the answer ended, None when it is none (see `fault`); raises BackendError when it did not end by itself."""
        if self._word not in FINISHES and self.fault() is None:
            raise no_word(self._connection.label, self._word)
        return None if self.fault() else FINISHES[self._word]

    def fault(self) -> NoAnswer | None:
        """Why what ended by itself is no answer."""
        return self.reading.fault(self._word) if self._word else None

    def notes(self, request: GenerationRequest, plan: Plan, reply: Reply) -> tuple[str, ...]:
        """What only the answer shows: promises not kept, counts that differ, waiting for a full queue."""
        notes = []
        if request.top_logprobs is not None and not self._logprobs_seen and "log-probs" not in plan.ignored:
            notes.append("log-probs")
        counted, told = plan.counted_tokens, self.prompt_tokens
        if counted is not None and told is not None and counted != told:
            notes.append(f"{counted:,} prompt tokens counted, {told:,} processed")
        if reply.retries:
            notes.append(f"queue full, asked {reply.retries + 1} times")
        return (*notes, *self.reading.notes())

    def _log(self, choice: dict[str, Any]) -> tuple[TokenLogprob, ...]:
        given = choice.get("logprobs")
        if not isinstance(given, dict):
            return ()
        self._logprobs_seen = True
        return token_logprobs(given["content"]) if "content" in given else completion_logprobs(given)

    def _count(self, usage: Any, timings: Any) -> None:
        if isinstance(usage, dict):
            details = usage.get("prompt_tokens_details")
            cached = details.get("cached_tokens") if isinstance(details, dict) else None
            self.prompt_tokens = _newer(usage.get("prompt_tokens"), self.prompt_tokens)
            self.completion_tokens = _newer(usage.get("completion_tokens"), self.completion_tokens)
            self.cached_tokens = _newer(cached, self.cached_tokens)
        if isinstance(timings, dict):
            self.cached_tokens = _newer(timings.get("cache_n"), self.cached_tokens)


def _newer(value: Any, known: int | None) -> int | None:
    number = whole_number(value)
    return known if number is None else number
