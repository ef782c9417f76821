"""The data sets that come with the program, kept like any other as soon as one is used.

version, prompt, experiment = await use_sample(workbench.datasets, "sentiment")
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import NamedTuple

from playground.errors import NotFoundError
from playground.library.shipped import read_prompt
from playground.library.shipped_data import ShippedSet, shipped_sets
from playground.tables.reading import read_table
from playground.types.dataset import DatasetVersion
from playground.types.prompt import Prompt
from playground.workbench.datasets import DatasetDesk


class Sample(NamedTuple):
    """A shipped set as it is kept, the prompt that goes with it, and the text of an experiment on it ("" is none)."""

    version: DatasetVersion
    prompt: Prompt | None
    experiment: str


async def all_samples() -> tuple[ShippedSet, ...]:
    """Those that there are."""
    return await asyncio.to_thread(shipped_sets)


async def use_sample(datasets: DatasetDesk, name: str) -> Sample:
    """The set of that name: the newest version of the one that is kept, else kept now. Raises NotFoundError."""
    known = {each.name: each for each in await all_samples()}
    if name not in known:
        raise NotFoundError(f'There is no sample "{name}".', f"There are: {', '.join(known) or 'none'}.")
    chosen = known[name]
    prompt = (await asyncio.to_thread(read_prompt, chosen.prompt))[0] if chosen.prompt else None
    experiment = await asyncio.to_thread(_text, chosen.experiment) if chosen.experiment else ""
    kept = next((each for each in await datasets.all() if each.name == chosen.title), None)
    if kept is not None:
        return Sample(await datasets.version(kept.id), prompt, experiment)
    variables = [field.name for field in prompt.inputs] if prompt else []
    data = await asyncio.to_thread(chosen.path.read_bytes)
    reading = await asyncio.to_thread(read_table, chosen.path.name, data, variables=variables)
    version, _ = await datasets.keep(reading, chosen.title, note="a sample that comes with the program")
    return Sample(version, prompt, experiment)


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")
