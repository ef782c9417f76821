"""A small process between this program and `vllm`: when the program ends, however it ends, vLLM ends too.

    python -I vllm_guard.py GRACE_SECONDS vllm serve …

Its standard input is a pipe that the program keeps open. When that closes, even because the program was killed, every
process of vLLM gets SIGTERM and, after the grace, SIGKILL. Run as a script; imports nothing but the standard library.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress


def main() -> int:
    """The exit code of the command (128 + N for signal N), after all processes of its group have ended."""
    grace_s, command = float(sys.argv[1]), sys.argv[2:]
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    threading.Thread(target=_end_with_input, args=(child, grace_s), daemon=True).start()
    code = child.wait()
    _signal(child, signal.SIGKILL)  # workers that outlived their server hold the memory of the graphics card
    return code if code >= 0 else 128 - code


def _end_with_input(child: subprocess.Popen[bytes], grace_s: float) -> None:
    while os.read(0, 4096):
        pass
    _signal(child, signal.SIGTERM)
    try:
        child.wait(grace_s)
    except subprocess.TimeoutExpired:
        _signal(child, signal.SIGKILL)


def _signal(child: subprocess.Popen[bytes], number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)


if __name__ == "__main__":
    sys.exit(main())
