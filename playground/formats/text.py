"""Plain text (`.txt`): a few header lines, then each message after a line with its role.

Prompt: Classify sentiment
Model: llama.cpp:SmolLM2-135M-Instruct

user:
Is this review positive or negative?
"""

from __future__ import annotations

from playground.formats.base import Export, Format, file_name, receipt
from playground.types import ExportFile

SUFFIX = ".txt"
MEDIA_TYPE = "text/plain"
LOSSES = ("variables: the text is rendered with the values of this run",)


def write(export: Export) -> ExportFile:
    """Header, messages and answer, with a blank line between; message texts are written as they are."""
    header = [f"{label}: {' '.join(text.split())}" for label, text in receipt(export).items()]
    parts = ["\n".join(header)] if header else []
    parts += [f"{message.role}:\n{message.content}" for message in export.messages]
    if export.answer is not None:
        parts.append(f"answer:\n{export.answer}")
    losses = LOSSES if export.prompt.inputs or export.values else ()
    return ExportFile(file_name(export.prompt.name, SUFFIX), MEDIA_TYPE, "\n\n".join(parts) + "\n", losses)


FORMAT = Format("text", "Plain text", SUFFIX, MEDIA_TYPE, None, write)
