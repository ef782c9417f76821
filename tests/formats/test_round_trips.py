"""Any text in any field comes back from every format, or the loss report says that it does not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from playground.errors import PromptError
from playground.formats.base import Export, Format, stated
from playground.formats.bundle import BundleItem, read_bundle, write_bundle
from playground.formats.literal import literal
from playground.formats.recognise import recognise
from playground.formats.registry import FORMATS
from playground.templating import worker
from playground.templating.rendering import normalise
from playground.types.generation import Message
from playground.types.prompt import Check, Input, Prompt, Sampling, TechniqueChoice, Turn
from tests.examples import examples

HOSTILE = [
    "system", "user", "assistant", "answer", "developer", "tool", "system:", "user:", "\nuser:\n", "\n## User\n", "# System",
    "## Assistant", "---", "\n---\n", "#", "# ", "```", "\n```\n", "~~~", '"""', "{{", "}}", "{%", "%}", "{#", "#}", "{{ x }}",
    "{x}", "{", "}", "$", "$x", "$$", "${x}", "<|im_start|>", "<|endoftext|>", "\x00", "\x07", "\x1b", "\r", "\r\n", "\x85",
    "\u2028", "\u2029", "\ufeff", " ", "  ", "\t", "\n", "\n\n", "\u00a0", "\u3000", "\u200b", "\u202e", "\u05d0\u05d1", "e\u0301", "\u00e9", "\U0001f469\u200d\U0001f680",
    "yes", "no", "1e3", "0x1f", "null", "~", "!!python/object:os.system", "&a", "*a", "- ", ": ", "|", ">", "=", "FROM x", "SYSTEM x", "MESSAGE user x",
    "PARAMETER seed 1", "Prompt: x", "Model: y", "| a | b |", "|---|", "[", "]", "(", ")", "\\", "'", '"', ",", ";", "<b>", "&amp;", "&#115;", "{{role \"user\"}}", "{{#if x}}",
    "{{history}}", "sep=;", "__expected", "file://x", "exec:x", "word " * 300,
]  # fmt: skip
texts = st.lists(st.sampled_from(HOSTILE) | st.text(max_size=6), max_size=5).map("".join)
plain_values = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | texts
roles = st.sampled_from(["system", "user", "assistant"])
prompts = st.builds(
    Prompt,
    name=texts,
    description=texts,
    tags=st.lists(texts, max_size=2).map(tuple),
    turns=st.lists(st.builds(Turn, role=roles, template=texts.map(literal)), min_size=1, max_size=3).map(tuple),
    inputs=st.lists(st.builds(Input, name=st.sampled_from(["x", "été", "b_1"]), description=texts, default=plain_values), max_size=2, unique_by=lambda item: item.name).map(tuple),
    checks=st.lists(st.builds(lambda text: Check(scorer="contains", options={"text": text}), texts.filter(str.strip)), max_size=2).map(tuple),
    cases=st.lists(st.dictionaries(st.sampled_from(["x", "expected"]), plain_values, min_size=1), max_size=2).map(tuple),
    metadata=st.dictionaries(texts, plain_values, max_size=2),
    source=texts,
    run_with=st.none() | st.builds(TechniqueChoice, name=st.sampled_from(["react", "no-such: one"]), options=st.dictionaries(texts, plain_values, max_size=2)),
)  # fmt: skip
rows = pytest.mark.parametrize("row", FORMATS.values(), ids=FORMATS)
FIELDS = ("name", "description", "tags", "source", "metadata", "checks", "cases", "run_with")


def told(field: str, losses: tuple[str, ...]) -> bool:
    return any(loss.startswith(field) for loss in losses)


@rows
@settings(max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    prompts,
    st.none()
    | st.builds(
        Sampling, temperature=st.floats(0, 2), stop=st.lists(texts.filter(bool), max_size=2).map(tuple)
    ),
)
def test_what_is_written_comes_back_or_is_named(
    row: Format, prompt: Prompt, sampling: Sampling | None
) -> None:
    pairs = [(turn.role, turn.template) for turn in normalise(prompt.turns)]
    try:
        messages = tuple(Message(role, text) for role, text in worker.render(pairs, {}, 100_000))  # type: ignore[arg-type]
    except PromptError:
        return
    try:
        file = row.write(Export(prompt=prompt, messages=messages, sampling=sampling))
    except PromptError as exc:
        assert exc.hint
        return
    data = file.text.encode("utf-8", "surrogatepass")
    if told("file", file.losses):
        return
    read = row.read(file.text, file.name)[0].prompt
    for field in FIELDS:
        mine, theirs = getattr(prompt, field), getattr(read, field)
        assert mine == theirs or not mine or told(field, file.losses), (field, mine, theirs, file.losses)
    for key, value in stated(sampling).items():
        assert (
            stated(read.sampling).get(key, ()) == value
            or told(key, file.losses)
            or told("sampling", file.losses)
        ), (key, file.losses)
    if not row.only_cases and not any(
        told(word, file.losses)
        for word in ("turns", "turn ", "template", "roles", "prompt:", "Modelfile", "message", "last message")
    ):
        again = [(turn.role, turn.template) for turn in read.turns]
        assert worker.render(again, {}, 100_000) == worker.render(pairs, {}, 100_000), file.losses
    if messages and not row.only_cases:
        assert recognise(file.name, data).format == row.name, file.text[:300]


@rows
@pytest.mark.parametrize(
    "name",
    [
        "system",
        "User",
        "ASSISTANT",
        "Answer:",
        "**user**",
        " two  blanks ",
        "a\nb",
        "---",
        "- x",
        "1. x",
        "| a |",
        "yes",
        "&#115;ystem",
        "",
        "e\u0301",
    ],
)
def test_a_name_that_means_something_elsewhere_opens_no_turn(row: Format, name: str) -> None:
    if row.only_cases:
        return
    prompt = Prompt(name=name, description=name, turns=(Turn(role="user", template="Say hi."),))
    file = row.write(Export(prompt=prompt, messages=(Message("user", "Say hi."),)))
    read: Any = row.read(file.text, file.name)[0].prompt
    assert [(turn.role, turn.template) for turn in read.turns] == [("user", "Say hi.")]
    assert read.name == name or not name or told("name", file.losses)
    assert read.description == name or told("description", file.losses)


@settings(max_examples=examples(80), deadline=None, suppress_health_check=list(HealthCheck))
@given(prompts)
def test_a_bundle_gives_back_what_is_put_into_it(prompt: Prompt) -> None:
    written = write_bundle([BundleItem(prompt)], name="x", created=datetime(2026, 1, 1, tzinfo=UTC))
    (entry,) = read_bundle(written.data).entries
    assert entry.error is None
    if not written.losses:
        assert entry.prompt == prompt.model_copy(update={"turns": normalise(prompt.turns)})
