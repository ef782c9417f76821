"""A scripted `ask`: plays answers, counts calls, records messages; renders the library's own prompts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from playground.library.shipped import Library, shipped_folder
from playground.runs.planning import with_defaults
from playground.techniques.asking import Ask
from playground.techniques.base import Task, Tools
from playground.techniques.calls import Bounds, Call
from playground.techniques.registry import technique_of
from playground.techniques.technique import Technique, run_technique
from playground.templating import worker
from playground.types.generation import Completion, Message
from playground.types.prompt import Prompt
from playground.types.trace import Answer, Step

LIBRARY = Library(shipped_folder())

Line = str | Completion | Exception | float
"""An answer, a whole completion, a failure; a number waits so many seconds (and answers with what follows it)."""
Script = Sequence[Line] | Mapping[str, Line | Sequence[Line]] | Callable[[Call], Line]


def completion(text: str, prompt_tokens: int = 10, **told: Any) -> Completion:
    """An answer as a model gives it: ten tokens in, a token a word out."""
    return Completion(text, "stop", prompt_tokens=prompt_tokens, completion_tokens=len(text.split()), **told)


@dataclass
class Scripted:
    """Plays a script: answers in the order of calls, or by how a label begins (the longest beginning), or a function."""

    script: Script
    calls: list[Call] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    cancelled: int = 0
    _played: dict[str, int] = field(default_factory=dict)

    async def send(self, call: Call) -> Completion:
        self.calls.append(call)
        line = self._line(call)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if isinstance(line, float):
                await asyncio.sleep(line)
                return completion("slow")
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.at_once -= 1
        if isinstance(line, Exception):
            raise line
        return line if isinstance(line, Completion) else completion(line)

    def _line(self, call: Call) -> Line:
        if callable(self.script):
            return self.script(call)
        if isinstance(self.script, Mapping):
            starts = [start for start in self.script if call.label.startswith(start)]
            assert starts, f"the script has nothing for a step {call.label!r}"
            start = max(starts, key=len)
            lines: Any = self.script[start]
            if isinstance(lines, str | Completion | Exception | float):
                return lines
        else:
            start, lines = "", self.script
        number = self._played.get(start, 0)
        self._played[start] = number + 1
        assert number < len(lines), f"one more call than the script has: {call.label!r}"
        line: Line = lines[number]
        return line

    @property
    def labels(self) -> list[str]:
        return [call.label for call in self.calls]

    @property
    def texts(self) -> list[str]:
        """The last message of every call."""
        return [call.messages[-1].content for call in self.calls]


_RENDERED: dict[tuple[tuple[tuple[str, str], ...], str], tuple[Message, ...]] = {}
"""Hundreds of tests ask for the same prompts with the same values: each of these is rendered once."""


async def render(prompt: Prompt, values: Mapping[str, Any]) -> tuple[Message, ...]:
    pairs = tuple((turn.role, turn.template) for turn in prompt.turns)
    whole = with_defaults(prompt, dict(values))
    known = (pairs, repr(whole))
    if known not in _RENDERED:
        rendered = worker.render(pairs, whole, 1_000_000)
        _RENDERED[known] = tuple(Message(role, content) for role, content in rendered)  # type: ignore[arg-type]
    return _RENDERED[known]


def prompts_of(row: Technique, options: Mapping[str, Any]) -> dict[str, Prompt]:
    """The library's prompt of each step."""
    found = {}
    for step in row.prompted(options):
        pattern = LIBRARY.get(step.slug)
        assert pattern.error is None, pattern.error
        found[step.name] = pattern.prompt
    return found


@dataclass(frozen=True)
class Played:
    """A technique that has run: its answer and everything that it asked."""

    answer: Answer
    scripted: Scripted
    watched: list[Step]

    @property
    def calls(self) -> list[Call]:
        return self.scripted.calls


def make_ask(
    scripted: Scripted,
    row: Technique,
    options: Mapping[str, Any],
    prompts: Mapping[str, Prompt] | None = None,
    **rest: Any,
) -> Ask:
    return Ask(scripted.send, render, {**prompts_of(row, options), **(prompts or {})}, **rest)


async def play(
    name: str,
    script: Script,
    question: str | Task = "What is 2 + 2?",
    *,
    tools: Tools | None = None,
    prompts: Mapping[str, Prompt] | None = None,
    **options: Any,
) -> Played:
    """Run a technique on a scripted model."""
    row = technique_of(name)
    task = Task(messages=(Message("user", question),)) if isinstance(question, str) else question
    scripted, watched = Scripted(script), list[Step]()
    read = row.read(options, name)
    ask = make_ask(
        scripted,
        row,
        read,
        prompts=prompts,
        sampling=task.sampling,
        images=task.images,
        values=task.values,
        bounds=Bounds(),
        watch=watched.append,
    )
    answer = await run_technique(row, task, ask, tools or {}, read)
    return Played(answer, scripted, watched)
