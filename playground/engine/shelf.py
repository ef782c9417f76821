"""The models in memory: which are loaded, which go when there is no room. Runs in the child.

shelf.take(request) → Entry      loads if need be; None while it is loading or all room is taken by busy models
"""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from playground.engine import memory
from playground.engine.bindings import llama
from playground.engine.entry import Entry
from playground.engine.gguf import Header, read_header
from playground.engine.loading import Loading
from playground.engine.model import LoadedModel, Options, estimated_bytes, open_model, window
from playground.engine.placement import Graphics, Placed
from playground.engine.protocol import Configure, Generate, NeedsModel
from playground.engine.vocabulary import Vocabulary
from playground.engine.yielding import Load
from playground.errors import BackendError

if TYPE_CHECKING:  # loaded with the first image only
    from playground.engine.vision import Projector

_VOCABULARIES = 2  # kept for previews of models that are not loaded
_ENCODING_BYTES = 128_000_000  # estimated compute buffers of an image encoder, beside its weights


class _LoadingModel(NamedTuple):
    """A model that is being read, with the stamp of its file and its checksum if that is known."""

    read: Loading[LoadedModel]
    stamp: tuple[int, int]
    digest: str
    gpu_wanted: int
    placed: Placed | None


class Shelf:
    """All loaded models, within `limits.memory_mb` (10^6 bytes, estimated as `estimated_bytes` says)."""

    def __init__(self, limits: Configure, graphics: Graphics | None = None) -> None:
        self._limits = limits
        self._load_of_machine = Load(limits.threads) if limits.yields else None
        self._entries: dict[str, Entry] = {}
        self._loading: dict[str, _LoadingModel] = {}  # one at most
        self._vocabularies: dict[str, tuple[Any, Vocabulary]] = {}
        self._graphics = graphics or Graphics(limits.gpu_memory_mb)

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
        # The file was replaced on disk, or its place was chosen anew.
        if entry and (entry.stamp, entry.gpu_wanted) != (_stamp(path), request.gpu_layers):
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

            name, threads = model.header.path.name, model.options.threads
            return Projector(path, model.handle, name, threads, on_gpu=model.gpu_layers > 0)

        entry.loading = Loading(path.name, load, needed)
        entry.projector_key, entry.projector_bytes = key, needed
        return False

    def _make_room(self, name: str, needed: int, beside: Entry | None = None, gpu_bytes: int = 0) -> bool:
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
        taken, on_gpu = sum(entry.bytes for entry in self.entries), self._on_gpu

        def fits(taken: int, on_gpu: int) -> bool:
            is_room = not gpu_bytes or on_gpu + gpu_bytes <= self._graphics.room_bytes
            return is_room and taken + needed <= limit

        can_go = [self._entries[path] for _, path in idle]
        if not fits(taken - sum(e.bytes for e in can_go), on_gpu - sum(e.gpu_bytes for e in can_go)):
            return False
        for (_, path), entry in zip(idle, can_go, strict=True):
            if fits(taken, on_gpu):
                break
            taken, on_gpu = taken - entry.bytes, on_gpu - entry.gpu_bytes
            self._unload(path)
        return True

    @property
    def _on_gpu(self) -> int:
        return sum(entry.gpu_bytes for entry in self.entries)

    def _load(self, path: Path, request: NeedsModel) -> Entry | None:
        """Begin to load, or fetch what has been loaded."""
        loading = self._loading.get(request.model)
        if loading is None:
            self._shelve_forgotten()
            header = read_header(path)
            if not self._loading:
                self._begin(header, request)
            return None
        return self._shelve(request.model) if loading.read.has_ended else None

    def _begin(self, header: Header, request: NeedsModel) -> None:
        """Begin to load a model when there is room for it, or can be made; raises BackendError when there never is."""
        asked, path = self._limits.context_tokens, header.path
        needed = estimated_bytes(header, asked)
        placed = self._graphics.place(header, window(header, asked), request.gpu_layers, self._on_gpu)
        layers = placed.plan.layers if placed else 0
        least = 0
        if placed:
            least = placed.least_layers(needed - self._limits.memory_mb * 1_000_000)
            needed -= placed.own_bytes(layers)
        if not self._make_room(path.name, needed, gpu_bytes=placed.plan.gpu_bytes if placed else 0):
            return
        options = Options(
            context_tokens=asked,
            parallel=self._limits.parallel,
            threads=self._limits.threads,
            extra_buffers=request.extra_buffers,
            gpu_layers=layers,
            least_layers=min(least, layers),
            device=placed.device if placed else "",
        )
        read = Loading(path.name, lambda: LoadedModel(header, options), needed)
        self._loading[request.model] = _LoadingModel(
            read, _stamp(path), request.digest, request.gpu_layers, placed
        )

    def _shelve(self, path: str) -> Entry:
        """Put a model that has been loaded to the others; raises BackendError for one that could not be."""
        read, stamp, digest, wanted, placed = self._loading.pop(path)
        model = read.result()
        entry = Entry(model, stamp, read.bytes, self._load_of_machine, gpu_wanted=wanted)
        if placed:
            entry.gpu_bytes = placed.gpu_bytes(model.gpu_layers)
            entry.model_bytes += placed.own_bytes(placed.plan.layers) - placed.own_bytes(model.gpu_layers)
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


def _stamp(path: Path) -> tuple[int, int]:
    """Size and change time of the file; raises BackendError when it is gone."""
    try:
        stat = path.stat()
    except OSError as exc:
        raise BackendError(
            f"The model file {path} cannot be read: {exc.strerror}.", "Check the path."
        ) from exc
    return stat.st_size, stat.st_mtime_ns
