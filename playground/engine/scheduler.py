"""Continuous batching: many answers grow in the same decode calls, on a shared KV cache. Runs in the child, knows no pipes.

    scheduler.submit(request, prompt)      joins between two steps
    scheduler.step() → [Piece, Done, …]    one token for every answer, some rows of prompts
    scheduler.cancel(id) → Done | None     leaves between two steps

Every step is one call with a row of each answer that is being written, then one with prompt rows, oldest request first. They
are kept apart because llama.cpp's flash attention sums calls below and from 64 rows in different ways: so prompts and answers
each take the way they take in exact mode, and the two modes differ in the last bits only. What a
prompt shares with anything in the cache is not computed again (`prefix_tree.py`); what waiting prompts share with each other
is computed once, by the first of them. When cells run out, first closed branches go, least recently used first; then the
youngest request goes back to the queue and later goes on where it was. The oldest never does, so each request that fits
alone ends.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from playground.engine.context import STEP_ROWS, Row
from playground.engine.grammar import Guide
from playground.engine.job import Event, Job
from playground.engine.prefix_tree import Node, PrefixTree, common_length
from playground.engine.protocol import Done, Generate
from playground.engine.sampler import draw, free_chain, new_chain
from playground.engine.vocabulary import Vocabulary
from playground.errors import BackendError

_TILE = 64  # rows from which llama.cpp's flash attention works in tiles
_HEADROOM = 32  # cells that must stay free when a request joins, so that it does not leave at once
_WORTH_WAITING = 16  # shared tokens still to be computed by another request for which it pays to wait


class Model(Protocol):
    """What the scheduler needs of `LoadedModel`."""

    vocabulary: Vocabulary
    context_tokens: int
    cells: int
    parallel: int
    shares_prefixes: bool

    def new_context(self, cells: int, sequences: int) -> Any: ...  # noqa: D102


@dataclass(slots=True, eq=False)
class _Run:
    """A request with its place in the cache: the first `leaf.end` of its tokens have been computed."""

    job: Job
    leaf: Node | None = None
    reused: int = 0

    @property
    def computed(self) -> int:
        return self.leaf.end if self.leaf else 0

    @property
    def is_long(self) -> bool:
        return self.job.prompt_tokens >= _TILE

    @property
    def is_writing(self) -> bool:
        return self.job.answer_tokens > 0 and len(self.job.tokens) - self.computed == 1


class Scheduler:
    """All throughput requests of one model. `close` frees the cache."""

    def __init__(self, model: Model) -> None:
        self._model = model
        # Each answer needs a sequence; as many again keep ended ones for later prompts.
        sequences = min(256, 2 * model.parallel + 16) if model.shares_prefixes else model.parallel
        self._context = model.new_context(model.cells, sequences)
        self.cells: int = self._context.cells
        self.tree = PrefixTree(self._context, shares=model.shares_prefixes)
        self._running: list[_Run] = []  # both lists: oldest first
        self._waiting: list[_Run] = []
        self._count = 0
        self._threads = 0

    @property
    def is_idle(self) -> bool:
        """Whether no request runs or waits."""
        return not self._running and not self._waiting

    def submit(self, request: Generate, prompt: list[int], guide: Guide | None = None) -> None:
        """Queue a request; `prompt` has 1 to context_tokens - 1 token ids. Raises BackendError for a bad grammar."""
        chain = new_chain(request, self._model.vocabulary)
        self._count += 1
        self._waiting.append(_Run(Job(request, self._count, list(prompt), chain, guide)))

    def cancel(self, request_id: int) -> Done | None:
        """End a request at once; None when there is no such request any more."""
        for run in (*self._running, *self._waiting):
            if run.job.request.id == request_id:
                return self._end(run, "cancelled")
        return None

    def step(self) -> list[Event]:
        """Admit, decode, sample; what happened, in order."""
        self._admit()
        events = self._decode(self._writing)
        return events + self._decode(self._reading)

    def _decode(self, plan: Callable[[], list[tuple[_Run, int]]]) -> list[Event]:
        """One decode call for what `plan` says: who takes part, with how many tokens."""
        shares = plan()
        while self.tree.cells + sum(share for _, share in shares) > self.cells and self._make_room():
            shares = plan()
        if not shares:
            return []
        rows = [row for run, share in shares for row in _rows(run, share)]
        code = self._context.decode(rows)
        if code != 0:
            return self._recover(code, [run for run, _ in shares])
        events: list[Event] = []
        end = 0
        for run, share in shares:
            end += share
            assert run.leaf
            self.tree.grow(run.leaf, run.job.tokens[run.computed : run.computed + share])
            if run.computed == len(run.job.tokens):
                events += self._advance(run, end - 1)
        return events

    def use_threads(self, threads: int) -> None:
        """Compute with so many threads from the next step on."""
        if threads != self._threads:
            self._threads = threads
            self._context.use_threads(threads)

    def close(self) -> None:
        """Free the cache; the object is unusable afterwards."""
        self._context.close()

    def _admit(self) -> None:
        """Start waiting requests, oldest first, as far as answers, sequences and cells allow."""
        for run in list(self._waiting):
            if len(self._running) >= self._model.parallel or not self._has_room(run.job):
                return
            if self._waits_for_another(run.job):
                continue  # the prefix is on its way; the others need not wait for it
            run.leaf = self.tree.open(run.job.tokens)
            if run.leaf is None:
                return
            run.reused = max(run.reused, run.leaf.start) if not run.job.answer_tokens else run.reused
            self._waiting.remove(run)
            self._running.append(run)
            self._running.sort(key=lambda r: r.job.order)

    def _has_room(self, job: Job) -> bool:
        promised = sum(len(run.job.tokens) - run.computed for run in self._running)
        new = len(job.tokens) - self.tree.longest(job.tokens).length
        return not self._running or self.tree.open_cells() + promised + new + _HEADROOM <= self.cells

    def _waits_for_another(self, job: Job) -> bool:
        """Whether a running request is about to compute much more of this prompt's beginning than there is."""
        if not self._model.shares_prefixes:
            return False
        there = self.tree.longest(job.tokens).length
        for other in self._running:
            if not other.is_writing:
                common = min(common_length(other.job.tokens, job.tokens), len(job.tokens) - 1)
                if common > other.computed and common - there >= _WORTH_WAITING:
                    return True
        return False

    def _writing(self) -> list[tuple[_Run, int]]:
        """One row for each answer that has begun."""
        return [(run, 1) for run in self._running if run.is_writing]

    def _reading(self) -> list[tuple[_Run, int]]:
        """Prompt rows of the oldest request that still reads, and of others of its kind as far as they fit in.

        Short prompts stay below a tile in all; long ones come in portions of at least one, and what is left of several after
        a shared prefix makes a portion together. When answers wait for it, one portion is enough.
        """
        reading = [run for run in self._running if not run.is_writing]
        if not reading:
            return []
        is_long = reading[0].is_long
        limit = STEP_ROWS if is_long else _TILE - 1
        one_portion = len(reading) < len(self._running)
        shares: list[tuple[_Run, int]] = []
        total = 0
        for run in reading:
            if run.is_long != is_long or (one_portion and total >= _TILE and shares[0][1] >= _TILE):
                continue
            left = len(run.job.tokens) - run.computed
            share = left if left < min(2 * _TILE, limit + 1) else min(_TILE, limit)
            if total + share <= limit:
                shares.append((run, share))
                total += share
        return shares

    def _make_room(self) -> bool:
        """Free some cells: a closed branch, else the youngest request; False when one request is all there is."""
        if self.tree.evict():
            return True
        if len(self._running) < 2:
            return False
        youngest = self._running[-1]
        self._release(youngest)
        self._waiting.append(youngest)
        self._waiting.sort(key=lambda r: r.job.order)
        return True

    def _advance(self, run: _Run, row: int) -> list[Event]:
        """Take one more token into an answer."""
        job, vocabulary = run.job, self._model.vocabulary
        try:
            token, scores = draw(
                self._context, job.chain, row, job.request.top_logprobs, vocabulary, job.guide
            )
            events = job.take(token, vocabulary, self._model.context_tokens, scores)
        except BackendError as exc:
            self._end(run)
            return [job.refused(exc)]
        return [*events, self._end(run)] if job.finish else events

    def _end(self, run: _Run, finish: str = "") -> Done:
        self._release(run)
        free_chain(run.job.chain)
        return run.job.done(run.reused, finish)

    def _release(self, run: _Run) -> None:
        """Take the request out of its list; its branch stays in the cache, closed."""
        if run.leaf:
            self._running.remove(run)
            self.tree.close(run.leaf)
            run.leaf = None
        else:
            self._waiting.remove(run)

    def _recover(self, code: int, runs: list[_Run]) -> list[Event]:
        """Events when llama.cpp did not decode the rows of these requests."""
        if code == 1 and self._make_room():  # no cells although the count said so: make room and try again
            return []
        if code == 2:  # interrupted for a cancellation: the next step repeats it
            for run in runs:
                assert run.leaf
                self.tree.rewind(run.leaf)
            return []
        events: list[Event] = []
        for run in runs:
            leaf = run.leaf
            assert leaf
            self.tree.rewind(leaf)
            self._end(run)
            events.append(run.job.failed(code))
        return events


def _rows(run: _Run, count: int) -> list[Row]:
    """The next `count` tokens of a request; the very last one wants logits."""
    assert run.leaf
    tokens, start, last = run.job.tokens, run.computed, len(run.job.tokens) - 1
    return [Row(tokens[i], i, run.leaf.sequence, i == last) for i in range(start, start + count)]
