"""Exact answers: each in a context of its own, so that nothing else can change a bit of it. Runs in the child, knows no pipes.

    scheduler.submit(request, prompt)      waits in order until its cells are free
    scheduler.step() → [Piece, Done, …]    one decode call of one answer; the answers take turns
    scheduler.cancel(id) → Done | None     leaves between two steps

What llama.cpp computes depends on how rows are grouped into calls. Here the grouping follows from the prompt's length alone:
portions of 64 to 127 rows inside blocks of 512, then one token at a time. A portion below 64 rows would take another
path through flash attention; cut like this, the sums are those of llama-cpp-python's own calls of 512 rows. A picture is
two steps, its encoding and its way into the context, and neighbours wait for each.

Requests of one `family` are samples of one prompt. The first reads it; the others wait for that, copy its cells, which are
bit for bit those they would compute, and draw their first token from the same logits. The context of the last one that ends
is kept for a moment, for samples that have not arrived or had no room yet.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from playground.engine.context import Row, Vector, rounded
from playground.engine.grammar import Guide
from playground.engine.job import Event, Job
from playground.engine.protocol import Done, Generate
from playground.engine.sampler import ReadLogits, draw, free_chain, new_chain
from playground.engine.vocabulary import Vocabulary
from playground.errors import BackendError

if TYPE_CHECKING:  # loaded with the first image only
    from playground.engine.vision import Picture

_BLOCK = 512
_PORTION = 64
KEEP_S = 1.0
"""So long the context of a sample is kept for the next ones: they come when its answer has been told and scored."""


class Model(Protocol):
    """What this scheduler needs of `LoadedModel`."""

    vocabulary: Vocabulary
    context_tokens: int
    cells: int
    shares_prefixes: bool

    def new_context(self, cells: int, *, least_rows: int = 0) -> Any: ...  # noqa: D102


@dataclass(slots=True, eq=False)
class _Run:
    """An answer with its context; the first `cached` of its tokens are in there, `portions` are the next calls.

    A picture may take fewer positions than tokens: the next token stands at position `cached - saved`.
    `family` is that of its request where it can be shared. `first` are the logits after the prompt of a sample, which its
    siblings may want; `reused` is how many tokens it took from one.
    """

    job: Job
    cells: int
    adapter: Any
    pictures: list[Picture]
    family: str
    portions: deque[int | Picture] = field(init=False)
    context: Any = None
    cached: int = 0
    saved: int = 0
    first: Vector | None = None
    reused: int = 0

    def __post_init__(self) -> None:
        self.portions = deque(plan(self.job.prompt_tokens, self.pictures))

    def is_sibling(self, other: _Run) -> bool:
        """Whether both are samples of one prompt, so that what one has read holds for the other."""
        mine, others = self.job, other.job
        return (
            self.family == other.family != ""
            and self.adapter is other.adapter
            and mine.request.adapter_scale == others.request.adapter_scale
            and mine.tokens[: mine.prompt_tokens] == others.tokens[: others.prompt_tokens]
        )

    def has_read(self, sibling: _Run) -> None:
        """Note that its context holds the prompt, as that sibling read it."""
        self.first = sibling.first
        self.cached = self.reused = self.job.prompt_tokens
        self.portions.clear()

    def begin_again(self) -> None:
        """Forget everything; the same calls follow, so that every bit comes out the same."""
        self.context.forget(0)
        self.cached = self.saved = 0
        self.portions = deque(plan(self.job.prompt_tokens, self.pictures))


class ExactScheduler:
    """All exact requests of one model. Together they hold at most `model.cells` cells."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._running: deque[_Run] = deque()  # the left one is next
        self._waiting: deque[_Run] = deque()
        self._kept: _Run | None = None  # the last sample that ended, with its context
        self._kept_until = 0.0
        self._count = 0

    @property
    def is_idle(self) -> bool:
        """Whether no request runs or waits."""
        return not self._running and not self._waiting

    @property
    def cells(self) -> int:
        """KV cells in use now."""
        return sum(run.cells for run in self._running) + (self._kept.cells if self._kept else 0)

    @property
    def keeps(self) -> bool:
        """Whether the context of a sample that has ended waits for siblings; `let_go` frees it in time."""
        return self._kept is not None

    def let_go(self, *, now: bool = False) -> None:
        """Free the context that is kept when its time is over, or at once."""
        if self._kept and (now or time.monotonic() >= self._kept_until):
            self._kept.context.close()
            self._kept = None

    def submit(
        self,
        request: Generate,
        prompt: list[int],
        adapter: Any = None,
        pictures: Sequence[Picture] = (),
        guide: Guide | None = None,
    ) -> None:
        """Queue a request; `prompt` has 1 to context_tokens - 1 token ids. Raises BackendError for a bad grammar."""
        chain = new_chain(request, self._model.vocabulary)
        self._count += 1
        cells = rounded(min(len(prompt) + request.max_tokens, self._model.context_tokens))
        job = Job(request, self._count, list(prompt), chain, guide)
        # A picture's positions are not all in a copy; models that cannot forget an end cannot give a beginning.
        family = request.family if self._model.shares_prefixes and not pictures else ""
        self._waiting.append(_Run(job, cells, adapter, list(pictures), family))

    def cancel(self, request_id: int) -> Done | None:
        """End a request at once; None when there is no such request any more."""
        for run in (*self._running, *self._waiting):
            if run.job.request.id == request_id:
                self._release(run, keep=True)
                return run.job.done(run.reused, "cancelled")
        return None

    def step(self) -> list[Event]:
        """One decode call for the answer whose turn it is; what happened, in order."""
        self.let_go()
        events = self._admit()
        if not self._running:
            return events
        run = self._next()
        job = run.job
        if run.first is not None and not job.answer_tokens:
            return events + self._draw(run, ReadLogits(run.first), 0)
        share = run.portions[0] if run.portions else 1
        if not isinstance(share, int):
            return events + self._look(run, share)
        last = len(job.tokens) - 1
        end = run.cached + share
        rows = [Row(job.tokens[i], i - run.saved, 0, i == last) for i in range(run.cached, end)]
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
        if run.family and not job.answer_tokens:
            run.first = run.context.logits(share - 1)
        return events + self._draw(run, run.context, share - 1)

    def _next(self) -> _Run:
        """The answer whose turn it is; a sample whose prompt a sibling reads has none before that is done."""
        while True:
            run = self._running[0]
            self._running.rotate(-1)
            if run.cached:
                return run
            siblings = [other for other in self._running if other is not run and other.is_sibling(run)]
            source = next((other for other in siblings if other.first is not None), None)
            if source is not None:
                if run.context.copy_from(source.context, run.job.prompt_tokens):
                    run.has_read(source)
                return run
            if not any(other.job.order < run.job.order for other in siblings):
                return run

    def _look(self, run: _Run, picture: Picture) -> list[Event]:
        """One step with a picture: its encoding, then its way into the context."""
        if not picture.is_encoded:
            try:
                picture.encode()
            except BackendError as exc:
                self._release(run)
                return [run.job.refused(exc)]
            return []
        position = run.cached - run.saved
        code = picture.read_into(run.context, position)
        if code == 2:  # interrupted for a cancellation, with a part of it in the cache
            if not (self._model.shares_prefixes and run.context.forget(0, position)):
                run.begin_again()
            return []
        if code != 0:
            self._release(run)
            return [run.job.failed(code)]
        run.cached += picture.size
        run.saved += picture.size - picture.positions
        run.portions.popleft()
        return []

    def _admit(self) -> list[Event]:
        events: list[Event] = []
        while self._waiting:
            run = self._waiting[0]
            if self._take_over(run):
                continue
            if self.cells + run.cells > self._model.cells:
                if self._kept is None:
                    break
                self.let_go(now=True)
                continue
            try:
                whole = max((picture.size for picture in run.pictures if picture.whole), default=0)
                run.context = self._model.new_context(run.cells, least_rows=whole)
                if run.adapter:
                    run.context.use_adapter(run.adapter, run.job.request.adapter_scale)
            except BackendError as exc:
                self._release(run)
                events.append(run.job.refused(exc))
                continue
            self._waiting.popleft()
            self._running.append(run)
        return events

    def _take_over(self, run: _Run) -> bool:
        """Start a sample in the context that its sibling has left, when there is one."""
        kept = self._kept
        if kept is None or kept.cells != run.cells or not kept.is_sibling(run):
            return False
        run.context, self._kept = kept.context, None
        run.has_read(kept)
        self._running.append(self._waiting.popleft())
        return True

    def _draw(self, run: _Run, logits: Any, row: int) -> list[Event]:
        """Sample from the logits of a row: of the call that has just been made, or of one before."""
        job, vocabulary = run.job, self._model.vocabulary
        try:
            token, scores = draw(logits, job.chain, row, job.request.top_logprobs, vocabulary, job.guide)
            events = job.take(token, vocabulary, self._model.context_tokens, scores)
        except BackendError as exc:
            self._release(run)
            return [job.refused(exc)]
        if job.finish:
            self._release(run, keep=True)
            events.append(job.done(run.reused))
        return events

    def close(self) -> None:
        """Free what is kept; no request may run."""
        self.let_go(now=True)

    def _release(self, run: _Run, *, keep: bool = False) -> None:
        """Take the request out of its list; with `keep` the context of a sample waits for its siblings."""
        if run in self._running:
            self._running.remove(run)
        else:
            self._waiting.remove(run)
        free_chain(run.job.chain)
        if not run.context:
            return
        if keep and run.first is not None and run.context.forget(0, run.job.prompt_tokens):
            self.let_go(now=True)
            self._kept, self._kept_until = run, time.monotonic() + KEEP_S
        else:
            run.context.close()


def plan(tokens: int, pictures: Sequence[Picture]) -> Iterator[int | Picture]:
    """The calls that read a prompt of so many tokens: portions of text, and the pictures between them."""
    start = 0
    for picture in pictures:
        yield from portions(picture.start - start)
        yield picture
        start = picture.start + picture.size
    yield from portions(tokens - start)


def portions(tokens: int) -> Iterator[int]:
    """How many prompt rows each decode call takes, for a prompt of so many tokens."""
    for start in range(0, tokens, _BLOCK):
        left = min(_BLOCK, tokens - start)
        while left >= 2 * _PORTION:
            yield _PORTION
            left -= _PORTION
        yield left
