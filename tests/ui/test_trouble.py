"""What a person sees while another program holds the database, and that nothing blocks the page meanwhile."""

from __future__ import annotations

import ast
import asyncio
import base64
import json
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing, closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

import playground
from playground.errors import StoreError
from playground.runs import deposits
from playground.settings import Settings
from playground.store import writer
from playground.store.changes import Change, EndCell
from playground.ui.stream import stream_run
from playground.workbench.service import Workbench
from tests.ui.paints import statuses

Call = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts and waits of hundredths of a second."""
    monkeypatch.setattr(writer, "LOCK_MS", 50)
    monkeypatch.setattr(writer, "RETRY_S", 0.02)
    monkeypatch.setattr(deposits, "PATIENCE_S", 0.3)


@contextmanager
def held(settings: Settings) -> Iterator[Callable[[], None]]:
    """Somebody else has the write lock until the end, or until what this gives is called."""
    with closing(sqlite3.connect(settings.database_path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield lambda: other.execute("COMMIT")  # type: ignore[func-returns-value]


async def paints(workbench: Workbench, form: dict[str, Any]) -> list[dict[str, Any]]:
    """The statuses that the page gets of a run, in their order."""
    data = {"stream": "s", "form": json.dumps(form)}
    async with asyncio.timeout(20), aclosing(stream_run(workbench, data)) as painted:
        return statuses([each async for each in painted])


async def test_a_run_under_a_lock_ends_with_its_texts_and_says_that_they_wait(
    quick: None, workbench: Workbench, form: dict[str, Any], call: Call
) -> None:
    with held(workbench.settings) as release:
        last = (await paints(workbench, form))[-1]
        assert [last["columns"][i]["state"]["kind"] for i in "01"] == ["done", "done"]
        assert [last["columns"][i]["text"] for i in "01"] == ["Say hello", "Say hello"]
        assert "alert" not in last
        assert "in use by another program" in last["html"]["trouble"]
        assert "in memory, to be stored as soon as it is free" in last["html"]["trouble"]
        asked = await call("store_trouble", lost="0")
        assert "data-poll" in asked["html"]["trouble"] and "toast" not in asked
        voted = await call("vote", run=last["run"], vote="tie")
        assert voted["alert"]["message"].startswith("This run is not stored yet. The database")
        release()
        await workbench.runs.deposits.all_stored()
    async with asyncio.timeout(10):
        while workbench.store.trouble:
            await asyncio.sleep(0.01)
    over = await call("store_trouble", lost="0")
    assert (over["html"]["trouble"], over["toast"]) == ("", "All that waited is stored")
    run = await workbench.runs.get(last["run"])
    assert [(c.status, c.completion and c.completion.text) for c in run.cells] == [("done", "Say hello")] * 2


async def test_an_alert_stands_in_no_paint_of_a_run_that_nothing_hinders(
    workbench: Workbench, form: dict[str, Any]
) -> None:
    shown = await paints(workbench, form)
    assert not any("trouble" in paint.get("html", {}) or "alert" in paint for paint in shown)


async def test_an_answer_that_cannot_be_stored_is_shown_with_the_reason_and_its_neighbour_is_kept(
    workbench: Workbench, form: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    submit = workbench.store.submit

    def full(change: Change[Any]) -> Any:
        future = submit(change)
        if isinstance(change, EndCell) and change.key.variant == 0:
            future = type(future)()
            future.set_exception(StoreError("The <disk> broke.", "Mend it."))
        return future

    monkeypatch.setattr(workbench.store, "submit", full)
    columns = (await paints(workbench, form))[-1]["columns"]
    assert columns["0"]["text"] == columns["1"]["text"] == "Say hello"
    assert "This answer is not kept." in columns["0"]["problem"]
    assert "The &lt;disk&gt; broke. Mend it." in columns["0"]["problem"]
    assert columns["1"]["problem"] == ""


async def test_answers_that_waited_in_vain_are_told_when_it_is_over(call: Call, workbench: Workbench) -> None:
    workbench.runs.deposits.failed.append(StoreError("Gone."))
    assert (await call("store_trouble", lost="0"))["alert"]["message"] == "1 answer could not be stored."
    assert "alert" not in await call("store_trouble", lost="1")


# --- nothing blocks the event loop --------------------------------------------------------------------------


@pytest.fixture
def asked_here() -> Iterator[list[str]]:
    """The statements that databases are asked in this thread, which is the event loop's: all else waits for them."""
    here = threading.get_ident()
    asked: list[str] = []

    def hear(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if threading.get_ident() == here:
            asked.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", hear)
    yield asked
    sa.event.remove(sa.Engine, "before_cursor_execute", hear)


async def test_no_action_or_download_waits_for_the_store_on_the_event_loop(
    workbench: Workbench,
    call: Call,
    web: httpx.AsyncClient,
    form: dict[str, Any],
    ran: Any,
    asked_here: list[str],
) -> None:
    run = await ran(2)
    saved = await call("save", form=form, run=run.id, name="Kept", **{"as": "new"})
    ident, key = saved["saved"]["prompt_id"], f"prompt:{saved['saved']['prompt_id']}"
    workbench.store.run(run.id)
    assert asked_here, "what is asked here is heard"
    asked_here.clear()
    asked: list[Callable[[], Awaitable[object]]] = [
        lambda: web.get(f"files/run/{run.id}/0/prompty"),
        lambda: web.get(f"files/prompt/prompty/{key}"),
        lambda: call("open_history"),
        lambda: call("open_run", id=run.id),
        lambda: call("vote", run=run.id, vote="tie"),
        lambda: call("thumb", run=run.id, column="0", value="1"),
        lambda: call("note", run=run.id, value="x"),
        lambda: call("load", query={"run": run.id}, draft=None),
        lambda: call("load", query={"prompt": ident}, draft=None),
        lambda: call("open_library_tab"),
        lambda: call("favourite", favourite=key, on="yes"),
        lambda: call("versions", prompt=ident),
        lambda: call("export", run=run.id, column="0"),
        lambda: call("preview", form=form),
        lambda: call("bundle_form"),
        lambda: call("save", form=form, run=run.id, name="Kept twice", **{"as": "new"}),
        lambda: paints(workbench, form),
    ]
    for number, ask in enumerate(asked):
        await ask()
        assert asked_here == [], number


async def test_a_large_import_is_unpacked_beside_the_event_loop(
    workbench: Workbench, web: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from playground.ui import importing

    decode, threads = base64.b64decode, []

    def heard(data: str, validate: bool) -> bytes:
        threads.append(threading.get_ident())
        return decode(data, validate=validate)

    monkeypatch.setattr(importing.base64, "b64decode", heard)
    body = json.dumps({"files": [{"name": "a.txt", "data": "SGk="}]}).encode()
    await web.post("library/incoming", content=body, headers={"content-type": "application/json"})
    assert threads and threading.get_ident() not in threads


def test_no_coroutine_calls_the_store_itself() -> None:
    """`await asyncio.to_thread(store.run, …)`, never `store.run(…)`, in everything that runs on the event loop."""
    package = Path(playground.__file__).parent
    free = {"submit", "trouble"}
    found = []
    for path in [
        *(package / "ui").glob("*.py"),
        package / "workbench" / "service.py",
        package / "workbench" / "prompts.py",
        package / "workbench" / "models.py",
    ]:
        for coroutine in ast.walk(ast.parse(path.read_text())):
            if not isinstance(coroutine, ast.AsyncFunctionDef):
                continue
            found += [
                f"{path.name}:{node.lineno} {node.func.attr}"
                for node in ast.walk(coroutine)
                if isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and ast.unparse(node.func.value).endswith("store")
                and node.func.attr not in free
            ]
    assert found == []
