"""The technique of a prompt or a variant, as a person writes it into a file.

    technique: chain-of-thought
    technique: {name: self-consistency, samples: 5}
    technique: {name: react, documents: [prices.csv], prompts: {step: Mine@2}}

Whether there is such a technique, and such an option of it, is asked when it runs: another package may bring it.
"""

from __future__ import annotations

from typing import Any

from playground.errors import PromptError
from playground.types.prompt import TechniqueChoice

_KEYS = ("name", "options", "prompts", "documents")


def read_choice(data: Any, where: str) -> dict[str, Any] | None:
    """The fields of a TechniqueChoice; None where none is named. Raises PromptError, which says `where`."""
    if data is None or data == "":
        return None
    if isinstance(data, str):
        return {"name": data}
    if not isinstance(data, dict) or not isinstance(data.get("name"), str) or not data["name"].strip():
        key = where.rpartition(".")[2]
        raise PromptError(
            f"{where} has no name.",
            f"Write {key}: chain-of-thought, or {key}: {{name: self-consistency, samples: 5}}.",
        )
    rest = {str(key): value for key, value in data.items() if key not in _KEYS}
    options = data.get("options") or {}
    if not isinstance(options, dict):
        raise PromptError(f"{where}.options is no block.", "Write options: {samples: 5}, or leave it out.")
    return {
        "name": data["name"],
        "options": {**options, **rest},
        "prompts": data.get("prompts") or {},
        "documents": data.get("documents"),
    }


def read_run_with(data: Any, where: str, losses: list[str]) -> dict[str, Any] | None:
    """The same for a prompt's own file, where what cannot be read is left out and told."""
    try:
        return read_choice(data, where)
    except PromptError as exc:
        losses.append(f"{where}: left out, {exc.message.removeprefix(where).strip()} {exc.hint}")
        return None


def written_choice(choice: TechniqueChoice | None) -> Any:
    """What `read_choice` reads again: a name where that says all."""
    if choice is None:
        return None
    if not choice.options and not choice.prompts and choice.documents is None:
        return choice.name
    told: dict[str, Any] = {"name": choice.name}
    if any(key in _KEYS for key in choice.options):
        told["options"] = dict(choice.options)
    else:
        told |= choice.options
    if choice.documents is not None:
        told["documents"] = list(choice.documents)
    return told | ({"prompts": dict(choice.prompts)} if choice.prompts else {})
