"""The page's form becomes a comparison, a comparison becomes a run, and a run the same form again."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from playground.library.shipped import Pattern
from playground.store.records import SavedVersion, StoredRun
from playground.types.prompt import PRESETS, Input, Prompt, Sampling, Turn
from playground.types.servers import ModelInfo
from playground.ui.forms import (
    OWN_VALUES,
    ColumnForm,
    CompareForm,
    first_form,
    form_of_prompt,
    form_of_run,
    preset_of,
    to_comparison,
    variant,
)

TURNS = st.lists(
    st.builds(Turn, role=st.sampled_from(["system", "user", "assistant"]), template=st.text()), max_size=3
).map(tuple)
SAMPLING = st.builds(
    Sampling,
    temperature=st.floats(0, 5),
    top_k=st.integers(0, 100),
    seed=st.none() | st.integers(0, 2**32 - 2),
    max_tokens=st.integers(1, 4096),
    stop=st.lists(st.text(min_size=1), max_size=2).map(tuple),
) | st.sampled_from(list(PRESETS.values()))


def column(model: str, sampling: Sampling, turns: tuple[Turn, ...] | None) -> ColumnForm:
    return ColumnForm(
        model=model, preset=preset_of(sampling), sampling=sampling, own=turns is not None, turns=turns or ()
    )


FORMS = st.builds(
    CompareForm,
    prompt=st.builds(Prompt, name=st.text(), turns=TURNS),
    values=st.dictionaries(st.text(), st.none() | st.booleans() | st.text() | st.lists(st.text())),
    images=st.lists(st.text("ABC="), max_size=2).map(tuple),
    columns=st.lists(st.builds(column, st.text(), SAMPLING, st.none() | TURNS), min_size=1, max_size=4).map(
        tuple
    ),
)


def stored(form: CompareForm, version: Any = None) -> StoredRun:
    """As much of a stored run as the form is made of."""
    return cast(StoredRun, SimpleNamespace(id="r1", spec=to_comparison(form), version=version))


@given(FORMS)
def test_a_run_opens_as_the_form_it_was_started_from(form: CompareForm):
    opened = form_of_run(stored(form))
    assert opened.open.key == "run:r1"
    assert opened.model_copy(update={"open": form.open}) == form


def test_a_run_of_a_saved_prompt_opens_with_its_version():
    form = CompareForm(prompt=Prompt(name="x"), columns=(ColumnForm(model="m"),))
    version = cast(SavedVersion, SimpleNamespace(prompt_id="p1", number=3))
    opened = form_of_run(stored(form, version))
    assert (opened.prompt_id, opened.version) == ("p1", 3)


def test_a_column_runs_its_own_turns_only_when_that_is_switched_on():
    shared, own = (Turn(role="user", template="shared"),), (Turn(role="user", template="own"),)
    form = CompareForm(
        prompt=Prompt(name="Kept", turns=shared),
        columns=(ColumnForm(model="m", own=True, turns=own), ColumnForm(model="m", own=False, turns=own)),
    )
    assert (variant(form, 0).turns, variant(form, 1).turns) == (own, shared)
    assert variant(form, 0).name == "Kept"
    assert [c.prompt is None for c in to_comparison(form).variants] == [False, True]


def test_values_beyond_the_variables_and_images_go_along():
    form = CompareForm(
        prompt=Prompt(turns=(Turn(role="user", template="{{ q }}"),)),
        values={"q": "1 + 1?", "expected": "2"},
        columns=(ColumnForm(model="m"),),
        images=("aGVsbG8=",),
    )
    comparison = to_comparison(form)
    assert comparison.case.values == {"q": "1 + 1?", "expected": "2"}
    assert comparison.case.images == ("aGVsbG8=",)


@pytest.mark.parametrize("columns", [(), (ColumnForm(model="m"),) * 7], ids=["no column", "seven columns"])
def test_a_form_has_one_to_six_columns(columns: tuple[ColumnForm, ...]):
    with pytest.raises(ValidationError):
        CompareForm(prompt=Prompt(), columns=columns)


def test_unknown_keys_are_refused():
    with pytest.raises(ValidationError):
        CompareForm.model_validate({"prompt": {}, "columns": [{"model": "m"}], "extra": 1})


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_known_again_whatever_its_seed_length_and_stop_texts(name: str):
    changed = PRESETS[name].model_copy(update={"seed": None, "max_tokens": 9, "stop": ("x",)})
    assert preset_of(changed) == name


def test_any_other_distribution_is_own_values():
    assert preset_of(Sampling(temperature=0.123)) == OWN_VALUES


def test_a_prompt_opens_with_its_examples_and_its_sampling():
    prompt = Prompt(inputs=(Input(name="a", example="e"),), sampling=Sampling(temperature=0.7, top_k=40))
    columns = (ColumnForm(model="one", own=True, turns=(Turn(role="user", template="x"),)),)
    form = form_of_prompt(prompt, columns, origin="a/b")
    assert form.values == {"a": "e"}
    assert form.columns == (
        ColumnForm(model="one", preset="Balanced", sampling=Sampling(temperature=0.7, top_k=40)),
    )
    assert (form.origin, form.prompt_id) == ("a/b", None)


def test_a_prompt_without_sampling_leaves_the_columns_theirs():
    mine = ColumnForm(model="one", preset="Creative", sampling=PRESETS["Creative"])
    assert form_of_prompt(Prompt(), (mine,)).columns == (mine,)


def test_a_newcomer_sees_a_pattern_and_a_variant_of_it():
    prompt = Prompt(turns=(Turn(role="system", template="old"), Turn(role="user", template="{{ q }}")))
    form = first_form([ModelInfo("b:m", "b", "m")], Pattern("a/b", prompt, Path("x")))
    assert [c.model for c in form.columns] == ["b:m", "b:m"]
    assert [c.own for c in form.columns] == [False, True]
    assert [turn.role for turn in form.columns[1].turns] == ["system", "user"]
    assert form.columns[1].turns[0].template != "old"
    assert form.origin == "a/b"


def test_without_pattern_and_model_there_is_an_empty_form():
    form = first_form([], None)
    assert form.prompt.turns == (Turn(role="user", template=""),)
    assert len(form.columns) == 2
