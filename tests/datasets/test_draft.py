"""What edits that are not saved come to."""

from __future__ import annotations

import pytest

from playground.datasets.draft import Draft, read_step, written_step
from playground.errors import PromptError
from playground.types.dataset import (
    AddRow,
    Column,
    DropRow,
    Edit,
    RenameColumn,
    Row,
    SetColumns,
    SetHalf,
    SetValue,
    edited,
)

COLUMNS = (Column(name="message"), Column(name="days", kind="number"), Column(name="answer", role="expected"))
ROWS = tuple(
    Row({"message": f"text {n}", "days": n, "answer": "wait"}, "train" if n % 2 else "held-out", number=n)
    for n in range(1, 6)
)
STEPS: list[tuple[Edit, ...]] = [
    (SetValue(row=2, column="answer", value="refund"),),
    (SetValue(row=3, column="days", value=None), SetHalf(row=3, half="held-out")),
    (AddRow(values={"message": "new"}, half="train"), AddRow(values={"message": "newer"})),
    (SetValue(row=-1, column="answer", value="refund"),),
    (DropRow(row=1), DropRow(row=-2)),
]


def test_edits_are_shown_over_the_stored_rows() -> None:
    draft = Draft.of(COLUMNS, STEPS)
    assert draft.shown(ROWS[1]).values["answer"] == "refund"
    assert "days" not in draft.shown(ROWS[2]).values and draft.shown(ROWS[2]).half == "held-out"
    assert draft.shown(ROWS[3]) is ROWS[3]
    assert draft.added[-1].values == {"message": "new", "answer": "refund"}
    assert draft.dropped == {1} and draft.touched == (1, 2, 3)
    assert draft.words == "2 cells changed, 1 row added, 1 row removed, 1 row moved to another half"


def saved(draft: Draft) -> tuple[tuple[Column, ...], list[Row]]:
    return edited(COLUMNS, ROWS, draft.edits())


def test_what_is_saved_is_what_was_shown() -> None:
    draft = Draft.of(COLUMNS, STEPS)
    columns, rows = saved(draft)
    assert columns == COLUMNS
    stored = [row for row in rows if row.number]
    assert stored == [draft.shown(row) for row in ROWS if row.number not in draft.dropped]
    assert [(row.values, row.half) for row in rows if not row.number] == [
        ({"message": "new", "answer": "refund"}, "train")
    ]


@pytest.mark.parametrize(
    "steps",
    [
        [RenameColumn(column="days", name="days late"), SetValue(row=2, column="days late", value=9)],
        [SetValue(row=2, column="days", value=9), RenameColumn(column="days", name="late")],
        [
            RenameColumn(column="message", name="x"),
            RenameColumn(column="answer", name="message"),
            RenameColumn(column="x", name="answer"),
        ],
        [SetColumns(columns=(COLUMNS[2], Column(name="policy"), COLUMNS[0]))],
        [SetColumns(columns=COLUMNS[:2]), RenameColumn(column="days", name="answer")],
        [SetColumns(columns=(*COLUMNS, Column(name="policy"))), SetValue(row=4, column="policy", value="a")],
        [RenameColumn(column="days", name="late"), SetColumns(columns=(COLUMNS[0], Column(name="late")))],
        [RenameColumn(column="answer", name="kept"), RenameColumn(column="message", name="answer")],
        [SetColumns(columns=COLUMNS[:2]), SetColumns(columns=(*COLUMNS[:2], Column(name="answer")))],
        [
            SetColumns(columns=(Column(name="x"),)),
            SetColumns(columns=(Column(name="x"), Column(name="days"))),
        ],
        [RenameColumn(column="days", name="late"), SetColumns(columns=(COLUMNS[0], Column(name="days")))],
    ],
)
def test_columns_that_change_are_saved_as_they_are_shown(steps: list[Edit]) -> None:
    draft = Draft.of(COLUMNS, [(step,) for step in steps])
    columns, rows = saved(draft)
    assert columns == draft.columns
    assert [row.values for row in rows] == [draft.shown(row).values for row in ROWS]


def test_steps_read_back_from_their_json() -> None:
    assert [read_step(written_step(step)) for step in STEPS] == STEPS


@pytest.mark.parametrize(
    "edit",
    [
        SetValue(row=1, column="nothing", value="x"),
        SetValue(row=-1, column="message", value="x"),
        RenameColumn(column="days", name="message"),
        RenameColumn(column="days", name=" "),
        SetColumns(columns=(COLUMNS[0], COLUMNS[0])),
        AddRow(values={"nothing": 1}),
    ],
)
def test_an_edit_that_cannot_be_made_is_refused(edit: Edit) -> None:
    with pytest.raises(PromptError):
        Draft.of(COLUMNS, [(edit,)])


def test_a_removed_row_is_not_edited() -> None:
    with pytest.raises(PromptError, match="Row 2 was removed"):
        Draft.of(COLUMNS, [(DropRow(row=2),), (SetValue(row=2, column="days", value=1),)])
