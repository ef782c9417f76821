"""A prompt that names its technique: opened, taken, won, saved, exported and set up as an experiment with it."""

from __future__ import annotations

from typing import Any

from playground.diff.changes import prompt_changes
from playground.formats import prompty
from playground.types.experiment import Experiment, ExperimentVariant
from playground.types.prompt import Prompt, TechniqueChoice, Turn
from playground.ui.actions import Ask
from playground.ui.experiment_techniques import with_techniques
from playground.ui.forms import CompareForm, form_of_prompt, to_comparison
from playground.ui.onto_compare import open_version
from playground.workbench.service import Workbench
from tests.ui.conftest import Call

TWICE = TechniqueChoice(name="self-consistency", options={"samples": 2})
NAMED = Prompt(name="Sum", turns=(Turn(role="user", template="Say {{ word }}"),), run_with=TWICE)


async def test_every_way_into_compare_brings_the_technique(
    call: Call, workbench: Workbench, form: dict[str, Any]
):
    saved = await workbench.prompts.save(NAMED, message="")
    columns = CompareForm.model_validate(form).columns
    assert [column.technique for column in form_of_prompt(NAMED, columns).columns] == [TWICE, TWICE]
    opened = await open_version(workbench, saved.prompt_id, None, Ask(action="", form=form))
    assert [column["technique"]["options"] for column in opened["form"]["columns"]] == [{"samples": 2}] * 2
    taken = await call("take_prompt", column=1, prompt=saved.prompt_id, form=form)
    assert taken["into"]["technique"]["name"] == "self-consistency"
    assert taken["toast"] == "Column 2: Sum@1, run with self-consistency"


async def test_a_winner_is_saved_and_exported_with_the_technique_it_won_by(
    call: Call, workbench: Workbench, form: dict[str, Any]
):
    form["columns"] = [form["columns"][0], form["columns"][1] | {"technique": TWICE.model_dump(mode="json")}]
    async for _ in workbench.runs.compare(to_comparison(CompareForm.model_validate(form))):
        pass
    run_id = workbench.store.history().rows[0].id
    update = await call("save_winner", run=run_id, column="1", form=form)
    assert workbench.store.version(update["saved"]["prompt_id"]).prompt.run_with == TWICE
    for column, choice in ((0, None), (1, TWICE)):
        file = await workbench.runs.export_cell(run_id, column, "prompty")
        assert prompty.read(file.text).prompt.run_with == choice
        losses = (await workbench.runs.export_cell(run_id, column, "text")).losses
        assert any(loss.startswith("run_with: ") for loss in losses) is (choice is not None)


async def test_a_version_says_which_technique_came(workbench: Workbench):
    plain = NAMED.model_copy(update={"run_with": None})
    first = await workbench.prompts.save(plain, message="")
    assert (await workbench.prompts.save(NAMED, message="", prompt_id=first.prompt_id)).number == 2
    (change,) = prompt_changes(plain, NAMED)
    assert (change.where, change.after) == ("run with", "self-consistency, samples 2")


async def test_a_variant_says_its_technique_where_its_prompt_names_one(workbench: Workbench):
    await workbench.prompts.save(NAMED, message="")
    plain = TechniqueChoice(name="single")
    variants = (
        ExperimentVariant(name="A", prompt="Sum"),
        ExperimentVariant(name="B", prompt="Sum", technique=plain),
        ExperimentVariant(name="C", prompt="no such prompt", technique=plain),
    )
    now = Experiment(variants=variants)
    assert [each.technique for each in (await with_techniques(workbench, now)).variants] == [
        TWICE,
        plain,
        None,
    ]
    told = await with_techniques(workbench, now, is_told=True)
    assert [each.technique for each in told.variants] == [plain, plain, None]
