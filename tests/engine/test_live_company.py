"""Company changes no bit at full depth: thirty prompts in five schedules, on all thirty layers in every number format.

    LIVE=1 python -m pytest -m live tests/engine/test_live_company.py

Five to fifteen minutes of processor time for each format. The usual tests do it with two layers (`test_engine_company.py`).
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.bench.company import KINDS, REQUESTS, SCHEDULES, compared

pytestmark = pytest.mark.live


@pytest.mark.parametrize("kind", KINDS)
def test_every_answer_is_bit_for_bit_the_one_it_would_be_alone(kind: str, tmp_path: Path) -> None:
    if os.environ.get("LIVE") != "1":
        pytest.skip("set LIVE=1; it takes the processor for an hour")
    found = compared(kind, tmp_path)
    assert (found.equal, found.total) == (REQUESTS * SCHEDULES, REQUESTS * SCHEDULES)
    assert found.apart == 0, "guesses changed an answer that was alone"
    assert found.guessed and found.refused and found.resets
