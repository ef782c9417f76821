"""What a run was made with, as far as two runs are told apart: a light form of it, without answers and images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from playground.types.prompt import Prompt, Sampling, TechniqueChoice


@dataclass(frozen=True, slots=True)
class ColumnSetup:
    """One column; `prompt` is its own, None for the shared one, `technique` None for the prompt as it is."""

    model: str
    sampling: Sampling = Sampling()
    prompt: Prompt | None = None
    samples: int = 1
    thinking: bool = False
    technique: TechniqueChoice | None = None


@dataclass(frozen=True, slots=True)
class Setup:
    """The shared prompt, the values of the first case, the columns; `images` are hashes, `cases` how many there are."""

    prompt: Prompt
    values: Mapping[str, Any] = field(default_factory=dict)
    columns: tuple[ColumnSetup, ...] = ()
    images: tuple[str, ...] = ()
    same_text: str = ""
    cases: int = 1
