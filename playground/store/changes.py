"""What happens to a run while it is worked on, as values: created, a cell begins, a cell ends.

CreateRun → the run's id, every cell "pending"        StartCell → "running"
EndCell → done, cancelled or error; CellFacts         Store.submit(change) → its outcome, later
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, ClassVar, Generic, Literal, NamedTuple, TypeVar

from playground.store.columns import new_id, now
from playground.types.generation import Completion
from playground.types.grid import CellKey, CellStatus, RunSpec, Work
from playground.types.scores import Score
from playground.types.trace import Answer, Step

T_co = TypeVar("T_co", covariant=True)

LARGEST = 2**31
"""Counts from here on, which no integer column holds and no server can mean, are stored as unknown."""

COUNTS = ("prompt_tokens", "completion_tokens", "cached_tokens", "context_tokens")


class Change(Generic[T_co]):
    """Something to store; the type argument is what storing it gives.

    `hold` says what happens when it cannot be stored now: given up, kept while another program holds the database,
    or kept through a full disk too, because it cannot be had again.
    """

    __slots__ = ()
    hold: ClassVar[Literal["never", "locked", "always"]] = "locked"

    @property
    def at_leisure(self) -> bool:
        """Whether nobody waits for it who would notice a twentieth of a second."""
        return False


@dataclass(frozen=True)
class CreateRun(Change[str]):
    """A new run, a cell for each of the works. Gives the run's id.

    `owner` is the program that runs them. Without a `version_id` and with `find_version`, the newest saved version of exactly this prompt is linked.
    """

    spec: RunSpec
    works: Sequence[Work]
    title: str
    version_id: str | None = None
    find_version: bool = False
    owner: str | None = None
    run_id: str = field(default_factory=new_id)
    at: datetime = field(default_factory=now)


@dataclass(frozen=True)
class StartCell(Change[None]):
    """The cell's request is on its way."""

    run_id: str
    key: CellKey
    at: datetime = field(default_factory=now)

    @property
    def at_leisure(self) -> bool:
        """What happens is told without waiting for it."""
        return True


class CellFacts(NamedTuple):
    """What the store alone knows of a cell that has ended."""

    content_hash: str
    thumb: int
    started_at: datetime | None
    finished_at: datetime


@dataclass(frozen=True)
class EndCell(Change[CellFacts]):
    """How a cell ended, with the text that had come; a second end replaces the first, with its steps and scores.

    A cell that was already marked as interrupted takes the result all the same: it is the truth. One that is `unwatched`
    is an answer of many in the background.
    """

    run_id: str
    key: CellKey
    status: CellStatus
    answer: Answer
    error: str = ""
    hint: str = ""
    scores: Sequence[Score] = ()
    hold = "always"
    at: datetime = field(default_factory=now)
    unwatched: bool = False

    @property
    def at_leisure(self) -> bool:
        """Whether the answer shares its transaction with more of them."""
        return self.unwatched


class Draft(NamedTuple):
    """What a running cell has written so far."""

    run_id: str
    key: CellKey
    text: str
    reasoning: str


class StepDraft(NamedTuple):
    """A step of a running cell's technique that has ended, as it is seen by now."""

    run_id: str
    key: CellKey
    step: Step


@dataclass(frozen=True)
class KeepDrafts(Change[None]):
    """Keep what running cells have written so far, and their steps; cells that have ended stay as they are."""

    drafts: Sequence[Draft]
    steps: Sequence[StepDraft] = ()
    hold = "never"


def storable(answer: Answer) -> Answer:
    """The answer as it comes back from the database: impossible counts are unknown."""
    if not any(_impossible(step.completion) for step in answer.steps if step.completion):
        return answer
    steps = tuple(
        replace(step, completion=replace(step.completion, **_impossible(step.completion)))
        if step.completion
        else step
        for step in answer.steps
    )
    return replace(answer, steps=steps)


def _impossible(completion: Completion) -> dict[str, Any]:
    """Nothing for each count that cannot be one."""
    return {name: None for name in COUNTS if not 0 <= (getattr(completion, name) or 0) < LARGEST}
