"""From what a run asks for to works that can be done: values with their defaults, seeds, and one call a sample.

with_defaults(prompt, {"tone": "warm"}) → {"tone": "warm", "max_words": 70}
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from itertools import zip_longest
from typing import Any

from playground.errors import PlaygroundError, PromptError
from playground.scorers.structure import json_schema_problem
from playground.store.records import StoredCell, StoredRun
from playground.templating.inputs import empty, with_kind
from playground.templating.rendering import normalise
from playground.types.generation import GenerationRequest, Message
from playground.types.grid import CellKey, RunSpec, Work
from playground.types.prompt import Check, Prompt, Sampling, example_values

SEEDS = 2**32 - 1
"""A seed is one of so many numbers, from 0; after the last comes the first."""


def plan_variant(
    spec: RunSpec,
    number: int,
    messages: tuple[Message, ...],
    raw_prompt: str | None = None,
    *,
    case: int = 0,
) -> list[Work]:
    """The samples of one variant with its rendered messages; free seeds are drawn here, and stored with the cells."""
    variant = spec.variants[number]
    sampling = drawn(variant.sampling) if variant.sampling.seed is None else variant.sampling
    prompt = variant.prompt or spec.prompt
    prompt = prompt.model_copy(update={"turns": normalise(prompt.turns)})
    key = CellKey(case, number, 0)
    first = Work(key, variant, spec.cases[case], prompt, messages, sampling, raw_prompt=raw_prompt)
    return _samples(first, variant.samples * spec.repeats)


def plan_again(
    run: StoredRun, cell: StoredCell, messages: tuple[Message, ...], problem: PlaygroundError | None
) -> list[Work]:
    """All samples of the cell's variant once more, exactly as it was sent; seeds that were free are drawn again.

    Their repeats are counted from 0: what follows on the cell's is for the store to say.
    """
    variant = run.spec.variants[cell.column].model_copy(update={"model": cell.model})
    seed = variant.sampling.seed
    sampling = drawn(cell.sampling) if seed is None else cell.sampling.model_copy(update={"seed": seed})
    sent = cell.completion.rendered_prompt if cell.completion and run.spec.same_text else None
    key = cell.key._replace(repeat=0)
    first = Work(key, variant, run.spec.case, cell.prompt, messages, sampling, problem, sent)
    return _samples(first, variant.samples)


def _samples(first: Work, count: int) -> list[Work]:
    """So many works like the first; those of several samples are one family, whose prompt is read once."""
    family = secrets.token_hex(8) if first.variant.samples > 1 else ""
    free = first.variant.sampling.seed is None
    return [
        replace(
            first,
            key=first.key._replace(repeat=repeat),
            sampling=first.sampling.model_copy(update={"seed": seed}),
            family=family,
        )
        for repeat, seed in enumerate(seeds(first.sampling.seed or 0, count, free=free))
    ]


def seeds(first: int, count: int, *, free: bool) -> list[int]:
    """The seeds of so many samples, all different: those after the first, or, where it was `free`, drawn like it."""
    if not free:
        return [(first + number) % SEEDS for number in range(count)]
    drawn_seeds = [first]
    while len(drawn_seeds) < count:
        if (seed := draw_seed()) not in drawn_seeds:
            drawn_seeds.append(seed)
    return drawn_seeds


def in_order(works: Sequence[Work]) -> list[Work]:
    """The works of a large run as they are best begun: backends take turns, each has one model after the other.

    So a model is loaded once, and prompts that begin alike, which are those of one variant, follow each other.
    """
    models: dict[str, list[Work]] = {}
    for work in works:
        models.setdefault(work.model, []).append(work)
    queues: dict[str, list[Work]] = {}
    for of_model in models.values():
        of_model.sort(key=lambda work: (work.key.variant, work.key.case, work.key.repeat))
        queues.setdefault(of_model[0].backend, []).extend(of_model)
    return [work for turn in zip_longest(*queues.values()) for work in turn if work is not None]


def request_of(work: Work) -> GenerationRequest:
    """The call of a work, with everything that its variant, its prompt and its case ask for."""
    schema = work.prompt.output_schema
    return GenerationRequest(
        model=work.model,
        messages=work.messages,
        sampling=work.sampling,
        json_schema=json.dumps(schema) if schema is not None else None,
        top_logprobs=work.variant.top_logprobs,
        thinking=work.variant.thinking,
        raw_prompt=work.raw_prompt,
        images=work.case.images,
        family=work.family,
    )


def request_hash(request: GenerationRequest) -> str:
    """The same for calls that ask the same of the same model, seed included: 64 hexadecimal digits.

    Who waits for it and which others are made beside it is no part of what is asked.
    """
    names = (field.name for field in fields(request) if field.name not in ("family", "background"))
    asked = {name: getattr(request, name) for name in names}
    asked["sampling"] = request.sampling.model_dump(mode="json")
    asked["messages"] = [(message.role, message.content) for message in request.messages]
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def checks_of(prompt: Prompt) -> tuple[Check, ...]:
    """The prompt's checks and, where it has an output schema, that the answer matches it; a check that says so counts once."""
    schema = prompt.output_schema
    if schema is None or any(_asks_for(check, schema) for check in prompt.checks):
        return prompt.checks
    return (Check(scorer="json_schema", options={"schema": schema}), *prompt.checks)


def schema_problem(prompt: Prompt) -> PlaygroundError | None:
    """Why no model can be held to the prompt's output schema; None for a schema that is one, and for none.

    One that names another draft than 2020-12 is left to the server.
    """
    schema = prompt.output_schema
    if schema is None or "2020-12" not in str(schema.get("$schema", "2020-12")):
        return None
    if (why := json_schema_problem(schema=schema)) is None:
        return None
    return PromptError(f"The output schema cannot be used. {why}", "Correct it on the prompt.")


def _asks_for(check: Check, schema: dict[str, Any]) -> bool:
    """Whether the check is that the answer matches this schema, in whatever order its keys are."""
    given = check.options.get("schema")
    if check.scorer != "json_schema" or check.negate or given is None:
        return False
    try:
        given = json.loads(given) if isinstance(given, str) else given
        return json.dumps(given, sort_keys=True) == json.dumps(schema, sort_keys=True)
    except (ValueError, TypeError, RecursionError):
        return False


def with_defaults(prompt: Prompt, values: dict[str, Any]) -> dict[str, Any]:
    """The values with declared defaults for what is missing or empty, and "" for what may be left out.

    Objects and lists that are given as JSON text are read.
    """
    filled = dict(values)
    for field in prompt.inputs:
        if (given := filled.get(field.name)) in (None, ""):
            given = empty(field) if field.default is None else field.default
            if given is None and filled.get(field.name) is None:
                filled.pop(field.name, None)
        if given is not None:
            filled[field.name] = with_kind(field, given)
    return {name: value for name, value in filled.items() if value is not None}


def is_example(prompt: Prompt, values: Mapping[str, Any]) -> bool:
    """Whether these are the prompt's example values, and its text still asks for one of them.

    A prompt without examples has nothing that they could differ from.
    """
    examples = example_values(prompt)
    if not examples:
        return True
    given = with_defaults(prompt, dict(values))
    if any(given.get(name) != value for name, value in with_defaults(prompt, examples).items()):
        return False
    text = "\n".join(turn.template for turn in prompt.turns)
    return "{% include" in text or any(re.search(rf"\b{re.escape(name)}\b", text) for name in examples)


def drawn(sampling: Sampling) -> Sampling:
    """The same sampling with a fresh seed."""
    return sampling.model_copy(update={"seed": draw_seed()})


def draw_seed() -> int:
    """A fresh seed, small enough for every backend."""
    return secrets.randbelow(2**31)


def first_words(works: Sequence[Work]) -> str:
    """A title for a run whose prompt has no name: how its last message begins."""
    messages = (message for work in works for message in reversed(work.messages))
    text = " ".join(next((m.content for m in messages if m.content.strip()), "").split())
    return text if len(text) <= 60 else text[:59] + "…"
