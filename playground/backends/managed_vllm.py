"""A vLLM server that the page started: its log and health while it runs, and its options as a person types them.

server = Managed("Qwen/Qwen3-0.6B", parse_arguments("--max-model-len 4096"))
async for step in serve(server, settings, on_change): ...   # starting, answers, (does not answer), until it ends
server.state, server.log
"""

from __future__ import annotations

import asyncio
import re
import shlex
import shutil
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

from playground.backends.http import Connection
from playground.backends.servers import Server
from playground.backends.vllm_process import (
    INSTALL_HINT,
    KEPT_LINES,
    check_arguments,
    key_among,
    managed_vllm,
)
from playground.errors import PlaygroundError, SettingsError
from playground.settings import Settings
from playground.types.servers import Progress

HEALTH_SECONDS = 2.0
"""How often it is asked whether it answers, and how long it may take."""

_ASKED = re.compile(r'"GET /(health|metrics|version|v1/models) HTTP/1\.1" \d')

ManagedState = Literal["starting", "answers", "silent"]


@dataclass(slots=True, eq=False)
class Managed:
    """A server of ours. `server` is its row among the backends once it answers; `log` has no key in it."""

    model: str
    arguments: tuple[str, ...] = ()
    batch_invariant: bool = False
    state: ManagedState = "starting"
    server: Server | None = None
    log: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT_LINES))

    def note(self, line: str) -> None:
        """Keep a line of the log, unless it tells of our own questions: every two seconds, they would bury the rest."""
        if not _ASKED.search(line):
            self.log.append(line)

    @property
    def options(self) -> str:
        """The further options as one line, without the key."""
        key = key_among(self.arguments)
        line = shlex.join(text.replace(key, "(key)") if key else text for text in self.arguments)
        return f"{line} batch-invariant".strip() if self.batch_invariant else line


async def serve(
    managed: Managed, settings: Settings, on_change: Callable[[str], Awaitable[None]]
) -> AsyncGenerator[Progress]:
    """Run it until it is cancelled or ends by itself, which raises BackendError with its last words.

    `on_change(name)` is awaited when the backend of that name has come or gone.
    """
    yield Progress("starting")
    try:
        run = managed_vllm(
            settings,
            managed.model,
            managed.arguments,
            on_line=managed.note,
            batch_invariant=managed.batch_invariant,
        )
        async with run as (process, server):
            managed.server, managed.state = server, "answers"
            await on_change(server.name)
            connection = Connection("vLLM", process.url, settings, key=process.key)
            end = asyncio.create_task(process.fail_when_ended())
            try:
                while not (await asyncio.wait([end], timeout=HEALTH_SECONDS))[0]:
                    managed.state = "answers" if await _is_well(connection) else "silent"
                    yield Progress(managed.state)
                await end
            finally:
                end.cancel()
                await asyncio.gather(end, return_exceptions=True)
                await connection.close()
    finally:
        if managed.server is not None:
            await on_change(managed.server.name)


async def _is_well(connection: Connection) -> bool:
    try:
        await connection.get_text("/health", timeout_s=HEALTH_SECONDS)
    except PlaygroundError:
        return False
    return True


# --- options --------------------------------------------------------------------------------------------


def require_vllm() -> None:
    """Raises SettingsError, with how to install it, when there is no `vllm` that can be started."""
    if shutil.which("vllm") is None:
        raise SettingsError("The command vllm is not installed.", INSTALL_HINT)


def parse_arguments(model: str, text: str) -> tuple[str, ...]:
    """The words of the further options, as a shell would cut them; nothing is run by a shell.

    Raises SettingsError for an open quotation mark, a model that is none, and options that would let others in.
    """
    try:
        arguments = tuple(shlex.split(text))
    except ValueError as exc:
        raise SettingsError(
            f"The options cannot be read: {str(exc).lower()}.", "Close every quotation mark."
        ) from exc
    check_arguments(model, arguments)
    return arguments
