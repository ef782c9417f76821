"""Cases that come in: a file of test cases is read, and the page appends what it holds to the prompt on screen.

    read_cases(name="mails.jsonl", text='{"mail": "Hi"}')  →  {"imported": {"cases": [{"mail": "Hi"}], "checks": [], "losses": []}}

The page sends the bytes, in base64, of a file that is not UTF-8. Nothing is changed here.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from typing import TYPE_CHECKING, Literal

from playground.errors import PlaygroundError, PromptError
from playground.ui.actions import Action, Ask
from playground.ui.update import Update
from playground.workbench.service import Workbench

if TYPE_CHECKING:
    from playground.formats.case_file import CaseFile


async def read_cases(_: Workbench, ask: Ask) -> Update:
    """The cases and checks of a file; `taken` are names of variables that no expected value may get."""
    taken = (ask.model_extra or {}).get("taken")
    names = [str(name) for name in taken] if isinstance(taken, list) else []
    found = await asyncio.to_thread(cases_of, ask.text("name"), ask.text("text"), names, ask.text("data"))
    checks = [check.model_dump(mode="json") for check in found.checks]
    return {"imported": {"cases": list(found.cases), "checks": checks, "losses": list(found.losses)}}


def cases_of(name: str, text: str, taken: list[str], data: str = "") -> CaseFile:
    """The cases of a file with this name and text, or these bytes; raises PromptError naming the file."""
    # All the formats: not before a file is there.
    from playground.formats.case_file import BINARY, read_binary_cases
    from playground.formats.case_file import read_cases as read
    from playground.formats.recognise import shown_name
    from playground.tables.charset import decode

    file, note = shown_name(name), ""
    if data:
        try:
            content = base64.b64decode(data, validate=True)
        except binascii.Error as exc:
            raise PromptError(f"{file} did not arrive whole.", "Choose it again.") from exc
        if file.rpartition(".")[2].lower() in BINARY:
            return read_binary_cases(file, content)
        text, note = decode(content, file)
    found = read(file, text, taken)
    return found._replace(losses=(note, *found.losses)) if note else found


async def kind_of_file(_: Workbench, ask: Ask) -> Update:
    """Whether a dropped file holds prompts, or cases for the one on screen."""
    kind = await asyncio.to_thread(kind_of, ask.text("name"), ask.text("text"))
    return {"kind": kind}


def kind_of(name: str, text: str) -> Literal["cases", "prompts"]:
    """What a file with this name and text is taken for; what is neither counts as prompts, whose import says why."""
    from playground.formats.recognise import format_of, shown_name
    from playground.formats.registry import FORMATS

    try:
        return "cases" if FORMATS[format_of(shown_name(name), text)].only_cases else "prompts"
    except PlaygroundError:
        pass
    try:
        return "cases" if cases_of(name, text, []).cases else "prompts"
    except PlaygroundError:
        return "prompts"


ACTIONS: dict[str, Action] = {"read_cases": read_cases, "kind_of_file": kind_of_file}
