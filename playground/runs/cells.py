"""Cells of a run and what happens to each: Started, Waits, Delta…, then Finished or Failed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from playground.types.generation import Completion, GenerationRequest
from playground.types.prompt import Prompt


class Key(NamedTuple):
    """Where a cell stands in its run, each from 0; several repeats of a column, and several cases, may run at once."""

    column: int
    repeat: int
    case: int = 0


@dataclass(frozen=True, slots=True)
class Cell:
    """One answer to get: where it stands (`column`, `repeat`, `case`), from which prompt, with which request."""

    column: int
    repeat: int
    prompt: Prompt
    request: GenerationRequest
    case: int = 0

    @property
    def key(self) -> Key:
        """What no other cell of the run has."""
        return Key(self.column, self.repeat, self.case)


@dataclass(frozen=True, slots=True)
class Started:
    """The request of this cell is on its way."""

    cell: Cell


@dataclass(frozen=True, slots=True)
class Waits:
    """What this cell waits for, as a sentence; it holds until text comes or something else is told."""

    cell: Cell
    what: str


@dataclass(frozen=True, slots=True)
class Delta:
    """More text of this cell's answer, or of what the model thinks before it.

    With `rethought` all text of the answer so far was thought: it moves before `reasoning`. Of `settled` text that is
    not to be expected.
    """

    cell: Cell
    text: str
    reasoning: str = ""
    rethought: bool = False
    settled: bool = False


@dataclass(frozen=True, slots=True)
class Finished:
    """The answer is complete, cut at its limit, or was stopped (`completion.finish`)."""

    cell: Cell
    completion: Completion


@dataclass(frozen=True, slots=True)
class Failed:
    """The request failed; `completion` holds the text that had arrived."""

    cell: Cell
    completion: Completion
    message: str
    hint: str


End = Finished | Failed
