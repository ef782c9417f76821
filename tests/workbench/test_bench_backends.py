from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from playground.backends.llama_server import LlamaServerBackend
from playground.backends.llamacpp import LlamaCppBackend
from playground.backends.llamafactory import LlamaFactoryBackend
from playground.backends.openai_compatible import OpenAICompatibleBackend
from playground.backends.scripted import ScriptedBackend
from playground.backends.servers import Server
from playground.backends.vllm import VllmBackend
from playground.bench.measuring import (
    ABILITIES,
    AT_ONCE,
    GREEDY,
    GREEDY_TOKENS,
    LEAST_TOKENS,
    MOST_TOKENS,
    Agreement,
    Greedy,
    Measured,
    Report,
    abilities,
    agreement,
    fitting_tokens,
    load_seconds,
    measure,
    peak_in,
    peak_memory,
    rate_of,
)
from playground.bench.tables import to_json, to_markdown, to_text
from playground.errors import BackendError
from playground.settings import Settings
from playground.types.generation import Completion, GenerationRequest, Message
from playground.types.prompt import Sampling
from playground.workbench.service import Workbench, every_backend
from tests.backends.conftest import Scripted

MakeWorkbench = Callable[..., Workbench]


def answer(first_s: float | None = 0.5, tokens: int | None = 10) -> Completion:
    return Completion("text", "stop", first_token_s=first_s, completion_tokens=tokens, total_s=1.0)


# --- numbers --------------------------------------------------------------------------------------------


def test_load_time_is_what_the_first_answer_waited_longer() -> None:
    warm = [answer(0.1), answer(0.2), answer(0.9)]
    assert load_seconds(answer(2.2), warm) == pytest.approx(2.0)
    assert load_seconds(answer(0.1), warm) == 0.0
    assert load_seconds(answer(None), warm) is None
    assert load_seconds(answer(2.2), [answer(None)]) is None


def test_a_rate_needs_every_count() -> None:
    assert rate_of([answer(tokens=30), answer(tokens=10)], 2.0) == 20.0
    assert rate_of([answer(tokens=30), answer(tokens=None)], 2.0) is None


def test_a_slow_server_is_asked_for_less_so_that_the_time_is_kept() -> None:
    assert fitting_tokens(1000, 10, 16) == MOST_TOKENS
    assert fitting_tokens(20, 10, 16) == 12
    assert fitting_tokens(0.1, 10, 16) == LEAST_TOKENS


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ([Greedy("a ", 5), Greedy("b", 6)], Agreement(2, 2, "")),
        ([Greedy("a", 5), Greedy("x", 6)], Agreement(1, 2, "sampler or weights")),
        ([Greedy("a", 5), Greedy("x", 9)], Agreement(1, 2, "template or tokens")),
        # The same answer in spite of another template says nothing about the other ones.
        ([Greedy("a", 9), Greedy("x", 6)], Agreement(1, 2, "sampler or weights")),
        ([Greedy("y", None), None], Agreement(0, 1, "not told")),
        ([None, None], Agreement(0, 0, "")),
    ],
)
def test_agreement_counts_equal_answers_and_names_the_cause(
    other: list[Greedy | None], told: Agreement
) -> None:
    assert agreement([Greedy("a", 5), Greedy("b", 6)], other) == told


def test_the_peak_is_read_where_the_system_tells_it() -> None:
    assert peak_in("Name:\tx\nVmHWM:\t    1234 kB\nVmRSS:\t 1 kB\n") == 1234 * 1024
    assert peak_in("Name:\tx\n") is None
    assert (peak_in(Path(f"/proc/{os.getpid()}/status").read_text()) or 0) > 10_000_000
    assert peak_memory(ScriptedBackend()) is None


# --- measuring ------------------------------------------------------------------------------------------


async def test_every_model_gets_a_row_with_everything_measured(make_workbench: MakeWorkbench) -> None:
    workbench = make_workbench({"one": "{last}", "two": ["other ", "answer"]})
    steps: list[Report] = []
    models = ["scripted:one", "scripted:two"]
    one, two = await measure(workbench, models, steps.append, seconds=20)
    assert (one.model, one.problem, one.memory_bytes) == ("scripted:one", "", None)
    assert one.load_s is not None and one.first_token_s is not None
    assert tuple(one.rates) == AT_ONCE and all(rate and rate > 0 for rate in one.rates.values())
    assert len(one.greedy) == len(GREEDY) and one.greedy[1] == Greedy(GREEDY[1], 6)
    assert agreement(one.greedy, two.greedy) == Agreement(0, 10, "sampler or weights")
    assert steps[-1] == Report("done", (one, two))
    assert any(step.doing == "1/2 scripted:one: 16 at once" for step in steps)


async def test_a_model_that_fails_costs_no_other(make_workbench: MakeWorkbench) -> None:
    workbench = make_workbench({"bad": [BackendError("Out of memory.")], "good": "fine"})
    bad, gone, good = await measure(workbench, ["scripted:bad", "gone:x", "scripted:good"], seconds=20)
    assert bad.problem == "Out of memory." and bad.load_s is None
    assert 'No backend is called "gone"' in gone.problem
    assert good.problem == "" and good.rates[16]


async def test_a_fault_under_load_keeps_the_other_steps(
    make_workbench: MakeWorkbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    workbench = make_workbench()
    backend = workbench.models.backends["scripted"]
    assert isinstance(backend, ScriptedBackend)
    pieces = backend._pieces

    def fail_when_busy(name: str, request: GenerationRequest) -> object:
        return [BackendError("Queue full.")] if backend.running > 4 else pieces(name, request)

    monkeypatch.setattr(backend, "_pieces", fail_when_busy)
    [found] = await measure(workbench, ["scripted:echo"], seconds=20)
    assert found.problem == "16 at once: Queue full."
    assert found.rates[4] and found.rates[16] is None and all(found.greedy)
    assert backend.running == 0


async def test_a_model_that_does_not_answer_in_time_is_left(make_workbench: MakeWorkbench) -> None:
    workbench = make_workbench({"slow": [3600.0, "late"]})
    [found] = await measure(workbench, ["scripted:slow"], seconds=0.05)
    backend = workbench.models.backends["scripted"]
    assert "No warm answer" in found.problem
    assert isinstance(backend, ScriptedBackend) and backend.running == 0


async def test_greedy_answers_that_come_too_late_are_missing(
    make_workbench: MakeWorkbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    workbench = make_workbench()
    backend = workbench.models.backends["scripted"]

    def hang_when_greedy(_: str, request: GenerationRequest) -> list[str | float]:
        return ["a", 3600.0] if request.sampling.max_tokens == GREEDY_TOKENS else ["a"]

    monkeypatch.setattr(backend, "_pieces", hang_when_greedy)
    [found] = await measure(workbench, ["scripted:echo"], seconds=2)
    assert found.first_token_s is not None and found.greedy == (None,) * len(GREEDY)
    assert found.problem == ""


# --- abilities ------------------------------------------------------------------------------------------


def test_abilities_come_from_the_code(tmp_path: Path) -> None:
    found = abilities(every_backend(Settings(data_dir=tmp_path)))
    assert all(set(row) == set(ABILITIES) for row in found.values())
    assert [name for name, row in found.items() if row["offline batch"]] == ["vllm"]
    assert [name for name, row in found.items() if row["manages models"]] == ["ollama"]
    assert [name for name, row in found.items() if not row["raw text"]] == ["llamafactory", "openai"]
    assert all(row["streaming"] and row["cancel"] for row in found.values())


@pytest.mark.parametrize(
    "kind", [VllmBackend, LlamaServerBackend, LlamaFactoryBackend, OpenAICompatibleBackend]
)
async def test_what_a_server_is_said_to_offer_is_what_it_is_sent(
    kind: type[OpenAICompatibleBackend], tmp_path: Path
) -> None:
    told = httpx.Response(200, json={"tokens": [1], "count": 1, "data": []})
    server = Scripted(dict.fromkeys(("/v1/models", "/version", "/props", "/tokenize"), told)).start()
    settings = Settings(data_dir=tmp_path)
    backend = kind(settings, Server(kind.kind, kind.kind, server.url, found=True))
    messages = (Message("user", "Hi"),)

    async def sent(**wishes: object) -> str:
        request = GenerationRequest(f"{backend.name}:m", messages, Sampling(seed=1))
        for name, value in wishes.items():
            request = replace_field(request, name, value)
        return json.dumps((await backend.plan(request)).body)

    schema = {"type": "object", "title": "marked"}
    pixel = "iVBORw0KGgoAAAANSUhEUg=="
    try:
        assert ("marked" in await sent(json_schema=json.dumps(schema))) == ("schema" in backend.abilities)
        logs = await sent(top_logprobs=3)
        assert ("logprobs" in logs or "n_probs" in logs) == ("log-probs" in backend.abilities)
        assert (pixel in await sent(images=(pixel,))) == ("images" in backend.abilities)
        try:
            raw = bool(await sent(raw_prompt="text"))
        except BackendError:
            raw = False
        assert raw == ("raw text" in backend.abilities)
    finally:
        await backend.close()
        await server.stop()


def replace_field(request: GenerationRequest, name: str, value: object) -> GenerationRequest:
    from dataclasses import replace

    return replace(request, **{name: value})  # type: ignore[arg-type]


def test_the_engine_that_has_not_started_has_no_peak(tmp_path: Path) -> None:
    assert peak_memory(LlamaCppBackend(Settings(data_dir=tmp_path))) is None


# --- tables ---------------------------------------------------------------------------------------------

MEASURED = (
    Measured(
        "a:first",
        load_s=0.42,
        first_token_s=0.0314,
        rates={1: 95.2, 4: 210.0, 16: None},
        memory_bytes=412_000_000,
        greedy=(Greedy("x", 5), Greedy("y", 6)),
    ),
    Measured("b:second", rates={1: 3.14}, greedy=(Greedy("x", 7), Greedy("z", 9))),
    Measured("c:|*_<x>\x1b", problem="It fell\x1b over."),
)
CAN = {"a": {"streaming": True, "images": False}, "b": {"streaming": True, "images": True}}


def test_the_text_table_has_aligned_columns_and_the_problems() -> None:
    text = to_text(MEASURED, CAN)
    lines = text.splitlines()
    assert lines[0].split("  ")[0].strip() == "model" and lines[0].index("load") == lines[1].index("0.4 s")
    assert "31 ms" in lines[1] and "95/s" in lines[1] and "412 MB" in lines[1]
    assert "3.1/s" in lines[2] and lines[2].endswith("1 of 2 (template or tokens)")
    assert "c:|*_<x> : It fell  over." in text and "\x1b" not in text
    assert lines[-1].split() == ["images", "–", "yes"]


def test_markdown_survives_hostile_names() -> None:
    lines = to_markdown(MEASURED, CAN).splitlines()
    assert lines[1] == "|" + " --- |" * 8
    assert r"c:\|\*\_\<x>" in lines[4]
    assert lines[-1] == "| images | – | yes |"


def test_json_has_the_unrounded_numbers() -> None:
    told = json.loads(to_json(MEASURED, CAN))
    assert told["models"][0]["rates"] == {"1": 95.2, "4": 210.0, "16": None}
    assert told["models"][0]["first_token_s"] == 0.0314
    assert told["models"][1]["agreement"] == {"equal": 1, "of": 2, "cause": "template or tokens"}
    assert told["abilities"] == CAN


def test_without_any_greedy_answer_nothing_is_compared() -> None:
    alone = (Measured("a:x"),)
    assert json.loads(to_json(alone, {}))["models"][0]["agreement"] is None
    assert "–" in to_text(alone, CAN)
