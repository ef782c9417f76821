"""Files and bundles that come in through the page, and the bundles that go out."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from threading import Event
from typing import Any

import httpx
import pytest

from playground.formats import prompty
from playground.formats.bundle import BundleItem, read_bundle, write_bundle
from playground.library.importing import ImportPlan, Row
from playground.library.reading import Incoming
from playground.store import content_hash
from playground.types.prompt import Prompt, Turn
from playground.ui import guard, importing
from playground.ui.importing import Intake
from playground.workbench.service import Workbench

Call = Callable[..., Awaitable[dict[str, Any]]]
Read = Callable[[str], Any]
Post = Callable[..., Awaitable[str]]
HOSTILE = "<img src=x onerror=alert(1)>"
CREATED = datetime(2026, 1, 2, tzinfo=UTC)


def prompt(name: str = "Greeting", text: str = "Hello") -> Prompt:
    return Prompt(name=name, turns=(Turn(role="user", template=text),))


def bundled(*items: BundleItem | Prompt) -> bytes:
    chosen = [item if isinstance(item, BundleItem) else BundleItem(item) for item in items]
    return write_bundle(chosen, name="B", created=CREATED).data


def posted(*files: tuple[str, bytes]) -> dict[str, Any]:
    return {"files": [{"name": name, "data": base64.b64encode(data).decode()} for name, data in files]}


async def settled(workbench: Workbench, token: str) -> Intake:
    """The intake once its thread has ended."""
    intake = workbench.tray.take(token, Intake)
    assert intake.task
    await intake.task
    return intake


@pytest.fixture
def post(web: httpx.AsyncClient, workbench: Workbench) -> Post:
    """`token = await post(("a.zip", data))`: files as the page sends them, read to the end."""

    async def send(*files: tuple[str, bytes]) -> str:
        answer = await web.post("library/incoming", json=posted(*files))
        assert answer.status_code == 200, answer.text
        token = answer.json()["token"]
        assert isinstance(token, str)
        await settled(workbench, token)
        return token

    return send


async def save(workbench: Workbench, *versions: Prompt) -> str:
    ident = None
    for version in versions:
        ident = (await workbench.prompts.save(version, message="", prompt_id=ident)).prompt_id
    assert ident
    return ident


def names(workbench: Workbench) -> list[str]:
    return sorted(row.name for row in workbench.store.prompts())


def choices(page: Any) -> dict[str, str]:
    """The name of each select of a row beside what it is for."""
    return {found["aria-label"]: found["name"] for found in page.find("select") if "aria-label" in found}


async def apply(call: Call, workbench: Workbench, token: str, **fields: str) -> dict[str, Any]:
    """Press Import with these choices, and look again once it is saved."""
    await call("apply_import", token=token, fields=fields)
    await settled(workbench, token)
    return await call("open_import", token=token)


# --- coming in --------------------------------------------------------------------------------------------


async def test_each_kind_of_prompt_is_listed_with_what_can_be_done_before_anything_is_saved(
    call: Call, post: Post, workbench: Workbench, read_html: Read
):
    await save(workbench, prompt("Same"))
    await save(workbench, older := prompt("Older"))
    await save(workbench, prompt("Other", "of mine"))
    newer = BundleItem(prompt("Older", "Hello again"), history=(content_hash(older),))
    token = await post(("b.zip", bundled(prompt("Same"), newer, prompt("Other", "of theirs"), prompt("New"))))
    drawer = (await call("open_import", token=token))["drawer"]
    page = read_html(drawer["body"])
    assert drawer["title"] == "Import b.zip"
    assert "4 prompts: 1 new, 1 as it is here, 1 newer than here, 1 differs" in page.text
    chosen = [found["value"] for found in page.find("option") if "selected" in found]
    assert chosen == ["skip", "version", "add", "skip"]  # what needs a look comes first
    assert len(page.find("button", data_act="import_diff")) == 2
    assert names(workbench) == ["Older", "Other", "Same"]


async def test_what_is_chosen_is_saved_and_the_list_is_drawn_anew(
    call: Call, post: Post, workbench: Workbench, read_html: Read
):
    ident = await save(workbench, prompt("Other", "of mine"))
    token = await post(("b.zip", bundled(prompt("Other", "of theirs"), prompt("New"), prompt("Unwanted"))))
    page = read_html((await call("open_import", token=token))["drawer"]["body"])
    chosen = choices(page)
    fields = {chosen["What to do with Other"]: "version", chosen["What to do with Unwanted"]: "skip"}
    update = await apply(call, workbench, token, **fields)
    assert update["again"] == "open_library"
    assert "1 added, 1 saved as new versions, 1 left out." in update["drawer"]["body"]
    assert names(workbench) == ["New", "Other"]
    assert [v.number for v in workbench.store.versions(ident)] == [2, 1]
    assert workbench.store.versions(ident)[0].message == "Imported from b.zip"
    assert {p.origin for p in workbench.store.prompts() if p.name == "New"} == {"imported"}
    # Pressing twice saves once.
    await apply(call, workbench, token, **fields)
    assert len(workbench.store.versions(ident)) == 2


async def test_a_prompt_can_be_added_under_the_name_that_is_shown(
    call: Call, post: Post, workbench: Workbench, read_html: Read
):
    await save(workbench, prompt(text="mine"))
    token = await post(("greeting.prompty", prompty.dump(prompt(text="theirs"))[0].encode()))
    page = read_html((await call("open_import", token=token))["drawer"]["body"])
    assert 'Add as "Greeting (2)"' in page.text
    await apply(call, workbench, token, **{choices(page)["What to do with Greeting"]: "rename"})
    assert names(workbench) == ["Greeting", "Greeting (2)"]


async def test_the_difference_is_shown_and_the_choices_survive_the_look_at_it(
    call: Call, post: Post, workbench: Workbench, read_html: Read
):
    await save(workbench, prompt(text="Hello old world"))
    token = await post(("greeting.prompty", prompty.dump(prompt(text="Hello new world"))[0].encode()))
    page = read_html((await call("open_import", token=token))["drawer"]["body"])
    (compare,) = page.find("button", data_act="import_diff")
    fields = {choices(page)["What to do with Greeting"]: "version"}
    diff = (await call("import_diff", token=token, row=compare["data-row"], fields=fields))["drawer"]
    assert diff["title"] == "Greeting: here and in the file"
    assert '<del class="del">old</del>' in diff["body"]
    assert '<ins class="add">new</ins>' in diff["body"]
    (back,) = read_html(diff["foot"]).find("button", data_act="open_import")
    again = read_html((await call("open_import", token=back["data-token"]))["drawer"]["body"])
    assert [found["value"] for found in again.find("option") if "selected" in found] == ["version"]
    for row in ("99", ""):
        assert "alert" in await call("import_diff", token=token, row=row)


async def test_one_choice_holds_for_all_of_a_kind_those_not_listed_too(
    call: Call, post: Post, workbench: Workbench, read_html: Read, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(importing, "SHOWN_ROWS", 2)
    token = await post(("b.zip", bundled(*(prompt(f"P{n}") for n in range(5)))))
    page = read_html((await call("open_import", token=token))["drawer"]["body"])
    assert "3 more, not listed here, all new" in page.text
    assert page.find("select", data_for_all="new")[0]["name"] == "all:new"
    listed = list(choices(page).values())
    assert len(listed) == len(page.find("select", data_status="new")) == 2
    update = await apply(call, workbench, token, **{"all:new": "skip", listed[0]: "add", listed[1]: "skip"})
    assert "1 added, 4 left out." in update["drawer"]["body"]
    assert len(names(workbench)) == 1


async def test_what_a_format_cannot_hold_is_listed_before_and_after(
    call: Call, post: Post, workbench: Workbench
):
    text = json.dumps({"messages": [{"role": "user", "content": "Hi"}], "logit_bias": {"50256": -100}})
    token = await post(("chat.json", text.encode()))
    assert "logit_bias" in (await call("open_import", token=token))["drawer"]["body"]
    done = (await apply(call, workbench, token))["drawer"]["body"]
    assert "Not taken over" in done and "logit_bias" in done


async def test_a_file_that_cannot_be_read_leaves_the_others_to_be_imported(
    call: Call, post: Post, workbench: Workbench
):
    good = prompty.dump(prompt("Good"))[0].encode()
    token = await post(("bad.prompty", b"---\nname: [\n---\n"), ("good.prompty", good))
    drawer = (await call("open_import", token=token))["drawer"]
    assert drawer["title"] == "Import 2 files"
    assert "cannot be read" in drawer["body"] and "bad.prompty" in drawer["body"]
    await apply(call, workbench, token)
    assert names(workbench) == ["Good"]


async def test_files_without_anything_to_import_offer_no_button(call: Call, post: Post):
    token = await post(("bad.prompty", b"---\nname: [\n---\n"))
    drawer = (await call("open_import", token=token))["drawer"]
    assert not drawer["foot"]
    assert "left out" in drawer["body"]


async def test_a_bundle_that_is_refused_says_why_and_changes_nothing(
    call: Call, post: Post, workbench: Workbench
):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("../../evil.prompty", "x")
    token = await post(("b.zip", packed.getvalue()))
    body = (await call("open_import", token=token))["drawer"]["body"]
    assert "../../evil.prompty" in body
    assert "Nothing was changed." in body
    assert "Nothing was changed." in (await apply(call, workbench, token))["drawer"]["body"]
    assert names(workbench) == []


async def test_a_library_that_has_changed_meanwhile_refuses_the_whole_import(
    call: Call, post: Post, workbench: Workbench
):
    token = await post(("b.zip", bundled(prompt("First"), prompt("Second"))))
    await save(workbench, prompt("Second", "mine"))
    body = (await apply(call, workbench, token))["drawer"]["body"]
    assert "The library has changed since this list was made" in body
    assert "Nothing was changed." in body
    assert names(workbench) == ["Second"]


async def test_a_choice_that_a_prompt_does_not_have_is_refused_whole(
    call: Call, post: Post, workbench: Workbench
):
    token = await post(("b.zip", bundled(prompt("First"), prompt("Second"))))
    for fields in ({"choice:1": "version"}, {"choice:99": "add"}):
        assert "Nothing was changed." in (await apply(call, workbench, token, **fields))["drawer"]["body"]
        assert names(workbench) == []


async def test_the_drawer_asks_for_progress_until_the_files_are_read(
    call: Call, workbench: Workbench, web: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, read_html: Read
):
    go, stands = Event(), Event()

    def slowly(files: Any, report: Callable[[int, int], None]) -> list[Incoming]:
        report(1, 4)
        stands.set()
        assert go.wait(10)
        return [Incoming("a.prompty", prompt("A"))]

    monkeypatch.setattr("playground.workbench.files.read_incoming", slowly)
    token = (await web.post("library/incoming", json=posted(("a.zip", b"x")))).json()["token"]
    drawer = (await call("open_import", token=token))["drawer"]
    assert 'id="import-progress"' in drawer["body"]
    while not stands.is_set():
        await call("health")
    update = await call("open_import", token=token, again="yes")
    assert list(update) == ["html"]  # the bar alone: the drawer is not drawn anew under the reader's hands
    bar = read_html(update["html"]["import-progress"])
    assert bar.find(role="progressbar")[0]["aria-valuenow"] == "25"
    assert "Reading 1 of 4" in bar.text
    (polling,) = bar.find("div", data_poll="open_import")
    assert polling["data-token"] == token
    go.set()
    await settled(workbench, token)
    assert "1 prompt: 1 new" in (await call("open_import", token=token, again="yes"))["drawer"]["body"]


async def test_saving_many_prompts_tells_its_progress(
    call: Call, post: Post, workbench: Workbench, monkeypatch: pytest.MonkeyPatch
):
    told: list[tuple[int, int]] = []
    monkeypatch.setattr(Intake, "report", lambda self, done, total: told.append((done, total)))
    token = await post(("b.zip", bundled(*(prompt(f"P{n}") for n in range(20)))))
    told.clear()
    await apply(call, workbench, token)
    assert told[0] == (0, 20) and told[-1] == (20, 20)
    assert [done for done, _ in told] == sorted({done for done, _ in told})


async def test_a_fault_nobody_foresaw_reaches_the_drawer_without_its_details(
    call: Call, workbench: Workbench, web: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
):
    def broken(*_: object) -> Iterable[Incoming]:
        raise RuntimeError("a secret detail")

    monkeypatch.setattr("playground.workbench.files.read_incoming", broken)
    token = (await web.post("library/incoming", json=posted(("a.zip", b"x")))).json()["token"]
    await settled(workbench, token)
    body = (await call("open_import", token=token))["drawer"]["body"]
    assert "The program failed with RuntimeError." in body
    assert "secret" not in body


async def test_hostile_names_are_text_in_every_drawer(
    call: Call, post: Post, workbench: Workbench, read_html: Read
):
    await save(workbench, prompt(HOSTILE, "mine"))
    file = (f"{HOSTILE}/a.prompty", prompty.dump(prompt(HOSTILE, "theirs"))[0].encode())
    token = await post(file)
    drawers = [await call("open_import", token=token), await call("import_diff", token=token, row="0")]
    await post((HOSTILE, b"---\nname: [\n---\n"))
    drawers.append(await apply(call, workbench, token, **{"choice:0": "rename"}))
    drawers.append(await call("bundle_form", fields={"origin": "mine"}))
    (made,) = read_html(drawers[-1]["drawer"]["body"]).find("button", data_act="make_bundle")
    drawers.append(await call("make_bundle", token=made["data-token"], fields={"name": HOSTILE}))
    for update in drawers:
        drawer = update["drawer"]
        page = read_html(str(drawer["body"]) + str(drawer.get("foot", "")))
        assert not page.find("img"), drawer["title"]
    assert HOSTILE in read_html(drawers[0]["drawer"]["body"]).text


def test_a_hostile_row_draws_the_same_elements_as_a_plain_one(read_html: Read):
    def drawn(text: str) -> Any:
        incoming = Incoming(text, prompt(text), losses=(text,) * 6)
        row = Row(text, incoming, "conflict", ("skip", "version", "rename"), new_name=text)
        return read_html(importing._plan(ImportPlan((row, row)), text, {}))

    assert drawn(HOSTILE).shape == drawn("plain").shape
    assert drawn('"><script>x</script>').shape == drawn("plain").shape


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"\xff\xfe",
        b"[]",
        b"null",
        b'{"files": []}',
        b'{"files": [{"name": "a"}]}',
        b'{"files": [{"name": "a", "data": 7}]}',
        b'{"files": [{"name": "a", "data": "", "more": 1}]}',
        b'{"files": [{"name": "a", "data": "***"}]}',
        '{"files": [{"name": "a", "data": "é"}]}'.encode(),
        b'{"files": ' + b"[" * 5_000,
        json.dumps({"files": [{"name": "a" * 4_001, "data": ""}]}).encode(),
        json.dumps({"files": [{"name": "a", "data": ""}] * 2_002}).encode(),
    ],
)
async def test_a_post_that_is_not_files_is_refused_in_words(web: httpx.AsyncClient, body: bytes):
    answer = await web.post("library/incoming", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.text.startswith(("These files cannot be read.", "A file did not arrive whole."))


async def test_a_post_that_is_too_large_is_refused_before_it_is_read_whole(
    web: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(guard.LIMITS, guard.INCOMING, 100)
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        while True:
            sent += 1
            assert sent < 1_000
            yield b"x" * 60

    answer = await web.post(
        "library/incoming", content=endless(), headers={"content-type": "application/json"}
    )
    assert (answer.status_code, answer.text) == (
        413,
        "The files are too large. Import at most 32 MiB at once.\n",
    )


@pytest.mark.parametrize("action", ["open_import", "import_diff", "apply_import", "make_bundle"])
async def test_a_token_that_is_not_kept_any_more_is_an_alert(call: Call, workbench: Workbench, action: str):
    other = workbench.tray.put("something else")
    for token in ("", "nothing", other):
        assert (await call(action, token=token))["alert"]["message"] == "This is not kept any more."


# --- going out --------------------------------------------------------------------------------------------


async def test_a_selection_becomes_a_bundle_that_is_downloaded_and_imported_again(
    call: Call, web: httpx.AsyncClient, workbench: Workbench, post: Post, read_html: Read
):
    ident = await save(workbench, prompt("First"), prompt("First", "newer"))
    await save(workbench, prompt("Second"))
    slug = workbench.prompts.library.patterns()[0].slug
    picked = {f"pick:prompt:{ident}": True, f"pick:pattern:{slug}": True, "search": "hides both"}
    form = (await call("bundle_form", fields=picked))["drawer"]
    assert "2 prompts with their checks and cases" in form["body"]
    (button,) = read_html(form["body"]).find("button", data_act="make_bundle")
    fields = {"name": "Mails & more", "about": "For <b>all</b>", "licence": "CC BY 4.0"}
    drawer = (await call("make_bundle", token=button["data-token"], fields=fields))["drawer"]
    assert drawer["title"] == "Mails & more"
    (link,) = read_html(drawer["foot"]).find("a")
    answer = await web.get(str(link["href"]))
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''mails-more.zip"
    bundle = read_bundle(answer.content)
    assert (bundle.name, bundle.description, bundle.licence) == (
        "Mails & more",
        "For <b>all</b>",
        "CC BY 4.0",
    )
    token = await post(("back.zip", answer.content))
    body = (await call("open_import", token=token))["drawer"]["body"]
    assert "3 prompts: 2 new, 1 as it is here" in body  # the pattern in both its languages


async def test_a_broken_file_is_no_prompt(call: Call, post: Post):
    async def said(*files: tuple[str, bytes]) -> str:
        return (await call("open_import", token=await post(*files)))["drawer"]["body"].split("</h3>")[0]

    broken, whole = (
        ("bad.prompty", b"---\nname: [\n---\n"),
        ("good.prompty", prompty.dump(prompt("Good"))[0].encode()),
    )
    assert said_of(await said(broken)) == "1 file cannot be read"
    assert said_of(await said(broken, whole)) == "1 prompt: 1 new; 1 file cannot be read"
    assert said_of(await said(broken, ("worse.prompty", broken[1]))) == "2 files cannot be read"


def said_of(body: str) -> str:
    return body.rpartition("<h3>")[2]


async def test_one_click_downloads_what_is_selected(call: Call, web: httpx.AsyncClient, workbench: Workbench):
    first = await save(workbench, prompt("First"))
    await save(workbench, prompt("Second"))
    update = await call("quick_bundle", fields={f"pick:prompt:{first}": True, "search": "hides it"})
    assert update["toast"].startswith("1 prompt, ") and "drawer" not in update
    answer = await web.get(update["download"])
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''first.zip"
    assert [entry.prompt.name for entry in read_bundle(answer.content).entries] == ["First"]
    everything = await call("quick_bundle", fields={"origin": "mine"})
    answer = await web.get(everything["download"])
    assert {entry.prompt.name for entry in read_bundle(answer.content).entries} == {"First", "Second"}
    nothing = await call("quick_bundle", fields={"search": "quokka"})
    assert nothing["alert"]["message"] == "There is nothing to download."


async def test_without_a_selection_all_that_the_filter_shows_goes_out(call: Call, workbench: Workbench):
    for number in range(120):
        await save(workbench, prompt(f"Numbered {number}"))
    everything = 120 + len(workbench.prompts.library.patterns())
    for fields, count in (({}, everything), ({"origin": "mine"}, 120), ({"search": "numbered 7"}, 22)):
        assert f"{count} prompts with" in (await call("bundle_form", fields=fields))["drawer"]["body"]
    alert = (await call("bundle_form", fields={"search": "quokka"}))["alert"]
    assert alert["message"] == "There is nothing to export."


async def test_prompts_in_the_bin_cannot_be_selected_or_exported(
    call: Call, workbench: Workbench, read_html: Read
):
    ident = await save(workbench, prompt())
    update = await call("delete_prompt", prompt=ident, fields={f"pick:prompt:{ident}": True})
    assert "Download all" in update["html"]["lib-foot"]
    shown = (await call("open_library", origin="bin"))["html"]
    assert not read_html(shown["lib-list"]).find("input")
    assert not read_html(shown["lib-foot"]).find("button", data_act="bundle_form")


async def test_a_bundle_that_is_not_kept_any_more_is_not_found(web: httpx.AsyncClient, workbench: Workbench):
    other = workbench.tray.put(["prompt:1"])
    for token in ("nothing", other):
        assert (await web.get(f"files/bundle/{token}")).status_code == 404
