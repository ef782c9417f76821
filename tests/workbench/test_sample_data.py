"""Tests for the data sets that come with the program: one is kept when it is used, and only once."""

from __future__ import annotations

import pytest

from playground.errors import NotFoundError
from playground.workbench.sample_data import all_samples, use_sample
from playground.workbench.service import Workbench


async def test_a_sample_is_kept_once_with_the_prompt_that_goes_with_it(workbench: Workbench) -> None:
    chosen = next(each for each in await all_samples() if each.name == "arithmetic")
    first = await use_sample(workbench.datasets, "arithmetic")
    again = await use_sample(workbench.datasets, "arithmetic")
    assert (first.version.name, first.version.rows) == (chosen.title, chosen.rows)
    assert again.version == first.version and len(await workbench.datasets.all()) == 1
    assert first.prompt is not None
    assert {field.name for field in first.prompt.inputs} <= {column.name for column in first.version.columns}
    assert first.prompt.checks


async def test_a_sample_that_is_none_is_named(workbench: Workbench) -> None:
    with pytest.raises(NotFoundError, match="nonsense"):
        await use_sample(workbench.datasets, "nonsense")
