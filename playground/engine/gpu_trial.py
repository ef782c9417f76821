"""Does this build of llama.cpp survive the graphics processors of this machine? Tried in a process that may die.

python -m playground.engine.gpu_trial MODEL.gguf [company]
exit code 0: a decode worked, or there is nothing to try;  exit code 1: the file cannot be loaded
With `company` it says "equal" when the bits of an answer do not depend on those beside it: seldom, for the kernels there are
chosen by the size of a call.
"""

from __future__ import annotations

import sys
from pathlib import Path

from playground.engine.company import is_invariant
from playground.engine.context import Row
from playground.engine.gguf import read_header
from playground.engine.library import start_library
from playground.engine.model import LoadedModel, Options
from playground.engine.offload import ALL
from playground.engine.placement import Graphics
from playground.errors import BackendError

_WINDOW = 256


def main(path: Path, *wishes: str) -> int:
    """Load what fits and decode 32 rows and one row, which take different kernels."""
    start_library()
    try:
        header = read_header(path)
        placed = Graphics(0).place(header, _WINDOW, ALL, 0)
        if placed is None or not placed.plan.layers:
            return 0
        model = LoadedModel(header, Options(_WINDOW, 1, 1, gpu_layers=placed.plan.layers, device="trial"))
        if wishes == ("company",):
            print("equal" if is_invariant(model, 1) else "differs")
            return 0
        context = model.new_context(_WINDOW)
    except BackendError:
        return 1
    codes = [
        context.decode([Row(token=1, position=i, sequence=0, wants_logits=i == 31) for i in range(32)]),
        context.decode([Row(token=1, position=32, sequence=0, wants_logits=True)]),
    ]
    context.logits(0)
    return 0 if not any(codes) else 2


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
