"""Whether a model's answers depend on those written beside them: the proof behind `playground doctor --exact`.

    report = await compared(backend, "llama.cpp:SmolLM2-135M-Instruct")
    report.equal, report.total → 20, 20

Each prompt is answered alone, then all of them at once in random order, among neighbours that come and are stopped again. Texts
are compared, and where the backend has them the log-probabilities of every token, to the last bit.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from dataclasses import dataclass

from playground.backends.base import Backend, complete
from playground.types.generation import Completion, GenerationRequest, Message
from playground.types.prompt import Sampling

_TOKENS = 24
_ANIMALS = "The fox sleeps under the hedge, the owl waits in the barn, and the hare runs over the field. "
PROMPTS = (
    "Name three rivers.",
    "What is the boiling point of water?",
    "Write one line about autumn.",
    "Is 17 a prime number?",
    "Give a synonym for quick.",
    "Who painted the Mona Lisa?",
    "List the months with 30 days.",
    "Why do leaves turn red?",
    "Translate 'thank you' into Spanish.",
    "Count from ten down to one.",
    *(f"{_ANIMALS * 2}Which animal comes {place}?" for place in ("first", "second", "last")),
    *(f"{_ANIMALS * 8}Say it in one sentence, for {reader}." for reader in ("a child", "a hunter", "a poet")),
    f"Summarise: {_ANIMALS * 56}",  # long enough to be read in tiles
    "Continue: one two three four " * 20,
    "def mean(numbers):" + "\n    # explain" * 30,
    "Reply with the word yes.",
)
_WAIT_S = 2.0
_SEEDED = 4  # every fourth prompt is sampled, with a seed; the others are greedy


@dataclass(frozen=True, slots=True)
class Report:
    """How many of the answers were equal, the prompts of the others, and the mode that the receipts name."""

    total: int
    different: tuple[str, ...]
    mode: str
    with_scores: bool

    @property
    def equal(self) -> int:
        """Answers that company did not change."""
        return self.total - len(self.different)


async def compared(backend: Backend, model: str, seed: int = 1) -> Report:
    """Answer every prompt alone and in company; raises BackendError."""
    scored = "log-probs" in backend.abilities
    alone = [await complete(backend, _request(model, number, scored)) for number in range(len(PROMPTS))]
    together = await _in_company(backend, model, scored, random.Random(seed))
    different = [
        prompt
        for prompt, one, other in zip(PROMPTS, alone, together, strict=True)
        if (one.text, one.logprobs) != (other.text, other.logprobs)
    ]
    first = together[0]
    mode = ", ".join(part for part in (first.mode, first.backend_version) if part)
    return Report(len(PROMPTS), tuple(different), mode, scored)


async def _in_company(backend: Backend, model: str, scored: bool, draws: random.Random) -> list[Completion]:
    """All prompts at once, each after a moment of its own, among neighbours that leave."""
    places = asyncio.Semaphore(max(2, backend.parallel))

    async def late(number: int, wait_s: float) -> Completion:
        await asyncio.sleep(wait_s)
        async with places:
            return await complete(backend, _request(model, number, scored))

    async def stranger(number: int, wait_s: float) -> None:
        await asyncio.sleep(wait_s)
        with suppress(TimeoutError):
            async with asyncio.timeout(0.2 + draws.random()):
                await complete(backend, _request(model, number, scored, f"Stranger {number}. "))

    tasks = [late(number, draws.random() * _WAIT_S) for number in range(len(PROMPTS))]
    strangers = [stranger(number, draws.random() * _WAIT_S) for number in range(4)]
    answers, _ = await asyncio.gather(asyncio.gather(*tasks), asyncio.gather(*strangers))
    return answers


def _request(model: str, number: int, scored: bool, before: str = "") -> GenerationRequest:
    heat = {"temperature": 0.8} if number % _SEEDED == _SEEDED - 1 else {"temperature": 0.0}
    sampling = Sampling(max_tokens=_TOKENS, seed=number + 1, **heat)
    messages = (Message("user", before + PROMPTS[number]),)
    return GenerationRequest(model, messages, sampling, top_logprobs=0 if scored else None)
