"""What this build of llama.cpp can do with a model on this CPU. Tried in a process that may die.

    python -m playground.engine.probe MODEL.gguf extra|plain
    exit code 0: a decode worked; stdout has {"batches": true}: whether company changes no bit of an answer
    exit code 1: the file cannot be loaded

llama-cpp-python 0.3.36 dies with SIGSEGV at the first decode on CPUs with AMX unless weights stay out of the extra
(repacked) buffers: ggml-org/llama.cpp#20824.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from playground.engine.company import is_invariant
from playground.engine.context import Row
from playground.engine.gguf import read_header
from playground.engine.library import start_library
from playground.engine.model import LoadedModel, Options
from playground.errors import BackendError


def main(arguments: list[str]) -> int:
    """Load the model and decode 32 rows and one row, which take different paths through llama.cpp."""
    path, buffers = arguments
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
    print(json.dumps({"batches": is_invariant(model, threads)}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
