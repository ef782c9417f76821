"""Markdown, plain text, file names and the table of formats."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from playground.formats import markdown
from playground.formats.base import Export, ascii_name, file_name
from playground.formats.registry import FORMATS
from playground.types.generation import Message
from playground.types.prompt import Input, Prompt, Turn
from playground.types.scores import Score
from tests.sampled import ran_with

EXPORT = Export(
    prompt=Prompt(name="Greeting <b>", description="Says | hello.", inputs=(Input(name="a"),)),
    values={"a": "x"},
    messages=(Message("system", "Be brief."), Message("user", "```\n# Hi\n```\n  indented ")),
    answer="Hello",
    model="llama.cpp:SmolLM2",
    sampling=ran_with(stop=("\n",)),
    version_hash="3f2a",
    scores=(Score('contains "Hello"', 1.0, "Hello", "found it"), Score("json", None, "", "")),
    created=datetime(2026, 1, 2, tzinfo=UTC),
)


@pytest.mark.parametrize(
    ("name", "file", "losses"),
    [
        ("markdown", "greeting-b.md", ()),
        ("text", "greeting-b.txt", ("description: this format has no such field",)),
    ],
)
@pytest.mark.usefixtures("in_india")
def test_the_written_page_with_the_time_here_equals_the_golden_one(
    name: str, file: str, losses: tuple[str, ...], golden: Any
) -> None:
    written = FORMATS[name].write(EXPORT)
    golden(file, written.text)
    assert written.name == file
    assert written.losses == (
        "variables: the text is rendered with the values of this run",
        *losses,
        "sampling: it stands in the file for people, and is not read back",
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("markdown", "| Sample | 3 of 8 |"),
        ("text", "Sample: 3 of 8"),
        ("modelfile", "# Sample: 3 of 8"),
        ("openai", '"sample": "3 of 8"'),
        ("jinja", None),
    ],
)
def test_a_file_of_one_sample_says_which_of_how_many_or_that_it_does_not(
    name: str, words: str | None
) -> None:
    written = FORMATS[name].write(replace(EXPORT, sample=(3, 8)))
    assert ("samples: this format has no such field" in written.losses) is (words is None)
    assert words is None or words in written.text
    assert "Sample: " not in FORMATS["text"].write(EXPORT).text


@given(st.lists(st.text("`~#<>|\n \tab", max_size=20), min_size=1, max_size=3), st.text(max_size=20))
def test_no_message_or_name_breaks_out_of_its_place_in_markdown(contents: list[str], name: str) -> None:
    messages = tuple(Message("user", content) for content in contents)
    page = markdown.write(Export(prompt=Prompt(name=name), messages=messages, answer="end")).text
    tokens = MarkdownIt("commonmark", {"html": True}).parse(page)
    fences = [token.content for token in tokens if token.type == "fence"]
    # CommonMark reads a NUL as U+FFFD; none is drawn here.
    assert fences == [content + "\n" for content in [*contents, "end"]]
    assert sum(token.type == "heading_open" for token in tokens) == len(contents) + 1 + bool(name)
    assert not any(token.type.startswith("html") for token in tokens)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Extract to JSON", "extract-to-json.txt"),
        ("", "prompt.txt"),
        ("../../etc/passwd", "etc-passwd.txt"),
        ("/", "prompt.txt"),
        ("a\x00b", "a-b.txt"),
        ("CON", "prompt-con.txt"),
        ("lpt1", "prompt-lpt1.txt"),
        ("\u4f60\u597d", "\u4f60\u597d.txt"),
        ("情感分类（三类，少样本）", "情感分类-三类-少样本.txt"),
        ("ＡＢＣ　退款 v2", "abc-退款-v2.txt"),
        ("カフェ 한국어", "カフェ-한국어.txt"),
        ("Straße", "strasse.txt"),
        ("提" * 300, "提" * 60 + ".txt"),
        ("👍", "prompt.txt"),
        ("Caf\u00e9", "cafe.txt"),
        ("x" * 300, "x" * 60 + ".txt"),
        ("<img onerror=alert(1)>", "img-onerror-alert-1.txt"),
    ],
)
def test_any_prompt_name_gives_a_safe_file_name(name: str, expected: str) -> None:
    assert file_name(name, ".txt") == expected


@given(st.text(max_size=400))
def test_file_names_hold_only_letters_digits_and_hyphens(name: str) -> None:
    stem = file_name(name, "")
    assert 1 <= len(stem) <= 67 and len(stem.encode()) < 200
    assert all(char == "-" or char.isalnum() or unicodedata.category(char).startswith("M") for char in stem)
    assert not stem.startswith("-") and not stem.endswith("-")


@given(st.text(max_size=400))
def test_names_for_other_programs_hold_only_ascii_letters_digits_and_hyphens(name: str) -> None:
    stem = ascii_name(name)
    assert 1 <= len(stem) <= 67
    assert set(stem) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert not stem.startswith("-") and not stem.endswith("-")


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_writes_an_empty_prompt_under_its_own_suffix(name: str) -> None:
    row = FORMATS[name]
    written = row.write(Export(prompt=Prompt()))
    assert row.name == name and row.label
    assert written.name == "prompt" + row.suffix and written.media_type == row.media_type


@pytest.mark.parametrize("name", [name for name, row in FORMATS.items() if not row.only_cases])
def test_a_plain_prompt_comes_back_from_every_format_with_its_text(name: str) -> None:
    prompt = Prompt(name="Greet", turns=(Turn(role="user", template="Say hello."),))
    export = Export(prompt=prompt, messages=(Message("user", "Say hello."),), model="ollama:m")
    written = FORMATS[name].write(export)
    read = FORMATS[name].read
    assert read is not None
    assert [reading.prompt.turns for reading in read(written.text, written.name)] == [prompt.turns]
