"""A vLLM server of our own on the Models tab: started, watched, refused, ended with the program. The `vllm` is a fake."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from playground.backends import inventory
from playground.backends import managed_vllm as managed
from playground.backends.managed_vllm import Managed, parse_arguments
from playground.backends.servers import added_servers
from playground.errors import SettingsError
from playground.jobs import Job
from playground.workbench.service import Workbench
from tests.backends.test_vllm_process import FAKE, is_running

Call = Callable[..., Awaitable[dict[str, Any]]]
Read = Callable[[str], Any]


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real ports of this machine are left alone, and health is asked for often."""

    async def discover(*_: Any, **__: Any) -> list[Any]:
        return []

    monkeypatch.setattr(inventory, "discover", discover)
    monkeypatch.setattr(managed, "HEALTH_SECONDS", 0.1)


@pytest.fixture
def fake_vllm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "vllm"
    script.write_text(FAKE.format(python=sys.executable))
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(15):
        while not condition():
            await asyncio.sleep(0.02)


def subject(job: Job) -> Managed:
    assert isinstance(job.subject, Managed)
    return job.subject


async def begin(call: Call, workbench: Workbench, model: str, options: str = "") -> Job:
    update = await call("start_vllm", sure="yes", fields={"model": model, "options": options})
    assert "alert" not in update and update["drawer"] is None
    return list(workbench.jobs)[-1]


async def test_its_models_are_columns_as_soon_as_it_answers_and_gone_when_it_is_stopped(
    call: Call, workbench: Workbench, fake_vllm: None, read_html: Read
) -> None:
    job = await begin(call, workbench, "tiny", "--max-model-len '512'")
    html = (await call("open_models"))["html"]
    assert "starting" in read_html(html["models-served"]).text
    (poll,) = read_html(html["health"]).find("span", data_poll="poll_models")  # in view on every tab
    assert html["models-poll"] == ""
    await until(lambda: subject(job).state == "answers")
    update = await call("poll_models", jobs=poll["data-jobs"], load="")
    assert "vllm-managed:tiny" in [choice["id"] for choice in update["choices"]]
    assert "answers at http://127.0.0.1:" in read_html(update["html"]["models-served"]).text
    places = read_html(update["html"]["models-places"])
    assert "vLLM, started here" in places.text
    assert places.find("button", data_act="remove_server") == []
    assert '"--max-model-len", "512"' in subject(job).log[0]
    pid = int(subject(job).log[0].rpartition(" ")[2])
    update = await call("cancel_job", job=job.id)
    assert update["choices"] == [c for c in update["choices"] if "vllm" not in c["id"]] != []
    assert "vLLM stopped" in read_html(update["html"]["models-served"]).text
    assert added_servers(workbench.settings) == [] and not is_running(pid)


async def test_the_log_is_told_while_it_runs_without_our_own_questions(
    call: Call, workbench: Workbench, fake_vllm: None, read_html: Read
) -> None:
    job = await begin(call, workbench, "noisy")
    await until(lambda: subject(job).state == "answers" and any("yyy" in line for line in subject(job).log))
    html = (await call("poll_models", jobs=f"{job.id}:answers", load=""))["html"]
    assert set(html) == {f"served-{job.id}-state", f"served-{job.id}-log"}
    assert "line 1999" in read_html(html[f"served-{job.id}-log"]).text
    subject(job).note('INFO: 127.0.0.1:5 - "GET /health HTTP/1.1" 200 OK')
    subject(job).note('INFO: 127.0.0.1:5 - "POST /v1/chat/completions HTTP/1.1" 200 OK')
    assert "/health" not in "".join(subject(job).log) and "POST" in subject(job).log[-1]


async def test_one_that_fails_shows_its_last_words_and_starts_again_as_it_was(
    call: Call, workbench: Workbench, fake_vllm: None, read_html: Read
) -> None:
    job = await begin(call, workbench, "broken", "--api-key very-secret --max-model-len 9")
    await until(lambda: job.state == "failed")
    update = await call("open_models")
    told = read_html(update["html"]["models-served"])
    assert "ValueError: no such model" in told.text and "Correct the model name" in told.text
    assert "(key)" in told.text and "very-secret" not in str(update)
    (again,) = told.find("button", data_act="start_vllm")
    await call("start_vllm", again=again["data-again"])
    (second,) = workbench.jobs
    assert second.id != job.id and subject(second).arguments == subject(job).arguments
    await until(lambda: second.state == "failed")
    assert (await call("forget_job", job=second.id))["html"]["models-served"] == ""


async def test_one_that_hangs_is_said_not_to_answer(
    call: Call, workbench: Workbench, fake_vllm: None, read_html: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def is_well(_: object) -> bool:
        return False

    monkeypatch.setattr(managed, "_is_well", is_well)
    job = await begin(call, workbench, "tiny")
    await until(lambda: subject(job).state == "silent")
    assert "does not answer" in read_html((await call("open_models"))["html"]["models-served"]).text


async def test_it_ends_with_the_program(call: Call, make_workbench: Any, fake_vllm: None) -> None:
    workbench = make_workbench()
    job = workbench.models.serve_vllm("worker")
    await until(lambda: subject(job).state == "answers" and len(subject(job).log) > 1)
    pids = [int(line.rpartition(" ")[2]) for line in list(subject(job).log)[:2]]
    assert all(map(is_running, pids))
    await workbench.close()
    await until(lambda: not any(map(is_running, pids)))
    assert added_servers(workbench.settings) == []


async def test_without_vllm_the_form_says_so_and_how_to_install_it(
    call: Call, workbench: Workbench, read_html: Read, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    body = read_html((await call("start_vllm"))["drawer"]["body"])
    assert "The command vllm is not installed." in body.text
    assert 'pip install "prompt-playground[vllm]"' in body.text
    assert [b for b in body.find("button") if "disabled" in b] and not body.find(
        "button", data_act="start_vllm"
    )
    update = await call("start_vllm", sure="yes", fields={"model": "tiny", "options": ""})
    assert update["alert"]["message"] == "The command vllm is not installed."
    assert list(workbench.jobs) == []


def graphics(folder: Path, *rows: str) -> None:
    """An `nvidia-smi` that tells these rows of names and compute capabilities."""
    script = folder / "bin" / "nvidia-smi"
    script.write_text("#!/bin/sh\n" + "".join(f"echo '{row}'\n" for row in rows))
    script.chmod(0o755)


async def test_a_box_in_the_form_starts_it_batch_invariant_and_its_answers_say_so(
    call: Call, workbench: Workbench, fake_vllm: None, tmp_path: Path, read_html: Read
) -> None:
    graphics(tmp_path, "NVIDIA H100 80GB HBM3, 9.0")
    (box,) = read_html((await call("start_vllm"))["drawer"]["body"]).find("input", name="invariant")
    assert box["type"] == "checkbox"
    fields = {"model": "tiny", "options": "", "invariant": True}
    assert "alert" not in await call("start_vllm", sure="yes", fields=fields)
    job = list(workbench.jobs)[-1]
    await until(lambda: subject(job).state == "answers")
    assert "VLLM_BATCH_INVARIANT=1" in subject(job).log
    html = (await call("open_models"))["html"]
    assert "batch-invariant" in read_html(html["models-served"]).text
    assert "an answer does not depend on those beside it" in read_html(html["models-places"]).text
    await workbench.jobs.cancel(job.id)
    (again,) = read_html((await call("open_models"))["html"]["models-served"]).find(
        "button", data_act="start_vllm"
    )
    await call("start_vllm", again=again["data-again"])
    assert subject(list(workbench.jobs)[-1]).batch_invariant


async def test_batch_invariant_on_a_gpu_that_is_too_old_is_refused_and_nothing_starts(
    call: Call, workbench: Workbench, fake_vllm: None, tmp_path: Path
) -> None:
    graphics(tmp_path, "Tesla T4, 7.5")
    fields = {"model": "tiny", "options": "", "invariant": True}
    update = await call("start_vllm", sure="yes", fields=fields)
    assert "needs compute capability 8.0, and the Tesla T4 has 7.5" in update["alert"]["message"]
    assert list(workbench.jobs) == []


@pytest.mark.parametrize(
    ("model", "options", "words"),
    [
        ("", "", "cannot be the name"),
        ("--help", "", "cannot be the name"),
        ("tiny", "--host 0.0.0.0", "--host is set by this program"),
        ("tiny", "--hos=0.0.0.0", "--hos is set"),
        ("tiny", "--port 80", "--port is set"),
        ("tiny", "--generation_config auto", "--generation_config is set"),
        ("tiny", "--uds /tmp/socket", "--uds is set"),
        ("tiny", '--served-model-name "a', "cannot be read"),
    ],
)
async def test_what_would_let_others_in_or_cannot_be_meant_is_refused_and_nothing_starts(
    call: Call, workbench: Workbench, fake_vllm: None, model: str, options: str, words: str
) -> None:
    update = await call("start_vllm", sure="yes", fields={"model": model, "options": options})
    assert words in update["alert"]["message"]
    assert "drawer" not in update and list(workbench.jobs) == []


def test_options_are_cut_as_a_shell_cuts_them_and_none_is_run() -> None:
    text = (
        """--max-model-len 4096 --limit-mm-per-prompt '{"image": 2}' --served-model-name "my model; $(id)" """
    )
    assert parse_arguments("tiny", text) == (
        *("--max-model-len", "4096", "--limit-mm-per-prompt", '{"image": 2}'),
        *("--served-model-name", "my model; $(id)"),
    )
    with pytest.raises(SettingsError, match="quotation"):
        parse_arguments("tiny", "'")


async def test_a_hostile_name_stays_text(
    call: Call, workbench: Workbench, fake_vllm: None, read_html: Read
) -> None:
    hostile = '"><img src=x onerror=window.hacked=1>'
    job = await begin(call, workbench, hostile, f"--x '{hostile}'")
    for _ in range(2):
        update = await call("open_models")
        for part in update["html"].values():
            assert read_html(part).find("img") == []
        await call("cancel_job", job=job.id)
