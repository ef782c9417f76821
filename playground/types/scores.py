"""What is said about an answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from playground.types.generation import Finish


@dataclass(frozen=True, slots=True)
class Spent:
    """What an answer took, all its calls together; None is what the backend did not tell.

    `total_s` is seconds from the first call to the end of the last, `first_token_s` those of a single call to its first word.
    """

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_s: float | None = None
    first_token_s: float | None = None


class Question(NamedTuple):
    """What a check must be told before it can judge: it asks a model or the sandbox, which a scorer itself never does.

    likelihood: of the text `texts[0]` after the prompt of this answer. vectors: of each of the texts.
    program: what `texts[0]` gives for the answer. judgement: whether the criterion `texts[0]` is met by the answer
    `texts[1]` to the case `texts[2]`; reversed: the same, with the two words of the answer named in reverse. `model` "" is the one that answered.
    """

    kind: Literal["likelihood", "vectors", "program", "judgement", "reversed"]
    texts: tuple[str, ...]
    model: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """The answer to a question, or in half a sentence why there is none."""

    value: Any = None
    lacks: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """What a scorer looks at: the answer, how it ended, and the values of the case (for `{{ }}` in options).

    `is_example` tells whether these are the example values of the prompt, to which some checks belong. `told` has
    what was asked for the checks beforehand.
    """

    answer: str
    finish: Finish = "stop"
    values: dict[str, Any] | None = None
    is_example: bool = True
    spent: Spent = Spent()
    told: Mapping[Question, Told] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Score:
    """A check's verdict: value in 0..1, or None for "does not apply" (never counted as zero).

    `answer` is the text the scorer looked at, `explanation` one sentence why, with the number that failed.
    `check_hash` tells checks apart whatever they are called; it is no part of the verdict. `probability` is how sure a
    judge was that it passes, 0 to 1, where its log-probabilities told.
    """

    name: str
    value: float | None
    answer: str
    explanation: str
    weight: float = 1.0
    check_hash: str = field(default="", compare=False)
    probability: float | None = field(default=None, compare=False)
