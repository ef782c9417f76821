"""Tests that run beside each other are told as if they had run one after the other."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

FOLDER = {
    "conftest.py": "from tests.beside import pytest_addoption, pytest_runtestloop\n",
    "test_first.py": """
import os, random, warnings
import pytest

def test_shows(tmp_path):
    print("pid", os.getpid(), random.random(), tmp_path)
    assert False, "as it must"

def test_kills():
    os._exit(3)

def test_goes_on(capfd):
    os.system("echo from below")
    assert capfd.readouterr().out == "from below\\n"

@pytest.mark.skip(reason="not today")
def test_skipped():
    pass
""",
    "test_second.py": """
import os, random, time, warnings
import pytest

@pytest.fixture(scope="session")
def kept():
    yield
    raise OSError("at the end")

def test_shows(kept, tmp_path):
    time.sleep(0.3)  # the other process has the other file
    print("pid", os.getpid(), random.random(), tmp_path)
    assert False, "as it must"

def test_warns():
    warnings.warn("careful")
""",
}


def test_each_test_runs_once_in_one_of_two_processes_and_all_is_told(tmp_path: Path) -> None:
    for name, content in FOLDER.items():
        (tmp_path / name).write_text(content)
    command = [sys.executable, "-m", "pytest", "-p", "no:langsmith_plugin", "--junitxml=told.xml", "-rs"]
    here = {"PYTHONPATH": str(Path(__file__).parent.parent), "PYTEST_ADDOPTS": ""}
    done = subprocess.run(
        [*command, "--beside=2"], cwd=tmp_path, env=os.environ | here, capture_output=True, text=True
    )
    assert done.returncode == 1 and "not today" in done.stdout and "UserWarning: careful" in done.stdout
    assert "3 failed, 2 passed, 1 skipped, 1 warning, 1 error in" in done.stdout
    told = {}
    for case in ElementTree.parse(tmp_path / "told.xml").iter("testcase"):
        for found in case.findall("failure") + case.findall("error"):
            told[f"{case.get('classname')}.{case.get('name')} {found.tag}"] = (
                f"{found.get('message')}{found.text}"
            )
    assert told.keys() == {
        "test_first.test_shows failure",
        "test_first.test_kills failure",
        "test_second.test_shows failure",
        "test_second.test_warns error",
    }
    assert "has ended (3)" in told["test_first.test_kills failure"]
    assert "at the end" in told["test_second.test_warns error"]
    shown = [told[f"test_{file}.test_shows failure"] for file in ("first", "second")]
    assert all("as it must" in text for text in shown)
    seen = [line.split() for line in done.stdout.splitlines() if line.startswith("pid ")]
    assert len(seen) == 2 and all(len(set(column)) == 2 for column in list(zip(*seen, strict=True))[1:])
