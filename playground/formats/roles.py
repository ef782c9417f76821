"""The roles of other programs as ours; a prompt here knows system, user and assistant.

role_of("developer", "message 1", losses)  →  "system", and a loss that says so
"""

from __future__ import annotations

from typing import Any

from playground.formats.base import shown
from playground.types.prompt import Role

_SAME: dict[str, Role] = {
    "system": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "ai": "assistant",
    "gpt": "assistant",
    "model": "assistant",
    "bot": "assistant",
    "chatbot": "assistant",
    "chatgpt": "assistant",
}
"""Other words for the very same role."""
_NEAR: dict[str, Role] = {
    "developer": "system",
    "tool": "user",
    "function": "user",
    "observation": "user",
    "ipython": "user",
    "function_call": "assistant",
    "tool_call": "assistant",
    "tool_calls": "assistant",
}
"""Roles that a prompt here does not have, and the nearest that it has."""
FOREIGN = ("developer", "tool", "function")
"""Those that a line of a prompty file opens a turn with."""


def role_of(word: Any, where: str, losses: list[str]) -> Role:
    """Our role for a foreign word; one that is only near, or unknown, is a loss."""
    text = str(word or "").strip().lower().removesuffix("message")
    if text in _SAME:
        return _SAME[text]
    near = _NEAR.get(text, "user")
    losses.append(f"{where}: the role {shown(word)} is read as {near}")
    return near
