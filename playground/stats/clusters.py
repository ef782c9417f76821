"""Cases that belong together (of one document, from one template): then the cluster is the unit, not the case."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike

from playground.stats.distributions import Floats
from playground.stats.estimates import Estimate
from playground.stats.evidence import betting
from playground.stats.paired import ALPHA, Paired, are_shares, by_t, possible


def compare_clusters(
    a: ArrayLike, b: ArrayLike, clusters: Sequence[object], alpha: float = ALPHA
) -> tuple[Paired, int]:
    """A minus B with an error that allows for clusters, t with one degree less than clusters, and their number.

    As `compare_scores` with the cluster of each case beside. Raises ValueError with fewer than two clusters.
    """
    first, second = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if not first.shape == second.shape == (len(clusters),):
        raise ValueError(f"{first.shape}, {second.shape} and {len(clusters)} values cannot be paired.")
    apart = first - second
    both = ~np.isnan(apart)
    of = _numbered(clusters, both)
    apart = apart[both]
    count = int(of.max(initial=-1)) + 1
    if count < 2:
        raise ValueError("Two clusters are the least.")
    centre, error = float(apart.mean()), _error(apart, of, count)
    if not (are_shares(first[both]) and are_shares(second[both])):
        return by_t(centre, error, count, float("nan"), alpha), count
    evidence = betting(np.bincount(of, apart) / np.bincount(of))
    return possible(by_t(centre, error, count, evidence, alpha)), count


def cluster_means(differences: ArrayLike, clusters: Sequence[object]) -> Floats:
    """The mean of each cluster, in the order in which the clusters came; without a value there is none."""
    values = np.asarray(differences, dtype=float)
    known = ~np.isnan(values)
    of = _numbered(clusters, known)
    return np.asarray(np.bincount(of, values[known]) / np.bincount(of))


def mean_of_clusters(values: ArrayLike, clusters: Sequence[object], alpha: float = ALPHA) -> Estimate:
    """The mean of one variant with an interval that allows for clusters; infinite bounds with one cluster."""
    known = np.asarray(values, dtype=float)
    there = ~np.isnan(known)
    of, known = _numbered(clusters, there), known[there]
    if not known.size:
        raise ValueError("No case has a value.")
    count, centre = int(of.max()) + 1, float(known.mean())
    if count < 2:
        return Estimate(centre, -np.inf, np.inf)
    found = by_t(centre, _error(known, of, count), count, float("nan"), alpha)
    return Estimate(centre, found.low, found.high)


def _numbered(
    clusters: Sequence[object], there: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Of each case that is there the number of its cluster, counted as they came."""
    numbers: dict[object, int] = {}
    return np.array(
        [
            numbers.setdefault(cluster, len(numbers))
            for cluster, is_there in zip(clusters, there, strict=True)
            if is_there
        ],
        dtype=np.int64,
    )


def _error(values: Floats, of: np.ndarray[tuple[int, ...], np.dtype[np.int64]], count: int) -> float:
    """The cluster-robust standard error of the mean (Liang and Zeger, Biometrika 73:13, 1986)."""
    sums = np.bincount(of, values - values.mean(), count)
    return sqrt(count / (count - 1) * float((sums**2).sum())) / values.size
