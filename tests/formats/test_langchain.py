"""LangChain prompts: f-strings both ways, few-shot and chat files on the way in, nothing else is followed."""

from __future__ import annotations

import json
import string
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.errors import PromptError
from playground.formats import langchain
from playground.formats.base import Export
from playground.formats.plain_jinja import Piece, join
from playground.formats.recognise import recognise
from playground.templating import worker
from playground.templating.rendering import normalise
from playground.types.generation import Message
from playground.types.prompt import Check, Input, Prompt, Turn
from tests.examples import examples
from tests.sampled import ran_with

NAMES = ("a", "b_2", "\u00e9t\u00e9")
pieces = st.lists(
    st.sampled_from([Piece("value", name) for name in NAMES])
    | st.text("{}%#$ '\\\n\tuser:\u05d0\U0001f469", max_size=12).map(lambda text: Piece("text", text)),
    max_size=6,
)
words = st.text(string.ascii_letters + "\u4f60{}$\n", max_size=10)


def rendered(turns: tuple[Turn, ...], values: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (role, text) for role, text in worker.render([(t.role, t.template) for t in turns], values, 10_000)
    ]


def read(data: Any) -> Any:
    return langchain.read(json.dumps(data), "x.json")


@settings(max_examples=examples(200), deadline=None)
@given(
    pieces,
    words,
    words,
    st.lists(words, max_size=2),
    st.dictionaries(st.sampled_from(NAMES), words.filter(bool)),
)
def test_a_prompt_of_one_user_turn_reads_back_equal(
    parts: list[Piece], name: str, description: str, tags: list[str], defaults: dict[str, str]
) -> None:
    source = join(parts)
    turns = normalise([Turn(role="user", template=source)])
    used = sorted(
        {part.text for part in parts if part.kind == "value"}, key=lambda n: source.index(f"{{{{ {n} }}}}")
    )
    prompt = Prompt(
        name=name,
        description=description,
        tags=tuple(tags),
        turns=turns,
        inputs=tuple(Input(name=item, default=defaults.get(item)) for item in used),
    )
    written = langchain.write(Export(prompt=prompt))
    assert written.losses == ()
    reading = langchain.read(written.text)
    values = dict.fromkeys(NAMES, "v{{ x }}")
    assert rendered(reading.prompt.turns, values) == rendered(turns, values)
    assert reading.prompt.model_copy(update={"turns": ()}) == prompt.model_copy(update={"turns": ()})
    assert reading.losses == ()


def everything() -> Export:
    prompt = Prompt(
        name="Weather",
        description="Small talk.",
        tags=("talk",),
        metadata={"author": "someone"},
        turns=(
            Turn(role="system", template="Be {{ tone }}."),
            Turn(role="user", template="In {{ city }}? {x}"),
        ),
        inputs=(
            Input(name="tone", kind="choice", choices=("dry", "warm"), default="dry"),
            Input(name="city", description="Where"),
            Input(name="unused"),
        ),
        checks=(Check(scorer="json"),),
        cases=({"city": "Ulm"},),
    )
    return Export(prompt=prompt, sampling=ran_with(temperature=0.5), model="ollama:m", answer="Rain")


def test_the_written_file_equals_the_golden_one_and_names_every_field_that_is_lost(golden: Any) -> None:
    written = langchain.write(everything())
    golden("weather.langchain.json", written.text)
    assert (written.name, written.media_type) == ("weather.json", "application/json")
    assert [loss.split(":")[0] for loss in written.losses] == [
        "checks", "cases", "model", "answer", "temperature", "seed", "max_tokens", "roles", "inputs.unused",
        "inputs.tone.kind", "inputs.tone.choices", "inputs.city.description",
    ]  # fmt: skip


def test_a_template_with_a_loop_is_written_as_rendered_and_said_so() -> None:
    prompt = Prompt(turns=(Turn(role="user", template="{% for n in rows %}{{ n }}{% endfor %}"),))
    written = langchain.write(Export(prompt=prompt, messages=(Message("user", "1{2}"),)))
    assert json.loads(written.text)["template"] == "1{{2}}"
    assert written.losses == (
        "template: turn 1 does more than put variables into text; written with the values of this run",
    )
    with pytest.raises(PromptError, match="cannot be written in this format"):
        langchain.write(Export(prompt=prompt))


def test_a_few_shot_file_becomes_a_loop_over_its_examples() -> None:
    data = {
        "_type": "few_shot",
        "input_variables": ["adjective"],
        "prefix": "Antonyms {{of",
        "example_prompt": {
            "_type": "prompt",
            "input_variables": ["word", "not"],
            "template": "{word} > {not}\nuser:",
        },
        "examples": [{"word": "big", "not": "small"}, {"word": "{x}", "not": "y"}],
        "suffix": "{adjective} >",
    }
    reading = read(data)
    assert rendered(reading.prompt.turns, {"adjective": "hot", "examples": data["examples"]}) == [
        ("user", "Antonyms {of\n\nbig > small\nuser:\n\n{x} > y\nuser:\n\nhot >")
    ]
    assert reading.prompt.inputs == (
        Input(name="adjective"),
        Input(name="examples", kind="examples", default=data["examples"], example=data["examples"]),
    )
    assert reading.losses == ("examples: LangChain reads braces in them as variables; here they are text",)


def test_a_chat_file_keeps_every_turn_with_its_role() -> None:
    data = {
        "_type": "chat",
        "input_variables": [],
        "messages": [
            {"_type": "system", "prompt": {"template": "Be {{kind}}."}},
            {"role": "human", "prompt": {"template": "{q}"}},
            {"role": "tool", "prompt": {"template": "x"}},
        ],
    }
    reading = read(data)
    assert [turn.role for turn in reading.prompt.turns] == ["system", "user", "user"]
    assert reading.losses == ("message 3: the role 'tool' is read as user",)


def test_other_template_languages_are_read_as_far_as_they_go() -> None:
    mustache = read({"template": "{{{a}}} {{ &b }} {{c}} {{#d}}x{{/d}}", "template_format": "mustache"})
    assert (
        mustache.prompt.turns[0].template == "{{ a }} {{ b }} {{ c }} "
        "{% for d_item in ([d] if d is string or d is mapping or d is not iterable else d) if d %}x{% endfor %}"
    )
    assert mustache.losses == ()
    jinja = read({"template": "{% if a %}{{ a }}{% endif %}", "template_format": "jinja2"})
    assert jinja.prompt.turns[0].template == "{% if a %}{{ a }}{% endif %}"
    assert jinja.losses[0].startswith("template_format: ")


def test_names_that_jinja_does_not_know_are_changed_and_formats_are_lost() -> None:
    reading = read({"template": "{first-name} {true} {a!r:>5} {0}"})
    assert reading.prompt.turns[0].template == "{{ first_name }} {{ value_true }} {{ a }} {{ value_0 }}"
    assert [loss.split(":")[0] for loss in reading.losses] == [
        "template", "variable 'first-name'", "variable 'true'", "variable '0'",
    ]  # fmt: skip


def test_yaml_is_read_too_and_references_to_files_are_refused() -> None:
    reading = langchain.read(
        "_type: prompt\ntemplate: Hi {x}\ntemplate_path: /etc/passwd\nname: ${env:KEY}\nodd: 1\n"
    )
    assert reading.prompt == Prompt(
        turns=(Turn(role="user", template="Hi {{ x }}"),), inputs=(Input(name="x"),)
    )
    assert [loss.split(":")[0] for loss in reading.losses] == ["name", "template_path", "odd"]


@pytest.mark.parametrize(
    "text",
    [
        "[]", "3", "{", '{"_type": "chat"}', '{"_type": "loader"}', '{"template": 3}', '{"template": "{"}', "{}",
        '{"_type": ["prompt"]}', '{"_type": "chat", "messages": [3]}', '{"_type": "few_shot"}',
        '{"_type": "few_shot", "examples": [1], "example_prompt": {"template": ""}}',
        '{"_type": "few_shot", "examples": [], "example_prompt": 1}', '{"template_path": "../x.txt"}',
        '{"template": "a", "template": "b"}', '{"template": "\\ud800"}', '{"template": "a", "name": NaN}',
        "template: !!python/object:os.system x", "template: &a x\nname: *a",
    ],
)  # fmt: skip
def test_unusable_files_are_refused_with_the_name_of_the_file(text: str) -> None:
    with pytest.raises(PromptError, match="x.json") as caught:
        langchain.read(text, "x.json")
    assert caught.value.hint


def dumped(name: str, **arguments: Any) -> dict[str, Any]:
    return {"lc": 1, "type": "constructor", "id": ["langchain", "prompts", name], "kwargs": arguments}


def template(text: str) -> dict[str, Any]:
    return dumped("PromptTemplate", template=text, template_format="f-string", input_variables=[])


CHAT = dumped(
    "ChatPromptTemplate",
    input_variables=["q"],
    messages=[
        dumped("SystemMessagePromptTemplate", prompt=template("Be {tone}.")),
        dumped("MessagesPlaceholder", variable_name="history"),
        dumped("HumanMessagePromptTemplate", prompt=[template("{q}"), {"type": "image_url"}]),
        dumped("AIMessage", content="{not a variable}"),
        dumped("ChatMessagePromptTemplate", role="user", prompt=template("Go.")),
    ],
)


def test_a_dumped_chat_keeps_its_turns_and_nothing_is_constructed() -> None:
    reading = read(CHAT)
    assert [(turn.role, turn.template) for turn in reading.prompt.turns] == [
        ("system", "Be {{ tone }}."),
        ("user", "{{ q }}"),
        ("assistant", "{not a variable}"),
        ("user", "Go."),
    ]
    assert reading.losses == (
        "message 2: the place of a list of messages, 'history', is left out",
        "message 3: only its text parts are kept",
    )


def test_of_a_dumped_chain_the_prompt_is_read_and_the_rest_named() -> None:
    secret = {"lc": 1, "type": "secret", "id": ["OPENAI_API_KEY"]}
    chain = dumped("RunnableSequence", first=template("Hi {x}"), last=dumped("ChatOpenAI", api_key=secret))
    reading = read(chain)
    assert reading.prompt.turns == (Turn(role="user", template="Hi {{ x }}"),)
    assert [loss.partition(":")[0] for loss in reading.losses] == [
        "RunnableSequence",
        "ChatOpenAI",
        "OPENAI_API_KEY",
    ]


def test_a_dumped_object_without_a_prompt_is_named() -> None:
    with pytest.raises(PromptError, match=r"no prompt \(ChatOpenAI\)"):
        read(dumped("ChatOpenAI", model="m"))


def test_dumped_examples_become_turns() -> None:
    shape = dumped(
        "ChatPromptTemplate",
        messages=[
            dumped("HumanMessagePromptTemplate", prompt=template("{i}?")),
            dumped("AIMessagePromptTemplate", prompt=template("{o}")),
        ],
    )
    reading = read(
        dumped("FewShotChatMessagePromptTemplate", examples=[{"i": "1+1", "o": "2"}], example_prompt=shape)
    )
    assert [(turn.role, turn.template) for turn in reading.prompt.turns] == [
        ("user", "1+1?"),
        ("assistant", "2"),
    ]


def test_what_a_hub_gives_is_read_under_its_name() -> None:
    text = json.dumps({"prompt_name": "Mine", "manifest": dumped("RunnableSequence", first=CHAT)})
    assert recognise("x.json", text.encode()).format == "langchain"
    assert langchain.read(text).prompt.name == "Mine"
