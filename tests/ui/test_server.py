"""The guards around the page, our scripts, the downloads, and the port."""

from __future__ import annotations

import csv
import re
import socket
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import playwright
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from playground.errors import NotFoundError, PromptError, SettingsError
from playground.formats.registry import FORMATS
from playground.settings import Settings
from playground.store.records import StoredRun
from playground.types.files import ExportFile
from playground.types.prompt import Prompt, Turn
from playground.ui import server
from playground.ui.guard import HEADERS, POLICY, Guard
from playground.ui.routes import download, refuse
from playground.ui.scripts import Scripts
from playground.ui.server import allowed_hosts, bind
from playground.workbench.service import Workbench

ASSETS = Path(server.__file__).parent / "assets"
HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
JSON = {"content-type": "application/json"}
HERE = {"origin": "http://localhost:7860"}
Run = Callable[..., Awaitable[StoredRun]]


async def nothing(*_: object) -> None:
    raise AssertionError("the guard let it through")


def refused(
    headers: dict[str, str], method: str | None = "GET", path: str = "/", host: str | None = "localhost:7860"
) -> int | None:
    """The status a request is refused with, None when it is let through."""
    given = ({"host": host} if host is not None else {}) | headers
    raw = [(name.encode(), value.encode("latin-1")) for name, value in given.items()]
    scope: dict[str, Any] = {"type": "http", "method": method, "path": path, "headers": raw}
    if method is None:
        del scope["method"]
        scope["type"] = "websocket"
    answer = Guard(nothing, HOSTS).refusal(scope)
    return None if answer is None else answer.status_code


# --- who may ask --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:7860", "LOCALHOST:1", "127.0.0.1:7860", "[::1]", "[::1]:7860"]
)
def test_this_machine_is_answered(host: str):
    assert refused({}, host=host) is None


@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        "evil.example",
        "evil.example:7860",
        "localhost.evil.example",
        "127.0.0.1.evil.example:7860",
        "localhost:7860:80",
        "localhost@evil.example",
        "localhost ",
        ":7860",
        "0.0.0.0:7860",
    ],
)
def test_another_host_name_is_refused(host: str | None):
    assert refused({}, host=host) == 400


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "",
        "http://localhost:7861",
        "http://localhost",
        "http://127.0.0.1:7860",
        "http://localhost:7860.evil.example",
        "file://",
        "http://localhost:7860/",
        "HTTP://evil.example",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", None])
def test_a_foreign_origin_is_refused(origin: str, method: str | None):
    assert refused({"origin": origin} | JSON, method) == 403


def test_the_own_origin_is_let_through():
    for origin in ("http://localhost:7860", "https://localhost:7860"):
        assert refused({"origin": origin} | JSON, "POST") is None
        assert refused({"origin": origin}, None) is None


@pytest.mark.parametrize(
    ("site", "mode", "method", "status"),
    [
        ("same-origin", "cors", "POST", None),
        ("none", "navigate", "GET", None),
        ("cross-site", "navigate", "GET", None),
        ("same-site", "navigate", "HEAD", None),
        ("cross-site", "navigate", "POST", 403),
        ("cross-site", "no-cors", "GET", 403),
        ("cross-site", "cors", "GET", 403),
        ("same-site", "no-cors", "GET", 403),
        ("same-site", "cors", "POST", 403),
        ("cross-site", "websocket", None, 403),
    ],
)
def test_another_site_may_only_link_here(site: str, mode: str, method: str | None, status: int | None):
    headers = {"sec-fetch-site": site, "sec-fetch-mode": mode} | JSON
    assert refused(headers, method) == status


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json", None),
        ("Application/JSON; charset=utf-8", None),
        ("text/plain", 403),
        ("TEXT/PLAIN;charset=UTF-8", 403),
        ("application/x-www-form-urlencoded", 403),
        ("multipart/form-data; boundary=x", 403),
        ("", 403),
        (None, 403),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_post_without_an_origin_must_be_json(kind: str | None, status: int | None, method: str):
    headers = {} if kind is None else {"content-type": kind}
    assert refused(headers, method) == status
    assert refused(headers | HERE, method) is None


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/file/x",
        "/gradio_api/upload",
        "/gradio_api/upload_progress",
        "/gradio_api/proxy=http://evil.example",
        "/gradio_api/stream/x",
        "/gradio_api/deep_link",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_doors_that_are_not_used_stay_shut(path: str, method: str):
    assert refused(HERE, method, path) == 404


def test_the_pages_own_calls_are_let_through():
    for path in ("/", "/gradio_api/queue/join", "/gradio_api/queue/data", "/config", "/playground/main.js"):
        assert refused(HERE, "POST", path) is None


# --- what is served -----------------------------------------------------------------------------------------


async def test_every_answer_carries_the_security_headers(web: httpx.AsyncClient):
    for path, more in (("/playground/main.js", {}), ("/nothing", {}), ("/", {"host": "evil.example"})):
        answer = await web.get(path, headers=more)
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS


def test_the_policy_names_no_other_host():
    assert "http" not in POLICY
    assert "*" not in POLICY
    for rule in ("default-src 'self'", "object-src 'none'", "frame-ancestors 'none'", "form-action 'none'"):
        assert rule in POLICY


async def test_our_scripts_are_served_by_name_and_nothing_else_is(web: httpx.AsyncClient):
    version = Scripts(ASSETS).version
    whole = (await web.get(f"/playground/{version}/main.js")).text
    for path in ASSETS.glob("*.js"):
        answer = await web.get(f"/playground/{version}/{path.name}")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/javascript")
        assert (
            whole.count(f"\nconst ${path.stem} = (() => {{\n") + whole.startswith(f"const ${path.stem} ") == 1
        )
        own = [line for line in path.read_text().splitlines() if not re.match("import|export|[ }]", line)]
        assert own == [line for line in own if f"\n{line}\n" in whole]
    assert re.findall(r"^(?:import|export)\b.{9}", whole, re.MULTILINE) == ["export { $compo"]
    for name in (
        "look/tokens.css",
        "tokens.css",
        "icons.svg",
        "..",
        "../server.py",
        "%2e%2e%2fserver.py",
        "..%2fapp.py",
        "main.js/",
        "",
        "x.js",
    ):
        for folder in ("", f"{version}/", "older/"):
            answer = await web.get(f"/playground/{folder}{name}")
            assert answer.status_code in (404, 307), name
            assert "import" not in answer.text


async def test_a_script_is_kept_for_good_at_the_address_of_what_is_in_it(
    web: httpx.AsyncClient, tmp_path: Path
):
    version = Scripts(ASSETS).version
    kept = {
        address: (await web.get(f"/playground/{address}")).headers["cache-control"]
        for address in (f"{version}/main.js", "0123456789abcdef/main.js", "main.js", f"{version}/dom.js")
    }
    assert kept == {
        f"{version}/main.js": "public, max-age=31536000, immutable",
        "0123456789abcdef/main.js": "no-cache",
        "main.js": "no-cache",
        f"{version}/dom.js": "no-cache",
    }
    versions = []
    for text in ("export const a = 1;", "export const a = 2;", "export const a = 1;"):
        (tmp_path / "main.js").write_text(text)
        versions.append(Scripts(tmp_path).version)
        assert f'src="playground/{versions[-1]}/main.js"' in Scripts(tmp_path).head()
    assert versions[0] == versions[2] != versions[1]


async def test_theme_and_assets_are_kept_for_good_at_the_address_of_what_is_in_them():
    async def css(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("a {}", media_type="text/css")(scope, receive, send)

    transport = httpx.ASGITransport(Guard(css, frozenset({"localhost"})))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as web:
        assert "immutable" in (await web.get("/theme.css?v=0123")).headers["cache-control"]
        assert "immutable" in (await web.get("/assets/index-DphvyggB.js")).headers["cache-control"]
        for address in ("/theme.css", "/static/fonts/a.woff2"):
            assert "cache-control" not in (await web.get(address)).headers


async def test_a_script_by_its_name_gives_what_the_one_of_the_page_has(web: httpx.AsyncClient):
    version = Scripts(ASSETS).version
    for address, whole in (
        ("alerts.js", f"./{version}/main.js"),
        ("0123456789abcdef/alerts.js", f"../{version}/main.js"),
    ):
        names = re.findall(r"^export (?:async )?\w+ (\w+)", (ASSETS / "alerts.js").read_text(), re.MULTILINE)
        taken = f"export const {{ {', '.join(names)} }} = $alerts;"
        answer = await web.get(f"/playground/{address}")
        assert answer.text == f'import {{ $alerts }} from "{whole}";\n{taken}\n'


def test_the_page_asks_for_one_script_of_ours():
    head = Scripts(ASSETS).head()
    assert re.findall(r"playground/[^\"]+", head) == [f"playground/{Scripts(ASSETS).version}/main.js"]


def test_scripts_run_in_the_order_of_their_imports_with_the_names_that_they_give_each_other(tmp_path: Path):
    (tmp_path / "main.js").write_text(
        'import "./b.js";\nimport { $, f as g } from "./a.js";\nsaid.push(g($));\n'
    )
    (tmp_path / "b.js").write_text('import { $ } from "./a.js";\nconst own = 2;\nsaid.push($ * own);\n')
    text = (
        "globalThis.said = [];\nexport const $ = 20;\nexport async function f(\n  n,\n) { return n + 1; }\n"
    )
    (tmp_path / "a.js").write_text(text)
    scripts = Scripts(tmp_path)
    body, _ = scripts.at("main.js", scripts.version) or (b"", "")
    (tmp_path / "whole.mjs").write_bytes(
        body
        + b"console.log(said[0], await said[1], Object.keys($a), own_is());\nfunction own_is() { return typeof own; }\n"
    )
    node = Path(playwright.__file__).parent / "driver" / "node"
    done = subprocess.run([node, tmp_path / "whole.mjs"], capture_output=True, text=True)
    assert done.stdout == "40 21 [ '$', 'f' ] undefined\n", done.stderr


@pytest.mark.parametrize("format_name", FORMATS)
async def test_a_column_is_downloaded_as_the_file_of_its_format(
    web: httpx.AsyncClient, ran: Run, workbench: Workbench, format_name: str
):
    run = await ran(2)
    answer = await web.get(f"/files/run/{run.id}/1/{format_name}")
    file = await workbench.runs.export_cell(run.id, 1, format_name)
    assert answer.status_code == 200
    assert answer.text == file.text
    assert answer.headers["content-disposition"] == f"attachment; filename*=UTF-8''{file.name}"
    assert answer.headers["content-type"].startswith(file.media_type)


async def test_the_history_is_downloaded_as_csv_in_the_order_on_screen(web: httpx.AsyncClient, ran: Run):
    first, second = await ran(1, word="one"), await ran(1, word="two")
    answer = await web.get("/files/history.csv", params={"search": "say", "sort": "time", "falls": "no"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''history.csv"
    assert [row["run"] for row in csv.DictReader(answer.text.splitlines())] == [first.id, second.id]


async def test_prompts_are_downloaded_from_the_library_and_from_the_saved_ones(
    web: httpx.AsyncClient, workbench: Workbench
):
    slug = workbench.prompts.library.patterns()[0].slug
    prompt = Prompt(name="Mail", turns=(Turn(role="user", template="Hello"),))
    saved = await workbench.prompts.save(prompt, message="")
    for key in (f"pattern:{slug}", f"prompt:{saved.prompt_id}"):
        for format_name in FORMATS:
            answer = await web.get(f"/files/prompt/{format_name}/{key}")
            assert answer.status_code == 200, answer.text
            assert answer.headers["content-disposition"].startswith("attachment;")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/files/run/nothing/0/text", 404),
        ("/files/run/{id}/9/text", 404),
        ("/files/run/{id}/-1/text", 404),
        ("/files/run/{id}/x/text", 422),
        ("/files/run/{id}/0/docx", 400),
        ("/files/prompt/text/pattern:no/such", 404),
        ("/files/prompt/text/pattern:../../pyproject", 404),
        ("/files/prompt/text/pattern:%2e%2e/%2e%2e/pyproject", 404),
        ("/files/prompt/text/prompt:nothing", 404),
        ("/files/prompt/text/x", 404),
        ("/files/playground.db", 404),
        ("/playground.db", 404),
        ("/docs", 404),
        ("/openapi.json", 404),
    ],
)
async def test_what_is_not_there_is_not_served(web: httpx.AsyncClient, ran: Run, path: str, status: int):
    run = await ran(1)
    answer = await web.get(path.format(id=run.id))
    assert answer.status_code == status
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    "name", ["plain.txt", "Grüße 👋.txt", 'a"b.txt', "a;b\r\nx: y.txt", "../../x.txt", "a%20b.txt", ""]
)
def test_a_download_with_an_odd_name_stays_one_header(name: str):
    answer = download(ExportFile(name, "text/plain", "text"))
    header = answer.headers["content-disposition"]
    start, _, quoted = header.partition("''")
    assert start == "attachment; filename*=UTF-8"
    assert unquote(quoted) == name
    assert not set(quoted) & set('"; \r\n')


def test_a_download_keeps_every_character():
    text = "a\r\nb\x00c 👋 \u2028"
    assert download(ExportFile("x", "text/plain", text)).body == text.encode()


def test_a_refusal_is_worded_and_what_is_missing_is_404():
    missing, bad = refuse(NotFoundError("Gone.", "Look there.")), refuse(PromptError("Empty."))
    assert (missing.status_code, missing.body) == (404, b"Gone. Look there.\n")
    assert bad.status_code == 400


# --- addresses ----------------------------------------------------------------------------------------------


def test_by_default_only_this_machine_is_named(tmp_path: Path):
    hosts = allowed_hosts(Settings(data_dir=tmp_path))
    assert hosts >= {"localhost", "127.0.0.1", "[::1]"}
    assert all("127.0.0.1" in name or name in ("localhost", "[::1]") for name in hosts)


def test_names_that_were_given_count_in_any_letter_case(tmp_path: Path):
    hosts = allowed_hosts(Settings(data_dir=tmp_path, host="FE80::5", allowed_hosts=("Prompts.Example",)))
    assert hosts >= {"prompts.example", "[fe80::5]"}


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_an_address_for_all_answers_to_this_machines_own_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str
):
    found = [
        (socket.AF_INET, 1, 6, "", ("192.0.2.7", 0)),
        (socket.AF_INET6, 1, 6, "", ("2001:db8::7%eth0", 0, 0, 0)),
    ]
    monkeypatch.setattr(socket, "gethostname", lambda: "Desk")
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    hosts = allowed_hosts(Settings(data_dir=tmp_path, host=host))
    assert hosts >= {"desk", "192.0.2.7", "[2001:db8::7]", "localhost"}
    assert "evil.example" not in hosts


def test_a_machine_that_does_not_know_its_own_name_is_still_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert "localhost" in allowed_hosts(Settings(data_dir=tmp_path, host="0.0.0.0"))


def test_a_taken_port_is_a_worded_error_with_the_next_one(tmp_path: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"Port {port} on 127.0.0.1 cannot be used") as caught:
            bind(Settings(data_dir=tmp_path, port=port))
        assert caught.value.hint == f"Choose another: playground --port {port % 65535 + 1}"


@pytest.mark.parametrize("host", ["203.0.113.1", "no such host", "a..b"])
def test_an_address_that_is_not_ours_is_a_worded_error(tmp_path: Path, host: str):
    with pytest.raises(SettingsError, match="cannot be used"):
        bind(Settings(data_dir=tmp_path, host=host))


def test_a_free_port_is_held(tmp_path: Path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with bind(Settings(data_dir=tmp_path, port=port)) as held, socket.create_connection(("127.0.0.1", port)):
        assert held.getsockname() == ("127.0.0.1", port)


def test_answers_are_sent_without_nagles_delay(tmp_path: Path):
    """asyncio switches it off only for a socket that is named as TCP, and each request is 40 ms faster then."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with bind(Settings(data_dir=tmp_path, port=port)) as held:
        assert held.proto == socket.IPPROTO_TCP
