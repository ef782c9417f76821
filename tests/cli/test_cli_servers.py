from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from playground.formats import prompty
from playground.settings import Settings
from playground.store import open_store
from playground.types.prompt import Check, Prompt, Turn
from tests.forked import Program

if TYPE_CHECKING:
    from tests.conftest import Call, Called

PLAYGROUND = [sys.executable, "-m", "playground.cli.main"]
FAKE = """#!{python}
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

print("loading", sys.argv[2], sys.argv[9:])
if sys.argv[2] == "broken":
    sys.exit("no such model")
HTTPServer(("127.0.0.1", int(sys.argv[8])), Handler).serve_forever()
"""


@pytest.fixture
def scripts() -> dict[str, Any]:
    return {"echo": "{last}", "other": "other"}


@pytest.fixture
def fake_vllm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    script = tmp_path / "bin" / "vllm"
    script.write_text(FAKE.format(python=sys.executable))
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}{os.pathsep}{os.environ['PATH']}")


# --- batch ----------------------------------------------------------------------------------------------


def export_batch(call: Call, tmp_path: Path, rows: str = '{"city": "Paris"}\n{"city": "Lima"}\n') -> Called:
    check = Check(scorer="contains", options={"text": "{{ city }}"})
    prompt = Prompt(name="City", turns=(Turn(role="user", template="Say {{ city }}."),), checks=(check,))
    (tmp_path / "city.prompty").write_text(prompty.dump(prompt)[0])
    (tmp_path / "rows.jsonl").write_text(rows)
    arguments = ("--rows", "rows.jsonl", "--model", "org/tiny", "--output", "batch.jsonl")
    return call("batch", "export", "city.prompty", *arguments)


def answer(line: str, text: str) -> str:
    choice = {"index": 0, "message": {"content": text}, "finish_reason": "stop"}
    response = {"status_code": 200, "body": {"choices": [choice]}}
    return json.dumps({"custom_id": json.loads(line)["custom_id"], "response": response, "error": None})


def test_a_batch_goes_out_and_comes_back_as_scored_runs(call: Call, tmp_path: Path, data: Path) -> None:
    exported = export_batch(call, tmp_path)
    assert (exported.code, exported.out) == (0, "")
    assert "2 requests in batch.jsonl." in exported.err
    assert "vllm run-batch -i batch.jsonl -o batch.results.jsonl --model org/tiny" in exported.err
    lines = (tmp_path / "batch.jsonl").read_text().splitlines()
    results = tmp_path / "batch.results.jsonl"
    results.write_text("\n".join([answer(lines[0], "Paris"), answer(lines[1], "Rome")]))
    imported = call("batch", "import", "batch.results.jsonl", "--batch", "batch.jsonl")
    assert imported == (0, "2 runs stored, 0 of them with an error.\n", "")
    store = open_store(Settings(data_dir=data))
    scores = {row.title.rpartition(" ")[2]: row.columns[0].score for row in store.history().rows}
    store.close()
    assert scores == {"1)": 1.0, "2)": 0.0}


def test_bad_results_are_named_and_the_others_stored(call: Call, tmp_path: Path) -> None:
    export_batch(call, tmp_path)
    line = (tmp_path / "batch.jsonl").read_text().splitlines()[0]
    (tmp_path / "results.jsonl").write_bytes(b"\xff\n" + answer(line, "Paris").encode())
    imported = call("batch", "import", "results.jsonl", "--batch", "batch.jsonl")
    assert (imported.code, imported.out) == (1, "1 run stored, 0 of them with an error.\n")
    assert "problem: results line 1: this is not a JSON object." in imported.err
    assert "problem: 1 of the requests have no result." in imported.err


def test_bad_input_of_a_batch_is_exit_code_2(call: Call, tmp_path: Path) -> None:
    for rows, reason in (("", "There are no rows."), ("{}", "Row 1: "), ("x", "rows.jsonl, line 1")):
        exported = export_batch(call, tmp_path, rows)
        assert (exported.code, exported.out) == (2, "") and reason in exported.err
    assert not (tmp_path / "batch.jsonl").exists()
    assert (
        "missing.jsonl cannot be read"
        in call("batch", "import", "missing.jsonl", "--batch", "rows.jsonl").err
    )
    assert call("batch", "import", "rows.jsonl", "--batch", "rows.jsonl").code == 2


# --- bench-backends -------------------------------------------------------------------------------------


def test_backends_are_measured_with_progress_apart_from_the_result(call: Call) -> None:
    told = call("bench-backends", "--seconds", "20", "--format", "json")
    result = json.loads(told.out)
    assert told.code == 0 and [row["model"] for row in result["models"]] == [
        "scripted:echo",
        "scripted:other",
    ]
    assert result["abilities"]["scripted"]["streaming"] is True
    assert "1/2 scripted:echo: time to first token" in told.err


def test_only_the_named_models_are_measured(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    told = call("bench-backends", "--models", "other", "--format", "markdown")
    assert told.code == 0 and "scripted:other" in told.out and "scripted:echo" not in told.out
    monkeypatch.setenv("PLAYGROUND_LANG", "zh")
    told = call("bench-backends", "--models", "other", "--format", "markdown")
    assert (
        told.out.startswith("| 模型 | 加载 | 首个 token | 单独 | 4 路并发 |")
        and "| 流式传输 | 是 |" in told.out
    )
    assert call("bench-backends", "--models", "nobody").code == 2


def test_a_stopped_bench_prints_what_is_known(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(text: str, *_: Any) -> None:
        if "greedy answer 2" in text:
            raise KeyboardInterrupt

    monkeypatch.setattr("playground.cli.backends.tell", stop)
    told = call("bench-backends", "--models", "echo")
    assert told.code == 130 and "scripted:echo" in told.out and "peak memory" in told.out


def test_a_bench_without_any_answer_says_so(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("playground.workbench.service.every_backend", lambda _: {})
    told = call("bench-backends")
    assert told.code == 1 and "No model answered." in told.err


# --- serve-vllm -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_vllm_server_is_announced_and_gone_after_the_signal(
    data: Path, fake_vllm: None, number: signal.Signals
) -> None:
    command = [*PLAYGROUND, "serve-vllm", "tiny", "--args", "--max-model-len 512"]
    with Program(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout
        ready = process.stdout.readline()
        rows = json.loads((data / "servers.json").read_text()) if ready else []
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert ready.startswith("ready: tiny at http://127.0.0.1:") and '"vllm-managed"' in ready
    [row] = rows
    assert row["url"] in ready and row["kind"] == "vllm"
    assert process.returncode == (130 if number == signal.SIGINT else 143)
    assert out == "" and "loading tiny ['--max-model-len', '512']" in err
    assert "Traceback" not in err
    assert json.loads((data / "servers.json").read_text()) == []


def test_a_model_that_cannot_be_loaded_ends_the_command_with_the_log(
    call: Call, data: Path, fake_vllm: None
) -> None:
    told = call("serve-vllm", "broken")
    assert told.code == 1 and told.out == ""
    assert "error: vLLM ended before it was ready (exit code 1)." in told.err and "no such model" in told.err
    assert not (data / "servers.json").exists()


def test_without_vllm_the_command_says_how_to_install_it(
    call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    told = call("serve-vllm", "tiny")
    assert told.code == 1 and 'pip install "prompt-playground[vllm]"' in told.err
    assert "Close every quotation mark" in call("serve-vllm", "tiny", "--args", '"open').err


def test_batch_invariant_on_a_machine_that_cannot_is_refused_before_anything_starts(
    call: Call, fake_vllm: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("playground.backends.invariance._nvidia", lambda: {"Tesla T4": 7.5})
    told = call("serve-vllm", "tiny", "--batch-invariant")
    assert told.code == 1 and "needs compute capability 8.0, and the Tesla T4 has 7.5" in told.err
    assert "loading tiny" not in told.err
