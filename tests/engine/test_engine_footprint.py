"""What an engine process takes of the memory with every cell of the window in use: at most the model's file and 250 MB."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from playground.engine.cores import thread_environment

ALLOWED = 250_000_000
FULL = """
import json, sys
from pathlib import Path
import playground.engine.worker
from playground.engine.context import STEP_ROWS, Row
from playground.engine.gguf import read_header
from playground.engine.library import start_library
from playground.engine.loading import Loading
from playground.engine.model import LoadedModel, Options
from playground.engine.scheduler import Scheduler
start_library()
header = read_header(Path(sys.argv[1]))
loading = Loading("model", lambda: LoadedModel(header, Options(8192, 8, 2)), 0)
while not loading.has_ended: pass
model = loading.result()
scheduler = Scheduler(model, model.rules)
calls, context = scheduler._calls, scheduler._calls.context
words = model.vocabulary.tokenize("word " * 128, special=False)[:STEP_ROWS]
assert calls.decode([Row(token, n, 0, n % 16 == 0) for n, token in enumerate(words)]) == 0
tile = context.state(0)
for sequence in range(1, 8192 // STEP_ROWS):  # the others are copied, not computed, which touches as many pages
    context.forget(context.sequences - 1)
    assert context.take_state(context.sequences - 1, tile)
    context.move(context.sequences - 1, 1, 0)
del tile
assert calls.decode([Row(1, STEP_ROWS, 0, True)]) == 0
print(json.dumps([model.cells, int(Path("/proc/self/statm").read_text().split()[1]) * 4096]))
"""


def test_a_full_window_takes_no_more_than_the_file_and_250_mb(model: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-P", "-c", FULL, str(model)],
        env=os.environ | thread_environment(2) | {"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        check=True,
        text=True,
    )
    cells, resident = json.loads(told.stdout)
    assert cells == 8192
    assert resident <= model.stat().st_size + ALLOWED, f"{resident / 1e6:.1f} MB"
