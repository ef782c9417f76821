"""An experiment with everything that a run can have: what has to go when it is deleted."""

from __future__ import annotations

import base64
from dataclasses import replace

from playground.store import Store
from playground.store.changes import CreateRun
from playground.store.experiments import NewExperiment
from playground.store.unsaved import FormDraft
from playground.types.dataset import Column, Row
from playground.types.experiment import Cases, Experiment, ExperimentVariant
from playground.types.generation import Completion, Message
from playground.types.grid import Case, RunSpec, Variant, Work
from playground.types.outcomes import DataFacts
from playground.types.prompt import Check, Prompt, Turn
from playground.types.scores import Score
from playground.types.trace import Answer
from tests.works import at

IMAGE = base64.b64encode(b"a secret picture").decode()
EVERYTHING = (
    "run", "run_case", "variant", "cell", "step", "score", "cell_text", "vote", "hand_label", "judge_version",
    "experiment", "favourite", "draft", "blob", "content", "dataset_use",
)  # fmt: skip


def counts(store: Store) -> dict[str, int]:
    """How many rows there are of everything that belongs to runs."""
    found = store.facts().counts
    return {name: found[name] for name in EVERYTHING}


def everything(
    store: Store,
    cases: int = 2,
    *,
    question: str = "is it better",
    text: str = "Say {{ word }}",
    dataset_id: str = "",
) -> str:
    """The id of an experiment of two variants that is done, with an image, scores, votes, labels, a note, a pin, drafts."""
    prompt = Prompt(name="Secret plan", turns=(Turn(role="user", template=text),))
    own = prompt.model_copy(update={"turns": (Turn(role="user", template=f"{text}, please"),)})
    variants = (Variant(model="a:b"), Variant(model="a:b", prompt=own))
    spec = RunSpec(
        prompt=prompt,
        variants=variants,
        cases=tuple(Case(values={"word": f"word {n}"}, images=(IMAGE,)) for n in range(cases)),
    )
    works = [
        Work(at(v, case=n), variant, case, variant.prompt or prompt, (), variant.sampling)
        for n, case in enumerate(spec.cases)
        for v, variant in enumerate(variants)
    ]
    created = CreateRun(spec, works, "Secret plan")
    named = Experiment(
        name="Secret plan",
        cases=Cases(half="held-out", dataset="Parcels"),
        variants=(ExperimentVariant(name="A"), ExperimentVariant(name="B")),
    )
    data = DataFacts(dataset_id=dataset_id, name="Parcels")
    facts = {"variants": ["A", "B"]}
    run_id = created.run_id
    store.experiments.create(created, NewExperiment(named, (), question, data, facts))
    for each in works:
        answer = Answer.of_one_call([Message("user", "Say it")], Completion("a secret answer", "stop"))
        answer = replace(answer, steps=tuple(replace(step, request_hash="7" * 64) for step in answer.steps))
        scores = (Score("length", 1.0, "yes", "It is.", check_hash="c"), Score("json", None, "no", "None."))
        store.save_cell(run_id, each.key, status="done", answer=answer, scores=scores)
    store.experiments.release(run_id, "done")
    store.ratings.put(run_id, 0, 0, 1, "a", "mk")
    store.vote(run_id, "column", 0, note="good")
    store.note(run_id, "a secret note")
    store.hand_labels.put(run_id, at(0), "the line", False, note="too short")
    store.hand_labels.add_version(run_id, "the line", Check(scorer="json"), Check(scorer="length"))
    store.set_favourite(f"run:{run_id}", True)
    draft = FormDraft(
        "", f"run:{run_id}", "tab", "Secret plan", "Say", None, run_id, created.at, {"images": []}
    )
    store.drafts.keep(draft)
    return run_id


def data_set(store: Store) -> str:
    """The id of a data set of two rows."""
    rows = [Row(values={"word": word}) for word in ("one", "two")]
    return store.datasets.create("Parcels", (Column(name="word"),), rows).dataset_id


def removed(store: Store) -> int:
    """Take away all that is left of deleted runs; in how many portions."""
    portions = 0
    while store.removal.go_on():
        portions += 1
    return portions
