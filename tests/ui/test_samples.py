"""A column with several samples on the page: its pages, its strip, its drawer, and what is done with one of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any

import pytest

from playground.backends.scripted import ScriptedBackend
from playground.errors import StoreError
from playground.runs.events import RunStarted
from playground.store.records import StoredRun
from playground.types.generation import Chunk, GenerationRequest
from playground.types.grid import RunSpec, Variant
from playground.types.prompt import Check, Prompt, Sampling, Turn
from playground.ui.forms import ColumnForm, CompareForm
from playground.ui.html import percent
from playground.ui.onto_compare import shown_run
from playground.ui.stream import stream_run
from playground.workbench.service import Workbench
from tests.ui.paints import statuses

Call = Callable[..., Awaitable[dict[str, Any]]]
Read = Callable[[str], Any]
ANSWERS = ("a three", "a six", "a three", "a one", "a  six")


class Dice(ScriptedBackend):
    """Answers by the request's seed."""

    async def stream(self, request: GenerationRequest) -> AsyncIterator[Chunk]:
        self.scripts = {"echo": [ANSWERS[(request.sampling.seed or 0) % 5]]}
        async for chunk in super().stream(request):
            yield chunk


@pytest.fixture
def dice(workbench: Workbench) -> Workbench:
    workbench.models.backends["scripted"] = Dice({"echo": ""})
    return workbench


async def thrown(workbench: Workbench, *samples: int, checks: tuple[Check, ...] = ()) -> StoredRun:
    prompt = Prompt(name="Dice", turns=(Turn(role="user", template="Throw."),), checks=checks)
    columns = tuple(
        Variant(model="scripted:echo", samples=n, sampling=Sampling(temperature=1, seed=0)) for n in samples
    )
    run_id = ""
    async for event in workbench.runs.compare(RunSpec.comparison(prompt=prompt, variants=columns)):
        if isinstance(event, RunStarted):
            run_id = event.run_id
    return await workbench.runs.get(run_id)


SIX = Check(scorer="contains", options={"text": "six"})
SHORT = Check(scorer="contains", options={"text": "a "})


async def test_a_stored_run_shows_every_sample_with_what_they_come_to(dice: Workbench) -> None:
    run = await thrown(dice, 5, 1, checks=(SIX, SHORT))
    columns = shown_run(dice, run)["columns"]
    assert sorted(columns) == ["0", "0/0", "0/1", "0/2", "0/3", "0/4", "1"]
    assert [columns[f"0/{n}"]["text"] for n in range(5)] == list(ANSWERS)
    strip = columns["0"]["samples"]
    assert (strip["count"], strip["open"]) == (5, False)
    assert [mark["kind"] for mark in strip["marks"]] == ["fail", "pass", "fail", "fail", "pass"]
    assert strip["marks"][1]["say"] == "sample 2 passes all checks"
    assert strip["words"] == "2 of 5 pass all checks"
    assert strip["equal"] == "4 different answers: 1 = 3"
    assert "samples" not in columns["1"]


async def test_the_drawer_has_each_checks_share_equal_answers_and_sums(
    dice: Workbench, call: Call, read_html: Read
) -> None:
    run = await thrown(dice, 5, checks=(SIX, SHORT))
    drawer = (await call("samples", run=run.id, column="0"))["drawer"]
    text = read_html(drawer["body"]).text
    assert drawer["title"] == "Samples of column 1"
    for words in ("2 of 5 pass all checks", "2 of 5", "40 %", "5 of 5", "100 %", "1 = 3", "Sum", "Mean"):
        assert words in text
    assert "2 and 5 differ in spaces and line breaks only." in text


async def test_run_again_makes_all_samples_again_and_shows_the_new_ones(dice: Workbench) -> None:
    run = await thrown(dice, 3, 1)
    async for _ in dice.runs.rerun(run.id, 0):
        pass
    again = await dice.runs.get(run.id)
    columns = shown_run(dice, again)["columns"]
    assert sorted(columns) == ["0", "0/3", "0/4", "0/5", "1"]
    assert [mark["repeat"] for mark in columns["0"]["samples"]["marks"]] == [3, 4, 5]
    assert columns["0"]["samples"]["marks"][0]["say"].startswith("sample 1 ")
    assert [columns[f"0/{n}"]["text"] for n in (3, 4, 5)] == list(ANSWERS[:3])


async def test_any_two_samples_of_all_columns_are_compared_word_by_word(
    dice: Workbench, call: Call, read_html: Read
) -> None:
    run = await thrown(dice, 3, 1)
    drawer = (await call("diff", run=run.id, column="0", repeat="1"))["drawer"]
    page = read_html(drawer["body"])
    assert [o["value"] for o in page.find("option") if "selected" in o] == ["0/1", "0/2"]
    assert "Column 1, sample 2 adds 1 word, removes 1." in page.text
    against = (await call("diff", run=run.id, column="0", repeat="1", value="1"))["drawer"]
    assert "against column 2" in against["foot"]
    other = (await call("diff_side", run=run.id, value="0/2", against="0/0"))["drawer"]
    assert "The two answers are equal." in other["body"]
    assert "against column 1, sample 1" in other["foot"]
    whole = (await call("diff_side", run=run.id, value="1", against="0/1"))["drawer"]
    assert "Column 2 adds 1 word, removes 1." in whole["body"]


async def test_after_run_again_a_sample_is_compared_with_the_same_one_before(
    dice: Workbench, call: Call
) -> None:
    run = await thrown(dice, 3)
    async for _ in dice.runs.rerun(run.id, 0):
        pass
    drawer = (await call("diff", run=run.id, column="0", repeat="4", value="previous"))["drawer"]
    assert "its answer before Run again" in drawer["foot"]
    assert "The two answers are equal." in drawer["body"], "the same seed gave the same answer"


async def test_thumbs_and_votes_belong_to_the_sample_on_screen(dice: Workbench, call: Call) -> None:
    run = await thrown(dice, 3, 1)
    update = await call("thumb", run=run.id, column="0", repeat="1", value="1")
    assert list(update["columns"]) == ["0/1"]
    bar = (await call("vote", run=run.id, vote="column", column="0", repeat="1"))["vote"]
    assert "Vote stored: column 1, sample 2." in bar
    stored = await dice.runs.get(run.id)
    assert stored.vote and (stored.vote.column, stored.vote.repeat) == (0, 1)
    assert {c.repeat: c.thumb for c in (*stored.cells, *stored.earlier) if c.column == 0} == {
        0: 0,
        1: 1,
        2: 0,
    }
    await call("vote", run=run.id, vote="column", column="0", repeat="2")
    stored = await dice.runs.get(run.id)
    assert stored.vote and stored.vote.repeat == 2, "the same column with another sample is another vote"
    await call("vote", run=run.id, vote="column", column="0", repeat="2")
    assert (await dice.runs.get(run.id)).vote is None


async def test_export_and_save_winner_take_the_sample_on_screen(
    dice: Workbench, call: Call, form: dict[str, Any]
) -> None:
    run = await thrown(dice, 3)
    drawer = (await call("export", run=run.id, column="0", repeat="1", format="text"))["drawer"]
    assert "?repeat=1" in drawer["foot"]
    file = await dice.runs.export_cell(run.id, 0, "markdown", 1)
    assert "a six" in file.text
    assert "a six" not in (await dice.runs.export_cell(run.id, 0, "markdown", 0)).text
    assert "| Sample | 2 of " in file.text
    winner = (await call("save_column", run=run.id, column="0", repeat="1", form=form))["drawer"]
    assert "column 1, sample 2" in winner["body"]
    await call("save", run=run.id, column="0", repeat="1", form=form, fields={"name": "Six"})
    [row] = dice.store.prompts()
    assert row.name == "Six"
    sampling = dice.store.version(row.id).prompt.sampling
    assert sampling and sampling.seed == 1, "the seed of that sample"


async def test_votes_open_when_every_sample_of_two_columns_has_ended(dice: Workbench) -> None:
    run = await thrown(dice, 3, 2)
    assert "disabled" not in str(shown_run(dice, run)["vote"]).partition("Tie")[0]
    unfinished = StoredRun(
        **{
            name: getattr(run, name)
            for name in StoredRun.__dataclass_fields__
            if name not in ("cells", "earlier")
        },
        cells=run.cells,
        earlier=tuple(c for c in run.earlier if c.column != 0),
    )
    assert "Opens when two columns are done." in str(shown_run(dice, unfinished)["vote"])
    assert shown_run(dice, unfinished)["columns"]["0"]["samples"]["words"].startswith("1 of 3 done")


async def test_a_sample_that_is_not_there_is_an_error_in_words(dice: Workbench, call: Call) -> None:
    run = await thrown(dice, 3)
    alert = (await call("diff", run=run.id, column="0", repeat="9"))["alert"]
    assert alert["message"] == "This column has no such answer."


async def test_while_they_are_written_the_strip_counts_and_each_sample_has_its_own_text(
    dice: Workbench,
) -> None:
    column = ColumnForm(model="scripted:echo", samples=3, sampling=Sampling(temperature=1, seed=0))
    form = CompareForm(prompt=Prompt(turns=(Turn(role="user", template="Throw."),)), columns=(column, column))
    data = {"stream": "s", "form": form.model_dump_json()}
    async with asyncio.timeout(30), aclosing(stream_run(dice, data)) as stream:
        seen = statuses([paint async for paint in stream])
    assert [mark["repeat"] for mark in seen[0]["columns"]["0"]["samples"]["marks"]] == [0, 1, 2]
    for status in seen:
        for number in ("0", "1"):
            strip = status["columns"][number]["samples"]
            ended = [
                c
                for n, c in status["columns"].items()
                if n.startswith(f"{number}/") and c.get("state", {}).get("kind") == "done"
            ]
            assert strip["open"] is (len(ended) < 3)
            assert strip["open"] is strip["words"].startswith(f"{len(ended)} of 3 done")
    last = seen[-1]["columns"]
    assert [last[f"1/{n}"]["text"] for n in range(3)] == list(ANSWERS[:3])
    assert last["0"]["samples"]["equal"] == "2 different answers: 1 = 3"


async def test_a_page_that_comes_while_a_column_runs_again_is_shown_the_new_samples(dice: Workbench) -> None:
    run = await thrown(dice, 2, 1)
    async with (
        asyncio.timeout(30),
        aclosing(stream_run(dice, {"stream": "s", "run": run.id, "only": 0})) as stream,
    ):
        seen = statuses([paint async for paint in stream])
    last = seen[-1]["columns"]
    assert [mark["repeat"] for mark in last["0"]["samples"]["marks"]] == [2, 3]
    assert [last[f"0/{n}"]["text"] for n in (2, 3)] == list(ANSWERS[:2])
    assert sorted(last) == ["0", "0/2", "0/3"]


async def test_the_history_shows_how_many_samples_of_the_last_press_pass(
    dice: Workbench, call: Call, read_html: Read
) -> None:
    run = await thrown(dice, 5, 1, checks=(SIX, SHORT))
    await thrown(dice, 2)
    table = read_html((await call("open_history"))["html"]["hist-list"]).text
    assert "2 of 5" in table and "2 samples" in table
    async for _ in dice.runs.rerun(run.id, 0):
        pass
    [_, row] = dice.store.history().rows
    assert [(column.samples, column.share) for column in row.columns] == [(5, (2, 5)), (1, None)]


async def test_samples_that_cannot_all_be_added_leave_none_pending(
    dice: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = await thrown(dice, 3)
    add, added = dice.store.add_repeat, []

    def add_two(*place: Any) -> int:
        if len(added) == 2:
            raise StoreError("The disk is full.", "Make room.")
        added.append(add(*place))
        return added[-1]

    monkeypatch.setattr(dice.store, "add_repeat", add_two)
    with pytest.raises(StoreError, match="full"):
        async for _ in dice.runs.rerun(run.id, 0):
            pass
    async with asyncio.timeout(10):  # their ends are on the way to the database
        while (stored := await dice.runs.get(run.id)).status != "done":
            await asyncio.sleep(0.02)
    assert {cell.repeat: cell.status for cell in (*stored.cells, *stored.earlier)} == {
        **dict.fromkeys((0, 1, 2), "done"),
        **dict.fromkeys((3, 4), "cancelled"),
    }


async def test_a_column_that_cannot_be_rendered_fails_with_all_its_samples(dice: Workbench) -> None:
    own = Prompt(turns=(Turn(role="user", template="{{ missing }}"),))
    shared = Prompt(turns=(Turn(role="user", template="Throw."),))
    columns = (Variant(model="scripted:echo", prompt=own, samples=3), Variant(model="scripted:echo"))
    run_id = ""
    async for event in dice.runs.compare(RunSpec.comparison(prompt=shared, variants=columns)):
        if isinstance(event, RunStarted):
            run_id = event.run_id
    shown = shown_run(dice, await dice.runs.get(run_id))["columns"]
    assert [mark["kind"] for mark in shown["0"]["samples"]["marks"]] == ["error"] * 3
    assert shown["1"]["state"]["kind"] == "done"


@pytest.mark.parametrize(
    ("part", "whole", "words"),
    [(2, 3, "67 %"), (0, 7, "0 %"), (7, 7, "100 %"), (999, 1000, "99 %"), (1, 1000, "1 %"), (1, 2, "50 %")],
)
def test_a_share_is_rounded_and_never_to_all_or_none(part: int, whole: int, words: str) -> None:
    assert percent(part, whole) == words
