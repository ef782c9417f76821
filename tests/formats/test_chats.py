"""Chats kept for training are prompts in the library and cases beside one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from playground.errors import PromptError
from playground.formats.case_file import read_cases
from playground.formats.recognise import recognise
from playground.library.reading import read_incoming

OPENAI = {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi {{x}}"}, {"role": "assistant", "content": "Ho"}]}  # fmt: skip
SHAREGPT = {"system": "Be brief.", "conversations": [{"from": "human", "value": "Hi {{x}}"}, {"from": "gpt", "value": "Ho"}]}  # fmt: skip
ALPACA = {"instruction": "Hi {{x}}", "input": "", "output": "Ho", "system": "Be brief."}
TURNS = [("system", "Be brief."), ("user", "Hi {{ '{{' }}x}}"), ("assistant", "Ho")]


@pytest.mark.parametrize("row", [OPENAI, SHAREGPT, ALPACA])
@pytest.mark.parametrize("shape", ["lines", "list"])
def test_every_shape_is_read_as_one_prompt_a_chat(row: dict[str, Any], shape: str) -> None:
    if shape == "lines":
        found = recognise("train.jsonl", f"{json.dumps(row)}\n\n{json.dumps(row)}\n".encode())
    else:
        found = recognise("train.json", json.dumps([row, row]).encode())
    assert found.format == "chat-lines"
    assert [[(turn.role, turn.template) for turn in reading.prompt.turns] for reading in found.readings] == [
        TURNS
    ] * 2
    assert [reading.losses for reading in found.readings] == [(), ()]


def test_chats_of_one_file_are_numbered() -> None:
    rows = read_incoming([("train.jsonl", f"{json.dumps(OPENAI)}\n{json.dumps(SHAREGPT)}\n".encode())])
    assert [row.prompt.name for row in rows] == ["train 1", "train 2"]


def test_a_turn_that_calls_a_tool_and_its_answer_are_told() -> None:
    row = {"messages": [{"role": "user", "content": "Sky?"}, {"role": "assistant", "tool_calls": [1]}, {"role": "tool", "content": "blue", "tool_call_id": "1"}], "tools": [1]}  # fmt: skip
    reading = recognise("t.jsonl", json.dumps(row).encode()).readings[0]
    assert [turn.role for turn in reading.prompt.turns] == ["user", "assistant", "user"]
    assert [loss.partition(":")[0] for loss in reading.losses] == ["tools", "message 2.tool_calls", "message 3.tool_call_id", "message 3"]  # fmt: skip


def test_rows_of_values_in_the_library_say_where_they_belong() -> None:
    for name, text in [
        ("t.jsonl", '{"city": "Ulm"}'),
        ("t.json", '[{"city": "Ulm"}]'),
        ("t.yaml", "- vars: {city: Ulm}"),
    ]:
        with pytest.raises(PromptError, match="holds test cases, not a prompt") as caught:
            recognise(name, text.encode())
        assert "Import cases" in caught.value.hint


# --- as cases -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", [OPENAI, SHAREGPT])
def test_a_chat_is_a_case_with_its_question_and_its_answer(row: dict[str, Any]) -> None:
    found = read_cases("t.jsonl", json.dumps(row), ["mail"])
    assert found.cases == ({"mail": "Hi {{x}}", "expected": "Ho", "system": "Be brief."},)
    assert found.losses[-1].startswith(
        "chats: the last question of each is its value mail, the last answer expected"
    )


def test_what_came_before_the_last_question_is_kept() -> None:
    turns = [{"from": "human", "value": "A"}, {"from": "gpt", "value": "B"}, {"from": "human", "value": "C"}]
    found = read_cases("t.json", json.dumps([{"conversations": turns}]))
    assert found.cases == ({"input": "C", "history": "User: A\n\nAssistant: B"},)


TESTS = [
    {"vars": {"q": "1+1"}, "assert": [{"type": "equals", "value": "2"}]},
    {"vars": {"q": "2+2"}, "assert": [{"type": "equals", "value": "4"}], "description": "four"},
]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.json", json.dumps(TESTS)),
        ("t.json", json.dumps({"tests": TESTS})),
        ("t.jsonl", "\n".join(map(json.dumps, TESTS))),
        ("t.json", "\n".join(map(json.dumps, TESTS))),
        ("t.yaml", json.dumps(TESTS)),
        ("t.yml", "tests: " + json.dumps(TESTS)),
    ],
)
def test_tests_of_promptfoo_are_cases_with_checks(name: str, text: str) -> None:
    found = read_cases(name, text)
    assert found.cases == ({"q": "1+1", "expected": "2"}, {"q": "2+2", "expected": "4"})
    assert [(check.scorer, check.options["text"]) for check in found.checks] == [("equals", "{{ expected }}")]
    assert found.losses == ("tests.description: there is no such field here",)


def test_a_row_with_a_column_called_vars_of_its_own_is_a_row() -> None:
    assert read_cases("t.json", '[{"vars": "x", "city": "Ulm"}]').cases == ({"vars": "x", "city": "Ulm"},)


@pytest.mark.parametrize(
    "text",
    [
        "sep=;\ncity;stars\nUlm;3\n",
        "\ufeffsep=;\r\ncity;stars\r\nUlm;3\r\n",
        '"sep=;"\ncity;stars\nUlm;3\n',
        "sep=|\ncity|stars\nUlm|3\n",
        "city,stars,,\nUlm,3,,\n,,,\n",
        "city\tstars\nUlm\t3\n",
        "city;stars\n\n;\nUlm;3\n",
        '"city","stars"\n"Ulm","3"',
    ],
)
def test_tables_of_spreadsheets_are_read_as_they_are_written(text: str) -> None:
    for name in ("t.csv", "t.tsv"):
        assert read_cases(name, text).cases == ({"city": "Ulm", "stars": "3"},)


def test_what_parts_the_columns_is_told_by_the_rows() -> None:
    table = 'Stadt;"Preis, netto"\nUlm;1,5\nBonn;2,5\n'
    assert read_cases("t.csv", table).cases[0] == {"Stadt": "Ulm", "Preis, netto": "1,5"}
    assert read_cases("t.csv", 'a,b\n"x\ny;z",2\n').cases == ({"a": "x\ny;z", "b": "2"},)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("city,city,x\nUlm,3,4\n", "t.csv: the columns 1 and 2 are both called 'city'."),
        ("city,,x\nUlm,3,4\n", "t.csv: column 2, after 'city', has values and no name."),
        (",x\n3,4\n", "t.csv: column 1 has values and no name."),
        ("city,x\nUlm,3,4\n", "t.csv, line 2: 3 cells for 2 columns; the first without one is '4', after the column 'x'."),
    ],
)  # fmt: skip
def test_a_fault_of_a_table_names_the_column(text: str, message: str) -> None:
    with pytest.raises(PromptError) as caught:
        read_cases("t.csv", text)
    assert caught.value.message == message
