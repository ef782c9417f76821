"""Techniques whose calls build on each other: chains, lessons, parts, checks, and instructions that are scored."""

from __future__ import annotations

from typing import Any

import pytest

from playground.techniques.base import Document, Row, Task, Verdict
from playground.techniques.calls import Call
from playground.techniques.nearness import clusters, nearest
from playground.techniques.options import OptionsError
from playground.techniques.prompt_chaining import cut_out
from playground.techniques.registry import rows, technique_of
from playground.types.generation import Message
from playground.types.prompt import Prompt, Sampling, Turn
from tests.techniques.scripted import Line, play

CASE = Task(
    messages=(Message("user", "How long is the pool closed?"),), documents=(Document("pool", "Three weeks."),)
)


async def test_a_chain_gives_each_prompt_what_came_before() -> None:
    script = {"quotes": "Here: <quotes>\nClosed three weeks.\n</quotes> Good?", "answer": "Three weeks."}
    played = await play("prompt-chaining", script, CASE)
    assert played.scripted.labels == ["quotes", "answer"]
    assert (
        "<document>\nThree weeks.\n</document>\n\nQuestion: How long" in played.calls[0].messages[-1].content
    )
    assert played.calls[1].messages[-1].content == (
        "<quotes>\nClosed three weeks.\n</quotes>\n\nQuestion: How long is the pool closed?"
    )
    assert [(s.label, s.parent, s.extracted) for s in played.answer.steps] == [
        ("quotes", None, "\nClosed three weeks.\n"), ("answer", 1, None),
    ]  # fmt: skip
    assert played.answer.text == "Three weeks."
    assert played.answer.calls == 2


async def test_a_link_that_finds_nothing_gives_the_whole_text_on() -> None:
    played = await play("prompt-chaining", {"quotes": "No tags here.", "answer": "x"}, CASE)
    assert "<quotes>\nNo tags here.\n</quotes>" in played.calls[1].messages[-1].content
    assert played.answer.steps[0].state == "not found"


async def test_an_own_chain_with_a_json_path_and_a_name_of_the_program() -> None:
    chain = [{"prompt": "a", "extract": "$.items[1].name"}, {"prompt": "b", "as": "last"}]
    prompts = {
        "step_1": Prompt(turns=(Turn(role="user", template="List: {{ text }}"),)),
        "last": Prompt(turns=(Turn(role="user", template="Use {{ step_1 }}"),)),
    }
    played = await play_own(chain, prompts, ['Sure: {"items": [{"name": "x"}, {"name": "y"}]} done', "ok"])
    assert played == ["List: How long is the pool closed?", "Use y"]


async def play_own(chain: list[dict[str, str]], prompts: dict[str, Prompt], script: list[str]) -> list[str]:
    from tests.techniques import scripted

    row = technique_of("prompt-chaining")
    options = row.read({"chain": chain})
    lines = scripted.Scripted(script)
    ask = scripted.Ask(lines.send, scripted.render, prompts)
    await scripted.run_technique(row, CASE, ask, {}, options)
    return lines.texts


@pytest.mark.parametrize(
    ("text", "rule", "found"),
    [
        ("a <q>x\ny</q>", "<q>(.*?)</q>", "x\ny"),
        ("no", "<q>(.*?)</q>", None),
        ("number 12", r"\d+", "12"),
        ('{"a": {"b": [1, {"c": "d"}]}}', "$.a.b[1].c", "d"),
        ("text [1, 2] more", "$[1]", "2"),
        ('{"a": 1}', "$.b", None),
        ("{broken", "$.a", None),
        ("nothing", "$", None),
        ('{"a": 1}', "$.a[0]", None),
        ("a" * 40 + "!", r"(a|aa)+$", None),
    ],
)
def test_what_a_link_cuts_out(text: str, rule: str, found: str | None) -> None:
    assert cut_out(text, rule) == found


@pytest.mark.parametrize(
    ("chain", "reason"),
    [
        ([], "at least 1"),
        ([{"as": "x"}], "prompt 1 of the chain names no prompt"),
        ([{"prompt": "a"}, {"prompt": "b", "name": "x"}], 'prompt 2 of the chain has "name"; known are prompt, as, extract'),
        ([{"prompt": "a", "as": "x"}, {"prompt": "b", "as": "x"}], 'prompt 1 of the chain is called "x"'),
        ([{"prompt": "a", "as": "my step"}], 'prompt 1 of the chain is called "my step"'),
        ([{"prompt": "a", "extract": "("}], "prompt 1 of the chain has a pattern that cannot be read"),
        ([{"prompt": "a", "extract": "$.a["}], "prompt 1 of the chain has a JSON path that cannot be read: $.a["),
        ("nonsense", "this needs a list"),
    ],
)  # fmt: skip
def test_a_chain_that_cannot_run_says_why_before_it_does(chain: Any, reason: str) -> None:
    with pytest.raises(OptionsError) as wrong:
        technique_of("prompt-chaining").read({"chain": chain})
    assert reason in str(wrong.value)


async def test_reflexion_learns_from_the_model_s_verdict_and_stops_at_success() -> None:
    script = {
        "act 1": "A cat.", "evaluate 1": "No milk. Verdict: fail", "reflect 1": "I forgot the milk.\nNext time milk.",
        "act 2": "A cat with milk.", "evaluate 2": "Verdict: pass",
    }  # fmt: skip
    played = await play("reflexion", script, "A sentence with milk.")
    assert played.scripted.labels == ["act 1", "evaluate 1", "reflect 1", "act 2", "evaluate 2"]
    assert [call.sampling.seed for call in played.calls if call.label.startswith("act")] == [42, 43]
    assert "What you learned" not in played.calls[0].messages[0].content
    assert played.calls[2].messages[-1].content == (
        "Task: A sentence with milk.\nYour result: A cat.\nFeedback: No milk. Verdict: fail"
    )
    assert played.calls[3].messages[0].content.endswith("earlier tries:\nI forgot the milk. Next time milk.")
    memory = next(s for s in played.answer.steps if s.label == "memory")
    assert (memory.kind, memory.output, memory.parent) == ("note", "I forgot the milk. Next time milk.", 3)
    assert (played.answer.text, dict(played.answer.facts)) == ("A cat with milk.", {"tries": "2 of 3"})
    assert [s.state for s in played.answer.steps if s.label.startswith("act")] == ["failed", "answer"]


async def test_reflexion_by_checks_costs_no_evaluation_and_ends_with_its_last_try() -> None:
    case = Task(messages=CASE.messages, check=lambda text, values: Verdict(float("milk" in text), "no milk"))
    played = await play("reflexion", {"act": ["a", "b", "c"], "reflect": ["l1", " "]}, case)
    assert played.scripted.labels == ["act 1", "reflect 1", "act 2", "reflect 2", "act 3"]
    assert played.calls[4].messages[0].content.endswith("earlier tries:\nl1")  # the empty lesson is none
    assert (played.answer.text, played.answer.finish) == ("c", "stop")
    won = await play("reflexion", ["milk"], case)
    assert won.scripted.labels == ["act 1"]


async def test_a_verdict_that_cannot_be_read_is_no_success() -> None:
    played = await play("reflexion", {"act": "x", "evaluate": "Hm.", "reflect": "l"}, "t", trials=2)
    assert played.answer.calls == 5
    assert [s.state for s in played.answer.steps if s.label.startswith("evaluate")] == ["no verdict"] * 2


async def test_least_to_most_answers_the_parts_in_order_and_the_question_last() -> None:
    script = {
        "decompose": "1. How many?\n2. How much?",
        "part 1": "Two.",
        "part 2": "Four.",
        "answer": "So 8.",
    }
    played = await play("least-to-most", script, Task(messages=(Message("user", "What do all pay?"),)))
    assert played.scripted.labels == ["decompose", "part 1", "part 2", "answer"]
    assert played.calls[3].messages[-1].content == (
        "Known: What do all pay?\nQ: How many?\nA: Two.\nQ: How much?\nA: Four.\nQ: What do all pay?"
    )
    assert (played.answer.text, played.answer.extracted, dict(played.answer.facts)) == (
        "So 8.",
        "8",
        {"parts": "2"},
    )
    none = await play("least-to-most", {"decompose": " ", "answer": "8"}, "What do all pay?")
    assert none.scripted.labels == ["decompose", "answer"]


async def test_chain_of_verification_checks_without_seeing_the_answer() -> None:
    script = {
        "draft": "Saturn and Mars.", "plan": "1. Has Saturn rings?\n2. Has Mars rings?",
        "verify 1": "Yes.", "verify 2": "No.", "answer": "Saturn.",
    }  # fmt: skip
    played = await play("chain-of-verification", script, "Planets with rings?")
    assert played.scripted.labels == ["draft", "plan", "verify 1", "verify 2", "answer"]
    assert [c.messages[-1].content for c in played.calls[2:4]] == ["Has Saturn rings?", "Has Mars rings?"]
    assert "- Has Saturn rings? Yes.\n- Has Mars rings? No.\n" in played.calls[4].messages[-1].content
    assert played.scripted.most_at_once == 2
    assert (played.answer.text, played.answer.calls) == ("Saturn.", 5)
    nothing = await play("chain-of-verification", {"draft": "Saturn.", "plan": ""}, "Planets?")
    assert (nothing.answer.text, nothing.answer.calls) == ("Saturn.", 2)


async def test_mixture_of_agents_asks_each_model_and_puts_their_answers_together() -> None:
    script = {"answer 1.1": "blue", "answer 1.2": " ", "combine": "It is blue."}
    played = await play("mixture-of-agents", script, "Why?", proposers=["a:one", "b:two"])
    assert [(call.label, call.model) for call in played.calls] == [
        ("answer 1.1", "a:one"), ("answer 1.2", "b:two"), ("combine", ""),
    ]  # fmt: skip
    assert played.calls[2].messages[-1].content == "Answer 1: blue\n\nQuestion: Why?"
    assert played.answer.text == "It is blue."


async def test_mixture_of_agents_in_layers_sees_the_last_answers() -> None:
    played = await play("mixture-of-agents", lambda call: call.label, "Why?", layers=2, answers=2)
    assert played.scripted.labels == ["answer 1.1", "answer 1.2", "answer 2.1", "answer 2.2", "combine"]
    assert (
        played.calls[2].messages[-1].content
        == "Answer 1: answer 1.1\n\nAnswer 2: answer 1.2\n\nQuestion: Why?"
    )
    assert [call.sampling.seed for call in played.calls] == [42, 43, 42, 43, 42]
    assert played.answer.calls == 5


ROWS = tuple(Row({"n": n}, f"word {n}", f"drow {n}") for n in range(12))


async def test_the_prompt_engineer_scores_each_instruction_and_tries_the_best_on_others() -> None:
    def script(call: Call) -> Line:
        if call.label.startswith("propose"):
            return {"propose 1": "Copy.", "propose 2": "Reverse.", "propose 3": "copy", "propose 4": " "}[
                call.label
            ]
        order, _, word = call.messages[-1].content.partition("\n\n")
        return word.replace("word", "drow") if order == "Reverse." else word

    played = await play(
        "automatic-prompt-engineer",
        script,
        Task(rows=ROWS, sampling=Sampling(seed=3)),
        candidates=4,
        cases=3,
        held_out=2,
    )
    labels = played.scripted.labels
    assert [label for label in labels if label.startswith("propose")] == [
        f"propose {n}" for n in (1, 2, 3, 4)
    ]
    assert (
        len([label for label in labels if label.startswith("case")]) == 2 * 3
    )  # the third says the first again
    assert len([label for label in labels if label.startswith("held out")]) == 2
    assert played.answer.extracted == played.answer.text == "Reverse."
    assert dict(played.answer.facts) == {"training": "100% of 3", "held_out": "100% of 2"}
    tried = {call.label[:4]: set() for call in played.calls}
    for call in played.calls:
        tried[call.label[:4]].add(call.messages[-1].content.partition("\n\n")[2])
    assert tried["case"] and not tried["case"] & tried["held"]
    assert [s.state for s in played.answer.steps[:4]] == ["", "answer", "the same", "empty"]


async def test_the_prompt_engineer_rewords_the_best() -> None:
    def script(call: Call) -> Line:
        if call.label.startswith("propose"):
            return "Copy."
        if call.label.startswith("reword"):
            return "Reverse."
        order, _, word = call.messages[-1].content.partition("\n\n")
        return word.replace("word", "drow") if order == "Reverse." else word

    case = Task(rows=ROWS, check=lambda text, values: Verdict(float(text == f"drow {values['n']}")))
    played = await play(
        "automatic-prompt-engineer", script, case, candidates=1, cases=2, held_out=0, rounds=1
    )
    assert played.scripted.labels == ["propose", "case 1.1", "case 1.2", "reword 1.1", "case 1.1", "case 1.2"]
    assert (played.answer.text, dict(played.answer.facts)) == ("Reverse.", {"training": "100% of 2"})


def test_like_texts_are_near_and_grouped() -> None:
    texts = ["red apples", "which day", "green apples", "what day is it", "苹果有几个", "苹果多少钱"]
    assert nearest("three apples", texts, 2) == [0, 2]
    groups = clusters(texts, 3, seed=1)
    assert sorted(sorted(group) for group in groups) == [[0, 2], [1, 3], [4, 5]]
    assert clusters(texts, 3, seed=1) == groups
    assert clusters(["a"], 4, seed=0) == [[0]]


def test_the_guide_s_techniques_are_told_from_the_others() -> None:
    besides = {name for name, row in rows().items() if not row.is_in_guide}
    assert besides >= {
        "say-it-twice",
        "re-reading",
        "best-of-n",
        "least-to-most",
        "chain-of-verification",
        "mixture-of-agents",
    }
