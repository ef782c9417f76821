"""A measuring of backends as a job, and its result, kept in the data folder until the next one.

state = Measuring(("llama.cpp:tiny", "ollama:tiny"), seconds=100)
workbench.jobs.start("Which backend for me?", "", lambda: measuring(workbench, state), subject=state)
state.share, state.measured            # so far
last_measurement(workbench.settings)   # Measurement(at=…, took_s=94.2, complete=True, measured=(…)), None before the first
"""

from __future__ import annotations

import csv
import io
import logging
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import ConfigDict, TypeAdapter, ValidationError

from playground.bench.measuring import AT_ONCE, GREEDY, Measured, Report, agreement, measure
from playground.bench.noise import noise
from playground.errors import SettingsError
from playground.settings import Settings
from playground.types.servers import Progress
from playground.whole_files import write_whole
from playground.workbench.service import Workbench

log = logging.getLogger(__name__)

FILE = "backends.json"
STEPS = 2 + len(AT_ONCE) + len(GREEDY) + 1
"""Reports about one model: loading, first token, each number at once, each greedy answer, all of them again."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one measuring found, begun at `at` (UTC); not `complete` when it was stopped."""

    # What a file holds is checked; dataclasses of pydantic read their rules here.
    __pydantic_config__ = ConfigDict(extra="forbid")

    at: datetime
    took_s: float
    complete: bool
    measured: tuple[Measured, ...]


@dataclass(slots=True, eq=False)
class Measuring:
    """A measuring under way: what is done now, and everything known so far."""

    models: tuple[str, ...]
    seconds: float
    doing: str = ""
    measured: tuple[Measured, ...] = ()
    steps: int = 0
    """Reports about the model that is measured now."""

    def take(self, report: Report) -> None:
        """Note a report."""
        self.steps = self.steps + 1 if len(report.measured) == len(self.measured) else 1
        self.doing, self.measured = report.doing, report.measured

    @property
    def share(self) -> float:
        """How much is done, 0..1, by steps: a model that answers fast takes less than its time."""
        if not self.measured:
            return 0.0
        now = len(self.measured) - 1 + min(1.0, (self.steps - 1) / STEPS)
        return min(1.0, now / len(self.models))


async def measuring(workbench: Workbench, state: Measuring) -> AsyncGenerator[Progress]:
    """The steps of the job. Stopping it keeps what is known by then; raises SettingsError when nothing can be kept."""
    began, at, complete = time.perf_counter(), datetime.now(UTC), False
    yield Progress("measuring")
    try:
        await measure(workbench, state.models, state.take, seconds=state.seconds)
        complete = True
    finally:
        found = Measurement(at, time.perf_counter() - began, complete, state.measured)
        # Stopped before the first number: the result of last time says more.
        if complete or any(row.first_token_s is not None for row in found.measured):
            keep_measurement(workbench.settings, found)


# --- kept -----------------------------------------------------------------------------------------------

_ADAPTER = TypeAdapter(Measurement)


def keep_measurement(settings: Settings, found: Measurement) -> None:
    """Write it in place of the last one, in one step; raises SettingsError."""
    path = settings.data_dir / FILE
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(path, _ADAPTER.dump_json(found, indent=1))
    except OSError as exc:
        raise SettingsError(f"{FILE} in the data folder cannot be written.", "Check its rights.") from exc


def last_measurement(settings: Settings) -> Measurement | None:
    """The last result; None without one, or when another version of this program wrote it."""
    try:
        return _ADAPTER.validate_json((settings.data_dir / FILE).read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError):
        log.warning("%s in the data folder cannot be read; measure again", FILE)
        return None


_TWICE = ("asked_twice_differ", "asked_twice_of", "asked_twice_words")


def to_csv(measured: Sequence[Measured]) -> str:
    """The numbers, unrounded: seconds, tokens a second, bytes."""
    first = next((row for row in measured if any(row.greedy)), None)
    rates = [f"tokens_per_s_{at_once}" for at_once in AT_ONCE]
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(
        ["model", "load_s", "first_token_s", *rates, "memory_bytes", "equal", "of", "cause", *_TWICE]
    )
    for row in measured:
        floor = noise(row.greedy, row.again)
        same = agreement(first.greedy, row.greedy) if first is not None and first is not row else None
        rows.writerow(
            [
                _cell(row.model),
                row.load_s,
                row.first_token_s,
                *(row.rates.get(at_once) for at_once in AT_ONCE),
                row.memory_bytes,
                *((same.equal, same.of, same.cause) if same else ("", "", "")),
                *((floor.differing, floor.of, floor.words) if floor else ("", "", "")),
            ]
        )
    return out.getvalue()


def _cell(text: str) -> str:
    """Names come from servers: a spreadsheet must not take one for a formula."""
    return f"'{text}" if text[:1] in "=+-@\t\r" else text
