"""How an answer came about: the steps on the way to it, as a tree, and what they come to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from playground.types.generation import Completion, Finish, Message

StepKind = Literal["call", "tool", "note"]
"""A call of a model; something this program did or looked up; a thought or a remark that belongs into the trace."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step on the way to an answer. Of a call: what was sent and what came back, None when nothing had.

    `request_hash` is the same for calls that ask for the same, "" where that is not known. `parent` is the number of
    the step that this one is under. `output` is what a tool gave or a note says; `extracted`, what was looked for in
    it; `value` (0 to 1) and `state` ("kept", "pruned", "answer", "tie", …) what the technique made of it. `start_s` is
    on the clock of the answer, which begins with its first step.
    """

    messages: tuple[Message, ...] = ()
    completion: Completion | None = None
    number: int = 0
    label: str = ""
    request_hash: str = ""
    parent: int | None = None
    kind: StepKind = "call"
    output: str = ""
    extracted: str | None = None
    value: float | None = None
    state: str = ""
    start_s: float = 0.0
    model: str = ""

    @property
    def text(self) -> str:
        """What it gave: a model's answer, a tool's result, a note."""
        return self.completion.text if self.completion else self.output

    @property
    def tokens(self) -> int | None:
        """Of what was sent and what came back; None where the backend did not tell both."""
        return (
            _sum((self.completion.prompt_tokens, self.completion.completion_tokens))
            if self.completion
            else None
        )


CACHED = "cache"
"""The fact of an answer that was served from one that was given before: which of its calls were, "" for all."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the steps of a cell came to. The last call's text is the answer, unless `final` is another.

    `extracted` is what was looked for in it: checks look at that. `ended` is how it ended where that is not how the
    last call did ("length" at a bound). `facts` are short pairs for the reader: ("votes", "3 of 5").
    """

    steps: tuple[Step, ...] = ()
    extracted: str | None = None
    final: str | None = None
    ended: Finish | None = None
    facts: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of_one_call(
        cls, messages: Sequence[Message], completion: Completion | None, request_hash: str = ""
    ) -> Answer:
        """The answer that one call gave."""
        return cls((Step(tuple(messages), completion, request_hash=request_hash),))

    @property
    def _last(self) -> Step | None:
        for step in reversed(self.steps):
            if step.kind == "call":
                return step
        return None

    @property
    def is_traced(self) -> bool:
        """Whether a technique made it, so that its steps are more than one call."""
        return self.final is not None

    @property
    def completion(self) -> Completion | None:
        """What the last call gave; of a technique its answer with the sums of all calls. None when nothing had come back."""
        call = self._last
        last = call.completion if call else None
        if self.final is None:
            return last
        return replace(
            last or Completion("", "stop"),
            text=self.final,
            finish=self.ended or (last.finish if last else "stop"),
            reasoning="",
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            cached_tokens=_sum(step.completion.cached_tokens for step in self.steps if step.completion),
            context_tokens=None,
            first_token_s=None,
            total_s=self.wall_s,
            rendered_prompt=None,
            logprobs=(),
        )

    @property
    def messages(self) -> tuple[Message, ...]:
        """What the last call was sent."""
        return self._last.messages if self._last else ()

    @property
    def text(self) -> str:
        """The answer."""
        return done.text if (done := self.completion) else ""

    @property
    def finish(self) -> Finish | None:
        """How it ended; None when nothing had come back."""
        return done.finish if (done := self.completion) else None

    @property
    def is_cut(self) -> bool:
        """Whether its last call was cut at its longest length: then "length" need not mean a bound of the technique."""
        last = self._last.completion if self._last else None
        return last is not None and last.finish == "length"

    @property
    def calls(self) -> int:
        """How many calls gave something."""
        return sum(step.completion is not None for step in self.steps)

    @property
    def prompt_tokens(self) -> int | None:
        """Of all calls; None when one of them did not tell."""
        return _sum(step.completion.prompt_tokens for step in self.steps if step.completion)

    @property
    def completion_tokens(self) -> int | None:
        """Of all calls; None when one of them did not tell."""
        return _sum(step.completion.completion_tokens for step in self.steps if step.completion)

    @property
    def tokens(self) -> int | None:
        """Of all that was sent and all that came back; None where a call did not tell both."""
        return _sum((self.prompt_tokens, self.completion_tokens))

    @property
    def total_s(self) -> float:
        """Seconds that the calls took, one after the other."""
        return sum(step.completion.total_s for step in self.steps if step.completion)

    @property
    def wall_s(self) -> float:
        """Seconds from the beginning of the first call to the end of the last."""
        ends = [step.start_s + step.completion.total_s for step in self.steps if step.completion]
        return max(ends) - min(step.start_s for step in self.steps if step.completion) if ends else 0.0


def _sum(counts: Iterable[int | None]) -> int | None:
    known = list(counts)
    return sum(count for count in known if count is not None) if known and None not in known else None
