"""Many changes in one transaction: nothing is lost, nothing is half, one that fails fails alone."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from playground.errors import NotFoundError, StoreError
from playground.settings import Settings
from playground.store import Store, ledger, open_store, writer
from playground.store.changes import CreateRun, EndCell, StartCell
from playground.store.reopen import ended_cell
from playground.types.generation import Completion, Message, TokenLogprob
from playground.types.grid import RunSpec, Variant
from playground.types.prompt import Check, Prompt, Sampling, Turn
from playground.types.scores import Score
from playground.types.trace import Answer
from tests import forked
from tests.works import at, work

ODD = "a\0b 👩‍👩‍👧 \ud800 \x01x"
CHECKS = (Check(scorer="contains", options={"text": ODD}),)
PROMPT = Prompt(name="Tone", turns=(Turn(role="user", template="Be {{ tone }}."),), checks=CHECKS)
COMPARISON = RunSpec.comparison(prompt=PROMPT, values={"tone": "kind"}, variants=(Variant(model="a:b"),) * 2)
CELLS = [work(column, "a:b", PROMPT, Sampling(seed=column)) for column in range(2)]
SENT = (Message("system", "Be brief."), Message("user", "\x01 odd"))
ANSWER = Completion(
    text=ODD,
    finish="stop",
    reasoning="\x01",
    prompt_tokens=2**31 - 1,
    completion_tokens=0,
    first_token_s=0.1,
    total_s=1.25,
    rendered_prompt="<|im_start|>" + ODD,
    model_digest="sha256:x",
    backend_version="1",
    mode="exact",
    ignored=("top-k", "min-p"),
    logprobs=(TokenLogprob("a", -0.5, (("a", -0.5), ("\0", -2.0))), TokenLogprob("", -1.0)),
)
SCORES = (Score("contains", 1.0, ODD, "found", 2.5), Score("number", None, "", "no number"))


def end(run_id: str, column: int = 0, **changes: Any) -> EndCell:
    given: dict[str, Any] = {"status": "done", "completion": ANSWER, "messages": SENT, "scores": SCORES}
    given |= changes
    answer = Answer.of_one_call(given.pop("messages"), given.pop("completion"))
    return EndCell(run_id, at(column), answer=answer, **given)


def create(store: Store, title: str = "Run") -> str:
    return store.create_run(COMPARISON, CELLS, title=title)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"status": "error", "error": "It broke.", "hint": "Again.", "scores": ()},
        {"completion": Completion("", "cancelled"), "status": "cancelled", "messages": ()},
        {"completion": None, "status": "error", "error": ODD},
        {"completion": replace(ANSWER, completion_tokens=2**63, cached_tokens=-1)},
    ],
)
@pytest.mark.parametrize("started", [True, False])
def test_the_cell_that_has_ended_equals_the_one_that_is_loaded(
    store: Store, changes: dict[str, Any], started: bool
) -> None:
    run_id = create(store)
    if started:
        store.start_cell(run_id, at(0))
    store.thumb(run_id, 0, 1)
    change = end(run_id, **changes)
    told = ended_cell(CELLS[0], change, store.submit(change).result(20))
    assert told == store.run(run_id).cells[0]
    assert (told.started_at is not None, told.thumb) == (started, 1)


@pytest.mark.parametrize("count", [2**31, 2**63, 10**40, -1])
def test_a_count_that_no_server_can_mean_is_stored_as_unknown(store: Store, count: int) -> None:
    run_id = create(store)
    wild = replace(ANSWER, prompt_tokens=count, completion_tokens=count, cached_tokens=count)
    store.save_cell(run_id, at(0), status="done", answer=Answer.of_one_call(SENT, wild))
    stored = store.run(run_id).cells[0].completion
    assert stored == replace(ANSWER, prompt_tokens=None, completion_tokens=None, cached_tokens=None)


def test_many_changes_at_once_are_all_stored(store: Store) -> None:
    creations = [CreateRun(COMPARISON, CELLS, f"Run {number}") for number in range(40)]
    waiting: list[Future[Any]] = [store.submit(creation) for creation in creations]
    for creation in creations:
        for column in range(2):
            waiting.append(store.submit(StartCell(creation.run_id, at(column))))
            answer = Completion(f"{creation.title} column{column}", "stop")
            waiting.append(store.submit(end(creation.run_id, column, completion=answer)))
    for future in waiting:
        future.result(20)
    runs = [store.run(creation.run_id) for creation in creations]
    assert {run.status for run in runs} == {"done"}
    for run in runs:
        assert [c.completion and c.completion.text for c in run.cells] == [
            f"{run.title} column0",
            f"{run.title} column1",
        ]
        assert all(c.started_at and c.finished_at and c.scores == SCORES for c in run.cells)
    assert store.history("column1").total == 40


def test_a_change_that_cannot_be_stored_fails_alone(store: Store) -> None:
    run_id = create(store)
    good = [store.submit(CreateRun(COMPARISON, CELLS, f"Run {number}")) for number in range(5)]
    bad = store.submit(CreateRun(COMPARISON, CELLS, "Bad", version_id="there is none"))
    lost = store.submit(end("nothing"))
    missing = store.submit(end(run_id, 7))
    good += [store.submit(CreateRun(COMPARISON, CELLS, f"Run {number}")) for number in range(5)]
    assert len({future.result(20) for future in good}) == 10
    with pytest.raises(StoreError):
        bad.result(20)
    with pytest.raises(NotFoundError, match="no such run"):
        lost.result(20)
    with pytest.raises(NotFoundError, match="column 8"):
        missing.result(20)
    assert store.history().total == 11
    assert store.run(run_id).status == "pending"


def test_an_end_whose_reader_has_gone_is_stored_all_the_same(store: Store) -> None:
    run_id = create(store)
    future = store.submit(end(run_id))
    future.cancel()
    store.submit(end(run_id, 1)).result(20)
    assert [cell.status for cell in store.run(run_id).cells] == ["done", "done"]


def test_a_start_that_comes_after_the_end_changes_nothing(store: Store) -> None:
    run_id = create(store)
    store.submit(end(run_id)).result(20)
    store.start_cell(run_id, at(0))
    assert store.run(run_id).cells[0].status == "done"


def test_closing_stores_what_waits(settings: Settings, store: Store) -> None:
    run_id = create(store)
    for column in range(2):
        store.submit(end(run_id, column))
    store.close()
    again = open_store(settings)
    assert again.run(run_id).status == "done"
    again.close()


def test_a_run_is_linked_to_the_newest_saved_version_of_its_prompt(store: Store) -> None:
    without = store.submit(CreateRun(COMPARISON, CELLS, "", find_version=True)).result(20)
    saved = store.save_version(PROMPT, message="")
    linked = store.submit(CreateRun(COMPARISON, CELLS, "", find_version=True)).result(20)
    plain = store.submit(CreateRun(COMPARISON, CELLS, "")).result(20)
    assert [store.run(run_id).version for run_id in (without, linked, plain)] == [None, saved, None]


VICTIM = """
import os, signal, sys
from pathlib import Path
from playground.settings import Settings
from playground.store import open_store
from playground.store.changes import CreateRun, EndCell, StartCell
from playground.types.generation import *
from playground.types.grid import *
from playground.types.trace import *
from playground.types.prompt import *
from playground.types.scores import *
from tests.works import at, work

store = open_store(Settings(data_dir=Path(sys.argv[1]), database_url=""))
prompt = Prompt(turns=(Turn(role="user", template="Hi"),))
comparison = RunSpec.comparison(prompt=prompt, variants=(Variant(model="a:b"),) * 4)
scores = (Score("x", 1.0, "", ""), Score("y", 0.0, "", ""))
n = 0
while True:
    run = CreateRun(comparison, [work(n, "a:b", prompt, Sampling()) for n in range(4)], "Killed")
    store.submit(run)
    ends = []
    for column in range(4):
        store.submit(StartCell(run.run_id, at(column)))
        answer = Completion(f"answer {column}", "stop")
        ends.append(store.submit(EndCell(run.run_id, at(column), "done", Answer.of_one_call([Message("user", "Hi")], answer), scores=scores)))
    for column, end in enumerate(ends):
        end.result()
        os.write(1, f"{run.run_id} {column}\\n".encode())
    n += 1
    if n == 12:
        store.submit(CreateRun(comparison, [], "Last moment"))
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_kill_9_loses_no_cell_that_was_told_and_leaves_no_half_of_one(settings: Settings) -> None:
    command = [sys.executable, "-c", VICTIM, str(settings.data_dir)]
    child = forked.run(command, capture_output=True, text=True, env=dict(os.environ))
    assert child.returncode == -signal.SIGKILL, child.stderr
    told = [line.split() for line in child.stdout.splitlines()]
    assert len(told) == 48
    store = open_store(settings)
    store.mark_interrupted()
    for run_id, column in told:
        cell = store.run(run_id).cells[int(column)]
        assert cell.status == "done" and cell.completion == Completion(f"answer {column}", "stop")
        assert (len(cell.answer.steps), len(cell.scores)) == (1, 2)
    store.close()


def test_a_run_that_was_interrupted_is_found_by_the_answers_it_had(
    store: Store, orphan: Callable[[], None]
) -> None:
    run_id = create(store)
    store.submit(end(run_id, completion=Completion("needle", "stop"))).result(20)
    orphan()
    assert store.mark_interrupted() == 1
    assert [row.id for row in store.history("needle").rows] == [run_id]


def test_a_cell_that_begins_and_ends_in_one_transaction_was_begun_once(store: Store) -> None:
    run_id = create(store)
    began, ended = StartCell(run_id, at(0)), end(run_id)
    with store._writing_engine.begin() as connection:
        _, facts = ledger.apply(connection, [began, ended])
        asked = sa.select(ledger.CELL.c.attempt, ledger.CELL.c.status, ledger.CELL.c.started_at)
        first, other = connection.execute(asked.order_by(ledger.CELL.c.id)).all()
    assert tuple(first) == (1, "done", began.at) and tuple(other) == (0, "pending", None)
    assert facts.started_at == began.at


def test_answers_that_nobody_watches_wait_for_more_of_them_but_not_when_somebody_waits(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "BUSY_S", 60)
    monkeypatch.setattr(writer, "LEISURE_S", 30)
    run_id = create(store)  # from now on changes are a stream
    unwatched = store.submit(end(run_id, 0, unwatched=True))
    time.sleep(0.2)
    assert not unwatched.done()
    store.submit(end(run_id, 1)).result(20)
    assert unwatched.done(), "it shared the transaction"
