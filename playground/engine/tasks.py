"""Work that is no answer: embeddings, and log-probabilities of given texts. Runs in the child.

    for result in embed(model, [[1, 253], [1, 90]]): …        None after each decode call, then the vectors

A task is a generator in a context of its own; the worker steps it between the answers and closes it to cancel it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from playground.engine.answer import AnswerText, raw_of
from playground.engine.context import STEP_ROWS, Row
from playground.engine.protocol import Scored
from playground.engine.sampler import score
from playground.engine.vocabulary import Vocabulary
from playground.errors import BackendError, ContextOverflow

_TOGETHER = 15  # continuations in the cache at once, beside the prompt
_ROWS_TOGETHER = 512  # and their rows; a single longer one gets what it needs


class Model(Protocol):
    """What tasks need of `LoadedModel`."""

    vocabulary: Vocabulary
    context_tokens: int
    shares_prefixes: bool

    def new_context(self, cells: int, sequences: int = 1, *, embeds: bool = False) -> Any: ...  # noqa: D102


def embed(model: Model, texts: list[list[int]]) -> Iterator[list[list[float]] | None]:
    """One vector of length 1 per text (given as tokens): the mean over its tokens. Raises BackendError."""
    longest = max(map(len, texts), default=1)
    if longest > model.context_tokens:
        raise ContextOverflow(longest, model.context_tokens)
    if not all(texts):
        raise BackendError("An empty text has no embedding.", "Leave empty texts out.")
    import numpy

    context = model.new_context(longest, embeds=True)
    try:
        vectors = []
        for tokens in texts:
            rows = [Row(token, i, 0, True) for i, token in enumerate(tokens)]
            yield from _decoded(model, context, rows)
            vector = context.embedding(0).astype(numpy.float64)
            vectors.append([float(x) for x in vector / (numpy.linalg.norm(vector) or 1.0)])
            context.forget(0)
        yield vectors
    finally:
        context.close()


def score_texts(
    model: Model, prompt: list[int], continuations: list[list[int]]
) -> Iterator[list[list[Scored]] | None]:
    """Log-probability of each token of each continuation after the prompt, which is read once. Raises BackendError."""
    if not prompt:
        raise BackendError("The prompt is empty: there is nothing to continue.", "Write some text before it.")
    longest = max(map(len, continuations), default=0)
    if len(prompt) + longest > model.context_tokens:
        raise ContextOverflow(len(prompt) + longest, model.context_tokens)
    groups = list(_grouped(continuations, _TOGETHER if model.shares_prefixes else 1))
    most = max((sum(len(continuations[i]) for i in group) for group in groups), default=0)
    context = model.new_context(len(prompt) + most, _TOGETHER + 1 if model.shares_prefixes else 1)
    vocabulary = model.vocabulary
    results: list[list[Scored]] = [[] for _ in continuations]
    try:
        yield from _read(model, context, prompt)
        after_prompt = context.logits(_last_row(prompt))
        for group in groups:
            rows: list[Row] = []
            targets: list[tuple[int, int]] = []  # (continuation, token that the row should predict)
            for sequence, number in enumerate(group, start=1):
                tokens = continuations[number]
                if tokens:
                    results[number].append(score(after_prompt, tokens[0], 0, vocabulary))
                if len(tokens) > 1 and model.shares_prefixes:
                    context.share(0, sequence, len(prompt))
                slot = sequence if model.shares_prefixes else 0
                rows += [Row(token, len(prompt) + i, slot, True) for i, token in enumerate(tokens[:-1])]
                targets += [(number, token) for token in tokens[1:]]
            for start in range(0, len(rows), STEP_ROWS):
                part = rows[start : start + STEP_ROWS]
                yield from _decoded(model, context, part)
                for row, (number, token) in enumerate(targets[start : start + STEP_ROWS]):
                    results[number].append(score(context.logits(row), token, 0, vocabulary))
            if model.shares_prefixes:
                for sequence in range(1, len(group) + 1):
                    context.forget(sequence)
            elif group is not groups[-1]:  # a recurrent state cannot go back: read the prompt again
                context.forget(0)
                yield from _read(model, context, prompt)
        yield [_spelled(scores, continuations[i], vocabulary) for i, scores in enumerate(results)]
    finally:
        context.close()


def _spelled(scores: list[Scored], tokens: list[int], vocabulary: Vocabulary) -> list[Scored]:
    """The scores with the text that each token completes."""
    text = AnswerText([])
    for scored, token in zip(scores, tokens, strict=True):
        piece = vocabulary.piece(token)
        text.add(piece)
        scored[0], scored[3] = text.spelled, raw_of(piece, text.spelled)
    return scores


def _read(model: Model, context: Any, prompt: list[int]) -> Iterator[None]:
    """Decode the prompt in sequence 0, logits after its last token."""
    last = len(prompt) - 1
    rows = [Row(token, i, 0, i == last) for i, token in enumerate(prompt)]
    for start in range(0, len(rows), STEP_ROWS):
        yield from _decoded(model, context, rows[start : start + STEP_ROWS])


def _last_row(prompt: list[int]) -> int:
    """Row of the prompt's last token in the decode call that read it."""
    return (len(prompt) - 1) % STEP_ROWS


def _decoded(model: Model, context: Any, rows: list[Row]) -> Iterator[None]:
    """One decode call, repeated when a cancellation of something else interrupts it and the model can go back."""
    while True:
        code = context.decode(rows)
        yield
        if code == 0:
            return
        if code != 2 or not model.shares_prefixes:
            raise BackendError(
                f"llama.cpp could not read this text (llama_decode returned {code}).",
                "Try again; if it repeats, restart the app or choose another model.",
            )


def _grouped(continuations: list[list[int]], most: int) -> Iterator[list[int]]:
    """Numbers of continuations that are scored in the same calls."""
    group: list[int] = []
    rows = 0
    for number, tokens in enumerate(continuations):
        if group and (len(group) == most or rows + len(tokens) > _ROWS_TOGETHER):
            yield group
            group, rows = [], 0
        group.append(number)
        rows += len(tokens)
    if group:
        yield group
