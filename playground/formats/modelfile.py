'''Ollama Modelfile: a model with this prompt, its sampling and its turns built in.

    FROM smollm2:135m
    PARAMETER temperature 0.0
    SYSTEM """You classify reviews."""
    MESSAGE user """Is this review positive or negative?"""

Ollama's parser (0.33, contracts/backends.md 1.10) knows no escape character and deletes characters that it
takes for unprintable, so some texts cannot be said in a Modelfile. Then the same is written as the body of
`POST /api/create`, which has no such loss. Both are read.
'''

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from playground.errors import PromptError
from playground.formats.base import (
    NO_MODEL,
    Export,
    Format,
    Reading,
    ascii_name,
    block,
    checked,
    file_name,
    one,
    receipt,
    rows_in,
    shown,
    stated,
    text_of_parts,
    unheld,
)
from playground.formats.literal import literal
from playground.formats.roles import role_of
from playground.formats.sampling import read_sampling
from playground.formats.yaml_text import MAX_BYTES
from playground.tables import json_text
from playground.templating.rendering import normalise
from playground.types.files import ExportFile
from playground.types.prompt import Role, Turn

SUFFIX = ".Modelfile"
MEDIA_TYPE = "text/plain"

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
_COMMANDS = {
    *("from", "parameter", "system", "message"),
    *("template", "adapter", "license", "renderer", "parser", "requires", "draft"),
    *("embed", "prompt"),  # of its first versions
}
_NAMED = ("parameter", "message")  # these take a name before their value


# --- writing ------------------------------------------------------------------------------------------------


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
    losses += unheld(
        export, "name", "checks", "output_schema", "sampling", "model", "scores", "answer", "samples"
    )
    texts = {"the system message": system or ""}
    texts |= {f"message {number}, {role}": text for number, (role, text) in enumerate(history, 1)}
    texts |= {f"stop text {number}": text for number, text in enumerate(_stops(export), 1)}
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
    lines += [f"PARAMETER stop {_quoted(text)}" for text in _stops(export)]
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
    return model or NO_MODEL, [
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
    values = stated(export.sampling)
    return {name: values[field] for field, name in _PARAMETERS.items() if field in values}


def _stops(export: Export) -> tuple[str, ...]:
    return export.sampling.stop if export.sampling else ()


def _write_request(
    export: Export, model: str, system: str | None, history: list[tuple[str, str]], losses: tuple[str, ...]
) -> ExportFile:
    name = ascii_name(export.prompt.name)
    parameters: dict[str, Any] = dict(_parameters(export))
    if stop := _stops(export):
        parameters["stop"] = list(stop)
    body: dict[str, Any] = {"model": name, "from": model} | ({"parameters": parameters} if parameters else {})
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


# --- reading ------------------------------------------------------------------------------------------------


def read(text: str, file: str = "The file") -> Reading:
    """The prompt of a Modelfile, or of the body of a request to `/api/create`, with its texts literally.

    The model, its template, adapters and licences are named as losses. Raises PromptError naming file and line.
    """
    body = text.removeprefix("\ufeff")
    if body.lstrip().startswith("{"):
        return _read_request(body, file)
    if len(body.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise PromptError(f"{file} is larger than {MAX_BYTES:,} bytes.", "A Modelfile is a few kilobytes.")
    losses: list[str] = []
    system: str | None = None
    turns: list[tuple[Role, str]] = []
    parameters: dict[str, Any] = {}
    for line, command, name, value in commands(body.replace("\r\n", "\n"), file):
        if command == "system":
            if system is not None:
                losses.append("SYSTEM: the last of several is kept")
            system = value
        elif command == "message":
            turns.append((role_of(name, f"MESSAGE in line {line}", losses), value))
        elif command == "parameter" and name == "stop":
            parameters.setdefault("stop", []).append(value)
        elif command == "parameter":
            parameters[name] = value
        else:
            note = "the model is chosen when the prompt runs" if command == "from" else "not used here"
            losses.append(f"{command.upper()}: {shown(value)}; {note}")
    title = re.match(r"# Prompt: ([^\n]*)", body)
    return _reading(title[1].strip() if title else "", system, turns, parameters, losses, file)


def commands(text: str, file: str) -> Iterator[tuple[int, str, str, str]]:
    """Each command as (line from 1, command in lower case, name or nothing, value), by the rules of Ollama's lexer."""
    lines = text.split("\n")
    number = 0
    while number < len(lines):
        first, start = lines[number].lstrip(), number + 1
        number += 1
        if not first or first.startswith("#"):
            continue
        command, rest = _word(first)
        command = command.lower()
        if command not in _COMMANDS or not rest:
            raise PromptError(
                f"{file}, line {start}: {shown(first)} is no command.",
                "A line begins with FROM, SYSTEM, PARAMETER …",
            )
        name = ""
        if command in _NAMED:
            name, rest = _word(rest)
            if not name or not rest:
                raise PromptError(
                    f"{file}, line {start}: {command.upper()} needs a name and a value.",
                    "Put one blank between each of them.",
                )
        quote = next((mark for mark in ('"""', '"') if rest.lstrip().startswith(mark)), "")
        value = [rest]
        while quote and not _ends(value, quote):
            if number == len(lines):
                raise PromptError(f"{file}, line {start}: the text is never closed.", f"End it with {quote}")
            value.append(lines[number])
            number += 1
        whole = "\n".join(value).strip()
        yield start, command, name, whole[len(quote) : len(whole) - len(quote)]


def _word(text: str) -> tuple[str, str]:
    """The word that a line begins with, and what follows the blank after it."""
    word, *rest = re.split(r"[ \t]", text, maxsplit=1)
    return word, rest[0] if rest else ""


def _ends(lines: list[str], quote: str) -> bool:
    """Whether a quoted value is complete: its last line ends with the quote that the first one begins with."""
    last = lines[-1].rstrip()
    if len(lines) == 1:
        return last.endswith(quote) and len(last.lstrip()) >= 2 * len(quote)
    return last.endswith(quote)


def _read_request(text: str, file: str) -> Reading:
    data = json_text.load(text, file=file)
    known = ("model", "from", "parameters", "system", "messages")
    losses = [f"{key}: not used here" for key in data if key not in known]
    if data.get("from"):
        losses.append(f"from: {shown(data['from'])}; the model is chosen when the prompt runs")
    system, messages, parameters = (data.get(key) for key in ("system", "messages", "parameters"))
    system = None if system is None else text_of_parts(system, "system", losses)
    parameters = block(parameters, "parameters", losses)
    turns: list[tuple[Role, str]] = []
    for number, message in enumerate(rows_in(messages, "messages", losses), 1):
        role = role_of(message.get("role"), f"message {number}", losses)
        turns.append((role, text_of_parts(message.get("content"), f"message {number}", losses)))
    return _reading(_text(data.get("model")), system, turns, dict(parameters or {}), losses, file)


def _reading(
    name: str,
    system: str | None,
    turns: list[tuple[Role, str]],
    parameters: dict[str, Any],
    losses: list[str],
    file: str,
) -> Reading:
    ours = {foreign: field for field, foreign in _PARAMETERS.items()} | {"stop": "stop"}
    sampling = read_sampling(parameters, ours, "PARAMETER", losses)
    whole = [*([("system", system)] if system is not None else []), *turns]
    if not whole:
        losses.append(
            "turns: the file says a model and its sampling only; an empty turn stands ready to write in"
        )
        whole = [("user", "")]
    prompt = checked(
        file,
        losses,
        name=name,
        turns=normalise(
            Turn.model_validate({"role": role, "template": literal(text)}) for role, text in whole
        ),
        sampling=sampling,
    )
    return Reading(prompt, tuple(losses))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


FORMAT = Format("modelfile", "Ollama Modelfile", SUFFIX, MEDIA_TYPE, one(read), write, renders=True)
