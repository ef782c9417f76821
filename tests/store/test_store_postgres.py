"""The same store on a PostgreSQL server: the schema at once and by revisions, a folder of 0.2 carried over, runs at work.

    PLAYGROUND_TEST_POSTGRES=postgresql+psycopg://name:password@127.0.0.1/database bash tests/run

Each test has a schema of its own in that database, which it drops.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from alembic import command

from playground.backends.scripted import ScriptedBackend
from playground.datasets.looking import read_filter
from playground.errors import BackendUnavailable, NotFoundError, StoreBusy, StoreError
from playground.settings import Settings
from playground.store import Store, open_store, removal, schema
from playground.store.changes import CreateRun, Draft, EndCell, KeepDrafts, StartCell
from playground.store.database import connect, locate
from playground.store.dataset_rows import RowLook
from playground.types.dataset import Column, DropRow, Row, SetValue, edited
from playground.types.experiment import Cases, Experiment, ExperimentVariant, Limits
from playground.types.generation import Completion, Message, TokenLogprob
from playground.types.grid import Case, CellKey, RunSpec, Variant
from playground.types.prompt import Check, Prompt, Sampling, Turn
from playground.types.scores import Score
from playground.types.trace import Answer
from playground.workbench.service import Workbench
from tests.store.as_of_0_2 import as_then, told
from tests.store.everything import counts, everything, removed
from tests.works import at, work

ADDRESS = os.environ.get("PLAYGROUND_TEST_POSTGRES", "")
pytestmark = pytest.mark.skipif(
    not ADDRESS,
    reason="no PostgreSQL: PLAYGROUND_TEST_POSTGRES=postgresql+psycopg://name:password@host/database",
)
FOLDER = Path(__file__).with_name("release_0_2")
ODD = "a\0b 👩 \ud800 \x01x"
PROMPT = Prompt(name="Tone", turns=(Turn(role="user", template="Be {{ tone }}. " + ODD),))
ANSWER = Completion(
    ODD, "stop", total_s=0.5, logprobs=(TokenLogprob("a", -0.5, (("\0", -2.0),)),), ignored=("top-k",)
)


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    name = f"playground_{uuid4().hex[:10]}"
    engine = sa.create_engine(ADDRESS)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {name}")
    address = sa.make_url(ADDRESS).update_query_dict({"options": f"-csearch_path={name} -ctimezone=UTC"})
    yield Settings(data_dir=tmp_path, database_url=address.render_as_string(hide_password=False))
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP SCHEMA {name} CASCADE")
    engine.dispose()


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    opened = open_store(settings)
    yield opened
    opened.close()


def upgrade(settings: Settings, revision: str) -> None:
    engine = connect(locate(settings))
    with engine.begin() as connection:
        config = schema._config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


def described(settings: Settings) -> dict[str, Any]:
    engine = connect(locate(settings))
    inspector = sa.inspect(engine)
    found = {
        table: (
            sorted((c["name"], str(c["type"]), c["nullable"]) for c in inspector.get_columns(table)),
            sorted((i["name"] or "", tuple(i["column_names"])) for i in inspector.get_indexes(table)),
            sorted(k["name"] or "" for k in inspector.get_foreign_keys(table)),
            sorted(u["name"] or "" for u in inspector.get_unique_constraints(table)),
            inspector.get_pk_constraint(table)["name"],
        )
        for table in inspector.get_table_names()
        if table != "alembic_version"
    }
    engine.dispose()
    return found


@pytest.fixture
def old(settings: Settings, tmp_path: Path) -> Settings:
    """What the real 0.2 kept, in a database of its revision on the server."""
    upgrade(settings, "0002")
    engine = connect(locate(settings))
    with closing(sqlite3.connect(tmp_path / "old.db")) as file, engine.begin() as connection:
        file.executescript((FOLDER / "database.sql").read_bytes().decode())
        file.row_factory = sqlite3.Row
        for table in (
            "content", "prompt", "version", "prompt_tag", "label", "favourite", "sync_mark", "blob", "run", "cell",
            "step", "score", "vote",
        ):  # fmt: skip
            for row in file.execute(f"SELECT * FROM {table}"):
                names = ", ".join(row.keys())
                values = ", ".join(f":{name}" for name in row.keys())  # noqa: SIM118
                connection.execute(sa.text(f"INSERT INTO {table} ({names}) VALUES ({values})"), dict(row))
        connection.exec_driver_sql("SELECT setval(pg_get_serial_sequence('cell', 'id'), max(id)) FROM cell")
    engine.dispose()
    return settings


def grid(store: Store, cases: int = 3) -> str:
    spec = RunSpec(
        prompt=PROMPT,
        variants=(Variant(model="a:b"), Variant(model="c:d")),
        cases=tuple(Case(values={"tone": f"{n} {ODD}"}, row_id=ODD) for n in range(cases)),
    )
    cells = [
        work(variant, column.model, PROMPT, Sampling(seed=2**32 - 2), case)
        for case in range(cases)
        for variant, column in enumerate(spec.variants)
    ]
    return store.submit(CreateRun(spec, cells, ODD)).result(20)


def end(run_id: str, key: CellKey, **more: Any) -> EndCell:
    given: dict[str, Any] = {"status": "done", "completion": ANSWER, "scores": (Score("c", 1.0, ODD, ODD),)}
    given |= more
    answer = Answer.of_one_call([Message("user", ODD)], given.pop("completion"))
    return EndCell(run_id, key, answer=answer, **given)


def test_the_schema_by_revisions_equals_the_one_made_at_once(settings: Settings) -> None:
    upgrade(settings, "0001")
    open_store(settings).close()
    by_revisions = described(settings)
    engine = connect(locate(settings))
    with engine.begin() as connection:
        name = connection.exec_driver_sql("SELECT current_schema()").scalar()
        connection.exec_driver_sql(f"DROP SCHEMA {name} CASCADE")
        connection.exec_driver_sql(f"CREATE SCHEMA {name}")
    engine.dispose()
    open_store(settings).close()
    assert by_revisions == described(settings)


def test_what_0_2_kept_on_a_server_is_read_as_it_was_written(old: Settings) -> None:
    read = json.loads((FOLDER / "told.json").read_text())
    store = open_store(old)
    for run_id, run in read["runs"].items():
        now = told(store.run(run_id))
        assert as_then(now, run) == run
    assert as_then(told(store.history()), read["history"]) == read["history"]
    for word, runs in read["found"].items():
        assert [row.id for row in store.history(word).rows] == runs
    assert store.facts().revision == schema.HEAD
    run_id = grid(store)  # ids go on after those that were carried over
    store.submit(end(run_id, CellKey(0, 0, 0))).result(20)
    assert store.status(run_id) == "running"
    store.close()


def test_an_upgrade_that_fails_leaves_a_server_as_it_was(
    old: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise StoreError("The lights went out.")

    before = described(old)
    with monkeypatch.context() as patch:
        patch.setattr(schema, "_check_foreign_keys", fail)
        with pytest.raises(StoreError):
            open_store(old)
    assert described(old) == before


def test_a_grid_is_worked_on_as_on_sqlite(store: Store) -> None:
    run_id = grid(store)
    seen = [store.status(run_id)]
    store.submit(StartCell(run_id, at(0))).result(20)
    store.submit(KeepDrafts([Draft(run_id, at(0), "half " + ODD, "")])).result(20)
    store.submit(KeepDrafts([Draft(run_id, at(0), "half more", "")])).result(20)
    seen.append(store.status(run_id))
    for key in store.cells.open_keys(run_id):
        store.submit(end(run_id, key)).result(20)
    assert [*seen, store.status(run_id)] == ["pending", "running", "done"]
    store.submit(end(run_id, CellKey(0, 0, 0), completion=Completion("again", "stop"))).result(20)
    cell = store.cells.get(run_id, CellKey(1, 1, 0))
    assert (cell.completion, cell.messages, cell.sampling.seed) == (
        ANSWER, (Message("user", ODD),), 2**32 - 2,
    )  # fmt: skip
    page = store.cells.page(run_id, limit=2)
    assert (page.total, [row.begins for row in page.rows]) == (6, ["again", ODD])
    assert [row.key for row in store.cells.page(run_id, after=page.after).rows][0] == CellKey(1, 0, 0)
    assert [entry.score for entry in store.cells.matrix(run_id)] == [1.0] * 6
    assert [record.case.row_id for record in store.cells.stream_rows(run_id, portion=4)] == [ODD] * 6
    store.vote(run_id, "column", 1)
    store.vote(run_id, "column", 0, ODD)
    store.thumb(run_id, 0, -1)
    store.note(run_id, ODD)
    assert store.add_repeat(run_id, work(1, "e:f", PROMPT, Sampling())) == 1
    run = store.run(run_id)
    assert run.vote is not None and (run.vote.column, run.vote.note, run.note) == (0, ODD, ODD)
    assert [row.id for row in store.history("again 👩 e:f").rows] == [run_id]


def test_cells_of_an_ended_program_keep_their_text(store: Store, settings: Settings) -> None:
    run_id = grid(store, 1)
    store.submit(StartCell(run_id, at(0))).result(20)
    store.submit(KeepDrafts([Draft(run_id, at(0), "half an answer", "")])).result(20)
    store.close()
    again = open_store(settings)
    assert again.mark_interrupted() == 2
    assert again.cells.get(run_id, CellKey(0, 0, 0)).completion == Completion("half an answer", "aborted")
    again.close()


def test_two_programs_end_cells_of_one_run_and_lose_none(store: Store, settings: Settings) -> None:
    other = open_store(settings)
    run_id = grid(store, 60)
    keys = store.cells.open_keys(run_id)

    def work(mine: Store, order: Callable[[list[CellKey]], list[CellKey]]) -> None:
        for future in [mine.submit(end(run_id, key)) for key in order(keys)]:
            future.result(60)

    threads = [
        Thread(target=work, args=(store, list)),
        Thread(target=work, args=(other, lambda keys: keys[::-1])),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    other.close()
    assert store.status(run_id) == "done"
    assert all(len(record.cell.scores) == 1 for record in store.cells.stream_rows(run_id))


def test_a_prompt_is_saved_binned_and_purged(store: Store) -> None:
    saved = store.save_version(PROMPT, message=ODD)
    run_id = grid(store)
    store.bin.put(saved.prompt_id)
    store.bin.purge(saved.prompt_id)
    assert store.run(run_id).spec.prompt == PROMPT


def test_data_sets_are_kept_changed_filtered_and_sorted(store: Store) -> None:
    columns = (Column(name="text"), Column(name="days", kind="number"), Column(name='odd "name"'))
    rows = [
        Row({"text": f"Grüße {n}", 'odd "name"': "ß"} | ({"days": n} if n != 2 else {})) for n in range(5)
    ]
    first = store.datasets.create("Late", columns, rows)
    there = [row for batch in store.datasets.stream(first) for row in batch]
    changed, kept = edited(columns, there, [SetValue(row=1, column="text", value="Other"), DropRow(row=5)])
    second = store.datasets.save(first.dataset_id, changed, kept, base=1)
    back = store.datasets.restore(first.dataset_id, 1)
    assert (second.number, second.rows, back.number, back.rows) == (2, 4, 3, 5)

    def numbers(look: RowLook) -> list[int]:
        return [row.number for row in store.datasets.page(second, look).rows]

    assert numbers(RowLook(sort="days", falls=True)) == [4, 2, 1, 3]
    assert numbers(RowLook(sort="text")) == [2, 3, 4, 1]
    for text, found in (
        ("days:>=1", [2, 4]),
        ("days:", [3]),
        ("text:=other", [1]),
        ("GRÜSSE -3", [2, 3]),
        ("text:grüsse days:1", [2]),
    ):
        terms = tuple(read_filter(text, second.columns))
        assert numbers(RowLook(terms=terms)) == found, text
        assert sorted(numbers(RowLook(terms=terms, sort="text"))) == found, text
    store.datasets.use(second, "run")
    store.datasets.delete(first.dataset_id)
    store.datasets.purge(first.dataset_id)
    assert len([row for batch in store.datasets.stream(second) for row in batch]) == 4


async def test_an_experiment_runs_fails_goes_on_is_scored_anew_and_listed(settings: Settings) -> None:
    scripts: dict[str, Any] = {"echo": "{last}", "gone": [BackendUnavailable("Gone.")]}
    workbench = Workbench(settings, open_store(settings), {"scripted": ScriptedBackend(scripts)})
    desk = workbench.experiments
    say = Prompt(turns=(Turn(role="user", template="Say {{ word }}"),))
    planned = Experiment(
        name="Odd ones",
        prompt=say,
        variants=tuple(ExperimentVariant(name=n, model=f"scripted:{m}") for n, m in (("A", "echo"), ("B", "gone"))),
        cases=Cases(rows=tuple({"word": f"w{n}", "kind": n % 2} for n in range(20))),
        checks=(Check(scorer="contains", options={"text": "{{ word }}"}),),
        limits=Limits(tries=1, failures_in_row=100),
    )  # fmt: skip
    run_id = await desk.start(planned)
    await desk.wait(run_id)
    stored = await desk.get(run_id)
    assert (stored.state, stored.row.done, stored.row.failed) == ("done", 20, 20)
    [group] = await desk.failures(run_id)
    assert (group.reason, len(group.keys)) == ("Gone.", 20)
    scripts["gone"] = "no"
    await desk.limit(run_id, Limits(timeout_s=60))
    assert await desk.again(run_id, list(group.keys)[:5]) == 5
    await desk.wait(run_id)
    assert await desk.again(run_id) == 15
    await desk.wait(run_id)
    assert (await desk.verdict(run_id)).sentence.startswith("A beats B by 100 points")
    assert await desk.rescore(run_id, [Check(scorer="length", options={"max": 5})]) == 40
    assert {row.passed for row in await desk.outcomes(run_id)} == {True}
    assert (await desk.progress(run_id)).done == 40
    first = CellKey(0, 0, 0)
    assert workbench.store.cells.begins(run_id, [first]) == {first: "Say w0"}
    assert workbench.store.cells.values_of(run_id, [19]) == {19: {"word": "w19", "kind": 1}}
    found = await desk.find("ODD one")
    assert [(row.id, row.done, row.attempt) for row in found.rows] == [(run_id, 40, 2)]
    again = await desk.latest(planned)
    assert again is not None and again.id == run_id
    served = await desk.start(planned.model_copy(update={"name": "From the cache"}))
    await desk.wait(served)
    assert (await desk.progress(served)).cached > 0
    await workbench.close()


def test_everything_of_a_deleted_run_goes_and_its_attempt_stays_counted(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "CELLS", 3)
    kept = everything(store, question="q")
    before, there = counts(store), store.run(kept)
    run_id = everything(store, question="q", text="Other {{ word }}")
    other = open_store(settings)
    assert store.removal.delete([run_id]).answers == 4
    assert other.history().total == 1
    assert [other.removal.go_on(), store.removal.go_on()] == [True, True]
    removed(other)
    assert (counts(store), store.run(kept)) == (before, there)
    assert other.experiments.attempts("q") == 2
    with pytest.raises(NotFoundError, match="was deleted"):
        other.run(run_id)
    other.close()


def test_a_run_of_another_machine_is_taken_to_go_on_for_a_day(store: Store) -> None:
    run_id = grid(store)
    with store._writing() as session:
        session.execute(sa.text("UPDATE cell SET owner = 'elsewhere/1/ab'"))
    with pytest.raises(StoreBusy, match="still going"):
        store.removal.delete([run_id])
    with store._writing() as session:
        session.execute(sa.text("UPDATE run SET created_at = created_at - interval '2 days'"))
    store.removal.delete([run_id])
