"""The models in memory: which are loaded, which go when there is no room. Runs in the child.

shelf.take(request) → Entry      loads if need be; None while it is loading or all room is taken by busy models
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import deque
from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import llama_cpp.llama_cpp as llama

from playground.engine import memory
from playground.engine.exact import ExactScheduler
from playground.engine.gguf import read_header
from playground.engine.job import Event, failed
from playground.engine.loading import Loading
from playground.engine.model import LoadedModel, Options, estimated_bytes, open_model, window
from playground.engine.protocol import Configure, Done, Embedded, Generate, NeedsModel, TextsScored
from playground.engine.scheduler import Scheduler
from playground.engine.vocabulary import Rendered, TemplateRefused, Vocabulary
from playground.engine.yielding import Load
from playground.errors import BackendError

if TYPE_CHECKING:  # loaded with the first image only
    from playground.engine.vision import Picture, Projector, Seen

_VOCABULARIES = 2  # kept for previews of models that are not loaded
_ENCODING_BYTES = (
    128_000_000  # compute buffers of an image encoder, beside its weights; 1,000 patches of 1,000 values
)


class Task(NamedTuple):
    """Work in steps, each of which is one decode call and gives None, until the last one gives the answer."""

    id: int
    steps: Generator[Embedded | TextsScored | None]


@dataclass(slots=True, eq=False)
class Entry:
    """A loaded model with its requests. `stamp` is size and change time of the file that was read.

    The projector comes with the first image, from a file `projector_key` (path and stamp), and goes with the model.

    KV cells are at most one window for the exact requests, and one for the throughput cache while that is in use.
    """

    model: LoadedModel
    stamp: tuple[int, int]
    model_bytes: int
    load: Load | None
    exact: ExactScheduler = field(init=False)
    throughput: Scheduler | None = None
    used: float = 0.0
    projector: Projector | None = None
    projector_key: tuple[str, tuple[int, int]] | None = None
    projector_bytes: int = 0
    loading: Loading[Projector] | None = None
    _digest: list[str] = field(default_factory=list)
    _tasks: deque[Task] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self.exact = ExactScheduler(self.model)

    @property
    def is_idle(self) -> bool:
        """Whether no request of this model runs or waits."""
        return not self._tasks and self.exact.is_idle and (self.throughput is None or self.throughput.is_idle)

    @property
    def can_go(self) -> bool:
        """Whether nothing uses its weights now."""
        return self.is_idle and (self.loading is None or self.loading.has_ended)

    @property
    def bytes(self) -> int:
        """Memory of model and projector, as estimated."""
        return self.model_bytes + self.projector_bytes

    def submit(self, request: Generate, prompt: list[int], pictures: Sequence[Picture] = ()) -> None:
        """Hand a request to the scheduler of its mode; raises BackendError."""
        if request.mode == "exact":
            self._give_way()
            adapter = self.model.adapter(Path(request.adapter)) if request.adapter else None
            self.exact.submit(request, prompt, adapter, pictures)
        else:
            if self.throughput is None:
                self.throughput = Scheduler(self.model)
            self.throughput.submit(request, prompt)

    def read(self, request: Generate) -> Seen:
        """Prompt and pictures of a request with images, whose projector is loaded; raises BackendError."""
        assert self.projector

        def as_chat(messages: list[list[str]]) -> Rendered:
            return render(self.model.vocabulary, messages, thinking=request.thinking)

        return self.projector.read(as_chat, request.messages, request.images)

    def begin(self, task: Task) -> None:
        """Queue work that is no answer."""
        self._tasks.append(task)

    def step(self) -> list[Event]:
        """One decode call for each mode that has work, and one for the oldest task."""
        events: list[Event] = self._step_task() if self._tasks else []
        if not self.exact.is_idle:
            events += self.exact.step()
        if self.throughput and not self.throughput.is_idle:
            if self.load:
                self.throughput.use_threads(self.load.threads())
            events += self.throughput.step()
        return events

    def cancel(self, request_id: int) -> Done | None:
        """End a request at once; None when it is not here (or is a task, which says nothing more)."""
        for task in list(self._tasks):
            if task.id == request_id:
                task.steps.close()
                self._tasks.remove(task)
        done = self.exact.cancel(request_id)
        return done or (self.throughput.cancel(request_id) if self.throughput else None)

    def digest(self) -> str:
        """SHA-256 of the file, empty while it is still being computed."""
        return self._digest[0] if self._digest else ""

    def learn_digest(self, known: str) -> None:
        """Take the checksum, or read the file in a thread of its own, at the side of the first answer."""

        def compute() -> None:
            with suppress(OSError), self.model.header.path.open("rb") as file:
                self._digest.append(hashlib.file_digest(file, "sha256").hexdigest())

        if known:
            self._digest.append(known)
        else:
            threading.Thread(target=compute, name="digest", daemon=True).start()

    def close(self) -> None:
        """Free an idle model."""
        if self.throughput:
            self.throughput.close()
        self.take_projector()
        self.drop_projector()
        self.model.close()

    def take_projector(self) -> None:
        """Take the projector that has been loaded, if one has."""
        if self.loading and self.loading.has_ended:
            loading, self.loading = self.loading, None
            try:
                self.projector = loading.result()
            except BackendError:
                self.drop_projector()
                raise

    def drop_projector(self) -> None:
        """Free the projector; no picture may be waiting for it."""
        if self.projector:
            self.projector.close()
        self.projector, self.projector_key, self.projector_bytes = None, None, 0

    def _step_task(self) -> list[Event]:
        task = self._tasks[0]
        try:
            result = next(task.steps)
        except BackendError as exc:
            self._tasks.popleft()
            return [failed(task.id, exc)]
        if result is None:
            return []
        task.steps.close()
        self._tasks.popleft()
        return [result]

    def _give_way(self) -> None:
        """Drop an idle throughput cache that is half full: its cells would come on top of the exact ones."""
        if self.throughput and self.throughput.is_idle and self.throughput.tree.cells > self.model.cells // 2:
            self.throughput.close()
            self.throughput = None


class _LoadingModel(NamedTuple):
    """A model that is being read, with the stamp of its file and its checksum if that is known."""

    read: Loading[LoadedModel]
    stamp: tuple[int, int]
    digest: str


class Shelf:
    """All loaded models, within `limits.memory_mb` (10^6 bytes, estimated as `estimated_bytes` says)."""

    def __init__(self, limits: Configure) -> None:
        self._limits = limits
        self._load_of_machine = Load(limits.threads) if limits.yields else None
        self._entries: dict[str, Entry] = {}
        self._loading: dict[str, _LoadingModel] = {}  # one at most
        self._vocabularies: dict[str, tuple[Any, Vocabulary]] = {}

    @property
    def entries(self) -> list[Entry]:
        """Every loaded model."""
        return list(self._entries.values())

    def take(self, request: NeedsModel) -> Entry | None:
        """Model of this request, loaded.

        None while it (or its projector, for images) is being loaded or has to wait for a busy model to fall idle: ask again.
        Raises BackendError when it can never be loaded.
        """
        path = Path(request.model)
        entry = self._entries.get(request.model)
        if entry and entry.stamp != _stamp(path):  # the file was replaced on disk
            if not entry.can_go:
                return None
            self._unload(request.model)
            entry = None
        if entry is None:
            entry = self._load(path, request)
        if entry and isinstance(request, Generate) and request.images and not self._can_look(entry, request):
            return None
        if entry:
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

    def _can_look(self, entry: Entry, request: Generate) -> bool:
        """Whether the model has the projector of this request; begins to load it. Raises BackendError when it never can."""
        path = Path(request.projector)
        entry.take_projector()
        key = (request.projector, _stamp(path))
        if entry.projector_key == key:
            return entry.projector is not None
        if not entry.can_go:  # another one is in use
            return False
        entry.drop_projector()
        header = read_header(path)
        if not header.is_projector:
            raise BackendError(
                f"{path.name} is not an mmproj file.", "Choose the one that belongs to the model."
            )
        needed = header.size_bytes + _ENCODING_BYTES
        if not self._make_room(path.name, needed, beside=entry):
            return False
        model = entry.model

        def load() -> Projector:
            from playground.engine.vision import Projector  # a library of its own: not before an image comes

            return Projector(path, model.handle, model.header.path.name, model.options.threads)

        entry.loading = Loading(path.name, load, needed)
        entry.projector_key, entry.projector_bytes = key, needed
        return False

    def _make_room(self, name: str, needed: int, beside: Entry | None = None) -> bool:
        """Unload idle models, least recently used first, until the new file fits; `beside` stays."""
        limit = self._limits.memory_mb * 1_000_000
        together = needed + (beside.bytes if beside else 0)
        if together > limit:
            model = f" beside the {beside.bytes / 1e6:,.0f} MB of its model" if beside else ""
            raise BackendError(
                f"{name} needs about {needed / 1e6:,.0f} MB{model} and the engine may use "
                f"{self._limits.memory_mb:,} MB.",
                "Raise PLAYGROUND_ENGINE_MEMORY_MB, or lower PLAYGROUND_CONTEXT_TOKENS.",
            )
        idle = sorted((e.used, path) for path, e in self._entries.items() if e.can_go and e is not beside)
        taken = sum(entry.bytes for entry in self._entries.values())
        if taken - sum(self._entries[path].bytes for _, path in idle) + needed > limit:
            return False
        for _, path in idle:
            if taken + needed <= limit:
                break
            taken -= self._entries[path].bytes
            self._unload(path)
        return True

    def _load(self, path: Path, request: NeedsModel) -> Entry | None:
        """Begin to load, or fetch what has been loaded."""
        loading = self._loading.get(request.model)
        if loading is None:
            self._shelve_forgotten()
            header = read_header(path)
            needed = estimated_bytes(header, self._limits.context_tokens)
            if not self._loading and self._make_room(path.name, needed):
                options = Options(
                    context_tokens=self._limits.context_tokens,
                    parallel=self._limits.parallel,
                    threads=self._limits.threads,
                    extra_buffers=request.extra_buffers,
                )
                read = Loading(path.name, lambda: LoadedModel(header, options), needed)
                self._loading[request.model] = _LoadingModel(read, _stamp(path), request.digest)
            return None
        return self._shelve(request.model) if loading.read.has_ended else None

    def _shelve(self, path: str) -> Entry:
        """Put a model that has been loaded to the others; raises BackendError for one that could not be."""
        read, stamp, digest = self._loading.pop(path)
        entry = Entry(read.result(), stamp, read.bytes, self._load_of_machine)
        entry.learn_digest(digest)
        if path in self._vocabularies:
            self._drop_vocabulary(path)
        self._entries[path] = entry
        return entry

    def _shelve_forgotten(self) -> None:
        """Take models whose requests were cancelled while they loaded: they would keep others from loading for good."""
        for path, loading in list(self._loading.items()):
            if loading.read.has_ended:
                with suppress(BackendError):
                    self._shelve(path)

    def _unload(self, path: str) -> None:
        self._entries.pop(path).close()
        memory.return_freed()

    def _drop_vocabulary(self, model: str) -> None:
        handle, _ = self._vocabularies.pop(model)
        llama.llama_model_free(handle)
        memory.return_freed()


def render(vocabulary: Vocabulary, messages: list[list[str]], *, thinking: bool = False) -> Rendered:
    """Chat as the model receives it; raises BackendError when its template refuses."""
    try:
        return vocabulary.render(messages, thinking=thinking)
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
