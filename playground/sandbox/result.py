r"""What became of a program: Result(output="42\\n", error="", reason="It ended by itself.", seconds=0.04, level="isolated")."""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass
from typing import Any, Literal

from playground.sandbox.levels import LevelName
from playground.sandbox.limits import Limits

Ending = Literal["done", "failed", "time", "memory", "output", "disk", "crashed"]

_CONTROLS = {code: 0x2400 + code for code in range(32) if chr(code) not in "\t\n"}
_CONTROLS |= {code: 0xFFFD for code in range(0x7F, 0xA0)}
# What turns the direction of writing would let an answer look like another one.
_CONTROLS |= dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)], 0xFFFD)
_LINE_CHARS = 300
_SIGNALS = {"SIGSEGV": "segmentation fault", "SIGABRT": "it aborted", "SIGFPE": "arithmetic fault"}


@dataclass(frozen=True, slots=True)
class Result:
    """What a program printed and how it ended; `reason` is a sentence, `level` the one it was held at.

    Output and error are printable text: control characters are shown as signs, what is not UTF-8 as �.
    """

    output: str
    error: str
    reason: str
    seconds: float
    level: LevelName
    ending: Ending = "done"

    @property
    def is_done(self) -> bool:
        """Whether it ended by itself, without an error."""
        return self.ending == "done"


def printable(raw: bytes) -> str:
    """Text that neither a terminal nor a page takes for anything but text."""
    text = raw.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    return text.translate(_CONTROLS)


def judge(report: dict[str, Any], output: str, error: str, limits: Limits) -> tuple[Ending, str]:
    """How a program ended, and the sentence for it; `report` is the keeper's."""
    why, status = report.get("why", ""), int(report.get("status", 0))
    cpu_s = float(report.get("cpu_s", 0))
    last = _named(error)
    if why == "output":
        return "output", f"It was stopped: it wrote more than {limits.output_bytes:,} bytes."
    if why == "time":
        return "time", f"It was stopped: timed out after {limits.wall_s:g} s."
    if why == "disk":
        return "disk", f"It was stopped: its files took more than {limits.disk_mb} MB."
    if why == "files":
        return "disk", f"It was stopped: it made more than {limits.files:,} files, or folders too deep."
    if why == "memory" or (status == 1 and last.startswith("MemoryError")):
        return "memory", f"It needed more than {limits.memory_mb} MB of memory."
    if status == -signal.SIGXCPU or (status == -signal.SIGKILL and cpu_s >= limits.cpu_s / 2):
        return "time", f"It was stopped: timed out after {limits.cpu_s} s of computing."
    if status < 0:
        name = signal.Signals(-status).name if -status in list(signal.Signals) else f"signal {-status}"
        kind = f"{name}, {_SIGNALS[name]}" if name in _SIGNALS else name
        return "crashed", f"It crashed ({kind})."
    if status == 0:
        return "done", "It ended by itself." if output.strip() else "It ended by itself and printed nothing."
    if "Traceback (most recent call last):" in error or re.match(r"(\w+\.)*\w*(Error|Exception)\b", last):
        return "failed", f"It stopped with {last or 'an error'}"
    return "failed", f"It ended with exit code {status}."


def _named(error: str) -> str:
    """The line of a traceback that names the error: the one after the last that is indented."""
    lines = [line for line in error.splitlines() if line.strip()]
    after = max((number + 1 for number, line in enumerate(lines) if line.startswith(" ")), default=0)
    line = lines[after] if after < len(lines) else ""
    return line if len(line) <= _LINE_CHARS else line[: _LINE_CHARS - 1] + "…"
