"""Ollama through its own API: answers, and the care of its models.

    {"message": {"content": "Par"}, "done": false}
    {"message": {"content": ""}, "done": true, "done_reason": "stop", "prompt_eval_count": 16, "eval_count": 8}

Three things are switched off in every request, because each would falsify a comparison in silence: cutting of a long
prompt (`truncate`), dropping of its start while writing (`shift`), and thinking that nobody chose. `num_ctx` is one
value for all requests: a change of it reloads the model.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import Any, ClassVar, TypeVar

from playground.backends.answers import FINISHES, Reading, token_logprobs, whole_number
from playground.backends.http import Patience, decode
from playground.backends.images import check_images, last_user
from playground.backends.openai_compatible import schema_of
from playground.backends.remote import RemoteBackend, name_of, penalty_notes
from playground.backends.servers import Kind, listed
from playground.errors import BackendError, PlaygroundError
from playground.types import (
    Chunk,
    Finish,
    GenerationRequest,
    LoadedModel,
    Message,
    ModelInfo,
    Progress,
    RenderedChat,
    Sampling,
)

T = TypeVar("T")

AFTER_SECONDS = 1.0
"""What is asked after an answer (window in force, rendered prompt) must not hold it back longer."""
PULL_STALL_SECONDS = 120.0

# The start token that the model's own tokenizer adds once more to raw text.
START_TOKENS = ("<|begin_of_text|>", "<｜begin▁of▁sentence｜>", "<bos>", "<s>", "[BOS]")


class OllamaBackend(RemoteBackend):
    """A running `ollama serve`."""

    kind: ClassVar[Kind] = "ollama"
    offers: ClassVar[tuple[str, ...]] = ("schema", "log-probs", "images", "raw text")
    health_path: ClassVar[str] = "/api/version"
    start_hint: ClassVar[str] = "Start it with: ollama serve"

    @property
    def usual_parallel(self) -> int:
        """As many as Ollama answers at once; more would only wait inside it and look slow."""
        return self.settings.ollama_parallel

    async def stream(self, request: GenerationRequest) -> AsyncIterator[Chunk]:
        """Chunks of one answer; the last one tells the window in force and the exact prompt."""
        patience = self._patience()
        name = name_of(request.model)
        info = await self._info(name)
        window = await self._window_of(name, info)
        path, body = await self._body(request, window)
        reading = Reading(request)
        end: dict[str, Any] = {}
        logprobs_seen = False
        async with (
            self.connection.post(path, body, patience) as reply,
            aclosing(reply.lines()) as lines,
        ):
            async for line in lines:
                if not line or end:
                    continue
                part = self._object(line)
                message = part.get("message")
                raw = {"content": part.get("response"), "thinking": part.get("thinking")}
                pieces = reading.take(message if isinstance(message, dict) else raw)
                logprobs = token_logprobs(part.get("logprobs"))
                logprobs_seen = logprobs_seen or bool(logprobs)
                if any(pieces) or logprobs:
                    patience.speaking()
                    yield Chunk(*pieces[:2], rethought=pieces.rethought, logprobs=logprobs)
                if part.get("done") is True:
                    end = part
                    reply.last_word()
        rest = reading.rest()
        if any(rest):
            yield Chunk(*rest[:2], rethought=rest.rethought)
        word = _text(end.get("done_reason")) or "stop"
        fault = reading.fault(word)
        finish = None if end and fault else self._finish(end)
        in_force, rendered = await self._afterwards(request, path, body)
        if (judged := reading.judged(rendered)) is not None:
            yield judged
        notes = penalty_notes(request.sampling)
        if in_force is not None and in_force != window:
            notes.append(f"context {window:,} asked, {in_force:,} in force")
        if request.top_logprobs is not None and not logprobs_seen:
            notes.append("log-probs")
        if reply.retries:
            notes.append(f"queue full, asked {reply.retries + 1} times")
        yield Chunk(
            finish=finish,
            prompt_tokens=whole_number(end.get("prompt_eval_count")),
            completion_tokens=whole_number(end.get("eval_count")),
            context_tokens=in_force or window,
            rendered_prompt=rendered,
            model_digest=info.digest if info else None,
            backend_version=self.version or self.label,
            ignored=(*notes, *reading.notes()),
        )
        if fault is not None:
            raise fault

    async def render_chat(self, model: str, messages: Sequence[Message]) -> RenderedChat:
        """Exact text after the template and the window; Ollama does not tell token ids."""
        request = GenerationRequest(model, tuple(messages), Sampling())
        name = name_of(model)
        window = await self._window_of(name, await self._info(name))
        path, body = await self._body(request, window)
        text = await self._rendered(path, body)
        if text is None:
            raise BackendError(f"{self.label} does not tell what it sends to this model.", "Update Ollama.")
        return RenderedChat(text, (), window)

    # --- models -----------------------------------------------------------------------------------------

    async def pull(self, name: str) -> AsyncIterator[Progress]:
        """Fetch a model, with bytes per layer; leaving the iterator cancels, and a later pull goes on from there."""
        async with aclosing(self._progress("/api/pull", {"model": name.strip()})) as steps:
            async for step in steps:
                yield step

    async def create(
        self, name: str, base: str, messages: Sequence[Message], sampling: Sampling | None = None
    ) -> AsyncIterator[Progress]:
        """Make a model from `base` (id or name) with a prompt built in, every character of it kept (a Modelfile would lose some)."""
        system = "\n\n".join(message.content for message in messages if message.role == "system")
        turns = [{"role": m.role, "content": m.content} for m in messages if m.role != "system"]
        body: dict[str, Any] = {"model": name.strip(), "from": base.removeprefix(f"{self.name}:")}
        # An empty value would not clear the base model's own: it is left out.
        body |= {"system": system} if system else {}
        body |= {"messages": turns} if turns else {}
        if sampling is not None:
            parameters = _options(sampling, None)
            body["parameters"] = {key: value for key, value in parameters.items() if value != []}
        self._listed_at = float("-inf")
        async with aclosing(self._progress("/api/create", body)) as steps:
            async for step in steps:
                yield step
        self._listed_at = float("-inf")

    async def delete(self, model: str) -> None:
        """Remove a model from the disk; one in use is unloaded first. Raises BackendError for one that is not there."""
        with suppress(BackendError):
            await self.unload(model)
        await self.connection.call("/api/delete", {"model": name_of(model)}, method="DELETE")
        self._known.pop(name_of(model), None)
        self._listed_at = float("-inf")

    async def unload(self, model: str) -> None:
        """Remove a model from memory."""
        body = {"model": name_of(model), "messages": [], "keep_alive": 0, "stream": False}
        await self.connection.call("/api/chat", body)

    async def warm_up(self, model: str) -> None:
        """Load a model with the window that answers will ask for."""
        name = name_of(model)
        options = {"num_ctx": await self._window_of(name, await self._info(name))}
        body = {"model": name, "messages": [], "shift": False, "stream": False, "options": options}
        await self.connection.call("/api/chat", body, timeout_s=self.settings.first_token_seconds)

    async def show(self, model: str) -> dict[str, Any]:
        """Everything Ollama tells of a model: template, system, parameters, details, model_info, capabilities."""
        answer = await self.connection.call("/api/show", {"model": name_of(model)})
        return answer if isinstance(answer, dict) else {}

    async def loaded(self) -> list[LoadedModel]:
        """What is in memory now."""
        rows = listed(await self.connection.get("/api/ps"), "models")
        return [
            LoadedModel(
                str(row.get("name", "")),
                whole_number(row.get("context_length")),
                whole_number(row.get("size")),
                whole_number(row.get("size_vram")),
            )
            for row in rows
        ]

    async def _list(self) -> list[ModelInfo]:
        tags, version = await asyncio.gather(
            self.connection.get("/api/tags"), self.connection.get("/api/version")
        )
        if not isinstance(tags, dict) or not isinstance(version, dict):
            raise self.connection.unreadable()
        self.version = f"Ollama {version.get('version', '')}".strip()
        return [self._row(row) for row in listed(tags, "models") if row.get("name")]

    def _row(self, row: dict[str, Any]) -> ModelInfo:
        details = row["details"] if isinstance(row.get("details"), dict) else {}
        abilities = row.get("capabilities")
        quantization = _text(details.get("quantization_level"))
        return ModelInfo(
            id=self._model_id(str(row["name"])),
            backend=self.name,
            name=str(row["name"]),
            detail=" ".join(filter(None, (_text(details.get("parameter_size")), quantization))),
            context_tokens=self._own_window(whole_number(details.get("context_length"))),
            size_bytes=whole_number(row.get("size")),
            quantization=quantization,
            capabilities=tuple(map(str, abilities)) if isinstance(abilities, list) else (),
            digest=_text(row.get("digest")) or None,
            trained_tokens=whole_number(details.get("context_length")),
        )

    # --- one request ------------------------------------------------------------------------------------

    async def _body(self, request: GenerationRequest, window: int) -> tuple[str, dict[str, Any]]:
        """Route and body of an answer; raises BackendError for what Ollama would take and misunderstand."""
        name = name_of(request.model)
        if "" in request.sampling.stop:
            raise BackendError(
                "An empty stop string ends every Ollama answer at once.", "Remove the empty stop string."
            )
        body: dict[str, Any] = {
            "model": name,
            "stream": True,
            "think": request.thinking,
            "truncate": False,
            "shift": False,
            "options": _options(request.sampling, window),
        }
        if request.top_logprobs is not None:
            body |= {"logprobs": True, "top_logprobs": request.top_logprobs}
        if request.json_schema is not None:
            body["format"] = schema_of(request)
        if request.images:
            await asyncio.to_thread(check_images, request, await self._abilities(request))
        if request.raw_prompt is not None:
            prompt = await self._without_start(request.model, request.raw_prompt)
            return "/api/generate", body | {"prompt": prompt, "raw": True}
        if not request.messages:
            raise BackendError("There is no turn to send.", "Write something in a turn, then run it.")
        messages: list[dict[str, Any]] = [{"role": m.role, "content": m.content} for m in request.messages]
        if request.images:
            messages[last_user(request)]["images"] = list(request.images)
        return "/api/chat", body | {"messages": messages}

    async def _abilities(self, request: GenerationRequest) -> tuple[str, ...]:
        """What the model can do; asked for where the list of models does not tell (older versions)."""
        known = self._known.get(name_of(request.model))
        if known and known.capabilities:
            return known.capabilities
        told: Any = None
        with suppress(PlaygroundError):
            told = (await self.show(request.model)).get("capabilities")
        return tuple(map(str, told)) if isinstance(told, list) else ()

    async def _without_start(self, model: str, text: str) -> str:
        """Raw text without the start token, where the model's tokenizer adds one by itself."""
        token = next((token for token in START_TOKENS if text.startswith(token)), "")
        if not token:
            return text
        info = (await self.show(model)).get("model_info")
        facts = info if isinstance(info, dict) else {}
        # Files without the entry: SentencePiece vocabularies ("llama") get the token, others do not.
        adds = facts.get("tokenizer.ggml.add_bos_token", facts.get("tokenizer.ggml.model") == "llama")
        return text.removeprefix(token) if adds else text

    async def _window_of(self, name: str, info: ModelInfo | None) -> int:
        """The window to ask for: the configured one, never beyond what the model was trained on."""
        if info is not None and info.context_tokens is None:  # an Ollama that does not list it
            with suppress(PlaygroundError):
                facts = (await self.show(info.id)).get("model_info")
                facts = facts if isinstance(facts, dict) else {}
                trained = facts.get(f"{facts.get('general.architecture')}.context_length")
                info = replace(info, context_tokens=self._own_window(whole_number(trained)))
                self._known[name] = info
        return info.context_tokens if info and info.context_tokens else self.settings.context_tokens

    def _own_window(self, trained: int | None) -> int | None:
        return min(self.settings.context_tokens, trained) if trained else None

    async def _afterwards(
        self, request: GenerationRequest, path: str, body: dict[str, Any]
    ) -> tuple[int | None, str | None]:
        """The window in force and the exact prompt, as far as Ollama tells them within a second."""

        async def in_force() -> int | None:
            names = {body["model"], f"{body['model']}:latest"}
            return next((m.context_tokens for m in await self.loaded() if m.name in names), None)

        async def prompt() -> str | None:
            return body["prompt"] if request.raw_prompt is not None else await self._rendered(path, body)

        window, rendered = await asyncio.gather(_soon(in_force()), _soon(prompt()))
        return window, rendered

    async def _rendered(self, path: str, body: dict[str, Any]) -> str | None:
        """The text after the template. The whole request is repeated: other options would reload the model."""
        question = body | {"stream": False, "_debug_render_only": True}
        answer = await self.connection.call(path, question, timeout_s=10)
        found = answer.get("_debug_info") if isinstance(answer, dict) else None
        text = found.get("rendered_template") if isinstance(found, dict) else None
        return text if isinstance(text, str) else None

    async def _progress(self, path: str, body: dict[str, Any]) -> AsyncGenerator[Progress, None]:
        """Steps of a long task; raises BackendError for a fault among them and for an end without success."""
        patience = Patience(PULL_STALL_SECONDS, PULL_STALL_SECONDS)
        patience.speaking()
        status = ""
        async with (
            self.connection.send("POST", path, body | {"stream": True}, patience) as reply,
            aclosing(reply.lines()) as lines,
        ):
            async for line in lines:
                if not line:
                    continue
                step = self._object(line)
                status = _text(step.get("status"))
                total = whole_number(step.get("total"))
                done = whole_number(step.get("completed"))
                layer = _text(step.get("digest"))
                # Zero is left out of Ollama's JSON.
                yield Progress(status, layer, done if total is None else done or 0, total)
        if status != "success":
            raise BackendError(f"{self.label} stopped before it was done.", "Try again; what is there stays.")

    def _object(self, line: bytes) -> dict[str, Any]:
        try:
            part = decode(line)
        except ValueError as exc:
            raise self.connection.unreadable() from exc
        if not isinstance(part, dict):
            raise self.connection.unreadable()
        if part.get("error"):
            raise self.connection.reported(part)
        return part

    def _finish(self, end: dict[str, Any]) -> Finish:
        """How the answer ended; raises BackendError for a stream without a last line."""
        word = _text(end.get("done_reason")) or "stop"
        if not end or word not in FINISHES:
            raise BackendError(
                f"{self.label} ended its answer without saying why.",
                "What had arrived is kept and not scored. A text that repeats itself makes some versions do so.",
            )
        return FINISHES[word]


def _options(sampling: Sampling, window: int | None) -> dict[str, Any]:
    """Every sampling option by name, so that neither Ollama nor the model's own parameters fill one in."""
    options: dict[str, Any] = {
        "temperature": sampling.temperature,
        "top_k": sampling.top_k,
        "top_p": sampling.top_p,
        "min_p": sampling.min_p,
        "typical_p": 1.0,
        "repeat_penalty": sampling.repetition_penalty,
        "repeat_last_n": 64,
        "presence_penalty": sampling.presence_penalty,
        "frequency_penalty": sampling.frequency_penalty,
        "num_predict": sampling.max_tokens,
        "stop": list(sampling.stop),
    }
    if sampling.seed is not None:
        options["seed"] = sampling.seed
    if window is not None:
        options["num_ctx"] = window
    return options


async def _soon(work: Awaitable[T | None]) -> T | None:
    """What a call brings within a second, else None: a receipt must not hold back an answer."""
    with suppress(PlaygroundError, TimeoutError):
        async with asyncio.timeout(AFTER_SECONDS):
            return await work
    return None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
