"""What happens to each cell of a run: Started, Waits, Delta…, then Finished or Failed."""

from __future__ import annotations

from dataclasses import dataclass

from playground.types.generation import Completion
from playground.types.grid import Work


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
class Finished:
    """The answer is complete, cut at its limit, or was stopped (`completion.finish`)."""

    cell: Work
    completion: Completion


@dataclass(frozen=True, slots=True)
class Failed:
    """The request failed; `completion` holds the text that had arrived."""

    cell: Work
    completion: Completion
    message: str
    hint: str


End = Finished | Failed
