"""Labels, variants and the comparison of any two versions, in the drawer of a saved prompt."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from playground.types.prompt import Prompt, Sampling, Turn
from playground.workbench.service import Workbench

Call = Callable[..., Awaitable[dict[str, Any]]]
Read = Callable[[str], Any]
HOSTILE = "<img src=x onerror=alert(1)>"


async def save(
    workbench: Workbench, text: str, ident: str | None = None, variant: str = "", **fields: Any
) -> str:
    prompt = Prompt(name=fields.pop("name", "Mail"), turns=(Turn(role="user", template=text),), **fields)
    saved = await workbench.prompts.save(
        prompt, message=f"to {text}", prompt_id=ident, variant=variant, author="Ada"
    )
    return saved.prompt_id


@pytest.fixture
async def mail(workbench: Workbench) -> str:
    """Versions 1 to 3 of the main line, then the variants "loud" (4) and "short" (5)."""
    ident = await save(workbench, "Hello")
    for text, variant in (("Hello there", ""), ("Hello you", ""), ("HELLO", "loud"), ("Hi", "short")):
        await save(workbench, text, ident, variant)
    return ident


def badges(update: dict[str, Any], read_html: Read) -> list[tuple[str | None, str | None]]:
    """The labels of the drawer, each by its button that takes it away."""
    page = read_html(update["drawer"]["body"])
    return [(b["data-label"], b["data-number"]) for b in page.find("button") if b.get("data-label")]


async def test_a_label_is_set_moved_and_taken_away(
    call: Call, workbench: Workbench, mail: str, read_html: Read
):
    for number in (1, 2):
        fields = {"label": " production ", "number": str(number)}
        update = await call("set_label", prompt=mail, fields=fields)
        assert badges(update, read_html) == [("production", "")]
        assert workbench.store.labels(mail) == {"production": number}
    page = read_html((await call("open_library", key=f"prompt:{mail}"))["html"]["lib-preview"])
    (badge,) = page.find("button", data_act="open_version", data_number="2")
    opened = await call("open_version", prompt=badge["data-prompt"], number=badge["data-number"])
    assert opened["form"]["prompt"]["turns"][0]["template"] == "Hello there"
    update = await call("set_label", prompt=mail, label="production", number="")
    assert badges(update, read_html) == []
    assert workbench.store.labels(mail) == {}


@pytest.mark.parametrize("label", ["", " ", "x" * 41, "7", "a@b", "a\x00b"])
async def test_a_label_that_cannot_be_used_is_an_alert(
    call: Call, workbench: Workbench, mail: str, label: str
):
    update = await call("set_label", prompt=mail, fields={"label": label, "number": "1"})
    assert list(update) == ["alert"] and update["alert"]["hint"]
    assert workbench.store.labels(mail) == {}


@pytest.mark.parametrize("number", ["99", "x", "-1"])
async def test_a_label_on_no_version_is_an_alert(call: Call, workbench: Workbench, mail: str, number: str):
    assert "alert" in await call("set_label", prompt=mail, fields={"label": "live", "number": number})
    assert workbench.store.labels(mail) == {}


async def test_any_two_versions_are_compared_variants_too(call: Call, mail: str, read_html: Read):
    body = (await call("versions", prompt=mail))["drawer"]["body"]
    assert "Version 3 against version 2" in body
    selects = read_html(body).find("select", data_act="versions")
    assert [found["name"] for found in selects] == ["from", "to"]
    assert {found["data-prompt"] for found in selects} == {mail}
    for since, to in (("1", "2"), ("5", "4"), ("3", "1")):
        # As the page sends it: the fields of both selects, whichever changed.
        update = await call("versions", prompt=mail, value=to, fields={"from": since, "to": to})
        page = read_html(update["drawer"]["body"])
        assert f"Version {to} against version {since}" in page.text
        chosen = [found["value"] for found in page.find("option") if "selected" in found]
        assert chosen[-2:] == [since, to]
    same = await call("versions", prompt=mail, fields={"from": "2", "to": "2"})
    assert "against" not in same["drawer"]["body"]


async def test_the_button_of_a_row_compares_it_with_the_newest(call: Call, mail: str, read_html: Read):
    page = read_html((await call("versions", prompt=mail))["drawer"]["body"])
    for row in page.find("button", data_act="versions"):
        asked = {name.removeprefix("data-"): value for name, value in row.items() if name.startswith("data-")}
        body = (await call("versions", **{k: v for k, v in asked.items() if k != "act"}))["drawer"]["body"]
        assert " against version " in body


async def test_a_changed_setting_is_named_beside_the_words(call: Call, workbench: Workbench):
    ident = await save(workbench, "Hello", sampling=Sampling(max_tokens=128))
    await save(workbench, "Hello all", ident, sampling=Sampling(max_tokens=256), tags=("mail",))
    body = (await call("versions", prompt=ident))["drawer"]["body"]
    assert "adds 1 word; 2 fields differ" in body
    assert '<span class="del">128</span>' in body and '<span class="add">256</span>' in body


async def test_variants_open_beside_the_main_line(
    call: Call, mail: str, form: dict[str, Any], read_html: Read
):
    body = (await call("versions", prompt=mail))["drawer"]["body"]
    assert read_html(body).find("button", data_act="open_variants", data_prompt=mail)
    update = await call("open_variants", prompt=mail, form=form)
    columns = update["form"]["columns"]
    assert update["form"]["prompt"]["turns"][0]["template"] == "Hello you"
    assert (update["form"]["prompt_id"], update["form"]["version"]) == (mail, 3)
    assert columns[0]["own"] is False
    assert [c["turns"][0]["template"] for c in columns[1:]] == ["Hi", "HELLO"]
    # Rivals meet on equal terms.
    assert len({(c["model"], c["preset"], str(c["sampling"])) for c in columns}) == 1
    assert update["toast"] == "Side by side: the main line, short, loud"


async def test_more_variants_than_columns_show_the_newest_and_say_so(
    call: Call, workbench: Workbench, mail: str, form: dict[str, Any]
):
    for name in ("third", "fourth", "fifth", "sixth"):
        await save(workbench, f"Variant {name}", mail, name)
    update = await call("open_variants", prompt=mail, form=form)
    columns = update["form"]["columns"]
    assert len(columns) == 6
    assert [c["source"] and c["source"]["at"] for c in columns[:3]] == [None, "sixth", "fifth"]
    named = "the main line, sixth, fifth, fourth, third, short"
    assert update["toast"] == f"Side by side: {named}; 1 older not shown"


async def test_a_promoted_variant_is_the_newest_and_the_losers_stay_readable(
    call: Call, workbench: Workbench, mail: str, read_html: Read
):
    update = await call("promote", prompt=mail, variant="short", fields={"from": "1", "to": "2"})
    assert update["toast"] == "Promoted as version 6"
    assert "Version 6 against version 3" in update["drawer"]["body"]
    assert workbench.store.version(mail).prompt.turns[0].template == "Hi"
    for number, text in ((3, "Hello you"), (4, "HELLO"), (5, "Hi")):
        opened = await call("open_version", prompt=mail, number=str(number))
        assert opened["form"]["prompt"]["turns"][0]["template"] == text
    assert {row.variant for row in workbench.store.variants(mail)} >= {"loud"}
    for variant in ("", "nothing"):
        assert "alert" in await call("promote", prompt=mail, variant=variant)


async def test_a_variant_is_restored_by_nothing_but_its_promotion(call: Call, mail: str, read_html: Read):
    page = read_html((await call("versions", prompt=mail))["drawer"]["body"])
    assert [b["data-number"] for b in page.find("button", data_act="restore")] == ["2", "1"]
    assert {b["data-variant"] for b in page.find("button", data_act="promote")} == {"loud", "short"}


async def test_hostile_names_and_messages_are_text(call: Call, workbench: Workbench, read_html: Read):
    ident = await save(workbench, HOSTILE, name=HOSTILE)
    await save(workbench, f"{HOSTILE} 2", ident, name=HOSTILE)
    await save(workbench, f"{HOSTILE} 3", ident, "rival")
    await call("set_label", prompt=ident, fields={"label": "live", "number": "1"})
    drawer = (await call("versions", prompt=ident))["drawer"]
    page = read_html(drawer["body"])
    assert drawer["title"] == f"Versions of {HOSTILE}"  # set as text by the page
    assert HOSTILE in page.text and not page.find("img")
