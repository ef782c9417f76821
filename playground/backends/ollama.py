"""Ollama through its own API: answers. Its models are the matter of `ollama_models`.

    {"message": {"content": "Par"}, "done": false}
    {"message": {"content": ""}, "done": true, "done_reason": "stop", "prompt_eval_count": 16, "eval_count": 8}

Three things are switched off in every request, because each would falsify a comparison in silence: cutting of a long
prompt (`truncate`), dropping of its start while writing (`shift`), and thinking that nobody chose. `num_ctx` is one
value for all requests: a change of it reloads the model.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from playground.backends.answers import FINISHES, Reading, token_logprobs
from playground.backends.base import Ability
from playground.backends.deadlines import Deadline
from playground.backends.images import check_images, last_user
from playground.backends.ollama_models import OllamaModels, options_of
from playground.backends.openai_compatible import schema_of
from playground.backends.remote import name_of, penalty_notes
from playground.errors import BackendError, PlaygroundError
from playground.types.generation import Chunk, Finish, GenerationRequest, Message, RenderedChat
from playground.types.prompt import Sampling

if TYPE_CHECKING:
    from playground.backends.ollama_client import Part

T = TypeVar("T")

AFTER_SECONDS = 1.0
"""What is asked after an answer (window in force, rendered prompt) must not hold it back longer."""

# The start token that the model's own tokenizer adds once more to raw text.
START_TOKENS = ("<|begin_of_text|>", "<｜begin▁of▁sentence｜>", "<bos>", "<s>", "[BOS]")


class OllamaBackend(OllamaModels):
    """A running `ollama serve`."""

    abilities: ClassVar[frozenset[Ability]] = frozenset({"schema", "log-probs", "images", "raw text"})
    health_path: ClassVar[str] = "/api/version"

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
        end: Part | None = None
        logprobs_seen = False
        package = await self._package()
        call = package.Call(self.connection, patience, is_answer=True)
        async with call, aclosing(call.answer(path, body)) as parts:
            async for part in parts:
                if end is not None:
                    continue
                # The package's own types (0.6.3) have no `bytes` of a token, and refuse half a character.
                told = call.part
                message = told.get("message")
                raw = {"content": told.get("response"), "thinking": told.get("thinking")}
                pieces = reading.take(message if isinstance(message, dict) else raw)
                logprobs = token_logprobs(told.get("logprobs"))
                logprobs_seen = logprobs_seen or bool(logprobs)
                if any(pieces) or logprobs:
                    patience.speaking()
                    yield Chunk(*pieces[:2], rethought=pieces.rethought, logprobs=logprobs)
                if part.done:
                    end = part
                    call.reply.last_word()
        rest = reading.rest()
        if any(rest):
            yield Chunk(*rest[:2], rethought=rest.rethought)
        word = (end.done_reason if end else None) or "stop"
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
        if call.reply.retries:
            notes.append(f"queue full, asked {call.reply.retries + 1} times")
        yield Chunk(
            finish=finish,
            prompt_tokens=end.prompt_eval_count if end else None,
            completion_tokens=end.eval_count if end else None,
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
            "options": options_of(request.sampling, window),
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
        found = (await self._one(path, question, 10)).get("_debug_info")
        text = found.get("rendered_template") if isinstance(found, dict) else None
        return text if isinstance(text, str) else None

    def _finish(self, end: Part | None) -> Finish:
        """How the answer ended; raises BackendError for a stream without a last line."""
        word = (end.done_reason if end else None) or "stop"
        if end is None or word not in FINISHES:
            raise BackendError(
                f"{self.label} ended its answer without saying why.",
                "What had arrived is kept and not scored. A text that repeats itself makes some versions do so.",
            )
        return FINISHES[word]


async def _soon(work: Awaitable[T | None]) -> T | None:
    """What a call brings within a second, else None: a receipt must not hold back an answer."""
    with suppress(PlaygroundError, TimeoutError):
        async with Deadline(AFTER_SECONDS):
            return await work
    return None
