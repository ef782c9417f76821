"""Chats for training (`.jsonl`): one a line, as services and trainers take them; ShareGPT's and Alpaca's rows are read too.

    {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]}

A chat is a prompt without variables whose last turn may be its answer. Of a file for training that has thousands, the ones
to try are imported beside a prompt, as its cases.
"""

from __future__ import annotations

import json
from typing import Any

from playground.errors import PromptError
from playground.formats import chats
from playground.formats.base import MAX_PROMPTS, Export, Format, Reading, checked, file_name, unheld
from playground.formats.literal import literal
from playground.tables import json_text
from playground.templating.rendering import normalise
from playground.types.files import ExportFile
from playground.types.prompt import Turn

SUFFIX = ".chat.jsonl"
MEDIA_TYPE = "application/jsonl"


def write(export: Export) -> ExportFile:
    """A line with the messages and, where there is one, the answer."""
    messages = [{"role": message.role, "content": message.content} for message in export.messages]
    if export.answer is not None:
        messages.append({"role": "assistant", "content": export.answer})
    losses = unheld(export, "answer")
    if export.prompt.inputs or export.values:
        losses.append("variables: frozen at the values of this run")
    text = json.dumps({"messages": messages}, ensure_ascii=False) + "\n"
    return ExportFile(file_name(export.prompt.name, SUFFIX), MEDIA_TYPE, text, tuple(losses))


def read(text: str, file: str = "The file") -> tuple[Reading, ...]:
    """A prompt for each chat of the lines or of the list; raises PromptError naming file and place."""
    rows = _rows(text.removeprefix("\ufeff"), file)
    if not rows:
        raise PromptError(f"{file} holds no chats.", "Write one JSON object a line, with its messages.")
    if len(rows) > MAX_PROMPTS:
        raise PromptError(
            f"{file} holds {len(rows):,} chats.",
            f"At most {MAX_PROMPTS:,} are read as prompts; chats are also read as cases, beside a prompt's values.",
        )
    return tuple(_reading(row, where) for where, row in rows)


def _rows(text: str, file: str) -> list[tuple[str, Any]]:
    if len(text.encode("utf-8", "surrogatepass")) > json_text.MAX_BYTES:
        raise PromptError(f"{file} is larger than {json_text.MAX_BYTES:,} bytes.", "Read a part of it.")
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    try:
        data = json_text.load(text, file=file)
    except PromptError:
        return [
            (f"{file}, line {number}", json_text.load(line, file=file, first_line=number))
            for number, line in lines
        ]
    if isinstance(data, list):
        return [(f"{file}, entry {number}", row) for number, row in enumerate(data, 1)]
    return [(file, data)]


def _reading(row: Any, where: str) -> Reading:
    if not chats.is_training(row):
        raise PromptError(f"{where} is no chat.", 'Write {"messages": [{"role": …, "content": …}]}.')
    losses: list[str] = []
    turns = [Turn(role=turn.role, template=literal(turn.text)) for turn in chats.turns_of(row, losses)]
    name = next((row[key] for key in ("name", "title") if isinstance(row.get(key), str)), "")
    losses = [loss for loss in losses if loss.partition(":")[0] not in ("name", "title") or not name]
    return Reading(checked(where, losses, name=name, turns=normalise(turns)), tuple(losses))


FORMAT = Format("chat-lines", "Chat JSONL for training", SUFFIX, MEDIA_TYPE, read, write, renders=True)
