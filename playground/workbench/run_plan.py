"""What a run sends: every case for every column, each with its messages or the reason why it has none.

works = await planned(spec, models, prompts)
"""

from __future__ import annotations

from dataclasses import replace

from playground.backends.base import RendersChat
from playground.errors import BackendError, PlaygroundError, PromptError
from playground.runs.planning import plan_variant, schema_problem
from playground.types.generation import Message
from playground.types.grid import RunSpec, Work
from playground.workbench.models import ModelDesk
from playground.workbench.prompts import PromptDesk


async def planned(spec: RunSpec, models: ModelDesk, prompts: PromptDesk) -> list[Work]:
    """Every work by case and column.

    Of a comparison raises PlaygroundError where its shared prompt cannot be rendered; in a larger run that is an error
    of the case alone.
    """
    works = []
    for case in range(len(spec.cases)):
        works += await _of_case(spec, case, models, prompts)
    return works


async def _of_case(spec: RunSpec, case: int, models: ModelDesk, prompts: PromptDesk) -> list[Work]:
    values = spec.cases[case].values
    shared: tuple[Message, ...] = ()
    missing: PlaygroundError | None = None
    if any(variant.prompt is None for variant in spec.variants):
        try:
            shared = await prompts.render(spec.prompt, values)
        except PlaygroundError as exc:
            if spec.kind == "comparison":
                raise
            missing = exc
    works = []
    for number, variant in enumerate(spec.variants):
        messages, problem = shared, schema_problem(variant.prompt or spec.prompt)
        if variant.prompt is None:
            problem = problem or missing
        elif problem is None:
            try:
                messages = await prompts.render(variant.prompt, values)
            except PlaygroundError as exc:
                messages, problem = (), exc
        raw = None
        if spec.same_text and variant.technique is not None:
            problem = problem or PromptError(
                "A technique writes its own messages: it cannot be sent the text of another column.",
                "Choose no technique, or let each column have its own text.",
            )
        if spec.same_text and problem is None:
            raw = (await _template_of(spec.same_text, models).render_chat(spec.same_text, messages)).text
        samples = plan_variant(spec, number, messages, raw, case=case)
        works += [replace(work, problem=problem) for work in samples]
    return works


def _template_of(model: str, models: ModelDesk) -> RendersChat:
    backend = models.backend_of(model)
    if not isinstance(backend, RendersChat):
        raise BackendError(
            f"{model} does not tell its chat template.", "Choose another column's text for all of them."
        )
    return backend
