"""Chats in the shapes in which they are kept for training: OpenAI's messages, ShareGPT's conversations, Alpaca's rows.

{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]}
{"system": "Be brief.", "conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Ho"}]}
{"instruction": "Translate", "input": "Hallo", "output": "Hello", "history": [["…", "…"]]}
→ the turns user "Hi", assistant "Ho" …
"""

from __future__ import annotations

from typing import Any, NamedTuple

from playground.formats.base import as_text, shown, text_of_parts
from playground.formats.roles import role_of
from playground.types.prompt import Role

ALPACA = ("instruction", "input", "output", "system", "history", "text")
_ALPACA_NEEDED = {"instruction", "output"}
_LISTS = ("messages", "conversations", "conversation", "dialog", "dialogue", "chat")
_WORDS = (("role", "content"), ("from", "value"), ("role", "value"), ("from", "content"), ("speaker", "text"))


class ChatTurn(NamedTuple):
    """One turn with its text, which is no template."""

    role: Role
    text: str


def is_chat(row: Any) -> bool:
    """Whether a row is a chat with a list of turns; the line of a batch with one in its body is too."""
    return bool(_list_of(row))


def is_alpaca(row: Any) -> bool:
    """Whether a row is an instruction with its answer."""
    return isinstance(row, dict) and row.keys() >= _ALPACA_NEEDED and row.keys() <= {*ALPACA, "id"}


def is_training(row: Any) -> bool:
    """Whether a row is kept for training in one of the known shapes."""
    return is_alpaca(row) or is_chat(row)


def _list_of(row: Any) -> list[Any]:
    if not isinstance(row, dict):
        return []
    if isinstance(row.get("body"), dict):
        row = row["body"]
    for key in _LISTS:
        rows = row.get(key)
        if isinstance(rows, list) and rows and all(isinstance(turn, dict) and _pair(turn) for turn in rows):
            return rows
    return []


def _pair(turn: dict[str, Any]) -> tuple[str, str] | None:
    """The keys of role and text in a turn; a turn that calls a tool may lack the text."""
    found = next((pair for pair in _WORDS if pair[0] in turn and pair[1] in turn), None)
    return found or next((pair for pair in _WORDS if pair[0] in turn and "tool_calls" in turn), None)


def turns_of(row: dict[str, Any], losses: list[str]) -> list[ChatTurn]:
    """The turns of a row that `is_training`, with its other fields as losses."""
    if is_alpaca(row):
        return _of_alpaca(row, losses)
    whole = row["body"] if isinstance(row.get("body"), dict) else row
    turns = []
    if isinstance(system := whole.get("system"), str) and system.strip():
        turns.append(ChatTurn("system", system))
    losses += [
        f"{key}: there is no such field here"
        for key, value in whole.items()
        if key not in (*_LISTS, "system", "id") and value not in (None, "", [], {})
    ]
    for number, turn in enumerate(_list_of(row), 1):
        where = f"message {number}"
        role_key, text_key = _pair(turn) or ("role", "content")
        losses += [
            f"{where}.{key}: there is no such field here"
            for key, value in turn.items()
            if key not in (role_key, text_key) and value is not None
        ]
        role = role_of(turn.get(role_key), where, losses)
        turns.append(ChatTurn(role, text_of_parts(turn.get(text_key), where, losses)))
    return turns


def _of_alpaca(row: dict[str, Any], losses: list[str]) -> list[ChatTurn]:
    turns = [ChatTurn("system", as_text(row["system"]))] if row.get("system") else []
    history = row.get("history")
    for pair in history if isinstance(history, list) else []:
        if isinstance(pair, list) and len(pair) == 2:
            turns += [ChatTurn("user", as_text(pair[0])), ChatTurn("assistant", as_text(pair[1]))]
        else:
            losses.append(f"history: {shown(pair)} is no question with its answer")
    question = "\n".join(
        text for key in ("instruction", "input") if (text := as_text(row.get(key)).strip("\n"))
    )
    return [*turns, ChatTurn("user", question), ChatTurn("assistant", as_text(row["output"]))]
