"""The Library tab: shipped patterns and saved prompts, searched, previewed, tried, deleted, exported."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from playground.formats import FORMATS
from playground.types import Check, Input, Prompt, Turn
from playground.ui import library
from playground.workbench import Workbench

Call = Callable[..., Awaitable[dict[str, Any]]]
Read = Callable[[str], Any]
HOSTILE = st.text(min_size=1) | st.sampled_from(
    ["<script>x</script>", '"><img src=x onerror=y>', "' autofocus onfocus='x", "{0} {x}", "&lt;b&gt;"]
)


async def save(workbench: Workbench, name: str = "Mine", template: str = "Hello {{ who }}") -> str:
    prompt = Prompt(
        name=name, turns=(Turn(role="user", template=template),), inputs=(Input(name="who", example="you"),)
    )
    return (await workbench.save_prompt(prompt, message="first", forked_from="a/b")).prompt_id


def keys(update: dict[str, Any], read_html: Read) -> list[str]:
    page = read_html(update["html"]["lib-list"])
    return [found["data-key"] for found in page.find("button", data_act="open_library")]


async def test_own_prompts_come_before_the_shipped_patterns(
    call: Call, workbench: Workbench, read_html: Read
):
    ident = await save(workbench)
    listed = keys(await call("open_library"), read_html)
    assert listed[0] == f"prompt:{ident}"
    assert len(listed) == 1 + len(workbench.library.patterns())
    assert len(listed) > 12


async def test_a_search_finds_marks_and_is_kept_to_its_words(
    call: Call, workbench: Workbench, read_html: Read
):
    ident = await save(workbench, name="Quokka & friends")
    for search in ("quokka", "QUOKKA friends", "& friends"):
        update = await call("open_library", fields={"search": search})
        assert keys(update, read_html) == [f"prompt:{ident}"]
        assert "<mark>" in update["html"]["lib-list"]
    update = await call("open_library", fields={"search": "<nothing>"})
    assert "Nothing matches &#34;&lt;nothing&gt;&#34;." in update["html"]["lib-list"]
    assert update["html"]["lib-preview"] == ""


async def test_filters_show_their_counts_and_stay_pressed(call: Call, workbench: Workbench, read_html: Read):
    ident = await save(workbench)
    update = await call("open_library", origin="Mine")
    assert keys(update, read_html) == [f"prompt:{ident}"]
    side = read_html(update["html"]["lib-side"])
    assert side.find("button", data_origin="Mine")[0]["aria-pressed"] == "true"
    assert side.find("input", name="origin_now")[0]["value"] == "Mine"
    kept = await call("open_library", fields={"origin_now": "Mine", "family_now": "All"})
    assert keys(kept, read_html) == keys(update, read_html)
    family = workbench.library.families()[0]
    chosen = keys(await call("open_library", family=family), read_html)
    assert 0 < len(chosen) < len(workbench.library.patterns())
    assert (
        "Nothing matches in this filter."
        in (await call("open_library", origin="Mine", family=family))["html"]["lib-list"]
    )


async def test_every_shipped_pattern_has_a_preview_and_can_be_tried(
    call: Call, workbench: Workbench, form: dict[str, Any], read_html: Read
):
    for pattern in workbench.library.patterns():
        update = await call("open_library", key=f"pattern:{pattern.slug}")
        page = read_html(update["html"]["lib-preview"])
        assert pattern.prompt.name in page.text
        assert page.find("button", data_act="try_pattern", data_slug=pattern.slug)
        tried = await call("try_pattern", slug=pattern.slug, form=form)
        assert tried["form"]["origin"] == pattern.slug
        assert tried["tab"] == "Compare"
        preview = (await call("preview", form=tried["form"]))["preview"]
        assert preview["problems"] == []


async def test_a_preview_of_a_saved_prompt_offers_its_versions(
    call: Call, workbench: Workbench, read_html: Read
):
    ident = await save(workbench, name="Mine & <b>")
    page = read_html((await call("open_library", key=f"prompt:{ident}"))["html"]["lib-preview"])
    for action in ("open_version", "versions", "export_prompt", "delete_prompt"):
        assert page.find("button", data_act=action), action
    assert "Mine & <b>" in page.text
    assert "Hello {{ who }}" in page.text


async def test_a_prompt_is_deleted_only_after_asking(call: Call, workbench: Workbench):
    ident = await save(workbench)
    asked = await call("delete_prompt", prompt=ident)
    assert "leave the library" in asked["drawer"]["body"]
    assert len(workbench.store.prompts()) == 1
    done = await call("delete_prompt", prompt=ident, sure="yes")
    assert workbench.store.prompts() == []
    assert (done["drawer"], done["toast"]) == (None, '"Mine" deleted')
    assert f"prompt:{ident}" not in done["html"]["lib-list"]


@pytest.mark.parametrize("format_name", FORMATS)
@pytest.mark.parametrize("origin", ["pattern", "prompt"])
async def test_a_prompt_is_exported_with_a_preview_and_a_download(
    call: Call, workbench: Workbench, read_html: Read, format_name: str, origin: str
):
    ident = workbench.library.patterns()[0].slug if origin == "pattern" else await save(workbench)
    drawer = (await call("export_prompt", key=f"{origin}:{ident}", value=format_name))["drawer"]
    assert read_html(drawer["body"]).find("option", value=format_name)[0].keys() == {"value", "selected"}
    assert read_html(drawer["body"]).find("pre", id="export-text")
    (link,) = read_html(drawer["foot"]).find("a")
    assert link["href"] == f"files/prompt/{format_name}/{origin}:{ident}"


@pytest.mark.parametrize(
    ("action", "arguments"),
    [
        ("try_pattern", {"slug": "no/such"}),
        ("try_pattern", {"slug": "../../pyproject"}),
        ("delete_prompt", {"prompt": "nothing"}),
        ("export_prompt", {"key": "pattern:no/such"}),
        ("export_prompt", {"key": "prompt:nothing"}),
        ("export_prompt", {"key": ""}),
    ],
)
async def test_what_is_not_there_is_an_alert(call: Call, action: str, arguments: dict[str, str]):
    alert = (await call(action, **arguments))["alert"]
    assert alert["message"].startswith("There is no")
    assert alert["hint"] is not None


async def test_a_format_that_is_not_there_is_an_alert(call: Call, workbench: Workbench):
    key = f"pattern:{workbench.library.patterns()[0].slug}"
    assert 'no format "docx"' in (await call("export_prompt", key=key, value="docx"))["alert"]["message"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(text=HOSTILE)
def test_no_text_of_a_prompt_becomes_an_element(read_html: Read, text: str):
    def drawn(text: str) -> Any:
        prompt = Prompt(
            turns=(Turn(role="user", template=f"{text} {{{{ x }}}}"),),
            inputs=(Input(name=text, example=text),),
            checks=(Check(scorer="contains", options={"text": "x"}), Check(scorer="x", options={text: text})),
        )
        item = library.Item(text, text, text, text, text)
        return read_html(
            library._list([item], item, "", True)
            + library._list([], None, text, False)
            + library._side([item], text, text)
            + library._turns(prompt)
            + library._tables(prompt)
        )

    # One Jinja tag in both, so that only escaping can make a difference.
    text = text.replace("{", "(").replace("}", ")")
    page = drawn(text)
    assert page.shape == drawn("plain").shape
    assert page.open == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(text=HOSTILE, search=HOSTILE)
def test_marking_what_was_searched_changes_no_text(read_html: Read, text: str, search: str):
    page = read_html(library._marked(text, search))
    assert page.text == text
    assert {tag for tag, _ in page.elements} <= {"mark"}
