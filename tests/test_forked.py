"""A program that is forked from one that has loaded everything is a program as any other."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests import forked
from tests.forked import Program

SHOWS = """
import os, sys
print(os.getpid() == os.getsid(0), os.getcwd(), os.environ.get("MINE"), os.environ.get("HOME"), sys.argv[1:])
print(sys.stdin.read(), end="")
print("wrong", file=sys.stderr)
sys.exit(3)
"""


@pytest.mark.parametrize("session", [True, False])
def test_it_has_its_arguments_streams_folder_variables_session_and_exit_code(
    tmp_path: Path, session: bool
) -> None:
    command = [sys.executable, "-c", SHOWS, "a", "b c"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with Program(
        command, cwd=tmp_path, env={"MINE": "é"}, text=True, start_new_session=session, **pipes
    ) as process:
        out, errors = process.communicate("read\n", timeout=30)
    assert out == f"{session} {tmp_path} é None ['a', 'b c']\nread\n"
    assert (errors, process.returncode) == ("wrong\n", 3)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_signal_reaches_it_and_its_end_is_told(number: signal.Signals) -> None:
    waits = "import time\ntry: print('up', flush=True); time.sleep(60)\nexcept KeyboardInterrupt: raise SystemExit(7)"
    with Program([sys.executable, "-c", waits], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stdout.readline() == "up\n"
        assert process.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.05)
        process.send_signal(number)
        assert process.wait(30) == (7 if number == signal.SIGINT else -number)
    assert not Path(f"/proc/{process.pid}").exists()


def test_a_file_and_a_module_are_run_and_what_nobody_caught_is_shown(tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("WORD = 'found'")
    (tmp_path / "program.py").write_text(
        "import atexit, beside\natexit.register(print, 'last')\nprint(__name__, beside.WORD)\n1 / 0"
    )
    for command in ([str(tmp_path / "program.py")], ["-m", "program"]):
        done = forked.run([sys.executable, *command], cwd=tmp_path, capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (1, "__main__ found\nlast\n")
        assert done.stderr.endswith("ZeroDivisionError: division by zero\n")
    assert forked.run([sys.executable, "-c", "import os; os._exit(5)"]).returncode == 5
    with pytest.raises(subprocess.CalledProcessError):
        forked.run([sys.executable, "-c", "raise SystemExit('no')"], check=True, stderr=subprocess.DEVNULL)


def test_a_limit_of_one_is_not_that_of_the_next() -> None:
    limit = "import resource as r; print(r.getrlimit(r.RLIMIT_FSIZE)[0]); r.setrlimit(r.RLIMIT_FSIZE, (4096, 4096))"
    told = [forked.run([sys.executable, "-c", limit], capture_output=True, text=True).stdout for _ in "ab"]
    assert told[0] == told[1] != "4096\n"
