"""GitHub Models prompts (`.prompt.yml`), as the repository's Models tab and `gh models eval` read them.

    name: Sentiment
    model: openai/gpt-4o-mini
    modelParameters: {temperature: 0, maxTokens: 4}
    messages:
      - role: user
        content: "Review: {{review}}"
    testData:
      - {review: The plot drags., expected: negative}
    evaluators:
      - name: contains the label
        string: {contains: "{{expected}}"}

Templates are `{{var}}` only, put in by plain replacement (gh-models, pkg/prompt). `equals` compares exactly, the
other evaluators ignore case; here white space around an answer never counts. Newlines at the end of a message
do not count either.
"""

from __future__ import annotations

import json
import re
from typing import Any

from playground.errors import PromptError
from playground.formats import yaml_text
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
)
from playground.formats.cases import checks_of, input_losses, read_inputs, rows_of
from playground.formats.plain_jinja import NAME, RESERVED, Beyond, Piece, converted, join, pieces
from playground.formats.refused import without_references
from playground.formats.roles import role_of
from playground.formats.sampling import read_sampling, write_sampling
from playground.scorers import check_name, check_problem
from playground.scorers.options import PLACEHOLDER
from playground.tables import json_text
from playground.templating.rendering import variables
from playground.types.files import ExportFile
from playground.types.prompt import Check, Turn

SUFFIX = ".prompt.yml"
MEDIA_TYPE = "application/yaml"

_PARAMETERS = {"temperature": "temperature", "top_p": "topP", "max_tokens": "maxTokens"}
_FROM_PARAMETERS = {key: field for field, key in _PARAMETERS.items()} | {"maxCompletionTokens": "max_tokens"}
_KNOWN = {
    "name",
    "description",
    "model",
    "modelParameters",
    "responseFormat",
    "jsonSchema",
    "messages",
    "testData",
    "evaluators",
}
_VARIABLE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")

# In gh's order: it looks at the first of these that is there. (key, scorer, option, ignores case)
_EVALUATORS = (
    ("equals", "equals", "text", False),
    ("contains", "contains", "text", True),
    ("startsWith", "starts_with", "text", True),
    ("endsWith", "regex", "pattern", True),
)


# --- writing ------------------------------------------------------------------------------------------------


def write(export: Export) -> ExportFile:
    """The prompt with its cases as test data; raises PromptError for a turn beyond `{{var}}` without messages."""
    prompt, losses = export.prompt, list[str]()
    turns = converted(export, _content, str, losses, "GitHub Models")
    names = list(dict.fromkeys(name for turn in turns if not turn.frozen for name in _names(turn.text)))
    rows = rows_of(prompt, losses)
    known = {key for row in rows for key in row} | set(names)
    for number, turn in enumerate(turns, 1):
        literal_names = [name for name in _names(turn.text) if name in known and turn.frozen]
        losses += [f"turn {number}: the text {{{{{name}}}}} is a variable there" for name in literal_names]
    losses += input_losses(prompt, names, rows)
    losses += unheld(export, "name", "description", "checks", "cases", "output_schema", "model", "sampling")
    data: dict[str, Any] = {
        "name": prompt.name,
        "description": prompt.description,
        "model": export.model_name,
        "modelParameters": write_sampling(export.sampling, _PARAMETERS, losses),
    }
    if prompt.output_schema is not None:
        data["responseFormat"] = "json_schema"
        schema = {"name": "answer", "schema": prompt.output_schema}
        data["jsonSchema"] = json.dumps(schema, ensure_ascii=False, indent=2)
    data["messages"] = [{"role": turn.role, "content": turn.text} for turn in turns]
    data["testData"] = rows
    data["evaluators"] = [
        row for check in checks_of(prompt, rows, losses) if (row := _write_check(check, losses))
    ]
    kept = {key: value for key, value in data.items() if value not in ("", [], {}) or key == "messages"}
    kept = without_references(kept, "", losses, "other programs would replace it by a file or a secret")
    return ExportFile(file_name(prompt.name, SUFFIX), MEDIA_TYPE, yaml_text.dump(kept), tuple(losses))


def _content(template: str) -> str:
    """The turn with `{{name}}`; raises Beyond for fields, blocks, and text that would be taken for a variable."""
    text = ""
    for piece in pieces(template):
        if piece.kind == "text":
            if _names(piece.text):
                raise Beyond(f"the literal text {{{{{_names(piece.text)[0]}}}}}")
            text += piece.text
        elif piece.kind == "value" and NAME.fullmatch(piece.text):
            text += f"{{{{{piece.text}}}}}"
        else:
            raise Beyond(f"{piece.kind} {piece.text}".strip())
    return text


def _names(text: str) -> list[str]:
    return [name for name in _VARIABLE.findall(text) if NAME.fullmatch(name) and name not in RESERVED]


def _write_check(check: Check, losses: list[str]) -> dict[str, Any] | None:
    """The evaluator for a check, or None with a loss; a difference in upper and lower case is named."""
    name = check_name(check)
    if check_problem(check):
        losses.append(f"checks: {name}: the check cannot be used as it is")
        return None
    for key, scorer, option, ignores_case in _EVALUATORS:
        if check.scorer != scorer:
            continue
        text = str(check.options[option])
        if key == "endsWith":
            ending = _ending(text)
            if ending is None or not check.options.get("ignore_case"):
                break
            text = ending
        if check.negate:
            break
        if check.weight != 1:
            losses.append(f"checks: {name}: its weight has no place here")
        if key != "endsWith" and bool(check.options.get("ignore_case", True)) != ignores_case:
            losses.append(
                f"checks: {name}: upper and lower case {'are the same' if ignores_case else 'differ'} there"
            )
        return {"name": name, "string": {key: PLACEHOLDER.sub(r"{{\1}}", text)}}
    losses.append(f"checks: {name}: there is no such evaluator")
    return None


def _ending(pattern: str) -> str | None:
    r"""The text when the pattern is exactly that text at the end (`text\Z`, escaped)."""
    text = re.sub(r"\\(.)", r"\1", pattern.removesuffix(r"\Z"), flags=re.S)
    return text if pattern == re.escape(text) + r"\Z" and text else None


# --- reading ------------------------------------------------------------------------------------------------


def read(text: str, file: str = "The file") -> Reading:
    """The prompt of a `.prompt.yml` file, with what was not kept. Raises PromptError naming the file."""
    data = yaml_text.load(text.removeprefix("\ufeff"), file=file)
    if isinstance(data, list):
        data = {"messages": data}
    if not isinstance(data, dict) or not isinstance(data.get("messages"), list):
        raise PromptError(
            f"{file} holds no `messages`.", "A GitHub prompt has a list of them, with role and content."
        )
    losses: list[str] = []
    data = without_references(data, "", losses, "refused, nothing is fetched or executed")
    losses += [f"{key}: there is no such field here" for key in data if key not in _KNOWN]
    if data.get("model"):
        losses.append(f"model: {shown(data['model'])}; the model is chosen when the prompt runs")
    turns = _read_turns(data["messages"], losses)
    rows = rows_in(data.get("testData"), "testData", losses)
    evaluators = rows_in(data.get("evaluators"), "evaluators", losses)
    parameters = block(data.get("modelParameters"), "modelParameters", losses)
    names = [variable.name for variable in variables(turns)]
    prompt = checked(
        file,
        losses,
        name=as_text(data.get("name")),
        description=as_text(data.get("description")),
        turns=turns,
        inputs=read_inputs(names, rows),
        cases=tuple(rows),
        checks=tuple(check for row in evaluators if (check := _read_check(row, losses))),
        sampling=read_sampling(parameters, _FROM_PARAMETERS, "modelParameters", losses),
        output_schema=_read_schema(data, losses),
    )
    return Reading(prompt, tuple(losses))


def _read_turns(messages: list[Any], losses: list[str]) -> tuple[Turn, ...]:
    turns = []
    for number, message in enumerate(messages, 1):
        where = f"message {number}"
        if not isinstance(message, dict):
            losses.append(f"{where}: {shown(message)} has no role and content, it is left out")
            continue
        role = role_of(message.get("role"), where, losses)
        losses += [
            f"{where}.{key}: there is no such field here" for key in message if key not in ("role", "content")
        ]
        content = text_of_parts(message.get("content"), where, losses).rstrip("\n")
        turns.append(Turn(role=role, template=_template(content, where, losses)))
    return tuple(turns)


def _template(content: str, where: str, losses: list[str]) -> str:
    """Jinja2 source of a message: `{{name}}` is a variable, everything else is text."""
    found, position = list[Piece](), 0
    for match in _VARIABLE.finditer(content.replace("\r\n", "\n").replace("\r", "\n")):
        if not NAME.fullmatch(match[1]) or match[1] in RESERVED:
            losses.append(f"{where}: {match[0][:60]} is no name of a variable here, it stays text")
            continue
        found += [Piece("text", match.string[position : match.start()]), Piece("value", match[1])]
        position = match.end()
    rest = content.replace("\r\n", "\n").replace("\r", "\n")[position:]
    return join([*found, Piece("text", rest)])


def _read_check(row: Any, losses: list[str]) -> Check | None:
    """The check for an evaluator, or None with a loss."""
    name = str(row.get("name") or "") if isinstance(row, dict) else ""
    where = f"evaluators: {name[:60] or 'one without a name'}"
    rule = row.get("string") if isinstance(row, dict) else None
    if not isinstance(rule, dict):
        losses.append(f"{where}: only evaluators of texts (`string`) are read")
        return None
    keys = [key for key, *_ in _EVALUATORS if rule.get(key) not in (None, "")]
    losses += [f"{where}.{key}: not used, one rule counts" for key in rule if key not in keys[:1]]
    for key, scorer, option, ignores_case in _EVALUATORS:
        if key not in keys[:1]:
            continue
        value = rule[key]
        text = str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
        text = re.sub(r"\{\{\s*(\w+)\s*\}\}", r"{{ \1 }}", text)
        if key == "endsWith":
            text = "" if PLACEHOLDER.search(text) else re.escape(text) + r"\Z"
        check = Check(scorer=scorer, options={option: text, "ignore_case": ignores_case})
        if check_problem(check) or not text:
            losses.append(f"{where}.{key}: there is no such check here")
            return None
        if name != check_name(check):
            losses.append(f"{where}: its name is not kept")
        return check
    losses.append(f"{where}: it has no rule that is known")
    return None


def _read_schema(data: dict[str, Any], losses: list[str]) -> dict[str, Any] | None:
    form, source = data.get("responseFormat"), data.get("jsonSchema")
    if source is None:
        if form not in (None, "text"):
            losses.append(f"responseFormat: {shown(form)} needs a schema here")
        return None
    holder = None
    if isinstance(source, str):
        try:
            holder = json_text.load(source, file="jsonSchema")
        except PromptError:
            holder = None
    if isinstance(holder, dict) and isinstance(holder.get("schema"), dict):
        losses += [
            f"jsonSchema.{key}: there is no such field here"
            for key, value in holder.items()
            if key != "schema" and (key, value) != ("name", "answer")
        ]
        return dict(holder["schema"])
    losses.append("jsonSchema: not JSON text with a `schema` in it")
    return None


FORMAT = Format("github", "GitHub Models prompt", SUFFIX, MEDIA_TYPE, one(read), write)
