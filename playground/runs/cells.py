"""What happens to each cell of a run: Started, Waits, Delta…, then Finished or Failed."""

from __future__ import annotations

from dataclasses import dataclass

from playground.types.generation import Completion
from playground.types.grid import Work
from playground.types.trace import Answer, Step


@dataclass(frozen=True, slots=True)
class Started:
    """The request of this cell is on its way."""

    cell: Work


@dataclass(frozen=True, slots=True)
class Waits:
    """What this cell waits for, as a sentence; it holds until text comes or something else is told."""

    cell: Work
    what: str


@dataclass(frozen=True, slots=True)
class Delta:
    """More text of this cell's answer, or of what the model thinks before it.

    With `rethought` all text of the answer so far was thought: it moves before `reasoning`. Of `settled` text that is
    not to be expected.
    """

    cell: Work
    text: str
    reasoning: str = ""
    rethought: bool = False
    settled: bool = False


@dataclass(frozen=True, slots=True)
class Stepped:
    """A step of this cell's technique has begun, has ended, or is now seen in another light."""

    cell: Work
    step: Step


@dataclass(frozen=True, slots=True)
class Finished:
    """The answer is complete, cut at its limit, or was stopped (`answer.finish`)."""

    cell: Work
    answer: Answer

    @property
    def completion(self) -> Completion | None:
        """What the last call gave."""
        return self.answer.completion


@dataclass(frozen=True, slots=True)
class Failed:
    """A call failed; `answer` holds the text that had arrived."""

    cell: Work
    answer: Answer
    message: str
    hint: str

    @property
    def completion(self) -> Completion | None:
        """What the last call gave."""
        return self.answer.completion


End = Finished | Failed
