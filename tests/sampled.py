"""Sampling of a run: every value is stated, because every value was sent."""

from __future__ import annotations

from typing import Any

from playground.types.prompt import Sampling


def ran_with(**values: Any) -> Sampling:
    """Sampling as a stored cell has it: the given values and all others."""
    return Sampling.model_validate(Sampling(**values).model_dump())
