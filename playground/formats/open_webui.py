"""Open WebUI prompts: a JSON list that its workspace exports and imports, several prompts in one file.

    [{"command": "/weather", "title": "Weather", "content": "In {{city | text:default="Bonn":required}} on {{day}}?"}]

A variable's first place says what its form field is: `name | type:property=value:required`; later places are the name
alone. Its parser (src/lib/utils of its repository, 2026) ends a definition at the first `}`, takes quotes off without
reading escapes, and knows no way to write two braces that are text.
"""

from __future__ import annotations

import json
import re
from typing import Any

from playground.errors import PromptError
from playground.formats.base import (
    MAX_PROMPTS,
    NO_FIELD,
    Export,
    Format,
    Reading,
    ascii_name,
    checked,
    file_name,
    shown,
    unheld,
)
from playground.formats.plain_jinja import Piece, join
from playground.formats.simple import one_text, simple_turns, slot, slots, spelled, text_of, variable_name
from playground.tables import json_text
from playground.templating.rendering import normalise
from playground.types.files import ExportFile
from playground.types.prompt import Input, InputKind, Turn

SUFFIX = ".json"
MEDIA_TYPE = "application/json"

_TYPES: dict[InputKind, str] = {
    "text": "text",
    "long_text": "textarea",
    "number": "number",
    "choice": "select",
    "boolean": "checkbox",
    "examples": "textarea",
    "object": "textarea",
    "list": "textarea",
}
_KINDS: dict[str, InputKind] = {
    "text": "text",
    "textarea": "long_text",
    "number": "number",
    "range": "number",
    "select": "choice",
    "checkbox": "boolean",
}
_PROPERTIES = ("placeholder", "default", "required", "options")
# No `{` inside, unlike there: a search that can start again in its own middle would take quadratic time.
_VARIABLE = re.compile(r"\{\{\s*([^{|}\s]+)\s*(?:\|([^{}]*))?\}\}")
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,15})?")
# Filled in by Open WebUI itself, without a form.
_SYSTEM = re.compile(r"CLIPBOARD|CURRENT_(DATE|DATETIME|TIME|TIMEZONE|WEEKDAY)|USER_[A-Z]+")


# --- writing ------------------------------------------------------------------------------------------------


def write(export: Export) -> ExportFile:
    """A list with this one prompt; its typed inputs become the fields of the form."""
    prompt = export.prompt
    command = prompt.metadata.get("command")
    keeps = isinstance(command, str) and re.fullmatch(r"[A-Za-z0-9_-]{1,100}", command)
    losses = unheld(export, "name", "metadata")
    losses += [f"metadata.{key}: {NO_FIELD}" for key in prompt.metadata if key != "command" or not keeps]
    turns = simple_turns(export, losses)
    pieces = one_text(turns, losses)
    declared = {item.name: item for item in prompt.inputs}
    names = slots(turns)
    losses += [f"inputs.{name}: not in the text" for name in declared if name not in names]
    fields = {name: _field(declared.get(name) or Input(name=name), losses) for name in names}

    def value(name: str, _: str) -> str:
        return f"{{{{{name}{fields.pop(name, '')}}}}}"

    content = spelled(pieces, lambda text: text, value)
    following = [*pieces[1:], text_of("")]
    if any(
        piece.kind == "text" and ("{{" in piece.text or (piece.text.endswith("{") and after.kind == "value"))
        for piece, after in zip(pieces, following, strict=False)
    ):
        losses.append("template: double braces in the text will be taken for a variable there")
    row = {
        "command": command if keeps else ascii_name(prompt.name),
        "title": prompt.name,
        "content": content,
    }
    text = json.dumps([row], ensure_ascii=False, indent=2)
    return ExportFile(file_name(prompt.name, SUFFIX), MEDIA_TYPE, text + "\n", tuple(losses))


def _field(item: Input, losses: list[str]) -> str:
    """What stands after the name of a variable: nothing for an optional line of text."""
    place = f"inputs.{item.name}"
    parts = [_TYPES[item.kind]]
    if item.kind in ("examples", "object", "list"):
        what = {"examples": "a list of examples", "object": "an object", "list": "a list"}[item.kind]
        losses.append(f"{place}.kind: {what} is typed in as text there")
    losses += [f"{place}.fields: {NO_FIELD}"] if item.fields else []
    if item.choices:
        options = json.dumps(list(item.choices), ensure_ascii=False, separators=(",", ":"))
        if item.kind != "choice" or re.search(r"[{}]", options):
            losses.append(f"{place}.choices: " + ("they hold braces" if item.kind == "choice" else NO_FIELD))
        else:
            parts.append(f"options={options}")
    if item.description:
        parts += _property(place, "placeholder", item.description, losses, "description")
    if item.default is not None:
        parts += _property(place, "default", item.default, losses, "default")
    if item.example is not None:
        losses.append(f"{place}.example: {NO_FIELD}")
    if item.required:
        parts.append("required")
    return "" if parts == ["text"] else " | " + ":".join(parts)


def _property(place: str, name: str, value: Any, losses: list[str], field: str) -> list[str]:
    if isinstance(value, bool):
        return [f"{name}={str(value).lower()}"]
    if isinstance(value, int | float) and _NUMBER.fullmatch(str(value)):
        return [f"{name}={value}"]
    if isinstance(value, str) and not re.search(r'[{}"\\\n\r]', value):
        return [f'{name}="{value}"']
    losses.append(
        f"{place}.{field}: this format cannot hold quotes, backslashes, braces and line breaks in it"
    )
    return []


# --- reading ------------------------------------------------------------------------------------------------


def read(text: str, file: str = "The file") -> tuple[Reading, ...]:
    """A prompt for each row; raises PromptError naming file and row."""
    data = json_text.load(text, file=file)
    rows = [data] if isinstance(data, dict) else data
    if not isinstance(rows, list) or not rows:
        raise PromptError(f"{file} holds no prompts.", "An export of Open WebUI is a list of them.")
    if len(rows) > MAX_PROMPTS:
        raise PromptError(f"{file} holds more than {MAX_PROMPTS:,} prompts.", "Split the file.")
    return tuple(_read_row(row, f"{file}, prompt {number}") for number, row in enumerate(rows, 1))


def _read_row(row: Any, where: str) -> Reading:
    if not isinstance(row, dict) or not isinstance(row.get("content"), str):
        raise PromptError(
            f"{where} has no `content` that is text.", "Each prompt has command, title and content."
        )
    losses = [
        f"{key}: there is no such field here"
        for key, value in row.items()
        if key not in ("command", "title", "name", "content") and value not in (None, "", [], {})
    ]
    title = next((row[key] for key in ("title", "name") if isinstance(row.get(key), str)), "")
    command = row.get("command")
    command = command.removeprefix("/") if isinstance(command, str) else ""
    pieces, inputs = _read_content(row["content"], losses)
    prompt = checked(
        where,
        name=title or command,
        turns=normalise([Turn(role="user", template=join(pieces))]),
        inputs=inputs,
        metadata={"command": command} if command and command != ascii_name(title) else {},
    )
    return Reading(prompt, tuple(losses))


def _read_content(content: str, losses: list[str]) -> tuple[list[Piece], tuple[Input, ...]]:
    """The text with its variables, and an input for each; a definition wins over places without one."""
    pieces: list[Piece] = []
    ours: dict[str, str] = {}
    found: dict[str, Input] = {}
    defined: set[str] = set()
    end = 0
    for match in _VARIABLE.finditer(content):
        foreign, definition = match[1], (match[2] or "").strip()
        if foreign not in ours:
            ours[foreign] = variable_name(foreign, ours.values())
            found[foreign] = Input(name=ours[foreign], required=False)
            if ours[foreign] != foreign:
                losses.append(f"variable {shown(foreign)}: named {ours[foreign]} here")
            if _SYSTEM.fullmatch(foreign):
                losses.append(f"{foreign}: Open WebUI fills it in by itself; here it is a variable")
        if definition and foreign not in defined:
            defined.add(foreign)
            found[foreign] = _read_field(ours[foreign], definition, losses)
        pieces += [text_of(content[end : match.start()]), slot(ours[foreign])]
        end = match.end()
    return [*pieces, text_of(content[end:])], tuple(found.values())


def _read_field(name: str, definition: str, losses: list[str]) -> Input:
    first, *rest = _split(definition, ":")
    foreign = first.removeprefix("type=").strip().strip('"')
    if foreign not in _KINDS or foreign == "range":
        losses.append(
            f"inputs.{name}.kind: {shown(foreign)} is filled in as {_KINDS.get(foreign, 'text')} here"
        )
    kind = _KINDS.get(foreign, "text")
    values: dict[str, str] = {}
    for part in rest:
        key, *value = _split(part, "=")
        values[key] = "=".join(value) if value else "true"
    losses += [f"inputs.{name}.{key}: not used here" for key in values if key and key not in _PROPERTIES]
    choices: tuple[str, ...] = ()
    if "options" in values:
        choices = _choices(values["options"])
        if not choices:
            losses.append(f"inputs.{name}.options: not a list of texts")
    return Input(
        name=name,
        kind="text" if kind == "choice" and not choices else kind,
        description=_unquoted(values.get("placeholder", "")),
        required=values.get("required", "false") == "true",
        default=_default(values["default"], kind) if "default" in values else None,
        choices=choices if kind == "choice" else (),
    )


def _split(text: str, separator: str) -> list[str]:
    """The parts between separators that stand outside quotes and brackets; never an empty list."""
    parts, part, depth = [], "", 0
    quoted = escaped = False
    for character in text:
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == '"':
            quoted = not quoted
        elif not quoted and character in "[]":
            depth += 1 if character == "[" else -1
        elif not quoted and character == separator and depth == 0:
            parts.append(part.strip())
            part = ""
            continue
        part += character
    return [*parts, part.strip()]


def _choices(text: str) -> tuple[str, ...]:
    try:
        rows = json_text.load(text, file="options")
    except PromptError:
        return ()
    return tuple(str(row) for row in rows) if isinstance(rows, list) else ()


def _default(text: str, kind: InputKind) -> Any:
    if kind == "boolean":
        return _unquoted(text) == "true"
    if kind == "number" and _NUMBER.fullmatch(_unquoted(text)):
        return float(_unquoted(text)) if "." in text else int(_unquoted(text))
    return _unquoted(text)


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


FORMAT = Format("openwebui", "Open WebUI prompts", SUFFIX, MEDIA_TYPE, read, write)
