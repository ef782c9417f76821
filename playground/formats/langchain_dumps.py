"""LangChain objects as `langchain_core.load.dumps` writes them, in the older form that its loader reads.

    {"lc": 1, "type": "constructor", "id": ["langchain", "prompts", "prompt", "PromptTemplate"], "kwargs": {"template": "Hi {x}"}}
    → {"_type": "prompt", "template": "Hi {x}"}

Nothing is constructed: an object is its class's name and its arguments. What is around a prompt, a model or a chain, is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from playground.errors import PromptError

_PROMPT = re.compile(r"(?:Chat|FewShot\w*|Structured|Pipeline)?Prompt(?:Template)?|FewShot\w*Template")
_MESSAGE = re.compile(r"\w*Message(?:Chunk|sPlaceholder|PromptTemplate)?")


def undumped(data: dict[str, Any], file: str, losses: list[str]) -> dict[str, Any]:
    """The prompt in it as the older form has it, of a chain the first one; raises PromptError when there is none."""
    dumped = list(_objects(data))
    found = next(
        (row for row in dumped if _PROMPT.fullmatch(_class(row)) and isinstance(row.get("kwargs"), dict)),
        None,
    )
    names = list(dict.fromkeys(map(_class, dumped)))
    if found is None:
        raise PromptError(
            f"{file} holds a LangChain object that is no prompt ({', '.join(names[:3])}).",
            "Dump the prompt itself, a PromptTemplate or a ChatPromptTemplate.",
        )
    losses += [
        f"{name}: only the prompt is read"
        for name in names
        if not _PROMPT.fullmatch(name) and not _MESSAGE.fullmatch(name)
    ]
    name = _class(found)
    plain = {key: _plain(value) for key, value in found["kwargs"].items() if value is not None}
    for key in ("_type", "prompt_type", "output_parser"):
        plain.pop(key, None)
    if name == "FewShotChatMessagePromptTemplate":
        return {"_type": "chat", "messages": [plain | {"_type": name}]}
    words = (("FewShot", "few_shot"), ("Chat", "chat"), ("Structured", "chat"))
    return {"_type": next((kind for word, kind in words if word in name), "prompt"), **plain}


def _class(data: Any) -> str:
    """The name of the class of a dumped object, empty for other data."""
    names = data.get("id") if isinstance(data, dict) and data.get("lc") == 1 else None
    return str(names[-1])[:80] if isinstance(names, list) and names else ""


def _objects(data: Any) -> Iterator[dict[str, Any]]:
    """Every dumped object, the outer one before those in it."""
    waiting = [data]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if _class(value):
                yield value
            waiting += reversed(value.values())
        elif isinstance(value, list):
            waiting += reversed(value)


def _plain(value: Any) -> Any:
    """A dumped object as its arguments with the class as `_type`; of a secret nothing is left."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    if not _class(value):
        return {key: _plain(item) for key, item in value.items()}
    arguments = value.get("kwargs") if value.get("type") == "constructor" else None
    arguments = arguments if isinstance(arguments, dict) else {}
    return {"_type": _class(value)} | {key: _plain(item) for key, item in arguments.items()}
