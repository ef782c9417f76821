"""Stored answers scored by other checks: no model is asked.

done = rescore(store, run_id, spec, checks)     # cells that were scored anew
"""

from __future__ import annotations

from collections.abc import Sequence

from playground.runs.planning import is_example
from playground.scorers import score_all
from playground.store import Store
from playground.types.grid import RunSpec
from playground.types.prompt import Check
from playground.types.scores import Sample, Score

PORTION = 500


def rescore(store: Store, run_id: str, spec: RunSpec, checks: Sequence[Check]) -> int:
    """Put the scores of these checks in place of those that the cells have; how many cells that were."""
    rows = store.experiments.rows(run_id)
    prompts = [variant.prompt or spec.prompt for variant in spec.variants]
    examples: dict[tuple[int, int], bool] = {}
    last, done = 0, 0
    while portion := store.experiments.answers(run_id, last, PORTION):
        found: dict[int, Sequence[Score]] = {}
        for cell in portion:
            values, place = rows[cell.key.case][1], cell.key[:2]
            if place not in examples:
                examples[place] = is_example(prompts[cell.key.variant], values)
            answer = cell.answer
            text = answer.text if answer.extracted is None else answer.extracted
            sample = Sample(text, answer.finish or "error", values, examples[place])
            found[cell.cell_id] = score_all(checks, sample)
        store.experiments.keep_scores(found)
        last, done = portion[-1].cell_id, done + len(portion)
    return done
