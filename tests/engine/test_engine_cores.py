import os
from pathlib import Path

import pytest

from playground.engine.cores import thread_environment, usable_cores


def fake_system(root: Path, siblings: dict[int, str], quota: str) -> Path:
    for cpu, text in siblings.items():
        folder = root / f"devices/system/cpu/cpu{cpu}/topology"
        folder.mkdir(parents=True)
        (folder / "thread_siblings_list").write_text(text + "\n")
    (root / "fs/cgroup").mkdir(parents=True)
    (root / "fs/cgroup/cpu.max").write_text(quota)
    return root


def test_hyper_threads_of_one_core_count_once(tmp_path: Path) -> None:
    cpus = sorted(os.sched_getaffinity(0))
    system = fake_system(tmp_path, dict.fromkeys(cpus, "0-1"), "max 100000")
    assert usable_cores(system) == 1


def test_the_quota_of_a_container_is_a_ceiling(tmp_path: Path) -> None:
    cpus = sorted(os.sched_getaffinity(0))
    system = fake_system(tmp_path, {cpu: str(cpu) for cpu in cpus}, "50000 100000")
    assert usable_cores(system) == 1


def test_without_any_information_every_cpu_counts(tmp_path: Path) -> None:
    assert usable_cores(tmp_path) == len(os.sched_getaffinity(0))


def test_the_child_gets_its_threads_by_environment() -> None:
    assert thread_environment(3)["OMP_NUM_THREADS"] == "3"


def test_the_child_computes_k_quants_with_one_kernel_whatever_the_user_has_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GGML_CPU_TILED_MM", "1")
    assert (os.environ | thread_environment(2))["GGML_CPU_TILED_MM"] == "0"
