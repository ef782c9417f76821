"""Which backend for me: speed, memory and agreement of the models that answer here, beside what each backend can do.

    result = await measure(workbench, models, report, seconds=100)
    → Measured("llama.cpp:SmolLM2-135M-Instruct", load_s=0.4, first_token_s=0.03, rates={1: 95.0, 4: 210.0, 16: 260.0}, …)

Short on purpose: a guide for choosing, not a benchmark to publish. All rates are tokens of the answers over the seconds
from the first request to the last end, so that "alone" and "16 at once" can be compared.
"""

from __future__ import annotations

import asyncio
import inspect
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from playground.backends.base import (
    Ability,
    Backend,
    CountsTokens,
    Embeds,
    ManagesModels,
    RendersChat,
    ReportsMetrics,
    ScoresText,
    WarmsUp,
    complete,
)
from playground.backends.llamacpp import LlamaCppBackend
from playground.errors import PlaygroundError
from playground.types.generation import Completion, GenerationRequest, Message, Mode
from playground.types.prompt import Sampling
from playground.workbench.service import Workbench

SECONDS = 100.0
AT_ONCE = (1, 4, 16)
RATE_SHARE = 0.15
"""Of a model's time, for each number of requests at once."""
MOST_TOKENS, LEAST_TOKENS = 64, 8
GREEDY_TOKENS = 16
GREEDY = (
    "What is the capital of France? Answer in one word.",
    "Count from one to five.",
    "Name three primary colours.",
    "What is 7 + 5?",
    "Translate to French: Good morning.",
    "Complete the sentence: The sun rises in the",
    "Is water wet? Answer yes or no.",
    "Write a word that rhymes with cat.",
    "Which is larger, a mouse or an elephant?",
    "Spell the word prompt backwards.",
)
Cause = Literal["", "template or tokens", "sampler or weights", "not told"]


@dataclass(frozen=True, slots=True)
class Greedy:
    """The answer to one of the `GREEDY` prompts at temperature 0."""

    text: str
    prompt_tokens: int | None


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of one model; None where it could not be, `problem` says why.

    `rates` are tokens a second of all answers together by the number of requests at once; `memory_bytes` is the peak
    of the server's process since its start; `greedy` has a row for each prompt, None where no answer came in time, and
    `again` those to the same prompts asked all at once.
    """

    model: str
    load_s: float | None = None
    first_token_s: float | None = None
    rates: Mapping[int, float | None] = field(default_factory=dict)
    memory_bytes: int | None = None
    greedy: tuple[Greedy | None, ...] = ()
    problem: str = ""
    again: tuple[Greedy | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many greedy answers of two models are equal, of those that both gave, and where differences come from."""

    equal: int
    of: int
    cause: Cause


@dataclass(frozen=True, slots=True)
class Report:
    """A step of the measuring: what is done now, and everything known so far."""

    doing: str
    measured: tuple[Measured, ...]


# --- measuring ------------------------------------------------------------------------------------------


async def measure(
    workbench: Workbench,
    models: Sequence[str],
    report: Callable[[Report], None] = lambda _: None,
    *,
    seconds: float = SECONDS,
) -> tuple[Measured, ...]:
    """One row for each model id, in that order; the time is shared evenly. A model that fails costs no other.

    Leaving early stops the servers' work; the last report has what is known by then.
    """
    done: list[Measured] = []
    for number, model in enumerate(models, 1):

        def show(doing: str, so_far: Measured, place: str = f"{number}/{len(models)} {model}") -> None:
            report(Report(f"{place}: {doing}", (*done, so_far)))

        done.append(await _measure_model(workbench, model, seconds / len(models), show))
    report(Report("done", tuple(done)))
    return tuple(done)


async def _measure_model(
    workbench: Workbench, model: str, seconds: float, show: Callable[[str, Measured], None]
) -> Measured:
    found = Measured(model)
    until = asyncio.get_running_loop().time() + seconds
    try:
        backend = workbench.models.backend_of(model)
        async with asyncio.timeout_at(until):
            show("loading", found)
            cold = await complete(backend, _request(model, "Say hello.", 2))
            show("time to first token", found)
            warm = [await complete(backend, _request(model, f"Say the number {n}.", 8)) for n in (1, 2, 3)]
        found = replace(found, load_s=load_seconds(cold, warm), first_token_s=first_token_seconds(warm))
        rate = max((rate_of([answer], answer.total_s) or 0.0 for answer in warm), default=0.0)
        for at_once in AT_ONCE:
            show(f"{at_once} at once", found)
            tokens = fitting_tokens(rate, seconds * RATE_SHARE, at_once)
            step_end = min(until, _in(seconds * RATE_SHARE * 2))
            measured = None
            try:
                measured = await _rate(backend, model, at_once, tokens, step_end)
            except PlaygroundError as exc:  # a full queue says nothing about the other steps
                found = replace(found, problem=f"{at_once} at once: {exc.message}")
            found = replace(found, rates={**found.rates, at_once: measured})
            rate = max(rate, measured or 0.0)
        found = replace(found, memory_bytes=peak_memory(backend))
        for number, prompt in enumerate(GREEDY, 1):
            show(f"greedy answer {number} of {len(GREEDY)}", found)
            found = replace(found, greedy=(*found.greedy, await _greedy(backend, model, prompt, until)))
        show("the same prompts together", found)
        found = replace(found, again=await _together(backend, model, until))
    except PlaygroundError as exc:
        return replace(found, problem=exc.message)
    except TimeoutError:
        return replace(found, problem=f"No warm answer within {seconds:.0f} s.")
    return found


async def _rate(backend: Backend, model: str, at_once: int, tokens: int, until: float) -> float | None:
    """Tokens a second of so many answers together; None when they took too long or nobody counts."""
    slots = asyncio.Semaphore(backend.parallel)

    async def answer(number: int) -> Completion | PlaygroundError:
        # Another beginning for each: a shared prefix would be read only once.
        request = _request(model, f"{number}. Write a long story about a journey.", tokens, "throughput")
        try:
            async with slots:
                return await complete(backend, request)
        except PlaygroundError as exc:  # raised when the others have ended, which would go on otherwise
            return exc

    started = time.perf_counter()
    try:
        async with asyncio.timeout_at(until):
            answers = await asyncio.gather(*(answer(number) for number in range(1, at_once + 1)))
    except TimeoutError:
        return None
    seconds = time.perf_counter() - started
    for failure in answers:
        if isinstance(failure, PlaygroundError):
            raise failure
    return rate_of([answer for answer in answers if isinstance(answer, Completion)], seconds)


async def _greedy(backend: Backend, model: str, prompt: str, until: float) -> Greedy | None:
    with suppress(TimeoutError):
        async with asyncio.timeout_at(until):
            answer = await complete(backend, _request(model, prompt, GREEDY_TOKENS))
            return Greedy(answer.text, answer.prompt_tokens)
    return None


async def _together(backend: Backend, model: str, until: float) -> tuple[Greedy | None, ...]:
    """The greedy answers again, all asked for at once; None where none came."""
    slots = asyncio.Semaphore(backend.parallel)

    async def answer(prompt: str) -> Greedy | None:
        with suppress(PlaygroundError):
            async with slots:
                return await _greedy(backend, model, prompt, until)
        return None

    return tuple(await asyncio.gather(*map(answer, GREEDY)))


def _in(seconds: float) -> float:
    return asyncio.get_running_loop().time() + seconds


def _request(model: str, text: str, tokens: int, mode: Mode = "exact") -> GenerationRequest:
    return GenerationRequest(model, (Message("user", text),), Sampling(max_tokens=tokens), mode)


# --- numbers --------------------------------------------------------------------------------------------


def load_seconds(cold: Completion, warm: Sequence[Completion]) -> float | None:
    """What the first answer waited longer for its first token than the warm ones: about 0 when it was loaded already."""
    usual = first_token_seconds(warm)
    if usual is None or cold.first_token_s is None:
        return None
    return max(0.0, cold.first_token_s - usual)


def first_token_seconds(answers: Sequence[Completion]) -> float | None:
    """The median of those that had a token."""
    known = [answer.first_token_s for answer in answers if answer.first_token_s is not None]
    return statistics.median(known) if known else None


def rate_of(answers: Sequence[Completion], seconds: float) -> float | None:
    """Tokens a second of all answers; None when one of them has no count."""
    counts = [answer.completion_tokens for answer in answers if answer.completion_tokens is not None]
    return sum(counts) / seconds if len(counts) == len(answers) and seconds > 0 else None


def fitting_tokens(rate: float, seconds: float, at_once: int) -> int:
    """Tokens of each of so many answers that a server of that rate surely writes in the time."""
    return max(LEAST_TOKENS, min(MOST_TOKENS, int(rate * seconds / at_once)))


def agreement(first: Sequence[Greedy | None], other: Sequence[Greedy | None]) -> Agreement:
    """Compares answer by answer; other prompt tokens mean that template or tokenizer already differ."""
    pairs = [(a, b) for a, b in zip(first, other, strict=False) if a is not None and b is not None]
    different = [(a, b) for a, b in pairs if a.text.strip() != b.text.strip()]
    cause: Cause = ""
    if different:
        counts = [(a.prompt_tokens, b.prompt_tokens) for a, b in different]
        told = [(a, b) for a, b in counts if a is not None and b is not None]
        cause = "not told" if not told else "sampler or weights"
        if any(a != b for a, b in told):
            cause = "template or tokens"
    return Agreement(len(pairs) - len(different), len(pairs), cause)


def peak_memory(backend: Backend) -> int | None:
    """Most bytes that the server's process ever held, where it is a child of this program; on Linux only."""
    pid = backend.engine.pid if isinstance(backend, LlamaCppBackend) else None
    if pid is None:
        return None
    with suppress(OSError):
        return peak_in(Path(f"/proc/{pid}/status").read_text())
    return None


def peak_in(status: str) -> int | None:
    """Bytes of the line `VmHWM:  1234 kB` in the status of a process."""
    for line in status.splitlines():
        name, _, value = line.partition(":")
        if name == "VmHWM":
            return int(value.split()[0]) * 1024
    return None


# --- abilities ------------------------------------------------------------------------------------------


def _can(ability: Ability) -> Callable[[Backend], bool]:
    return lambda backend: ability in backend.abilities


ABILITIES: dict[str, Callable[[Backend], bool]] = {
    "streaming": lambda backend: callable(backend.stream),
    # Closing an async generator closes its connection, and with it the server's work.
    "cancel": lambda backend: inspect.isasyncgenfunction(backend.stream),
    "JSON schema": _can("schema"),
    "log-probs": _can("log-probs"),
    "images": _can("images"),
    "raw text": _can("raw text"),
    "embeddings": lambda backend: isinstance(backend, Embeds),
    "shows the rendered text": lambda backend: isinstance(backend, RendersChat),
    "counts tokens": lambda backend: isinstance(backend, CountsTokens),
    "scores a given text": lambda backend: isinstance(backend, ScoresText),
    "loads ahead": lambda backend: isinstance(backend, WarmsUp),
    "manages models": lambda backend: isinstance(backend, ManagesModels),
    "live metrics": lambda backend: isinstance(backend, ReportsMetrics),
    "offline batch": _can("batch"),
}
"""Told by the code of a backend; what a single model can do is another question."""


def abilities(backends: Mapping[str, Backend]) -> dict[str, dict[str, bool]]:
    """Backend → ability → whether it has it."""
    return {
        name: {ability: has(backend) for ability, has in ABILITIES.items()}
        for name, backend in backends.items()
    }
