"""One engine process as the parent sees it: start, send, receive, notice its death.

child = await Child.start(options)
queue = child.send(Generate(id=7, …))       → Started, Piece, …, Done; or one Failed, also when the child dies
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import playground
from playground.engine import protocol
from playground.engine.cores import thread_environment, usable_cores
from playground.engine.offload import ALL
from playground.engine.protocol import Alive, Cancel, Configure, Count, Failed, NeedsModel, Piece, Render
from playground.engine.watch import DEAF, Patience, Verdict, Watch, pages_read
from playground.errors import BackendUnavailable

_SIGN_S = 1.0
_LINE_BYTES = 256 << 20  # the token ids of a very long preview are one line
_STDERR_BYTES = 4000
_CLOSE_S = 2.0
_TRIAL_S = 180.0


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """Limits of the child (`Configure` explains them); `threads` 0 means one per usable core.

    `patience` says how long it may show no life. `gpu_layers` tells how many layers of a model file are wanted on graphics
    processors.
    """

    threads: int
    parallel: int
    context_tokens: int
    memory_mb: int
    findings_path: Path
    patience: Patience = Patience()
    gpu_memory_mb: int = 0
    gpu_layers: Callable[[Path], int] = lambda _: ALL

    @property
    def computing(self) -> int:
        """Threads that compute."""
        return self.threads or usable_cores()


class Child:
    """One running engine process, the queues of its requests, and the last lines it wrote to stderr."""

    def __init__(self, process: asyncio.subprocess.Process, patience: Patience) -> None:
        self.process = process
        self.ended = False
        self._queues: dict[int, asyncio.Queue[protocol.FromChild]] = {}
        self._stderr = b""
        self._watch = Watch(patience)
        self._watching: asyncio.Task[None] | None = None
        self._verdict: Verdict | None = None
        self._tasks = [asyncio.create_task(self._read_events()), asyncio.create_task(self._read_stderr())]

    @classmethod
    async def start(cls, options: EngineOptions) -> Child:
        """Start a process and tell it its limits; raises BackendUnavailable when that is impossible."""
        process = await _python("playground.engine.worker", threads=options.computing)
        child = cls(process, options.patience)
        child.send_nowait(
            Configure(
                threads=options.computing,
                yields=not options.threads,
                parallel=options.parallel,
                context_tokens=options.context_tokens,
                memory_mb=options.memory_mb,
                gpu_memory_mb=options.gpu_memory_mb,
                sign_s=min(_SIGN_S, options.patience.stall_s / 100),
            )
        )
        return child

    @property
    def is_idle(self) -> bool:
        """Whether no request waits for an answer."""
        return not self._queues

    def send(self, request: NeedsModel | Render | Count) -> asyncio.Queue[protocol.FromChild]:
        """Send a request; its answers arrive in the queue, also when the child dies."""
        queue: asyncio.Queue[protocol.FromChild] = asyncio.Queue()
        if self.ended:
            queue.put_nowait(self._death(request.id))
            return queue
        self._queues[request.id] = queue
        self._watch.sent(request.id, time.monotonic())
        self.send_nowait(request)
        self._look_after_it()
        return queue

    def cancel(self, request_id: int) -> None:
        """Ask for the end of a request that nobody waits for any more; a child that does not answer to that is ended."""
        if not self.ended:
            self._watch.stop_asked(request_id, time.monotonic())
            self.send_nowait(Cancel(request_id))
            self._look_after_it()

    def send_nowait(self, message: protocol.ToChild) -> None:
        """Write one line; the pipe buffers, a dead child swallows it."""
        stdin = self.process.stdin
        if stdin and not stdin.is_closing() and not self.ended:
            stdin.write(protocol.encode(message))

    def forget(self, request_id: int) -> None:
        """Drop what still arrives for a request."""
        self._queues.pop(request_id, None)
        self._watch.ended(request_id)

    async def close(self) -> None:
        """Close the child's stdin, wait, and kill it when it does not end."""
        if self.process.stdin:
            self.process.stdin.close()
        try:
            await asyncio.wait_for(self.process.wait(), _CLOSE_S)
        except TimeoutError:
            with suppress(ProcessLookupError):
                self.process.kill()
        if self._watching:
            self._watching.cancel()
        await asyncio.gather(*self._tasks)

    async def _read_events(self) -> None:
        assert self.process.stdout
        try:
            while line := await self.process.stdout.readline():
                message = protocol.decode(line)
                now = time.monotonic()
                if isinstance(message, Alive):
                    self._watch.heard(None, now)
                    continue
                if isinstance(message, protocol.FromChild):
                    self._watch.heard(message.id, now, wrote=isinstance(message, Piece))
                if isinstance(message, protocol.FromChild) and message.id in self._queues:
                    self._queues[message.id].put_nowait(message)
        except ValueError:  # not our protocol: nothing after it can be trusted
            self.process.kill()
        self.ended = True
        await self.process.wait()
        if self.process.stdin:
            self.process.stdin.close()
        await asyncio.wait(self._tasks[1:], timeout=_CLOSE_S)  # the last words on stderr
        for request_id, queue in self._queues.items():
            queue.put_nowait(self._death(request_id))

    def _look_after_it(self) -> None:
        if self._watching is None or self._watching.done():
            self._watching = asyncio.create_task(self._look())

    async def _look(self) -> None:
        """End the process when it shows no life while something waits for it."""
        pause = min(1.0, self._watch.patience.stall_s / 4, self._watch.patience.stop_s / 4)
        pages = pages_read(self.process.pid)
        while self._watch.is_needed and not self.ended:
            before = time.monotonic()
            await asyncio.sleep(pause)
            now = time.monotonic()
            self._watch.excuse(max(0.0, now - before - 2 * pause))  # our own loop was late
            if (read := pages_read(self.process.pid)) != pages:
                pages = read
                self._watch.heard(None, now)
            if (verdict := self._watch.verdict(now)) and not self.ended:
                self._verdict = verdict
                with suppress(ProcessLookupError):
                    self.process.kill()
                return

    async def _read_stderr(self) -> None:
        assert self.process.stderr
        while data := await self.process.stderr.read(_STDERR_BYTES):
            self._stderr = (self._stderr + data)[-_STDERR_BYTES:]

    def _death(self, request_id: int) -> Failed:
        if self._verdict == DEAF:
            return Failed(request_id, "unheard", "The engine process did not answer.", "Run it again.")
        if self._verdict:
            return Failed(
                request_id,
                kind="crash",
                message=f"The engine process stopped moving: no sign of life for {self._watch.limit_s:g} s, so it was ended.",
                hint="The next request starts it again. If the machine is that slow, raise "
                f"PLAYGROUND_{'STALL' if self._watch.is_writing else 'FIRST_TOKEN'}_SECONDS.",
            )
        code = self.process.returncode
        last = self._stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        words = f" Its last words: {last[0][:300]}" if last else ""
        hint = "The next request starts it again. If it happens again, run: playground doctor"
        if code == -signal.SIGKILL:
            hint = "The system may have run out of memory: choose a smaller model. The next request starts it again."
        return Failed(
            request_id,
            kind="crash",
            message=f"The engine process ended ({how_it_ended(code)}) while it worked on this.{words}",
            hint=hint,
        )


async def _python(module: str, *arguments: str, threads: int) -> asyncio.subprocess.Process:
    """Python process of this installation, in a session of its own so that Ctrl-C reaches only the parent."""
    root = str(Path(playground.__file__).parent.parent)
    path = os.pathsep.join(x for x in (root, os.environ.get("PYTHONPATH", "")) if x)
    pipe = asyncio.subprocess.PIPE
    try:
        return await asyncio.create_subprocess_exec(
            *(
                sys.executable,
                "-P",
                "-m",
                module,
                *arguments,
            ),  # -P: a json.py in the user's folder is not ours
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            limit=_LINE_BYTES,
            env=os.environ | thread_environment(threads) | {"PYTHONPATH": path},
            start_new_session=True,
        )
    except OSError as exc:
        raise BackendUnavailable(
            f"The engine process cannot be started: {exc.strerror}.", "Run: playground doctor"
        ) from exc


class Trial(NamedTuple):
    """How a trial run ended (exit code, None when it hung and was killed), and what it found (`probe.py`)."""

    code: int | None
    batches: bool = False


async def trial_run(model: Path, buffers: str, threads: int) -> Trial:
    """Decode some tokens in a throw-away process, `buffers` is "extra" or "plain"; it finds out whether answers may share calls."""
    code, output = await throw_away(
        "playground.engine.probe", str(model), buffers, limit_s=_TRIAL_S, threads=threads
    )
    found: dict[str, Any] = {}
    with suppress(ValueError):
        found = json.loads(output or b"{}")
    return Trial(code, found.get("batches") is True)


async def throw_away(
    module: str, *arguments: str, limit_s: float, threads: int = 1
) -> tuple[int | None, bytes]:
    """Exit code (None when it hung and was killed) and standard output of a process that may die."""
    process = await _python(module, *arguments, threads=threads)
    try:
        output, _ = await asyncio.wait_for(process.communicate(), limit_s)
    except TimeoutError:
        return None, b""
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode, output


def how_it_ended(code: int | None) -> str:
    """Words for an exit code: SIGSEGV, exit code 1, no answer."""
    if code is None:
        return "it did not answer"
    if code < 0:
        with suppress(ValueError):
            return signal.Signals(-code).name
    return f"exit code {code}"
