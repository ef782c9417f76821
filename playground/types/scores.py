"""What is said about an answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from playground.types.generation import Finish


@dataclass(frozen=True, slots=True)
class Sample:
    """What a scorer looks at: the answer, how it ended, and the values of the case (for `{{ }}` in options).

    `is_example` tells whether these are the example values of the prompt, to which some checks belong.
    """

    answer: str
    finish: Finish = "stop"
    values: dict[str, Any] | None = None
    is_example: bool = True


@dataclass(frozen=True, slots=True)
class Score:
    """A check's verdict: value in 0..1, or None for "does not apply" (never counted as zero).

    `answer` is the text the scorer looked at, `explanation` one sentence why, with the number that failed.
    `check_hash` tells checks apart whatever they are called; it is no part of the verdict.
    """

    name: str
    value: float | None
    answer: str
    explanation: str
    weight: float = 1.0
    check_hash: str = field(default="", compare=False)
