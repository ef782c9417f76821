"""One loaded model with its requests: those that share calls, those that take turns, other tasks, images. Runs in the child.

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

from playground.engine.grammar import Grammars, Guide
from playground.engine.job import Event, failed
from playground.engine.loading import Loading
from playground.engine.model import LoadedModel
from playground.engine.one_seat import OneSeat, cells_for
from playground.engine.protocol import Done, Embedded, Generate, TextsScored
from playground.engine.rules import FREE
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

    KV cells are at most one window for `shared`, and one for those that take `turns`, which is there while there are any.
    """

    model: LoadedModel
    stamp: tuple[int, int]
    model_bytes: int
    load: Load | None
    turns: OneSeat | None = None
    grammars: Grammars = field(init=False)
    shared: Scheduler | None = None
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
        self.grammars = Grammars(self.model.vocabulary)

    @property
    def is_idle(self) -> bool:
        """Whether no request of this model runs or waits."""
        return not self._tasks and all(each.is_idle for each in self._schedulers)

    @property
    def _schedulers(self) -> list[Scheduler]:
        return [each for each in (self.turns, self.shared) if each]

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
        """Hand a request to those of its kind; raises BackendError."""
        if takes_turns(request):
            self._give_way()
            adapter = self.model.adapter(Path(request.adapter)) if request.adapter else None
            cells = cells_for(self.model, len(prompt), request.max_tokens)
            self.turns = self.turns or OneSeat(self.model, cells)
            self.turns.submit(request, prompt, guide, adapter, pictures)
        else:
            if self.shared is None:
                self.shared = Scheduler(self.model, self.model.rules if request.batches else FREE)
            self.shared.submit(request, prompt, guide)

    def may_batch(self, request: Generate) -> bool:
        """Whether company changes no bit of the answer, as found out before: here, or on graphics processors."""
        return request.gpu_batches if self.model.gpu_layers else request.batches

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
        """One decode call for those that share it, one for that which has its turn, one for the oldest task."""
        events: list[Event] = self._step_task() if self._tasks else []
        if self.turns and self.turns.is_idle:
            self.turns.close()
            self.turns = None
        if self.turns:
            events += self.turns.step()
        if self.shared and not self.shared.is_idle:
            if self.load:
                self.shared.use_threads(self.load.threads())
            events += self.shared.step()
        return events

    def cancel(self, request_id: int) -> Done | None:
        """End a request at once; None when it is not here (or is a task, which says nothing more)."""
        for task in list(self._tasks):
            if task.id == request_id:
                task.steps.close()
                self._tasks.remove(task)
        found = (each.cancel(request_id) for each in self._schedulers)
        return next((done for done in found if done), None)

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
        for each in self._schedulers:
            each.close()
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
        """Drop an idle shared cache that is half full: its cells would come on top of those of the turns."""
        if self.shared and self.shared.is_idle and self.shared.used > self.model.cells // 2:
            self.shared.close()
            self.shared = None


def takes_turns(request: Generate) -> bool:
    """Whether a request is answered with a context to itself: always where company might change a bit of an exact answer.

    An adapter belongs to a whole context, and the shared cache knows prefixes by their tokens, which a picture has none of.
    """
    return bool(request.adapter or request.images or (request.mode == "exact" and not request.batches))


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
