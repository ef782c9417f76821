"""Techniques of one or two calls: exact messages, exact answers."""

from __future__ import annotations

import pytest

from playground.errors import PlaygroundError
from playground.techniques.base import Row, Task
from playground.techniques.graph_prompting import edges_in, edges_of, rest_of
from playground.types.generation import Message
from playground.types.prompt import Sampling
from tests.techniques.scripted import play

ROWS = tuple(
    Row({"rationale": f"Because {word} is hot."}, word, kind)
    for word, kind in (
        ("chili pepper", "spicy"),
        ("ice cream", "sweet"),
        ("hot curry", "spicy"),
        ("wasabi", "spicy"),
    )
)


def task(text: str, system: str = "", **more: object) -> Task:
    turns = (Message("system", system),) if system else ()
    return Task(messages=(*turns, Message("user", text)), **more)  # type: ignore[arg-type]


async def test_zero_shot_puts_the_system_turn_before_the_input() -> None:
    played = await play("zero-shot", ["Paris"], task("The Seine flows here.", "Name the city."))
    assert played.calls[0].messages == (
        Message("system", "You follow instructions exactly and answer briefly."),
        Message("user", "Name the city.\n\nThe Seine flows here."),
    )
    assert (played.answer.text, played.answer.extracted, played.answer.calls) == ("Paris", None, 1)
    played = await play("zero-shot", ["4"], "2 + 2?", answer="number")
    assert played.calls[0].messages[1].content == "2 + 2?"
    assert played.answer.extracted == "4"


async def test_few_shot_shows_the_others_and_never_the_case_itself() -> None:
    played = await play("few-shot", ["spicy"], task("wasabi", rows=ROWS))
    assert [(m.role, m.content) for m in played.calls[0].messages[1:]] == [
        ("user", "chili pepper"), ("assistant", "spicy"),
        ("user", "ice cream"), ("assistant", "sweet"),
        ("user", "hot curry"), ("assistant", "spicy"),
        ("user", "wasabi"),
    ]  # fmt: skip
    assert dict(played.answer.facts) == {"demonstrations": "3"}


async def test_few_shot_chooses_by_nearness_with_the_nearest_last_and_by_chance_from_the_seed() -> None:
    near = await play(
        "few-shot", ["x"], task("curry, very hot", rows=ROWS), choice="nearest", demonstrations=2
    )
    assert near.calls[0].messages[-3].content == "hot curry"
    drawn = [
        (await play("few-shot", ["x"], task("tea", rows=ROWS, sampling=Sampling(seed=seed)), choice="random", demonstrations=2))
        .calls[0].messages
        for seed in (1, 1, 2, 3, 4)
    ]  # fmt: skip
    assert drawn[0] == drawn[1]
    assert len(set(drawn)) > 1


async def test_few_shot_without_solved_cases_says_what_to_add() -> None:
    for rows in ((), (Row({}, "tea", ""),), (Row({}, "wasabi", "spicy"),)):
        with pytest.raises(PlaygroundError, match="no other case with an expected answer"):
            await play("few-shot", [], task("wasabi", rows=rows))


async def test_chain_of_thought_asks_for_steps_and_takes_the_answer_out() -> None:
    played = await play("chain-of-thought", ["3 and 5 are 8. The answer is 8."], task("3 + 5?", "Be exact."))
    assert played.calls[0].messages[-1].content == "Be exact.\n\n3 + 5?\n\nLet us think step by step."
    assert (played.answer.text, played.answer.extracted) == ("3 and 5 are 8. The answer is 8.", "8")
    assert played.answer.steps[0].extracted == "8"


async def test_chain_of_thought_with_demonstrations_shows_how_cases_were_solved() -> None:
    played = await play("chain-of-thought", ["So it is spicy."], task("mustard", rows=ROWS), demonstrations=1)
    assert [(m.role, m.content) for m in played.calls[0].messages[1:]] == [
        ("user", "wasabi"),
        ("assistant", "Because wasabi is hot. The answer is spicy."),
        ("user", "mustard"),
    ]
    with pytest.raises(PlaygroundError, match="No other case says how it was solved"):
        await play("chain-of-thought", [], task("x", rows=(Row({}, "a", "b"),)), demonstrations=1)


async def test_automatic_chain_of_thought_works_out_one_case_of_each_kind_once_for_all_cases() -> None:
    rows = tuple(
        Row({}, text, "1")
        for text in (
            "How many red apples?",
            "How many green apples?",
            "Which day comes next?",
            "Which day was before?",
        )
    )
    long = "so " * 200
    script = {
        "demonstration 1": "It is one. Answer: 1",
        "demonstration 2": f"{long} Answer: 2",
        "few-shot": "Answer: 5",
    }
    case = task("How many apples?", rows=rows)
    first = await play("auto-chain-of-thought", script, case, demonstrations=2)
    assert first.scripted.labels == ["demonstration 1", "demonstration 2", "few-shot"]
    worked = {call.messages[-1].content.splitlines()[0] for call in first.calls[:2]}
    assert {text.split()[0] for text in worked} == {"How", "Which"}
    assert [s.state for s in first.answer.steps] == ["kept", "pruned", ""]
    shown = first.calls[2].messages
    assert [m.role for m in shown] == ["system", "user", "assistant", "user"]
    assert shown[2].content == "It is one. The answer is 1."
    assert first.answer.extracted == "5"
    again = await play("auto-chain-of-thought", script, case, demonstrations=2)
    assert again.scripted.labels == ["few-shot"]


async def test_meta_prompting_gives_the_layout() -> None:
    played = await play("meta-prompting", ["Known: 3\nAnswer: 60 km"], "120 km in 2 h?")
    assert played.calls[0].messages[-1].content.startswith("Problem: 120 km in 2 h?\n\nKnown: <")
    assert played.answer.extracted == "60"


async def test_the_question_is_said_twice() -> None:
    played = await play("say-it-twice", ["Paris"], "Lyon or Paris?")
    assert played.calls[0].messages[-1].content == "Lyon or Paris?\n\nLyon or Paris?"
    played = await play("re-reading", ["It is 8."], "3 + 5?")
    assert played.calls[0].messages[-1].content == (
        "3 + 5?\nRead the question again: 3 + 5?\n\nLet us think step by step."
    )
    assert played.answer.extracted == "8"


async def test_the_hint_stands_in_the_answer_s_prompt_and_may_come_from_another_model() -> None:
    script = {"hint": "Nora; bakery\n- night ", "answer": "Nora bakes at night."}
    played = await play("directional-stimulus", script, "A text.", policy="scripted:small")
    assert [(call.label, call.model) for call in played.calls] == [("hint", "scripted:small"), ("answer", "")]
    assert "Nora; bakery; night" in played.calls[1].messages[-1].content
    assert played.answer.steps[1].parent == 1
    assert played.answer.text == "Nora bakes at night."
    empty = await play("directional-stimulus", {"hint": " ", "answer": "x"}, "A text.")
    assert "(none)" in empty.calls[1].messages[-1].content
    assert empty.answer.steps[0].state == "empty"


async def test_a_picture_goes_along_twice_and_without_one_nothing_is_sent() -> None:
    script = {"rationale": "It rains.", "answer": "No, it rains."}
    played = await play("multimodal-chain-of-thought", script, task("Chairs out?", images=("aGk=",)))
    assert [call.images for call in played.calls] == [("aGk=",), ("aGk=",)]
    assert played.calls[1].messages[-1].content.endswith("Rationale: It rains.")
    assert played.answer.extracted == "no"
    with pytest.raises(PlaygroundError, match="the case has none"):
        await play("multimodal-chain-of-thought", [], "Chairs out?")


@pytest.mark.parametrize(
    ("encoding", "line"),
    [
        ("adjacency", "(Ana, Ben), (Ben, Cleo)."),
        ("incident", "Ben"),
        ("sentences", "Ana and Ben are connected."),
    ],
)
async def test_a_graph_is_written_in_each_way(encoding: str, line: str) -> None:
    played = await play(
        "graph-prompting", ["Ben."], "Ana - Ben\nBen -> Cleo\nWho knows Ana?", encoding=encoding
    )
    sent = played.calls[0].messages[-1].content
    assert line in sent and "Who knows Ana?" in sent and "->" not in sent
    assert played.calls[0].label == encoding


async def test_a_case_without_a_graph_is_told_how_to_write_one() -> None:
    with pytest.raises(PlaygroundError, match="no graph"):
        await play("graph-prompting", [], "Who knows Ana?")


@pytest.mark.parametrize(
    ("text", "edges", "rest"),
    [
        (
            "A graph: (a, b), (b, c). Is there a cycle?",
            [("a", "b"), ("b", "c")],
            "A graph: , . Is there a cycle?",
        ),
        ("a -- b\nb—c\n\nHow long?", [("a", "b"), ("b", "c")], "How long?"),
        ("A well-known question?", [], "A well-known question?"),
    ],
)
def test_edges_are_read_from_text(text: str, edges: list[tuple[str, str]], rest: str) -> None:
    assert edges_in(text) == edges
    assert rest_of(text) == rest


@pytest.mark.parametrize(
    "value", [[["a", "b"]], [{"a": "a", "b": "b"}], '[["a", "b"]]', [("a", "b")]], ids=repr
)
def test_edges_are_read_from_a_variable(value: object) -> None:
    assert edges_of({"n": 3, "words": ["x"], "text": "[", "edges": value}) == [("a", "b")]
