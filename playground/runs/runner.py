"""Runs cells at the same time and tells what happens to each: the only place that fans out.

    execution = Execution(works, backend_of, gates={"llama.cpp": Gate(lambda: 8)}, settle)
    async for event in execution.events():   # Started, Delta…, what `settle` made of Finished or Failed, for every cell
        ...

Leaving `events()` (closed tab, cancelled task) cancels every cell and closes its stream, which stops the work
on the server, before the first token too.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Generic, Literal, Protocol, TypeVar, cast

from playground.backends.base import Backend, Fold
from playground.backends.deadlines import Deadline
from playground.errors import BackendBusy, BackendUnavailable, NoAnswer, PlaygroundError, TooSlow
from playground.runs.cells import Delta, End, Failed, Finished, Started, Stepped, Waits
from playground.runs.gate import Gate, Rank, watched
from playground.runs.outbox import Outbox
from playground.runs.single import Call, MakeProgram, Program, Single
from playground.types.generation import Chunk, Completion
from playground.types.grid import CellKey, Work
from playground.types.trace import Answer, Step
from playground.waiting import listen

__all__ = ["Delta", "End", "Execution", "Failed", "Finished", "Places", "Started", "Stepped", "Waits"]

log = logging.getLogger(__name__)


class Places(AbstractAsyncContextManager[None], Protocol):
    """Places for calls at the same time: a semaphore, or `gate.Gate`."""

    def locked(self) -> bool:
        """Whether the next one has to wait."""
        ...


E = TypeVar("E")
Tells = Literal["all", "whole", "ends"]

EVERY = (None, None, None)


class Execution(Generic[E]):
    """Cells under way. `stop()` ends one, a column or all of them; what had arrived is kept as "cancelled".

    What `settle` makes of the end of a cell (scores and stores it) is told in place of the end. It is not stopped
    with the cell, and the other cells go on meanwhile.
    """

    def __init__(
        self,
        cells: Iterable[Work],
        backend_of: Callable[[str], Backend],
        gates: Mapping[str, Places],
        settle: Callable[[End], Awaitable[E]],
        rank: Rank = watched,
        *,
        window: int | None = None,
        tells: Tells = "all",
        retry: Sequence[float] = (),
        program: MakeProgram = Single,
        timeout_s: float | None = None,
    ) -> None:
        """The cells are taken from the iterable one by one, `window` of them at the same time (None: all at once).

        `rank` is that of its calls at a `Gate`: the lowest is let in first. What it `tells`: text as it comes and what is
        waited for, no text before its end, or beginnings, steps and ends alone. A call that a server is too busy for, or
        does not answer, is made again after each of the seconds of `retry`, unless text had come. `program` is how each
        gets its answer: the prompt as it is makes one call. A call that has not ended after `timeout_s` in its place
        fails; so much counts for each try.
        """
        self._source = iter(cells)
        self._backend_of = backend_of
        self._gates = gates
        self._settle = settle
        self._rank = rank
        self._window = window
        self._tells = tells
        self._retry = tuple(retry)
        self._program = program
        self._timeout_s = timeout_s
        self._outbox: Outbox[Started | Waits | Delta | Stepped | E | BaseException | None] = Outbox()
        self._tasks: dict[CellKey, asyncio.Task[None]] = {}
        self._begun: set[CellKey] = set()
        self._settling: set[asyncio.Task[None]] = set()
        self._stops: set[tuple[int | None, int | None, int | None]] = set()
        self._is_paused = False
        self._is_drained = False
        self._is_closing = False
        self._over = asyncio.Event()

    def stop(self, variant: int | None = None, repeat: int | None = None, *, case: int | None = None) -> None:
        """Cancel every cell with these numbers (all, without any); those unknown or ended are no error."""
        self._stops.add((case, variant, repeat))
        for key, task in list(self._tasks.items()):
            if self._is_stopped(key):
                task.cancel()
        if (case, variant, repeat) == EVERY and self._is_paused:
            self.resume()

    def hold(self) -> None:
        """Stop the cells whose first request is not on its way; the others go on to their end."""
        for key, task in list(self._tasks.items()):
            if key not in self._begun:
                task.cancel()

    def pause(self) -> None:
        """Begin no further cell; those that have begun go on to their end."""
        self._is_paused = True

    def resume(self) -> None:
        """Go on after `pause`."""
        self._is_paused = False
        self._fill()

    async def events(self) -> AsyncGenerator[Started | Waits | Delta | Stepped | E, None]:
        """Every event of every cell, in the order of their happening; ends when all cells have ended.

        Of a reader that is slow, what one cell wrote meanwhile is one event. Raises what `settle` raises.
        """
        self._fill()
        try:
            while (event := await self._outbox.get()) is not None:
                if isinstance(event, BaseException):
                    raise event
                yield event
                self._fill()
        finally:
            self.stop()
            self._outbox.close()
            self._fill()
            with suppress(asyncio.CancelledError):
                await self._over.wait()

    async def close(self) -> None:
        """Stop every cell and wait until all ends are settled, whether anybody reads the events or not."""
        self._is_closing = True
        self.stop()
        self._fill()
        await self._over.wait()

    async def finish(self) -> None:
        """Settle the ends of cells that were never begun because `events()` was left early; raises what that raises."""
        await self.close()
        for event in self._outbox.rest():
            if isinstance(event, BaseException):
                raise event

    def _is_stopped(self, key: CellKey) -> bool:
        return any(
            all(wanted in (None, number) for wanted, number in zip(stop, key, strict=True))
            for stop in self._stops
        )

    def _fill(self) -> None:
        """Begin as many cells as there is room for in the window; tell when all are over."""
        while not self._is_drained and not self._is_paused and self._has_room():
            cell = next(self._source, None)
            if cell is None:
                self._is_drained = True
            elif self._is_stopped(cell.key):
                self._end(_unbegun(cell))
            else:
                task = self._tasks[cell.key] = asyncio.create_task(self._run(cell))
                task.add_done_callback(partial(self._ran, cell))
        if self._is_drained and not self._tasks and not self._settling and not self._over.is_set():
            self._over.set()
            self._outbox.put(None)

    def _has_room(self) -> bool:
        if self._window is None:
            return True
        unread = 0 if self._is_closing else self._outbox.ends
        return len(self._tasks) + len(self._settling) + unread < self._window

    def _ran(self, cell: Work, task: asyncio.Task[None]) -> None:
        del self._tasks[cell.key]
        self._begun.discard(cell.key)
        if task.cancelled():  # before it ever ran
            self._end(_unbegun(cell))
        self._fill()

    def _end(self, end: End) -> None:
        task = asyncio.create_task(self._tell(end))
        self._settling.add(task)
        task.add_done_callback(self._settled)

    def _settled(self, task: asyncio.Task[None]) -> None:
        self._settling.discard(task)
        self._fill()

    async def _tell(self, end: End) -> None:
        try:
            self._outbox.put(await self._settle(end), end.cell.key, is_end=True)
        except Exception as exc:
            self._outbox.put(exc)

    async def _run(self, cell: Work) -> None:
        program: Program = Single(cell, partial(self._send, cell))
        try:
            program = self._program(cell, partial(self._send, cell), partial(self._step, cell))
            self._end(_outcome(cell, await program.answer()))
        except asyncio.CancelledError:
            # Stop is an outcome of the cell, not an exception of the run.
            self._end(Finished(cell, program.so_far("cancelled")))
        except PlaygroundError as exc:
            finish = exc.finish if isinstance(exc, NoAnswer) else "error"
            self._end(Failed(cell, program.so_far(finish), exc.message, exc.hint))
        except Exception as exc:
            log.exception("unexpected error in column %d (%s)", cell.key.variant + 1, cell.model)
            message = f"{cell.model} failed with {type(exc).__name__}."
            hint = "This is a fault of the program; its log has the details."
            self._end(Failed(cell, program.so_far("error"), message, hint))

    def _wait(self, cell: Work, what: str) -> None:
        if self._tells != "ends":
            self._outbox.put(Waits(cell, what), cell.key)

    def _step(self, cell: Work, step: Step) -> None:
        self._outbox.put(Stepped(cell, step), cell.key)

    async def _send(self, cell: Work, call: Call) -> Completion:
        """What a call of that cell gives, made again as often as it may be."""
        for pause in (*self._retry, None):
            call.fold = Fold()
            try:
                await self._stream(cell, call)
                break
            except (BackendBusy, BackendUnavailable, TooSlow) as exc:
                if pause is None or call.fold.text:
                    raise
                self._wait(cell, f"{exc.message} Asked again in {pause:g} s.")
            await asyncio.sleep(pause)
        return call.fold.completion()

    async def _stream(self, cell: Work, call: Call) -> None:
        """One call, in its place at the backend."""
        request, fold = call.request, call.fold
        backend = self._backend_of(request.model)
        places = self._gates[backend.name]
        if isinstance(places, Gate):
            places = places.ranked(self._rank)
        if places.locked():
            full = f"Waits for a free place at {backend.name}, which answers {backend.parallel} at a time."
            self._wait(cell, full)
        # Listening ends with this task, which is the only one that knows the listener.
        listen(partial(self._wait, cell))
        async with places:
            if call.is_first:
                self._begun.add(cell.key)
                self._outbox.put(Started(cell), cell.key)
            fold.restart()  # a cell that waited for its turn has not been slow
            # Backends are async generators: closing one closes its connection.
            if self._rank():
                request = replace(request, background=True)
            stream = cast("AsyncGenerator[Chunk, None]", backend.stream(request))
            streams = call.streams and self._tells == "all"
            async with self._in_time(), aclosing(stream):
                async for chunk in stream:
                    fold.add(chunk)
                    if streams and (chunk.text or chunk.reasoning or chunk.rethought):
                        settled = fold.is_settled
                        self._outbox.put(
                            Delta(cell, chunk.text, chunk.reasoning, chunk.rethought, settled), cell.key
                        )

    @asynccontextmanager
    async def _in_time(self) -> AsyncGenerator[None, None]:
        """Raises TooSlow for a call that takes longer than one may."""
        if self._timeout_s is None:
            yield
            return
        deadline = Deadline(self._timeout_s)
        try:
            async with deadline:
                yield
        except TimeoutError as exc:
            if not deadline.is_over:
                raise
            raise TooSlow(self._timeout_s) from exc


def _unbegun(cell: Work) -> End:
    """The end of a cell that was stopped before its first call."""
    return Finished(cell, Answer.of_one_call(cell.messages, Fold().completion("cancelled")))


def _outcome(cell: Work, answer: Answer) -> End:
    if answer.finish not in ("aborted", "error"):
        return Finished(cell, answer)
    message = f"{cell.model} ended its answer without saying why."
    return Failed(cell, answer, message, "The text above is kept and not scored. Run this column again.")
