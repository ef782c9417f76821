"""What the page and the first verdict wait for before they can be used."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests import forked

VERDICT = """
import sys
from playground.types.experiment import Rule
from playground.verdicts import Entry, Slot, table_of, verdict
slots = [Slot(number, case, 0, passed=(case + number) % 3 > 0) for case in range(60) for number in range(2)]
said = verdict(table_of([Entry("A"), Entry("B")], [str(case) for case in range(60)], slots), Rule(baseline="A", looking=sys.argv[1]), with_more=False).sentence
print(said)
print([name for name in ("scipy.stats", "scipy.optimize", "scipy.special") if name in sys.modules])
"""


def test_the_statistics_are_loaded_with_the_first_means_and_not_with_the_page() -> None:
    # Forked from what has loaded the page.
    script = "import sys; assert 'playground.ui.app' in sys.modules; import playground.stats as s"
    script += "; loaded = 'scipy.special' in sys.modules; s.compare_scores([1, 2, 3], [1, 1, 1])"
    done = forked.run(
        [sys.executable, "-c", f"{script}; print(loaded, 'scipy.special' in sys.modules)"],
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == ["False", "True"], done.stderr


@pytest.mark.parametrize("looking", ["end", "any time"])
def test_a_verdict_on_passes_does_without_the_parts_of_scipy_that_are_slow_to_load(looking: str) -> None:
    done = subprocess.run([sys.executable, "-c", VERDICT, looking], capture_output=True, text=True)
    said, loaded = done.stdout.splitlines() or ["", done.stderr]
    assert "60 cases" in said or "60 of 60" in said or "E = " in said, said
    assert loaded == "[]", done.stderr
