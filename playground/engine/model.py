"""One loaded GGUF: its weights, its words, and the contexts made from it. Runs in the child.

model = LoadedModel(header, options)
context = model.new_context(cells=512, sequences=1)
"""

from __future__ import annotations

import ctypes
import os
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playground.engine import memory
from playground.engine.bindings import llama
from playground.engine.context import Context, Shape, rounded
from playground.engine.gguf import Header, check_adapter
from playground.engine.library import last_error
from playground.engine.offload import fewer
from playground.engine.rules import rules_for
from playground.engine.vocabulary import Vocabulary
from playground.errors import BackendError

_OVERHEAD_BYTES = 64_000_000  # vocabulary, compute buffers and logits, measured with the embedded model


@dataclass(frozen=True, slots=True)
class Options:
    """How a model is loaded: window in tokens, answers at once, threads, and what of it goes onto graphics processors."""

    context_tokens: int
    parallel: int
    threads: int
    extra_buffers: bool = True
    gpu_layers: int = 0
    """Layers for the graphics processors; fewer, but not fewer than `least_layers`, when they do not fit after all."""
    least_layers: int = 0
    device: str = ""
    """How the graphics processors are called; empty where there are none or none are wanted."""


def window(header: Header, asked: int) -> int:
    """Context window of one request: what was asked for, at most what the model was trained on."""
    return min(asked, header.context_tokens or asked)


def estimated_bytes(header: Header, asked: int) -> int:
    """Memory the model will take: weights, KV cells of one whole window, buffers."""
    return header.size_bytes + header.kv_bytes_per_token * window(header, asked) + _OVERHEAD_BYTES


@llama.llama_progress_callback  # type: ignore[untyped-decorator]
def _came_further(_share: float, _data: Any) -> bool:
    """Take note of a tensor that has been read."""
    loaded_parts.append(None)
    return True


_NO_DEVICES = (ctypes.c_void_p * 1)()
"""A list of llama.cpp's that ends at once."""

loaded_parts: deque[None] = deque(maxlen=1)
"""Holds something when a file has been read further since the last look: loading is a sign of life, waiting for it is none."""


def open_model(
    header: Header, *, vocabulary_only: bool = False, extra_buffers: bool = True, gpu_layers: int = 0
) -> Any:
    """llama.cpp's handle of the file; raises BackendError."""
    params = llama.llama_model_default_params()
    params.n_gpu_layers = gpu_layers
    if not gpu_layers:  # otherwise prompts would still be computed on a graphics processor, piece by piece
        params.devices = ctypes.cast(_NO_DEVICES, ctypes.c_void_p)
    params.vocab_only = vocabulary_only
    params.use_extra_bufts = extra_buffers
    params.progress_callback = _came_further
    _crash_for_tests(extra_buffers and not vocabulary_only)
    last_error()  # an older one is not this file's
    handle = llama.llama_model_load_from_file(os.fsencode(header.path), params)
    if not handle:
        raise BackendError(
            f"llama.cpp cannot load {header.path.name}{last_error()}.",
            "The file may be damaged, cut off, or made for a newer llama.cpp.",
        )
    return handle


class LoadedModel:
    """Weights and vocabulary. `close` frees them, after every context made from them.

    `context_tokens` is the window of one request, `cells` the KV cells that all requests of one mode may use together.
    Recurrent, hybrid and sliding-window models do not share prefixes: they cannot forget just the end of a sequence.
    """

    def __init__(self, header: Header, options: Options) -> None:
        self.header = header
        self.options = options
        self.gpu_layers = options.gpu_layers
        self.handle = self._open()
        if llama.llama_model_has_encoder(self.handle) or not llama.llama_model_has_decoder(self.handle):
            llama.llama_model_free(self.handle)
            raise BackendError(f"{header.path.name} is not a text generator.", "Choose a chat or base model.")
        self.vocabulary = Vocabulary(self.handle)
        trained = self.vocabulary.trained_context
        self.context_tokens = min(options.context_tokens, trained or options.context_tokens)
        self.cells = rounded(self.context_tokens)
        self.parallel = options.parallel
        self.threads = options.threads
        self.rules = rules_for(header.weights, repacks=options.extra_buffers)
        self._adapters: dict[tuple[Path, int], Any] = {}
        self.shares_prefixes = not (
            llama.llama_model_is_recurrent(self.handle)
            or llama.llama_model_is_hybrid(self.handle)
            or llama.llama_model_n_swa(self.handle) > 0
        )
        memory.return_freed()  # what reading the file took

    @property
    def place(self) -> str:
        """Where it computes, for receipts; empty where only the processor was asked for."""
        if not self.options.device:
            return ""
        layers: int = llama.llama_model_n_layer(self.handle) + 1  # llama.cpp counts the output as one
        n = min(self.gpu_layers, layers)
        share = f"{n} of {layers} layers"
        return f"{self.options.device}, {share}"

    @property
    def notes(self) -> list[str]:
        """What could not be had: layers that the graphics processors had no memory for after all."""
        if self.gpu_layers == self.options.gpu_layers:
            return []
        return [f"{self.options.gpu_layers} GPU layers: there was memory for {self.gpu_layers}"]

    def _open(self) -> Any:
        """The file with as many layers on the graphics processors as they have memory for, a whole window included."""
        while True:
            try:
                handle = open_model(
                    self.header, extra_buffers=self.options.extra_buffers, gpu_layers=self.gpu_layers
                )
                if self.gpu_layers:
                    self._try_window(handle)
                return handle
            except BackendError:
                if not self.gpu_layers:
                    raise
                self.gpu_layers = fewer(self.gpu_layers)
                if self.gpu_layers < self.options.least_layers:
                    raise BackendError(
                        f"{self.header.path.name} does not fit: {self.options.device} has no memory for "
                        f"{self.options.least_layers} of its layers, and the engine may not use more of this machine's.",
                        "Raise PLAYGROUND_ENGINE_MEMORY_MB, or choose a smaller model.",
                    ) from None

    def _try_window(self, handle: Any) -> None:
        """Set up a whole window and let it go again; frees the model where that fails."""
        cells = rounded(window(self.header, self.options.context_tokens))
        try:
            shape = Shape(cells, 1, self.options.threads)
            Context(handle, self.header.path.name, shape, drops_zero_pages=False).close()
        except BackendError:
            llama.llama_model_free(handle)
            raise

    def new_context(
        self, cells: int, sequences: int = 1, *, embeds: bool = False, least_rows: int = 0
    ) -> Context:
        """A context of its own; the caller closes it. Raises BackendError when there is no memory for it."""
        # llama.cpp rounds the cells up only after it has cut other limits down to them, and dies of the difference.
        shape = Shape(rounded(cells), sequences, self.options.threads, embeds, least_rows)
        # A driver may have pinned pages for its device, which would go on using those that were dropped.
        return Context(self.handle, self.header.path.name, shape, drops_zero_pages=not self.gpu_layers)

    def adapter(self, path: Path) -> Any:
        """llama.cpp's handle of a LoRA for this model, loaded once; raises BackendError."""
        key = (path, _change_time(path))
        if key not in self._adapters:
            check_adapter(path, self.header)
            last_error()
            handle = llama.llama_adapter_lora_init(self.handle, os.fsencode(path))
            if not handle:
                raise BackendError(
                    f"llama.cpp cannot load the adapter {path.name}{last_error()}.",
                    "It may be damaged, or made for a model of another size.",
                )
            self._adapters[key] = handle
        return self._adapters[key]

    def close(self) -> None:
        """Free the weights and their adapters; the object is unusable afterwards."""
        llama.llama_model_free(self.handle)


def _change_time(path: Path) -> int:
    """When the file was written last, in nanoseconds; raises BackendError when it is gone."""
    try:
        return path.stat().st_mtime_ns
    except OSError as exc:
        raise BackendError(f"There is no adapter file at {path}.", "Check the path.") from exc


def _crash_for_tests(extra_buffers: bool) -> None:
    """Die as llama.cpp does on CPUs whose extra buffers crash, when a test asks for it by environment."""
    if extra_buffers and os.environ.get("PLAYGROUND_TEST_CRASH_EXTRA_BUFTS"):
        import signal

        os.kill(os.getpid(), signal.SIGSEGV)
