"""Files of cases: tables, lists and lines of values, promptfoo's tests, chats.

read_cases("mails.jsonl", '{"mail": "Hi"}')                        →  cases {"mail": "Hi"}
read_cases("t.json", '[{"vars": {"q": "1+1"}, "assert": [{"type": "equals", "value": "2"}]}]')
                                                                   →  cases {"q": "1+1"}, check equals "2"
read_cases("c.jsonl", '{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]}')
                                                                   →  cases {"input": "Hi", "expected": "Ho"}
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from playground.errors import PromptError
from playground.formats import chats, yaml_text
from playground.formats.promptfoo_table import read_csv_tests
from playground.formats.promptfoo_tests import (
    MAX_CASES,
    ReadTest,
    free_name,
    gather,
    read_default,
    read_tests,
)
from playground.plurals import plural
from playground.tables import json_text
from playground.tables.preview import Preview
from playground.tables.reading import read_table
from playground.types.prompt import Check

SUFFIXES = ("csv", "tsv", "json", "jsonl", "ndjson", "yaml", "yml")
BINARY = ("xlsx", "xlsm", "parquet", "pq")
"""Endings of tables that are no text."""
MAX_BYTES = 2_000_000

_LISTS = ("tests", "testData", "test_cases", "cases", "examples", "rows", "data", "samples")
"""Keys under which an object may hold its rows."""
_TEST_KEYS = {
    *(
        "vars",
        "assert",
        "description",
        "options",
        "threshold",
        "metadata",
        "provider",
        "providers",
        "prompts",
    ),
    *("assertScoringFunction", "providerOutput"),
}
_QUESTIONS = ("input", "question", "prompt", "query", "text", "message", "user", "instruction")


class CaseFile(NamedTuple):
    """What a file of cases holds: rows of values, the checks its table names, and what was not taken over."""

    cases: tuple[dict[str, Any], ...]
    checks: tuple[Check, ...] = ()
    losses: tuple[str, ...] = ()


def read_binary_cases(file: str, data: bytes) -> CaseFile:
    """The cases of a table that is no text (XLSX, Parquet), read as a data set is; raises PromptError."""
    if len(data) > MAX_BYTES:
        raise PromptError(f"{file} is larger than {MAX_BYTES:,} bytes.", "Import it as a data set.")
    reading = read_table(file, data)
    preview = reading.preview(count=0)
    cases = tuple(row.values for row in reading.rows())
    if len(cases) > MAX_CASES:
        raise PromptError(f"{file} holds more than {MAX_CASES:,} cases.", "Import it as a data set.")
    if not cases:
        raise PromptError(
            f"{file} holds no cases.", "Its first row names the columns, each further one is a case."
        )
    return CaseFile(cases, (), _told(preview))


def _told(preview: Preview) -> tuple[str, ...]:
    """The problems of a table, a line each."""
    return tuple(
        f"{preview.unit} {', '.join(map(str, problem.lines[:5]))}{' and more' if problem.count > 5 else ''}: "
        f"{problem.what}{', left out' if problem.refused else ''}"
        for problem in preview.problems
    )


class Row(NamedTuple):
    """A row and the place in the file where it stands."""

    where: str
    value: Any


def read_cases(file: str, text: str, taken: Collection[str] = ()) -> CaseFile:
    """The cases of a file with this name and text; `taken` are the variables of the prompt that they are for.

    Raises PromptError naming the file, and the line or entry if there is one.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise PromptError(f"{file} is larger than {MAX_BYTES:,} bytes.", "Split it and import the parts.")
    text = text.removeprefix("\ufeff")
    if not text.strip():
        raise PromptError(f"{file} is empty.", "Choose a file with cases in it.")
    suffix = file.rpartition(".")[2].lower()
    if suffix not in SUFFIXES:
        raise PromptError(
            f"{file} is no file of cases.", "Cases are read from .csv, .tsv, .jsonl, .json and .yaml files."
        )
    if suffix in ("csv", "tsv"):
        return CaseFile(*read_csv_tests(text, file, taken))
    losses: list[str] = []
    default: dict[str, Any] = {}
    if suffix in ("jsonl", "ndjson"):
        rows = _lines(file, text)
    else:
        rows, default = _listed(file, text, is_yaml=suffix in ("yaml", "yml"), losses=losses)
    return _of_rows(file, rows, default, taken, losses)


def _lines(file: str, text: str) -> list[Row]:
    """Each value of JSON Lines with the place it stands at."""
    return [
        Row(f"{file}, line {number}", json_text.load(line, file=file, first_line=number))
        for number, line in enumerate(text.split("\n"), 1)
        if line.strip()
    ]


def _listed(file: str, text: str, *, is_yaml: bool, losses: list[str]) -> tuple[list[Row], dict[str, Any]]:
    """Each entry of a list with its place, and what a configuration says for all of them."""
    try:
        data = (yaml_text if is_yaml else json_text).load(text, file=file)
    except PromptError:
        lines = text.strip().split("\n")
        if is_yaml or len(lines) < 2 or not all(line.strip()[:1] in ("{", "") for line in lines):
            raise
        try:  # lines of JSON under the name of a list
            return _lines(file, text), {}
        except PromptError:
            pass
        raise
    default: dict[str, Any] = {}
    if isinstance(data, dict):
        key = next((key for key in _LISTS if isinstance(data.get(key), list)), "")
        if key:
            default = read_default(data.get("defaultTest"), losses)
            losses += [f"{other}: not a case" for other in data if other not in (key, "defaultTest")]
            data = data[key]
    if not isinstance(data, list):
        raise PromptError(
            f"{file} holds no list.", "Cases are a list of objects, each with its values by name."
        )
    return [Row(f"{file}, entry {number}", row) for number, row in enumerate(data, 1)], default


def _of_rows(
    file: str, rows: list[Row], default: dict[str, Any], taken: Collection[str], losses: list[str]
) -> CaseFile:
    if len(rows) > MAX_CASES:
        raise PromptError(f"{file} holds more than {MAX_CASES:,} cases.", "Split it and import the parts.")
    for where, row in rows:
        if not isinstance(row, dict):
            raise PromptError(f"{where}: this is no object.", 'A case is values by name: {"city": "Ulm"}.')
    filled = [row for _, row in rows if row]
    checks: tuple[Check, ...] = ()
    if any(map(is_test, filled)):
        tests = [
            test
            for row in filled
            for test in (
                read_tests([row], default, file, losses) if is_test(row) else [ReadTest([dict(row)], [])]
            )
        ]
        losses[:] = dict.fromkeys(losses)
        cases, checks = gather(tests, losses, taken)
        checks = (*_default_checks(default, losses), *checks)
        cases = tuple(row for row in cases if row)
    elif filled and all(chats.is_chat(row) for row in filled):
        cases = _of_chats(filled, taken, losses)
    else:
        cases = tuple(filled)
    if not cases:
        raise PromptError(f"{file} holds no cases.", 'A case is values by name: {"city": "Ulm"}.')
    if empty := len(rows) - len(filled):
        losses.append(plural(empty, "empty case"))
    return CaseFile(cases, checks, tuple(losses))


def _default_checks(default: dict[str, Any], losses: list[str]) -> list[Check]:
    from playground.formats.promptfoo_tests import read_asserts

    return read_asserts(default.get("assert"), "defaultTest.assert", losses)


def is_test(row: Any) -> bool:
    """Whether a row is a test of promptfoo's, not values that happen to be called so."""
    if not isinstance(row, dict):
        return False
    has_vars = isinstance(row.get("vars"), dict | str)
    return (has_vars or isinstance(row.get("assert"), list)) and row.keys() <= _TEST_KEYS


def _of_chats(
    rows: Iterable[dict[str, Any]], taken: Collection[str], losses: list[str]
) -> tuple[dict[str, Any], ...]:
    """Each chat as a case: its last question is a value, what was answered is what is expected."""
    wanted = [name for name in _QUESTIONS if name in taken] or list(taken)[:1] or ["input"]
    question = wanted[0]
    others = {*taken, question}
    expected, system, history = (free_name(name, others) for name in ("expected", "system", "history"))
    cases, lost = [], list[str]()
    for row in rows:
        turns = [(turn.role, turn.text) for turn in chats.turns_of(row, lost)]
        case: dict[str, Any] = {}
        if turns and turns[-1][0] == "assistant":
            case[expected] = turns.pop()[1]
        if turns and turns[-1][0] == "user":
            case = {question: turns.pop()[1]} | case
        if turns and turns[0][0] == "system":
            case[system] = turns.pop(0)[1]
        if turns:
            case[history] = "\n\n".join(f"{role.capitalize()}: {text}" for role, text in turns)
        cases.append(case)
    losses += dict.fromkeys(lost)
    losses.append(
        f"chats: the last question of each is its value {question}, the last answer {expected};"
        f" what a system turn says is {system}, what came before is {history}"
    )
    return tuple(case for case in cases if case)
