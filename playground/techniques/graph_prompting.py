"""Graph prompting for text models: the same graph written in one of three ways. Idea 2302.08043, encodings 2310.04560."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from playground.errors import PlaygroundError
from playground.techniques.asking import Ask
from playground.techniques.base import Task, Tools
from playground.techniques.reading import AnswerKind
from playground.techniques.single_call import one_call
from playground.types.trace import Answer

_END = r"([^\s,;()][^,;()\n]{0,60}?)"
_ARROW = re.compile(rf"^\s*{_END}(?:\s+[-–]\s+|\s*(?:--+>?|->|—)\s*){_END}\s*[.;,]?\s*$")
_PAIR = re.compile(r"\(\s*([^,()]{1,60}?)\s*,\s*([^,()]{1,60}?)\s*\)")


async def graph_prompting(
    task: Task,
    ask: Ask,
    tools: Tools,
    *,
    encoding: Annotated[
        Literal["adjacency", "incident", "sentences"], Field(description="How the graph is written.")
    ] = "incident",
    relation: Annotated[
        str, Field(min_length=1, description="What an edge says, for sentences.")
    ] = "are connected",
    answer: AnswerKind = "text",
) -> Answer:
    """A question about a graph; its edges are a variable of the case, or lines "Ana - Ben" in its text."""
    edges = edges_of(task.values) or edges_in(task.text)
    if not edges:
        raise PlaygroundError(
            "There is no graph in this case.",
            'Write its edges one a line, "Ana - Ben", or as pairs (Ana, Ben).',
        )
    values = {
        "edges": [{"a": a, "b": b} for a, b in edges],
        "relation": relation,
        "question": str(task.values.get("question") or rest_of(task.text)),
    }
    return await one_call(ask, encoding, answer, **values)


def edges_of(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The edges of the first value that is a list of pairs, or JSON text of one."""
    for value in values.values():
        if isinstance(value, str) and value.lstrip().startswith("["):
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                continue
        if isinstance(value, list) and value and all(_pair(row) for row in value):
            return [pair for row in value if (pair := _pair(row))]
    return []


def edges_in(text: str) -> list[tuple[str, str]]:
    """The edges that a text writes: pairs in brackets, or lines with a dash or an arrow."""
    pairs = _PAIR.findall(text)
    return pairs or [(a, b) for line in text.splitlines() for a, b in _ARROW.findall(line)]


def rest_of(text: str) -> str:
    """A text without its edges: the question."""
    without = _PAIR.sub("", text) if _PAIR.search(text) else text
    lines = [line for line in without.splitlines() if not _ARROW.match(line) and line.strip(" ,;.:")]
    return "\n".join(lines).strip(" ,;") or text


def _pair(row: Any) -> tuple[str, str] | None:
    ends = list(row.values()) if isinstance(row, Mapping) else row
    if (
        not isinstance(ends, list | tuple)
        or len(ends) != 2
        or any(isinstance(end, dict | list) for end in ends)
    ):
        return None
    return str(ends[0]), str(ends[1])
