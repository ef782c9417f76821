"""vLLM's batch-invariant mode: which machines can have it, and how a receipt tells of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from playground.backends.invariance import VARIABLE, environment, is_on, refuse_where_impossible
from playground.backends.servers import add_server, added_servers
from playground.backends.vllm import VllmBackend
from playground.errors import SettingsError
from playground.settings import Settings


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder of programs, empty at first."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def nvidia(tools: Path, script: str) -> None:
    (tools / "nvidia-smi").write_text(f"#!/bin/sh\n{script}\n")
    (tools / "nvidia-smi").chmod(0o755)


def test_a_machine_without_any_gpu_is_refused_before_a_server_starts(tools: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="on GPUs only, and this machine shows none"):
        refuse_where_impossible(tmp_path / "no devices")


def test_one_gpu_that_can_is_enough(tools: Path, tmp_path: Path) -> None:
    nvidia(tools, "echo 'Tesla T4, 7.5'; echo 'NVIDIA L4, 8.9'")
    refuse_where_impossible(tmp_path)


@pytest.mark.parametrize("script", ["exit 9", "echo 'Quadro, [N/A]'", "true"])
def test_a_driver_that_does_not_tell_leaves_the_decision_to_vllm(
    tools: Path, tmp_path: Path, script: str
) -> None:
    nvidia(tools, script)
    refuse_where_impossible(tmp_path)


@pytest.mark.parametrize("device", ["kfd", "dri/renderD128"])
def test_gpus_of_other_makers_are_left_to_vllm(tools: Path, tmp_path: Path, device: str) -> None:
    (tmp_path / device).parent.mkdir(exist_ok=True)
    (tmp_path / device).touch()
    refuse_where_impossible(tmp_path)


@pytest.mark.parametrize(("value", "on"), [("1", True), ("0", False), ("", False), ("yes", False)])
def test_a_server_takes_the_mode_over_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, value: str, on: bool
) -> None:
    monkeypatch.setenv(VARIABLE, value)
    assert is_on(asked=False) is on
    assert is_on(asked=True) and environment(asked=True) == {VARIABLE: "1"}
    assert environment(asked=False) == {}


@pytest.mark.parametrize(("started", "mode"), [(True, "batch-invariant"), (False, "batched"), (None, None)])
def test_a_receipt_says_whether_the_mode_was_on_and_nothing_of_servers_of_others(
    tmp_path: Path, started: bool | None, mode: str | None
) -> None:
    settings = Settings(data_dir=tmp_path)
    add_server(settings, "box", "vllm", "http://127.0.0.1:9", batch_invariant=started)
    (server,) = added_servers(settings)
    assert server.batch_invariant is started
    assert VllmBackend(settings, server).mode == mode
