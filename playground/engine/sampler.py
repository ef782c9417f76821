"""One sampler chain per request, in llama.cpp's own order. Runs in the child.

    penalties → top-k → top-p → min-p → temperature → draw     (temperature 0: penalties → most likely token)

Only samplers that change something are added. The penalties look at the last `PENALTY_WINDOW` tokens of the answer;
the prompt does not count (llama-cpp-python's rule; Ollama and llama-server count the prompt too).
"""

from __future__ import annotations

from typing import Any

import llama_cpp.llama_cpp as llama

from playground.engine.protocol import Generate

PENALTY_WINDOW = 64


def new_chain(request: Generate, vocabulary_size: int) -> Any:
    """llama.cpp's handle of a chain; the caller frees it with `free_chain`."""
    chain = llama.llama_sampler_chain_init(llama.llama_sampler_chain_default_params())

    def add(sampler: Any) -> None:
        if not sampler:  # a NULL member would end the process at the first token
            raise MemoryError("llama.cpp could not create a sampler")
        llama.llama_sampler_chain_add(chain, sampler)

    repetition, presence = request.repetition_penalty, request.presence_penalty
    if repetition != 1 or presence != 0 or request.frequency_penalty != 0:
        add(
            llama.llama_sampler_init_penalties(
                vocabulary_size, PENALTY_WINDOW, repetition, request.frequency_penalty, presence
            )
        )
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


def free_chain(chain: Any) -> None:
    """Free a chain with everything in it."""
    llama.llama_sampler_free(chain)
