"""What a check sees of an answer: the one place where it is made, for a run, for the command line and for stored cells.

sample_of(work.prompt, work.case.values, answer)  →  Sample("B", "stop", {…}, spent=Spent(120, 9, 0.4))
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from playground.runs.planning import is_example
from playground.types.prompt import Prompt
from playground.types.scores import Sample, Spent
from playground.types.trace import Answer


def sample_of(prompt: Prompt, values: Mapping[str, Any], answer: Answer) -> Sample:
    """The answer as checks look at it: what a technique extracted, else its text, and what all its calls took."""
    given, done = dict(values), answer.completion
    text = answer.text if answer.extracted is None else answer.extracted
    spent = Spent()
    if done is not None:
        # A result that was read from a file was never timed.
        spent = Spent(
            answer.prompt_tokens, answer.completion_tokens, done.total_s or None, done.first_token_s
        )
    return Sample(text, answer.finish or "error", given, is_example(prompt, given), spent)
