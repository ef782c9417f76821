"""llama.cpp itself: started once per process, its last error, the flag that makes it give up. Runs in the child."""

from __future__ import annotations

import ctypes
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playground.engine.bindings import llama, version

_LOG_LEVEL_ERROR = 4

_errors: deque[str] = deque(maxlen=4)
stop_flag = ctypes.create_string_buffer(2)
_gives_way = False
_asked = threading.Lock()


@llama.llama_log_callback  # type: ignore[untyped-decorator]
def keep_errors(level: int, text: bytes, _data: Any) -> None:
    """Take a line of llama.cpp's log."""
    if level == _LOG_LEVEL_ERROR:
        _errors.append(text.decode("utf-8", "replace").strip())


# llama.cpp asks this after every graph node whether to give up. libc's own strlen reads the flag: "" is 0 (go on),
# "x" is 1 (give up). A Python function here would fight for the interpreter lock a thousand times per token.
ask_stop_flag = ctypes.cast(ctypes.CDLL(None).strlen, llama.ggml_abort_callback)


def interrupt() -> None:
    """Make a running decode return early; callable from any thread."""
    stop_flag.value = b"x"


def resume() -> None:
    """Take `interrupt` back."""
    stop_flag.value = b""


@contextmanager
def giving_way(gives_way: bool) -> Iterator[None]:
    """Decode here what `make_way` may interrupt. It interrupts nothing that comes after."""
    global _gives_way
    _gives_way = gives_way
    try:
        yield
    finally:
        with _asked:
            _gives_way = False
            if gives_way:
                resume()


def make_way() -> None:
    """Make a running decode return early if it is one that gives way; callable from any thread."""
    with _asked:
        if _gives_way:
            interrupt()


def start_library() -> str:
    """Initialise llama.cpp once per process; the version of llama-cpp-python."""
    llama.llama_log_set(keep_errors, None)
    llama.llama_backend_init()
    return version()


def last_error() -> str:
    """The first of the latest errors that llama.cpp logged, in brackets after a blank; forgotten once told."""
    words = f" ({_errors[0]})" if _errors else ""
    _errors.clear()
    return words
