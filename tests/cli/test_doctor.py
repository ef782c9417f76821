from __future__ import annotations

import os
import socket
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from playground.backends.llamacpp import LlamaCppBackend
from playground.backends.ollama import OllamaBackend
from playground.backends.scripted import ScriptedBackend
from playground.backends.servers import Server
from playground.cli import doctor
from playground.cli.doctor import NEEDED, Finding, can_run, examine
from playground.cli.terminal import named
from playground.errors import BackendError
from playground.sandbox import run
from playground.sandbox.levels import LEVELS, LevelName
from playground.settings import Settings
from playground.store import open_store
from playground.store.schema import HEAD
from tests import forked


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", database_url="", port=free_port())


@pytest.fixture
def listener() -> Iterator[int]:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        yield sock.getsockname()[1]


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


async def test_a_machine_where_all_is_well_can_run_and_every_part_is_named(settings: Settings) -> None:
    findings = await examine(settings, {"scripted": ScriptedBackend({"echo": "{last}"})})
    named = {finding.what for finding in findings}
    assert {*NEEDED, "embedded model", "scripted", "sandbox", "port"} <= named
    assert [finding for finding in findings if finding.ok is False] == []
    assert can_run(findings)


async def test_every_fault_says_what_to_do(tmp_path: Path, listener: int) -> None:
    (tmp_path / "data").write_text("in the way")
    settings = Settings(data_dir=tmp_path / "data", database_url="", port=listener)
    findings = await examine(settings, {"scripted": ScriptedBackend({})})
    faults = [finding for finding in findings if finding.ok is False]
    assert {finding.what for finding in faults} >= {"data folder", "model", "port"}
    assert [finding for finding in faults if not finding.hint] == []
    assert not can_run(findings)


def test_only_what_the_main_job_needs_decides() -> None:
    fine = [Finding(True, what, "") for what in NEEDED]
    assert can_run([*fine, Finding(False, "port", "in use", "choose another")])
    assert not can_run([*fine, Finding(False, "packages", "gradio is not installed", "install it")])
    assert not can_run(fine[1:])


def test_a_missing_package_is_a_fault_with_its_command() -> None:
    known, missing = doctor.packages(["pydantic", "no-such-package"])
    assert known.ok and "pydantic 2" in known.detail
    assert missing.ok is False and missing.hint == "Install it with: pip install no-such-package"


# --- models ---------------------------------------------------------------------------------------------


async def test_a_model_counts_only_when_it_has_really_answered() -> None:
    backend = ScriptedBackend({"echo": "{last}"})
    finding = await doctor.first_answer({"scripted": backend}, 5)
    assert finding.ok and "scripted:echo answers" in finding.detail
    assert [request.sampling.max_tokens for request in backend.requests] == [1]


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ([60.0, "late"], "did not answer within 0 s"),
        ([BackendError("The model fell over.", "Choose another.")], "The model fell over."),
    ],
)
async def test_a_model_that_is_silent_or_fails_is_a_fault(script: list[object], reason: str) -> None:
    backend = ScriptedBackend({"bad": script})
    finding = await doctor.first_answer({"scripted": backend}, 0.01)
    assert finding.ok is False and reason in finding.detail and finding.hint
    assert backend.running == 0


async def test_no_model_at_all_is_a_fault() -> None:
    finding = await doctor.first_answer({"scripted": ScriptedBackend({})}, 5)
    assert finding.ok is False and "--model FILE.gguf" in finding.hint


def test_the_embedded_model_is_looked_at(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert doctor.embedded_model(settings).ok
    assert doctor.embedded_model(settings.model_copy(update={"embedded": False})).ok is None
    (tmp_path / "broken.gguf").write_bytes(b"GGUF\x03")
    for path in (None, tmp_path / "broken.gguf"):
        monkeypatch.setattr(doctor, "embedded_model_path", lambda path=path: path)
        finding = doctor.embedded_model(settings)
        assert finding.ok is False and "pip install" in finding.hint


def test_the_engine_tells_its_buffers_and_the_files_it_cannot_use(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "x.gguf").write_text("not a model")
    backend = LlamaCppBackend(settings.model_copy(update={"models": (tmp_path / "x.gguf",)}))
    threads, buffers, company, unusable = doctor.engine_facts({"llama.cpp": backend})
    assert threads.what == "engine threads" and "not tried yet" in buffers.detail
    assert unusable.ok is False and "x.gguf is not a GGUF file" in unusable.detail


# --- data -----------------------------------------------------------------------------------------------


def test_the_data_folder_is_tried_and_left_empty_and_private(settings: Settings) -> None:
    assert doctor.data_folder(settings).ok
    assert list(settings.data_dir.iterdir()) == []
    assert settings.data_dir.stat().st_mode & 0o777 == 0o700


def test_a_database_is_described_without_being_made(settings: Settings) -> None:
    finding = doctor.database(settings)
    assert finding.ok and "is made at the first start" in finding.detail
    assert not settings.data_dir.exists()


def test_a_database_is_told_with_path_size_revision_and_content(settings: Settings) -> None:
    open_store(settings).close()
    finding = doctor.database(settings)
    assert finding.ok and str(settings.database_path) in finding.detail
    assert f"kB, schema {HEAD}; 0 prompts, 0 runs" in finding.detail


@pytest.mark.parametrize(
    ("revision", "ok", "reason"), [("9999", False, "newer version"), ("0000", True, f"upgrades it to {HEAD}")]
)
def test_a_database_of_another_version_is_told_apart(
    settings: Settings, revision: str, ok: bool, reason: str
) -> None:
    open_store(settings).close()
    connection = sqlite3.connect(settings.database_path)
    connection.execute("UPDATE alembic_version SET version_num = ?", [revision])
    connection.commit()
    connection.close()
    finding = doctor.database(settings)
    assert finding.ok is ok and reason in finding.detail


def test_a_file_that_is_no_database_is_a_fault(settings: Settings) -> None:
    settings.data_dir.mkdir()
    settings.database_path.write_text("not a database, but long enough to be looked at" * 100)
    finding = doctor.database(settings)
    assert finding.ok is False and finding.hint


# --- ports ----------------------------------------------------------------------------------------------


async def test_a_server_of_this_machine_that_is_not_running_is_no_fault_but_an_added_one_is(
    settings: Settings,
) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    usual = OllamaBackend(settings, Server("ollama", "ollama", url, found=True))
    added = OllamaBackend(settings, Server("my box", "ollama", url))
    findings = [await doctor.health(backend) for backend in (usual, added)]
    assert [finding.ok for finding in findings] == [None, False]
    assert all(finding.hint for finding in findings)


async def test_a_server_that_answers_and_is_not_used_yet_is_named(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [Server("vllm-8000", "vllm", "http://127.0.0.1:8000", found=True)]

    async def discover(_: Settings) -> list[Server]:
        return found

    monkeypatch.setattr(doctor, "discover", discover)
    (finding,) = await doctor.unused_servers(settings, {})
    assert "http://127.0.0.1:8000" in finding.detail
    used = OllamaBackend(settings, found[0])
    assert await doctor.unused_servers(settings, {"vllm": used}) == []


def test_a_port_in_use_is_a_fault_with_another_to_choose(settings: Settings, listener: int) -> None:
    assert doctor.own_port(settings).ok
    finding = doctor.own_port(settings.model_copy(update={"port": listener}))
    assert finding.ok is False and f"--port {listener + 1}" in finding.hint


# --- the command with the real engine -------------------------------------------------------------------


# --- the sandbox ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("level", "on", "ok"),
    [
        ("isolated", True, True),
        ("isolated", False, None),
        ("restricted", True, True),
        ("weak", True, None),
    ],
)
async def test_the_level_of_the_sandbox_is_named_with_what_would_be_stronger(
    level: LevelName, on: bool, ok: bool | None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    problems = {} if level == "isolated" else {"isolated": "unshare: Operation not permitted"}
    monkeypatch.setattr(run, "_found", [(level, problems)])
    finding = await doctor.sandbox(settings.model_copy(update={"sandbox": on}))
    assert (finding.ok, finding.what, finding.hint) == (ok, "sandbox", LEVELS[level].stronger)
    assert finding.detail.startswith(f"{level}: {LEVELS[level].short}")
    assert ("Switched on." in finding.detail, "--sandbox" in finding.detail) == (on, not on)
    assert ("unshare: Operation not permitted" in finding.detail) == bool(problems)


async def test_a_machine_without_a_sandbox_is_a_fault_only_where_it_is_wanted(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "_found", [])
    monkeypatch.setattr(run.os, "name", "nt")
    for on, ok in ((False, None), (True, False)):
        finding = await doctor.sandbox(settings.model_copy(update={"sandbox": on}))
        assert finding.ok is ok
        assert "not run on Windows" in finding.detail and "Linux or macOS" in finding.hint


def test_doctor_generates_with_the_embedded_model_and_exits_with_0(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "playground.cli.main", "doctor", "--data", str(tmp_path / "data")]
    done = forked.run(command, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    assert "ok     model: llama.cpp:SmolLM2-135M-Instruct answers" in done.stdout
    assert "llama.cpp extra buffers: o" in done.stdout


def test_doctor_exits_with_1_without_a_model_and_says_what_to_do(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "playground.cli.main", "--no-embedded", "doctor"]
    variables = os.environ | {"PLAYGROUND_DATA_DIR": str(tmp_path / "data")}
    done = forked.run(command, capture_output=True, text=True, timeout=300, env=variables)
    assert done.returncode == 1 and "FAULT  model: There is no model." in done.stdout
    assert "--model FILE.gguf" in done.stdout


def test_each_line_is_in_the_readers_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYGROUND_LANG", "zh")
    assert [
        named("data folder", "/srv/data, 79.7 GB of free space"),
        named("database", f"/srv/data/a.db, 98.4 kB, schema {HEAD}; 1 prompt, 2 runs"),
        named("engine threads", "2 (one per usable core)"),
        named("sandbox", "isolated: a world of its own. Switched on."),
    ] == [
        "数据文件夹：/srv/data，剩余 79.7 GB",
        f"数据库：/srv/data/a.db，98.4 kB，架构 {HEAD}；1 个提示词，2 次运行",
        "引擎线程：2（每个可用核心一个）",
        "沙箱：隔离：自成一界。已开启。",
    ]
    monkeypatch.setenv("PLAYGROUND_LANG", "en")
    assert (
        named("data folder", "/srv/data, 79.7 GB of free space")
        == "data folder: /srv/data, 79.7 GB of free space"
    )
