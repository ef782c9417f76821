"""Sampling values under the names that another format has for them.

write_sampling(Sampling(temperature=0, top_k=40), {"temperature": "temp"}, losses) → {"temp": 0.0}, and a loss for top_k
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from playground.formats.base import sampling_losses, shown, stated
from playground.types import Sampling

_SILENT = {"top_k": 0, "stop": ()}


def write_sampling(sampling: Sampling | None, names: Mapping[str, str], losses: list[str]) -> dict[str, Any]:
    """The stated values that have a name there (Sampling field → key); each other one that is not off is a loss.

    top_k 0 and no stop texts are left out: everywhere that is said by saying nothing.
    """
    values = stated(sampling)
    losses += sampling_losses(sampling, names)
    return {
        key: list(values[field]) if field == "stop" else values[field]
        for field, key in names.items()
        if field in values and not (field in _SILENT and values[field] == _SILENT[field])
    }


def read_sampling(
    data: Mapping[str, Any], names: Mapping[str, str], where: str, losses: list[str]
) -> Sampling | None:
    """Sampling from keys (key → Sampling field); unknown keys and values that cannot be used are losses.

    None when no value was given. Without a seed in the file each run draws its own.
    """
    found: dict[str, Any] = {}
    for key, value in data.items():
        if key not in names:
            losses.append(f"{where}.{key}: there is no such setting here".lstrip("."))
        elif value is not None:
            found[names[key]] = [value] if names[key] == "stop" and isinstance(value, str) else value
    return usable(found, losses, {"seed": None})


def usable(found: dict[str, Any], losses: list[str], unsaid: Mapping[str, Any]) -> Sampling | None:
    """Sampling from these fields, and from `unsaid` what they leave out; None without a field that can be used.

    One that cannot be used is a loss, and is taken out of `found`.
    """
    while found:
        try:
            return Sampling.model_validate({**unsaid, **found})
        except ValidationError as exc:
            bad = str(exc.errors()[0]["loc"][0])
            losses.append(f"{bad}: {shown(found.pop(bad))} cannot be used here ({exc.errors()[0]['msg']})")
    return None
