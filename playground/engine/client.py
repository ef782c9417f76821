"""The parent's end of the engine: starts the child on first use, talks to it, starts it again after a crash.

    async for event in engine.generate(path, [["user", "Hi"]], sampling): ...      Started, Piece…, Done

Leaving the loop early (task cancelled, generator closed) stops the work in the child. A child that dies fails
exactly the requests that were running; the next one gets a new child.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import playground
from playground.engine import protocol
from playground.engine.cores import thread_environment, usable_cores
from playground.engine.findings import Findings
from playground.engine.gguf import Header, read_header
from playground.engine.protocol import (
    Cancel,
    Configure,
    Count,
    Counted,
    Done,
    Failed,
    Generate,
    Piece,
    Render,
    Rendered,
    Started,
)
from playground.errors import BackendError, BackendUnavailable, ContextOverflow
from playground.types import Sampling

_LINE_BYTES = 256 << 20  # the token ids of a very long preview are one line
_STDERR_BYTES = 4000
_CLOSE_S = 2.0
_PROBE_S = 60.0


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """Limits of the child (`Configure` explains them); `threads` 0 means one per usable core."""

    threads: int
    parallel: int
    context_tokens: int
    memory_mb: int
    findings_path: Path

    @property
    def thread_count(self) -> int:
        """Threads the child really uses."""
        return self.threads or usable_cores()


class Engine:
    """One engine process at most. All methods belong to one event loop."""

    def __init__(self, options: EngineOptions) -> None:
        self.options = options
        self.starts = 0
        self._findings: Findings | None = None
        self._child: _Child | None = None
        self._starting = asyncio.Lock()
        self._probing = asyncio.Lock()
        self._ids = itertools.count(1)
        self._closed = False

    @property
    def findings(self) -> Findings:
        """What is remembered about this build and these files; read on first use."""
        if self._findings is None:
            self._findings = Findings(self.options.findings_path)
        return self._findings

    @property
    def pid(self) -> int | None:
        """Process id of the running child."""
        return self._child.process.pid if self._child and not self._child.ended else None

    async def generate(
        self, model: Path, messages: list[list[str]], sampling: Sampling
    ) -> AsyncGenerator[Started | Piece | Done]:
        """One Started, pieces of text, one Done; raises BackendError (ContextOverflow when the prompt does not fit)."""
        if sampling.seed is None:
            raise BackendError("A request reached the engine without a seed.", "Draw one before sending.")
        header = await asyncio.to_thread(read_header, model)
        child, extra_buffers = await asyncio.gather(self._running_child(), self._extra_buffers(header))
        request = Generate(
            id=next(self._ids),
            model=str(model),
            extra_buffers=extra_buffers,
            digest=self.findings.digest(model),
            messages=messages,
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            top_k=sampling.top_k,
            min_p=sampling.min_p,
            repetition_penalty=sampling.repetition_penalty,
            presence_penalty=sampling.presence_penalty,
            frequency_penalty=sampling.frequency_penalty,
            seed=sampling.seed,
            max_tokens=sampling.max_tokens,
            stop=list(sampling.stop),
        )
        answers = await child.send(request)
        has_ended = False
        try:
            while not has_ended:
                event = await answers.get()
                has_ended = isinstance(event, Done | Failed)
                if isinstance(event, Failed):
                    raise to_error(event)
                if isinstance(event, Done) and event.digest:
                    self.findings.remember_digest(model, event.digest)
                assert isinstance(event, Started | Piece | Done)
                yield event
        finally:
            child.forget(request.id)
            if not has_ended:
                child.send_nowait(Cancel(request.id))

    async def render(self, model: Path, messages: list[list[str]]) -> Rendered:
        """Exact text and token ids after the model's chat template."""
        answer = await self._ask(Render(next(self._ids), str(model), messages))
        assert isinstance(answer, Rendered)
        return answer

    async def count(self, model: Path, texts: Sequence[str]) -> list[int]:
        """Tokens of each plain text."""
        answer = await self._ask(Count(next(self._ids), str(model), list(texts)))
        assert isinstance(answer, Counted)
        return answer.counts

    async def close(self) -> None:
        """End the child; further requests are refused."""
        self._closed = True
        async with self._starting:
            if self._child:
                await self._child.close()
            self._child = None

    async def _ask(self, question: Render | Count) -> protocol.FromChild:
        child = await self._running_child()
        answers = await child.send(question)
        try:
            answer = await answers.get()
        finally:
            child.forget(question.id)
        if isinstance(answer, Failed):
            raise to_error(answer)
        return answer

    async def _running_child(self) -> _Child:
        async with self._starting:
            if self._closed:
                raise BackendUnavailable("The engine has been shut down.", "Start the app again.")
            if self._child is None or self._child.ended:
                self._child = await _Child.start(self.options)
                self.starts += 1
            return self._child

    async def _extra_buffers(self, header: Header) -> bool:
        """Whether llama.cpp's extra buffers are safe for models like this one; probes when that is not known."""
        async with self._probing:
            known = self.findings.extra_buffers(header.quantization)
            if known is not None:
                return known
            code = await _probe(header.path, "extra")
            if code is not None and code > 0:
                return True  # an ordinary error, not a crash: the engine will say what is wrong
            if code == 0:
                self.findings.remember_extra_buffers(header.quantization, True)
                return True
            plain = await _probe(header.path, "plain")
            if plain == 0:
                self.findings.remember_extra_buffers(header.quantization, False)
                return False
            raise BackendError(
                f"llama.cpp dies on {header.path.name} in a trial run ({_how_it_ended(plain)}), with and without extra buffers.",
                "Choose another model, or reinstall llama-cpp-python for this CPU.",
            )


class _Child:
    """One running engine process, the queues of its requests, and the last lines it wrote to stderr."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.ended = False
        self._queues: dict[int, asyncio.Queue[protocol.FromChild]] = {}
        self._stderr = b""
        self._tasks = [asyncio.create_task(self._read_events()), asyncio.create_task(self._read_stderr())]

    @classmethod
    async def start(cls, options: EngineOptions) -> _Child:
        process = await _python("playground.engine.worker", threads=options.thread_count)
        child = cls(process)
        child.send_nowait(
            Configure(
                threads=options.thread_count,
                parallel=options.parallel,
                context_tokens=options.context_tokens,
                memory_mb=options.memory_mb,
            )
        )
        return child

    async def send(self, request: Generate | Render | Count) -> asyncio.Queue[protocol.FromChild]:
        """Send a request; its answers arrive in the queue, also when the child dies."""
        queue: asyncio.Queue[protocol.FromChild] = asyncio.Queue()
        if self.ended:
            queue.put_nowait(self._death(request.id))
            return queue
        self._queues[request.id] = queue
        self.send_nowait(request)
        return queue

    def send_nowait(self, message: protocol.ToChild) -> None:
        """Write one line; the pipe buffers, a dead child swallows it."""
        stdin = self.process.stdin
        if stdin and not stdin.is_closing() and not self.ended:
            stdin.write(protocol.encode(message))

    def forget(self, request_id: int) -> None:
        """Drop what still arrives for a request."""
        self._queues.pop(request_id, None)

    async def close(self) -> None:
        """Close the child's stdin, wait, and kill it when it does not end."""
        if self.process.stdin:
            self.process.stdin.close()
        try:
            await asyncio.wait_for(self.process.wait(), _CLOSE_S)
        except TimeoutError:
            with suppress(ProcessLookupError):
                self.process.kill()
        await asyncio.gather(*self._tasks)

    async def _read_events(self) -> None:
        assert self.process.stdout
        try:
            while line := await self.process.stdout.readline():
                message = protocol.decode(line)
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

    async def _read_stderr(self) -> None:
        assert self.process.stderr
        while data := await self.process.stderr.read(_STDERR_BYTES):
            self._stderr = (self._stderr + data)[-_STDERR_BYTES:]

    def _death(self, request_id: int) -> Failed:
        code = self.process.returncode
        last = self._stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        words = f" Its last words: {last[0][:300]}" if last else ""
        hint = "The next request starts it again. If it happens again, run: playground doctor"
        if code == -signal.SIGKILL:
            hint = "The system may have run out of memory: choose a smaller model. The next request starts it again."
        return Failed(
            request_id,
            kind="crash",
            message=f"The engine process ended ({_how_it_ended(code)}) while it worked on this.{words}",
            hint=hint,
        )


def to_error(failed: Failed) -> BackendError:
    """Exception that a failure message stands for."""
    if failed.kind == "overflow":
        return ContextOverflow(failed.prompt_tokens, failed.context_tokens)
    if failed.kind == "crash":
        return BackendUnavailable(failed.message, failed.hint)
    return BackendError(failed.message, failed.hint)


async def _python(module: str, *arguments: str, threads: int = 1) -> asyncio.subprocess.Process:
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


async def _probe(model: Path, buffers: str) -> int | None:
    """Exit code of a trial run in a throw-away process; None when it hung and was killed."""
    process = await _python("playground.engine.probe", str(model), buffers)
    try:
        await asyncio.wait_for(process.communicate(), _PROBE_S)
    except TimeoutError:
        return None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode


def _how_it_ended(code: int | None) -> str:
    """Words for an exit code: SIGSEGV, exit code 1, no answer."""
    if code is None:
        return "it did not answer"
    if code < 0:
        with suppress(ValueError):
            return signal.Signals(-code).name
    return f"exit code {code}"
