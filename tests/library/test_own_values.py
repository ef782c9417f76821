"""A user's own text never looks like a failure of the example's check."""

from __future__ import annotations

import pytest

from playground.library.shipped import Library, shipped_folder
from playground.runs.scoring import sample_of
from playground.scorers import score_all
from playground.types.generation import Completion
from playground.types.prompt import example_values
from playground.types.trace import Answer

SHIPPED = Library(shipped_folder())


OWN = {
    # A user's own values, and a good answer to them that the check of the example would fail.
    "techniques/zero-shot/instruct": ({"instruction": "Write a short essay.", "text": "Rain"}, "Rain falls. " * 30),
    "techniques/few-shot/as-text": ({"input": "a hot day"}, "It was warm all day long and nobody worked."),
    "techniques/reflexion/act": ({"task": "Write a poem about rain.", "lessons": ""}, "Rain, rain, rain. " * 8),
    "techniques/tree-of-thoughts/answer": ({"problem": "Make 9 of 4 and 5."}, "Answer: 4 + 5 = 9"),
    "techniques/tree-of-thoughts/propose": ({"count": 2}, "1. 2 + 3 = 5 (left: 5, 4)\n2. 2 + 4 = 6 (left: 6, 3)"),
    "techniques/role/role": ({"question": "Is it raining?"}, "Yes, a little."),
    "hub/text-summarization/summarise": ({"sentences": 6}, "This is a sentence of a longer summary that was asked for. " * 6),
    "hub/text-summarization/bullet-points": ({"points": 9}, "- This point is one short sentence that says one thing.\n" * 9),
    "hub/text-summarization/explain-concept": ({"sentences": 8}, "It is a thing that helps many people every single day, and here is why. " * 8),
    "hub/creativity/proof-as-poem": ({"verses": 1}, "One\ntwo\nthree\nfour"),
    "hub/creativity/rewrite-tone": ({"text": "A long letter."}, "Dear all, thank you for everything. " * 8),
    "hub/coding/explain-code": ({"code": "a + b"}, "It adds two numbers."),
    "hub/question-answering/given-context": ({"question": "Tell me everything."}, "The bridge was built long ago. " * 9),
    "hub/image-generation/style-variations": ({"styles": "oil, ink"}, "1. A boat in oil.\n2. A boat in ink."),
    "hub/image-generation/photo-prompt": ({"idea": "a cave"}, "a deep cave, under a hill, pitch black, seen from its mouth, realistic photo"),
}  # fmt: skip


@pytest.mark.parametrize("slug", OWN)
def test_no_check_of_the_example_calls_an_answer_to_own_values_a_failure(slug: str) -> None:
    own, answer = OWN[slug]
    prompt = SHIPPED.get(slug).prompt
    values = example_values(prompt) | own
    completion = Completion(answer, "stop")
    sample = sample_of(prompt, values, Answer.of_one_call((), completion))
    assert not sample.is_example
    scores = score_all(prompt.checks, sample)
    assert [score.explanation for score in scores if score.value not in (None, 1.0)] == []
