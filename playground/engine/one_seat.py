"""One answer at a time, with a context to itself: for those that company would change. Runs in the child, knows no pipes.

    turns = OneSeat(model)
    turns.submit(request, prompt, guide, adapter, pictures)
    turns.step() → [Piece, Done, …]

The loop is that of `scheduler.py`; here it has one seat and empty cells for each answer. How a prompt is cut into calls follows
from it alone: 128 rows at most, pictures between them, then one token at a time. One that had to leave, or to begin again, is
read in the same calls, so that every bit comes out the same. A picture is two steps, its encoding and its way into the context.

Requests of one `family` are samples of one prompt. They follow each other; the first leaves the prompt and the logits after
it, and the others go on from there: these are the very bits they would compute.
"""

from __future__ import annotations

from typing import Any

from playground.engine.job import Event
from playground.engine.prefix_tree import Node
from playground.engine.rules import FREE
from playground.engine.run import Run
from playground.engine.sampler import ReadLogits
from playground.engine.scheduler import Model, Scheduler
from playground.errors import BackendError

_Dress = tuple[Any, float, int]


class OneSeat(Scheduler):
    """Requests of one model that take turns. `close` frees the context, which has so many `cells` for the first of them."""

    def __init__(self, model: Model, cells: int = 0) -> None:
        self._first_cells = cells
        self._dress: _Dress = (None, 1.0, 0)
        self._left: tuple[Run, Node] | None = (
            None  # a sample that has ended, and the prompt that is still there
        )
        super().__init__(model, FREE)

    def _set_up(self, cells: int = 0, least_rows: int = 0) -> None:
        self._seats, self._shares_prefixes = 1, False
        super()._set_up(cells or self._first_cells, least_rows)

    def step(self) -> list[Event]:
        """One decode call of the answer that has the seat, or one step with a picture."""
        self._admit()
        if not self._running:
            return []
        run = self._running[0]
        try:
            self._put_on(run)
            picture = next((p for p in run.pictures if p.start == run.computed), None)
            if picture is not None:
                return self._look(run, picture)
        except BackendError as exc:
            self._end(run)
            return [run.job.refused(exc)]
        if run.first is not None and run.computed == len(
            run.job.tokens
        ):  # where a sample of its family has left off
            return self._advance(run, 0, ReadLogits(run.first))
        return super().step()

    def _admit(self) -> None:
        # Samples of the prompt that is there come first; it would have to be read again after others.
        self._waiting.sort(key=lambda run: (run.rank[0], not self._goes_on(run), run.rank))
        super()._admit()

    def _goes_on(self, run: Run) -> bool:
        """Whether it is a sample of the prompt that is still there, so that what was read holds for it."""
        if self._left is None or run.job.answer_tokens:
            return False
        mine, left = run.job, self._left[0].job
        return (
            run.family == self._left[0].family != ""
            and _dress_of(run) == _dress_of(self._left[0])
            and mine.tokens == left.tokens[: left.prompt_tokens]
        )

    def _has_cells(self, run: Run) -> bool:
        return True  # all of them are its own

    def _is_worth_forgetting(self, run: Run) -> bool:
        return self.tree.cells > 0 and not self._goes_on(run)

    def _forget_all(self) -> None:
        self._left = None
        super()._forget_all()

    def _open(self, run: Run) -> bool:
        if self._left is None or not self._goes_on(run):
            self._calls.clear()
            return super()._open(run)
        (sibling, run.leaf), self._left = self._left, None
        run.first, run.reused = sibling.first, run.job.prompt_tokens
        return True

    def _release(self, run: Run) -> None:
        prompt, leaf = run.job.prompt_tokens, run.leaf
        if not leaf or run.first is None or not self.tree.rewind(leaf, prompt):
            return super()._release(run)
        self._running.remove(run)
        run.leaf, self._left = None, (run, leaf)
        return None

    def _shares(self) -> list[tuple[Run, int]]:
        run = self._running[0]
        ends = (run.job.prompt_tokens, *(picture.start for picture in run.pictures))
        left = min((end - run.computed for end in ends if end > run.computed), default=1)
        return [(run, min(left, self._rules.most))]

    def _advance(self, run: Run, row: int, logits: Any = None) -> list[Event]:
        # A picture's positions are not all that a sibling would need.
        if run.family and not run.pictures and not run.job.answer_tokens and logits is None:
            run.first = self._calls.logits(row)
        return super()._advance(run, row, logits)

    def _put_on(self, run: Run) -> None:
        """Give it a context that is large enough, with its adapter, and with calls as long as its pictures need.

        Raises BackendError.
        """
        dress = _dress_of(run)
        cells = cells_for(self._model, run.job.prompt_tokens, run.job.request.max_tokens)
        if self._dress == dress and cells <= self.cells:
            return
        adapter, scale, least_rows = dress
        before = self._calls
        self._set_up(cells, least_rows)
        before.close()
        self._dress = (None, 1.0, least_rows)
        run.leaf, run.reused = self.tree.open(run.job.tokens), 0
        if adapter:
            self._calls.context.use_adapter(adapter, scale)
            self._dress = dress

    def _look(self, run: Run, picture: Any) -> list[Event]:
        """One step with a picture: its encoding, then its way into the context."""
        assert run.leaf
        if not picture.is_encoded:
            picture.encode()
            return []
        position = run.computed - run.saved
        code = picture.read_into(self._calls.context, position)
        if code == 2:  # interrupted for a cancellation, with a part of it in the cache
            if not (self._model.shares_prefixes and self._calls.forget(run.leaf.sequence, position)):
                self.tree.rewind(run.leaf, 0)
        elif code:
            self._end(run)
            return [run.job.failed(code)]
        else:
            self.tree.grow(run.leaf, run.job.tokens[run.computed : run.computed + picture.size])
        return []


def cells_for(model: Model, prompt_tokens: int, max_tokens: int) -> int:
    """What a whole answer needs at most."""
    return min(prompt_tokens + max_tokens, model.context_tokens)


def _dress_of(run: Run) -> _Dress:
    """What a context must have for a request: adapter, its scale, and the most rows of a call if that is unusual."""
    whole = max((picture.size for picture in run.pictures if picture.whole), default=0)
    return run.adapter, run.job.request.adapter_scale if run.adapter else 1.0, whole
