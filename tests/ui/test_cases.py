"""Files of cases as the page sends them: tables, lists and lines are read, bad ones are alerts that name their place."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.errors import PromptError
from playground.library.reading import read_incoming
from playground.ui.cases import cases_of
from tests.examples import examples

if TYPE_CHECKING:
    from tests.ui.conftest import Call

TABLE = "city,__expected,__expected2\nParis,icontains:France,latency(9)\nRome,icontains:Italy,\n"


async def test_a_table_answers_with_cases_checks_and_what_was_not_taken_over(call: Call):
    update = await call("read_cases", name="folder/t.csv", text=TABLE)
    check = {"scorer": "contains", "options": {"ignore_case": True, "text": "{{ expected }}"}}
    assert update == {
        "imported": {
            "cases": [{"city": "Paris", "expected": "France"}, {"city": "Rome", "expected": "Italy"}],
            "checks": [check | {"negate": False, "weight": 1.0, "example": False}],
            "losses": ["__expected2 latency: no check here does the same"],
        }
    }


async def test_what_a_test_expects_takes_no_name_of_a_variable(call: Call):
    update = await call("read_cases", name="t.csv", text=TABLE, taken=["expected"])
    assert update["imported"]["cases"][0] == {"city": "Paris", "expected_2": "France"}
    assert update["imported"]["checks"][0]["options"]["text"] == "{{ expected_2 }}"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.jsonl", '\ufeff{"a": 1, "b": ["x"]}\r\n\n{"a": "{{ y }}"}'),
        ("T.JSON", '[{"a": 1, "b": ["x"]}, {"a": "{{ y }}"}]'),
    ],
)
async def test_lists_and_lines_of_json_are_cases_with_their_values_as_they_are(
    call: Call, name: str, text: str
):
    imported = (await call("read_cases", name=name, text=text))["imported"]
    assert imported == {"cases": [{"a": 1, "b": ["x"]}, {"a": "{{ y }}"}], "checks": [], "losses": []}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("t.csv", 'a\n1\n"x\n', "t.csv, line 3: a quote is opened and never closed"),
        ("t.csv", "a\n\0\n", "t.csv, line 2: a zero byte"),
        ("t.csv", "", "t.csv is empty"),
        ("t.jsonl", '{"a": 1}\n\n{"a": }\n', "t.jsonl, line 3: "),
        ("t.jsonl", '{"a": 1}\n[1]\n', "t.jsonl, line 2: this is no object"),
        ("t.jsonl", '{"a": 1, "a": 2}', "t.jsonl is not usable JSON: a key stands twice"),
        ("t.json", '[\n{"a": 1},\n{"a" 2}]', "t.json, line 3: "),
        ("t.json", '[{"a": 1}, 2]', "t.json, entry 2: this is no object"),
        ("t.json", '{"a": 1}', "t.json holds no list"),
        ("t.json", "[]", "t.json holds no cases"),
        ("t.json", "[" * 100_000, "t.json is not usable JSON"),
        ("t.json", json.dumps([{"a": 1}] * 1_001), "t.json holds more than 1,000 cases"),
        ("t.jsonl", "x" * 2_000_001, "t.jsonl is larger than 2,000,000 bytes"),
        ("t.xlsx", "PK", "t.xlsx is no file of cases"),
        ("", "a", "The file is no file of cases"),
        ("../" + "n" * 4_000 + "\n<b>.json", "{", "nnnn"),
    ],
)  # fmt: skip
async def test_a_bad_file_is_an_alert_that_names_its_place(call: Call, name: str, text: str, message: str):
    update = await call("read_cases", name=name, text=text)
    assert list(update) == ["alert"]
    assert update["alert"]["message"].startswith(message)
    assert update["alert"]["hint"] and len(update["alert"]["message"]) < 300


async def test_empty_objects_are_left_out_and_counted(call: Call):
    imported = (await call("read_cases", name="t.json", text='[{"a": 1}, {}, {}]'))["imported"]
    assert (imported["cases"], imported["losses"]) == ([{"a": 1}], ["2 empty cases"])


PARTS = ["{", "}", "[", "]", '"a"', ":", ",", "1", "\n", "\r", "\0", '"', ";", "__expected", "is-json", "\ufeff", "\\ud800", "1e999", "NaN"]  # fmt: skip


@settings(max_examples=examples(200), deadline=None)
@given(
    st.lists(st.sampled_from(PARTS) | st.text(max_size=3), max_size=12).map("".join),
    st.sampled_from(["x.csv", "x.json", "x.jsonl", "x"]),
)
def test_any_text_reads_as_cases_or_ends_in_a_prompt_error(text: str, name: str):
    try:
        found = cases_of(name, text, [])
    except PromptError as exc:
        assert exc.message and exc.hint
    else:
        assert found.cases and json.dumps(found.cases).encode()


def test_a_file_of_cases_in_the_library_is_a_row_that_says_where_it_belongs():
    good, cases = read_incoming([("a.prompty", b"user:\nHi"), ("tests/t.csv", TABLE.encode())])
    assert good.error is None
    assert cases.path == "tests/t.csv"
    assert cases.error is not None
    assert cases.error.message == "t.csv holds test cases, not a prompt."
    assert "press Import cases" in cases.error.hint


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("rows.jsonl", '{"mail": "Hi"}\n{"mail": "Bye"}', "cases"),
        ("rows.json", '[{"mail": "Hi"}, {"mail": "Bye"}]', "cases"),
        ("tests.csv", "mail,__expected\nHi,equals:x", "cases"),
        ("chat.json", '{"model": "m", "messages": [{"role": "user", "content": "Hi"}]}', "prompts"),
        ("greet.prompt.yml", "name: x\nmessages:\n  - role: user\n    content: Hi\n", "prompts"),
        ("broken.json", '{"a": ', "prompts"),
        ("empty.yaml", "", "prompts"),
    ],
)
async def test_a_dropped_file_is_taken_for_what_it_holds(call: Call, name: str, text: str, kind: str):
    assert (await call("kind_of_file", name=name, text=text)) == {"kind": kind}
