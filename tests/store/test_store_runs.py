from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from threading import Thread

import pytest

from playground.errors import NotFoundError
from playground.settings import Settings
from playground.store import Store, content_hash, open_store
from playground.types.generation import Completion, Message
from playground.types.grid import Case, RunSpec, Variant
from playground.types.prompt import Prompt, Sampling, Turn
from playground.types.scores import Score
from playground.types.trace import Answer
from tests import forked
from tests.works import at, work

MakeRun = Callable[..., str]
ODD = "a\0b 👩‍👩‍👧 \u202eשלום e\u0301\r\n<script>"
PROMPT = Prompt(
    name="Tone", turns=(Turn(role="system", template="Be {{ tone }}."), Turn(role="user", template=ODD))
)
VARIANT = Prompt(name="Tone", turns=(Turn(role="user", template="Short: {{ tone }}"),))
COMPARISON = RunSpec.comparison(
    prompt=PROMPT,
    values={"tone": ODD, "rows": [{"in": 1, "out": None}], "n": 0.5, "ok": True},
    variants=(
        Variant(model="llamacpp:small", sampling=Sampling(seed=None, temperature=0.7)),
        Variant(model="ollama:big", prompt=VARIANT),
    ),
)
CELLS = [
    work(0, "llamacpp:small", PROMPT, Sampling(seed=2**32 - 2, temperature=0.7)),
    work(1, "ollama:big", VARIANT, Sampling(stop=("\n",))),
]
MESSAGES = (Message("system", "Be kind."), Message("user", ODD))
ANSWER = Completion(
    text=ODD,
    finish="length",
    reasoning="because " + ODD,
    prompt_tokens=12,
    completion_tokens=256,
    cached_tokens=3,
    context_tokens=8192,
    first_token_s=0.125,
    total_s=1.5,
    rendered_prompt="<|im_start|>" + ODD,
    model_digest="sha256:abc",
    backend_version="0.3.36",
    mode="batched",
    ignored=("min_p is not supported",),
)
SCORES = (
    Score("contains", 1.0, ODD, "It is there.", 2.0),
    Score("regex", 0.0, "x", "No match."),
    Score("number", None, "", "No number."),
)


def create(store: Store) -> str:
    return store.create_run(COMPARISON, CELLS, title="Tone of a mail")


def test_a_run_comes_back_with_everything_that_was_sent_and_received(store: Store) -> None:
    version = store.save_version(PROMPT, message="")
    run_id = store.create_run(COMPARISON, CELLS, title="Tone of a mail", version_id=version.id)
    store.start_cell(run_id, at(0))
    store.save_cell(run_id, at(0), status="done", answer=Answer.of_one_call(MESSAGES, ANSWER), scores=SCORES)
    run = store.run(run_id)
    assert (run.title, run.status, run.spec, run.version) == (
        "Tone of a mail",
        "running",
        COMPARISON,
        version,
    )
    assert run.content_hash == content_hash(PROMPT) == version.content_hash
    first, second = run.cells
    assert (first.completion, first.messages, first.scores) == (ANSWER, MESSAGES, SCORES)
    assert (first.prompt, first.sampling, first.status) == (PROMPT, CELLS[0].sampling, "done")
    assert first.started_at is not None and first.finished_at is not None
    assert run.created_at <= first.started_at <= first.finished_at
    (step,) = first.answer.steps
    assert (step.completion, step.messages) == (ANSWER, MESSAGES)
    assert (second.prompt, second.completion, second.status) == (VARIANT, None, "pending")
    assert (second.content_hash, second.messages) == (content_hash(VARIANT), ())


@pytest.mark.parametrize("status", ["cancelled", "error"])
def test_a_cell_that_did_not_finish_keeps_its_partial_text_and_the_reason(store: Store, status: str) -> None:
    run_id = create(store)
    partial = Completion("The answ", "cancelled" if status == "cancelled" else "error", total_s=0.5)
    store.save_cell(
        run_id,
        at(0),
        status=status,
        answer=Answer.of_one_call(MESSAGES, partial),
        error="It broke.",
        hint="Again.",
    )
    store.save_cell(
        run_id, at(1), status="error", answer=Answer.of_one_call((), None), error="Too long.", hint="Cut."
    )
    run = store.run(run_id)
    assert (run.cells[0].completion, run.cells[0].status, run.cells[0].error) == (
        partial,
        status,
        "It broke.",
    )
    assert (run.cells[1].completion, run.cells[1].error, run.cells[1].hint) == (None, "Too long.", "Cut.")
    assert run.status == "done"


def test_saving_a_cell_again_replaces_its_scores_and_its_step(store: Store) -> None:
    run_id = create(store)
    store.save_cell(run_id, at(0), status="done", answer=Answer.of_one_call(MESSAGES, ANSWER), scores=SCORES)
    better = replace(ANSWER, text="Better")
    store.save_cell(
        run_id, at(0), status="done", answer=Answer.of_one_call(MESSAGES[1:], better), scores=SCORES[:1]
    )
    cell = store.run(run_id).cells[0]
    assert (cell.completion, cell.scores, cell.messages) == (better, SCORES[:1], MESSAGES[1:])
    assert len(cell.answer.steps) == 1


def test_running_a_column_again_keeps_the_earlier_answer(store: Store) -> None:
    run_id = create(store)
    store.save_cell(run_id, at(0), status="done", answer=Answer.of_one_call(MESSAGES, ANSWER))
    again = replace(CELLS[0], sampling=Sampling(seed=5))
    now = COMPARISON.model_copy(update={"cases": (Case(values={"tone": "dry"}),)})
    assert store.add_repeat(run_id, again, spec=now) == 1
    store.save_cell(
        run_id, at(0, 1), status="done", answer=Answer.of_one_call(MESSAGES, replace(ANSWER, text="two"))
    )
    run = store.run(run_id)
    assert [(c.column, c.repeat) for c in run.cells] == [(0, 1), (1, 0)]
    assert run.cells[0].sampling.seed == 5
    assert [(c.column, c.repeat, c.completion) for c in run.earlier] == [(0, 0, ANSWER)]
    assert run.spec.case.values == {"tone": "dry"}


def test_cells_of_one_column_are_numbered_as_repeats(store: Store) -> None:
    second = replace(CELLS[0], key=at(0, 1))
    run_id = store.create_run(COMPARISON, [CELLS[0], second, CELLS[1]], title="")
    run = store.run(run_id)
    assert [(c.column, c.repeat) for c in (*run.earlier, *run.cells)] == [(0, 0), (0, 1), (1, 0)]


def test_one_body_is_stored_once_however_often_it_is_run(store: Store) -> None:
    store.save_version(PROMPT, message="")
    for _ in range(3):
        create(store)
    assert store.facts().counts["content"] == 2
    assert store.facts().counts["cell"] == 6


def test_voting_again_replaces_the_vote_and_none_takes_it_back(store: Store) -> None:
    run_id = create(store)
    store.vote(run_id, "column", 1, "clearer")
    first = store.run(run_id).vote
    assert first is not None and (first.kind, first.column, first.repeat, first.note) == (
        "column",
        1,
        0,
        "clearer",
    )
    store.vote(run_id, "tie")
    second = store.run(run_id).vote
    assert second is not None and (second.kind, second.column, second.note) == ("tie", None, "")
    assert store.facts().counts["vote"] == 1
    store.vote(run_id, None)
    assert store.run(run_id).vote is None


def test_a_vote_stays_with_the_answer_it_was_given_for(store: Store) -> None:
    run_id = create(store)
    store.vote(run_id, "column", 0)
    store.add_repeat(run_id, CELLS[0])
    vote = store.run(run_id).vote
    assert vote is not None and (vote.column, vote.repeat) == (0, 0)


def test_a_thumb_goes_up_down_and_away(store: Store) -> None:
    run_id = create(store)
    seen = []
    for value in (1, -1, 0):
        store.thumb(run_id, 1, value)
        seen.append([cell.thumb for cell in store.run(run_id).cells])
    assert seen == [[0, 1], [0, -1], [0, 0]]


def test_a_note_comes_back(store: Store) -> None:
    run_id = create(store)
    store.note(run_id, ODD)
    assert store.run(run_id).note == ODD


@pytest.mark.parametrize("run_id", ["", "nope", "\0", "\ud800", "../../x"])
def test_an_unknown_run_is_not_found(store: Store, run_id: str) -> None:
    for call in (
        lambda: store.run(run_id),
        lambda: store.vote(run_id, "tie"),
        lambda: store.note(run_id, ""),
        lambda: store.start_cell(run_id, at(0)),
        lambda: store.add_repeat(run_id, CELLS[0]),
    ):
        with pytest.raises(NotFoundError):
            call()


@pytest.mark.parametrize("column", [None, -1, 2, 10**30])
def test_a_vote_for_a_column_that_is_not_there_keeps_the_old_vote(store: Store, column: int | None) -> None:
    run_id = create(store)
    store.vote(run_id, "all_bad")
    with pytest.raises(NotFoundError, match="no such column"):
        store.vote(run_id, "column", column)
    vote = store.run(run_id).vote
    assert vote is not None and vote.kind == "all_bad"


def test_two_threads_finishing_cells_of_one_run_lose_nothing(store: Store) -> None:
    run_ids = [create(store) for _ in range(8)]
    failures: list[Exception] = []

    def finish(column: int) -> None:
        try:
            for run_id in run_ids:
                store.start_cell(run_id, at(column))
                answer = replace(ANSWER, text=f"column{column}")
                store.save_cell(
                    run_id, at(column), status="done", answer=Answer.of_one_call(MESSAGES, answer)
                )
        except Exception as exc:
            failures.append(exc)

    threads = [Thread(target=finish, args=(column,)) for column in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert store.history("column0 column1").total == len(run_ids)
    assert {store.run(run_id).status for run_id in run_ids} == {"done"}


def test_unfinished_cells_become_interrupted_and_finished_ones_stay(
    store: Store, make_run: MakeRun, orphan: Callable[[], None]
) -> None:
    done, half, new = make_run("a", "b"), make_run("a", None, None), make_run(None)
    store.start_cell(half, at(1))
    orphan()
    assert store.mark_interrupted() == 3
    assert [cell.status for cell in store.run(half).cells] == ["done", "interrupted", "interrupted"]
    assert [store.run(run_id).status for run_id in (done, half, new)] == [
        "done",
        "interrupted",
        "interrupted",
    ]
    assert store.mark_interrupted() == 0


def test_a_result_that_arrives_after_the_mark_is_kept(
    store: Store, make_run: MakeRun, orphan: Callable[[], None]
) -> None:
    run_id = make_run(None)
    orphan()
    store.mark_interrupted()
    store.save_cell(run_id, at(0), status="done", answer=Answer.of_one_call(MESSAGES, ANSWER))
    run = store.run(run_id)
    assert (run.status, run.cells[0].status, run.cells[0].completion) == ("done", "done", ANSWER)


VICTIM = """
import os, signal, sys
from pathlib import Path
from playground.settings import Settings
from playground.store import open_store
from playground.types.generation import *
from playground.types.grid import *
from playground.types.trace import *
from playground.types.prompt import *
from playground.types.scores import *
from tests.works import at, work

store = open_store(Settings(data_dir=Path(sys.argv[1]), database_url=""))
prompt = Prompt(turns=(Turn(role="user", template="Hi"),))
columns = tuple(Variant(model="a:b") for _ in range(3))
cells = [work(n, "a:b", prompt, Sampling()) for n in range(3)]
run_id = store.create_run(RunSpec.comparison(prompt=prompt, variants=columns), cells, title="Killed")
store.start_cell(run_id, at(0))
store.start_cell(run_id, at(1))
store.save_cell(run_id, at(0), status="done", answer=Answer.of_one_call([Message("user", "Hi")], Completion("finished", "stop")))
os.write(1, run_id.encode())
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_kill_9_in_the_middle_of_a_run_loses_no_finished_cell(settings: Settings) -> None:
    child = forked.run(
        [sys.executable, "-c", VICTIM, str(settings.data_dir)],
        capture_output=True,
        text=True,
        env=dict(os.environ),
    )
    assert child.returncode == -signal.SIGKILL, child.stderr
    store = open_store(settings)
    assert store.mark_interrupted() == 2
    run = store.run(child.stdout)
    store.close()
    assert [cell.status for cell in run.cells] == ["done", "interrupted", "interrupted"]
    assert run.cells[0].completion == Completion("finished", "stop")
    assert run.cells[0].messages == (Message("user", "Hi"),)
