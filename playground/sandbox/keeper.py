"""The process that watches over one program: starts it behind walls, ends it and all that it began, and reports.

    python -I -S -c START      (standard input: an order; the descriptor `report`: what happened, as a literal)

    {"status": 0, "cpu_s": 0.02, "wall_s": 0.03, "why": ""}          it ended by itself, with that status (a signal's is negative)
    {"status": -9, "cpu_s": 0.02, "wall_s": 10.0, "why": "time"}     it was ended: "time", "disk", "files" or "memory"
    {"failed": "unshare: Operation not permitted"}   it was never begun

It has nothing of the playground's in memory, because the program's process is a fork of it. It knows that the
playground is gone when its standard input ends. POSIX only; of the standard library what is quickly imported, because
every program waits for it: no pathlib, typing, contextlib or signal, each of which takes longer than all of this takes to run.
"""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]
import marshal
import os
import select
import stat
import sys
import time
from types import SimpleNamespace

from playground.sandbox import program
from playground.sandbox.fence import Fence
from playground.sandbox.program import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    from playground.sandbox.limits import Limits

_TICK_S = 0.1
_END_S = 2.0


class Order:
    """What to run and how; `walls` are "namespaces", "bubblewrap" (within its own), "kernel" or "python".

    `folder` is an empty one, which the playground removes afterwards; `report` the descriptor to report to, which the program
    does not get.
    """

    def __init__(
        self, code: str, limits: Limits, walls: str, folder: str, readable: tuple[str, ...], report: int
    ) -> None:
        self.code, self.limits, self.walls = code, limits, walls
        self.folder, self.readable, self.report = folder, readable, report


class Ended:
    """How the child of the keeper ended."""

    def __init__(self, status: int, cpu_s: float) -> None:
        self.status, self.cpu_s = status, cpu_s


def main() -> NoReturn:
    """Carry out one order and end."""
    order = _read_order()
    if order.walls != "python":
        # Behind namespaces our own files are out of sight.
        from playground.sandbox import landlock, namespaces, seccomp, syscalls  # noqa: F401
    os.closerange(3, order.report)
    os.closerange(order.report + 1, 1024)
    wake, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    told, tell = os.pipe()
    child = _start(order, tell)
    os.close(tell)
    began = time.monotonic()
    why, ended = _watch(order, child, wake)
    report: dict[str, Any] = {"why": why, "wall_s": round(time.monotonic() - began, 3)}
    ended = _end(order, child, ended)
    if ended:
        report |= {"status": ended.status, "cpu_s": ended.cpu_s}
    # Behind namespaces the child is only the first process; it tells how the program ended.
    if said := os.read(told, 1 << 16):
        report |= marshal.loads(said)
    with suppress(OSError):
        os.write(order.report, repr(report).encode())
    os._exit(0)


def _read_order() -> Order:
    sent: dict[str, Any] = marshal.loads(_read(int.from_bytes(_read(8), "little")))
    limits: Any = SimpleNamespace(**sent.pop("limits"))
    return Order(limits=limits, readable=tuple(sent.pop("readable")), **sent)


def _read(size: int) -> bytes:
    # Not more than that: what comes next on this pipe is its end.
    found = b""
    while len(found) < size:
        piece = os.read(0, size - len(found))
        if not piece:
            os._exit(0)
        found += piece
    return found


# --- starting -------------------------------------------------------------------------------------------


def _start(order: Order, tell: int) -> int:
    """The child in which, or below which, the program runs; its end is the program's end."""
    ready, begin = os.pipe()
    failed = ""
    if order.walls == "namespaces":
        from playground.sandbox import namespaces

        try:
            namespaces.enter()
        except OSError as exc:
            failed = str(exc)
    if child := os.fork():
        os.close(ready)
        if order.walls == "python" and sys.platform == "linux":
            from playground.sandbox import syscalls

            with suppress(OSError):  # what the program leaves behind comes back to us
                syscalls.prctl(syscalls.PR_SET_CHILD_SUBREAPER, 1)
        os.close(begin)
        return child
    signal.set_wakeup_fd(-1)
    os.close(begin)
    os.read(ready, 1)
    os.close(ready)
    os.setpgid(0, 0)
    if failed:
        _give_up(tell, failed)
    if order.walls == "namespaces":
        _be_first(order, tell)
    _play(order, tell, order.folder)


def _be_first(order: Order, tell: int) -> NoReturn:
    """Be process 1 of the new world: furnish it, have the program, tell its end. What is left then ends with us."""
    from playground.sandbox import namespaces, syscalls

    try:
        syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
        namespaces.furnish(order.folder, order.readable, order.limits)
        child = os.fork()
    except OSError as exc:
        _give_up(tell, str(exc))
    if not child:
        _play(order, tell, namespaces.WORK)
    while (ended := os.wait4(-1, 0))[0] != child:
        pass
    status, used = ended[1:]
    report = {"status": os.waitstatus_to_exitcode(status), "cpu_s": used.ru_utime + used.ru_stime}
    os.write(tell, marshal.dumps(report))
    os._exit(0)


def _play(order: Order, tell: int, folder: str) -> NoReturn:
    """Be the program."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.close(order.report)
    behind_kernel = order.walls != "python"
    try:
        program.prepare(order.limits, folder, _walls(order, folder) if behind_kernel else None)
    except (OSError, ValueError) as exc:
        _give_up(tell, str(exc))
    os.closerange(3, 1024)
    program.play(order.code, Fence(folder, order.readable, alone=not behind_kernel))


def _walls(order: Order, folder: str) -> Callable[[], None]:
    """What has the kernel refuse things to the calling process. Within namespaces Landlock is one wall more."""

    def raise_them() -> None:
        from playground.sandbox import landlock, seccomp, syscalls

        syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
        syscalls.drop_capabilities()
        syscalls.prctl(syscalls.PR_SET_DUMPABLE, 0)  # a crash is for nobody to keep
        try:
            landlock.restrict(read=order.readable, write=(folder, *syscalls.DEVICES))
        except OSError:
            if order.walls == "kernel":
                raise
        seccomp.install(os.getpid())

    return raise_them


def _give_up(tell: int, problem: str) -> NoReturn:
    os.write(tell, marshal.dumps({"failed": problem}))
    os._exit(0)


# --- watching and ending --------------------------------------------------------------------------------


def _watch(order: Order, child: int, wake: int) -> tuple[str, Ended | None]:
    """Wait for the end: why it has to be brought about, or how it came by itself."""
    deadline = time.monotonic() + order.limits.wall_s
    while True:
        pause = min(_TICK_S, max(0.0, deadline - time.monotonic()))
        heard, _, _ = select.select([0, wake], [], [], pause)
        if wake in heard:
            os.read(wake, 1 << 10)
        if ended := _look(child):
            return "", ended
        if 0 in heard and not os.read(0, 1):
            return "gone", None
        if time.monotonic() >= deadline:
            return "time", None
        # Behind namespaces the folder is a file system of limited size.
        if order.walls != "namespaces" and (why := too_much(order.folder, order.limits)):
            return why, None
        if sys.platform == "darwin" and _resident_mb(child) > order.limits.memory_mb:
            return "memory", None


def _look(child: int, flags: int = os.WNOHANG) -> Ended | None:
    with suppress(ChildProcessError):
        number, status, used = os.wait4(child, flags)
        if number:
            return Ended(os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime)
    return None


def too_much(folder: str, limits: Limits) -> str:
    """What there is too much of in the folder, "disk" or "files", else nothing."""
    places, count, size_bytes = [folder], 0, 0
    while places:
        place = places.pop()
        try:
            with os.scandir(place) as found:
                entries = [(entry.path, entry.stat(follow_symlinks=False)) for entry in found]
        except FileNotFoundError:
            continue
        except PermissionError:  # made so that its owner cannot look into it
            with suppress(OSError):
                os.chmod(place, 0o700)
            continue
        except OSError:  # nested deeper than a path may be long
            return "files"
        for path, facts in entries:
            count += 1
            size_bytes += facts.st_blocks * 512
            if stat.S_ISDIR(facts.st_mode):
                places.append(path)
        if size_bytes > limits.disk_mb << 20:
            return "disk"
        if count > limits.files:
            return "files"
    return ""


def _resident_mb(process: int) -> float:
    """The memory that a process really uses; macOS keeps no limit of it."""
    import subprocess

    said = subprocess.run(
        ["/bin/ps", "-o", "rss=", "-p", str(process)], capture_output=True, text=True, check=False
    )
    return int(said.stdout.strip() or 0) / 1024


def _end(order: Order, child: int, ended: Ended | None) -> Ended | None:
    """End the child, its group and, where none but Python refuses new processes, all that came from them."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    if not ended:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        ended = _look(child, 0)
    deadline = time.monotonic() + _END_S
    while order.walls == "python" and sys.platform == "linux" and time.monotonic() < deadline:
        left = _children()
        if not left:
            break
        for number in left:
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
            _look(number, 0)
    return ended


def _children() -> list[int]:
    """The processes whose parent we are, or have become."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError, IndexError), open(f"/proc/{name}/stat") as facts:
            if int(facts.read().rpartition(")")[2].split()[1]) == os.getpid():
                found.append(int(name))
    return found
