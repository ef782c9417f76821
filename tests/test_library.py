"""The library: found and searched, robust against bad files; and every shipped pattern does what it says."""

from __future__ import annotations

import string
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from playground.backends.base import complete
from playground.backends.llamacpp import LlamaCppBackend
from playground.errors import NotFoundError, PromptError
from playground.formats import prompty
from playground.library import Library, Pattern, read_prompt, shipped_folder
from playground.scorers import check_problem, passed, score_all
from playground.settings import Settings
from playground.templates import Renderer, check, normalise, variables
from playground.types import GenerationRequest, InputKind, Message, Prompt, Sample, Sampling

SHIPPED = Library(shipped_folder())
PATTERNS = SHIPPED.patterns()
each = pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.slug)

# Patterns whose checks the embedded model (135M) passes on their own example. What it cannot do stays out.
MUST_PASS = {
    "hub/classification/sentiment",
    "hub/coding/explain-code",
    "hub/creativity/rewrite-tone",
    "hub/evaluation/judge-answer",
    "hub/information-extraction/extract-json",
    "hub/question-answering/closed-book",
    "hub/question-answering/given-context",
    "hub/text-summarization/summarise",
    "techniques/chain-of-thought/zero-shot",
    "techniques/few-shot/as-turns",
    "techniques/role/role",
    "techniques/zero-shot/instruct",
}


def examples(prompt: Prompt) -> dict[str, Any]:
    return {item.name: item.example if item.example is not None else item.default for item in prompt.inputs}


@pytest.fixture
async def renderer() -> AsyncIterator[Renderer]:
    renderer = Renderer(seconds=10, chars=100_000)
    yield renderer
    await renderer.close()


# --- the shipped patterns -------------------------------------------------------------------------------


def test_the_shipped_library_has_its_twelve_patterns() -> None:
    assert {pattern.slug for pattern in PATTERNS} >= MUST_PASS
    assert len({pattern.prompt.name for pattern in PATTERNS}) == len(PATTERNS) >= 12


@each
def test_a_shipped_pattern_reads_without_error_or_loss(pattern: Pattern) -> None:
    assert pattern.error is None
    assert pattern.losses == ()


@each
def test_a_shipped_pattern_says_what_it_is_for(pattern: Pattern) -> None:
    prompt = pattern.prompt
    texts = (prompt.name, prompt.description, prompt.use_when, prompt.avoid_when, prompt.technique)
    assert all(text.strip() and "\n" not in text for text in texts)
    assert prompt.tags and prompt.checks
    assert prompt.source.startswith("https://www.promptingguide.ai/")
    folder, category, _ = pattern.slug.split("/")
    assert prompt.family == (folder if folder == "techniques" else category.replace("-", " "))


@each
def test_a_shipped_pattern_is_greedy_and_bounded(pattern: Pattern) -> None:
    sampling = pattern.prompt.sampling
    assert sampling is not None
    assert sampling == Sampling(max_tokens=sampling.max_tokens) and sampling.max_tokens <= 256


@each
def test_a_shipped_pattern_starts_with_a_system_turn(pattern: Pattern) -> None:
    """Without one, the chat templates of different servers add different texts of their own."""
    assert pattern.prompt.turns[0].role == "system"


@each
def test_the_inputs_of_a_shipped_pattern_are_its_variables_each_with_a_filled_example(
    pattern: Pattern,
) -> None:
    prompt = pattern.prompt
    assert {item.name for item in variables(prompt.turns)} == {item.name for item in prompt.inputs}
    assert check(prompt.turns, {item.name for item in prompt.inputs}) == []
    fits: dict[InputKind, type | tuple[type, ...]] = {
        "text": str,
        "long_text": str,
        "number": (int, float),
        "choice": str,
        "boolean": bool,
        "examples": list,
    }
    for item in prompt.inputs:
        assert item.description
        assert isinstance(item.example, fits[item.kind]) and item.example != ""
        assert (item.kind == "choice") == bool(item.choices) and (
            not item.choices or item.example in item.choices
        )


def test_the_shipped_patterns_use_every_kind_of_input() -> None:
    kinds = {item.kind for pattern in PATTERNS for item in pattern.prompt.inputs}
    assert kinds == {"text", "long_text", "number", "choice", "boolean", "examples"}


@each
async def test_a_shipped_pattern_renders_with_its_own_example(pattern: Pattern, renderer: Renderer) -> None:
    messages = await renderer.render(pattern.prompt.turns, examples(pattern.prompt))
    assert messages[0].role == "system" and messages[-1].role == "user"
    for message in messages:
        assert message.content == message.content.strip()
        assert "{{" not in message.content and "\n\n\n" not in message.content
    for item in pattern.prompt.inputs:
        if isinstance(item.example, str):
            assert any(item.example in message.content for message in messages)


@each
def test_the_checks_of_a_shipped_pattern_can_be_applied(pattern: Pattern) -> None:
    assert [check_problem(row) for row in pattern.prompt.checks] == [None] * len(pattern.prompt.checks)


@each
def test_a_shipped_pattern_survives_writing_and_reading(pattern: Pattern) -> None:
    text, losses = prompty.dump(pattern.prompt)
    assert losses == ()
    assert prompty.read(text).prompt == pattern.prompt
    assert pattern.prompt.turns == normalise(pattern.prompt.turns)


async def test_few_shot_examples_become_turns(renderer: Renderer) -> None:
    prompt = SHIPPED.get("techniques/few-shot/as-turns").prompt
    values = {"examples": [{"input": "a", "output": "b"}], "input": "user:\nx"}
    assert await renderer.render(prompt.turns, values) == (
        Message("system", "Answer in the same way as in the examples."),
        Message("user", "a"),
        Message("assistant", "b"),
        Message("user", "user:\nx"),
    )


async def test_the_embedded_model_passes_the_checks_of_the_patterns(
    tmp_path: Path, renderer: Renderer, capsys: pytest.CaptureFixture[str]
) -> None:
    backend = LlamaCppBackend(Settings(data_dir=tmp_path, context_tokens=2048))
    rows, failed = [], set()
    try:
        model = (await backend.models())[0].id
        for pattern in PATTERNS:
            prompt, values = pattern.prompt, examples(pattern.prompt)
            messages = await renderer.render(prompt.turns, values)
            answer = await complete(
                backend, GenerationRequest(model, messages, prompt.sampling or Sampling())
            )
            scores = score_all(prompt.checks, Sample(answer.text, answer.finish, values))
            if not all(passed(score) for score in scores):
                failed.add(pattern.slug)
            marks = " ".join("pass" if passed(score) else "FAIL" for score in scores)
            rows.append(f"{pattern.slug:44} {marks:16} {answer.total_s:5.1f} s  {answer.text[:60]!r}")
    finally:
        await backend.close()
    with capsys.disabled():
        print("", *rows, sep="\n")
    assert not failed & MUST_PASS


# --- any library ----------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {
        "b/second.prompty": "---\nname: Second\nmetadata: {tags: [x, y], playground: {family: f}}\n---\nuser:\nAlpha {{ v }}\n",
        "a/first.prompty": "---\nname: First alpha\nmetadata: {tags: [x]}\n---\nuser:\nBeta\n",
        "a/bad.prompty": "---\nname: [\n---\n",
        "a/notes.txt": "no prompt",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    (tmp_path / "latin.prompty").write_bytes(b"user:\n\xe9\n")
    return tmp_path


def test_patterns_are_listed_by_slug_and_bad_files_keep_their_place_with_an_error(folder: Path) -> None:
    found = Library(folder).patterns()
    assert [pattern.slug for pattern in found] == ["a/bad", "a/first", "b/second", "latin"]
    assert [str(pattern.error)[:20] if pattern.error else None for pattern in found] == [
        "bad.prompty, line 3:",
        None,
        None,
        "latin.prompty is not",
    ]
    assert found[0].prompt == Prompt(name="bad")


def test_files_are_read_once(folder: Path) -> None:
    library = Library(folder)
    before = library.patterns()
    (folder / "a/first.prompty").unlink()
    assert library.patterns() == before


@pytest.mark.parametrize(
    ("search", "slugs"),
    [
        ({}, ["a/first", "b/second"]),
        ({"text": "ALPHA"}, ["a/first", "b/second"]),
        ({"text": "second alpha"}, ["b/second"]),
        ({"text": "gamma"}, []),
        ({"tag": "y"}, ["b/second"]),
        ({"tag": "x", "text": "beta"}, ["a/first"]),
        ({"family": "f"}, ["b/second"]),
    ],
)
def test_search_finds_every_word_in_readable_patterns(
    folder: Path, search: dict[str, str], slugs: list[str]
) -> None:
    assert [pattern.slug for pattern in Library(folder).search(**search)] == slugs


def test_a_match_in_the_name_comes_first(tmp_path: Path) -> None:
    for letter, name in zip(string.ascii_lowercase, ["other", "tone"], strict=False):
        (tmp_path / f"{letter}.prompty").write_text(
            f"---\nname: {name}\ndescription: about tone\n---\nuser:\nx\n"
        )
    assert [pattern.prompt.name for pattern in Library(tmp_path).search("tone")] == ["tone", "other"]


def test_families_and_tags_are_those_that_occur(folder: Path) -> None:
    library = Library(folder)
    assert (library.families(), library.tags()) == (["f"], ["x", "y"])


def test_an_installed_package_brings_its_own_folder_and_a_checkout_has_it_beside_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "playground"
    package.mkdir()
    monkeypatch.setattr("playground.library.__file__", str(package / "library.py"))
    assert shipped_folder() == tmp_path / "prompts"
    (package / "prompts").mkdir()
    assert shipped_folder() == package / "prompts"


def test_an_unknown_slug_is_not_found(folder: Path) -> None:
    with pytest.raises(NotFoundError, match="no pattern 'nope'"):
        Library(folder).get("nope")


def test_a_folder_that_is_not_there_is_an_empty_library(tmp_path: Path) -> None:
    assert Library(tmp_path / "absent").patterns() == []


@pytest.mark.parametrize("path", ["absent.prompty", ".", "a\0b"])
def test_a_file_that_cannot_be_opened_is_a_prompt_error(tmp_path: Path, path: str) -> None:
    with pytest.raises(PromptError, match="cannot be read"):
        read_prompt(tmp_path / path)


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.prompty"
    with path.open("wb") as file:
        file.truncate(3_000_000)
    with pytest.raises(PromptError, match="larger than"):
        read_prompt(path)
