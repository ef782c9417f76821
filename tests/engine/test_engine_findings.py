import json
from pathlib import Path

import pytest

from playground.engine import findings
from playground.engine.findings import Findings


def test_findings_last_beyond_the_process(tmp_path: Path) -> None:
    path = tmp_path / "data" / "engine.json"
    file = tmp_path / "a.gguf"
    file.write_bytes(b"GGUF")
    first = Findings(path)
    assert first.extra_buffers("Q4_1") is None
    assert not first.tried
    first.remember_extra_buffers("Q4_1", True)
    first.remember_digest(file, "5f3e")

    second = Findings(path)
    assert second.extra_buffers("Q4_1") is True
    assert second.extra_buffers("Q8_0") is None
    assert second.digest(file) == "5f3e"
    assert [p.name for p in path.parent.iterdir()] == ["engine.json"]


def test_one_crash_counts_for_every_quantization(tmp_path: Path) -> None:
    found = Findings(tmp_path / "engine.json")
    found.remember_extra_buffers("F16", True)
    found.remember_extra_buffers("Q4_1", False)
    assert found.extra_buffers("F16") is False
    assert found.extra_buffers("Q8_0") is False


def test_another_build_is_tried_again_but_checksums_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "engine.json"
    old = Findings(path)
    old.remember_extra_buffers("Q4_1", False)
    old.remember_digest(path, "abc")
    monkeypatch.setattr(findings, "current_build", lambda: "0.4.0 other")
    new = Findings(path)
    assert new.extra_buffers("Q4_1") is None
    assert list(json.loads(path.read_text())["digests"].values()) == ["abc"]


def test_changed_rules_are_probed_again_and_nothing_else_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "engine.json"
    old = Findings(path)
    old.remember_extra_buffers("Q4_1", True)
    old.remember_batches("llama Q4_1 extra", True)
    assert Findings(path).batches("llama Q4_1 extra") is True
    monkeypatch.setattr(findings, "current_rules", lambda: "other")
    assert Findings(path).batches("llama Q4_1 extra") is None
    assert Findings(path).extra_buffers("Q4_1") is True


def test_a_verdict_that_names_no_rules_is_none(tmp_path: Path) -> None:
    path = tmp_path / "engine.json"
    Findings(path).remember_batches("llama Q4_1 extra", True)
    content = json.loads(path.read_text())
    del content["rules"]
    path.write_text(json.dumps(content))
    assert Findings(path).batches("llama Q4_1 extra") is None


def test_a_changed_file_has_no_checksum(tmp_path: Path) -> None:
    found = Findings(tmp_path / "engine.json")
    file = tmp_path / "a.gguf"
    file.write_bytes(b"1")
    found.remember_digest(file, "one")
    file.write_bytes(b"22")
    assert found.digest(file) == ""


@pytest.mark.parametrize("content", ["", "[]", "{", '{"digests": 3}', '{"extra_buffers": {"Q4_1": "yes"}}'])
def test_a_spoilt_file_counts_as_empty(tmp_path: Path, content: str) -> None:
    path = tmp_path / "engine.json"
    path.write_text(content)
    assert Findings(path).extra_buffers("Q4_1") is None


def test_findings_stay_in_memory_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    found = Findings(tmp_path / "file" / "engine.json")
    found.remember_extra_buffers("Q4_1", False)
    assert found.extra_buffers("Q4_1") is False
