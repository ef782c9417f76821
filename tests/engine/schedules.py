"""Requests alone and in random company: every text and every row of logits, compared bit for bit.

asked = requests(model, 12)
alone = played_alone(model, asked)
differing(alone, played(model, asked, seed=3)) → []
"""

from __future__ import annotations

import hashlib
import os
import random
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from playground.engine import library
from playground.engine.context import Row
from playground.engine.cores import thread_environment
from playground.engine.grammar import Grammars, Guide
from playground.engine.job import Event
from playground.engine.model import LoadedModel
from playground.engine.protocol import Done, Generate, Piece
from playground.engine.rules import Rules
from playground.engine.scheduler import Scheduler

os.environ["GGML_CPU_TILED_MM"] = thread_environment(2)["GGML_CPU_TILED_MM"]
"""The engine's process has it from its start; llama.cpp reads it once, at the first call it decodes."""

_TEXT = """the sea and the moon over a quiet harbour where an old clockmaker repairs the lamp of a lighthouse while children
ask why the sky is blue how bread is baked what makes a good map who built the first bridge when winter comes and whether
numbers can be beautiful write a short story explain in simple words list three reasons compare two ideas"""
_WORDS = _TEXT.split()
_SCHEMA = '{"type": "object", "properties": {"colour": {"type": "string"}, "warm": {"type": "boolean"}}}'
_GRAMMARS: dict[int, Grammars] = {}
_STRANGERS = 10_000  # ids from here on are neighbours that nobody compares


@dataclass
class Request:
    """A request with its prompt; `schema` keeps the answer to a JSON schema."""

    asked: Generate
    prompt: list[int]
    schema: str | None = None


@dataclass
class Seen:
    """What came of the requests: text, digests of the logits of each token, log-probabilities, by id."""

    texts: dict[int, str] = field(default_factory=dict)
    logits: dict[int, list[str]] = field(default_factory=dict)
    scores: dict[int, list[Any]] = field(default_factory=dict)
    resets: int = 0
    guessed: int = 0
    refused: int = 0

    def of(self, number: int) -> tuple[Any, ...]:
        return self.texts.get(number, ""), self.logits.get(number), self.scores.get(number, [])

    def take(self, events: Iterable[Event]) -> None:
        for event in events:
            if isinstance(event, Piece):
                self.texts[event.id] = self.texts.get(event.id, "") + event.text
                self.scores.setdefault(event.id, []).extend(event.logprobs)
            else:
                assert isinstance(event, Done), event


class Watched(Scheduler):
    """A scheduler that notes the logits of every token, how often all was forgotten, and what became of guesses."""

    def __init__(self, model: LoadedModel, rules: Rules, seen: Seen, *, guesses: bool = True) -> None:
        super().__init__(model, rules)
        self.seen = seen
        self.guesses = guesses

    def _guesses(self, shares: list[tuple[Any, int]]) -> list[Row]:
        return super()._guesses(shares) if self.guesses else []

    def _settle(self, run: Any, guesses: list[Row]) -> list[Event]:
        before = run.job.answer_tokens
        events = super()._settle(run, guesses)
        came_true = min(run.job.answer_tokens - before, len(guesses))
        self.seen.guessed += came_true
        self.seen.refused += len(guesses) - came_true
        return events

    def _advance(self, run: Any, row: int) -> list[Event]:
        digest = hashlib.md5(self._calls.logits(row).tobytes()).hexdigest()
        self.seen.logits.setdefault(run.job.request.id, []).append(digest)
        return super()._advance(run, row)

    def _forget_all(self) -> None:
        self.seen.resets += bool(self._running)
        super()._forget_all()


def prose(words: int, seed: int) -> str:
    draws = random.Random(seed)
    return " ".join(draws.choice(_WORDS) for _ in range(words))


def new_request(number: int, tokens: int, **wishes: Any) -> Generate:
    plain = Generate(
        number, "m", True, "", "exact", [], 0, 1, 0, 0, 1, 0, 0, number, tokens, [], batches=True
    )
    return replace(plain, **wishes)


def requests(
    model: LoadedModel, count: int, tokens: int = 10, longest: int = 330, shared: int = 70
) -> list[Request]:
    """Short and long prompts, with shared beginnings and samples of one prompt; greedy, seeded, with grammar and scores."""
    made = []
    draws, beginning = random.Random(7), prose(shared, 1)
    lengths = [n for n in (3, 8, 20, 45, 70, 120, 240, 330, 600, 900) if n <= longest]
    for number in range(count):
        body = prose(draws.choice(lengths) if number % 3 else 12, 100 + number)
        if number % 5 == 4:
            body, shared_too = prose(40, 100), True  # the same prompt: samples of it
        else:
            shared_too = number % 3 == 0
        text = f"<|im_start|>user\n{beginning + ' ' if shared_too else ''}{body}<|im_end|>\n<|im_start|>assistant\n"
        wishes: dict[str, Any] = {}
        if number % 2:
            wishes |= {"temperature": 0.9, "top_p": 0.95, "top_k": 40, "repetition_penalty": 1.1}
        if number % 4 == 2:
            wishes["top_logprobs"] = 3
        if number % 7 == 3:
            wishes["grammar"] = 'root ::= ("yes" | "no" | "perhaps" | " ")+'
        asked = new_request(number, tokens, ignore_eos=number % 6 == 1, **wishes)
        schema = _SCHEMA if number % 7 == 5 else None
        made.append(Request(asked, list(model.vocabulary.tokenize(text, special=True)), schema))
    return made


def played_alone(
    model: LoadedModel, asked: list[Request], rules: Rules | None = None, *, guesses: bool = False
) -> Seen:
    """Each request with nothing of anybody else in the cache; with `guesses` as in the engine, without them token by token."""
    seen = Seen()
    scheduler = Watched(model, rules or model.rules, seen, guesses=guesses)
    for request in asked:
        scheduler._forget_all()
        scheduler.submit(request.asked, request.prompt, _guide(model, request))
        while not scheduler.is_idle:
            seen.take(scheduler.step())
    scheduler.close()
    return seen


def played(
    model: LoadedModel,
    asked: list[Request],
    seed: int,
    rules: Rules | None = None,
    cells: int | None = None,
    *,
    forgets: float = 0,
) -> Seen:
    """All of them in a random schedule: joins, cancellations, interrupted calls, few sequences, tiny caches, 1 and 2 threads.

    With a chance of `forgets` before each step, all cells are freed as when they are used up.
    """
    draws, interruptions, seen = random.Random(seed), random.Random(seed + 100), Seen()
    fits = max(400, *(len(request.prompt) + request.asked.max_tokens for request in asked))
    whole, parallel = model.cells, model.parallel
    cancelled = (4, 60, fits // 2)  # words of neighbours
    model.cells = cells or (whole, fits, fits + 150)[seed % 3]
    model.parallel = draws.choice((4, 16))
    try:
        scheduler = Watched(model, rules or model.rules, seen)
    finally:
        model.cells, model.parallel = whole, parallel
    threads = draws.choice((1, 2))
    order, strangers = list(asked), _STRANGERS
    draws.shuffle(order)
    while order or not scheduler.is_idle:
        scheduler.use_threads(threads if draws.random() < 0.9 else 3 - threads)
        if order and draws.random() < 0.3:
            for _ in range(min(len(order), draws.choice((1, 1, 2, 5)))):
                request = order.pop()
                background = replace(request.asked, background=draws.random() < 0.3)
                scheduler.submit(background, request.prompt, _guide(model, request))
        if order and draws.random() < 0.05:  # neighbours that come and are cancelled
            words = prose(draws.choice(cancelled), strangers)
            scheduler.submit(
                new_request(strangers, 50), list(model.vocabulary.tokenize(words, special=False))
            )
            strangers += 1
        if draws.random() < 0.08 and strangers > _STRANGERS:
            scheduler.cancel(draws.randrange(_STRANGERS, strangers))
        if forgets and draws.random() < forgets:
            scheduler._forget_all()
        if interruptions.random() < 0.05:
            library.interrupt()  # as when somebody comes or goes while a call is under way
        seen.take(scheduler.step())
        library.resume()
    scheduler.close()
    return seen


def differing(alone: Seen, company: Seen, asked: list[Request]) -> list[int]:
    """Numbers of the requests whose text, logits or scores are not those they have alone."""
    numbers = [request.asked.id for request in asked]
    return [number for number in numbers if alone.of(number) != company.of(number)]


def _guide(model: LoadedModel, request: Request) -> Guide | None:
    if request.schema is None:
        return None
    grammars = _GRAMMARS.setdefault(id(model), Grammars(model.vocabulary))
    while (grammar := grammars.wanted(request.schema)) is None:
        time.sleep(0.01)
    return grammar.guide()
