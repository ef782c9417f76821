"""Exact answers: each in a context of its own, so that nothing else can change a bit of it. Runs in the child, knows no pipes.

    scheduler.submit(request, prompt)      waits in order until its cells are free
    scheduler.step() → [Piece, Done, …]    one decode call of one answer; the answers take turns
    scheduler.cancel(id) → Done | None     leaves between two steps

What llama.cpp computes depends on how rows are grouped into calls. Here the grouping follows from the prompt's length alone:
portions of 64 to 127 rows inside blocks of 512, then one token at a time. A portion below 64 rows would take another
path through flash attention; cut like this, the sums are those of llama-cpp-python's own calls of 512 rows.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from playground.engine.context import Row, rounded
from playground.engine.job import Event, Job
from playground.engine.protocol import Done, Generate
from playground.engine.sampler import draw, free_chain, new_chain
from playground.engine.vocabulary import Vocabulary
from playground.errors import BackendError

_BLOCK = 512
_PORTION = 64


class Model(Protocol):
    """What this scheduler needs of `LoadedModel`."""

    vocabulary: Vocabulary
    context_tokens: int
    cells: int
    shares_prefixes: bool

    def new_context(self, cells: int) -> Any: ...  # noqa: D102


@dataclass(slots=True, eq=False)
class _Run:
    """An answer with its context; the first `cached` of its tokens are in there, `portions` are the next calls."""

    job: Job
    cells: int
    adapter: Any
    portions: deque[int] = field(init=False)
    context: Any = None
    cached: int = 0

    def __post_init__(self) -> None:
        self.portions = deque(portions(self.job.prompt_tokens))

    def begin_again(self) -> None:
        """Forget everything; the same calls follow, so that every bit comes out the same."""
        self.context.forget(0)
        self.cached = 0
        self.portions = deque(portions(self.job.prompt_tokens))


class ExactScheduler:
    """All exact requests of one model. Together they hold at most `model.cells` cells."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._running: deque[_Run] = deque()  # the left one is next
        self._waiting: deque[_Run] = deque()
        self._count = 0

    @property
    def is_idle(self) -> bool:
        """Whether no request runs or waits."""
        return not self._running and not self._waiting

    @property
    def cells(self) -> int:
        """KV cells in use now."""
        return sum(run.cells for run in self._running)

    def submit(self, request: Generate, prompt: list[int], adapter: Any = None) -> None:
        """Queue a request; `prompt` has 1 to context_tokens - 1 token ids. Raises BackendError for a bad grammar."""
        chain = new_chain(request, self._model.vocabulary)
        self._count += 1
        cells = rounded(min(len(prompt) + request.max_tokens, self._model.context_tokens))
        self._waiting.append(_Run(Job(request, self._count, list(prompt), chain), cells, adapter))

    def cancel(self, request_id: int) -> Done | None:
        """End a request at once; None when there is no such request any more."""
        for run in (*self._running, *self._waiting):
            if run.job.request.id == request_id:
                self._release(run)
                return run.job.done(0, "cancelled")
        return None

    def step(self) -> list[Event]:
        """One decode call for the answer whose turn it is; what happened, in order."""
        events = self._admit()
        if not self._running:
            return events
        run = self._running[0]
        self._running.rotate(-1)
        job = run.job
        share = run.portions[0] if run.portions else 1
        last = len(job.tokens) - 1
        end = run.cached + share
        rows = [Row(job.tokens[i], i, 0, i == last) for i in range(run.cached, end)]
        code = run.context.decode(rows)
        if code == 2:  # interrupted for a cancellation: nothing has changed, its next turn repeats it
            if (
                not self._model.shares_prefixes
            ):  # but a recurrent state has: from the beginning, in the same portions
                run.begin_again()
            return events
        if code != 0:
            self._release(run)
            return [*events, job.failed(code)]
        run.cached = end
        if run.portions:
            run.portions.popleft()
        if run.cached < len(job.tokens):
            return events
        return events + self._advance(run, share - 1)

    def _admit(self) -> list[Event]:
        events: list[Event] = []
        while self._waiting and self.cells + self._waiting[0].cells <= self._model.cells:
            run = self._waiting[0]
            try:
                run.context = self._model.new_context(run.cells)
                if run.adapter:
                    run.context.use_adapter(run.adapter, run.job.request.adapter_scale)
            except BackendError as exc:
                self._release(run)
                events.append(run.job.refused(exc))
                continue
            self._waiting.popleft()
            self._running.append(run)
        return events

    def _advance(self, run: _Run, row: int) -> list[Event]:
        """Sample after row `row` of the call that has just been made."""
        job, vocabulary = run.job, self._model.vocabulary
        token, scores = draw(run.context, job.chain, row, job.request.top_logprobs, vocabulary)
        events = job.take(token, vocabulary, self._model.context_tokens, scores)
        if job.finish:
            self._release(run)
            events.append(job.done(0))
        return events

    def _release(self, run: _Run) -> None:
        if run in self._running:
            self._running.remove(run)
        else:
            self._waiting.remove(run)
        if run.context:
            run.context.close()
        free_chain(run.job.chain)


def portions(tokens: int) -> Iterator[int]:
    """How many prompt rows each decode call takes, for a prompt of so many tokens."""
    for start in range(0, tokens, _BLOCK):
        left = min(_BLOCK, tokens - start)
        while left >= 2 * _PORTION:
            yield _PORTION
            left -= _PORTION
        yield left
