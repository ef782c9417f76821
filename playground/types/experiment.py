"""An experiment as it is written down: variants × cases × repeats, what they are judged by, and the rule fixed before.

    Experiment(name="Does a role help?", prompt="Sentiment", model="llama.cpp:SmolLM2-135M-Instruct",
               variants=(ExperimentVariant(name="A"), ExperimentVariant(name="B", prompt="Sentiment@7")),
               cases=Cases(dataset="reviews@3", half="held-out"), rule=Rule(baseline="A", margin=0.05))

Prompts, models and data are named here as people name them; a run holds what they were at its start.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from playground.types.prompt import Check, Prompt, Sampling, TechniqueChoice, Value

PASSES = "passes"
"""The metric that counts a case as right when every check that applies holds."""
SCORE = "score"
"""The metric that is the weighted mean of the checks that apply."""
MOST_CELLS = 250_000
"""Cells of one experiment: more are refused before anything is stored."""
MOST_VARIANTS = 26
MOST_REPEATS = 100
LEAST_TIMEOUT_S, MOST_TIMEOUT_S = 0.1, 86_400.0
"""Between these lies the limit of a call: the longest is a day."""
TWIN = "′"
"""What the name of a baseline's twin ends with."""

Half = Literal["", "train", "held-out"]
Looking = Literal["end", "any time"]
ExperimentState = Literal["running", "paused", "stopped", "done"]


class ExperimentVariant(Value):
    """One way to answer the cases. What is "" or None is the experiment's own.

    `prompt` is a prompt itself, or names one: "Refund@3", a pattern's slug, a `.prompty` file.
    """

    name: Annotated[str, Field(min_length=1, max_length=60)]
    prompt: str | Prompt = ""
    model: str = ""
    technique: TechniqueChoice | None = None
    sampling: Sampling | None = None
    thinking: bool = False


class Cases(Value):
    """The rows that are answered: a data set ("reviews", "reviews@3", a table's file), or `rows` as they are.

    `limit` of them are drawn by the `seed`. `cluster` names the column whose equal values belong together; `slices`
    those that results are looked at by, none means the tags of the data set.
    """

    dataset: str = ""
    rows: tuple[dict[str, Any], ...] = ()
    half: Half = ""
    limit: Annotated[int, Field(ge=1)] | None = None
    seed: int = 0
    cluster: str = ""
    slices: tuple[str, ...] = ()


class Rule(Value):
    """When an experiment is decided, fixed before its first answer.

    `metric` is "passes", "score" or a check's name; `baseline` the variant that the others are compared with, "" the
    first. Within the `margin`, a share, two are the same. Looking "any time", evidence may decide while it runs. With
    `gate` something depends on the result: every comparison must hold at once (Holm).
    """

    metric: str = PASSES
    baseline: str = ""
    alpha: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    margin: Annotated[float, Field(gt=0, lt=1)] | None = None
    looking: Looking = "end"
    gate: bool = False


class Limits(Value):
    """What holds it back: cells at the same time on one backend (None: as many as that takes), tries of a call.

    A call that has not ended after `timeout_s` fails; waiting for its turn does not count. It pauses itself after so many `failures_in_row` for one reason, and past so many `tokens`.
    """

    at_once: Annotated[int, Field(ge=1, le=1000)] | None = None
    tries: Annotated[int, Field(ge=1, le=10)] = 3
    timeout_s: Annotated[float, Field(ge=LEAST_TIMEOUT_S, le=MOST_TIMEOUT_S)] | None = None
    failures_in_row: Annotated[int, Field(ge=1, le=1000)] = 20
    tokens: Annotated[int, Field(ge=1)] | None = None
    stop_when_decided: bool = False


class Experiment(Value):
    """What is tried on what, and how it is decided.

    `checks` None are those of the shared prompt. The `cache` serves greedy answers that were given before. With a `twin`
    the baseline runs twice, under two names: what tells the two apart is noise.
    """

    name: Annotated[str, Field(max_length=200)] = ""
    prompt: str | Prompt = ""
    variants: tuple[ExperimentVariant, ...] = ()
    model: str = ""
    sampling: Sampling | None = None
    cases: Cases = Cases()
    repeats: Annotated[int, Field(ge=1, le=MOST_REPEATS)] = 1
    checks: tuple[Check, ...] | None = None
    rule: Rule = Rule()
    limits: Limits = Limits()
    cache: bool = True
    twin: bool = False

    @model_validator(mode="after")
    def _fits(self) -> Experiment:
        names = [variant.name for variant in self.variants]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f'two variants are called "{twice[0]}"')
        if len(names) > MOST_VARIANTS:
            raise ValueError(f"there are {len(names)} variants, and {MOST_VARIANTS} are the most")
        if self.rule.baseline and self.rule.baseline not in names:
            raise ValueError(
                f'the baseline "{self.rule.baseline}" is no variant; they are {", ".join(names)}'
            )
        if self.twin and self.baseline + TWIN in names:
            raise ValueError(f'a variant is called "{self.baseline + TWIN}", like the twin of the baseline')
        if self.limits.stop_when_decided and self.rule.looking != "any time":
            raise ValueError(
                'it can stop when decided only with the rule looking "any time": looking early at any other is'
                " wrong in up to three of ten"
            )
        if self.cases.rows and self.cases.dataset:
            raise ValueError("the cases are a dataset or rows, not both")
        return self

    @property
    def baseline(self) -> str:
        """The name of the variant that the others are compared with; "" when there is none at all."""
        return self.rule.baseline or (self.variants[0].name if self.variants else "")
