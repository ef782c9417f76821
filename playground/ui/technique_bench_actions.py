"""Starting and stopping the bench of techniques; it goes on without the page."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import Any

from playground.bench.kept_techniques import Benching, benching, keep_bench, last_bench
from playground.bench.techniques import ANSWERS, QUESTIONS, dataset
from playground.errors import PromptError
from playground.types.dataset import DatasetVersion, to_case
from playground.types.prompt import Prompt
from playground.ui.actions import Action, Ask
from playground.ui.technique_bench import SAMPLE, bench_now, job_of, known, shown
from playground.ui.technique_bench_cases import bench_differing
from playground.ui.update import Update
from playground.workbench.sample_data import use_sample
from playground.workbench.service import Workbench

MOST_SAMPLES, MOST_LENGTH = 40, 8192


async def start_bench(workbench: Workbench, ask: Ask) -> Update:
    """Begin with what is chosen; raises PromptError for what cannot be measured, before anything runs."""
    job = job_of(workbench)
    if job is not None and job.state == "running":
        raise PromptError("Techniques are being measured already.", "Stop it first, or wait for its end.")
    names = [
        name.removeprefix("technique:") for name, on in ask.fields.items() if name[:10] == "technique:" and on
    ]
    names = [name for name in names if known(name)]
    if not names:
        raise PromptError("No technique is chosen.", "Tick at least one.")
    samples, length, most = ask.integer("samples", 8), ask.integer("length", 256), ask.integer("cases", 60)
    if not (2 <= samples <= MOST_SAMPLES and 1 <= length <= MOST_LENGTH and most >= 0):
        raise PromptError("This cannot be measured.", "Choose from the lists.")
    version = await _version(workbench, ask.text("data"))
    model = await workbench.models.find(ask.text("model"))
    rows = await workbench.datasets.all_rows(version)
    cases = [_named(to_case(row, version.columns).values, version) for row in rows]
    data = dataset(cases, most=most or None, seed=1, prompt=await _prompt(workbench, ask.text("prompt")))
    state = Benching(version.name, model.id)
    work = partial(benching, workbench, state, data, names, samples=samples, max_tokens=length)
    workbench.jobs.start("Techniques at equal tokens", version.name, work, subject=state)
    return await shown(workbench, ask)


async def _version(workbench: Workbench, chosen: str) -> DatasetVersion:
    if chosen.startswith(SAMPLE):
        return (await use_sample(workbench.datasets, chosen.removeprefix(SAMPLE))).version
    if not chosen:
        raise PromptError("No data set is chosen.", "Choose one of the list, or import one in the Data tab.")
    return await workbench.datasets.version(chosen)


async def _prompt(workbench: Workbench, chosen: str) -> Prompt | None:
    """What the questions are asked with; None for the question alone."""
    if not chosen:
        return None
    if chosen.startswith(SAMPLE):
        return (await use_sample(workbench.datasets, chosen.removeprefix(SAMPLE))).prompt
    return (await workbench.saved.version(chosen)).prompt


def _named(values: dict[str, Any], version: DatasetVersion) -> dict[str, Any]:
    """The values of a row; what is asked and what is expected are found by the roles of their columns too."""
    roles = {column.role: column.name for column in version.columns if column.role in ("expected", "input")}
    inputs = [column.name for column in version.columns if column.role == "input"]
    if not any(name in values for name in ANSWERS) and "expected" in roles:
        values = {**values, ANSWERS[0]: values.get(roles["expected"], "")}
    if not any(name in values for name in QUESTIONS) and len(inputs) == 1:
        values = {**values, QUESTIONS[0]: values.get(inputs[0], "")}
    return values


async def stop_bench(workbench: Workbench, ask: Ask) -> Update:
    """End it; what is known by then is kept."""
    job = job_of(workbench)
    if job is not None and job.state == "running":
        await workbench.jobs.cancel(job.id)
    return await shown(workbench, ask)


async def bench_order(workbench: Workbench, ask: Ask) -> Update:
    """Compare lists techniques in the order that was found, or in its own again."""
    last = last_bench(workbench.settings)
    if last is not None:
        await asyncio.to_thread(keep_bench, workbench.settings, replace(last, orders=not last.orders))
    return await shown(workbench, ask)


ACTIONS: dict[str, Action] = {
    "start_bench": start_bench,
    "stop_bench": stop_bench,
    "bench_now": bench_now,
    "bench_order": bench_order,
    "bench_differing": bench_differing,
}
