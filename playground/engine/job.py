"""One answer that grows token by token: what both ways of decoding share. Runs in the child.

job = Job(request, order=1, tokens=prompt, chain=chain)
job.take(token, vocabulary, window) → [Piece(…)]        and job.finish is set when that was the last token
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from playground.engine.answer import AnswerText, raw_of
from playground.engine.grammar import Guide
from playground.engine.protocol import Done, Embedded, Failed, Generate, Piece, Scored, TextsScored
from playground.engine.vocabulary import Vocabulary
from playground.errors import BackendError, ContextOverflow

Event = Piece | Done | Embedded | TextsScored | Failed


@dataclass(slots=True, eq=False)
class Job:
    """`tokens` is prompt and answer; `finish` is "stop" or "length" once the answer is complete.

    `guide` keeps the answer to a JSON schema; an answer is complete once nothing can follow in it. `has_left` says that it had
    to make room for others before.
    """

    request: Generate
    order: int
    tokens: list[int]
    chain: Any
    guide: Guide | None = None
    finish: str = ""
    has_left: bool = False
    prompt_tokens: int = field(init=False)
    text: AnswerText = field(init=False)

    def __post_init__(self) -> None:
        self.prompt_tokens = len(self.tokens)
        self.text = AnswerText(self.request.stop)

    @property
    def answer_tokens(self) -> int:
        """Length of the answer so far."""
        return len(self.tokens) - self.prompt_tokens

    def take(
        self, token: int, vocabulary: Vocabulary, window: int, scores: list[Scored] | None = None
    ) -> list[Event]:
        """Add one sampled token (with its log-probabilities when they were asked for); what can be shown now."""
        if vocabulary.ends_generation(token):
            self.finish = "stop"
            shown, scores = self.text.finish(), None  # the end is no part of the answer
        else:
            self.tokens.append(token)
            piece = vocabulary.piece(token)
            shown = self.text.add(piece)
            for scored in scores or ():
                scored[0], scored[3] = self.text.spelled, raw_of(piece, self.text.spelled)
            if self.guide:
                self.guide.take(token)
            if self.text.stopped:
                self.finish = "stop"
            elif self.guide and self.guide.is_complete:
                shown += self.text.finish()
                self.finish = "stop"
            elif self.answer_tokens >= self.request.max_tokens or len(self.tokens) >= window:
                shown += self.text.finish()
                self.finish = "stop" if self.text.stopped else "length"
        return [Piece(self.request.id, shown, scores or [])] if shown or scores else []

    def done(self, cached_tokens: int, finish: str = "") -> Done:
        """The message that ends this answer."""
        return Done(self.request.id, finish or self.finish, self.answer_tokens, cached_tokens, digest="")

    def refused(self, error: BackendError) -> Failed:
        """The message for an answer that cannot even begin."""
        return failed(self.request.id, error)

    def failed(self, code: int) -> Failed:
        """The message for an answer that llama.cpp could not go on with."""
        return Failed(
            self.request.id,
            kind="engine",
            message=f"llama.cpp could not compute the next token (llama_decode returned {code}).",
            hint="Try again; if it repeats, restart the app or choose another model.",
        )


def failed(request_id: int, error: BackendError) -> Failed:
    """Message that carries an error over the pipe."""
    if isinstance(error, ContextOverflow):
        numbers = (error.prompt_tokens, error.context_tokens)
        return Failed(request_id, "overflow", error.message, error.hint, *numbers)
    return Failed(request_id, "request", error.message, error.hint)
