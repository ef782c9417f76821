"""What becomes of an experiment: how it stands, what each cell came to, why cells failed, what it takes beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple

from playground.types.experiment import Experiment, ExperimentState
from playground.types.grid import CellKey
from playground.types.prompt import Check, TechniqueChoice

OPEN = ("pending", "running", "interrupted", "cancelled")
"""What cells are that have no answer yet and did not fail: going on runs them."""


class Outcome(NamedTuple):
    """A cell in numbers. `passed` tells whether all checks that apply hold, None when none does or there is no answer.

    `score` is their weighted mean, or that of the one check that is asked for.
    """

    key: CellKey
    status: str
    passed: bool | None
    score: float | None
    reason: str
    cut: bool
    tokens: int | None
    seconds: float | None
    cached: bool = False


Better = Literal["a", "b", "tie", "bad"]
"""What a person says of two answers to a case: the first is better, the second is, both are alike, both are bad."""


class Rating(NamedTuple):
    """A case as a person rated it: `better` of the answers of the variants `a` and `b`, by their numbers, a before b."""

    case: int
    a: int
    b: int
    better: Better
    voter: str = ""


LabelKind = Literal["label", "again", "reversed", "asked"]
"""Who says whether an answer meets a criterion: a person; the same shown it a second time; the judge that was asked
with its two words in reverse; a version of the judge that was asked of some answers."""


@dataclass(frozen=True, slots=True)
class HandLabel:
    """Whether the answer of a cell meets a criterion, and a note why.

    Of a judge the note is its reason, `probability` how sure it was that it passes, `tokens` and `total_s` what the call took.
    """

    key: CellKey
    passes: bool
    note: str = ""
    cell_id: int = field(default=0, compare=False)
    given_at: datetime | None = field(default=None, compare=False)
    probability: float | None = field(default=None, compare=False)
    tokens: int | None = field(default=None, compare=False)
    total_s: float | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class JudgeVersion:
    """One version of a judge; `number` counts from 1, which the experiment began with."""

    number: int
    check: Check
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """Cells that failed for one reason; `reason` is that of the last, whose numbers may differ from the others'."""

    reason: str
    hint: str
    keys: tuple[CellKey, ...]
    last_at: datetime | None


class Unscored(NamedTuple):
    """Answers that a check gave no score, for one reason."""

    check: str
    reason: str
    answers: int


@dataclass(frozen=True, slots=True)
class ExperimentRow:
    """An experiment in a list: `total` cells, of which `done` have an answer and `failed` none.

    `sentence` is its verdict once it is done. `attempt` counts those on the same question.
    """

    id: str
    name: str
    state: ExperimentState
    why: str
    attempt: int
    dataset: str
    dataset_id: str
    number: int | None
    created_at: datetime
    ended_at: datetime | None
    elapsed_s: float
    sentence: str
    outcome: str
    total: int
    done: int
    failed: int
    variants: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StoredExperiment:
    """One experiment: as it was written down, and the checks that its answers are judged by now.

    `dataset` is the name of the data set and `number` its version then; both may be gone. `run_models` and
    `run_prompts` are what the variants were run with, by their names, `run_techniques`
    those that their prompts name; `slices` the columns to look at results by.
    `leaks` counts rows that stand in both halves of the data; `ignored` are settings that backends did not honour.
    """

    row: ExperimentRow
    experiment: Experiment
    checks: tuple[Check, ...]
    cases: int
    half: str
    cluster: str
    slices: tuple[str, ...]
    run_models: Mapping[str, str]
    run_prompts: Mapping[str, str]
    run_techniques: Mapping[str, TechniqueChoice] = field(default_factory=dict)
    leaks: int = 0
    expected_of: int | None = None
    """The version whose expected answers it is scored by now; None: by those it ran on."""
    ignored: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    scored_anew: bool = False
    """Whether its checks are others by now than those that it was begun with."""

    @property
    def as_scored(self) -> Experiment:
        """How one is written down that is judged from its start as this one is by now."""
        return (
            self.experiment.model_copy(update={"checks": self.checks})
            if self.scored_anew
            else self.experiment
        )

    @property
    def id(self) -> str:
        """The id of its run."""
        return self.row.id

    @property
    def state(self) -> ExperimentState:
        """Whether it goes on."""
        return self.row.state

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its variants, with the twin."""
        return self.row.variants

    def technique_of(self, name: str) -> TechniqueChoice | None:
        """What a variant was run with: its own technique, else its prompt's; the twin's is the baseline's."""
        written = {each.name: each.technique for each in self.experiment.variants}
        name = name if name in written else self.experiment.baseline
        return written.get(name) or self.run_techniques.get(name)


@dataclass(frozen=True, slots=True)
class ExperimentPage:
    """Some experiments, newest first, and how many there are in all."""

    rows: tuple[ExperimentRow, ...]
    total: int


@dataclass(frozen=True, slots=True)
class VariantProgress:
    """How far one variant is; tokens and seconds are means of a cell that has an answer."""

    name: str
    total: int
    done: int
    failed: int
    running: int
    tokens: float | None
    seconds: float | None


class UnderWay(NamedTuple):
    """What the list of what runs says of an experiment; `running` are the cells that have begun."""

    id: str
    name: str
    total: int
    ended: int
    running: int
    left_s: float | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How an experiment stands. `left_s` is None while no rate is known; `here`, whether this program runs it."""

    id: str
    name: str
    state: ExperimentState
    why: str
    total: int
    done: int
    failed: int
    running: int
    cached: int
    tokens: int
    elapsed_s: float
    cells_per_s: float | None
    left_s: float | None
    whole_cases: int
    """Cases that every variant has answered."""
    variants: tuple[VariantProgress, ...]
    here: bool = True

    @property
    def waits(self) -> int:
        """Cells that have not begun."""
        return self.total - self.done - self.failed - self.running


class VariantEstimate(NamedTuple):
    """What a variant takes; None where nothing was measured that would tell."""

    name: str
    calls: int
    tokens: int | None
    seconds: float | None


class Power(NamedTuple):
    """In how many of all experiments like this a difference of so much, a share, would be found."""

    difference: float
    at_end: float
    any_time: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """What an experiment takes and what it can find, before it starts.

    `attempt` is the number it would have on its question, `opened` how often this half of the data was used before.
    """

    variants: tuple[VariantEstimate, ...]
    cases: int
    cells: int
    calls: int
    tokens: int | None
    seconds: float | None
    power: tuple[Power, ...]
    attempt: int
    opened: int
    dataset: str
    number: int | None
    checks: tuple[str, ...]
    measured: str
    """What tokens and seconds were reckoned from, in half a sentence; "" when nothing is known."""
    warnings: tuple[str, ...] = ()
    judged: int = 0
    """Calls of models that judge, among the `calls`; what they take is not in tokens and seconds."""


class DataFacts(NamedTuple):
    """Where the cases of an experiment came from."""

    dataset_id: str = ""
    name: str = ""
    number: int | None = None
    slices: tuple[str, ...] = ()
    cluster: str = ""
    leaks: int = 0


CaseValues = Mapping[str, Any]
