"""Does the app grow with its visitors? python tests/bench/sessions.py [SESSIONS]

So many browser sessions come one after another, each opens the page, calls two actions, runs two columns to their end
and goes without a word, as a closed tab does. The memory after all of them is compared with that after a tenth.
Exit code 1 when it has grown by more than a tenth.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import tempfile
import uuid
from pathlib import Path
from typing import Any

import httpx
from served import HEAD, free_port, process, row, rss_mb, wait_for_page

LIMIT = 1.1
AT_ONCE = 4


async def visit(client: httpx.AsyncClient, component: int) -> None:
    """One session: page, load, health, a run of two columns."""
    session = uuid.uuid4().hex[:11]
    (await client.get("/")).raise_for_status()

    async def call(action: str, **arguments: Any) -> Any:
        body = {
            "data": json.dumps({"action": action, **arguments}),
            "component_id": component,
            "session_hash": session,
            "fn_name": "call",
        }
        return json.loads(
            (await client.post("/gradio_api/component_server/", json=body)).raise_for_status().json()
        )

    form = (await call("load", query={}))["form"]
    form["columns"] = [{**form["columns"][0], "model": "scripted:echo"} for _ in range(2)]
    await call("health")
    asked = {"form": json.dumps(form), "only": None, "run": None, "stream": session}
    join = {"data": [], "fn_index": 0, "trigger_id": component, "session_hash": session, "event_data": asked}
    (await client.post("/gradio_api/queue/join", json=join)).raise_for_status()
    async with client.stream("GET", "/gradio_api/queue/data", params={"session_hash": session}) as news:
        last = [line async for line in news.aiter_lines() if line.startswith("data:")]
    assert '"process_completed"' in "".join(last[-2:]), last[-1:]


async def visits(url: str, number: int) -> None:
    """So many sessions, four at a time."""
    headers = {"origin": url}
    async with httpx.AsyncClient(base_url=url, timeout=60, headers=headers, trust_env=False) as client:
        page = (await client.get("/")).text
        found = re.search(
            r'"id":\s*(\d+),\s*"type":\s*"html",\s*"props":\s*\{[^{}]*"elem_id":\s*"bridge"', page
        )
        component = int(found[1]) if found else await _bridge(client)
        todo = iter(range(number))

        async def work() -> None:
            for _ in todo:
                await visit(client, component)

        await asyncio.gather(*(work() for _ in range(AT_ONCE)))


async def _bridge(client: httpx.AsyncClient) -> int:
    """The number of the component that answers calls."""
    components = (await client.get("/config")).json()["components"]
    return int(next(c["id"] for c in components if c["props"].get("elem_id") == "bridge"))


def main() -> int:
    """Print the table; 1 when the app has grown."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    served = str(Path(__file__).with_name("served.py"))
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        with process([sys.executable, served, "app", folder, str(port)]) as server:
            wait_for_page(url, server)
            asyncio.run(visits(url, number // 10))
            early = rss_mb(server.pid)
            asyncio.run(visits(url, number - number // 10))
            late = rss_mb(server.pid)
    print(f"memory with sessions that came and went; each ran two columns\n{HEAD}")
    print(row(f"after {number // 10} sessions (baseline)", early, "MB", None))
    print(row(f"after {number} sessions", late, "MB", round(early * LIMIT, 1), early))
    return 1 if late > early * LIMIT else 0


if __name__ == "__main__":
    sys.exit(main())
