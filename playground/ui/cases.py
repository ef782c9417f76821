"""Cases that come in: a file of test cases is read, and the page appends what it holds to the prompt on screen.

    read_cases(name="mails.jsonl", text='{"mail": "Hi"}')  →  {"imported": {"cases": [{"mail": "Hi"}], "checks": [], "losses": []}}

A `.csv` is promptfoo's test table; JSON is a list of objects, JSON Lines one object a line. Nothing is changed here.
"""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple

from playground.errors import PromptError
from playground.types import Check
from playground.ui.actions import Action, Ask, Update
from playground.workbench import Workbench

MAX_BYTES = 2_000_000


class CaseFile(NamedTuple):
    """What a file of cases holds: rows of values, the checks its table names, and what was not taken over."""

    cases: tuple[dict[str, Any], ...]
    checks: tuple[Check, ...] = ()
    losses: tuple[str, ...] = ()


async def read_cases(_: Workbench, ask: Ask) -> Update:
    """The cases and checks of a file; `taken` are names of variables that no expected value may get."""
    taken = (ask.model_extra or {}).get("taken")
    names = [str(name) for name in taken] if isinstance(taken, list) else []
    found = await asyncio.to_thread(cases_of, ask.text("name"), ask.text("text"), names)
    checks = [check.model_dump(mode="json") for check in found.checks]
    return {"imported": {"cases": list(found.cases), "checks": checks, "losses": list(found.losses)}}


def cases_of(name: str, text: str, taken: list[str]) -> CaseFile:
    """The cases of a file with this name and text; raises PromptError naming the file, and the line if there is one."""
    # All the formats: not before a file is there.
    from playground.formats.promptfoo_tests import read_csv_tests
    from playground.formats.recognise import shown_name

    file = shown_name(name)
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise PromptError(f"{file} is larger than {MAX_BYTES:,} bytes.", "Split it and import the parts.")
    text = text.removeprefix("\ufeff")
    if not text.strip():
        raise PromptError(f"{file} is empty.", "Choose a file with cases in it.")
    suffix = file.rpartition(".")[2].lower()
    if suffix == "csv":
        return CaseFile(*read_csv_tests(text, file, taken))
    if suffix not in ("json", "jsonl"):
        raise PromptError(f"{file} is no file of cases.", "Cases are read from .csv, .jsonl and .json files.")
    return _of_rows(file, _lines(file, text) if suffix == "jsonl" else _list(file, text))


def _lines(file: str, text: str) -> list[tuple[str, Any]]:
    """Each value of JSON Lines with the place it stands at."""
    from playground.formats import json_text

    return [
        (f"{file}, line {number}", json_text.load(line, file=file, first_line=number))
        for number, line in enumerate(text.split("\n"), 1)
        if line.strip()
    ]


def _list(file: str, text: str) -> list[tuple[str, Any]]:
    """Each entry of a list in JSON with its place in it."""
    from playground.formats import json_text

    data = json_text.load(text, file=file)
    if not isinstance(data, list):
        raise PromptError(
            f"{file} holds no list.", "Cases are a list of objects, each with its values by name."
        )
    return [(f"{file}, entry {number}", row) for number, row in enumerate(data, 1)]


def _of_rows(file: str, rows: list[tuple[str, Any]]) -> CaseFile:
    from playground.formats.promptfoo_tests import MAX_CASES

    if len(rows) > MAX_CASES:
        raise PromptError(f"{file} holds more than {MAX_CASES:,} cases.", "Split it and import the parts.")
    for where, row in rows:
        if not isinstance(row, dict):
            raise PromptError(f"{where}: this is no object.", 'A case is values by name: {"city": "Ulm"}.')
    cases = tuple(row for _, row in rows if row)
    if not cases:
        raise PromptError(f"{file} holds no cases.", 'A case is values by name: {"city": "Ulm"}.')
    empty = len(rows) - len(cases)
    return CaseFile(cases, losses=(f"{empty} empty cases",) if empty else ())


ACTIONS: dict[str, Action] = {"read_cases": read_cases}
