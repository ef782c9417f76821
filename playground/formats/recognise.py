"""Which format a file has, by its content; the name decides only between formats that look alike.

recognise("x.json", b'[{"role": "user", "content": "Hi"}]')  →  Recognised("openai", (Reading(…),))
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from playground.errors import PromptError
from playground.formats import chats, langchain, llm_template, markdown, modelfile, yaml_text
from playground.formats.base import Reading
from playground.formats.case_file import is_test
from playground.formats.front_matter import FRONT
from playground.formats.registry import FORMATS
from playground.tables import json_text
from playground.tables.charset import Decoded, decode
from playground.tables.separated import SEPARATOR
from playground.templating.syntax import ROLE_LINE

MAX_BYTES = 2_000_000
MAX_NAME = 100  # characters of a file's name in messages

_BY_SUFFIX = {
    ".prompty": "prompty",
    ".prompt": "dotprompt",
    ".j2": "jinja",
    ".jinja": "jinja",
    ".jinja2": "jinja",
    ".modelfile": "modelfile",
    ".md": "markdown",
    ".markdown": "markdown",
    ".csv": "promptfoo-csv",
    ".tsv": "promptfoo-csv",
    ".txt": "text",
    ".text": "text",
    "": "text",
}
_NO_TABLE = (".yaml", ".yml", ".json", ".jsonl", ".ndjson")
"""These are no tables, whatever stands in their first line."""
_PLAIN = (".prompty", ".prompt", ".j2", ".csv", ".tsv")
"""Headings in these are text."""
_SIGNATURES = {
    b"PK\x03\x04": "a zip archive; a library bundle is imported as a bundle",
    b"%PDF": "a PDF",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"\x1f\x8b": "compressed",
    b"GGUF": "a model",
    b"SQLite format 3": "a database",
}
_HANDLEBARS = re.compile(r"\{\{\{|\{\{\s*(?:[#/>!^]|role\s|history\s*\}|media\s|else\s*\})")
# Picoschema: a type as text, `string, why it is asked for`, or a name that says more, `tags(array)`, `note?`.
_PICO_TYPE = re.compile(r"(string|integer|number|boolean|null|any)\b.*", re.S)
_PICO_NAME = re.compile(r"\w+\?|\w+\??\((array|object|enum|\*)\b.*\)|\(\*\)")

_HEADER_CHARS = 100_000
"""Of the first line of a table that are looked at for its columns."""
_EXPECTED = re.compile(r"__expected\d*")


class Recognised(NamedTuple):
    """A row of FORMATS by name, and every prompt of the file."""

    format: str
    readings: tuple[Reading, ...]


def recognise(name: str, data: bytes, partials: Mapping[str, str] | None = None) -> Recognised:
    """The prompts of a file with this name and content. Raises PromptError when it is not one of ours, or broken.

    `partials` are the texts of the partials beside it, by name.
    """
    file = shown_name(name)
    text, note = decoded(file, data)
    found = format_of(file, text)
    row = FORMATS[found]
    beside = row.read_beside if partials else None
    readings = beside(text, file, partials or {}) if beside is not None else row.read(text, file)
    if note:
        readings = tuple(Reading(prompt, (note, *losses)) for prompt, losses in readings)
    return Recognised(found, readings)


def shown_name(name: str) -> str:
    """The name of a file for messages: without its folders, on one line, at most MAX_NAME characters."""
    path = PurePosixPath(" ".join(name.replace("\\", "/").split()))
    file = path.name if len(path.name) <= MAX_NAME else path.stem[: MAX_NAME - 20] + path.suffix[:20]
    return file or "The file"


def decoded(file: str, data: bytes) -> Decoded:
    """The text of a file, without a byte order mark; raises PromptError for what is no text."""
    if len(data) > MAX_BYTES:
        raise PromptError(
            f"{file} is larger than {MAX_BYTES:,} bytes.", "A prompt is a few kilobytes; check the file."
        )
    kind = next((kind for start, kind in _SIGNATURES.items() if data.startswith(start)), "")
    if kind:
        raise PromptError(f"{file} is {kind}.", f"Prompts are text files: {_readable()}.")
    found = decode(data, file)
    if not found.text.strip():
        raise PromptError(f"{file} is empty.", "Choose a file with a prompt in it.")
    return found


def format_of(file: str, text: str) -> str:
    """The name of the format; raises PromptError when there is none."""
    body = text.replace("\r\n", "\n")
    suffix = PurePosixPath(file.lower()).suffix
    found = _of_json(file, body, suffix) if body.lstrip()[:1] in ("{", "[") else ""
    may_be_table = suffix not in _NO_TABLE and _BY_SUFFIX.get(suffix, "text") in ("promptfoo-csv", "text")
    found = (
        found
        or _of_modelfile(file, body)
        or (_of_csv(body) if may_be_table else "")
        or _of_front_matter(file, body, suffix)
        or _of_yaml(file, body, suffix)
    )
    if not found and suffix not in _PLAIN and _has_headings(body, suffix):
        found = "markdown"
    found = found or _BY_SUFFIX.get(suffix, "")
    if not found:
        raise PromptError(f"{file} is in no format that is known here.", f"Read are: {_readable()}.")
    return found


def _has_headings(body: str, suffix: str) -> bool:
    """Whether headings open the turns, and not in plain text the line `user:` that stands before the first of them."""
    sections = markdown.read_sections(body)
    opened = suffix in (".txt", ".text") and any(map(ROLE_LINE.fullmatch, sections[0].lines))
    return len(sections) > 1 and not opened


def _of_json(file: str, body: str, suffix: str) -> str:
    """The format of JSON; nothing when it is none, unless its name says that it should be."""
    first, _, rest = body.strip().partition("\n")
    is_lines = suffix in (".jsonl", ".ndjson")
    if is_lines or rest:
        line = _loaded(first)
        if _is_request(line):
            return "openai-batch"
        if chats.is_training(line):
            return "chat-lines"
        if is_lines and isinstance(line, dict):
            raise not_a_prompt(file)
    try:
        data = json_text.load(body, file=file)
    except PromptError:
        if is_lines:
            return "openai-batch"  # which names the line
        if suffix != ".json":
            return ""  # Jinja2 and Markdown may begin with a brace too
        raise
    found = "openai-batch" if _is_request(data) else _of_data(data)
    if not found and (suffix == ".json" or is_lines):
        if isinstance(data, list) and data and all(isinstance(row, dict) for row in data):
            raise not_a_prompt(file)
        raise PromptError(
            f"{file} is JSON of no format that is known here.",
            "Known are OpenAI chats, LangChain prompts, Open WebUI prompts and chats for training; cases are"
            " imported at their prompt.",
        )
    return found


def _of_data(data: Any) -> str:
    """The format of a whole JSON value."""
    if isinstance(data, list):
        row = data[0] if data and isinstance(data[0], dict) else {}
        if chats.is_training(row) or ("conversations" in row and isinstance(row["conversations"], list)):
            return "chat-lines"
        return "openai" if "role" in row else "openwebui" if "content" in row else ""
    if not isinstance(data, dict):
        return ""
    if found := _of_mapping(data):
        return found
    if "from" not in data and chats.is_training(data):
        return "chat-lines"
    return "modelfile" if "from" in data else "openwebui" if "content" in data else ""


def not_a_prompt(file: str) -> PromptError:
    """The error for a file that has its place at a prompt."""
    return PromptError(
        f"{file} holds test cases, not a prompt.",
        "Open the prompt that they are for and press Import cases beside its values.",
    )


def _loaded(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _is_request(data: Any) -> bool:
    return isinstance(data, dict) and isinstance(data.get("body"), dict)


def _of_mapping(data: dict[str, Any]) -> str:
    """The format of an object in JSON or YAML, by the keys that only this format has."""
    rows = data.get("messages")
    if langchain.is_one(data):
        return "langchain"
    if "prompts" in data and data.keys() & {"providers", "targets", "tests", "defaultTest", "scenarios"}:
        return "promptfoo"
    if isinstance(rows, list) and "from" not in data:
        github = data.keys() & {"modelParameters", "testData", "evaluators", "responseFormat", "jsonSchema"}
        return "github" if github else "openai"
    return ""


def _of_csv(body: str) -> str:
    """Whether the first line names a column for what is expected, and another line follows."""
    first, _, rest = body.partition("\n")
    if SEPARATOR.fullmatch(first[:40].removeprefix("\ufeff")):
        first, _, rest = rest.partition("\n")
    names = re.split(r"[,;\t]", first[:_HEADER_CHARS])
    found = any(_EXPECTED.fullmatch(name.strip().strip('"')) for name in names)
    return "promptfoo-csv" if found and rest.strip() else ""


def _of_front_matter(file: str, body: str, suffix: str) -> str:
    """Prompty or dotprompt; nothing for a page that only begins with some facts."""
    front = FRONT.match(body)
    if front is None:
        return "prompty" if suffix == ".prompty" else ""
    data = yaml_text.load(front[1], file=file, first_line=body[: front.start(1)].count("\n") + 1)
    if not isinstance(data, dict):
        return "prompty" if suffix == ".prompty" else "dotprompt" if suffix == ".prompt" else ""
    rest = body[front.end() :]
    if (
        suffix == ".prompty"
        or data.keys() & {"inputs", "template", "outputs", "sample"}
        or isinstance(data.get("model"), dict)
    ):
        return "prompty"
    if (
        _HANDLEBARS.search(rest)
        or "config" in data
        or _is_pico(data.get("input"))
        or _is_pico(data.get("output"))
    ):
        return "dotprompt"
    if suffix == ".prompt":
        return "dotprompt"
    return "prompty" if ROLE_LINE.search(rest) else "dotprompt" if "input" in data else ""


def _is_pico(block: Any) -> bool:
    schema = block.get("schema") if isinstance(block, dict) else None
    if not isinstance(schema, dict):
        return isinstance(schema, str) and bool(_PICO_TYPE.fullmatch(schema))
    return any(
        _PICO_NAME.fullmatch(key) or (isinstance(value, str) and _PICO_TYPE.fullmatch(value))
        for key, value in schema.items()
    )


def _of_modelfile(file: str, body: str) -> str:
    """Whether the file is nothing but commands of a Modelfile, with the FROM that each must have."""
    if re.fullmatch(r"modelfile([.-][^.]*)?", file, re.I):
        return "modelfile"
    if not re.search(r"^[ \t]*from +\S", body, re.M | re.I):
        return ""
    try:
        rows = list(modelfile.commands(body, file))
    except PromptError:
        return ""
    return "modelfile" if any(command == "from" for _, command, _, _ in rows) else ""


def _of_yaml(file: str, body: str, suffix: str) -> str:
    """The format of YAML; other text than a `.yaml` file counts only when its keys leave no doubt."""
    is_yaml = suffix in (".yaml", ".yml")
    if not is_yaml and not re.match(r"(?:[ \t]*(?:#.*)?\n)*[A-Za-z_$]+:(?:\s|$)", body):
        return ""
    try:
        data = yaml_text.load(body, file=file)
    except PromptError:
        if is_yaml:
            raise
        return ""
    if isinstance(data, list) and is_yaml and data and all(map(is_test, data)):
        raise not_a_prompt(file)
    if isinstance(data, list) and is_yaml and data and all(isinstance(r, dict) and "role" in r for r in data):
        return "github"
    if not isinstance(data, dict):
        return "llm" if is_yaml and isinstance(data, str) else ""
    found = _of_mapping(data)
    if found == "openai":  # the same keys, and in YAML only GitHub has them
        found = "github"
    if found or not is_yaml:
        return found
    if "prompts" in data:
        return "promptfoo"
    if data.keys() & {"prompt", "system"} and data.keys() & llm_template.KEYS:
        return "llm"
    raise PromptError(
        f"{file} is YAML of no format that is known here.",
        "Known are promptfoo configurations, GitHub models prompts and templates of llm.",
    )


def _readable() -> str:
    return ", ".join(row.label for row in FORMATS.values())
