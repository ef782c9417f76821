"""Edits of a data set as the page makes them."""

from __future__ import annotations

from typing import Any

import pytest

from playground.datasets.draft import Draft
from playground.errors import PromptError
from playground.store.dataset_edits import DatasetEdits
from playground.types.dataset import Column, DatasetVersion, Row, SetValue
from playground.ui.actions import Ask
from playground.ui.dataset_duplicates import data_dedupe, data_near
from playground.ui.dataset_sheet import data_do, data_on_top, data_rows, data_save, data_undo
from playground.workbench import sheets
from playground.workbench.service import Workbench
from playground.workbench.sheets import SheetDesk


async def made(workbench: Workbench) -> DatasetVersion:
    rows = [Row({"text": f"mail {n}", "days": str(n)}) for n in range(3)]
    return await workbench.datasets.create("Mails", [Column(name="text"), Column(name="days")], rows)


def ask(version: DatasetVersion, draft: str = "draft000a", **rest: Any) -> Ask:
    return Ask(action="", dataset=version.dataset_id, draft=draft, **rest)  # type: ignore[call-arg]


def kinds(**of: str) -> dict[str, Any]:
    columns = [{"name": name, "kind": kind, "role": ""} for name, kind in of.items()]
    return {"step": [{"do": "columns", "columns": columns}]}


async def test_a_column_that_becomes_numbers_reads_its_values_anew(workbench: Workbench) -> None:
    version = await made(workbench)
    await data_do(workbench, ask(version, edit=kinds(text="text", days="number")))
    assert (await data_save(workbench, ask(version)))["sheet"]["saved"] == 2
    newest = await workbench.datasets.version(version.dataset_id)
    assert [row.values["days"] for row in await workbench.datasets.all_rows(newest)] == [0, 1, 2]
    with pytest.raises(PromptError, match='Row 1, text: "mail 0" is not a number'):
        await data_do(workbench, ask(version, edit=kinds(text="number", days="number")))


async def test_edits_of_a_row_that_others_changed_are_kept_and_can_go_on_top(workbench: Workbench) -> None:
    version = await made(workbench)
    await data_do(workbench, ask(version, edit={"cells": [[1, "text", "mine"]]}))
    await data_do(workbench, ask(version, "draft000b", edit={"cells": [[1, "text", "theirs"]]}))
    await data_save(workbench, ask(version, "draft000b"))
    refused = await data_save(workbench, ask(version))
    assert refused["alert"]["message"].startswith("Row 1 was changed at ")
    assert refused["toast_act"]["act"] == "data_on_top"
    await data_on_top(workbench, ask(version))
    assert (await data_save(workbench, ask(version)))["sheet"]["saved"] == 3
    newest = await workbench.datasets.version(version.dataset_id)
    assert (await workbench.datasets.all_rows(newest))[0].values["text"] == "mine"


async def test_an_edit_and_its_undo_read_and_make_none_of_those_before(
    workbench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = await made(workbench)
    for n in range(30):
        await data_do(workbench, ask(version, edit={"cells": [[n % 3 + 1, "text", f"edit {n}"]]}))
    read, done = [], []
    whole, one = DatasetEdits.of, Draft.do
    monkeypatch.setattr(DatasetEdits, "of", lambda *given: read.append(given) or whole(*given))
    monkeypatch.setattr(Draft, "do", lambda self, step: done.extend(step) or one(self, step))
    before = await workbench.sheets.open(version.dataset_id, draft="draft000a")
    state = await data_do(workbench, ask(version, edit={"cells": [[2, "days", "9"], [3, "days", "8"]]}))
    assert (state["sheet"]["steps"], state["sheet"]["words"]) == (31, "5 cells changed")
    assert before.edits.words == "3 cells changed", "what others still look at is as it was"
    with pytest.raises(PromptError, match="Row 2 was removed"):
        step = [{"do": "drop", "row": 2}, {"do": "set", "row": 2, "column": "text", "value": "x"}]
        await data_do(workbench, ask(version, edit={"step": step}))
    again = await data_undo(workbench, ask(version))
    assert (again["sheet"]["steps"], again["sheet"]["words"]) == (30, "3 cells changed")
    assert (read, len(done)) == ([], 4), "two cells, and the two edits that were refused"
    other = SheetDesk(workbench.store, workbench.datasets)
    sheet = await other.open(version.dataset_id, draft="draft000a")
    assert sheet.edits.edits() == before.edits.edits() and len(read) == 1


async def test_edits_that_are_too_many_for_a_filter_are_counted(
    workbench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = await made(workbench)
    await data_do(workbench, ask(version, edit={"cells": [[1, "text", "unheard"], [2, "text", "unheard"]]}))
    for most, found, unread in ((2, 2, 0), (1, 0, 2)):
        monkeypatch.setattr(sheets, "MOST_TOUCHED", most)
        seen = (await data_rows(workbench, ask(version, find="unheard")))["sheet"]
        assert (seen["total"], seen["unread"]) == (found, unread)
        assert (await data_rows(workbench, ask(version)))["sheet"]["unread"] == 0


async def test_an_edit_goes_on_top_of_what_another_program_made_of_the_draft(workbench: Workbench) -> None:
    version = await made(workbench)
    await data_do(workbench, ask(version, edit={"cells": [[1, "text", "first"]]}))
    other = SheetDesk(workbench.store, workbench.datasets)
    sheet = await other.open(version.dataset_id, draft="draft000a")
    await other.undo(sheet)
    await other.do(sheet, (SetValue(row=2, column="text", value="second"),))
    state = await data_do(workbench, ask(version, edit={"cells": [[3, "text", "third"]]}))
    assert (state["sheet"]["steps"], state["sheet"]["words"]) == (2, "2 cells changed")
    now = await workbench.sheets.open(version.dataset_id, draft="draft000a")
    assert sorted(now.edits.values) == [2, 3]


async def test_nearly_equal_rows_are_shown_and_taken_out_but_for_another_expected_answer(
    workbench: Workbench,
) -> None:
    words = "the kettle that I ordered was due on the second of May and nobody tells me anything about it"
    columns = [Column(name="text", role="input"), Column(name="expected", role="expected")]
    rows = [
        Row({"text": words, "expected": "refund"}),
        Row({"text": f"{words}!", "expected": "refund"}),
        Row({"text": f"{words} now", "expected": "wait"}),
        Row({"text": "something else", "expected": "wait"}),
    ]
    version = await workbench.datasets.create("Near", columns, rows)
    shown = (await data_near(workbench, ask(version)))["html"]["data-near"]
    assert "2 rows are nearly equal to an earlier one; 1 with another expected answer stay." in shown
    assert "1 and 2" in shown and 'data-near="yes"' in shown
    with pytest.raises(PromptError, match="No row would be taken out"):
        await data_dedupe(workbench, ask(version))
    update = await data_dedupe(workbench, ask(version, near="yes"))
    assert update["toast"] == "Without near duplicates: version 2"
    newest = await workbench.datasets.version(version.dataset_id)
    assert [row.number for row in await workbench.datasets.all_rows(newest)] == [1, 3, 4]
