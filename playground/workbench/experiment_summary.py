"""What the cells of an experiment that has ended come to, in numbers, kept beside the store: so it opens at once.

    summaries.keep(stored, table, progress)     # summaries/3f….npz in the data folder
    summaries.read(stored, empty)               →  (table, progress), or None: then the cells are read

A file is what the cells of one moment came to, and no more than that: it has neither values nor answers, and whatever
differs from that moment, or cannot be read, is told by its stamp and left aside. Any of them may be deleted.
"""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from playground.scorers import check_hash
from playground.store.content import fold
from playground.types.outcomes import Progress, StoredExperiment

if TYPE_CHECKING:
    from playground.verdicts import Table

log = logging.getLogger(__name__)

FORM = 1
"""Grows with whatever is kept otherwise."""
LEAST_CELLS = 5_000
"""Fewer are read from the store as quickly."""
MOST_FILES = 64
_PROGRESS = TypeAdapter(Progress)


class Summaries:
    """The summaries in one folder; a folder that cannot be written keeps none."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, stored: StoredExperiment, empty: Table) -> tuple[Table, Progress] | None:
        """The table, made from that of its cases before any cell ended, and the progress; None when none is kept of now."""
        from playground.verdicts.packing import unpack

        try:
            table, told = unpack(self._file(stored.id).read_bytes(), empty)
            if told["stamp"] != _stamp(stored):
                return None
            progress = _PROGRESS.validate_python(told["progress"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, LookupError, TypeError) as exc:
            log.debug("the summary of %s is read from its cells again: %s", stored.id, exc)
            return None
        return table, replace(progress, name=stored.row.name)

    def keep(self, stored: StoredExperiment, table: Table, progress: Progress) -> None:
        """Keep what it came to; of the files, those that were written last stay."""
        if stored.state != "done" or table.cells < LEAST_CELLS:
            return
        from playground.verdicts.packing import pack

        told = {"stamp": _stamp(stored), "progress": _PROGRESS.dump_python(progress, mode="json")}
        file = self._file(stored.id)
        new = file.with_suffix(f".{os.getpid()}.new")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            new.write_bytes(pack(table, told))
            new.replace(file)
            files = sorted(self._folder.glob("*.npz"), key=lambda each: each.stat().st_mtime, reverse=True)
            for old in files[MOST_FILES:]:
                old.unlink()
        except OSError as exc:  # as on a full disk: the cells tell the same, more slowly
            log.debug("no summary of %s is kept: %s", stored.id, exc)
            with suppress(OSError):
                new.unlink(missing_ok=True)

    def drop(self, run_id: str) -> None:
        """Forget what was kept of an experiment whose scores change."""
        with suppress(OSError):
            self._file(fold(run_id)).unlink(missing_ok=True)

    def _file(self, run_id: str) -> Path:
        return self._folder / f"{run_id}.npz"


def _stamp(stored: StoredExperiment) -> list[Any]:
    """Whatever a change of its cells, its scores or what is expected of them changes too."""
    row = stored.row
    return [
        *(FORM, row.id, row.state, row.why, row.attempt, row.elapsed_s, row.total, row.done, row.failed),
        row.ended_at.isoformat() if row.ended_at else "",
        stored.expected_of,
        [check_hash(check) for check in stored.checks],
    ]
