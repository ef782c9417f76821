"""The library: found and searched, robust against bad files; notes beside the patterns they explain."""

from __future__ import annotations

import string
from pathlib import Path

import pytest

from playground.errors import NotFoundError, PromptError
from playground.library.shipped import Library, read_note, read_prompt, shipped_folder
from playground.types.prompt import Prompt


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
        None,
    ]
    assert found[3].prompt.turns[0].template == "\u00e9"
    assert found[3].losses[0].startswith("text: read as Windows-1252")
    assert found[0].prompt == Prompt(name="bad")


def test_files_are_read_once(folder: Path) -> None:
    library = Library(folder)
    before = library.patterns()
    (folder / "a/first.prompty").unlink()
    assert library.patterns() == before


@pytest.mark.parametrize(
    ("search", "slugs"),
    [
        ({}, ["a/first", "b/second", "latin"]),
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
    monkeypatch.setattr("playground.library.shipped.__file__", str(package / "library" / "shipped.py"))
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


# --- Chinese names --------------------------------------------------------------------------------------


def test_search_looks_at_the_chinese_name_and_summary_too(tmp_path: Path) -> None:
    own = "metadata: {playground: {name_zh: 情感分类, description_zh: 判断评论的好坏。}}"
    (tmp_path / "a.prompty").write_text("---\nname: other\n---\nuser:\n情感\n")
    (tmp_path / "b.prompty").write_text(f"---\nname: Sentiment\n{own}\n---\nuser:\nx\n")
    library = Library(tmp_path)
    assert [pattern.prompt.name for pattern in library.search("评论")] == ["Sentiment"]
    assert [pattern.prompt.name for pattern in library.search("情感")] == ["Sentiment", "other"]


# --- wordings in two languages --------------------------------------------------------------------------


@pytest.fixture
def worded_twice(tmp_path: Path) -> Library:
    files = {
        "hub/tone.prompty": "---\nname: Tone\n---\nuser:\nBe polite.\n",
        "hub/tone.zh.prompty": "---\nname: 语气\n---\nuser:\n客气一点。\n",
        "hub/rhyme.prompty": "---\nname: Rhyme\n---\nuser:\nx\n",
        "hub/only.zh.prompty": "---\nname: 只有中文\n---\nuser:\ny\n",
        "notes/tips.md": "---\ntitle: Tips\npatterns: [hub/tone]\n---\ntext\n",
        "notes/tips.zh.md": "---\ntitle: 技巧\npatterns: [hub/tone]\n---\n文字\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return Library(tmp_path)


def test_a_pattern_is_listed_once_in_the_readers_language_where_it_has_that(worded_twice: Library) -> None:
    assert [p.slug for p in worded_twice.patterns()] == ["hub/only.zh", "hub/rhyme", "hub/tone"]
    assert [p.slug for p in worded_twice.patterns("zh")] == ["hub/only.zh", "hub/rhyme", "hub/tone.zh"]
    assert [p.slug for p in worded_twice.wordings("hub/tone.zh")] == ["hub/tone", "hub/tone.zh"]
    assert len(worded_twice.files()) == 4


@pytest.mark.parametrize("search", ["tone", "语气", "客气", "polite", "tone 客气"])
def test_a_search_in_either_language_finds_the_pattern_once(worded_twice: Library, search: str) -> None:
    assert [p.slug for p in worded_twice.search(search)] == ["hub/tone"]
    assert [p.slug for p in worded_twice.search(search, language="zh")] == ["hub/tone.zh"]


def test_a_slug_names_one_wording_and_a_language_moves_to_the_other(worded_twice: Library) -> None:
    get = worded_twice.get
    assert (get("hub/tone").slug, get("hub/tone.zh").slug) == ("hub/tone", "hub/tone.zh")
    assert (get("hub/tone", "zh").slug, get("hub/tone.zh", "en").slug) == ("hub/tone.zh", "hub/tone")
    assert (get("hub/rhyme", "zh").slug, get("hub/only.zh", "en").slug) == ("hub/rhyme", "hub/only.zh")
    found = worded_twice.find("语气")
    assert found and found.slug == "hub/tone.zh"


def test_a_note_is_read_in_the_readers_language_beside_either_wording(worded_twice: Library) -> None:
    for slug in ("hub/tone", "hub/tone.zh"):
        assert [note.title for note in worded_twice.notes_of(slug)] == ["Tips"]
        assert [note.title for note in worded_twice.notes_of(slug, "zh")] == ["技巧"]
    assert worded_twice.note("tips.zh").text == "文字"
    assert [note.slug for note in worded_twice.note_wordings("tips.zh")] == ["tips", "tips.zh"]
    with pytest.raises(NotFoundError, match="no such note"):
        worded_twice.note("nope")


def test_what_a_file_was_tried_on_is_not_said_of_what_somebody_makes_of_it(tmp_path: Path) -> None:
    own = "metadata: {playground: {language: zh, tried_on: [Some model 1/2]}}"
    (tmp_path / "a.zh.prompty").write_text(f"---\nname: x\n{own}\n---\nuser:\nx\n")
    pattern = Library(tmp_path).get("a.zh")
    assert (pattern.prompt.language, pattern.prompt.tried_on) == ("zh", ("Some model 1/2",))
    assert pattern.own() == pattern.prompt.model_copy(update={"tried_on": ()})


# --- notes ----------------------------------------------------------------------------------------------


@pytest.fixture
def noted(tmp_path: Path) -> Path:
    files = {
        "notes/a-bad.md": "---\ntitle: [\n---\ntext\n",
        "notes/balance.md": "---\ntitle: Balance\ntitle_zh: 均衡\nsource: https://example.org\n"
        "patterns: [hub/first, few]\n---\n\nGive each label its share.\n",
        "notes/bare.md": "Only text.\n",
        "hub/first.prompty": "user:\nx\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def test_notes_are_listed_by_file_and_bad_ones_keep_their_place_with_an_error(noted: Path) -> None:
    bad, balance, bare = Library(noted).notes()
    assert (bad.slug, bad.text, bad.error is not None) == ("a-bad", "", True)
    assert (balance.title, balance.title_zh, balance.text) == (
        "Balance",
        "均衡",
        "Give each label its share.",
    )
    assert (balance.patterns, balance.source) == (("hub/first", "few"), "https://example.org")
    assert (bare.title, bare.patterns, bare.text, bare.error) == ("bare", (), "Only text.", None)


@pytest.mark.parametrize(
    ("slug", "titles"),
    [("hub/first", ["Balance"]), ("few/as-turns", ["Balance"]), ("fewer", []), ("hub/second", [])],
)
def test_a_note_explains_the_patterns_it_names_and_those_in_the_folders_it_names(
    noted: Path, slug: str, titles: list[str]
) -> None:
    assert [note.title for note in Library(noted).notes_of(slug)] == titles


def test_notes_are_no_patterns(noted: Path) -> None:
    assert [pattern.slug for pattern in Library(noted).patterns()] == ["hub/first"]


@pytest.mark.parametrize("front", ["- a list", "patterns: one", "patterns: {a: b}"])
def test_a_note_whose_front_matter_has_another_form_is_a_prompt_error(tmp_path: Path, front: str) -> None:
    path = tmp_path / "note.md"
    path.write_text(f"---\n{front}\n---\ntext\n")
    with pytest.raises(PromptError, match=r"note\.md: the front matter is not"):
        read_note(path)
