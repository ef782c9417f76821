"""One thread that stores what happens to runs: all changes that are waiting share one transaction (group commit).

    writer = Writer(engine, place)
    future = writer.put(EndCell(run_id, 0, 0, …))   # done when it is on the disk, or failed with nothing changed

A lone change is stored at once. While changes keep coming, the thread lets some gather first: a transaction of
twenty costs little more than one of one. Where nobody looks on it lets more of them gather.

While another program holds the database, all that waits is kept and tried again, for as long as it takes. An
answer is kept so through a full or failing disk too: it cannot be had again. `trouble` says what hinders.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Condition, Thread
from typing import Any, TypeVar

import sqlalchemy as sa

from playground.errors import ReadOnlyData, StoreBusy, StoreError, StoreHindered
from playground.store.changes import Change, EndCell
from playground.store.database import Place, in_plain_words
from playground.store.ledger import apply

log = logging.getLogger(__name__)

GATHER_S = 0.015
"""How long a change may wait for others: less than the eye notices, long enough for a busy server's answers."""
LEISURE_S = 0.05
"""How much longer when all that waits is at leisure: it shares its transaction with more, and one of those costs what ten
answers do."""
BUSY_S = 0.1
"""Changes with less time than this between them are a stream, and worth gathering."""
MOST = 500
"""Changes in one transaction: others who write wait for no more than that."""
LOCK_MS = 1_000
"""How long one attempt waits for the lock: so much later it is known that another program holds it."""
RETRY_S = 0.25
"""Between two attempts while another program holds the database."""
HINDERED_RETRY_S = 2.0
"""Between two attempts on a full or failing disk."""
HINDERED_CLOSE_S = 3.0
CLOSE_S = 30.0
"""How long closing tries to store what a lock or the disk holds up."""

T = TypeVar("T")
Waiting = tuple[Change[Any], "Future[Any]"]
"""A change and where its outcome goes."""
PASSING = (StoreBusy, StoreHindered, ReadOnlyData)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why changes wait: `error` is what the last attempt met, `answers` how many ends of cells are among them."""

    error: StoreError
    answers: int

    @property
    def cause(self) -> str:
        """The message without the end that speaks of one attempt."""
        return self.error.message.replace(", so nothing was saved", "")


class Writer:
    """The thread and its queue. It begins with the first change and ends at `close`, with all that waits stored."""

    def __init__(self, engine: sa.Engine, place: Place) -> None:
        self._engine = engine.execution_options(wait_ms=LOCK_MS)
        self._place = place
        self._queue: deque[Waiting] = deque()
        self._wake = Condition()
        self._hurried = 0
        """How many of the queue are not at leisure."""
        self._thread: Thread | None = None
        self._closed_at: float | None = None
        self._close_s = CLOSE_S
        self.trouble: Trouble | None = None

    def put(self, change: Change[T]) -> Future[T]:
        """The outcome of a change, once it is committed; later changes are never stored before earlier ones.

        After `close` it fails with StoreError at once: nobody waits for ever.
        """
        future: Future[T] = Future()
        with self._wake:
            if self._closed_at is not None:
                future.set_exception(
                    StoreError("The program is ending, so this was not saved.", "Start it again.")
                )
                return future
            self._queue.append((change, future))
            self._hurried += not change.at_leisure
            if self._thread is None:
                self._thread = Thread(target=self._work, name="store writer", daemon=True)
                self._thread.start()
            if len(self._queue) == 1 or self._is_pressing():
                self._wake.notify()
        return future

    def close(self, limit_s: float = CLOSE_S) -> None:
        """Store what waits and end the thread. What cannot be stored in so many seconds fails with the reason.

        Calling it again waits for the same end.
        """
        with self._wake:
            if self._closed_at is None:
                self._closed_at, self._close_s = time.monotonic(), limit_s
            thread = self._thread
            self._wake.notify()
        if thread is not None:
            thread.join(limit_s + 2 * LOCK_MS / 1000)

    # --- the thread ---------------------------------------------------------------------------------------

    def _work(self) -> None:
        held: list[Waiting] = []
        stored_at = float("-inf")
        while (fresh := self._next(held, time.monotonic() - stored_at < BUSY_S)) is not None:
            # Who waits may have been cancelled; what happened is stored all the same.
            held += [
                (change, future if future.set_running_or_notify_cancel() else Future())
                for change, future in fresh
            ]
            held = self._store(held)
            stored_at = time.monotonic()
            if held and self._gives_up(stored_at):
                self._give_up(held)
                held = []

    def _next(self, held: Sequence[Waiting], gather: bool) -> list[Waiting] | None:
        """What has come since; while something is held, no sooner than the next attempt. None at the end."""
        if held:
            busy = self.trouble is None or isinstance(self.trouble.error, StoreBusy)
            time.sleep(RETRY_S if busy else HINDERED_RETRY_S)
        with self._wake:
            if not held:
                self._wake.wait_for(lambda: self._queue or self._closed_at is not None)
                if not self._queue:
                    return None
        if gather and not held and self._closed_at is None:
            time.sleep(GATHER_S)
        with self._wake:
            if gather and not held:
                self._wake.wait_for(self._is_pressing, LEISURE_S)
            room = max(0, MOST - len(held))
            fresh = [self._queue.popleft() for _ in range(min(len(self._queue), room))]
            self._hurried -= sum(not change.at_leisure for change, _ in fresh)
            return fresh

    def _is_pressing(self) -> bool:
        """Whether what waits is to be stored now."""
        return self._hurried > 0 or len(self._queue) >= MOST or self._closed_at is not None

    def _store(self, batch: list[Waiting]) -> list[Waiting]:
        """Those of the changes that are to be tried again; the others know their outcome."""
        error = self._try(batch)
        if error is None:
            self._tell(None, ())
            return []
        if isinstance(error, StoreBusy):
            held = [waiting for waiting in batch if _waits(waiting, error)]
        elif len(batch) == 1:
            held = batch if _waits(batch[0], error) else []
        else:  # the one that cannot be stored must not cost the others
            log.debug("a batch of %d changes failed; each is stored by itself", len(batch), exc_info=error)
            held = []
            for waiting in batch:
                alone = self._try([waiting])
                if alone is not None and _waits(waiting, alone):
                    held.append(waiting)
                    error = alone
        self._tell(error, held)
        return held

    def _try(self, batch: Sequence[Waiting]) -> Exception | None:
        """Store all of them in one transaction, or none and say why."""
        try:
            with in_plain_words(self._place), self._engine.begin() as connection:
                outcomes = apply(connection, [change for change, _ in batch])
        except Exception as exc:
            for waiting in batch:
                if (len(batch) == 1 or isinstance(exc, StoreBusy)) and not _waits(waiting, exc):
                    waiting[1].set_exception(exc)
            return exc
        for (_, future), outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, Exception):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)
        return None

    def _tell(self, error: Exception | None, held: Sequence[Waiting]) -> None:
        """Note what hinders, and say it once in the terminal when that begins and once when it is over."""
        before = self.trouble
        if not held or not isinstance(error, StoreError):
            self.trouble = None
            if before is not None:
                log.warning("The database can be written again; all that waited is stored.")
            return
        self.trouble = Trouble(error, sum(isinstance(change, EndCell) for change, _ in held))
        if before is None or before.error.message != error.message:
            log.warning(
                "%s What waits is kept in memory and stored as soon as that works.", self.trouble.cause
            )

    def _gives_up(self, now: float) -> bool:
        """Whether closing has tried for long enough: a lock passes, a full disk waits for somebody."""
        if self._closed_at is None or self.trouble is None:
            return False
        passes = isinstance(self.trouble.error, StoreBusy)
        return now > self._closed_at + (self._close_s if passes else min(self._close_s, HINDERED_CLOSE_S))

    def _give_up(self, held: Sequence[Waiting]) -> None:
        reason = self.trouble.error if self.trouble else StoreError("The program is ending.")
        answers = sum(isinstance(change, EndCell) for change, _ in held)
        log.error("%d answers could not be stored. %s", answers, reason)
        for _, future in held:
            future.set_exception(reason)


def _waits(waiting: Waiting, error: Exception) -> bool:
    """Whether the change is kept and tried again after this failure."""
    hold = waiting[0].hold
    return hold != "never" and (
        isinstance(error, StoreBusy) or (hold == "always" and isinstance(error, PASSING))
    )
