"""The prompt of one column on the server's side: what is offered, taken, counted, saved and gone on from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any

import pytest

from playground.runs.events import RunStarted
from playground.store.records import SavedVersion, StoredRun
from playground.types.grid import PromptSource
from playground.types.prompt import Prompt, Sampling, Turn
from playground.ui.column_prompts import differs
from playground.ui.forms import ColumnForm, CompareForm, form_of_run, to_comparison, variant
from playground.workbench.service import Workbench

Call = Callable[..., Awaitable[dict[str, Any]]]
Run = Callable[..., Awaitable[StoredRun]]

ZERO_SHOT = "techniques/chain-of-thought/zero-shot"


def user(text: str) -> tuple[Turn, ...]:
    return (Turn(role="user", template=text),)


@pytest.fixture
async def refund(workbench: Workbench) -> SavedVersion:
    """A saved prompt of two versions and a variant; the label "live" stands on the first."""
    save = workbench.prompts.save
    first = await save(Prompt(name="Refund", turns=user("One {{ word }}")), message="")
    stated = Sampling.model_validate({"max_tokens": 9})
    await save(
        Prompt(name="Refund", turns=user("Two {{ word }}"), sampling=stated),
        message="Longer",
        prompt_id=first.prompt_id,
    )
    await save(
        Prompt(name="Refund", turns=user("Short")), message="", prompt_id=first.prompt_id, variant="shorter"
    )
    await workbench.saved.set_label(first.prompt_id, "live", 1)
    return first


async def test_a_saved_prompt_is_offered_by_label_variant_and_version_and_techniques_follow(
    call: Call, refund: SavedVersion
):
    groups = {group["title"]: group["rows"] for group in (await call("prompt_choices"))["prompts"]}
    assert list(groups) == ["Saved", "Techniques", "Other patterns"]
    (row,) = groups["Saved"]
    assert row["choice"] == {"prompt": refund.prompt_id, "number": 2}
    offered = {mark["label"]: mark.get("choice", mark.get("of")) for mark in row["at"]}
    assert offered == {
        "live": {"prompt": refund.prompt_id, "number": 1, "at": "live"},
        "shorter": {"prompt": refund.prompt_id, "number": 3, "at": "shorter"},
        "versions": refund.prompt_id,
    }
    assert ZERO_SHOT in [row["choice"]["pattern"] for row in groups["Techniques"]]
    (group,) = (await call("prompt_choices", of=refund.prompt_id))["prompts"]
    assert [row["name"] for row in group["rows"]] == ["version 3, shorter", "version 2", "version 1"]


async def test_what_is_searched_for_is_found_and_nothing_is_nothing(call: Call):
    (group,) = (await call("prompt_choices", search="chain of thought zero-shot"))["prompts"]
    assert group["rows"][0]["choice"] == {"pattern": ZERO_SHOT}
    assert (await call("prompt_choices", search="no such prompt anywhere"))["prompts"] == []


async def test_a_version_is_taken_with_its_name_its_label_and_the_sampling_it_states(
    call: Call, refund: SavedVersion
):
    taken = await call("take_prompt", column=1, prompt=refund.prompt_id, number=2)
    assert taken["into"]["turns"] == [{"role": "user", "template": "Two {{ word }}"}]
    assert taken["into"]["asks"] == {"max_tokens": 9}
    assert taken["toast"] == "Column 2: Refund@2"
    taken = await call("take_prompt", column=0, prompt=refund.prompt_id, number=1, at="live")
    assert PromptSource.model_validate(taken["into"]["source"]).words == "Refund@live"


async def test_what_is_not_there_is_refused_in_words(call: Call, ran: Run):
    for asked in ({"pattern": "no/such"}, {"prompt": "0" * 32}, {"of_run": "0" * 32, "from": 0}):
        assert (await call("take_prompt", column=0, **asked))["alert"]["message"]
    assert "no column 7" in (await call("take_prompt", column=6, pattern=ZERO_SHOT))["alert"]["message"]
    run = await ran(1)
    assert (await call("take_prompt", column=0, of_run=run.id, **{"from": 3}))["alert"]["message"]


async def test_a_column_of_a_run_is_opened_in_another_column(call: Call, ran: Run):
    run = await ran(2)
    into = (await call("take_prompt", column=1, of_run=run.id, **{"from": 0}))["into"]
    assert (into["column"], into["turns"][0]["template"], into["source"]) == (1, "Say {{ word }}", None)


def test_the_turns_that_differ_are_counted():
    shared = Prompt(turns=(Turn(role="system", template="Be brief."), *user("{{ q }}")))
    columns = (
        ColumnForm(model="m", own=True, turns=shared.turns),
        ColumnForm(model="m", own=True, turns=(shared.turns[0], *user("{{ q }}?"))),
        ColumnForm(model="m", own=True, turns=user("{{ q }}?")),
    )
    form = CompareForm(prompt=shared, columns=columns)
    assert [differs(form, i) for i in range(3)] == ["same text", "1 turn differs", "2 turns differ"]


def test_the_same_checks_judge_a_prompt_from_elsewhere_which_keeps_its_name_and_schema():
    shared = Prompt.model_validate(
        {
            "name": "Shared",
            "turns": [],
            "checks": [{"scorer": "json"}],
            "inputs": [{"name": "a"}, {"name": "b"}],
            "output_schema": {"type": "object"},
        }
    )
    own = {
        "own": True,
        "turns": [{"role": "user", "template": "{{ a }}"}],
        "inputs": [{"name": "a", "kind": "number"}],
    }
    column = ColumnForm.model_validate({"model": "m", "source": {"name": "Other", "pattern": "x/y"}, **own})
    prompt = variant(CompareForm(prompt=shared, columns=(column,)), 0)
    assert (prompt.name, prompt.checks, prompt.output_schema) == ("Other", shared.checks, None)
    assert [(field.name, field.kind) for field in prompt.inputs] == [("a", "number"), ("b", "text")]


async def test_the_source_of_a_columns_prompt_is_stored_with_the_run(
    workbench: Workbench, call: Call, form: dict[str, Any], refund: SavedVersion
):
    into = (await call("take_prompt", column=1, prompt=refund.prompt_id, number=2))["into"]
    own = {key: into[key] for key in ("turns", "inputs", "output_schema", "source")}
    form["columns"][1] = {**form["columns"][1], "own": True, **own}
    async with aclosing(workbench.runs.compare(to_comparison(CompareForm.model_validate(form)))) as events:
        (run_id,) = [event.run_id async for event in events if isinstance(event, RunStarted)]
    run = await workbench.runs.get(run_id)
    opened = form_of_run(run).columns[1]
    assert opened.source is not None and opened.source.words == "Refund@2"
    exported = await workbench.runs.export_cell(run.id, 1, "markdown")
    assert "Refund@2" in exported.text


async def test_a_columns_text_is_saved_as_a_variant_and_the_shared_prompt_stays(
    workbench: Workbench, call: Call, form: dict[str, Any], refund: SavedVersion
):
    form["columns"][1] = {**form["columns"][1], "own": True, "turns": [{"role": "user", "template": "Mine"}]}
    form["prompt_id"] = refund.prompt_id
    assert "new-variant" in (await call("save_own", form=form, column=1))["drawer"]["body"]
    fields = {"name": "Refund", "as": "new-variant", "variant": "mine", "message": "Shorter"}
    update = await call("keep_own", form=form, column=1, fields=fields)
    assert update["toast"] == 'Saved as version 4 of "mine"'
    assert PromptSource.model_validate(update["into"]["source"]).words == "Refund@mine"
    assert "form" not in update and "saved" not in update
    assert (await workbench.saved.version(refund.prompt_id)).number == 2
    nameless = await call("keep_own", form=form, column=1, fields={**fields, "variant": ""})
    assert "no name" in nameless["alert"]["message"]
    assert "no text of its own" in (await call("save_own", form=form, column=0))["alert"]["message"]


async def test_an_answer_becomes_a_turn_that_says_it_again(call: Call, ran: Run):
    run = await ran(1, word="{% x %}")
    assert (await call("go_on", run=run.id, column=0))["answered"] == {
        "column": 0,
        "template": "{% raw %}Say {% x %}{% endraw %}",
        "everywhere": False,
    }


async def test_a_new_prompt_keeps_the_models_and_nothing_of_their_sampling(call: Call, form: dict[str, Any]):
    form["columns"][0]["sampling"] = {"temperature": 2, "max_tokens": 3}
    new = (await call("new_prompt", form=form))["form"]
    assert [c["model"] for c in new["columns"]] == ["scripted:echo"] * 2
    assert [c["sampling"]["max_tokens"] for c in new["columns"]] == [512, 512]
    assert [c["preset"] for c in new["columns"]] == ["Greedy"] * 2


async def test_history_names_the_prompts_of_the_columns_and_opens_them_in_a_column(
    workbench: Workbench, call: Call, form: dict[str, Any]
):
    into = (await call("take_prompt", column=1, pattern=ZERO_SHOT))["into"]
    own = {key: into[key] for key in ("turns", "inputs", "output_schema", "source")}
    form["columns"][1] = {**form["columns"][1], "own": True, **own}
    async with aclosing(workbench.runs.compare(to_comparison(CompareForm.model_validate(form)))) as events:
        (run_id,) = [event.run_id async for event in events if isinstance(event, RunStarted)]
    listed = (await call("open_history"))["html"]["hist-list"]
    assert "2 Chain of thought, zero-shot" in listed
    assert f'data-act="into_column" data-of_run="{run_id}" data-from="1"' in listed
    taken = (await call("take_prompt", column=0, of_run=run_id, **{"from": "1"}))["into"]
    assert taken["turns"] == into["turns"] and taken["source"] == into["source"]
