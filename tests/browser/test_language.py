"""The page in English and in Chinese: switched at once with nothing lost, nothing of the other language left, typed in."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import free_port, opener, serving

if TYPE_CHECKING:
    from tests.browser.conftest import App, OpenApp, Pages, Server

CHINESE: dict[str, Any] = {"locale": "zh-CN"}
TABS = {
    "Compare": "对比",
    "Library": "提示词库",
    "Data": "数据",
    "Experiments": "实验",
    "History": "历史",
    "Models": "模型",
}
# Every visible text and every description that is not marked as somebody's, a model's or code.
SHOWN = """() => {
  const kept = '[translate=no], .mono, .words, mark, del, ins, textarea, pre, code, kbd, script, style, svg';
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode())
    if (node.data.trim() && node.parentElement.checkVisibility() && !node.parentElement.closest(kept))
      found.push(node.data.trim());
  for (const el of document.querySelectorAll('[title], [aria-label], [placeholder]'))
    for (const name of ['title', 'aria-label', 'placeholder'])
      if (el.getAttribute(name) && el.checkVisibility() && !el.closest('[translate=no]')
          && !el.parentElement.closest(kept))
        found.push(el.getAttribute(name));
  return found; }"""
# Names, formats and words of the field that Chinese writes in Latin letters.
NAMES = re.compile(
    r"Prompt Playground|Say \w+|Untitled prompt|scripted|tokens?|CSV|TSV|JSONL?|XLSX|Parquet|YAML|PNG|JPEG|WebP|GIF|Markdown|Python|Alt|Esc|Ctrl|Enter"
    r"|Shift|Delete|promptfoo|Ollama|vLLM|GGUF|Ref|GPU|CPU|API|URL|LLaMA-?Factory|OpenAI|llama-server|llama\.cpp|SHA|LoRA"
    r"|[Tt]op[- ][pk]|[Mm]in[- ]p|http\S*|\.\w+|\w*_\w*|\{\{ \w+ \}\}|localhost|Guide|Jinja2?|Prompty|playground|data/\S+"
)  # fmt: skip
ENGLISH = re.compile(r"[A-Za-z]{3,}(?: [A-Za-z]+)+")

RUN_OUT = """() => [...document.querySelectorAll('#page button')].filter((button) => {
    const text = document.createRange();
    text.selectNodeContents(button);
    return button.checkVisibility() && text.getBoundingClientRect().right > button.getBoundingClientRect().right + 2;
}).map((button) => button.textContent.slice(0, 40))"""
"""Buttons whose words run over their edge, into what stands beside them."""


def left_over(app: App) -> list[str]:
    """Texts in which two English words stand beside each other and are no names, also none that another test left."""
    names = {text.strip() for text in app.page.locator("[translate=no]").all_text_contents()}
    theirs = re.compile("|".join(map(re.escape, sorted(names - {""}, key=len, reverse=True))) or "$^")
    texts = app.page.evaluate(SHOWN)
    return [text for text in texts if ENGLISH.search(NAMES.sub("·", theirs.sub("·", text)))]


def chinese_in(app: App, theirs: str) -> list[str]:
    """Texts in Chinese beside the switch's own, but for what somebody has written."""
    texts = (re.sub(theirs, "", text) for text in app.page.evaluate(SHOWN) if text != "中文")
    return [text for text in texts if re.search("[\u4e00-\u9fff]", text)]


def is_wide(app: App) -> bool:
    return bool(app.page.evaluate("document.documentElement.scrollWidth > innerWidth"))


def test_the_language_changes_at_once_and_nothing_that_was_typed_or_runs_is_lost(scripted: OpenApp) -> None:
    app = scripted("slow", "cat", turns="Say {{ word }}", values={"word": "Run"})
    run, english, chinese = app.page.locator("#run"), "[data-language=en]", "[data-language=zh]"
    expect(run).to_contain_text("Run")
    app.run()
    app.wait_for_text(0)
    app.variable("word").fill("Save, 保存")
    app.page.click(chinese)
    expect(run).to_contain_text("运行")
    expect(app.page.locator("html")).to_have_attribute("lang", "zh-Hans")
    assert app.page.evaluate("document.activeElement.dataset.language") == "zh"
    expect(app.variable("word")).to_have_value("Save, 保存")
    expect(app.state(0)).to_contain_text("书写中")
    assert app.answer(1) == "The cat sat on the mat."
    before = len(app.answer(0))
    app.page.wait_for_function(f"document.querySelector('#col0 .out').textContent.length > {before}")
    assert "word1" in app.answer(0)
    app.page.click(english)
    expect(run).to_contain_text("Run")
    expect(app.page.locator("html")).to_have_attribute("lang", "en")
    assert not [text for text in app.page.evaluate(SHOWN) if re.search("[\u4e00-\u9fff]", text)]
    app.page.click("#stop")
    app.wait_until_idle()
    app.page.click(chinese)
    app.reload()
    expect(run).to_contain_text("运行")
    expect(app.variable("word")).to_have_value("Save, 保存")


def test_a_browser_in_chinese_finds_no_english_sentence_and_no_line_too_wide(scripted: OpenApp) -> None:
    app = scripted("echo", "cat", turns="Say {{ word }}", values={"word": "kroki"}, **CHINESE)
    app.run_to_the_end()
    found = {"compare": left_over(app)}
    for action in ("saw", "diff"):
        app.act(1, action)
        expect(app.drawer).to_be_visible()
        found[action] = left_over(app)
        app.close_drawer()
    app.page.click("[data-keys]")
    expect(app.drawer).to_contain_text("撤销")
    found["keys"] = left_over(app)
    app.close_drawer()
    places = {
        "Library": "#lib-preview h2",
        "Data": "#data",
        "Experiments": "#exp-body > *",
        "History": "#hist-list tr[data-act]",
        "Models": "#models-list table",
    }
    for name, place in places.items():
        app.tab(TABS[name])
        expect(app.page.locator(place).first).to_be_visible()
        if name == "History":  # what other tests have run is called as they like
            app.page.fill("#hist-search", "kroki")
            expect(app.page.locator(place)).to_have_count(1)
        found[name] = left_over(app)
    assert {name: texts for name, texts in found.items() if texts} == {}
    show = "async (name) => (await import('/playground/tabs.js')).showTab(name)"
    for width in (1366, 390):
        app.page.set_viewport_size({"width": width, "height": 768})
        for name, place in places.items():
            app.page.evaluate(show, name)  # by its English name, whatever is shown
            expect(app.page.locator(place).first).to_be_visible()
            assert not is_wide(app), (name, width)
            assert app.page.evaluate(RUN_OUT) == [], (name, width)


# Beside NAMES, in a text where one English word is one too many: formats, scores, authors, and what an option may be.
FURTHER_NAMES = re.compile(
    r"JSON Lines|OpenAI (?:chat|batch) JSONL?|(?:auto|both)(?=：)|[Pp]romptfoo|--sandbox|Dotprompt|GitHub Models|LangChain|JSON|Modelfile|Open WebUI|llm\b|Levenshtein|ROUGE|BLEU|chrF|Holm"
    r"|Benjamini–Hochberg|Token|UTC|ReAct|PAL|ART|Python|production"
    r'|\{"type": .*\}|row:|is:generated|[“"](?:contains|echo|cat|gone|picky|slow|python|input|technique|tecnique)[”"]'
    r"|\{%.*?%\}|techniques/\S+|(?:answer|question) 或 \w+|· 或 (?:expected|text)|(?:kind|question|text|answer)(?=：)|Kappa|PPI|FAIL|PASS|JSON Lines|NVIDIA"
    r"|AMD Instinct|Intel|Hugging Face|Qwen/\S+|--[\w-]+(?: \d+)?|ftp|“(?:id|kind|question|answer|word|text)”|cases: \{dataset: sentiment\.csv\}|split|列有 [\w、]+|pip install \S+|ollama serve|variants\.A"
)
CRAWL = (Path(__file__).parent / "crawl.js").read_text(encoding="utf-8").strip()
ROWS = [{"word": f"词{n}", "answer": f"词{n}"} for n in range(20)]
KEPT = (
    "爬行，23 个变体；用例偏少；51 到 90；爬行 的用例；第一版；B 胜过 A，高百分点用例；新增用户系统轮次；中文"
)
"""What a reader of Chinese has left there, and the name of the other language."""
OWN = f"[{''.join(set(Path(__file__).with_name('filled.py').read_text(encoding='utf-8') + KEPT) & set(map(chr, range(0x4E00, 0xA000))))}]+"
"""What this test itself has written, in Chinese: its letters, a handful of thousands."""


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on which everything has been used once, and nobody else writes anything."""
    folder, port = tmp_path_factory.mktemp("crawled"), free_port()
    script = str(Path(__file__).parent / "serve.py")
    for server in serving([script, str(port), str(folder), "filled"], port, folder, folder / "log"):
        yield server
        os.kill(server.pid, signal.SIGKILL)  # what was started there need not come to its end


def places(server: Server) -> Iterator[dict[str, Any]]:
    """Where to look: a tab, or a page of one that an action leads to; the second time with what changes something."""
    state = "SELECT run_id FROM experiment WHERE state = ? ORDER BY created_at"
    (done,), (paused,) = (server.rows(state, each)[0] for each in ("done", "paused"))
    for tab in ("Compare", "Library", "History", "Data", "Models", "Experiments"):
        yield {"place": tab, "tab": tab}
    pages: dict[str, tuple[str, dict[str, Any]]] = {
        "set-up": ("experiment_from_compare", {}),
        "techniques": ("open_experiments", {"at": "techniques"}),
        "paused": ("open_experiments", {"at": str(paused)}),
        "verdict": ("open_experiments", {"at": str(done)}),
        "judge": ("open_experiments", {"at": str(done), "look": "judge=1"}),
        "labelling": ("open_experiments", {"at": str(done), "look": "judge=1&step=label"}),
    }
    for place, (action, args) in pages.items():
        yield {"place": place, "tab": "Experiments", "action": action, "args": args}


REFUSED: dict[str, dict[str, Any]] = {
    "read_experiment_file": {"text": "variants: {A: {tecnique: x}}"},
    "add_server": {"sure": "yes", "fields": {"name": "甲", "kind": "", "url": "ftp://a"}},
    "gguf": {"sure": "yes", "fields": {"path": "a"}},
    "start_vllm": {"sure": "yes", "fields": {"model": "--x"}},
    "pull": {"sure": "yes", "fields": {"name": ""}},
    "open_data": {"id": "x"},
    "open_prompt": {"id": "x"},
    "open_run": {"run": "x"},
    "save": {"fields": {"name": "甲\n乙"}},
}
"""What a page may ask for and is refused: the answer is said where the reader looks."""


@pytest.mark.parametrize("locale", ["zh-CN", "en-US"])
def test_what_can_be_opened_started_and_deleted_is_in_the_readers_language(
    own_server: Server, pages: Pages, apps: list[App], locale: str
) -> None:
    check = {"scorer": "contains", "options": {"text": "{{ answer }}"}}
    prompt = {"name": "爬行", "cases": ROWS, "checks": [check]}
    open_app = opener(own_server, "scripted", pages, apps)
    app = open_app("cat", "echo", prompt=prompt, turns="说 {{ word }}", values=ROWS[0], locale=locale)
    page, found, names, opened, heard = app.page, dict[str, str](), set[str](), 0, list[str]()

    def crawl(asked: dict[str, Any]) -> None:
        nonlocal opened
        told = page.evaluate(CRAWL, {"most": 1, "isBold": False, **asked})
        found.update(told["found"])
        names.update(name for name in told["names"] if len(name) > 1)
        heard.extend(told["heard"])
        opened += len(told["opened"])

    app.run_to_the_end()
    if locale == "zh-CN":
        a_word_is_composed_in_fields_that_their_answers_draw_anew(app)
    where = list(places(own_server))
    for place in where:
        crawl(place)
    for place in where:
        crawl({**place, "isBold": True})
    for action, args in REFUSED.items():
        crawl({"place": action, "action": action, "args": args, "most": 0})
    assert opened > 80 and len(found) > 1500, (opened, len(found))
    assert heard == []
    if locale == "zh-CN":
        theirs = re.compile("|".join(map(re.escape, sorted(names, key=len, reverse=True))))
        left = {t: NAMES.sub("·", FURTHER_NAMES.sub("·", theirs.sub("·", t))) for t in found}
        wrong = [text for text, rest in left.items() if re.search("[A-Za-z]{3,}", rest)]
    else:
        wrong = [text for text in found if re.search("[\u4e00-\u9fff]", re.sub(OWN, "", text))]
    assert not wrong, "\n".join(f"{text}  (at {found[text]})" for text in wrong)


DRAWN_ANEW = """async (field) => {
    const box = field.closest('[id]:not(input)');
    (await import('/playground/updates.js')).apply({ html: { [box.id]: box.innerHTML } }); }"""
"""Draws what stands around a field, as an answer does that has come meanwhile."""


def a_word_is_composed_in_fields_that_their_answers_draw_anew(app: App) -> None:
    """By Chromium's own input method: what is typed of a word asks nothing before the word is there."""
    tools = app.tools()
    for tab, field, rows in (
        ("Data", "#data-search", "#data-list tr.set"),
        ("Experiments", ".exp-bar [name=search]", "#exp-body tr"),
    ):
        app.page.evaluate(
            "async (tab) => { (await import('/playground/tabs.js')).showTab(tab);"
            " await (await import('/playground/actions.js')).send(tab === 'Data' ? 'open_data' : 'open_experiments', {}); }",
            tab,
        )
        search = app.page.locator(field)
        search.fill("")
        search.focus()
        for typed in ("p", "pa", "paxing"):
            place = {"selectionStart": len(typed), "selectionEnd": len(typed)}
            tools.send("Input.imeSetComposition", {"text": typed, **place})
            app.page.evaluate(
                "() => new Promise((done) => setTimeout(done, 250))"
            )  # longer than a pause of typing
            assert search.input_value() == typed
        # What drops a word of an input method drops nothing else: a search field would empty itself. What is drawn
        # around it waits.
        tools.send(
            "Input.dispatchKeyEvent", {"type": "rawKeyDown", "key": "Escape", "windowsVirtualKeyCode": 229}
        )
        search.evaluate(DRAWN_ANEW)
        assert search.input_value() == "paxing"
        tools.send("Input.insertText", {"text": "爬行"})
        expect(search).to_have_value("爬行")
        expect(app.page.locator(rows).filter(has_text="爬行").first).to_be_visible()
        search.fill("")
    # The last row of a new data set gets one below it once its word is there, in the same field.
    app.page.evaluate(
        "async () => { (await import('/playground/tabs.js')).showTab('Data');"
        " const { doAction, send } = await import('/playground/actions.js');"
        " await send('open_data', {}); doAction('data_new'); }"
    )
    rows_typed = app.page.locator(".new-grid tbody tr")
    expect(rows_typed.first).to_be_visible()
    many = rows_typed.count()
    rows_typed.last.locator("input").first.focus()
    tools.send("Input.imeSetComposition", {"text": "ci", "selectionStart": 2, "selectionEnd": 2})
    assert rows_typed.count() == many
    tools.send("Input.insertText", {"text": "词"})
    expect(rows_typed).to_have_count(many + 1)
    expect(rows_typed.nth(many - 1).locator("input").first).to_have_value("词")
    rows_typed.nth(many - 1).locator("input").first.fill("")
    # A table that is pasted there is looked at, also where there are data sets: parted as Chinese writes it.
    rows_typed.first.locator("input").first.focus()
    app.page.evaluate(
        """() => { const clipboardData = new DataTransfer();
        clipboardData.setData('text/plain', '问题，标准答案\\n一加一，二\\n二加二，四\\n一加一，二');
        document.activeElement.dispatchEvent(new ClipboardEvent('paste',
          { clipboardData, bubbles: true, cancelable: true })); }"""
    )
    expect(app.page.locator("#data-import .import-rows th[translate=no]")).to_have_text(["问题", "标准答案"])
    app.page.evaluate("() => document.dispatchEvent(new Event('data:left'))")
    expect(app.page.locator("#data-import")).to_be_hidden()


WORDS = {
    "en-US": {
        "done": "finished",
        "verdict": "B beats A by",
        "keep": "Keep the winner",
        "kept": "Saved as version 1",
        "report": ("**B beats A by 100 points", "| variant |", "✓ nothing cut"),
        "no": "[\u4e00-\u9fff]",
    },
    "zh-CN": {
        "done": "完成于",
        "verdict": "B 胜过 A，高",
        "keep": "保留胜者",
        "kept": "第 1 版",
        "report": ("**B 胜过 A，高 100 个百分点", "| 变体 |", "✓ 没有截断", "次尝试"),
        "no": "[A-Za-z]{3,}",
    },
}


@pytest.mark.parametrize("locale", WORDS)
def test_a_prompt_is_compared_scored_run_over_cases_judged_kept_and_exported(
    scripted: OpenApp, locale: str
) -> None:
    words: dict[str, Any] = WORDS[locale]
    cases = [{"word": f"词{n}", "expected": f"词{n}"} for n in range(30)]
    check = {"scorer": "contains", "options": {"text": "{{ expected }}"}}
    prompt = {"name": "路径", "cases": cases, "checks": [check]}
    app = scripted("cat", "echo", prompt=prompt, turns="说 {{ word }}", values=cases[0], locale=locale)
    page, found = app.page, {}

    def look(place: str) -> None:
        found[place] = left_over(app) if locale == "zh-CN" else chinese_in(app, "路径|词|说")

    def taken(link: str) -> tuple[str, str]:
        with page.expect_download() as download:
            page.locator(link).first.click()
        return download.value.suggested_filename, download.value.path().read_text(encoding="utf-8")

    look("opened")
    app.run_to_the_end()
    expect(page.locator("#col1 .checks")).to_contain_text(re.compile("1 of 1 check pass|1 项检查中 1 项通过"))
    look("scored")
    page.locator("[data-act=experiment_from_compare]").first.click()
    expect(page.locator("#exp-setup")).to_be_visible()
    look("set up")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#exp-head")).to_contain_text(words["done"])
    expect(page.locator("#v-sentence")).to_contain_text(words["verdict"])
    look("verdict")
    name, report = taken("[download][href*='verdict.md']")
    assert name.endswith("-verdict.md") and "路径" in name
    assert [said for said in words["report"] if said not in report] == [], report
    assert not re.search(
        words["no"], re.sub(r"\b(?:contains|tokens?|Holm|UTC|scripted:\w+)\b|路径|词", "", report)
    ), report
    page.get_by_role("button", name=words["keep"]).first.click()
    expect(app.drawer).to_be_visible()
    look("keep")
    app.drawer.locator("[data-act=keep_variant]").click()
    expect(app.toast).to_contain_text(words["kept"])
    page.evaluate("import('/playground/tabs.js').then((m) => m.showTab('Compare'))")
    page.locator("#vote [data-act=export]").click()
    expect(app.drawer).to_be_visible()
    look("export")
    name, text = taken(".drawer a[download].primary")
    assert name == "路径.prompty" and "说 {{ word }}" in text
    assert {place: texts for place, texts in found.items() if texts} == {}


def test_the_enter_that_takes_a_word_of_an_input_method_runs_and_closes_nothing(scripted: OpenApp) -> None:
    app = scripted("echo", turns="Say {{ word }}", values={"word": "你"})
    app.page.click("[data-keys]")
    press = """(init) => document.activeElement.dispatchEvent(
        new KeyboardEvent('keydown', { bubbles: true, cancelable: true, ...init }))"""
    for composing in ({"isComposing": True}, {"keyCode": 229}):
        app.page.evaluate(press, {"key": "Escape", **composing})
        expect(app.drawer).to_be_visible()
    app.close_drawer()
    app.turn(0).focus()
    for init in (
        {"key": "Enter", "ctrlKey": True},
        {"key": "s", "ctrlKey": True},
        {"key": "z", "ctrlKey": True},
    ):
        # The browser is told nothing either: the key is the input method's.
        assert app.page.evaluate(press, {**init, "isComposing": True})
    assert app.page.locator("#run").is_enabled() and "run=" not in app.page.url
    app.page.keyboard.press("Control+Enter")
    app.wait_until_idle()
    assert app.answer(0) == "Say 你"
