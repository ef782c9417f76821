"""Tree of thoughts: what is proposed, valued, kept, given up, and what that costs."""

from __future__ import annotations

from typing import Any

from playground.techniques.calls import Call
from tests.techniques.scripted import Line, play

PROBLEM = "Use 4, 9, 10 and 13 to make 24."
VALUES: dict[str, str] = {"1": "sure", "2": "likely", "3": "impossible", "1.2": "sure", "2.1": "sure"}


def script(call: Call) -> Line:
    kind, _, name = call.label.partition(" ")
    if kind == "propose":
        return "Here:\n" + "\n".join(f"{n}. step {f'{name}.{n}'.strip('.')}" for n in (1, 2, 3, 4))
    if kind == "value":
        return f"Let us see. Value: {VALUES.get(name, 'impossible')}"
    return "It works. Answer: (10 - 4) * (13 - 9) = 24"


async def test_breadth_first_keeps_the_best_of_every_level() -> None:
    played = await play("tree-of-thoughts", script, PROBLEM, depth=2)
    assert played.scripted.labels == [
        "propose", "value 1", "value 2", "value 3",
        "propose 1", "propose 2", "value 1.1", "value 1.2", "value 1.3", "value 2.1", "value 2.2", "value 2.3",
        "answer",
    ]  # fmt: skip
    thoughts = {s.label: (s.value, s.state, s.parent) for s in played.answer.steps if s.kind == "note"}
    numbers = {s.label: s.number for s in played.answer.steps}
    assert thoughts == {
        "thought 1": (1.0, "kept", None),
        "thought 2": (0.5, "kept", None),
        "thought 3": (0.0, "pruned", None),
        "thought 1.1": (0.0, "pruned", numbers["thought 1"]),
        "thought 1.2": (1.0, "answer", numbers["thought 1"]),
        "thought 1.3": (0.0, "pruned", numbers["thought 1"]),
        "thought 2.1": (1.0, "kept", numbers["thought 2"]),
        "thought 2.2": (0.0, "pruned", numbers["thought 2"]),
        "thought 2.3": (0.0, "pruned", numbers["thought 2"]),
    }
    answer = played.answer
    assert answer.text == "It works. Answer: (10 - 4) * (13 - 9) = 24"
    assert answer.extracted == "(10 - 4) * (13 - 9) = 24"
    assert dict(answer.facts) == {"path": "1.2"}
    by_label = {call.label: call for call in played.calls}
    assert (
        by_label["propose"].messages[-1].content == f"Problem: {PROBLEM}\n\nPropose 3 different next steps."
    )
    assert (
        by_label["value 2.1"].messages[-1].content == f"Problem: {PROBLEM}\n\nSteps so far:\nstep 2\nstep 2.1"
    )
    assert by_label["answer"].messages[-1].content == f"Problem: {PROBLEM}\n\nSteps:\nstep 1\nstep 1.2"
    parents = {s.label: s.parent for s in answer.steps}
    assert parents["propose 2"] == numbers["thought 2"] and parents["value 2.1"] == numbers["thought 2.1"]


async def test_its_calls_are_five_proposals_fifteen_values_and_the_answer() -> None:
    played = await play("tree-of-thoughts", script, PROBLEM)
    labels = [label.split()[0] for label in played.scripted.labels]
    assert {kind: labels.count(kind) for kind in set(labels)} == {"propose": 5, "value": 15, "answer": 1}
    assert played.answer.calls == 21
    assert played.scripted.most_at_once == 6


async def test_depth_first_turns_back_where_every_way_is_impossible() -> None:
    played = await play("tree-of-thoughts", script, PROBLEM, depth=2, search="depth", thoughts=2)
    # Thought 1 leads on at once to 1.2, which is deep enough.
    assert played.scripted.labels == [
        "propose", "value 1", "value 2", "propose 1", "value 1.1", "value 1.2", "answer",
    ]  # fmt: skip
    blocked: dict[str, Any] = {"1": "sure", "2": "likely", "2.1": "likely"}

    def turning(call: Call) -> Line:
        kind, _, name = call.label.partition(" ")
        return f"Value: {blocked.get(name, 'impossible')}" if kind == "value" else script(call)

    played = await play("tree-of-thoughts", turning, PROBLEM, depth=2, search="depth", thoughts=2)
    states = {s.label: s.state for s in played.answer.steps if s.kind == "note"}
    assert states == {
        "thought 1": "given up", "thought 1.1": "pruned", "thought 1.2": "pruned",
        "thought 2": "kept", "thought 2.1": "answer", "thought 2.2": "pruned",
    }  # fmt: skip
    assert dict(played.answer.facts) == {"path": "2.1"}


async def test_where_no_way_is_found_the_model_answers_the_prompt() -> None:
    played = await play(
        "tree-of-thoughts", lambda call: " " if call.label == "propose" else "Answer: 24", PROBLEM
    )
    assert played.scripted.labels == ["propose", "answer"]
    assert played.calls[1].messages[-1].content == PROBLEM
    assert played.answer.steps[0].state == "empty"
    assert dict(played.answer.facts) == {"path": "none"}


async def test_a_value_that_cannot_be_read_ranks_above_impossible_and_votes_are_averaged() -> None:
    def odd(call: Call) -> Line:
        if call.label.startswith("value"):
            return {"value 1": "Value: impossible", "value 2": "Hm."}.get(call.label, "Value: impossible")
        return script(call)

    played = await play("tree-of-thoughts", odd, PROBLEM, depth=1, keep=1)
    assert dict(played.answer.facts) == {"path": "2"}
    assert [(s.label, s.value) for s in played.answer.steps if s.kind == "note"][1] == ("thought 2", None)

    def voted(call: Call) -> Line:
        if call.label.startswith("value"):
            return "Value: sure" if call.label.endswith(" 1") else "Value: likely"
        return script(call)

    played = await play("tree-of-thoughts", voted, PROBLEM, depth=1, votes=2, thoughts=1)
    assert played.scripted.labels == ["propose", "value 1 1", "value 1 2", "answer"]
    assert next(s.value for s in played.answer.steps if s.kind == "note") == 0.75


async def test_at_its_bound_the_best_path_so_far_is_the_answer() -> None:
    played = await play("tree-of-thoughts", script, PROBLEM, max_calls=5)
    assert (played.answer.finish, played.answer.calls) == ("length", 5)
    assert (played.answer.text, played.answer.extracted) == ("step 1", "step 1")
