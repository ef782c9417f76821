"""OpenAI batch JSONL: one chat request a line, as the batch API and `vllm run-batch` take it.

    {"custom_id": "values", "method": "POST", "url": "/v1/chat/completions", "body": {"model": …, "messages": […]}}
    {"custom_id": "case-1", …}

The first line is the prompt with the values it is exported with, then comes a line for each of its cases. Requests
whose answers are to come back as runs are written by `playground batch export` instead.
"""

from __future__ import annotations

import json
from typing import Any

from playground.errors import PromptError
from playground.formats.base import MAX_PROMPTS, Export, Format, Reading, file_name, shown, unheld
from playground.formats.openai_chat import from_body, request_body
from playground.tables import json_text
from playground.types.files import ExportFile

SUFFIX = ".jsonl"
MEDIA_TYPE = "application/jsonl"
URL = "/v1/chat/completions"


def write(export: Export) -> ExportFile:
    """A request for the export's own values and one for each rendered case."""
    prompt = export.prompt
    losses = unheld(export, "output_schema", "model", "sampling", "cases")
    if prompt.inputs or export.values:
        losses.append("variables: frozen, one line for each row of values")
    if len(export.case_messages) < len(prompt.cases):
        losses.append(f"cases: {len(prompt.cases) - len(export.case_messages)} are not rendered and left out")
    rows = {"values": export.messages}
    rows |= {f"case-{number}": messages for number, messages in enumerate(export.case_messages, 1)}
    lines: list[str] = []
    for name, messages in rows.items():
        losses_here: list[str] = []
        body = request_body(export, messages, losses_here)
        losses += losses_here if not lines else []  # the same for every line
        request = {"custom_id": name, "method": "POST", "url": URL, "body": body}
        lines.append(json.dumps(request, ensure_ascii=False) + "\n")
    return ExportFile(file_name(prompt.name, SUFFIX), MEDIA_TYPE, "".join(lines), tuple(losses))


def read(text: str, file: str = "The file") -> tuple[Reading, ...]:
    """A prompt for each line; raises PromptError naming file and line."""
    if len(text.encode("utf-8", "surrogatepass")) > json_text.MAX_BYTES:
        raise PromptError(
            f"{file} is larger than {json_text.MAX_BYTES:,} bytes.", "Split the batch, or read a part of it."
        )
    readings: list[Reading] = []
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        if not line.strip():
            continue
        if len(readings) == MAX_PROMPTS:
            raise PromptError(f"{file} holds more than {MAX_PROMPTS:,} requests.", "Split the file.")
        data = json_text.load(line, file=file, first_line=number)
        readings.append(_read_line(data, f"{file}, line {number}"))
    if not readings:
        raise PromptError(f"{file} holds no requests.", "A batch has one JSON object on each line.")
    return tuple(readings)


def _read_line(data: Any, where: str) -> Reading:
    if not isinstance(data, dict) or not isinstance(data.get("body"), dict):
        raise PromptError(f"{where} holds no `body`.", "Each line has custom_id, method, url and body.")
    prompt, losses = from_body(data["body"], where)
    notes = [
        f"{key}: there is no such field here"
        for key in data
        if key not in ("custom_id", "method", "url", "body")
    ]
    if data.get("url", URL) != URL:
        notes.append(f"url: {shown(data['url'])} is read as a chat")
    if isinstance(name := data.get("custom_id"), str) and not prompt.name:
        prompt = prompt.model_copy(update={"name": name})
    return Reading(prompt, (*notes, *losses))


FORMAT = Format(
    "openai-batch", "OpenAI batch JSONL", SUFFIX, MEDIA_TYPE, read, write, renders=True, each_case=True
)
