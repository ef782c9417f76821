"""Tests for the set-up of an experiment as a value: from Compare's columns, and what each control makes of it."""

from __future__ import annotations

from typing import Any

import pytest

from playground.errors import PromptError
from playground.formats.experiment_file import read_experiment, write_experiment
from playground.types.experiment import Cases, Experiment, ExperimentVariant, Rule
from playground.types.prompt import PRESETS, Check, Prompt, TechniqueChoice, Turn
from playground.ui.experiment_form import (
    SAME,
    change,
    checks_listed,
    model_of,
    of_columns,
    own_prompts,
    with_rows,
)
from playground.ui.forms import ColumnForm, CompareForm

MODEL, OTHER = "scripted:echo", "scripted:dog"
SHARED = Prompt(name="Refund", turns=(Turn(role="user", template="Reply to {{ mail }}"),))
LENGTH, EQUALS = (
    Check(scorer="length", options={"max": 70}),
    Check(scorer="equals", options={"text": "{{ expected }}"}),
)


def four(**changed: Any) -> Experiment:
    variants = tuple(ExperimentVariant(name=name) for name in "ABCD")
    given: dict[str, Any] = {
        "prompt": "Refund@5",
        "model": MODEL,
        "variants": variants,
        "cases": Cases(dataset="Mails@3"),
    }
    return Experiment(**given | changed)


def test_the_columns_of_compare_become_variants() -> None:
    own = ColumnForm(
        model=OTHER, own=True, turns=(Turn(role="user", template="Short: {{ mail }}"),), samples=3
    )
    technique = ColumnForm(model=MODEL, technique=TechniqueChoice(name="self-consistency"))
    form = CompareForm(prompt=SHARED, columns=(ColumnForm(model=MODEL), own, technique))
    texts = own_prompts(form)
    now = of_columns(form, "Refund@5", [prompt or "" for prompt in texts], "Mails@3")
    assert [variant.name for variant in now.variants] == ["A", "B", "C"]
    assert [model_of(now, variant) for variant in now.variants] == [MODEL, OTHER, MODEL]
    assert now.name == "Refund, three variants" and now.cases.dataset == "Mails@3"
    assert now.repeats == 3  # as many answers as a column was asked for
    assert texts[0] is None and isinstance(now.variants[1].prompt, Prompt)
    assert now.variants[2].technique == TechniqueChoice(name="self-consistency")


def test_without_a_data_set_the_cases_of_the_prompt_are_taken() -> None:
    prompt = SHARED.model_copy(update={"cases": ({"mail": "Hi"}, {"mail": "Ho"})})
    now = of_columns(CompareForm(prompt=prompt, columns=(ColumnForm(model=MODEL),)), "Refund@5", [""])
    assert len(now.cases.rows) == 2 and now.name == "Refund, one variant"


@pytest.mark.parametrize(
    ("what", "value", "found"),
    [
        ("name", " Late parcels ", lambda now: now.name == "Late parcels"),
        ("variants/1/prompt", "Refund@7", lambda now: now.variants[1].prompt == "Refund@7"),
        (
            "variants/1/technique",
            "chain-of-thought",
            lambda now: now.variants[1].technique.name == "chain-of-thought",
        ),
        ("variants/1/technique", "single", lambda now: now.variants[1].technique is None),
        (
            "variants/1/model",
            OTHER,
            lambda now: [model_of(now, v) for v in now.variants] == [MODEL, OTHER, MODEL, MODEL],
        ),
        (
            "add/prompt",
            "Refund@8",
            lambda now: now.variants[4].name == "E" and now.variants[4].prompt == "Refund@8",
        ),
        ("add/model", OTHER, lambda now: model_of(now, now.variants[4]) == OTHER),
        ("twin", "true", lambda now: now.twin),
        ("rule/baseline", "C", lambda now: now.baseline == "C"),
        ("rule/margin", "5", lambda now: now.rule.margin == 0.05),
        ("rule/margin", "2.5 points", lambda now: now.rule.margin == 0.025),
        ("rule/margin", "", lambda now: now.rule.margin is None),
        ("rule/looking", "any time", lambda now: now.rule.looking == "any time"),
        ("rule/alpha", "1", lambda now: now.rule.alpha == 0.01),
        ("rule/gate", "yes", lambda now: now.rule.gate),
        ("cases/half", "held-out", lambda now: now.cases.half == "held-out"),
        ("cases/limit", "30", lambda now: now.cases.limit == 30),
        ("cases/data", "Chats@1", lambda now: now.cases == Cases(dataset="Chats@1")),
        ("repeats", "3", lambda now: now.repeats == 3),
        ("limits/at_once", "", lambda now: now.limits.at_once is None),
        ("limits/tokens", "600,000", lambda now: now.limits.tokens == 600_000),
        ("limits/timeout_s", "2.5", lambda now: now.limits.timeout_s == 2.5),
        ("limits/timeout_s", " ", lambda now: now.limits.timeout_s is None),
        ("cache", "false", lambda now: not now.cache),
    ],
)
def test_a_control_changes_what_it_says(what: str, value: str, found: Any) -> None:
    now = change(four(), what, value)
    assert found(now)
    assert read_experiment(write_experiment(now)) == now


@pytest.mark.parametrize(
    ("what", "value", "says"),
    [
        ("repeats", "0", "from 1 up"),
        ("repeats", "many", "many"),
        ("repeats", "1e9", "1e9"),
        ("repeats", "1000", "cannot be so"),
        ("rule/margin", "-5", "between 0 and 100"),
        ("rule/margin", "200", "between 0 and 100"),
        ("rule/looking", "now and then", "cannot be so"),
        ("limits/tries", "99", "cannot be so"),
        ("limits/timeout_s", "soon", "The limit of a call is a number between 0 and 86,400, not"),
        ("limits/timeout_s", "0.01", "cannot be so"),
        ("rule/baseline", "Z", "any more"),
        ("variants/9/model", MODEL, "any more"),
        ("remove/0/0", "", ""),
        ("nonsense", "1", "nonsense"),
    ],
)
def test_what_makes_no_sense_is_said_and_changes_nothing(what: str, value: str, says: str) -> None:
    before = four()
    if what.startswith("remove"):
        before = before.model_copy(update={"variants": before.variants[:1]})
    with pytest.raises(PromptError) as caught:
        change(before, what, value)
    assert says in caught.value.message
    assert caught.value.hint


def test_settings_keep_their_seed_and_length() -> None:
    sampling = PRESETS["Greedy"].model_copy(update={"seed": 7, "max_tokens": 99})
    now = change(four(sampling=sampling), "variants/0/preset", "Creative")
    chosen = now.variants[0].sampling
    assert chosen is not None and (chosen.seed, chosen.max_tokens) == (7, 99)
    assert chosen.temperature == PRESETS["Creative"].temperature and now.variants[1].sampling == sampling


def test_a_variant_that_goes_leaves_no_gap_and_takes_the_baseline_along() -> None:
    now = change(change(four(), "rule/baseline", "C"), "remove/1", "")
    assert [variant.name for variant in now.variants] == ["A", "B", "C"]
    assert now.baseline == "B"  # it was C
    assert change(now, "remove/1", "").baseline == "A"
    custom = four(
        variants=(ExperimentVariant(name="old"), ExperimentVariant(name="new")), rule=Rule(baseline="old")
    )
    assert [variant.name for variant in change(custom, "remove/0", "").variants] == ["new"]


def test_another_data_set_forgets_the_half_and_number_of_the_one_before() -> None:
    now = change(change(four(), "cases/half", "train"), "cases/limit", "30")
    assert change(now, "cases/half", "held-out").cases == Cases(dataset="Mails@3", half="held-out")
    assert with_rows(now, [{"mail": "Hi"}]).cases == Cases(rows=({"mail": "Hi"},))


def test_looking_at_the_end_again_takes_the_early_stop_away() -> None:
    now = change(four(), "rule/looking", "any time")
    assert now.limits.stop_when_decided, '"Any time, and stop early" does what it says'
    assert not change(now, "limits/stop_when_decided", "false").limits.stop_when_decided
    assert not change(now, "rule/looking", "end").limits.stop_when_decided


def test_the_checks_of_the_prompt_are_unsaid_until_one_is_left_out() -> None:
    of_prompt = (LENGTH, EQUALS)
    assert [is_on for _, is_on in checks_listed(four(), of_prompt)] == [True, True]
    fewer = change(four(), "checks/0", "false", of_prompt=of_prompt)
    assert fewer.checks == (EQUALS,)
    assert checks_listed(fewer, of_prompt) == [(LENGTH, False), (EQUALS, True)]
    assert change(fewer, "checks/0", "true", of_prompt=of_prompt).checks is None


def test_a_text_that_is_not_saved_can_be_given_to_another_variant() -> None:
    own = four(variants=(ExperimentVariant(name="A"), ExperimentVariant(name="B", prompt=SHARED)))
    same = change(own, "variants/0/prompt", f"{SAME}B")
    assert same.variants[0].prompt == SHARED


def test_a_name_goes_on_saying_how_many_variants_there_are() -> None:
    now = change(four(name="Refund, four variants"), "remove/3", "")
    assert now.name == "Refund, three variants"
    assert change(now.model_copy(update={"name": "Mine"}), "remove/0", "").name == "Mine"
