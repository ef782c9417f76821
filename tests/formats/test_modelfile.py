"""Modelfiles: every text survives Ollama's lexer, or the file is a request body that holds it unchanged.

`lex` below is the lexer of Ollama 0.33 as contracts/backends.md, 1.10 describes it.
"""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.formats import modelfile
from playground.formats.base import Export
from playground.types.generation import Message
from playground.types.prompt import Check, Input, Prompt, Sampling
from playground.types.scores import Score
from tests.examples import examples
from tests.sampled import ran_with


def lex(text: str) -> list[tuple[str, str]]:
    """(command, value) pairs; MESSAGE and PARAMETER values start with their role or name and a blank."""
    kept = "".join(c for c in text if c in " \t\r\n" or unicodedata.category(c)[0] in "LMNPS")
    found, position = [], 0
    while position < len(kept):
        if kept[position].isspace():
            position += 1
            continue
        if kept[position] == "#":
            position = kept.find("\n", position) + 1 or len(kept)
            continue
        end = kept.index(" ", position)
        command, position = kept[position:end].lower(), end + 1
        prefix = ""
        if command in ("parameter", "message"):
            end = kept.index(" ", position)
            prefix, position = kept[position : end + 1], end + 1
        value, position = _value(kept, position)
        found.append((command, prefix + value))
    return found


def _value(text: str, start: int) -> tuple[str, int]:
    end = start
    while True:
        end = text.find("\n", end)
        raw = text[start : end if end >= 0 else len(text)]
        trimmed = raw.strip()
        for quote in ('"""', '"'):
            if trimmed.startswith(quote):
                if len(trimmed) >= 2 * len(quote) and trimmed.endswith(quote):
                    return trimmed[len(quote) : -len(quote)], (end + 1 if end >= 0 else len(text))
                break
        else:
            return trimmed, (end + 1 if end >= 0 else len(text))
        assert end >= 0, "a quoted value that never ends"
        end += 1


def export(system: str, user: str = "Hi", stop: tuple[str, ...] = (), **more: Any) -> Export:
    messages = (Message("system", system), Message("user", user))
    return Export(
        prompt=Prompt(name="Try"), messages=messages, model="ollama:smollm2:135m",
        sampling=ran_with(max_tokens=32, stop=stop), **more,
    )  # fmt: skip


HOSTILE = [
    'starts "quoted"', '"', '""', '"""', 'ends with "', 'ends with """', '"""both"""', " blanks ", "\ttab\t", "\n\nlines\n\n",
    "a\r\nb", "# comment", "{{ .System }}", "FROM evil", "a\nSYSTEM b\nPARAMETER stop c", "\\n \\\"", "", " ", "\u4f60\u597d",
    '""" """', 'a"""\nb', 'a""" \nb', '"""\n"""', "\U0001f600", "e\u0301",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_survives_the_lexer_or_is_written_as_a_request(text: str) -> None:
    _survives(text)


@settings(max_examples=examples(300), deadline=None)
@given(st.text('"\n\r\t #{}\u200d\u00a0ab\u3000\U0001f469', max_size=12) | st.text(max_size=12))
def test_any_text_survives_the_lexer_or_is_written_as_a_request(text: str) -> None:
    _survives(text)


def _survives(text: str) -> None:
    stop = (text,) if text else ()
    written = modelfile.write(export(text, text, stop))
    if written.media_type == "application/json":
        body = json.loads(written.text)
        assert (body["system"], body["messages"][0]["content"]) == (text, text)
        assert written.losses[0].startswith("Modelfile: ")
        return
    commands = lex(written.text)
    assert ("system", text) in commands and ("message", f"user {text}") in commands
    assert not stop or ("parameter", f"stop {text}") in commands
    assert {name for name, _ in commands} == {"from", "parameter", "system", "message"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("\U0001f469\u200d\U0001f4bb", "U+200D (zero width joiner)"),
        ("a\u00a0b", "U+00A0 (no-break space)"),
        ("\u3000", "U+3000 (ideographic space)"),
        ("\x00", "U+0000 (a control character)"),
        ('a"""\nb', 'ends with """'),
    ],
)
def test_a_text_that_ollama_would_change_is_written_as_a_request_that_says_why(
    text: str, reason: str
) -> None:
    written = modelfile.write(export("Fine.", "Hi", (text,)))
    assert (written.name, written.media_type) == ("try.create.json", "application/json")
    assert json.loads(written.text)["parameters"]["stop"] == [text]
    assert "stop text 1" in written.losses[0] and reason in written.losses[0]


def test_the_written_file_equals_the_golden_one(golden: Any) -> None:
    given = export(
        'You say "yes".', "Hi", ("\n\n", "END"), answer="Hello",
        version_hash="3f2a", scores=(Score("contains", 1.0, "", "found\nit"),),
    )  # fmt: skip
    written = modelfile.write(given)
    golden("try.Modelfile", written.text)
    assert (written.name, written.losses) == ("try.Modelfile", ())
    assert lex(written.text)[0] == ("from", "smollm2:135m")


def test_a_model_that_is_not_from_ollama_is_reported() -> None:
    for model, shown in (
        ("llama.cpp:SmolLM2", "SmolLM2"),
        ("", "put-your-model-here"),
        ("x:a\nSYSTEM b", "a SYSTEM b"),
    ):
        written = modelfile.write(Export(prompt=Prompt(), model=model))
        assert lex(written.text)[0] == ("from", shown)
        assert written.losses[0].startswith("FROM: ")


def test_what_a_modelfile_cannot_hold_is_reported() -> None:
    prompt = Prompt(
        inputs=(Input(name="a"),), checks=(Check(scorer="json"),), output_schema={"type": "object"}
    )
    written = modelfile.write(Export(prompt=prompt, messages=(Message("user", "Hi"),), model="ollama:m"))
    assert [loss.split(":")[0] for loss in written.losses] == [
        "last message",
        "variables",
        "checks",
        "output schema",
    ]


def test_numbers_are_written_without_exponents() -> None:
    sampling = Sampling(temperature=1e-5, top_p=1, seed=None)
    text = modelfile.write(Export(prompt=Prompt(), sampling=sampling)).text
    assert (
        "PARAMETER temperature 0.00001\n" in text and "PARAMETER top_p 1.0\n" in text and "seed" not in text
    )


def test_comment_lines_cannot_be_left() -> None:
    prompt = Prompt(name="a\nFROM evil\u2028SYSTEM b")
    commands = lex(modelfile.write(Export(prompt=prompt, model="ollama:m")).text)
    assert [value for name, value in commands if name == "from"] == ["m"]
    assert "system" not in dict(commands)
