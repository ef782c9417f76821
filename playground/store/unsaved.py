"""What is typed and not saved, as the store hands it out: drafts of the form, and edits of data sets.

    FormDraftSummary ─ FormDraft        what somebody writes in Compare
    Journal                             what somebody changes in the Data tab, step by step

All times are aware and in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

MOST_DRAFTS = 500
"""So many drafts are kept, the oldest goes first."""
MOST_DAYS = 90
"""So long a draft is kept after its last change."""


@dataclass(frozen=True, slots=True)
class FormDraftSummary:
    """A draft in a list: of what (`key`), whose (`tab`), how it begins, and the version it was begun from."""

    id: str
    key: str
    tab: str
    name: str
    begins: str
    version: int | None
    run_id: str | None
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class FormDraft(FormDraftSummary):
    """A draft with the page's form as plain data."""

    form: dict[str, Any]


StepJson = list[dict[str, Any]]
"""One step of edits of a data set as plain JSON."""


class Sign(NamedTuple):
    """What tells one state of a journal from another: its steps, and when the last of them was made."""

    steps: int
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Journal:
    """The edits that somebody has made to a version of a data set and not saved, in their order."""

    draft: str
    dataset_id: str
    base: int
    steps: tuple[StepJson, ...]
    changed_at: datetime
