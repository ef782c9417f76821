"""Answers in random company against the same alone, bit for bit, at full depth: python tests/bench/company.py [KIND …]

Thirty requests, greedy and seeded, with grammars and log-probabilities, short ones and some that begin in tiles, alone and token by
token, then alone with guesses, and in five random schedules that join, cancel, interrupt, share beginnings and use up tiny caches, on the
embedded model in each number format.
With `--seconds` no further schedule of a format is begun after so many of processor time (a format takes 300 to 900).
Exit code 1 when one text or one row of logits differs. The same as a test: LIVE=1 python -m pytest -m live tests/engine/test_live_company.py
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[2]))
os.environ.setdefault(
    "GOMP_SPINCOUNT", "1000"
)  # as in the engine's own process; read when llama.cpp is loaded

from playground.engine.gguf import read_header
from playground.engine.library import start_library
from playground.engine.model import LoadedModel, Options
from tests.engine.made_models import made_model
from tests.engine.schedules import differing, played, played_alone, requests

KINDS = ("Q4_1", "Q8_0", "Q4_0", "F16", "Q4_K_M")
REQUESTS = 30
SCHEDULES = 5
TILED = 256
"""Tokens of a prompt from which on it begins in tiles here: of longer ones there would be too few."""


class Compared(NamedTuple):
    """How many answers were equal, of how many, in so many schedules; rows of logits; how often all was read again.

    Of the guesses `guessed` came true and `refused` were taken back. Alone with guesses `apart` answers were not as without them.
    """

    equal: int
    total: int
    schedules: int
    rows: int
    resets: int
    guessed: int
    refused: int
    apart: int


def compared(kind: str, folder: Path, count: int = REQUESTS, seconds: float = inf) -> Compared:
    """Play a format's requests alone, then in company."""
    began = time.process_time()
    start_library()
    header = read_header(made_model(folder, kind))
    model = LoadedModel(header, Options(context_tokens=2048, parallel=16, threads=2))
    model.rules = replace(model.rules, long=TILED)
    asked = requests(model, count, shared=250)
    assert any(model.rules.tiled(len(request.prompt)) for request in asked)
    alone = played_alone(model, asked)
    guessing = played_alone(model, asked, guesses=True)
    apart = len(differing(alone, guessing, asked))
    rows = sum(len(digests) for digests in alone.logits.values())
    guessed, refused = guessing.guessed, guessing.refused
    equal = resets = schedules = 0
    for seed in range(SCHEDULES):
        if time.process_time() - began > seconds:
            break
        schedules += 1
        company = played(model, asked, seed)
        equal += len(asked) - len(differing(alone, company, asked))
        resets += company.resets
        guessed, refused = guessed + company.guessed, refused + company.refused
    model.close()
    total = schedules * len(asked)
    return Compared(equal, total, schedules, schedules * rows, resets, guessed, refused, apart)


def main() -> int:
    """Print a line for each format; 1 when company has changed a bit of an answer."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "kinds", nargs="*", metavar="KIND", help=f"one of {', '.join(KINDS)}; all without any"
    )
    parser.add_argument("--seconds", type=float, default=inf)
    parser.add_argument("--requests", type=int, default=REQUESTS)
    options = parser.parse_args()
    changed = 0
    with tempfile.TemporaryDirectory() as folder:
        for kind in options.kinds or KINDS:
            began = time.process_time()
            found = compared(kind, Path(folder), options.requests, options.seconds)
            changed += found.total - found.equal + found.apart
            print(
                f"{kind:7} {found.equal} of {found.total} answers equal in {found.schedules} schedules, "
                f"{found.rows:,} rows of logits, read again {found.resets} times, "
                f"{found.guessed} guesses true, {found.refused} taken back, {found.apart} answers changed by them alone, "
                f"{time.process_time() - began:.0f} s of processor time",
                flush=True,
            )
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main())
