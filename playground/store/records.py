"""What the store hands out: frozen values, detached from the database.

    PromptSummary ─ VersionSummary ─ SavedVersion        the saved prompts; Facets count them
    SaveItem → SavedVersion, Head, SyncMark              many prompts at once, files that are kept equal
    DatasetSummary                                       the data sets
    StoredRun(StoredCell…)                               one run, complete enough to be shown again
    CellPage(CellRow…), MatrixEntry, CellRecord          runs of any size, a part at a time
    HistoryPage(RunSummary(ColumnSummary…)…)             the list of runs

All times are aware and in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from playground.diff.changes import Change
from playground.types.dataset import Column
from playground.types.generation import Completion, Finish, Message
from playground.types.grid import Case, CellKey, CellStatus, Choice, RunKind, RunSpec
from playground.types.prompt import Prompt, Sampling
from playground.types.scores import Score
from playground.types.trace import Answer


@dataclass(frozen=True, slots=True)
class PromptSummary:
    """A saved prompt in a list; `latest` is the number of its newest main version, counted from 1.

    `content_hash` is of that version. `labels` are (name, version number), `variants` the names of its other lines,
    both by name. `deleted_at` is set for a prompt in the bin.
    """

    id: str
    name: str
    origin: str
    forked_from: str
    latest: int
    created_at: datetime
    updated_at: datetime
    description: str
    family: str
    tags: tuple[str, ...]
    favourite: bool
    labels: tuple[tuple[str, int], ...]
    variants: tuple[str, ...]
    content_hash: str
    deleted_at: datetime | None


@dataclass(frozen=True, slots=True)
class DatasetSummary:
    """A data set in a list: its newest version in short. `used` counts the runs that use any of its versions."""

    id: str
    name: str
    latest: int
    rows: int
    train: int
    held_out: int
    columns: tuple[Column, ...]
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    used: int


@dataclass(frozen=True, slots=True)
class Facets:
    """How many of the prompts found are of each origin, family and tag; the empty family is left out.

    Each number follows the filters of the other kinds. `matched` counts those that fulfil all of them, `binned` those
    in the bin, which no other number includes.
    """

    total: int
    origins: dict[str, int]
    families: dict[str, int]
    tags: dict[str, int]
    favourites: int
    binned: int
    matched: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class VersionSummary:
    """One version of a prompt without its content; `variant` "" is the main line."""

    id: str
    prompt_id: str
    number: int
    content_hash: str
    message: str
    author: str
    created_at: datetime
    variant: str


@dataclass(frozen=True, slots=True)
class SavedVersion:
    """One version with its content. `name` is the prompt's name today, `prompt.name` the one of that day."""

    id: str
    prompt_id: str
    number: int
    content_hash: str
    message: str
    author: str
    created_at: datetime
    variant: str
    name: str
    origin: str
    forked_from: str
    prompt: Prompt


@dataclass(frozen=True, slots=True)
class SaveItem:
    """A prompt to be saved: a new one without `prompt_id`, else the next version of that one's line `variant`.

    `origin` and `forked_from` count for a new prompt only; origin "" is "fork" or "mine". `known` is the newest version
    that the writer knew of: a newer one in the same line refuses the save.
    """

    prompt: Prompt
    prompt_id: str | None = None
    message: str = ""
    author: str = ""
    origin: str = ""
    forked_from: str = ""
    variant: str = ""
    known: int | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """A prompt as a bundle or a folder is compared with: its newest main version, and the hashes of all of them."""

    prompt_id: str
    name: str
    name_key: str
    content_hash: str
    hashes: frozenset[str]
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class SyncMark:
    """What a file and its prompt had in common at the last sync; `size` in bytes."""

    prompt_id: str
    content_hash: str
    mtime_ns: int
    size: int


@dataclass(frozen=True, slots=True)
class StoredCell:
    """One cell as it was run; without steps nothing is known of its answer yet."""

    key: CellKey
    model: str
    backend: str
    content_hash: str
    prompt: Prompt
    sampling: Sampling
    status: CellStatus
    answer: Answer
    scores: tuple[Score, ...]
    thumb: int
    error: str
    hint: str
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def case(self) -> int:
        """The number of its case."""
        return self.key.case

    @property
    def column(self) -> int:
        """The number of its variant, which is a column of the page."""
        return self.key.variant

    @property
    def repeat(self) -> int:
        """Which of the answers to its case and variant it is."""
        return self.key.repeat

    @property
    def completion(self) -> Completion | None:
        """What the last call gave; None when nothing had come back."""
        return self.answer.completion

    @property
    def messages(self) -> tuple[Message, ...]:
        """What the last call was sent; empty before the cell has run."""
        return self.answer.messages


@dataclass(frozen=True, slots=True)
class StoredVote:
    """A person's choice for a run; `column` and `repeat` are None for a tie and for "all bad"."""

    kind: Choice
    column: int | None
    repeat: int | None
    note: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class StoredRun:
    """One run, as Compare shows it: its first case. `cells` has the latest repeat of each column in order.

    Of a larger run `spec` has the first case and the first variants alone. `earlier` are the repeats before, the newest of them. `total` counts all cells that the run has.
    """

    id: str
    created_at: datetime
    title: str
    status: CellStatus
    note: str
    spec: RunSpec
    content_hash: str
    version: SavedVersion | None
    cells: tuple[StoredCell, ...]
    earlier: tuple[StoredCell, ...]
    vote: StoredVote | None
    total: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether `cells` and `earlier` are all that the run has."""
        return self.total <= len(self.cells) + len(self.earlier)


@dataclass(frozen=True, slots=True)
class CellRow:
    """A cell in a list: its facts in short, how its answer begins, and what its checks say (as in `ColumnSummary`)."""

    key: CellKey
    model: str
    status: CellStatus
    seed: int | None
    finish: Finish | None
    calls: int
    prompt_tokens: int | None
    completion_tokens: int | None
    total_s: float
    error: str
    hint: str
    thumb: int
    attempt: int
    begins: str
    extracted: str | None
    passed: int
    checks: int
    score: float | None


@dataclass(frozen=True, slots=True)
class CellPage:
    """Some cells of a run by case, variant and repeat; `after` is where the next page begins, None at the end."""

    rows: tuple[CellRow, ...]
    after: CellKey | None
    total: int


@dataclass(frozen=True, slots=True)
class MatrixEntry:
    """What the repeats of one case and variant come to; `score` is the mean over those that have one."""

    case: int
    variant: int
    cells: int
    open: int
    errors: int
    score: float | None


@dataclass(frozen=True, slots=True)
class CellRecord:
    """A whole cell with the case it was run for."""

    cell: StoredCell
    case: Case


@dataclass(frozen=True, slots=True)
class ColumnSummary:
    """A column in a list of runs. `passed` counts checks of value 1, `checks` those that apply.

    `score` is their weighted mean in 0..1, None when no check applies. These tell of its latest answer; of a column with
    several `samples` the `share` tells how many of them pass all their checks, and how many were judged. `prompt` is
    what a prompt of its own is called.
    """

    column: int
    model: str
    status: CellStatus
    passed: int
    checks: int
    score: float | None
    thumb: int
    samples: int = 1
    share: tuple[int, int] | None = None
    prompt: str = ""


@dataclass(frozen=True, slots=True)
class RunFilter:
    """What a list of runs is narrowed to; what is empty asks for nothing. Times are aware; `until` is left out itself.

    `model` is the id of one, `title` exactly that of a run. `result` is "passed" (checks apply, all pass) or
    "failed" (one does not, or an answer broke off with an error).
    """

    search: str = ""
    model: str = ""
    title: str = ""
    result: str = ""
    voted: bool | None = None
    since: datetime | None = None
    until: datetime | None = None
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """Where a searched word stands in a run, beside what its row shows: the name of the place, and the text around."""

    where: str
    text: str


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A run in a list; `columns` describe the latest repeat of each column in its first case, the first columns only.

    `planned` counts the cells it was begun with. `changes` are those since the run before of its prompt, None when it
    is the first. `answer` is the first line of the best answer: the one voted for, else that with the best score, in
    the column `best`.
    """

    id: str
    created_at: datetime
    title: str
    models: tuple[str, ...]
    columns: tuple[ColumnSummary, ...]
    vote: StoredVote | None
    note: str
    kind: RunKind = "comparison"
    planned: int = 0
    changes: tuple[Change, ...] | None = None
    answer: str = ""
    best: int | None = None
    pinned: bool = False
    found: Found | None = None


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Some runs, newest first, and how many there are in all."""

    rows: tuple[RunSummary, ...]
    total: int


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """What `doctor` shows. `revision` is None when there is no database yet; `counts` are rows by table."""

    path: str
    size_bytes: int
    revision: str | None
    head: str
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Contents:
    """What is deleted with some runs; `attempts` counts the experiments among them, `titles` are in the order asked."""

    titles: tuple[str, ...] = ()
    attempts: int = 0
    answers: int = 0
    scores: int = 0
    votes: int = 0
    labels: int = 0
    notes: int = 0
