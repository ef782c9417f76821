"""What one program may use up: Limits(cpu_s=5, wall_s=10, memory_mb=512, …)."""

from __future__ import annotations

from typing import NamedTuple


class Limits(NamedTuple):
    """Bounds of one program; reaching any of them ends it, and the result says which.

    A program may not start another one at any level, so there is no number for processes.
    """

    cpu_s: int = 5
    """Processor time, all threads together."""
    wall_s: float = 10.0
    memory_mb: int = 512
    """Address space, so a little more than what is really used."""
    disk_mb: int = 16
    """All files of the program's folder together."""
    files: int = 1000
    """Files and folders it may make."""
    open_files: int = 64
    output_bytes: int = 64_000
    """Of each of the two streams; what was written before is kept."""
    code_chars: int = 200_000
    """A longer program is not started."""

    def check(self) -> None:
        """Raises ValueError for a bound that would let no program run."""
        for name, most in self._asdict().items():
            if most <= 0:
                raise ValueError(f"{name} of the sandbox must be more than 0, not {most}.")
