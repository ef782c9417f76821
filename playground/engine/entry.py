"""One loaded model with its requests: the two ways of decoding, other tasks, the projector for images. Runs in the child.

entry.submit(request, prompt.tokens)
entry.step() → [Piece, Done, …]     one decode call for each kind of work
"""

from __future__ import annotations

import hashlib
import threading
from collections import deque
from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from playground.engine.exact import ExactScheduler
from playground.engine.grammar import Grammars, Guide
from playground.engine.job import Event, failed
from playground.engine.loading import Loading
from playground.engine.model import LoadedModel
from playground.engine.protocol import Done, Embedded, Generate, TextsScored
from playground.engine.scheduler import Scheduler
from playground.engine.vocabulary import Rendered, TemplateBroken, TemplateRefused, Vocabulary
from playground.engine.yielding import Load
from playground.errors import BackendError

if TYPE_CHECKING:  # loaded with the first image only
    from playground.engine.vision import Picture, Projector, Seen


class Task(NamedTuple):
    """Work in steps, each of which is one decode call and gives None, until the last one gives the answer."""

    id: int
    steps: Generator[Embedded | TextsScored | None]


@dataclass(slots=True, eq=False)
class Entry:
    """A loaded model with its requests. `stamp` is size and change time of the file that was read.

    Of its model `gpu_wanted` layers were wanted on graphics processors, and it takes `gpu_bytes` there.
    The projector comes with the first image, from a file `projector_key` (path and stamp), and goes with the model.

    KV cells are at most one window for the exact requests, and one for the throughput cache while that is in use.
    """

    model: LoadedModel
    stamp: tuple[int, int]
    model_bytes: int
    load: Load | None
    exact: ExactScheduler = field(init=False)
    grammars: Grammars = field(init=False)
    throughput: Scheduler | None = None
    used: float = 0.0
    projector: Projector | None = None
    projector_key: tuple[str, tuple[int, int]] | None = None
    projector_bytes: int = 0
    loading: Loading[Projector] | None = None
    gpu_wanted: int = 0
    gpu_bytes: int = 0
    _digest: list[str] = field(default_factory=list)
    _tasks: deque[Task] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self.exact = ExactScheduler(self.model)
        self.grammars = Grammars(self.model.vocabulary)

    @property
    def is_idle(self) -> bool:
        """Whether no request of this model runs or waits."""
        return not self._tasks and self.exact.is_idle and (self.throughput is None or self.throughput.is_idle)

    @property
    def can_go(self) -> bool:
        """Whether nothing uses its weights now."""
        return self.is_idle and self.grammars.is_idle and (self.loading is None or self.loading.has_ended)

    @property
    def bytes(self) -> int:
        """Memory of model and projector, as estimated."""
        return self.model_bytes + self.projector_bytes

    def submit(
        self,
        request: Generate,
        prompt: list[int],
        pictures: Sequence[Picture] = (),
        guide: Guide | None = None,
    ) -> None:
        """Hand a request to the scheduler of its mode; raises BackendError."""
        if request.mode == "exact":
            self._give_way()
            adapter = self.model.adapter(Path(request.adapter)) if request.adapter else None
            self.exact.submit(request, prompt, adapter, pictures, guide)
        else:
            if self.throughput is None:
                self.throughput = Scheduler(self.model)
            self.throughput.submit(request, prompt, guide)

    def read(self, request: Generate) -> Seen:
        """Prompt and pictures of a request with images, whose projector is loaded; raises BackendError."""
        assert self.projector

        def as_chat(messages: list[list[str]]) -> Rendered:
            return render(self.model.vocabulary, messages, thinking=request.thinking)

        return self.projector.read(as_chat, request.messages, request.images)

    def begin(self, task: Task) -> None:
        """Queue work that is no answer."""
        self._tasks.append(task)

    def step(self) -> list[Event]:
        """One decode call for each mode that has work, and one for the oldest task."""
        events: list[Event] = self._step_task() if self._tasks else []
        if not self.exact.is_idle:
            events += self.exact.step()
        if self.throughput and not self.throughput.is_idle:
            if self.load:
                self.throughput.use_threads(self.load.threads())
            events += self.throughput.step()
        return events

    def cancel(self, request_id: int) -> Done | None:
        """End a request at once; None when it is not here (or is a task, which says nothing more)."""
        for task in list(self._tasks):
            if task.id == request_id:
                task.steps.close()
                self._tasks.remove(task)
        done = self.exact.cancel(request_id)
        return done or (self.throughput.cancel(request_id) if self.throughput else None)

    def digest(self) -> str:
        """SHA-256 of the file, empty while it is still being computed."""
        return self._digest[0] if self._digest else ""

    def learn_digest(self, known: str) -> None:
        """Take the checksum, or read the file in a thread of its own, at the side of the first answer."""

        def compute() -> None:
            with suppress(OSError), self.model.header.path.open("rb") as file:
                self._digest.append(hashlib.file_digest(file, "sha256").hexdigest())

        if known:
            self._digest.append(known)
        else:
            threading.Thread(target=compute, name="digest", daemon=True).start()

    def close(self) -> None:
        """Free an idle model."""
        if self.throughput:
            self.throughput.close()
        self.exact.close()
        with suppress(BackendError):  # one that could not be loaded, and nobody asked any more
            self.take_projector()
        self.drop_projector()
        self.model.close()

    def take_projector(self) -> None:
        """Take the projector that has been loaded, if one has."""
        if self.loading and self.loading.has_ended:
            loading, self.loading = self.loading, None
            try:
                self.projector = loading.result()
            except BackendError:
                self.drop_projector()
                raise

    def drop_projector(self) -> None:
        """Free the projector; no picture may be waiting for it."""
        if self.projector:
            self.projector.close()
        self.projector, self.projector_key, self.projector_bytes = None, None, 0

    def _step_task(self) -> list[Event]:
        task = self._tasks[0]
        try:
            result = next(task.steps)
        except BackendError as exc:
            self._tasks.popleft()
            return [failed(task.id, exc)]
        if result is None:
            return []
        task.steps.close()
        self._tasks.popleft()
        return [result]

    def _give_way(self) -> None:
        """Drop an idle throughput cache that is half full: its cells would come on top of the exact ones."""
        if self.throughput and self.throughput.is_idle and self.throughput.tree.cells > self.model.cells // 2:
            self.throughput.close()
            self.throughput = None


def render(vocabulary: Vocabulary, messages: list[list[str]], *, thinking: bool = False) -> Rendered:
    """Chat as the model receives it; raises BackendError when its template refuses, or is none."""
    try:
        return vocabulary.render(messages, thinking=thinking)
    except TemplateBroken as exc:
        raise BackendError(
            f"The model's own chat template does not parse, {exc}.",
            "Nothing is wrong with the prompt. Choose another GGUF of this model, or send the prompt as raw text.",
        ) from exc
    except TemplateRefused as exc:
        raise BackendError(
            f"The model's chat template does not accept these turns: {exc}",
            "Some models take no system turn, or want user and assistant turns in alternation.",
        ) from exc
