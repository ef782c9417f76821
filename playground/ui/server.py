"""The web server: Gradio's page and our routes behind the guard, an orderly start and end.

What may come in is said by `guard` and `connections`.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager, suppress

import uvicorn
from fastapi import FastAPI

from playground.errors import SettingsError, StoreError
from playground.settings import Settings
from playground.ui.connections import BoundedProtocol
from playground.ui.guard import Guard
from playground.ui.quick_gradio import import_gradio
from playground.workbench.service import Workbench

log = logging.getLogger(__name__)

MARK_EVERY_S = 15.0
"""A program beside this one may end without a word at any time."""
MARK_FIRST_S = 3.0
"""The page waits so long for the first look, which a lock of another program can delay."""


def allowed_hosts(settings: Settings) -> frozenset[str]:
    """Names this server answers to: loopback, the address it was given and, when that is "any", this machine's own."""
    names = {"localhost", "127.0.0.1", "[::1]", settings.host.lower(), f"[{settings.host.lower()}]"}
    names |= {name.lower() for name in settings.allowed_hosts}
    if settings.host in ("0.0.0.0", "::", ""):
        names.add(socket.gethostname().lower())
        with suppress(OSError):  # a machine that cannot look up its own name is still localhost
            for family, *_, address in socket.getaddrinfo(
                socket.gethostname(), None, proto=socket.IPPROTO_TCP
            ):
                ip = ipaddress.ip_address(str(address[0]).partition("%")[0])
                names.add(f"[{ip}]" if family == socket.AF_INET6 else str(ip))
    return frozenset(names)


def make_app(settings: Settings, workbench: Workbench, on_ready: Callable[[], None] = lambda: None) -> Guard:
    """The guarded application; closing it closes the workbench."""
    # Read by Gradio when it is imported and when it writes its cache.
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    offline = os.environ.get("HF_HUB_OFFLINE")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ["GRADIO_TEMP_DIR"] = str(settings.data_dir / "cache")
    import_gradio()  # more than a second: only when a page is served
    if offline is None:  # it was for Gradio's own libraries; a vLLM started here may fetch its model
        os.environ.pop("HF_HUB_OFFLINE")
    import gradio as gr
    from gradio.routes import templates

    from playground.ui import app as page
    from playground.ui import languages
    from playground.ui.routes import add_routes
    from playground.ui.scripts import Scripts
    from playground.ui.sessions import Sessions
    from playground.ui.still_gradio import still
    from playground.ui.styles import Styles

    still(templates)
    blocks = page.build(workbench)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        sweeping = asyncio.create_task(sessions.keep_flat())
        marked = asyncio.Event()
        marking = asyncio.create_task(_mark_interrupted(workbench, marked))
        with suppress(TimeoutError):
            async with asyncio.timeout(MARK_FIRST_S):
                await marked.wait()
        going_on = asyncio.create_task(_go_on(workbench))
        on_ready()
        try:
            yield
        finally:
            going_on.cancel()
            sweeping.cancel()
            marking.cancel()
            await workbench.close()

    api = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    scripts, styles = Scripts(page.ASSETS), Styles(page.STYLES, gr.__version__)
    add_routes(api, workbench, scripts, styles)
    mounted = gr.mount_gradio_app(
        api,
        blocks,
        path="/",
        server_name=settings.host,
        server_port=settings.port,
        footer_links=[],
        run_history=False,
        show_error=False,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        enable_monitoring=False,
        blocked_paths=[str(settings.data_dir)],
        theme=page.theme(),
        css=styles.css(),
        head=languages.head() + styles.head() + scripts.head(),
        app_kwargs={"docs_url": None, "redoc_url": None, "openapi_url": None},
    )
    sessions = Sessions(blocks)
    return Guard(mounted, allowed_hosts(settings), sessions)


async def _mark_interrupted(workbench: Workbench, marked: asyncio.Event) -> None:
    """Mark what programs left that have ended: before this one started, and beside it."""
    while True:
        try:
            await workbench.history.mark_interrupted()
        except StoreError as exc:
            log.warning("What was interrupted cannot be marked yet. %s", exc)
        marked.set()
        await asyncio.sleep(MARK_EVERY_S)


async def _go_on(workbench: Workbench) -> None:
    """Go on with what was under way when the program ended before, however it did: runs that go, experiments."""
    workbench.removal.begin()
    try:
        for run_id in await workbench.experiments.go_on():
            log.info("The experiment %s goes on.", run_id)
    except StoreError as exc:
        log.warning("Experiments that were running cannot go on yet. %s", exc)


def bind(settings: Settings) -> socket.socket:
    """A listening socket, so that nobody can take the port before the server has it; raises SettingsError."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        # Named as TCP, or asyncio would not switch Nagle's delay off: 40 ms for an answer in two pieces.
        sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        with ExitStack() as undo:
            undo.callback(sock.close)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((settings.host, settings.port))
            sock.listen(128)
            undo.pop_all()
    except (OSError, UnicodeError) as exc:
        raise SettingsError(
            f"Port {settings.port} on {settings.host} cannot be used: {(getattr(exc, 'strerror', None) or str(exc)).lower()}.",
            f"Choose another: playground --port {settings.port % 65535 + 1}",
        ) from exc
    return sock


class Server(uvicorn.Server):
    """Ends the streams of open tabs before it waits for them: uvicorn alone would wait in vain, then print where."""

    def __init__(self, config: uvicorn.Config, guard: Guard) -> None:
        super().__init__(config)
        self._guard = guard

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """One end, whatever is open."""
        self._guard.end_streams()
        closing = asyncio.create_task(self._close_late())
        try:
            await super().shutdown(sockets)
        finally:
            closing.cancel()

    async def _close_late(self) -> None:
        """Close what was accepted while the end began: uvicorn asks the connections once, before it waits for them."""
        while True:
            await asyncio.sleep(0.1)
            for connection in list(self.server_state.connections):
                transport = connection.transport
                if not transport.is_closing():
                    connection.shutdown()


def serve(settings: Settings, workbench: Workbench, on_ready: Callable[[], None] = lambda: None) -> None:
    """Serve until Ctrl+C or SIGTERM; open runs are stopped and stored. Raises SettingsError for a port in use."""
    sock = bind(settings)
    app = make_app(settings, workbench, on_ready)
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=3,
        http=BoundedProtocol,  # with h11: uvicorn would choose httptools by itself, and puts no limit on heads there
        server_header=False,
    )
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        Server(config, app).run(sockets=[sock])
    except KeyboardInterrupt:
        pass
    finally:
        sock.close()
