"""Markdown, plain text and Modelfiles on the way in: turns by heading, role line or command, all text literally."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.errors import PromptError
from playground.formats import markdown, modelfile, text
from playground.formats.base import Export
from playground.templating import worker
from playground.types.generation import Message
from playground.types.prompt import Prompt, Sampling, Turn
from tests.examples import examples

TRICKY = [
    "```",
    "````",
    "~~~",
    "## User",
    "# x",
    "{{ x }}",
    "{%",
    "|",
    "\n",
    "\n\n",
    " ",
    "\t",
    '"',
    '"""',
    "FROM a",
    "#",
]
contents = st.lists(st.sampled_from(TRICKY) | st.text("ab\u4f60\U0001f469", max_size=4), max_size=5).map(
    "".join
)
chats = st.lists(
    st.builds(Message, st.sampled_from(["system", "user", "assistant"]), contents.filter(str.strip)),
    min_size=1,
    max_size=4,
).map(tuple)


def rendered(prompt: Prompt) -> list[tuple[str, str]]:
    return worker.render([(turn.role, turn.template) for turn in prompt.turns], {}, 100_000)


def told(messages: tuple[Message, ...]) -> list[tuple[str, str]]:
    """The messages as a prompt can hold them: without line breaks at the end."""
    return [(message.role, message.content.rstrip("\n")) for message in messages]


@settings(max_examples=examples(200), deadline=None)
@given(chats, st.text("ab*#_|<&\\`\u4f60 ", max_size=10), st.text("ab*#|\u4f60 ", max_size=10))
def test_a_written_page_reads_back_with_title_description_and_messages(
    messages: tuple[Message, ...], name: str, description: str
) -> None:
    prompt = Prompt(name=name, description=description)
    page = markdown.write(Export(prompt=prompt, messages=messages, answer="user", model="a:b")).text
    reading = markdown.read(page)
    assert rendered(reading.prompt) == told(messages)
    assert (reading.prompt.name, reading.prompt.description) == (name, description)
    assert reading.losses[:2] == (
        "table: where the text comes from is not kept",
        "answer: a prompt does not hold an answer",
    )


@settings(max_examples=examples(200), deadline=None)
@given(chats)
def test_a_written_text_reads_back_as_its_messages(messages: tuple[Message, ...]) -> None:
    written = text.write(Export(prompt=Prompt(name="A: b"), messages=messages, version_hash="3f2a"))
    reading = text.read(written.text)
    assert rendered(reading.prompt) == told(messages)
    assert reading.prompt.name == "A: b"


@settings(max_examples=examples(200), deadline=None)
@given(chats, st.lists(st.text('"\n #ab', min_size=1, max_size=5), max_size=2))
def test_a_written_modelfile_or_request_reads_back_as_messages_and_sampling(
    messages: tuple[Message, ...], stop: list[str]
) -> None:
    sampling = Sampling(temperature=0.25, top_k=7, seed=3, max_tokens=9, stop=tuple(stop))
    written = modelfile.write(
        Export(prompt=Prompt(name="try"), messages=messages, sampling=sampling, model="ollama:m")
    )
    reading = modelfile.read(written.text)
    assert rendered(reading.prompt) == told(messages)
    assert (reading.prompt.name, reading.prompt.sampling) == ("try", sampling)


@pytest.mark.parametrize(
    ("page", "turns"),
    [
        ("Just a\n\ntext with {{ braces }}\n", [("user", "Just a\n\ntext with {{ braces }}")]),
        ("# System\nBe brief.\n\n# user:\nHi\n\nthere\n", [("system", "Be brief."), ("user", "Hi\n\nthere")]),
        ("### **Assistant**\n~~~\na\n~~~\n\nmore", [("assistant", "~~~\na\n~~~\n\nmore")]),
        ("## User\n```python\n## System\nx\n```\n", [("user", "## System\nx")]),
        ("## User\n```\nnever closed\n## System\n", [("user", "```\nnever closed\n## System")]),
        ("## User\n```\na\n```\nb\n```\nc\n```\n", [("user", "```\na\n```\nb\n```\nc\n```")]),
        ("## Users\nx", [("user", "## Users\nx")]),
        ("## User\nuser:\nsystem:\n", [("user", "user:\nsystem:")]),
    ],
)
def test_pages_by_people_are_read_literally(page: str, turns: list[tuple[str, str]]) -> None:
    assert rendered(markdown.read(page.replace("\n", "\r\n")).prompt) == turns


@pytest.mark.parametrize(
    ("body", "turns"),
    [
        ("Only {{ text }}\n", [("user", "Only {{ text }}")]),
        ("Be brief.\n\nUser:\nHi\n", [("system", "Be brief."), ("user", "Hi")]),
        ("Prompt: a\n\nuser:\nHi\n\nanswer:\nHo\n", [("user", "Hi")]),
        ("user: not a line of its own", [("user", "user: not a line of its own")]),
    ],
)
def test_texts_by_people_are_read_literally(body: str, turns: list[tuple[str, str]]) -> None:
    reading = text.read("\ufeff" + body)
    assert rendered(reading.prompt) == turns
    assert ("{{" in body) == any(loss.startswith("variables") for loss in reading.losses)


def test_a_foreign_modelfile_is_read_and_names_what_it_loses() -> None:
    reading = modelfile.read(
        "# Comment\nfrom llama3:8b\nPARAMETER temperature 0.5\nPARAMETER num_ctx 4096\nPARAMETER stop <|end|>\n"
        'PARAMETER stop "a b"\nPARAMETER top_p 7\n  SYSTEM """You are\n{{ brief }}.\n"""\nTEMPLATE """{{ .Prompt }}"""\n'
        "ADAPTER ./x.gguf\nMESSAGE user Hi there  \nmessage assistant Ho\nLICENSE MIT\n"
    )
    assert rendered(reading.prompt) == [
        ("system", "You are\n{{ brief }}."),
        ("user", "Hi there"),
        ("assistant", "Ho"),
    ]
    assert reading.prompt.sampling == Sampling(temperature=0.5, stop=("<|end|>", "a b"), seed=None)
    assert {loss.split(":")[0] for loss in reading.losses} == {
        "FROM", "TEMPLATE", "ADAPTER", "LICENSE", "PARAMETER.num_ctx", "top_p",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ("FROM a\nHELLO b", "x, line 2: 'HELLO b' is no command"),
        ("FROM", "x, line 1: "),
        ("FROM a\nPARAMETER  b c", "x, line 2: PARAMETER needs"),
        ('FROM a\n\nSYSTEM """b\nc', "x, line 3: the text is never closed"),
        ("FROM a\nPARAMETER temperature", "x, line 2: PARAMETER needs"),
        ('{"from": "a"', "x, line 1: "),
        ("FROM a\n#" + "b" * 2_000_001, "x is larger"),
    ],
)
def test_broken_modelfiles_are_refused_with_file_and_line(body: str, place: str) -> None:
    with pytest.raises(PromptError) as caught:
        modelfile.read(body, "x")
    assert caught.value.message.startswith(place)
    assert caught.value.hint


@pytest.mark.parametrize("read", [markdown.read, text.read])
def test_pages_beyond_the_size_limit_are_refused(read: Any) -> None:
    with pytest.raises(PromptError, match="x is larger"):
        read("a" * 2_000_001, "x")


def test_long_lines_that_almost_match_are_read_in_linear_time() -> None:
    for line in (
        "# user" + " " * 900_000 + "x",
        "#" + " " * 900_000 + "x",
        "Score a: " * 100_000 + "\n\nuser:\nx",
    ):
        assert len(markdown.read(line).prompt.turns) == 1
        assert text.read(line).prompt.turns
    assert modelfile.read('FROM a\nSYSTEM """' + "\n" * 500_000 + '"""').prompt.turns == (
        Turn(role="system", template=""),
    )


@pytest.mark.parametrize(
    ("body", "losses"),
    [
        ("FROM x\nPARAMETER num_ctx 4096\n", ["FROM", "PARAMETER.num_ctx", "turns"]),
        ("FROM\tx\nparameter\ttemperature\t0.5\n", ["FROM", "turns"]),
        ("FROM x\nMESSAGE tool 42\n", ["FROM", "MESSAGE in line 2"]),
        ('{"from": "x", "system": 3, "messages": [3]}', ["from", "messages"]),
    ],
)
def test_a_modelfile_is_taken_as_what_it_is(body: str, losses: list[str]) -> None:
    reading = modelfile.read(body, "x.Modelfile")
    assert [loss.partition(":")[0] for loss in reading.losses] == losses
    assert len(reading.prompt.turns) == 1


def test_facts_above_a_page_are_no_part_of_the_prompt() -> None:
    reading = markdown.read("---\nmode: agent\ndescription: Reviews\n---\nReview this.\n")
    assert (reading.prompt.description, reading.prompt.turns[0].template) == ("Reviews", "Review this.")
    assert reading.losses == ("mode: there is no such field here",)
