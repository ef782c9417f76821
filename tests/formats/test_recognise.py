"""Files are recognised by their content, odd names and hostile bytes included; only PromptError gets out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.errors import PromptError
from playground.formats.base import Export
from playground.formats.recognise import recognise
from playground.formats.registry import FORMATS
from playground.types.generation import Message
from playground.types.prompt import Check, Input, Prompt, Sampling, Turn
from tests.examples import examples

PROMPT = Prompt(
    name="Weather",
    turns=(Turn(role="system", template="Be brief."), Turn(role="user", template="In {{ city }}?")),
    inputs=(Input(name="city", example="Ulm"),),
    checks=(Check(scorer="contains", options={"text": "rain"}),),
    cases=({"city": "Ulm"},),
)
EXPORT = Export(
    prompt=PROMPT,
    values={"city": "Ulm"},
    messages=(Message("system", "Be brief."), Message("user", "In Ulm?")),
    model="ollama:m",
    sampling=Sampling(temperature=0.5),
    case_messages=((Message("user", "In Ulm?"),),),
)


@pytest.mark.parametrize("name", FORMATS)
def test_every_file_we_write_is_recognised_under_its_own_name(name: str) -> None:
    written = FORMATS[name].write(EXPORT)
    found = recognise(written.name, written.text.encode())
    assert found.format == name
    assert found.readings
    assert bool(found.readings[0].prompt.turns) is not FORMATS[name].only_cases


@pytest.mark.parametrize("name", [name for name in FORMATS if name not in ("text", "jinja", "llm")])
@pytest.mark.parametrize("file", ["download", "prompt.txt"])
def test_every_file_we_write_is_recognised_by_its_content_alone(name: str, file: str) -> None:
    found = recognise(file, b"\xef\xbb\xbf" + FORMATS[name].write(EXPORT).text.replace("\n", "\r\n").encode())
    # A chat without a model is the same in both.
    assert found.format == ("openai" if name == "chat-lines" else name)


DOTPROMPT = "---\nmodel: a/b\ninput:\n  schema:\n    city: string, where\n---\nIn {{city}}?"
CASES: list[tuple[str, str, str]] = [
    ("x.json", '{"messages": [{"role": "user", "content": "Hi"}]}', "openai"),
    ("x.json", '[{"role": "user", "content": "Hi"}]', "openai"),
    ("x.json", '[{"command": "a", "title": "b", "content": "Hi"}]', "openwebui"),
    ("x.json", '{"command": "a", "title": "b", "content": "Hi"}', "openwebui"),
    ("x.json", '{"template": "Hi {x}", "input_variables": ["x"]}', "langchain"),
    ("x.json", '{"model": "a", "from": "b", "system": "c", "messages": []}', "modelfile"),
    ("x.json", '{"custom_id": "1", "body": {"messages": []}}', "openai-batch"),
    ("x.jsonl", '{"body": {"messages": []}}\n{"body": {"messages": []}}', "openai-batch"),
    ("x.yaml", "_type: prompt\ntemplate: Hi", "langchain"),
    ("x.yaml", "prompt: Hi $x", "llm"),
    ("x.yml", "system: Be brief.\nmodel: a", "llm"),
    ("x.yaml", "Only a text", "llm"),
    ("x.md", "Only a text", "markdown"),
    ("x.md", "---\n\nText after a rule.\n\n---\n", "markdown"),
    ("x", "## User\n\nHi\n", "markdown"),
    ("x.txt", "Only a text", "text"),
    ("README", "Only a text", "text"),
    ("x.txt", "{ not JSON }", "text"),
    ("x.txt", "Note:\nthis is no template", "text"),
    ("x.j2", "{% if x %}{{ x }}{% endif %}", "jinja"),
    ("x.j2", "{{ x }}", "jinja"),
    ("x.j2", "[{{ x }}]", "jinja"),
    ("x.prompty", "user:\nHi", "prompty"),
    ("x.md", "---\ninputs: [{name: a}]\n---\nuser:\n{{ a }}", "prompty"),
    ("x", "---\nname: a\n---\nuser:\nHi", "prompty"),
    ("Modelfile", "FROM a\n", "modelfile"),
    ("anything", "FROM a\nSYSTEM b\n", "modelfile"),
    ("x.txt", "from here on\nit is a letter", "text"),
    ("a\\b/../x.txt", "Hi", "text"),
]
LATER = [
    ("x.csv", "city,__expected\nUlm,rain\n", "promptfoo-csv"),
    ("x.csv", "city;land\nUlm;here\n", "promptfoo-csv"),
    ("x.csv", 'text\n"## System\n\nHi\n\n## User\n"\n', "promptfoo-csv"),
    ("x", 'city,"__expected2"\nUlm,rain\n', "promptfoo-csv"),
    ("x.txt", "city,land\nUlm,here\n", "text"),
    ("x.txt", "__expected", "text"),
    ("x.yml", "description: city,__expected\nmessages:\n  - {role: user, content: Hi}\n", "github"),
    ("Modelfile", "# city,__expected\nFROM qwen\n", "modelfile"),
    ("x.md", "city,__expected\n\n## user\n\nHi\n", "markdown"),
    ("x.j2", "user: city,__expected\nHi\n", "jinja"),
    ("x.prompt", DOTPROMPT, "dotprompt"),
    ("x.md", DOTPROMPT, "dotprompt"),
    ("x.prompt", '---\nmodel: a\n---\n{{role "user"}}Hi', "dotprompt"),
    ("x.prompt", '{{role "user"}}Hi', "dotprompt"),
    ("x.prompt.yml", "messages: [{role: user, content: Hi}]\nmodel: a", "github"),
    ("x.yaml", "name: a\nmessages: [{role: user, content: Hi}]\ntestData: []", "github"),
    ("promptfooconfig.yaml", "prompts: [Hi]\nproviders: [a]\ntests: []", "promptfoo"),
    ("x.json", '{"prompts": ["Hi"], "providers": ["a"], "tests": []}', "promptfoo"),
]


@pytest.mark.parametrize(("file", "text", "expected"), CASES + LATER)
def test_a_file_is_recognised(file: str, text: str, expected: str) -> None:
    assert recognise(file, text.encode()).format == expected


@pytest.mark.parametrize(
    ("file", "data", "problem"),
    [
        ("x.txt", b"", "x.txt is empty"),
        ("x.txt", b" \n\t", "x.txt is empty"),
        ("x.txt", b"a\0b", "x.txt holds zero bytes"),
        ("x.txt", b"a" * 2_000_001, "x.txt is larger than 2,000,000 bytes"),
        ("x.json", b"{" + b" " * 100_000_000 + b"}", "x.json is larger"),
        ("x.zip", b"PK\x03\x04", "x.zip is a zip archive"),
        ("x.prompty", b"\x89PNG\r\n", "x.prompty is an image"),
        ("x.json", b"{", "x.json, line 1: "),
        ("x.json", b"{}", "x.json is JSON of no format"),
        ("x.json", b"[3]", "x.json is JSON of no format"),
        ("x.yaml", b"a: b", "x.yaml is YAML of no format"),
        ("x.yaml", b"a: !!python/object/apply:os.system [ls]", "x.yaml, line 1: tags"),
        ("x.yaml", b"a: &a [1]\nprompt: *a", "x.yaml, line 2: aliases"),
        ("x.yaml", b"prompt: a\nprompt: b", "x.yaml, line 2: the key 'prompt'"),
        ("x.yaml", b"a:\n\tb: c", "x.yaml, line 2: a tab"),
        ("x.py", b"import os", "x.py is in no format"),
        ("x.csv", b"city\n", "x.csv holds no tests"),
        ("", b"{", "The file"),
    ],
)  # fmt: skip
def test_what_is_no_prompt_is_refused_in_plain_words(file: str, data: bytes, problem: str) -> None:
    if file == "":
        assert recognise(file, data).format == "text"
        return
    with pytest.raises(PromptError) as caught:
        recognise(file, data)
    assert caught.value.message.startswith(problem)
    assert caught.value.hint


def test_long_and_odd_names_are_shortened_in_messages() -> None:
    with pytest.raises(PromptError) as caught:
        recognise("../" + "n" * 4000 + "\n<img onerror=x>.py", b"x")
    assert len(caught.value.message) < 200 and "\n" not in caught.value.message


# --- anything at all --------------------------------------------------------------------------------------

WORDS = [
    "_type", "template", "input_variables", "examples", "example_prompt", "partial_variables", "messages", "role",
    "content", "command", "title", "body", "custom_id", "url", "from", "system", "parameters", "prompt", "options",
    "defaults", "schema_object", "functions", "model", "prompts", "providers", "tests", "vars", "assert", "defaultTest",
    "testData", "evaluators", "modelParameters", "input", "schema", "config", "output", "tools", "name", "description",
    "metadata", "inputs", "tags", "stop", "seed", "temperature", "max_tokens", "response_format", "template_format",
    "user", "few_shot", "chat", "string", "{x}", "$x", "{{x}}", "file://x", "exec:ls", "${env:A}", "x.py", "jinja2",
    "mustache", "{{#if a}}", "raw", "value", "type", "id", "kind", "required", "playground", "checks", "cases",
]  # fmt: skip
scalars = (
    st.none() | st.booleans() | st.integers(-5, 10**30) | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(WORDS) | st.text(max_size=5)
)  # fmt: skip
keys = st.sampled_from(WORDS) | st.text(max_size=3)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)
SUFFIXES = [
    ".json",
    ".jsonl",
    ".yaml",
    ".prompt.yml",
    ".prompty",
    ".prompt",
    ".md",
    ".txt",
    ".j2",
    ".Modelfile",
    ".csv",
    "",
]


@settings(max_examples=examples(300), deadline=None)
@given(st.dictionaries(keys, values, max_size=5) | st.lists(values, max_size=3), st.sampled_from(SUFFIXES))
def test_wrong_types_everywhere_end_in_a_prompt_or_a_prompt_error(data: Any, suffix: str) -> None:
    plain = json.dumps(data)
    for text in (plain, f"---\n{plain}\n---\nuser:\n{{{{ x }}}}\n", f"{plain}\n{plain}"):
        _survives(f"x{suffix}", text.encode())
    for row in FORMATS.values():
        try:
            readings = row.read(plain, "x")
            assert all(isinstance(reading.prompt, Prompt) for reading in readings)
        except PromptError as exc:
            assert exc.hint


PARTS = [
    "---\n", "user:\n", "## User\n", "FROM a\n", "SYSTEM ", '"""', "PARAMETER stop ", "MESSAGE user ", "{{", "}}", "{%",
    "%}", "{#", "{{role ", "{{#each a}}", "{{/each}}", "```\n", "prompt: ", "messages:\n", "- role: user\n", "\n", "\t",
    "&a ", "*a", "!!python/object:x ", "\ufeff", "\u2028", "\x00", "\x85", "\r", "__expected,x\n", '"', ",", "'", ": ",
    '{"messages": [', "]}", '{"body": ', "$", "${", "|", "raw %}", "include", '"\\ud800"', "if x", "for x in y",
]  # fmt: skip


@settings(max_examples=examples(400), deadline=None)
@given(
    st.lists(st.sampled_from(PARTS) | st.text(max_size=4), max_size=10).map("".join),
    st.sampled_from(SUFFIXES) | st.text(max_size=5),
)
def test_any_text_under_any_name_ends_in_a_prompt_or_a_prompt_error(text: str, suffix: str) -> None:
    _survives(f"x{suffix}", text.encode())
    for row in FORMATS.values():
        try:
            assert row.read(text, "x")
        except PromptError as exc:
            assert exc.hint


@settings(max_examples=examples(100), deadline=None)
@given(st.binary(max_size=40), st.sampled_from(SUFFIXES))
def test_any_bytes_end_in_a_prompt_or_a_prompt_error(data: bytes, suffix: str) -> None:
    _survives(f"x{suffix}", data)


def _survives(file: str, data: bytes) -> None:
    try:
        found = recognise(file, data)
    except PromptError as exc:
        assert exc.message and exc.hint
    else:
        assert found.format in FORMATS and found.readings


def test_a_long_hostile_text_is_looked_at_in_linear_time() -> None:
    for text in (
        "\n" * 1_000_000 + "x",
        "# a\n" * 300_000 + "!",
        "---\n" * 300_000,
        "user:\n" * 100_000,
        "{" * 1_000_000,
    ):
        _survives("x.md", text.encode())


CHARSETS = [
    ("utf-16", "system:\nDu bist höflich.\n\nuser:\nGrüße {{ name }}\n", "UTF-16"),
    ("utf-16-le", "user:\nHello {{ name }}\n", "UTF-16"),
    ("utf-32", "user:\nHello {{ name }}\n", "UTF-32"),
    ("cp1252", "user:\nÜbersetze {{ x }} – für “uns”\n", "Windows-1252"),
    ("cp1252", "user:\nRésumé: {{ x }} l’été à Noël\n", "Windows-1252"),
    ("cp932", "system:\nあなたは翻訳者です。\n\nuser:\n要約してください: {{ text }}\n", "Shift-JIS"),
    ("gb18030", "system:\n你是一个翻译。\n\nuser:\n{{ text }}\n", "GB18030"),
    ("big5", "system:\n你是一位翻譯。\n\nuser:\n請把下面的句子翻譯成英文：{{ text }}\n", "Big5"),
    ("euc-kr", "system:\n당신은 번역가입니다.\n\nuser:\n다음 문장을 번역하세요: {{ text }}\n", "EUC-KR"),
    ("euc-jp", "system:\nあなたは翻訳者です。\n\nuser:\n次の文を訳してください：{{ text }}\n", "EUC-JP"),
    ("cp1251", "system:\nТы опытный переводчик с английского языка.\n\nuser:\nПереведи: {{ text }}\n", "Windows-1251"),
]  # fmt: skip


@pytest.mark.parametrize(("charset", "text", "name"), CHARSETS)
def test_a_file_in_another_charset_is_read_right_and_says_which(charset: str, text: str, name: str) -> None:
    found = recognise("x.j2", text.encode(charset))
    losses = found.readings[0].losses
    assert found.readings[0].prompt == recognise("x.j2", text.encode()).readings[0].prompt
    assert losses[0].startswith(f"text: read as {name}")
    assert len(losses) == 1


@pytest.mark.parametrize("data", [b"a\0b", bytes(range(256)) * 4, b"\x7fELF\0\0\1\2" + b"\0" * 40])
def test_what_is_no_text_in_any_charset_is_refused(data: bytes) -> None:
    with pytest.raises(PromptError, match="so it is no text"):
        recognise("x.txt", data)
