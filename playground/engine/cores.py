"""How many threads the engine uses, and how they wait for each other. Runs in the parent.

llama.cpp's threads meet several hundred times per token. Waiting threads that spin for long are fastest on an idle machine
and ruinous on a busy one; threads that sleep at once are slow everywhere. `SPIN` is the best of 0, 1,000, 10,000 and 100,000 for
one and for four answers at once, alone and beside a busy process (`tests/bench/engine_latency.py`).
"""

from __future__ import annotations

import os
from pathlib import Path

SPIN = 1000
"""Rounds that a thread spins at a meeting point before it sleeps."""


def usable_cores(system: Path = Path("/sys")) -> int:
    """Physical cores this process may use: its CPU affinity without hyper-threads, capped by the cgroup's quota."""
    cpus = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))
    cores = {_siblings(cpu, system) for cpu in cpus}
    quota = _cgroup_quota(system)
    return max(1, min(len(cores), quota or len(cores)))


def _siblings(cpu: int, system: Path) -> str:
    """Hyper-threads of one core, as the kernel writes them: equal text, equal core."""
    try:
        return (system / f"devices/system/cpu/cpu{cpu}/topology/thread_siblings_list").read_text().strip()
    except OSError:
        return str(cpu)


def _cgroup_quota(system: Path) -> int | None:
    """CPUs a container may use, rounded down, at least one; None without a limit."""
    try:
        quota, period = (system / "fs/cgroup/cpu.max").read_text().split()
        return max(1, int(quota) // int(period))
    except (OSError, ValueError):
        return None


def thread_environment(threads: int) -> dict[str, str]:
    """Environment of the engine process; it must be set before the process starts. A spin count set by the user wins."""
    return {
        "MALLOC_ARENA_MAX": "1",  # the side threads hardly allocate; an arena for each would only hold memory
        "MALLOC_MMAP_THRESHOLD_": "1000000",  # a closed context goes back to the system, not into a free list
        "OMP_NUM_THREADS": str(threads),
        "GOMP_SPINCOUNT": os.environ.get("GOMP_SPINCOUNT", str(SPIN)),
        "GGML_CPU_TILED_MM": "0",  # k-quants: one kernel, and so the same bits, for any number of rows (`rules.py`)
        "OPENBLAS_NUM_THREADS": "1",  # numpy comes with llama-cpp-python and would start threads of its own
    }
