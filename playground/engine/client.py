"""The parent's end of the engine: starts the child on first use, talks to it, starts it again after a crash.

    async for event in engine.generate(path, [["user", "Hi"]], sampling): ...      Started, Piece…, Done

Leaving the loop early (task cancelled, generator closed) stops the work in the child. A child that dies fails
exactly the requests that were running; the next one gets a new child.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

from playground.engine import protocol
from playground.engine.findings import Findings
from playground.engine.gguf import Header, read_header
from playground.engine.gpu import Gpu
from playground.engine.process import Child, EngineOptions, Trial, how_it_ended, trial_run
from playground.engine.protocol import (
    Count,
    Counted,
    Done,
    Embed,
    Embedded,
    Failed,
    Generate,
    Piece,
    Render,
    Rendered,
    ScoreTexts,
    Started,
    TextsScored,
    Warm,
    Warmed,
)
from playground.errors import BackendError, BackendUnavailable, ContextOverflow
from playground.types.generation import Mode
from playground.types.prompt import Sampling

__all__ = ["NO_WISHES", "Engine", "EngineOptions", "Wishes"]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a request can ask for beyond its sampling; `Generate` explains each."""

    mode: Mode = "exact"
    raw_prompt: str | None = None
    thinking: bool = False
    grammar: str | None = None
    json_schema: str | None = None
    top_logprobs: int | None = None
    ignore_eos: bool = False
    adapter: str | None = None
    adapter_scale: float = 1.0
    images: tuple[str, ...] = ()
    projector: str = ""
    family: str = ""
    background: bool = False


class Safe(NamedTuple):
    """What a model can have on this machine: llama.cpp's extra buffers, and company that changes no bit."""

    extra_buffers: bool
    batches: bool


NO_WISHES = Wishes()
IN_ONE_GO = Wishes(mode="throughput")
UNHEARD = "unheard"
"""A request that a child had not taken yet when it was ended because it did not answer a Stop: it is sent to the next one."""
_SEEDS = 2**32 - 1  # llama.cpp reads the largest 32-bit number as "draw one"


class Engine:
    """One engine process at most. All methods belong to one event loop."""

    def __init__(self, options: EngineOptions, gpu: Gpu | None = None) -> None:
        self.options = options
        self.gpu = gpu or Gpu()
        self.starts = 0
        self._findings: Findings | None = None
        self._child: Child | None = None
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
        self, model: Path, messages: list[list[str]], sampling: Sampling, wishes: Wishes = NO_WISHES
    ) -> AsyncGenerator[Started | Piece | Done]:
        """One Started, pieces of text, one Done; raises BackendError (ContextOverflow when the prompt does not fit)."""
        if sampling.seed is None:
            raise BackendError("A request reached the engine without a seed.", "Draw one before sending.")
        child, safe = await self._ready(model)
        layers = await self._gpu_layers(model)
        request = Generate(
            id=next(self._ids),
            model=str(model),
            extra_buffers=safe.extra_buffers,
            batches=safe.batches,
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
            gpu_layers=layers,
            gpu_batches=bool(layers) and await self._batches_on_gpu(model),
            **asdict(wishes),
        )
        answers = child.send(request)
        has_ended = False
        try:
            while not has_ended:
                event = await answers.get()
                if isinstance(event, Failed) and event.kind == UNHEARD:  # an earlier Stop found it frozen
                    child = await self._running_child()
                    answers = child.send(request)
                    continue
                has_ended = isinstance(event, Done | Failed)
                if isinstance(event, Failed):
                    if event.kind == "crash" and request.gpu_layers and self.findings.gpu:
                        self.findings.remember_gpu(None)  # the driver may have changed since the trial run
                    raise to_error(event)
                if isinstance(event, Done) and event.digest:
                    self.findings.remember_digest(model, event.digest)
                assert isinstance(event, Started | Piece | Done)
                yield event
        finally:
            child.forget(request.id)
            if not has_ended:
                child.cancel(request.id)

    async def warm_up(self, model: Path) -> None:
        """Start the child and load the model, so that the next request need not wait; raises BackendError."""
        child, safe = await self._ready(model)
        layers = await self._gpu_layers(model)
        request = Warm(next(self._ids), str(model), safe.extra_buffers, self.findings.digest(model), layers)
        answer = await self._answer(child, request)
        assert isinstance(answer, Warmed)
        if answer.digest:
            self.findings.remember_digest(model, answer.digest)

    async def sample(
        self, model: Path, messages: list[list[str]], sampling: Sampling, n: int, wishes: Wishes = IN_ONE_GO
    ) -> AsyncGenerator[tuple[int, Started | Piece | Done]]:
        """`n` answers to one prompt in one go, as (number, event); answer i is drawn with seed + i.

        Raises what the first answer that fails raises; the others are stopped then.
        """
        assert sampling.seed is not None
        first = sampling.seed
        events: asyncio.Queue[tuple[int, Started | Piece | Done | None]] = asyncio.Queue()

        async def follow(number: int) -> None:
            own = sampling.model_copy(update={"seed": (first + number) % _SEEDS})
            async with aclosing(self.generate(model, messages, own, wishes)) as answer:
                async for event in answer:
                    events.put_nowait((number, event))

        tasks = [asyncio.create_task(follow(number)) for number in range(n)]
        for task in tasks:
            task.add_done_callback(lambda _: events.put_nowait((-1, None)))
        try:
            ended = 0
            while ended < n:
                number, event = await events.get()
                if event is not None:
                    yield number, event
                    continue
                ended += 1
                for task in tasks:
                    if task.done():
                        task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def embed(self, model: Path, texts: Sequence[str]) -> list[list[float]]:
        """A vector of length 1 for each text: the mean over its tokens. Raises BackendError."""
        child, safe = await self._ready(model)
        digest, layers = self.findings.digest(model), await self._gpu_layers(model)
        answer = await self._answer(
            child, Embed(next(self._ids), str(model), safe.extra_buffers, digest, list(texts), layers)
        )
        assert isinstance(answer, Embedded)
        return answer.vectors

    async def score_text(
        self, model: Path, prompt: str, continuations: Sequence[str]
    ) -> list[list[tuple[str, float]]]:
        """(token, log-probability) of each token of each continuation after the prompt; plain text, no template.

        Prompt and continuations are cut into tokens separately. Raises BackendError.
        """
        child, safe = await self._ready(model)
        digest, layers = self.findings.digest(model), await self._gpu_layers(model)
        question = ScoreTexts(
            next(self._ids), str(model), safe.extra_buffers, digest, prompt, list(continuations), layers
        )
        answer = await self._answer(child, question)
        assert isinstance(answer, TextsScored)
        return [[(str(text), float(logprob)) for text, logprob, *_ in scores] for scores in answer.scores]

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
        return await self._answer(await self._running_child(), question)

    async def _answer(
        self, child: Child, question: Render | Count | Warm | Embed | ScoreTexts
    ) -> protocol.FromChild:
        """The single message that answers a question; raises BackendError."""
        answers = child.send(question)
        answer: protocol.FromChild | None = None
        try:
            answer = await answers.get()
            while isinstance(answer, Failed) and answer.kind == UNHEARD:
                answer = None
                child = await self._running_child()
                answer = await child.send(question).get()
        finally:
            child.forget(question.id)
            if answer is None:
                child.cancel(question.id)
        if isinstance(answer, Failed):
            raise to_error(answer)
        return answer

    async def _ready(self, model: Path) -> tuple[Child, Safe]:
        """The running child, and what is safe with this model."""
        header = await asyncio.to_thread(read_header, model)
        safe = await self._safe(header)
        return await self._running_child(), safe

    async def _gpu_layers(self, model: Path) -> int:
        """Layers that are wanted on graphics processors; 0 where there are none to be had."""
        wanted = self.options.gpu_layers(model) if self.gpu.library else 0
        return wanted if wanted and await self.gpu.is_safe(model, self.findings) else 0

    async def _batches_on_gpu(self, model: Path) -> bool:
        """Whether answers of a model with layers on graphics processors may share calls; tries when that is not known."""
        header = await asyncio.to_thread(read_header, model)
        kind = " ".join((header.architecture, *sorted(header.weights), "gpu"))
        return await self.gpu.batches(model, self.findings, kind)

    async def _running_child(self) -> Child:
        async with self._starting:
            if self._closed:
                raise BackendUnavailable("The engine has been shut down.", "Start the app again.")
            child = self._child
            if child is None or child.ended:
                self._child = child = await Child.start(self.options)
                self.starts += 1
            return child

    async def _safe(self, header: Header) -> Safe:
        """What is safe with models like this one; tries what is not known."""
        async with self._probing:
            buffers = self.findings.extra_buffers(header.quantization)
            batches = self.findings.batches(_kind(header, extra_buffers=bool(buffers)))
            if buffers is None or batches is None:
                trial = await self._tried(header, "plain" if buffers is False else "extra")
                if trial.code is not None and trial.code > 0:
                    # An ordinary error, not a crash: the engine will say what is wrong.
                    return Safe(extra_buffers=buffers is not False, batches=False)
                if buffers is None:
                    buffers = trial.code == 0
                    if not buffers:
                        trial = await self._tried(header, "plain")
                if trial.code != 0:
                    raise BackendError(
                        f"llama.cpp dies on {header.path.name} in a trial run ({how_it_ended(trial.code)}), "
                        "with and without extra buffers.",
                        "Choose another model, or reinstall llama-cpp-python for this CPU.",
                    )
                batches = trial.batches
                self.findings.remember_extra_buffers(header.quantization, buffers)
                self.findings.remember_batches(_kind(header, extra_buffers=buffers), batches)
            return Safe(buffers, batches)

    async def _tried(self, header: Header, buffers: str) -> Trial:
        return await trial_run(header.path, buffers, self.options.computing)


def _kind(header: Header, *, extra_buffers: bool) -> str:
    """What decides whether answers may share calls: "llama Q4_1 Q8_0 extra"."""
    words = (header.architecture, *sorted(header.weights), "extra" if extra_buffers else "plain")
    return " ".join(words)


def to_error(failed: Failed) -> BackendError:
    """Exception that a failure message stands for."""
    if failed.kind == "overflow":
        return ContextOverflow(failed.prompt_tokens, failed.context_tokens)
    if failed.kind == "crash":
        return BackendUnavailable(failed.message, failed.hint)
    return BackendError(failed.message, failed.hint)
