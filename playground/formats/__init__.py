"""Interchange formats: one file per format, each with a row here."""

from __future__ import annotations

from playground.errors import PromptError
from playground.formats import (
    dotprompt,
    github_models,
    jinja,
    langchain,
    llm_template,
    markdown,
    modelfile,
    open_webui,
    openai_batch,
    openai_chat,
    promptfoo,
    prompty,
    text,
)
from playground.formats.base import Export, Format, Reading, file_name
from playground.types import ExportFile

__all__ = ["FORMATS", "Export", "Format", "Reading", "file_name", "write_export"]

FORMATS: dict[str, Format] = {
    row.name: row
    for row in (
        prompty.FORMAT,
        dotprompt.FORMAT,
        github_models.FORMAT,
        promptfoo.FORMAT,
        openai_chat.FORMAT,
        openai_batch.FORMAT,
        modelfile.FORMAT,
        langchain.FORMAT,
        llm_template.FORMAT,
        open_webui.FORMAT,
        jinja.FORMAT,
        markdown.FORMAT,
        text.FORMAT,
    )
}


def write_export(format_name: str, export: Export) -> ExportFile:
    """The file in that format; raises PromptError for a format without a row in FORMATS."""
    if format_name not in FORMATS:
        raise PromptError(f'There is no format "{format_name}".', f"Formats: {', '.join(FORMATS)}.")
    return FORMATS[format_name].write(export)
