"""What is shown of a table before anything is stored: its columns, its problems by line, some of its rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from playground.tables.base import Finding, Found, Unit
from playground.types.dataset import ColumnKind, ColumnRole

MOST_LINES = 1_000
"""Lines that are named of one problem; beyond, they are counted."""
MOST_PROBLEMS = 500


@dataclass(frozen=True, slots=True)
class ReadColumn:
    """A column of the file and what becomes of it; `becomes` "" leaves it out."""

    name: str
    becomes: str
    kind: ColumnKind
    role: ColumnRole
    filled: int
    missing: int
    distinct: int
    """Beyond 10,000 it says 10,001."""
    first: Any
    why: str
    sure: bool


@dataclass(slots=True)
class Problem:
    """What is the matter with some lines, in the same words; `more` counts the lines that are not named."""

    kind: str
    lines: list[int]
    what: str
    then: str
    refused: bool
    column: str = ""
    more: int = 0

    @property
    def count(self) -> int:
        """How many lines it concerns."""
        return len(self.lines) + self.more


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """A record as it will be stored, or as it stands in the file when it is refused (`raw`)."""

    line: int
    values: dict[str, Any]
    findings: tuple[Finding, ...]
    raw: str = ""

    @property
    def refused(self) -> bool:
        """Whether it is not stored."""
        return any(found.refused for found in self.findings)


@dataclass(frozen=True, slots=True)
class Preview:
    """All that is shown before anything is stored."""

    file: str
    size_bytes: int
    format: str
    unit: Unit
    found: tuple[Found, ...]
    columns: tuple[ReadColumn, ...]
    records: int
    stored: int
    refused: int
    told: int
    """Records that are stored otherwise than they are written."""
    problems: tuple[Problem, ...]
    rows: tuple[PreviewRow, ...]
    shown: int
    """How many rows there are to show, of which `rows` are some."""
    without_column: tuple[str, ...]
    """Variables of the prompt that no column becomes."""


@dataclass(slots=True)
class Tally:
    """Counts of one pass over the records."""

    records: int = 0
    stored: int = 0
    refused: int = 0
    told: int = 0
    problems: dict[tuple[str, str, str, str], Problem] = field(default_factory=dict)

    def note(self, line: int, finding: Finding) -> None:
        """Count a finding with the others of its words."""
        key = (finding.kind, finding.column, finding.what, finding.then)
        problem = self.problems.get(key)
        if problem is None:
            if len(self.problems) >= MOST_PROBLEMS:  # the rest are counted together, by kind
                key = (finding.kind, "", "and more of that kind", "")
                problem = self.problems.get(key)
            if problem is None:
                problem = Problem(finding.kind, [], key[2], key[3], finding.refused, finding.column)
                self.problems[key] = problem
        if len(problem.lines) < MOST_LINES:
            problem.lines.append(line)
        else:
            problem.more += 1
