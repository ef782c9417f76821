"""What the tests of the web shell share: the page's calls, a run to look at, and a reader of HTML."""

# ruff: noqa: E402
from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from playground.ui.quick_gradio import import_gradio

import_gradio()  # as the server does it, before anything below asks for it: in three fifths of the time

from playground.runs.events import RunStarted
from playground.store.records import StoredRun
from playground.types.grid import RunSpec, Variant
from playground.types.prompt import Prompt, Turn
from playground.ui.actions import make_call
from playground.ui.app import ACTIONS, ASSETS, STYLES
from playground.ui.routes import add_routes
from playground.ui.scripts import Scripts
from playground.ui.server import Guard
from playground.ui.styles import Styles
from playground.workbench.service import Workbench

Call = Callable[..., Awaitable[dict[str, Any]]]
Run = Callable[..., Awaitable[StoredRun]]


@pytest.fixture
def call(workbench: Workbench) -> Call:
    """`await call("vote", run=…, vote="tie")`, as the page's script does it: JSON there and back."""
    answer = make_call(workbench, ACTIONS)

    async def ask(action: str, **arguments: Any) -> dict[str, Any]:
        update = json.loads(await answer(json.dumps({"action": action, **arguments})))
        assert isinstance(update, dict)
        return update

    return ask


@pytest.fixture
def form() -> dict[str, Any]:
    """The form of two columns as the page holds it."""
    column = {"model": "scripted:echo", "preset": "Greedy", "sampling": {}, "own": False, "turns": []}
    return {
        "prompt": {"name": "Greeting", "turns": [{"role": "user", "template": "Say {{ word }}"}]},
        "prompt_id": None,
        "version": None,
        "origin": "",
        "values": {"word": "hello"},
        "columns": [column, column],
    }


@pytest.fixture
def ran(workbench: Workbench) -> Run:
    """`await ran(2)` runs that many columns of one prompt and gives the stored run."""

    async def go(
        columns: int = 2, template: str = "Say {{ word }}", word: str = "hello", **prompt: Any
    ) -> StoredRun:
        wanted = RunSpec.comparison(
            prompt=Prompt(name="Greeting", turns=(Turn(role="user", template=template),), **prompt),
            values={"word": word},
            variants=[Variant(model="scripted:echo")] * columns,
        )
        run_id = ""
        async with aclosing(workbench.runs.compare(wanted)) as events:
            async for event in events:
                if isinstance(event, RunStarted):
                    run_id = event.run_id
        return await workbench.runs.get(run_id)

    return go


@pytest.fixture(scope="session")
def assets() -> tuple[Scripts, Styles]:
    """The files that the page asks for, put together once, as the server does it."""
    return Scripts(ASSETS), Styles(STYLES, "6.31.0")


@pytest.fixture
async def web(workbench: Workbench, assets: tuple[Scripts, Styles]) -> AsyncIterator[httpx.AsyncClient]:
    """A client of our own routes behind the guard."""
    api = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    add_routes(api, workbench, *assets)
    transport = httpx.ASGITransport(Guard(api, frozenset({"localhost"})))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:7860") as client:
        yield client


class Page(HTMLParser):
    """What a browser would make of some HTML: its elements in order, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(str(html))  # a Markup would escape the pieces it is cut into
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("input", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(f"a declaration: {decl}")

    @property
    def shape(self) -> list[tuple[str, tuple[str, ...]]]:
        """Elements with the names of their attributes: the part that no text may change."""
        return [(tag, tuple(attributes)) for tag, attributes in self.elements]

    def find(self, tag: str = "", **attributes: str) -> list[dict[str, str | None]]:
        """Attributes of the elements that have these; `_` in a name stands for "-"."""
        wanted = {name.replace("_", "-"): value for name, value in attributes.items()}
        return [
            found
            for name, found in self.elements
            if (not tag or tag == name) and wanted.items() <= found.items()
        ]


@pytest.fixture(scope="session")
def read_html() -> type[Page]:
    """`read_html(html).shape`, `.text`, `.find("button", data_act="vote")`."""
    return Page
