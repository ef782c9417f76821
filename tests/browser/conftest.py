"""Two servers and one Chromium for the session, and `App`: the page as a person uses it.

    app = scripted("slow", "echo", turns="Say {{ word }}", values={"word": "hello"})
    app.run()
    app.wait_until_idle()
    assert app.answer(1) == "Say hello"

Every test fails on a page error, on a console error and on any request beyond the page's own origin.
Playwright's synchronous interface keeps an event loop in this thread until the session ends, so these tests come after
the asynchronous ones of other folders (`LAST` in the conftest above).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pytest
from playwright.sync_api import Browser, CDPSession, Locator, Page, expect, sync_playwright

from tests.browser.outside import Outside
from tests.browser.pages import Pages
from tests.forked import Program

ROOT = Path(__file__).parents[2]
PATIENCE_MS = 30_000
"""How long a condition may take on a busy machine; nothing sleeps for it."""
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
CHROMIUMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first that is there: the shell draws the page without a window around it, in four fifths of the time."""
expect.set_options(timeout=PATIENCE_MS)


# --- servers --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Server:
    """A running app: its address, process, data folder and the file of its output."""

    url: str
    pid: int
    data: Path
    log: Path

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """What a query finds in the database, read beside the running server."""
        connection = sqlite3.connect(f"file:{self.data / 'playground.db'}?mode=ro", uri=True)
        try:
            return connection.execute(query, values).fetchall()
        finally:
            connection.close()

    def children(self, word: str) -> list[int]:
        """Process ids of the server's children whose command line holds the word."""
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = int(stat.read_text().rpartition(")")[2].split()[1])
                command = (stat.parent / "cmdline").read_text()
            except OSError:
                continue  # it has ended meanwhile
            if parent == self.pid and word in command:
                found.append(int(stat.parent.name))
        return found


def wait_for(question: Callable[[], Any], what: str, seconds: float = PATIENCE_MS / 1000) -> Any:
    """The first answer of `question` that is true; fails after that many seconds."""
    end = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < end, f"{what}: not within {seconds:g} s"
        time.sleep(0.05)
    return answer


@pytest.fixture(name="wait_for")
def wait_for_fixture() -> Callable[..., Any]:
    """`wait_for`, for tests."""
    return wait_for


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def serving(command: Sequence[str], port: int, data: Path, log: Path) -> Iterator[Server]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PLAYGROUND_")}
    environment |= {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with log.open("wb") as output:
        process = Program([sys.executable, *command], cwd=ROOT, env=environment, stdout=output, stderr=output)
        try:
            wait_for(lambda: log.read_text() or process.poll() is not None, "the server's first line", 180)
            assert process.poll() is None, log.read_text()
            yield Server(f"http://127.0.0.1:{port}/", process.pid, data, log)
        finally:
            process.terminate()
            process.wait(20)


@pytest.fixture(scope="session")
def scripted_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app with the scripted models of serve.py."""
    folder, port = tmp_path_factory.mktemp("scripted"), free_port()
    script = str(Path(__file__).parent / "serve.py")
    yield from serving([script, str(port), str(folder)], port, folder, folder / "log")


@pytest.fixture(scope="session")
def embedded_server(tmp_path_factory: pytest.TempPathFactory, engine_findings: Path) -> Iterator[Server]:
    """The app as a person starts it, with the embedded model; its output must hold no traceback."""
    folder, port = tmp_path_factory.mktemp("embedded"), free_port()
    shutil.copy(engine_findings, folder / "engine.json")
    command = ["-m", "playground.cli.main", "--port", str(port), "--data", str(folder)]
    yield from serving(command, port, folder, folder / "log")
    assert "Traceback" not in (folder / "log").read_text()


# --- the page -------------------------------------------------------------------------------------------


@dataclass
class App:
    """One tab of a browser on the app."""

    page: Page
    server: Server
    faults: list[str] = field(default_factory=list)
    forgiven: list[str] = field(default_factory=list)
    """Patterns of console messages that this test brings about on purpose."""
    is_beside: bool = False
    is_again: bool = False
    """Whether the test has failed once and runs a second time: what it has stored is there."""
    is_changed: bool = False
    """Whether more than the page's own doing has changed the page, so that no other test may have it."""

    def watch(self) -> None:
        """Note page errors and console errors from now on."""
        self.page.on("pageerror", self._error)
        self.page.on("console", self._console)

    def unwatch(self) -> None:
        """What the page does from now on is another test's."""
        self.page.remove_listener("pageerror", self._error)
        self.page.remove_listener("console", self._console)

    def tools(self) -> CDPSession:
        """Chromium's own switches for this page."""
        self.is_changed = True
        return self.hands()

    def hands(self) -> CDPSession:
        """Chromium's own input, for what Playwright has no word for: files that are dropped, fingers, input methods."""
        return self.page.context.new_cdp_session(self.page)

    def _error(self, error: Any) -> None:
        self.faults.append(f"page error: {error}")

    def _console(self, message: Any) -> None:
        if message.type == "error":
            self.faults.append(f"console: {message.text} ({message.location.get('url', '')})")

    def remaining_faults(self) -> list[str]:
        return [f for f in self.faults if not any(re.search(p, f) for p in self.forgiven)]

    def open(self, query: str = "") -> App:
        """Load the page and wait until it can be used."""
        self.page.goto(self.server.url + query)
        return self.wait_until_ready()

    def reload(self) -> App:
        """Load the page again, after what was typed has been kept."""
        self.wait_for_draft()
        self.page.reload()
        return self.wait_until_ready()

    def wait_until_ready(self) -> App:
        # Not by `expect`: for what is not there yet it writes down the whole page, 0.1 s for each look.
        self.page.locator("html[data-ready=yes]").wait_for(state="attached")
        # The fields of the variables come with the first answer of the server.
        self.page.locator(".vars > *").first.wait_for(state="attached")
        return self

    def wait_for_draft(self) -> None:
        """Until the browser has kept what is on screen."""
        script = """async () => { const { page } = await import('/playground/store.js');
            const kept = JSON.parse(localStorage.getItem('playground.draft'));
            return kept === null || JSON.stringify(kept.form) === JSON.stringify(page.form); }"""
        wait_for(lambda: self.page.evaluate(script), "the draft")

    # columns

    def column(self, number: int) -> Locator:
        return self.page.locator(f"#col{number}")

    def output(self, number: int) -> Locator:
        return self.page.locator(f"#col{number} .out")

    def answer(self, number: int) -> str:
        return self.output(number).text_content() or ""

    def state(self, number: int) -> Locator:
        return self.page.locator(f"#col{number} .state")

    def problem(self, number: int) -> Locator:
        return self.page.locator(f"#col{number} .problem .alert")

    def act(self, number: int, action: str) -> None:
        self.page.locator(f"#col{number} [data-act={action}]").first.click()

    def choose_prompt(self, number: int, name: str, search: str = "") -> None:
        """Choose the prompt of a column, counted from 1, in its head; "Text of its own" opens it for writing."""
        self.page.get_by_label(f"Prompt of column {number}:").click()
        panel = self.page.get_by_role("dialog", name=f"Prompt of column {number}")
        if search:
            panel.get_by_label("Find a prompt").fill(search)
        panel.get_by_role("button", name=name).first.click()
        expect(panel).to_have_count(0)

    def own_prompt(self, number: int) -> None:
        """Give a column, counted from 1, a text of its own."""
        self.choose_prompt(number, "Text of its own")

    def sampling(self, number: int | None = None) -> Locator:
        """Open the sampling of a column, counted from 1, or of all."""
        name = f"Sampling values of column {number}" if number else "Sampling of all columns"
        self.page.get_by_label(name).click()
        return self.page.get_by_role("dialog", name="Sampling")

    def preset(self, number: int | None, name: str) -> None:
        """Choose a preset for a column, or for all."""
        panel = self.sampling(number)
        panel.get_by_role("button", name=name).click()
        expect(panel.get_by_role("button", name=name)).to_have_attribute("aria-pressed", "true")
        self.page.keyboard.press("Escape")
        expect(panel).to_have_count(0)

    def exceptions(self, number: int) -> Locator:
        """Where the sampling of a column differs from that of all, in its head."""
        return self.page.get_by_label(f"Sampling values of column {number}")

    def run(self) -> None:
        self.page.click("#run")

    def wait_until_idle(self, timeout_ms: float = 2 * PATIENCE_MS) -> None:
        """Until no column writes."""
        expect(self.page.locator("#run")).to_be_enabled(timeout=timeout_ms)

    def run_to_the_end(self) -> None:
        self.run()
        self.wait_until_idle()
        for number in range(self.page.locator("#columns > :not(.off)").count()):
            expect(self.state(number)).not_to_have_text("")

    def wait_for_text(self, number: int) -> None:
        expect(self.output(number)).not_to_have_text("")

    # editor

    def turn(self, number: int) -> Locator:
        return self.page.locator(f'.editor [data-turn="{number}"] textarea').first

    def turn_problem(self, number: int) -> Locator:
        return self.page.locator(f'.editor [data-turn="{number}"] .problem')

    def variable(self, name: str) -> Locator:
        return self.page.locator(f"#v-{name}")

    @property
    def alert(self) -> Locator:
        """The message above the editor."""
        return self.page.locator("#messages .alert")

    @property
    def drawer(self) -> Locator:
        return self.page.locator(".drawer")

    @property
    def toast(self) -> Locator:
        return self.page.locator(".toast").last

    def close_drawer(self) -> None:
        self.page.keyboard.press("Escape")
        expect(self.drawer).to_have_count(0)

    def tab(self, name: str) -> None:
        tab = self.page.locator("#page").get_by_role("tab", name=name, exact=True)
        if not tab.is_visible():  # a narrow window keeps it in a menu
            self.page.get_by_label("More tabs").click()
            tab = self.page.locator(".overflow-dropdown").get_by_text(name, exact=True)
        tab.click()

    def save(self, name: str, message: str = "") -> None:
        """Ask for a version under that name; whether it worked is for the test to see."""
        self.page.click("#save")
        self.drawer.get_by_label("Name").fill(name)
        self.drawer.get_by_label("What changed").fill(message)
        self.drawer.get_by_role("button", name="Save version").click()

    def run_id(self) -> str:
        """The run of the address."""
        self.page.wait_for_url(re.compile(r"[?&]run="))
        return re.findall(r"[?&]run=([0-9a-f]+)", self.page.url)[0]

    def is_hacked(self) -> bool:
        """Whether text that was only to be shown has been executed."""
        return bool(self.page.evaluate("window.hacked !== undefined"))


class OpenApp(Protocol):
    """Opens a page in a fresh browser context, with a form already in it; see `opened` for the arguments."""

    def __call__(self, *models: str, **rest: Any) -> App: ...


def form_of(
    models: Sequence[str],
    backend: str,
    turns: str | Sequence[tuple[str, str]],
    values: dict[str, Any],
    **prompt: Any,
) -> dict[str, Any]:
    """The form as the page holds it: one column a model, a prompt, its values."""
    pairs = [("user", turns)] if isinstance(turns, str) else turns
    return {
        "prompt": {"turns": [{"role": r, "template": t} for r, t in pairs], **prompt},
        "values": values,
        "columns": [{"model": f"{backend}:{name}"} for name in models],
    }


@pytest.fixture(scope="session")
def outside() -> Iterator[Outside]:
    """What lies beyond this machine, for the browser."""
    with Outside() as outside:
        yield outside


@pytest.fixture(scope="session")
def browser(outside: Outside) -> Iterator[Browser]:
    """The Chromium of the system."""
    path = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    assert path, "Chromium is not installed: apt install chromium-headless-shell"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=[*ARGUMENTS, outside.argument])
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def pages(browser: Browser) -> Pages:
    """The pages of this browser, used one test after another."""
    return Pages(browser, PATIENCE_MS)


FAILED = pytest.StashKey[bool]()


def pytest_configure(config: pytest.Config) -> None:
    """A mark of whole files; see `Pages`."""
    said = "same_page: begins on the page that the test before has left, brought back to its beginning"
    config.addinivalue_line("markers", said)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[Any]:
    """A page on which a test has failed is no other test's."""
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


def stays_open(request: pytest.FixtureRequest) -> bool:
    """Whether the pages of a test stay on the app."""
    return request.node.get_closest_marker("same_page") is not None


@pytest.fixture
def apps(pages: Pages, outside: Outside, request: pytest.FixtureRequest) -> Iterator[list[App]]:
    """What a test has opened; when the test is over, nothing may have gone wrong in any of it."""
    made: list[App] = []
    outside.asked.clear()
    yield made
    own = [app for app in made if not app.is_beside]
    changed = {app.page.context for app in made if app.is_changed}
    for app in made:
        app.unwatch()
    stays, is_whole = stays_open(request), not request.node.stash.get(FAILED, False)
    for app in own:
        pages.give_back(app.page, again=is_whole and app.page.context not in changed, stays=stays)
    assert [fault for app in made for fault in app.remaining_faults()] == []
    assert outside.asked == []


def opener(server: Server, backend: str, pages: Pages, apps: list[App], stays: bool = False) -> OpenApp:
    def opened(
        *models: str,
        turns: str | Sequence[tuple[str, str]] = "Say {{ word }}",
        values: dict[str, Any] | None = None,
        query: str = "",
        beside: App | None = None,
        prompt: dict[str, Any] | None = None,
        **options: Any,
    ) -> App:
        """Without models the page opens as a newcomer sees it; `beside` opens a tab in that app's browser."""
        page = beside.page.context.new_page() if beside else pages.take(server.url, options)
        if beside and (size := beside.page.viewport_size):
            page.set_viewport_size(size)  # the context may have been made for another test's
        app = App(page, server, is_beside=beside is not None)
        app.watch()
        apps.append(app)
        if beside:
            return app.open(query)
        draft = None
        if models:
            given = {"word": "hello"} if values is None else values
            form = form_of(models, backend, turns, given, **(prompt or {}))
            draft = json.dumps({"form": form, "run": None})
        pages.open_with(page, server.url, query, draft, stays=stays)
        return app.wait_until_ready()

    return opened


@pytest.fixture
def scripted(
    scripted_server: Server, pages: Pages, apps: list[App], request: pytest.FixtureRequest
) -> OpenApp:
    """Opens the app with scripted models."""
    return opener(scripted_server, "scripted", pages, apps, stays_open(request))


@pytest.fixture
def embedded(
    embedded_server: Server, pages: Pages, apps: list[App], request: pytest.FixtureRequest
) -> OpenApp:
    """Opens the app with the embedded model."""
    return opener(embedded_server, "llama.cpp", pages, apps, stays_open(request))
