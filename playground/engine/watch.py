"""Whether the engine process still works: told from what it does, never from a thread that only says so. Runs in the parent.

    watch = Watch(Patience(first_token_s=300, stall_s=120))
    watch.sent(7, now);  watch.heard(7, now, wrote=True);  watch.ended(7)
    watch.verdict(now) → None, FROZEN or DEAF

A sign of life is any message; the child sends `Alive` after steps of its main loop and while a file is being loaded, so that a
long prompt and a large model are told from a process that is stopped or hangs in native code. Pages that the kernel reads from
the disk for it count too. An answer that was stopped asks for a sign at once: without one, nothing sent later would be heard.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Verdict = Literal["frozen", "deaf"]
FROZEN: Verdict = "frozen"
DEAF: Verdict = "deaf"
STOP_S = 10.0
"""After a Stop the process must show life within this time; a decode call is interrupted at once."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds without a sign of life: before an answer's first token, and once one is being written."""

    first_token_s: float = 300.0
    stall_s: float = 120.0
    stop_s: float = STOP_S


@dataclass(slots=True)
class Watch:
    """Times are seconds of one clock. Nothing that waits is nothing to judge."""

    patience: Patience
    _sent: dict[int, float] = field(default_factory=dict)
    _writing: set[int] = field(default_factory=set)
    _last: float = 0.0
    _stopped: float | None = None

    @property
    def is_needed(self) -> bool:
        """Whether something waits for the process."""
        return bool(self._sent) or self._stopped is not None

    def sent(self, request_id: int, now: float) -> None:
        """A request is on its way."""
        self._sent[request_id] = now

    def stop_asked(self, request_id: int, now: float) -> None:
        """A request was cancelled; somebody has to answer."""
        self.ended(request_id)
        if self._stopped is None:
            self._stopped = now

    def ended(self, request_id: int) -> None:
        """Nobody waits for this request any more."""
        self._sent.pop(request_id, None)
        self._writing.discard(request_id)

    def heard(self, request_id: int | None, now: float, *, wrote: bool = False) -> None:
        """A sign of life, of a request or (None) of the process."""
        self._last = now
        self._stopped = None
        if wrote and request_id in self._sent:
            self._writing.add(request_id)

    def excuse(self, seconds: float) -> None:
        """Time in which we ourselves did not look."""
        self._last += seconds
        if self._stopped is not None:
            self._stopped += seconds

    @property
    def is_writing(self) -> bool:
        """Whether an answer that somebody waits for has begun."""
        return bool(self._writing)

    @property
    def limit_s(self) -> float:
        """How long the process may stay silent now."""
        return self.patience.stall_s if self._writing else self.patience.first_token_s

    def verdict(self, now: float) -> Verdict | None:
        """FROZEN when it showed no life for too long, DEAF when it did not even answer a Stop and nothing else is lost."""
        stopped = self._stopped
        is_late = stopped is not None and now - stopped > self.patience.stop_s
        if stopped is not None and is_late and all(sent >= stopped for sent in self._sent.values()):
            return DEAF
        if self._sent and now - max(self._last, min(self._sent.values())) > self.limit_s:
            return FROZEN
        return None


def pages_read(pid: int) -> int:
    """How many pages the kernel had to read from a disk for a process so far; 0 where it does not tell."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return int(after_name[9])
    except (OSError, ValueError, IndexError):
        return 0
