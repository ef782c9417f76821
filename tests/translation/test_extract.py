"""What is taken out of the source to be translated, and what is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from playground.translation.extract import messages, messages_of

PYTHON = {
    'f"{len(rows):,} rows left"': ["{rows} rows left"],
    "f\"{n} {'row' if n == 1 else 'rows'} left\"": ["{n} row left", "{n} rows left"],
    'f"Stopped{f\' after {n} cells\' if n else str()}."': ["Stopped after {n} cells.", "Stopped{str}."],
    '"It is {} of {}.".format(a.part, b)': ["It is {part} of {b}."],
    'x = ("One sentence, "\n "in two halves.")': ["One sentence, in two halves."],
    'Markup(\'<b class="one two">{}</b> <span>No case yet</span>\').format(run.title)': ["No case yet"],
    'Markup("<p><b>{}</b> of {} rows</p>").format(n, count(total))': ["<0>{n}</0> of {total} rows"],
    'Markup(\'<button title="Open {}">{}Open it</button>\').format(name, icon("plus"))': ["Open {name}", "Open it"],
    'Markup(\'<p translate="no">What somebody wrote</p>\')': [],
    'plural(n, "check")': ["{n} check", "{n} checks"],
    'x == "Some words"': [],
    'icon("plus minus")': [],
    '"SELECT id FROM run WHERE id = 1"': [],
    'raise ValueError("That is no number.")': ["That is no number."],
    'raise AssertionError("This cannot be.")': [],
    'TEXTS = {"full": "The database {} is full."}': ["The database {value} is full."],
    "def f():\n    'What it gives.'\n    return 1": [],
    "@app.command()\ndef run():\n    'Run a prompt.'": ["Run a prompt."],
}  # fmt: skip
SCRIPT = {
    'h("p", {class: "soft small", title: "Open it"}, n, " rows left")': ["Open it", "rows left"],
    "toast(`${name} removed, ${n} left`)": ["{name} removed, {n} left"],
    'toast("Column " + name + " removed")': ["Column {name} removed"],
    "say(`${n} ${n === 1 ? 'row' : 'rows'}`)": ["{n} row", "{n} rows"],
    'el.textContent = isOpen ? "hide" : "show"': ["hide", "show"],
    '$(".drawer [data-act=save]")': [],
    'if (kind === "some words") run()': [],
}


def test_a_count_is_another_message_than_a_name_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text('label = f"{role} turn"\nother = f"{name} turn"\n')
    (tmp_path / "b.py").write_text('said = plural(many, "turn")\n')
    assert [message.text for message in messages(tmp_path)][:3] == ["{role} turn", "{n} turn", "{n} turns"]


@pytest.mark.parametrize(("source", "texts"), PYTHON.items(), ids=range(len(PYTHON)))
def test_sentences_of_python_are_found(source: str, texts: list[str], tmp_path: Path) -> None:
    file = tmp_path / "file.py"
    file.write_text(source)
    assert list(messages_of(file)) == texts


@pytest.mark.parametrize(("source", "texts"), SCRIPT.items(), ids=range(len(SCRIPT)))
def test_sentences_of_scripts_are_found(source: str, texts: list[str], tmp_path: Path) -> None:
    file = tmp_path / "file.js"
    file.write_text(source)
    assert list(messages_of(file)) == texts
