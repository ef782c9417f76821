"""Prompt chaining: an ordered list of prompts; each sees the case's values and what the earlier ones gave, by name.

[{"prompt": "techniques/prompt-chaining/extract-quotes", "as": "quotes", "extract": "<quotes>(.*?)</quotes>"},
 {"prompt": "techniques/prompt-chaining/answer"}]

`extract` is a regular expression (its first group counts) or a JSON path ($.items[0].name).
"""

from __future__ import annotations

import json
import re
from typing import Any

import regex

from playground.techniques.asking import Ask
from playground.techniques.base import Task, Tools
from playground.techniques.chains import Chain, name_of
from playground.techniques.reading import AnswerKind, extracted_in
from playground.types.trace import Answer

QUOTES = r"<quotes>(.*?)</quotes>"
SECONDS = 1.0
DEFAULT = [
    {"prompt": "techniques/prompt-chaining/extract-quotes", "as": "quotes", "extract": QUOTES},
    {"prompt": "techniques/prompt-chaining/answer", "as": "answer"},
]


async def prompt_chaining(
    task: Task, ask: Ask, tools: Tools, *, chain: Chain = DEFAULT, answer: AnswerKind = "text"
) -> Answer:
    """One prompt after the other. The question of the case is `question`, its whole text `text` and `document`."""
    given: dict[str, Any] = {"question": task.text, "text": task.question, "document": document_of(task)}
    given |= dict(task.values)
    last = None
    for number, link in enumerate(chain):
        name = name_of(number, link)
        last = await ask(name, given, label=name, parent=last)
        rule = link.get("extract", "")
        found = cut_out(last.text, rule) if rule else last.text
        if rule:
            ask.mark(last, extracted=found or "", state="" if found is not None else "not found")
        given[name] = last.text.strip() if found is None else found.strip()
        ask.so_far(given[name])
    assert last is not None
    return ask.answer(given[name], extracted=extracted_in(given[name], answer))


def document_of(task: Task) -> str:
    """The documents of the case as one text; without any, what its prompt says."""
    return "\n\n".join(document.text for document in task.documents) or task.question


def cut_out(text: str, rule: str) -> str | None:
    """What the pattern or JSON path finds in a text; None where it finds nothing."""
    if rule.startswith("$"):
        return _by_path(text, rule)
    try:
        found = regex.search(rule, text, regex.DOTALL, timeout=SECONDS)
    except TimeoutError:
        return None
    if found is None:
        return None
    said = found[1] if found.re.groups else found[0]
    return None if said is None else str(said)


def _by_path(text: str, path: str) -> str | None:
    start = min((i for i in (text.find("{"), text.find("[")) if i >= 0), default=-1)
    if start < 0:
        return None
    try:
        value, _ = json.JSONDecoder().raw_decode(text[start:])
        for key, place in re.findall(r"\.([\w-]+)|\[(\d+)\]", path):
            value = value[key] if key else value[int(place)]
    except (ValueError, KeyError, IndexError, TypeError, RecursionError):
        return None
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
