from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from playground.backends import vllm_process
from playground.backends.processes import is_gone, this_program
from playground.backends.servers import add_server, added_servers, forget_orphans, key_of
from playground.backends.vllm import VllmBackend
from playground.backends.vllm_process import (
    KEPT_LINES,
    NAME,
    PortTaken,
    VllmProcess,
    forget,
    free_port,
    key_among,
    managed_vllm,
    register,
    serve_arguments,
    start_vllm,
)
from playground.cli.doctor import health
from playground.errors import BackendError, SettingsError
from playground.settings import Settings
from playground.workbench.service import open_workbench

# The model says what the fake does.
FAKE = """#!{python}
import json, os, signal, subprocess, sys, time
from http.server import BaseHTTPRequestHandler, HTTPServer

model, port = sys.argv[2], int(sys.argv[sys.argv.index("--port") + 1])
print("arguments " + json.dumps(sys.argv[1:]), "pid", os.getpid())
if "VLLM_BATCH_INVARIANT" in os.environ:
    print("VLLM_BATCH_INVARIANT=" + os.environ["VLLM_BATCH_INVARIANT"])
if model == "unlucky" and not os.path.exists(sys.argv[0] + ".tried"):
    open(sys.argv[0] + ".tried", "w").close()
    sys.exit("OSError: [Errno 98] Address already in use")
if model == "torch":
    sys.exit("The server socket has failed to listen on any local network address. port: 29500, useIpv6: false, code: -98, name: EADDRINUSE")
if model == "broken":
    sys.exit("ValueError: no such model")
if model == "noisy":
    for number in range(2000):
        print("\\x1b[32mline", number, "\\x1b[0m\\rloading", "x" * 10)
    print("y" * 100_000)
if model == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if model == "worker":
    print("worker", subprocess.Popen(["sleep", "300"]).pid)

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        row = {{"id": model, "object": "model", "owned_by": "vllm", "max_model_len": 4096}}
        known = {{"/health": "", "/version": {{"version": "0.33.0"}}, "/v1/models": {{"object": "list", "data": [row]}}}}
        body = known.get(self.path)
        content = b"" if not body else json.dumps(body).encode()
        self.send_response(404 if body is None else 200)
        self.send_header("content-length", str(len(content)))
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(content)
        if model == "falls" and self.path == "/v1/models":
            print("CUDA out of memory", flush=True)
            os._exit(3)

time.sleep(0.2)
HTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""

Start = Callable[..., "asyncio.Future[VllmProcess]"]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data")


@pytest.fixture
def fake_vllm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `vllm` on the path that serves what is looked at."""
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "vllm"
    script.write_text(FAKE.format(python=sys.executable))
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return script


@pytest.fixture
async def start(settings: Settings, fake_vllm: Path) -> AsyncIterator[Callable[..., object]]:
    made: list[VllmProcess] = []

    async def start(model: str, *arguments: str, grace_s: float = 5.0) -> VllmProcess:
        made.append(await start_vllm(settings, model, arguments, grace_s=grace_s))
        return made[-1]

    yield start
    for process in made:
        await process.stop()


def is_running(pid: int) -> bool:
    """Whether the process is there and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.02)


def pid_in(process: VllmProcess, word: str = "pid") -> int:
    return next(int(line.rpartition(" ")[2]) for line in process.log if f"{word} " in line)


async def test_the_server_is_started_with_the_neutral_sampling_and_on_this_machine_only(start: Start) -> None:
    process = await start("tiny", "--max-model-len", "512")
    await process.ready()
    port = process.url.rpartition(":")[2]
    wanted = '["serve", "tiny", "--generation-config", "vllm", "--host", "127.0.0.1", "--port", "%s", "--max-model-len", "512"]'
    assert wanted % port in process.log[0]
    assert serve_arguments("m", 5)[2:4] == ("--generation-config", "vllm")


async def test_stopping_ends_every_process_of_it(start: Start) -> None:
    process = await start("worker")
    await process.ready()
    pids = pid_in(process), pid_in(process, "worker")
    assert all(map(is_running, pids))
    await process.stop()
    await until(lambda: not any(map(is_running, pids)))
    assert process.ended


async def test_a_server_that_ignores_the_polite_signal_is_killed(start: Start) -> None:
    process = await start("stubborn", grace_s=0.2)
    await process.ready()
    pid = pid_in(process)
    await process.stop()
    assert await process.wait() == 128 + signal.SIGKILL
    assert not is_running(pid)


async def test_stopping_twice_and_before_it_is_ready_is_harmless(start: Start) -> None:
    process = await start("tiny")
    await process.stop()
    await process.stop()
    assert process.ended


async def test_a_server_that_dies_while_loading_is_an_error_with_its_last_words(start: Start) -> None:
    process = await start("broken")
    with pytest.raises(BackendError) as error:
        await process.ready()
    assert "exit code 1" in error.value.message and "ValueError: no such model" in error.value.message


async def test_a_server_that_dies_later_is_noticed(start: Start) -> None:
    process = await start("falls")
    await process.ready()
    await asyncio.to_thread(touch, process.url)
    with pytest.raises(BackendError, match="CUDA out of memory"):
        async with asyncio.timeout(10):
            await process.fail_when_ended()


def touch(url: str) -> None:
    """One request to the list of models, whatever becomes of it."""
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(b"GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n")
        while connection.recv(4096):  # leaving earlier would break the fake's answer, and it would live on
            pass


async def test_the_log_is_bounded_and_without_colours(start: Start) -> None:
    process = await start("noisy")
    await process.ready()
    await until(lambda: any(line.startswith("y") for line in process.log))
    assert len(process.log) == KEPT_LINES
    assert max(map(len, process.log)) == 2000
    assert "line 1999 " in process.log and "loading xxxxxxxxxx" in process.log
    assert not any("\x1b" in line for line in process.log)


async def test_the_key_is_used_and_never_shown(
    start: Start, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = await start("tiny", "--api-key", "very-secret")
    await process.ready()
    assert '"--api-key", "(key)"' in process.log[0]
    server = await register(settings, process)
    assert key_of(settings, server.name) == "very-secret"
    assert "very-secret" not in (settings.data_dir / "servers.json").read_text()
    assert key_among(["--api-key=one"]) == "one"
    monkeypatch.setenv("VLLM_API_KEY", "two")
    assert key_among(["--enforce-eager"]) == "two"


async def test_it_stands_among_the_added_servers_while_it_runs(settings: Settings, fake_vllm: Path) -> None:
    lines: list[str] = []
    async with managed_vllm(settings, "tiny", on_line=lines.append) as (process, server):
        assert added_servers(settings) == [server]
        assert (server.name, server.kind, server.url) == (NAME, "vllm", process.url)
    assert added_servers(settings) == []
    assert process.ended and lines[0].startswith("arguments")


async def test_a_second_server_gets_a_name_of_its_own_and_a_dead_row_is_taken_over(
    start: Start, settings: Settings
) -> None:
    add_server(settings, NAME, "vllm", f"http://127.0.0.1:{free_port(None)}")
    first, second = await start("tiny"), await start("tiny")
    await asyncio.gather(first.ready(), second.ready())
    rows = [await register(settings, first), await register(settings, second)]
    assert [row.name for row in rows] == [NAME, f"{NAME}-2"]
    forget(settings, rows[0])
    forget(settings, rows[0])
    assert added_servers(settings) == [rows[1]]


async def test_a_row_with_another_address_by_now_is_left_alone(start: Start, settings: Settings) -> None:
    process = await start("tiny")
    await process.ready()
    row = await register(settings, process)
    changed = add_server(settings, row.name, "vllm", "http://127.0.0.1:9")
    forget(settings, row)
    assert added_servers(settings) == [changed]


async def test_the_server_ends_when_the_program_is_killed(tmp_path: Path, fake_vllm: Path) -> None:
    script = (
        "import asyncio, sys, pathlib\n"
        "from playground.backends.vllm_process import start_vllm\n"
        "from playground.settings import Settings\n"
        "async def main():\n"
        "    process = await start_vllm(Settings(data_dir=pathlib.Path(sys.argv[1])), 'tiny')\n"
        "    await process.ready()\n"
        "    print(process.log[0].rpartition(' ')[2], flush=True)\n"
        "    await process.wait()\n"
        "asyncio.run(main())\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    pid = int(await asyncio.to_thread(parent.stdout.readline))
    assert is_running(pid)
    parent.kill()
    await asyncio.to_thread(parent.wait)
    parent.stdout.close()
    await until(lambda: not is_running(pid))


async def test_without_vllm_the_error_says_how_to_install_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SettingsError) as error:
        await start_vllm(settings, "tiny")
    assert 'pip install "prompt-playground[vllm]"' in error.value.hint


@pytest.mark.parametrize(
    ("model", "arguments"),
    [
        ("", ()),
        ("--help", ()),
        ("a\0b", ()),
        ("tiny", ("--host", "0.0.0.0")),
        ("tiny", ("--port=1",)),
        ("tiny", ("--generation-config", "auto")),
    ],
)
async def test_what_cannot_be_meant_is_refused_before_anything_starts(
    settings: Settings, fake_vllm: Path, model: str, arguments: tuple[str, ...]
) -> None:
    with pytest.raises(SettingsError):
        await start_vllm(settings, model, arguments)


async def test_a_port_that_is_taken_is_refused(settings: Settings, fake_vllm: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=str(port)):
            await start_vllm(settings, "tiny", port=port)
    assert free_port(port) == port


# --- a port that somebody takes meanwhile ---------------------------------------------------------------


@pytest.fixture
def intruder(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[socket.socket]]:
    """Takes the first port that is chosen, before vLLM can: listens, and answers /health as a server would."""
    taken: list[socket.socket] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    servers: list[ThreadingHTTPServer] = []

    def choose(wanted: int | None) -> int:
        port = free_port(wanted)
        if not servers:
            servers.append(ThreadingHTTPServer(("127.0.0.1", port), Handler))
            threading.Thread(target=servers[0].serve_forever, daemon=True).start()
            taken.append(servers[0].socket)
        return port

    monkeypatch.setattr(vllm_process, "free_port", choose)
    yield taken
    for server in servers:
        server.shutdown()
        server.server_close()


async def test_a_port_taken_between_choosing_and_listening_costs_a_second_start(
    settings: Settings, fake_vllm: Path, intruder: list[socket.socket]
) -> None:
    lines: list[str] = []
    async with managed_vllm(settings, "tiny", on_line=lines.append) as (process, server):
        port = intruder[0].getsockname()[1]
        assert process.port != port and server.url == process.url
        assert f"Port {port} was taken by another program" in "".join(lines)


async def test_a_log_that_says_the_port_is_in_use_costs_a_second_start(
    settings: Settings, fake_vllm: Path
) -> None:
    async with managed_vllm(settings, "unlucky") as (process, _):
        assert not process.ended


async def test_a_wanted_port_that_is_taken_is_named_and_no_other_one_chosen(
    settings: Settings, fake_vllm: Path, intruder: list[socket.socket]
) -> None:
    port = free_port(None)
    with pytest.raises(PortTaken) as caught:
        async with managed_vllm(settings, "tiny", port=port):
            pass
    assert caught.value.message == f"Port {port} was taken by another program before vLLM could listen on it."
    assert str(port) in caught.value.hint and "model" not in caught.value.hint


async def test_the_tries_end_and_the_port_in_the_log_is_the_one_that_is_named(
    settings: Settings, fake_vllm: Path
) -> None:
    lines: list[str] = []
    with pytest.raises(PortTaken, match="Port 29500"):
        async with managed_vllm(settings, "torch", on_line=lines.append):
            pass
    assert sum("arguments" in line for line in lines) == vllm_process.PORT_TRIES


# --- a program that was killed --------------------------------------------------------------------------


async def test_the_row_of_a_killed_program_goes_at_the_next_start_and_doctor_says_what_it_is(
    settings: Settings, fake_vllm: Path
) -> None:
    settings = settings.model_copy(update={"database_url": ""})
    code = f"""
import asyncio
from pathlib import Path
from playground.backends.vllm_process import managed_vllm
from playground.settings import Settings

async def main():
    async with managed_vllm(Settings(data_dir=Path({str(settings.data_dir)!r})), "tiny"):
        print("ready", flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout and program.stdout.readline() == "ready\n"
        [row] = added_servers(settings)
        add_server(settings, "kept", "vllm", "http://127.0.0.1:9")
        assert forget_orphans(settings) == []  # it runs
        program.kill()
        program.wait()
    finding = await health(VllmBackend(settings, row))
    assert (finding.ok, finding.what) == (None, NAME)
    assert "the program was killed" in finding.detail and "next start" in finding.hint
    await open_workbench(settings).close()
    assert [server.name for server in added_servers(settings)] == ["kept"]


def test_a_process_number_that_is_used_again_is_another_program() -> None:
    mark = this_program()
    assert not is_gone(mark)
    assert is_gone(mark.rpartition("/")[0] + "/1")
    for unknown in ("", "x", "elsewhere/1/1", f"{socket.gethostname()}/a/b"):
        assert not is_gone(unknown)
    assert is_gone(f"{socket.gethostname()}/{2**22 + 7}/5")
