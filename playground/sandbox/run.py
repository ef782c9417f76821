r"""Run a program that a model has written.

    result = await run("print(6 * 7)")      → Result(output="42\\n", reason="It ended by itself.", level="isolated", …)

Every program gets a new process, an empty folder and nothing of the playground's: no environment, no open file.
"""

from __future__ import annotations

import ast
import asyncio
import marshal
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal
from weakref import WeakKeyDictionary

from playground.errors import PlaygroundError
from playground.sandbox.launch import WORK, an_empty_folder, python, readable, wrapped
from playground.sandbox.levels import LEVELS, RISK, Level, LevelName, bubblewrap
from playground.sandbox.limits import Limits
from playground.sandbox.result import Result, judge, printable

_ENVIRONMENT = {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "PATH": "", "MALLOC_ARENA_MAX": "1"}
_GRACE_S = 10.0
"""How much longer than the program its keeper may take, on a machine that is busy."""
_CHUNK = 1 << 14
_END_S = 3.0


USUAL = Limits()
Walls = Literal["namespaces", "bubblewrap", "kernel", "python"]
LEVEL_BEHIND: dict[Walls, LevelName] = {
    "namespaces": "isolated",
    "bubblewrap": "isolated",
    "kernel": "restricted",
    "python": "weak",
}
"""What holds a program → the level that this is; "kernel" is Landlock with a list of system calls."""


class SandboxUnavailable(PlaygroundError):
    """A program cannot be run here, or not at the level that was asked for."""


async def run(code: str, *, limits: Limits = USUAL, level: LevelName | None = None) -> Result:
    """Run one program at the strongest level there is, or at that one; raises SandboxUnavailable.

    Whatever the program does is a result. Cancelling ends it.
    """
    limits.check()
    if len(code) > limits.code_chars:
        reason = f"It was not started: {len(code):,} characters of code are more than {limits.code_chars:,}."
        return Result("", "", reason, 0.0, level or (await level_here()).name, "failed")
    return await _run_at(code, limits, level or (await level_here()).name)


async def level_here() -> Level:
    """The strongest level of this machine; raises SandboxUnavailable where there is none."""
    return LEVELS[(await _tried())[0]]


async def why_not_stronger() -> dict[LevelName, str]:
    """For each level above this machine's, what stood in the way."""
    return (await _tried())[1]


async def what_it_is_worth() -> str:
    """What to say where the sandbox is switched on: the risk, and how strongly this machine holds a program."""
    level = await level_here()
    return f"{RISK} This machine's level is “{level.name}”: {level.guarantees}"


_found: list[tuple[LevelName, dict[LevelName, str]]] = []


async def _tried() -> tuple[LevelName, dict[LevelName, str]]:
    if not _found:
        problems: dict[LevelName, str] = {}
        for name in LEVELS:
            try:
                await _run_at("print('ready')", Limits(), name)
            except SandboxUnavailable as exc:
                problems[name] = exc.message
            else:
                _found.append((name, problems))
                break
        else:
            raise SandboxUnavailable(problems["weak"], "Run the playground on Linux or macOS.")
    return _found[0]


async def _run_at(code: str, limits: Limits, level: LevelName) -> Result:
    """Run at that level, in the first of its ways that this machine has."""
    problems = []
    for walls in (walls for walls, name in LEVEL_BEHIND.items() if name == level):
        try:
            return await run_behind(walls, code, limits)
        except SandboxUnavailable as exc:
            problems.append(exc)
    hint = next((problem.hint for problem in problems if problem.hint), "")
    raise SandboxUnavailable("; ".join(problem.message for problem in problems), hint)


async def run_behind(walls: Walls, code: str, limits: Limits) -> Result:
    """Run behind these walls, and no others; raises SandboxUnavailable."""
    if os.name != "posix":
        raise SandboxUnavailable(
            "Programs that a model writes are not run on Windows: there is no sandbox for them.",
            "Run the playground on Linux or macOS, or in WSL.",
        )
    if walls != "python" and sys.platform != "linux":
        raise SandboxUnavailable(f"{walls}: not on this system", LEVELS["weak"].stronger)
    if walls == "bubblewrap" and not bubblewrap():
        raise SandboxUnavailable("bubblewrap: not installed")
    async with _turn():
        with an_empty_folder() as folder:
            report, output, error, cut = await _keep(code, limits, walls, folder)
    if "failed" in report:
        raise SandboxUnavailable(f"{walls}: {report['failed']}")
    shown, complaint = printable(output), printable(error)
    if "why" not in report:
        raise SandboxUnavailable(f"{walls}: {complaint.strip()[-300:] or 'its keeper ended without a word'}")
    report |= {"why": "output"} if cut else {}
    ending, reason = judge(report, shown, complaint, limits)
    return Result(shown, complaint, reason, float(report["wall_s"]), LEVEL_BEHIND[walls], ending)


async def _keep(
    code: str, limits: Limits, walls: Walls, folder: Path
) -> tuple[dict[str, Any], bytes, bytes, bool]:
    """What the keeper reported, the two streams, and whether one of them was cut."""
    here, there = os.pipe()
    try:
        order = {"code": code, "limits": limits._asdict(), "walls": walls, "report": there}
        order |= {"folder": WORK if walls == "bubblewrap" else str(folder), "readable": readable()}
        home = WORK if LEVEL_BEHIND[walls] == "isolated" else str(folder)
        command = [*(wrapped(folder) if walls == "bubblewrap" else ()), *python()]
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env={**_ENVIRONMENT, "HOME": home, "TMPDIR": home},
                cwd="/",
                pass_fds=(there,),
                start_new_session=True,
            )
        except OSError as exc:
            return {"failed": f"{command[0]} does not start: {exc.strerror}"}, b"", b"", False
        os.close(there)
        there = -1
        output, error, cut = await _attend(process, marshal.dumps(order), limits)
        os.set_blocking(here, False)
        with suppress(BlockingIOError, SyntaxError):
            return ast.literal_eval(os.read(here, 1 << 16).decode()), output, error, cut
        return {}, output, error, cut
    finally:
        os.close(here)
        if there >= 0:
            os.close(there)


async def _attend(
    process: asyncio.subprocess.Process, order: bytes, limits: Limits
) -> tuple[bytes, bytes, bool]:
    """Give the keeper its order, gather both streams and see its end, whatever comes between."""
    assert process.stdin and process.stdout and process.stderr
    stdin = process.stdin
    cut = False

    def too_much() -> None:
        nonlocal cut
        cut = True
        stdin.close()  # the keeper ends everything then

    kept: tuple[bytearray, bytearray] = (bytearray(), bytearray())
    readers = [
        asyncio.create_task(_gather(stream, into, limits.output_bytes, too_much))
        for stream, into in zip((process.stdout, process.stderr), kept, strict=True)
    ]
    try:
        with suppress(ConnectionError):
            stdin.write(len(order).to_bytes(8, "little") + order)
            await stdin.drain()
        async with asyncio.timeout(limits.wall_s + _GRACE_S):
            await process.wait()
    except TimeoutError:
        pass  # a keeper that does not end is ended below
    finally:
        stdin.close()
        await asyncio.shield(_see_end(process))
        # Nobody else may hold the pipes now; where a stray process could, it is not waited for.
        await asyncio.wait(readers, timeout=1)
        for reader in readers:
            reader.cancel()
        process._transport.close()  # type: ignore[attr-defined]  # asyncio has no other way to close the pipes
    return bytes(kept[0]), bytes(kept[1]), cut


async def _gather(
    stream: asyncio.StreamReader, into: bytearray, most: int, too_much: Callable[[], None]
) -> None:
    """Keep the beginning of a stream; what is beyond is read and thrown away, after a word."""
    told = False
    while piece := await stream.read(_CHUNK):
        room = most - len(into)
        into += piece[:room]
        if len(piece) > room and not told:
            told = True
            too_much()


async def _see_end(process: asyncio.subprocess.Process) -> None:
    try:
        async with asyncio.timeout(_END_S):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def _turn() -> asyncio.Semaphore:
    """As many programs at a time as there are cores: more of them would only run each other into their time."""
    return _turns.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(max(2, os.cpu_count() or 1)))


_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()
