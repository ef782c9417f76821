"""Stored values as JSON data under the names that fields had in 0.2, as `release_0_2/make.py` wrote them."""

from __future__ import annotations

from dataclasses import is_dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from playground.store.records import StoredCell, StoredRun
from playground.types.grid import RunSpec
from playground.types.trace import Step

GOT = (
    "rendered_prompt", "text", "reasoning", "finish", "prompt_tokens", "completion_tokens", "first_token_s", "total_s",
)  # fmt: skip
"""What a step of 0.2 told of its call."""


def told(value: Any) -> Any:
    """The value as JSON data, as `make.py` wrote it, and under the names that fields had then."""
    if isinstance(value, RunSpec):
        case = value.case
        names = {"prompt": value.prompt, "columns": value.variants, "same_text": value.same_text}
        return told(names | {"values": case.values, "images": case.images})
    if isinstance(value, StoredRun):
        return {"comparison": told(value.spec)} | fields(value)
    if isinstance(value, StoredCell):
        cell = {"column": value.column, "repeat": value.repeat, "completion": told(value.completion)}
        return cell | {"steps": told(value.answer.steps)} | fields(value)
    if isinstance(value, Step):
        got = told(value.completion) or dict.fromkeys(GOT) | {"text": "", "reasoning": ""}
        return {name: got[name] for name in GOT} | fields(value)
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if is_dataclass(value):
        return fields(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): told(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [told(each) for each in value]
    if isinstance(value, set | frozenset):
        return sorted(told(each) for each in value)
    return value


def fields(value: Any) -> dict[str, Any]:
    return {name: told(getattr(value, name)) for name in value.__dataclass_fields__}


def as_then(now: Any, then: Any) -> Any:
    """What is told now, without the fields that were not known then."""
    if isinstance(now, dict) and isinstance(then, dict):
        return {key: as_then(value, then[key]) for key, value in now.items() if key in then}
    if isinstance(now, list) and isinstance(then, list) and len(now) == len(then):
        return [as_then(*pair) for pair in zip(now, then, strict=True)]
    return now
