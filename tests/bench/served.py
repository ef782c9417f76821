"""What the benches of the app share: servers in processes of their own, a Chromium, and a table.

    python tests/bench/served.py app DATA PORT     the app on a scripted backend, no engine
    python tests/bench/served.py bare DATA PORT    the baseline: a bare Gradio app of three HTML components

The model "stamp" answers with the time at which its first token was made; "fast" writes up to 250 words a second.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
FAST_WORDS = 1500
COMMAND = [sys.executable, "-c", "from playground.cli.main import main; main()"]


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def process(command: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is ended, with its output thrown away."""
    # The checkout is found from any folder; nothing of the machine's settings reaches the app.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PLAYGROUND_")}
    environment |= {"PYTHONPATH": str(ROOT), "GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1"}
    started = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT
    )
    try:
        yield started
    finally:
        started.send_signal(signal.SIGTERM)
        try:
            started.wait(10)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


def wait_for_page(url: str, server: subprocess.Popen[bytes]) -> None:
    """Return with the first answer 200; raises RuntimeError when the server ends or a minute has passed."""
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.01)
    raise RuntimeError(f"no answer from {url}")


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser of the system without a window."""
    from playwright.sync_api import sync_playwright

    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield browser
        finally:
            browser.close()


READY = {
    "app": "document.documentElement?.dataset.ready === 'yes'",
    "bare": "!!document.querySelector('#three')",
}
"""When a page can be used, as a JavaScript condition."""


def rss_mb(pid: int) -> float:
    """Resident memory of one process in MB, its children not counted."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) * 1024 / 1e6
    raise RuntimeError("the process has ended")


def timed(script: str, *arguments: str) -> tuple[float, float]:
    """Seconds from the start of that bench in a process of its own to its end, and the MB that it prints last."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, script, *arguments], env=environment, capture_output=True, text=True
    )
    seconds = time.perf_counter() - started
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return seconds, float(done.stdout.splitlines()[-1])


def row(name: str, value: float, unit: str, limit: float | None, baseline: float | None = None) -> str:
    """A line of the table; "over" marks a value beyond its limit."""
    limits = "" if limit is None else f"{limit:g} {unit}"
    ratio = "" if not baseline else f"×{value / baseline:.2f}"
    return f"{name:44} {value:9.2f} {unit:4} {limits:>10} {ratio:>7} {'over' if limit and value > limit else ''}".rstrip()


HEAD = f"{'':44} {'value':>9}      {'limit':>10} {'ratio':>7}"


# --- the servers ------------------------------------------------------------------------------------------


def scripts() -> dict[str, Any]:
    """The answers of the scripted backend."""
    fast = [piece for _ in range(FAST_WORDS) for piece in ("word ", 0.004)]
    return {"stamp": ["replaced by the backend"], "fast": fast, "echo": "{last}"}


def serve_app(data: Path, port: int) -> None:
    """The app as the command serves it, but for the scripted backend."""
    from playground.backends.scripted import ScriptedBackend
    from playground.settings import Settings
    from playground.store import open_store
    from playground.types.generation import GenerationRequest
    from playground.ui.server import serve
    from playground.workbench.service import Workbench

    class Stamping(ScriptedBackend):
        """Its model "stamp" says at which time it made its first token, in milliseconds of the epoch."""

        def _pieces(self, name: str, request: GenerationRequest) -> Any:
            if name != "stamp":
                return super()._pieces(name, request)
            return (make() for make in (lambda: 0.3, lambda: f"{time.time() * 1000:.1f} ", lambda: 0.3))

    settings = Settings(data_dir=data, port=port, database_url="")
    serve(settings, Workbench(settings, open_store(settings), {"scripted": Stamping(scripts())}))


def stored_run(data: Path, model: str, columns: int) -> str:
    """The id of a run in that data folder: its address opens the page with this model in so many columns."""
    from playground.backends.scripted import ScriptedBackend
    from playground.runs.events import RunStarted
    from playground.settings import Settings
    from playground.store import open_store
    from playground.types.grid import RunSpec, Variant
    from playground.types.prompt import Prompt, Sampling, Turn
    from playground.workbench.service import Workbench

    async def run() -> str:
        settings = Settings(data_dir=data, database_url="")
        backend = ScriptedBackend({model: "done"})
        workbench = Workbench(settings, open_store(settings), {"scripted": backend})
        column = Variant(model=f"scripted:{model}", sampling=Sampling(max_tokens=100_000))
        prompt = Prompt(name="Bench", turns=(Turn(role="user", template="Write."),))
        events = [
            e
            async for e in workbench.runs.compare(
                RunSpec.comparison(prompt=prompt, variants=(column,) * columns)
            )
        ]
        await workbench.close()
        return next(event.run_id for event in events if isinstance(event, RunStarted))

    return asyncio.run(run())


def serve_bare(port: int) -> None:
    """Three HTML components and nothing else."""
    import gradio as gr

    with gr.Blocks(analytics_enabled=False) as page:
        for name in ("one", "two", "three"):
            gr.HTML(f'<p id="{name}">{name}</p>')
    page.launch(server_name="127.0.0.1", server_port=port, quiet=True, ssr_mode=False)


if __name__ == "__main__":
    kind, folder, number = sys.argv[1:]
    if kind == "app":
        serve_app(Path(folder), int(number))
    else:
        serve_bare(int(number))
