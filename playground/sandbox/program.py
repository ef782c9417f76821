"""The program's own process, from its first moment to its last.

    prepare(limits, folder, walls)       what is taken away here cannot be got back
    play(code, Fence(…))                 never returns

Runs in a fork of the keeper.
"""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]
import builtins
import os
import resource
import sys
from types import ModuleType, TracebackType

from playground.sandbox.fence import SOURCE, Fence, put_up

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    from playground.sandbox.limits import Limits

FILE = "program.py"
"""What tracebacks call the program."""
_MESSAGE_CHARS = 4000


class suppress:
    """What contextlib has under this name, without what contextlib imports."""

    def __init__(self, *kinds: type[BaseException]) -> None:
        self._kinds = kinds

    def __enter__(self) -> None:
        """Nothing is got."""

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        """Whether what was raised is one of these."""
        return kind is not None and issubclass(kind, self._kinds)


def prepare(limits: Limits, folder: str, walls: Callable[[], None] | None) -> None:
    """Hold the calling process to its folder and limits, and have the kernel refuse it everything else.

    Without `walls` that is left to Python. Raises OSError when the walls cannot be had.
    """
    os.chdir(folder)
    for number in (signal.SIGPIPE, signal.SIGINT, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    _limit(limits, threads=walls is not None)
    if walls:
        walls()


def play(code: str, fence: Fence) -> NoReturn:
    """Run the program, and end the process as a program ends."""
    end = os._exit  # the program may put something else in its place
    for stream in (sys.stdout, sys.stderr):
        # What a program has printed stays when it is killed.
        stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)  # type: ignore[union-attr]
    # With the site module left out, these two would be missing.
    builtins.exit = builtins.quit = sys.exit  # type: ignore[assignment]
    main = ModuleType("__main__")
    main.__dict__.update(__file__=FILE, __builtins__=builtins, __loader__=Source(code))
    intact = dict(vars(builtins))
    sys.dont_write_bytecode = True
    for name in [name for name in sys.modules if name.partition(".")[0] == "playground"]:
        del sys.modules[name]
    sys.modules["__main__"] = main
    sys.argv = [FILE]
    put_up(fence)
    try:
        exec(compile(code, FILE, "exec", dont_inherit=True), main.__dict__)
        status = 0
    except SystemExit as exc:
        status = _exit_status(exc.code)
    except BaseException as exc:  # the program's own, whatever it is, ends here
        status = 1
        vars(builtins).update(intact)
        if isinstance(exc, MemoryError):
            main.__dict__.clear()  # for there must be some left to say so
        _show(exc)
    _finish()
    end(status)
    raise SystemExit  # unreachable


class Source:
    """Where tracebacks find the program's lines."""

    def __init__(self, code: str) -> None:
        self.code = code

    def get_source(self, _name: str) -> str:
        """The program, whatever the module is called."""
        return self.code


def _limit(limits: Limits, *, threads: bool) -> None:
    """Bounds that the kernel keeps; `threads` says that the walls tell threads from processes."""
    sizes = {
        resource.RLIMIT_FSIZE: limits.disk_mb << 20,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_AS: limits.memory_mb << 20,
    }
    if not threads:
        sizes[resource.RLIMIT_NPROC] = 0
    for name, most in sizes.items():
        # macOS does not keep the one of address space, and says so.
        with suppress(ValueError, OSError):
            resource.setrlimit(name, (most, most))
    # First a signal that says what it is for; one second later one that cannot be ignored.
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_s, limits.cpu_s + 1))


def _exit_status(code: Any) -> int:
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    with suppress(BaseException):  # its text is the program's own code
        print(code, file=sys.stderr)
    return 1


def _show(exc: BaseException) -> None:
    """Print what went wrong as Python does, from the program's first line on; a huge message is cut."""
    try:
        import traceback  # most programs do without

        where: TracebackType | None = exc.__traceback__
        while where is not None and where.tb_frame.f_code.co_filename != FILE:
            where = where.tb_next
        told = traceback.TracebackException(type(exc), exc, where)
        shown: traceback.TracebackException | None = told
        while shown is not None:
            # The sandbox's own frames would only puzzle.
            shown.stack = traceback.StackSummary.from_list(
                [frame for frame in shown.stack if frame.filename != SOURCE]
            )
            shown = shown.__cause__ or shown.__context__
        text = "".join(told.format())
    except BaseException:  # a message that cannot be made is the program's own fault too
        name = type(exc).__name__
        text = f"{name}\n" if isinstance(exc, MemoryError) else f"{name}: (its message cannot be shown)\n"
    if len(text) > 2 * _MESSAGE_CHARS:
        text = f"{text[:_MESSAGE_CHARS]}\n… ({len(text) - 2 * _MESSAGE_CHARS:,} characters left out)\n{text[-_MESSAGE_CHARS:]}"
    with suppress(BaseException):
        os.write(2, text.encode("utf-8", "backslashreplace"))


def _finish() -> None:
    """Wait for its threads and run what it left for the end."""
    import atexit

    with suppress(BaseException):
        if "threading" in sys.modules:
            sys.modules["threading"]._shutdown()
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(BaseException):
            stream.flush()
