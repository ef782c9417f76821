"""What answers of all servers have in common: reasoning inside the text, log-probabilities, words for the end.

splitter = ThinkSplitter()
splitter.feed("<thi"), splitter.feed("nk>why</think>yes") → ("", ""), ("yes", "why")
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from playground.types import Finish, TokenLogprob

OPEN, CLOSE = "<think>", "</think>"

FINISHES: dict[str, Finish] = {
    "stop": "stop",
    "eos": "stop",
    "stop_sequence": "stop",
    "tool_calls": "stop",
    "function_call": "stop",
    "length": "length",
    "word": "stop",  # llama-server's native route: a stop string
    "limit": "length",
}
"""Words of the servers for an answer that ended; every other word means that it did not end by itself."""


class Pieces(NamedTuple):
    """What is answer and what is reasoning in a piece of text."""

    text: str
    reasoning: str


class ThinkSplitter:
    """Takes reasoning out of an answer that starts with `<think>`, however the text is cut into pieces.

    Only at the very start: later on the word is part of the answer. `inside` says that the chat template has
    opened the reasoning already.
    """

    def __init__(self, *, inside: bool = False) -> None:
        self._state = "thinking" if inside else "start"
        self._held = ""

    def feed(self, piece: str) -> Pieces:
        """What is sure by now; up to a tag's length of text is held back."""
        if self._state == "answer":
            return Pieces(piece, "")
        text, self._held = self._held + piece, ""
        if self._state == "start":
            bare = text.lstrip()
            if bare.startswith(OPEN):
                self._state, text = "thinking", bare[len(OPEN) :]
            elif OPEN.startswith(bare):
                self._held = text
                return Pieces("", "")
            else:
                self._state = "answer"
                return Pieces(text, "")
        if self._state == "thinking":
            reasoning, closed, rest = text.partition(CLOSE)
            if not closed:
                keep = _overlap(reasoning, CLOSE)
                self._held = reasoning[len(reasoning) - keep :]
                return Pieces("", reasoning[: len(reasoning) - keep])
            self._state = "after"
            answer = self._after(rest)
            return Pieces(answer, reasoning)
        return Pieces(self._after(text), "")

    def _after(self, text: str) -> str:
        """The answer without the blank lines between it and the reasoning."""
        text = text.lstrip("\n")
        if text:
            self._state = "answer"
        return text

    def rest(self) -> Pieces:
        """What was held back, at the end of the answer."""
        held, self._held = self._held, ""
        return Pieces("", held) if self._state == "thinking" else Pieces(held, "")


def _overlap(text: str, tag: str) -> int:
    """Length of the longest end of `text` that begins `tag`."""
    return next((n for n in range(min(len(tag) - 1, len(text)), 0, -1) if text.endswith(tag[:n])), 0)


def token_logprobs(items: object) -> tuple[TokenLogprob, ...]:
    """The list that Ollama, vLLM's chat and llama-server send: token, logprob, top_logprobs."""
    if not isinstance(items, list):
        return ()
    return tuple(
        TokenLogprob(
            str(item.get("token", "")), float(item["logprob"]), _alternatives(item.get("top_logprobs"))
        )
        for item in items
        if isinstance(item, dict) and isinstance(item.get("logprob"), int | float)
    )


def _alternatives(items: object) -> tuple[tuple[str, float], ...]:
    pairs: Iterable[tuple[Any, Any]] = ()
    if isinstance(items, list):
        pairs = ((item.get("token", ""), item.get("logprob")) for item in items if isinstance(item, dict))
    elif isinstance(items, Mapping):
        pairs = items.items()
    best = [(str(token), float(value)) for token, value in pairs if isinstance(value, int | float)]
    return tuple(sorted(best, key=lambda pair: -pair[1]))


def completion_logprobs(arrays: object) -> tuple[TokenLogprob, ...]:
    """The parallel arrays of /v1/completions; the first token of an echoed prompt has no value and is left out."""
    if not isinstance(arrays, Mapping):
        return ()
    tokens, values = arrays.get("tokens") or [], arrays.get("token_logprobs") or []
    tops = arrays.get("top_logprobs") or [None] * len(tokens)
    return tuple(
        TokenLogprob(str(token), float(value), _alternatives(top))
        for token, value, top in zip(tokens, values, tops, strict=False)
        if isinstance(value, int | float)
    )


def whole_number(value: object) -> int | None:
    """A count as a server reports it, or None."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None
