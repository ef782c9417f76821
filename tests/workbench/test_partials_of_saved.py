"""Prompts that include others, through the workbench: found by name, previewed, run, kept, exported."""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from playground.errors import TemplateError
from playground.library.shipped import Library
from playground.runs.events import RunStarted
from playground.store.records import StoredRun
from playground.types.grid import RunSpec, Variant
from playground.types.prompt import Prompt, Turn
from playground.workbench.service import Workbench


def including(name: str, rest: str = "") -> Prompt:
    return Prompt(name="Outer", turns=(Turn(role="user", template=f'{{% include "{name}" %}}{rest}'),))


async def save(workbench: Workbench, text: str, name: str = "Guardrail", ident: str | None = None) -> str:
    prompt = Prompt(name=name, turns=(Turn(role="user", template=text),))
    return (await workbench.prompts.save(prompt, message="", prompt_id=ident)).prompt_id


@pytest.fixture
async def guardrail(workbench: Workbench) -> str:
    """Versions "Be kind" and "Be kind to {{ who }}", the first labelled production."""
    ident = await save(workbench, "Be kind.")
    await save(workbench, "Be kind to {{ who }}.", ident=ident)
    workbench.store.set_label(ident, "production", 1)
    return ident


async def rendered(workbench: Workbench, prompt: Prompt, **values: Any) -> str:
    (message,) = await workbench.prompts.render(prompt, values)
    return message.content


async def run(workbench: Workbench, prompt: Prompt, **values: Any) -> StoredRun:
    wanted = RunSpec.comparison(prompt=prompt, values=values, variants=(Variant(model="scripted:echo"),))
    run_id = ""
    async with aclosing(workbench.runs.compare(wanted)) as events:
        async for event in events:
            if isinstance(event, RunStarted):
                run_id = event.run_id
    return await workbench.runs.get(run_id)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Guardrail", "Be kind to Ada."),
        ("guardrail", "Be kind to Ada."),  # letter case does not count, as in the library
        ("Guardrail@1", "Be kind."),
        ("Guardrail@2", "Be kind to Ada."),
        ("Guardrail@production", "Be kind."),
    ],
)
async def test_a_saved_prompt_is_included_by_name_version_and_label(
    workbench: Workbench, guardrail: str, name: str, text: str
) -> None:
    assert await rendered(workbench, including(name), who="Ada") == text


async def test_a_label_that_moves_takes_its_includes_along(workbench: Workbench, guardrail: str) -> None:
    workbench.store.set_label(guardrail, "production", 2)
    assert await rendered(workbench, including("Guardrail@production"), who="Ada") == "Be kind to Ada."


async def test_a_name_with_a_sign_in_it_is_found_as_it_is(workbench: Workbench) -> None:
    await save(workbench, "Write to us.", name="mail@3")
    assert await rendered(workbench, including("mail@3")) == "Write to us."


async def test_a_shipped_pattern_is_included_by_its_slug_and_by_its_name(
    workbench: Workbench, tmp_path: Path
) -> None:
    (tmp_path / "prompts" / "parts").mkdir(parents=True)
    file = tmp_path / "prompts" / "parts" / "tone.prompty"
    file.write_text("---\nname: House tone\n---\nuser:\nWrite warmly.\n")
    workbench.prompts.library = Library(tmp_path / "prompts")
    for name in ("parts/tone", "House tone"):
        assert (await rendered(workbench, including(name))).strip() == "Write warmly."
    # One's own prompt of that name comes first.
    await save(workbench, "Mine.", name="House tone")
    assert await rendered(workbench, including("House tone")) == "Mine."


async def test_partials_of_partials_are_found(workbench: Workbench, guardrail: str) -> None:
    await save(workbench, 'First: {% include "Guardrail@1" %}', name="Middle")
    assert await rendered(workbench, including("Middle", " Go.")) == "First: Be kind. Go."


async def test_the_variables_of_a_partial_are_asked_for(workbench: Workbench, guardrail: str) -> None:
    preview = await workbench.prompts.preview(including("Guardrail", " {{ word }}"), {"word": "x"}, None)
    assert preview.variables == ("who", "word")
    assert ["who" in problem.message for problem in preview.problems] == [True]
    filled = await workbench.prompts.preview(
        including("Guardrail", " {{ word }}"), {"word": "x", "who": "Ada"}, "scripted:echo"
    )
    assert filled.problems == ()
    assert filled.messages and filled.messages[0].content == "Be kind to Ada. x"


@pytest.mark.parametrize("name", ["Nothing", "Guardrail@9", "Guardrail@staging", "no/such", "Long"])
async def test_a_partial_that_is_missing_is_a_problem_in_the_preview_and_an_error_on_run(
    workbench: Workbench, guardrail: str, name: str
) -> None:
    two = Prompt(name="Long", turns=(Turn(role="system", template="a"), Turn(role="user", template="b")))
    await workbench.prompts.save(two, message="")
    preview = await workbench.prompts.preview(including(name), {}, None)
    (problem,) = preview.problems
    assert problem.turn == 0 and problem.hint
    assert preview.messages is None
    with pytest.raises(TemplateError) as caught:
        await run(workbench, including(name))
    assert caught.value.message == problem.message
    assert workbench.store.history().total == 0


async def test_a_prompt_in_the_bin_is_not_included(workbench: Workbench, guardrail: str) -> None:
    workbench.store.bin.put(guardrail)
    with pytest.raises(TemplateError, match="Guardrail"):
        await workbench.prompts.render(including("Guardrail"), {})


async def test_a_run_keeps_what_was_sent_when_the_partial_changes_later(
    workbench: Workbench, guardrail: str
) -> None:
    before = await run(workbench, including("Guardrail"), who="Ada")
    await save(workbench, "Be rude.", ident=guardrail)
    kept = await workbench.runs.get(before.id)
    assert [message.content for message in kept.cells[0].messages] == ["Be kind to Ada."]
    assert kept.cells[0].completion and kept.cells[0].completion.text == "Be kind to Ada."
    again = await run(workbench, including("Guardrail"))
    assert again.cells[0].messages[0].content == "Be rude."


@pytest.mark.parametrize("format_name", ["prompty", "jinja", "langchain", "llm", "openwebui", "text"])
async def test_an_export_holds_the_text_of_the_partials_and_says_so(
    workbench: Workbench, guardrail: str, format_name: str
) -> None:
    file = await workbench.prompts.export(including("Guardrail@1"), {}, "scripted:echo", format_name)
    assert "Be kind." in file.text
    assert "include" not in file.text
    assert file.losses[0] == "Guardrail@1: its text is written out"


@pytest.mark.parametrize("format_name", ["prompty", "text"])
async def test_an_export_that_lacks_a_partial_is_refused_rather_than_broken(
    workbench: Workbench, format_name: str
) -> None:
    with pytest.raises(TemplateError, match="Nothing"):
        await workbench.prompts.export(including("Nothing"), {}, "scripted:echo", format_name)


async def test_saved_prompts_keep_their_include_tags(workbench: Workbench, guardrail: str) -> None:
    saved = await workbench.prompts.save(including("Guardrail@production"), message="")
    assert saved.prompt.turns[0].template == '{% include "Guardrail@production" %}'
