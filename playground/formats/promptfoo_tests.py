"""Promptfoo's tests ⇄ cases and checks: rows of values, and assertions that differ from test to test.

    tests: [{vars: {city: Paris}, assert: [{type: contains, value: France}]},
            {vars: {city: Rome},  assert: [{type: contains, value: Italy}]}]
    → cases {"city": "Paris", "expected": "France"}, {"city": "Rome", "expected": "Italy"}
      check contains {{ expected }}

A case without an expected value is not judged by that check. A list among the values multiplies the cases.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from math import prod
from typing import Any, NamedTuple

from playground.errors import PromptError
from playground.formats.promptfoo_asserts import REFERENCE, VALUE, read_assert, write_assert
from playground.scorers.options import PLACEHOLDER, placeholders
from playground.types.prompt import Check

MAX_CASES = 1_000
MAX_ASSERTS = 100
"""Assertions in one list."""


class ReadTest(NamedTuple):
    """A test as it was read: the values of its cases (several when a list multiplies them) and its checks."""

    rows: list[dict[str, Any]]
    checks: list[Check]


# --- a configuration's tests ----------------------------------------------------------------------


def read_default(data: Any, losses: list[str]) -> dict[str, Any]:
    """What stands for all tests, empty for nothing; a reference to a file is a loss."""
    if data is not None and not isinstance(data, dict):
        losses.append("defaultTest: refused, only values and assertions in the file itself are read")
    return data if isinstance(data, dict) else {}


def read_tests(data: Any, default: dict[str, Any], file: str, losses: list[str]) -> list[ReadTest]:
    """The tests with the default values filled in; raises PromptError for more than MAX_CASES cases."""
    lost: dict[str, None] = {}
    shared = _read_vars(default.get("vars"), "defaultTest.vars", lost)
    plain = _keeps_lists(default, lost)
    if isinstance(data, str | dict):
        lost["tests: refused, only tests in the file itself are read"] = None
    rows = data if isinstance(data, list) else [{}] if shared else []
    tests, total = list[ReadTest](), 0
    for row in rows:
        if not isinstance(row, dict):
            lost["tests: an entry that names a file or a program is refused"] = None
            continue
        for key in row.keys() - {"vars", "assert", "options"}:
            lost[f"tests.{key}: there is no such field here"] = None
        values = shared | _read_vars(row.get("vars"), "tests.vars", lost)
        keep = _keeps_lists(row, lost) or plain
        lists = {
            name: value if isinstance(value, list) and not keep else [value] for name, value in values.items()
        }
        total += prod(len(items) for items in lists.values())
        if total > MAX_CASES:
            raise PromptError(
                f"{file}: the tests make more than {MAX_CASES:,} cases.",
                "A list in `vars` multiplies them: shorten it, or set `disableVarExpansion`.",
            )
        found = list[str]()
        checks = read_asserts(row.get("assert"), "assert", found)
        lost.update(dict.fromkeys(found))
        expanded = [dict(zip(lists, items, strict=True)) for items in product(*lists.values())]
        if values or checks:
            tests.append(ReadTest(expanded, checks))
    losses += sorted(lost)
    return tests


def _read_vars(data: Any, where: str, lost: dict[str, None]) -> dict[str, Any]:
    """Values by name without references; text with braces stays as it is, which is named."""
    if not isinstance(data, dict):
        if data is not None:
            lost[f"{where}: refused, only values in the file itself are read"] = None
        return {}
    kept = {}
    for name, value in data.items():
        items = value if isinstance(value, list) else [value]
        if any(isinstance(item, str) and REFERENCE.match(item) for item in items):
            lost[f"{where}.{name}: refused, nothing is fetched or executed"] = None
            continue
        if any(isinstance(item, str) and re.search(r"\{\{|\{%", item) for item in items):
            lost[f"{where}.{name}: a template in a value is text here"] = None
        kept[name] = value
    return kept


def _keeps_lists(data: dict[str, Any], lost: dict[str, None]) -> bool:
    options = data.get("options")
    if not isinstance(options, dict):
        return False
    for key in options.keys() - {"disableVarExpansion"}:
        lost[f"options.{key}: not used here"] = None
    return options.get("disableVarExpansion") is True


def read_asserts(data: Any, where: str, losses: list[str]) -> list[Check]:
    """The checks of a list of assertions; those that have none here are losses."""
    if data is None:
        return []
    if not isinstance(data, list):
        losses.append(f"{where}: not a list of assertions")
        return []
    if len(data) > MAX_ASSERTS:
        losses.append(f"{where}: only the first {MAX_ASSERTS} of a list are read")
    return [check for row in data[:MAX_ASSERTS] if (check := read_assert(row, where, losses))]


def gather(
    tests: Sequence[ReadTest], losses: list[str], taken: Iterable[str] = ()
) -> tuple[tuple[dict[str, Any], ...], tuple[Check, ...]]:
    """The cases of all tests, and the checks that say for all of them what each test's own assertions say.

    `taken` are further names that a case must not use for an expected value.
    """
    cases = [[dict(row) for row in test.rows] for test in tests]
    names = {name for test in tests for row in test.rows for name in row} | set(taken)
    checks = []
    for key, found in _groups(tests).items():
        first = next(iter(found.values()))
        option = VALUE.get(first.scorer)
        same = all(check == first for check in found.values())
        if same and len(found) == len(tests) or same and _needs_its_case(first, found, tests):
            checks.append(first)
        elif option is None:
            losses.append(
                f"assert {key[0]}: it stands in {len(found)} of {len(tests)} tests; checks are for all"
            )
        else:
            name = free_name("expected", names)
            names.add(name)
            for number, check in found.items():
                for row, origin in zip(cases[number], tests[number].rows, strict=True):
                    row[name] = _filled(check.options[option], origin)
            checks.append(first.model_copy(update={"options": first.options | {option: f"{{{{ {name} }}}}"}}))
    return tuple(row for rows in cases for row in rows), tuple(checks)


def _groups(tests: Sequence[ReadTest]) -> dict[tuple[Any, ...], dict[int, Check]]:
    """Checks that differ in their value only, by test; the second one of a kind in a test is a group of its own."""
    groups: dict[tuple[Any, ...], dict[int, Check]] = {}
    for number, test in enumerate(tests):
        seen: Counter[tuple[Any, ...]] = Counter()
        for check in test.checks:
            option = VALUE.get(check.scorer)
            rest = {key: value for key, value in check.options.items() if key != option}
            kind = (check.scorer, json.dumps(rest, sort_keys=True), check.negate, check.weight)
            groups.setdefault((*kind, seen[kind]), {})[number] = check
            seen[kind] += 1
    return groups


def _needs_its_case(check: Check, found: Mapping[int, Check], tests: Sequence[ReadTest]) -> bool:
    """Whether the other tests lack a value that the check names, so that it would not judge them anyway."""
    named = placeholders(check.options)
    others = [row for number, test in enumerate(tests) if number not in found for row in test.rows]
    return bool(named) and all(any(row.get(name) in (None, "") for name in named) for row in others)


def _filled(value: Any, row: Mapping[str, Any]) -> Any:
    if isinstance(value, list):
        return [_filled(item, row) for item in value]
    return PLACEHOLDER.sub(lambda match: str(row.get(match[1], "")), value)


def free_name(name: str, taken: set[str]) -> str:
    """The name, or with a number the first one that nobody has."""
    number, wanted = 1, name
    while name in taken:
        number += 1
        name = f"{wanted}_{number}"
    return name


# --- writing --------------------------------------------------------------------------------------------


def write_vars(row: dict[str, Any], number: int, losses: list[str]) -> dict[str, Any]:
    """The values of a case without those that promptfoo would load; those it would fill in are named."""
    kept = {}
    for name, value in row.items():
        if isinstance(value, str) and REFERENCE.match(value):
            losses.append(f"cases: {name} of case {number} is left out, promptfoo would load it")
            continue
        if isinstance(value, str) and re.search(r"\{\{|\{%", value):
            losses.append(f"cases: {name} of case {number} holds braces, promptfoo would fill them in")
        kept[name] = value
    return kept


def write_checks(
    checks: tuple[Check, ...], rows: list[dict[str, Any]], losses: list[str]
) -> tuple[list[dict[str, Any]], list[list[dict[str, Any]]]]:
    """Assertions for all tests, and those of each row: checks that name a value which some rows lack."""
    default: list[dict[str, Any]] = []
    own: list[list[dict[str, Any]]] = [[] for _ in rows]
    for check in checks:
        named = placeholders(check.options)
        having = [all(has_value(row, name) for name in named) for row in rows]
        lists = any(isinstance(row.get(name), list | tuple) for row in rows for name in named)
        if all(having) and not (lists and check.scorer.startswith("contains_")):
            if data := write_assert(check, losses):
                default.append(data)
            continue
        found: list[str] = []
        if lists:
            losses.append(f"checks: the values of {', '.join(named)} are written into each test")
        for row, asserts, applies in zip(rows, own, having, strict=True):
            if applies and (data := write_assert(check, found, row if lists else None)):
                asserts.append(data)
        losses += dict.fromkeys(found)
        if not any(having):
            losses.append(f"checks: no case has a value for {', '.join(named)}")
    return default, own


def has_value(row: Mapping[str, Any], name: str) -> bool:
    """Whether a check that names this value judges the case."""
    return row.get(name) not in (None, [], ()) and bool(str(row[name]).strip())
