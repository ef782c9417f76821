"""One sampler chain per request, in llama.cpp's own order, and log-probabilities. Runs in the child.

    JSON schema → no end → penalties → grammar → top-k → top-p → min-p → temperature → draw
                                                                   (temperature 0: … grammar → most likely)

A JSON schema makes tokens impossible in the logits themselves (`grammar.py`), before a chain reads them.

Only samplers that change something are added, and where none is left the most likely token is looked up directly: a
chain first writes down the whole vocabulary, which took a thirtieth of the time of a full batch. The penalties look at the last `PENALTY_WINDOW` tokens of the answer;
the prompt does not count (llama-cpp-python's rule; Ollama and llama-server count the prompt too).
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from playground.engine.bindings import llama
from playground.engine.grammar import Guide, new_grammar_sampler
from playground.engine.protocol import Generate, Scored
from playground.engine.vocabulary import Vocabulary

if TYPE_CHECKING:  # loaded where logits are calculated with
    import numpy
    from numpy.typing import NDArray

    from playground.engine.context import Vector

PENALTY_WINDOW = 64


@dataclass(frozen=True, slots=True)
class MostLikely:
    """Greedy without anything else: the first token of the highest logit, as llama.cpp's own greedy sampler has it."""

    forbidden: tuple[int, ...] = ()


def new_chain(request: Generate, vocabulary: Vocabulary) -> Any:
    """llama.cpp's handle of a chain, or MostLikely; freed with `free_chain`. Raises BackendError for a bad grammar.

    `request.grammar` is GBNF; a JSON schema is not in the chain.
    """
    repetition, presence = request.repetition_penalty, request.presence_penalty
    penalised = repetition != 1 or presence != 0 or request.frequency_penalty != 0
    if request.temperature <= 0 and not penalised and not request.grammar:
        return MostLikely(tuple(vocabulary.end_tokens()) if request.ignore_eos else ())
    grammar = new_grammar_sampler(vocabulary.handle, request.grammar) if request.grammar else None
    chain = llama.llama_sampler_chain_init(llama.llama_sampler_chain_default_params())

    def add(sampler: Any) -> None:
        if not sampler:  # a NULL member would end the process at the first token
            raise MemoryError("llama.cpp could not create a sampler")
        llama.llama_sampler_chain_add(chain, sampler)

    if request.ignore_eos:
        ends = vocabulary.end_tokens()
        biases = (llama.llama_logit_bias * len(ends))()
        for bias, token in zip(biases, ends, strict=True):
            bias.token, bias.bias = token, float("-inf")
        add(llama.llama_sampler_init_logit_bias(vocabulary.size, len(ends), biases))
    if penalised:
        add(
            llama.llama_sampler_init_penalties(
                vocabulary.size, PENALTY_WINDOW, repetition, request.frequency_penalty, presence
            )
        )
    if grammar:
        add(grammar)
    if request.temperature <= 0:
        add(llama.llama_sampler_init_greedy())
        return chain
    if request.top_k > 0:
        add(llama.llama_sampler_init_top_k(request.top_k))
    if request.top_p < 1:
        add(llama.llama_sampler_init_top_p(request.top_p, 1))
    if request.min_p > 0:
        add(llama.llama_sampler_init_min_p(request.min_p, 1))
    add(llama.llama_sampler_init_temp(request.temperature))
    add(llama.llama_sampler_init_dist(request.seed))
    return chain


class ReadLogits:
    """Logits that a context computed before, to draw from them once more; stands in for that context in `draw`."""

    def __init__(self, values: Vector) -> None:
        self._values = values.copy()

    def logits(self, _row: int) -> Vector:
        """As `Context.logits`."""
        return self._values.copy()

    def most_likely(self, _row: int, forbidden: Sequence[int] = ()) -> int:
        """As `Context.most_likely`."""
        self._values[list(forbidden)] = float("-inf")
        return int(self._values.argmax())

    def allow(self, _row: int, allowed: NDArray[numpy.bool_]) -> None:
        """As `Context.allow`."""
        import numpy

        numpy.copyto(self._values, -numpy.inf, where=~allowed)

    def sample(self, chain: Any, _row: int) -> int:
        """What `llama_sampler_sample` does with the logits of a context."""
        import numpy

        rows = numpy.zeros(len(self._values), numpy.dtype(llama.llama_token_data))
        rows["id"], rows["logit"] = numpy.arange(len(rows)), self._values
        data = rows.ctypes.data_as(llama.llama_token_data_p)
        candidates = llama.llama_token_data_array(data, len(rows), -1, False)
        llama.llama_sampler_apply(chain, ctypes.byref(candidates))
        token = int(candidates.data[candidates.selected].id)
        llama.llama_sampler_accept(chain, token)
        return token


def free_chain(chain: Any) -> None:
    """Free a chain with everything in it."""
    if not isinstance(chain, MostLikely):
        llama.llama_sampler_free(chain)


def draw(
    context: Any,
    chain: Any,
    row: int,
    top_logprobs: int | None,
    vocabulary: Vocabulary,
    guide: Guide | None = None,
) -> tuple[int, list[Scored]]:
    """The next token after row `row` of a context's last decode, with its score when one is asked for.

    The score is that of the raw distribution, also where a schema leaves few tokens. Raises BackendError when it leaves none.
    """
    logits = context.logits(row) if top_logprobs is not None else None  # sampling may change them in place
    if guide:
        context.allow(row, guide.allowed())
    token: int = (
        context.most_likely(row, chain.forbidden)
        if isinstance(chain, MostLikely)
        else context.sample(chain, row)
    )
    if logits is None or top_logprobs is None:
        return token, []
    return token, [score(logits, token, top_logprobs, vocabulary)]


def log_probabilities(logits: Vector) -> Vector:
    """Natural logarithm of the softmax over the vocabulary."""
    import numpy

    shifted = logits - logits.max()
    result: Vector = shifted - numpy.log(numpy.exp(shifted.astype(numpy.float64)).sum()).astype(numpy.float32)
    return result


def score(logits: Vector, token: int, alternatives: int, vocabulary: Vocabulary) -> Scored:
    """A token with its log-probability in the raw distribution, and the best alternatives, most likely first.

    Its text is that of the token alone; in an answer it may be another (`protocol.Scored`).
    """
    import numpy

    logs = log_probabilities(logits)
    top: list[int] = []
    if alternatives:
        unordered = numpy.argpartition(-logs, alternatives - 1)[:alternatives]
        top = sorted((int(i) for i in unordered), key=lambda i: (-logs[i], i))
    return [
        vocabulary.name(token),
        float(logs[token]),
        [[vocabulary.name(i), float(logs[i])] for i in top],
        "",
    ]
