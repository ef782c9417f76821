"""A technique as the program of a cell: its steps are calls of the run, each told as it begins and ends.

program = TechniqueProgram(work, send, tell, ready)      # `ready` looks its prompts up, and refuses what cannot run
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from playground.errors import NoAnswer, PlaygroundError
from playground.runs.planning import request_of
from playground.runs.single import Call, Send
from playground.techniques.asking import Ask, Render
from playground.techniques.base import Task, Tools
from playground.techniques.calls import Call as StepCall
from playground.techniques.technique import Technique, run_technique
from playground.types.generation import Completion, Finish, GenerationRequest
from playground.types.grid import Work
from playground.types.prompt import Prompt
from playground.types.trace import Answer, Step


@dataclass(frozen=True, slots=True)
class Ready:
    """A technique with everything that it needs for one cell; `prompts` are those of its steps."""

    row: Technique
    options: Mapping[str, Any]
    task: Task
    prompts: Mapping[str, Prompt]
    render: Render
    tools: Tools = field(default_factory=dict)


MakeReady = Callable[[Work], Awaitable[Ready]]
"""Makes the technique of a work ready; raises PlaygroundError for what it lacks, before anything is sent."""


class TechniqueProgram:
    """The steps of a technique; Stop ends all of them, and what had come of each is kept."""

    def __init__(self, work: Work, send: Send, tell: Callable[[Step], None], ready: MakeReady) -> None:
        self._work = work
        self._send = send
        self._tell = tell
        self._ready = ready
        self._ask: Ask | None = None
        self._has_begun = False

    async def answer(self) -> Answer:
        """The answer with its trace."""
        ready = await self._ready(self._work)
        self._ask = Ask(
            self._sent,
            ready.render,
            ready.prompts,
            sampling=self._work.sampling,
            images=self._work.case.images,
            values=self._work.case.values,
            watch=self._tell,
        )
        return await run_technique(ready.row, ready.task, self._ask, ready.tools, ready.options)

    def so_far(self, finish: Finish) -> Answer:
        """The trace so far, and the last text that came."""
        if self._ask is None or not self._ask.steps:
            return Answer.of_one_call(self._work.messages, Completion("", finish))
        return replace(self._ask.bounded_answer(), extracted=None, ended=finish)

    async def _sent(self, step: StepCall) -> Completion:
        """One step's call; what had come of one that ends early is kept with it."""
        assert self._ask is not None
        call = Call(self._request(step), is_first=not self._has_begun, streams=False)
        self._has_begun = True
        self._put(step, request_hash=call.hash)
        finish: Finish = "cancelled"
        try:
            completion = await self._send(call)
            if completion.finish in ("aborted", "error"):
                raise PlaygroundError(
                    f"{call.request.model} ended its answer without saying why.", "Run this column again."
                )
            finish = "stop"
            return completion
        except PlaygroundError as exc:
            finish = exc.finish if isinstance(exc, NoAnswer) else "error"
            raise
        finally:
            if finish != "stop":
                self._put(step, completion=call.fold.completion(finish))

    def _put(self, step: StepCall, **changes: Any) -> None:
        assert self._ask is not None
        self._ask.put(replace(self._ask.step(step.number), **changes))

    def _request(self, step: StepCall) -> GenerationRequest:
        """A step as a request: with the column's settings, where it has none of its own.

        The prompt's schema holds where its own messages are sent.
        """
        work, whole = self._work, request_of(self._work)
        is_own = step.messages == work.messages
        return replace(
            whole,
            model=step.model or work.model,
            messages=step.messages,
            sampling=step.sampling,
            json_schema=step.json_schema or (whole.json_schema if is_own else None),
            top_logprobs=whole.top_logprobs if step.top_logprobs is None else step.top_logprobs,
            raw_prompt=None,
            images=step.images,
            family=f"{id(self)} {step.family}" if step.family else "",
        )
