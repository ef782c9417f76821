"""What this build of llama.cpp can do with a model on this CPU. Tried in a process that may die.

    python -m playground.engine.probe MODEL.gguf extra|plain [THREADS …]
    exit code 0: a decode worked; stdout has {"batches": true, "rates": {"2": 91.5, …}}: whether company changes no bit of an
                 answer, and tokens per second for each number of threads; with such numbers only the rates are measured
    exit code 1: the file cannot be loaded

llama-cpp-python 0.3.36 dies with SIGSEGV at the first decode on CPUs with AMX unless weights stay out of the extra
(repacked) buffers: ggml-org/llama.cpp#20824.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from playground.engine.company import is_invariant
from playground.engine.context import Context, Row
from playground.engine.gguf import read_header
from playground.engine.library import start_library
from playground.engine.model import LoadedModel, Options
from playground.errors import BackendError

_TURNS, _TOKENS = 3, 6


def main(arguments: list[str]) -> int:
    """Load the model and decode 32 rows and one row, which take different paths through llama.cpp."""
    path, buffers, *counts = arguments
    threads = int(os.environ["OMP_NUM_THREADS"])
    start_library()
    try:
        options = Options(context_tokens=256, parallel=1, threads=threads, extra_buffers=buffers == "extra")
        model = LoadedModel(read_header(Path(path)), options)
        context = model.new_context(256)
    except BackendError:
        return 1
    context.decode([Row(token=1, position=i, sequence=0, wants_logits=i == 31) for i in range(32)])
    context.decode([Row(token=1, position=32, sequence=0, wants_logits=True)])
    found = {
        "batches": not counts and is_invariant(model, threads),
        "rates": rates(context, map(int, counts)),
    }
    print(json.dumps(found))
    return 0


def rates(context: Context, threads: Iterable[int]) -> dict[int, float]:
    """Tokens per second of single-row decodes; each number of threads gets its best of several turns."""
    best = dict.fromkeys(threads, 0.0)
    position = 33
    for _ in range(_TURNS):
        for count in best:
            context.use_threads(count)
            began = time.perf_counter()
            for _ in range(_TOKENS):
                context.decode([Row(token=1, position=position, sequence=0, wants_logits=True)])
                position += 1
            best[count] = max(best[count], _TOKENS / (time.perf_counter() - began))
    return best


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
