"""What the verdicts stand on: pure functions on arrays, no store and no page.

The case is the unit: repeats of a case are averaged before they come here. Two variants are compared on the cases where
both have a value. An interval and its p come from one family and never contradict each other.

The parts of scipy are named where they are used (`scipy.special.betaln`): so they are loaded with the first verdict and not
with the page. `scipy.stats`, which takes a second to load, is asked by what nobody waits for alone.
"""

from playground.stats.agreement import Agreement, agree, krippendorff
from playground.stats.clusters import compare_clusters, mean_of_clusters
from playground.stats.corrected import Corrected, corrected_difference, corrected_mean
from playground.stats.estimates import Estimate, mean, rate
from playground.stats.paired import (
    ALPHA,
    Paired,
    compare_passes,
    compare_scores,
    effect_size,
    permutation_p,
    sign_p,
)
from playground.stats.power import more_cases, more_scored_cases, power, tenths
from playground.stats.ratings import Ratings, Vote, davidson, davidson_votes, win_chance
from playground.stats.several import benjamini_hochberg, holm
from playground.stats.slopes import leaning

__all__ = [
    "ALPHA",
    "Agreement",
    "Corrected",
    "Estimate",
    "Paired",
    "Ratings",
    "Vote",
    "agree",
    "benjamini_hochberg",
    "compare_clusters",
    "compare_passes",
    "compare_scores",
    "corrected_difference",
    "corrected_mean",
    "davidson",
    "davidson_votes",
    "effect_size",
    "holm",
    "krippendorff",
    "leaning",
    "mean",
    "mean_of_clusters",
    "more_cases",
    "more_scored_cases",
    "permutation_p",
    "power",
    "rate",
    "sign_p",
    "tenths",
    "win_chance",
]
