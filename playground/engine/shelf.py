"""The models in memory: which are loaded, which go when there is no room. Runs in the child.

shelf.take(request) → Entry      loads if need be; None while all room is taken by busy models
"""

from __future__ import annotations

import hashlib
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import llama_cpp.llama_cpp as llama

from playground.engine import memory
from playground.engine.gguf import Header, read_header
from playground.engine.model import LoadedModel, Options, estimated_bytes, open_model, window
from playground.engine.protocol import Configure, Generate
from playground.engine.scheduler import Scheduler
from playground.engine.vocabulary import Rendered, TemplateRefused, Vocabulary
from playground.errors import BackendError

_VOCABULARIES = 2  # kept for previews of models that are not loaded


@dataclass(slots=True, eq=False)
class Entry:
    """A loaded model with its requests. `stamp` is size and change time of the file that was read."""

    model: LoadedModel
    scheduler: Scheduler
    stamp: tuple[int, int]
    bytes: int
    used: float = 0.0
    _digest: list[str] = field(default_factory=list)

    def digest(self) -> str:
        """SHA-256 of the file, empty while it is still being computed."""
        return self._digest[0] if self._digest else ""

    def compute_digest(self, path: Path) -> None:
        """Read the file in a thread of its own, at the side of the first answer."""

        def compute() -> None:
            with suppress(OSError), path.open("rb") as file:
                self._digest.append(hashlib.file_digest(file, "sha256").hexdigest())

        threading.Thread(target=compute, name="digest", daemon=True).start()


class Shelf:
    """All loaded models, within `limits.memory_mb` (10^6 bytes, estimated as `estimated_bytes` says)."""

    def __init__(self, limits: Configure) -> None:
        self._limits = limits
        self._entries: dict[str, Entry] = {}
        self._vocabularies: dict[str, tuple[Any, Vocabulary]] = {}

    @property
    def entries(self) -> list[Entry]:
        """Every loaded model."""
        return list(self._entries.values())

    def take(self, request: Generate) -> Entry | None:
        """Model of this request, loaded.

        None while it has to wait for a busy model to fall idle. Raises BackendError when it can never be loaded, and
        LoadingInterrupted when a cancellation came in between (ask again).
        """
        path = Path(request.model)
        entry = self._entries.get(request.model)
        if entry and entry.stamp != _stamp(path):  # the file was replaced on disk
            if not entry.scheduler.is_idle:
                return None
            self._unload(request.model)
            entry = None
        if entry is None:
            header = read_header(path)
            if not self._make_room(header):
                return None
            entry = self._load(header, request)
        entry.used = time.monotonic()
        return entry

    def vocabulary(self, model: str) -> tuple[Vocabulary, int]:
        """Words of a model, with the window it gives one request; reads no weights."""
        entry = self._entries.get(model)
        if entry:
            return entry.model.vocabulary, entry.model.context_tokens
        header = read_header(Path(model))
        if model not in self._vocabularies:
            while len(self._vocabularies) >= _VOCABULARIES:
                self._drop_vocabulary(next(iter(self._vocabularies)))
            handle = open_model(header, vocabulary_only=True)
            self._vocabularies[model] = (handle, Vocabulary(handle))
        vocabulary = self._vocabularies[model][1]
        return vocabulary, window(header, self._limits.context_tokens)

    def _make_room(self, header: Header) -> bool:
        """Unload idle models, least recently used first, until the new one fits."""
        limit = self._limits.memory_mb * 1_000_000
        needed = estimated_bytes(header, self._limits.context_tokens)
        if needed > limit:
            raise BackendError(
                f"{header.path.name} needs about {needed / 1e6:,.0f} MB and the engine may use "
                f"{self._limits.memory_mb:,} MB.",
                "Raise PLAYGROUND_ENGINE_MEMORY_MB, or lower PLAYGROUND_CONTEXT_TOKENS.",
            )
        idle = sorted((e.used, path) for path, e in self._entries.items() if e.scheduler.is_idle)
        taken = sum(entry.bytes for entry in self._entries.values())
        if taken - sum(self._entries[path].bytes for _, path in idle) + needed > limit:
            return False
        for _, path in idle:
            if taken + needed <= limit:
                break
            taken -= self._entries[path].bytes
            self._unload(path)
        return True

    def _load(self, header: Header, request: Generate) -> Entry:
        options = Options(
            context_tokens=self._limits.context_tokens,
            parallel=self._limits.parallel,
            threads=self._limits.threads,
            extra_buffers=request.extra_buffers,
        )
        if request.model in self._vocabularies:
            self._drop_vocabulary(request.model)
        stamp = _stamp(header.path)
        model = LoadedModel(header, options)
        entry = Entry(model, Scheduler(model), stamp, estimated_bytes(header, self._limits.context_tokens))
        if request.digest:
            entry._digest.append(request.digest)
        else:
            entry.compute_digest(header.path)
        self._entries[request.model] = entry
        return entry

    def _unload(self, path: str) -> None:
        self._entries.pop(path).model.close()
        memory.return_freed()

    def _drop_vocabulary(self, model: str) -> None:
        handle, _ = self._vocabularies.pop(model)
        llama.llama_model_free(handle)
        memory.return_freed()


def render(vocabulary: Vocabulary, messages: list[list[str]]) -> Rendered:
    """Chat as the model receives it; raises BackendError when its template refuses."""
    try:
        return vocabulary.render(messages)
    except TemplateRefused as exc:
        raise BackendError(
            f"The model's chat template does not accept these turns: {exc}",
            "Some models take no system turn, or want user and assistant turns in alternation.",
        ) from exc


def _stamp(path: Path) -> tuple[int, int]:
    """Size and change time of the file; raises BackendError when it is gone."""
    try:
        stat = path.stat()
    except OSError as exc:
        raise BackendError(
            f"The model file {path} cannot be read: {exc.strerror}.", "Check the path."
        ) from exc
    return stat.st_size, stat.st_mtime_ns
