"""Continuous batching: many answers grow in the same decode calls. Runs in the child, knows no pipes.

    scheduler.submit(request, prompt)      joins between two steps
    scheduler.step() → [Piece, Done, …]    one decode call for everybody
    scheduler.cancel(id) → Done | None     leaves between two steps

Every step takes one row of each answer that is being written, then fills up with prompt rows, oldest request first.
Requests wait when no sequence or not enough cells are free. When cells run out in mid-flight the youngest gives its cells
back, waits, and later reads its own text again; the oldest never does, so each request that fits alone ends.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from playground.engine.answer import AnswerText
from playground.engine.model import STEP_ROWS, Row
from playground.engine.protocol import Done, Failed, Generate, Piece
from playground.engine.sampler import free_chain, new_chain
from playground.engine.vocabulary import Vocabulary

MODE = "batched"
"""Name of this execution mode in receipts: rows of other requests may change the last bits of a sum."""
_PROMPT_ROWS_BESIDE = 64  # prompt rows in a step that also carries running answers, which wait for them
_HEADROOM = 32  # cells that must stay free when a request joins, so that it does not leave at once

Event = Piece | Done | Failed


class Model(Protocol):
    """What the scheduler needs of `LoadedModel`."""

    vocabulary: Vocabulary
    vocabulary_size: int
    context_tokens: int
    sequences: int
    cells: int

    def decode(self, rows: list[Row]) -> int: ...  # noqa: D102
    def sample(self, chain: Any, row: int) -> int: ...  # noqa: D102
    def forget(self, sequence: int, start: int = 0) -> bool: ...  # noqa: D102


@dataclass(slots=True, eq=False)
class _Job:
    """One request. `tokens` is prompt and answer; the first `cached` of them are in the KV cache."""

    request: Generate
    order: int
    tokens: list[int]
    chain: Any
    text: AnswerText
    prompt_tokens: int = field(init=False)
    sequence: int = -1
    cached: int = 0

    def __post_init__(self) -> None:
        self.prompt_tokens = len(self.tokens)

    @property
    def answer_tokens(self) -> int:
        return len(self.tokens) - self.prompt_tokens

    def rows(self, count: int) -> list[Row]:
        """Next `count` tokens; the very last one wants logits."""
        last = len(self.tokens) - 1
        return [
            Row(self.tokens[i], i, self.sequence, i == last) for i in range(self.cached, self.cached + count)
        ]

    @property
    def is_writing(self) -> bool:
        return self.answer_tokens > 0 and len(self.tokens) - self.cached == 1


class Scheduler:
    """All requests of one model."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._free = list(range(model.sequences))
        self._running: list[_Job] = []  # both lists: oldest first
        self._waiting: list[_Job] = []
        self._count = 0

    @property
    def is_idle(self) -> bool:
        """Whether no request runs or waits."""
        return not self._running and not self._waiting

    def submit(self, request: Generate, prompt: list[int]) -> None:
        """Queue a request; `prompt` has 1 to context_tokens - 1 token ids (the caller checks)."""
        chain = new_chain(request, self._model.vocabulary_size)
        self._count += 1
        self._waiting.append(_Job(request, self._count, list(prompt), chain, AnswerText(request.stop)))

    def cancel(self, request_id: int) -> Done | None:
        """End a request at once; None when there is no such request any more."""
        for job in (*self._running, *self._waiting):
            if job.request.id == request_id:
                return self._end(job, "cancelled")
        return None

    def step(self) -> list[Event]:
        """Admit, decode once, sample; what happened, in order."""
        self._admit()
        shares = self._plan()
        if not shares:
            return []
        rows = [row for job, share in shares for row in job.rows(share)]
        code = self._model.decode(rows)
        if code != 0:
            return self._recover(code, [job for job, _ in shares])
        events: list[Event] = []
        end = 0
        for job, share in shares:
            end += share
            job.cached += share
            if job.cached == len(job.tokens):
                events += self._advance(job, self._model.sample(job.chain, end - 1))
        return events

    def _admit(self) -> None:
        while self._waiting and self._free:
            job = self._waiting[0]
            promised = sum(len(other.tokens) for other in self._running)
            if self._running and promised + len(job.tokens) + _HEADROOM > self._model.cells:
                return
            self._waiting.pop(0)
            job.sequence = self._free.pop()
            self._running.append(job)
            self._running.sort(key=lambda j: j.order)

    def _plan(self) -> list[tuple[_Job, int]]:
        """Who takes part in the next decode, with how many of its tokens."""
        while True:
            writing = [job for job in self._running if job.is_writing]
            left = min(STEP_ROWS - len(writing), _PROMPT_ROWS_BESIDE) if writing else STEP_ROWS
            shares = [(job, 1) for job in writing]
            for job in self._running:
                if not job.is_writing and left > 0:
                    share = min(left, len(job.tokens) - job.cached)
                    shares.append((job, share))
                    left -= share
            cells = sum(share for _, share in shares) + sum(job.cached for job in self._running)
            if cells <= self._model.cells or len(self._running) == 1:
                return shares
            self._give_back(self._running[-1])

    def _advance(self, job: _Job, token: int) -> list[Event]:
        """Take one sampled token into the answer."""
        vocabulary = self._model.vocabulary
        if vocabulary.ends_generation(token):
            return self._finish(job, "stop")
        job.tokens.append(token)
        shown = job.text.add(vocabulary.piece(token))
        events: list[Event] = [Piece(job.request.id, shown)] if shown else []
        if job.text.stopped:
            return [*events, self._end(job, "stop")]
        if job.answer_tokens >= job.request.max_tokens or len(job.tokens) >= self._model.context_tokens:
            return [*events, *self._finish(job, "length")]
        return events

    def _finish(self, job: _Job, finish: str) -> list[Event]:
        rest = job.text.finish()
        events: list[Event] = [Piece(job.request.id, rest)] if rest else []
        return [*events, self._end(job, "stop" if job.text.stopped else finish)]

    def _end(self, job: _Job, finish: str) -> Done:
        self._release(job)
        free_chain(job.chain)
        return Done(job.request.id, finish, completion_tokens=job.answer_tokens, cached_tokens=0, digest="")

    def _release(self, job: _Job) -> None:
        """Take the job out of its list and free its cells."""
        if job.sequence >= 0:
            self._running.remove(job)
            self._model.forget(job.sequence)
            self._free.append(job.sequence)
            job.sequence, job.cached = -1, 0
        else:
            self._waiting.remove(job)

    def _give_back(self, job: _Job) -> None:
        """Back to the queue, in order of arrival; its text so far is kept and read again later."""
        self._release(job)
        self._waiting.append(job)
        self._waiting.sort(key=lambda j: j.order)

    def _recover(self, code: int, jobs: list[_Job]) -> list[Event]:
        """Events when llama.cpp did not decode the rows of these jobs."""
        if (
            code == 1 and len(self._running) > 1
        ):  # no cells although the count said so: make room and try again
            self._give_back(self._running[-1])
            return []
        if code == 2:  # interrupted for a cancellation: the next step repeats it
            for job in jobs:
                if not self._model.forget(job.sequence, job.cached):
                    self._model.forget(job.sequence)
                    job.cached = 0
            return []
        events: list[Event] = []
        for job in jobs:
            self._end(job, "error")
            events.append(
                Failed(
                    job.request.id,
                    kind="engine",
                    message=f"llama.cpp could not compute the next token (llama_decode returned {code}).",
                    hint="Try again; if it repeats, restart the app or choose another model.",
                )
            )
        return events
