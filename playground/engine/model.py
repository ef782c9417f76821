"""One loaded GGUF with one llama.cpp context that holds many sequences. Runs in the child.

    model = load_model(header, options)
    model.decode([Row(token=1, position=0, sequence=0, wants_logits=True)]) → 0
    model.sample(chain, row=0) → 253

Facts about llama.cpp used here are those of llama-cpp-python 0.3.36 (llama.cpp commit 0c1e57098).
"""

from __future__ import annotations

import ctypes
import os
from collections import deque
from dataclasses import dataclass
from typing import Any, NamedTuple

import llama_cpp.llama_cpp as llama

from playground.engine import memory
from playground.engine.gguf import Header
from playground.engine.vocabulary import Vocabulary
from playground.errors import BackendError

STEP_ROWS = 128
"""Most rows of one decode call. It is also llama.cpp's micro-batch, so that an aborted call has changed nothing."""
_OVERHEAD_BYTES = 64_000_000  # vocabulary, compute buffers and logits, measured with the embedded model
_LOG_LEVEL_ERROR = 4

_errors: deque[str] = deque(maxlen=4)
_stop_flag = ctypes.create_string_buffer(2)


@llama.llama_log_callback  # type: ignore[untyped-decorator]
def _keep_errors(level: int, text: bytes, _data: Any) -> None:
    if level == _LOG_LEVEL_ERROR:
        _errors.append(text.decode("utf-8", "replace").strip())


# llama.cpp asks this after every graph node whether to give up. libc's own strlen reads the flag: "" is 0 (go on),
# "x" is 1 (give up). A Python function here would fight for the interpreter lock a thousand times per token.
_ask_stop_flag = ctypes.cast(ctypes.CDLL(None).strlen, llama.ggml_abort_callback)


@llama.llama_progress_callback  # type: ignore[untyped-decorator]
def _go_on_loading(_progress: float, _data: Any) -> bool:
    return not _stop_flag.value


def interrupt() -> None:
    """Make a running decode or load return early; callable from any thread."""
    _stop_flag.value = b"x"


def resume() -> None:
    """Take `interrupt` back."""
    _stop_flag.value = b""


def start_library() -> str:
    """Initialise llama.cpp once per process; its version for receipts."""
    llama.llama_log_set(_keep_errors, None)
    llama.llama_backend_init()
    import llama_cpp

    return f"llama-cpp-python {llama_cpp.__version__}"


@dataclass(frozen=True, slots=True)
class Options:
    """How a model is loaded: window in tokens, sequences at once, threads."""

    context_tokens: int
    parallel: int
    threads: int
    extra_buffers: bool = True


class Row(NamedTuple):
    """One token of a decode call; a row that wants logits can be sampled afterwards."""

    token: int
    position: int
    sequence: int
    wants_logits: bool


class LoadingInterrupted(Exception):
    """`interrupt` was called while a model was being loaded."""


def window(header: Header, asked: int) -> int:
    """Context window of one request: what was asked for, at most what the model was trained on."""
    return min(asked, header.context_tokens or asked)


def estimated_bytes(header: Header, asked: int) -> int:
    """Memory the model will take: weights, KV cells of one whole window, buffers."""
    return header.size_bytes + header.kv_bytes_per_token * window(header, asked) + _OVERHEAD_BYTES


def open_model(header: Header, *, vocabulary_only: bool = False, extra_buffers: bool = True) -> Any:
    """llama.cpp's handle of the file; raises BackendError, or LoadingInterrupted."""
    params = llama.llama_model_default_params()
    params.vocab_only = vocabulary_only
    params.use_extra_bufts = extra_buffers
    params.progress_callback = _go_on_loading
    _crash_for_tests(extra_buffers and not vocabulary_only)
    _errors.clear()
    handle = llama.llama_model_load_from_file(os.fsencode(header.path), params)
    if not handle:
        if _stop_flag.value:
            raise LoadingInterrupted
        reason = f" ({_errors[0]})" if _errors else ""
        raise BackendError(
            f"llama.cpp cannot load {header.path.name}{reason}.",
            "The file may be damaged, cut off, or made for a newer llama.cpp.",
        )
    return handle


class LoadedModel:
    """Weights and context. Owned by one thread; `close` frees both.

    `cells` is the number of KV cells that all sequences share, `context_tokens` the window of each one.
    """

    def __init__(self, header: Header, options: Options) -> None:
        self.header = header
        self._model = open_model(header, extra_buffers=options.extra_buffers)
        self.vocabulary = Vocabulary(self._model)
        self.vocabulary_size: int = llama.llama_vocab_n_tokens(self.vocabulary.handle)
        self.context_tokens = min(
            options.context_tokens, self.vocabulary.trained_context or options.context_tokens
        )
        self.sequences = options.parallel
        before = memory.anonymous_ranges()
        self._context = self._new_context(options)
        memory.drop_zero_pages(before)
        memory.return_freed()  # what reading the file took
        self._memory = llama.llama_get_memory(self._context)
        self.cells: int = llama.llama_n_ctx(self._context)
        self._batch = llama.llama_batch_init(STEP_ROWS, 0, 1)

    def _new_context(self, options: Options) -> Any:
        if llama.llama_model_has_encoder(self._model) or not llama.llama_model_has_decoder(self._model):
            llama.llama_model_free(self._model)
            raise BackendError(
                f"{self.header.path.name} is not a text generator.", "Choose a chat or base model."
            )
        params = llama.llama_context_default_params()
        params.n_ctx = self.context_tokens
        params.n_batch = params.n_ubatch = STEP_ROWS
        params.n_seq_max = self.sequences + 1
        params.kv_unified = True
        params.n_threads = params.n_threads_batch = options.threads
        params.flash_attn_type = llama.LLAMA_FLASH_ATTN_TYPE_ENABLED  # as Ollama and llama-server do
        params.abort_callback = _ask_stop_flag
        params.abort_callback_data = ctypes.cast(_stop_flag, ctypes.c_void_p)
        _errors.clear()
        context = llama.llama_init_from_model(self._model, params)
        if not context:
            llama.llama_model_free(self._model)
            reason = f" ({_errors[0]})" if _errors else ""
            raise BackendError(
                f"llama.cpp cannot set up {self.header.path.name} for {self.context_tokens:,} tokens{reason}.",
                "Lower PLAYGROUND_CONTEXT_TOKENS, or choose a smaller model.",
            )
        return context

    def decode(self, rows: list[Row]) -> int:
        """llama.cpp's return code: 0 done, 1 no free cells, 2 interrupted, negative broken; at most STEP_ROWS rows."""
        batch = self._batch
        for i, row in enumerate(rows):
            batch.token[i] = row.token
            batch.pos[i] = row.position
            batch.n_seq_id[i] = 1
            batch.seq_id[i][0] = row.sequence
            batch.logits[i] = row.wants_logits
        batch.n_tokens = len(rows)
        code: int = llama.llama_decode(self._context, batch)
        return code

    def sample(self, chain: Any, row: int) -> int:
        """Draw the next token after row `row` of the last decode (it must have wanted logits)."""
        token: int = llama.llama_sampler_sample(chain, self._context, row)
        return token

    def forget(self, sequence: int, start: int = 0) -> bool:
        """Free the cells of a sequence from position `start` on; False when this model can only forget all."""
        return bool(llama.llama_memory_seq_rm(self._memory, sequence, start, -1))

    def close(self) -> None:
        """Free everything; the object is unusable afterwards."""
        llama.llama_batch_free(self._batch)
        llama.llama_free(self._context)
        llama.llama_model_free(self._model)


def _crash_for_tests(extra_buffers: bool) -> None:
    """Die as llama.cpp does on CPUs whose extra buffers crash, when a test asks for it by environment."""
    if extra_buffers and os.environ.get("PLAYGROUND_TEST_CRASH_EXTRA_BUFTS"):
        import signal

        os.kill(os.getpid(), signal.SIGSEGV)
