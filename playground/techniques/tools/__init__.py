"""What a model may use while it works: a calculator, a search over documents, a look-up in the rows of a data set."""

from __future__ import annotations

from playground.techniques.base import Task, Tool, Tools
from playground.techniques.tools.calculator import calculator
from playground.techniques.tools.lookup import lookup_in
from playground.techniques.tools.passages import passages_of
from playground.techniques.tools.search import search_in

__all__ = ["standard_tools"]

CHUNK_CHARS, OVERLAP, PASSAGES = 600, 80, 3


async def standard_tools(task: Task, tools: Tools | None = None) -> dict[str, Tool]:
    """The tools of a case: those that its material makes possible, and the further ones that were given."""
    own = {"calculator": calculator()}
    if task.documents:
        passages = await passages_of(task, CHUNK_CHARS, OVERLAP)
        own["search"] = search_in(passages.chunks, passages.bm25, PASSAGES)
    if task.rows:
        own["lookup"] = lookup_in(task.rows)
    return own | dict(tools or {})
