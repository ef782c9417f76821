"""Documents of techniques and the sandbox's switch, as the page asks for them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette

from playground.sandbox.levels import RISK
from playground.ui.app import ASSETS, OWNERS, STYLES
from playground.ui.guard import DOCUMENT, LIMITS, Guard
from playground.ui.routes import add_routes
from playground.ui.scripts import Scripts
from playground.ui.styles import Styles
from playground.workbench.service import Workbench

Call = Callable[..., Awaitable[dict[str, Any]]]
RAG = "retrieval-augmented-generation"


def with_technique(form: dict[str, Any], name: str, **more: Any) -> dict[str, Any]:
    first, *rest = form["columns"]
    return {**form, "columns": [{**first, "technique": {"name": name, **more}}, *rest]}


async def lacks(call: Call, form: dict[str, Any], name: str) -> str:
    rows = (await call("technique_choices", column=0, form=form))["techniques"]
    return str(next(row["lacks"] for row in rows if row["name"] == name))


async def send(workbench: Workbench, name: str, data: bytes) -> httpx.Response:
    api = FastAPI()
    add_routes(api, workbench, Scripts(ASSETS), Styles(STYLES, "6.31.0"))
    app: Starlette | Guard = Guard(api, frozenset({"localhost"}))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as web:
        headers = {"content-type": "application/octet-stream"}
        return await web.post("/library/document", params={"name": name}, content=data, headers=headers)


async def test_a_sent_document_is_listed_with_its_passages_removed_and_put_back(
    workbench: Workbench, call: Call, form: dict[str, Any]
) -> None:
    form = with_technique(form, RAG, options={"chunk_chars": 50, "overlap": 0})
    assert await lacks(call, form, RAG) == "needs documents to look things up in"
    sent = await send(workbench, "rules.txt", b"One two three four. " * 10)
    assert sent.status_code == 200
    [row] = (await call("technique_documents", column=0, form=form))["documents"]
    assert row == {"hash": row["hash"], "name": "rules.txt", "size": "200 B", "passages": "5 passages"}
    assert sent.json() == {"document": row["hash"]}
    assert await lacks(call, form, RAG) == ""
    nonsense = with_technique(form, RAG, options={"chunk_chars": 50, "overlap": 40})
    assert (await call("technique_documents", column=0, form=nonsense))["documents"][0]["passages"] == "–"

    removed = await call("remove_document", hash=row["hash"])
    assert (await call("technique_documents", column=0, form=form))["documents"] == []
    chosen = with_technique(form, RAG, documents=[row["hash"]])
    assert (
        "There is no document"
        in (await call("technique_problem", column=0, form=chosen))["technique_problem"]
    )
    await call("put_back_document", token=removed["toast_act"]["token"])
    assert (await call("technique_documents", column=0, form=form))["documents"] == [row]
    assert (await call("technique_problem", column=0, form=chosen))["technique_problem"] == ""
    assert "not kept" in (await call("put_back_document", token="x"))["alert"]["message"]


async def test_a_column_that_chooses_no_document_has_none(
    workbench: Workbench, call: Call, form: dict[str, Any]
) -> None:
    await workbench.documents.add("a.txt", b"Something.")
    assert await lacks(call, with_technique(form, RAG), RAG) == ""
    assert await lacks(call, with_technique(form, RAG, documents=[]), RAG)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("empty.txt", b" \n", "empty.txt is empty."),
        ("", b"", "document.txt is empty."),
        ("tool.exe", b"MZ\0\0", "tool.exe cannot be read as a document."),
        ("scan.pdf", b"\x89PNG", "scan.pdf is no PDF file."),
    ],
)
async def test_a_file_that_is_no_document_is_refused_in_words(
    workbench: Workbench, name: str, data: bytes, words: str
) -> None:
    answer = await send(workbench, name, data)
    assert answer.status_code == 400 and answer.text.startswith(words)
    assert await workbench.documents.all() == []


async def test_a_large_file_is_refused_before_it_is_sent_and_when_it_comes_nevertheless(
    workbench: Workbench, call: Call
) -> None:
    update = await call("document_size", name="all.pdf", bytes=200_000_000)
    assert update["alert"]["message"] == "all.pdf has 200 MB, more than the 20 that are read."
    assert await call("document_size", name="all.pdf", bytes=20_000_000) == {}
    assert LIMITS[DOCUMENT] == 20_000_000


async def test_the_sandbox_is_off_until_it_is_switched_on_for_this_program(
    workbench: Workbench, call: Call, form: dict[str, Any]
) -> None:
    assert "off" in await lacks(call, form, "pal")
    drawer = (await call("open_sandbox"))["drawer"]["body"]
    assert RISK in drawer and "This machine:" in drawer and "It is off." in drawer
    assert "It is on." in (await call("switch_sandbox", on="yes"))["drawer"]["body"]
    assert await lacks(call, form, "pal") == ""
    assert workbench.settings.sandbox is False
    await call("switch_sandbox", on="no")
    assert "off" in await lacks(call, form, "pal")
    assert "switch_sandbox" in OWNERS and "open_sandbox" not in OWNERS
