"""Stored answers scored by other checks: no model is asked.

done = await rescore(store, scoring, run_id, checks)     # cells that were scored anew

A check that a model was asked for keeps what it found then; a new one of that kind does not apply, but for a judge that was
asked about the answers on its page: it is told what it said there. Expressions run in the sandbox again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from playground.runs.scoring import sample_of
from playground.scorers import SCORERS, check_hash, questions, score_all
from playground.scorers.judged import Judgement
from playground.store import Store
from playground.types.grid import Case, Work
from playground.types.prompt import Check
from playground.types.scores import Sample, Score, Told
from playground.workbench.scoring import ScoringDesk

PORTION = 500


async def rescore(store: Store, scoring: ScoringDesk, run_id: str, checks: Sequence[Check]) -> int:
    """Put the scores of these checks in place of those that the cells have; how many cells that were."""
    experiments = store.experiments
    spec = await asyncio.to_thread(experiments.spec, run_id)
    rows = await asyncio.to_thread(experiments.rows, run_id)
    asking = [check for check in checks if SCORERS[check.scorer].asks is not None]
    said = await asyncio.to_thread(_said, store, run_id, asking)
    last, done = 0, 0
    while portion := await asyncio.to_thread(experiments.answers, run_id, last, PORTION):
        samples: dict[int, Sample] = {}
        of_models: set[str] = set()
        for cell in portion:
            variant, values = spec.variants[cell.key.variant], rows[cell.key.case][1]
            prompt = variant.prompt or spec.prompt
            sample = sample_of(prompt, values, cell.answer)
            here = []
            for check in asking:
                asked = questions([check], sample)
                kinds = {each.kind for each in asked}
                if (known := said.get((cell.cell_id, check_hash(check)))) is not None and asked:
                    told = {question: Told(known) for question in asked}
                    sample = replace(sample, told={**sample.told, **told})
                    continue
                if kinds == {"program"}:
                    here.append(check)
                elif kinds:
                    of_models.add(check_hash(check))
            if here:
                work = Work(cell.key, variant, Case(values=values), prompt, (), variant.sampling)
                sample = await scoring.told(here, sample, work)
            samples[cell.cell_id] = sample
        kept = await asyncio.to_thread(experiments.scores_of, list(samples), of_models) if of_models else {}
        found = await asyncio.to_thread(_scored, samples, checks, kept)
        await asyncio.to_thread(experiments.keep_scores, found)
        last, done = portion[-1].cell_id, done + len(portion)
    return done


def _said(store: Store, run_id: str, checks: Sequence[Check]) -> dict[tuple[int, str], Judgement]:
    """What judges among these checks said when they were asked on their page, by the cell and the check's hash."""
    found = {}
    for check in checks:
        if check.scorer == "judge":
            for each in store.hand_labels.of(run_id, check_hash(check), "asked"):
                sure = each.probability
                found[each.cell_id, check_hash(check)] = Judgement(
                    each.passes != check.negate,
                    each.note,
                    1 - sure if sure is not None and check.negate else sure,
                )
    return found


def _scored(
    samples: Mapping[int, Sample], checks: Sequence[Check], kept: Mapping[tuple[int, str], Score]
) -> dict[int, Sequence[Score]]:
    return {
        cell_id: [kept.get((cell_id, score.check_hash), score) for score in score_all(checks, sample)]
        for cell_id, sample in samples.items()
    }
