"""A vLLM server of our own: started, watched and ended by this program.

    async with managed_vllm(settings, "Qwen/Qwen3-0.6B", ("--max-model-len", "4096")) as process:
        process.url, process.log     # it answers; the last lines of its log
        await process.wait()

While the block runs the server stands among the added servers of the data folder. It runs in a process group of its
own under `vllm_guard`, so that it also ends when this program is killed.
"""

from __future__ import annotations

import asyncio
import codecs
import os
import re
import shutil
import socket
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from playground.backends import invariance
from playground.backends.http import Connection
from playground.backends.processes import is_foreign, this_program
from playground.backends.servers import Server, add_server, added_servers, identify, remove_server
from playground.errors import BackendError, NotFoundError, PlaygroundError, SettingsError
from playground.settings import Settings

NAME = "vllm-managed"
KEPT_LINES = 500
LONGEST_LINE = 2_000
GRACE_SECONDS = 10.0
"""Between SIGTERM and SIGKILL."""
POLL_SECONDS = 0.3
INSTALL_HINT = 'Install it with: pip install "prompt-playground[vllm]"'

PORT_TRIES = 5
"""Another program may take a port between its choosing and the moment vLLM listens on it."""

_LINE_ENDS = re.compile(r"[\r\n]+")  # progress bars return to the start of their line
_TAKEN = re.compile(r"address (?:is )?already in use|EADDRINUSE|\[(?:Errno|WinError) (?:98|48|10048)\]", re.I)
_PORT = re.compile(r"port:? (\d+)", re.I)
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class PortTaken(BackendError):
    """vLLM could not listen on its port: another program took it first."""

    def __init__(self, port: int) -> None:
        super().__init__(
            f"Port {port} was taken by another program before vLLM could listen on it.",
            f"Choose another port than {port}, or none: then a free one is looked for.",
        )


@dataclass(slots=True, eq=False)
class VllmProcess:
    """A running `vllm serve`. `log` holds its last lines, without colours and without the key.

    `batch_invariant` says whether it has the mode of that name.
    """

    model: str
    port: int
    settings: Settings
    key: str
    on_line: Callable[[str], None]
    _guard: asyncio.subprocess.Process
    batch_invariant: bool = False
    log: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT_LINES))
    _reader: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Where it listens, on this machine only."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def ended(self) -> bool:
        """Whether no process of it is left."""
        return self._guard.returncode is not None

    async def ready(self) -> None:
        """Return as soon as it answers.

        Raises PortTaken when another program got its port, BackendError with its last words when it ends.
        """
        connection = Connection("vLLM", self.url, self.settings)
        try:
            # No deadline: fetching and loading a large model takes long, and the log shows what happens.
            while not self.ended:
                answers = False
                with suppress(PlaygroundError):
                    await connection.get_text("/health", timeout_s=2.0)
                    answers = not self.ended
                if answers:
                    # Who answers there may be the one that took the port.
                    if await asyncio.to_thread(is_foreign, self.port, self._guard.pid):
                        raise PortTaken(self.port)
                    return
                await asyncio.sleep(POLL_SECONDS)
        finally:
            await connection.close()
        await self.wait()
        if (port := self._taken_port()) is not None:
            raise PortTaken(port)
        raise self._fallen("ended before it was ready")

    def _taken_port(self) -> int | None:
        """The port that its log says is in use: of the server, or of one of vLLM's own that it names."""
        line = next((line for line in reversed(self.log) if _TAKEN.search(line)), None)
        named = _PORT.search(line) if line else None
        return None if line is None else int(named[1]) if named else self.port

    async def wait(self) -> int:
        """Its exit code, when it has ended and its log is complete."""
        code = await self._guard.wait()
        if self._reader is not None:
            await asyncio.wait([self._reader])
        return code

    async def fail_when_ended(self) -> None:
        """Wait for its end, which nobody asked for: raises BackendError with its last words."""
        await self.wait()
        raise self._fallen("has ended")

    async def stop(self) -> None:
        """End all its processes: SIGTERM, after a grace SIGKILL. Harmless when it has ended."""
        if self._guard.stdin is not None:
            self._guard.stdin.close()
        await self.wait()

    def _fallen(self, what: str) -> BackendError:
        last = "\n".join(f"  {line}" for line in list(self.log)[-12:])
        said = f" Its last words:\n{last}\n" if last else ""
        return BackendError(
            f"vLLM {what} (exit code {self._guard.returncode}).{said}",
            "Correct the model name or the options, or give it more memory.",
        )

    async def read_log(self) -> None:
        """Keep the log until the processes have closed it."""
        assert self._guard.stdout is not None
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        rest = ""
        while data := await self._guard.stdout.read(65_536):
            *lines, rest = _LINE_ENDS.split(rest + decoder.decode(data))
            rest = rest[-LONGEST_LINE:]
            for line in lines:
                self._keep(line)
        self._keep(rest)

    def _keep(self, line: str) -> None:
        line = _ESCAPES.sub("", line)
        if self.key:  # vLLM logs the options it was started with
            line = line.replace(self.key, "(key)")
        if line.strip():
            self.log.append(line[:LONGEST_LINE])
            self.on_line(self.log[-1])


async def start_vllm(
    settings: Settings,
    model: str,
    arguments: Sequence[str] = (),
    *,
    port: int | None = None,
    on_line: Callable[[str], None] = lambda _: None,
    grace_s: float = GRACE_SECONDS,
    batch_invariant: bool = False,
) -> VllmProcess:
    """A server that has been started and does not answer yet; the caller stops it.

    Raises SettingsError when vLLM is not installed, the port is taken, an option would undo what is set here, or no
    GPU can be `batch_invariant`.
    """
    program = shutil.which("vllm")
    if program is None:
        raise SettingsError("The command vllm is not installed.", INSTALL_HINT)
    check_arguments(model, arguments)
    if batch_invariant:
        await asyncio.to_thread(invariance.refuse_where_impossible)
    port = free_port(port)
    command = (program, *serve_arguments(model, port, arguments))
    guard = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", str(Path(__file__).with_name("vllm_guard.py")), str(grace_s), *command),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=os.environ | {"PYTHONUNBUFFERED": "1"} | invariance.environment(asked=batch_invariant),
        start_new_session=True,  # Ctrl+C in the terminal is for this program, which ends it in good order
    )
    is_on = invariance.is_on(asked=batch_invariant)
    process = VllmProcess(model, port, settings, key_among(arguments), on_line, guard, is_on)
    process._reader = asyncio.create_task(process.read_log())
    return process


@asynccontextmanager
async def managed_vllm(
    settings: Settings,
    model: str,
    arguments: Sequence[str] = (),
    *,
    port: int | None = None,
    on_line: Callable[[str], None] = lambda _: None,
    grace_s: float = GRACE_SECONDS,
    batch_invariant: bool = False,
) -> AsyncIterator[tuple[VllmProcess, Server]]:
    """A server that answers, with its row among the added servers; both are gone after the block.

    Without a wanted port, one that another program takes meanwhile costs a second start and no more.
    """
    process = await _answering(settings, model, arguments, port, on_line, grace_s, batch_invariant)
    try:
        server = await register(settings, process)
        try:
            yield process, server
        finally:
            forget(settings, server)
    finally:
        # A second Ctrl+C must not leave the model in memory; the guard ends it in any case.
        await asyncio.shield(process.stop())


async def _answering(
    settings: Settings,
    model: str,
    arguments: Sequence[str],
    port: int | None,
    on_line: Callable[[str], None],
    grace_s: float,
    batch_invariant: bool,
) -> VllmProcess:
    """A server that answers; raises BackendError, and then no process is left."""
    tries = 1
    while True:
        process = await start_vllm(
            settings,
            model,
            arguments,
            port=port,
            on_line=on_line,
            grace_s=grace_s,
            batch_invariant=batch_invariant,
        )
        try:
            await process.ready()
            return process
        except PortTaken as exc:
            await asyncio.shield(process.stop())
            if port is not None or tries >= PORT_TRIES:
                raise
            on_line(f"{exc.message} Starting again on another one.")
            tries += 1
        except BaseException:
            await asyncio.shield(process.stop())
            raise


# --- among the added servers ----------------------------------------------------------------------------


async def register(settings: Settings, process: VllmProcess) -> Server:
    """The row of this server, under the first name that no server uses which answers now."""
    taken = {server.name: server for server in added_servers(settings)}
    name, number = NAME, 1
    while name in taken and await identify(taken[name].url, settings):
        number += 1
        name = f"{NAME}-{number}"
    return add_server(
        settings,
        name,
        "vllm",
        process.url,
        process.key,
        owner=this_program(),
        batch_invariant=process.batch_invariant,
    )


def forget(settings: Settings, server: Server) -> None:
    """Take the row away, unless it has been removed or given another address meanwhile."""
    if server in added_servers(settings):
        with suppress(NotFoundError):
            remove_server(settings, server.name)


# --- the command ----------------------------------------------------------------------------------------


def serve_arguments(model: str, port: int, arguments: Sequence[str] = ()) -> tuple[str, ...]:
    """What stands behind `vllm`: without `--generation-config vllm` a model's own defaults would fill gaps."""
    fixed = ("serve", model, "--generation-config", "vllm", "--host", "127.0.0.1", "--port", str(port))
    return (*fixed, *arguments)


FIXED = ("--host", "--port", "--generation-config", "--uds")
"""Set by this program, or a way around it: the server listens on this machine's own address only."""


def check_arguments(model: str, arguments: Sequence[str]) -> None:
    """Raises SettingsError for a model that is none, and for options that are set here, in every spelling.

    vLLM's parser completes a beginning ("--hos") and reads "_" as "-" (argparse; vLLM's FlexibleArgumentParser).
    """
    if not model.strip() or model.startswith("-") or "\0" in "".join((model, *arguments)):
        raise SettingsError(
            f'"{model[:80]}" cannot be the name of a model.',
            "Give a name such as Qwen/Qwen3-0.6B, or a folder with a model.",
        )
    for argument in arguments:
        option = argument.partition("=")[0].replace("_", "-")
        if option.startswith("--") and len(option) > 2 and any(name.startswith(option) for name in FIXED):
            raise SettingsError(
                f"{argument.partition('=')[0]} is set by this program.",
                "The server answers on this machine only. For anything else start vllm serve yourself, then add it.",
            )


def key_among(arguments: Sequence[str]) -> str:
    """The key that the server will ask for: of `--api-key`, else of vLLM's environment variable."""
    for argument, following in zip(arguments, (*arguments[1:], ""), strict=False):
        if argument == "--api-key":
            return following
        if argument.startswith("--api-key="):
            return argument.partition("=")[2]
    return os.environ.get("VLLM_API_KEY", "")


def free_port(wanted: int | None) -> int:
    """The wanted port, else a free one of this machine; raises SettingsError for one that is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted or 0))
        except (OSError, OverflowError) as exc:
            raise SettingsError(f"The port {wanted} cannot be used.", "Choose another --port.") from exc
        return int(probe.getsockname()[1])
