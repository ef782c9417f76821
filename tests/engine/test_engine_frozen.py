"""An engine process that stands still: stopped by a signal, or hanging in native code. It is named, ended and started again."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from playground.engine.client import Engine
from playground.engine.protocol import Done, Piece
from playground.engine.watch import DEAF, FROZEN, Patience, Watch
from playground.errors import BackendUnavailable
from playground.types.prompt import Sampling

NewEngine = Callable[..., Engine]
HELLO = [["user", "Tell me about the sea."]]
SHORT = Patience(first_token_s=6, stall_s=3, stop_s=1.5)


async def text_of(engine: Engine, model: Path, prompt: str = HELLO[0][1], **sampling: object) -> str:
    options = Sampling(**({"max_tokens": 4} | sampling))  # type: ignore[arg-type]
    events = [event async for event in engine.generate(model, [["user", prompt]], options)]
    assert isinstance(events[-1], Done)
    return "".join(event.text for event in events if isinstance(event, Piece))


async def writing(engine: Engine, model: Path, begun: asyncio.Event) -> None:
    async for event in engine.generate(model, HELLO, Sampling(max_tokens=100_000)):
        if isinstance(event, Piece):
            begun.set()


def stop(engine: Engine) -> int:
    """Freeze the process as SIGSTOP does; a later kill works on it all the same."""
    assert engine.pid
    os.kill(engine.pid, signal.SIGSTOP)
    return engine.pid


def is_gone(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] in "ZX"


async def test_answers_of_a_frozen_engine_say_so_and_the_next_one_works(
    new_engine: NewEngine, small: Path
) -> None:
    engine = new_engine(patience=SHORT)
    begun = asyncio.Event()
    answers = [asyncio.create_task(writing(engine, small, begun)) for _ in range(2)]
    await begun.wait()
    pid = stop(engine)
    results = await asyncio.wait_for(asyncio.gather(*answers, return_exceptions=True), 30)
    for result in results:
        assert isinstance(result, BackendUnavailable)
        assert "no sign of life for 3 s" in result.message
        assert "PLAYGROUND_STALL_SECONDS" in result.hint
    assert is_gone(pid)
    assert await text_of(engine, small)
    assert engine.starts == 2


async def test_an_engine_that_is_frozen_before_it_is_asked_is_named(
    new_engine: NewEngine, small: Path
) -> None:
    engine = new_engine(patience=replace(SHORT, first_token_s=5))
    assert await text_of(engine, small)
    stop(engine)
    with pytest.raises(BackendUnavailable, match="no sign of life for 5 s") as caught:
        await asyncio.wait_for(text_of(engine, small), 30)
    assert "PLAYGROUND_FIRST_TOKEN_SECONDS" in caught.value.hint
    assert await text_of(engine, small)


async def test_stop_frees_at_once_and_the_next_request_finds_a_new_engine(
    new_engine: NewEngine, small: Path
) -> None:
    engine = new_engine(patience=replace(SHORT, first_token_s=600, stall_s=600))
    begun = asyncio.Event()
    answer = asyncio.create_task(writing(engine, small, begun))
    await begun.wait()
    pid = stop(engine)
    asked = time.monotonic()
    answer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await answer
    assert time.monotonic() - asked < 30, "the column waits for nobody"
    assert await asyncio.wait_for(text_of(engine, small), 60)
    assert is_gone(pid)
    assert engine.starts == 2
    assert await asyncio.wait_for(engine.count(small, ["one two"]), 60) == [2]


async def test_counting_tokens_after_a_stop_finds_a_new_engine_too(
    new_engine: NewEngine, small: Path
) -> None:
    engine = new_engine(patience=replace(SHORT, first_token_s=600, stall_s=600))
    begun = asyncio.Event()
    answer = asyncio.create_task(writing(engine, small, begun))
    await begun.wait()
    stop(engine)
    answer.cancel()
    await asyncio.gather(answer, return_exceptions=True)
    assert await asyncio.wait_for(engine.count(small, ["one two"]), 60) == [2]
    assert engine.starts == 2


async def test_a_frozen_engine_does_not_hold_up_the_end(new_engine: NewEngine, small: Path) -> None:
    engine = new_engine()
    begun = asyncio.Event()
    answer = asyncio.create_task(writing(engine, small, begun))
    await begun.wait()
    pid = stop(engine)
    await asyncio.wait_for(engine.close(), 10)
    assert is_gone(pid)
    with pytest.raises(BackendUnavailable):
        await asyncio.wait_for(answer, 5)


def test_a_file_that_is_being_loaded_leaves_signs(model: Path) -> None:
    import llama_cpp.llama_cpp as llama

    from playground.engine.gguf import read_header
    from playground.engine.library import start_library
    from playground.engine.model import loaded_parts, open_model

    start_library()
    loaded_parts.clear()
    llama.llama_model_free(open_model(read_header(model)))
    assert loaded_parts


async def test_a_long_prompt_shows_life(
    new_engine: NewEngine, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signs: list[str] = []
    hear = Watch.heard

    def heard(watch: Watch, request_id: int | None, now: float, *, wrote: bool = False) -> None:
        signs.append("alive" if request_id is None else "wrote" if wrote else "said")
        hear(watch, request_id, now, wrote=wrote)

    monkeypatch.setattr(Watch, "heard", heard)
    engine = new_engine(patience=Patience(stall_s=5))  # a sign every 0.05 s
    await engine.warm_up(small)
    signs.clear()
    await text_of(engine, small, max_tokens=1, prompt="word " * 1500)
    assert signs[: signs.index("wrote")].count("alive") > 2
    await asyncio.sleep(0.5)
    signs.clear()
    await asyncio.sleep(0.5)
    assert signs == [], "an idle process is silent"


async def test_a_stop_that_is_answered_leaves_the_engine_alone(new_engine: NewEngine, small: Path) -> None:
    engine = new_engine(patience=replace(SHORT, stop_s=1))
    begun = asyncio.Event()
    answer = asyncio.create_task(writing(engine, small, begun))
    await begun.wait()
    answer.cancel()
    await asyncio.gather(answer, return_exceptions=True)
    await asyncio.sleep(2)
    assert await text_of(engine, small)
    assert engine.starts == 1


# --- the judgement, without a process ---------------------------------------------------------------------


def test_silence_counts_from_the_last_sign_and_more_patience_is_had_before_the_first_token() -> None:
    watch = Watch(Patience(300, 120, 10))
    watch.sent(1, 0)
    assert watch.verdict(299) is None
    assert watch.verdict(301) == FROZEN
    watch.heard(None, 290)  # still reading, or loading
    assert watch.verdict(580) is None
    watch.heard(1, 600, wrote=True)
    assert watch.verdict(719) is None
    assert watch.verdict(721) == FROZEN


def test_an_idle_process_is_not_judged_for_the_time_before_a_request() -> None:
    watch = Watch(Patience(300, 120, 10))
    watch.heard(None, 0)
    assert not watch.is_needed
    watch.sent(1, 10_000)
    assert watch.verdict(10_299) is None
    watch.ended(1)
    assert not watch.is_needed and watch.verdict(99_999) is None


def test_a_stop_without_an_answer_ends_the_process_unless_others_wait_for_it() -> None:
    watch = Watch(Patience(300, 120, 10))
    watch.sent(1, 0)
    watch.sent(2, 1)
    watch.stop_asked(1, 100)
    assert watch.verdict(111) is None, "the other one may still come"
    watch.stop_asked(2, 105)
    watch.sent(3, 106)
    assert watch.verdict(109) is None
    assert watch.verdict(111) == DEAF
    watch.heard(None, 112)
    assert watch.verdict(130) is None


def test_time_in_which_nobody_looked_does_not_count() -> None:
    watch = Watch(Patience(300, 120, 10))
    watch.sent(1, 0)
    watch.heard(1, 1, wrote=True)
    watch.excuse(1000)
    assert watch.verdict(1100) is None
    assert watch.verdict(1122) == FROZEN
