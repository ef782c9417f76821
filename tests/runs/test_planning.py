"""Plans: what a comparison asks for reaches the request, the first time and again."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from playground.runs.planning import (
    checks_of,
    in_order,
    is_example,
    plan_again,
    plan_variant,
    request_hash,
    request_of,
    schema_problem,
)
from playground.store.records import StoredCell, StoredRun
from playground.types.generation import GenerationRequest, Message
from playground.types.grid import CellKey, RunSpec, Variant, Work
from playground.types.prompt import Check, Input, Prompt, Sampling, Turn
from playground.types.trace import Answer
from tests.works import work

SAID = (Message("user", "What is this?"),)
PROMPT = Prompt(turns=(Turn(role="user", template="What is this?"),))


def comparison(**sampling: Any) -> RunSpec:
    column = Variant(model="ollama:gemma3:4b", sampling=Sampling(**sampling), thinking=True, top_logprobs=2)
    return RunSpec.comparison(prompt=PROMPT, variants=(column,), images=("aW1hZ2U=", "Mg=="))


def stored(asked: RunSpec, sampling: Sampling) -> tuple[StoredRun, StoredCell]:
    cell = StoredCell(
        key=CellKey(0, 0, 0),
        model="ollama:gemma3:4b",
        backend="ollama",
        content_hash="",
        prompt=PROMPT,
        sampling=sampling,
        status="done",
        answer=Answer(),
        scores=(),
        thumb=0,
        error="",
        hint="",
        started_at=None,
        finished_at=None,
    )
    now = datetime.now(UTC)
    return StoredRun("r", now, "", "done", "", asked, "", None, (cell,), (), None), cell


def test_images_reach_the_request_the_first_time_and_again() -> None:
    asked = comparison()
    [first] = plan_variant(asked, 0, SAID)
    [again] = plan_again(*stored(asked, first.sampling), SAID, None)
    assert request_of(first).images == request_of(again).images == asked.case.images
    assert request_of(first) == request_of(again)
    assert request_of(first).thinking and request_of(first).top_logprobs == 2


@pytest.mark.parametrize("seed", [None, 7])
def test_only_a_free_seed_is_drawn_and_drawn_again(seed: int | None) -> None:
    asked = comparison(seed=seed)
    first = plan_variant(asked, 0, SAID)[0].sampling
    again = plan_again(*stored(asked, first), SAID, None)[0].sampling
    assert first.seed is not None and again.seed is not None
    assert (first.seed == again.seed == 7) is (seed == 7)
    assert (first.seed != again.seed) is (seed is None)


SCHEMA = {"type": "object", "properties": {"n": {"minimum": 1}}}


@pytest.mark.parametrize(
    ("check", "count"),
    [
        (Check(scorer="json_schema", options={"schema": SCHEMA}), 1),
        (Check(scorer="json_schema", options={"schema": dict(reversed(SCHEMA.items()))}, weight=3), 1),
        (Check(scorer="json_schema", options={"schema": json.dumps(SCHEMA), "allow_fence": True}), 1),
        (Check(scorer="json_schema", options={"schema": SCHEMA}, negate=True), 2),
        (Check(scorer="json_schema", options={"schema": {"type": "object"}}), 2),
        (Check(scorer="json_schema", options={"schema": "{"}), 2),
        (Check(scorer="contains_json", options={"schema": SCHEMA}), 2),
        (Check(scorer="json"), 2),
    ],
)
def test_an_output_schema_and_the_check_that_says_the_same_count_once(check: Check, count: int) -> None:
    checks = checks_of(Prompt(output_schema=SCHEMA, checks=(check,)))
    assert len(checks) == count
    assert checks[-1] == check


def test_a_schema_with_true_is_not_the_one_with_1() -> None:
    other = Check(scorer="json_schema", options={"schema": {"properties": {"n": {"const": True}}}})
    assert len(checks_of(Prompt(output_schema={"properties": {"n": {"const": 1}}}, checks=(other,)))) == 2


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ({"type": "nonsense"}, "$.type"),
        ({"properties": {"a": {"type": "object", "required": "a"}}}, "$.properties.a.required"),
        ({"$ref": "https://example.org/x.json"}, "leads outside"),
        ({"type": "string", "pattern": "("}, "pattern"),
        ({"type": "object"}, None),
        ({"$schema": "http://json-schema.org/draft-07/schema#", "items": [{}]}, None),
        (None, None),
    ],
)
def test_a_schema_that_is_none_is_found_before_any_model_is_asked(
    schema: dict[str, Any] | None, place: str | None
) -> None:
    problem = schema_problem(Prompt(output_schema=schema))
    assert (problem is None) == (place is None)
    if place:
        assert place in str(problem) and "output schema cannot be used" in str(problem)


# --- samples ----------------------------------------------------------------------------------------------


def of_samples(count: int, **sampling: Any) -> RunSpec:
    asked = comparison(**sampling)
    return asked.model_copy(update={"variants": (asked.variants[0].model_copy(update={"samples": count}),)})


def seeds_of(planned: list[Work]) -> list[int | None]:
    assert [work.sampling for work in planned] == [request_of(work).sampling for work in planned]
    return [work.sampling.seed for work in planned]


def test_a_column_of_five_samples_is_five_cells_of_that_column_that_differ_in_their_seed() -> None:
    asked = of_samples(5, seed=7, temperature=1.0)
    planned = plan_variant(asked, 0, SAID)
    assert seeds_of(planned) == [7, 8, 9, 10, 11]
    assert [work.key for work in planned] == [CellKey(0, 0, repeat) for repeat in range(5)]
    assert all((p.prompt, request_of(p).messages) == (PROMPT, SAID) for p in planned)
    assert {request_of(p).images for p in planned} == {asked.case.images}


def test_the_seed_after_the_last_is_the_first() -> None:
    assert seeds_of(plan_variant(of_samples(3, seed=2**32 - 3), 0, SAID)) == [2**32 - 3, 2**32 - 2, 0]
    Sampling(seed=2**32 - 2)


def test_free_seeds_are_drawn_for_each_sample_and_all_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    draws = iter([5, 5, 9, 5, 9, 1])
    monkeypatch.setattr("playground.runs.planning.draw_seed", lambda: next(draws))
    assert seeds_of(plan_variant(of_samples(3, seed=None), 0, SAID)) == [5, 9, 1]


def test_samples_of_one_press_are_one_family_and_single_answers_are_none() -> None:
    first, second = (plan_variant(of_samples(3), 0, SAID) for _ in range(2))
    families = {request_of(plan).family for plan in first} | {request_of(plan).family for plan in second}
    assert len(families) == 2 and "" not in families
    assert [request_of(plan).family for plan in plan_variant(comparison(), 0, SAID)] == [""]


@pytest.mark.parametrize("seed", [None, 7])
def test_run_again_makes_all_samples_again_with_the_seeds_that_were_asked_for(seed: int | None) -> None:
    asked = of_samples(3, seed=seed)
    last = plan_variant(asked, 0, SAID)[-1].sampling
    again = seeds_of(plan_again(*stored(asked, last), SAID, None))
    assert len(set(again)) == 3
    assert (again == [7, 8, 9]) is (seed == 7)


def test_a_comparison_stored_before_there_were_samples_has_one() -> None:
    old = comparison().model_dump(mode="json")
    del old["variants"][0]["samples"]
    assert RunSpec.model_validate(old) == comparison()


@pytest.mark.parametrize("count", [0, 21])
def test_samples_are_1_to_20(count: int) -> None:
    with pytest.raises(ValueError, match="samples"):
        Variant(model="m", samples=count)


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "ollama:other"},
        {"messages": (Message("user", "What is that?"),)},
        {"messages": (Message("system", "What is this?"),)},
        {"sampling": Sampling(seed=2)},
        {"sampling": Sampling(seed=1, stop=("x",))},
        {"images": ("aW1hZ2U=",)},
        {"thinking": True},
        {"json_schema": "{}"},
    ],
)
def test_calls_that_ask_for_the_same_have_the_same_hash(changes: dict[str, Any]) -> None:
    given: dict[str, Any] = {"model": "ollama:gemma3:4b", "messages": SAID, "sampling": Sampling(seed=1)}
    first = request_hash(GenerationRequest(**given))
    assert first == request_hash(GenerationRequest(**given))
    assert first != request_hash(GenerationRequest(**given | changes))


@pytest.mark.parametrize("beside", [{"family": "f1"}, {"background": True}])
def test_who_waits_and_what_is_made_beside_it_is_not_what_a_call_asks_for(beside: dict[str, Any]) -> None:
    given: dict[str, Any] = {"model": "ollama:gemma3:4b", "messages": SAID, "sampling": Sampling(seed=1)}
    assert request_hash(GenerationRequest(**given)) == request_hash(GenerationRequest(**given | beside))


def test_a_large_run_has_one_model_after_the_other_and_its_backends_take_turns() -> None:
    models = ("llama:a", "ollama:x", "llama:b")
    works = [work(number, model, case=case) for case in range(2) for number, model in enumerate(models)]
    begun = [(each.model, each.key.case) for each in in_order(works)]
    assert begun == [
        ("llama:a", 0),
        ("ollama:x", 0),
        ("llama:a", 1),
        ("ollama:x", 1),
        ("llama:b", 0),
        ("llama:b", 1),
    ]


def test_prompts_that_begin_alike_follow_each_other() -> None:
    works = [work(number, "llama:a", case=case) for case in range(3) for number in range(2)]
    assert [each.key.variant for each in in_order(works)] == [0, 0, 0, 1, 1, 1]


def test_a_call_with_half_a_character_has_a_hash() -> None:
    assert len(request_hash(GenerationRequest("a:b", (Message("user", "\ud800\0"),), Sampling()))) == 64


# --- checks of the example --------------------------------------------------------------------------------


def test_the_example_is_known_by_its_values_while_the_text_asks_for_them() -> None:
    text = Turn(role="user", template="Say {{ word }}")
    prompt = Prompt(turns=(text,), inputs=(Input(name="word", example="hello"),))
    assert is_example(prompt, {"word": "hello", "expected": "x"})
    assert is_example(prompt.model_copy(update={"inputs": ()}), {"word": "anything"})
    assert not is_example(prompt, {"word": "goodbye"})
    assert not is_example(prompt, {})
    own = prompt.model_copy(update={"turns": (Turn(role="user", template="A text of my own"),)})
    assert not is_example(own, {"word": "hello"})
