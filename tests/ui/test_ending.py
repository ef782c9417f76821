"""The served program ends with one Ctrl+C or SIGTERM, whatever is open, and prints nothing about it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.forked import Program

ROOT = Path(__file__).parents[2]


@pytest.fixture(name="served")
def served_fixture(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PLAYGROUND_")}
    process = Program(
        [sys.executable, str(ROOT / "tests/browser/serve.py"), str(port), str(tmp_path / "data")],
        env=environment | {"PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


async def _run_two_columns(client: httpx.AsyncClient, url: str, session: str, writing: asyncio.Event) -> str:
    """A tab that runs two slow columns and listens; the last line that it was told."""
    components = (await client.get("/config")).json()["components"]
    bridge = next(c["id"] for c in components if c["props"].get("elem_id") == "bridge")
    asked = {"data": '{"action": "load"}', "component_id": bridge, "session_hash": session, "fn_name": "call"}
    form: dict[str, Any] = json.loads(
        (await client.post("/gradio_api/component_server/", json=asked)).json()
    )["form"]
    form["columns"] = [{**form["columns"][0], "model": "scripted:slow"}] * 2
    run = {"form": json.dumps(form), "only": None, "run": None, "stream": session}
    join = {"data": [], "fn_index": 0, "trigger_id": bridge, "session_hash": session, "event_data": run}
    (await client.post("/gradio_api/queue/join", json=join)).raise_for_status()
    last = ""
    async with client.stream("GET", "/gradio_api/queue/data", params={"session_hash": session}) as news:
        async for line in news.aiter_lines():
            last = line or last
            if "word3" in line:
                writing.set()
    return last


@pytest.mark.parametrize("word", [signal.SIGINT, signal.SIGTERM])
async def test_one_signal_ends_the_program_with_streams_open_and_what_had_come_is_kept(
    served: tuple[subprocess.Popen[str], str], word: signal.Signals, tmp_path: Path
):
    process, url = served
    assert process.stdout is not None
    assert await asyncio.to_thread(process.stdout.readline) == "ready\n"
    async with httpx.AsyncClient(
        base_url=url, headers={"origin": url}, timeout=60, trust_env=False
    ) as client:
        writing = [asyncio.Event(), asyncio.Event()]
        tabs = [
            asyncio.create_task(_run_two_columns(client, url, f"tab{n}", event))
            for n, event in enumerate(writing)
        ]
        async with asyncio.timeout(60):
            await asyncio.gather(*(event.wait() for event in writing))
        idle = socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])))
        started = time.monotonic()
        process.send_signal(word)
        output = (await asyncio.to_thread(process.communicate))[0]
        seconds = time.monotonic() - started
        idle.close()
        for tab in tabs:
            tab.cancel()
        await asyncio.gather(*tabs, return_exceptions=True)
    assert output == ""
    assert process.returncode == 0
    assert seconds < 10  # not a limit of speed: uvicorn alone would wait until every tab is closed
    with sqlite3.connect(tmp_path / "data" / "playground.db") as database:
        rows = database.execute("SELECT status FROM cell").fetchall()
    assert [status for (status,) in rows] == ["cancelled"] * 4
