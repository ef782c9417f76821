"""The calls of a technique: what one is sent and gives, how many there may be, and several at the same time.

replies = await together(ask("sample", values, label=f"sample {n}") for n in range(8))
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from playground.errors import PlaygroundError
from playground.types.generation import Completion, Message
from playground.types.prompt import Sampling

T = TypeVar("T")


class BoundReached(PlaygroundError):
    """A technique has made as many calls, or used as many tokens, as it may: a result, no failure."""


class StepFailed(PlaygroundError):
    """One step of a technique failed; the message begins with its label."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far a technique may go. Tokens are those of prompts and answers; calls under way are still finished."""

    max_calls: int | None = 40
    max_tokens: int | None = None


GREEDY, BOUNDS = Sampling(), Bounds()


@dataclass(frozen=True, slots=True)
class Call:
    """One call, ready to be sent. `model` "" is the column's; calls of one `family` are samples of one prompt."""

    number: int
    label: str
    messages: tuple[Message, ...]
    sampling: Sampling
    model: str = ""
    images: tuple[str, ...] = ()
    top_logprobs: int | None = None
    json_schema: str | None = None
    family: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a call gave, and the number of its step."""

    number: int
    completion: Completion

    @property
    def text(self) -> str:
        """The model's answer, its thoughts apart."""
        return self.completion.text


async def together(calls: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """What the calls give, in their order, made at the same time; none is left behind when one fails or all are cancelled.

    Those that a bound keeps from being made are left out; where none is made, raises BoundReached.
    """
    bounds: list[BoundReached] = []

    async def kept(call: Coroutine[Any, Any, T]) -> list[T]:
        try:
            return [await call]
        except BoundReached as exc:
            bounds.append(exc)
            return []

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(kept(call)) for call in calls]
    except BaseExceptionGroup as many:
        raise _first(many) from None
    came = [value for task in tasks for value in task.result()]
    if bounds and not came:
        raise bounds[0]
    return came


def _first(many: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first exception of a group that is none itself."""
    first = many.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
