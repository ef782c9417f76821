"""Answers in random company against the same alone, bit for bit, at full depth: python tests/bench/company.py [--seconds 300] [KIND …]

Thirty requests, greedy and seeded, with grammars and log-probabilities, short ones and some that begin in tiles, alone and then in
five random schedules that join, cancel, share beginnings and use up tiny caches, on the embedded model in each number format. After so many seconds
of processor time no further schedule of a format is begun. Exit code 1 when one text or one row of logits differs.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from playground.engine.gguf import read_header
from playground.engine.library import start_library
from playground.engine.model import LoadedModel, Options
from tests.engine.made_models import made_model
from tests.engine.schedules import differing, played, played_alone, requests

KINDS = ("Q4_1", "Q8_0", "Q4_0", "F16", "Q4_K_M")
REQUESTS = 30
SCHEDULES = 5


def main() -> int:
    """Print a line for each format; 1 when company has changed a bit of an answer."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "kinds", nargs="*", metavar="KIND", help=f"one of {', '.join(KINDS)}; all without any"
    )
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--requests", type=int, default=REQUESTS)
    options = parser.parse_args()
    start_library()
    changed = 0
    with tempfile.TemporaryDirectory() as folder:
        for kind in options.kinds or KINDS:
            began = time.process_time()
            path = made_model(Path(folder), kind)
            model = LoadedModel(read_header(path), Options(context_tokens=2048, parallel=16, threads=2))
            asked = requests(model, options.requests, shared=250)
            alone = played_alone(model, asked)
            rows = sum(len(digests) for digests in alone.logits.values())
            equal = resets = played_schedules = 0
            for seed in range(SCHEDULES):
                if time.process_time() - began > options.seconds:
                    break
                played_schedules += 1
                company = played(model, asked, seed)
                equal += len(asked) - len(differing(alone, company, asked))
                resets += company.resets
            model.close()
            total = played_schedules * len(asked)
            changed += total - equal
            print(
                f"{kind:7} {equal} of {total} answers equal in {played_schedules} schedules, "
                f"{played_schedules * rows:,} rows of logits, read again {resets} times, {time.process_time() - began:.0f} s of processor time",
                flush=True,
            )
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main())
