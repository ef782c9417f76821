"""What this build of llama.cpp can do with a model on this CPU. Tried in a process that may die.

    python -m playground.engine.probe MODEL.gguf extra|plain
    exit code 0: a decode worked; stdout has {"batches": true}: whether company changes no bit of an answer
    exit code 1: the file cannot be loaded

A few layers tell as much as all of them (`cut.py`), in a fraction of the time.

llama-cpp-python 0.3.36 dies with SIGSEGV at the first decode on CPUs with AMX unless weights stay out of the extra
(repacked) buffers: ggml-org/llama.cpp#20824.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from playground.engine.company import is_invariant
from playground.engine.context import Row
from playground.engine.cut import few_layers
from playground.engine.gguf import read_header
from playground.engine.library import start_library
from playground.engine.model import LoadedModel, Options
from playground.errors import BackendError


def main(arguments: list[str]) -> int:
    """Load the model and decode 32 rows and one row, which take different paths through llama.cpp."""
    path, buffers = Path(arguments[0]), arguments[1]
    threads = int(os.environ["OMP_NUM_THREADS"])
    start_library()
    options = Options(context_tokens=256, parallel=1, threads=threads, extra_buffers=buffers == "extra")
    try:
        model = loaded(path, options)
        context = model.new_context(256)
    except BackendError:
        return 1
    context.decode([Row(token=1, position=i, sequence=0, wants_logits=i == 31) for i in range(32)])
    context.decode([Row(token=1, position=32, sequence=0, wants_logits=True)])
    print(json.dumps({"batches": is_invariant(model, threads)}))
    return 0


def loaded(path: Path, options: Options) -> LoadedModel:
    """The model with a few of its layers, where such a one can be made and read, else all of it. Raises BackendError."""
    with suppress(BackendError, OSError), TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        few = Path(folder, path.name)
        if few_layers(path, few):
            return LoadedModel(read_header(few), options)
    return LoadedModel(read_header(path), options)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
