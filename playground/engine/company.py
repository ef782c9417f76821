"""Does company change a bit of an answer? Tried with a loaded model, in some hundred rows. Runs in the child.

    is_invariant(model, threads=2) → True

A text and its next token are computed alone, then among 3, 7 and 41 rows of others, then in two parts with 600 cells of others
between them, on one thread and on all. Of the 41 some want logits too: the head's kernel is chosen by their number. Compared
are the logits after it and the contents of its cells in every layer: the logits alone hide most differences in a last bit.
Then a tile is read behind some cells, and again where these lie behind a whole tile of others.

What decides beside the rules is found out here too: a build or a machine with other kernels, or one where GGML_CPU_TILED_MM
(`cores.py`) has no effect.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from playground.engine.calls import OWN_SEQUENCES, Calls
from playground.engine.context import Row
from playground.engine.model import LoadedModel
from playground.engine.rules import TILE, Rules

_CELLS = 1024
_OTHERS = 12  # sequences
_TEXT, _STRANGER = 12, 51  # tokens; with the one that the text has in the end they are a whole tile
_LISTENERS = 8  # of the strangers want logits too
_BEHIND = 600  # cells, so that one row would be split over threads


class _Seen(NamedTuple):
    logits: bytes
    cells: bytes


def is_invariant(model: LoadedModel, threads: int, rules: Rules | None = None) -> bool:
    """Whether answers of this model may share calls under its rules (or others). Raises BackendError without memory."""
    if not model.shares_prefixes:  # these cannot be begun in the middle, nor continued behind others
        return False
    context = model.new_context(_CELLS, _OTHERS + OWN_SEQUENCES)
    try:
        trial = _Trial(context, Calls(context, rules or model.rules, threads), model.vocabulary.size)
        alone = trial.alone()
        if alone != trial.among_others(threads) or alone != trial.behind_others():
            return False
        return trial.tile() == trial.tile(behind=alone.cells)
    finally:
        context.close()


class _Trial:
    """The same text in sequence 0, and what becomes of it."""

    def __init__(self, context: Any, calls: Calls, words: int) -> None:
        self._context = context
        self._calls = calls
        self._words = words
        self._said = b""  # the cells of a stranger
        self._text = [(7 + 31 * n) % words for n in range(_TEXT)]
        self._strange = [(11 + 17 * n) % words for n in range(_STRANGER)]

    def alone(self) -> _Seen:
        """In one call, and its last token in another, on one thread."""
        self._calls.clear()
        self._calls.use_threads(1)
        self._decode(self._mine(0, _TEXT))
        return self._seen(self._mine(_TEXT - 1, _TEXT, again=True))

    def among_others(self, threads: int) -> _Seen:
        """In three calls with 3, 7 and 41 rows of others, on all threads from now on."""
        self._calls.clear()
        self._calls.use_threads(threads)
        half = _TEXT // 2
        self._decode(self._others(0, 3) + self._mine(0, half))
        self._decode(self._mine(half, _TEXT) + self._others(3, 10))
        return self._seen(self._mine(_TEXT - 1, _TEXT, again=True) + self._others(10, _STRANGER))

    def behind_others(self) -> _Seen:
        """Its first half before and its second half behind the cells of others."""
        self._said = self._context.state(1)
        self._calls.clear()
        self._decode(self._mine(0, _TEXT // 2))
        for sequence in range(1, _BEHIND // _STRANGER):
            self._copy(sequence, self._said, _STRANGER)
        self._decode(self._mine(_TEXT // 2, _TEXT))
        return self._seen(self._mine(_TEXT - 1, _TEXT, again=True))

    def tile(self, behind: bytes = b"") -> bytes:
        """The cells of a tile after what a stranger says, in the first cells or behind a tile of others' cells."""
        self._calls.clear()
        if behind:
            self._copy(1, self._said, _STRANGER)
            self._copy(2, behind, TILE - _STRANGER)
        self._copy(0, self._said, _STRANGER)
        ids = range(_STRANGER, _STRANGER + TILE)
        self._decode([Row((5 + 3 * n) % self._words, n, 0, False) for n in ids])
        return bytes(self._context.state(0))

    def _copy(self, sequence: int, state: bytes, cells: int) -> None:
        self._context.take_state(sequence, state)
        self._calls.used += cells

    def _mine(self, start: int, end: int, *, again: bool = False) -> list[Row]:
        """Rows of the text; `again`: its last token once more, at the place after it."""
        return [Row(self._text[n], n + again, 0, again) for n in range(start, end)]

    def _others(self, start: int, end: int) -> list[Row]:
        return [Row(self._strange[n], n, 1, n >= _STRANGER - _LISTENERS) for n in range(start, end)]

    def _decode(self, rows: list[Row]) -> None:
        self._calls.decode(rows)

    def _seen(self, rows: list[Row]) -> _Seen:
        self._decode(rows)
        return _Seen(self._calls.logits(0).tobytes(), self._context.state(0))
