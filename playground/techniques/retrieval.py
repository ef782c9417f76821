"""Retrieval augmented generation: passages that fit the question, and an answer that cites them. arXiv 2005.11401.

BM25 finds words, embeddings meaning; "both" fuses the two rankings. A citation of a passage that was not given is flagged.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import regex
from pydantic import Field

from playground.errors import PromptError
from playground.techniques.asking import Ask
from playground.techniques.base import Task, Tools
from playground.techniques.reading import AnswerKind, extracted_in
from playground.techniques.tools.passages import Passages, passages_of
from playground.techniques.tools.search import fused, ranked_by_vectors
from playground.types.trace import Answer

By = Literal["bm25", "embeddings", "both"]

_CITED = regex.compile(
    r"[\[【［]\s*(?:(?:id|passage|片段)\s*[:：]?\s*)?(\d{1,6}(?:\s*[,，、;]\s*\d{1,6})*)\s*[\]】］](?!\()"
)
_DEPTH = 50
"""How many places of each ranking are fused."""


async def retrieval_augmented_generation(
    task: Task,
    ask: Ask,
    tools: Tools,
    *,
    k: Annotated[int, Field(ge=1, le=30, description="Passages that the model is given.")] = 4,
    chunk_chars: Annotated[int, Field(ge=50, le=20_000, description="Characters of a passage.")] = 600,
    overlap: Annotated[int, Field(ge=0, le=10_000, description="Characters that passages share.")] = 80,
    search: Annotated[
        By, Field(description="How passages are found; both: the two rankings fused.")
    ] = "bm25",
    answer: AnswerKind = "text",
) -> Answer:
    """One call, with the passages that fit best; without documents there is nothing to cite, which is an error."""
    if not task.documents:
        raise PromptError("There are no documents to look things up in.", "Add some.")
    index = await passages_of(task, chunk_chars, overlap)
    found = await _found(task, index, search, k)
    passages = [index.chunks[place] for place in found] or index.chunks[:k]
    shown = "\n".join(f"[{chunk.id}] {chunk.document}: {chunk.text}" for chunk in passages)
    note = shown if found else f"No passage has a word of the question; the first are given.\n{shown}"
    looked = ask.note(f"passages by {search}", note, kind="tool")
    values = {
        "passages": [{"id": chunk.id, "text": " ".join(chunk.text.split())} for chunk in passages],
        "question": task.question,
    }
    reply = await ask("answer", values, label="answer", parent=looked)
    cited = cited_ids(reply.text)
    strange = [each for each in cited if each not in {chunk.id for chunk in passages}]
    facts = {"cites": " ".join(f"[{each}]" for each in cited) or "nothing"}
    if strange:
        facts["not given"] = " ".join(f"[{each}]" for each in strange)
        ask.note("citations", f"Cited, but not given: {facts['not given']}", parent=reply, state="failed")
    extracted = extracted_in(_CITED.sub("", reply.text), answer)
    ask.mark(reply, extracted=extracted, state="answer")
    return ask.answer(reply.text, extracted=extracted, **facts)


def cited_ids(text: str) -> list[str]:
    """The ids that a text cites, each once, in their order: "[1] … [2, 3]" and 【4】."""
    ids = [str(int(each)) for found in _CITED.findall(text) for each in regex.findall(r"\d+", found)]
    return list(dict.fromkeys(ids))


async def _found(task: Task, index: Passages, search: By, k: int) -> Sequence[int]:
    rankings: list[Sequence[int]] = []
    if search in ("bm25", "both"):
        rankings.append(index.bm25.ranked(task.question, _DEPTH))
    if search in ("embeddings", "both"):
        rankings.append((await _by_embeddings(task, index))[:_DEPTH])
    return fused(rankings)[:k]


async def _by_embeddings(task: Task, index: Passages) -> list[int]:
    if task.embed is None:
        raise PromptError(
            "No model here turns texts into vectors.", 'Choose search "bm25", or add a model that embeds.'
        )
    key = f"vectors {index.key}"
    if key not in task.memory:
        task.memory[key] = await task.embed([chunk.text for chunk in index.chunks])
    vectors: Any = task.memory[key]
    (question,) = await task.embed([task.question])
    return ranked_by_vectors(question, vectors)
