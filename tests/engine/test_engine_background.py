"""What somebody waits for goes before what nobody watches: through the gate, in the engine, with the same bits for all."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from playground.backends.llamacpp import LlamaCppBackend
from playground.engine.client import Engine, Wishes
from playground.engine.gguf import read_header
from playground.engine.model import estimated_bytes
from playground.engine.process import Child
from playground.runs.cells import Delta, End, Finished
from playground.runs.runner import Execution
from playground.settings import Settings
from playground.types.generation import Message
from playground.types.grid import Work
from playground.types.prompt import Sampling
from playground.workbench.models import ModelDesk
from tests.tried_engine import Tried
from tests.works import work

WORDS = "The keeper of the lighthouse wrote down what the sea brought in that night, and what it took. "


def cells(count: int, tokens: int, words: str = WORDS) -> list[Work]:
    def cell(number: int) -> Work:
        text = f"{number}. {words}"
        plain = work(number, "llama.cpp:small", messages=(Message("user", text),))
        return replace(plain, raw_prompt=text, sampling=Sampling(max_tokens=tokens, seed=1))

    return [cell(number) for number in range(count)]


async def as_it_is(end: End) -> End:
    return end


class Run:
    """Cells with a rank; `texts` and the order in which they ended."""

    def __init__(self, desk: ModelDesk, some: list[Work], rank: int) -> None:
        self.execution = Execution(some, desk.backend_of, desk.gates, as_it_is, lambda: rank)
        self.written = 0
        self.ends: dict[int, Finished] = {}

    async def read(self) -> Run:
        async for event in self.execution.events():
            if isinstance(event, Delta):
                self.written += 1
            elif isinstance(event, Finished):
                self.ends[event.cell.key.variant] = event
        return self

    @property
    def texts(self) -> list[str]:
        return [self.ends[column].completion.text for column in sorted(self.ends)]


async def test_a_watched_answer_ends_before_the_background_that_filled_every_place(
    tmp_path: Path, small: Path, tried_engine: Tried
) -> None:
    tried_engine(tmp_path)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "small.gguf").symlink_to(small)
    settings = Settings(data_dir=tmp_path, engine_parallel=2, context_tokens=2048)
    desk = ModelDesk(settings, {"llama.cpp": LlamaCppBackend(settings)})
    alone = [(await Run(desk, [cell], 0).read()).texts for cell in cells(3, 60)]

    background = Run(desk, cells(3, 60), 1)
    reading = asyncio.create_task(background.read())
    while background.written < 4:  # two are being written, and one waits for a place
        await asyncio.sleep(0.01)
    watched = await Run(desk, cells(1, 10, "Something else."), 0).read()
    assert watched.ends[0].completion.finish == "length"
    assert not background.ends, "it waited for the background"
    await reading
    assert [[text] for text in background.texts] == alone
    await desk.close()


async def test_the_background_keeps_no_model_busy_for_whose_room_somebody_waits(
    tmp_path: Path, small: Path, new_engine: Callable[..., Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (Path(shutil.copy(small, tmp_path / name)) for name in ("a.gguf", "b.gguf"))
    room = 1.5 * estimated_bytes(read_header(first), 512) / 1e6
    engine = new_engine(context_tokens=512, memory_mb=int(room))
    ended: list[str] = []

    async def ask(model: Path, name: str, tokens: int, *, background: bool = False) -> None:
        wishes = Wishes(raw_prompt=f"{name}.", ignore_eos=True, background=background)
        async for _ in engine.generate(model, [], Sampling(max_tokens=tokens), wishes):
            pass
        ended.append(name)

    async def busy(
        line: int,
    ) -> None:  # two lines that never end in the same step, for as long as somebody waits
        while "watched" not in ended and len(ended) < 60:
            await ask(first, f"{line}", 7 + 4 * line, background=True)

    before: list[int] = []
    send = Child.send

    def noted(child: Child, request: Any) -> Any:
        if getattr(request, "model", "") == str(second):
            before.append(
                len(ended)
            )  # from here on somebody waits; what is asked earlier on may take its time
        return send(child, request)

    monkeypatch.setattr(Child, "send", noted)
    await ask(first, "warm", 1)
    lines = [asyncio.create_task(busy(line)) for line in range(2)]
    while len(ended) < 4:
        await asyncio.sleep(0.01)
    await ask(second, "watched", 4)
    assert len(ended) - before[-1] <= 5, "what had begun, and nothing that came later"
    await asyncio.gather(*lines)
