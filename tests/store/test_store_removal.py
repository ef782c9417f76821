"""Runs and experiments that are deleted: what goes, what stays, who is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from playground.errors import NotFoundError, StoreBusy
from playground.settings import Settings
from playground.store import Store, open_store, removal
from playground.store.records import Contents
from playground.types.experiment import Limits
from playground.types.grid import RunSpec, Variant
from playground.types.outcomes import DataFacts
from playground.types.prompt import Prompt, Sampling, Turn
from tests.store.everything import IMAGE, counts, data_set, everything, removed
from tests.works import at, work

MakeRun = Callable[..., str]


def test_everything_of_a_run_goes_and_nothing_else(store: Store, make_run: MakeRun) -> None:
    other = make_run("kept", title="Other")
    store.note(other, "stays")
    store.vote(other, "tie")
    before, there = counts(store), store.run(other)
    run_id = everything(store)
    assert all(many > before[name] for name, many in counts(store).items() if name != "dataset_use")
    seen = store.removal.look([run_id.upper(), run_id])
    assert seen == Contents(("Secret plan",), 1, answers=4, scores=8, votes=2, labels=1, notes=1)
    assert store.removal.delete([run_id]) == seen
    removed(store)
    assert counts(store) == before
    assert store.run(other) == there


def test_nothing_of_it_can_be_read_in_the_file_any_more(settings: Settings, store: Store) -> None:
    run_id = everything(store)
    with store._reading() as session:  # as where SQLite was built without it
        session.execute(sa.text("PRAGMA secure_delete=OFF"))

    def readable() -> bool:
        path = settings.database_path
        return any(b"secret" in each.read_bytes() for each in path.parent.glob(f"{path.name}*"))

    assert readable()
    store.removal.delete([run_id])
    removed(store)
    store.removal.settle()
    assert not readable()


def test_nobody_finds_a_run_from_the_first_transaction_on(store: Store, make_run: MakeRun) -> None:
    earlier = make_run("kept", title="Secret plan")
    run_id = everything(store)
    later = make_run("kept", title="Secret plan")
    assert store.experiments.known_answers(["7" * 64])
    store.removal.delete([run_id])
    assert counts(store)["cell"] == 6, "its cells are still there"
    page = store.history()
    assert {run.id for run in page.rows} == {earlier, later}
    assert store.history("secret answer").total == 0
    assert store.run_choices() == (["scripted:echo"], ["Secret plan"])
    assert store.experiments.page().total == 0
    assert not store.experiments.known_answers(["7" * 64]), "no deleted answer comes back from the cache"
    assert run_id not in store.setups([run_id])
    assert not store.favourites()
    for look in (store.run, store.status, store.cells.page, store.experiments.get, store.experiments.spec):
        with pytest.raises(NotFoundError, match="was deleted"):
            look(run_id)
    with pytest.raises(NotFoundError):
        store.ratings.put(run_id, 0, 0, 1, "a")
    with pytest.raises(NotFoundError, match="was deleted"):
        store.add_repeat(run_id, work(0, "a:b"))
    with pytest.raises(NotFoundError, match="was deleted"):
        store.removal.delete([run_id])


def test_what_changed_is_told_against_the_run_before_that_is_left(store: Store, make_run: MakeRun) -> None:
    make_run("1", template="Hello {{ name }}")
    middle = make_run("2", template="Hello dear {{ name }}")
    make_run("3", template="Hello dear {{ name }}")
    assert [run.changes for run in store.history().rows][0] == ()
    store.removal.delete([middle])
    assert len(store.history().rows[0].changes or ()) == 1


def test_a_run_that_still_goes_is_refused_by_name_and_with_it_all_others(
    store: Store, make_run: MakeRun, orphan: Callable[[], None]
) -> None:
    ended, going = make_run("done", title="Ended"), make_run(None, title="Under way")
    for call in (store.removal.look, store.removal.delete):
        with pytest.raises(StoreBusy, match='"Under way" is still going') as caught:
            call([ended, going])
        assert "Stop it first" in caught.value.hint
    assert store.history().total == 2
    orphan()
    assert store.removal.delete([ended, going]).titles == ("Ended", "Under way")


def test_a_run_of_another_program_is_refused_until_that_has_ended(settings: Settings, store: Store) -> None:
    other = open_store(settings)
    prompt = Prompt(name="Theirs", turns=(Turn(role="user", template="Hi"),))
    spec = RunSpec.comparison(prompt=prompt, variants=(Variant(model="a:b"),))
    run_id = other.create_run(spec, [work(0, "a:b", prompt, Sampling())], title="Theirs")
    with pytest.raises(StoreBusy, match='"Theirs" is still going'):
        store.removal.delete([run_id])
    other.close()
    store.removal.delete([run_id])


def test_a_running_experiment_is_refused_and_a_paused_one_is_not(store: Store) -> None:
    run_id = everything(store)
    store.experiments.claim(run_id)
    with pytest.raises(StoreBusy, match="still going"):
        store.removal.delete([run_id])
    store.experiments.release(run_id, "paused")
    store.removal.delete([run_id])
    for change in (
        lambda: store.experiments.claim(run_id),
        lambda: store.experiments.limit(run_id, Limits()),
    ):
        with pytest.raises(NotFoundError, match="experiment was deleted"):
            change()


def test_what_others_need_stays(store: Store) -> None:
    first, second = everything(store), everything(store)
    saved = store.save_version(store.run(first).spec.prompt, message="")
    image = store.run(second).spec.case.images
    store.removal.delete([first])
    removed(store)
    assert store.run(second).spec.case.images == image == (IMAGE,)
    assert store.experiments.known_answers(["7" * 64])
    store.removal.delete([second])
    removed(store)
    assert store.version(saved.prompt_id) == saved
    assert (counts(store)["content"], counts(store)["blob"]) == (1, 0)


def test_a_prompt_that_another_run_has_set_and_not_run_yet_stays(store: Store) -> None:
    run_id = everything(store)
    shared = store.run(run_id).spec.prompt
    mine = Prompt(name="Mine", turns=(Turn(role="user", template="Mine"),))
    spec = RunSpec.comparison(
        prompt=mine, variants=(Variant(model="a:b"), Variant(model="a:b", prompt=shared))
    )
    other = store.create_run(spec, [work(0, "a:b", mine)], title="Other")
    store.removal.delete([run_id])
    removed(store)
    assert store.run(other).spec.variants[1].prompt == shared


def test_attempts_and_looks_at_a_held_out_half_are_still_counted(store: Store) -> None:
    data = DataFacts(name="Parcels")
    first, second = (everything(store, question="q") for _ in range(2))
    everything(store, question="another")
    assert (store.experiments.attempts("q"), store.experiments.opened(data, "held-out")) == (2, 3)
    store.removal.delete([second])
    removed(store)
    assert (store.experiments.attempts("q"), store.experiments.opened(data, "held-out")) == (2, 3)
    store.removal.delete([first])
    removed(store)
    assert (store.experiments.attempts("q"), store.experiments.opened(data, "held-out")) == (2, 3)
    assert store.experiments.opened(DataFacts(name="Parcel"), "held-out") == 0
    third = everything(store, question="q")
    assert store.experiments.get(third).row.attempt == 3


def test_a_data_set_that_only_a_deleted_experiment_used_can_be_purged(store: Store) -> None:
    data = data_set(store)
    run_id = everything(store, dataset_id=data)
    version = store.datasets.version(data)
    store.datasets.use(version, run_id)
    store.removal.delete([run_id])
    assert store.datasets.used_by(data) == {}
    store.datasets.delete(data)
    store.datasets.purge(data)
    assert store.facts().counts["dataset_row"] == 0


def test_of_a_purged_data_set_the_rest_goes_with_the_last_experiment_that_used_it(store: Store) -> None:
    data = data_set(store)
    runs = [everything(store, dataset_id=data) for _ in range(2)]
    for run_id in runs:
        store.datasets.use(store.datasets.version(data), run_id)
    store.datasets.delete(data)
    store.datasets.purge(data)
    store.removal.delete(runs[:1])
    assert store.facts().counts["dataset_row"] == 2
    store.removal.delete(runs[1:])
    found = store.facts().counts
    assert not any(many for name, many in found.items() if name.startswith("dataset"))


def test_cells_go_in_portions_and_another_program_goes_on_where_one_has_stopped(
    settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = counts(store)
    monkeypatch.setattr(removal, "CELLS", 3)
    monkeypatch.setattr(removal, "CASES", 2)
    run_id = everything(store, cases=4)
    store.removal.delete([run_id])
    assert store.removal.go_on()
    assert counts(store)["cell"] == 5
    other = open_store(settings)
    assert removed(other) == 2 + 2 + 1
    other.close()
    assert counts(store) == before


def test_a_typed_draft_of_another_prompt_stays_without_the_run_it_showed(
    store: Store, make_run: MakeRun
) -> None:
    from playground.store.unsaved import FormDraft

    run_id = make_run("x")
    at_then = store.run(run_id).created_at
    ident = store.drafts.keep(FormDraft("", "new:1", "tab", "N", "b", None, run_id, at_then, {"images": []}))
    store.removal.delete([run_id])
    assert store.drafts.get(ident).run_id is None


def test_a_judgement_of_another_run_outlives_the_cell_it_was_made_in(store: Store, make_run: MakeRun) -> None:
    judge = make_run("judged")
    run_id = everything(store)
    with store._writing() as session:
        of_judge = sa.text("SELECT id FROM cell WHERE run_id = :run")
        cell = session.execute(of_judge, {"run": judge}).scalar_one()
        session.execute(sa.text("UPDATE score SET judge_cell_id = :cell"), {"cell": cell})
    store.removal.delete([judge])
    removed(store)
    assert len(store.cells.get(run_id, at(0)).scores) == 2


def test_nothing_is_deleted_without_a_run(store: Store) -> None:
    for ids in ([], ["nope"]):
        with pytest.raises(NotFoundError):
            store.removal.delete(ids)
    assert removed(store) == 0
