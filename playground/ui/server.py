"""The web server: guards around Gradio, our assets and downloads, an orderly start and end.

Gradio checks neither Host nor Origin (a page of any other site could start a run), so this does: foreign hosts,
foreign origins and simple-form posts are refused before Gradio sees them, and its file routes are shut.
"""

from __future__ import annotations

import ipaddress
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager, suppress

import uvicorn
from fastapi import FastAPI
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from playground.errors import SettingsError
from playground.settings import Settings
from playground.ui.quick_gradio import import_gradio
from playground.workbench import Workbench

# Gradio evaluates code of its own to draw the page; everything else comes from here or not at all.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'self'; "
    "form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
# Nothing of ours is uploaded or served from Gradio's cache, so these doors stay shut.
SHUT = (
    "/gradio_api/file",
    "/gradio_api/upload",
    "/gradio_api/proxy",
    "/gradio_api/stream",
    "/gradio_api/deep_link",
    "/gradio_api/openapi.json",
    "/gradio_api/info",
)
SIMPLE_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain")


class Guard:
    """Refuses what does not come from this server's own page, and adds the security headers to every answer."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str]) -> None:
        self.app = app
        self.hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
            await send(message)

        refusal = self.refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, send_with_headers)
            return
        await self.app(scope, receive, send_with_headers)

    def refusal(self, scope: Scope) -> Response | None:
        """Why this request is not answered, or None."""
        headers = Headers(scope=scope)
        method = scope.get("method", "GET")  # a websocket has none
        host = headers.get("host", "")
        if _name(host) not in self.hosts:
            return PlainTextResponse("This address is not served here. Open http://localhost instead.\n", 400)
        origin = headers.get("origin")
        if origin is not None and origin not in (f"http://{host}", f"https://{host}"):
            return PlainTextResponse("Requests of other sites are refused.\n", 403)
        site, mode = headers.get("sec-fetch-site", "none"), headers.get("sec-fetch-mode", "navigate")
        if site not in ("same-origin", "none") and (mode != "navigate" or method not in ("GET", "HEAD")):
            return PlainTextResponse("Requests of other sites are refused.\n", 403)
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if method not in ("GET", "HEAD") and origin is None and (not kind or kind in SIMPLE_FORMS):
            return PlainTextResponse("Posts need JSON, or an origin of this server.\n", 403)
        if scope["path"].startswith(SHUT):
            return PlainTextResponse("Not found.\n", 404)
        return None


def _name(host: str) -> str:
    """The host of a Host header without its port."""
    return host.rpartition(":")[0].lower() if host.rpartition(":")[2].isdigit() else host.lower()


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


def make_app(
    settings: Settings, workbench: Workbench, on_ready: Callable[[], None] = lambda: None
) -> ASGIApp:
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

    from playground.ui import app as page
    from playground.ui.routes import add_routes

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        on_ready()
        try:
            yield
        finally:
            await workbench.close()

    api = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    add_routes(api, workbench, page.ASSETS)
    scripts = sorted(path.name for path in page.ASSETS.glob("*.js"))
    # Named together, they are fetched together and not one after another as each names the next.
    head = "".join(f'<link rel="modulepreload" href="playground/{name}">' for name in scripts)
    head += '<script type="module" src="playground/main.js"></script>'
    mounted = gr.mount_gradio_app(
        api,
        page.build(workbench),
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
        css_paths=[str(page.ASSETS / "look.css")],
        head=head,
        app_kwargs={"docs_url": None, "redoc_url": None, "openapi_url": None},
    )
    return Guard(mounted, allowed_hosts(settings))


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


def serve(settings: Settings, workbench: Workbench, on_ready: Callable[[], None] = lambda: None) -> None:
    """Serve until Ctrl+C or SIGTERM; open runs are stopped and stored. Raises SettingsError for a port in use."""
    sock = bind(settings)
    workbench.store.mark_interrupted()
    config = uvicorn.Config(
        make_app(settings, workbench, on_ready),
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=3,
        http="h11",  # uvicorn would choose httptools by itself, and puts no limit on request heads there
        server_header=False,
    )
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        uvicorn.Server(config).run(sockets=[sock])
    except KeyboardInterrupt:
        pass
    finally:
        sock.close()
