"""Retrieval augmented generation: which passages are given, and whether what is cited was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from playground.errors import PromptError
from playground.techniques.base import Document, Task
from playground.techniques.retrieval import cited_ids
from playground.types.generation import Message
from tests.techniques.scripted import play

NAME = "retrieval-augmented-generation"
MUSEUM = Task(
    messages=(Message("user", "On which day is the museum closed?"),),
    documents=(
        Document("a.txt", "The museum has three floors and a garden."),
        Document("b.txt", "The museum is closed on Tuesday.\nA day ticket is 9 euros."),
        Document("c.txt", "Boats leave from the north shore."),
    ),
)
CLOSED = "It is closed on Tuesday. [2]"


async def test_the_passages_that_fit_best_are_given_with_their_ids() -> None:
    played = await play(NAME, [CLOSED], MUSEUM, k=2)
    answer = played.answer
    assert (answer.text, answer.extracted, answer.finish, answer.calls) == (CLOSED, None, "stop", 1)
    assert played.scripted.texts == [
        "[2] The museum is closed on Tuesday. A day ticket is 9 euros.\n"
        "[1] The museum has three floors and a garden.\n\n"
        "Question: On which day is the museum closed?"
    ]
    assert dict(answer.facts) == {"cites": "[2]"}
    assert [(step.label, step.kind, step.parent) for step in answer.steps] == [
        ("passages by bm25", "tool", None),
        ("answer", "call", 1),
    ]
    assert answer.steps[0].output.startswith("[2] b.txt: The museum is closed")


async def test_a_citation_of_a_passage_that_was_not_given_is_flagged() -> None:
    played = await play(NAME, ["Tuesday. [2] It is free. [3, 9]"], MUSEUM, k=2)
    assert dict(played.answer.facts) == {"cites": "[2] [3] [9]", "not given": "[3] [9]"}
    flag = played.answer.steps[-1]
    assert (flag.kind, flag.state, flag.output) == ("note", "failed", "Cited, but not given: [3] [9]")


async def test_an_answer_without_citations_says_so() -> None:
    assert dict((await play(NAME, ["Tuesday."], MUSEUM)).answer.facts) == {"cites": "nothing"}
    assert dict((await play(NAME, [""], MUSEUM)).answer.facts) == {"cites": "nothing"}


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("a [1] b [2].", ["1", "2"]),
        ("a [1][2]", ["1", "2"]),
        ("a [1, 2; 3]", ["1", "2", "3"]),
        ("星期二。【2】", ["2"]),
        ("［２］", ["2"]),
        ("a [id: 7]", ["7"]),
        ("[片段 3]", ["3"]),
        ("a [1] b [1]", ["1"]),
        ("a [1](https://x) b", []),
        ("x[i] [a] [12345678]", []),
        ("[02]", ["2"]),
    ],
)
def test_citations_are_read_in_the_usual_forms(text: str, ids: list[str]) -> None:
    assert cited_ids(text) == ids


async def test_without_a_common_word_the_first_passages_are_given_and_the_trace_says_so() -> None:
    task = replace(MUSEUM, messages=(Message("user", "Submarines?"),))
    played = await play(NAME, ["The passages do not say."], task, k=1)
    assert played.scripted.texts[0].startswith("[1] The museum has three floors")
    assert played.answer.steps[0].output.startswith("No passage has a word of the question")


async def test_embeddings_find_meaning_and_both_fuses_the_rankings_and_vectors_are_made_once() -> None:
    asked: list[Sequence[str]] = []

    async def embed(texts: Sequence[str]) -> list[list[float]]:
        asked.append(texts)
        return [[1.0, 0.0] if "Boats" in text or "museum closed?" in text else [0.0, 1.0] for text in texts]

    task = replace(MUSEUM, embed=embed)
    played = await play(NAME, ["[3]"], task, k=1, search="embeddings")
    assert played.scripted.texts[0].startswith("[3] Boats leave")
    both = await play(NAME, ["[2]"], task, k=3, search="both")
    # By words: 2, 1, 3. By vectors: 3, 1, 2. 1/61 + 1/63 is a little more than 2/62.
    assert [line[:3] for line in both.answer.steps[0].output.splitlines() if line[:1] == "["] == [
        "[2]",
        "[3]",
        "[1]",
    ]
    assert [len(texts) for texts in asked] == [3, 1, 1]


async def test_without_documents_or_without_a_model_that_embeds_it_says_so_before_a_call() -> None:
    with pytest.raises(PromptError, match="no documents"):
        await play(NAME, [], Task(messages=MUSEUM.messages))
    with pytest.raises(PromptError, match="No model here turns texts into vectors"):
        await play(NAME, [], MUSEUM, search="both")
    with pytest.raises(PromptError, match="cannot be cut"):
        await play(NAME, [], MUSEUM, chunk_chars=100, overlap=90)


async def test_the_answer_is_read_without_its_citations() -> None:
    played = await play(NAME, ["The fee is 9 euros. [2]"], MUSEUM, answer="number")
    assert played.answer.extracted == "9"


async def test_chinese_documents_are_found() -> None:
    task = Task(
        messages=(Message("user", "博物馆哪天闭馆？"),),
        documents=(Document("a", "图书馆每天开放。"), Document("b", "博物馆星期二闭馆。")),
    )
    played = await play(NAME, ["星期二。[2]"], task, k=1)
    assert played.scripted.texts[0].startswith("[2] 博物馆星期二闭馆。")
