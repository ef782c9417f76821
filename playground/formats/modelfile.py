'''Ollama Modelfile: a model with this prompt, its sampling and its turns built in.

    FROM smollm2:135m
    PARAMETER temperature 0.0
    SYSTEM """You classify reviews."""
    MESSAGE user """Is this review positive or negative?"""

Ollama's parser (0.33, contracts/backends.md 1.10) knows no escape character and deletes characters that it
takes for unprintable, so some texts cannot be said in a Modelfile. Then the same is written as the body of
`POST /api/create`, which has no such loss.
'''

from __future__ import annotations

import json
import unicodedata
from typing import Any

from playground.formats.base import Export, Format, file_name, receipt
from playground.types import ExportFile

SUFFIX = ".Modelfile"
MEDIA_TYPE = "text/plain"
PLACEHOLDER = "put-your-model-here"

_PARAMETERS = {  # Sampling field -> name in Ollama
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "min_p": "min_p",
    "repetition_penalty": "repeat_penalty",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
    "seed": "seed",
    "max_tokens": "num_predict",
}


def write(export: Export) -> ExportFile:
    """A Modelfile, or where one of the texts would not survive it, the JSON for `/api/create`."""
    model, losses = _base_model(export)
    system, history = _split(export, losses)
    if export.prompt.inputs or export.values:
        losses.append("variables: frozen at the values of this run")
    if export.prompt.checks:
        losses.append("checks: this format has no such field")
    if export.prompt.output_schema:
        losses.append("output schema: this format has no such field")
    texts = {"the system message": system or ""}
    texts |= {f"message {number}, {role}": text for number, (role, text) in enumerate(history, 1)}
    texts |= {f"stop text {number}": text for number, text in enumerate(export.sampling.stop, 1)}
    problem = next((f"{where} {reason}" for where, text in texts.items() if (reason := refusal(text))), "")
    if problem:
        return _write_request(
            export,
            model,
            system,
            history,
            (f"Modelfile: {problem}; this is the body of POST /api/create instead", *losses),
        )

    lines = [f"# {label}: {_one_line(text)}" for label, text in receipt(export).items()]
    lines.append(f"FROM {model}")
    lines += [f"PARAMETER {name} {_number(value)}" for name, value in _parameters(export).items()]
    lines += [f"PARAMETER stop {_quoted(text)}" for text in export.sampling.stop]
    if system is not None:
        lines.append(f"SYSTEM {_quoted(system)}")
    lines += [f"MESSAGE {role} {_quoted(text)}" for role, text in history]
    return ExportFile(
        file_name(export.prompt.name, SUFFIX), MEDIA_TYPE, "\n".join(lines) + "\n", tuple(losses)
    )


def refusal(text: str) -> str:
    """Why the text cannot stand in a Modelfile, or nothing."""
    for character in text:
        if not survives(character):
            name = unicodedata.name(character, "a control character")
            return f"holds U+{ord(character):04X} ({name.lower()}), which Ollama deletes from a Modelfile"
    if any(line.rstrip().endswith('"""') for line in text.split("\n")[:-1]):
        return 'has a line that ends with """, which would end it'
    return ""


def survives(character: str) -> bool:
    """Whether Ollama's Modelfile parser keeps it: letters, marks, numbers, punctuation, symbols, blank, tab, CR, LF."""
    return character in " \t\r\n" or unicodedata.category(character)[0] in "LMNPS"


def _base_model(export: Export) -> tuple[str, list[str]]:
    """What FROM names, and a note when Ollama will not know it."""
    backend, _, name = export.model.partition(":")
    model = _one_line(name or backend).strip('" ')
    if backend == "ollama" and name:
        return model, []
    known = f"{model!r} is not a model of Ollama's" if model else "no model was chosen"
    return model or PLACEHOLDER, [
        f"FROM: {known}; write the name of a model you have pulled, or the path of a GGUF file"
    ]


def _split(export: Export, losses: list[str]) -> tuple[str | None, list[tuple[str, str]]]:
    """The system message, and the other turns as history; the answer ends a history that asks for one."""
    messages = list(export.messages)
    system = messages.pop(0).content if messages and messages[0].role == "system" else None
    history: list[tuple[str, str]] = [(message.role, message.content) for message in messages]
    if history and history[-1][0] == "user":
        if export.answer:
            history.append(("assistant", export.answer))
        else:
            losses.append("last message: becomes history; the model answers what is typed after it")
    elif export.answer is not None:
        losses.append("answer: this format has no place for it after an assistant message")
    return system, history


def _parameters(export: Export) -> dict[str, int | float]:
    values = export.sampling.model_dump()
    return {name: values[field] for field, name in _PARAMETERS.items() if values[field] is not None}


def _write_request(
    export: Export, model: str, system: str | None, history: list[tuple[str, str]], losses: tuple[str, ...]
) -> ExportFile:
    name = file_name(export.prompt.name, "")
    parameters: dict[str, Any] = dict(_parameters(export))
    if export.sampling.stop:
        parameters["stop"] = list(export.sampling.stop)
    body: dict[str, Any] = {"model": name, "from": model, "parameters": parameters}
    if system is not None:
        body["system"] = system
    if history:
        body["messages"] = [{"role": role, "content": text} for role, text in history]
    text = json.dumps(body, ensure_ascii=False, indent=2) + "\n"
    losses += ("receipt: this body has no place for version and scores",)
    return ExportFile(f"{name}.create.json", "application/json", text, losses)


def _quoted(text: str) -> str:
    return f'"""{text}"""'


def _number(value: int | float) -> str:
    """Digits and a dot, never an exponent."""
    return (
        str(value)
        if isinstance(value, int)
        else f"{value:f}".rstrip("0").removesuffix(".") + ("" if value % 1 else ".0")
    )


def _one_line(text: str) -> str:
    return " ".join("".join(character if survives(character) else " " for character in text).split())


FORMAT = Format("modelfile", "Ollama Modelfile", SUFFIX, MEDIA_TYPE, None, write)
