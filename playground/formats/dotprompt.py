r"""Dotprompt files (`.prompt`) of Genkit and Firebase: YAML front matter and a Handlebars body.

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
does not read. What has no field here (tools, a variant, `config` of one model, `team.owner: …`) is kept under
`metadata.dotprompt`, and is written again. A field that cannot be read is left out and named, the rest is imported.
The body converts as far as Handlebars and Jinja2 say the same (handlebars.py, handlebars_read.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from playground.errors import PromptError
from playground.formats import handlebars, handlebars_read, picoschema, yaml_text
from playground.formats.base import (
    OWN_TEXTS,
    Export,
    Format,
    file_name,
    one,
    stated,
    unheld,
)
from playground.formats.dotprompt_read import CONFIG, KEPT, SUFFIX, context_input, history_input
from playground.formats.dotprompt_read import read as read
from playground.formats.handlebars_back import Variables
from playground.formats.plain_jinja import converted
from playground.formats.refused import without_references
from playground.formats.sampling import write_sampling
from playground.formats.technique_choice import written_choice
from playground.types.files import ExportFile
from playground.types.prompt import Input, Prompt, Sampling

MEDIA_TYPE = "text/plain"


def write(export: Export) -> ExportFile:
    """The prompt with the export's model and sampling; example values stand in `input.default`.

    Raises PromptError for a turn that Handlebars cannot say when the export has no rendered messages.
    """
    prompt, losses = export.prompt, list[str]()
    kept, names, metadata = _kept(prompt)
    variables = Variables(
        frozenset(item.name for item in prompt.inputs if item.kind == "boolean"),
        frozenset(item.name for item in prompt.inputs),
        names,
    )
    turns = converted(export, lambda text: handlebars.convert(text, variables), str, losses, "dotprompt")
    losses += [
        f"turn {number}: a blank turn is left out there"
        for number, turn in enumerate(turns, 1)
        if not turn.text.strip()
    ]
    body = handlebars.write(turns, losses, variables)
    if len({item.name for item in prompt.inputs}) < len(prompt.inputs):
        raise PromptError("A variable is declared twice.", "Keep one of the two declarations.")
    neutral = Sampling(seed=None).model_dump()
    extras = {
        field: value
        for field, value in stated(export.sampling).items()
        if field not in CONFIG and value != neutral[field]
    }
    own: dict[str, Any] = {key: getattr(prompt, key) for key in OWN_TEXTS}
    own |= {
        "tags": list(prompt.tags),
        "tried_on": list(prompt.tried_on),
        "cases": list(prompt.cases),
        "checks": [check.model_dump(exclude_defaults=True) for check in prompt.checks],
        "sampling": extras,
        "run_with": written_choice(prompt.run_with),
    }
    found = [_as_written(item, names) for item in prompt.inputs if not _comes_back(item, prompt, names)]
    schema = picoschema.write_inputs(tuple(found)) if found else None
    defaults = {
        item.name: item.example if item.default is None else item.default
        for item in found
        if item.default is not None or item.example is not None
    }
    read_back = {item.name: item for item in picoschema.read_inputs(schema, defaults, "", [])}
    own["inputs"] = [item.model_dump(exclude_defaults=True) for item in found if read_back[item.name] != item]
    own = {key: value for key, value in own.items() if value not in ("", [], {}, None)}
    data: dict[str, Any] = {
        "name": prompt.name,
        "description": prompt.description,
        "model": export.model_name,
        "config": write_sampling(export.sampling, CONFIG, []),
        "input": _filled({"schema": schema, "default": defaults}),
        "output": {"format": "json", "schema": picoschema.from_json_schema(prompt.output_schema)}
        if prompt.output_schema is not None
        else {},
        "metadata": metadata,
        "ext": {"playground": own} if own else {},
    }
    data = _with_kept(data, kept)
    losses += unheld(export, *Prompt.model_fields, "model", "sampling")
    front = without_references(
        yaml_text.plain(_filled(data)), "", losses, "other programs would replace it by a file or a secret"
    )
    text = f"---\n{yaml_text.dump(front)}---\n{body}"
    return ExportFile(file_name(prompt.name, SUFFIX), MEDIA_TYPE, text, tuple(losses))


def _filled(data: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if value not in ("", {}, None)}


def _kept(prompt: Prompt) -> tuple[dict[str, Any], dict[str, str], dict[str, Any]]:
    """What an imported file had beside ours, what its variables were called, and the rest of the metadata."""
    kept = prompt.metadata.get(KEPT)
    if not isinstance(kept, dict):
        return {}, {}, dict(prompt.metadata)
    names = kept.get("names")
    names = names if isinstance(names, dict) else {}
    rest = {key: value for key, value in prompt.metadata.items() if key != KEPT}
    fields = {key: value for key, value in kept.items() if key != "names"}
    return fields, {str(key): str(value) for key, value in names.items()}, rest


def _with_kept(data: dict[str, Any], kept: Mapping[str, Any]) -> dict[str, Any]:
    """The front matter with the fields that were kept; what is ours is not replaced."""
    result = dict(data)
    for key, value in kept.items():
        mine = result.get(key)
        if isinstance(mine, dict) and isinstance(value, dict):
            result[key] = {**value, **_filled(mine)}
        elif mine in (None, "", {}):
            result[key] = value
    return result


def _as_written(item: Input, names: Mapping[str, str]) -> Input:
    return item.model_copy(update={"name": names[item.name]}) if item.name in names else item


def _comes_back(item: Input, prompt: Prompt, names: Mapping[str, str]) -> bool:
    """Whether reading makes the input anew: of an `@` name, or of the earlier messages."""
    if names.get(item.name, "").startswith("@"):
        return item == context_input(item.name, names[item.name][1:])
    loop = handlebars_read.HISTORY % item.name
    return item == history_input(item.name) and any(turn.template == loop for turn in prompt.turns)


FORMAT = Format(
    *("dotprompt", "Dotprompt", SUFFIX, MEDIA_TYPE, one(read), write),
    read_beside=lambda text, file, partials: (read(text, file, partials),),
)
