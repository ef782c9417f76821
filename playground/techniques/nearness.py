"""Which texts are like each other, without a model: TF-IDF of words and of Chinese characters, cosine, k-means.

nearest("a red car", ["a blue car", "the sea"], 1) → [0]
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from random import Random

Vector = Mapping[str, float]
_TERM = re.compile(r"[\u3400-\u9fff]|[^\W_]+")
ROUNDS = 20


def vectors(texts: Sequence[str]) -> list[Vector]:
    """One vector of length 1 per text, or of none where it has no words."""
    counts = [Counter(_TERM.findall(text.casefold())) for text in texts]
    having = Counter(term for count in counts for term in count)
    made: list[Vector] = []
    for count in counts:
        weights = {
            term: n * (1 + math.log((1 + len(texts)) / (1 + having[term]))) for term, n in count.items()
        }
        length = math.sqrt(sum(weight * weight for weight in weights.values())) or 1.0
        made.append({term: weight / length for term, weight in weights.items()})
    return made


def cosine(a: Vector, b: Vector) -> float:
    """How alike two vectors are, 0 to 1."""
    few, many = (a, b) if len(a) < len(b) else (b, a)
    return sum(weight * many.get(term, 0.0) for term, weight in few.items())


def nearest(text: str, texts: Sequence[str], count: int) -> list[int]:
    """The places of those most like the text, the most alike first; of equals the earlier."""
    own, *others = vectors([text, *texts])
    return sorted(range(len(others)), key=lambda i: -cosine(own, others[i]))[:count]


def clusters(texts: Sequence[str], count: int, seed: int) -> list[list[int]]:
    """The places of the texts in so many groups, in each the one nearest to the middle first; fewer for fewer texts."""
    points = vectors(texts)
    middles = _spread(points, min(count, len(points)), Random(seed))
    for _ in range(ROUNDS):
        groups: list[list[int]] = [[] for _ in middles]
        for place, point in enumerate(points):
            groups[_best(point, middles)].append(place)
        moved = [
            _middle([points[i] for i in group]) if group else middles[k] for k, group in enumerate(groups)
        ]
        if moved == middles:
            break
        middles = moved
    return [
        sorted(group, key=lambda i: -cosine(points[i], middle))
        for group, middle in zip(groups, middles, strict=True)
        if group
    ]


def _spread(points: Sequence[Vector], count: int, random: Random) -> list[Vector]:
    """First middles: one by chance, each further one the least like those that are there."""
    middles = [points[random.randrange(len(points))]]
    while len(middles) < count:
        middles.append(min(points, key=lambda point: max(cosine(point, middle) for middle in middles)))
    return middles


def _best(point: Vector, middles: Sequence[Vector]) -> int:
    return max(range(len(middles)), key=lambda k: (cosine(point, middles[k]), -k))


def _middle(points: Sequence[Vector]) -> Vector:
    total: Counter[str] = Counter()
    for point in points:
        for term, weight in point.items():
            total[term] += weight  # type: ignore[assignment]
    length = math.sqrt(sum(weight * weight for weight in total.values())) or 1.0
    return {term: weight / length for term, weight in total.items()}
