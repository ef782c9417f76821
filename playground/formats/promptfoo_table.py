"""Promptfoo's tables of tests: CSV with a column for each variable, and what is expected in `__expected…` columns.

    city,__expected            cases {"city": "Paris", "expected": "France"} …
    Paris,icontains:France  →  check contains {{ expected }}

Tables of spreadsheets are read as these write them: parted by semicolons or tabs, with a first line `sep=;`, with columns
at the end that have neither a name nor a value.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from playground.errors import PromptError
from playground.formats import yaml_text
from playground.formats.promptfoo_asserts import REFERENCE, TYPES, read_assert
from playground.formats.promptfoo_tests import MAX_ASSERTS, MAX_CASES, ReadTest, gather
from playground.tables.separated import as_lines, delimiter_of, parse
from playground.types.prompt import Check

MAX_COLUMNS = 1_000

_OTHER_TYPES = (
    "levenshtein|rouge-n|bleu|similar|latency|cost|llm-rubric|model-graded-closedqa|factuality|"
    "answer-relevance|classifier|perplexity-score|perplexity|webhook|moderation|is-valid-openai-tools-call|is-sql|"
    "contains-sql|is-xml|contains-xml|is-html|contains-html|word-count|meteor|gleu|is-refusal|guardrails|"
    "context-recall|context-relevance|context-faithfulness|select-best|max-score|g-eval|pi|finish-reason"
)
_CSV_ASSERT = re.compile(
    rf"(not-)?({'|'.join(sorted(TYPES, key=len, reverse=True))}|{_OTHER_TYPES})(?:\((\d+(?:\.\d+)?)\))?(?::(.*))?",
    re.S,
)
_CSV_CODE = re.compile(r"(?:javascript|fn|eval|python|ruby|file|exec|package)\s*:", re.I)


def read_csv_tests(
    text: str, file: str = "The file", taken: Iterable[str] = ()
) -> tuple[tuple[dict[str, Any], ...], tuple[Check, ...], tuple[str, ...]]:
    """Cases, checks and losses of a table of tests: a column for each variable, and `__expected…` columns.

    Columns may be parted by semicolons or tabs too, as some spreadsheets save them. `taken` as in `gather`. Raises
    PromptError naming the file, and the line where there is one.
    """
    lines = _csv_lines(text, file)
    if len(lines) < 2:
        raise PromptError(
            f"{file} holds no tests.", "Its first line names the columns, each further one is a test."
        )
    if len(lines) - 1 > MAX_CASES:
        raise PromptError(f"{file} holds more than {MAX_CASES:,} tests.", "Split the table.")
    header = _header(lines, file)
    losses: dict[str, None] = {}
    if sum(name.startswith("__expected") for name in header) > MAX_ASSERTS:
        losses[f"__expected: only the first {MAX_ASSERTS} columns are read"] = None
    known: dict[tuple[str, str], Check | None] = {}
    tests = []
    for line, cells in lines[1:]:
        if any(cell.strip() for cell in cells[len(header) :]):
            raise PromptError(
                f"{file}, line {line}: {len(cells)} cells for {len(header)} columns; the first without one is"
                f" {cells[len(header)][:40]!r}, after the column {header[-1][:40]!r}.",
                "Put quotes around a cell that holds what parts the columns.",
            )
        tests.append(_csv_test(dict(zip(header, cells, strict=False)), known, losses))
    found = list(losses)
    cases, checks = gather(tests, found, taken)
    return cases, checks, tuple(found)


def _header(lines: list[tuple[int, list[str]]], file: str) -> list[str]:
    """The names of the columns, without empty columns at the end; raises PromptError naming the one that is wrong."""
    names = [name.strip() for name in lines[0][1]]
    used = max(
        (number for _, cells in lines for number, cell in enumerate(cells, 1) if cell.strip()), default=0
    )
    names = names[:used]
    if len(names) > MAX_COLUMNS:
        raise PromptError(f"{file} has more than {MAX_COLUMNS:,} columns.", "Leave out those nobody needs.")
    twice = next((name for name, times in Counter(names).items() if name and times > 1), "")
    if twice:
        places = [str(number) for number, name in enumerate(names, 1) if name == twice]
        raise PromptError(
            f"{file}: the columns {' and '.join(places)} are both called {twice[:60]!r}.",
            "Give each column a name of its own.",
        )
    if "" in names:
        number = names.index("") + 1
        before = f", after {names[number - 2][:60]!r}," if number > 1 else ""
        raise PromptError(
            f"{file}: column {number}{before} has values and no name.",
            "Name it in the first line, or empty it.",
        )
    return names


def _csv_lines(text: str, file: str) -> list[tuple[int, list[str]]]:
    """The rows that are not empty, each with the line of the file on which it ends."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError as exc:
        raise PromptError(
            f"{file} holds half a character.", "Look for text with a broken emoji in it."
        ) from exc
    if size > yaml_text.MAX_BYTES:
        raise PromptError(f"{file} is larger than {yaml_text.MAX_BYTES:,} bytes.", "Split the table.")
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise PromptError(
            f"{file}, line {line}: a zero byte, so this is no text.", "Save the table as UTF-8 text."
        )
    lines = as_lines(text.removeprefix("\ufeff"))
    delimiter, first = delimiter_of(lines)
    found = []
    for record in parse(lines, delimiter, first=first):
        if record.findings:
            raise PromptError(
                f"{file}, line {record.line}: {record.findings[0].what}.", record.findings[0].then
            )
        found.append((record.last, list(record.cells)))
    return found


def _csv_test(
    row: dict[str, str], known: dict[tuple[str, str], Check | None], losses: dict[str, None]
) -> ReadTest:
    """The test of a row; `known` are the checks of cells that were read before, most of which come again."""
    values: dict[str, Any] = {}
    checks = []
    expected = 0
    for name, cell in row.items():
        if name.startswith("__expected"):
            expected += 1
            if expected > MAX_ASSERTS or not cell.strip():
                continue
            if (name, cell) not in known:
                known[name, cell] = _csv_check(cell.strip(), name, losses)
            if check := known[name, cell]:
                checks.append(check)
        elif name.startswith("__"):
            if cell.strip():
                losses[f"{name}: there is no such field here"] = None
        elif REFERENCE.match(cell):
            losses[f"{name}: {cell[:60]!r} is refused, nothing is fetched or executed"] = None
        else:
            values[name] = cell
    return ReadTest([values], checks)


def _csv_check(text: str, where: str, losses: dict[str, None]) -> Check | None:
    """`contains: Paris`, `not-regex:…`, `is-json`; any other text is what the answer equals."""
    if _CSV_CODE.match(text):
        losses[f"{where}: {text[:60]!r} is refused, nothing is fetched or executed"] = None
        return None
    if text.startswith("grade:"):
        text = "llm-rubric:" + text[6:]
    data: dict[str, Any] = {"type": "equals", "value": text}
    if match := _CSV_ASSERT.fullmatch(text):
        data = {"type": (match[1] or "") + match[2]}
        data |= {"value": match[4].strip()} if (match[4] or "").strip() else {}
        data |= {"threshold": float(match[3])} if match[3] else {}
    found: list[str] = []
    check = read_assert(data, where, found)
    losses.update(dict.fromkeys(found))
    return check
