"""Templates of the command `llm` (`.yaml`): a prompt and a system text with `$variables`.

    name: sentiment
    model: gpt-4o-mini
    system: You classify reviews.
    prompt: 'Review: $review (costs $$5)'
    options: {temperature: 0.2, max_tokens: 8}
    defaults: {review: The plot drags.}
    schema_object: {type: object}

Checked with llm 0.36, which refuses every other key. What a person types after the command is `$input`; a file with
a `system` text alone has that as its prompt. `functions:` holds Python and is refused.
"""

from __future__ import annotations

import re
from typing import Any

from playground.errors import PromptError
from playground.formats import yaml_text
from playground.formats.base import (
    Export,
    Format,
    Reading,
    block,
    checked,
    file_name,
    one,
    shown,
    unheld,
    unheld_inputs,
)
from playground.formats.plain_jinja import Piece, join
from playground.formats.refused import without_references
from playground.formats.sampling import read_sampling, write_sampling
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
from playground.templating.rendering import normalise
from playground.types.files import ExportFile
from playground.types.prompt import Turn

SUFFIX = ".yaml"
MEDIA_TYPE = "application/yaml"
REFUSED = "refused, nothing is fetched or executed"
FIELDS = ("temperature", "top_p", "max_tokens", "presence_penalty", "frequency_penalty", "seed", "stop")
"""Options with these names are the same here."""
KEYS = {
    *("name", "prompt", "system", "model", "options", "defaults", "schema_object", "functions", "tools"),
    *("attachments", "attachment_types", "fragments", "system_fragments", "extract", "extract_last"),
}

_HELD = ("name", "output_schema", "model")
_ELSEWHERE = ("attachments", "attachment_types", "fragments", "system_fragments", "tools")
# Python's string.Template, which llm uses; names are ASCII.
_DOLLAR = re.compile(r"\$(?:(\$)|([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)\})")


# --- writing ------------------------------------------------------------------------------------------------


def write(export: Export) -> ExportFile:
    """A first system turn as `system`, the rest as `prompt`, the defaults of variables as `defaults`."""
    prompt, losses = export.prompt, unheld(export, *_HELD, *FIELDS)
    turns = simple_turns(export, losses, lambda name: name.isascii() and name.isidentifier())
    system = turns[0].pieces if turns and turns[0].role == "system" else ()
    rest = one_text(turns[1:] if system else turns, losses)
    if not rest and system:
        losses.append("prompt: there is none; what is typed after the command becomes the user's message")
    used = [item for item in prompt.inputs if item.name in slots(turns)]
    losses += [f"inputs.{item.name}: not in the text" for item in prompt.inputs if item not in used]
    losses += unheld_inputs(used, "default")
    options = write_sampling(export.sampling, {field: field for field in FIELDS}, [])
    stop = options.pop("stop", ())
    if len(stop) == 1:
        options["stop"] = stop[0]
    elif stop:
        losses.append("stop: this format holds one text, not several")
    data = {
        "name": prompt.name,
        "model": export.model_name,
        "system": _spelled(system),
        "prompt": _spelled(rest),
        "options": options,
        "defaults": {item.name: item.default for item in used if item.default is not None},
        "schema_object": prompt.output_schema,
    }
    text = yaml_text.dump(
        without_references(
            yaml_text.plain({key: value for key, value in data.items() if value}),
            "",
            losses,
            "other programs would replace it by a file or a secret",
        )
    )
    return ExportFile(file_name(prompt.name, SUFFIX), MEDIA_TYPE, text, tuple(losses))


def _spelled(pieces: tuple[Piece, ...]) -> str:
    def value(name: str, after: str) -> str:
        # llm does not see `${x}` when it looks for missing variables, so braces only where they are needed.
        return f"${{{name}}}" if re.match(r"[A-Za-z0-9_]", after) else f"${name}"

    return spelled(pieces, lambda text: text.replace("$", "$$"), value)


# --- reading ------------------------------------------------------------------------------------------------


def read(text: str, file: str = "The file") -> Reading:
    """The prompt of a template; a file that is nothing but a text is the prompt itself. Raises PromptError."""
    data = yaml_text.load(text.removeprefix("\ufeff"), file=file)
    if isinstance(data, str):
        data = {"prompt": data}
    if not isinstance(data, dict):
        raise PromptError(f"{file} holds no template.", "It has a line `prompt:` or `system:`.")
    losses: list[str] = []
    data = without_references(data, "", losses, REFUSED)
    losses += [f"{key}: {REFUSED}" for key in data if key in _ELSEWHERE]
    losses += [
        f"{key}: there is no such field here"
        for key in data
        if key in ("extract", "extract_last") or key not in KEYS
    ]
    if data.get("model"):
        losses.append(f"model: {shown(data['model'])}; the model is chosen when the prompt runs")
    turns = _turns(data, file, losses)
    options = block(data.get("options"), "options", losses)
    defaults = block(data.get("defaults"), "defaults", losses)
    inputs = [
        item.model_copy(
            update={"default": defaults.pop(item.name, None)}
            | ({"description": "What is typed after the command"} if item.name == "input" else {})
        )
        for item in used_inputs(turns)
    ]
    losses += [f"defaults.{name}: not in the text" for name in defaults]
    schema = data.get("schema_object")
    if schema is not None and not isinstance(schema, dict):
        losses.append("schema_object: not a JSON schema")
    prompt = checked(
        file,
        losses,
        name=data["name"] if isinstance(data.get("name"), str) else "",
        turns=turns,
        inputs=tuple(inputs),
        sampling=read_sampling(options, {field: field for field in FIELDS}, "options", losses),
        output_schema=schema if isinstance(schema, dict) else None,
    )
    return Reading(prompt, tuple(losses))


def _turns(data: dict[str, Any], file: str, losses: list[str]) -> tuple[Turn, ...]:
    texts = {key: data.get(key) for key in ("system", "prompt")}
    if wrong := next((key for key, text in texts.items() if not isinstance(text, str | None)), ""):
        raise PromptError(f"{file}: `{wrong}` is not text.", "Put it in quotes or in a block with `|`.")
    if not any(texts.values()):
        raise PromptError(f"{file} holds neither `prompt` nor `system`.", "A template has one of the two.")
    system, prompt = _pieces(texts["system"] or "", losses), _pieces(texts["prompt"] or "$input", losses)
    turns = [Turn(role="system", template=join(system))] if texts["system"] else []
    return normalise([*turns, Turn(role="user", template=join(prompt))])


def _pieces(text: str, losses: list[str]) -> list[Piece]:
    pieces: list[Piece] = []
    end = 0
    for match in _DOLLAR.finditer(text):
        foreign = match[2] or match[3] or ""
        name = variable_name(foreign) if foreign else ""
        if name != foreign:
            losses.append(f"variable {foreign!r}: named {name} here")
        pieces += [text_of(text[end : match.start()]), slot(name) if foreign else text_of("$")]
        end = match.end()
    return [*pieces, text_of(text[end:])]


FORMAT = Format("llm", "llm template", SUFFIX, MEDIA_TYPE, one(read), write)
