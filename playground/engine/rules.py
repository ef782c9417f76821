"""How rows may share decode calls so that company changes no bit of any of them. Runs in the child.

    rules_for({"Q4_1", "Q8_0"}, repacks=True) → Rules(least=2, multiple=1, logits_too=False, most=60)

llama.cpp on a CPU picks its kernels by the number of rows in a call, and sums them differently. Three things decide, in the
source of llama-cpp-python 0.3.36 (llama.cpp commit 0c1e57098):

- Attention (`ggml_compute_forward_flash_attn_ext_f16`): a single row with 512 cells and more is split over the threads; up to
  63 rows each walks its own cells in order; from 64 rows on all are computed in tiles, which sum 64 cells of the cache at a time.
- Matrix products (`ggml_compute_forward_mul_mat`): F16 and BF16 change kernels at 2 rows; repacked Q4_K and Q2_K take rows in
  fours and the rest one by one; k-quants that are not repacked change at 8 rows unless GGML_CPU_TILED_MM=0, which
  `thread_environment` sets. The last layer and the head see the rows that want logits only: these count on their own.
- Cells: attention walks them in their order, so a later position must never lie in an earlier cell (`calls.py`).

Walking is slow where there is much to walk: a row costs a third more than in tiles at 400 tokens, and two to three times as much at 4,000. So the
beginning of a long prompt is read in tiles, in calls of its own. There a row has the same bits wherever its sequence lies, and
whatever lies between, as long as all of it up to there lies in whole tiles; calls may have any number of whole tiles, of one
prompt or of several. Where the tiles end follows from the length of the prompt alone. What was read in tiles has other bits than
what walked: prompts share it only where both read it so.

K and V of two types would be neither split nor tiled, and nothing would have to be added to a lone row. Measured with K in Q8_0 over 700
tokens: as near to attention in F32 as F16 is (divergence 3.2e-3 and 3.1e-3; activations of 8 bits hide the rest), and a lone row
takes 21 ms of the processor in place of 32 for two. But long prompts would lose their tiles, and every answer would have other bits.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

from playground.engine.context import STEP_ROWS

_ONE_KERNEL = frozenset({"F32", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0"})
"""Formats whose products have the same bits for any number of rows; F32 only beside vectors, see `rules_for`."""
TILE = 64
"""Cells that attention sums at a time, and rows of a call from which on it does."""
_IN_FOURS = frozenset({"Q4_K", "Q2_K"})
_MOST = 60
"""Most rows of a call, those that are added included."""
LONG = 1024
"""Tokens of a prompt from which on tiles win more than they cost: whoever shares a beginning that was read in tiles, a case of
many, a turn that goes on, reads up to a tile of it again, and a conversation that grows beyond so many reads it all once more."""


@dataclass(frozen=True, slots=True)
class Rules:
    """A call has at least `least` rows and a multiple of `multiple`; with `logits_too` so have those that want logits.

    `most` is the most rows of a call before any are added. With `lone` a row may be alone as long as attention does not split it
    (`LONE_CELLS`). Prompts of `long` tokens and more begin in tiles.
    """

    least: int = 2
    multiple: int = 1
    logits_too: bool = False
    most: int = _MOST
    long: int = LONG

    @property
    def lone(self) -> bool:
        """Whether matrix products allow a call of one row."""
        return (self.multiple, self.logits_too) == (1, False)

    @property
    def spare(self) -> int:
        """Most rows that must be added to a call, and so the cells that must stay free for them."""
        return 2 * max(self.least, self.multiple) - 1 if self.logits_too else self.least - 1

    @property
    def tiles(self) -> bool:
        """Whether calls of whole tiles are something else than the others."""
        return self.most < TILE

    def tiled(self, prompt_tokens: int) -> int:
        """How many tokens of such a prompt are read in tiles.

        A tile and more is left, so that what follows a long beginning, a case of many, does not move the end of the tiles into
        what only one of them says.
        """
        return (prompt_tokens - TILE - 1) // TILE * TILE if self.tiles and prompt_tokens >= self.long else 0

    def missing(self, rows: int, logits: int) -> tuple[int, int]:
        """How many rows must be added to so many, of which `logits` want logits, and how many of the added must want them."""
        more = self._rounded(rows) - rows
        more_logits = self._rounded(logits) - logits if logits and self.logits_too else 0
        if more_logits > more:
            more = self._rounded(rows + more_logits) - rows
        return more, more_logits

    def _rounded(self, rows: int) -> int:
        return max(self.least, -(-rows // self.multiple) * self.multiple)


LONE_CELLS = 256
"""Cells in use up to which one row alone is not split over threads: llama.cpp looks at 256 more, and splits from 512 on."""


FREE = Rules(least=1, most=STEP_ROWS)
"""No rules: what a machine or model gets that cannot keep them, and is asked to batch all the same."""


def rules_for(weights: Set[str], *, repacks: bool) -> Rules:
    """The rules for a model with matrices of these formats; `repacks` when llama.cpp may use its extra buffers."""
    if repacks and weights & _IN_FOURS:
        return Rules(least=4, multiple=4, logits_too=True, most=_MOST - 4)
    if weights <= _ONE_KERNEL - {"F32"}:
        return Rules()
    return Rules(logits_too=True, most=_MOST - 1)
