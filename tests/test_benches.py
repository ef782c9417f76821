"""The benches start as a person starts them: as scripts, with their own folder first on the path."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

BENCHES = Path(__file__).parent / "bench"


def test_a_bench_that_wants_the_standard_librarys_statistics_has_it() -> None:
    code = f"import sys; sys.path.insert(0, {str(BENCHES)!r}); import statistics; print(statistics.median([1, 2, 6]))"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "2\n"
    )
