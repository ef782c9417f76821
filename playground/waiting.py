"""What an answer waits for, told by whoever makes it wait to whoever shows it.

    listen(print)                    # whoever runs a cell, in a task of its own
    waits("Ollama is busy.")         # deep inside a backend, in the same task

The listener is a context variable: no call between the two has to pass it on.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar

_LISTENER: ContextVar[Callable[[str], None] | None] = ContextVar("waiting", default=None)


def listen(listener: Callable[[str], None]) -> None:
    """From now on, what is told in this task (and in those it starts) goes to this listener."""
    _LISTENER.set(listener)


def waits(what: str) -> None:
    """Tell what the current answer waits for, as a sentence; nothing when nobody listens."""
    listener = _LISTENER.get()
    if listener is not None:
        listener(what)
