"""Data sets in the store: versions that cost what they change, and rows that outlive what used them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import sqlalchemy as sa

from playground.errors import NotFoundError, PromptError, RowsMoved
from playground.store import Store
from playground.store.dataset_rows import RowLook
from playground.store.dataset_tables import DatasetEntry, DatasetRow
from playground.types.dataset import (
    AddRow,
    Column,
    DatasetRef,
    DatasetVersion,
    DropRow,
    Edit,
    RenameColumn,
    Row,
    SetColumns,
    SetHalf,
    SetValue,
    edited,
    to_case,
)

COLUMNS = (Column(name="text", role="input"), Column(name="days", kind="number"), Column(name="expected"))


def rows_of(count: int = 3) -> list[Row]:
    return [
        Row({"text": f"Mail {n}", "days": n, "expected": "yes"}, "train" if n % 2 else "held-out")
        for n in range(count)
    ]


def values(store: Store, version: DatasetVersion) -> dict[int, dict[str, Any]]:
    return {row.number: row.values for batch in store.datasets.stream(version) for row in batch}


def save(store: Store, version: DatasetVersion, *edits: Edit) -> DatasetVersion:
    """The edits on top of that version, as the desk does it."""
    if not any(isinstance(edit, SetColumns | RenameColumn) for edit in edits):
        return store.datasets.edit(version.dataset_id, version.number, edits)
    there = [row for batch in store.datasets.stream(version) for row in batch]
    columns, rows = edited(version.columns, there, edits)
    return store.datasets.save(version.dataset_id, columns, rows, base=version.number)


def stored(store: Store, table: Any) -> int:
    with store._reading() as session:
        return session.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def test_a_changed_row_of_many_stores_one_row_and_leaves_the_old_version_as_it_was(store: Store) -> None:
    first = store.datasets.create("Late parcels", COLUMNS, rows_of(2_500))
    before = stored(store, DatasetRow), stored(store, DatasetEntry)
    second = save(store, first, SetValue(row=47, column="expected", value="no"))
    assert (second.number, second.rows, second.words) == (2, 2_500, "Late parcels@2")
    assert (stored(store, DatasetRow), stored(store, DatasetEntry)) == (before[0] + 1, before[1] + 1)
    assert values(store, first)[47]["expected"] == "yes"
    assert values(store, second)[47]["expected"] == "no"
    back = store.datasets.restore(first.dataset_id, 1)
    assert values(store, back) == values(store, first)
    assert stored(store, DatasetRow) == before[0] + 1


def test_rows_keep_their_numbers_while_others_come_and_go(store: Store) -> None:
    first = store.datasets.create("A", COLUMNS, rows_of(3))
    second = save(
        store,
        first,
        DropRow(row=2),
        AddRow(values={"text": "New"}, made_by="ollama:x"),
        SetHalf(row=1, half="train"),
    )
    found = [row for batch in store.datasets.stream(second) for row in batch]
    assert [(row.number, row.half, row.made_by) for row in found] == [
        (1, "train", ""),
        (3, "held-out", ""),
        (4, "", "ollama:x"),
    ]
    assert (second.rows, second.train, second.held_out) == (3, 1, 1)
    assert save(store, second).number == 2, "nothing changed"


def test_saving_all_rows_stores_what_differs_and_refuses_a_row_that_is_not_there(store: Store) -> None:
    first = store.datasets.create("A", COLUMNS, rows_of(3))
    there = [row for batch in store.datasets.stream(first) for row in batch]
    rows = [there[0], Row({"text": "Other"}, number=3), Row({"text": "New"})]
    second = store.datasets.save(first.dataset_id, COLUMNS, rows, base=1)
    assert [row.get("text") for row in values(store, second).values()] == ["Mail 0", "Other", "New"]
    assert stored(store, DatasetEntry) == 5
    with pytest.raises(PromptError, match="Row 2 is not in version 2"):
        store.datasets.save(first.dataset_id, COLUMNS, there, base=2)
    with pytest.raises(PromptError, match="Row 2 is not there"):
        save(store, second, SetValue(row=2, column="text", value="x"))


def test_columns_are_renamed_left_out_and_added(store: Store) -> None:
    first = store.datasets.create("A", COLUMNS, rows_of(1))
    columns = (Column(name="tone"), Column(name="message"), Column(name="days", kind="number"))
    edits = (RenameColumn(column="text", name="message"), SetColumns(columns=columns))
    second = save(store, first, *edits, SetValue(row=1, column="tone", value="warm"))
    assert values(store, second) == {1: {"tone": "warm", "message": "Mail 0", "days": 0}}
    assert [column.name for column in second.columns] == ["tone", "message", "days"]
    assert values(store, first) == {1: {"text": "Mail 0", "days": 0, "expected": "yes"}}


def test_two_people_change_different_rows_and_the_same_row(store: Store) -> None:
    first = store.datasets.create("A", COLUMNS, rows_of(3))
    save(store, first, SetValue(row=1, column="text", value="Theirs"))
    both = save(store, first, SetValue(row=2, column="text", value="Mine"))
    assert [row["text"] for row in values(store, both).values()] == ["Theirs", "Mine", "Mail 2"]
    with pytest.raises(RowsMoved, match=r"Row 1 was changed at \d\d:\d\d, in version 3\.") as told:
        save(store, first, DropRow(row=1))
    assert (told.value.rows, told.value.number) == ([1], 3)


def test_pages_are_sorted_by_value_with_what_is_missing_last(store: Store) -> None:
    days: Sequence[float | None] = (10, None, 9, 2.5)
    rows = [
        Row({"text": str(n)} | ({"days": day} if day is not None else {}), "train")
        for n, day in enumerate(days)
    ]
    version = store.datasets.create("A", COLUMNS, rows)

    def texts(**look: Any) -> list[str]:
        return [row.values["text"] for row in store.datasets.page(version, RowLook(**look)).rows]

    assert texts(sort="days") == ["3", "2", "0", "1"]
    assert texts(sort="days", falls=True) == ["0", "2", "3", "1"]
    assert texts(start=1, count=2) == ["1", "2"]
    page = store.datasets.page(version, RowLook(half="held-out"))
    assert (page.rows, page.total, page.halves) == ([], 0, {"train": 4})
    with pytest.raises(PromptError, match='There is no column "nothing"'):
        texts(sort="nothing")


def test_what_a_run_uses_outlives_its_data_set(store: Store) -> None:
    first = store.datasets.create("A", COLUMNS, rows_of(3))
    second = save(store, first, SetValue(row=1, column="text", value="Other"), DropRow(row=2))
    store.datasets.use(second, "run1")
    assert store.datasets.all()[0].used == 1
    store.datasets.delete(first.dataset_id)
    assert (store.datasets.all(), len(store.datasets.all(binned=True))) == ([], 1)
    with pytest.raises(NotFoundError, match="There are none yet"):
        store.datasets.named("A")
    store.datasets.purge(first.dataset_id)
    assert len(values(store, second)) == 2
    assert stored(store, DatasetRow) == 2
    with pytest.raises(NotFoundError):
        store.datasets.version(first.dataset_id, 1)
    with pytest.raises(NotFoundError, match="gone for good"):
        store.datasets.put_back(first.dataset_id)
    again = store.datasets.create("A", COLUMNS, rows_of(1))
    store.datasets.delete(again.dataset_id)
    assert store.datasets.put_back(again.dataset_id).name == "A"
    store.datasets.delete(again.dataset_id)
    store.datasets.purge(again.dataset_id)
    assert stored(store, DatasetRow) == 2


def test_names_are_taken_once_and_unknown_ones_told_with_the_nearest(store: Store) -> None:
    store.datasets.create("Late parcels", COLUMNS, [])
    with pytest.raises(PromptError, match='already a data set named "LATE parcels"'):
        store.datasets.create("LATE parcels", COLUMNS, [])
    with pytest.raises(NotFoundError, match='Is it "Late parcels"'):
        store.datasets.named("Late parcel")
    with pytest.raises(NotFoundError, match="has no version 4. Its newest one is 1"):
        store.datasets.named("late parcels", 4)


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"days": "drei"}, '"days": it holds "drei", and its column is of kind number'),
        ({"text": "a\0b"}, '"text": it holds a zero byte'),
        ({"text": "\ud83d"}, "half a character"),
        ({"days": float("inf")}, '"days": it holds inf'),
        ({"other": "x"}, 'a value for "other", which is no column'),
    ],
)
def test_a_value_that_cannot_be_stored_stores_nothing(store: Store, bad: dict[str, Any], says: str) -> None:
    with pytest.raises(PromptError, match=says):
        store.datasets.create("A", COLUMNS, [*rows_of(2), Row(bad)])
    assert store.datasets.all() == []
    assert stored(store, DatasetRow) == 0


def test_a_reference_is_a_name_and_maybe_a_version() -> None:
    assert DatasetRef.read("Late parcels@3", half="train") == DatasetRef(
        name="Late parcels", number=3, half="train"
    )
    assert [DatasetRef.read(text).words for text in ("a@b", "a@0", "@3", "x@12 ")] == [
        "a@b",
        "a@0",
        "@3",
        "x@12",
    ]


def test_a_row_as_a_case_has_empty_texts_and_no_made_up_expected_answer() -> None:
    columns = (
        Column(name="text"),
        Column(name="days", kind="number"),
        Column(name="answer", role="expected"),
    )
    case = to_case(Row({"answer": "42"}), columns)
    assert case.values == {"text": "", "answer": "42", "expected": "42"}
    assert to_case(Row({"text": "a"}), columns).values == {"text": "a"}
    assert case.row_id == Row({"answer": "42"}).id
