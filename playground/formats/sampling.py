"""Sampling values under the names that another format has for them.

write_sampling(Sampling(temperature=0, top_k=40), {"temperature": "temp"}, losses) → {"temp": 0.0}, and a loss for top_k
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from playground.formats.base import sampling_losses, shown, stated
from playground.types.prompt import Sampling

_SILENT = {"top_k": 0, "stop": ()}
_FIELDS = {  # what programs call them, without letter case, hyphens and underscores
    **{field.replace("_", ""): field for field in Sampling.model_fields},
    "temp": "temperature",
    "maxoutputtokens": "max_tokens",
    "maxcompletiontokens": "max_tokens",
    "maxnewtokens": "max_tokens",
    "maxtokenstosample": "max_tokens",
    "maxlength": "max_tokens",
    "numpredict": "max_tokens",
    "npredict": "max_tokens",
    "repeatpenalty": "repetition_penalty",
    "stopsequences": "stop",
    "stopsequence": "stop",
    "stops": "stop",
    "randomseed": "seed",
}


def field_of(key: str) -> str:
    """The field of Sampling that other programs call so, or nothing."""
    return _FIELDS.get(key.lower().replace("_", "").replace("-", ""), "")


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
    """Sampling from keys (key → Sampling field, then what others call it); unknown keys and unusable values are losses.

    None when no value was given. Without a seed in the file each run draws its own.
    """
    found: dict[str, Any] = {}
    for key, value in data.items():
        field = names.get(key) or field_of(key)
        place = f"{where}.{key[:60]}".lstrip(".")
        if not field:
            losses.append(f"{place}: there is no such setting here")
        elif field in found and value is not None and found[field] != value:
            losses.append(f"{place}: {shown(value)} gives way to the {field} before it")
        elif value is not None:
            found[field] = [value] if field == "stop" and isinstance(value, str) else value
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
