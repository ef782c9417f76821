"""Files made for other tools."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ExportFile:
    """A file for another tool: its name, media type and text, and what that format cannot hold."""

    name: str
    media_type: str
    text: str
    losses: tuple[str, ...] = ()
