"""The catalogue says what the source says: nothing missing, nothing unused, the same placeholders on both sides."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from playground.errors import PromptError
from playground.formats import yaml_text
from playground.scorers import options_of
from playground.scorers.registry import SCORERS
from playground.techniques.registry import TECHNIQUES
from playground.translation.catalogue import PATH, kept
from playground.translation.extract import Message, messages
from playground.translation.keeping import fits, merged, write
from playground.translation.shown import chinese


def test_the_catalogue_has_the_messages_of_the_source_and_no_others() -> None:
    found = {message.text for message in messages()}
    assert sorted(found ^ kept().keys()) == [], "run: python -m playground.translation update"


def test_every_message_has_its_chinese() -> None:
    assert [text for text, chinese in kept().items() if not chinese] == []


def test_placeholders_are_the_same_on_both_sides() -> None:
    assert [row for row in kept().items() if row[1] and not fits(*row)] == []


def test_gettexts_own_reader_reads_the_same() -> None:
    with PATH.open("rb") as file:
        theirs = {message.id: message.string for message in read_po(file) if message.id}
    assert theirs == kept()


def test_a_renamed_placeholder_keeps_its_translation(tmp_path: Path) -> None:
    path = tmp_path / "zh.po"
    write(
        [Message("{number} rows", ("a.py",)), Message("Gone", ("a.py",))],
        {"{count} rows": "{count} 行", "Gone": "没了"},
        path,
    )
    assert kept(path) == {"{number} rows": "{number} 行", "Gone": "没了"}
    assert merged([Message("New", ("a.py",))], kept(path)) == {"New": ""}


def test_whoever_reads_the_catalogue_while_it_is_written_finds_it_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "zh.po"
    write([Message("Old", ("a.py",))], {"Old": "旧"}, path)
    path.chmod(0o644)
    put, seen = Path.replace, list[dict[str, str]]()

    def replaced(file: Path, target: Path) -> Path:
        seen.append(kept(path))
        return put(file, target)

    monkeypatch.setattr(Path, "replace", replaced)
    write([Message("New", ("a.py",))], {"New": "新"}, path)
    assert (seen, kept(path)) == ([{"Old": "旧"}], {"New": "新"})
    assert path.stat().st_mode & 0o777 == 0o644 and list(tmp_path.iterdir()) == [path]


def test_options_of_techniques_and_checks_have_chinese_labels() -> None:
    of_techniques = [option for row in TECHNIQUES.values() for option in row.options]
    labels = {option.label for option in of_techniques} | {
        o.label for name in SCORERS for o in options_of(name)
    }
    labels |= {choice for option in of_techniques for choice in option.choices if choice != "bm25"}
    assert sorted(label for label in labels if chinese().of(label) == label) == ["K"]


def test_a_technique_has_one_name_in_chinese() -> None:
    """A name of ours may go on: "ReAct：推理与行动"."""
    names = {row.title: row.title_zh for row in TECHNIQUES.values()}
    assert [title for title, zh in names.items() if not zh.startswith(chinese().of(title))] == []


def test_chinese_is_written_with_its_own_marks() -> None:
    """Full-width marks after a character, none of them spaced, no space before %, 你 and no 您."""
    wrong = r"[\u3400-\u9fff](?:[,;!?]|\.(?:\s|$))|\s[，。：；？）]|[，。：；？（] (?![`{<#])|(?:\d|\}) %(?!\})|您|！"
    shown = {text: re.sub(r"`[^`]*`|\{[{%].*?[%}]\}", "X", chinese) for text, chinese in kept().items()}
    assert [text for text in shown.values() if re.search(wrong, text)] == []


@pytest.mark.parametrize(
    "text",
    [
        "a: [\n",
        "a: {b\n",
        "a: 'b\n",
        "a: b: c\n",
        "- a\nb\n",
        "a: @b\n",
        'a: "\\q"\n',
        "a: [b}\n",
        "? [a]: b\n- c",
    ],
)
def test_what_the_reader_of_yaml_says_is_told_in_chinese(text: str) -> None:
    with pytest.raises(PromptError) as refused:
        yaml_text.load(text, file="x")
    assert not re.search("[A-Za-z]{2}", chinese().of(refused.value.message).replace("YAML", "")), (
        refused.value
    )
