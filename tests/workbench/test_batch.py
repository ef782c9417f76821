from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import pytest

from playground.errors import BackendError, PromptError
from playground.store.records import StoredCell, StoredRun
from playground.types.prompt import Check, Prompt, Sampling, Turn
from playground.workbench.batch import (
    MOST_ID_BYTES,
    Identity,
    Stored,
    decode_id,
    encode_id,
    read_rows,
    store_results,
    to_lines,
)
from playground.workbench.service import Workbench

CHECK = Check(scorer="contains", options={"text": "{{ expected }}"})
PROMPT = Prompt(
    name="Capital", turns=(Turn(role="user", template="Capital of {{ country }}?"),), checks=(CHECK,)
)
ROWS = [
    {"country": "France", "expected": "Paris"},
    {"country": "Perú", "expected": "Lima"},
    {"country": "Chad", "expected": "N'Djamena"},
]


async def make_batch(workbench: Workbench, sampling: Sampling | None = None) -> list[str]:
    return await to_lines(workbench, PROMPT, ROWS, "org/tiny", sampling or Sampling())


def result(line: str, text: str = "Paris.", **body: Any) -> dict[str, Any]:
    """A line as `vllm run-batch` writes it."""
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "stop_reason": None}
    answer = {"object": "chat.completion", "choices": [choice], "prompt_text": "<user>"}
    answer |= {"usage": {"prompt_tokens": 9, "completion_tokens": 3}} | body
    response = {"status_code": 200, "request_id": "r", "body": answer}
    return {"id": "vllm-1", "custom_id": json.loads(line)["custom_id"], "response": response, "error": None}


def import_(workbench: Workbench, batch: list[str], *results: Any) -> Stored:
    lines = [line if isinstance(line, str) else json.dumps(line) for line in results]
    return store_results(workbench, batch, lines)


def stored(workbench: Workbench, found: Stored) -> list[StoredRun]:
    return [workbench.store.run(run) for run in found.runs]


def cell_of(run: StoredRun) -> StoredCell:
    [cell] = run.cells
    return cell


# --- writing --------------------------------------------------------------------------------------------


async def test_a_line_is_what_run_batch_takes_with_every_sampling_value(workbench: Workbench) -> None:
    sampling = Sampling(temperature=0.5, top_k=7, min_p=0.1, stop=("###",), seed=3)
    lines = await make_batch(workbench, sampling)
    first = json.loads(lines[0])
    assert len(lines) == 3 and set(first) == {"custom_id", "method", "url", "body"}
    assert (first["method"], first["url"]) == ("POST", "/v1/chat/completions")
    body = first["body"]
    assert body["model"] == "org/tiny"
    assert body["messages"] == [{"role": "user", "content": "Capital of France?"}]
    assert {name: body[name] for name in Sampling.model_fields} == sampling.model_dump() | {"stop": ["###"]}
    assert "stream" not in body and "stream_options" not in body
    assert body["chat_template_kwargs"] == {"enable_thinking": False, "thinking": False}


async def test_a_schema_travels_with_the_request(workbench: Workbench) -> None:
    prompt = PROMPT.model_copy(update={"output_schema": {"type": "object"}})
    [line] = await to_lines(workbench, prompt, ROWS[:1], "m", Sampling())
    assert json.loads(line)["body"]["response_format"]["json_schema"]["schema"] == {"type": "object"}


async def test_a_free_seed_is_drawn_for_each_row(workbench: Workbench) -> None:
    seeds = {json.loads(line)["body"]["seed"] for line in await make_batch(workbench, Sampling(seed=None))}
    assert len(seeds) == 3 and None not in seeds


async def test_a_row_without_a_value_is_named(workbench: Workbench) -> None:
    with pytest.raises(PromptError, match="Row 2: .*country"):
        await to_lines(workbench, PROMPT, [ROWS[0], {"expected": "x"}], "m", Sampling())


async def test_what_vllm_would_refuse_is_said_before_anything_is_written(workbench: Workbench) -> None:
    with pytest.raises(BackendError, match="at most 4 stop strings"):
        await make_batch(workbench, Sampling(stop=tuple("abcde")))
    for rows, model in (([], "m"), (ROWS, " ")):
        with pytest.raises(PromptError):
            await to_lines(workbench, PROMPT, rows, model, Sampling())


def test_rows_are_objects_one_a_line() -> None:
    assert read_rows(['{"a": 1}\n', "\n", '{"a": "é"}'], "x.jsonl") == [{"a": 1}, {"a": "é"}]


@pytest.mark.parametrize("bad", ["[1]", "{", '{"a": NaN}', '{"a": "\\ud800"}', '{"a": ' + "[" * 100_000])
def test_a_row_that_is_none_is_named_by_file_and_line(bad: str) -> None:
    with pytest.raises(PromptError, match="x.jsonl, line 2"):
        read_rows(['{"a": 1}', bad], "x.jsonl")


def test_a_custom_id_brings_back_the_prompt_and_the_values() -> None:
    identity = Identity(row=7, prompt=PROMPT, values=ROWS[1])
    text = encode_id(identity)
    assert text.startswith("pp1-7-") and decode_id(text) == identity


@pytest.mark.parametrize(
    "text",
    [
        "",
        "request-1",
        "pp1-1-%%%",
        "pp1-1-" + base64.urlsafe_b64encode(b"not compressed").decode(),
        "pp1-1-" + base64.urlsafe_b64encode(zlib.compress(b"{}")).decode(),
        "pp1-1-" + base64.urlsafe_b64encode(zlib.compress(b" " * (MOST_ID_BYTES + 1))).decode(),
    ],
)
def test_a_foreign_custom_id_is_refused(text: str) -> None:
    with pytest.raises(PromptError, match="not written by this program"):
        decode_id(text)


# --- reading --------------------------------------------------------------------------------------------


async def test_results_come_back_as_scored_runs_in_any_order(workbench: Workbench) -> None:
    batch = await make_batch(workbench)
    answers = ["Paris.", "Bogotá", "N'Djamena"]
    results = [result(line, text) for line, text in zip(batch, answers, strict=True)]
    found = import_(workbench, batch, *reversed(results))
    assert (found.errors, found.missing, found.problems) == (0, 0, ())
    runs = stored(workbench, found)
    assert [run.spec.case.values for run in runs] == ROWS[::-1]
    assert [cell_of(run).scores[0].value for run in runs] == [1.0, 0.0, 1.0]
    cell = cell_of(runs[-1])
    assert (cell.model, cell.status, cell.prompt.checks) == ("vllm:org/tiny", "done", (CHECK,))
    assert cell.messages[0].content == "Capital of France?"
    completion = cell.completion
    assert completion and (completion.text, completion.finish, completion.first_token_s) == (
        "Paris.",
        "stop",
        None,
    )
    assert (completion.prompt_tokens, completion.completion_tokens, completion.total_s) == (9, 3, 0.0)
    assert completion.rendered_prompt == "<user>"


async def test_reading_the_same_results_again_replaces_them(workbench: Workbench) -> None:
    batch = await make_batch(workbench)
    first = import_(workbench, batch, result(batch[0], "wrong"), result(batch[1], "Lima"))
    second = import_(workbench, batch, result(batch[0], "Paris"))
    assert second.runs == first.runs[:1]
    assert workbench.store.history().total == 2
    assert cell_of(workbench.store.run(first.runs[0])).scores[0].value == 1.0


@pytest.mark.parametrize(
    ("response", "error", "message"),
    [
        (
            {"status_code": 400, "request_id": "r"},
            {"message": "max_tokens is too large"},
            "max_tokens is too",
        ),
        ({"status_code": 400}, {"error": {"message": "bad", "code": 400}}, "refuses the request"),
        ({"status_code": 500, "body": {"error": {"message": "CUDA out of memory"}}}, None, "CUDA"),
        (None, "The url is not supported", "not supported"),
        (None, None, "no answer in it"),
        ([], None, "no answer in it"),
        ({"status_code": 200, "body": {"choices": []}}, None, "no answer in it"),
        ({"status_code": 200, "body": {"usage": {}}}, None, "no answer in it"),
        ({"status_code": 200, "body": {"choices": [7]}}, None, "without saying why"),
        ({"status_code": 200, "body": {"error": {"message": "worker died"}}}, None, "answer in it"),
    ],
)
async def test_the_error_of_a_line_stands_in_its_cell(
    workbench: Workbench, response: Any, error: Any, message: str
) -> None:
    batch = await make_batch(workbench)
    bad = result(batch[0]) | {"response": response, "error": error}
    found = import_(workbench, batch, bad, result(batch[1], "Lima"))
    assert (found.errors, found.missing) == (1, 1)
    cells = [cell_of(run) for run in stored(workbench, found)]
    assert [cell.status for cell in cells] == ["error", "done"]
    assert message in cells[0].error and cells[0].scores == ()
    assert found.problems[0].startswith("results line 1: row 1: ")


async def test_hostile_lines_are_named_and_cost_no_other(workbench: Workbench) -> None:
    batch = await make_batch(workbench)
    unknown = result(batch[0]) | {"custom_id": "someone-else"}
    numbered = result(batch[0]) | {"custom_id": 7}
    lines = (
        "not json",
        "[]",
        "[" * 100_000,
        "",
        unknown,
        numbered,
        result(batch[1], "Lima \ud83d", usage={"prompt_tokens": 10**30, "completion_tokens": "x"}),
        result(batch[1], "again"),
        result(batch[2], "<think>hm</think>N'Djamena"),
    )
    found = import_(workbench, batch, *lines)
    assert [problem.partition(":")[0] for problem in found.problems] == [
        f"results line {number}" for number in (1, 2, 3, 5, 6, 8)
    ]
    assert "in line 7 already" in found.problems[-1]
    assert (len(found.runs), found.errors, found.missing) == (2, 0, 1)
    lima, chad = (cell_of(run).completion for run in stored(workbench, found))
    assert lima and lima.text == "Lima ?"
    assert chad and (chad.reasoning, chad.text) == ("hm", "N'Djamena")


async def test_a_cut_answer_says_so_and_its_schema_check_fails(workbench: Workbench) -> None:
    prompt = PROMPT.model_copy(update={"output_schema": {"type": "object"}})
    batch = await to_lines(workbench, prompt, ROWS[:1], "m", Sampling())
    cut = result(batch[0], '{"a": ')
    cut["response"]["body"]["choices"][0]["finish_reason"] = "length"
    cell = cell_of(stored(workbench, import_(workbench, batch, cut))[0])
    assert cell.completion and cell.completion.finish == "length"
    assert cell.scores[0].value == 0.0


async def test_lines_of_the_batch_that_were_changed_count_as_they_were_sent(workbench: Workbench) -> None:
    batch = await make_batch(workbench)
    changed = json.loads(batch[0])
    changed["body"]["temperature"] = 0.9
    broken = json.loads(batch[1])
    del broken["body"]["top_k"]
    role = json.loads(batch[2])
    role["body"]["messages"][0]["role"] = "root"
    lines = [json.dumps(line) for line in (changed, changed, broken, role)] + ["{}", "x"]
    found = import_(workbench, lines, result(batch[0]))
    assert cell_of(stored(workbench, found)[0]).sampling.temperature == 0.9
    assert [problem.partition(":")[0] for problem in found.problems] == [
        f"batch line {number}" for number in (2, 3, 4, 5, 6)
    ]


def test_a_batch_file_without_a_usable_line_is_an_error(workbench: Workbench) -> None:
    for lines in ([], ["{}"]):
        with pytest.raises(PromptError, match="no usable line"):
            store_results(workbench, lines, [])
