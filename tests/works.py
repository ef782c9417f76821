"""Works and cells' places in few words, for tests of what is kept of runs."""

from __future__ import annotations

from playground.types.generation import Message
from playground.types.grid import Case, CellKey, Variant, Work
from playground.types.prompt import Prompt, Sampling


def at(variant: int, repeat: int = 0, case: int = 0) -> CellKey:
    """The place of a cell; the page says column for the first number."""
    return CellKey(case, variant, repeat)


def work(
    variant: int,
    model: str,
    prompt: Prompt | None = None,
    sampling: Sampling | None = None,
    case: int = 0,
    repeat: int = 0,
    messages: tuple[Message, ...] = (),
) -> Work:
    """A work of that variant, for a case without values."""
    asked = Variant(model=model, sampling=sampling or Sampling())
    return Work(at(variant, repeat, case), asked, Case(), prompt or Prompt(), messages, asked.sampling)
