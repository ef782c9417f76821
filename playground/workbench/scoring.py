"""The desk of scores: checks applied to an answer, after what they need to be told was found out.

scores, note = await desk.scored(work, sample, rank, run_id)

What asks a model or runs a program waits here, in the cell that it belongs to: neither the page nor another cell does.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from playground.backends.base import Embeds, RendersChat, ScoresText, complete
from playground.errors import PlaygroundError, PromptError
from playground.runs.gate import Rank, background, watched
from playground.runs.planning import checks_of
from playground.sandbox.run import run as run_program
from playground.sandbox.switch import Switch
from playground.scorers import is_quick, questions, score_all
from playground.scorers.judged import ALTERNATIVES, judgement_of, messages_for
from playground.types.generation import GenerationRequest
from playground.types.grid import Work
from playground.types.prompt import Check, Sampling
from playground.types.scores import Question, Sample, Score, Told
from playground.workbench.models import ModelDesk

log = logging.getLogger(__name__)

ASKED_S = 120.0
"""How long a check waits for what it is told, a turn at the model included."""
JUDGING = Sampling(max_tokens=160)
"""Greedy, and long enough for a word and a sentence."""
MOST_KEPT = 512


class ScoringDesk:
    """Applies checks. Belongs to one event loop."""

    def __init__(self, models: ModelDesk, sandbox: Switch) -> None:
        self._models = models
        self._sandbox = sandbox
        self._open: dict[asyncio.Task[Told], tuple[str, int]] = {}
        self._is_ending = False
        self._likelihoods: OrderedDict[tuple[str, str, str], list[float]] = OrderedDict()
        """Samples of one prompt ask the same: the last ones are remembered."""

    async def scored(
        self,
        work: Work,
        sample: Sample,
        rank: Rank = watched,
        run_id: str = "",
        checks: Sequence[Check] | None = None,
    ) -> tuple[tuple[Score, ...], str]:
        """The scores of an answer, and why there are none: a check that cannot be applied must not cost the answer.

        The checks are the prompt's unless others are given.
        """
        try:
            checks = checks_of(work.prompt) if checks is None else checks
            sample = await self.told(checks, sample, work, rank, run_id)
            if is_quick(checks, sample):
                return score_all(checks, sample), ""
            # A pattern may take its time; the loop must not wait for it.
            return await asyncio.to_thread(score_all, checks, sample), ""
        except PromptError as exc:
            return (), str(exc)
        except Exception as exc:
            log.exception("the checks failed")
            return (), f"The checks failed with {type(exc).__name__}, which is a fault of the program."

    async def told(
        self, checks: Iterable[Check], sample: Sample, work: Work, rank: Rank = watched, run_id: str = ""
    ) -> Sample:
        """The sample with what its checks must be told; what cannot be found out is said there, never raised.

        `rank` is that of the run at the gates of the backends; `drop` ends its waiting.
        """
        told = {
            question: await self._found(question, sample, work, rank, run_id)
            for question in questions(checks, sample)
        }
        return replace(sample, told={**sample.told, **told}) if told else sample

    async def found(self, question: Question, sample: Sample, work: Work, run_id: str = "") -> Told:
        """What one question of a check comes to, asked in the background; what cannot be found out is said, never raised."""
        return await self._found(question, sample, work, background, run_id)

    def drop(self, run_id: str | None = None, column: int | None = None) -> None:
        """Wait no longer for anything of that run, of one of its columns, or of any run."""
        for task, (run, mine) in list(self._open.items()):
            if run_id in (None, run) and column in (None, mine):
                task.cancel()

    def end(self) -> None:
        """Wait for nothing more; what is asked from now on is not found out."""
        self._is_ending = True
        self.drop()

    async def _found(self, question: Question, sample: Sample, work: Work, rank: Rank, run_id: str) -> Told:
        if self._is_ending:
            return Told(lacks="the program was ending")
        task = asyncio.create_task(self._ask(question, sample, work, rank))
        self._open[task] = run_id, work.key.variant
        try:
            await asyncio.wait({task})
        finally:
            del self._open[task]
            task.cancel()
        return Told(lacks="it was stopped") if task.cancelled() else task.result()

    async def _ask(self, question: Question, sample: Sample, work: Work, rank: Rank) -> Told:
        try:
            async with asyncio.timeout(ASKED_S):
                if question.kind == "program":
                    return await self._program(question.texts[0], sample)
                model = question.model or work.model
                backend = self._models.backend_of(model)
                async with self._models.gates[backend.name].ranked(rank):
                    if question.kind in ("judgement", "reversed"):
                        told = ALTERNATIVES if "log-probs" in backend.abilities else None
                        request = GenerationRequest(
                            model, messages_for(question), JUDGING, top_logprobs=told, background=True
                        )
                        return judgement_of(await complete(backend, request))
                    if question.kind == "vectors":
                        if not isinstance(backend, Embeds):
                            return Told(lacks=f"the server of {model} offers no vectors")
                        return Told(await backend.embed(model, question.texts))
                    if not isinstance(backend, ScoresText) or not isinstance(backend, RendersChat):
                        return Told(lacks=f"the server of {model} does not tell how likely a text is")
                    text = work.raw_prompt or (await backend.render_chat(model, work.messages)).text
                    return Told(await self._likelihood(backend, model, text, question.texts[0]))
        except PlaygroundError as exc:
            return Told(lacks=exc.message.rstrip("."))
        except TimeoutError:
            return Told(lacks=f"it took longer than {ASKED_S:g} s")
        except Exception as exc:
            log.exception("what a check asked for failed")
            return Told(lacks=f"it failed with {type(exc).__name__}, which is a fault of the program")

    async def _likelihood(self, backend: ScoresText, model: str, prompt: str, text: str) -> list[float]:
        key = (model, prompt, text)
        if (known := self._likelihoods.get(key)) is None:
            [tokens] = await backend.score_text(model, prompt, [text])
            known = self._likelihoods[key] = [token.logprob for token in tokens]
        self._likelihoods.move_to_end(key)
        while len(self._likelihoods) > MOST_KEPT:
            self._likelihoods.popitem(last=False)
        return known

    async def _program(self, expression: str, sample: Sample) -> Told:
        if not self._sandbox.is_on:
            return Told(lacks="the sandbox is off: switch it on in the Models tab, or start with --sandbox")
        mark = secrets.token_hex(8)
        result = await run_program(_code(expression.strip(), sample, mark))
        line = next((line for line in reversed(result.output.splitlines()) if line.startswith(mark)), "")
        if not result.is_done or not line:
            return Told(lacks=f"the expression gave nothing: {result.reason.rstrip('.')}")
        return Told(json.loads(line.removeprefix(mark)))


def _code(expression: str, sample: Sample, mark: str) -> str:
    """The program: the expression over the answer and its case, and one line with what it is, as JSON."""
    known = json.dumps({"answer": sample.answer, "values": sample.values or {}}, default=str)
    return f"""
import json, math, re
known = json.loads({known!r})
value = eval({expression!r}, {{"json": json, "math": math, "re": re, **known}})
plain = value if isinstance(value, (bool, int, float)) and value == value and abs(value) < 1e300 else repr(value)[:200]
print()
print({mark!r} + json.dumps(plain))
"""
