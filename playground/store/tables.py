"""The tables.

    content ◁─ version ▷─ prompt          a prompt's body is stored once, under its hash
       ▲          ▲
       ├───────── run ─◁ run_case         the values and images of a case
       │           ├───◁ vote
       └─ variant ▷┤                      model, prompt and sampling of a column
             ▲     │
             └──── cell ─◁ step           one cell per case, variant and repeat; one step per call
                     └──◁ score, cell_text

    prompt ─◁ prompt_tag, label           a label stands on one version
    favourite, sync_mark, blob, draft     by key, by folder and path, by hash, by id

Table classes do not validate: only this package builds them, from validated values. Every change here needs a
revision in `migrations/versions/` (a test compares the two).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, col

from playground.store.columns import ExactText, UtcTime, new_id, now


class Table(SQLModel):
    """Base of the tables; the naming convention lets later revisions name any constraint."""

    metadata: ClassVar[sa.MetaData] = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Content(Table, table=True):
    """The body of a prompt under the SHA-256 of its canonical JSON; shared by versions, runs and variants.

    `json_text` keeps the order of keys that the first writer had (a schema's properties are read in that order).
    """

    hash: str = Field(primary_key=True)
    json_text: str = Field(sa_type=sa.Text)


class PromptRow(Table, table=True):
    """A saved prompt. `name_key` is the folded name, unique; NULL once in the bin, which frees the name.

    `latest` is the newest version of the main line; what lists show or search of it is kept here too.
    """

    __tablename__ = "prompt"

    id: str = Field(default_factory=new_id, primary_key=True)
    name: str
    name_key: str | None = Field(unique=True)
    origin: str = "mine"
    forked_from: str = Field(default="", sa_type=ExactText)
    latest: int = 0
    content_hash: str = Field(foreign_key="content.hash", index=True)
    description: str = Field(default="", sa_type=ExactText)
    family: str = Field(default="", sa_type=ExactText)
    search_text: str = Field(default="", sa_type=sa.Text)
    created_at: datetime = Field(default_factory=now, sa_type=UtcTime)
    updated_at: datetime = Field(default_factory=now, sa_type=UtcTime)
    deleted_at: datetime | None = Field(default=None, sa_type=UtcTime)


class PromptTag(Table, table=True):
    """A tag of a prompt's newest version; `position` keeps their order."""

    __tablename__ = "prompt_tag"
    __table_args__ = (sa.Index("ix_prompt_tag_tag_prompt_id", "tag", "prompt_id"),)

    prompt_id: str = Field(primary_key=True, foreign_key="prompt.id")
    position: int = Field(primary_key=True)
    tag: str = Field(sa_type=ExactText)


class Version(Table, table=True):
    """One save of a prompt, never changed; `number` counts from 1 over all lines, `variant` "" is the main line."""

    __table_args__ = (sa.UniqueConstraint("prompt_id", "number"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    prompt_id: str = Field(foreign_key="prompt.id")
    number: int
    content_hash: str = Field(foreign_key="content.hash", index=True)
    message: str = Field(default="", sa_type=ExactText)
    author: str = Field(default="", sa_type=ExactText)
    created_at: datetime = Field(default_factory=now, sa_type=UtcTime)
    variant: str = ""


class Label(Table, table=True):
    """A name, such as production, that stands on one version of a prompt."""

    __table_args__ = (
        sa.ForeignKeyConstraint(["prompt_id", "number"], ["version.prompt_id", "version.number"]),
    )

    prompt_id: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    number: int


class Favourite(Table, table=True):
    """A favourite: `prompt:ID` for a saved prompt, `pattern:SLUG` for one of the library's files, `run:ID` pinned."""

    key: str = Field(primary_key=True, sa_type=ExactText)


class SyncMarkRow(Table, table=True):
    """What a synced file and its prompt had in common at the last sync; the prompt may be gone since."""

    __tablename__ = "sync_mark"

    folder: str = Field(primary_key=True, sa_type=ExactText)
    path: str = Field(primary_key=True, sa_type=ExactText)
    prompt_id: str
    content_hash: str
    mtime_ns: int = Field(sa_type=sa.BigInteger)
    size: int = Field(sa_type=sa.BigInteger)


class Blob(Table, table=True):
    """Bytes, such as an image, under their SHA-256."""

    hash: str = Field(primary_key=True)
    data: bytes = Field(sa_type=sa.LargeBinary)


class DraftRow(Table, table=True):
    """What is typed and not saved: a form as ASCII JSON, its images by their hash.

    `key` says of what: `prompt:ID`, `pattern:SLUG`, `run:ID` or `new:ID`. Only `tab` writes to it. It refers to nothing:
    what it was made from may be gone, and it is still there.
    """

    __tablename__ = "draft"

    id: str = Field(default_factory=new_id, primary_key=True)
    key: str = Field(sa_type=ExactText)
    tab: str
    name: str = Field(sa_type=ExactText)
    begins: str = Field(sa_type=ExactText)
    version: int | None = None
    run_id: str | None = None
    form: str = Field(sa_type=sa.Text)
    created_at: datetime = Field(default_factory=now, sa_type=UtcTime)
    updated_at: datetime = Field(default_factory=now, sa_type=UtcTime)
    dropped_at: datetime | None = Field(default=None, sa_type=UtcTime)


class Run(Table, table=True):
    """One press of Run: a grid of cells, cases × variants × repeats.

    `comparison` is the form it reopens with, prompts by their hash; values and images are those of its cases.
    `planned` counts the cells it was created with. Its status is no column: it follows from its cells.
    `search_text`, folded and bounded, is what it can be found by beside its answers (`CellText`).
    """

    __table_args__ = (sa.Index("ix_run_created_at_id", "created_at", "id"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    created_at: datetime = Field(default_factory=now, sa_type=UtcTime)
    kind: str = "comparison"
    title: str = Field(sa_type=ExactText)
    note: str = Field(default="", sa_type=ExactText)
    version_id: str | None = Field(default=None, foreign_key="version.id", index=True)
    content_hash: str = Field(foreign_key="content.hash", index=True)
    planned: int = 0
    search_text: str = Field(default="", sa_type=sa.Text)
    comparison: dict[str, Any] = Field(sa_type=sa.JSON)


DELETED = "deleted"
"""The kind of a run that was deleted and of which something is left to take away (`removal`)."""
IS_THERE = col(Run.kind) != DELETED


class RunCase(Table, table=True):
    """One case of a run: the values of its variables, its images by their hash, the id of its row in a data set."""

    __tablename__ = "run_case"

    run_id: str = Field(primary_key=True, foreign_key="run.id")
    number: int = Field(primary_key=True)
    input_values: dict[str, Any] = Field(sa_type=sa.JSON)
    images: list[Any] = Field(default_factory=list, sa_type=sa.JSON)
    row_id: str = Field(default="", sa_type=ExactText)


class VariantRow(Table, table=True):
    """What the cells of a variant were run with. `sampling` is without its seed, which each cell has itself.

    A variant that was changed between two of its cells has a row for each of its forms.
    """

    __tablename__ = "variant"
    __table_args__ = (sa.Index("ix_variant_run_id_number", "run_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    run_id: str = Field(foreign_key="run.id")
    number: int
    model: str = Field(sa_type=ExactText)
    backend: str = Field(sa_type=ExactText)
    content_hash: str = Field(foreign_key="content.hash", index=True)
    sampling: dict[str, Any] = Field(sa_type=sa.JSON)


_JSON: Any = sa.JSON(none_as_null=True)


class Cell(Table, table=True):
    """One answer in short, or the reason why there is none; its texts are those of its steps.

    `finish` is NULL until something came back. `owner` is the program that runs it (`presence`): when that has
    ended, the cell is interrupted. `attempt` counts how often it was begun, `calls` its steps. `final` is the answer of
    a technique, whose last call said something else, and `facts` are pairs that it tells of it.
    """

    __table_args__ = (
        sa.UniqueConstraint("run_id", "case_number", "variant_number", "repeat"),
        sa.Index("ix_cell_status_run_id", "status", "run_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    run_id: str = Field(foreign_key="run.id")
    case_number: int
    variant_number: int
    repeat: int
    variant_id: int = Field(foreign_key="variant.id", index=True)
    status: str = "pending"
    seed: int | None = Field(default=None, sa_type=sa.BigInteger)
    extracted: str | None = Field(default=None, sa_type=ExactText)
    finish: str | None = None
    calls: int = 0
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_s: float = 0.0
    error: str = Field(default="", sa_type=ExactText)
    hint: str = Field(default="", sa_type=ExactText)
    thumb: int = 0
    attempt: int = 0
    started_at: datetime | None = Field(default=None, sa_type=UtcTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcTime)
    owner: str | None = Field(default=None, sa_type=ExactText)
    final: str | None = Field(default=None, sa_type=ExactText)
    facts: list[list[str]] | None = Field(default=None, sa_type=_JSON)


class Step(Table, table=True):
    """One step of a cell; a cell without a multi-call technique has exactly one, a call.

    Before it has ended it holds what was written so far, without `finish`. `request_hash` is the same for calls
    that ask for the same. `made` is what a technique made of it: extracted, value, state, start_s, model, as far as
    there is something to say.
    """

    cell_id: int = Field(primary_key=True, foreign_key="cell.id")
    number: int = Field(primary_key=True)
    parent: int | None = None
    kind: str = "call"
    label: str = Field(default="", sa_type=ExactText)
    request_hash: str | None = Field(default=None, index=True)
    messages: list[dict[str, str]] = Field(sa_type=sa.JSON)
    rendered_prompt: str | None = Field(default=None, sa_type=ExactText)
    text: str = Field(default="", sa_type=ExactText)
    reasoning: str = Field(default="", sa_type=ExactText)
    finish: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    context_tokens: int | None = None
    first_token_s: float | None = None
    total_s: float | None = None
    model_digest: str | None = Field(default=None, sa_type=ExactText)
    backend_version: str | None = Field(default=None, sa_type=ExactText)
    mode: str | None = Field(default=None, sa_type=ExactText)
    ignored: list[str] = Field(default_factory=list, sa_type=sa.JSON)
    logprobs: list[dict[str, Any]] = Field(default_factory=list, sa_type=sa.JSON)
    made: dict[str, Any] | None = Field(default=None, sa_type=_JSON)


class CellText(Table, table=True):
    """What a run can be found by of one answer: how it begins, folded."""

    __tablename__ = "cell_text"

    cell_id: int = Field(primary_key=True, foreign_key="cell.id")
    run_id: str = Field(foreign_key="run.id", index=True)
    text: str = Field(sa_type=sa.Text)


class ScoreRow(Table, table=True):
    """One check's verdict; `value` NULL means that the check does not apply.

    `probability` is how sure a judge was that it passes, where its log-probabilities told.
    `check_hash` names the check with its options, `judge_cell_id` the cell in which a model judged.
    """

    __tablename__ = "score"
    __table_args__ = (
        sa.Index(
            "ix_score_unscored", "cell_id",
            sqlite_where=sa.text("value IS NULL"), postgresql_where=sa.text("value IS NULL"),
        ),
    )  # fmt: skip

    cell_id: int = Field(primary_key=True, foreign_key="cell.id")
    number: int = Field(primary_key=True)
    check_hash: str | None = None
    judge_cell_id: int | None = Field(default=None, foreign_key="cell.id", index=True)
    name: str = Field(sa_type=ExactText)
    value: float | None = None
    answer: str = Field(sa_type=ExactText)
    explanation: str = Field(sa_type=ExactText)
    weight: float = 1.0
    probability: float | None = None


class Vote(Table, table=True):
    """What a voter chose in a run; voting again replaces it.

    `cell_id` is the chosen cell, NULL for a tie and for "all bad"; a vote on two cells alone names them as a pair.
    """

    __table_args__ = (sa.Index("ix_vote_run_id_voter", "run_id", "voter"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    run_id: str = Field(foreign_key="run.id")
    voter: str = Field(default="", sa_type=ExactText)
    kind: str
    cell_id: int | None = Field(default=None, foreign_key="cell.id", index=True)
    first_cell_id: int | None = Field(default=None, foreign_key="cell.id", index=True)
    second_cell_id: int | None = Field(default=None, foreign_key="cell.id", index=True)
    note: str = Field(default="", sa_type=ExactText)
    created_at: datetime = Field(default_factory=now, sa_type=UtcTime)
