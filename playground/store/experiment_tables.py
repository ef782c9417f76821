"""The tables of experiments, beside the run that each of them is.

run ─── experiment                    how it was written down, its rule, its data, its state
├───◁ cell ─◁ hand_label            what people, or judges that are asked another way, say of an answer
└───◁ judge_version                 the versions of a judge

deleted_run                           by the id of a run: that it was deleted
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

from playground.store.columns import ExactText, UtcTime, now
from playground.store.tables import Table


class HandLabelRow(Table, table=True):
    """Whether an answer meets a criterion, as a person says or as a judge says that is asked another way.

    A person's `kind` is "label", or "again" of an answer that was shown a second time; `criterion` is the line of the judge:
    the hash of its first version's criterion, whichever model judges by it. A judge's `kind` is "reversed" or "asked";
    `criterion` is then the hash of the version that was asked, `probability` how sure it was that it passes, and
    `tokens` and `total_s` what the call took.
    """

    __tablename__ = "hand_label"

    cell_id: int = Field(primary_key=True, foreign_key="cell.id")
    criterion: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    passes: bool
    note: str = Field(default="", sa_type=ExactText)
    voter: str = Field(default="", sa_type=ExactText)
    created_at: datetime = Field(default_factory=now, sa_type=UtcTime)
    probability: float | None = None
    tokens: int | None = None
    total_s: float | None = None


class JudgeVersionRow(Table, table=True):
    """One version of a judge of an experiment, with its check; `number` counts from 1, the one that it began with.

    All versions of a `line` are measured by the same labels.
    """

    __tablename__ = "judge_version"

    run_id: str = Field(primary_key=True, foreign_key="run.id")
    line: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    judge: dict[str, Any] = Field(sa_type=sa.JSON)
    created_at: datetime = Field(default_factory=now, sa_type=UtcTime)


class ExperimentTable(Table, table=True):
    """What an experiment is beside its run: how it was written down, its rule, its data, its state.

    `question` is the same for experiments that ask whether something beats one baseline on one data set; `attempt`
    counts them. `checks` are those that its answers are judged by now. `facts` are what later changes elsewhere must not
    change here: names of models and prompts, cluster, slices. `owner` is the program that runs it.
    """

    __tablename__ = "experiment"
    __table_args__ = (sa.Index("ix_experiment_question_created_at", "question", "created_at"),)

    run_id: str = Field(primary_key=True, foreign_key="run.id")
    name: str = Field(sa_type=ExactText)
    plan: dict[str, Any] = Field(sa_type=sa.JSON)
    checks: list[dict[str, Any]] = Field(sa_type=sa.JSON)
    facts: dict[str, Any] = Field(sa_type=sa.JSON)
    question: str
    attempt: int = 1
    dataset_id: str = Field(default="", sa_type=ExactText, index=True)
    dataset: str = Field(default="", sa_type=ExactText)
    dataset_number: int | None = None
    half: str = ""
    state: str = "running"
    why: str = Field(default="", sa_type=ExactText)
    owner: str | None = Field(default=None, sa_type=ExactText)
    sentence: str = Field(default="", sa_type=ExactText)
    outcome: str = ""
    elapsed_s: float = 0.0
    created_at: datetime = Field(default_factory=now, sa_type=UtcTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcTime)


class DeletedRunRow(Table, table=True):
    """A run that was deleted, or of which something is still left to take away (`removal`).

    Of an experiment it keeps what attempts are counted by, and nothing that can be read: its question is a hash, and so
    is `opened`, the half of the data that it has looked at.
    """

    __tablename__ = "deleted_run"

    run_id: str = Field(primary_key=True)
    deleted_at: datetime = Field(default_factory=now, sa_type=UtcTime)
    question: str = Field(default="", index=True)
    attempt: int = 0
    opened: str = ""
