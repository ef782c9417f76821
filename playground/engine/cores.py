"""How many threads the engine should use, and how they wait for each other. Runs in the parent.

llama.cpp's threads meet several hundred times per token. Waiting threads that spin for long are fastest on an idle machine
and ruinous on a busy one; threads that sleep at once are slow everywhere. So a few policies between the two are tried with
the first model that is used, once the machine is quiet (`client.py`), and the fastest is remembered for the next start. `DEFAULT_SPIN` is where it starts: the best of 0, 1,000,
10,000 and 100,000 for one and for four answers at once, alone and beside a busy process (`tests/bench/engine_latency.py`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DEFAULT_SPIN = 1000
SPINS = (DEFAULT_SPIN, 5000)
_CLEARLY_FASTER = 1.15  # the noise of a second's measurement is not a reason


@dataclass(frozen=True, slots=True)
class Policy:
    """Threads that compute, and how many rounds one of them spins at a meeting point before it sleeps."""

    threads: int
    spin: int = DEFAULT_SPIN


def candidates(cores: int) -> list[int]:
    """Numbers of threads worth trying, the usual one first."""
    return list(dict.fromkeys((cores, max(1, cores - 1), max(1, cores // 2))))


def fastest(rates: Mapping[Policy, float], usual: Policy) -> Policy:
    """The policy with the most tokens per second; the usual one unless another is clearly faster."""
    best = max(rates, key=lambda policy: rates[policy], default=usual)
    return best if rates.get(best, 0) > _CLEARLY_FASTER * rates.get(usual, 0) else usual


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


def thread_environment(threads: int, spin: int = DEFAULT_SPIN) -> dict[str, str]:
    """Environment of the engine process; it must be set before the process starts. A spin count set by the user wins."""
    return {
        "MALLOC_ARENA_MAX": "1",  # the side threads hardly allocate; an arena for each would only hold memory
        "MALLOC_MMAP_THRESHOLD_": "1000000",  # a closed context goes back to the system, not into a free list
        "OMP_NUM_THREADS": str(threads),
        "GOMP_SPINCOUNT": os.environ.get("GOMP_SPINCOUNT", str(spin)),
        "GGML_CPU_TILED_MM": "0",  # k-quants: one kernel, and so the same bits, for any number of rows (`rules.py`)
        "OPENBLAS_NUM_THREADS": "1",  # numpy comes with llama-cpp-python and would start threads of its own
    }
