"""Plain text (`.txt`): a few header lines, then each message after a line with its role.

Prompt: Classify sentiment
Model: llama.cpp:SmolLM2-135M-Instruct

user:
Is this review positive or negative?

Message texts stand there as they are, so a line `user:` inside one opens a turn when the file is read again.
"""

from __future__ import annotations

import re

from playground.errors import PromptError
from playground.formats.base import Export, Format, Reading, checked, file_name, one, receipt, unheld
from playground.formats.literal import literal
from playground.formats.yaml_text import MAX_BYTES
from playground.templating.rendering import normalise
from playground.types.files import ExportFile
from playground.types.prompt import Turn

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
    losses = list(LOSSES if export.prompt.inputs or export.values else ())
    losses += unheld(export, "name", "sampling", "model", "scores", "answer", "samples")
    return ExportFile(
        file_name(export.prompt.name, SUFFIX), MEDIA_TYPE, "\n\n".join(parts) + "\n", tuple(losses)
    )


_ROLE = re.compile(r"^(system|user|assistant|answer):[ \t]*$", re.M | re.I | re.A)
_HEADER = re.compile(r"(?:Prompt|Model|Version|Created|Sampling|Sample): |Score .*: ")


def read(text: str, file: str = "The file") -> Reading:
    """The turns after lines such as `user:`, literally; a text without such lines is one user turn.

    What stands before the first of them is a system turn, unless it is the header that `write` makes. Raises
    PromptError for a file that is too large.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise PromptError(f"{file} is larger than {MAX_BYTES:,} bytes.", "A prompt is a few kilobytes.")
    body = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    losses: list[str] = []
    first, *rest = _ROLE.split(body)
    pairs = [(word.lower(), content[1:]) for word, content in zip(rest[::2], rest[1::2], strict=True)]
    name, first = "", first.strip("\n")
    if not pairs:
        pairs = [("user", first)]
    elif first and all(_HEADER.match(line) for line in first.split("\n")):
        name = first.removeprefix("Prompt: ").split("\n")[0] if first.startswith("Prompt: ") else ""
        if first != f"Prompt: {name}":
            losses.append("header: where the text comes from is not kept")
    elif first.strip():
        pairs.insert(0, ("system", first))
    if any(word == "answer" for word, _ in pairs):
        losses.append("answer: a prompt does not hold an answer")
    if any("{{" in content for _, content in pairs):
        losses.append("variables: braces in the text are kept as text")
    turns = [
        Turn.model_validate({"role": word, "template": literal(content.rstrip("\n"))})
        for word, content in pairs
        if word != "answer"
    ]
    return Reading(checked(file, name=name, turns=normalise(turns)), tuple(losses))


FORMAT = Format("text", "Plain text", SUFFIX, MEDIA_TYPE, one(read), write, renders=True)
