"""One thread that stores what happens to runs: all changes that are waiting share one transaction (group commit).

    writer = Writer(engine, place)
    future = writer.put(EndCell(run_id, 0, 0, …))   # done when it is on the disk, or failed with nothing changed

A lone change is stored at once. While changes keep coming, the thread lets some gather first: a transaction of
twenty costs little more than one of one.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Any, TypeVar

import sqlalchemy as sa

from playground.store.changes import Change
from playground.store.database import Place, in_plain_words
from playground.store.ledger import apply

log = logging.getLogger(__name__)

GATHER_S = 0.015
"""How long a change may wait for others: less than the eye notices, long enough for a busy server's answers."""
BUSY_S = 0.1
"""Changes with less time than this between them are a stream, and worth gathering."""
MOST = 500
"""Changes in one transaction: others who write wait for no more than that."""

T = TypeVar("T")
Waiting = tuple[Change[Any], "Future[Any]"]
"""A change and where its outcome goes."""


class Writer:
    """The thread and its queue. It begins with the first change and ends at `close`, with all that waits stored."""

    def __init__(self, engine: sa.Engine, place: Place) -> None:
        self._engine = engine
        self._place = place
        self._queue: SimpleQueue[Waiting | None] = SimpleQueue()
        self._thread: Thread | None = None
        self._lock = Lock()

    def put(self, change: Change[T]) -> Future[T]:
        """The outcome of a change, once it is committed; later changes are never stored before earlier ones."""
        future: Future[T] = Future()
        with self._lock:
            self._queue.put((change, future))
            if self._thread is None:
                self._thread = Thread(target=self._work, name="store writer", daemon=True)
                self._thread.start()
        return future

    def close(self) -> None:
        """Store what waits and end the thread; a later change would begin another one."""
        with self._lock:
            thread, self._thread = self._thread, None
            if thread is not None:
                self._queue.put(None)
        if thread is not None:
            thread.join()

    def _work(self) -> None:
        stored_at = float("-inf")
        while (first := self._queue.get()) is not None:
            if time.monotonic() - stored_at < BUSY_S:
                time.sleep(GATHER_S)
            batch, is_last = self._gather(first)
            # Who waits may have been cancelled; what happened is stored all the same.
            self._store(
                [
                    (change, future if future.set_running_or_notify_cancel() else Future())
                    for change, future in batch
                ]
            )
            stored_at = time.monotonic()
            if is_last:
                return

    def _gather(self, first: Waiting) -> tuple[list[Waiting], bool]:
        """That change and those waiting behind it; whether the thread ends after them."""
        batch = [first]
        try:
            while len(batch) < MOST:
                following = self._queue.get_nowait()
                if following is None:
                    return batch, True
                batch.append(following)
        except Empty:
            pass
        return batch, False

    def _store(self, batch: Sequence[Waiting]) -> None:
        try:
            with in_plain_words(self._place), self._engine.begin() as connection:
                outcomes = apply(connection, [change for change, _ in batch])
        except Exception as exc:
            if len(batch) == 1:
                batch[0][1].set_exception(exc)
                return
            log.debug("a batch of %d changes failed; each is stored by itself", len(batch), exc_info=True)
            for waiting in batch:  # the one that cannot be stored must not cost the others
                self._store([waiting])
            return
        for (_, future), outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, Exception):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)
