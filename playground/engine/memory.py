"""Give back memory that llama.cpp cleared or freed but does not use. Runs in the child, on Linux only.

llama.cpp writes zeros over the whole KV cache when it creates a context, which makes every page resident: 184 MB for
8,192 tokens of a model of 98 MB. An anonymous private page that holds only zeros can be dropped without a
trace, because the kernel hands out zeros again at the next touch; so cells cost memory from their first use on.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

_BLOCK = 1 << 20
_LEAST = 16 << 20  # smaller mappings are not worth the look
_MADV_DONTNEED = 4


_writers: list[str] = []


@contextmanager
def writing(name: str) -> Iterator[None]:
    """Say that another thread fills new memory of its own meanwhile, so that a page of zeros proves nothing."""
    _writers.append(name)
    try:
        yield
    finally:
        _writers.remove(name)


class Range(NamedTuple):
    """Addresses start ≤ a < end."""

    start: int
    end: int


def anonymous_ranges() -> list[Range]:
    """Private writable mappings of this process that belong to no file; empty where the kernel does not tell."""
    if sys.platform != "linux":
        return []
    ranges = []
    for line in Path("/proc/self/maps").read_text().splitlines():
        addresses, flags, _offset, _device, inode, *name = line.split()
        if flags == "rw-p" and inode == "0" and not name:
            start, end = addresses.split("-")
            ranges.append(Range(int(start, 16), int(end, 16)))
    return ranges


def drop_zero_pages(before: list[Range]) -> int:
    """Bytes given back from mappings that were not in `before`; none while another thread is `writing`."""
    if _writers:
        return 0
    libc = ctypes.CDLL(None)
    libc.memcmp.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]
    libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    zeros = bytes(_BLOCK)
    dropped = 0
    for start, end in _added(anonymous_ranges(), before):
        first = -(-start // _BLOCK) * _BLOCK
        for at in range(first, end - _BLOCK + 1, _BLOCK):
            if libc.memcmp(at, zeros, _BLOCK) == 0 and libc.madvise(at, _BLOCK, _MADV_DONTNEED) == 0:
                dropped += _BLOCK
    return dropped


def return_freed() -> None:
    """Hand memory that was freed back to the system, where the C library can."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim:
        trim(0)


def _added(now: list[Range], before: list[Range]) -> list[Range]:
    """Large parts of `now` that `before` does not cover; both are sorted, as the kernel lists them."""
    added = []
    for start, end in now:
        for old in before:
            if old.end <= start or old.start >= end:
                continue
            if old.start > start:
                added.append(Range(start, old.start))
            start = old.end
        if start < end:
            added.append(Range(start, end))
    return [r for r in added if r.end - r.start >= _LEAST]
