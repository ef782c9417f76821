"""The engine process: reads requests from stdin, steps all models in turn, writes events to the real stdout.

    python -m playground.engine.worker       (started by client.py; speaks protocol.py)

One thread owns llama.cpp; a second one only reads lines, so that a cancellation can interrupt a decode. The process ends
when its stdin ends, that is when the parent closes it or dies.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass, replace
from typing import BinaryIO

from playground.engine import protocol
from playground.engine.model import LoadingInterrupted, interrupt, resume, start_library
from playground.engine.protocol import Cancel, Configure, Count, Counted, Done, Failed, Generate, Render
from playground.engine.scheduler import MODE
from playground.engine.shelf import Entry, Shelf, render
from playground.errors import BackendError, ContextOverflow

_DIGEST_WAIT_S = 1.0  # a first, very short answer may end before the file's checksum is known


class Pipes:
    """The two ends of the protocol, out of reach of llama.cpp, whose C code may print on stdout."""

    def __init__(self) -> None:
        self._out: BinaryIO = os.fdopen(os.dup(1), "wb", buffering=0)
        self._in: BinaryIO = os.fdopen(os.dup(0), "rb")
        os.dup2(2, 1)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        self._inbox: queue.SimpleQueue[protocol.Message] = queue.SimpleQueue()

    def send(self, message: protocol.Message) -> None:
        """Write one line; ends the process when the parent is gone."""
        left = memoryview(protocol.encode(message))
        try:
            while left:
                left = left[self._out.write(left) :]
        except BrokenPipeError:
            os._exit(0)

    def read_limits(self) -> Configure:
        """Take the first line off the pipe, before the reader starts; ends the process when it is something else."""
        first = protocol.decode(self._in.readline())
        if not isinstance(first, Configure):
            sys.exit("the first message must be configure")
        return first

    def start_reading(self) -> None:
        """Fill the inbox from a thread of its own."""
        threading.Thread(target=self._read, name="protocol reader", daemon=True).start()

    def _read(self) -> None:
        code = 1  # stays so when a line is not understood, with the reason on stderr
        try:
            for line in self._in:
                message = protocol.decode(line)
                self._inbox.put(message)
                if isinstance(message, Cancel):
                    interrupt()  # after the put: at worst a later decode stops once for nothing and is repeated
            code = 0
        except protocol.ProtocolError as exc:
            os.write(2, f"{exc}\n".encode())
        finally:
            os._exit(code)

    def receive(self, wait_s: float | None) -> list[protocol.Message]:
        """Everything that has arrived; waits up to `wait_s` seconds (None: for ever) for the first message."""
        messages = []
        try:
            messages.append(self._inbox.get(timeout=wait_s) if wait_s != 0 else self._inbox.get_nowait())
            while True:
                messages.append(self._inbox.get_nowait())
        except queue.Empty:
            return messages


@dataclass(frozen=True, slots=True)
class HeldDone:
    """An end that waits a moment for the checksum of its model."""

    done: Done
    entry: Entry
    until: float


class Worker:
    """The loop over requests and models."""

    def __init__(self, pipes: Pipes, shelf: Shelf, version: str) -> None:
        self._pipes = pipes
        self._shelf = shelf
        self._version = version
        self._pending: deque[Generate] = deque()  # requests whose model is not loaded yet
        self._held: list[HeldDone] = []

    def run(self) -> None:
        """Serve until the process ends."""
        while True:
            is_busy = bool(self._pending) or not all(entry.scheduler.is_idle for entry in self._shelf.entries)
            resume()
            for message in self._pipes.receive(0 if is_busy else 0.02 if self._held else None):
                self._handle(message)
            self._admit_pending()
            for entry in list(self._shelf.entries):
                if not entry.scheduler.is_idle:
                    for event in entry.scheduler.step():
                        self._report(event, entry)
            self._release_held()

    def _handle(self, message: protocol.Message) -> None:
        if isinstance(message, Generate):
            self._pending.append(message)
        elif isinstance(message, Cancel):
            self._cancel(message.id)
        elif isinstance(message, Render | Count):
            try:
                self._answer_about_text(message)
            except BackendError as exc:
                self._pipes.send(failed(message.id, exc))

    def _answer_about_text(self, message: Render | Count) -> None:
        vocabulary, window = self._shelf.vocabulary(message.model)
        if isinstance(message, Count):
            counts = [len(vocabulary.tokenize(text, special=False)) for text in message.texts]
            self._pipes.send(Counted(message.id, counts))
        else:
            rendered = render(vocabulary, message.messages)
            self._pipes.send(protocol.Rendered(message.id, rendered.text, rendered.tokens, window))

    def _admit_pending(self) -> None:
        """Start each pending request whose model is loaded or can be loaded now, in order of arrival."""
        for request in list(self._pending):
            try:
                entry = self._shelf.take(request)
            except LoadingInterrupted:
                return
            except BackendError as exc:
                self._pending.remove(request)
                self._pipes.send(failed(request.id, exc))
                continue
            if entry is None:  # no memory until another model falls idle
                continue
            self._pending.remove(request)
            self._start(request, entry)

    def _start(self, request: Generate, entry: Entry) -> None:
        """Render, refuse what does not fit, submit."""
        context = entry.model.context_tokens
        try:
            rendered = render(entry.model.vocabulary, request.messages)
            if not rendered.tokens:
                raise BackendError(
                    "The prompt is empty: there is nothing to send.", "Write some text in a turn."
                )
            if len(rendered.tokens) >= context:
                raise ContextOverflow(len(rendered.tokens), context)
        except BackendError as exc:
            self._pipes.send(failed(request.id, exc))
            return
        started = protocol.Started(
            id=request.id,
            prompt_tokens=len(rendered.tokens),
            context_tokens=context,
            rendered_prompt=rendered.text,
            mode=MODE,
            version=self._version,
            ignored=rendered.notes,
        )
        self._pipes.send(started)
        entry.scheduler.submit(request, rendered.tokens)

    def _cancel(self, request_id: int) -> None:
        for request in self._pending:
            if request.id == request_id:
                self._pending.remove(request)
                self._pipes.send(
                    Done(request_id, "cancelled", completion_tokens=0, cached_tokens=0, digest="")
                )
                return
        for entry in self._shelf.entries:
            done = entry.scheduler.cancel(request_id)
            if done:
                self._pipes.send(replace(done, digest=entry.digest()))
                return

    def _report(self, event: protocol.Piece | Done | Failed, entry: Entry) -> None:
        if isinstance(event, Done):
            self._held.append(HeldDone(event, entry, time.monotonic() + _DIGEST_WAIT_S))
        else:
            self._pipes.send(event)

    def _release_held(self) -> None:
        """Send the ends whose checksum is known or has been waited for long enough."""
        now = time.monotonic()
        for held in list(self._held):
            digest = held.entry.digest()
            if digest or now >= held.until:
                self._held.remove(held)
                self._pipes.send(replace(held.done, digest=digest))


def failed(request_id: int, error: BackendError) -> Failed:
    """Message that carries an error over the pipe."""
    if isinstance(error, ContextOverflow):
        numbers = (error.prompt_tokens, error.context_tokens)
        return Failed(request_id, "overflow", error.message, error.hint, *numbers)
    return Failed(request_id, "request", error.message, error.hint)


def main() -> None:
    """Take the pipes, read the limits, serve."""
    pipes = Pipes()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends us in good order
    limits = pipes.read_limits()
    pipes.start_reading()
    version = start_library()
    Worker(pipes, Shelf(limits), version).run()


if __name__ == "__main__":
    main()
