"""The engine process with the real embedded model."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from typing import NamedTuple

import pytest

from playground.engine.client import NO_WISHES, Engine, Wishes
from playground.engine.protocol import Done, Piece, Started
from playground.errors import BackendError, BackendUnavailable, ContextOverflow
from playground.types.prompt import Sampling

NewEngine = Callable[..., Engine]
one_loop = pytest.mark.asyncio(loop_scope="module")
HELLO = [["user", "Tell me about the sea."]]


@pytest.fixture(scope="module")
def model(small: Path) -> Path:
    """Three layers of it: where the way of an answer is looked at and not its words."""
    return small


class Answer(NamedTuple):
    started: Started
    text: str
    done: Done


async def answer(
    engine: Engine,
    model: Path,
    messages: list[list[str]] = HELLO,
    wishes: Wishes = NO_WISHES,
    **sampling: object,
) -> Answer:
    options = {"max_tokens": 12} | sampling
    events = [e async for e in engine.generate(model, messages, Sampling(**options), wishes)]  # type: ignore[arg-type]
    started, *pieces, done = events
    assert isinstance(started, Started)
    assert isinstance(done, Done)
    return Answer(started, "".join(p.text for p in pieces if isinstance(p, Piece)), done)


async def test_an_answer_comes_in_pieces_with_its_receipt(new_engine: NewEngine, embedded: Path) -> None:
    engine = new_engine()
    got = await answer(engine, embedded, [["user", "What is the capital of France?"]], max_tokens=8)
    assert got.started.prompt_tokens == 37
    assert got.started.context_tokens == 2048
    assert got.started.rendered_prompt.endswith("France?<|im_end|>\n<|im_start|>assistant\n")
    assert got.started.version.startswith("llama-cpp-python 0.")
    assert got.started.mode == "exact"
    assert got.started.ignored == []
    assert got.text.startswith("L'É")
    assert (got.done.finish, got.done.completion_tokens, got.done.cached_tokens) == ("length", 8, 0)
    digest = subprocess.run(
        ["sha256sum", embedded], capture_output=True, text=True, check=True
    ).stdout.split()[0]
    assert got.done.digest == digest


@one_loop
async def test_the_seed_decides_the_text(engine: Engine, model: Path) -> None:
    hot = {"temperature": 1.2, "top_k": 50, "top_p": 0.95, "min_p": 0.02, "repetition_penalty": 1.1}
    first = await answer(engine, model, seed=7, **hot)
    again = await answer(engine, model, seed=7, **hot)
    other = await answer(engine, model, seed=8, **hot)
    zero = await answer(engine, model, seed=0, **hot)
    assert first.text == again.text
    assert len({first.text, other.text, zero.text}) == 3


@one_loop
async def test_penalties_change_a_text_that_repeats_itself(engine: Engine, embedded: Path) -> None:
    question = [["user", "What is the capital of France?"]]  # its greedy answer repeats "la femme au roi"
    plain = await answer(engine, embedded, question, max_tokens=40)
    for penalty in ({"repetition_penalty": 1.5}, {"presence_penalty": 1.5}, {"frequency_penalty": 1.5}):
        changed = await answer(engine, embedded, question, max_tokens=40, **penalty)
        assert len(set(changed.text.split())) > len(set(plain.text.split()))


async def test_a_request_without_a_seed_never_reaches_the_engine(new_engine: NewEngine, model: Path) -> None:
    with pytest.raises(BackendError, match="without a seed"):
        await answer(new_engine(), model, seed=None)


@one_loop
async def test_a_stop_string_is_not_part_of_the_text(engine: Engine, model: Path) -> None:
    whole = (await answer(engine, model, max_tokens=20)).text
    stop = whole[len(whole) // 2 :][:6]
    stopped = await answer(engine, model, max_tokens=20, stop=(stop, "never said"))
    assert stopped.text == whole[: whole.index(stop)]
    assert stopped.done.finish == "stop"


@one_loop
async def test_a_model_that_is_done_stops_by_itself(engine: Engine, embedded: Path) -> None:
    got = await answer(
        engine, embedded, [["system", "Answer with one word."], ["user", "Say yes."]], max_tokens=200
    )
    assert got.done.finish == "stop"
    assert got.done.completion_tokens < 200
    assert "<|im_end|>" not in got.text


@one_loop
async def test_two_requests_make_progress_together(engine: Engine, model: Path) -> None:
    order: list[int] = []

    async def follow(number: int) -> None:
        async for event in engine.generate(model, HELLO, Sampling(max_tokens=30, seed=number, temperature=1)):
            if isinstance(event, Piece):
                order.append(number)

    await asyncio.gather(follow(1), follow(2))
    assert engine.starts == 1
    changes = sum(a != b for a, b in zip(order, order[1:], strict=False))
    assert changes > 20, "the pieces of both answers alternate"


async def test_a_prompt_beyond_the_window_is_refused_with_both_numbers(
    new_engine: NewEngine, model: Path
) -> None:
    engine = new_engine(context_tokens=300)
    with pytest.raises(ContextOverflow) as caught:
        await answer(engine, model, [["user", "word " * 400]])
    assert caught.value.prompt_tokens > 400
    assert caught.value.context_tokens == 300
    long = await answer(engine, model, [["user", "word " * 250]], max_tokens=1000)
    assert long.done.finish in ("length", "stop")
    assert long.started.prompt_tokens + long.done.completion_tokens <= 300


async def test_leaving_an_answer_stops_the_work(new_engine: NewEngine, embedded: Path) -> None:
    engine = new_engine(parallel=1)
    async with aclosing(engine.generate(embedded, HELLO, Sampling(max_tokens=100_000))) as events:
        async for event in events:
            if isinstance(event, Piece):
                break
    got = await asyncio.wait_for(answer(engine, embedded, max_tokens=2), 10)
    assert got.done.finish == "length"
    assert engine.starts == 1


async def test_a_prompt_that_is_being_read_can_be_cancelled(new_engine: NewEngine, embedded: Path) -> None:
    engine = new_engine(parallel=1, context_tokens=8192)
    long = [["user", "word " * 7000]]  # 20 seconds and more of reading
    task = asyncio.create_task(answer(engine, embedded, long))
    await answer_started(engine, embedded, long)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    got = await asyncio.wait_for(answer(engine, embedded, max_tokens=2), 10)
    assert got.done.completion_tokens == 2


async def answer_started(engine: Engine, model: Path, messages: list[list[str]]) -> None:
    """Return once a second request with these messages has been accepted, and leave it."""
    async with aclosing(engine.generate(model, messages, Sampling())) as events:
        assert isinstance(await anext(events), Started)


@pytest.mark.parametrize("end", [signal.SIGSEGV, signal.SIGKILL, signal.SIGABRT])
async def test_a_crash_fails_the_running_answers_and_the_next_one_works(
    new_engine: NewEngine, model: Path, end: signal.Signals
) -> None:
    engine = new_engine()
    seen: list[str] = []

    async def follow() -> None:
        async for event in engine.generate(model, HELLO, Sampling(max_tokens=100_000)):
            if isinstance(event, Piece):
                seen.append(event.text)
                if len(seen) == 6 and engine.pid:
                    os.kill(engine.pid, end)

    results = await asyncio.gather(follow(), follow(), return_exceptions=True)
    assert all(isinstance(r, BackendUnavailable) for r in results)
    assert end.name in str(results[0])
    assert isinstance(results[0], BackendUnavailable)
    assert "next request" in results[0].hint
    assert (await answer(engine, model)).text
    assert engine.starts == 2


@one_loop
async def test_hostile_texts_reach_the_template_unchanged(engine: Engine, model: Path) -> None:
    for text in ("a\0b", "👩\u200d🚀 e\u0301", "שלום", "system:\nobey", "{{ 7 * 7 }}", "\u2028\x85", " "):
        rendered = await engine.render(model, [["user", text]])
        assert f"user\n{text}<|im_end|>" in rendered.text
        got = await answer(engine, model, [["user", text]], max_tokens=1)
        assert got.started.prompt_tokens == len(rendered.tokens)


@one_loop
async def test_a_broken_model_is_named_and_the_others_go_on(
    engine: Engine, model: Path, tmp_path: Path
) -> None:
    cut = tmp_path / "cut.gguf"
    with model.open("rb") as file:
        cut.write_bytes(file.read(20_000_000))
    with pytest.raises(BackendError, match=r"cannot load cut\.gguf") as caught:
        await answer(engine, cut)
    assert "damaged" in caught.value.hint
    for path in (tmp_path / "gone.gguf", tmp_path):
        with pytest.raises(BackendError):
            await answer(engine, path)
    assert (await answer(engine, model)).text
    assert engine.starts == 1


@one_loop
async def test_a_model_without_a_template_says_so(engine: Engine, model: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare.gguf"
    bare.write_bytes(model.read_bytes().replace(b"tokenizer.chat_template", b"tokenizer.chat_tem_late", 1))
    got = await answer(engine, bare, [["system", "The sea"], ["user", "is blue and"]])
    assert got.started.rendered_prompt == "The sea\n\nis blue and"
    assert any("chat template" in note for note in got.started.ignored)


@one_loop
async def test_a_template_that_refuses_is_an_error_of_that_request(
    engine: Engine, model: Path, tmp_path: Path
) -> None:
    old = b"{% for message in messages %}"
    new = b"{{ raise_exception('no!')  }}"
    assert len(old) == len(new)
    strict = tmp_path / "strict.gguf"
    strict.write_bytes(
        model.read_bytes().replace(old, new + b"", 1).replace(b"{% endfor %}", b"{# end  # #}", 1)
    )
    with pytest.raises(BackendError, match="chat template does not accept these turns"):
        await answer(engine, strict)
    assert engine.starts == 1


@pytest.mark.parametrize(
    ("tag", "words"),
    [
        (b"{% mark %}", "line 2: Encountered unknown tag 'mark'"),
        (b"{% for message in m|nope %}", "line 2: No filter named 'nope'"),
        (b"{% if %}", "line 2: "),
    ],
)
@one_loop
async def test_a_chat_template_that_does_not_parse_is_named_with_its_line(
    engine: Engine, model: Path, tmp_path: Path, tag: bytes, words: str
) -> None:
    old = b"{% for message in messages %}"
    content = model.read_bytes()
    assert old in content
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(content.replace(old, (b"\n" + tag).ljust(len(old)), 1))
    for asking in (answer(engine, broken), engine.render(broken, HELLO)):
        with pytest.raises(BackendError, match="The model's own chat template does not parse") as caught:
            await asking
        assert words in caught.value.message
        assert "Choose another GGUF" in caught.value.hint
    assert await engine.count(broken, ["a b c"]) == [3]
    raw = await answer(engine, broken, wishes=Wishes(raw_prompt="Once upon a"), max_tokens=2)
    assert raw.text
    assert engine.starts == 1


async def test_the_least_recently_used_model_makes_room(
    new_engine: NewEngine, embedded: Path, tmp_path: Path
) -> None:
    links = [tmp_path / f"{name}.gguf" for name in "abc"]
    for link in links:
        link.symlink_to(embedded)
    engine = new_engine(memory_mb=450, context_tokens=512)  # two of them, about 175 MB each
    for link in (*links, links[0]):
        assert (await answer(engine, link, max_tokens=1)).text
        assert models_in_memory(engine, embedded) <= 2
    assert models_in_memory(engine, embedded) == 2
    assert engine.starts == 1


def models_in_memory(engine: Engine, model: Path) -> int:
    """How many times the child has the model's file mapped."""
    mapped = 0
    for line in Path(f"/proc/{engine.pid}/maps").read_text().splitlines():
        if line.endswith(".gguf"):
            start, end = line.split()[0].split("-")
            mapped += int(end, 16) - int(start, 16)
    return round(mapped / model.stat().st_size)


async def test_a_busy_model_is_not_unloaded(new_engine: NewEngine, embedded: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.gguf"
    other.symlink_to(embedded)
    engine = new_engine(memory_mb=250, context_tokens=512)  # one of them
    first, second = await asyncio.gather(
        answer(engine, embedded, max_tokens=30), answer(engine, other, max_tokens=3)
    )
    assert first.text.startswith(second.text)
    assert engine.starts == 1


async def test_a_model_larger_than_the_limit_is_refused_with_both_numbers(
    new_engine: NewEngine, embedded: Path
) -> None:
    with pytest.raises(BackendError, match=r"needs about \d+ MB and the engine may use 64 MB") as caught:
        await answer(new_engine(memory_mb=64), embedded)
    assert "PLAYGROUND_ENGINE_MEMORY_MB" in caught.value.hint


async def test_extra_buffers_that_crash_are_found_out_and_remembered(
    new_engine: NewEngine, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLAYGROUND_TEST_CRASH_EXTRA_BUFTS", "1")
    path = tmp_path / "engine.json"
    engine = new_engine(findings_path=path)
    assert (await answer(engine, model)).text
    assert engine.starts == 1, "only the trial run crashed"
    found = json.loads(path.read_text())
    assert found["extra_buffers"] == {"Q4_1": False}

    trials = []
    monkeypatch.setattr("playground.engine.client.trial_run", lambda *arguments: trials.append(arguments))
    assert (await answer(new_engine(findings_path=path), model)).text
    assert trials == []


async def test_the_child_ends_when_its_parent_dies(model: Path, findings_path: Path) -> None:
    script = (
        "import asyncio, os, sys; from pathlib import Path\n"
        "from playground.engine.client import Engine, EngineOptions; from playground.types.prompt import Sampling\n"
        "async def main(model, findings):\n"
        "    engine = Engine(EngineOptions(0, 2, 2048, 4096, Path(findings)))\n"
        "    async for event in engine.generate(Path(model), [['user', 'Hi']], Sampling(max_tokens=100_000)):\n"
        "        print(engine.pid, flush=True); os.kill(os.getpid(), 9)\n"
        "asyncio.run(main(*sys.argv[1:]))"
    )
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", script, str(model), str(findings_path)), stdout=asyncio.subprocess.PIPE
    )
    output, _ = await parent.communicate()
    child = Path(f"/proc/{int(output)}/stat")
    for _ in range(200):
        if not child.exists() or child.read_text().rsplit(")", 1)[1].split()[0] == "Z":
            break
        await asyncio.sleep(0.02)
    else:
        pytest.fail("the engine process lives on without its parent")


async def test_what_c_code_prints_on_stdout_does_not_reach_the_protocol(tmp_path: Path) -> None:
    script = (
        "import os; from playground.engine.worker import Pipes; from playground.engine.protocol import Cancel\n"
        "pipes = Pipes(); os.write(1, b'GGML says hello\\n'); print('so do I', flush=True); pipes.send(Cancel(1))"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, stdin=subprocess.DEVNULL
    )
    assert run.stdout == b'{"type":"cancel","id":1}\n'
    assert b"GGML says hello" in run.stderr
    assert b"so do I" in run.stderr


async def test_a_closed_engine_refuses_and_its_child_is_gone(new_engine: NewEngine, model: Path) -> None:
    engine = new_engine()
    await engine.count(model, ["one two"])
    pid = engine.pid
    await engine.close()
    assert pid and not Path(f"/proc/{pid}").exists()
    with pytest.raises(BackendUnavailable, match="shut down"):
        await engine.count(model, ["one"])


@one_loop
async def test_counting_needs_no_template_and_no_weights(engine: Engine, model: Path) -> None:
    assert await engine.count(model, ["", "a", "a b c", "<|im_start|>"]) == [0, 1, 3, 7]
    rendered = await engine.render(model, [["user", "x"]])
    assert (rendered.tokens[0], rendered.context_tokens) == (1, 2048)
