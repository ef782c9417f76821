"""How a technique asks: every call, tool and note becomes a step of the trace, within bounds.

ask = Ask(send, render, prompts={"sample": prompt}, sampling=Sampling(), bounds=Bounds(max_calls=40))
reply = await ask("sample", {"question": "2 + 2?"}, label="sample 1", temperature=0.7)
ask.mark(reply, extracted="4")
return ask.answer("4", extracted="4")
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from playground.errors import PlaygroundError, PromptError
from playground.plurals import plural
from playground.techniques.base import Tool
from playground.techniques.calls import (
    BOUNDS,
    GREEDY,
    BoundReached,
    Bounds,
    Call,
    Reply,
    StepFailed,
    together,
)
from playground.types.generation import Completion, Message
from playground.types.prompt import Prompt, Sampling
from playground.types.trace import Answer, Step, StepKind

SEEDS = 2**32 - 1
_LEAD = re.compile(r"\w[\w ]*[:：]")
MAX_OBSERVATION = 4_000
"""Characters of what a tool gave that a model is shown; the rest is cut and counted."""
TOOL_SECONDS = 20.0


Worded = tuple[tuple[Message, ...], Sampling]
Send = Callable[[Call], Awaitable[Completion]]
Render = Callable[[Prompt, Mapping[str, Any]], Awaitable[Sequence[Message]]]
Parent = Step | Reply | int | None


class Ask:
    """The calls of one answer. `send` makes a call, `render` a prompt's messages, `watch` is told every change of a step.

    The `values` of the case are given to every step's prompt, under what the technique gives it.
    """

    def __init__(
        self,
        send: Send,
        render: Render,
        prompts: Mapping[str, Prompt] | None = None,
        *,
        sampling: Sampling = GREEDY,
        images: tuple[str, ...] = (),
        values: Mapping[str, Any] | None = None,
        bounds: Bounds = BOUNDS,
        watch: Callable[[Step], None] = lambda _: None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._send, self._render, self._watch, self._clock = send, render, watch, clock
        self._prompts = dict(prompts or {})
        self._sampling = sampling
        self._images = images
        self._values = dict(values or {})
        self.bounds = bounds
        self._steps: dict[int, Step] = {}
        self._begun: float | None = None
        self._calls = 0
        self._tokens = 0
        self._families = 0
        self.is_bounded = False
        """Whether a bound has kept a call from being made."""
        self._so_far: tuple[str, str | None] | None = None

    # --- calls ---

    async def __call__(
        self,
        what: str | Sequence[Message],
        values: Mapping[str, Any] | None = None,
        *,
        label: str = "",
        parent: Parent = None,
        images: tuple[str, ...] | None = None,
        model: str = "",
        top_logprobs: int | None = None,
        json_schema: str | None = None,
        brief: bool = False,
        family: str = "",
        **changes: Any,
    ) -> Reply:
        """The answer to a step's prompt with those values, or to messages as they are; `changes` are sampling values.

        Without `images` the case's go along. Raises BoundReached where no further call may be made, and StepFailed.
        """
        worded = self._worded(what, values or {}, brief)
        return await self._asked(
            worded,
            Step(label=label, parent=_number(parent), model=model),
            images=images,
            top_logprobs=top_logprobs,
            json_schema=json_schema,
            family=family,
            **changes,
        )

    async def _asked(
        self,
        worded: Awaitable[Worded],
        step: Step,
        *,
        images: tuple[str, ...] | None,
        top_logprobs: int | None,
        json_schema: str | None,
        family: str,
        **changes: Any,
    ) -> Reply:
        """One call with those words, as that step."""
        try:
            self._count_call()
        except BoundReached:
            if asyncio.iscoroutine(worded):
                worded.close()
            raise
        number = self._new(step)
        try:
            messages, sampling = await worded
            sampling = self._within(sampling.model_copy(update=changes))
            self._put(replace(self._steps[number], messages=messages, start_s=self._now()))
            sent = self._images if images is None else images
            call = Call(
                number, step.label, messages, sampling, step.model, sent, top_logprobs, json_schema, family
            )
            completion = await self._send(call)
        except BoundReached:
            raise
        except PlaygroundError as exc:
            if not step.label:
                raise
            raise StepFailed(f"Step “{step.label}”: {exc.message}", exc.hint) from exc
        self._tokens += _tokens_of(messages, completion)
        self._put(replace(self._steps[number], completion=completion))
        return Reply(number, completion)

    async def samples(
        self,
        count: int,
        what: str | Sequence[Message],
        values: Mapping[str, Any] | None = None,
        *,
        label: str,
        seed: int | None = None,
        parent: Parent = None,
        images: tuple[str, ...] | None = None,
        model: str = "",
        top_logprobs: int | None = None,
        json_schema: str | None = None,
        brief: bool = False,
        **changes: Any,
    ) -> list[Reply]:
        """So many answers to one prompt at the same time, in their order; of seeds one after the other.

        Where a bound allows fewer, those. The prompt is read once where the backend can.
        """
        first = self.seed() if seed is None else seed
        self._families += 1
        family = f"samples {self._families}" if count > 1 else ""
        words = asyncio.ensure_future(
            self._worded(what, values or {}, brief)
        )  # rendered once for all of them
        try:
            return await together(
                self._asked(
                    asyncio.shield(words),
                    Step(
                        label=f"{label} {number + 1}" if count > 1 else label,
                        parent=_number(parent),
                        model=model,
                    ),
                    images=images,
                    top_logprobs=top_logprobs,
                    json_schema=json_schema,
                    family=family,
                    seed=(first + number) % SEEDS,
                    **changes,
                )
                for number in range(count)
            )
        finally:
            if not words.done():
                words.cancel()
            await asyncio.wait({words})
            if not words.cancelled():
                words.exception()  # told by the first call that wanted the words

    async def use(
        self, tool: Tool, text: str, *, parent: Parent = None, label: str = "", seconds: float = TOOL_SECONDS
    ) -> str:
        """What the tool gives, as a model may be shown it; a tool that fails or hangs gives the reason."""
        number = self._new(Step(label=label or tool.name, parent=_number(parent), kind="tool"))
        self._put(
            replace(self._steps[number], messages=(Message("user", text),), start_s=self._now(), state="runs")
        )
        state = ""
        try:
            async with asyncio.timeout(seconds):
                output = str(await tool.run(text))
        except TimeoutError:
            output, state = f"{tool.name} timed out after {seconds:g} s.", "failed"
        except PlaygroundError as exc:
            output, state = f"{tool.name} failed: {exc}", "failed"
        except Exception as exc:  # a tool is foreign code: whatever it raises is for the model to read
            output, state = f"{tool.name} failed: {type(exc).__name__}: {str(exc)[:200]}", "failed"
        if len(output) > MAX_OBSERVATION:
            left_out = len(output) - MAX_OBSERVATION
            output = f"{output[:MAX_OBSERVATION]}\n({left_out:,} more characters were cut.)"
        self._put(replace(self._steps[number], output=output, state=state))
        return output

    # --- the trace ---

    def note(
        self,
        label: str,
        text: str,
        *,
        parent: Parent = None,
        value: float | None = None,
        state: str = "",
        kind: StepKind = "note",
    ) -> int:
        """Put a thought or a remark into the trace; gives its number."""
        step = Step(
            label=label,
            parent=_number(parent),
            kind=kind,
            output=text,
            value=value,
            state=state,
            start_s=self._now(),
        )
        number = self._new(step)
        self._watch(self._steps[number])
        return number

    def mark(
        self,
        step: Parent,
        *,
        extracted: str | None = None,
        value: float | None = None,
        state: str | None = None,
    ) -> None:
        """Say what became of a step; what is not named stays as it was."""
        number = _number(step)
        assert number is not None
        told = {"extracted": extracted, "value": value, "state": state}
        self._put(replace(self._steps[number], **{k: v for k, v in told.items() if v is not None}))  # type: ignore[arg-type]

    def so_far(self, text: str, extracted: str | None = None) -> None:
        """Say what the answer would be if a bound were reached now."""
        self._so_far = (text, extracted)

    def answer(self, text: str, *, extracted: str | None = None, **facts: str) -> Answer:
        """The answer with its trace; its finish is "length" where a bound kept a call from being made."""
        last = next((step.completion for step in reversed(self.steps) if step.completion), None)
        return Answer(
            steps=self.steps,
            extracted=extracted,
            final=text,
            ended="length" if self.is_bounded else last.finish if last else "stop",
            facts=tuple(facts.items()),
        )

    def step(self, number: int) -> Step:
        """One step as it stands."""
        return self._steps[number]

    @property
    def steps(self) -> tuple[Step, ...]:
        """What has happened, in the order of its beginning."""
        return tuple(self._steps[number] for number in sorted(self._steps))

    def lead(self, step: str, usual: str) -> str:
        """What a tool's result is put in behind: the first word with a colon that ends this step's answers, else the usual.

        A Chinese wording of a step stops at 观察：, and there its model goes on to read.
        """
        prompt = self._prompts.get(step)
        stops = prompt.sampling.stop if prompt and prompt.sampling else ()
        lead = next((stop.strip() for stop in stops if _LEAD.fullmatch(stop.strip())), usual)
        return lead if lead.endswith("：") else f"{lead} "

    def seed(self, number: int = 0) -> int:
        """The seed of the case, or the one that comes so many after it."""
        return ((self._sampling.seed or 0) + number) % SEEDS

    @property
    def calls_left(self) -> int | None:
        """How many calls may still be made; None without a bound."""
        return None if self.bounds.max_calls is None else max(0, self.bounds.max_calls - self._calls)

    def bounded_answer(self) -> Answer:
        """What there is when a bound was reached and the technique had no answer of its own."""
        self.is_bounded = True
        if self._so_far is not None:
            text, extracted = self._so_far
            return self.answer(text, extracted=extracted)
        last = next((step for step in reversed(self.steps) if step.completion is not None), None)
        return self.answer(last.text if last else "")

    def put(self, step: Step) -> None:
        """Replace a step: for who makes the calls and knows more of them (a request's hash, the text before a stop)."""
        self._put(step)

    # --- inside ---

    async def _worded(self, what: str | Sequence[Message], values: Mapping[str, Any], brief: bool) -> Worded:
        if not isinstance(what, str):
            return tuple(what), self._sampling
        prompt = self._prompts.get(what)
        if prompt is None:
            raise PromptError(
                f'There is no prompt for the step "{what}".', "Choose one in the technique's options."
            )
        rendered = await self._render(prompt, {**self._values, **values})
        # A value that is empty leaves the blank lines around its place.
        messages = tuple(replace(message, content=message.content.rstrip()) for message in rendered)
        return messages, self._of_step(prompt.sampling, brief)

    def _of_step(self, stated: Sampling | None, brief: bool) -> Sampling:
        """The column's sampling with what the step's prompt states; the longer length, else an answer would be cut."""
        if stated is None:
            return self._sampling
        told = {name: getattr(stated, name) for name in stated.model_fields_set - {"seed"}}
        if "max_tokens" in told and not brief:
            told["max_tokens"] = max(told["max_tokens"], self._sampling.max_tokens)
        return self._sampling.model_copy(update=told)

    def _within(self, sampling: Sampling) -> Sampling:
        if self.bounds.max_tokens is None:
            return sampling
        left = max(1, self.bounds.max_tokens - self._tokens)
        return sampling.model_copy(update={"max_tokens": min(sampling.max_tokens, left)})

    def _count_call(self) -> None:
        bounds = self.bounds
        if bounds.max_calls is not None and self._calls >= bounds.max_calls:
            self.is_bounded = True
            raise BoundReached(
                f"The bound of {plural(bounds.max_calls, 'call')} is reached.", "Raise max_calls."
            )
        if bounds.max_tokens is not None and self._tokens >= bounds.max_tokens:
            self.is_bounded = True
            raise BoundReached(
                f"The bound of {plural(bounds.max_tokens, 'token')} is reached.", "Raise max_tokens."
            )
        self._calls += 1

    def _now(self) -> float:
        now = self._clock()
        if self._begun is None:
            self._begun = now
        return now - self._begun

    def _new(self, step: Step) -> int:
        number = len(self._steps) + 1
        self._steps[number] = replace(step, number=number)
        return number

    def _put(self, step: Step) -> None:
        self._steps[step.number] = step
        self._watch(step)


def _number(step: Parent) -> int | None:
    return step.number if isinstance(step, Step | Reply) else step


def _tokens_of(messages: Sequence[Message], completion: Completion) -> int:
    """Tokens of a call for the bound; where a backend does not tell, one for four characters."""
    sent, written = completion.prompt_tokens, completion.completion_tokens
    if sent is None:
        sent = sum(len(message.content) for message in messages) // 4
    if written is None:
        written = (len(completion.text) + len(completion.reasoning)) // 4
    return sent + written
