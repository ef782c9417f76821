"""How a time is written where no reader's own clock words it: minute(now)  →  "2026-11-28 08:30"."""

from __future__ import annotations

from datetime import datetime


def minute(when: datetime) -> str:
    """The minute in this machine's zone."""
    return when.astimezone().strftime("%Y-%m-%d %H:%M")
