"""Dotprompt files (`.prompt`) of Genkit and Firebase: YAML front matter and a Handlebars body.

    ---
    model: googleai/gemini-2.5-flash
    config: {temperature: 0.0, maxOutputTokens: 64}
    input:
      schema:
        review: string, what to judge
      default: {review: The plot drags.}
    output:
      format: json
      schema: {label(enum): [positive, negative]}
    ---
    {{role "user"}}
    Review: {{review}}

What dotprompt has no field for (checks, cases, tags, …) stands under `ext.playground`, which its loader keeps and
does not read. The body converts as far as Handlebars and Jinja2 say the same (handlebars.py).
"""

from __future__ import annotations

import re
from typing import Any

from pydantic import ValidationError

from playground.errors import PromptError
from playground.formats import front_matter, handlebars, picoschema, yaml_text
from playground.formats.base import (
    Export,
    Format,
    Reading,
    as_text,
    checked,
    file_name,
    mapping,
    one,
    shown,
    stated,
    unheld,
)
from playground.formats.plain_jinja import converted
from playground.formats.refused import without_references
from playground.formats.sampling import read_sampling, write_sampling
from playground.types import ExportFile, Input, Prompt, Sampling

SUFFIX = ".prompt"
MEDIA_TYPE = "text/plain"

_CONFIG = {
    "temperature": "temperature",
    "max_tokens": "maxOutputTokens",
    "top_k": "topK",
    "top_p": "topP",
    "stop": "stopSequences",
}
_FROM_CONFIG = {key: field for field, key in _CONFIG.items()}
_OWN_TEXTS = ("name_zh", "description_zh", "family", "technique", "use_when", "avoid_when", "source")
_OWN_KEYS = {*_OWN_TEXTS, "tags", "cases", "checks", "inputs", "sampling"}
_NAMES = re.compile(r"(?P<name>[^/\\]*?)(?:\.(?P<variant>[^./\\]+))?\.prompt")


# --- writing ------------------------------------------------------------------------------------------------


def write(export: Export) -> ExportFile:
    """The prompt with the export's model and sampling; example values stand in `input.default`.

    Raises PromptError for a turn that Handlebars cannot say when the export has no rendered messages.
    """
    prompt, losses = export.prompt, list[str]()
    turns = converted(export, handlebars.convert, str, losses, "dotprompt")
    losses += [
        f"turn {number}: a blank turn is left out there"
        for number, turn in enumerate(turns, 1)
        if not turn.text.strip()
    ]
    body = handlebars.write(turns, losses)
    names = [item.name for item in prompt.inputs]
    if len(set(names)) < len(names):
        raise PromptError("A variable is declared twice.", "Keep one of the two declarations.")
    neutral = Sampling(seed=None).model_dump()
    extras = {
        field: value
        for field, value in stated(export.sampling).items()
        if field not in _CONFIG and value != neutral[field]
    }
    own: dict[str, Any] = {key: getattr(prompt, key) for key in _OWN_TEXTS}
    own |= {
        "tags": list(prompt.tags),
        "cases": list(prompt.cases),
        "checks": [check.model_dump(exclude_defaults=True) for check in prompt.checks],
        "sampling": extras,
    }
    schema = picoschema.write_inputs(prompt.inputs) if prompt.inputs else None
    defaults = {
        item.name: item.example if item.default is None else item.default
        for item in prompt.inputs
        if item.default is not None or item.example is not None
    }
    read_back = {item.name: item for item in picoschema.read_inputs(schema, defaults, "", [])}
    own["inputs"] = [
        item.model_dump(exclude_defaults=True) for item in prompt.inputs if read_back[item.name] != item
    ]
    own = {key: value for key, value in own.items() if value not in ("", [], {})}
    data: dict[str, Any] = {
        "name": prompt.name,
        "description": prompt.description,
        "model": export.model_name,
        "config": write_sampling(export.sampling, _CONFIG, []),
        "input": _filled({"schema": schema, "default": defaults}),
        "output": {"format": "json", "schema": picoschema.from_json_schema(prompt.output_schema)}
        if prompt.output_schema is not None
        else {},
        "metadata": prompt.metadata,
        "ext": {"playground": own} if own else {},
    }
    losses += unheld(export, *Prompt.model_fields, "model", "sampling")
    front = without_references(
        yaml_text.plain(_filled(data)), "", losses, "other programs would replace it by a file or a secret"
    )
    text = f"---\n{yaml_text.dump(front)}---\n{body}"
    return ExportFile(file_name(prompt.name, SUFFIX), MEDIA_TYPE, text, tuple(losses))


def _filled(data: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if value not in ("", {}, None)}


# --- reading ------------------------------------------------------------------------------------------------


def read(text: str, file: str = "The file") -> Reading:
    """The prompt of a `.prompt` file, with what was not kept. Raises PromptError naming the file.

    Without a name in the front matter the file's own is taken: `greet.formal.prompt` is "greet", variant "formal".
    """
    losses: list[str] = []
    data, body = front_matter.split(text, file)
    data = without_references(data, "", losses, "refused, nothing is fetched or executed")
    metadata = mapping(data.pop("metadata", None), "metadata", file)
    ext = mapping(data.pop("ext", None), "ext", file)
    own = mapping(ext.pop("playground", None), "ext.playground", file)
    losses += [f"ext.{key}: there is no such field here" for key in ext]
    losses += [f"ext.playground.{key}: not known to this version" for key in own if key not in _OWN_KEYS]
    inputs = _read_inputs(mapping(data.pop("input", None), "input", file), own, file, losses)
    output = mapping(data.pop("output", None), "output", file)
    schema = picoschema.to_json_schema(output.pop("schema", None), f"{file}: output.schema")
    if (form := output.pop("format", None)) not in (None, "text") and schema is None:
        losses.append(f"output.format: {shown(form)} needs a schema here")
    losses += [f"output.{key}: there is no such field here" for key in output]
    config = mapping(data.pop("config", None), "config", file)
    extra = mapping(own.get("sampling"), "ext.playground.sampling", file)
    names = _FROM_CONFIG | {field: field for field in Sampling.model_fields if field not in _CONFIG}
    sampling = read_sampling(config | extra, names, "config", losses)
    if model := data.pop("model", None):
        losses.append(f"model: {shown(model)}; the model is chosen when the prompt runs")
    if data.pop("tools", None) or data.pop("toolDefs", None):
        losses.append("tools: prompts here have no tools")
    named = _NAMES.fullmatch(re.split(r"[/\\]", file)[-1])
    name = data.pop("name", None) or (named["name"].removeprefix("_") if named else "")
    variant = data.pop("variant", None) or (named["variant"] if named else None)
    if variant:
        losses.append(f"variant: {shown(variant)} has no field, name the prompt after it if you keep several")
    turns = tuple(handlebars.read(body, file, losses))
    description = data.pop("description", None)
    losses += [f"{key}: there is no such field here" for key in data]
    prompt = checked(
        file,
        name=as_text(name),
        description=as_text(description),
        turns=turns,
        inputs=inputs,
        sampling=sampling,
        output_schema=schema,
        metadata=metadata,
        **{key: own[key] for key in ("tags", "cases", "checks") if own.get(key) is not None},
        **{key: as_text(own.get(key)) for key in _OWN_TEXTS},
    )
    return Reading(prompt, tuple(losses))


def _read_inputs(
    data: dict[str, Any], own: dict[str, Any], file: str, losses: list[str]
) -> tuple[Input, ...]:
    """Inputs of `input.schema` and `input.default`; our own exact rows replace those of the same name."""
    defaults = mapping(data.pop("default", None), "input.default", file)
    found: list[str] = []
    inputs = picoschema.read_inputs(data.pop("schema", None), defaults, f"{file}: input.schema", found)
    losses += [loss.removeprefix(f"{file}: ") for loss in found]
    losses += [f"input.{key}: there is no such field here" for key in data]
    try:
        exact = {row.name: row for row in map(Input.model_validate, own.get("inputs") or ())}
    except (ValidationError, TypeError) as exc:
        raise PromptError(
            f"{file}: `ext.playground.inputs` cannot be used.", "Correct or remove it."
        ) from exc
    return tuple(exact.get(item.name, item) for item in inputs)


FORMAT = Format("dotprompt", "Dotprompt", SUFFIX, MEDIA_TYPE, one(read), write)
