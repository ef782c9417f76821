"""Work that goes on when the tab is closed: pulling a model, making one, measuring, a server of our own.

    job = jobs.start("qwen3:0.6b", "pulling from Ollama", lambda: backend.pull("qwen3:0.6b"))
    job.state   # running → done, failed or cancelled
    job.layers  # what is there of each layer, with its rate

Jobs live in the memory of this program: they end with it, and the server keeps what had arrived.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, cast

from playground.errors import NotFoundError, PlaygroundError
from playground.types.servers import Progress

log = logging.getLogger(__name__)

JobState = Literal["running", "done", "failed", "cancelled"]
KEPT = 8
"""Ended jobs that are still shown."""
RATE_SECONDS = 5.0
"""A rate is measured over so long, so that it neither jumps nor remembers a pause for ever."""


@dataclass(slots=True)
class Layer:
    """One part of the work: its bytes now, and how many there were in the last seconds."""

    name: str
    done_bytes: int = 0
    total_bytes: int | None = None
    marks: deque[tuple[float, int]] = field(default_factory=deque)

    @property
    def is_done(self) -> bool:
        """Whether all its bytes are there."""
        return self.total_bytes is not None and self.done_bytes >= self.total_bytes

    def add(self, done_bytes: int, total_bytes: int | None, now_s: float) -> None:
        """Take a step of the server."""
        self.done_bytes, self.total_bytes = done_bytes, total_bytes
        self.marks.append((now_s, done_bytes))
        while len(self.marks) > 2 and now_s - self.marks[0][0] > RATE_SECONDS:
            self.marks.popleft()

    @property
    def bytes_per_s(self) -> float | None:
        """Bytes a second lately; None before two steps and at the end, where a rate would say nothing."""
        if len(self.marks) < 2 or self.is_done:
            return None
        (began_s, began), (now_s, now) = self.marks[0], self.marks[-1]
        return max(0.0, (now - began) / (now_s - began_s)) if now_s > began_s else None


@dataclass(slots=True, eq=False)
class Job:
    """A long task under way or ended. `status` is the server's last word, `layers` stand in the order of arrival.

    `subject` is what the work itself tells of its state, for those who know its kind; None where status and layers are all.
    """

    id: str
    title: str
    detail: str
    started_at: datetime
    state: JobState = "running"
    status: str = ""
    layers: dict[str, Layer] = field(default_factory=dict)
    error: str = ""
    hint: str = ""
    ended_at: datetime | None = None
    subject: object = None
    clock: Callable[[], float] = time.monotonic

    def take(self, step: Progress) -> None:
        """Note a step."""
        self.status = step.status
        if step.layer and (step.done_bytes is not None or step.total_bytes is not None):
            layer = self.layers.setdefault(step.layer, Layer(step.layer))
            layer.add(step.done_bytes or 0, step.total_bytes, self.clock())

    @property
    def done_bytes(self) -> int:
        """Bytes that are there, of all layers."""
        return sum(layer.done_bytes for layer in self.layers.values())

    @property
    def total_bytes(self) -> int | None:
        """Bytes of all layers known so far; None while no layer has told its size."""
        totals = [layer.total_bytes for layer in self.layers.values() if layer.total_bytes is not None]
        return sum(totals) if totals else None

    @property
    def bytes_per_s(self) -> float | None:
        """Bytes a second of all layers; None while there is nothing to measure."""
        rates = [rate for layer in self.layers.values() if (rate := layer.bytes_per_s) is not None]
        return sum(rates) if rates else None

    @property
    def left_s(self) -> float | None:
        """Seconds until the layers known so far are there; None when that cannot be said."""
        total, rate = self.total_bytes, self.bytes_per_s
        return (total - self.done_bytes) / rate if total is not None and rate else None


class Jobs:
    """All jobs of one workbench, oldest first. Belongs to one event loop."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def __iter__(self) -> Iterator[Job]:
        return iter(list(self._jobs.values()))

    @property
    def running(self) -> list[Job]:
        """Those under way."""
        return [job for job in self._jobs.values() if job.state == "running"]

    @property
    def ended(self) -> list[Job]:
        """Those that have ended and are still kept."""
        return [job for job in self._jobs.values() if job.state != "running"]

    def start(
        self,
        title: str,
        detail: str,
        steps: Callable[[], AsyncIterator[Progress]],
        hint: str = "",
        *,
        subject: object = None,
    ) -> Job:
        """Begin at once and return; `hint` says what to do should the server fail it."""
        job = Job(secrets.token_hex(6), title, detail, datetime.now(UTC), subject=subject)
        self._jobs[job.id] = job
        task = asyncio.create_task(_follow(job, steps, hint))
        self._tasks[job.id] = task
        task.add_done_callback(lambda _: self._tasks.pop(job.id, None))
        for old in self.ended[:-KEPT]:
            del self._jobs[old.id]
        return job

    def get(self, job_id: str) -> Job:
        """The job of that id; raises NotFoundError."""
        if job_id not in self._jobs:
            raise NotFoundError("This job is not here any more.", "Look at the list of models.")
        return self._jobs[job_id]

    async def cancel(self, job_id: str) -> Job:
        """End a job and wait until its connection is closed; one that has ended stays as it is."""
        job = self.get(job_id)
        if task := self._tasks.get(job_id):
            task.cancel()
            await asyncio.wait([task])
            _end(job, "cancelled")  # a task that was cancelled before it ran has not said so itself
        return job

    def forget(self, job_id: str) -> None:
        """Drop an ended job from the list; raises NotFoundError."""
        if self.get(job_id).state != "running":
            del self._jobs[job_id]

    async def close(self) -> None:
        """End everything that runs."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for job in self.running:
            _end(job, "cancelled")


async def _follow(job: Job, steps: Callable[[], AsyncIterator[Progress]], hint: str) -> None:
    try:
        # Such tasks are async generators: closing one closes its connection.
        async with aclosing(cast("AsyncGenerator[Progress, None]", steps())) as work:
            async for step in work:
                job.take(step)
        _end(job, "done")
    except asyncio.CancelledError:
        _end(job, "cancelled")
        raise
    except PlaygroundError as exc:
        _end(job, "failed", exc.message, hint or exc.hint)
    except Exception as exc:
        log.exception("unexpected error in the job %s", job.id)
        what = f"The program failed with {type(exc).__name__}."
        _end(job, "failed", what, "The terminal where it runs shows the details.")


def _end(job: Job, state: JobState, error: str = "", hint: str = "") -> None:
    if job.state == "running":
        job.state, job.error, job.hint, job.ended_at = state, error, hint, datetime.now(UTC)
