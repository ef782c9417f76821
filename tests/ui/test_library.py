"""The Library tab: shipped patterns and saved prompts, searched, previewed, tried, deleted, exported."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from playground.formats.registry import FORMATS
from playground.types.prompt import Check, Input, Prompt, Turn
from playground.ui import library, preview
from playground.ui.html import marked
from playground.workbench.service import Workbench
from tests.examples import examples

Call = Callable[..., Awaitable[dict[str, Any]]]
Read = Callable[[str], Any]
HOSTILE = st.text(min_size=1) | st.sampled_from(
    ["<script>x</script>", '"><img src=x onerror=y>', "' autofocus onfocus='x", "{0} {x}", "&lt;b&gt;"]
)


async def save(workbench: Workbench, name: str = "Mine", template: str = "Hello {{ who }}") -> str:
    prompt = Prompt(
        name=name, turns=(Turn(role="user", template=template),), inputs=(Input(name="who", example="you"),)
    )
    return (await workbench.prompts.save(prompt, message="first", forked_from="a/b")).prompt_id


def keys(update: dict[str, Any], read_html: Read) -> list[str]:
    page = read_html(update["html"]["lib-list"])
    return [key for found in page.find("button", data_act="open_library") if (key := found.get("data-key"))]


async def test_own_prompts_come_before_the_shipped_patterns(
    call: Call, workbench: Workbench, read_html: Read
):
    ident = await save(workbench)
    listed = keys(await call("open_library"), read_html)
    assert listed[0] == f"prompt:{ident}"
    assert len(listed) == 1 + len(workbench.prompts.library.patterns())
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
    update = await call("open_library", origin="mine")
    assert keys(update, read_html) == [f"prompt:{ident}"]
    side = read_html(update["html"]["lib-side"])
    assert side.find("button", data_origin="mine")[0]["aria-pressed"] == "true"
    assert side.find("input", name="origin")[0]["value"] == "mine"
    kept = await call("open_library", fields={"origin": "mine"})
    assert keys(kept, read_html) == keys(update, read_html)
    off = await call("open_library", fields={"origin": "mine"}, origin="mine")
    assert len(keys(off, read_html)) > 12
    family = workbench.prompts.library.families()[0]
    chosen = keys(await call("open_library", family=family), read_html)
    assert 0 < len(chosen) < len(workbench.prompts.library.patterns())
    both = await call("open_library", origin="mine", family=family)
    assert "Nothing matches in this filter." in both["html"]["lib-list"]
    tag = workbench.prompts.library.tags()[0]
    tagged = keys(await call("open_library", tag=tag), read_html)
    assert tagged == [
        f"pattern:{p.slug}" for p in workbench.prompts.library.patterns() if tag in p.prompt.tags
    ]


async def test_a_starred_prompt_is_a_favourite_until_the_star_is_pressed_again(
    call: Call, workbench: Workbench, read_html: Read
):
    ident = await save(workbench)
    slug = workbench.prompts.library.patterns()[3].slug
    for key in (f"prompt:{ident}", f"pattern:{slug}"):
        await call("favourite", favourite=key, on="yes")
        await call(
            "favourite", favourite=key, on="yes"
        )  # what was pressed is what it is, however often it comes
    loved = await call("open_library", origin="favourites")
    assert keys(loved, read_html) == [f"prompt:{ident}", f"pattern:{slug}"]
    assert all(
        b["aria-pressed"] == "true"
        for b in read_html(loved["html"]["lib-list"]).find("button", data_act="favourite")
    )
    left = await call("favourite", favourite=f"prompt:{ident}", on="no", fields={"origin": "favourites"})
    assert keys(left, read_html) == [f"pattern:{slug}"]


async def test_a_long_list_is_shown_in_parts_and_selected_rows_survive_a_search(
    call: Call, workbench: Workbench, read_html: Read
):
    for number in range(30):
        await save(workbench, name=f"Numbered {number:03}")
    first = await call("open_library")
    assert len(keys(first, read_html)) == 100
    (more,) = [b for b in read_html(first["html"]["lib-list"]).find("button") if b.get("data-rows") == "200"]
    assert more["data-act"] == "open_library"
    everything = 30 + len(workbench.prompts.library.patterns())
    assert first["html"]["lib-count"] == f"{everything} prompts"
    assert len(keys(await call("open_library", rows="200"), read_html)) == everything
    # What is pressed in a row keeps the window; a search begins anew.
    kept = read_html((await call("open_library", rows="200"))["html"]["lib-look"]).find("input")
    assert {field["name"]: field["value"] for field in kept}["rows"] == "200"
    slug = workbench.prompts.library.patterns()[0].slug
    picked = {f"pick:pattern:{slug}": True, "search": "Numbered 007"}
    found = await call("open_library", fields=picked)
    foot = read_html(found["html"]["lib-foot"])
    assert len(keys(found, read_html)) == 1
    assert "Download 1 prompt" in foot.text
    assert foot.find("input", name=f"pick:pattern:{slug}")[0]["value"] == "on"
    cleared = await call("open_library", fields=picked, clear="yes")
    assert "Download these" in cleared["html"]["lib-foot"]  # what the search shows


async def test_every_shipped_pattern_has_a_preview_and_can_be_tried(
    call: Call, workbench: Workbench, form: dict[str, Any], read_html: Read
):
    for pattern in workbench.prompts.library.patterns():
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


async def test_a_deleted_prompt_waits_in_the_bin_and_can_be_put_back(
    call: Call, workbench: Workbench, read_html: Read
):
    ident = await save(workbench)
    done = await call("delete_prompt", prompt=ident)
    assert done["toast"] == '"Mine" is in the bin'
    assert done["toast_act"] == {"label": "Undo", "act": "restore_prompt", "prompt": ident}
    assert f"prompt:{ident}" not in done["html"]["lib-list"]
    bin_ = await call("open_library", origin="bin")
    assert keys(bin_, read_html) == [f"prompt:{ident}"]
    preview = read_html(bin_["html"]["lib-preview"])
    assert preview.find("button", data_act="restore_prompt")
    assert not preview.find("button", data_act="delete_prompt")
    back = await call("restore_prompt", prompt=ident)
    assert back["toast"] == '"Mine" is back in the library'
    assert [p.id for p in workbench.store.prompts()] == [ident]


async def test_putting_back_asks_for_another_name_when_the_old_one_is_taken(
    call: Call, workbench: Workbench, read_html: Read
):
    ident = await save(workbench)
    await call("delete_prompt", prompt=ident)
    await save(workbench)
    asked = await call("restore_prompt", prompt=ident)
    assert read_html(asked["drawer"]["body"]).find("input", name="name")[0]["value"] == "Mine (2)"
    done = await call("restore_prompt", prompt=ident, fields={"name": "Mine (2)"})
    assert done["toast"] == '"Mine (2)" is back in the library'
    assert sorted(p.name for p in workbench.store.prompts()) == ["Mine", "Mine (2)"]


async def test_only_a_prompt_in_the_bin_is_deleted_for_good_and_only_after_asking(
    call: Call, workbench: Workbench
):
    ident = await save(workbench)
    assert "alert" in await call("purge_prompt", prompt=ident, sure="yes")
    await call("delete_prompt", prompt=ident)
    asked = await call("purge_prompt", prompt=ident)
    assert "cannot be put back" in asked["drawer"]["body"]
    assert [p.id for p in workbench.store.prompts(binned=True)] == [ident]
    done = await call("purge_prompt", prompt=ident, sure="yes")
    assert (done["drawer"], done["toast"]) == (None, '"Mine" is deleted')
    assert workbench.store.prompts(binned=True) == []


@pytest.mark.parametrize("format_name", FORMATS)
@pytest.mark.parametrize("origin", ["pattern", "prompt"])
async def test_a_prompt_is_exported_with_a_preview_and_a_download(
    call: Call, workbench: Workbench, read_html: Read, format_name: str, origin: str
):
    ident = workbench.prompts.library.patterns()[0].slug if origin == "pattern" else await save(workbench)
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
    key = f"pattern:{workbench.prompts.library.patterns()[0].slug}"
    drawer = (await call("export_prompt", key=key, value="docx"))["drawer"]
    assert "There is no format &#34;docx&#34;." in drawer["body"]
    assert "foot" not in drawer and "export-text" not in drawer["body"]  # not the file of the format before


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=examples(60),
    deadline=None,
)
@given(text=HOSTILE)
def test_no_text_of_a_prompt_becomes_an_element(read_html: Read, text: str):
    def drawn(text: str) -> Any:
        prompt = Prompt(
            turns=(Turn(role="user", template=f"{text} {{{{ x }}}}"),),
            inputs=(Input(name=text, example=text),),
            checks=(Check(scorer="contains", options={"text": "x"}), Check(scorer="x", options={text: text})),
        )
        item = library.Item(text, text, text, text, True, (text,))
        listing = library.Listing([item], 1, {"favourites": 1, "bin": 1}, {text: 1}, {text: 1})
        wanted = library.Filter("", text, text, text)
        return read_html(
            library._list(listing, item, wanted, {text})
            + library._list(library.Listing([], 0, {}, {}, {}), None, wanted, set())
            + library._list(library.Listing([], 0, {}, {}, {}), None, library.Filter(text), set())
            + library._side(listing, wanted, text)
            + preview._turns(prompt)
            + preview._tables(prompt)
        )

    # One Jinja tag in both, so that only escaping can make a difference.
    text = text.replace("{", "(").replace("}", ")")
    page = drawn(text)
    assert page.shape == drawn("plain").shape
    assert page.open == []


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=examples(60),
    deadline=None,
)
@given(text=HOSTILE, search=HOSTILE)
def test_marking_what_was_searched_changes_no_text(read_html: Read, text: str, search: str):
    page = read_html(marked(text, search))
    assert page.text == text
    assert {tag for tag, _ in page.elements} <= {"mark"}


# --- order, windows, numbers, words ---------------------------------------------------------------------------


async def test_every_window_of_the_list_follows_the_one_before(
    call: Call, workbench: Workbench, read_html: Read
):
    for number in range(12):
        await save(workbench, name=f"Zz {number:02}" if number % 2 else f"Aa {number:02}")
    everything = 12 + len(workbench.prompts.library.patterns())
    for look in ({}, {"sort": "name", "falls": "no"}, {"sort": "name", "falls": "yes"}, {"sort": "changed"}):
        whole = keys(await call("open_library", rows="200", **look), read_html)
        parts: list[str] = []
        for start in range(0, everything, 7):
            parts += keys(await call("open_library", rows="7", start=str(start), **look), read_html)
        assert parts == whole
        assert len(set(whole)) == everything


async def test_a_header_sorts_the_library_and_says_so(call: Call, workbench: Workbench, read_html: Read):
    first, last = await save(workbench, name="aaa first"), await save(workbench, name="zzz last")

    async def shown(**asked: str) -> tuple[list[str], Any]:
        update = await call("open_library", rows="200", **asked)
        return keys(update, read_html), read_html(update["html"]["lib-list"])

    names, page = await shown(sort="name", falls="no")
    assert (names[0], names[-1]) == (f"prompt:{first}", f"prompt:{last}")
    assert [th["aria-sort"] for th in page.find("th") if "aria-sort" in th] == ["ascending"]
    assert (await shown(sort="changed", falls="yes"))[0][:2] == [f"prompt:{last}", f"prompt:{first}"]
    assert not [th for th in (await shown())[1].find("th") if "aria-sort" in th]


async def test_the_numbers_follow_the_origin(call: Call, workbench: Workbench, read_html: Read):
    prompt = Prompt(
        name="Own", turns=(Turn(role="user", template="x"),), family="coding", tags=("mine-alone",)
    )
    await workbench.prompts.save(prompt, message="")

    def number(update: dict[str, Any], **which: str) -> str:
        side = update["html"]["lib-side"]
        found = [
            part for part in side.split("<button") if all(f'data-{k}="{v}"' in part for k, v in which.items())
        ]
        return (
            read_html("<button" + found[0].split("</button>")[0] + "</button>").text.split()[-1]
            if found
            else ""
        )

    mine = await call("open_library", origin="mine")
    assert (number(mine, family="coding"), number(mine, family="reasoning")) == ("coding1", "")
    assert number(mine, tag="mine-alone") == "mine-alone1"
    assert mine["html"]["lib-count"] == "1 prompt"
    coding = await call("open_library", family="coding")
    assert number(coding, origin="mine") == "Mine1"
    shown = len(keys(await call("open_library", family="coding", origin="shipped"), read_html))
    assert number(coding, origin="shipped") == f"Shipped{shown}"


@pytest.mark.parametrize(
    ("fields", "words", "way"),
    [
        ({"origin": "mine"}, "Nothing of yours yet", "new_prompt"),
        ({"origin": "favourites"}, "No favourite yet", "open_library"),
        ({"origin": "imported"}, "Nothing was imported yet", "choose_files"),
        ({"search": "quokka"}, "Nothing matches", "all_library"),
        ({"origin": "mine", "search": "quokka"}, "in this filter", "all_library"),
    ],
)
async def test_an_empty_list_teaches(call: Call, read_html: Read, fields: Any, words: str, way: str):
    page = read_html((await call("open_library", fields=fields))["html"]["lib-list"])
    assert words in page.text
    assert page.find("button", data_act=way)


async def test_who_reads_chinese_sees_the_chinese_wordings(call: Call, workbench: Workbench, read_html: Read):
    pattern = next(p for p in workbench.prompts.library.patterns("zh") if p.slug.endswith(".zh"))
    listed = read_html((await call("open_library", rows="200", lang="zh-CN"))["html"]["lib-list"])
    assert pattern.prompt.name in listed.text
    assert listed.find("button", data_key=f"pattern:{pattern.slug}", lang="zh")
    english = (await call("open_library", rows="200", lang="en"))["html"]["lib-list"]
    assert pattern.prompt.name not in english
    assert f'data-key="pattern:{pattern.slug.removesuffix(".zh")}"' in english


async def test_a_pattern_has_a_way_to_its_other_wording_and_stays_in_it(call: Call, read_html: Read):
    slug = "hub/classification/sentiment"
    fields = {"search": "sentiment", "key": f"pattern:{slug}"}
    shown = read_html((await call("open_library", fields=fields, lang="zh"))["html"]["lib-preview"])
    assert shown.find("button", data_act="try_pattern", data_slug=f"{slug}.zh")
    (way,) = shown.find("button", data_wording="en")
    told = {"key": way["data-key"], "wording": way["data-wording"]}
    english = (await call("open_library", fields=fields, lang="zh", **told))["html"]
    assert read_html(english["lib-preview"]).find("button", data_act="try_pattern", data_slug=slug)
    kept = read_html(english["lib-side"]).find("input", name="wording")
    assert kept[0]["value"] == "en"
    row = read_html(english["lib-list"]).find("button", data_act="open_library", aria_pressed="true")
    assert row[0]["data-key"] == f"pattern:{slug}.zh"


async def test_a_star_and_a_selection_are_of_all_wordings(call: Call, workbench: Workbench, read_html: Read):
    slug = "hub/classification/sentiment"
    await call("favourite", favourite=f"pattern:{slug}.zh", on="yes", lang="zh")
    for lang in ("en", "zh"):
        page = read_html(
            (await call("open_library", fields={"origin": "favourites"}, lang=lang))["html"]["lib-list"]
        )
        assert page.find("input", name=f"pick:pattern:{slug}")
    data = (await workbench.files.bundle([f"pattern:{slug}"], name="Both")).data
    with zipfile.ZipFile(io.BytesIO(data)) as bundle:
        assert {
            "hub/classification/classify-sentiment.prompty",
            "hub/classification/classify-sentiment.zh.prompty",
        } <= {*bundle.namelist()}


async def test_a_chinese_wording_opens_in_compare_and_is_exported_beside_the_english_one(call: Call):
    form = (await call("try_pattern", slug="hub/classification/sentiment.zh"))["form"]
    assert (form["prompt"]["name"], form["origin"]) == ("情感分类", "hub/classification/sentiment.zh")
    drawer = (await call("export_prompt", key="pattern:hub/classification/sentiment.zh"))["drawer"]
    assert ".zh.prompty" in drawer["foot"] and "language: zh" in drawer["body"]


async def test_the_first_prompt_of_a_chinese_reader_is_the_chinese_one(call: Call, workbench: Workbench):
    form = (await call("load", lang="zh"))["form"]
    first = workbench.prompts.library.get("techniques/zero-shot/instruct", "zh").prompt
    assert form["prompt"]["name"] == first.name
    written = [turn["template"] for turn in form["columns"][1]["turns"]]
    assert (written[0][0] == "你") == (first.language == "zh") and form["prompt"]["tried_on"] == []


async def test_the_library_comes_as_csv(call: Call, workbench: Workbench):
    await save(workbench, name='=1+1, "quoted"')
    rows = list(csv.reader(library.csv_of(workbench, {"origin": "mine"})))
    assert rows[0][:3] == ["name", "origin", "family"]
    assert [row[0] for row in rows[1:]] == ['\'=1+1, "quoted"']  # a spreadsheet must not run it
    assert len(list(library.csv_of(workbench, {}))) == 2 + len(workbench.prompts.library.patterns())
