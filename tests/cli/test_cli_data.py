"""`playground data`: tables come in, are shown, split and go out again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from playground.datasets.split import HELD_OUT, SEED
from playground.errors import ReadOnlyData, StoreError, StoreHindered

if TYPE_CHECKING:
    from tests.conftest import Call

LATE = "message,days late,channel,answer\n" + "".join(
    f"Mail {n},{n},{'email' if n % 2 else 'chat'},refund\n" for n in range(20)
)


@pytest.fixture
def late(tmp_path: Path) -> str:
    (tmp_path / "late.csv").write_text(LATE + "=1+1,x,chat\n")
    return str(tmp_path / "late.csv")


def test_a_table_is_imported_shown_split_and_exported(call: Call, late: str, tmp_path: Path) -> None:
    assert "There are no data sets." in call("data", "list").out
    dry = call("data", "import", late, "--dry-run")
    assert dry.code == 0 and "21 records read, 20 would be stored (1 refused)" in dry.out
    assert call("data", "list").out.startswith("There are no data sets.")
    done = call("data", "import", late, "--name", "Late parcels", "--rename", "days late=days_late")
    assert done.out.endswith("21 records read, 20 stored (1 refused)\nLate parcels@1: 20 rows\n")
    assert done.err == "refused, line 22: 3 fields instead of 4.\n"
    assert call("data", "import", late, "--add-to", "Late parcels").code == 2
    split = call("data", "split", "Late parcels", "--held-out", "0.5", "--by", "channel", "--seed", "7")
    assert split.out == "Late parcels@2: 10 to train, 10 held out, drawn with seed 7, alike in channel\n"
    shown = json.loads(
        call("data", "show", "Late parcels@2", "--sort=-days_late", "--rows", "1", "--format", "json").out
    )
    assert shown["shown"][0]["values"] == {
        "message": "Mail 19",
        "days_late": 19,
        "channel": "email",
        "answer": "refund",
    }
    out = tmp_path / "out.jsonl"
    assert call("data", "export", "Late parcels", "--half", "train", "--output", str(out)).code == 0
    assert len(out.read_text().splitlines()) == 10
    (listed,) = json.loads(call("data", "list", "--format", "json").out)
    assert (listed["name"], listed["version"], listed["train"], listed["held_out"]) == (
        "Late parcels",
        2,
        10,
        10,
    )


def test_a_split_holds_two_thirds_out_as_the_page_does(call: Call, late: str) -> None:
    call("data", "import", late, "--name", "Late")
    assert call("data", "split", "Late").out == "Late@2: 7 to train, 13 held out, drawn with seed 7\n"
    assert SEED == 7 and HELD_OUT == 2 / 3  # what the help says


@pytest.mark.parametrize(
    "why", [StoreHindered("The disk is full.", "Free some."), ReadOnlyData("May not.", "")]
)
def test_what_is_stored_is_read_where_nothing_can_be_written(
    call: Call, late: str, monkeypatch: pytest.MonkeyPatch, why: StoreError
) -> None:
    call("data", "import", late, "--name", "Late")

    def refuse(_: object) -> None:
        raise why

    monkeypatch.setattr("playground.workbench.service.open_store", refuse)
    assert "Late@1  20 rows" in call("data", "list").out
    assert "row 1\n" in call("data", "show", "Late").out
    exported = call("data", "export", "Late", "--format", "jsonl")
    assert (exported.code, len(exported.out.splitlines())) == (0, 20)
    assert call("list").code == call("show", "techniques/zero-shot/instruct").code == 0
    assert call("data", "delete", "Late").err.startswith(f"error: {why.message}")


def test_where_nothing_is_and_nothing_can_be_written_that_is_said(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> None:
        raise ReadOnlyData("May not.", "Choose another.")

    monkeypatch.setattr("playground.workbench.service.open_store", refuse)
    assert call("data", "list").err == "error: May not. Choose another.\n"


def test_rows_are_filtered_repeated_ones_left_out_and_some_drawn(call: Call, tmp_path: Path) -> None:
    words = "my parcel was due on the second of May and nobody tells me anything about it"
    rows = [f"{words},1", f"{words},1", f"{words} now,1", f"{words},2", "a lamp,3", "a kettle,4"]
    (tmp_path / "m.csv").write_text("message,expected\n" + "\n".join(rows) + "\n")
    assert call("data", "import", str(tmp_path / "m.csv")).code == 0
    shown = call("data", "show", "m", "--filter", "message:lamp", "--rows", "1").out
    assert "1 of 6 rows\nrow 5\n  message: a lamp\n" in shown
    told = call("data", "dedupe", "m", "--near").out.splitlines()
    assert told == [
        "row 2 equals row 1",
        "row 3 shares 94% of its words with row 1",
        "row 4 equals row 1, with another expected answer: it stays",
        "m@2: 4 rows, 2 rows left out, equal or nearly equal to another; 1 with another expected answer stay",
    ]
    assert call("data", "sample", "m", "--rows", "3").out == "m@3: 3 of 4 rows, drawn with seed 7\n"
    assert call("data", "delete", "m").out == "m deleted\n"
    assert call("data", "show", "m").code == 2


def test_a_sample_that_comes_with_the_program_is_imported_by_its_name(call: Call) -> None:
    assert "  sentiment  " in call("data", "list").out
    assert call("data", "import", "sentiment", "--dry-run").code == 0


def test_what_is_wrong_with_a_command_is_told_with_what_there_is(call: Call, late: str) -> None:
    assert call("data", "import", late, "--name", "Late").code == 0
    for words, says in (
        (("show", "Lates"), 'There is no data set "Lates". Is it "Late"?'),
        (("show", "Late@4"), 'The data set "Late" has no version 4. Its newest one is 1.'),
        (
            ("import", late, "--kind", "dayslate=number"),
            'The file has no column "dayslate". Is it "days late"?',
        ),
        (("import", late, "--kind", "channel=words"), "there is no such kind. Use text, number"),
        (("import", late, "--rename", "channel"), "Write --rename COLUMN=VALUE"),
        (("import", late, "--name", "LATE"), 'There is already a data set named "LATE".'),
        (("split", "Late", "--by", "tone"), 'There is no column "tone".'),
        (("import", "nothing.csv"), "cannot be read: No such file or directory."),
    ):
        done = call("data", *words)
        assert done.code == 2 and says in done.err, words
