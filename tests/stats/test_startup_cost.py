"""What the page waits for before it can be used."""

from __future__ import annotations

import subprocess
import sys


def test_the_statistics_are_loaded_with_the_first_verdict_and_not_with_the_page() -> None:
    # As the server does it: imported by itself, Gradio writes stubs for all of its components first.
    script = (
        "from playground.ui.quick_gradio import import_gradio as gradio; gradio(); import playground.ui.app"
    )
    script += "; import sys, playground.stats as s; loaded = 'scipy.stats' in sys.modules; s.rate(3, 4)"
    done = subprocess.run(
        [sys.executable, "-c", f"{script}; print(loaded, 'scipy.stats' in sys.modules)"],
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == ["False", "True"], done.stderr
