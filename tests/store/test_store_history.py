from __future__ import annotations

from collections.abc import Callable

import pytest

from playground.store import Store
from playground.store.content import SEARCH_CHARS, searchable
from playground.types.generation import Completion, Message
from playground.types.scores import Score
from playground.types.trace import Answer
from tests.works import at, work

MakeRun = Callable[..., str]


def found(store: Store, search: str) -> list[str]:
    return [row.title for row in store.history(search).rows]


def test_runs_are_listed_newest_first_page_by_page(store: Store, make_run: MakeRun) -> None:
    for number in range(5):
        make_run("x", title=f"run {number}")
    page = store.history(limit=2, offset=1)
    assert ([row.title for row in page.rows], page.total) == (["run 3", "run 2"], 5)
    assert (store.history(offset=99).rows, store.history(offset=99).total) == ((), 5)
    assert store.history(limit=-1, offset=-1).rows == ()
    assert store.history(offset=10**30).total == 5


def test_an_empty_history_has_no_rows(store: Store) -> None:
    assert (store.history().rows, store.history().total) == ((), 0)


def test_a_row_tells_models_statuses_checks_vote_and_note(store: Store, make_run: MakeRun) -> None:
    run_id = make_run("x", None, title="Tone")
    scores = [Score("a", 1.0, "", "", 3.0), Score("b", 0.5, "", ""), Score("c", None, "", "")]
    messages = [Message("user", "x")]
    store.save_cell(
        run_id,
        at(0),
        status="done",
        answer=Answer.of_one_call(messages, Completion("x", "stop")),
        scores=scores,
    )
    store.vote(run_id, "column", 0)
    store.thumb(run_id, 1, -1)
    store.note(run_id, "Keep")
    (row,) = store.history().rows
    assert (row.id, row.title, row.models, row.note) == (run_id, "Tone", ("scripted:echo",), "Keep")
    first, second = row.columns
    assert (first.status, first.passed, first.checks, first.score) == ("done", 1, 2, 0.875)
    assert (second.status, second.passed, second.checks, second.score, second.thumb) == (
        "pending",
        0,
        0,
        None,
        -1,
    )
    assert row.vote is not None and (row.vote.kind, row.vote.column) == ("column", 0)


def test_a_row_describes_the_latest_repeat(store: Store, make_run: MakeRun) -> None:
    run_id = make_run("x")
    cell = store.run(run_id).cells[0]
    store.add_repeat(run_id, work(0, "other:model", cell.prompt, cell.sampling))
    (row,) = store.history().rows
    assert [(column.model, column.status) for column in row.columns] == [("other:model", "pending")]


@pytest.mark.parametrize(
    "word", ["title-word", "value-word", "nested-word", "turn-word", "answer-word", "model-word"]
)
def test_a_run_is_found_by_any_of_its_texts(store: Store, make_run: MakeRun, word: str) -> None:
    make_run(
        "x answer-word x",
        title="x title-word",
        template="turn-word {{ name }}",
        values={"name": "value-word", "rows": [{"in": "nested-word"}]},
        model="a:model-word",
    )
    make_run("other", title="other", template="other", model="a:other")
    assert store.history(word.upper()).total == 1
    assert store.history(word[2:-2]).total == 1


def test_a_run_is_found_by_its_note_as_soon_as_it_is_written(store: Store, make_run: MakeRun) -> None:
    run_id = make_run("x", title="One")
    store.note(run_id, "Remember this")
    assert found(store, "remember") == ["One"]
    store.note(run_id, "")
    assert found(store, "remember") == []


def test_every_word_must_occur_in_any_order(store: Store, make_run: MakeRun) -> None:
    make_run("red green", title="One")
    make_run("red", title="Two")
    assert found(store, "  GREEN   red ") == ["One"]
    assert found(store, "red") == ["Two", "One"]
    assert found(store, "red blue") == []


@pytest.mark.parametrize(
    ("needle", "decoy"),
    [("100%", "1000"), ("a_b", "axb"), ("a\\b", "a/b"), ("a/%b", "axb"), ("'\"", "''"), ("*?", "x")],
)
def test_signs_with_a_meaning_in_patterns_are_literal(
    store: Store, make_run: MakeRun, needle: str, decoy: str
) -> None:
    make_run(f"it is {needle} here", title="needle")
    make_run(f"it is {decoy} here", title="decoy")
    assert found(store, needle) == ["needle"]


@pytest.mark.parametrize(
    ("stored", "asked"), [("STRASSE", "straße"), ("Ärger", "äRGER"), ("e\u0301t", "ÉT"), ("ΣΑΣ", "σας")]
)
def test_letter_case_and_composition_do_not_count_in_any_script(
    store: Store, make_run: MakeRun, stored: str, asked: str
) -> None:
    make_run(stored, title="hit")
    assert found(store, asked) == ["hit"]


@pytest.mark.parametrize(
    "search",
    ["\0", "\ud800", "x" * 100_000, "a b " * 5_000, " ".join(map(chr, range(0x4E00, 0x6000))), " \t\n"],
)
def test_a_strange_search_is_answered(store: Store, make_run: MakeRun, search: str) -> None:
    make_run("plain", title="run")
    assert store.history(search).total in (0, 1)


def test_text_around_a_nul_is_still_found(store: Store, make_run: MakeRun) -> None:
    make_run("before\0after \ud800 end", title="run")
    assert found(store, "before after end") == ["run"]


def test_a_long_answer_does_not_push_the_other_texts_out(store: Store, make_run: MakeRun) -> None:
    make_run("x" * 200_000, "y" * 200_000 + "end", "short answer", title="Long", values={"a": "needle"})
    assert found(store, "long needle short xxx yyy") == ["Long"]


def test_searchable_text_is_bounded_and_keeps_short_parts_whole() -> None:
    text = searchable(["a" * 100_000, "middle", "b" * 100_000, "ß" * 1_000])
    assert len(text) <= SEARCH_CHARS
    assert "middle" in text and "s" * 2_000 in text
    assert min(text.count("a"), text.count("b")) > SEARCH_CHARS * 0.45
