"""One llama.cpp context: KV cells for some sequences, and the buffers to compute with. Runs in the child.

    context = Context(model_handle, name, Shape(cells=512, sequences=1, threads=2))
    context.decode([Row(token=1, position=0, sequence=0, wants_logits=True)]) → 0
    context.sample(chain, row=0) → 253

Contexts of one model share its weights. Facts about llama.cpp used here are those of llama-cpp-python 0.3.36
(llama.cpp commit 0c1e57098).
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from playground.engine import memory
from playground.engine.bindings import llama
from playground.engine.highest import highest
from playground.engine.library import ask_stop_flag, last_error, stop_flag
from playground.errors import BackendError

if TYPE_CHECKING:  # loaded where logits are calculated with: a plain answer does without
    import numpy
    from numpy.typing import NDArray

    Vector = NDArray[numpy.float32]

STEP_ROWS = 128
"""Most rows of one decode call. It is also llama.cpp's micro-batch, so that an aborted call has changed nothing."""
CELL_BLOCK = 256
"""llama.cpp rounds the number of cells up to a multiple of this."""
_WORTH_A_LOOK = (
    2048  # cells; smaller contexts are soon used up, so that their zero pages are not worth dropping
)


class Row(NamedTuple):
    """One token of a decode call; a row that wants logits can be sampled afterwards."""

    token: int
    position: int
    sequence: int
    wants_logits: bool


@dataclass(frozen=True, slots=True)
class Shape:
    """Size of a context: KV cells that all sequences share, number of sequences, threads.

    With `embeds` it computes one vector per sequence (the mean over its tokens) in place of logits, and takes as many
    rows at once as it has cells, because llama.cpp averages within one micro-batch only. `least_rows` is for an image whose
    tokens must lie in one micro-batch.
    """

    cells: int
    sequences: int
    threads: int
    embeds: bool = False
    least_rows: int = 0

    @property
    def rows(self) -> int:
        """Most rows of one decode call."""
        return self.cells if self.embeds else max(STEP_ROWS, self.least_rows)


def rounded(cells: int) -> int:
    """The number of cells that llama.cpp makes of `cells`."""
    return -(-cells // CELL_BLOCK) * CELL_BLOCK


class Context:
    """Owned by one thread; `close` frees it. Raises BackendError when llama.cpp cannot create it."""

    def __init__(self, model: Any, name: str, shape: Shape, *, drops_zero_pages: bool = True) -> None:
        params = llama.llama_context_default_params()
        params.n_ctx = shape.cells
        params.n_batch = params.n_ubatch = shape.rows
        params.n_seq_max = shape.sequences
        params.kv_unified = True
        params.n_threads = params.n_threads_batch = shape.threads
        params.flash_attn_type = llama.LLAMA_FLASH_ATTN_TYPE_ENABLED  # as Ollama and llama-server do
        if shape.embeds:
            params.embeddings = True
            params.pooling_type = llama.LLAMA_POOLING_TYPE_MEAN
        params.abort_callback = ask_stop_flag
        params.abort_callback_data = ctypes.cast(stop_flag, ctypes.c_void_p)
        looks = drops_zero_pages and shape.cells >= _WORTH_A_LOOK
        before = memory.anonymous_ranges() if looks else []
        self.handle = llama.llama_init_from_model(model, params)
        if not self.handle:
            raise BackendError(
                f"llama.cpp cannot set up {name} for {shape.cells:,} tokens{last_error()}.",
                "Lower PLAYGROUND_CONTEXT_TOKENS, or choose a smaller model.",
            )
        if looks:
            memory.drop_zero_pages(before)
        self.cells: int = llama.llama_n_ctx(self.handle)
        self.sequences = shape.sequences
        self.rows = shape.rows
        self._memory = llama.llama_get_memory(self.handle)
        self._vocabulary_size: int = llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(model))
        self._width: int = llama.llama_model_n_embd(model)
        self._batch = llama.llama_batch_init(shape.rows, 0, 1)

    def decode(self, rows: list[Row]) -> int:
        """llama.cpp's return code: 0 done, 1 no free cells, 2 interrupted, negative broken."""
        batch = self._batch
        for i, row in enumerate(rows):
            batch.token[i] = row.token
            batch.pos[i] = row.position
            batch.n_seq_id[i] = 1
            batch.seq_id[i][0] = row.sequence
            batch.logits[i] = row.wants_logits
        batch.n_tokens = len(rows)
        code: int = llama.llama_decode(self.handle, batch)
        return code

    def sample(self, chain: Any, row: int) -> int:
        """Draw the next token after row `row` of the last decode (it must have wanted logits)."""
        token: int = llama.llama_sampler_sample(chain, self.handle, row)
        return token

    def most_likely(self, row: int, forbidden: Sequence[int] = ()) -> int:
        """The first token of the highest logit after row `row` of the last decode; those forbidden become impossible there."""
        logits = llama.llama_get_logits_ith(self.handle, row)
        for token in forbidden:
            logits[token] = float("-inf")
        return highest(logits, self._vocabulary_size)

    def logits(self, row: int) -> Vector:
        """Logits over the vocabulary after row `row` of the last decode; a copy."""
        return self._logits(row).copy()

    def allow(self, row: int, allowed: NDArray[numpy.bool_]) -> None:
        """Make every other token impossible in the logits of a row, for everything that reads them from now on."""
        import numpy

        numpy.copyto(self._logits(row), -numpy.inf, where=~allowed)

    def _logits(self, row: int) -> Vector:
        import numpy

        pointer = llama.llama_get_logits_ith(self.handle, row)
        return numpy.ctypeslib.as_array(pointer, (self._vocabulary_size,))

    def embedding(self, sequence: int) -> Vector:
        """The vector of a sequence after a decode of all its rows (shape with `embeds`); a copy."""
        import numpy

        pointer = llama.llama_get_embeddings_seq(self.handle, sequence)
        return numpy.ctypeslib.as_array(pointer, (self._width,)).copy()

    def state(self, sequence: int) -> bytes:
        """All cells of a sequence with their positions and contents; empty when that fails."""
        size: int = llama.llama_state_seq_get_size(self.handle, sequence)
        state = (ctypes.c_uint8 * size)()
        written = llama.llama_state_seq_get_data(self.handle, state, size, sequence)
        return bytes(memoryview(state)[:written])

    def take_state(self, sequence: int, state: bytes) -> bool:
        """Give a sequence new cells with the contents of `state`, bit for bit; False, and an empty one, when that fails."""
        data = (ctypes.c_uint8 * len(state)).from_buffer_copy(state)
        if state and llama.llama_state_seq_set_data(self.handle, data, len(state), sequence):
            return True
        self.forget(sequence)
        return False

    def forget(self, sequence: int, start: int = 0) -> bool:
        """Free the cells of a sequence from position `start` on; False when this model can only forget all."""
        return bool(llama.llama_memory_seq_rm(self._memory, sequence, start, -1))

    def share(self, source: int, target: int, end: int) -> None:
        """Let `target` hold the cells of `source` before position `end` too; takes no further cells."""
        llama.llama_memory_seq_cp(self._memory, source, target, 0, end)

    def move(self, source: int, target: int, start: int) -> None:
        """Let `target` hold the cells of `source` from position `start` on too; it may hold several of one position."""
        llama.llama_memory_seq_cp(self._memory, source, target, start, -1)

    def clear(self) -> None:
        """Free all cells of all sequences; the next ones are handed out from the first on."""
        llama.llama_memory_clear(self._memory, False)

    def last_position(self, sequence: int) -> int:
        """Highest position that a sequence holds, -1 when it is empty."""
        position: int = llama.llama_memory_seq_pos_max(self._memory, sequence)
        return position

    def use_threads(self, threads: int) -> None:
        """Compute with so many threads from the next decode on."""
        llama.llama_set_n_threads(self.handle, threads, threads)

    def use_adapter(self, adapter: Any, scale: float) -> None:
        """Apply a LoRA adapter to everything that is decoded from now on; raises BackendError."""
        adapters = (llama.llama_adapter_lora_p_ctypes * 1)(adapter)
        if llama.llama_set_adapters_lora(self.handle, adapters, 1, (ctypes.c_float * 1)(scale)):
            raise BackendError("llama.cpp does not accept this adapter.", "Choose one made for this model.")

    def close(self) -> None:
        """Free everything; the object is unusable afterwards."""
        llama.llama_batch_free(self._batch)
        llama.llama_free(self.handle)
        memory.return_freed()
