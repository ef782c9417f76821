"""GGUF models on this machine, run by the engine process.

    backend = LlamaCppBackend(settings)
    await backend.models() → [ModelInfo(id="llama.cpp:SmolLM2-135M-Instruct", …)]

Nothing starts before the first request, and this process never imports llama.cpp. What the engine does not
honour stands in `Chunk.ignored`; today that is only the chat template of a file that has none.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from playground.backends import gpu_layers, model_files
from playground.backends.base import Ability
from playground.backends.images import check_images
from playground.backends.projectors import is_projector_file, projector_of
from playground.engine.client import Engine, EngineOptions, Wishes
from playground.engine.devices import Device
from playground.engine.findings import Findings, library_version
from playground.engine.gguf import Header, display_name, layer_sizes, read_header
from playground.engine.offload import plan, room
from playground.engine.protocol import Done, Started
from playground.engine.watch import Patience
from playground.errors import BackendError, NotFoundError
from playground.settings import Settings, embedded_model_path
from playground.thoughts import Thoughts
from playground.types.generation import Chunk, Finish, GenerationRequest, Message, RenderedChat, TokenLogprob
from playground.types.servers import Graphics, Health, LoadedModel, ModelInfo, OnGraphics
from playground.waiting import waits

CRASHED = "A trial run on {} crashed, so answers come from the processor."
CRASHED_HINT = "See to the driver, then delete engine.json in the data folder: the next answer tries again."

_FINISH: dict[str, Finish] = {"stop": "stop", "length": "length", "cancelled": "cancelled"}


class LlamaCppBackend:
    """Backend with every optional ability of `base`, over one engine process."""

    name = "llama.cpp"
    abilities: frozenset[Ability] = frozenset({"schema", "log-probs", "images", "raw text"})
    puts_off = True

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._engine: Engine | None = None
        self._closed = False
        self._used: dict[str, tuple[int | None, Path, int | None]] = {}

    @property
    def engine(self) -> Engine:
        """The parent's end of the engine process, created on first use."""
        if self._closed:
            raise BackendError("The llama.cpp backend has been closed.", "Start the app again.")
        if self._engine is None:
            self._engine = Engine(
                EngineOptions(
                    threads=self._settings.engine_threads,
                    parallel=self._settings.engine_parallel,
                    context_tokens=self._settings.context_tokens,
                    memory_mb=self._settings.engine_memory_mb,
                    gpu_memory_mb=self._settings.gpu_memory_mb,
                    gpu_layers=partial(gpu_layers.layers_of, self._settings),
                    findings_path=self._settings.data_dir / "engine.json",
                    patience=Patience(self._settings.first_token_seconds, self._settings.stall_seconds),
                )
            )
        return self._engine

    @property
    def parallel(self) -> int:
        """Answers to ask for at the same time."""
        return self._settings.engine_parallel

    async def models(self) -> list[ModelInfo]:
        """Embedded model, then the configured files, then `data/models/*.gguf`; unreadable ones are left out."""
        return await asyncio.to_thread(self._list_models)

    async def stream(self, request: GenerationRequest) -> AsyncIterator[Chunk]:
        """Chunks of one answer; the last one carries everything that is known about it."""
        path = await asyncio.to_thread(self._path, request.model)
        projector = await asyncio.to_thread(self._eyes, request, path) if request.images else None
        messages = _pairs(request.messages)
        facts, thoughts = Chunk(), Thoughts()
        wishes = Wishes(
            mode=request.mode,
            raw_prompt=request.raw_prompt,
            thinking=request.thinking,
            json_schema=request.json_schema,
            top_logprobs=request.top_logprobs,
            images=request.images,
            projector=str(projector or ""),
            family=request.family,
            background=request.background,
        )
        waits("Waits until the model is loaded and its prompt is prepared.")
        events = self.engine.generate(path, messages, request.sampling, wishes)
        try:
            async for event in events:
                if isinstance(event, Started):
                    self._note(request.model, path, event.context_tokens)
                    thoughts = _thoughts(request, event.rendered_prompt)
                    facts = Chunk(
                        prompt_tokens=event.prompt_tokens,
                        context_tokens=event.context_tokens,
                        rendered_prompt=event.rendered_prompt,
                        backend_version=f"{event.version}; {event.device}" if event.device else event.version,
                        mode=event.mode,
                        ignored=(*event.ignored, *self._without_gpu(path)),
                    )
                    waits(f"Its prompt of {event.prompt_tokens:,} tokens is read when it has its turn.")
                    yield facts
                elif isinstance(event, Done):
                    if any(rest := thoughts.rest()):
                        yield Chunk(rest.text, rest.reasoning, rethought=rest.rethought)
                    yield Chunk(
                        finish=_FINISH[event.finish],
                        prompt_tokens=facts.prompt_tokens,
                        completion_tokens=event.completion_tokens,
                        cached_tokens=event.cached_tokens,
                        context_tokens=facts.context_tokens,
                        rendered_prompt=facts.rendered_prompt,
                        model_digest=event.digest or None,
                        backend_version=facts.backend_version,
                        mode=facts.mode,
                        ignored=facts.ignored,
                    )
                else:
                    pieces = thoughts.feed(event.text)
                    logprobs = tuple(_token(*scored) for scored in event.logprobs)
                    if any(pieces) or logprobs:
                        yield Chunk(
                            pieces.text, pieces.reasoning, rethought=pieces.rethought, logprobs=logprobs
                        )
        finally:
            await events.aclose()

    async def warm_up(self, model: str) -> None:
        """Start the engine and load the model; returns when it is ready, raises BackendError or NotFoundError."""
        path = await asyncio.to_thread(self._path, model)
        await self.engine.warm_up(path)
        self._note(model, path, None)

    def in_memory(self) -> list[LoadedModel]:
        """The models that this engine process has used and has room for, the last used first."""
        pid = self._engine.pid if self._engine else None
        found, left = list[LoadedModel](), self._settings.engine_memory_mb * 1_000_000
        for model, (used_by, path, window) in reversed(self._used.items()) if pid is not None else ():
            try:
                size = path.stat().st_size
            except OSError:
                continue
            left -= size  # the engine unloads the least recently used ones beyond this
            if used_by == pid and (left >= 0 or not found):
                found.append(LoadedModel(model.removeprefix(f"{self.name}:"), window, size))
        return found

    def _note(self, model: str, path: Path, window: int | None) -> None:
        """That the engine has this model in memory now."""
        known = self._used.pop(model, None)
        self._used[model] = (self.engine.pid, path, window or (known[2] if known else None))

    async def embed(self, model: str, texts: Sequence[str]) -> list[list[float]]:
        """One vector of length 1 per text: the mean over its tokens."""
        return await self.engine.embed(await asyncio.to_thread(self._path, model), texts)

    async def score_text(
        self, model: str, prompt: str, continuations: Sequence[str]
    ) -> list[list[TokenLogprob]]:
        """The tokens of each continuation with their log-probabilities; plain text, no chat template."""
        path = await asyncio.to_thread(self._path, model)
        scores = await self.engine.score_text(path, prompt, continuations)
        return [[TokenLogprob(text, logprob) for text, logprob in tokens] for tokens in scores]

    async def render_chat(self, model: str, messages: Sequence[Message]) -> RenderedChat:
        """Exact text, token ids and window; loads the vocabulary only."""
        path = await asyncio.to_thread(self._path, model)
        rendered = await self.engine.render(path, _pairs(messages))
        return RenderedChat(rendered.text, tuple(rendered.tokens), rendered.context_tokens)

    async def count_tokens(self, model: str, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without template and special tokens."""
        path = await asyncio.to_thread(self._path, model)
        return await self.engine.count(path, texts)

    async def health(self) -> Health:
        """Whether the library is installed and a model is at hand; starts nothing."""
        version = library_version()
        if not version:
            return Health(
                False, "llama-cpp-python is not installed.", "Install it with: pip install llama-cpp-python"
            )
        models = await self.models()
        if not models:
            hint = "Start with --model FILE.gguf, or put a GGUF into the folder models of the data folder."
            return Health(False, f"llama-cpp-python {version}, but no readable model.", hint)
        return Health(
            True, f"llama-cpp-python {version}, {len(models)} model{'s' if len(models) > 1 else ''}."
        )

    async def close(self) -> None:
        """End the engine process."""
        self._closed = True
        if self._engine:
            await self._engine.close()

    def doctor_findings(self) -> list[str]:
        """Sentences for `playground doctor`: library, threads, extra buffers, batches, unusable files."""
        findings = self.engine.findings
        asked = "configured" if self._settings.engine_threads else "one per usable core"
        lines = [
            f"llama-cpp-python {library_version() or 'is not installed'}",
            f"engine threads: {self.engine.options.computing} ({asked})",
        ]
        if not findings.tried:
            lines.append("llama.cpp extra buffers: not tried yet, the first answer will")
        elif findings.extra_buffers("") is False:
            lines.append(
                "llama.cpp extra buffers: off, because a trial run crashed with them on this CPU; answers are right but slower to start"
            )
        else:
            lines.append("llama.cpp extra buffers: on, a trial run worked")
        lines.append(_company(findings))
        for path in self._files():
            try:
                read_header(path)
            except BackendError as exc:
                lines.append(str(exc))
        return lines

    async def graphics(self) -> Graphics | None:
        """Devices with their free memory, and the layers of each model that are or would be there."""
        gpu = self.engine.gpu
        if not gpu.library:
            return None
        seen = await gpu.look()
        if self.engine.findings.gpu is False:
            return Graphics(problem=CRASHED.format(gpu.library), hint=CRASHED_HINT)
        if seen.problem:
            return Graphics(
                problem=seen.problem,
                hint="Answers come from the processor. See to the driver, then start again.",
            )
        # What this program's own models take there now is theirs again.
        room_bytes = room(gpu.roomiest, self._settings.gpu_memory_mb * 1_000_000)
        shares = await asyncio.to_thread(self._shares, room_bytes)
        return Graphics(tuple(map(_device_line, seen.devices)), shares)

    def _shares(self, room_bytes: int) -> dict[str, OnGraphics]:
        wishes = gpu_layers.chosen(self._settings)
        shares = {}
        for model_id, path in self._named_files().items():
            wanted = wishes.get(str(path), self._settings.gpu_layers)
            with suppress(BackendError):
                header, layers = read_header(path), layer_sizes(path)
                asked = self._settings.context_tokens
                cells = header.kv_bytes_per_token * min(asked, header.context_tokens or asked)
                planned = plan(layers, cells, wanted, room_bytes)
                shares[model_id] = OnGraphics(planned.layers, planned.of, wanted=wishes.get(str(path)))
        return shares

    def choose_gpu_layers(self, model: str, count: int | None) -> None:
        """Keep how many layers of a model go onto graphics processors, None for the settings' number; raises SettingsError."""
        gpu_layers.choose(self._settings, self._path(model), count)

    def _without_gpu(self, path: Path) -> list[str]:
        """A word for answers that should have come from a graphics processor, whose trial run crashed."""
        engine = self.engine
        wants = bool(engine.gpu.library) and gpu_layers.layers_of(self._settings, path) != 0
        return ["graphics processor: its trial run crashed"] if wants and engine.findings.gpu is False else []

    def _files(self) -> list[Path]:
        """Model files in order of preference, each once; projectors are none."""
        embedded = embedded_model_path() if self._settings.embedded else None
        folder = self._settings.data_dir / "models"
        found = [*([embedded] if embedded else []), *self._settings.models, *sorted(folder.glob("*.gguf"))]
        found += model_files.added_files(self._settings.data_dir)
        paths = dict.fromkeys(path.expanduser().absolute() for path in found)
        return [path for path in paths if not is_projector_file(path)]

    def _named_projectors(self) -> list[Path]:
        """Projectors named on the command line or added: they may lie in another folder than their model."""
        named = [*self._settings.models, *model_files.added_files(self._settings.data_dir)]
        return [path for path in (p.expanduser().absolute() for p in named) if is_projector_file(path)]

    def _eyes(self, request: GenerationRequest, path: Path) -> Path | None:
        """The projector for the images of a request; raises BackendError before anything is started."""
        projector = projector_of(read_header(path), self._named_projectors())
        remedy = f"A vision model sees once its mmproj file lies beside {path.name}."
        pictures = check_images(request, _capabilities(projector), remedy)
        if any(picture.media_type == "image/webp" for picture in pictures):
            raise BackendError("llama.cpp cannot read WebP images.", "Save it as PNG or JPEG.")
        return projector

    def _named_files(self) -> dict[str, Path]:
        """Model id → file. Files of one name are told apart by their full stem, then by a number."""
        names: dict[str, Path] = {}
        for path in self._files():
            candidates = [display_name(path), path.stem, *(f"{path.stem}-{n}" for n in range(2, 1000))]
            name = next(name for name in candidates if f"{self.name}:{name}" not in names)
            names[f"{self.name}:{name}"] = path
        return names

    def _path(self, model: str) -> Path:
        path = self._named_files().get(model)
        if path is None:
            raise NotFoundError(
                f"There is no model {model}.", "Run: playground doctor, to see which models are there."
            )
        return path

    def _list_models(self) -> list[ModelInfo]:
        models = []
        named = self._named_projectors()
        for model_id, path in self._named_files().items():
            try:
                header = read_header(path)
                if not header.is_projector:  # one whose name does not say so
                    models.append(self._info(model_id, header, projector_of(header, named)))
            except BackendError:
                continue  # doctor names it; a run that asks for it gets the reason
        return models

    def _info(self, model_id: str, header: Header, projector: Path | None) -> ModelInfo:
        window = self._settings.context_tokens
        return ModelInfo(
            id=model_id,
            backend=self.name,
            name=model_id.removeprefix(f"{self.name}:"),
            detail=f"GGUF {header.quantization}".strip(),
            context_tokens=min(window, header.context_tokens or window),
            size_bytes=header.size_bytes,
            quantization=header.quantization,
            capabilities=_capabilities(projector),
            trained_tokens=header.context_tokens,
        )

    def facts(self) -> tuple[str, list[str]]:
        """Version of the library, and sentences about threads, extra buffers and batches."""
        return library_version(), [line.removeprefix("llama.cpp ") for line in self.doctor_findings()[1:4]]

    # --- files added by path: see model_files.py ---------------------------------------------------------

    def added_paths(self) -> list[Path]:
        """Files and folders that were added; raises SettingsError."""
        return model_files.added_paths(self._settings.data_dir)

    def add_file(self, path: str) -> Path:
        """Remember a GGUF file, or a folder of them; raises SettingsError or BackendError when there is no model."""
        return model_files.add_path(self._settings.data_dir, path)

    def remove_file(self, path: str) -> None:
        """Forget an added file or folder; raises NotFoundError."""
        model_files.remove_path(self._settings.data_dir, path)


def _company(findings: Findings) -> str:
    """Whether answers share calls, as `doctor_findings` says it."""
    if in_turns := ", ".join(kind for kind, equal in findings.kinds.items() if not equal):
        return f"answers side by side: in turns, because company could change bits, for {in_turns}"
    if findings.kinds:
        return "answers side by side: batched, a trial run found that company changes no bit of them"
    return "answers side by side: not tried yet, the first answer will"


def _capabilities(projector: Path | None) -> tuple[str, ...]:
    return ("completion", "vision") if projector else ("completion",)


def _device_line(device: Device) -> str:
    """One device with its memory, for people."""
    free, total = device.free_bytes / 1e9, device.total_bytes / 1e9
    shared = " of the machine's own memory" if device.is_integrated else ""
    return f"{device.label}: {free:.1f} of {total:.1f} GB free{shared}"


def _thoughts(request: GenerationRequest, rendered: str) -> Thoughts:
    """What tells thoughts from the answer; a schema holds from the first token on, so nothing before it is thought."""
    asked = [m.content for m in request.messages if m.role != "assistant"]
    shaped = request.json_schema is not None
    return Thoughts(None if shaped else rendered, asked=asked, shaped=shaped)


def _token(text: str, logprob: float, top: list[list[Any]], raw: str) -> TokenLogprob:
    """A scored token as the engine's protocol carries it."""
    return TokenLogprob(text, logprob, tuple((str(other), float(value)) for other, value in top), raw)


def _pairs(messages: Sequence[Message]) -> list[list[str]]:
    """Messages as the engine's protocol carries them."""
    return [[message.role, message.content] for message in messages]
