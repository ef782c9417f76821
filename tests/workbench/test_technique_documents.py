"""Documents in runs: those that are kept, those of the case, and none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from playground.runs.events import Ended
from playground.store.documents import Documents
from playground.types.grid import RunSpec, Variant
from playground.types.prompt import Input, Prompt, Sampling, TechniqueChoice, Turn
from playground.workbench.service import Workbench

MakeWorkbench = Callable[..., Workbench]
PROMPT = Prompt(
    name="Ask",
    turns=(Turn(role="user", template="{{ question }}"),),
    inputs=(Input(name="question"), Input(name="document", required=False, default="")),
)


async def ended(workbench: Workbench, technique: str, values: dict[str, Any], **options: Any) -> Ended:
    choice = TechniqueChoice(name=technique, options=options)
    variant = Variant(model="scripted:tool", sampling=Sampling(seed=3), technique=choice)
    spec = RunSpec.comparison(prompt=PROMPT, values=values, variants=(variant,))
    events = [event async for event in workbench.runs.compare(spec)]
    assert isinstance(events[-1], Ended)
    return events[-1]


@pytest.fixture
def workbench(make_workbench: MakeWorkbench) -> Workbench:
    return make_workbench({"tool": "It is closed on Tuesday. [1]\nAction: search[closed]"})


def kept(workbench: Workbench) -> Documents:
    return Documents(workbench.prompts.settings.data_dir)


async def test_kept_documents_are_what_retrieval_looks_things_up_in(workbench: Workbench) -> None:
    kept(workbench).add("museum.txt", b"The museum is closed on Tuesday.")
    cell = (await ended(workbench, "retrieval-augmented-generation", {"question": "When is it closed?"})).cell
    assert cell.status == "done"
    assert cell.answer.steps[0].output == "[1] museum.txt: The museum is closed on Tuesday."
    assert dict(cell.answer.facts) == {"cites": "[1]"}


async def test_a_removed_document_is_looked_into_no_more(workbench: Workbench) -> None:
    documents = kept(workbench)
    gone = documents.add("museum.txt", b"The museum is closed on Tuesday.")
    documents.add("boats.txt", b"The boats are closed on Monday.")
    await ended(workbench, "retrieval-augmented-generation", {"question": "When is it closed?"})
    documents.remove(gone)
    cell = (await ended(workbench, "retrieval-augmented-generation", {"question": "When is it closed?"})).cell
    assert cell.answer.steps[0].output == "[1] boats.txt: The boats are closed on Monday."


async def test_the_document_of_a_case_goes_before_those_that_are_kept(workbench: Workbench) -> None:
    kept(workbench).add("museum.txt", b"The museum is closed on Tuesday.")
    values = {"question": "When is it closed?", "document": "The zoo is closed on Sunday."}
    cell = (await ended(workbench, "react", values, steps=1)).cell
    assert cell.answer.steps[1].output == "[1] The zoo is closed on Sunday."


async def test_without_any_document_it_is_refused_with_what_to_do(workbench: Workbench) -> None:
    cell = (await ended(workbench, "retrieval-augmented-generation", {"question": "When?"})).cell
    assert cell.status == "error"
    assert cell.started_at is None
    assert "playground document add FILE" in cell.hint


async def test_embeddings_need_a_model_that_embeds(workbench: Workbench) -> None:
    kept(workbench).add("museum.txt", b"The museum is closed on Tuesday.")
    cell = (
        await ended(workbench, "retrieval-augmented-generation", {"question": "When?"}, search="both")
    ).cell
    assert cell.status == "error"
    assert "No model here turns texts into vectors." in cell.error
