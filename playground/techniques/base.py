'''What a technique is given, and how to write one.

A technique is an async function `(task, ask, tools, *, options) -> Answer`. It holds the control flow and no words:
every step's wording is a prompt of the library. A whole one:

    async def say_it_thrice(
        task: Task, ask: Ask, tools: Tools, *, times: Annotated[int, Field(ge=1, le=9, description="Answers.")] = 3
    ) -> Answer:
        """Three answers, the longest counts."""
        replies = await ask.samples(times, "write", {"question": task.question}, label="try", temperature=0.9)
        best = max(replies, key=lambda reply: len(reply.text))  # of equal ones the earliest
        ask.mark(best, state="answer")
        return ask.answer(best.text, tries=str(len(replies)))

    TECHNIQUES["say-it-thrice"] = Technique(
        say_it_thrice, "Say it thrice", "说三遍", steps=(StepPrompt("write", "techniques/zero-shot/instruct", ("text",)),)
    )

- `ask(step, values, label=…)` renders the step's prompt (the library's, or the fork that the user chose) and calls the
  model; `ask(task.messages, label=…)` sends the user's own prompt. Both give a `Reply`: `.text`, `.completion`,
  `.number`. Named changes go with the call: `temperature=`, `seed=`, `stop=`, `max_tokens=`, `top_logprobs=`,
  `json_schema=`, `images=`, `model=`, `parent=` (a step or its number: the trace is a tree), `brief=True` (the step's
  own length holds; else the longer of it and the column's).
- Calls that do not need each other run together: `ask.samples(n, …)` for n of one prompt with seeds of their own,
  `together(…)` for others. Never `asyncio.gather`, which leaves tasks behind.
- `ask.mark(reply, extracted=…, value=…, state=…)` says what became of a step, `ask.note(label, text, parent=…)` puts
  a thought into the trace, `await ask.use(tool, text)` uses a tool: what it gives, or why it gave nothing, is text.
- Bounds: past `max_calls` or `max_tokens` `ask` raises `BoundReached`. Say what you would answer as soon as you could
  (`ask.so_far(text, extracted)`), or catch it; it becomes an answer with finish "length". `together` and `samples`
  give the replies that came.
- What a model writes may be anything. Each place that reads it has a way on for "nothing fits", and a test of it.
- A technique is a function of its task: no clock, no global, no randomness but `Random(task.seed)`.
- Options are keyword parameters with a default, each `Annotated` with its limits and one sentence: `options.py`.
- Its test uses `tests/techniques/scripted.py`: exact calls, exact messages, exact answer.
'''

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from playground.types.generation import Message
from playground.types.prompt import Sampling


class Row(NamedTuple):
    """A solved case: the values of the prompt's variables, the question they make, and the expected answer ("" unknown)."""

    values: Mapping[str, Any]
    question: str
    answer: str


class Document(NamedTuple):
    """Text to look things up in."""

    name: str
    text: str


class Verdict(NamedTuple):
    """What the checks of the prompt say of an answer: 0 to 1, and why in one sentence."""

    value: float
    reason: str = ""


Check = Callable[[str, Mapping[str, Any]], Verdict | None]
"""(answer, values of its case) → what the prompt's checks say; None where none applies."""


@dataclass(frozen=True, slots=True)
class StepPrompt:
    """A step with words of its own: a library prompt by its slug, which a fork may replace.

    `needs` are the variables without which the step means nothing, `may` the further ones that it is given.
    """

    name: str
    slug: str
    needs: tuple[str, ...] = ()
    may: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tool:
    """Something a model may use: `run` takes the text of a call and gives the observation.

    `takes` says in words what it is given ("an arithmetic expression, such as 3 * (4 + 1)"). `schema` is a JSON schema
    of its arguments, for function calling. An exception of `run` becomes an observation.
    """

    name: str
    takes: str
    run: Callable[[str], Awaitable[str]]
    schema: Mapping[str, Any] | None = None


Tools = Mapping[str, Tool]


Embed = Callable[[Sequence[str]], Awaitable[list[list[float]]]]
"""Texts → one vector each, by whatever model embeds here."""


@dataclass(frozen=True, slots=True)
class Task:
    """One case to answer, as the technique sees it.

    `messages` are the user's prompt, rendered. `instructions` are its system turns and `text` its last user turn;
    `question` is both as one text, for steps that have words of their own around it. `values` are those of its
    variables. `rows` are the other cases of the prompt or its data set, never this one. `memory` outlives the case:
    what is worth making once for all cases is kept there, under a key that says what it depends on. `embed` is None where
    no model turns texts into vectors.
    """

    messages: tuple[Message, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    images: tuple[str, ...] = ()
    documents: tuple[Document, ...] = ()
    rows: tuple[Row, ...] = ()
    check: Check | None = None
    sampling: Sampling = Sampling()
    model: str = ""
    memory: MutableMapping[str, Any] = field(default_factory=dict)
    embed: Embed | None = None

    @property
    def seed(self) -> int:
        """The seed of the case; the same seed gives the same answer."""
        return self.sampling.seed or 0

    @property
    def instructions(self) -> str:
        """What the system turns say; "" without."""
        return "\n\n".join(m.content for m in self.messages if m.role == "system" and m.content.strip())

    @property
    def text(self) -> str:
        """What the last user turn says."""
        return next((m.content for m in reversed(self.messages) if m.role == "user"), "")

    @property
    def question(self) -> str:
        """Instructions and text as one."""
        return "\n\n".join(part for part in (self.instructions, self.text) if part.strip())
