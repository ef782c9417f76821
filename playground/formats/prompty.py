"""Prompty files (`.prompty`): our own format on disk. Reads v1 and v2, writes v2.

    ---
    name: Sentiment of a review
    metadata:
      tags: [classification]
      playground:                    # what prompty has no field for
        family: classification
        run_with: {name: self-consistency, samples: 5}
        checks:
          - scorer: equals
            options: {text: negative}
    model:
      options: {temperature: 0, maxOutputTokens: 4}
    inputs:
      - name: review
        kind: string
    ---
    user:
    Review: {{ review }}

Front matter is data and hostile: nothing in it is executed, fetched or expanded, and what asks for that is
dropped and named. Writing and reading again gives the same prompt, but for the losses that writing reports.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from playground.errors import PromptError
from playground.formats import front_matter, mustache, yaml_text
from playground.formats.base import (
    OWN_TEXTS,
    Export,
    Format,
    Reading,
    as_rows,
    as_text,
    block,
    checked,
    file_name,
    one,
    rows_in,
    shown,
    stated,
)
from playground.formats.properties import read_inputs, read_outputs, write_inputs, write_outputs
from playground.formats.refused import without_references
from playground.formats.roles import FOREIGN, role_of
from playground.formats.sampling import field_of, usable
from playground.formats.technique_choice import read_run_with, written_choice
from playground.templating.rendering import join_turns, normalise, split_turns
from playground.types.files import ExportFile
from playground.types.prompt import Input, Prompt, Sampling, Turn

SUFFIX = ".prompty"
MEDIA_TYPE = "text/markdown"

_OPTIONS = {  # Sampling field -> key of model.options
    "temperature": "temperature",
    "max_tokens": "maxOutputTokens",
    "top_p": "topP",
    "top_k": "topK",
    "seed": "seed",
    "stop": "stopSequences",
    "frequency_penalty": "frequencyPenalty",
    "presence_penalty": "presencePenalty",
}
_V1_PARAMETERS = {field: field for field in Sampling.model_fields}
_OWN_KEYS = {
    *OWN_TEXTS,
    *("tried_on", "kinds", "checks", "sampling", "output_schema", "cases", "exported", "plain_roles"),
    "run_with",
}
_FOREIGN_ROLE = re.compile(
    rf"^[ \t]*(?:#[ \t]*)?({'|'.join(FOREIGN)})[ \t]*(?:\[[^]\n={{}}]*=[^]\n{{}}]*\][ \t]*)?:[ \t]*$",
    re.ASCII | re.IGNORECASE | re.MULTILINE,
)
"""A line that opens a turn in other programs, and is text in a prompt of ours (`plain_roles` in its own block)."""


# --- writing ------------------------------------------------------------------------------------------------


def dump(prompt: Prompt, exported: dict[str, Any] | None = None) -> tuple[str, tuple[str, ...]]:
    """The text of a `.prompty` file, and what of the prompt it does not hold.

    `exported` is a receipt kept under `metadata.playground.exported`, which reading passes over.
    """
    losses: list[str] = []
    rows, kinds = write_inputs(prompt.inputs)
    own: dict[str, Any] = {key: getattr(prompt, key) for key in OWN_TEXTS}
    own["tried_on"] = list(prompt.tried_on)
    own["kinds"] = kinds
    own["checks"] = [check.model_dump(exclude_defaults=True) for check in prompt.checks]
    own["cases"] = list(prompt.cases)
    own["run_with"] = written_choice(prompt.run_with)
    outputs = write_outputs(prompt.output_schema) if prompt.output_schema else None
    if prompt.output_schema is not None and outputs is None:
        own["output_schema"] = prompt.output_schema
    options, own["sampling"] = _write_sampling(prompt.sampling)
    body = join_turns(prompt.turns)
    own["plain_roles"] = bool(_FOREIGN_ROLE.search(body))
    own = {key: value for key, value in own.items() if value not in ("", {}, [], False, None)}
    if exported:
        own["exported"] = exported

    taken = [key for key in ("tags", "playground") if key in prompt.metadata]
    losses += [f"metadata.{key}: the name is reserved in this format" for key in taken]
    metadata = {key: value for key, value in prompt.metadata.items() if key not in taken}
    metadata |= ({"tags": prompt.tags} if prompt.tags else {}) | ({"playground": own} if own else {})
    data = {
        "name": prompt.name,
        "description": prompt.description,
        "metadata": metadata,
        "model": {"options": options} if options else {},
        "inputs": rows,
        "outputs": outputs or [],
    }
    data = {key: value for key, value in data.items() if value or key == "name"}
    data["template"] = {"format": {"kind": "jinja2"}, "parser": {"kind": "prompty"}}
    data = without_references(
        yaml_text.plain(data), "", losses, "other programs would replace it by a file or a secret"
    )
    if split_turns(body) != normalise(prompt.turns):
        losses.append("turns: a block or comment that is not closed runs into the next turn; close it first")
    return f"---\n{yaml_text.dump(data)}---\n{body}", tuple(losses)


def _write_sampling(sampling: Sampling | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """The stated values under prompty's names, and those it has no name for."""
    values = stated(sampling)
    options = {
        key: values[field]
        for field, key in _OPTIONS.items()
        if field in values and values[field] != () and (key, values[field]) != ("topK", 0)
    }
    rest = {key: value for key, value in values.items() if key not in _OPTIONS}
    if sampling is not None and sampling.seed is None:
        rest["seed"] = None  # without a word each run of ours would have the same one
    telling = {key: value for key, value in rest.items() if value != Sampling.model_fields[key].default}
    return options, telling if options or telling else values


def suffix_of(prompt: Prompt) -> str:
    """How its file is called: a prompt that names its language lies beside its wording in another, `tone.zh.prompty`."""
    is_code = re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", prompt.language)
    return f".{prompt.language}{SUFFIX}" if is_code else SUFFIX


def write(export: Export) -> ExportFile:
    """The prompt with the export's sampling as its own, and the receipt of the answer in its metadata."""
    exported: dict[str, Any] = {
        "model": export.model,
        "version": export.version_hash,
        "created": export.created.isoformat(timespec="seconds") if export.created else "",
        "scores": [
            {
                "name": score.name,
                "value": score.value,
                "weight": score.weight,
                "explanation": score.explanation,
            }
            for score in export.scores
        ],
    }
    text, losses = dump(
        export.prompt.model_copy(update={"sampling": export.sampling}),
        {key: value for key, value in exported.items() if value},
    )
    if export.answer is not None:
        losses += ("answer: this format holds the prompt, not an answer",)
    return ExportFile(file_name(export.prompt.name, suffix_of(export.prompt)), MEDIA_TYPE, text, losses)


# --- reading ------------------------------------------------------------------------------------------------


def read(text: str, file: str = "The file") -> Reading:
    """The prompt of a `.prompty` file, v1 or v2, with what was not kept; a field that cannot be read is left out.

    Raises PromptError naming the file and, where there is one, the line. Templates are not rendered.
    """
    losses: list[str] = []
    data, body = front_matter.split(text, file)
    data = without_references(data, "", losses, "refused, nothing is fetched or executed")
    metadata = block(data.pop("metadata", None), "metadata", losses)
    own = block(metadata.pop("playground", None), "metadata.playground", losses)
    losses += [f"metadata.playground.{key}: not known to this version" for key in own if key not in _OWN_KEYS]
    tags = metadata.pop("tags", None) or data.pop("tags", None) or ()
    if isinstance(tags, dict):
        losses.append(f"tags: {shown(tags)} is not a list of words, it is left out")
    tags = [] if isinstance(tags, dict) else as_rows(tags or None)
    name, display = data.pop("name", None), data.pop("displayName", None)
    if display and name and display != name:
        losses.append(f"name: {name!r} gives way to the display name")
    samples = _read_samples(data.pop("sample", None), losses)
    kinds = block(own.get("kinds"), "metadata.playground.kinds", losses)
    inputs = _read_inputs(_declared(data, "inputs", "inputSchema", losses), kinds, samples, file, losses)
    sampling, model_losses = _read_model(data.pop("model", None), own)
    schema = own.get("output_schema") or _read_outputs(
        _declared(data, "outputs", "outputSchema", losses), losses
    )
    losses += model_losses
    turns = _read_body(body, data.pop("template", None), inputs, own, losses)
    if data.pop("tools", None):
        losses.append("tools: prompts here have no tools")
    for key in [key for key in data if key in metadata or key in ("tags", "playground")]:
        losses.append(f"{key}: stands in `metadata` too, which is kept")
        del data[key]
    prompt = checked(
        file,
        losses,
        name=as_text(display or name),
        description=as_text(data.pop("description", None)),
        turns=turns,
        inputs=inputs,
        checks=tuple(rows_in(own.get("checks"), "metadata.playground.checks", losses)),
        cases=tuple(rows_in(own.get("cases"), "metadata.playground.cases", losses)),
        sampling=sampling,
        output_schema=schema,
        run_with=read_run_with(own.get("run_with"), "metadata.playground.run_with", losses),
        tags=tuple(map(as_text, tags)),
        tried_on=tuple(map(as_text, as_rows(own.get("tried_on") or None))),
        metadata=metadata | data,
        **{key: as_text(own.get(key)) for key in OWN_TEXTS},
    )
    return Reading(prompt, tuple(losses))


def _declared(data: dict[str, Any], key: str, older: str, losses: list[str]) -> Any:
    """The declarations under this key, else under the older one, whose `properties` they are."""
    found, schema = data.pop(key, None), data.pop(older, None)
    properties = schema.get("properties") if isinstance(schema, dict) else schema
    if found is None or properties is None:
        return properties if found is None else found
    losses.append(f"{older}: {key} count")
    return found


def _read_inputs(
    data: Any, kinds: dict[str, Any], samples: dict[str, Any], file: str, losses: list[str]
) -> tuple[Input, ...]:
    """The declared variables and those of the samples; a row that cannot be read is named and left out."""
    rows: list[tuple[Any, Any]]  # the name, and the declaration alone as `read_inputs` takes it
    if isinstance(data, dict):
        rows = [(name, {name: row}) for name, row in data.items()]
    else:
        listed = [{"name": row} if isinstance(row, str) else row for row in as_rows(data)]
        rows = [(row.get("name") if isinstance(row, dict) else None, [row]) for row in listed]
    found: dict[str, Input] = {}
    declared = len(rows)
    rows += [(name, [{"name": name}]) for name in samples]
    for number, (name, row) in enumerate(rows):
        if not isinstance(name, str | int | float) or name == "":
            (declaration,) = row.values() if isinstance(row, dict) else row
            losses.append(f"inputs: {shown(declaration)} has no name, it is left out")
        elif str(name) not in found:
            mine = {key: value for key, value in samples.items() if key == str(name)}
            try:
                read, own = read_inputs(row, kinds, mine, file)
            except PromptError as exc:
                losses.append(f"inputs.{name}: left out, {exc.message.removeprefix(f'{file}: ')}")
                continue
            losses += own
            found |= {item.name: item for item in read}
        elif number < declared:
            losses.append(f"inputs.{name}: declared twice, the first one counts")
    return tuple(found.values())


def _read_samples(data: Any, losses: list[str]) -> dict[str, Any]:
    """The values of v1's `sample:`; one that is in another file is named."""
    if isinstance(data, str):
        losses.append(f"sample: {shown(data)} is another file, which is not read; fill the values in")
        return {}
    return block(data, "sample", losses)


def _read_body(
    body: str, template: Any, inputs: Sequence[Input], own: dict[str, Any], losses: list[str]
) -> tuple[Turn, ...]:
    """The turns of a body in the template language that the file declares."""
    kind = _template_kind(template)
    if own.get("plain_roles") is not True:
        body = _our_roles(body, losses)
    if kind == "mustache":
        body = mustache.to_jinja(body, losses, inputs=inputs, has_roles=True)
    elif kind not in ("", "jinja2", "jinja"):
        losses.append(f"template: {kind!r} is read as Jinja2; check the variables")
    return split_turns(body)


def _our_roles(body: str, losses: list[str]) -> str:
    """The body with its `developer:` and `tool:` lines as lines of roles that we have."""

    def ours(match: re.Match[str]) -> str:
        line = body.count("\n", 0, match.start(1)) + 1
        return f"{role_of(match[1], f'body, line {line}', losses)}:"

    return _FOREIGN_ROLE.sub(ours, body)


def _template_kind(data: Any) -> str:
    """The name of the template language, empty where none is declared."""
    kind = data.get("format", data.get("type")) if isinstance(data, dict) else data
    kind = kind.get("kind", kind.get("type")) if isinstance(kind, dict) else kind
    return as_text(kind).strip().lower()


def _read_model(data: Any, own: dict[str, Any]) -> tuple[Sampling | None, list[str]]:
    """Sampling values of `model`; the model itself, connections and keys are named as losses."""
    losses: list[str] = []
    model = {"id": data} if isinstance(data, str) else block(data, "model", losses)
    found = block(own.get("sampling"), "metadata.playground.sampling", losses)
    for part, names in (("options", _OPTIONS), ("parameters", _V1_PARAMETERS)):
        fields = {key: field for field, key in names.items()}
        for key, value in block(model.pop(part, None), f"model.{part}", losses).items():
            if field := fields.get(key) or field_of(key):
                found[field] = [value] if field == "stop" and isinstance(value, str) else value
            else:
                losses.append(f"model.{part}.{key}: there is no such setting here")
    for key in ("connection", "configuration"):
        if model.pop(key, None) is not None:
            losses.append(f"model.{key}: addresses and keys are not taken from files")
    model.pop("apiType", None)
    if (api := model.pop("api", "chat")) != "chat":
        losses.append(f"model.api: {api!r} is read as a chat")
    if "exported" not in own:
        losses += [
            f"model.{key}: {value!r}; the model is chosen when the prompt runs"
            for key, value in model.items()
            if value
        ]
    found = {key: value for key, value in found.items() if value is not None or key == "seed"}
    return usable(found, losses, {}), losses


def _read_outputs(rows: Any, losses: list[str]) -> dict[str, Any] | None:
    if not rows:
        return None
    if isinstance(rows, dict):
        rows = [
            {"name": name, **(row if isinstance(row, dict) else {"kind": row})} for name, row in rows.items()
        ]
    try:
        return read_outputs(rows)
    except (KeyError, TypeError, AttributeError):
        losses.append("outputs: not a list of properties of known kinds")
        return None


FORMAT = Format("prompty", "Prompty", SUFFIX, MEDIA_TYPE, one(read), write)
