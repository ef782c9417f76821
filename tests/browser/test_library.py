"""The Library tab in use: dropping, searching, starring, selecting, the bin, labels and variants."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Locator, expect

from playground.formats import prompty
from playground.formats.bundle import BundleItem, read_bundle, write_bundle
from playground.types.prompt import Prompt, Turn
from tests.browser.axe import Axe

if TYPE_CHECKING:
    from tests.browser.conftest import App, OpenApp

pytestmark = pytest.mark.same_page

HOSTILE = "<svg onload=window.hacked=1>"
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def prompt(name: str, text: str = "Hello") -> Prompt:
    return Prompt(name=name, turns=(Turn(role="user", template=text),))


def bundle(path: Path, *prompts: Prompt) -> Path:
    written = write_bundle(
        [BundleItem(p) for p in prompts], name="B", created=datetime(2026, 1, 2, tzinfo=UTC)
    )
    path.write_bytes(written.data)
    return path


def drop(app: App, *paths: Path) -> None:
    """Drop files or folders of this machine on the list, as the mouse does."""
    box = app.page.locator("#lib-list").bounding_box()
    assert box
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    tool = app.hands()
    for kind in ("dragEnter", "dragOver", "drop"):
        at = {"type": kind, "x": box["x"] + 200, "y": box["y"] + 60, "data": data}
        tool.send("Input.dispatchDragEvent", at)
        if kind == "dragOver":
            expect(app.page.locator("#lib.dropping")).to_have_count(1)
    expect(app.page.locator("#lib.dropping")).to_have_count(0)


def row(app: App, name: str) -> Locator:
    """The row of the prompt of that name."""
    return app.page.locator("#lib-list .entry").filter(
        has=app.page.get_by_label(f"Select {name}", exact=True)
    )


def do_import(app: App, *prompts: Prompt, tmp_path: Path) -> None:
    """Bring prompts into the library through the page; a test that runs a second time may find them there."""
    app.page.set_input_files("#lib-files", bundle(tmp_path / "some.zip", *prompts))
    app.drawer.get_by_role("button", name="Import", exact=True).click()
    done = "(added|left out)" if app.is_again else "added"
    expect(app.drawer).to_contain_text(re.compile(f"{len(prompts)} {done}\\."))
    app.close_drawer()


@pytest.fixture
def app(scripted: OpenApp, request: pytest.FixtureRequest) -> App:
    """The Library tab, open."""
    opened = scripted("echo")
    opened.is_again = getattr(request.node, "execution_count", 1) > 1
    opened.tab("Library")
    expect(opened.page.locator("#lib-list .entry").first).to_be_visible()
    return opened


# --- coming in and going out ------------------------------------------------------------------------------


def test_a_bundle_that_is_dropped_is_compared_chosen_from_and_imported(app: App, tmp_path: Path) -> None:
    drop(app, bundle(tmp_path / "team.zip", prompt("Dropped one"), prompt("Dropped two"), prompt(HOSTILE)))
    expect(app.drawer).to_contain_text("3 prompts: 3 new")
    expect(app.drawer).to_contain_text(HOSTILE)
    app.drawer.get_by_label("What to do with Dropped two").select_option("Leave it out")
    app.drawer.get_by_role("button", name="Import", exact=True).click()
    expect(app.drawer).to_contain_text("2 added, 1 left out.")
    expect(row(app, "Dropped one")).to_have_count(1)
    expect(row(app, HOSTILE)).to_have_count(1)
    expect(row(app, "Dropped two")).to_have_count(0)
    app.close_drawer()
    # Again, changed: the difference is a press away, and the choice survives the look at it.
    drop(app, bundle(tmp_path / "team.zip", prompt("Dropped one", "Hello world")))
    expect(app.drawer).to_contain_text("1 prompt: 1 differs")
    app.drawer.get_by_label("What to do with Dropped one").select_option("version")
    app.drawer.get_by_role("button", name="Compare").click()
    expect(app.drawer.locator("ins")).to_have_text("world")
    app.drawer.get_by_role("button", name="Back to the list").click()
    expect(app.drawer.get_by_label("What to do with Dropped one")).to_have_value("version")
    app.drawer.get_by_role("button", name="Import", exact=True).click()
    expect(app.drawer).to_contain_text("1 saved as new versions.")
    assert not app.is_hacked()


def test_a_folder_that_is_dropped_is_read_with_its_folders(app: App, tmp_path: Path) -> None:
    for path, name in (("a.prompty", "Of a folder"), ("deep/er/b.prompty", "Of a deep folder")):
        file = tmp_path / "team" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(prompty.dump(prompt(name))[0])
    (tmp_path / "team" / ".git").mkdir()
    (tmp_path / "team" / ".git" / "c.prompty").write_text(prompty.dump(prompt("Hidden"))[0])
    drop(app, tmp_path / "team")
    expect(app.drawer).to_contain_text("2 prompts: 2 new")
    expect(app.drawer).to_contain_text("team/deep/er/b.prompty")
    expect(app.drawer).not_to_contain_text("Hidden")
    app.close_drawer()
    expect(row(app, "Of a folder")).to_have_count(0)


def test_one_choice_for_all_sets_every_row_of_its_kind(app: App, tmp_path: Path) -> None:
    drop(app, bundle(tmp_path / "b.zip", prompt("All one"), prompt("All two"), prompt("All three")))
    app.drawer.get_by_label("All 3 that are new").select_option("Leave it out")
    for name in ("one", "two", "three"):
        expect(app.drawer.get_by_label(f"What to do with All {name}")).to_have_value("skip")
    app.drawer.get_by_label("What to do with All two").select_option("Add it")
    app.drawer.get_by_role("button", name="Import", exact=True).click()
    expect(app.drawer).to_contain_text("1 added, 2 left out.")
    expect(row(app, "All two")).to_have_count(1)


def test_a_file_that_is_no_prompt_or_no_bundle_says_so_in_the_drawer(app: App, tmp_path: Path) -> None:
    (tmp_path / "evil.zip").write_bytes(b"PK\x03\x04 and nothing more")
    drop(app, tmp_path / "evil.zip")
    expect(app.drawer).to_contain_text("Nothing was changed.")
    app.close_drawer()
    (tmp_path / "large.bin").write_bytes(b"x" * (33 * 2**20))
    drop(app, tmp_path / "large.bin")
    expect(app.page.locator("#lib .messages, .drawer .messages")).to_contain_text(
        ["33 MiB do not fit into 32 MiB"]
    )


def test_a_selection_survives_a_search_and_is_downloaded_as_a_bundle(app: App, tmp_path: Path) -> None:
    do_import(app, prompt("Picked one"), prompt("Picked two"), prompt("Picked not"), tmp_path=tmp_path)
    row(app, "Picked one").get_by_role("checkbox").check()
    app.page.locator("#lib-search").fill("picked two")
    expect(row(app, "Picked one")).to_have_count(0)
    row(app, "Picked two").get_by_role("checkbox").check()
    expect(app.page.locator("#lib-foot")).to_contain_text("Download 2 prompts")
    app.page.get_by_role("button", name="Name and licence").click()
    app.drawer.get_by_label("Name").fill("My mails")
    app.drawer.get_by_role("button", name="Make the bundle").click()
    with app.page.expect_download() as download:
        app.drawer.get_by_role("link", name="Download the bundle").click()
    assert download.value.suggested_filename == "my-mails.zip"
    found = read_bundle(Path(download.value.path()))
    assert (found.name, {e.prompt.name for e in found.entries}) == ("My mails", {"Picked one", "Picked two"})
    app.close_drawer()
    app.page.locator("#lib-search").fill("")
    expect(row(app, "Picked one").get_by_role("checkbox")).to_be_checked()
    app.page.get_by_role("button", name="Clear selection").click()
    expect(row(app, "Picked one").get_by_role("checkbox")).not_to_be_checked()


def test_what_was_searched_stays_searched_after_an_import(app: App, tmp_path: Path) -> None:
    field = app.page.locator("#lib-files").element_handle()
    app.page.locator("#lib-search").fill("quokka")
    expect(app.page.locator("#lib-list")).to_contain_text("Nothing matches")
    # What a dialog of the browser was opened from, else it tells nobody what was chosen.
    assert field.evaluate("el => el.isConnected")
    do_import(app, prompt("Quokka mail"), prompt("Another animal"), tmp_path=tmp_path)
    expect(row(app, "Quokka mail")).to_have_count(1)
    expect(app.page.locator("#lib-list .entry")).to_have_count(1)
    expect(app.page.locator("#lib-search")).to_have_value("quokka")


# --- the list ---------------------------------------------------------------------------------------------


def test_the_list_follows_every_letter_and_the_caret_stays(app: App) -> None:
    field = app.page.locator("#lib-search")
    field.press_sequentially("sentiment", delay=20)
    expect(app.page.locator("#lib-list mark").first).to_have_text(re.compile("sentiment", re.IGNORECASE))
    for _ in range(4):
        field.press("ArrowLeft")
    app.page.keyboard.type("xx", delay=200)
    expect(field).to_be_focused()
    expect(field).to_have_value("sentixxment")
    expect(app.page.locator("#lib-list")).to_contain_text('Nothing matches "sentixxment"')
    assert app.page.evaluate("document.activeElement.selectionStart") == 7


def test_an_answer_that_was_overtaken_is_not_shown(app: App) -> None:
    held: list[Any] = []

    def hold(route: Any) -> None:
        is_first = "sentim" in (route.request.post_data or "") and "xyz" not in route.request.post_data
        held.append(route) if is_first else route.continue_()

    app.page.route(re.compile("component_server"), hold)
    field = app.page.locator("#lib-search")
    with app.page.expect_request(lambda request: "sentim" in (request.post_data or "")):
        field.fill("sentim")
    field.fill("sentiment xyz")
    expect(app.page.locator("#lib-list")).to_contain_text("Nothing matches")
    (first,) = held
    with app.page.expect_response(lambda response: response.request == first.request):
        first.continue_()
    expect(app.page.locator("#lib-list")).to_contain_text('Nothing matches "sentiment xyz"')


@pytest.mark.parametrize("by", ["mouse", "space"])
def test_what_is_being_pressed_is_drawn_anew_only_when_it_is_let_go(app: App, by: str) -> None:
    held: list[Any] = []

    def hold(route: Any) -> None:
        held.append(route) if not held else route.continue_()

    rows = app.page.locator("#lib-list .entry")
    item = rows.nth(2).locator(".item")
    name = str(item.locator("b").first.text_content())
    app.page.route(re.compile("component_server"), hold)
    with app.page.expect_request(re.compile("component_server")):
        rows.first.get_by_role("checkbox").check()
    item.hover()
    item.focus()
    app.page.mouse.down() if by == "mouse" else app.page.keyboard.down("Space")
    held[0].continue_()
    expect(app.page.locator("#lib-foot")).to_contain_text("Download 1 prompt")
    app.page.mouse.up() if by == "mouse" else app.page.keyboard.up("Space")
    expect(app.page.locator("#lib-preview h2")).to_have_text(name)
    expect(rows.first.get_by_role("checkbox")).to_be_checked()


def test_the_keyboard_alone_stars_selects_and_opens_and_keeps_its_place(app: App) -> None:
    keyboard = app.page.keyboard
    app.page.locator("#lib-search").fill("classify sentiment")
    rows = app.page.locator("#lib-list .entry")
    expect(app.page.locator("#lib-list mark").first).to_be_visible()
    name = rows.nth(1).locator(".star").get_attribute("aria-label")
    rows.first.get_by_role("checkbox").focus()
    for _ in range(7):  # name, column and star of the first row, then those of the second
        keyboard.press("Tab")
    star = app.page.get_by_label(str(name), exact=True)
    expect(star).to_be_focused()
    was = star.get_attribute("aria-pressed")
    keyboard.press("Space")
    expect(star).to_have_attribute("aria-pressed", "false" if was == "true" else "true")
    expect(star).to_be_focused()
    keyboard.press("Shift+Tab")
    keyboard.press("Shift+Tab")
    keyboard.press("Enter")
    expect(rows.nth(1).locator(".item")).to_have_attribute("aria-pressed", "true")
    expect(rows.nth(1).locator(".item")).to_be_focused()
    keyboard.press("Shift+Tab")
    keyboard.press("Space")
    box = rows.nth(1).get_by_role("checkbox")
    expect(box).to_be_checked()
    expect(app.page.locator("#lib-foot")).to_contain_text("Download 1 prompt")
    expect(box).to_be_focused()


def test_a_tick_can_be_seen(app: App) -> None:
    box = app.page.locator("#lib-list .entry").first.get_by_role("checkbox")
    before = box.screenshot()
    box.check()
    expect(app.page.locator("#lib-foot")).to_contain_text("Download 1 prompt")
    assert box.evaluate("el => getComputedStyle(el).appearance") == "auto"  # Gradio draws white on nothing
    assert box.screenshot() != before


def test_a_favourite_is_found_among_the_favourites(app: App, tmp_path: Path) -> None:
    do_import(app, prompt("Loved"), tmp_path=tmp_path)
    row(app, "Loved").get_by_label("Favourite: Loved").click()
    favourites = app.page.locator("#lib-side").get_by_role("button", name=re.compile("^Favourites"))
    favourites.click()
    expect(favourites).to_have_attribute("aria-pressed", "true")
    expect(row(app, "Loved")).to_have_count(1)
    row(app, "Loved").get_by_label("Favourite: Loved").click()
    expect(row(app, "Loved")).to_have_count(0)


def test_of_two_presses_of_a_star_the_last_one_stands(app: App, tmp_path: Path) -> None:
    do_import(app, prompt("Starred twice"), tmp_path=tmp_path)
    star = row(app, "Starred twice").get_by_label("Favourite: Starred twice")
    expect(star).to_have_attribute("aria-pressed", "false")
    held: list[Any] = []

    def hold(route: Any) -> None:
        held.append(route) if not held and "favourite" in (
            route.request.post_data or ""
        ) else route.continue_()

    app.page.route(re.compile("component_server"), hold)
    star.click()
    expect(star).to_have_attribute("aria-pressed", "true")  # at once, whatever the network does
    star.click()
    expect(star).to_have_attribute("aria-pressed", "false")
    is_off = re.compile(r"favourite.*\bon\W+no\b")
    with app.page.expect_response(lambda reply: bool(is_off.search(reply.request.post_data or ""))):
        held[0].continue_()
    app.page.unroute(re.compile("component_server"))
    expect(star).to_have_attribute("aria-pressed", "false")


def test_a_filter_that_is_pressed_while_a_star_is_on_its_way_is_not_lost(app: App, tmp_path: Path) -> None:
    do_import(app, prompt("Starred in haste"), tmp_path=tmp_path)
    held: list[Any] = []

    def hold(route: Any) -> None:
        is_asked = len(held) < 2 and "favourite" in (route.request.post_data or "")
        held.append(route) if is_asked else route.continue_()

    app.page.route(re.compile("component_server"), hold)
    favourites = app.page.locator("#lib-side").get_by_role("button", name=re.compile("^Favourites"))
    with app.page.expect_request(lambda request: "favourite" in (request.post_data or "")):
        row(app, "Starred in haste").get_by_label("Favourite: Starred in haste").click()
    with app.page.expect_request(lambda request: "favourites" in (request.post_data or "")):
        favourites.click()
    star, narrowed = held
    with app.page.expect_response(lambda response: "open_library" in (response.request.post_data or "")):
        star.continue_()  # what it has changed is asked for once more
    narrowed.continue_()
    expect(favourites).to_have_attribute("aria-pressed", "true")
    expect(row(app, "Starred in haste")).to_have_count(1)


def test_a_star_that_is_pressed_while_a_filter_is_on_its_way_does_not_take_the_filter_back(
    app: App, tmp_path: Path
) -> None:
    do_import(app, prompt("Starred too soon"), tmp_path=tmp_path)
    expect(row(app, "Starred too soon")).to_have_count(
        1
    )  # else the filter that is held outdates the list with it
    held: list[Any] = []

    def hold(route: Any) -> None:
        is_filter = not held and "favourites" in (route.request.post_data or "")
        held.append(route) if is_filter else route.continue_()

    app.page.route(re.compile("component_server"), hold)
    favourites = app.page.locator("#lib-side").get_by_role("button", name=re.compile("^Favourites"))
    with app.page.expect_request(lambda request: "favourites" in (request.post_data or "")):
        favourites.click()
    star = row(app, "Starred too soon").get_by_label("Favourite: Starred too soon")
    is_star = re.compile("favourite(?!s)")
    with app.page.expect_response(lambda reply: bool(is_star.search(reply.request.post_data or ""))):
        star.click()
    held[0].continue_()
    expect(favourites).to_have_attribute("aria-pressed", "true")
    expect(row(app, "Starred too soon")).to_have_count(1)


def test_shift_selects_a_range(app: App) -> None:
    boxes = app.page.locator("#lib-list input[type=checkbox]")
    boxes.nth(1).click()
    expect(app.page.locator("#lib-foot")).to_contain_text("Download 1 prompt")
    boxes.nth(4).click(modifiers=["Shift"])
    expect(app.page.locator("#lib-foot")).to_contain_text("Download 4 prompts")
    expect(boxes.nth(2)).to_be_checked()


def test_a_deleted_prompt_is_put_back_or_deleted_for_good(app: App, tmp_path: Path) -> None:
    do_import(app, prompt("Binned"), tmp_path=tmp_path)
    shown = app.page.locator("#lib-preview")
    item = app.page.locator("#lib-list .item").filter(has_text="Binned")
    for again in (False, True):
        item.click()
        expect(shown.locator("h2")).to_have_text("Binned")
        # Of a double press the second one is not meant: it would say that the prompt is not there any more.
        shown.get_by_role("button", name="Delete").dblclick()
        expect(app.toast).to_contain_text('"Binned" is in the bin')
        expect(item).to_have_count(0)
        expect(app.page.locator(".alert:visible")).to_have_count(0)
        app.page.locator("#lib-side").get_by_role("button", name=re.compile("^Bin")).click()
        item.click()
        expect(app.page.locator("#lib-list input[type=checkbox]")).to_have_count(0)
        if not again:
            shown.get_by_role("button", name="Put it back").click()
            expect(app.toast).to_contain_text("is back in the library")
            expect(item).to_have_count(0)
            app.page.locator("#lib-side").get_by_role("button", name=re.compile("^All")).click()
    shown.get_by_role("button", name="Delete for good").click()
    app.drawer.get_by_role("button", name="Keep it").click()
    expect(item).to_have_count(1)
    shown.get_by_role("button", name="Delete for good").click()
    app.drawer.get_by_role("button", name="Delete for good").click()
    expect(app.toast).to_contain_text('"Binned" is deleted')
    expect(item).to_have_count(0)


def test_an_alert_is_seen_on_the_tab_it_is_about(app: App, tmp_path: Path) -> None:
    do_import(app, prompt("Gone meanwhile"), tmp_path=tmp_path)
    app.page.locator("#lib-list .item").filter(has_text="Gone meanwhile").click()
    expect(app.page.locator("#lib-preview h2")).to_have_text("Gone meanwhile")
    button = app.page.locator("#lib-preview").get_by_role("button", name="Delete")
    button.evaluate("el => { el.dataset.prompt = 'nothing'; }")
    button.click()
    expect(app.page.locator("#lib .messages .alert")).to_be_visible()
    app.page.locator("#lib-search").fill("gone")
    expect(app.page.locator("#lib .messages .alert")).to_have_count(0)


# --- versions ---------------------------------------------------------------------------------------------


def test_labels_and_variants_from_the_first_save_to_the_promotion(scripted: OpenApp) -> None:
    app = scripted("echo", turns="Say {{ word }}")
    name = f"Rivals {time.monotonic_ns()}"  # one of its own, should it run a second time
    app.save(name, "First")
    expect(app.toast).to_contain_text("Saved as version 1")
    app.turn(0).fill("Shout {{ word }}")
    app.page.click("#save")
    app.drawer.get_by_label("As", exact=True).select_option("new-variant")
    app.drawer.get_by_label("Variant").fill("loud")
    app.drawer.get_by_label("What changed").fill("Rival")
    app.drawer.get_by_role("button", name="Save version").click()
    expect(app.toast).to_contain_text('Saved as version 2 of "loud"')

    app.tab("Library")
    app.page.locator("#lib-search").fill(name.lower())
    app.page.locator("#lib-list .item").first.click()
    shown = app.page.locator("#lib-preview")
    shown.get_by_role("button", name="1 version").click()
    app.drawer.get_by_label("Label", exact=True).fill("production")
    app.drawer.get_by_label("stands on", exact=True).select_option("1")
    app.drawer.get_by_role("button", name="Set label").click()
    expect(app.drawer.get_by_label("Take the label production away")).to_have_count(1)
    app.drawer.get_by_label("Compare", exact=True).select_option("1")
    app.drawer.get_by_label("with", exact=True).focus()
    app.drawer.get_by_label("with", exact=True).select_option("2")
    expect(app.drawer).to_contain_text("Version 2 against version 1")
    expect(app.drawer.get_by_label("with", exact=True)).to_be_focused()
    expect(app.drawer.locator("ins")).to_have_text("Shout")

    app.drawer.get_by_role("button", name="Open side by side").click()
    expect(app.drawer).to_have_count(0)
    expect(app.column(1)).to_be_visible()
    expect(app.column(2)).to_be_hidden()
    app.variable("word").fill("hello")
    app.run()
    expect(app.output(0)).to_have_text("Say hello")
    expect(app.output(1)).to_have_text("Shout hello")
    app.wait_until_idle()

    app.tab("Library")
    expect(row(app, name)).to_contain_text("production")
    shown.get_by_role("button", name="1 version").click()
    app.drawer.locator("table").first.get_by_role("button", name="Promote").click()
    expect(app.toast).to_contain_text("Promoted as version 3")
    expect(app.drawer.locator("table").first.get_by_role("row")).to_have_count(4)


def test_of_two_pairs_of_versions_the_one_that_was_chosen_last_stays(scripted: OpenApp) -> None:
    app = scripted("echo", turns="One")
    name = f"Pairs {time.monotonic_ns()}"
    app.save(name, "First")
    expect(app.toast).to_contain_text("Saved as version 1")
    for text in ("Two", "Three"):
        app.turn(0).fill(text)
        app.save(name, text)
        expect(app.toast).to_contain_text(f"Saved as version {2 if text == 'Two' else 3}")
    app.tab("Library")
    app.page.locator("#lib-search").fill(name.lower())
    app.page.locator("#lib-list .item").filter(has_text=name).click()
    app.page.locator("#lib-preview").get_by_role("button", name="3 versions").click()
    chosen = app.drawer.get_by_label("Compare", exact=True)
    held: list[Any] = []

    def hold(route: Any) -> None:
        held.append(route) if not held else route.continue_()

    app.page.route(re.compile("component_server"), hold)
    with app.page.expect_request(re.compile("component_server")):
        chosen.select_option("2")
    chosen.select_option("1")
    expect(app.drawer).to_contain_text("Version 3 against version 1")
    (first,) = held
    with app.page.expect_response(lambda response: response.request == first.request):
        first.continue_()
    app.page.wait_for_timeout(100)  # it would be drawn by now
    expect(app.drawer).to_contain_text("Version 3 against version 1")


# --- the phone, the dark, other senses ---------------------------------------------------------------------


def test_a_phone_selects_opens_and_comes_back_without_sideways_scrolling(scripted: OpenApp) -> None:
    app = scripted("echo", **PHONE)
    app.tab("Library")
    entries = app.page.locator("#lib-list .entry")
    entries.nth(2).get_by_role("checkbox").tap()
    expect(app.page.locator("#lib-foot")).to_be_in_viewport()
    expect(app.page.locator("#lib-foot")).to_contain_text("Download 1 prompt")
    entries.nth(3).locator(".item").tap()
    expect(app.page.locator("#lib-preview h2")).to_be_in_viewport()
    app.page.get_by_role("button", name="Back to the list").tap()
    expect(entries.nth(3)).to_be_in_viewport()
    expect(app.page.locator("#lib-search")).to_be_in_viewport()
    assert not app.page.evaluate("document.documentElement.scrollWidth > innerWidth")


def test_axe_finds_nothing_in_the_library_and_its_drawers(app: App, tmp_path: Path) -> None:
    app.tab("Library")
    do_import(app, prompt("For axe"), tmp_path=tmp_path)
    axe = Axe(app.page)
    row(app, "For axe").get_by_role("checkbox").check()
    app.page.locator("#lib-list .item").filter(has_text="For axe").click()
    expect(app.page.locator("#lib-preview h2")).to_have_text("For axe")
    axe.look("list", in_the_dark=True)
    app.page.locator("#lib-preview").get_by_role("button", name="1 version").click()
    expect(app.drawer).to_be_visible()
    axe.look("versions", ".drawer", in_the_dark=True)
    app.close_drawer()
    app.page.get_by_role("button", name="Name and licence").click()
    expect(app.drawer).to_be_visible()
    axe.look("bundle", ".drawer", in_the_dark=True)
    app.close_drawer()
    changed = bundle(tmp_path / "c.zip", prompt("For axe", "Changed"), prompt("New to axe"))
    app.page.set_input_files("#lib-files", changed)
    expect(app.drawer).to_contain_text("1 differs")
    axe.look("import", ".drawer", in_the_dark=True)
    app.drawer.get_by_role("button", name="Compare").click()
    expect(app.drawer.locator("ins").first).to_be_visible()
    axe.look("diff", ".drawer", in_the_dark=True)
    assert axe.found == []
