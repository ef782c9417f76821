"""Which passages fit a question: BM25, the likeness of embeddings, or both by the ranks that each gives.

    Bm25(["a red car", "the sea"]).ranked("red cars")  →  [0]
    fused([[2, 0, 1], [0, 2]])                          →  [2, 0, 1]

BM25 as Robertson and Zaragoza 2009, with Lucene's idf, which is never negative. Chinese and Japanese have no spaces:
their terms are pairs of neighbouring characters. Reciprocal rank fusion: Cormack, Clarke and Büttcher 2009, k = 60.
rank-bm25, the usual package, has had no release since February 2022, and splits no Chinese.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import regex

from playground.techniques.base import Tool
from playground.techniques.tools.chunks import Chunk

K1, B = 1.5, 0.75
FUSION_K = 60
_KANA = r"[\p{Han}\p{Hiragana}\p{Katakana}]"
_TERM = regex.compile(rf"{_KANA}+|(?:(?!{_KANA})[\p{{L}}\p{{N}}])+(?:['’][a-z]+)?")
_UNSPACED = regex.compile(_KANA)


def terms(text: str) -> list[str]:
    """The terms of a text: words, of scripts without spaces every pair of neighbours (a lone character as itself)."""
    found: list[str] = []
    for match in _TERM.finditer(text.casefold()):
        word = match[0]
        if _UNSPACED.match(word):
            found += [word[place : place + 2] for place in range(len(word) - 1)] or [word]
        else:
            found.append(_stem(word))
    return found


def _stem(word: str) -> str:
    """A word without the plural's s, so that "trees" finds "tree"; too little to be wrong."""
    word = word.removesuffix("'s").removesuffix("’s")
    return (
        word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word
    )


class Bm25:
    """An index of passages, built once."""

    def __init__(self, texts: Sequence[str]) -> None:
        counts = [Counter(terms(text)) for text in texts]
        self._lengths = [sum(count.values()) for count in counts]
        self._mean = sum(self._lengths) / max(len(texts), 1) or 1.0
        self._places: dict[str, list[tuple[int, int]]] = {}
        for place, count in enumerate(counts):
            for term, number in count.items():
                self._places.setdefault(term, []).append((place, number))

    def scores(self, query: str) -> dict[int, float]:
        """The score of every passage that has one of the query's terms."""
        scores: dict[int, float] = {}
        for term in set(terms(query)):
            having = self._places.get(term, [])
            rare = math.log(1 + (len(self._lengths) - len(having) + 0.5) / (len(having) + 0.5))
            for place, number in having:
                length = K1 * (1 - B + B * self._lengths[place] / self._mean)
                scores[place] = scores.get(place, 0.0) + rare * number * (K1 + 1) / (number + length)
        return scores

    def ranked(self, query: str, count: int | None = None) -> list[int]:
        """The places of the passages that fit, the best first; of equals the earlier. None that has no term of it."""
        scores = self.scores(query)
        return sorted(scores, key=lambda place: (-scores[place], place))[:count]


def ranked_by_vectors(query: Sequence[float], vectors: Sequence[Sequence[float]]) -> list[int]:
    """The places of the vectors, the most alike (cosine) first."""
    return sorted(range(len(vectors)), key=lambda place: (-_cosine(query, vectors[place]), place))


def _cosine(one: Sequence[float], other: Sequence[float]) -> float:
    product = sum(a * b for a, b in zip(one, other, strict=True))
    return product / (math.hypot(*one) * math.hypot(*other) or 1.0)


def fused(rankings: Sequence[Sequence[int]]) -> list[int]:
    """One ranking of several: each place counts 1/(60 + its rank) in every one that has it."""
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, place in enumerate(ranking, start=1):
            scores[place] = scores.get(place, 0.0) + 1 / (FUSION_K + rank)
    return sorted(scores, key=lambda place: (-scores[place], place))


def search_in(chunks: Sequence[Chunk], index: Bm25, count: int) -> Tool:
    """A search over passages as a tool: the best that have a word of the query, each with id and document."""

    async def run(text: str) -> str:
        found = [chunks[place] for place in index.ranked(text, count)]
        if not found:
            return f'Nothing was found for "{text.strip()[:80]}". Try other words.'
        return "\n".join(f"[{chunk.id}] {chunk.text}" for chunk in found)

    return Tool(
        name="search",
        takes="a few words to look up in the documents",
        run=run,
        schema={
            "type": "object",
            "properties": {"words": {"type": "string", "description": "a few words to look up"}},
            "required": ["words"],
            "additionalProperties": False,
        },
    )
