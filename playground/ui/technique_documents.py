"""The documents that a technique looks things up in: listed in its panel, removed, put back.

{"action": "technique_documents", "column": 1}
→ {"documents": [{"hash": "9f2a…", "name": "prices.csv", "size": "98 B", "passages": "3 passages"}]}

A file is sent by itself to library/document (`routes.py`).
"""

from __future__ import annotations

from playground.errors import PlaygroundError
from playground.techniques.registry import technique_of
from playground.techniques.tools import CHUNK_CHARS, OVERLAP
from playground.ui.actions import Action, Ask
from playground.ui.html import plural
from playground.ui.progress import size
from playground.ui.update import Update
from playground.workbench.documents import Removed
from playground.workbench.service import Workbench


async def technique_documents(workbench: Workbench, ask: Ask) -> Update:
    """Every kept document, with the passages that it makes with the options of the column's technique."""
    form, column = ask.compare_form(), ask.integer("column")
    choice = form.columns[column].technique if 0 <= column < len(form.columns) else None
    chars, overlap = CHUNK_CHARS, OVERLAP
    if choice is not None:
        try:
            told = technique_of(choice.name).read(choice.options, choice.name)
            chars, overlap = told.get("chunk_chars", chars), told.get("overlap", overlap)
        except PlaygroundError:  # the panel says what is wrong in the options
            chars = 0
    rows = await workbench.documents.all()
    passages = await workbench.documents.passages(rows, chars, overlap)
    return {
        "documents": [
            {
                "hash": kept.hash,
                "name": kept.name,
                "size": size(kept.size_bytes),
                "passages": "–" if (many := passages[kept.hash]) is None else plural(many, "passage"),
            }
            for kept in rows
        ]
    }


async def document_size(workbench: Workbench, ask: Ask) -> Update:
    """Refuses a file that is too large, before it is sent."""
    workbench.documents.check_size(ask.text("name"), ask.integer("bytes"))
    return {}


async def remove_document(workbench: Workbench, ask: Ask) -> Update:
    """Remove one; the toast can put it back."""
    removed = await workbench.documents.remove(ask.text("hash"))
    token = workbench.tray.put(removed)
    return {
        "toast": f"{removed.kept.name} is removed",
        "toast_act": {"label": "Undo", "act": "put_back_document", "token": token},
    }


async def put_back_document(workbench: Workbench, ask: Ask) -> Update:
    """Keep it again, under the hash that it had."""
    kept = await workbench.documents.put_back(workbench.tray.take(ask.text("token"), Removed))
    return {"toast": f"{kept.name} is kept again"}


ACTIONS: dict[str, Action] = {
    "technique_documents": technique_documents,
    "document_size": document_size,
    "remove_document": remove_document,
    "put_back_document": put_back_document,
}
