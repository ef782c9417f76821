"""How an experiment stands, counted from its cells; and all the cells that a grid has.

progress_of(stored, outcomes, going)   # going None: nothing of it runs here
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from playground.runs.planning import draw_seed, seeds
from playground.scorers import names_called
from playground.store.experiment_cells import FAILED
from playground.types.experiment import PASSES, SCORE
from playground.types.grid import CellKey, RunSpec, Work
from playground.types.outcomes import (
    Outcome,
    Progress,
    StoredExperiment,
    VariantProgress,
)

if TYPE_CHECKING:
    from playground.workbench.experiment_going import Going


def works_of(spec: RunSpec) -> list[Work]:
    """Every cell of the grid with its seed, not rendered yet; free seeds are drawn for each case."""
    works = []
    for number, variant in enumerate(spec.variants):
        prompt = variant.prompt or spec.prompt
        seed = variant.sampling.seed
        for place, case in enumerate(spec.cases):
            first = draw_seed() if seed is None else seed
            for repeat, each in enumerate(seeds(first, spec.repeats, free=seed is None)):
                sampling = variant.sampling.model_copy(update={"seed": each})
                works.append(Work(CellKey(place, number, repeat), variant, case, prompt, (), sampling))
    return works


def check_of(stored: StoredExperiment) -> tuple[str, ...]:
    """The names that scores of the check have which the rule's metric is; none when it is none."""
    metric = stored.experiment.rule.metric
    return () if metric in (PASSES, SCORE) else names_called(stored.checks, metric)


def progress_of(stored: StoredExperiment, outcomes: Sequence[Outcome], going: Going | None) -> Progress:
    """Cells by variant, what they took, and the rate; `going` is None where nothing of it runs here."""
    names = stored.names
    running = Counter(key.variant for key in going.running) if going else Counter[int]()
    total, done, failed = Counter[int](), Counter[int](), Counter[int]()
    tokens, told, seconds = Counter[int](), Counter[int](), Counter[int]()
    per_case: Counter[int] = Counter()
    cached, all_tokens = 0, 0
    time_of = dict.fromkeys(range(len(names)), 0.0)
    for outcome in outcomes:
        number = outcome.key.variant
        total[number] += 1
        if outcome.status == "done":
            done[number] += 1
            per_case[outcome.key.case] += 1
            cached += outcome.cached
            if outcome.tokens is not None:
                tokens[number] += outcome.tokens
                told[number] += 1
                all_tokens += outcome.tokens
            if outcome.seconds is not None:
                time_of[number] += outcome.seconds
                seconds[number] += 1
        elif outcome.status == FAILED:
            failed[number] += 1
    of_case = len(names) * stored.experiment.repeats
    left = sum(total.values()) - sum(done.values()) - sum(failed.values())
    rate = going.cells_per_s if going else None
    return Progress(
        id=stored.id,
        name=stored.row.name,
        state="running" if going else stored.state,
        why=going.why if going else stored.row.why,
        total=sum(total.values()),
        done=sum(done.values()),
        failed=sum(failed.values()),
        running=len(going.running) if going else 0,
        cached=cached,
        tokens=all_tokens,
        elapsed_s=stored.row.elapsed_s + (going.elapsed_s if going else 0.0),
        cells_per_s=rate,
        left_s=left / rate if rate else None,
        whole_cases=sum(count >= of_case for count in per_case.values()),
        variants=tuple(
            VariantProgress(
                name,
                total[number],
                done[number],
                failed[number],
                running[number],
                tokens[number] / told[number] if told[number] else None,
                time_of[number] / seconds[number] if seconds[number] else None,
            )
            for number, name in enumerate(names)
        ),
        here=going is not None,
    )
