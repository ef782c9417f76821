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
from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, BinaryIO

from playground.engine import protocol
from playground.engine.context import Row
from playground.engine.entry import Entry, Task, render
from playground.engine.grammar import Grammar
from playground.engine.job import Event, failed
from playground.engine.library import interrupt, make_way, resume, start_library
from playground.engine.model import LoadedModel, loaded_parts
from playground.engine.protocol import (
    Alive,
    Cancel,
    Configure,
    Count,
    Counted,
    Done,
    Embed,
    Embedded,
    Generate,
    NeedsModel,
    Render,
    ScoreTexts,
    TextsScored,
    Warm,
    Warmed,
)
from playground.engine.rules import Rules
from playground.engine.shelf import Shelf
from playground.engine.tasks import embed, score_texts
from playground.engine.vocabulary import Rendered
from playground.errors import BackendError, ContextOverflow

if TYPE_CHECKING:  # loaded with the first image only
    from playground.engine.vision import Picture

_POLL_S = 0.005  # how often to look whether a model is loaded or a checksum known
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
                elif isinstance(message, Generate) and not message.background:
                    make_way()
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

    def __init__(self, pipes: Pipes, shelf: Shelf, version: str, sign_s: float) -> None:
        self._pipes = pipes
        self._shelf = shelf
        self._version = version
        self._pending: deque[NeedsModel] = deque()  # requests whose model is not loaded yet
        self._held: list[HeldDone] = []
        self._sign_s = sign_s
        self._next_sign = 0.0

    def run(self) -> None:
        """Serve until the process ends."""
        while True:
            is_busy = any(not entry.is_idle for entry in self._shelf.entries)
            resume()
            wait_s = 0 if is_busy else _POLL_S if self._pending or self._held else None
            for message in self._pipes.receive(wait_s):
                self._handle(message)
            self._show_life(is_busy)
            self._admit_pending()
            for entry in self._shelf.entries:
                for event in entry.step():
                    self._report(event, entry)
            self._release_held()

    def _show_life(self, is_busy: bool) -> None:
        """Say that a step was done, or that a file is read further, now and then."""
        now = time.monotonic()
        if now >= self._next_sign and (is_busy or loaded_parts):
            self._next_sign = now + self._sign_s
            loaded_parts.clear()
            self._pipes.send(Alive())

    def _handle(self, message: protocol.Message) -> None:
        if isinstance(message, NeedsModel):
            self._pending.append(message)
        elif isinstance(message, Cancel):
            self._cancel(message.id)
            self._pipes.send(Alive())
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
        """Start each pending request whose model is loaded or can be loaded now, in order of arrival.

        Those of the background keep no busy model busy while somebody waits for the room that it takes.
        """
        somebody_waits = False
        for request in sorted(self._pending, key=is_background):
            if somebody_waits and is_background(request):
                return
            grammar = None
            try:
                entry = self._shelf.take(request)
                schema = request.json_schema if isinstance(request, Generate) else None
                if entry and schema is not None:
                    grammar = entry.grammars.wanted(schema)
                    entry = entry if grammar else None
            except BackendError as exc:
                self._pending.remove(request)
                self._pipes.send(failed(request.id, exc))
                continue
            if entry is None:  # being loaded, or no memory until another falls idle, or its grammar is made
                somebody_waits |= isinstance(request, Generate)
                continue
            self._pending.remove(request)
            if isinstance(request, Generate):
                self._start(request, entry, grammar)
            elif isinstance(request, Warm):
                self._touch(request, entry)
            else:
                entry.begin(Task(request.id, steps_of(request, entry.model)))

    def _touch(self, request: Warm, entry: Entry) -> None:
        """Decode one token, so that the weights are in memory when the first request comes."""
        try:
            context = entry.model.new_context(1)
            context.decode([Row(0, 0, 0, False)])
            context.close()
        except BackendError as exc:
            self._pipes.send(failed(request.id, exc))
        else:
            self._pipes.send(Warmed(request.id, entry.digest()))

    def _start(self, request: Generate, entry: Entry, grammar: Grammar | None) -> None:
        """Render, refuse what does not fit, submit."""
        context = entry.model.context_tokens
        try:
            prompt, pictures = self._prompt(request, entry)
            request, notes = prepared(replace(request, batches=entry.may_batch(request)))
            if len(prompt.tokens) >= context:
                raise ContextOverflow(len(prompt.tokens), context)
            entry.submit(request, prompt.tokens, pictures, grammar.guide() if grammar else None)
        except BackendError as exc:
            self._pipes.send(failed(request.id, exc))
            return
        started = protocol.Started(
            id=request.id,
            prompt_tokens=len(prompt.tokens),
            context_tokens=context,
            rendered_prompt=prompt.text,
            mode=request.mode,
            version=f"llama-cpp-python {self._version}, {way(request)}",
            ignored=[*prompt.notes, *notes, *(grammar.notes if grammar else ()), *entry.model.notes],
            device=entry.model.place,
        )
        self._pipes.send(started)

    def _prompt(self, request: Generate, entry: Entry) -> tuple[Rendered, list[Picture]]:
        if request.images:
            return entry.read(request)
        vocabulary = entry.model.vocabulary
        if request.raw_prompt is not None:
            prompt = vocabulary.raw(request.raw_prompt)
        else:
            prompt = render(vocabulary, request.messages, thinking=request.thinking)
        if not prompt.tokens:
            raise BackendError("The prompt is empty: there is nothing to send.", "Write some text in a turn.")
        return prompt, []

    def _cancel(self, request_id: int) -> None:
        for request in self._pending:
            if request.id == request_id:
                self._pending.remove(request)
                if isinstance(request, Generate):
                    self._pipes.send(Done(request_id, "cancelled", 0, 0, digest=""))
                return
        for entry in self._shelf.entries:
            done = entry.cancel(request_id)
            if done:
                self._pipes.send(replace(done, digest=entry.digest()))
                return

    def _report(self, event: Event, entry: Entry) -> None:
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


def is_background(request: NeedsModel) -> bool:
    """Whether nobody waits for this."""
    return isinstance(request, Generate) and request.background


def steps_of(request: Embed | ScoreTexts, model: LoadedModel) -> Generator[Embedded | TextsScored | None]:
    """A task's decode calls, with the answer at their end."""
    words = model.vocabulary
    if isinstance(request, Embed):
        for vectors in embed(model, [words.raw(text).tokens for text in request.texts]):
            yield None if vectors is None else Embedded(request.id, vectors)
    else:
        prompt = words.raw(request.prompt).tokens
        continuations = [words.tokenize(text, special=False) for text in request.continuations]
        for scores in score_texts(model, prompt, continuations):
            yield None if scores is None else TextsScored(request.id, scores)


def prepared(request: Generate) -> tuple[Generate, list[str]]:
    """The request in the mode it can have, and what cannot be honoured; raises BackendError."""
    notes: list[str] = []
    if request.max_tokens < 1:
        raise BackendError("An answer of zero tokens was asked for.", "Set max tokens to 1 or more.")
    if request.top_logprobs is not None and not 0 <= request.top_logprobs <= 20:
        raise BackendError(
            f"{request.top_logprobs} alternatives were asked for at each token.", "Ask for 0 to 20."
        )
    alone = "an adapter" if request.adapter else "images" if request.images else ""
    if request.mode != "exact":
        if alone:
            notes.append(f"throughput: a request with {alone} is answered in exact mode")
        if alone or request.batches:  # where the two are the same, it is the better name
            request = replace(request, mode="exact")
    elif not request.batches and not alone:
        notes.append(protocol.TAKES_TURNS)
    if request.json_schema is not None and request.grammar is not None:
        raise BackendError("A request has both a grammar and a JSON schema.", "Send one of them.")
    if request.json_schema is not None and request.stop:
        notes.append("JSON schema: a stop text may end the answer before its JSON is whole")
    return request, notes


def way(request: Generate) -> str:
    """How a prepared request is answered, and why: the end of the version in receipts."""
    if request.adapter or request.images:
        return "in turns"
    if request.batches:
        return f"batched, guesses ahead, tiles from {Rules().long} tokens, probe: company changes no bit"
    return f"{'in turns' if request.mode == 'exact' else 'batched'}, probe: company may change bits"


def main() -> None:
    """Take the pipes, read the limits, serve."""
    pipes = Pipes()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends us in good order
    limits = pipes.read_limits()
    pipes.start_reading()
    version = start_library()
    Worker(pipes, Shelf(limits), version, limits.sign_s).run()


if __name__ == "__main__":
    main()
