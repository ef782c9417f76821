"""Checks that ask a model or the sandbox: found out in the cell's own time, never in anybody's way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from playground.backends.scripted import ScriptedBackend
from playground.runs.gate import Gate
from playground.runs.scoring import sample_of
from playground.sandbox.run import SandboxUnavailable, level_here
from playground.sandbox.switch import Switch
from playground.scorers import score_all
from playground.types.generation import Completion, Message, RenderedChat, TokenLogprob
from playground.types.grid import Case, CellKey, Variant, Work
from playground.types.prompt import Check, Prompt, Sampling
from playground.types.scores import Sample
from playground.types.trace import Answer
from playground.workbench.scoring import ScoringDesk

REFERENCE = Check(scorer="perplexity", options={"text": "Paris"})
NEAR = Check(scorer="embedding", options={"text": "a dog"})
SHORT = Check(scorer="python", options={"expression": "len(answer) < values['most']"})


class Knowing(ScriptedBackend):
    """Knows likelihoods and vectors, and counts how often it was asked."""

    asked = 0

    async def render_chat(self, model: str, messages: Sequence[Message]) -> RenderedChat:
        return RenderedChat("".join(message.content for message in messages), (), 99)

    async def score_text(self, model: str, prompt: str, texts: Sequence[str]) -> list[list[TokenLogprob]]:
        self.asked += 1
        return [[TokenLogprob(text, -1.0)] for text in texts]

    async def embed(self, model: str, texts: Sequence[str]) -> list[list[float]]:
        await asyncio.Event().wait()  # it never answers
        return []


class Models:
    """The desk of models as far as checks need it."""

    def __init__(self, backend: ScriptedBackend) -> None:
        self.backend = backend
        self.gates = {backend.name: Gate(lambda: 1)}

    def backend_of(self, model: str) -> ScriptedBackend:
        return self.backend


def work(*checks: Check) -> Work:
    return Work(
        CellKey(0, 0, 0),
        Variant(model="scripted:a"),
        Case(values={"most": 9}),
        Prompt(checks=checks),
        (Message("user", "Capital?"),),
        Sampling(),
    )


def desk(backend: ScriptedBackend, *, sandbox: bool = False) -> ScoringDesk:
    models: Any = Models(backend)
    return ScoringDesk(models, Switch(sandbox))


SAMPLE = Sample("Paris", values={"most": 9})


async def test_the_likelihood_of_the_reference_is_asked_once_for_all_samples() -> None:
    backend = Knowing({})
    scoring = desk(backend)
    for _ in range(3):
        [score], note = await scoring.scored(work(REFERENCE), SAMPLE)
        assert (score.value, note) == (pytest.approx(0.36788, abs=1e-4), "")
    assert backend.asked == 1


async def test_a_server_that_cannot_tell_makes_the_check_not_apply() -> None:
    scores, _ = await desk(ScriptedBackend({})).scored(work(REFERENCE, NEAR), SAMPLE)
    assert [score.value for score in scores] == [None, None]
    assert (
        scores[0].explanation == "does not apply: the server of scripted:a does not tell how likely a text is"
    )
    assert scores[1].explanation == "does not apply: the server of scripted:a offers no vectors"


@pytest.mark.parametrize("end", [ScoringDesk.drop, ScoringDesk.end], ids=["stop", "close"])
async def test_stop_and_close_end_the_waiting_and_keep_the_other_scores(
    end: Callable[[ScoringDesk], None],
) -> None:
    scoring = desk(Knowing({}))
    contains = Check(scorer="contains", options={"text": "Paris"})
    task = asyncio.create_task(scoring.scored(work(contains, NEAR), SAMPLE))
    await asyncio.sleep(0.02)
    end(scoring)
    scores, _ = await asyncio.wait_for(task, 2)
    assert [score.value for score in scores] == [1.0, None]
    assert scores[1].explanation == "does not apply: it was stopped"


async def test_a_python_expression_needs_the_sandbox() -> None:
    [score], _ = await desk(Knowing({})).scored(work(SHORT), SAMPLE)
    assert score.value is None
    assert "the sandbox is off: switch it on in the Models tab, or start with --sandbox" in score.explanation


async def test_a_python_expression_sees_the_answer_and_the_case() -> None:
    try:
        await level_here()
    except SandboxUnavailable as exc:
        pytest.skip(exc.message)
    scoring = desk(Knowing({}), sandbox=True)
    [score], _ = await scoring.scored(work(SHORT), SAMPLE)
    assert (score.value, score.explanation) == (1.0, "the expression is true")
    bad = Check(scorer="python", options={"expression": "answer + nothing"})
    [score], _ = await scoring.scored(work(bad), SAMPLE)
    assert score.value is None
    assert "NameError" in score.explanation


def test_checks_see_what_a_technique_extracted_and_what_all_its_calls_took() -> None:
    completion = Completion("Long talk, so 42", "stop", prompt_tokens=7, completion_tokens=3, total_s=0.5)
    answer = Answer.of_one_call((Message("user", "?"),), completion)
    sample = sample_of(Prompt(), {}, replace(answer, extracted="42"))
    assert sample.answer == "42"
    checks = (Check(scorer="equals", options={"text": "42"}), Check(scorer="tokens", options={"max": 2}))
    assert [score.value for score in score_all(checks, sample)] == [1.0, 0.0]
