"""Images with the real engine: SmolLM2 and a tiny projector with random weights, so that only the path is real, not the sight."""

from __future__ import annotations

import asyncio
import base64
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import llama_cpp.llama_cpp as llama
import pytest

from playground.engine.client import Engine, Wishes
from playground.engine.gguf import read_header
from playground.engine.model import open_model
from playground.engine.one_seat import OneSeat
from playground.engine.protocol import Done, Failed, Generate, Piece, Started
from playground.engine.vocabulary import Vocabulary
from playground.errors import BackendError, ContextOverflow
from playground.types.prompt import Sampling
from tests.tiny_projector import PICTURE_TOKENS, picture, write_projector

NewEngine = Callable[..., Engine]
one_loop = pytest.mark.asyncio(loop_scope="module")
QUESTION = [["system", "Look well."], ["user", "What is this?"]]
LOGS = Wishes(top_logprobs=3)


@pytest.fixture(scope="module")
def model(small: Path) -> Path:
    """Three layers of it: where the way of an answer is looked at and not its words."""
    return small


@pytest.fixture(scope="module")
def projector(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_projector(tmp_path_factory.mktemp("eyes") / "mmproj-tiny.gguf")


@dataclass
class Answer:
    text: str
    logprobs: list[Any]
    started: Started
    finish: str


async def ask(
    engine: Engine,
    model: Path,
    wishes: Wishes = LOGS,
    messages: list[list[str]] = QUESTION,
    **sampling: Any,
) -> Answer:
    options = {"max_tokens": 6} | sampling
    events = [e async for e in engine.generate(model, messages, Sampling(**options), wishes)]
    started, *pieces, done = events
    assert isinstance(started, Started) and isinstance(done, Done)
    text = "".join(piece.text for piece in pieces if isinstance(piece, Piece))
    logprobs = [scored for piece in pieces if isinstance(piece, Piece) for scored in piece.logprobs]
    return Answer(text, logprobs, started, done.finish)


def seeing(projector: Path, *images: str, **wishes: Any) -> Wishes:
    return replace(LOGS, images=images, projector=str(projector), **wishes)


@one_loop
async def test_the_picture_decides_the_answer_and_the_same_one_gives_the_same_bits(
    engine: Engine, model: Path, projector: Path
) -> None:
    blind = await ask(engine, model)
    red = await ask(engine, model, seeing(projector, picture("red")))
    blue = await ask(engine, model, seeing(projector, picture("blue")))
    assert red.logprobs[0] != blue.logprobs[0] != blind.logprobs[0]
    together = await asyncio.gather(
        ask(engine, model, seeing(projector, picture("red"))),
        ask(engine, model),
        ask(engine, model, seeing(projector, picture("blue"))),
    )
    assert [(a.text, a.logprobs) for a in together] == [(a.text, a.logprobs) for a in (red, blind, blue)], (
        "neither company nor an earlier image changes a bit, of answers without images too"
    )
    assert red.started.prompt_tokens == blind.started.prompt_tokens + PICTURE_TOKENS
    assert red.started.rendered_prompt == blind.started.rendered_prompt.replace("What", "<__media__>What")
    assert engine.starts == 1


@one_loop
async def test_several_pictures_count_and_stand_before_the_last_user_turn(
    engine: Engine, model: Path, projector: Path
) -> None:
    turns = [["user", "A <__media__> mark."], ["assistant", "Yes."], ["user", "And <__media_1__> now?"]]
    blind = await ask(engine, model, messages=turns)
    two = await ask(engine, model, seeing(projector, picture("red"), picture("blue", kind="JPEG")), turns)
    other = await ask(engine, model, seeing(projector, picture("blue"), picture("red", kind="GIF")), turns)
    assert two.started.prompt_tokens == blind.started.prompt_tokens + 2 * PICTURE_TOKENS
    assert "user\n<__media__><__media__>And <__media_1__> now?" in two.started.rendered_prompt
    assert "A <__media__> mark." in two.started.rendered_prompt, "a mark that somebody wrote stays text"
    assert two.logprobs != other.logprobs


@one_loop
async def test_a_request_with_images_is_exact_whatever_was_asked(
    engine: Engine, model: Path, projector: Path
) -> None:
    exact = await ask(engine, model, seeing(projector, picture()))
    asked = await ask(engine, model, seeing(projector, picture(), mode="throughput"))
    assert (asked.started.mode, asked.logprobs) == ("exact", exact.logprobs)
    assert asked.started.ignored == ["throughput: a request with images is answered in exact mode"]


@one_loop
async def test_tokens_that_look_at_each_other_share_one_call(
    engine: Engine, model: Path, tmp_path: Path
) -> None:
    path = write_projector(tmp_path / "mmproj-gemma.gguf", "gemma3")
    first, again = [await ask(engine, model, seeing(path, picture("green"))) for _ in range(2)]
    assert first.logprobs == again.logprobs
    assert first.logprobs != (await ask(engine, model, seeing(path, picture("black")))).logprobs


async def test_a_prompt_that_is_too_long_with_its_pictures_is_refused_with_both_numbers(
    new_engine: NewEngine, model: Path, projector: Path
) -> None:
    engine = new_engine(context_tokens=256)
    blind = await ask(engine, model)
    images = [picture()] * (256 // PICTURE_TOKENS)
    with pytest.raises(ContextOverflow) as caught:
        await ask(engine, model, seeing(projector, *images))
    assert caught.value.prompt_tokens == blind.started.prompt_tokens + 256
    assert caught.value.context_tokens == 256
    fits = await ask(engine, model, seeing(projector, *images[:12]), max_tokens=100)
    assert fits.finish in ("stop", "length")


@one_loop
async def test_a_broken_image_or_projector_is_an_error_of_its_request_alone(
    engine: Engine, model: Path, projector: Path, tmp_path: Path
) -> None:
    before = await ask(engine, model)
    broken = base64.b64encode(base64.b64decode(picture())[:60]).decode()
    half = tmp_path / "mmproj-half.gguf"
    half.write_bytes(projector.read_bytes()[:-100_000])
    other = write_projector(tmp_path / "mmproj-other.gguf", words=512)
    strange = write_projector(tmp_path / "mmproj-strange.gguf", "idefics3")
    for wishes, words in (
        (seeing(projector, picture(), broken), r"image 2 of 2 \(60 bytes\) is damaged"),
        (seeing(half, picture()), "cannot use mmproj-half.gguf"),
        (seeing(other, picture()), f"cannot use mmproj-other.gguf with {model.name}"),
        (seeing(strange, picture()), "no words for"),
        (seeing(model, picture()), "is not an mmproj file"),
        (seeing(tmp_path / "mmproj-gone.gguf", picture()), "cannot be read"),
    ):
        with pytest.raises(BackendError, match=words) as caught:
            await ask(engine, model, wishes)
        assert caught.value.hint
    with pytest.raises(BackendError, match="no user turn"):
        await ask(engine, model, seeing(projector, picture()), [["system", "Look."]])
    assert (await ask(engine, model, seeing(projector, picture()))).text
    assert (await ask(engine, model)).logprobs == before.logprobs
    assert engine.starts == 1


async def test_a_projector_counts_in_memory_beside_its_model(
    new_engine: NewEngine, embedded: Path, projector: Path
) -> None:
    engine = new_engine(memory_mb=300)
    assert (await ask(engine, embedded)).text
    with pytest.raises(BackendError, match=r"mmproj-tiny.gguf needs about \d+ MB beside the \d+ MB"):
        await ask(engine, embedded, seeing(projector, picture()))
    assert (await ask(engine, embedded)).text


async def test_a_projector_goes_with_its_model_and_comes_back(
    new_engine: NewEngine, embedded: Path, projector: Path, tmp_path: Path
) -> None:
    engine = new_engine(memory_mb=400)
    other = tmp_path / "other.gguf"
    other.symlink_to(embedded)
    first = await ask(engine, embedded, seeing(projector, picture()))
    assert (await ask(engine, other)).text, "there is room for it only without the embedded and its projector"
    assert (await ask(engine, embedded, seeing(projector, picture()))).logprobs == first.logprobs
    assert engine.starts == 1


@one_loop
async def test_another_projector_takes_the_place_of_the_first(
    engine: Engine, model: Path, projector: Path, tmp_path: Path
) -> None:
    second = write_projector(tmp_path / "mmproj-second.gguf", seed=2)
    one = await ask(engine, model, seeing(projector, picture()))
    two = await ask(engine, model, seeing(second, picture()))
    assert one.logprobs != two.logprobs
    both = await asyncio.gather(
        *(ask(engine, model, seeing(path, picture())) for path in (projector, second, projector))
    )
    assert [answer.logprobs for answer in both] == [one.logprobs, two.logprobs, one.logprobs]


@one_loop
async def test_stopping_while_a_picture_is_read_leaves_the_engine_usable(
    engine: Engine, model: Path, projector: Path
) -> None:
    wishes = seeing(projector, *[picture()] * 8)
    whole = await ask(engine, model, wishes)
    running = asyncio.create_task(ask(engine, model, wishes))
    for delay in (0.0, 0.005, 0.02, 0.05, 0.05):
        neighbour = asyncio.create_task(ask(engine, model, seeing(projector, *[picture("blue")] * 8)))
        await asyncio.sleep(delay)
        neighbour.cancel()
    assert (await running).logprobs == whole.logprobs
    assert engine.starts == 1


@one_loop
async def test_a_model_that_was_cancelled_while_it_loaded_does_not_keep_others_out(
    engine: Engine, model: Path, tmp_path: Path
) -> None:
    assert (await ask(engine, model)).text
    other, third = tmp_path / "other.gguf", tmp_path / "third.gguf"
    other.symlink_to(model)
    third.symlink_to(model)
    task = asyncio.create_task(engine.warm_up(other))
    await asyncio.sleep(0.02)
    task.cancel()
    async with asyncio.timeout(20):
        assert (await ask(engine, third)).text


async def test_the_image_library_is_loaded_with_the_first_image_only(
    new_engine: NewEngine, model: Path, projector: Path
) -> None:
    engine = new_engine()
    await ask(engine, model)
    maps = Path(f"/proc/{engine.pid}/maps")
    assert "libmtmd" not in maps.read_text()
    await ask(engine, model, seeing(projector, picture()))
    assert "libmtmd" in maps.read_text()
    script = "import sys, playground.engine.worker; sys.exit('llama_cpp.mtmd_cpp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


SMOLVLM = (
    "{% for message in messages %}{{ message['role'] }}{% if message['content'][0]['type'] == 'image' %}:{% else %}: {% endif %}"
    "{% for line in message['content'] %}{% if line['type'] == 'text' %}{{ line['text'] }}{% elif line['type'] == 'image' %}"
    "<image>{% endif %}{% endfor %}<end_of_utterance>\n{% endfor %}"
)


def test_a_template_that_wants_parts_of_messages_loses_no_text(model: Path) -> None:
    handle = open_model(read_header(model), vocabulary_only=True)
    try:
        words = Vocabulary(handle)
        plain = words.render(QUESTION).text
        assert plain.count("Look well.") == 1
        words = Vocabulary(handle)
        words._template = SMOLVLM
        assert words.render(QUESTION).text.endswith("user: What is this?<end_of_utterance>\n")
    finally:
        llama.llama_model_free(handle)


@dataclass
class FakePicture:
    """Takes `size` tokens and fewer positions; `codes` are what its next calls return."""

    start: int
    size: int
    positions: int
    whole: bool
    codes: list[int]
    is_encoded: bool = False
    error: str = ""

    def encode(self) -> None:
        if self.error:
            raise BackendError(self.error)
        self.is_encoded = True

    def read_into(self, context: Any, position: int) -> int:
        if code := self.codes.pop(0) if self.codes else 0:
            return code
        for place in range(position, position + self.positions):
            context.held.append((place, 5, {0}))
        return 0


def submitted(fake: Any, *pictures: FakePicture, prompt: list[int]) -> OneSeat:
    scheduler = OneSeat(fake)
    sampling = Sampling(max_tokens=3).model_dump(exclude={"seed", "stop"})
    request = Generate(
        id=1,
        model="m",
        extra_buffers=False,
        digest="",
        mode="exact",
        messages=[],
        seed=1,
        stop=[],
        **sampling,
    )
    scheduler.submit(request, prompt, pictures=list(pictures))  # type: ignore[arg-type]
    return scheduler


def run_out(scheduler: OneSeat) -> list[Any]:
    events: list[Any] = []
    while not scheduler.is_idle:
        events += scheduler.step()
    assert scheduler.tree.cells == 0
    scheduler.close()
    return events


def test_the_calls_of_a_prompt_follow_its_pictures(new_fake: Callable[..., Any]) -> None:
    fake = new_fake()
    run_out(submitted(fake, FakePicture(100, 300, 20, False, []), prompt=[1] * 100 + [-1] * 300 + [2] * 90))
    assert [len(rows) for rows in fake.calls] == [100, 90, 1, 1]
    assert [rows[0].position for rows in fake.calls] == [0, 120, 210, 211]


@pytest.mark.parametrize("shares", [True, False])
def test_a_picture_with_fewer_positions_than_tokens_leaves_no_gap_and_survives_an_interruption(
    new_fake: Callable[..., Any], shares: bool
) -> None:
    fake = new_fake(shares_prefixes=shares)
    prompt = [1, 2, 3, *[-1] * 6, 4, 7]
    eye = FakePicture(3, 6, 2, True, [2, 2])
    events = run_out(submitted(fake, eye, prompt=prompt))
    same = fake.says([1, 2, 3, 5, 5, 4, 7], 3)
    assert "".join(e.text for e in events if isinstance(e, Piece)) == same
    assert fake.contexts == []


def test_a_picture_that_cannot_be_read_fails_its_request(new_fake: Callable[..., Any]) -> None:
    for eye, words in (
        (FakePicture(1, 2, 2, False, [-3]), "returned -3"),
        (FakePicture(1, 2, 2, False, [], error="too large"), "too large"),
    ):
        fake = new_fake()
        (failure,) = run_out(submitted(fake, eye, prompt=[1, -1, -1, 2]))
        assert isinstance(failure, Failed) and words in failure.message
        assert fake.contexts == []
