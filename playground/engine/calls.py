"""Decode calls in which company changes no bit: the guard between a scheduler and its context. Runs in the child.

    calls = Calls(model.new_context(cells, sequences), Rules())
    calls.decode([row])          a second row goes with it where one alone would be computed in another way
    calls.forget(3, 40)          its cells stay taken: a hole would be filled by a later position of another sequence
    calls.decode(rows)           64 and more are tiles: cells that nobody reads are taken until the next whole tile
    calls.clear()                everything is free again

Two sequences of the context are not the scheduler's: one for the rows that are added, last in the call and forgotten after it
(their cells are the next to be handed out, so they cost none), one that holds what was forgotten and what nobody reads.
"""

from __future__ import annotations

from typing import Any

from playground.engine.context import Row
from playground.engine.library import giving_way
from playground.engine.rules import LONE_CELLS, TILE, Rules

OWN_SEQUENCES = 2


class Calls:
    """A context under `rules`; `cells` and `sequences` are what is left for the scheduler. `used` counts cells handed out.

    Without `keeps_order` (a model that forgets only whole sequences) cells are freed at once; its bits are not promised.
    """

    def __init__(self, context: Any, rules: Rules, threads: int, *, keeps_order: bool = True) -> None:
        self._context = context
        self._rules = rules
        self._threads = threads
        self._keeps_order = keeps_order
        self.sequences: int = context.sequences - OWN_SEQUENCES
        self._added, self._attic = self.sequences, self.sequences + 1
        self.cells: int = context.cells - rules.spare
        self.used = 0
        self._unread = b""  # the state of a cell that nobody reads, once there is one
        self.logits, self.allow, self.sample = context.logits, context.allow, context.sample
        self.most_likely = context.most_likely
        self.share, self.last_position, self.close = context.share, context.last_position, context.close

    @property
    def context(self) -> Any:
        """The context itself, for what takes no rows: adapters, pictures."""
        return self._context

    def decode(self, rows: list[Row], *, gives_way: bool = False) -> int:
        """llama.cpp's return code, as `Context.decode`. One that `gives_way` is interrupted when somebody new comes."""
        with giving_way(gives_way):
            return self._decode(rows)

    def _decode(self, rows: list[Row]) -> int:
        code: int
        for _ in range(self.padding(len(rows))):
            if code := self._take_unread():
                return code
        more, with_logits = 0, 0
        if len(rows) > 1 or not self._may_be_alone:
            more, with_logits = self._rules.missing(len(rows), sum(row.wants_logits for row in rows))
        if not more:
            code = self._context.decode(rows)
        else:
            added = [Row(1, i, self._added, i < with_logits) for i in range(more)]
            code = self._context.decode(rows + added)
            self._context.forget(self._added)
        if code == 0:
            self.used += len(rows)
        return code

    @property
    def lacking(self) -> int:
        """Rows that must be added to one row."""
        return 0 if self._may_be_alone else self._rules.missing(1, 1)[0]

    def take_back(self, sequence: int, start: int, cells: int) -> None:
        """Free the cells at the end of a sequence that the last call has taken: they are the next to be handed out."""
        if cells:
            self._context.forget(sequence, start)
            self.used -= cells

    def padding(self, rows: int) -> int:
        """Cells that a call of so many rows takes before its own."""
        return -self.used % TILE if self._rules.tiles and rows >= TILE else 0

    def forget(self, sequence: int, start: int = 0) -> bool:
        """Take a sequence's cells from position `start` on away from it; False when this model can only forget all."""
        if self._keeps_order:
            self._context.move(sequence, self._attic, start)
        return bool(self._context.forget(sequence, start))

    def clear(self) -> None:
        """Free all cells."""
        self._context.clear()
        self.used = 0

    def use_threads(self, threads: int) -> None:
        """Compute with so many threads from the next call on."""
        if threads != self._threads:
            self._threads = threads
            self._context.use_threads(threads)

    def _take_unread(self) -> int:
        """Take a cell that nobody reads; copied, not computed. llama.cpp's return code."""
        if not self._unread:
            if code := int(self._context.decode([Row(1, 0, self._added, False)])):
                return code
            self._unread = self._context.state(self._added)
        if not self._context.take_state(self._added, self._unread):
            return 1
        self.forget(self._added)
        self.used += 1
        return 0

    @property
    def _may_be_alone(self) -> bool:
        """Whether a call of one row gives it the bits it has in company."""
        return self._rules.lone and (self.used < LONE_CELLS or self._threads == 1)
