"""The served process from outside: its start, its end, whom it talks to, and what it refuses."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from tests import forked
from tests.forked import Program

PLAYGROUND = [sys.executable, "-m", "playground.cli.main"]

# Loaded by every Python process below that folder's PYTHONPATH, the engine too; an audit hook sees every call.
WATCH = """
import os, sys
log = open(os.environ["CONNECTION_LOG"], "a", buffering=1)
log.write("watching %d\\n" % os.getpid())
def watch(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        log.write("%s %r\\n" % (event, arguments[1]))
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        log.write("%s %r\\n" % (event, arguments[0]))
sys.addaudithook(watch)
"""
LOCAL = re.compile(r"""watching \d+|socket\.\w+ (\(?'(127\.0\.0\.1|::1|localhost)'.*|None|'0\.0\.0\.0')""")


class Served(NamedTuple):
    process: subprocess.Popen[str]
    url: str
    data: Path

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, trust_env=False, timeout=30)


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def environment(data: Path, **more: str) -> dict[str, str]:
    return os.environ | {"PLAYGROUND_DATA_DIR": str(data)} | more


@contextmanager
def served(
    data: Path, *options: str, start: type[subprocess.Popen[str]] = Program, **variables: str
) -> Iterator[Served]:
    """A server that answers; it is killed at the end unless the test has ended it."""
    port = free_port()
    command = [*PLAYGROUND, "--port", str(port), *options]
    with start(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(data, **variables),
        cwd=data.parent,
    ) as process:
        try:
            assert process.stdout
            line = process.stdout.readline()
            url = f"http://localhost:{port}"
            assert line == f"Prompt Playground: {url}\n", process.communicate(timeout=30)
            yield Served(process, url, data)
        finally:
            process.kill()


def refused(data: Path, *options: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a start that must end by itself."""
    done = forked.run(
        [*PLAYGROUND, *options],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment(data),
        cwd=data.parent,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("server")
    with served(folder / "data", start=subprocess.Popen, **watched(folder)) as running:
        yield running


# --- start and end --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("signal_", "start"), [(signal.SIGTERM, Program), (signal.SIGINT, subprocess.Popen)])
def test_it_says_its_address_answers_and_ends_in_good_order(
    tmp_path: Path, signal_: signal.Signals, start: type[subprocess.Popen[str]]
) -> None:
    with served(tmp_path / "data", start=start) as running:
        with running.client() as client:
            page = client.get("/")
        assert page.status_code == 200 and "Prompt Playground" in page.text
        running.process.send_signal(signal_)
        out, errors = running.process.communicate(timeout=30)
        assert (running.process.returncode, out, errors) == (0, "", "")
        assert (tmp_path / "data" / "playground.db").is_file()


def test_a_port_in_use_is_one_sentence_with_the_way_out(tmp_path: Path) -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        port = sock.getsockname()[1]
        code, out, errors = refused(tmp_path / "data", "--port", str(port))
    assert (code, out) == (1, "")
    assert errors.startswith(f"error: Port {port} on 127.0.0.1 cannot be used") and "--port" in errors
    assert len(errors.splitlines()) == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "There is no model file"),
        (b"not a model", "is not a GGUF file"),
        (b"GGUF\x03", "damaged or cut off"),
    ],
)
def test_a_model_file_that_cannot_be_used_is_one_sentence(
    tmp_path: Path, content: bytes | None, reason: str
) -> None:
    if content is not None:
        (tmp_path / "x.gguf").write_bytes(content)
    code, out, errors = refused(tmp_path / "data", "--model", str(tmp_path / "x.gguf"))
    assert (code, out) == (1, "") and reason in errors
    assert len(errors.splitlines()) == 1


def test_a_file_in_the_place_of_the_data_folder_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("I was here first.")
    code, out, errors = refused(tmp_path / "data")
    assert (code, out) == (1, "")
    assert "--data DIR" in errors and len(errors.splitlines()) == 1
    assert (tmp_path / "data").read_text() == "I was here first."


def test_a_read_only_data_folder_is_announced_and_the_app_starts(tmp_path: Path) -> None:
    # Linux lets nobody, root included, make a folder in /sys; elsewhere test_cli fakes the error.
    if not Path("/sys/kernel").is_dir():
        pytest.skip("this system has no folder that even root cannot write")
    with served(tmp_path / "home", "--data", "/sys/kernel/playground", TMPDIR=str(tmp_path)) as running:
        running.process.send_signal(signal.SIGTERM)
        _, errors = running.process.communicate(timeout=30)
    [folder] = tmp_path.glob("prompt-playground-*")
    assert "/sys/kernel/playground cannot be written" in errors
    assert f"Runs are kept in {folder} until the computer restarts." in errors
    assert len(errors.splitlines()) == 1 and (folder / "playground.db").is_file()


def test_an_address_that_others_can_reach_comes_with_a_warning(tmp_path: Path) -> None:
    with socket.socket() as sock:
        sock.bind(("0.0.0.0", 0))
        sock.listen()
        port = str(sock.getsockname()[1])
        _, _, errors = refused(tmp_path / "data", "--host", "0.0.0.0", "--port", port)
    assert errors.startswith("Warning: whoever reaches this address") and "error: Port" in errors


@pytest.mark.parametrize("on", [True, False])
def test_switching_the_sandbox_on_comes_with_the_risk_and_the_level_of_this_machine(
    on: bool, tmp_path: Path
) -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        port = str(sock.getsockname()[1])
        _, _, errors = refused(tmp_path / "data", "--port", port, *(["--sandbox"] if on else []))
    first = errors.splitlines()[0]
    assert first.startswith("Models write programs that nobody has read") == on
    assert (re.search(r"This machine's level is “(isolated|restricted|weak)”", first) is not None) == on
    assert "error: Port" in errors


# --- whom it talks to -----------------------------------------------------------------------------------


def watched(tmp_path: Path) -> dict[str, str]:
    """Variables that make every Python process below write its connections to tmp_path/log."""
    (tmp_path / "watch").mkdir()
    (tmp_path / "watch" / "sitecustomize.py").write_text(WATCH)
    path = os.pathsep.join(filter(None, [str(tmp_path / "watch"), os.environ.get("PYTHONPATH")]))
    return {"PYTHONPATH": path, "CONNECTION_LOG": str(tmp_path / "log")}


def foreign(tmp_path: Path) -> list[str]:
    """Logged connections and look-ups that leave this machine."""
    lines = (tmp_path / "log").read_text().splitlines()
    assert any(line.startswith("watching") for line in lines)
    return [line for line in lines if not LOCAL.fullmatch(line)]


def test_the_watch_sees_a_connection_to_the_outside(tmp_path: Path) -> None:
    # 192.0.2.0/24 is reserved for documentation: nothing is there.
    code = (
        "import socket\ns = socket.socket()\ns.setblocking(False)\ns.connect_ex(('192.0.2.1', 9))\ns.close()"
    )
    subprocess.run([sys.executable, "-c", code], env=os.environ | watched(tmp_path), check=True)
    assert foreign(tmp_path) == ["socket.connect ('192.0.2.1', 9)"]


def test_starting_and_serving_a_page_connects_to_nothing_outside(server: Served) -> None:
    with server.client() as client:
        page = client.get("/").text
        for asset in set(re.findall(r'(?:src|href)="\./?([^"]+)"', page)):
            client.get(f"/{asset}")
        assert client.get("/config").status_code == 200
    assert foreign(server.data.parent) == []


def test_an_answer_of_the_embedded_model_connects_to_nothing_outside(tmp_path: Path) -> None:
    command = [*PLAYGROUND, "run", "hub/classification/sentiment", "--example"]
    variables = environment(tmp_path / "data", **watched(tmp_path))
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=variables)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "log").read_text().count("watching") >= 2  # the engine is watched too
    assert foreign(tmp_path) == []


# --- what it refuses ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:7860", "localhost.evil.example", "127.0.0.1.nip.example", ""]
)
@pytest.mark.parametrize("path", ["/", "/config", "/gradio_api/queue/join", "/files/run/x/0/text"])
def test_another_host_name_is_refused(server: Served, host: str, path: str) -> None:
    with server.client() as client:
        assert client.get(path, headers={"host": host}).status_code == 400


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://localhost", "https://localhost.evil.example"]
)
@pytest.mark.parametrize(
    "path", ["/gradio_api/queue/join", "/gradio_api/run/predict", "/gradio_api/call/call"]
)
def test_another_origin_can_start_nothing(server: Served, origin: str, path: str) -> None:
    with server.client() as client:
        answer = client.post(path, json={"data": []}, headers={"origin": origin})
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("path", ["/", "/config", "/gradio_api/queue/data?session_hash=x"])
def test_another_origin_can_read_nothing(server: Served, path: str) -> None:
    with server.client() as client:
        assert client.get(path, headers={"origin": "http://evil.example"}).status_code == 403
        fetched = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "script"}
        assert client.get(path, headers=fetched).status_code == 403


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", None]
)
def test_a_plain_form_can_start_nothing(server: Served, kind: str | None) -> None:
    # A form needs no permission of ours to be sent; browsers before Sec-Fetch headers may leave out the origin.
    headers = {"content-type": kind} if kind else {}
    with server.client() as client:
        answer = client.post(
            "/gradio_api/queue/join", content=b'{"fn_index": 0, "data": []}', headers=headers
        )
    assert answer.status_code == 403


def test_a_preflight_of_another_origin_grants_nothing(server: Served) -> None:
    headers = {"origin": "http://evil.example", "access-control-request-method": "POST"}
    with server.client() as client:
        answer = client.options("/gradio_api/queue/join", headers=headers)
    assert answer.status_code == 403 and "access-control-allow-origin" not in answer.headers


def test_no_route_serves_a_file_that_was_not_meant(server: Served) -> None:
    database, secret = server.data / "playground.db", server.data.parent / "secret.txt"
    secret.write_text("secret")
    names = [str(database), "data/playground.db", "secret.txt", str(secret), "../secret.txt", "/etc/passwd",
             "..%2f..%2fetc%2fpasswd", "%2fetc%2fpasswd", "....//etc/passwd", "..\\secret.txt", ".", ""]  # fmt: skip
    doors = ["/gradio_api/file=", "/file=", "/gradio_api/file/", "/file/", "/static/", "/assets/", "/svelte/", "/theme/",
             "/custom_component/", "/gradio_api/custom_component/", "/", "/files/run/", "/files/prompt/prompty/",
             "/gradio_api/proxy=", "/proxy=", "/gradio_api/stream/", "/gradio_api/deep_link?session_hash="]  # fmt: skip
    wrong = []
    with server.client() as client:
        for door in doors:
            for name in filter(None, names):
                answer = client.get(door + name)
                content = answer.content
                if b"SQLite format" in content or content.startswith(b"secret") or b"root:" in content:
                    wrong.append(door + name)
                if "file=" in door and answer.status_code != 404:
                    wrong.append(f"{door}{name}: {answer.status_code}")
    assert wrong == []


@pytest.mark.parametrize(
    "path",
    ["/gradio_api/upload", "/gradio_api/upload_progress?upload_id=x", "/gradio_api/proxy=http://127.0.0.1/"],
)
def test_the_doors_nobody_needs_are_shut(server: Served, path: str) -> None:
    with server.client() as client:
        assert client.get(path).status_code == 404
        upload = client.post(path, files={"files": b"x"}, headers={"origin": server.url})
        assert upload.status_code == 404
    assert list(server.data.rglob("cache/*/*")) == []


@pytest.mark.parametrize(
    "path",
    ["/docs", "/redoc", "/openapi.json", "/gradio_api/docs", "/gradio_api/openapi.json", "/gradio_api/info"],
)
def test_the_interface_is_not_described_to_strangers(server: Served, path: str) -> None:
    with server.client() as client:
        answer = client.get(path)
    assert "swagger" not in answer.text.lower() and '"openapi"' not in answer.text


@pytest.mark.parametrize("path", ["/", "/nothing", "/gradio_api/file=/etc/passwd", "/assets/main.js"])
def test_every_answer_carries_the_security_headers(server: Served, path: str) -> None:
    with server.client() as client:
        headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy and "http" not in policy
    assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "DENY"
    assert (
        headers["referrer-policy"] == "no-referrer"
        and headers["cross-origin-resource-policy"] == "same-origin"
    )


def test_its_own_page_may_call_it(server: Served) -> None:
    with server.client() as client:
        [first, *_] = client.get("/config").json()["dependencies"]
        event = {"fn_index": first["id"], "data": ["{}"] * len(first["inputs"]), "session_hash": "x"}
        event["event_data"] = {"stream": "x"}
        answer = client.post("/gradio_api/queue/join", json=event, headers={"origin": server.url})
    assert answer.status_code == 200 and "event_id" in answer.json()
