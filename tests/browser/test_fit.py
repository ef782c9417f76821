"""A screen that fits: nothing is cut or out of reach at any width, and the divider, the focus and the layout stay put."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from tests.browser.conftest import App, OpenApp

pytestmark = pytest.mark.same_page

DESKS = ((1920, 1080), (1440, 900), (1366, 768), (1280, 800), (1100, 800), (1000, 700))
HANDS = ((720, 450), (390, 844))
LONG = "Letters to the late parcels department"
CHECKS = [{"scorer": "contains", "options": {"text": "cat"}}, {"scorer": "length", "options": {"max": 400}}]

# What stands outside of its row, covers its neighbour, or cannot be scrolled to.
UNFIT = """() => {
  const found = [], box = (el) => el.getBoundingClientRect();
  const name = (el) => `${el.className} ${el.textContent.trim().slice(0, 24)}`;
  if (document.documentElement.scrollWidth > innerWidth) found.push('the page is wider than the window');
  const rows = '.bar, .vote, .vote .after, .acts, .l1, .l2, .l3, .readings, .seg, .pager';
  for (const row of document.querySelectorAll(rows)) {
    if (!row.checkVisibility() || row.matches('.pager')) continue;
    const pieces = [...row.children].filter((el) => el.checkVisibility() && el.offsetWidth);
    const { left, right } = box(row);
    for (const el of pieces)
      if (box(el).right > right + 8 || box(el).left < left - 8) found.push(`${row.className}: ${name(el)} is cut`);
    pieces.forEach((a, i) => pieces.slice(i + 1).forEach((b) => {
      const wide = Math.min(box(a).right, box(b).right) - Math.max(box(a).left, box(b).left);
      const high = Math.min(box(a).bottom, box(b).bottom) - Math.max(box(a).top, box(b).top);
      if (wide > 1 && high > 1) found.push(`${row.className}: ${name(a)} covers ${name(b)}`);
    }));
  }
  const controls = 'button, select, input, textarea, [tabindex="0"], .readings dd, .checks .row';
  for (const el of document.querySelectorAll(`#compare :is(${controls})`)) {
    if (!el.checkVisibility() || !el.offsetWidth) continue;
    let bottom = document.documentElement.scrollHeight, y = scrollY;
    for (let up = el.parentElement; up; up = up.parentElement) {
      const how = getComputedStyle(up).overflowY;
      if (how === 'auto' || how === 'scroll') { bottom = Infinity; break; }
      if (how === 'hidden' || how === 'clip') bottom = Math.min(bottom, box(up).bottom + y + 6);
    }
    if (box(el).bottom + y > bottom + 1) found.push(`${name(el)} is out of reach`);
  }
  return found;
}"""


def at_each(app: App, sizes: tuple[tuple[int, int], ...], look: Callable[[], Any]) -> dict[str, Any]:
    """What is found at each size, where anything is."""
    found = {}
    for width, height in sizes:
        app.page.set_viewport_size({"width": width, "height": height})
        # Twice: what gives way is measured before the next picture.
        app.page.evaluate(
            "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )
        if seen := look():
            found[f"{width}x{height}"] = seen
    return found


def crowded(scripted: OpenApp, **options: Any) -> App:
    prompt = {"name": LONG, "checks": CHECKS}
    return scripted("long", "dog", "breaks", "deaf", prompt=prompt, **options)


def test_nothing_is_cut_or_out_of_reach_at_any_width(scripted: OpenApp) -> None:
    app = crowded(scripted)
    unfit = {"before": at_each(app, DESKS, lambda: app.page.evaluate(UNFIT))}
    app.run_to_the_end()
    unfit["after"] = at_each(app, DESKS, lambda: app.page.evaluate(UNFIT))
    assert unfit == {"before": {}, "after": {}}


def test_a_phone_and_a_zoomed_page_reach_everything_with_the_editor_open_or_folded(scripted: OpenApp) -> None:
    app = crowded(scripted, viewport={"width": 390, "height": 844})

    def foot() -> list[str]:
        """Whether the last buttons of a column can be brought into view, with nothing over them."""
        found = list(app.page.evaluate(UNFIT))
        app.page.locator("#col0 [data-act=copy]").scroll_into_view_if_needed()
        covered = """() => { const el = document.querySelector('#col0 [data-act=copy]'), b = el.getBoundingClientRect();
            return !el.contains(document.elementFromPoint(b.left + b.width / 2, b.top + b.height / 2)); }"""
        if app.page.evaluate(covered):
            found.append("the foot of the column is covered")
        app.page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        if not app.page.evaluate(
            "document.querySelector('#vote').getBoundingClientRect().bottom <= innerHeight + 1"
        ):
            found.append("the vote bar cannot be reached")
        return found

    app.run_to_the_end()
    found = {"folded": at_each(app, HANDS, foot)}
    app.page.evaluate("scrollTo(0, 0)")
    app.page.get_by_role("button", name="Edit", exact=True).click()
    expect(app.page.locator(".editor")).to_be_visible()
    found["open"] = at_each(app, HANDS, foot)
    assert found == {"folded": {}, "open": {}}
    app.page.get_by_role("button", name="Fold the editor").click()
    expect(app.page.locator(".editor")).to_be_hidden()


def test_readings_stand_at_one_height_and_lines_of_answers_are_short(scripted: OpenApp) -> None:
    app = crowded(scripted)
    app.run_to_the_end()
    app.page.locator("#col1 [data-act=show_checks]").click()
    tops = "[...document.querySelectorAll('.col .readings')].filter((el) => el.offsetWidth)"
    tops = f"new Set({tops}.map((el) => Math.round(el.getBoundingClientRect().top))).size"
    assert at_each(app, DESKS, lambda: app.page.evaluate(tops) - 1) == {}
    app.page.locator("#bar .seg button").first.click()
    app.page.set_viewport_size({"width": 1920, "height": 1080})
    per_line = """() => { const out = document.querySelector('#col0 .out'), style = getComputedStyle(out);
        const pen = document.createElement('canvas').getContext('2d'); pen.font = style.font;
        return out.clientWidth / pen.measureText('0').width; }"""
    assert app.page.evaluate(per_line) <= 90.5


PLACES = """() => ['.editor', '#columns', '#vote', '#col0 .col-body', '#col0 .readings', '#run']
    .map((s) => { const b = document.querySelector(s).getBoundingClientRect(); return [s, b.top, b.left, b.width, b.height]; })"""


def test_a_run_in_a_low_window_changes_neither_layout_nor_focus(scripted: OpenApp) -> None:
    app = scripted("dog", "long", viewport={"width": 1366, "height": 768})
    turn = app.turn(0)
    turn.focus()
    before = app.page.evaluate(PLACES)
    app.page.keyboard.press("Control+Enter")
    app.wait_until_idle()
    expect(turn).to_be_focused()
    assert app.page.evaluate(PLACES) == before
    # Run is shut while columns write: its place holds the focus, and no key that is pressed twice stops the run.
    run = app.page.locator("#run")
    run.focus()
    app.page.keyboard.press("Enter")
    app.page.keyboard.press("Enter")
    app.wait_until_idle()
    expect(run).to_be_focused()
    expect(app.state(1)).to_contain_text("done")


def test_an_empty_column_says_what_fills_it(scripted: OpenApp) -> None:
    app = scripted("echo", "cat")
    said = "getComputedStyle(document.querySelector('#col1 .out'), '::before').content"
    assert "Press Run" in app.page.evaluate(said)
    app.run_to_the_end()
    assert "Press Run" not in app.page.evaluate(said)


def test_the_alternatives_of_a_token_are_told_to_keyboard_and_touch(scripted: OpenApp) -> None:
    app = scripted("echo")
    tokens = "".join(
        f'<span class="h0" role="button" tabindex="{-1 if n else 0}" aria-label="{word}, 90 %" '
        f'data-others="{word} 90 %, else {n} %">{word}</span>'
        for n, word in enumerate(("one", "two"))
    )
    view = f'<pre role="group">{tokens}</pre><p class="others"></p>'
    app.page.evaluate(
        "async (html) => (await import('/playground/answers.js')).showView(0, html, 'heat')", view
    )
    told = app.page.locator("#col0 .others")
    app.page.locator("#col0 [data-others]").first.focus()
    expect(told).to_have_text("one: one 90 %, else 0 %")
    app.page.keyboard.press("ArrowRight")
    expect(told).to_have_text("two: two 90 %, else 1 %")
    app.page.locator("#col0 [data-others]").first.click()
    expect(told).to_have_text("one: one 90 %, else 0 %")


def test_the_divider_is_dragged_moved_by_keys_folded_and_remembered(scripted: OpenApp) -> None:
    app = scripted("echo", viewport={"width": 1366, "height": 768})
    app.is_changed = True  # the page would keep its height
    divider = app.page.get_by_role("separator", name="Height of the editor")
    editor = app.page.locator(".editor")
    height = lambda: round((editor.bounding_box() or {"height": 0})["height"])  # noqa: E731
    first = height()
    box = divider.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"]
    app.page.mouse.move(x, y)
    app.page.mouse.down()
    app.page.mouse.move(x, y + 60, steps=4)
    app.page.mouse.up()
    assert height() == first + 60
    divider.focus()
    app.page.keyboard.press("ArrowUp")
    assert height() == first + 36
    expect(divider).to_have_attribute("aria-valuenow", str(first + 36))
    app.reload()
    assert height() == first + 36
    divider.focus()
    app.page.keyboard.press("Enter")
    expect(editor).to_be_hidden()
    expect(divider).to_have_attribute("aria-valuetext", "folded")
    app.reload()
    expect(editor).to_be_hidden()
    app.page.locator(".divider").dblclick(position={"x": 40, "y": 0}, force=True)
    expect(editor).to_be_visible()
    assert height() == first + 36


def test_the_focus_never_falls_to_the_body(scripted: OpenApp) -> None:
    app = scripted("cat", "dog", "echo", turns=[("system", "Be brief"), ("user", "Say {{ word }}")])
    app.run_to_the_end()
    keys = app.page.keyboard

    def held() -> str:
        """The name of what has the focus."""
        name = """() => { const el = document.activeElement;
            return el === document.body ? 'nothing' : el.getAttribute('aria-label') || el.innerText.trim() || el.tagName; }"""
        return str(app.page.evaluate(name))

    app.page.get_by_label("Model of column 2").focus()
    keys.press("ArrowDown")
    assert held() == "Model of column 2"
    app.page.get_by_role("group", name="Number of columns").get_by_role("button").nth(1).focus()
    keys.press("Enter")
    assert held() == "2"
    app.page.locator("#col0 [data-act=thumb]").first.focus()
    keys.press("Enter")
    expect(app.page.locator("#col0 [data-act=thumb]").first).to_have_attribute("aria-pressed", "true")
    assert held() == "Good answer"
    app.page.locator("#vote [data-vote=tie]").focus()
    keys.press("Enter")
    expect(app.page.locator("#vote")).to_contain_text("Vote stored")
    assert held().endswith("Tie")
    app.turn(0).focus()
    app.page.evaluate("document.querySelector('.divider').dispatchEvent(new MouseEvent('dblclick'))")
    expect(app.page.locator(".editor")).to_be_hidden()
    app.page.wait_for_function("document.activeElement !== document.body")
    # What opened over the page has been taken away: the focus is where it was before.
    app.page.locator("#col1 [data-act=copy]").focus()
    app.page.evaluate("""() => { const box = document.createElement('div'); box.id = 'over';
        box.innerHTML = '<button>Over</button>'; document.body.append(box); box.firstChild.focus(); }""")
    app.page.evaluate("document.querySelector('#over').remove()")
    app.page.wait_for_function("document.activeElement.dataset.act === 'copy'")


SHIFTS = """() => { window.shifts = []; new PerformanceObserver((list) => { for (const e of list.getEntries())
    shifts.push([e.value, ...e.sources.map((s) => s.node?.className ?? s.node?.id ?? '')]); })
    .observe({ type: 'layout-shift', buffered: true }); }"""


# How often the time is asked for in three tenths of a second: whoever draws by the clock asks at each frame.
ASKED = """async () => { const now = performance.now; let asked = 0;
    performance.now = () => { asked += 1; return now.call(performance); };
    await new Promise((done) => setTimeout(done, 300));
    delete performance.now; return asked; }"""


@pytest.mark.parametrize("size", [(1440, 900), (1366, 768), (390, 844)])
def test_nothing_moves_from_loading_to_the_first_answer_and_nothing_draws_by_itself(
    scripted: OpenApp, size: tuple[int, int], wait_for: Callable[..., Any]
) -> None:
    app = scripted(viewport={"width": size[0], "height": size[1]})
    app.page.evaluate(SHIFTS)
    app.run_to_the_end()
    shifts = app.page.evaluate("shifts")
    assert sum(value for value, *_ in shifts) <= 0.02, shifts
    wait_for(
        lambda: app.page.evaluate(ASKED) == 0,
        "the end of Gradio's loading, which comes to rest in a second",
        10,
    )
