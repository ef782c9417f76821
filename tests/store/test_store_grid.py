"""Runs of any size: storing a cell touches its own rows alone, reading has pages."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from playground.errors import NotFoundError
from playground.store import Store
from playground.store.changes import CreateRun, Draft, EndCell, KeepDrafts, StartCell
from playground.types.generation import Completion, Message
from playground.types.grid import Case, CellKey, RunSpec, Variant
from playground.types.prompt import Prompt, Sampling, Turn
from playground.types.scores import Score
from playground.types.trace import Answer, Step
from tests.works import at, work

PROMPT = Prompt(name="Capital", turns=(Turn(role="user", template="The capital of {{ land }}?"),))
MODELS = ("a:small", "b:big")
SCORES = (
    Score("contains", 1.0, "x", "found", 2.0),
    Score("number", 0.0, "x", "no"),
    Score("n", None, "", ""),
)


def create(store: Store, cases: int, repeats: int = 1, images: tuple[str, ...] = ()) -> str:
    """A grid of so many cases with two variants."""
    spec = RunSpec(
        prompt=PROMPT,
        variants=tuple(Variant(model=model) for model in MODELS),
        cases=tuple(
            Case(values={"land": f"land-{n}."}, row_id=f"row{n}", images=images) for n in range(cases)
        ),
        repeats=repeats,
    )
    cells = [
        work(variant, model, PROMPT, Sampling(seed=repeat), case, repeat)
        for case in range(cases)
        for variant, model in enumerate(MODELS)
        for repeat in range(repeats)
    ]
    return store.submit(CreateRun(spec, cells, "Capitals")).result(60)


def end(run_id: str, key: CellKey, text: str = "Paris", **more: Any) -> EndCell:
    given: dict[str, Any] = {"status": "done", "completion": Completion(text, "stop", total_s=0.5)}
    given |= {"scores": SCORES} | more
    answer = Answer.of_one_call([Message("user", "Hi")], given.pop("completion"))
    if "extracted" in given:
        answer = replace(answer, extracted=given.pop("extracted"))
    return EndCell(run_id, key, answer=answer, **given)


# --- storing ----------------------------------------------------------------------------------------------


class Meter:
    """What the database does while something is stored.

    `work` counts the instructions of SQLite's virtual machine, in which every row that is looked at costs some:
    no plan and no cursor hides a row from it.
    """

    def __init__(self, store: Store) -> None:
        self.statements = self.rows = self.work = 0
        self._store = store
        sa.event.listen(store._engine, "checkout", self._attach)
        sa.event.listen(store._engine, "before_cursor_execute", self._statement)
        store._engine.dispose()  # the next connection is counted

    def _attach(self, connection: Any, *_: Any) -> None:
        connection.set_progress_handler(self._step, 1)

    def _step(self) -> int:
        self.work += 1
        return 0

    def _statement(self, *_: Any) -> None:
        self.statements += 1

    def of(self, *changes: Any) -> tuple[int, int]:
        """Statements and instructions for these changes, stored one after the other."""
        self.statements = self.work = 0
        for change in changes:
            self._store.submit(change).result(20)
        return self.statements, self.work


def test_storing_a_cell_costs_the_same_in_a_run_of_ten_and_of_ten_thousand_cells(store: Store) -> None:
    small, large, last = create(store, 5), create(store, 5_000), create(store, 1)
    store.submit(end(last, CellKey(0, 0, 0))).result(20)  # so that no cell below is the last of its index
    meter = Meter(store)
    counted = {}
    for run_id in (small, large, small, large):  # the first ones prepare their statements
        for case in (3, 4):
            key = CellKey(case, 1, 0)
            counted[run_id] = [
                meter.of(StartCell(run_id, at(1, 0, case))),
                meter.of(KeepDrafts([Draft(run_id, at(1, 0, case), "Par", "")])),
                meter.of(end(run_id, key)),
            ]
    assert counted[small] == counted[large]
    assert all(statements <= 8 and 0 < work < 1_000 for statements, work in counted[large])


def test_the_meter_sees_every_row_that_is_read(store: Store) -> None:
    small, large = create(store, 5), create(store, 500)
    meter = Meter(store)

    def read_all(run_id: str) -> int:
        meter.work = 0
        with store._engine.connect() as connection:
            connection.exec_driver_sql(f"SELECT max(seed) FROM cell WHERE run_id = '{run_id}'").all()
        return meter.work

    assert read_all(large) > 50 * read_all(small)


@pytest.mark.parametrize("change", ["vote", "thumb", "note", "repeat"])
def test_what_a_person_says_of_a_run_costs_the_same_in_a_large_one(store: Store, change: str) -> None:
    runs = small, large = create(store, 5), create(store, 2_000)
    meter = Meter(store)
    cell = work(0, MODELS[0], PROMPT, Sampling(seed=9))
    calls: dict[str, Callable[[str], object]] = {
        "vote": lambda run_id: store.vote(run_id, "column", 1),
        "thumb": lambda run_id: store.thumb(run_id, 1, 1),
        "note": lambda run_id: store.note(run_id, "good"),
        "repeat": lambda run_id: store.add_repeat(run_id, cell),
    }
    counted = {}
    for run_id in (*runs, *runs):
        meter.statements = meter.work = 0
        calls[change](run_id)
        counted[run_id] = (meter.statements, meter.work)
    assert counted[small][0] == counted[large][0]
    # A note is found with the values of the first 500 cases.
    assert counted[large][1] < (50_000 if change == "note" else counted[small][1] * 1.1)


def test_the_status_of_a_run_follows_from_its_cells(store: Store, orphan: Callable[[], None]) -> None:
    run_id = create(store, 2)
    seen = [store.status(run_id)]
    for case in range(2):
        for variant in range(2):
            store.submit(StartCell(run_id, at(variant, 0, case))).result(20)
            seen.append(store.status(run_id))
            store.submit(end(run_id, CellKey(case, variant, 0))).result(20)
    seen.append(store.status(run_id))
    assert seen == ["pending", "running", "running", "running", "running", "done"]
    left = create(store, 1)
    orphan()
    assert store.mark_interrupted() == 2
    assert (store.status(left), store.status(run_id)) == ("interrupted", "done")


def test_a_grid_keeps_its_prompt_models_and_images_once(store: Store) -> None:
    create(store, 100, repeats=3, images=("R0lGODlh",))
    counts = store.facts().counts
    assert (counts["cell"], counts["run_case"], counts["variant"], counts["content"], counts["blob"]) == (
        600, 100, 2, 1, 1,
    )  # fmt: skip


def test_cells_of_a_grid_are_ended_by_their_place(store: Store) -> None:
    run_id = create(store, 3, repeats=2)
    store.submit(end(run_id, CellKey(2, 1, 1), "Oslo", extracted="OSLO")).result(20)
    cell = store.cells.get(run_id, CellKey(2, 1, 1))
    assert (cell.key, cell.model, cell.sampling.seed) == (CellKey(2, 1, 1), "b:big", 1)
    assert (cell.completion and cell.completion.text, cell.answer.extracted) == ("Oslo", "OSLO")
    assert [row.key for row in store.cells.page(run_id, status="done").rows] == [CellKey(2, 1, 1)]
    with pytest.raises(NotFoundError, match="column 2 of case 3"):
        store.submit(end(run_id, CellKey(2, 1, 2))).result(20)
    for key in (CellKey(3, 0, 0), CellKey(-1, 0, 0), CellKey(0, 10**30, 0)):
        with pytest.raises(NotFoundError):
            store.cells.get(run_id, key)


def test_an_answer_of_several_calls_keeps_each_of_them_and_their_sums(store: Store) -> None:
    run_id, key = create(store, 1), CellKey(0, 1, 0)
    plan = Completion("a plan", "stop", prompt_tokens=5, completion_tokens=2, total_s=0.25)
    said = Completion("Oslo", "stop", prompt_tokens=9, completion_tokens=1, total_s=0.5)
    sent = (Message("user", "Hi"),)
    steps = (Step(sent, plan, 0, "plan", "first"), Step(sent * 2, said, 1, "answer", "second"))
    store.submit(EndCell(run_id, key, "done", Answer(steps, "Oslo"))).result(20)
    cell = store.cells.get(run_id, key)
    assert (cell.answer, cell.completion, cell.messages) == (Answer(steps, "Oslo"), said, sent * 2)
    row = store.cells.page(run_id, after=CellKey(0, 0, 0)).rows[0]
    assert (row.calls, row.prompt_tokens, row.completion_tokens, row.total_s) == (2, 14, 3, 0.75)
    assert (row.begins, row.finish) == ("Oslo", "stop")


def test_the_check_behind_a_score_is_kept(store: Store) -> None:
    run_id = create(store, 1)
    score = Score("contains", 1.0, "x", "found", check_hash="0123456789abcdef")
    store.submit(end(run_id, CellKey(0, 0, 0), scores=(score,))).result(20)
    (kept,) = store.cells.get(run_id, CellKey(0, 0, 0)).scores
    assert kept.check_hash == "0123456789abcdef"


# --- reading ----------------------------------------------------------------------------------------------


def test_pages_show_every_cell_once_and_in_order(store: Store) -> None:
    run_id = create(store, 7, repeats=3)
    seen, after = [], None
    while True:
        page = store.cells.page(run_id, after=after, limit=10)
        assert page.total == 42
        seen += [row.key for row in page.rows]
        if (after := page.after) is None:
            break
    assert seen == [CellKey(c, v, r) for c in range(7) for v in range(2) for r in range(3)]
    assert store.cells.page(run_id, after=CellKey(10**30, 0, 0)).rows == ()
    assert len(store.cells.page(run_id, limit=0).rows) == 1


def test_a_page_tells_a_cell_in_short(store: Store) -> None:
    run_id = create(store, 1)
    store.submit(StartCell(run_id, at(0))).result(20)
    store.submit(end(run_id, CellKey(0, 0, 0), "P" * 5_000)).result(20)
    first, second = store.cells.page(run_id).rows
    assert (first.model, first.status, first.finish, first.calls, first.attempt) == (
        "a:small", "done", "stop", 1, 1,
    )  # fmt: skip
    assert (first.begins, first.total_s, first.seed) == ("P" * 300, 0.5, 0)
    assert (first.passed, first.checks, first.score) == (1, 2, pytest.approx(2 / 3))
    assert (second.status, second.begins, second.score, second.attempt) == ("pending", "", None, 0)


def test_open_keys_are_what_is_left_to_run(store: Store) -> None:
    run_id = create(store, 3)
    for key in (CellKey(0, 0, 0), CellKey(1, 1, 0)):
        store.submit(end(run_id, key)).result(20)
    store.submit(StartCell(run_id, at(1))).result(20)
    left = [CellKey(0, 1, 0), CellKey(1, 0, 0), CellKey(2, 0, 0), CellKey(2, 1, 0)]
    assert store.cells.open_keys(run_id) == left
    assert store.cells.open_keys(run_id, after=left[1], limit=1) == [left[2]]


def test_the_matrix_tells_what_each_variant_came_to_in_each_case(store: Store) -> None:
    run_id = create(store, 3, repeats=2)
    good, bad = (Score("c", 1.0, "", ""),), (Score("c", 0.0, "", ""), Score("d", 1.0, "", "", 3.0))
    store.submit(end(run_id, CellKey(0, 0, 0), scores=good)).result(20)
    store.submit(end(run_id, CellKey(0, 0, 1), scores=bad)).result(20)
    store.submit(end(run_id, CellKey(0, 1, 0), status="error", scores=())).result(20)
    entries = store.cells.matrix(run_id, cases=1)
    assert [(e.case, e.variant, e.cells, e.open, e.errors, e.score) for e in entries] == [
        (0, 0, 2, 0, 0, pytest.approx(0.875)),
        (0, 1, 2, 1, 1, None),
    ]
    assert [(e.case, e.open) for e in store.cells.matrix(run_id, first=1)] == [(1, 2), (1, 2), (2, 2), (2, 2)]


def test_streamed_rows_are_whole_cells_with_their_cases(store: Store) -> None:
    run_id = create(store, 5)
    store.submit(end(run_id, CellKey(4, 1, 0), "last")).result(20)
    records = list(store.cells.stream_rows(run_id, portion=3))
    assert [record.cell.key for record in records] == [CellKey(c, v, 0) for c in range(5) for v in range(2)]
    assert (records[-1].case.values, records[-1].case.row_id) == ({"land": "land-4."}, "row4")
    assert records[-1].cell == store.cells.get(run_id, CellKey(4, 1, 0))
    with pytest.raises(NotFoundError):
        next(store.cells.stream_rows("nope"))


def test_streaming_a_run_takes_no_memory_for_what_was_read(store: Store) -> None:
    run_id = create(store, 700)
    for record in store.cells.stream_rows(run_id):
        store.submit(end(run_id, record.cell.key, "x" * 2_000))
    store.submit(StartCell(run_id, at(0))).result(60)
    rows = store.cells.stream_rows(run_id, portion=100)
    for _ in range(300):
        next(rows)
    tracemalloc.start()
    for count, _ in enumerate(rows, 301):
        if count == 600:
            middle = tracemalloc.get_traced_memory()[0]
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert count == 1_400 and after < middle + 200_000  # of 1.6 MB that were read since


def test_a_large_run_opens_at_once(store: Store) -> None:
    run_id = create(store, 5_000)
    for key in store.cells.open_keys(run_id, limit=200):
        store.submit(end(run_id, key))
    store.submit(StartCell(run_id, at(0, 0, 4_999))).result(60)

    def best_s(call: Callable[[], object]) -> float:
        times = []
        for _ in range(3):
            started = time.perf_counter()
            call()
            times.append(time.perf_counter() - started)
        return min(times)

    assert best_s(lambda: store.cells.page(run_id)) < 0.2
    assert best_s(lambda: store.run(run_id)) < 0.2
    assert best_s(lambda: store.history()) < 0.2
    assert best_s(lambda: store.cells.matrix(run_id)) < 0.2


def test_a_grid_opens_in_compare_with_its_first_case(store: Store) -> None:
    run_id = create(store, 4, repeats=2)
    store.submit(end(run_id, CellKey(0, 1, 1), "Paris")).result(20)
    run = store.run(run_id)
    assert (run.spec.kind, run.total, run.is_whole, run.status) == ("experiment", 16, False, "running")
    assert run.spec.case.values == {"land": "land-0."}
    assert [cell.key for cell in run.cells] == [CellKey(0, 0, 1), CellKey(0, 1, 1)]
    assert [cell.key for cell in run.earlier] == [CellKey(0, 0, 0), CellKey(0, 1, 0)]
    (row,) = store.history().rows
    assert (row.kind, row.planned, [column.status for column in row.columns]) == (
        "experiment", 16, ["pending", "done"],
    )  # fmt: skip


def test_thousands_of_repeats_in_a_column_open_with_the_newest(store: Store) -> None:
    comparison = RunSpec.comparison(prompt=PROMPT, values={"land": "x"}, variants=(Variant(model="a:b"),))
    cells = [work(0, "a:b", PROMPT, Sampling(seed=n), repeat=n) for n in range(3_000)]
    run_id = store.create_run(comparison, cells, title="Samples")
    run = store.run(run_id)
    assert (run.cells[0].repeat, run.earlier[-1].repeat, run.total) == (2_999, 2_998, 3_000)
    assert len(run.earlier) < 100 and run.spec == comparison


@pytest.mark.parametrize("case", [0, 40])
def test_a_grid_is_found_by_its_values_and_by_how_each_answer_begins(store: Store, case: int) -> None:
    run_id = create(store, 41)
    create(store, 1)
    store.submit(end(run_id, CellKey(case, 1, 0), f"answer-{case} " + "x" * 100_000)).result(20)
    found = [row.id for row in store.history(f"answer-{case} land-40.").rows]
    assert found == [run_id]
