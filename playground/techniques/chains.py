"""What a chain of prompts is: its links, checked before a run, and the steps that they are."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated

import regex
from pydantic import AfterValidator, Field

from playground.techniques.base import StepPrompt

_PATH = re.compile(r"\$(?:\.[\w-]+|\[\d+\])*")
_KEYS = frozenset({"prompt", "as", "extract"})


def _readable(chain: list[dict[str, str]]) -> list[dict[str, str]]:
    """The chain, when it can be run; raises ValueError."""
    names = [name_of(number, link) for number, link in enumerate(chain)]
    for number, link in enumerate(chain):
        here = f"prompt {number + 1} of the chain"
        if unknown := sorted(link.keys() - _KEYS):
            raise ValueError(f'{here} has "{unknown[0]}"; known are prompt, as, extract')
        if not link.get("prompt", "").strip():
            raise ValueError(f"{here} names no prompt")
        if names.count(names[number]) > 1 or not names[number].isidentifier():
            raise ValueError(f'{here} is called "{names[number]}": names are words, each once')
        rule = link.get("extract", "")
        if rule.startswith("$"):
            if not _PATH.fullmatch(rule):
                raise ValueError(f"{here} has a JSON path that cannot be read: {rule[:60]}")
            continue
        try:
            regex.compile(rule)
        except regex.error as exc:
            raise ValueError(f"{here} has a pattern that cannot be read: {exc}") from exc
    return chain


def name_of(number: int, link: Mapping[str, str]) -> str:
    """What the output of a link is called."""
    return link.get("as") or f"step_{number + 1}"


def chain_steps(chain: Sequence[Mapping[str, str]]) -> tuple[StepPrompt, ...]:
    """The steps of a chain: each is given the question, and what came before it."""
    steps: list[StepPrompt] = []
    for number, link in enumerate(chain):
        before = tuple(step.name for step in steps)
        name = name_of(number, link)
        steps.append(StepPrompt(name, link["prompt"], may=("question", "document", "text", *before)))
    return tuple(steps)


Chain = Annotated[
    list[dict[str, str]],
    Field(
        min_length=1,
        max_length=12,
        description="The prompts in their order, with the names of what they give.",
    ),
    AfterValidator(_readable),
]
