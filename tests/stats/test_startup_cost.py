"""What the page waits for before it can be used."""

from __future__ import annotations

import subprocess
import sys


def test_the_statistics_are_loaded_with_the_first_verdict_and_not_with_the_page() -> None:
    script = "import sys, playground.ui.app, playground.stats as s; loaded = 'scipy.stats' in sys.modules; s.rate(3, 4)"
    done = subprocess.run(
        [sys.executable, "-c", f"{script}; print(loaded, 'scipy.stats' in sys.modules)"],
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == ["False", "True"], done.stderr
