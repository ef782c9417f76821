"""What happens to a run, told while it happens: RunStarted, Started, Waits, Delta…, and Ended for every cell."""

from __future__ import annotations

from dataclasses import dataclass

from playground.errors import PlaygroundError
from playground.runs.runner import Delta, Started, Stepped, Waits
from playground.store.records import StoredCell, StoredRun


@dataclass(frozen=True, slots=True)
class RunStarted:
    """The run is stored, or about to be while the database is held by another program; its cells are pending.

    `run` is how it begins: without cells that have ended, and without a link to a saved version.
    """

    run_id: str
    columns: int
    run: StoredRun


@dataclass(frozen=True, slots=True)
class Ended:
    """A column's cell has ended, and is stored with its scores unless `unsaved` says why it is not.

    While another program holds the database it may be stored a little later: see `Deposits.all_stored`.
    """

    run_id: str
    cell: StoredCell
    unsaved: PlaygroundError | None = None


Event = RunStarted | Started | Waits | Delta | Stepped | Ended
