"""The main job on the embedded model, from an empty page to a file that another program can read."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from playground.formats import prompty
from playground.formats.registry import FORMATS
from playground.templating.rendering import variables

if TYPE_CHECKING:
    from tests.browser.conftest import App, OpenApp

WATCH = """() => {
  window.seen = { grown: [0, 0], together: false };
  const outs = [0, 1].map((i) => document.querySelector(`#col${i} .out`));
  const lengths = [0, 0];
  const look = () => {
    const writing = [0, 1].map((i) => document.querySelector(`#col${i} .state`).textContent.startsWith('writing'));
    outs.forEach((out, i) => {
      const length = out.textContent.length;
      if (length > lengths[i] && lengths[i] > 0 && writing[i]) window.seen.grown[i] += 1;
      if (length > lengths[i] && writing[0] && writing[1] && outs[1 - i].textContent) window.seen.together = true;
      lengths[i] = length;
    });
  };
  outs.forEach((out) => new MutationObserver(look).observe(out, { childList: true, characterData: true, subtree: true }));
}"""


def write_a_prompt(app: App) -> None:
    """A prompt with one variable, typed into the editor of a newcomer's page."""
    app.tab("Library")
    app.page.get_by_role("button", name="New prompt").click()
    expect(app.turn(1)).to_be_visible()
    app.turn(0).fill("You are a helpful assistant.")
    app.turn(1).fill("Write four sentences about {{ place }}.")
    app.variable("place").fill("Lake Constance")


def test_write_run_vote_save_reload_find_and_export(embedded: OpenApp, tmp_path: Path) -> None:
    app = embedded()
    write_a_prompt(app)
    app.page.click("#checks-button")
    app.drawer.get_by_role("button", name="Add check").click()
    app.page.fill("#check0-text", "lake")
    app.close_drawer()

    app.page.evaluate(WATCH)
    app.preset(2, "Balanced")
    app.run()
    app.wait_until_idle(60_000)
    seen = app.page.evaluate("window.seen")
    assert min(seen["grown"]) >= 2, f"the answers did not grow while they were being written: {seen}"
    assert seen["together"], "the columns wrote one after the other"
    answers = [app.answer(0), app.answer(1)]
    assert all(len(answer) > 40 for answer in answers)
    expect(app.state(0)).to_contain_text("done in")
    expect(app.column(0).locator(".checks")).to_contain_text("of 1 check pass")
    expect(app.column(1).locator(".readings")).to_contain_text("tokens out")

    app.page.click('#vote [data-vote=column][data-column="1"]')
    expect(app.page.locator("#vote")).to_contain_text("Vote stored.")
    app.save("Four sentences", "The first one")
    expect(app.toast).to_contain_text("Saved as version 1")
    run = app.run_id()

    app.reload()
    assert [app.answer(0), app.answer(1)] == answers
    assert app.run_id() == run
    expect(app.page.locator("#prompt-name")).to_have_value("Four sentences")
    expect(app.turn(1)).to_have_value("Write four sentences about {{ place }}.")
    expect(app.variable("place")).to_have_value("Lake Constance")
    expect(app.exceptions(2)).to_have_text("temperature 0.7, top-k 40")
    expect(app.page.locator('#vote [data-vote=column][data-column="1"]')).to_have_attribute(
        "aria-pressed", "true"
    )

    app.tab("History")
    app.page.fill("#hist-search", "constance")
    expect(app.page.locator("#hist-count")).to_have_text("1 run")
    row = app.page.locator("#hist-list tr[data-act=open_run]")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("column 2")
    row.click()
    expect(app.output(1)).to_have_text(answers[1])

    app.page.click("#vote [data-act=export]")
    expect(app.drawer.locator("#export-text")).to_contain_text("Write four sentences about {{ place }}.")
    with app.page.expect_download() as download:
        app.drawer.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename.endswith(".prompty")
    file = tmp_path / "winner.prompty"
    download.value.save_as(file)
    prompt = prompty.read(file.read_text(encoding="utf-8")).prompt
    assert [turn.template for turn in prompt.turns] == [
        "You are a helpful assistant.",
        "Write four sentences about {{ place }}.",
    ]
    assert [variable.name for variable in variables(prompt.turns)] == ["place"]
    assert [check.scorer for check in prompt.checks] == ["contains"]
    assert prompt.sampling is not None and prompt.sampling.temperature == 0.7


def test_every_format_shows_a_preview_and_downloads_the_same_text(embedded: OpenApp, tmp_path: Path) -> None:
    app = embedded()
    app.run()
    app.wait_until_idle(60_000)
    app.page.click("#vote [data-act=export]")
    options = app.drawer.locator("#export-format option")
    expect(options).to_have_count(len(FORMATS))
    for name in options.evaluate_all("all => all.map((o) => o.value)"):
        app.drawer.locator("#export-format").select_option(name)
        expect(app.drawer.locator(f'a[href$="/{name}"]')).to_be_visible()
        shown = app.drawer.locator("#export-text").text_content()
        with app.page.expect_download() as download:
            app.drawer.get_by_role("link", name="Download").click()
        file = tmp_path / name
        download.value.save_as(file)
        assert file.read_bytes().decode() == shown


def test_a_newcomer_needs_one_click_to_see_two_prompts_answer(embedded: OpenApp) -> None:
    app = embedded()
    expect(app.page.locator("#columns > :not(.off)")).to_have_count(2)
    app.run()
    app.wait_until_idle(60_000)
    assert app.answer(0) and app.answer(1)


def test_the_winner_is_saved_with_its_sampling_and_becomes_the_shared_prompt(embedded: OpenApp) -> None:
    app = embedded()
    app.run()
    app.wait_until_idle(60_000)
    app.page.click('#vote [data-vote=column][data-column="1"]')
    app.page.locator(
        "#vote [data-act=save_winner]"
    ).click()  # the example has a name: one click keeps the winner
    expect(app.drawer).to_be_hidden()
    expect(app.toast).to_contain_text("Saved as version 1")
    expect(app.turn(0)).to_have_value("You are a careful assistant. Answer in one short sentence.")
    expect(app.page.get_by_label("Prompt of column 2:")).to_have_text("shared prompt")


def test_the_embedded_engine_dies_and_the_next_run_works(embedded: OpenApp) -> None:
    # A list that may not end yet: an answer in prose may be over, on a fast machine, before the engine is killed.
    endless = {"type": "array", "items": {"type": "integer", "maximum": 9, "minimum": 0}, "minItems": 900}
    app = embedded(
        "SmolLM2-135M-Instruct",
        "SmolLM2-135M-Instruct",
        turns="Count {{ word }}",
        values={"word": "for ever"},
        prompt={"output_schema": endless},
    )
    limit_tokens(app, 1, 3000)
    limit_tokens(app, 2, 3000)
    app.run()
    app.wait_for_text(0)
    app.wait_for_text(1)
    kill_engine(app)
    app.wait_until_idle()
    for number in (0, 1):
        expect(app.state(number)).to_contain_text("failed")
        expect(app.problem(number)).to_be_visible()
        hint = app.problem(number).locator("div").first.evaluate("el => el.childNodes[1].textContent")
        assert hint.strip(), "the error does not say what to do"
        assert app.answer(number), "what had arrived is gone"

    limit_tokens(app, 1, 8)
    limit_tokens(app, 2, 8)
    app.run()
    app.wait_until_idle(60_000)
    for number in (0, 1):
        expect(app.state(number)).to_contain_text("done")
        expect(app.column(number)).to_contain_text("cut at 8 tokens")


def limit_tokens(app: App, column: int, limit: int) -> None:
    app.page.get_by_label(f"Sampling values of column {column}").click()
    app.page.locator("#s-max_tokens").fill(str(limit))
    app.page.keyboard.press("Escape")


def kill_engine(app: App) -> None:
    (child,) = app.server.children("playground.engine.worker")
    os.kill(child, signal.SIGKILL)


def test_a_prompt_longer_than_the_context_is_refused_with_both_numbers(embedded: OpenApp) -> None:
    app = embedded(
        "SmolLM2-135M-Instruct",
        "SmolLM2-135M-Instruct",
        turns="{{ text }}",
        values={"text": "word " * 12_000},
    )
    app.run()
    app.wait_until_idle(60_000)
    for number in (0, 1):
        expect(app.problem(number)).to_contain_text("do not fit into")
        numbers = app.problem(number).locator("b").inner_text().replace(",", "").split()
        sent, room = [int(word.strip(".")) for word in numbers if word.strip(".").isdigit()]
        assert sent > room >= 2048
        assert app.answer(number) == ""


def test_what_it_saw_shows_the_models_own_template_and_token_ids(embedded: OpenApp) -> None:
    app = embedded()
    app.run()
    app.wait_until_idle(60_000)
    app.act(0, "saw")
    expect(app.drawer).to_contain_text("<|im_start|>system")
    app.drawer.get_by_role("button", name="Token ids").click()
    ids = app.drawer.get_by_text(re.compile(r"^\d+( \d+)+$"))
    expect(ids).to_be_visible()
    tokens = ids.inner_text().split()
    expect(app.drawer).to_contain_text(f"{len(tokens)} tokens")
    app.drawer.get_by_label("beside").select_option("1")
    expect(app.drawer).to_contain_text("received different texts")
