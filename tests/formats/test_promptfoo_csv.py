"""Tables of tests: cases and checks both ways, what promptfoo would change is named, hostile tables are refused."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.errors import PromptError
from playground.formats import promptfoo_csv
from playground.formats.base import Export
from playground.types.files import ExportFile
from playground.types.prompt import Check, Input, Prompt, Turn
from tests.examples import examples

CAPITALS = Prompt(
    name="Capitals",
    turns=(Turn(role="user", template="Capital of {{ country }}, {{ tone }}?"),),
    inputs=(Input(name="country", example="France"), Input(name="tone", example="kind")),
    checks=(
        Check(scorer="contains", options={"text": "{{ expected }}", "ignore_case": True}),
        Check(scorer="contains_any", options={"texts": ["sorry", "no"], "ignore_case": False}, negate=True),
        Check(scorer="regex", options={"pattern": "^[A-Z],", "ignore_case": False}),
        Check(scorer="json_schema", options={"schema": {"type": "string"}}),
        Check(scorer="equals", options={"text": "{{ only }}", "ignore_case": False}),
    ),
    cases=(
        {"country": "France", "tone": "kind", "expected": "Paris", "only": "x"},
        {"country": "=1+1", "tone": ' "short", ', "expected": "+49", "only": ""},
        {"country": "@home", "tone": "a\nb", "expected": "-x", "only": ""},
    ),
)


def written(prompt: Prompt, **rest: Any) -> ExportFile:
    return promptfoo_csv.write(Export(prompt=prompt, **rest))


def table(file: ExportFile) -> list[list[str]]:
    return list(csv.reader(io.StringIO(file.text, newline=""), strict=True))


def test_the_written_table_equals_the_golden_one_and_reads_back(golden: Any) -> None:
    file = written(CAPITALS)
    golden("capitals.csv", file.text)
    assert file.name == "capitals.csv"
    assert file.losses == (
        "turns: a table of tests holds no prompt",
        "name: this format has no such field",
    )
    reading = promptfoo_csv.read(file.text, file.name)
    assert reading.losses == ()
    assert reading.prompt == Prompt(inputs=CAPITALS.inputs, cases=CAPITALS.cases, checks=CAPITALS.checks)


def test_values_that_a_spreadsheet_takes_for_a_formula_come_back_unchanged() -> None:
    values = ["=1+1", "+1", "-1", "@x", "\t=1", "=cmd|' /C calc'!A0"]
    file = written(Prompt(cases=tuple({"a": value} for value in values)))
    assert [row[0] for row in table(file)[1:]] == values
    assert [row["a"] for row in promptfoo_csv.read(file.text).prompt.cases] == values


def test_without_cases_the_examples_are_the_one_row() -> None:
    prompt = CAPITALS.model_copy(update={"cases": (), "checks": CAPITALS.checks[2:3]})
    file = written(prompt, values={"country": "Italy"})
    assert table(file) == [["country", "tone", "__expected"], ["France", "kind", "regex:^[A-Z],"]]
    assert "cases: there are none, the example values become the one row" in file.losses
    bare = prompt.model_copy(update={"inputs": (), "checks": ()})
    assert table(written(bare, values={"country": "Italy"})) == [["country", "tone"], ["Italy", ""]]


@pytest.mark.parametrize(
    ("check", "cell", "loss"),
    [
        (Check(scorer="contains", options={"text": "Paris"}), "icontains:Paris", ""),
        (Check(scorer="equals", options={"text": "x: y", "ignore_case": False}, negate=True), "not-equals:x: y", ""),
        (Check(scorer="json"), "is-json", ""),
        (Check(scorer="contains_json", negate=True), "not-contains-json", ""),
        (Check(scorer="starts_with", options={"text": "A", "ignore_case": False}), "starts-with:A", ""),
        (Check(scorer="contains_all", options={"texts": ["a", "{{ a }}"]}), "icontains-all:a,{{ a }}", ""),
        (Check(scorer="contains_any", options={"texts": "{{ many }}"}), "icontains-any:p,q", ""),
        (Check(scorer="contains", options={"text": "x"}, weight=2), "icontains:x", "its weight is lost"),
        (Check(scorer="contains_any", options={"texts": ["a,b"]}), "", "a comma in an item"),
        (Check(scorer="contains", options={"text": " x"}), "", "white space around a value"),
        (Check(scorer="contains", options={"text": "{% x %}"}), "", "braces for a template"),
        (Check(scorer="contains", options={"text": "file://x"}), "", "promptfoo would load it"),
        (Check(scorer="length", options={"max": 9}), "", "there is no assertion that does the same"),
        (Check(scorer="contains", options={"text": "{{ none }}"}), "", "no case has a value for none"),
    ],
)  # fmt: skip
def test_a_check_is_written_in_shorthand_or_its_loss_is_named(check: Check, cell: str, loss: str) -> None:
    file = written(Prompt(checks=(check,), cases=({"a": "1", "many": ["p", "q"]},)))
    header, *rows = table(file)
    assert [row[header.index("__expected")] for row in rows if "__expected" in header] == (
        [cell] if cell else []
    )
    assert not loss or any(loss in line for line in file.losses)


def test_cases_that_a_table_cannot_hold_are_named() -> None:
    cases = (
        {"a": 1, "__b": "x", " c": "y", "": "z"},
        {"a": "file:///etc/passwd", "d": True},
        {"a": ""},
    )
    file = written(Prompt(cases=cases))
    assert table(file) == [["a", "d"], ["1", ""], ["", "true"]]
    reasons = [loss.partition(":")[0] for loss in file.losses]
    assert {"cases.a", "cases.d", "cases.__b", "cases. c", "cases.", "cases"} == set(reasons)
    assert "cases: a of case 2 is left out, promptfoo would load it" in file.losses
    assert "cases: case 3 is empty" in file.losses


# --- round trip ---------------------------------------------------------------------------------------------

names = st.sampled_from(["word", "tone", "größe", "a;b", "a,b", 'say "x"', "x y"])
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8).filter(
    lambda text: not text.lower().lstrip().startswith(("file:", "exec:", "package:"))
)
values = texts | st.sampled_from(["=1", "@a", "a,b", 'a"b', "a\r\nb", "\r", " x ", ";", "\ufeff", "{{ a }}"])
words = st.sampled_from(
    ["x", "x: y", "it's", 'say "x"', "a\nb", "-1", "contains:x", "{{ expected }}", "in {{ expected }}"]
)
checks = st.one_of(
    st.builds(
        lambda scorer, text, ignore, negate: Check(
            scorer=scorer, options={"ignore_case": ignore, "text": text}, negate=negate
        ),
        st.just("contains"),
        words,
        st.booleans(),
        st.booleans(),
    ),
    st.builds(lambda text: Check(scorer="equals", options={"ignore_case": False, "text": text}), words),
    st.builds(
        lambda items: Check(scorer="contains_all", options={"ignore_case": True, "texts": items}),
        st.lists(st.sampled_from(["p", "q r", "{{ expected }}"]), min_size=1, max_size=3),
    ),
    st.just(Check(scorer="json")),
    st.just(Check(scorer="json_schema", options={"schema": {"type": "object", "title": "a, b"}})),
)  # fmt: skip


@st.composite
def prompts(draw: st.DrawFn) -> Prompt:
    columns = draw(st.lists(names, min_size=1, max_size=3, unique=True))
    row = st.fixed_dictionaries(
        {name: values for name in columns} | {"expected": st.just("Ulm") | texts.map("x".__add__)}
    )
    rows = draw(st.lists(row, min_size=1, max_size=4))
    return Prompt(cases=tuple(rows), checks=tuple(draw(st.lists(checks, max_size=4))))  # fmt: skip


@settings(max_examples=examples(200), deadline=None)
@given(prompts())
def test_any_cases_and_checks_that_a_table_holds_come_back(prompt: Prompt) -> None:
    file = written(prompt)
    read = promptfoo_csv.read(file.text, file.name).prompt
    assert read.cases == prompt.cases
    # A table has one column for the same check in all rows, in the order of the checks.
    assert sorted(map(repr, read.checks)) == sorted(map(repr, prompt.checks))


# --- hostile tables -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a,b\n1,\0\n", "t.csv, line 2: a zero byte"),
        (",".join(f"c{n}" for n in range(100_000)) + "\n1\n", "t.csv has more than 1,000 columns"),
        ('a\n1\n"x\ny\n', "t.csv, line 3: a quote is opened and never closed."),
        (
            "a,b\n1,2\n1,2,3\n",
            "t.csv, line 3: 3 cells for 2 columns; the first without one is '3', after the column 'b'.",
        ),
        ("a\n" + "x" * 1_200_000, "t.csv, line 2: a field of more than 1,000,000 characters."),
        ("a\n" + "x" * 2_000_001, "t.csv is larger than"),
        ("a\n\ud83d\n", "t.csv holds half a character"),
        ("a\n" + "x\n" * 1_001, "t.csv holds more than 1,000 tests"),
        ("\ufeff", "t.csv holds no tests"),
        ("a,a\n1,2\n", "t.csv: the columns 1 and 2 are both called 'a'."),
    ],
)
def test_a_hostile_table_is_refused_with_its_line(text: str, problem: str) -> None:
    with pytest.raises(PromptError) as caught:
        promptfoo_csv.read(text, "t.csv")
    assert caught.value.message.startswith(problem)
    assert caught.value.hint


@pytest.mark.parametrize("text", ["\ufeffa;b\r\n1,5;2\r\n", "a\tb\n1,5\t2\n", 'a,b\n"1,5",2\n'])
def test_tables_of_spreadsheets_are_read_whatever_parts_their_columns(text: str) -> None:
    assert promptfoo_csv.read(text).prompt.cases == ({"a": "1,5", "b": "2"},)


def test_hundreds_of_columns_of_checks_are_cut_and_named() -> None:
    header = ",".join(f"__expected{n}" for n in range(900))
    reading = promptfoo_csv.read(f"a,{header}\n" + f"x{',is-json' * 900}\n" * 200)
    assert len(reading.prompt.checks) == 100
    assert reading.losses == ("__expected: only the first 100 columns are read",)
