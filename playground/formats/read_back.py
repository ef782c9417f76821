"""Whether a file says again what was written into it: the last check of every format, so that nothing is lost in silence.

    read_back(row)(export).losses   …, "description: this format gives back another text"

The file is read as if somebody imported it, and each field that then differs and that the format has not named is named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from playground.errors import PromptError, TemplateError
from playground.formats.base import Export, Format, stated
from playground.formats.plain_jinja import Beyond, Piece, pieces
from playground.formats.simple import pieces_of
from playground.tables.charset import decode
from playground.templating.rendering import normalise
from playground.types.files import ExportFile
from playground.types.prompt import TEXT_FIELDS, Prompt, Sampling, Turn

_TEXTS = (*TEXT_FIELDS, "tried_on", "metadata", "checks", "cases", "output_schema", "run_with")
_TURNS = ("turns", "turn ", "template", "roles", "prompt", "message", "last message", "block", "Modelfile")
_REASONS = {"sampling": "it stands in the file for people, and is not read back"}
_INPUTS = ("inputs", "variables", *_TURNS)


def read_back(row: Format) -> Callable[[Export], ExportFile]:
    """The format's `write`, which also names what its `read` gives back changed."""

    def write(export: Export) -> ExportFile:
        file = row.write(export)
        try:
            text = decode(file.text.encode("utf-8", "replace"), file.name).text
            prompt = row.read(text, file.name)[0].prompt
        except PromptError as exc:
            return replace(file, losses=(*file.losses, f"file: it cannot be read here again: {exc.message}"))
        changed = [
            f"{name}: {_REASONS.get(name, 'this format gives it back changed')}"
            for name in _changed(row, export, prompt)
            if not _is_named(name, file.losses)
        ]
        return replace(file, losses=(*file.losses, *changed))

    return write


def _changed(row: Format, export: Export, read: Prompt) -> Iterable[str]:
    wrote = export.prompt
    for name in _TEXTS:
        mine, theirs = getattr(wrote, name), getattr(read, name)
        if mine != theirs and mine:
            yield name
    given_back = stated(read.sampling)
    yield from (key for key, value in stated(export.sampling).items() if given_back.get(key, value) != value)
    if not given_back and set(stated(export.sampling)) - {"top_k", "stop"}:
        yield "sampling"
    if not row.only_cases and not _same_turns(row, export, read):
        yield "turns"
    given = {item.name: item for item in read.inputs}
    if not row.renders and any(given.get(item.name) != item for item in wrote.inputs):
        yield "inputs"


def _same_turns(row: Format, export: Export, read: Prompt) -> bool:
    if row.renders:
        theirs = [(turn.role, _text(turn)) for turn in read.turns]
        mine = [(message.role, message.content) for message in export.messages]
        answered = [*mine, ("assistant", export.answer)]
        return theirs in (mine, answered) or _without_blank(theirs) == _without_blank(mine)
    mine_, theirs_ = normalise(export.prompt.turns), normalise(read.turns)
    return _pieces(mine_) == _pieces(theirs_)


def _without_blank(turns: Iterable[tuple[Any, str | None]]) -> list[tuple[Any, str | None]]:
    return [turn for turn in turns if turn[1] is None or turn[1].strip() or turn[0] == "user"]


def _text(turn: Turn) -> str | None:
    """The text of a turn without variables, None of another one."""
    parts = pieces_of(turn)
    if parts is None or any(piece.kind != "text" for piece in parts):
        return None
    return "".join(piece.text for piece in parts)


def _pieces(turns: Sequence[Turn]) -> list[tuple[str, list[Piece] | str]]:
    found: list[tuple[str, list[Piece] | str]] = []
    for turn in turns:
        try:
            parts: list[Piece] | str = pieces(turn.template)
        except (Beyond, TemplateError):
            parts = turn.template
        if parts or turn.role == "user":
            found.append((turn.role, parts))
    return found


def _is_named(name: str, losses: Iterable[str]) -> bool:
    words = {"turns": _TURNS, "inputs": _INPUTS, "sampling": ("sampling", *Sampling.model_fields)}.get(
        name, (name, name.replace("_", " "))
    )
    return any(loss.startswith(word) for loss in losses for word in words)
