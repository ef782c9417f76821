"""What answers of all servers have in common: content in parts, thoughts, refusals, tool calls, words for the end.

reading = Reading(request)
reading.take({"content": "<think>why</think>"}) → Chunk(reasoning="why")
reading.take({"tool_calls": [{"function": {"name": "weather", "arguments": "{}"}}]})
reading.end("stop") raises NoAnswer: the model called a tool instead of answering
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from playground.backends.characters import WholeCharacters, whole
from playground.engine.answer import byte_name
from playground.errors import BackendError, NoAnswer
from playground.thoughts import Pieces, Thoughts
from playground.types.generation import Chunk, Finish, GenerationRequest, TokenLogprob

FINISHES: dict[str, Finish] = {
    "stop": "stop",
    "eos": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "word": "stop",  # llama-server's native route: a stop string
    "limit": "length",
}
"""Words of the servers for an answer that ended; every other word means that it did not end by itself."""


WINDOW_UNKNOWN = "window unknown"
"""Said of an answer of a server that does not tell its context window."""
HALF = "half a character left out"
"""Said of an answer in which one came without its other half: that is no text."""


class Content(NamedTuple):
    """What a message holds, by what it is."""

    text: str = ""
    reasoning: str = ""
    refusal: str = ""


def content_of(content: Any) -> Content:
    """The content field of a message: a string, or a list of parts (text, thoughts, a refusal; others are no words)."""
    if isinstance(content, str):
        return Content(text=content)
    parts = content if isinstance(content, list) else [content]
    text = reasoning = refusal = ""
    for part in parts:
        if isinstance(part, str):
            text += part
        elif isinstance(part, Mapping):
            kind = part.get("type", "text")
            if kind in (
                "thinking",
                "reasoning",
                "reasoning_content",
            ):  # Mistral nests text parts in "thinking"
                told = (
                    part.get("thinking") or part.get("reasoning") or part.get("text") or part.get("summary")
                )
                reasoning += content_of(told).text
            elif kind == "refusal":
                refusal += _word(part.get("refusal") or part.get("text"))
            elif kind in ("text", "output_text"):
                text += _word(part.get("text"))
    return Content(text, reasoning, refusal)


class Reading:
    """Reads the messages of one answer, piece by piece."""

    def __init__(self, request: GenerationRequest | None = None) -> None:
        asked = [m.content for m in request.messages if m.role != "assistant"] if request else []
        shaped = request is not None and request.json_schema is not None
        self.thoughts = Thoughts(request.raw_prompt if request else None, asked=asked, shaped=shaped)
        self._shaped = shaped
        self._texts, self._reasonings = WholeCharacters(), WholeCharacters()
        self._refusal = ""
        self._calls: dict[Any, list[str]] = {}

    def take(self, part: Mapping[str, Any]) -> Pieces:
        """Answer and thoughts of a message or of the change of one; refusals and tool calls are gathered for the end."""
        content = content_of(part.get("content"))
        told = content.reasoning
        for name in ("reasoning", "reasoning_content", "thinking"):
            if not told and (given := part.get(name)):
                told = content_of(given).text
        if told:
            self.thoughts.told_apart()
        self._refusal += content.refusal + _word(part.get("refusal"))
        self._note_calls(part)
        text = self._texts.feed(content.text)
        pieces = self.thoughts.feed(text) if text else Pieces()
        return pieces._replace(reasoning=self._reasonings.feed(told) + pieces.reasoning)

    def rest(self) -> Pieces:
        """What was held back while it could have become a tag or a character."""
        self._texts.end()
        self._reasonings.end()
        return self.thoughts.rest()

    def judged(self, rendered: str | None) -> Chunk | None:
        """All was thought, when the text after the chat template, told at the end, had opened a block never closed."""
        judged = not self._shaped and self.thoughts.judged(rendered).rethought
        return Chunk(rethought=True) if judged else None

    def notes(self) -> tuple[str, ...]:
        """What was left out of the answer."""
        return (HALF,) if self._texts.lost or self._reasonings.lost else ()

    def fault(self, word: str) -> NoAnswer | None:
        """Why this is no answer although it ended by itself: a tool call or a refusal; None for an answer."""
        if self._calls or word in ("tool_calls", "function_call", "tool_use"):
            calls = ", ".join(f"{_shown(name)}({_shown(given)})" for name, given in self._calls.values())
            message = "The model called a tool instead of answering."
            said = f"It called {calls}. " if calls else ""
            return NoAnswer(
                message,
                f"{said}No tool is run here: let the prompt ask for an answer in words.",
                "tool_calls",
            )
        if self._refusal or word == "refusal":
            said = (
                f'It said: "{whole(self._refusal.strip())}"'
                if self._refusal.strip()
                else "It gave no reason."
            )
            return NoAnswer("The model refused to answer.", said, "refusal")
        return None

    def _note_calls(self, part: Mapping[str, Any]) -> None:
        given = part.get("tool_calls")
        calls = [call for call in given if isinstance(call, Mapping)] if isinstance(given, list) else []
        if isinstance(part.get("function_call"), Mapping):  # the field before tool_calls
            calls.append({"index": "function_call", "function": part["function_call"]})
        for call in calls:
            function = call.get("function")
            if not isinstance(function, Mapping):
                function = call.get("custom") if isinstance(call.get("custom"), Mapping) else {}
            assert isinstance(function, Mapping)
            # Pieces of a call share its index; a server that sends whole calls may leave it out.
            key = call.get("index", call.get("id") or len(self._calls))
            known = self._calls.setdefault(str(key), ["", ""])
            name = _word(function.get("name"))
            known[0] += name if name != known[0] else ""  # some servers repeat it with every piece
            written = function.get("arguments", function.get("input"))
            known[1] += (
                written
                if isinstance(written, str)
                else ""
                if written is None
                else json.dumps(written, ensure_ascii=False)
            )


def no_word(label: str, word: str) -> BackendError:
    """The error for an answer that did not end by itself: without a word, or with one that says so."""
    if not word:
        return BackendError(
            f"{label} ended its answer without saying why.",
            "What had arrived is kept and not scored. Run this column again.",
        )
    hint = "What had arrived is kept and not scored. Look into the server's log."
    if "filter" in word:
        hint = "Its content filter withheld the rest. What had arrived is kept and not scored."
    return BackendError(f'{label} broke its answer off ("{word[:40]}").', hint)


def _shown(text: str) -> str:
    text = whole(text)
    return text if len(text) <= 300 else f"{text[:299]}…"


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""


def token_logprobs(items: object) -> tuple[TokenLogprob, ...]:
    """The list that Ollama, vLLM's chat and llama-server send: token, logprob, top_logprobs."""
    if not isinstance(items, list):
        return ()
    return tuple(
        TokenLogprob(
            _word(item.get("token")),
            float(item["logprob"]),
            _alternatives(item.get("top_logprobs")),
            _raw(item),
        )
        for item in items
        if isinstance(item, dict) and isinstance(item.get("logprob"), int | float)
    )


def _raw(item: Mapping[str, Any]) -> str:
    """The bytes of a token where they are not those of its text, in hexadecimal."""
    try:
        data = bytes(item.get("bytes") or ())
    except (TypeError, ValueError):
        return ""
    return "" if data == _word(item.get("token")).encode("utf-8", "replace") else data.hex()


def _name(item: Mapping[str, Any]) -> str:
    """How an alternative is shown: its text, or the bytes of what is no text alone."""
    raw = _raw(item)
    try:
        return bytes.fromhex(raw).decode() if raw else whole(_word(item.get("token")))
    except UnicodeDecodeError:
        return byte_name(bytes.fromhex(raw))


def _alternatives(items: object) -> tuple[tuple[str, float], ...]:
    pairs: Iterable[tuple[Any, Any]] = ()
    if isinstance(items, list):
        pairs = ((_name(item), item.get("logprob")) for item in items if isinstance(item, dict))
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
        TokenLogprob(_word(token), float(value), _alternatives(top))
        for token, value, top in zip(tokens, values, tops, strict=False)
        if isinstance(value, int | float)
    )


def whole_number(value: object) -> int | None:
    """A count as a server reports it, or None."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None
