"""LangChain prompt JSON: one text with `{variables}`, as `langchain_core.prompts.load_prompt` reads it.

    {"_type": "prompt", "name": "Sentiment", "input_variables": ["review"], "partial_variables": {"tone": "dry"},
     "template": "Review in a {tone} tone: {review} {{not a variable}}", "template_format": "f-string"}

Checked with langchain-core 1.7: its loader takes single texts only (of `_type: chat` it keeps one message), and no
Jinja2 (CVE-2023-36281), so f-strings are written. Read are `prompt`, `few_shot` and `chat`, as JSON or YAML, and the
form `{"lc": 1, "type": "constructor", "id": […], "kwargs": {…}}` that its `dumps` writes; what names another file is
refused, and no constructor is called.
"""

from __future__ import annotations

import json
import re
from string import Formatter
from typing import Any

from playground.errors import PromptError
from playground.formats import mustache, yaml_text
from playground.formats.base import (
    Export,
    Format,
    Reading,
    as_text,
    block,
    checked,
    file_name,
    one,
    rows_in,
    shown,
    text_of_parts,
    unheld,
    unheld_inputs,
)
from playground.formats.langchain_dumps import undumped
from playground.formats.literal import literal
from playground.formats.plain_jinja import Piece, join
from playground.formats.refused import without_references
from playground.formats.roles import role_of
from playground.formats.simple import (
    one_text,
    simple_turns,
    slot,
    slots,
    spelled,
    text_of,
    used_inputs,
    variable_name,
)
from playground.tables import json_text
from playground.templating.rendering import normalise
from playground.types.files import ExportFile
from playground.types.prompt import Input, Turn

SUFFIX = ".json"
MEDIA_TYPE = "application/json"
TYPES = ("prompt", "few_shot", "chat")
REFUSED = "refused, no other file is read"

_HELD = ("name", "description", "tags", "metadata")
_KNOWN = {
    *("_type", "input_variables", "template", "template_format", "partial_variables", "validate_template"),
    *(
        "name",
        "metadata",
        "tags",
        "examples",
        "example_prompt",
        "prefix",
        "suffix",
        "example_separator",
        "messages",
        "schema_",
    ),
}
_VARIABLE = re.compile(r"\{\{\{\s*([\w.-]+)\s*\}\}\}|\{\{&?\s*([\w.-]+)\s*\}\}")

# --- writing ------------------------------------------------------------------------------------------------


def write(export: Export) -> ExportFile:
    """The turns as one f-string template; defaults of variables become partial variables."""
    prompt, losses = export.prompt, unheld(export, *_HELD)
    turns = simple_turns(export, losses)
    pieces = one_text(turns, losses)
    names = slots(turns)
    used = [item for item in prompt.inputs if item.name in names]
    losses += [f"inputs.{item.name}: not in the text" for item in prompt.inputs if item not in used]
    losses += unheld_inputs(used, "default")
    partial = {item.name: item.default for item in used if item.default is not None}
    metadata = {key: value for key, value in prompt.metadata.items() if key != "description"}
    if len(metadata) < len(prompt.metadata):
        losses.append("metadata.description: the name is reserved in this format")
    metadata |= {"description": prompt.description} if prompt.description else {}
    body = {
        "_type": "prompt",
        "name": prompt.name,
        "tags": prompt.tags,
        "metadata": yaml_text.plain(metadata, "metadata"),
        "input_variables": [name for name in names if name not in partial],
        "partial_variables": yaml_text.plain(partial, "inputs"),
        "template": spelled(
            pieces,
            lambda text: text.replace("{", "{{").replace("}", "}}"),
            lambda name, _: f"{{{name}}}",
        ),
        "template_format": "f-string",
    }
    needed = ("input_variables", "template")
    text = json.dumps(
        {key: value for key, value in body.items() if value or key in needed}, ensure_ascii=False, indent=2
    )
    return ExportFile(file_name(prompt.name, SUFFIX), MEDIA_TYPE, text + "\n", tuple(losses))


# --- reading ------------------------------------------------------------------------------------------------


def is_one(data: dict[str, Any]) -> bool:
    """Whether a mapping has what only LangChain's prompts have."""
    data = _without_wrapping(data)
    is_dumped = data.get("lc") == 1 and isinstance(data.get("id"), list)
    return (
        is_dumped
        or "_type" in data
        or ("template" in data and "input_variables" in data)
        or ("input_variables" in data and isinstance(data.get("messages"), list))
    )


def _without_wrapping(data: dict[str, Any]) -> dict[str, Any]:
    """What a hub of prompts gives is the dumped object under `manifest`, beside its name."""
    inner = data.get("manifest")
    if not isinstance(inner, dict) or inner.get("lc") != 1:
        return data
    name = data.get("prompt_name") or data.get("repo") or data.get("name")
    return inner if not isinstance(name, str) else inner | {"name": name}


def read(text: str, file: str = "The file") -> Reading:
    """The prompt of a file for LangChain's loader; raises PromptError naming the file, nothing is rendered."""
    is_json = text.removeprefix("\ufeff").lstrip()[:1] in ("{", "[", "")
    data = (json_text if is_json else yaml_text).load(text.removeprefix("\ufeff"), file=file)
    if not isinstance(data, dict):
        raise PromptError(
            f"{file} holds no LangChain prompt.", 'It is an object with "_type" and "template".'
        )
    losses: list[str] = []
    data = without_references(data, "", losses, REFUSED)
    data = _without_wrapping(data)
    if data.get("lc") == 1:
        name = data.get("name")
        data = undumped(data, file, losses)
        data.setdefault("name", name)
    kind = data.get("_type") or ("chat" if isinstance(data.get("messages"), list) else "prompt")
    if kind not in TYPES:
        raise PromptError(
            f"{file}: prompts of type {shown(kind)} are not read.", f"Known: {', '.join(TYPES)}."
        )
    losses += [f"{key}: {REFUSED}" for key in data if key.endswith("_path")]
    losses += [
        f"{key}: there is no such field here"
        for key in data
        if key not in _KNOWN and not key.endswith("_path")
    ]
    turns, examples = _turns(data, kind, file, losses)
    defaults = data.get("partial_variables")
    defaults = defaults if isinstance(defaults, dict) else {}
    inputs = [
        item.model_copy(update={"default": defaults.get(item.name)})
        for item in used_inputs(turns)
        if examples is None or item.name != examples.name
    ]
    metadata = block(data.get("metadata"), "metadata", losses)
    tags = data.get("tags") or ()
    schema = data.get("schema_")
    prompt = checked(
        file,
        losses,
        name=_text(data.get("name")),
        description=_text(metadata.get("description")),
        tags=tuple(map(_text, tags)) if isinstance(tags, list) else (),
        metadata={key: value for key, value in metadata.items() if key != "description"},
        inputs=(*inputs, *([examples] if examples else [])),
        output_schema=schema if isinstance(schema, dict) else None,
        turns=turns,
    )
    return Reading(prompt, tuple(losses))


def _turns(
    data: dict[str, Any], kind: str, file: str, losses: list[str]
) -> tuple[tuple[Turn, ...], Input | None]:
    """The turns, and for a few-shot prompt the variable that holds its examples."""
    if kind == "few_shot":
        return _few_shot(data, file, losses)
    if kind == "chat":
        messages = data.get("messages")
        if not isinstance(messages, list):
            raise PromptError(f"{file} holds no `messages`.", "A chat prompt has a list of them.")
        found = [
            turn
            for number, message in enumerate(messages, 1)
            for turn in _message(message, number, file, losses)
        ]
        if not found:
            raise PromptError(f"{file} holds no message that can be read.", "Each has a role and a template.")
        return normalise(found), None
    return normalise([Turn(role="user", template=_source(data, file, losses))]), None


def _message(message: Any, number: int, file: str, losses: list[str]) -> list[Turn]:
    """The turns of one entry: a template with its role, a finished message, the place of a history, examples."""
    where = f"message {number}"
    if isinstance(message, list) and len(message) == 2:  # ("human", "{question}")
        message = {"role": message[0], "prompt": {"template": message[1]}}
    if not isinstance(message, dict):
        losses.append(f"{where}: {shown(message)} has no role and text, it is left out")
        return []
    foreign = str(message.get("role") or message.get("_type") or message.get("type") or "human")
    if "variable_name" in message or "Placeholder" in foreign:
        losses.append(
            f"{where}: the place of a list of messages, {shown(message.get('variable_name'))}, is left out"
        )
        return []
    if "examples" in message and isinstance(message.get("example_prompt"), dict):
        return _example_turns(message, where, file, losses)
    word = re.sub(r"(?:message)?(?:prompttemplate|chunk)?$", "", foreign.lower())
    role = role_of({"chat": "user", "": "user"}.get(word, word), where, losses)
    prompt = message.get("prompt")
    if isinstance(prompt, dict | list):
        parts = prompt if isinstance(prompt, list) else [prompt]
        shapes = [part for part in parts if isinstance(part, dict) and isinstance(part.get("template"), str)]
        if len(shapes) < len(parts):
            losses.append(f"{where}: only its text parts are kept")
        return [Turn(role=role, template="\n".join(_source(shape, file, losses) for shape in shapes))]
    if isinstance(message.get("template"), str):
        return [Turn(role=role, template=_source(message, file, losses))]
    if "content" not in message:
        losses.append(f"{where}: it has no text, it is left out")
        return []
    return [Turn(role=role, template=literal(text_of_parts(message["content"], where, losses)))]


def _example_turns(message: dict[str, Any], where: str, file: str, losses: list[str]) -> list[Turn]:
    """The turns of chat examples, with their values in place."""
    shape = message["example_prompt"]
    rows = rows_in(message.get("examples"), f"{where}.examples", losses)
    parts = shape.get("messages") if isinstance(shape.get("messages"), list) else [shape]
    turns = []
    for row in rows:
        for part in parts:
            prompt = part.get("prompt", part) if isinstance(part, dict) else {}
            if not isinstance(prompt, dict) or not isinstance(prompt.get("template"), str):
                losses.append(f"{where}.example_prompt: {shown(part)} is no template, it is left out")
                continue
            foreign = str(part.get("_type") or part.get("role") or "human").lower()
            role = role_of(re.sub(r"(?:message)?prompttemplate$", "", foreign) or "user", where, losses)
            pieces = _pieces(prompt, file, losses, named=False)
            text = "".join(
                as_text(row.get(piece.text)) if piece.kind == "value" else piece.text for piece in pieces
            )
            turns.append(Turn(role=role, template=literal(text)))
    return turns


def _few_shot(data: dict[str, Any], file: str, losses: list[str]) -> tuple[tuple[Turn, ...], Input]:
    """Prefix, a loop over the examples, suffix, with the separator between those that are not empty."""
    rows, shape = data.get("examples"), data.get("example_prompt")
    if isinstance(rows, str):
        losses.append(f"examples: {shown(rows)} is {REFUSED}")
        rows = []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise PromptError(
            f"{file}: `examples` is not a list of objects.", "Write one object for each example."
        )
    if not isinstance(shape, dict):
        raise PromptError(f"{file} holds no `example_prompt`.", "It says how one example is written.")
    if any("{" in str(value) for row in rows for value in row.values()):
        losses.append("examples: LangChain reads braces in them as variables; here they are text")
    own = {key: data[key] for key in ("template_format",) if key in data}
    before, after = (
        _pieces({**own, "template": data.get(key) or ""}, file, losses) for key in ("prefix", "suffix")
    )
    name = variable_name("examples", {piece.text for piece in (*before, *after) if piece.kind == "value"})
    given = data.get("example_separator")
    separator = text_of(given if isinstance(given, str) else "\n\n")
    shot = [
        slot(f"shot[{json.dumps(piece.text)}]") if piece.kind == "value" else piece
        for piece in _pieces(shape, file, losses, named=False)
    ]
    source = join(
        [
            *before,
            *([separator] if any(piece.text for piece in before) else []),
            Piece("for", name, "shot"),
            Piece("if", "loop.first", negated=True),
            separator,
            Piece("endif"),
            *shot,
            Piece("endfor"),
            *([separator] if any(piece.text for piece in after) else []),
            *after,
        ]
    )
    turns = normalise([Turn(role="user", template=source)])
    example = [{str(key): value for key, value in row.items()} for row in rows]
    return turns, Input(name=name, kind="examples", default=example or None, example=example or None)


def _source(data: dict[str, Any], file: str, losses: list[str]) -> str:
    template, style = data.get("template"), data.get("template_format")
    if style == "jinja2" and isinstance(template, str):
        losses.append("template_format: 'jinja2' is read as our templates; a line `user:` in it opens a turn")
        return template
    if style == "mustache" and isinstance(template, str):
        return mustache.to_jinja(template, losses)
    return join(_pieces(data, file, losses))


def _pieces(data: dict[str, Any], file: str, losses: list[str], *, named: bool = True) -> list[Piece]:
    """The text and variables of an f-string or mustache template; `named` after our rules for names."""
    template, style = data.get("template"), data.get("template_format", "f-string")
    if not isinstance(template, str):
        raise PromptError(f"{file} holds no `template` that is text.", "Put the text of the prompt there.")
    if style not in ("f-string", "mustache"):
        losses.append(f"template_format: {shown(style)} is read as an f-string")
    pieces = _mustache(template, losses) if style == "mustache" else _f_string(template, file, losses)
    return [_slot(piece.text, losses) if named and piece.kind == "value" else piece for piece in pieces]


def _f_string(template: str, file: str, losses: list[str]) -> list[Piece]:
    try:
        fields = list(Formatter().parse(template))
    except ValueError as exc:
        raise PromptError(
            f"{file}: its braces do not close.", "Double the braces that stand for themselves."
        ) from exc
    pieces: list[Piece] = []
    for text, name, spec, conversion in fields:
        pieces.append(text_of(text))
        if name is not None:
            if spec or conversion:
                losses.append(f"template: how {{{name}}} is formatted is not kept")
            pieces.append(slot(name))
    return pieces


def _mustache(template: str, losses: list[str]) -> list[Piece]:
    """The text and variables of a mustache template that only puts variables into text; the rest stays text."""
    pieces: list[Piece] = []
    end = 0
    for match in _VARIABLE.finditer(template):
        pieces += [text_of(template[end : match.start()]), slot(match[1] or match[2])]
        end = match.end()
    pieces.append(text_of(template[end:]))
    if any("{{" in piece.text for piece in pieces if piece.kind == "text"):
        losses.append("template: mustache sections, partials and comments of examples are kept as text")
    return pieces


def _slot(foreign: str, losses: list[str]) -> Piece:
    name = variable_name(foreign)
    if name != foreign:
        losses.append(f"variable {shown(foreign)}: named {name} here")
    return slot(name)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


FORMAT = Format("langchain", "LangChain prompt JSON", SUFFIX, MEDIA_TYPE, one(read), write)
