"""Chunks, ranking, fusion and the look-up table."""

from __future__ import annotations

import math
import time
from dataclasses import replace

import pytest

from playground.errors import PromptError
from playground.techniques.base import Document, Row, Task
from playground.techniques.tools import standard_tools
from playground.techniques.tools.chunks import Chunk, chunks_of
from playground.techniques.tools.lookup import lookup_in
from playground.techniques.tools.passages import passages_of
from playground.techniques.tools.search import Bm25, fused, ranked_by_vectors, search_in, terms


def texts(text: str, size: int, overlap: int = 0) -> list[str]:
    return [chunk.text for chunk in chunks_of([Document("a", text)], size, overlap)]


def test_a_passage_ends_where_a_paragraph_or_a_sentence_ends() -> None:
    text = "The first sentence is here. The second one too.\n\nA new paragraph begins here. And it ends."
    assert texts(text, 60) == [
        "The first sentence is here. The second one too.",
        "A new paragraph begins here. And it ends.",
    ]
    assert texts("这是第一句话，很长很长。这是第二句话，也很长。", 20) == [
        "这是第一句话，很长很长。",
        "这是第二句话，也很长。",
    ]


def test_no_character_is_lost_and_none_is_doubled_without_overlap() -> None:
    text = "".join(f"word{number} " for number in range(500))
    assert "".join("".join(texts(text, 100)).split()) == "".join(text.split())
    assert max(map(len, texts(text, 100))) <= 100


def test_passages_share_about_as_much_as_they_are_told_to() -> None:
    text = " ".join(f"w{number}" for number in range(400))
    pieces = texts(text, 100, 30)
    for before, after in zip(pieces, pieces[1:], strict=False):
        shared = next(size for size in range(len(after), -1, -1) if before.endswith(after[:size]))
        assert 5 <= shared <= 31


def test_ids_count_through_all_documents() -> None:
    chunks = chunks_of([Document("a", "x" * 50), Document("b", "Short.")], 30, 0)
    assert [(chunk.id, chunk.document) for chunk in chunks] == [("1", "a"), ("2", "a"), ("3", "b")]


@pytest.mark.parametrize("text", ["x" * 2_000_000, "\n" * 1_000_000 + "a", "。" * 500_000, "a b " * 400_000])
def test_a_document_without_structure_is_cut_all_the_same_and_soon(text: str) -> None:
    started = time.perf_counter()
    assert chunks_of([Document("a", text)], 600, 80)
    assert time.perf_counter() - started < 30


@pytest.mark.parametrize(("size", "overlap"), [(10, 0), (100, 51), (100, -1), (0, 0)])
def test_sizes_that_make_no_sense_are_refused(size: int, overlap: int) -> None:
    with pytest.raises(PromptError, match="cannot be cut"):
        chunks_of([Document("a", "text")], size, overlap)


def test_too_many_passages_are_refused() -> None:
    with pytest.raises(PromptError, match="more than 50,000 passages"):
        chunks_of([Document("a", "x" * 2_000_000)], 20, 0)


async def test_passages_are_made_once_for_cases_with_the_same_documents() -> None:
    one = Task(documents=(Document("a", "text"),))
    other = replace(one, documents=(Document("a", "text"),))
    assert other.memory is one.memory
    assert await passages_of(one, 600, 80) is await passages_of(other, 600, 80)
    changed = replace(one, documents=(Document("a", "texts"),))
    assert (await passages_of(changed, 600, 80)).chunks[0].text == "texts"
    assert await passages_of(one, 500, 80) is not await passages_of(one, 600, 80)


def test_chinese_is_searched_by_pairs_of_characters() -> None:
    assert terms("博物馆 Museum 8月") == ["博物", "物馆", "museum", "8", "月"]
    index = Bm25(["博物馆星期二闭馆。", "图书馆星期天开放。", "公园有很多树。"])
    assert index.ranked("博物馆哪天闭馆？")[0] == 0
    assert index.ranked("图书馆什么时候开放")[0] == 1
    assert index.ranked("没有任何关系的词") == []


def test_a_passage_with_the_rarer_word_comes_first() -> None:
    index = Bm25(["the tree in the park", "the oak in the park", "a park", "the sea"])
    assert index.ranked("oak of the park")[0] == 1
    assert index.ranked("TREES")[0] == 0
    assert index.ranked("submarine") == []
    assert index.ranked("") == []
    assert Bm25([]).ranked("x") == []


def test_bm25_is_the_formula() -> None:
    # Two passages of 2 and 4 terms; "a" is in the first only: idf = ln(1 + 1.5/1.5), length factor 1.5·(0.25 + 0.75·2/3).
    score = Bm25(["a b", "c d e f"]).scores("a")[0]
    assert math.isclose(score, math.log(2) * 2.5 / (1 + 1.5 * (0.25 + 0.75 * 2 / 3)))


def test_vectors_are_ranked_by_their_angle_and_rankings_are_fused() -> None:
    assert ranked_by_vectors([1, 0], [[0, 1], [5, 1], [1, 0], [0, 0]]) == [2, 1, 0, 3]
    assert fused([[2, 0, 1], [0, 2]]) == [0, 2, 1]
    assert fused([[0, 1], [1, 0]]) == [0, 1]
    assert fused([[], [3]]) == [3]


async def test_a_search_gives_passages_with_their_ids() -> None:
    chunks = [Chunk("7", "a", "The oak is 31 metres high."), Chunk("8", "a", "The sea.")]
    tool = search_in(chunks, Bm25([chunk.text for chunk in chunks]), 3)
    assert await tool.run("oak") == "[7] The oak is 31 metres high."
    assert await tool.run("submarine") == 'Nothing was found for "submarine". Try other words.'


async def test_a_look_up_finds_a_value_in_any_notation_and_else_the_nearest_rows() -> None:
    rows = [
        Row({"item": "Tea", "price": "1,000"}, "How much is tea?", "3"),
        Row({"item": "Green tea", "price": "4"}, "How much is green tea?", ""),
    ]
    tool = lookup_in(rows)
    assert await tool.run("tea") == "item: Tea; price: 1,000; answer: 3"
    assert await tool.run("1000") == "item: Tea; price: 1,000; answer: 3"
    assert await tool.run("green") == "No row has exactly that; the nearest:\nitem: Green tea; price: 4"
    assert await tool.run("coal") == 'No row has "coal".'


async def test_a_look_up_with_many_rows_says_how_many_more_there_are() -> None:
    tool = lookup_in([Row({"kind": "a", "n": number}, "", "") for number in range(9)])
    assert (await tool.run("a")).splitlines()[-1] == "(4 more rows.)"


async def test_a_case_offers_the_tools_that_its_material_makes_possible() -> None:
    assert list(await standard_tools(Task())) == ["calculator"]
    task = Task(documents=(Document("a", "text"),), rows=(Row({"a": "b"}, "", ""),))
    assert list(await standard_tools(task)) == ["calculator", "search", "lookup"]
