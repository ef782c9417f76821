"""A bench of techniques as a job, and its last result, kept in the data folder until the next one.

state = Benching("Sentiment", "llama.cpp:tiny")
workbench.jobs.start("Techniques", "", partial(benching, workbench, state, data, names, samples=8), subject=state)
last_bench(workbench.settings)   # KeptBench(at=…, title="Sentiment", is_complete=True, report=…), None before the first
"""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import TypeAdapter, ValidationError

from playground.bench.technique_report import CURVE, Report
from playground.bench.techniques import ZERO_SHOT, Data, bench_techniques
from playground.errors import BackendError, SettingsError
from playground.settings import Settings
from playground.types.prompt import Sampling
from playground.types.servers import Progress
from playground.whole_files import write_whole
from playground.workbench.service import Workbench

log = logging.getLogger(__name__)

FILE = "techniques.json"


@dataclass(slots=True, eq=False)
class Benching:
    """A bench under way: the data set's name, the model, and everything known so far."""

    title: str
    model: str
    done: int = 0
    total: int = 0
    report: Report | None = None


@dataclass(frozen=True, slots=True)
class KeptBench:
    """What one bench found, ended at `at` (UTC); not complete when it was stopped."""

    at: datetime
    title: str
    is_complete: bool
    report: Report
    orders: bool = True
    """Whether Compare lists techniques in the order that was found."""


async def benching(
    workbench: Workbench, state: Benching, data: Data, names: Sequence[str], *, samples: int, max_tokens: int
) -> AsyncGenerator[Progress]:
    """The steps of the job. Stopping it keeps what is known by then; raises when no model answered."""
    # Before the first answer has ended it is known how many there are.
    state.total = len(data.cases) * len({ZERO_SHOT, *names, CURVE})
    sampling = Sampling(temperature=0, max_tokens=max_tokens, seed=1)
    work = bench_techniques(workbench, data, state.model, names, sampling=sampling, samples=samples)
    try:
        async with aclosing(work) as steps:
            async for state.done, state.total, state.report in steps:
                yield Progress("measuring")
    finally:
        if state.report is not None and any(each.ended for each in state.report.tried):
            complete = state.done == state.total
            keep_bench(workbench.settings, KeptBench(datetime.now(UTC), state.title, complete, state.report))
    if state.report is None or not any(each.ended for each in state.report.tried):
        reasons = [
            reason for each in (state.report.tried if state.report else ()) for reason in each.failures
        ]
        raise BackendError(
            "No answer came.", reasons[0] if reasons else "See what is wrong: playground doctor"
        )


# --- kept -----------------------------------------------------------------------------------------------

_ADAPTER = TypeAdapter(KeptBench)


def keep_bench(settings: Settings, found: KeptBench) -> None:
    """Write it in place of the last one, in one step; raises SettingsError."""
    path = settings.data_dir / FILE
    # By Python's own writer: a value that is not there is NaN, which pydantic would write as nothing.
    text = json.dumps(_ADAPTER.dump_python(found), default=str, ensure_ascii=False)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(path, text.encode(errors="replace"))
    except OSError as exc:
        raise SettingsError(f"{FILE} in the data folder cannot be written.", "Check its rights.") from exc


def found_order(settings: Settings) -> tuple[list[str], str]:
    """The techniques that were measured last, the best at equal tokens first, and on what; nothing when that was undone."""
    last = last_bench(settings)
    if last is None or not last.orders:
        return [], ""
    return [each.tried.name for each in last.report.equals() if each.gain is not None], last.title


def last_bench(settings: Settings) -> KeptBench | None:
    """The last result; None without one, or when another version of this program wrote it."""
    try:
        return _ADAPTER.validate_python(json.loads((settings.data_dir / FILE).read_bytes()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, ValidationError):
        log.warning("%s in the data folder cannot be read; measure again", FILE)
        return None
