"""One prompt over many rows of values as an offline batch for `vllm run-batch`, and its results as stored runs.

    await to_lines(workbench, prompt, rows, "Qwen/Qwen3-0.6B", sampling)
        → ['{"custom_id": "pp1-7-eNq…", "method": "POST", "url": "/v1/chat/completions", "body": {…}}', …]
    vllm run-batch -i batch.jsonl -o results.jsonl --model Qwen/Qwen3-0.6B --generation-config vllm
    store_results(workbench, batch_lines, result_lines) → Stored(runs=…, errors=0, missing=0, problems=())

The `custom_id` of a line carries its row number, the prompt with its checks and the values, so that the two files are
all that is needed, on any machine. Reading the same results again replaces the cells of the first time.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

from pydantic import ValidationError

from playground.backends.base import Fold
from playground.backends.faults import error_for, fault_of
from playground.backends.http import Connection
from playground.backends.openai_compatible import Answer as ServerAnswer
from playground.backends.openai_compatible import chat_body, schema_field
from playground.backends.vllm import refuse, template_values
from playground.errors import BackendError, PlaygroundError, PromptError
from playground.plain_words import refuse_constant
from playground.runs.planning import checks_of, plan_variant, request_of, schema_problem
from playground.runs.scoring import sample_of
from playground.scorers import score_all
from playground.types.generation import Completion, GenerationRequest, Message
from playground.types.grid import RunSpec, Variant
from playground.types.prompt import Prompt, Role, Sampling, Value
from playground.types.scores import Score
from playground.types.trace import Answer
from playground.workbench.service import Workbench

URL = "/v1/chat/completions"
PREFIX = "pp1"
MOST_ID_BYTES = 4_000_000
"""Of the decompressed content of a `custom_id`: a small one could unfold to anything."""
LABEL = "The batch"


# --- writing --------------------------------------------------------------------------------------------


class Identity(Value):
    """What a `custom_id` carries: which row, from what."""

    row: int
    prompt: Prompt
    values: dict[str, Any]


async def to_lines(
    workbench: Workbench, prompt: Prompt, rows: Sequence[dict[str, Any]], model: str, sampling: Sampling
) -> list[str]:
    """One line of a batch file for each row; a free seed is drawn for each.

    Keys of a row that the prompt does not use are kept: checks may refer to them. Raises PromptError naming the first
    row that cannot be rendered, and BackendError for sampling values that vLLM would refuse.
    """
    if not rows:
        raise PromptError("There are no rows.", "Give one JSON object a line.")
    if (bad_schema := schema_problem(prompt)) is not None:
        raise bad_schema
    name = model.strip()
    if not name:
        raise PromptError(
            "The batch needs the name of a model.", "Give the one that vLLM will load, with --model."
        )
    lines = []
    for number, values in enumerate(rows, 1):
        try:
            messages = await workbench.prompts.render(prompt, values)
        except PlaygroundError as exc:
            raise PromptError(f"Row {number}: {exc.message}", exc.hint) from exc
        variant = Variant(model=f"vllm:{name}", sampling=sampling)
        [work] = plan_variant(RunSpec.comparison(prompt=prompt, variants=(variant,)), 0, messages)
        request = request_of(work)
        identity = encode_id(Identity(row=number, prompt=prompt, values=values))
        line = {"custom_id": identity, "method": "POST", "url": URL, "body": batch_body(request)}
        lines.append(json.dumps(line, ensure_ascii=False))
    return lines


def batch_body(request: GenerationRequest) -> dict[str, Any]:
    """The request with every sampling value, as vLLM reads it; a batch does not stream."""
    refuse(request)
    sampling = request.sampling
    body = chat_body(request) | schema_field(request)
    body |= {
        "top_k": sampling.top_k,
        "min_p": sampling.min_p,
        "repetition_penalty": sampling.repetition_penalty,
    }
    body |= {"chat_template_kwargs": template_values(request), "return_prompt_text": True}
    return {key: value for key, value in body.items() if key not in ("stream", "stream_options")}


def encode_id(identity: Identity) -> str:
    """`pp1-ROW-…`: the row for people, the rest compressed for the way back."""
    data = identity.model_dump_json(exclude_defaults=True).encode()
    return f"{PREFIX}-{identity.row}-{base64.urlsafe_b64encode(zlib.compress(data, 9)).decode()}"


def decode_id(text: str) -> Identity:
    """The content of a `custom_id`; raises PromptError for one that was not made here."""
    prefix, _, rest = text.partition("-")
    try:
        if prefix != PREFIX:
            raise ValueError("another prefix")
        packed = base64.b64decode(rest.partition("-")[2], altchars=b"-_", validate=True)
        unpacker = zlib.decompressobj()
        data = unpacker.decompress(packed, MOST_ID_BYTES)
        if not unpacker.eof:
            raise ValueError("cut off or too large")
        return Identity.model_validate_json(data)
    except (ValueError, zlib.error, RecursionError) as exc:
        raise PromptError(
            "its custom_id was not written by this program.", "Export the batch with: playground batch export"
        ) from exc


def read_rows(lines: Iterable[str], file: str) -> list[dict[str, Any]]:
    """The objects of a JSONL file, one a line, empty lines left out; raises PromptError naming file and line."""
    rows = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        value = _json_as_written(line)
        if not isinstance(value, dict):
            raise PromptError(
                f"{file}, line {number}: this is not a JSON object.",
                'Write one a line, such as {"city": "Paris"}.',
            )
        if value != _json(line):
            raise PromptError(
                f"{file}, line {number}: a text holds half a character.",
                "Look for pasted text with broken emoji.",
            )
        rows.append(value)
    return rows


# --- reading --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of a file of results: ids of the runs, how many hold an error, how many have no result.

    `problems` name every line that could not be used, and every cell with an error, with its line number.
    """

    runs: tuple[str, ...]
    errors: int
    missing: int
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A line of the batch file, understood."""

    identity: Identity
    model: str
    sampling: Sampling
    messages: tuple[Message, ...]


def store_results(workbench: Workbench, batch: Iterable[str], results: Iterable[str]) -> Stored:
    """Store a run for each result with its answer, scored, or with its error; one bad line costs no other.

    Blocks: call it from a thread. Raises PromptError when the batch file has no line that can be used.
    """
    asked, problems = read_batch(batch)
    if not asked:
        raise PromptError(
            "The batch file has no usable line.",
            problems[0] if problems else "Give the file that was exported.",
        )
    answers, more = read_results(results, asked)
    problems += more
    mark = batch_mark(asked)
    known = _stored_before(workbench, mark)
    connection = Connection(LABEL, "http://127.0.0.1", workbench.settings)
    runs, errors = [], 0
    for identity, (number, result) in answers.items():
        ask = asked[identity]
        completion, error = read_answer(connection, result)
        if error is not None:
            errors += 1
            problems.append(f"results line {number}: row {ask.identity.row}: {error.message}")
        title = f"{ask.identity.prompt.name[:200] or 'Batch'} ({mark} row {ask.identity.row})"
        runs.append(_store(workbench, ask, completion, error, title, known.get(title)))
    return Stored(tuple(runs), errors, len(asked) - len(answers), tuple(problems))


def read_batch(lines: Iterable[str]) -> tuple[dict[str, Asked], list[str]]:
    """The lines of a batch file by their custom_id, and what could not be read, by line."""
    asked: dict[str, Asked] = {}
    problems: list[str] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            identity, ask = _asked(_json(line))
            if identity in asked:
                raise PromptError("its custom_id stands in an earlier line too.")
            asked[identity] = ask
        except PromptError as exc:
            problems.append(f"batch line {number}: {exc.message}")
    return asked, problems


def read_results(
    lines: Iterable[str], asked: dict[str, Asked]
) -> tuple[dict[str, tuple[int, dict[str, Any]]], list[str]]:
    """Line number and object of each result by its custom_id, the first of doubles, and what could not be used."""
    found: dict[str, tuple[int, dict[str, Any]]] = {}
    problems: list[str] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        value = _json(line)
        identity = value.get("custom_id") if isinstance(value, dict) else None
        if not isinstance(value, dict):
            problems.append(f"results line {number}: this is not a JSON object.")
        elif not isinstance(identity, str) or identity not in asked:
            problems.append(f"results line {number}: its custom_id is not in the batch file.")
        elif identity in found:
            row = asked[identity].identity.row
            problems.append(
                f"results line {number}: row {row} has a result in line {found[identity][0]} already."
            )
        else:
            found[identity] = (number, value)
    return found, problems


def read_answer(connection: Connection, result: dict[str, Any]) -> tuple[Completion, BackendError | None]:
    """The answer of one result line, or the error it holds; nothing is known of its timing."""
    fold = Fold()
    try:
        body = _body(result)
        answer = ServerAnswer(connection)
        if not isinstance(body.get("choices"), list) or not body["choices"]:
            raise BackendError("The result has no answer in it.", "Run this row again.")
        for chunk in (answer.read(body), answer.rest()):
            if chunk is not None:
                fold.add(chunk)
        finish, error = answer.ended(), answer.fault()
        completion = replace(
            fold.completion(error.finish if error else finish),
            prompt_tokens=_count(answer.prompt_tokens),
            completion_tokens=_count(answer.completion_tokens),
            cached_tokens=_count(answer.cached_tokens),
            rendered_prompt=answer.prompt_text,
            backend_version="vLLM batch",
            ignored=answer.reading.notes(),
        )
    except BackendError as exc:
        return replace(fold.completion("error"), first_token_s=None, total_s=0.0), exc
    return replace(completion, first_token_s=None, total_s=0.0), error


def batch_mark(asked: Iterable[str]) -> str:
    """The same word for the same batch file, by which its runs are found again."""
    return "batch-" + hashlib.sha256("\n".join(asked).encode()).hexdigest()[:10]


def _asked(value: Any) -> tuple[str, Asked]:
    if not isinstance(value, dict) or not isinstance(value.get("custom_id"), str):
        raise PromptError("this is not a line of a batch.")
    body = value.get("body")
    identity = decode_id(value["custom_id"])
    try:
        assert isinstance(body, dict)
        return value["custom_id"], Asked(
            identity,
            str(body["model"]),
            # What was sent counts, should the file have been edited after the export.
            Sampling.model_validate({name: body[name] for name in Sampling.model_fields}),
            tuple(_message(message) for message in body["messages"]),
        )
    except (AssertionError, KeyError, TypeError, ValidationError) as exc:
        raise PromptError("its body is not the one that was exported.") from exc


def _count(value: int | None) -> int | None:
    """A number of tokens; None for one that no database takes."""
    return value if value is not None and value < 2**53 else None


def _message(value: Any) -> Message:
    role, content = value["role"], value["content"]
    if role not in get_args(Role) or not isinstance(content, str):
        raise TypeError("no message of this program")
    return Message(role, content)


def _body(result: dict[str, Any]) -> dict[str, Any]:
    """The answer's own object; raises BackendError for a refusal, in the words of the server."""
    response = result.get("response")
    response = response if isinstance(response, dict) else {}
    status, body, error = response.get("status_code"), response.get("body"), result.get("error")
    if error or status not in (None, 200):
        fault = fault_of(error or body)
        code = status if isinstance(status, int) and status != 200 else 500
        raise error_for(code, fault, label="vLLM", url="run-batch", key_hint="", has_key=False)
    if not isinstance(body, dict):
        raise BackendError("The result has no answer in it.", "Run this row again.")
    return body


def _stored_before(workbench: Workbench, mark: str) -> dict[str, str]:
    """Ids of the runs of an earlier import by their titles."""
    found: dict[str, str] = {}
    seen = 0
    while (page := workbench.store.history(mark, limit=500, offset=seen)).rows:
        found |= {row.title: row.id for row in page.rows}
        seen += len(page.rows)
    return found


def _store(
    workbench: Workbench,
    ask: Asked,
    completion: Completion,
    error: BackendError | None,
    title: str,
    run_id: str | None,
) -> str:
    prompt = ask.identity.prompt
    variant = Variant(model=f"vllm:{ask.model}", sampling=ask.sampling)
    spec = RunSpec.comparison(prompt=prompt, values=ask.identity.values, variants=(variant,))
    [work] = plan_variant(spec, 0, ask.messages)
    if run_id is None:
        run_id = workbench.store.create_run(spec, [work], title=title)
    scores: tuple[Score, ...] = ()
    note, hint = (error.message, error.hint) if error else ("", "")
    if error is None:
        try:
            answer = Answer.of_one_call(ask.messages, completion)
            scores = score_all(checks_of(prompt), sample_of(prompt, ask.identity.values, answer))
        except PromptError as exc:  # a check that cannot be read must not cost the answer
            note = str(exc)
    workbench.store.save_cell(
        run_id,
        work.key,
        status="error" if error else "done",
        answer=Answer.of_one_call(ask.messages, completion),
        error=note,
        hint=hint,
        scores=scores,
    )
    return run_id


def _json(line: str) -> Any:
    """The JSON value of a line, None for what is none; halves of a character become question marks."""
    value = _json_as_written(line)
    try:
        return json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
    except RecursionError:
        return None


def _json_as_written(line: str) -> Any:
    try:
        return json.loads(line.removeprefix("\ufeff"), parse_constant=refuse_constant)
    except (ValueError, RecursionError):
        return None
