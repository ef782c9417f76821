"""How many threads to use while other processes want the cores too. On Linux only.

    load = Load(threads=2)
    load.threads() → 2, or 1 while another process keeps a core busy

Two threads on a core and a half wait for each other at every meeting point: one alone is faster then, and leaves the others
theirs. Only answers that share calls ask: where they take turns, the number of threads may be part of what an answer depends on.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

_LOOK_S = 1.0
_TICKS_PER_S = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_A_CORE = 0.6  # cores in use by others from which one thread is given up


class Seen(NamedTuple):
    """Seconds so far: on the clock, of all processes on our cores, and of this process."""

    clock: float
    everybody: float
    own: float


def look(stat: Path = Path("/proc/stat")) -> Seen | None:
    """The counters now; None where the kernel does not tell."""
    try:
        lines = stat.read_text().splitlines()
        ours = {f"cpu{cpu}" for cpu in os.sched_getaffinity(0)}
    except (OSError, AttributeError):
        return None
    ticks = 0
    for name, *numbers in (line.split() for line in lines if line.startswith("cpu")):
        if name in ours:
            user, nice, system, _idle, _iowait, irq, softirq, *_ = map(int, numbers)
            ticks += user + nice + system + irq + softirq
    times = os.times()
    return Seen(time.monotonic(), ticks / _TICKS_PER_S, times.user + times.system)


class Load:
    """Looks at most once a second, so that it may be asked before every step."""

    def __init__(self, threads: int, look: Callable[[], Seen | None] = look) -> None:
        self._most = threads
        self._look = look
        self._last = look()
        self._threads = threads

    def threads(self) -> int:
        """Threads to use now: one less for each core that others use, one at least."""
        if self._last is None or self._most == 1:
            return self._most
        if time.monotonic() - self._last.clock < _LOOK_S:
            return self._threads
        now, before = self._look(), self._last
        self._last = now
        if now is None or now.clock - before.clock > 10 * _LOOK_S:  # we slept: nothing about now
            self._threads = self._most
        elif now.clock > before.clock:
            others = (now.everybody - before.everybody) - (now.own - before.own)
            busy = others / (now.clock - before.clock)
            self._threads = max(1, self._most - int(busy + 1 - _A_CORE))
        return self._threads
