"""Tests for the Experiments tab as the page calls it: from Compare to a set-up, changed, priced, started, watched."""

from __future__ import annotations

import asyncio
import csv
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from playground.backends.scripted import ScriptedBackend
from playground.errors import StoreError
from playground.runs.answers import csv_pieces
from playground.store.writer import Trouble
from playground.types.dataset import Column, Row
from playground.types.generation import Chunk, GenerationRequest
from playground.types.prompt import Prompt, Turn
from playground.workbench.service import Workbench

Call = Callable[..., Awaitable[dict[str, Any]]]
Form = dict[str, Any]
CHECK = {"scorer": "contains", "options": {"text": "{{ expected }}"}}


class Held(ScriptedBackend):
    """Answers when it is let go."""

    def __init__(self) -> None:
        super().__init__({"echo": "{last}"})
        self.go = asyncio.Event()

    async def stream(self, request: GenerationRequest) -> AsyncIterator[Chunk]:
        await self.go.wait()
        async for chunk in super().stream(request):
            yield chunk


async def words_set(workbench: Workbench, count: int = 20) -> None:
    rows = [Row({"word": f"w{n}", "expected": f"w{n}" if n % 4 else "none"}) for n in range(count)]
    await workbench.datasets.create(
        "Words", (Column(name="word"), Column(name="expected", role="expected")), rows
    )


def greeting(form: Form, **prompt: Any) -> Form:
    field = {"name": "word", "kind": "text"}
    return form | {"prompt": {**form["prompt"], "inputs": [field], "checks": [CHECK], **prompt}}


async def until_done(call: Call, form: Form, run: str) -> dict[str, Any]:
    """What the page is sent once the experiment has turned into its verdict."""
    state = "running"
    for _ in range(400):
        update = await call("experiment_now", id=run, state=state, seen="", form=form)
        if "exp-head" in update.get("html", {}):
            return update
        await asyncio.sleep(0.02)
    raise AssertionError("it never ended")


async def test_the_columns_run_over_the_data_set_that_fits_and_end_in_a_verdict(
    workbench: Workbench, call: Call, form: Form
) -> None:
    await workbench.datasets.create("Other", (Column(name="mail"),), [Row({"mail": "x"})])
    await words_set(workbench)
    form = greeting(form)
    update = await call("experiment_from_compare", form=form)
    assert update["tab"] == "Experiments" and update["experiment"] == "setup"
    assert update["plan"]["cases"]["dataset"] == "Words@1"
    html = update["html"]
    assert "Words, version 1" in html["exp-main"] and "dataset: Words@1" in html["exp-file"]
    form = form | {"experiment": update["plan"]}
    cost = (await call("experiment_cost", form=form))["html"]
    assert "What it takes" in cost["exp-cost"] and "this is attempt 1" in cost["exp-attempt"]
    assert re.search(r"Finds a difference of \d+ points", cost["exp-cost"])
    started = await call("start_experiment", form=form)
    assert started["plan"] is None and "alert" not in started, started
    done = await until_done(call, form, started["experiment"])
    assert "finished" in done["html"]["exp-head"]
    assert done["html"]["exp-say"].startswith("Finished. ")
    listed = await call("open_experiments", at="", form=form)
    assert "Greeting, two variants" in listed["html"]["exp-body"] and "finished" in listed["html"]["exp-body"]
    run = await workbench.runs.get(started["experiment"])
    names = workbench.history.variant_names(run.id)
    told = list(
        csv.DictReader("".join(csv_pieces(run, workbench.history.answers(run.id), names)).splitlines())
    )
    assert {(row["column"], row["variant"]) for row in told} == {("1", "A"), ("2", "B")}
    again = await call("set_up_again", id=started["experiment"], form=form)
    assert again["drawer"] is None, "it is asked for in the drawer of the file"
    cost = (await call("experiment_cost", form=form | {"experiment": again["plan"]}))["html"]
    assert "attempt 2" in cost["exp-attempt"]


async def test_a_data_set_is_run_over_from_its_own_page(workbench: Workbench, call: Call, form: Form) -> None:
    await words_set(workbench)
    kept = (await workbench.datasets.all())[0]
    update = await call("run_over_data", dataset=kept.id, number=1, form=greeting(form))
    assert update["plan"]["cases"]["dataset"] == "Words@1" and update["tab"] == "Experiments"


async def test_a_change_that_makes_no_sense_is_said_and_the_page_shows_what_stands(
    workbench: Workbench, call: Call, form: Form
) -> None:
    form = greeting(form, cases=[{"word": "a", "expected": "a"}])
    form |= {"experiment": (await call("experiment_from_compare", form=form))["plan"]}
    refused = await call("change_experiment", what="repeats", value="lots", form=form)
    assert "lots" in refused["alert"]["message"] and 'value="1"' in refused["html"]["exp-main"]
    assert "plan" not in refused
    changed = await call("change_experiment", what="repeats", value="3", form=form)
    assert changed["plan"]["repeats"] == 3 and "repeats: 3" in changed["html"]["exp-file"]


async def test_the_file_is_read_back_and_what_it_does_not_know_is_named(call: Call, form: Form) -> None:
    form = greeting(form, cases=[{"word": "a", "expected": "a"}])
    form |= {"experiment": (await call("experiment_from_compare", form=form))["plan"]}
    text = "variants:\n  A: {model: 'scripted:echo'}\n  B: {model: 'scripted:echo'}\nprompt: Hi\ncases: {dataset: X}\n"
    read = await call("change_experiment", what="file", value=text, form=form)
    assert read["plan"]["cases"]["dataset"] == "X"
    wrong = await call("change_experiment", what="file", value=text + "variant: 3\n", form=form)
    assert "plan" not in wrong and "variants" in wrong["html"]["exp-yaml-problem"]


async def test_the_prompts_own_cases_come_back_after_another_data_set(
    workbench: Workbench, call: Call, form: Form
) -> None:
    await words_set(workbench)
    form = greeting(form, cases=[{"word": "a", "expected": "a"}, {"word": "b", "expected": "b"}])
    form |= {"experiment": (await call("experiment_from_compare", form=form))["plan"]}
    assert len(form["experiment"]["cases"]["rows"]) == 2  # they are nearer than any data set
    other = await call("change_experiment", what="cases/data", value="Words@1", form=form)
    form |= {"experiment": other["plan"]}
    assert "own 2 cases" in other["html"]["exp-main"]
    back = await call("change_experiment", what="cases/data", value="rows", form=form)
    assert len(back["plan"]["cases"]["rows"]) == 2
    assert "no verdict is possible, 15 are the least" in back["html"]["exp-main"]


async def test_a_saved_prompt_is_named_and_its_versions_are_a_menu(
    workbench: Workbench, call: Call, form: Form
) -> None:
    await words_set(workbench)
    form = greeting(form)
    prompt = Prompt.model_validate(form["prompt"])
    saved = await workbench.prompts.save(prompt, message="first")
    second = prompt.model_copy(update={"turns": (Turn(role="user", template="Now say {{ word }}"),)})
    await workbench.prompts.save(second, message="second", prompt_id=saved.prompt_id)
    stored = (await workbench.saved.version(saved.prompt_id, 1)).prompt.model_dump(mode="json")
    form |= {"prompt": stored, "prompt_id": saved.prompt_id, "version": 1}
    update = await call("experiment_from_compare", form=form)
    assert update["plan"]["prompt"] == "Greeting@1"
    assert "version 2" in update["html"]["exp-main"] and "not saved" not in update["html"]["exp-main"]
    edited = form | {"prompt": stored | {"turns": [{"role": "user", "template": "{{ word }}!"}]}}
    update = await call("experiment_from_compare", form=edited)
    assert isinstance(update["plan"]["prompt"], dict) and "not saved" in update["html"]["exp-main"]


async def test_a_check_is_added_changed_and_removed_in_the_drawer(call: Call, form: Form) -> None:
    form = greeting(form, cases=[{"word": "a", "expected": "a"}])
    form |= {"experiment": (await call("experiment_from_compare", form=form))["plan"]}
    opened = await call("experiment_check", number=-1, value="length", form=form)
    # A line by itself: in one with the check's own words a reader of Chinese would have it in English.
    assert '<p class="hint">{{ expected }} stands for' in str(opened)
    assert 'name="option:max"' in opened["drawer"]["body"]
    fields = {"scorer": "length", "option:max": "70", "option:unit": "words", "negate": False}
    kept = await call("keep_experiment_check", number=-1, fields=fields, form=form)
    assert kept["drawer"] is None and len(kept["plan"]["checks"]) == 2
    bad = await call("keep_experiment_check", number=-1, fields={"scorer": "length"}, form=form)
    assert "alert" in bad and "plan" not in bad
    form |= {"experiment": kept["plan"]}
    gone = await call("remove_experiment_check", number=1, form=form)
    assert gone["plan"]["checks"] is None  # those of the prompt again


async def test_nothing_yet_says_what_compare_holds_and_a_hostile_name_stays_text(
    call: Call, form: Form
) -> None:
    form |= {"prompt": form["prompt"] | {"name": "<img src=x onerror=alert(1)>"}}
    update = await call("open_experiments", at="", form=form)
    assert "Compare holds 2 columns" in update["html"]["exp-body"]
    assert "<img" not in update["html"]["exp-body"] and "&lt;img" in update["html"]["exp-body"]
    assert "alert" in await call("open_experiments", at="nowhere", form=form)
    assert "alert" in await call("start_experiment", form=form)
    assert "alert" in await call("experiment_from_compare", form=form | {"prompt": {"turns": []}})


async def test_a_sample_is_set_up_with_its_own_prompt(workbench: Workbench, call: Call, form: Form) -> None:
    empty = await call("open_experiments", at="", form=form)
    assert "Arithmetic word problems" in empty["html"]["exp-body"]
    update = await call("experiment_from_sample", sample="arithmetic", form=form)
    assert update["plan"]["cases"]["dataset"].startswith("Arithmetic word problems@")
    assert "no column" not in update["html"]["exp-main"].lower()
    form |= {"experiment": update["plan"]}
    cost = (await call("experiment_cost", form=form))["html"]
    assert "What it takes" in cost["exp-cost"] and "calls" in cost["exp-short"]
    chosen = await call("change_experiment", what="cases/data", value="sample:arithmetic", form=form)
    assert chosen["plan"]["cases"] == update["plan"]["cases"]


async def test_a_prompt_that_fits_no_column_of_a_sample_may_give_way_to_the_samples_own(
    call: Call, form: Form
) -> None:
    update = await call("experiment_from_compare", form=greeting(form))
    form |= {"experiment": update["plan"]}
    chosen = await call("change_experiment", what="cases/data", value="sample:sentiment", form=form)
    page = chosen["html"]["exp-main"]
    assert "No column fills &#34;word&#34;" in page
    assert re.search(r'data-act="experiment_from_sample"[^>]*data-sample="sentiment"', page)
    fits = await call("experiment_from_sample", sample="sentiment", form=form)
    assert "Take the prompt of this set" not in fits["html"]["exp-main"]


async def test_a_sample_with_an_experiment_beside_it_is_set_up_as_that(call: Call, form: Form) -> None:
    update = await call("experiment_from_sample", sample="sentiment", form=form)
    plan = update["plan"]
    assert [each["name"] for each in plan["variants"]] == ["A", "B"] and plan["model"] == "scripted:echo"
    assert plan["prompt"]["turns"] and plan["cases"]["dataset"].endswith("@1")
    cost = (await call("experiment_cost", form=form | {"experiment": plan}))["html"]
    assert "Finds a difference" in cost["exp-cost"]


async def test_the_page_says_that_its_data_set_is_in_the_bin_and_goes_on(
    workbench: Workbench, call: Call, form: Form
) -> None:
    workbench.models.backends["scripted"] = held = Held()
    scripts = workbench.models.backends["scripted"].scripts  # type: ignore[attr-defined]
    scripts["echo"] = [0.3, "w"]  # it still runs when its data set goes, on a busy machine too
    await words_set(workbench)
    form = greeting(form)
    form |= {"experiment": (await call("experiment_from_compare", form=form))["plan"]}
    run = (await call("start_experiment", form=form))["experiment"]
    kept = (await workbench.datasets.all())[0]
    gone = await call("data_delete", dataset=kept.id)
    assert "The experiment that runs over it goes on with the rows that it has" in gone["toast"]
    held.go.set()
    done = await until_done(call, form, run)
    assert "is in the bin. This experiment keeps" in done["html"]["exp-body"].replace("</b>", "")
    await call("data_put_back", dataset=kept.id)
    assert "This experiment keeps" not in (await call("open_experiments", at=run))["html"]["exp-body"]
    await call("data_delete", dataset=kept.id)
    asked = (await call("data_purge", dataset=kept.id))["drawer"]
    assert "1 experiment over it keeps the rows that were run" in asked["body"]
    assert await workbench.datasets.place(kept.id) == "bin", "nothing goes before it is sure"
    assert (await call("data_purge", dataset=kept.id, sure="yes"))["sheet"] == {"gone": kept.id}
    assert not await workbench.datasets.all(binned=True)
    assert "was deleted for good" in (await call("open_experiments", at=run))["html"]["exp-body"]


async def test_a_deleted_experiment_is_gone_from_the_list_and_still_counts_as_an_attempt(
    workbench: Workbench,
    call: Call,
    form: Form,
    read_html: Callable[[str], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held = Held()
    workbench.models.backends["scripted"] = held
    await words_set(workbench, 4)
    form = greeting(form)
    form |= {"experiment": (await call("experiment_from_compare", form=form))["plan"]}
    run = (await call("start_experiment", form=form))["experiment"]
    running = await call("open_experiments", at=run)
    assert "delete_experiment" not in (await call("open_experiments"))["html"]["exp-body"]
    assert "delete_experiment" not in running["html"]["exp-head"]
    assert "the work goes on" in running["html"]["exp-progress"] and "trouble" not in running["html"]
    full = Trouble(StoreError("The disk is full.", "Free some space."), 4)
    with monkeypatch.context() as patched:
        patched.setattr(type(workbench.history), "trouble", full)
        hindered = (await call("experiment_now", id=run, state="running", seen="0"))["html"]
    assert "it waits until answers can be stored" in hindered["exp-progress"]
    assert "the work goes on" not in hindered["exp-progress"] and "The disk is full." in hindered["trouble"]
    refused = await call("delete_experiment", id=run)
    assert "still going" in refused["alert"]["message"] and "drawer" not in refused
    held.go.set()
    done = await until_done(call, form, run)
    assert 'data-act="delete_experiment"' in done["html"]["exp-head"]
    listed = read_html((await call("open_experiments"))["html"]["exp-body"])
    (row,) = listed.find("button", data_id=run)
    assert (row["data-act"], row["aria-label"]) == ("delete_experiment", "Delete Greeting, two variants")
    asked = await call("delete_experiment", id=run)
    assert asked["drawer"]["title"] == "Delete this experiment?"
    assert "It still counts as an attempt at its question" in asked["drawer"]["body"]
    other = await call("experiment_now", id=run, state="done", seen="")
    assert other["only_at"] == run and "alert" not in other
    deleted = await call("delete_experiment", id=run, sure="yes", fields={"search": "quokka"})
    assert "quokka" in deleted["html"]["exp-body"]  # the list is searched as it was
    assert (deleted["experiment"], deleted["drawer"]) == ("", None)
    assert deleted["toast"].endswith("is deleted")
    assert run not in deleted["html"]["exp-body"]
    again = await call("delete_experiment", id=run)
    assert (again["experiment"], again["toast"]) == ("", "This experiment was deleted.")
    cost = (await call("experiment_cost", form=form))["html"]
    assert "attempt 2" in cost["exp-attempt"]
    # Another page that still shows it is led to the list, and told why.
    other = await call("experiment_now", id=run, state="done", seen="")
    assert (other["only_at"], other["experiment"]) == (run, "")
    assert other["alert"]["message"] == "This experiment was deleted."
    assert await workbench.datasets.used_by((await workbench.datasets.all())[0].id) == {}
    await workbench.removal.finish()
    assert workbench.store.facts().counts["cell"] == 0
