"""OpenAI chat JSON: the body of one POST to /v1/chat/completions, which vLLM, Ollama and llama.cpp accept too.

    {"model": "…", "messages": [{"role": "user", "content": "…"}], "temperature": 0.0, "max_tokens": 64,
     "metadata": {"prompt": "…", "version": "…"}}

Variables are frozen on writing. Reading takes every message as literal text: braces in it are no template.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from playground.errors import PromptError
from playground.formats.base import (
    NO_MODEL,
    Export,
    Format,
    Reading,
    checked,
    file_name,
    one,
    receipt,
    score_text,
    shown,
    text_of_parts,
    unheld,
)
from playground.formats.literal import literal
from playground.formats.roles import role_of
from playground.formats.sampling import field_of, read_sampling, write_sampling
from playground.tables import json_text
from playground.templating.rendering import normalise
from playground.types.files import ExportFile
from playground.types.generation import Message
from playground.types.prompt import Sampling, Turn

SUFFIX = ".json"
MEDIA_TYPE = "application/json"
MAX_STOPS = 4  # the API's own limit, and vLLM's
MAX_TEMPERATURE = 2.0
MAX_METADATA, MAX_METADATA_CHARS = 16, 512  # pairs, and characters of one value (API reference)

_FIELDS = ("temperature", "top_p", "max_tokens", "presence_penalty", "frequency_penalty", "seed", "stop")
_KNOWN = {
    "messages",
    "model",
    "metadata",
    "response_format",
    "n",
    "stream",
}


# --- writing ------------------------------------------------------------------------------------------------


def write(export: Export) -> ExportFile:
    """The rendered messages with model and sampling; where it comes from stands in `metadata`."""
    losses: list[str] = []
    body = request_body(export, export.messages, losses)
    body["metadata"] = _metadata(export, losses)
    if export.prompt.inputs or export.values:
        losses.append("variables: frozen at the values of this run")
    if export.prompt.checks:
        losses.append("checks: this format has no such field")
    if export.answer is not None:
        losses.append("answer: this format is a request, it holds no answer")
    losses += unheld(
        export, "name", "checks", "output_schema", "sampling", "model", "scores", "answer", "samples"
    )
    text = json.dumps(
        {key: value for key, value in body.items() if value != {}}, ensure_ascii=False, indent=2
    )
    return ExportFile(file_name(export.prompt.name, SUFFIX), MEDIA_TYPE, text + "\n", tuple(losses))


def request_body(export: Export, messages: Sequence[Message], losses: list[str]) -> dict[str, Any]:
    """A request for these messages with the export's model, sampling and schema."""
    if not export.model_name:
        losses.append("model: none was chosen; write the name of one that the server has")
    body: dict[str, Any] = {
        "model": export.model_name or NO_MODEL,
        "messages": [{"role": message.role, "content": message.content} for message in messages],
        **_sampling(export.sampling, losses),
    }
    if schema := export.prompt.output_schema:
        body["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    return body


def _sampling(sampling: Sampling | None, losses: list[str]) -> dict[str, Any]:
    """The stated values that the API has; every other one that is not off is a loss."""
    body = write_sampling(sampling, {field: field for field in _FIELDS}, losses)
    if body.get("temperature", 0) > MAX_TEMPERATURE:
        losses.append(
            f"temperature: {body['temperature']:g} is written as {MAX_TEMPERATURE:g}, the most it allows"
        )
        body["temperature"] = MAX_TEMPERATURE
    if len(stop := body.get("stop", ())) > MAX_STOPS:
        body["stop"] = stop[:MAX_STOPS]
        losses.append(
            f"stop: only {MAX_STOPS} texts are allowed, the last {len(stop) - MAX_STOPS} are left out"
        )
    return body


def _metadata(export: Export, losses: list[str]) -> dict[str, str]:
    """The receipt as the API's map from text to text, within its limits."""
    pairs = {
        "prompt": export.prompt.name,
        "version": export.version_hash,
        "model": export.model,
        "created": export.created.isoformat(timespec="seconds") if export.created else "",
        "sample": "" if export.sample is None else receipt(export)["Sample"],
    }
    pairs |= {
        f"score_{number}": f"{score.name}: {score_text(score)}"
        for number, score in enumerate(export.scores, 1)
    }
    pairs = {key: value for key, value in pairs.items() if value}
    if len(pairs) > MAX_METADATA:
        losses.append(
            f"scores: only {MAX_METADATA} entries fit into metadata, {len(pairs) - MAX_METADATA} are left out"
        )
    if cut := [key for key, value in pairs.items() if len(value) > MAX_METADATA_CHARS]:
        losses.append(f"metadata: {', '.join(cut)} cut to {MAX_METADATA_CHARS} characters")
    return {key: value[:MAX_METADATA_CHARS] for key, value in list(pairs.items())[:MAX_METADATA]}


# --- reading ------------------------------------------------------------------------------------------------


def read(text: str, file: str = "The file") -> Reading:
    """A prompt without variables from a request body, or from its list of messages alone.

    Raises PromptError naming the file, and the line where the JSON does not parse.
    """
    return from_body(json_text.load(text, file=file), file)


def from_body(data: Any, file: str) -> Reading:
    """The prompt of a request that is already parsed; raises PromptError naming the file."""
    if isinstance(data, list):
        data = {"messages": data}
    if not isinstance(data, dict) or not isinstance(data.get("messages"), list):
        raise PromptError(f"{file} holds no `messages`.", "A chat is an object with a list of messages.")
    losses = [
        f"{key}: there is no such field here" for key in data if key not in _KNOWN and not field_of(key)
    ]
    if data.get("model") not in (None, "", NO_MODEL):
        losses.append(f"model: {data['model']!r}; the model is chosen when the prompt runs")
    losses += [
        f"{key}: {data[key]!r} is not used here"
        for key in ("n", "stream")
        if data.get(key) not in (None, 1, False)
    ]
    metadata = data.get("metadata")
    if not isinstance(metadata, dict):
        metadata = {}
    prompt = checked(
        file,
        losses,
        name=str(metadata.get("prompt") or ""),
        turns=normalise(literal_turns(data["messages"], losses)),
        sampling=read_sampling({key: data[key] for key in data if field_of(key)}, {}, "", losses),
        output_schema=_read_schema(data.get("response_format"), losses),
        metadata={key: value for key, value in metadata.items() if key != "prompt"},
    )
    return Reading(prompt, tuple(losses))


def literal_turns(messages: Iterable[Any], losses: list[str]) -> list[Turn]:
    """The turns of chat messages, whose texts are no templates."""
    turns = []
    for number, message in enumerate(messages, 1):
        where = f"message {number}"
        if not isinstance(message, dict):
            losses.append(f"{where}: {shown(message)} has no role and content, it is left out")
            continue
        role = role_of(message.get("role"), where, losses)
        losses += [
            f"{where}.{key}: there is no such field here"
            for key, value in message.items()
            if key not in ("role", "content") and value is not None
        ]
        text = text_of_parts(message.get("content"), where, losses)
        if text.endswith(("\n", "\r")):
            losses.append(f"{where}: the line breaks at its end are dropped")
        turns.append(Turn(role=role, template=literal(text)))
    return turns


def _read_schema(data: Any, losses: list[str]) -> dict[str, Any] | None:
    if data is None:
        return None
    holder = data.get("json_schema") if isinstance(data, dict) else None
    schema = holder.get("schema") if isinstance(holder, dict) else None
    if isinstance(schema, dict):
        return schema
    losses.append("response_format: only a JSON schema is kept")
    return None


FORMAT = Format("openai", "OpenAI chat JSON", SUFFIX, MEDIA_TYPE, one(read), write, renders=True)
