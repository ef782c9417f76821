"""A file that is being read in a thread of its own, while answers go on. Runs in the child.

loading = Loading("a.gguf", lambda: LoadedModel(header, options), needed=240_000_000)
loading.has_ended → True;  loading.result() → LoadedModel(…), or it raises what the thread raised
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from playground.engine import memory

T = TypeVar("T")


class Loading(Generic[T]):
    """`bytes` is the memory that is set aside for it."""

    def __init__(self, name: str, read: Callable[[], T], needed: int) -> None:
        self.bytes = needed
        self._result: list[T | Exception] = []

        def load() -> None:
            with memory.writing(name):
                started.set()
                try:
                    self._result.append(read())
                except Exception as exc:  # told by the thread that asks for the result
                    self._result.append(exc)

        started = threading.Event()
        threading.Thread(target=load, name="loader", daemon=True).start()
        started.wait()  # from here on `memory` knows that somebody writes

    @property
    def has_ended(self) -> bool:
        """Whether there is a result, good or bad."""
        return bool(self._result)

    def result(self) -> T:
        """What was loaded; raises what went wrong."""
        result = self._result[0]
        if isinstance(result, Exception):
            raise result
        return result
