r"""Dotprompt files read: front matter and body become a prompt, and what was not kept is named (dotprompt.py has the form).

read("---\nmodel: …\n---\nReview: {{review}}", "judge.prompt").prompt.name  →  "judge"
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from playground.errors import PromptError
from playground.formats import front_matter, handlebars_read, picoschema
from playground.formats.base import OWN_TEXTS, Reading, as_text, shown
from playground.formats.handlebars_names import Known
from playground.formats.refused import without_references
from playground.formats.sampling import read_sampling
from playground.formats.technique_choice import read_run_with
from playground.templating.partials import MAX_PARTIALS
from playground.types.prompt import Input, Prompt, Sampling

SUFFIX = ".prompt"
KEPT = "dotprompt"
"""The key of a prompt's metadata under which the fields stand that only dotprompt has."""
MAX_LOSSES = 200

CONFIG = {
    "temperature": "temperature",
    "max_tokens": "maxOutputTokens",
    "top_k": "topK",
    "top_p": "topP",
    "stop": "stopSequences",
}
_FROM_CONFIG = {key: field for field, key in CONFIG.items()}
_OWN_KEYS = {*OWN_TEXTS, "tags", "tried_on", "cases", "checks", "inputs", "sampling", "run_with"}
_NAMES = re.compile(r"(?P<name>[^/\\]*?)(?:\.(?P<variant>[^./\\]+))?\.prompt")
_MENTION = re.compile(r"""\{\{~?#?>\s*(?:["'\[]([^"'\]{}]+)["'\]]|([\w./-]+))""")
_HISTORY_ABOUT = "Earlier messages, oldest first: role and content."
_CONTEXT_ABOUT = "@{}: the program that runs the prompt sets it there."


def read(
    text: str,
    file: str = "The file",
    partials: Mapping[str, str] | None = None,
    schemas: picoschema.Schemas | None = None,
) -> Reading:
    """The prompt of a `.prompt` file, with what was not kept. Raises PromptError naming the file.

    `partials` are the texts of the partials beside it, `schemas` JSON schemas that it may name, both by name. Without
    a name in the front matter the file's own is taken: `greet.formal.prompt` is "greet", variant "formal".
    """
    losses: list[str] = []
    data, body = front_matter.split(text, file)
    data = without_references(data, "", losses, "refused, nothing is fetched or executed")
    kept: dict[str, Any] = {}
    metadata = _mapping(data, "metadata", "metadata", losses)
    ext = _mapping(data, "ext", "ext", losses)
    own = _mapping(ext, "playground", "ext.playground", losses)
    losses += [f"ext.{key}: {_ONLY_THERE}" for key in ext]
    kept |= {"ext": ext} if ext else {}
    losses += [f"ext.playground.{key}: not known to this version" for key in own if key not in _OWN_KEYS]
    given = _mapping(data, "input", "input", losses)
    known = _known(given, _reachable(body, partials or {}), schemas or {})
    inputs = _read_inputs(given, own, schemas or {}, losses, kept)
    schema = _read_output(_mapping(data, "output", "output", losses), schemas or {}, losses, kept)
    sampling = _read_sampling(_mapping(data, "config", "config", losses), own, losses, kept)
    if model := data.pop("model", None):
        losses.append(f"model: {shown(model)}; the model is chosen when the prompt runs")
    from_file, variant = _named(re.split(r"[/\\]", file)[-1])
    name = _text(data, "name", losses) or from_file
    description = _text(data, "description", losses)
    if variant := data.pop("variant", None) or variant:
        data["variant"] = variant  # said last
    for key in ("tools", "toolDefs"):
        if key in data and not data[key]:
            del data[key]
    losses += [f"{key}: {_WHY.get(key, _ONLY_THERE)}" for key in data]
    kept |= data
    found = handlebars_read.read(body, file, losses, known)
    inputs = tuple(
        item.model_copy(update={"name": found.renamed.get(item.name, item.name)}) for item in inputs
    )
    inputs += tuple(context_input(ours, theirs) for theirs, ours in found.context.items())
    inputs += (history_input(found.history),) if found.history else ()
    names = {ours: theirs for theirs, ours in found.renamed.items()}
    losses += [f"{theirs}: the variable is called {ours} here" for ours, theirs in names.items()]
    losses += [
        f"@{theirs}: the program sets it there; here it is the variable {ours}"
        for theirs, ours in found.context.items()
    ]
    names |= {ours: f"@{theirs}" for theirs, ours in found.context.items()}
    kept |= {"names": names} if names else {}
    fields: dict[str, Any] = {
        "name": name,
        "description": description,
        "turns": tuple(found.turns),
        "inputs": inputs,
        "sampling": sampling,
        "output_schema": schema,
        "run_with": read_run_with(own.get("run_with"), "ext.playground.run_with", losses),
        "metadata": {**metadata, KEPT: kept} if kept else metadata,
        **{key: own[key] for key in ("tags", "tried_on", "cases", "checks") if own.get(key) is not None},
        **{key: as_text(own[key]) for key in OWN_TEXTS if own.get(key) is not None},
    }
    prompt = _usable(fields, file, losses)
    if len(losses) > MAX_LOSSES:
        losses[MAX_LOSSES:] = [f"and {len(losses) - MAX_LOSSES:,} more of this kind"]
    return Reading(prompt, tuple(losses))


_ONLY_THERE = "there is no such field here; it is kept for dotprompt files"
_WHY = {
    "tools": "prompts here have no tools; they are kept for dotprompt files",
    "toolDefs": "prompts here have no tools; they are kept for dotprompt files",
    "variant": "has no field; name the prompt after it if you keep several",
}


def _named(file: str) -> tuple[str, str]:
    """Name and variant by the file: greet.formal.prompt; a partial, `_sign.v2.prompt`, has its whole name."""
    named = _NAMES.fullmatch(file)
    if named is None:
        return "", ""
    if file.startswith("_"):
        return file[1:].removesuffix(SUFFIX), ""
    return named["name"], named["variant"] or ""


def _mapping(data: dict[str, Any], key: str, place: str, losses: list[str]) -> dict[str, Any]:
    """Takes a block of `key: value` lines out; anything else is left out and named."""
    value = data.pop(key, None)
    if value is None or isinstance(value, dict):
        return dict(value or {})
    losses.append(f"{place}: it is not a block of `key: value` lines, and is left out")
    return {}


def _text(data: dict[str, Any], key: str, losses: list[str]) -> str:
    value = data.pop(key, None)
    if isinstance(value, dict | list):
        losses.append(f"{key}: it is not a text, and is left out")
        return ""
    return as_text(value)


def _known(given: dict[str, Any], partials: Mapping[str, str], schemas: picoschema.Schemas) -> Known:
    """What the body's reader may know of the inputs."""
    schema = picoschema.to_json_schema(given.get("schema"), "", [], schemas)
    defaults = given.get("default")
    return Known(schema or {}, defaults if isinstance(defaults, dict) else {}, partials)


def _reachable(body: str, partials: Mapping[str, str]) -> dict[str, str]:
    """The bodies of the partials that this one and those name."""
    found: dict[str, str] = {}
    waiting = [body]
    while waiting and len(found) < MAX_PARTIALS:
        for name in (quoted or plain for quoted, plain in _MENTION.findall(waiting.pop())):
            if name in partials and name not in found and len(found) < MAX_PARTIALS:
                found[name] = front_matter.body(partials[name])
                waiting.append(found[name])
    return found


def _read_output(
    data: dict[str, Any], schemas: picoschema.Schemas, losses: list[str], kept: dict[str, Any]
) -> dict[str, Any] | None:
    """The JSON schema of the answer; a schema that is only named is kept by its name."""
    source = data.pop("schema", None)
    schema = picoschema.to_json_schema(source, "output.schema", losses, schemas)
    form = data.pop("format", None)
    if form not in (None, "text") and schema is None:
        losses.append(f"output.format: {shown(form)} needs a schema here")
        data["format"] = form
    losses += [f"output.{key}: {_ONLY_THERE}" for key in data if key != "format"]
    if schema is None and isinstance(source, str):
        data["schema"] = source
    kept |= {"output": data} if data else {}
    return schema


def _read_sampling(
    config: dict[str, Any], own: dict[str, Any], losses: list[str], kept: dict[str, Any]
) -> Sampling | None:
    """Sampling of `config` and of our own field; settings of one model are kept."""
    extra = _mapping(own, "sampling", "ext.playground.sampling", losses)
    names = _FROM_CONFIG | {field: field for field in Sampling.model_fields if field not in CONFIG}
    other = {key: value for key, value in config.items() if key not in names}
    kept |= {"config": other} if other else {}
    return read_sampling(config | extra, names, "config", losses)


def _read_inputs(
    data: dict[str, Any],
    own: dict[str, Any],
    schemas: picoschema.Schemas,
    losses: list[str],
    kept: dict[str, Any],
) -> tuple[Input, ...]:
    """Inputs of `input.schema` and `input.default`; our own exact rows replace those of the same name."""
    defaults = _mapping(data, "default", "input.default", losses)
    source = data.pop("schema", None)
    inputs: tuple[Input, ...] = ()
    try:
        inputs = picoschema.read_inputs(source, defaults, "input.schema", losses, schemas)
    except (PromptError, ValidationError) as exc:
        reason = exc.message if isinstance(exc, PromptError) else "a field of it cannot be used."
        losses.append(f"input.schema: {reason.removeprefix('input.schema ')} It is left out")
        inputs = picoschema.read_inputs(None, defaults, "input.schema", losses)
    losses += [f"input.{key}: {_ONLY_THERE}" for key in data]
    if isinstance(source, str) and not inputs:
        data["schema"] = source
    kept |= {"input": data} if data else {}
    exact: dict[str, Input] = {}
    rows = own.get("inputs")
    if rows is not None and not isinstance(rows, list):
        losses.append("ext.playground.inputs: it is not a list, and is left out")
    for number, row in enumerate(rows if isinstance(rows, list) else (), 1):
        try:
            item = Input.model_validate(row)
            exact[item.name] = item
        except ValidationError:
            losses.append(f"ext.playground.inputs: row {number} cannot be used, and is left out")
    return tuple(exact.get(item.name, item) for item in inputs)


def context_input(ours: str, theirs: str) -> Input:
    """The variable that stands for what the program sets there as `@theirs`."""
    about = _CONTEXT_ABOUT.format(theirs)
    return Input(name=ours, kind="object", required=False, default={}, description=about)


def history_input(name: str) -> Input:
    """The variable that holds the earlier messages."""
    columns = (
        Input(name="role", kind="choice", choices=("user", "assistant")),
        Input(name="content", kind="long_text"),
    )
    return Input(name=name, kind="examples", required=False, description=_HISTORY_ABOUT, fields=columns)


def _usable(fields: dict[str, Any], file: str, losses: list[str]) -> Prompt:
    """The prompt of these fields; one that cannot be used is left out and named."""
    while True:
        try:
            return Prompt.model_validate(fields)
        except ValidationError as exc:
            first = exc.errors()[0]
            field = str(first["loc"][0])
            if field == "turns":
                raise PromptError(f"{file}: {first['msg']}.", "Correct the body and read it again.") from exc
            place = ".".join(map(str, first["loc"]))
            losses.append(f"{place}: {first['msg']}; {field} is left out")
            del fields[field]
