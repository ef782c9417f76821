"""Interchange formats: one file per format, each with a row here."""

from __future__ import annotations

from playground.formats import markdown, modelfile, openai_chat, prompty, text
from playground.formats.base import Export, Format, Reading, file_name

__all__ = ["FORMATS", "Export", "Format", "Reading", "file_name"]

FORMATS: dict[str, Format] = {
    row.name: row
    for row in (prompty.FORMAT, openai_chat.FORMAT, markdown.FORMAT, text.FORMAT, modelfile.FORMAT)
}
