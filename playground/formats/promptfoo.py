"""Promptfoo configurations (`promptfooconfig.yaml`): prompts, providers, and tests with assertions.

    prompts:
      - label: Sentiment
        raw: '[{"role": "user", "content": "Review: {{review}}"}]'
    providers: [{id: "ollama:chat:qwen3:4b", config: {temperature: 0}}]
    defaultTest: {assert: [{type: contains, value: "{{expected}}"}]}
    tests:
      - vars: {review: The plot drags., expected: negative}

Each prompt of a file is one reading with all its tests as cases. Templates are Nunjucks, close to Jinja2; filters
that are missing here are named. Nothing that points to a file or holds code is followed.
"""

from __future__ import annotations

import json
import re
from typing import Any

from playground.errors import PromptError
from playground.formats import yaml_text
from playground.formats.base import (
    MAX_PROMPTS,
    NO_MODEL,
    Export,
    Format,
    Reading,
    file_name,
    text_of_parts,
    unheld,
)
from playground.formats.cases import checks_of, input_losses, read_inputs, rows_of
from playground.formats.literal import literal
from playground.formats.plain_jinja import Beyond, Written, converted
from playground.formats.promptfoo_asserts import REFERENCE
from playground.formats.promptfoo_tests import (
    gather,
    read_asserts,
    read_default,
    read_tests,
    write_checks,
    write_vars,
)
from playground.formats.refused import without_references
from playground.formats.roles import role_of
from playground.formats.sampling import read_sampling, write_sampling
from playground.tables import json_text
from playground.templating.rendering import check as template_problems
from playground.templating.rendering import variables
from playground.templating.syntax import ROLE_LINE, parse, role_lines, tokens
from playground.types.files import ExportFile
from playground.types.prompt import Prompt, Sampling, Turn

SUFFIX = ".promptfoo.yaml"
MEDIA_TYPE = "application/yaml"

_HELD = ("name", "description", "checks", "cases", "output_schema", "model", "sampling")

_OPENAI = {field: field for field in ("temperature", "top_p", "max_tokens", "presence_penalty")} | {
    "frequency_penalty": "frequency_penalty",
    "seed": "seed",
    "stop": "stop",
}
_OLLAMA = {
    **{field: field for field in Sampling.model_fields},
    "max_tokens": "num_predict",
    "repetition_penalty": "repeat_penalty",
}
_FROM_CONFIG = {
    **{field: field for field in Sampling.model_fields},
    "num_predict": "max_tokens",
    "max_completion_tokens": "max_tokens",
    "maxOutputTokens": "max_tokens",
    "repeat_penalty": "repetition_penalty",
    "topP": "top_p",
    "topK": "top_k",
    "stopSequences": "stop",
}
_FILE = re.compile(
    r"\S+\.(?:txt|jsonl?|j2|[cm]?[jt]s|py|rb|ya?ml|md|csv|prompty|exe|sh|bat)(?::\w+)?|\S*\*\S*", re.I
)
_REMOTE = re.compile(
    r"\s*(?:(?:file|portkey|langfuse|helicone|promptfoo)://|(?:python|javascript|package):\S)", re.I
)
_COMMENT_END = "#}"
# Tags and filters that Nunjucks and Jinja2 share, with the same result on JSON data.
_TAGS = {"if", "elif", "else", "endif", "for", "endfor", "set", "endset"}
_FILTERS = {
    "abs",
    "capitalize",
    "default",
    "d",
    "first",
    "int",
    "join",
    "last",
    "length",
    "lower",
    "replace",
} | {"reverse", "sort", "string", "sum", "trim", "upper"}


# --- writing ------------------------------------------------------------------------------------------------


def write(export: Export) -> ExportFile:
    """A configuration with the prompt, the export's model and sampling, and the cases as tests.

    Raises PromptError for a turn that Nunjucks cannot say when the export has no rendered messages.
    """
    prompt, losses = export.prompt, list[str]()
    turns = converted(export, _nunjucks, lambda text: _escape(literal(text)), losses, "promptfoo")
    sources = [Turn(role=turn.role, template=turn.text) for turn in turns]
    names = [variable.name for variable in variables(sources)]
    rows = rows_of(prompt, losses)
    losses += input_losses(prompt, names, rows)
    losses += unheld(export, *_HELD)
    default, own = write_checks(checks_of(prompt, rows, losses), rows, losses)
    tests = [
        {"vars": write_vars(row, number, losses)} | ({"assert": asserts} if asserts else {})
        for number, (row, asserts) in enumerate(zip(rows, own, strict=True), 1)
    ]
    default_test: dict[str, Any] = {"assert": default} if default else {}
    if any(isinstance(value, list | tuple) for row in rows for value in row.values()):
        default_test["options"] = {"disableVarExpansion": True}  # else a list would multiply the tests
    data: dict[str, Any] = {
        "description": prompt.description,
        "prompts": [({"label": prompt.name} if prompt.name else {}) | {"raw": _raw(turns)}],
        "providers": [_provider(export, losses)],
        "defaultTest": default_test,
        "tests": tests,
    }
    kept = {key: value for key, value in data.items() if value not in ("", [], {})}
    kept = without_references(
        yaml_text.plain(kept), "", losses, "other programs would replace it by a file or a secret"
    )
    return ExportFile(file_name(prompt.name, SUFFIX), MEDIA_TYPE, yaml_text.dump(kept), tuple(losses))


def _raw(turns: list[Written]) -> str:
    """Messages as JSON over several lines: promptfoo takes one line with a slash or a star for a path."""
    return json.dumps(
        [{"role": turn.role, "content": turn.text} for turn in turns], ensure_ascii=False, indent=2
    )


def _nunjucks(template: str) -> str:
    """The turn, nearly as it is; raises Beyond for what Nunjucks lacks or reads differently."""
    parse(template)
    if ROLE_LINE.search(template):
        raise Beyond("a loop that opens messages")
    before, last, raw, source = "", "", False, ""
    position = 0
    for token in tokens(template):
        if token.kind in ("raw_begin", "raw_end"):
            raw = token.kind == "raw_begin"
        if token.kind == "data" and _COMMENT_END in token.text:
            if raw:
                raise Beyond(f"{_COMMENT_END} in a raw block")
            source += template[position : token.offset] + _escape(token.text)
            position = token.offset + len(token.text)
        if token.kind == "whitespace":
            continue
        word = token.text
        if before in ("{%", "{%-", "{%+") and word not in _TAGS:
            raise Beyond(f"{{% {word} %}}")
        if before == "|" and word not in _FILTERS:
            raise Beyond(f"the filter {word}")
        if (before == "is" or (last, before) == ("is", "not")) and word not in (
            "defined",
            "undefined",
            "not",
        ):
            raise Beyond(f"the test {word}")
        if token.kind == "operator" and (word in ("**", "//", "%", ":") or word == "(" and last == "."):
            raise Beyond(f"{last}{before}{word}")
        if token.kind == "name" and word == "env":
            raise Beyond("the name env")
        last, before = before, word
    return source + template[position:]


def _escape(source: str) -> str:
    """Source in which no end of a comment stands as text: Nunjucks (3.2) takes that for an error."""
    return source.replace(_COMMENT_END, f"{{{{ '{_COMMENT_END}' }}}}")


def _provider(export: Export, losses: list[str]) -> dict[str, Any]:
    """The model by the provider that speaks to its server, with the sampling in that provider's words."""
    ollama = export.model.startswith("ollama:")
    name = export.model_name or NO_MODEL
    config = write_sampling(export.sampling, _OLLAMA if ollama else _OPENAI, losses)
    if not ollama:
        losses.append("providers: put the server's address into `config.apiBaseUrl`")
    if export.prompt.output_schema is not None:
        schema = {"name": "answer", "schema": export.prompt.output_schema}
        config["response_format"] = {"type": "json_schema", "json_schema": schema}
    return {"id": f"{'ollama' if ollama else 'openai'}:chat:{name}", "config": config}


# --- reading ------------------------------------------------------------------------------------------------


def read(text: str, file: str = "The file") -> tuple[Reading, ...]:
    """One reading for each prompt of a configuration, all with its cases and checks.

    Raises PromptError naming the file, also when every prompt stands in another file.
    """
    data = yaml_text.load(text.removeprefix("\ufeff"), file=file)
    if not isinstance(data, dict) or "prompts" not in data:
        raise PromptError(f"{file} holds no `prompts`.", "A promptfoo configuration has a list of them.")
    losses: list[str] = []
    data = without_references(data, "", losses, "refused, nothing is fetched or executed")
    sampling, schema = _read_providers(data.pop("providers", data.pop("targets", None)), losses)
    default = read_default(data.pop("defaultTest", None), losses)
    tests = read_tests(data.pop("tests", None), default, file, losses)
    checks = read_asserts(default.get("assert"), "defaultTest.assert", losses)
    description = data.pop("description", None)
    prompts = data.pop("prompts", None)
    losses += [f"{key}: not used here" for key in data]
    found: list[tuple[Prompt, list[str]]] = []
    rows = prompts if isinstance(prompts, list) else [prompts]
    if len(rows) > MAX_PROMPTS:
        raise PromptError(f"{file} holds more than {MAX_PROMPTS:,} prompts.", "Split the file.")
    for number, row in enumerate(rows, 1):
        own: list[str] = []
        prompt = _read_prompt(row, f"prompt {number}", own)
        if prompt is None:
            losses += own
        else:
            found.append((prompt, own))
    if not found:
        raise PromptError(
            f"{file}: none of its prompts can be read: {(losses or ['the list is empty'])[-1]}.",
            "Only prompts written in the file itself are read; put their text under `raw`.",
        )
    names = [[variable.name for variable in variables(prompt.turns)] for prompt, _ in found]
    cases, test_checks = gather(tests, losses, {name for row in names for name in row})
    shared = {
        "description": _plain_text(description),
        "cases": cases,
        "checks": (*checks, *test_checks),
        "sampling": sampling,
        "output_schema": schema,
    }
    return tuple(
        Reading(prompt.model_copy(update=shared | {"inputs": read_inputs(used, cases)}), (*losses, *own))
        for (prompt, own), used in zip(found, names, strict=True)
    )


def _read_prompt(row: Any, where: str, losses: list[str]) -> Prompt | None:
    """The prompt of an entry, or None with a loss for one that is a file, a program or no text."""
    data = row if isinstance(row, dict) else {"raw": row}
    source = data.get("raw", data.get("id"))
    if isinstance(row, dict):
        losses += [
            f"{where}.{key[:60]}: not used here"
            for key in data
            if key not in ("raw", "label", "id", "prompt")
        ]
    if not isinstance(source, str) or not source.strip():
        losses.append(f"{where}: not a text")
        return None
    one_line = "\n" not in source.strip()
    if _REMOTE.match(source) or one_line and (REFERENCE.match(source) or _FILE.fullmatch(source.strip())):
        losses.append(f"{where}: {source.strip()[:60]!r} is refused, nothing is fetched or executed")
        return None
    messages = _messages(source)
    if messages is None:
        if source.lstrip().startswith("[") and '"role"' in source:
            losses.append(f"{where}: the list of messages does not parse, it is one user message")
        messages = [{"role": "user", "content": source}]
    turns = []
    for number, message in enumerate(messages, 1):
        place = f"{where}, message {number}"
        role = role_of(message.get("role"), place, losses)
        content = text_of_parts(message.get("content"), place, losses)
        losses += [
            f"{place}.{key}: there is no such field here" for key in message if key not in ("role", "content")
        ]
        turns.append(Turn(role=role, template=_jinja(content, place, losses)))
    losses += [f"{where}: {problem}" for problem in template_problems(turns)]
    if any(variable.name == "env" for variable in variables(turns)):
        losses.append(f"{where}: env is refused, the environment is not read; it is a variable here")
    label = data.get("label") or (data.get("id") if "raw" in data else None)
    return Prompt(name=_plain_text(label), turns=tuple(turns))


def _messages(source: str) -> list[dict[str, Any]] | None:
    """The messages of a chat in JSON or YAML, None when the text is neither."""
    found: Any = None
    try:
        if source.lstrip().startswith("["):
            found = json_text.load(source, file="")
        elif re.match(r"\s*-\s*role\s*:", source):
            found = yaml_text.load(source, file="")
    except PromptError:
        return None
    if not isinstance(found, list) or not all(isinstance(row, dict) and "role" in row for row in found):
        return None
    return found


def _jinja(content: str, where: str, losses: list[str]) -> str:
    """The message as a turn in which no line of text opens another turn."""
    content = content.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
    for match in reversed(role_lines(content)):
        content = f"{content[: match.start()]}{{{{ '' }}}}{content[match.start() :]}"
    if any(not line[0].startswith("{{") for line in ROLE_LINE.finditer(content)):
        losses.append(f"{where}: a line with a role and a colon inside a block opens a message here")
    return content


def _read_providers(data: Any, losses: list[str]) -> tuple[Sampling | None, dict[str, Any] | None]:
    """Sampling and answer schema of the first provider that has a configuration; the models are losses."""
    sampling: Sampling | None = None
    schema: dict[str, Any] | None = None
    for row in data if isinstance(data, list) else [] if data is None else [data]:
        if isinstance(row, dict) and "id" not in row and len(row) == 1:
            (name, inner), *_ = row.items()
            row = {"id": name} | (inner if isinstance(inner, dict) else {})
        row = row if isinstance(row, dict) else {"id": row}
        losses.append(f"providers: {str(row.get('id'))[:80]!r}; the model is chosen when the prompt runs")
        losses += [f"providers.{key}: not used here" for key in row if key not in ("id", "config")]
        config = row.get("config")
        if not isinstance(config, dict):
            continue
        if sampling is not None or schema is not None:
            losses.append("providers: only the settings of the first one are kept")
            break
        config = dict(config)
        schema = _response_schema(config.pop("response_format", None), losses)
        sampling = read_sampling(config, _FROM_CONFIG, "providers.config", losses)
    return sampling, schema


def _response_schema(data: Any, losses: list[str]) -> dict[str, Any] | None:
    holder = data.get("json_schema") if isinstance(data, dict) else None
    schema = holder.get("schema") if isinstance(holder, dict) else None
    if data is not None and not isinstance(schema, dict):
        losses.append("providers.config.response_format: only a JSON schema is kept")
    return schema if isinstance(schema, dict) else None


def _plain_text(value: Any) -> str:
    return "" if value is None or isinstance(value, list | dict) else str(value)


FORMAT = Format("promptfoo", "Promptfoo configuration", SUFFIX, MEDIA_TYPE, read, write)
