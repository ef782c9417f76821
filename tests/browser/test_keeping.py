"""Saving, versions, the library, history and links."""

from __future__ import annotations

import csv
import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from playground.library.shipped import Library, shipped_folder

if TYPE_CHECKING:
    from tests.browser.conftest import App, OpenApp

pytestmark = pytest.mark.same_page


def digest(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def save_versions(app: App, name: str) -> None:
    """Version 1 says hello, version 2 says it twice."""
    app.save(name, "First")
    expect(app.toast).to_contain_text("Saved as version 1")
    app.turn(0).fill("Say {{ word }} twice")
    app.page.click("#save")
    expect(app.drawer.get_by_label("As", exact=True)).to_have_value("version")
    app.drawer.get_by_label("What changed").fill("Twice")
    app.drawer.get_by_role("button", name="Save version").click()
    expect(app.toast).to_contain_text("Saved as version 2")


def test_every_save_is_a_version_that_can_be_compared_opened_and_restored(scripted: OpenApp) -> None:
    app = scripted("echo")
    save_versions(app, "Versioned")
    versions = app.page.locator(".bar").get_by_role("button", name="Versions")
    versions.click()
    expect(app.drawer).to_contain_text("Version 2 against version 1")
    expect(app.drawer.locator("ins")).to_contain_text("twice")
    rows = app.drawer.locator("table").first.get_by_role("row")
    expect(rows).to_have_count(3)
    expect(rows.nth(1)).to_contain_text("Twice")
    expect(rows.nth(2)).to_contain_text("First")
    rows.nth(2).get_by_role("button", name="Open", exact=True).click()
    expect(app.turn(0)).to_have_value("Say {{ word }}")
    expect(app.page.locator(".bar")).to_contain_text("version 1")
    versions.click()
    app.drawer.get_by_role("button", name="Restore").click()
    expect(app.toast).to_contain_text("Restored as version 3")
    expect(app.turn(0)).to_have_value("Say {{ word }}")
    expect(app.page.locator(".bar")).to_contain_text("version 3")


def test_a_run_remembers_the_version_it_was_made_with(scripted: OpenApp) -> None:
    app = scripted("echo", values={"word": "a saved word"})
    save_versions(app, "Run with a version")
    app.variable("word").fill("once")
    app.run_to_the_end()
    run = app.run_id()
    other = scripted("cat", query=f"?run={run}")
    expect(other.page.locator(".bar")).to_contain_text("version 2")
    expect(other.page.locator("#prompt-name")).to_have_value("Run with a version")


def test_a_fork_of_a_pattern_never_changes_the_shipped_file(scripted: OpenApp) -> None:
    before = digest(shipped_folder())
    app = scripted("echo")
    app.tab("Library")
    app.page.fill("#lib-search", "zero-shot instruction")
    app.page.locator("#lib-list .item").filter(has_text="Zero-shot instruction").first.click()
    app.page.get_by_role("button", name="Try it").click()
    expect(app.page.locator(".bar")).to_contain_text("from the library")
    app.turn(0).fill("Be rude.")
    app.save("Rude instruction", "Ruder")
    expect(app.toast).to_contain_text("Saved as version 1")
    assert digest(shipped_folder()) == before
    app.tab("Library")
    app.page.fill("#lib-search", "instruction")
    items = app.page.locator("#lib-list .item")
    items.filter(has_text="Rude instruction").click()
    expect(app.page.locator("#lib-preview")).to_contain_text("from techniques/zero-shot/instruct")
    expect(items.filter(has_text="Zero-shot instruction")).to_have_count(1)
    items.filter(has_text="Zero-shot instruction").click()
    expect(app.page.locator("#lib-preview h2")).to_have_text("Zero-shot instruction")
    expect(app.page.locator("#lib-preview")).not_to_contain_text("Be rude.")


def test_a_name_that_is_too_long_is_refused_in_words_and_nothing_is_lost(scripted: OpenApp) -> None:
    app = scripted("echo")
    app.page.fill("#prompt-name", "n" * 300)
    app.page.click("#save")
    app.drawer.get_by_label("What changed").fill("Long")
    app.drawer.get_by_role("button", name="Save version").click()
    expect(app.drawer.locator(".messages")).to_contain_text("The name has 300 characters.")
    expect(app.drawer.get_by_label("What changed")).to_have_value("Long")
    app.close_drawer()
    expect(app.turn(0)).to_have_value("Say {{ word }}")
    app.save("Short enough", "Long")
    expect(app.toast).to_contain_text("Saved as version 1")


def test_a_name_that_is_taken_or_missing_is_refused_in_words(scripted: OpenApp) -> None:
    app = scripted("echo")
    app.save("Taken")
    expect(app.toast).to_contain_text("Saved as version 1")
    other = scripted("cat")
    other.save("taken")
    expect(other.drawer.locator(".messages")).to_contain_text('already a prompt named "taken"')
    other.drawer.get_by_label("Name").fill("  ")
    other.drawer.get_by_role("button", name="Save version").click()
    expect(other.drawer.locator(".messages")).to_contain_text("The prompt has no name.")


@pytest.mark.parametrize("name", ["../../etc/passwd", "..", "a/b\\c:d*e?"], ids=["path", "dots", "signs"])
def test_a_name_that_looks_like_a_path_is_only_a_name(scripted: OpenApp, name: str) -> None:
    app = scripted("echo", "cat", prompt={"name": name})
    app.save(name)
    expect(app.toast).to_contain_text("Saved as version 1")
    app.run_to_the_end()
    app.page.click("#vote [data-act=export]")
    with app.page.expect_download() as download:
        app.drawer.get_by_role("link", name="Download").click()
    file = download.value.suggested_filename
    assert re.fullmatch(r"[\w-][^/\\:*?]*\.prompty", file), file
    app.close_drawer()
    app.tab("Library")
    app.page.fill("#lib-search", name.strip("."))
    expect(app.page.locator("#lib-list .item").filter(has_text=name).first).to_be_visible()


def test_the_library_is_searched_as_you_type_and_filtered(scripted: OpenApp) -> None:
    app = scripted("echo")
    app.tab("Library")
    items = app.page.locator("#lib-list .item")
    sentiment = items.filter(has=app.page.get_by_text("Classify sentiment", exact=True))
    expect(sentiment).to_have_count(1)
    app.page.locator("#lib-search").press_sequentially("json", delay=30)
    expect(items.filter(has_text="JSON")).not_to_have_count(0)
    expect(sentiment).to_have_count(0)
    expect(app.page.locator("#lib-search")).to_be_focused()
    app.page.fill("#lib-search", "")
    family = app.page.locator('#lib-side [data-family="classification"]')
    number = int(family.locator(".num").inner_text())
    family.click()
    expect(family).to_have_attribute("aria-pressed", "true")
    expect(items).to_have_count(number)
    sentiment.click()
    expect(app.page.locator("#lib-preview h2")).to_have_text("Classify sentiment")
    app.page.fill("#lib-search", "no such pattern")
    expect(app.page.locator("#lib-list")).to_contain_text("Nothing matches")


def test_a_pattern_is_found_filled_in_and_run_in_four_clicks(scripted: OpenApp) -> None:
    app = scripted("echo", "cat")
    app.tab("Library")
    app.page.fill("#lib-search", "extract json")
    app.page.locator("#lib-list .item", has_text="JSON").first.click()
    expect(app.page.locator("#lib-preview h2")).to_contain_text("JSON")
    app.page.get_by_role("button", name="Try it").click()
    expect(app.page.locator("#prompt-name")).to_have_value(re.compile("JSON"))
    app.run_to_the_end()
    assert "{{" not in app.answer(0) and len(app.answer(0)) > 40


def test_a_pattern_with_each_kind_of_input_opens_and_runs_with_its_example(scripted: OpenApp) -> None:
    patterns = Library(shipped_folder()).patterns()
    by_kind = {field.kind: pattern for pattern in patterns for field in pattern.prompt.inputs}
    assert {"text", "long_text", "examples"} <= by_kind.keys()
    app = scripted("echo")
    for pattern in by_kind.values():
        app.open(f"?pattern={pattern.slug}")
        expect(app.page.locator("#prompt-name")).to_have_value(pattern.prompt.name)
        expect(app.output(0)).to_have_text("")
        expect(app.page.locator(".vars > *").first).to_be_attached()
        expect(app.page.locator(".editor .problem")).to_have_count(0)
        app.run_to_the_end()
        assert app.answer(0), pattern.slug


def test_history_is_sorted_by_a_header_and_keeps_search_order_and_focus(scripted: OpenApp) -> None:
    app = scripted("echo", values={"word": "okapi"})
    for note in ("beta", "alpha", "gamma"):
        app.run_to_the_end()
        app.page.get_by_label("Note on this comparison").fill(note)
        app.page.keyboard.press("Enter")
        expect(app.toast).to_contain_text("Note kept")
        app.page.locator(".toast").first.evaluate("(el) => el.remove()")
    app.tab("History")
    app.page.locator("#hist-search").press_sequentially("okapi", delay=30)
    rows = app.page.locator("#hist-list tr[data-act=open_run]")
    expect(rows).to_have_count(3)
    notes = app.page.locator("#hist-list tr[data-act=open_run] td:last-child")
    expect(notes).to_have_text(["gamma", "alpha", "beta"])
    top = rows.first.bounding_box()
    header = app.page.get_by_role("columnheader", name="Note")
    header.get_by_role("button").focus()
    for order, words in (
        ("ascending", ["alpha", "beta", "gamma"]),
        ("descending", ["gamma", "beta", "alpha"]),
    ):
        app.page.keyboard.press("Enter")
        expect(notes).to_have_text(words)
        expect(header).to_have_attribute("aria-sort", order)
        expect(header.get_by_role("button")).to_be_focused()
    assert rows.first.bounding_box() == top, "nothing moved"
    # Another tab and a longer search leave the order as it is.
    app.tab("Library")
    app.tab("History")
    app.page.locator("#hist-search").fill("okapi alpha")
    expect(notes).to_have_text(["alpha"])
    app.page.locator("#hist-search").fill("okapi")
    expect(notes).to_have_text(["gamma", "beta", "alpha"])
    with app.page.expect_download() as got:
        app.page.get_by_role("button", name="CSV").click()
    assert got.value.suggested_filename == "history.csv"
    written = list(csv.DictReader(got.value.path().read_text(encoding="utf-8").splitlines()))
    assert [row["note"] for row in written] == ["gamma", "beta", "alpha"]


def test_history_is_searched_and_opens_a_run_as_it_was(scripted: OpenApp) -> None:
    app = scripted("echo", "dog", values={"word": "quokka"}, prompt={"name": "Rare animals"})
    app.preset(2, "Creative")
    app.run_to_the_end()
    app.page.click('#vote [data-vote="tie"]')
    expect(app.page.locator("#vote")).to_contain_text("Vote stored.")
    run = app.run_id()

    other = scripted("cat")
    other.tab("History")
    other.page.locator("#hist-search").press_sequentially("quokka", delay=30)
    row = other.page.locator("#hist-list tr[data-act=open_run]")
    expect(row).to_have_count(1)
    for text in ("Rare animals", "echo, dog", "tie"):
        expect(row).to_contain_text(text)
    row.focus()
    other.page.keyboard.press("Enter")
    expect(other.variable("word")).to_have_value("quokka")
    assert [other.answer(0), other.answer(1)] == ["Say quokka", "The dog sat on the mat."]
    expect(other.exceptions(2)).to_have_text("temperature 1, top-p 0.95")
    expect(other.page.locator('#vote [data-vote="tie"]')).to_have_attribute("aria-pressed", "true")
    assert other.run_id() == run
    other.run_to_the_end()
    assert other.answer(0) == "Say quokka"


def test_the_link_of_a_run_shows_the_same_in_another_browser(scripted: OpenApp) -> None:
    app = scripted("echo", "cat", values={"word": "linked"})
    app.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    app.run_to_the_end()
    app.page.locator("#vote").get_by_role("button", name="Link").click()
    expect(app.toast).to_contain_text("Copied")
    link = app.page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(app.server.url)
    other = scripted("dog", query=link.removeprefix(app.server.url))
    assert [other.answer(i) for i in (0, 1)] == [app.answer(i) for i in (0, 1)]
    expect(other.turn(0)).to_have_value("Say {{ word }}")
    expect(other.variable("word")).to_have_value("linked")
    assert (
        other.page.locator("#col0 .readings").inner_text() == app.page.locator("#col0 .readings").inner_text()
    )


def test_what_was_typed_after_a_run_is_newer_than_the_run(scripted: OpenApp) -> None:
    app = scripted("echo")
    app.run_to_the_end()
    app.turn(0).fill("Say {{ word }} louder")
    app.reload()
    expect(app.turn(0)).to_have_value("Say {{ word }} louder")
    assert app.answer(0) == "Say hello"
