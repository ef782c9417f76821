"""`playground run experiment.yaml`: the verdict, the gate, the files, going on; exit codes as a pipeline reads them."""

from __future__ import annotations

import errno
import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

from playground.cli import terminal

if TYPE_CHECKING:
    from tests.conftest import Call

FILE = """
name: Loud
model: echo
variants:
  A: {baseline: true, prompt: {turns: [{role: user, template: "{{ word }}"}]}}
  B: {prompt: {turns: [{role: user, template: "{{ word }} OK"}]}}
cases: words.csv
checks: [{scorer: contains, options: {text: OK}}]
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    (tmp_path / "words.csv").write_text("word\n" + "".join(f"w{n}\n" for n in range(40)))
    (tmp_path / "loud.experiment.yaml").write_text(FILE)
    return str(tmp_path / "loud.experiment.yaml")


def test_an_experiment_prints_its_verdict_first_and_keeps_everything(call: Call, file: str) -> None:
    code, out, _ = call("run", file)
    assert code == 0
    assert out.startswith("B beats A by 100 points (95 %: ")
    code, out, _ = call("run", file, "--dry-run")
    assert code == 0
    assert "80 cells: 40 cases of words.csv, 2 variants. About 80 calls." in out
    assert "This would be attempt 2 on its question." in out
    assert "from 80 answers of these models and their loading." in out


def test_the_gate_decides_the_exit_code_and_stands_in_every_file(
    call: Call, file: str, tmp_path: Path
) -> None:
    files = [tmp_path / name for name in ("r.json", "r.xml", "r.md")]
    named = [f"--{kind}={path}" for kind, path in zip(("json", "junit", "markdown"), files, strict=True)]
    code, out, _ = call("run", file, "--min-score", "0.8", "--not-worse-than", "A", *named)
    assert code == 0
    assert "holds: B reaches 100 %" in out
    assert "holds: B is not worse than A by 3 points" in out
    assert json.loads(files[0].read_text())["passed"] is True
    [suite] = ElementTree.fromstring(files[1].read_text())
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("4", "0", "0")
    assert "### Loud" in files[2].read_text()
    code, out, _ = call("run", file, "--resume", "--min-score", "0.8", "--not-worse-than", "B")
    assert code == 1, "the baseline need not reach it, but for where another one stands in its place"
    assert "FAILS: A reaches only 0 %" in out and "B reaches" not in out

    code, out, _ = call("run", file, "--not-worse-than", "B", "--min-score", "0.5", *named)
    assert code == 1
    assert "FAILS: Not shown: A may be " in out
    told = json.loads(files[0].read_text())
    assert (told["passed"], told["sentence"][:12]) == (False, "B beats A by")
    [suite] = ElementTree.fromstring(files[1].read_text())
    assert suite.get("failures") == "2"


def test_a_file_that_cannot_be_written_costs_neither_the_verdict_nor_the_other_files(
    call: Call, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = terminal.write_whole_pieces

    def full(path: Path, pieces: Iterable[bytes]) -> None:
        if path.suffix == ".xml":
            raise OSError(errno.ENOSPC, "No space left on device")
        whole(path, pieces)

    monkeypatch.setattr(terminal, "write_whole_pieces", full)
    code, out, err = call(
        "run", file, "--junit", str(tmp_path / "r.xml"), "--markdown", str(tmp_path / "r.md")
    )
    assert (code, out[:9]) == (2, "B beats A")
    assert "r.xml cannot be written: No space left on device." in err
    assert f"Write them without running anything again: playground run {file} --resume" in err
    assert (tmp_path / "r.md").exists() and not (tmp_path / "r.xml").exists()
    monkeypatch.setattr(terminal, "write_whole_pieces", whole)
    assert call("run", file, "--resume", "--junit", str(tmp_path / "r.xml")).code == 0
    assert (tmp_path / "r.xml").exists()


def test_what_paused_itself_says_how_to_go_on(
    call: Call, file: str, scripts: dict[str, object], tmp_path: Path
) -> None:
    scripts["echo"] = [RuntimeError("no luck")]
    Path(file).write_text(FILE + "limits: {failures_in_row: 3, at_once: 1}\n")
    code, _, err = call("run", file)
    assert code == 2
    assert "It is paused. 3 cells failed in a row for one reason" in err
    assert err.rstrip().endswith(f"Go on with: playground run {file} --resume")


def test_why_answers_have_no_score_is_said(call: Call, file: str) -> None:
    checks = 'checks: [{scorer: contains, options: {text: OK}}, {scorer: number, options: {expected: "{{ gone }}"}}]'
    Path(file).write_text(FILE[: FILE.index("checks:")] + checks)
    (Path(file).parent / "words.csv").write_text("word,gone\n" + "".join(f"w{n},\n" for n in range(20)))
    code, _, err = call("run", file)
    assert code == 0
    assert "40 answers without a score: " in err and "does not apply: " in err


def test_a_check_that_needs_the_sandbox_is_refused_while_that_is_off(call: Call, file: str) -> None:
    Path(file).write_text(
        FILE[: FILE.index("checks:")] + 'checks: [{scorer: python, options: {expression: "1"}}]'
    )
    code, _, err = call("run", file)
    assert code == 2
    assert "runs in the sandbox, which is off: no answer would get a score." in err
    assert "--sandbox" in err


def test_failed_cells_are_named_and_run_again_alone(
    call: Call, file: str, scripts: dict[str, object]
) -> None:
    scripts["echo"] = [RuntimeError("no luck 12")]
    Path(file).write_text(FILE + "limits: {failures_in_row: 100}\n")  # it must not pause before the last
    code, _, err = call("run", file)
    assert code == 2
    assert "80 failed: scripted:echo failed with RuntimeError." in err
    assert "No cell has an answer." in err
    scripts["echo"] = "{last}"
    code, out, err = call("run", file, "--only-failed")
    assert code == 0, "what was open goes on with what had failed"
    assert "failed cells run again." in err
    assert out.startswith("B beats A")
    code, out, err = call("run", file, "--resume")
    assert (code, out[:9]) == (0, "B beats A"), "there is nothing left, and the verdict is still there"


def test_a_call_that_takes_too_long_fails_and_a_longer_limit_goes_on_with_it(
    call: Call, file: str, scripts: dict[str, object]
) -> None:
    scripts["echo"] = ["OK", 3600.0]
    code, _, err = call("run", file, "--timeout-s", "0.1")
    assert code == 2
    assert "failed: The answer took longer than 0.1 s. Raise the limit of a call (timeout_s)" in err
    scripts["echo"] = "{last}"
    code, out, err = call("run", file, "--only-failed")
    assert (code, out[:9]) == (0, "B beats A")
    assert "failed cells run again." in err


@pytest.mark.parametrize(
    ("change", "options", "said"),
    [
        (("variants:", "varriants:"), (), 'unknown key "varriants". Did you mean "variants"?'),
        (("words.csv", "sentiment"), (), "sentiment"),
        (("model: echo", "model: gone"), (), "Variant A: "),
        (("", ""), ("--not-worse-than", "Z"), 'There is no variant "Z". The variants are: A, B.'),
        (("", ""), ("--min-score", "80"), "--min-score 80 is not from 0 to 1."),
        (("", ""), ("--junit", "nowhere/r.xml"), "nowhere/r.xml is in no folder that is there."),
        (("", ""), ("--markdown", "/"), "/ is a folder."),
        (("", ""), ("--timeout-s", "0"), "--timeout-s 0 is not from 0.1 to 86,400 seconds."),
        (("cases: words.csv", "cases: words.csv\nlimits: {timeout_s: 0}"), (), "limits.timeout_s: "),
        (("", ""), ("--only-failed",), "was not run yet as it stands now."),
    ],
)
def test_what_cannot_be_run_ends_with_2_and_says_why(
    call: Call, file: str, change: tuple[str, str], options: tuple[str, ...], said: str
) -> None:
    Path(file).write_text(FILE.replace(*change))
    code, out, err = call("run", file, *options)
    assert (code, out) == (2, "")
    assert said in err


def test_options_of_a_prompt_and_of_an_experiment_do_not_mix(call: Call, file: str) -> None:
    assert call("run", file, "--samples", "3")[0] == 2
    code, _, err = call("run", "techniques/zero-shot/instruct", "--dry-run")
    assert code == 2
    assert "These options go with an experiment." in err


def test_a_missing_file_and_nothing_to_run_again_are_said(call: Call, file: str, tmp_path: Path) -> None:
    (tmp_path / "lost.experiment.yaml").write_text(FILE.replace("words.csv", "lost.csv"))
    code, _, err = call("run", str(tmp_path / "lost.experiment.yaml"))
    assert code == 2
    assert "There is no file lost.csv beside the experiment, and no data set of that name." in err
    assert call("run", file).code == 0
    code, _, err = call("run", file, "--only-failed")
    assert code == 0 and "No cell has failed: none runs again." in err
