"""The Chinese wordings of the shipped patterns: whole, Chinese throughout, and standing for the same as the English ones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from playground.formats import prompty
from playground.library.shipped import Library, Note, Pattern, plain, shipped_folder
from playground.lint.rules import lint
from playground.scorers import check_problem, passed, score_all
from playground.templating.rendering import Renderer, check, normalise, variables
from playground.translation.shown import chinese
from playground.translation.words import WORDS
from playground.types.prompt import Input, example_values
from playground.types.scores import Sample

SHIPPED = Library(shipped_folder())
CHINESE = [pattern for pattern in SHIPPED.files() if pattern.slug.endswith(".zh")]
ENGLISH_WORD = re.compile(r"[A-Za-z]{2,}(?:[ ,;:'’-]+[A-Za-z]+){3,}")
"""Four words in a row that no Chinese sentence has; names, code and labels are shorter."""
MAY_BE_ENGLISH = {"techniques/pal/again.zh"}  # shows Python's own message of an error
"""Slugs whose task is about an English text, with the reason beside them."""
each = pytest.mark.parametrize("pattern", CHINESE, ids=lambda pattern: pattern.slug)


def english_of(pattern: Pattern) -> Pattern:
    return SHIPPED.get(plain(pattern.slug))


def is_chinese(text: str) -> bool:
    return bool(re.search("[\u4e00-\u9fff]", text))


def without_code(text: str) -> str:
    """Text for people: fenced code, template tags, LaTeX and quoted English taken out."""
    text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    return re.sub(r"\{\{.*?\}\}|\{%.*?%\}|^ *\\.*$|^.*[;={}].*$", "", text, flags=re.DOTALL | re.MULTILINE)


def test_every_pattern_and_every_note_has_a_chinese_wording() -> None:
    assert [p.slug for p in SHIPPED.patterns("zh") if p not in CHINESE] == []
    assert [note.slug for note in SHIPPED.notes("zh") if not note.slug.endswith(".zh")] == []
    assert [p.slug for p in CHINESE if english_of(p).slug == p.slug] == []


@each
def test_a_chinese_wording_reads_without_loss_and_survives_writing(pattern: Pattern) -> None:
    assert pattern.error is None and pattern.losses == ()
    text, losses = prompty.dump(pattern.prompt)
    assert (losses, prompty.read(text).prompt) == ((), pattern.prompt)
    assert pattern.prompt.turns == normalise(pattern.prompt.turns)


@each
def test_a_chinese_wording_stands_for_the_same_pattern(pattern: Pattern) -> None:
    prompt, english = pattern.prompt, english_of(pattern).prompt
    assert (prompt.name, prompt.description) == (english.name_zh, english.description_zh)
    assert (prompt.name_zh, prompt.description_zh, prompt.language) == ("", "", "zh")
    assert prompt.tried_on and all(re.fullmatch(r"\S.* \d+/\d+", row) for row in prompt.tried_on)
    same = ("family", "technique", "source", "tags")
    assert {name: getattr(prompt, name) for name in same} == {name: getattr(english, name) for name in same}
    assert prompt.sampling is not None and english.sampling is not None
    assert prompt.sampling.max_tokens <= 256
    assert bool(prompt.sampling.temperature) == bool(english.sampling.temperature)
    assert bool(prompt.sampling.stop) == bool(english.sampling.stop)
    assert [turn.role for turn in prompt.turns][0] == "system"


@each
def test_a_chinese_wording_takes_the_same_values(pattern: Pattern) -> None:
    def shape(item: Input) -> tuple[Any, ...]:
        return item.name, item.kind, item.required, len(item.choices), tuple(map(shape, item.fields))

    prompt = pattern.prompt
    assert list(map(shape, prompt.inputs)) == list(map(shape, english_of(pattern).prompt.inputs))
    assert {item.name for item in variables(prompt.turns)} == {item.name for item in prompt.inputs}
    assert check(prompt.turns, {item.name for item in prompt.inputs}) == []
    for item in prompt.inputs:
        assert item.example not in (None, "", []) and (not item.choices or item.example in item.choices)


@each
def test_a_chinese_wording_is_chinese_throughout(pattern: Pattern) -> None:
    prompt = pattern.prompt
    for text in (prompt.use_when, prompt.avoid_when, *(item.description for item in prompt.inputs)):
        assert is_chinese(text) and "\n" not in text
    assert is_chinese(prompt.turns[0].template)
    if pattern.slug in MAY_BE_ENGLISH:
        return
    texts = [turn.template for turn in prompt.turns]
    texts += [text for item in prompt.inputs for text in _texts(item.example)]
    assert [found[0] for text in texts if (found := ENGLISH_WORD.search(without_code(text)))] == []
    comments = re.findall(
        r"^ *# (.*)$", pattern.file.read_text("utf-8").partition("\n---\n")[0], re.MULTILINE
    )
    assert comments and all(map(is_chinese, comments))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


@each
def test_the_checks_of_a_chinese_wording_count_as_chinese_does(pattern: Pattern) -> None:
    prompt = pattern.prompt
    assert prompt.checks and [check_problem(row) for row in prompt.checks] == [None] * len(prompt.checks)
    assert all(row.options.get("unit", "words") != "words" for row in prompt.checks if row.scorer == "length")
    assert any(row.example for row in prompt.checks) >= any(
        row.example for row in english_of(pattern).prompt.checks
    )
    scores = score_all(prompt.checks, Sample("", "stop", example_values(prompt)))
    assert not all(passed(score) for score in scores)


@each
def test_a_chinese_wording_gets_no_advice_that_is_wrong(pattern: Pattern) -> None:
    assert list(lint(pattern.prompt, example_values(pattern.prompt))) == []


@pytest.mark.parametrize("note", SHIPPED.notes("zh"), ids=lambda note: note.slug)
def test_a_note_is_worded_in_chinese_beside_the_english_one(note: Note) -> None:
    english = SHIPPED.note(plain(note.slug))
    assert note.slug == f"{english.slug}.zh" and note.error is None
    assert (note.title, note.patterns, note.source) == (english.title_zh, english.patterns, english.source)
    assert is_chinese(note.text) and not ENGLISH_WORD.search(note.text)
    quoted = re.findall(r"“([^”]{6,})”", note.text) if note.slug == "elements.zh" else []
    turns = SHIPPED.get("hub/question-answering/given-context.zh").prompt.turns
    named = "依据给定文本回答"
    assert all(any(text in turn.template for turn in turns) for text in quoted if text != named)


async def test_every_chinese_wording_renders_with_its_own_example_and_without_what_is_optional() -> None:
    renderer = Renderer(seconds=10, chars=100_000)
    try:
        for pattern in CHINESE:
            inputs = pattern.prompt.inputs
            values = example_values(pattern.prompt)
            absent = {item.name: item.default for item in inputs if not item.required}
            for given in (values, values | absent):
                messages = await renderer.render(pattern.prompt.turns, given)
                assert messages[0].role == "system" and messages[-1].role == "user", pattern.slug
                for message in messages:
                    assert message.content.strip() == message.content != "", pattern.slug
                    assert "{{" not in message.content and "\n\n\n" not in message.content, pattern.slug
                for item in inputs:
                    if isinstance(example := given.get(item.name), str) and example:
                        assert any(example in message.content for message in messages), pattern.slug
    finally:
        await renderer.close()


def test_families_tags_and_kinds_of_inputs_are_shown_in_chinese() -> None:
    words = {*SHIPPED.families(), *SHIPPED.tags()}
    words |= {item.kind.replace("_", " ") for p in SHIPPED.files() for item in p.prompt.inputs}
    assert words <= {*WORDS}
    assert [word for word in words if chinese().of(word) == word] == []
