"""What a request can ask for beyond its sampling, with the real model; and every kind of bad input."""

from __future__ import annotations

import asyncio
import json
import math
import random
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from playground.engine.client import NO_WISHES, Engine, Wishes
from playground.engine.protocol import TAKES_TURNS, Done, Piece, Scored, Started
from playground.errors import BackendError, ContextOverflow
from playground.types.generation import Mode
from playground.types.prompt import Sampling

NewEngine = Callable[..., Engine]
one_loop = pytest.mark.asyncio(loop_scope="module")
MODES: tuple[Mode, ...] = ("exact", "throughput")
THROUGHPUT = Wishes(mode="throughput")
SEA = "Tell me about the sea."


@pytest.fixture(scope="module")
def model(small: Path) -> Path:
    """Three layers of it: where the way of an answer is looked at and not its words."""
    return small


class Answer(NamedTuple):
    text: str
    tokens: list[Scored]
    started: Started
    done: Done


async def ask(
    engine: Engine, model: Path, prompt: str = SEA, wishes: Wishes = NO_WISHES, **sampling: object
) -> Answer:
    options = {"max_tokens": 8} | sampling
    events = [e async for e in engine.generate(model, [["user", prompt]], Sampling(**options), wishes)]  # type: ignore[arg-type]
    pieces = [event for event in events if isinstance(event, Piece)]
    first, last = events[0], events[-1]
    assert isinstance(first, Started)
    assert isinstance(last, Done)
    tokens = [scored for piece in pieces for scored in piece.logprobs]
    return Answer("".join(piece.text for piece in pieces), tokens, first, last)


async def test_company_changes_no_bit_and_throughput_mode_is_no_other_mode(
    new_engine: NewEngine, model: Path
) -> None:
    engine = new_engine(parallel=10)
    start = "Answer in one short sentence, please. "
    prompts = [start + question for question in ("What is rain?", "Who was Plato?", "Why do cats purr?")]
    prompts += [f"Name {number} things that are {colour}." for number in (2, 3) for colour in ("red", "blue")]
    prompts += ["List three colours.", "What rhymes with moon?", "Count to five."]
    prompts += [f"Translate to French: {word}." for word in ("bread", "river", "window", "Monday", "blue")]
    prompts += [start + f"Where is {place}?" for place in ("Cairo", "Lima", "Oslo", "Kyoto", "Accra")]
    assert len(prompts) == 20

    async def answers(mode: Mode, some: list[str]) -> list[Answer]:
        return await asyncio.gather(*(ask(engine, model, p, Wishes(mode, top_logprobs=2)) for p in some))

    exact, fast = await answers("exact", prompts), await answers("throughput", prompts[::3])
    assert {a.started.mode for a in exact + fast} == {"exact"}
    assert {a.started.version.partition(", ")[2] for a in exact} == {
        "batched, guesses ahead, tiles from 1024 tokens, probe: company changes no bit"
    }
    assert sum(a.done.cached_tokens for a in exact) > 0, "prefixes were shared"
    assert [(a.text, a.tokens) for a in fast] == [(a.text, a.tokens) for a in exact[::3]]
    alone = new_engine()
    for place in (0, 7, 19):
        answer = await ask(alone, model, prompts[place], Wishes(top_logprobs=2))
        assert (answer.text, answer.tokens) == (exact[place].text, exact[place].tokens)


async def test_a_model_that_company_would_change_takes_turns_or_batches_when_asked_to(
    new_engine: NewEngine, model: Path, tmp_path: Path
) -> None:
    engine = new_engine(findings_path=tmp_path / "engine.json")
    first = await ask(engine, model)
    for kind in engine.findings.kinds:
        engine.findings.remember_batches(kind, False)
    turns, fast = await asyncio.gather(
        ask(engine, model, wishes=Wishes(top_logprobs=1)), ask(engine, model, wishes=THROUGHPUT)
    )
    assert (turns.started.mode, fast.started.mode) == ("exact", "throughput")
    assert turns.started.version.endswith(", in turns, probe: company may change bits")
    assert turns.started.ignored == [TAKES_TURNS]
    assert fast.started.version.endswith(", batched, probe: company may change bits")
    assert fast.started.ignored == []
    assert turns.text == fast.text == first.text, "a short prompt: the bits are the same here all the same"


@one_loop
async def test_log_probabilities_are_those_of_the_raw_distribution(engine: Engine, model: Path) -> None:
    greedy = await ask(engine, model, wishes=Wishes(top_logprobs=20))
    assert len(greedy.tokens) == greedy.done.completion_tokens == 8
    assert "".join(token for token, *_ in greedy.tokens) == greedy.text
    for token, logprob, top, _ in greedy.tokens:
        assert len(top) == 20
        assert [token, logprob] == top[0], "greedy takes the most likely"
        assert sorted((value for _, value in top), reverse=True) == [value for _, value in top]
        assert 0 < sum(math.exp(value) for _, value in top) <= 1.0001
    hot = await ask(engine, model, wishes=Wishes(top_logprobs=0), temperature=2.0, seed=3, max_tokens=1)
    (token, logprob, top, _), *_ = hot.tokens
    assert top == []
    assert dict(greedy.tokens[0][2]).get(token, logprob) == logprob, "temperature is not in it"


@one_loop
async def test_an_answer_keeps_to_a_json_schema_or_a_grammar(engine: Engine, embedded: Path) -> None:
    schema = {
        "type": "object",
        "properties": {"colour": {"enum": ["red", "blue"]}, "warm": {"type": "boolean"}, "n": {"minimum": 3, "type": "integer"}},
        "required": ["colour", "warm"],
    }  # fmt: skip
    for mode in MODES:
        wishes = Wishes(mode=mode, json_schema=json.dumps(schema))
        got = await ask(engine, embedded, "Describe fire.", wishes, max_tokens=40)
        value = json.loads(got.text)
        assert value["colour"] in ("red", "blue")
        assert got.done.finish == "stop"
        assert value.get("n", 3) >= 3
        assert got.started.ignored == []
    loose = await ask(
        engine, embedded, wishes=Wishes(json_schema='{"type": "array", "uniqueItems": true, "maxItems": 2}')
    )
    assert loose.started.ignored == ["JSON schema: uniqueItems not enforced"]
    only = await ask(engine, embedded, wishes=Wishes(grammar='root ::= "yes" | "no"'), temperature=1.5)
    assert only.text in ("yes", "no")


@one_loop
async def test_an_answer_can_be_forbidden_to_end(engine: Engine, model: Path) -> None:
    sampling = {"max_tokens": 30, "temperature": 0.0}
    short = await ask(engine, model, "Say yes.", Wishes(grammar='root ::= "a"*'), **sampling)
    raw = Wishes(raw_prompt="<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nBye.<|im_end|>")
    assert (await ask(engine, model, wishes=raw, max_tokens=1)).started.rendered_prompt == raw.raw_prompt
    endless = Wishes(raw_prompt="<|im_start|>assistant\nYes.", ignore_eos=True)
    got = await ask(engine, model, wishes=endless, **sampling)
    assert short.done.completion_tokens <= got.done.completion_tokens == 30


async def test_samples_of_one_prompt_read_it_once(new_engine: NewEngine, model: Path) -> None:
    engine = new_engine(parallel=8)
    sampling = Sampling(max_tokens=6, temperature=1.0, seed=4)
    texts: dict[int, str] = {}
    cached = {}
    async for number, event in engine.sample(model, [["user", SEA * 8]], sampling, 6):
        if isinstance(event, Piece):
            texts[number] = texts.get(number, "") + event.text
        elif isinstance(event, Done):
            cached[number] = event.cached_tokens
    assert len(set(texts.values())) > 3
    assert sorted(cached.values())[0] == 0
    assert sorted(cached.values())[1] > 60, "all but the first share the prompt"


@one_loop
async def test_given_texts_are_scored_after_a_prompt_that_is_read_once(
    engine: Engine, embedded: Path
) -> None:
    prompt = "The capital of France is"
    texts = [" Paris.", " a", "", " Paris, which lies on the Seine"] + [f" {n} and on" for n in range(16)]
    scores = await engine.score_text(embedded, prompt, texts)
    assert ["".join(token for token, _ in tokens) for tokens in scores] == texts
    assert all(value < 0 for tokens in scores for _, value in tokens)
    assert sum(v for _, v in scores[0][:1]) > sum(v for _, v in scores[4][:1])
    greedy = await ask(engine, embedded, wishes=Wishes(raw_prompt=prompt, top_logprobs=0), max_tokens=5)
    ((*same,),) = await engine.score_text(embedded, prompt, [greedy.text])
    assert [token for token, _ in same] == [token for token, *_ in greedy.tokens]
    for (_, one), (_, other, *_) in zip(same, greedy.tokens, strict=True):
        assert one == pytest.approx(other, abs=0.2), "rows of one call are summed in another order"


@one_loop
async def test_embeddings_are_near_for_near_texts(engine: Engine, embedded: Path) -> None:
    texts = ["The cat sleeps on the sofa.", "A cat is sleeping on a couch.", "Interest rates rose by 2 %."]
    cat, couch, rates = await engine.embed(embedded, texts)
    assert dot(cat, cat) == pytest.approx(1)
    assert (
        math.sumprod(cat, couch) > math.sumprod(cat, rates) if hasattr(math, "sumprod") else len(cat) == 576
    )
    assert (await engine.embed(embedded, texts[:1]))[0] == cat


def dot(one: list[float], other: list[float]) -> float:
    return math.fsum(a * b for a, b in zip(one, other, strict=True))


# --- adapters -------------------------------------------------------------------------------------------


def write_adapter(
    path: Path, *, architecture: str = "llama", kind: str = "adapter", width: int = 576
) -> Path:
    """A LoRA of rank 2 for the first attention's queries, with strong random numbers."""

    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    pairs = {"general.type": kind, "general.architecture": architecture, "adapter.type": "lora"}
    shapes = {"lora_a": (width, 2), "lora_b": (2, width)}
    head = b"GGUF" + struct.pack("<IQQ", 3, len(shapes), len(pairs) + 1)
    for key, value in pairs.items():
        head += text(key) + struct.pack("<I", 8) + text(value)
    head += text("adapter.lora.alpha") + struct.pack("<If", 6, 2.0)
    data = b""
    numbers = random.Random(1)
    for name, shape in shapes.items():
        head += text(f"blk.0.attn_q.weight.{name}") + struct.pack("<IQQIQ", 2, *shape, 0, len(data))
        data += struct.pack(f"<{width * 2}f", *(numbers.gauss(0, 1) for _ in range(width * 2)))
    path.write_bytes(head + b"\0" * (-len(head) % 32) + data)
    return path


@one_loop
async def test_an_adapter_changes_the_answers_that_ask_for_it(
    engine: Engine, model: Path, tmp_path: Path
) -> None:
    adapter = str(write_adapter(tmp_path / "lora.gguf"))
    plain = await ask(engine, model)
    changed, off, neighbour = await asyncio.gather(
        ask(engine, model, wishes=Wishes(mode="throughput", adapter=adapter, adapter_scale=4.0)),
        ask(engine, model, wishes=Wishes(adapter=adapter, adapter_scale=0.0)),
        ask(engine, model),
    )
    assert changed.text != plain.text
    assert off.text == neighbour.text == plain.text
    assert changed.started.mode == "exact"
    assert any("adapter" in note for note in changed.started.ignored)


# --- bad input ------------------------------------------------------------------------------------------


async def test_every_bad_request_is_a_named_error_and_the_engine_lives(
    new_engine: NewEngine, model: Path, tmp_path: Path
) -> None:
    engine = new_engine(context_tokens=512)
    await engine.warm_up(model)
    cut = write_adapter(tmp_path / "cut.gguf")
    cut.write_bytes(cut.read_bytes()[:-900])
    bad_sampling = Sampling.model_construct(**(Sampling().model_dump() | {"max_tokens": 0}))
    bad: dict[str, tuple[Wishes, str]] = {
        "grammar": (Wishes(grammar="root ::= unknown"), "grammar cannot be read"),
        "no root": (Wishes(grammar='start ::= "a"'), "grammar cannot be read"),
        "left recursion": (Wishes(grammar='root ::= root "a"'), "grammar cannot be read"),
        "grammar with NUL": (Wishes(grammar='root ::= "\0"'), "grammar cannot be read"),
        "not JSON": (Wishes(json_schema="{"), "is not JSON"),
        "not an object": (Wishes(json_schema="[1]"), "not an object"),
        "unknown type": (Wishes(json_schema='{"type": "colour"}'), '"colour" at #/type is not a type'),
        "remote": (
            Wishes(json_schema='{"$ref": "https://example.org/s"}'),
            "leads out of the schema",
        ),
        "dangling": (Wishes(json_schema='{"$ref": "#/$defs/x"}'), "leads nowhere"),
        "both": (Wishes(grammar="root ::= [a]", json_schema="{}"), "both a grammar and a JSON schema"),
        "alternatives": (Wishes(top_logprobs=21), "21 alternatives"),
        "no tokens": (Wishes(raw_prompt=""), "prompt is empty"),
        "no adapter": (Wishes(adapter=str(tmp_path / "gone.gguf")), "no adapter file"),
        "a model": (Wishes(adapter=str(model)), "not a LoRA adapter"),
        "damaged": (Wishes(adapter=str(cut)), "adapter cut.gguf"),
        "other kind": (
            Wishes(adapter=str(write_adapter(tmp_path / "g.gguf", architecture="gemma"))),
            "was made for gemma",
        ),
        "other size": (
            Wishes(adapter=str(write_adapter(tmp_path / "w.gguf", width=64))),
            "cannot load the adapter w.gguf",
        ),
    }
    neighbour = asyncio.create_task(ask(engine, model, max_tokens=20))
    for wishes, words in bad.values():
        for mode in MODES:
            with pytest.raises(BackendError, match=words):
                await ask(engine, model, wishes=replace(wishes, mode=mode))
    with pytest.raises(BackendError, match="zero tokens"):
        await anext(engine.generate(model, [["user", "x"]], bad_sampling))
    for number in (512, 513, 600):
        with pytest.raises(ContextOverflow, match="do not fit into 512"):
            await ask(engine, model, wishes=Wishes(raw_prompt="a" + " a" * (number - 1)))
    last = await ask(
        engine, model, wishes=Wishes(raw_prompt="a" + " a" * 510, mode="throughput"), max_tokens=9
    )
    assert (last.started.prompt_tokens, last.done.completion_tokens, last.done.finish) == (511, 1, "length")
    for wrong in (engine.embed(model, ["a", ""]), engine.score_text(model, "", ["a"])):
        with pytest.raises(BackendError, match="empty"):
            await wrong
    with pytest.raises(ContextOverflow):
        await engine.score_text(model, "a " * 500, ["b " * 100])
    assert (await neighbour).done.completion_tokens == 20
    assert engine.starts == 1


async def test_three_hundred_requests_at_once_all_end(new_engine: NewEngine, small: Path) -> None:
    engine = new_engine(parallel=16)
    names = [f"{first} {last}" for first in ("Ann", "Bo", "Cy") for last in range(100)]
    raw = [Wishes("throughput", raw_prompt=f"My name is {name}") for name in names]
    got = await asyncio.gather(*(ask(engine, small, wishes=wishes, max_tokens=1) for wishes in raw))
    assert {answer.done.finish for answer in got} <= {"length", "stop"}
    assert len(got) == 300


@one_loop
async def test_both_modes_at_once_and_a_neighbour_that_leaves(engine: Engine, model: Path) -> None:
    alone = await ask(engine, model, max_tokens=12)
    leaving = asyncio.create_task(ask(engine, model, "word " * 300, THROUGHPUT))
    others = [asyncio.create_task(ask(engine, model, SEA + "!" * n, THROUGHPUT)) for n in range(3)]
    exact = asyncio.create_task(ask(engine, model, max_tokens=12))
    await asyncio.sleep(0.1)
    leaving.cancel()
    assert (await exact).text == alone.text
    assert all(answer.done.completion_tokens for answer in await asyncio.gather(*others))
