"""What we write is loaded by the packages it is for, and gives the same text once the variables are filled in.

They are imported by the tests that need them: every process that runs tests reads all files of tests, and these are slow.
"""

from __future__ import annotations

import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from playground.formats import langchain, llm_template, prompty
from playground.formats.base import Export
from playground.formats.plain_jinja import Piece, join
from playground.templating import worker
from playground.templating.rendering import normalise
from playground.types.prompt import Input, Prompt, Sampling, Turn
from tests.examples import examples

deprecated = pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainDeprecationWarning")
pieces = st.lists(
    st.sampled_from([Piece("value", "tone"), Piece("value", "city")])
    | st.text("{}%#$_a1 '\\\n\t:\u4f60\U0001f469", max_size=12).map(lambda text: Piece("text", text)),
    min_size=1,
    max_size=6,
)
VALUES = {"tone": "{dry} $x {{ y }}\nuser:", "city": "Ulm"}


def rendered(turns: tuple[Turn, ...]) -> list[str]:
    return [text for _, text in worker.render([(t.role, t.template) for t in turns], VALUES, 10_000)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files")


@deprecated
@settings(
    max_examples=examples(100),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(parts=pieces, name=st.text(string.ascii_letters + "\u4f60 ", max_size=8))
def test_langchain_loads_our_file_and_formats_the_same_text(
    folder: Path, parts: list[Piece], name: str
) -> None:
    from langchain_core.prompts import load_prompt

    turns = normalise([Turn(role="user", template=join(parts))])
    prompt = Prompt(name=name, description="d", tags=("a",), turns=turns, metadata={"k": [1]})
    path = folder / "prompt.json"
    path.write_text(langchain.write(Export(prompt=prompt)).text, encoding="utf-8")
    loaded = load_prompt(path, encoding="utf-8")
    assert loaded.format(**{key: VALUES[key] for key in loaded.input_variables}) == rendered(turns)[0]


@deprecated
def test_langchain_fills_in_our_defaults_and_reads_several_turns_as_one_text(folder: Path) -> None:
    from langchain_core.prompts import load_prompt

    turns = (Turn(role="system", template="Be {{ tone }}."), Turn(role="user", template="{{ city }} {x}"))
    prompt = Prompt(turns=turns, inputs=(Input(name="tone", default="dry"), Input(name="city")))
    path = folder / "two.json"
    path.write_text(langchain.write(Export(prompt=prompt)).text, encoding="utf-8")
    assert load_prompt(path).format(city="Ulm") == "System:\nBe dry.\n\nUser:\nUlm {x}"


@deprecated
def test_a_few_shot_file_gives_the_text_that_langchain_makes_of_it(folder: Path) -> None:
    from langchain_core.prompts import load_prompt

    text = (
        '{"_type": "few_shot", "input_variables": ["tone"], "prefix": "Be {tone}: {{{{", "suffix": "In {city}?",'
        ' "example_prompt": {"_type": "prompt", "input_variables": ["q", "a"], "template": "{q} = {a}"},'
        ' "examples": [{"q": "1+1", "a": 2}, {"q": "2+2", "a": 4}], "example_separator": "\\n--\\n"}'
    )
    path = folder / "shots.json"
    path.write_text(text, encoding="utf-8")
    reading = langchain.read(text)
    (examples,) = (item for item in reading.prompt.inputs if item.kind == "examples")
    values = {**VALUES, "examples": examples.default}
    pairs = [(turn.role, turn.template) for turn in reading.prompt.turns]
    assert worker.render(pairs, values, 10_000)[0][1] == load_prompt(path).format(**VALUES)


@settings(
    max_examples=examples(100),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(system=pieces, user=pieces)
def test_llm_loads_our_file_and_evaluates_to_the_same_texts(
    folder: Path, system: list[Piece], user: list[Piece]
) -> None:
    import llm.cli

    turns = normalise([Turn(role="system", template=join(system)), Turn(role="user", template=join(user))])
    if len(rendered(turns)) < 2 or not all(turn.template.strip() for turn in turns):
        return
    prompt = Prompt(name="x", turns=turns, output_schema={"type": "object"})
    path = folder / "template.yaml"
    path.write_text(llm_template.write(Export(prompt=prompt, model="ollama:m")).text, encoding="utf-8")
    loaded = llm.cli.load_template(str(path))
    assert list(loaded.evaluate("", dict(VALUES))) == rendered(turns)[::-1]
    assert (loaded.model, loaded.schema_object) == ("m", {"type": "object"})


def test_llm_takes_our_options_defaults_and_what_is_typed(folder: Path) -> None:
    import llm.cli

    turns = (Turn(role="user", template="Be {{ tone }} about {{ input }}."),)
    prompt = Prompt(turns=turns, inputs=(Input(name="tone", default="dry"), Input(name="input")))
    path = folder / "typed.yaml"
    export = Export(prompt=prompt, sampling=Sampling(temperature=0.5, stop=("END",)))
    path.write_text(llm_template.write(export).text, encoding="utf-8")
    loaded = llm.cli.load_template(str(path))
    assert loaded.evaluate("rain") == ("Be dry about rain.", None)
    assert loaded.options is not None and (loaded.options["temperature"], loaded.options["stop"]) == (
        0.5,
        "END",
    )


@settings(
    max_examples=examples(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(system=pieces, user=pieces)
def test_prompty_loads_our_file_and_renders_the_same_messages(
    folder: Path, system: list[Piece], user: list[Piece]
) -> None:
    import prompty as real_prompty

    turns = normalise([Turn(role="system", template=join(system)), Turn(role="user", template=join(user))])
    values = {"tone": "dry", "city": "Ulm"}  # prompty reads a line `user:` in a value as a turn, we do not
    mine = worker.render([(turn.role, turn.template) for turn in turns], values, 10_000)
    inputs = tuple(Input(name=name, example="e") for name in values)
    path = folder / "prompt.prompty"
    text, losses = prompty.dump(Prompt(name="x", turns=turns, inputs=inputs, sampling=Sampling(top_k=4)))
    assert losses == ()
    path.write_text(text, encoding="utf-8")
    loaded = real_prompty.load(path)
    found = [
        (message.role, message.text.strip()) for message in real_prompty.prepare(loaded, inputs=dict(values))
    ]
    assert [pair for pair in found if pair[1]] == [
        (role, text.strip()) for role, text in mine if text.strip()
    ]


def test_prompty_knows_our_options_and_inputs(folder: Path) -> None:
    import prompty as real_prompty

    prompt = Prompt(
        name="Weather",
        turns=(Turn(role="user", template="{{ city }}"),),
        inputs=(Input(name="city", description="Where", default="Ulm"),),
        sampling=Sampling(temperature=0.5, max_tokens=9),
    )
    path = folder / "weather.prompty"
    path.write_text(prompty.dump(prompt)[0], encoding="utf-8")
    loaded: Any = real_prompty.load(path)
    assert loaded.name == "Weather"
    assert (loaded.model.options.temperature, loaded.model.options.max_output_tokens) == (0.5, 9)
    assert [(item.name, item.default) for item in loaded.inputs] == [("city", "Ulm")]
