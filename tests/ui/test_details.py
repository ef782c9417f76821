"""The drawer: what the model saw, differences, saving, versions, exporting."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from playground.diff import diff_words
from playground.formats.registry import FORMATS
from playground.store.records import StoredRun
from playground.types.files import ExportFile
from playground.types.generation import TokenLogprob
from playground.types.prompt import Prompt, Turn
from playground.ui import details, html, version_actions
from playground.workbench.service import Workbench
from tests.examples import examples

Call = Callable[..., Awaitable[dict[str, Any]]]
Run = Callable[..., Awaitable[StoredRun]]
Read = Callable[[str], Any]
in_spite_of_the_fixture = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=examples(60),
    deadline=None,
)


async def two_different(call: Call, ran: Run, workbench: Workbench) -> StoredRun:
    """A run whose second column answered "Say <b>hello</b>" after its repeat."""
    run = await ran(2)
    workbench.models.backends["scripted"].scripts = {"echo": "Say <b>goodbye</b>"}  # type: ignore[attr-defined]
    async for _ in workbench.runs.rerun(run.id, 1):
        pass
    return await workbench.runs.get(run.id)


# --- Markdown -----------------------------------------------------------------------------------------------


async def test_an_answer_is_shown_as_markdown(call: Call):
    view = (await call("markdown", column="1", text="# Title\n\n**bold** `code`"))["view"]
    assert view["column"] == 1
    assert "<h1>Title</h1>" in view["html"]
    assert "<strong>bold</strong>" in view["html"]


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "![x](https://example.com/x.png)",
        "![x][1]\n\n[1]: https://example.com/x.png",
        "[x](javascript:alert(1))",
        "[x](data:text/html;base64,x)",
        "[x](vbscript:x)",
        '<https://example.com/" onclick=x>',
        "a <iframe src=//example.com></iframe>",
        "```html\n<script>x</script>\n```",
        "[a](https://example.com 'x\" onclick=\"y')",
    ],
)
async def test_markdown_of_an_answer_can_neither_run_nor_load_anything(
    call: Call, read_html: Read, text: str
):
    page = read_html((await call("markdown", column="0", text=text))["view"]["html"])
    ours = {"p", "pre", "code", "a", "em", "strong"}
    assert {tag for tag, _ in page.elements} <= ours
    for _, attributes in page.elements:
        assert attributes.keys() <= {"href", "title", "class"}
        assert attributes.get("href", "https://").startswith("https://")


# --- what the model saw -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("view", "words"),
    [("text", "<user>Say hello"), ("messages", "Say hello"), ("ids", "0 1 2"), ("", "<user>Say hello")],
)
async def test_the_exact_text_is_shown_in_three_ways(
    call: Call, ran: Run, read_html: Read, view: str, words: str
):
    run = await ran(2)
    drawer = (await call("saw", run=run.id, column="0", view=view))["drawer"]
    page = read_html(drawer["body"])
    assert words in page.text
    assert "all that reached the model in column 1" in page.text
    assert "tokens" in page.text


async def test_two_columns_are_compared_in_a_sentence(
    call: Call, ran: Run, read_html: Read, workbench: Workbench
):
    run = await ran(2)
    page = read_html((await call("saw", run=run.id, column="0", value="1"))["drawer"]["body"])
    assert "Columns 1 and 2 received the same text." in page.text
    assert "differs" not in page.text
    assert len(page.find("pre", hidden=None)) or page.find("pre", id="saw1")


async def test_a_column_that_was_never_sent_shows_that(
    call: Call, workbench: Workbench, form: dict[str, Any]
):
    own = {"own": True, "turns": [{"role": "user", "template": "{{ missing }}"}]}
    form["columns"][1] = form["columns"][1] | own
    from playground.ui.forms import CompareForm, to_comparison

    async for _ in workbench.runs.compare(to_comparison(CompareForm.model_validate(form))):
        pass
    run_id = workbench.store.history().rows[0].id
    for view, words in (
        ("messages", "Nothing was sent."),
        ("text", "does not tell"),
        ("ids", "does not tell"),
    ):
        body = (await call("saw", run=run_id, column="1", view=view))["drawer"]["body"]
        assert words in body


async def test_settings_that_are_equal_are_folded_away(call: Call, ran: Run):
    run = await ran(2)
    body = (await call("saw", run=run.id, column="0", value="1"))["drawer"]["body"]
    settings = body.partition("Settings as sent")[2]
    shown, _, folded = settings.partition("<details>")
    assert "settings are the same</summary>" in folded
    assert "Temperature" in folded and "Temperature" not in shown
    alone = (await call("saw", run=run.id, column="0"))["drawer"]["body"]
    assert "<details>" not in alone and "Temperature" in alone


@pytest.mark.parametrize("action", ["saw", "diff", "export", "save_winner"])
async def test_a_column_that_is_not_there_is_an_alert(
    call: Call, ran: Run, form: dict[str, Any], action: str
):
    run = await ran(2)
    for arguments in ({"run": run.id, "column": "5"}, {"run": "nothing", "column": "0"}, {"run": run.id}):
        assert "alert" in await call(action, form=form, **arguments) or action == "export"
    assert (await call(action, form=form, column="0"))["alert"]["message"] == "There is no run yet."


# --- difference ---------------------------------------------------------------------------------------------


async def test_equal_answers_are_called_equal(call: Call, ran: Run):
    run = await ran(2)
    drawer = (await call("diff", run=run.id, column="0"))["drawer"]
    assert "The two answers are equal." in drawer["body"]


async def test_a_difference_is_marked_word_by_word_and_escaped(
    call: Call, ran: Run, workbench: Workbench, read_html: Read
):
    run = await two_different(call, ran, workbench)
    page = read_html((await call("diff", run=run.id, column="1"))["drawer"]["body"])
    assert page.find("ins")
    assert page.find("del")
    assert "goodbye" in page.text
    assert not page.find("b")


async def test_an_answer_is_compared_with_its_own_before_run_again(
    call: Call, ran: Run, workbench: Workbench, read_html: Read
):
    run = await two_different(call, ran, workbench)
    drawer = (await call("diff", run=run.id, column="1", value="previous"))["drawer"]
    chosen = [o for o in read_html(drawer["body"]).find("option") if "selected" in o]
    assert [o["value"] for o in chosen] == ["previous"]
    assert "its answer before Run again" in drawer["foot"]


async def test_an_answer_is_compared_with_the_last_run(call: Call, ran: Run):
    before, now = await ran(1, word="one"), await ran(1, word="two")
    drawer = (await call("diff", run=now.id, column="0", previous=before.id))["drawer"]
    assert "its answer in the last run" in drawer["foot"]
    for previous in (None, now.id, "nothing"):
        alert = (await call("diff", run=now.id, column="0", previous=previous))["alert"]
        assert alert["message"] == "There is no other answer to compare with."


@in_spite_of_the_fixture
@given(st.text(), st.text())
def test_a_word_diff_holds_both_texts(read_html: Read, before: str, after: str):
    parts = diff_words(before, after)
    assert read_html(html.pieces(parts, side="before")).text == before
    assert read_html(html.pieces(parts, side="after")).text == after
    assert {tag for tag, _ in read_html(html.pieces(parts)).elements} <= {"ins", "del"}


# --- saving and versions ------------------------------------------------------------------------------------


async def test_the_save_drawer_asks_for_a_name_and_what_changed(
    call: Call, form: dict[str, Any], read_html: Read
):
    page = read_html((await call("save_form", form=form))["drawer"]["body"])
    assert page.find("input", name="name")[0]["value"] == "Greeting"
    assert page.find("input", name="message")
    assert not page.find("select", name="as")
    lost = read_html((await call("save_form", form=form | {"prompt_id": "p1"}))["drawer"]["body"])
    assert lost.find("input", name="as")[0]["value"] == "new"


async def test_the_save_drawer_offers_the_next_version_a_variant_and_a_new_prompt(
    call: Call, form: dict[str, Any], read_html: Read, workbench: Workbench
):
    first = await call("save", form=form, fields={"name": "Mail", "author": "Ada"})
    form["prompt_id"] = first["saved"]["prompt_id"]
    form["prompt"]["turns"][0]["template"] = "Shout {{ word }}"
    rival = {"name": "Mail", "as": "new-variant", "variant": "loud", "message": "rival"}
    assert (await call("save", form=form, fields=rival))["toast"] == 'Saved as version 2 of "loud"'
    nameless = await call("save", form=form, fields={**rival, "variant": " "})
    assert nameless["alert"]["message"] == "The variant has no name."
    page = read_html((await call("save_form", form=form, author="Bo"))["drawer"]["body"])
    assert [o["value"] for o in page.find("option")] == ["version", "variant:loud", "new-variant", "new"]
    assert "version 3 of this prompt" in page.text
    assert page.find("input", name="author")[0]["value"] == "Bo"
    rows = workbench.store.versions(form["prompt_id"])
    assert [(r.number, r.variant, r.author) for r in rows] == [(2, "loud", ""), (1, "", "Ada")]


async def test_what_is_on_screen_is_saved_as_versions_of_one_prompt(
    call: Call, form: dict[str, Any], workbench: Workbench
):
    first = await call("save", form=form, fields={"name": " Mail ", "message": "first"})
    assert first["toast"] == "Saved as version 1"
    assert first["saved"]["version"] == 1
    form["prompt_id"] = first["saved"]["prompt_id"]
    form["prompt"]["turns"][0]["template"] = "Shout {{ word }}"
    second = await call("save", form=form, fields={"name": "Mail", "message": "louder", "as": "version"})
    assert (second["saved"]["prompt_id"], second["saved"]["version"]) == (form["prompt_id"], 2)
    other = await call("save", form=form, fields={"name": "Other", "as": "new"})
    assert other["saved"]["prompt_id"] != form["prompt_id"]
    assert [p.name for p in workbench.store.prompts()] == ["Other", "Mail"]


@pytest.mark.parametrize("name", ["", "x" * 201, "a\x00b", "greeting"])
async def test_a_name_that_cannot_be_used_is_an_alert_and_saves_nothing(
    call: Call, form: dict[str, Any], workbench: Workbench, name: str
):
    await call("save", form=form, fields={"name": "Greeting"})
    form["prompt"]["turns"][0]["template"] = "changed"
    assert (await call("save", form=form, fields={"name": name}))["alert"]["hint"]
    assert len(workbench.store.prompts()) == 1


@pytest.mark.parametrize("name", ["a/b", "..", "../../etc", "<b>bold</b>", "Grüße 👋", "x" * 200])
async def test_a_strange_name_is_only_a_name(
    call: Call, form: dict[str, Any], workbench: Workbench, name: str
):
    assert (await call("save", form=form, fields={"name": name}))["saved_prompt"]["name"] == name
    assert [p.name for p in workbench.store.prompts()] == [name]


async def test_the_winner_is_saved_with_its_sampling_and_becomes_the_shared_prompt(
    call: Call, form: dict[str, Any], workbench: Workbench
):
    from playground.ui.forms import CompareForm, to_comparison

    own = {"own": True, "turns": [{"role": "user", "template": "Mine"}], "sampling": {"temperature": 0.7}}
    form["columns"][1] = form["columns"][1] | own
    async for _ in workbench.runs.compare(to_comparison(CompareForm.model_validate(form))):
        pass
    run_id = workbench.store.history().rows[0].id
    drawer = (await call("save_column", run=run_id, column="1", form=form))["drawer"]
    assert "the prompt and sampling of column 2" in drawer["body"]
    update = await call("save", run=run_id, column="1", form=form, fields={"name": "Winner"})
    saved = workbench.store.version(update["saved"]["prompt_id"]).prompt
    assert saved.turns == (Turn(role="user", template="Mine"),)
    assert saved.sampling is not None
    assert saved.sampling.temperature == 0.7
    assert update["form"]["prompt"]["turns"][0]["template"] == "Mine"
    assert [column["own"] for column in update["form"]["columns"]] == [False, False]


async def ran_with_an_own_prompt(workbench: Workbench, form: dict[str, Any]) -> str:
    """A run of two columns; the second has a text and a temperature of its own."""
    from playground.ui.forms import CompareForm, to_comparison

    own = {"own": True, "turns": [{"role": "user", "template": "Shout {{ word }}"}]}
    form["columns"][1] = form["columns"][1] | own | {"sampling": {"temperature": 0.7}}
    async for _ in workbench.runs.compare(to_comparison(CompareForm.model_validate(form))):
        pass
    return workbench.store.history().rows[0].id


async def test_the_winner_is_saved_in_one_click_with_a_message_made_from_the_difference(
    call: Call, form: dict[str, Any], workbench: Workbench
):
    first = await call("save", form=form, fields={"name": "Greeting"})
    form |= first["saved"]
    run_id = await ran_with_an_own_prompt(workbench, form)
    update = await call("save_winner", run=run_id, column="1", form=form)
    assert update["drawer"] is None
    assert update["toast"].startswith("Saved as version 2: User turn: “Say” → “Shout”")
    assert "emperature 0.7" in update["toast"]
    assert update["form"]["prompt"]["turns"][0]["template"] == "Shout {{ word }}"
    again = await call("save_winner", run=run_id, column="1", form=form | update["form"] | update["saved"])
    assert again == {"toast": "Nothing has changed since version 2."}
    assert len(workbench.store.versions(update["saved"]["prompt_id"])) == 2


async def test_a_winner_without_a_name_is_asked_for_one(
    call: Call, form: dict[str, Any], workbench: Workbench
):
    form["prompt"]["name"] = ""
    run_id = await ran_with_an_own_prompt(workbench, form)
    drawer = (await call("save_winner", run=run_id, column="1", form=form))["drawer"]
    assert "the prompt and sampling of column 2" in drawer["body"]
    assert workbench.store.prompts() == []


async def test_one_key_saves_what_has_a_name_and_says_what_changed(
    call: Call, form: dict[str, Any], workbench: Workbench
):
    first = await call("save_now", form=form)
    assert first["toast"] == "Saved as version 1: First version"
    form |= first["saved"]
    assert (await call("save_now", form=form)) == {"toast": "Nothing has changed since version 1."}
    form["prompt"]["turns"][0]["template"] = "Say {{ word }} twice"
    second = await call("save_now", form=form)
    assert second["toast"] == "Saved as version 2: User turn: added “twice”"
    # A version of a variant stays on its line.
    fields = {"name": "Greeting", "as": "new-variant", "variant": "loud"}
    form["prompt"]["turns"][0]["template"] = "SAY {{ word }} TWICE"
    form |= (await call("save", form=form | second["saved"], fields=fields))["saved"]
    form["prompt"]["turns"][0]["template"] = "SAY {{ word }} TWICE!"
    assert (await call("save_now", form=form))["toast"].startswith('Saved as version 4 of "loud": ')


async def test_one_key_asks_when_there_is_no_name_or_another_has_it(
    call: Call, form: dict[str, Any], workbench: Workbench
):
    form["prompt"]["name"] = " "
    assert (await call("save_now", form=form))["drawer"]["title"] == "Save a version"
    assert workbench.store.prompts() == []
    form["prompt"]["name"] = "Taken"
    await call("save_now", form=form)
    refused = await call("save_now", form=form)
    assert refused["drawer"]["title"] == "Save a version"
    assert "Taken" in refused["alert"]["message"]
    assert len(workbench.store.prompts()) == 1


async def test_the_drawer_suggests_a_message(call: Call, form: dict[str, Any], read_html: Read):
    form |= (await call("save_now", form=form))["saved"]
    form["values"] = {}
    form["prompt"]["turns"][0]["template"] = 'Say "{{ word }}"'
    body = read_html((await call("save_form", form=form))["drawer"]["body"])
    (field,) = body.find("input", name="message")
    assert str(field["value"]).startswith("User turn, 2 places: added")


async def three_versions(workbench: Workbench) -> str:
    ident = None
    for template, message in (("Hello", ""), ("Hello there", "warmer"), ("Hello <b>you</b>", "<i>bold</i>")):
        prompt = Prompt(name="Mail", turns=(Turn(role="user", template=template),))
        ident = (await workbench.prompts.save(prompt, message=message, prompt_id=ident)).prompt_id
    assert ident
    return ident


async def test_versions_are_listed_and_the_last_two_compared(
    call: Call, workbench: Workbench, read_html: Read
):
    ident = await three_versions(workbench)
    drawer = (await call("versions", prompt=ident))["drawer"]
    page = read_html(drawer["body"])
    assert drawer["title"] == "Versions of Mail"
    assert [b["data-number"] for b in page.find("button", data_act="open_version")] == ["3", "2", "1"]
    assert [b["data-number"] for b in page.find("button", data_act="restore")] == ["2", "1"]
    assert "Version 3 against version 2" in page.text
    assert "<i>bold</i>" in page.text
    assert not page.find("i")


async def test_any_two_versions_can_be_compared(call: Call, workbench: Workbench):
    ident = await three_versions(workbench)
    body = (await call("versions", prompt=ident, to="2", **{"from": "1"}))["drawer"]["body"]
    assert "Version 2 against version 1" in body


async def test_a_single_version_has_nothing_to_compare(call: Call, workbench: Workbench):
    saved = await workbench.prompts.save(
        Prompt(name="x", turns=(Turn(role="user", template="y"),)), message=""
    )
    assert "One version." in (await call("versions", prompt=saved.prompt_id))["drawer"]["body"]


async def test_an_old_version_opens_and_is_restored_as_the_newest(
    call: Call, workbench: Workbench, form: dict[str, Any]
):
    ident = await three_versions(workbench)
    opened = await call("open_version", prompt=ident, number="1", form=form)
    assert opened["form"]["prompt"]["turns"][0]["template"] == "Hello"
    assert (opened["form"]["prompt_id"], opened["form"]["version"]) == (ident, 1)
    restored = await call("restore", prompt=ident, number="1", form=form)
    assert restored["toast"] == "Restored as version 4"
    assert workbench.store.version(ident).prompt.turns[0].template == "Hello"


@pytest.mark.parametrize(
    ("action", "arguments"),
    [
        ("versions", {"prompt": "nothing"}),
        ("open_version", {"prompt": "nothing"}),
        ("open_version", {"prompt": "{id}", "number": "99"}),
        ("versions", {"prompt": "{id}", "to": "99"}),
        ("restore", {"prompt": "{id}", "number": "99"}),
        ("restore", {"prompt": "{id}"}),
    ],
)
async def test_a_version_that_is_not_there_is_an_alert(
    call: Call, workbench: Workbench, action: str, arguments: dict[str, str]
):
    ident = await three_versions(workbench)
    update = await call(action, **{key: value.format(id=ident) for key, value in arguments.items()})
    assert list(update) == ["alert"]
    assert len(workbench.store.versions(ident)) == 3


# --- export -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format_name", FORMATS)
async def test_a_column_is_exported_with_a_preview_and_a_download(
    call: Call, ran: Run, read_html: Read, workbench: Workbench, format_name: str
):
    run = await ran(2, word="<b>you</b>")
    drawer = (await call("export", run=run.id, column="1", value=format_name))["drawer"]
    page = read_html(drawer["body"])
    file = await workbench.runs.export_cell(run.id, 1, format_name)
    assert file.text in page.text
    assert not page.find("b", data_act="x") and "<b>you" not in drawer["body"]
    (link,) = read_html(drawer["foot"]).find("a")
    assert (link["href"], link["download"]) == (f"files/run/{run.id}/1/{format_name}", file.name)
    assert page.find("button", data_column="1", aria_pressed="true")


async def test_a_format_that_is_not_there_is_said_in_the_drawer(call: Call, ran: Run):
    run = await ran(1)
    drawer = (await call("export", run=run.id, column="0", value="docx"))["drawer"]
    assert "There is no format &#34;docx&#34;." in drawer["body"]
    assert "foot" not in drawer


@pytest.mark.parametrize(
    ("losses", "sentence"),
    [
        (("checks", "answer", "name_zh"), "Checks and the answer are not in this file."),
        (("answer",), "The answer is not in this file."),
        (("checks", "model", "cases"), "Checks, cases and the model are not in this file."),
        (("top_k",), "Sampling values are not in this file."),
        (("tags",), "What is said of the prompt is not in this file: tags."),
        (("inputs.a.example", "inputs.a.kind"), "What is said of the variables is not in this file: a."),
        ((), ""),
    ],
)
def test_one_sentence_says_what_a_file_cannot_hold(read_html: Read, losses: Any, sentence: str):
    from playground.ui.losses import told

    lines = [f"{field}: this format has no such field" for field in losses]
    page = read_html(told(lines))
    assert page.text.startswith(sentence)
    assert bool(page.find("details")) == ("name_zh" in losses or "top_k" in losses)


def test_what_else_a_format_does_is_said_too():
    from playground.ui.losses import sorted_out

    frozen = "variables: frozen at the values of this run"
    assert sorted_out([frozen]) == ("Variables: frozen at the values of this run.", [])
    both = sorted_out([frozen, "checks: this format has no such field"])
    assert both == ("Checks are not in this file.", ["Variables: frozen at the values of this run"])


@in_spite_of_the_fixture
@given(st.text(min_size=1) | st.just("</pre><script>x</script>"))
def test_a_file_is_shown_as_text_with_what_it_lost(read_html: Read, text: str):
    def drawn(text: str) -> Any:
        return read_html(
            version_actions.export_body(ExportFile("a.txt", "text/plain", text, (text, f"x{text}")))
        )

    page = drawn(text)
    assert page.shape == drawn("plain").shape
    assert page.text.endswith(text)
    assert page.text.count("Not in this file") >= 1


def test_the_heat_reads_as_the_answer_and_the_table_shows_bytes():
    tokens = (
        TokenLogprob("Hi ", -0.1),
        TokenLogprob("", -0.2, (("<0xF0><0x9F>", -0.2),), "f09f"),
        TokenLogprob("👋", -0.3, (), "918b"),
        TokenLogprob("", -0.4),
    )
    page = details.heat(tokens)
    text, table = page.split("</pre>")
    assert "".join(re.findall(r"<span[^>]*>([^<]*)</span>", text)) == "Hi 👋"
    assert "&lt;0xF0&gt;&lt;0x9F&gt;</td>" in table and "(a part of the next character)" in table


def test_a_token_tells_its_alternatives_to_keyboard_and_touch_and_one_of_them_is_a_stop_of_tab():
    page = details.heat((TokenLogprob("Hi", -0.1, (("Hi", -0.1), ("Yo", -3.0))), TokenLogprob(" ", -0.2)))
    tokens = re.findall(r'<span class="h[^"]*" role="button" tabindex="(-?\d)" aria-label="([^"]*)"', page)
    assert tokens == [("0", "Hi, 90 %"), ("-1", " , 82 %")]
    assert 'data-others="&#39;Hi&#39; 90 %, &#39;Yo&#39; 5 %"' in page
