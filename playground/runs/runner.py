"""Runs cells at the same time and tells what happens to each: the only place that fans out.

    execution = Execution(cells, backend_of, slots={"llama.cpp": Slots(lambda: 8)}, settle)
    async for event in execution.events():   # Started, Delta…, what `settle` made of Finished or Failed, for every cell
        ...

Leaving `events()` (closed tab, cancelled task) cancels every cell and closes its stream, which stops the work
on the server, before the first token too.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, suppress
from dataclasses import dataclass
from typing import Generic, NamedTuple, Protocol, TypeVar, cast

from playground.backends.base import Backend, Fold
from playground.errors import NoAnswer, PlaygroundError
from playground.types.generation import Chunk, Completion, GenerationRequest
from playground.types.prompt import Prompt
from playground.waiting import listen

log = logging.getLogger(__name__)


class Key(NamedTuple):
    """Where a cell stands in its run: both from 0; several repeats of a column may run at once."""

    column: int
    repeat: int


@dataclass(frozen=True, slots=True)
class Cell:
    """One answer to get: where it stands (`column`, `repeat`), from which prompt, with which request."""

    column: int
    repeat: int
    prompt: Prompt
    request: GenerationRequest

    @property
    def key(self) -> Key:
        """What no other cell of the run has."""
        return Key(self.column, self.repeat)


@dataclass(frozen=True, slots=True)
class Started:
    """The request of this cell is on its way."""

    cell: Cell


@dataclass(frozen=True, slots=True)
class Waits:
    """What this cell waits for, as a sentence; it holds until text comes or something else is told."""

    cell: Cell
    what: str


@dataclass(frozen=True, slots=True)
class Delta:
    """More text of this cell's answer, or of what the model thinks before it.

    With `rethought` all text of the answer so far was thought: it moves before `reasoning`. Of `settled` text that is
    not to be expected.
    """

    cell: Cell
    text: str
    reasoning: str = ""
    rethought: bool = False
    settled: bool = False


@dataclass(frozen=True, slots=True)
class Finished:
    """The answer is complete, cut at its limit, or was stopped (`completion.finish`)."""

    cell: Cell
    completion: Completion


@dataclass(frozen=True, slots=True)
class Failed:
    """The request failed; `completion` holds the text that had arrived."""

    cell: Cell
    completion: Completion
    message: str
    hint: str


class Places(AbstractAsyncContextManager[None], Protocol):
    """Places for answers at the same time: a semaphore, or `slots.Slots`."""

    def locked(self) -> bool:
        """Whether the next one has to wait."""
        ...


End = Finished | Failed
E = TypeVar("E")


class Execution(Generic[E]):
    """Cells under way. `stop()` ends one, a column or all of them; what had arrived is kept as "cancelled".

    What `settle` makes of the end of a cell (scores and stores it) is told in place of the end. It is not stopped
    with the cell, and the other cells go on meanwhile.
    """

    def __init__(
        self,
        cells: Sequence[Cell],
        backend_of: Callable[[str], Backend],
        slots: Mapping[str, Places],
        settle: Callable[[End], Awaitable[E]],
    ) -> None:
        self._cells = tuple(cells)
        self._backend_of = backend_of
        self._slots = slots
        self._settle = settle
        self._queue: asyncio.Queue[Started | Waits | Delta | E | BaseException | None] = asyncio.Queue()
        self._tasks: dict[Key, asyncio.Task[None]] = {}
        self._settling: set[asyncio.Task[None]] = set()
        self._ended: set[Key] = set()
        self._stopped: set[Key] = set()

    def stop(self, column: int | None = None, repeat: int | None = None) -> None:
        """Cancel one cell, all of a column, or all; those that are unknown or have ended are no error."""
        keys = {cell.key for cell in self._cells}
        self._stopped |= {k for k in keys if column in (None, k.column) and repeat in (None, k.repeat)}
        for key, task in self._tasks.items():
            if key in self._stopped:
                task.cancel()

    async def events(self) -> AsyncGenerator[Started | Waits | Delta | E, None]:
        """Every event of every cell, in the order of their happening; ends when all cells have ended.

        Raises what `settle` raises.
        """
        waiting = [cell for cell in self._cells if cell.key not in self._stopped]
        self._tasks = {cell.key: asyncio.create_task(self._run(cell)) for cell in waiting}
        closer = asyncio.create_task(self._close_queue())
        try:
            while (event := await self._queue.get()) is not None:
                if isinstance(event, BaseException):
                    raise event
                yield event
        finally:
            self.stop()
            with suppress(asyncio.CancelledError):
                await closer

    async def close(self) -> None:
        """Stop every cell and wait until all ends are settled, whether anybody reads the events or not."""
        self.stop()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        await self._end_rest()

    async def finish(self) -> None:
        """Settle the ends of cells that were never begun because `events()` was left early; raises what that raises."""
        await self._end_rest()
        while not self._queue.empty():
            event = self._queue.get_nowait()
            if isinstance(event, BaseException):
                raise event

    async def _close_queue(self) -> None:
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        await self._end_rest()
        self._queue.put_nowait(None)

    async def _end_rest(self) -> None:
        for cell in self._cells:
            if cell.key not in self._ended:  # cancelled before its task ever ran
                self._end(Finished(cell, Fold().completion("cancelled")))
        while self._settling:
            await asyncio.wait(self._settling)  # not gather: who waits may be cancelled, the settling never

    def _end(self, end: End) -> None:
        self._ended.add(end.cell.key)
        task = asyncio.create_task(self._tell(end))
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)

    async def _tell(self, end: End) -> None:
        try:
            self._queue.put_nowait(await self._settle(end))
        except Exception as exc:
            self._queue.put_nowait(exc)

    async def _run(self, cell: Cell) -> None:
        fold = Fold()
        try:
            backend = self._backend_of(cell.request.model)
            places = self._slots[backend.name]
            if places.locked():
                full = (
                    f"Waits for a free place at {backend.name}, which answers {backend.parallel} at a time."
                )
                self._queue.put_nowait(Waits(cell, full))
            # Listening ends with this task, which is the only one that knows the listener.
            listen(lambda what: self._queue.put_nowait(Waits(cell, what)))
            async with places:
                self._queue.put_nowait(Started(cell))
                fold = Fold()  # a cell that waited for its turn has not been slow
                # Backends are async generators: closing one closes its connection.
                stream = cast("AsyncGenerator[Chunk, None]", backend.stream(cell.request))
                async with aclosing(stream):
                    async for chunk in stream:
                        fold.add(chunk)
                        if chunk.text or chunk.reasoning or chunk.rethought:
                            delta = Delta(cell, chunk.text, chunk.reasoning, chunk.rethought, fold.is_settled)
                            self._queue.put_nowait(delta)
            self._end(_outcome(cell, fold.completion()))
        except asyncio.CancelledError:
            # Stop is an outcome of the cell, not an exception of the run.
            self._end(Finished(cell, fold.completion("cancelled")))
        except PlaygroundError as exc:
            finish = exc.finish if isinstance(exc, NoAnswer) else "error"
            self._end(Failed(cell, fold.completion(finish), exc.message, exc.hint))
        except Exception as exc:
            log.exception("unexpected error in column %d (%s)", cell.column + 1, cell.request.model)
            message = f"{cell.request.model} failed with {type(exc).__name__}."
            hint = "This is a fault of the program; its log has the details."
            self._end(Failed(cell, fold.completion("error"), message, hint))


def _outcome(cell: Cell, completion: Completion) -> End:
    if completion.finish not in ("aborted", "error"):
        return Finished(cell, completion)
    message = f"{cell.request.model} ended its answer without saying why."
    return Failed(cell, completion, message, "The text above is kept and not scored. Run this column again.")
