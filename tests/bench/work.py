"""What the benches of the engine have it do."""

from __future__ import annotations

STORY = "The keeper of the lighthouse wrote down what the sea brought in that night, and what it took. "
PROSE = """Behind the mill the road turned north, and from there one saw both valleys at once: the green one with its orchards, and
the grey one, where nobody had lived since the quarry closed. My grandmother had been born in that one. She used to say that the
silence there was no silence at all, only a sound too old to be heard, and on the first warm evening of the year she would"""
RULES = "You are a careful judge of short reviews. Read the rules before you answer. " + " ".join(
    f"Rule {n}: a review that speaks of {thing} is {kind}, whatever else it may say."
    for n, (thing, kind) in enumerate(
        [("late trains", "negative"), ("good bread", "positive"), ("lost bags", "negative"), ("warm rooms", "positive")] * 4
    )
)  # fmt: skip
CASES = [
    "The soup was cold and nobody said sorry for it.",
    "We would go there again at any time, truly lovely people.",
]


def prompts(cases: int, groups: int) -> list[str]:
    """Raw prompts of about 345 tokens; those of one group share about 310. Groups are mixed."""
    return [f"Judge {'ABCD'[n % groups]}. {RULES}\nReview {n}: {CASES[n % 2]}\nAnswer:" for n in range(cases)]
