"""Markdown (`.md`): a page for people, with where it comes from, every message and the answer.

Messages stand in fences longer than any run of backticks in them, so that nothing in a prompt is taken for
Markdown and every blank and line break stays.
"""

from __future__ import annotations

import re

from playground.formats.base import Export, Format, file_name, receipt
from playground.types import ExportFile

SUFFIX = ".md"
MEDIA_TYPE = "text/markdown"
LOSSES = ("variables: the text is rendered with the values of this run",)


def write(export: Export) -> ExportFile:
    """A title, the description, a table of facts, one heading per turn, and the answer if there is one."""
    prompt = export.prompt
    parts = [f"# {_inline(prompt.name) or 'Prompt'}"]
    if prompt.description:
        parts.append(_inline(prompt.description))
    facts = {label: text for label, text in receipt(export).items() if label != "Prompt"}
    if facts:
        rows = [f"| {_inline(label)} | {_inline(text)} |" for label, text in facts.items()]
        parts.append("\n".join(["| | |", "|---|---|", *rows]))
    for message in export.messages:
        parts += [f"## {message.role.capitalize()}", _fenced(message.content)]
    if export.answer is not None:
        parts += ["## Answer", _fenced(export.answer)]
    losses = LOSSES if prompt.inputs or export.values else ()
    return ExportFile(file_name(prompt.name, SUFFIX), MEDIA_TYPE, "\n\n".join(parts) + "\n", losses)


def _fenced(text: str) -> str:
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def _inline(text: str) -> str:
    """The text on one line, with every character that Markdown or HTML would read escaped."""
    return re.sub(r"([\\`*_{}\[\]<>#|~&!])", r"\\\1", " ".join(text.split()))


FORMAT = Format("markdown", "Markdown", SUFFIX, MEDIA_TYPE, None, write)
