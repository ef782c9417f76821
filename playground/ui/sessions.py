"""Gradio's sessions, looked at and forgotten: what each open tab left in its queue and its state.

Gradio 6.31 keeps a copy of the page's configuration (0.1 MB) for 10,000 sessions, messages of 2,000 and event names of
all, and forgets none by itself unless the browser says goodbye, which pages without `gr.State` never do.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import gradio as gr

MOST_STATES = 50
"""Copies of the configuration that are kept; a session without one gets it again when it is needed."""
IDLE_SECONDS = 900.0
"""A session without a request and without a run for so long is forgotten; its tab goes on with the next call."""
SWEEP_SECONDS = 60.0
LOOK_SECONDS = 0.01
"""How often Gradio's queue looks whether a run has come: once a millisecond, as it does by itself, took 7 % of a core
while nobody used the program."""


class Sessions:
    """The sessions of a mounted page. Knows Gradio's inside; nothing else does."""

    def __init__(self, blocks: gr.Blocks, clock: Callable[[], float] = time.monotonic) -> None:
        self._blocks = blocks
        self._queue: Any = blocks._queue
        self._clock = clock
        self._seen: dict[str, float] = {}
        blocks.state_holder.capacity = MOST_STATES
        self._queue.ANALYTICS_MAX_EVENTS = 1  # a row for each run, for a page that is shut
        self._queue.sleep_when_free = LOOK_SECONDS
        self._queue.progress_update_sleep_when_free = 1.0  # no event tells its progress to Gradio

    def __len__(self) -> int:
        """Sessions of which anything is kept."""
        return len(self._names())

    def saw(self, session: str) -> None:
        """A request of that session has come."""
        self._seen[session] = self._clock()

    def is_awaited(self, session: str) -> bool:
        """Whether there are messages for a listener of that session, or will be."""
        return session in self._queue.pending_messages_per_session

    def is_call(self, component: int, function: str) -> bool:
        """Whether the page's script may call that function of that component."""
        found = getattr(self._blocks.blocks.get(component), function, None)
        return bool(getattr(found, "_is_server_fn", False))

    def is_event(self, index: int) -> bool:
        """Whether the page has an event of that number."""
        return index in self._blocks.fns

    async def keep_flat(self) -> None:
        """Forget idle sessions, again and again."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            self.sweep()

    def sweep(self) -> None:
        """Forget the sessions that are idle now."""
        queue, states = self._queue, self._blocks.state_holder
        busy = {event.session_hash for batch in queue.active_jobs if batch for event in batch}
        busy |= {
            event.session_hash
            for waiting in queue.event_queue_per_concurrency_id.values()
            for event in waiting.queue
        }
        now = self._clock()
        for session in self._names():
            last = self._seen.setdefault(session, now)
            if session in busy or now - last < IDLE_SECONDS:
                continue
            del self._seen[session]
            if session in queue.pending_messages_per_session:
                del queue.pending_messages_per_session[session]
            for event in queue.pending_event_ids_session.pop(session, ()):
                queue.event_ids_to_events.pop(event, None)
            states.session_data.pop(session, None)
            states.time_last_used.pop(session, None)

    def _names(self) -> set[str]:
        queue, states = self._queue, self._blocks.state_holder
        return {
            *self._seen,
            *queue.pending_messages_per_session,
            *queue.pending_event_ids_session,
            *states.session_data,
        }
