r"""What servers say when they refuse, in one shape; and the error a person reads.

    read_fault(b'{"error":"{\"error\":{\"n_prompt_tokens\":3010,\"n_ctx\":512}}"}')
        → Fault("…", prompt_tokens=3010, context_tokens=512)

Seen shapes: `{"error": {message, type}}`, `{"error": "text"}`, an error text that is itself JSON (Ollama),
`{"detail": "text"}` and `{"detail": [...]}` (FastAPI), plain text, a web page, nothing.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from playground.errors import BackendBusy, BackendError, ContextOverflow

LONGEST_TEXT = 500
"""Characters of a server's own words that are shown."""

_WINDOW = re.compile(r"maximum context length is (\d+)|available context size \((\d+)")
_PROMPT = re.compile(
    r"(\d+) input tokens|requested (\d+) tokens|request \((\d+) tokens\)|\((\d+) in the messages"
)


class NoConnection(OSError):
    """Nobody answers at that address; `problem` goes on where the server was named."""

    def __init__(self, problem: str = "", hint: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.hint = hint


class Broken(ConnectionError):
    """The connection ended early, or what came over it is not HTTP."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A refusal: the server's words, its own name for it, and the numbers of an overflow where given."""

    text: str
    kind: str = ""
    prompt_tokens: int | None = None
    context_tokens: int | None = None


def read_fault(body: bytes) -> Fault:
    """The refusal in an error answer, whatever its shape."""
    text = body.decode("utf-8", "replace").strip()
    if text.lower().startswith(("<!doctype", "<html", "<?xml")):
        return Fault("It answered with a web page instead of JSON.", "html")
    try:
        return fault_of(json.loads(text))
    except (ValueError, RecursionError):
        return Fault(" ".join(text.split())[:LONGEST_TEXT])


def fault_of(value: Any, depth: int = 0) -> Fault:
    """The refusal in a decoded error answer; strings that hold JSON are opened, three deep at most."""
    if isinstance(value, str):
        if value.lstrip().startswith("{") and depth < 3:
            try:
                return fault_of(json.loads(value), depth + 1)
            except (ValueError, RecursionError):
                pass
        return _numbered(Fault(" ".join(value.split())[:LONGEST_TEXT]))
    if isinstance(value, list):
        return Fault("; ".join(map(_validation, value))[:LONGEST_TEXT])
    if not isinstance(value, dict):
        return Fault("")
    for name in ("error", "detail"):
        if name in value and depth < 3:
            return fault_of(value[name], depth + 1)
    inner = fault_of(str(value.get("message") or ""), depth + 1)
    prompt, window = value.get("n_prompt_tokens"), value.get("n_ctx")
    return Fault(
        inner.text,
        str(value.get("type") or value.get("code") or ""),
        prompt if isinstance(prompt, int) else inner.prompt_tokens,
        window if isinstance(window, int) else inner.context_tokens,
    )


def _numbered(fault: Fault) -> Fault:
    window, prompt = _WINDOW.search(fault.text), _PROMPT.search(fault.text)
    if not window or not prompt:
        return fault
    tokens = next(int(group) for group in prompt.groups() if group)
    limit = next(int(group) for group in window.groups() if group)
    return Fault(fault.text, fault.kind, tokens, limit)


def _validation(item: Any) -> str:
    """One row of FastAPI's validation errors; the row's `input` is the request itself and is left out."""
    if not isinstance(item, dict):
        return str(item)
    place = ".".join(str(part) for part in item.get("loc", ()))
    return f"{place}: {item.get('msg', 'not accepted')}"


_SCHEMA = re.compile(
    r"\bjson[ _]?schema|\bgrammar\b|structured.?outputs?|guided.?json|\bxgrammar|\bguidance\b|\boutlines\b|\bformat schema",
    re.IGNORECASE,
)
"""In the words of vLLM's engines, llama.cpp and Ollama for a schema they cannot use; only a request with one meets them."""

_HINTS = (
    ("support thinking", "Switch thinking off for this column."),
    ("multimodal", "Choose a model that can see images."),
    ("context length", "Shorten the prompt or a value, or raise PLAYGROUND_CONTEXT_TOKENS."),
    ("invalid model name", "Choose another model."),
)


def error_for(
    status: int | None, fault: Fault, *, label: str, url: str, key_hint: str, has_key: bool
) -> BackendError:
    """The error a person reads for a refused request; `status` is None for a fault inside an answer."""
    if fault.prompt_tokens is not None and fault.context_tokens is not None:
        return ContextOverflow(fault.prompt_tokens, fault.context_tokens)
    said = f' It says: "{fault.text}"' if fault.text else ""
    if status in (None, 400, 422, 500, 501) and _SCHEMA.search(fault.text):
        return BackendError(
            f"{label} cannot hold an answer to this output schema.{said}",
            "Change the output schema of the prompt, or take it away for this server.",
        )
    if status is None:
        return BackendError(
            f"{label} reported a fault in the middle of its work.{said}",
            "What had arrived is kept. Look into the server's log, then run this column again.",
        )
    if 300 <= status < 400:
        return BackendError(
            f"{label} at {url} sends the request on to another address.",
            "Give that address itself; redirects are not followed.",
        )
    if fault.kind == "html":
        return BackendError(
            f"{label} at {url} answers with a web page, not with JSON (status {status}).",
            "Check the address and the kind of the server.",
        )
    if status == 401 or (status == 403 and has_key):
        problem = "does not accept the key" if has_key else "asks for a key"
        return BackendError(f"{label} at {url} {problem}.{said}", key_hint)
    if status == 403:
        return BackendError(
            f"{label} at {url} refuses to talk to this program (status 403).{said}",
            "It may answer to another host name only, or ask for a key.",
        )
    if status == 404 and "model" in fault.text.lower():
        return BackendError(
            f"{label} does not have this model.{said}", "Choose another model, or load it there first."
        )
    if status in (404, 405):
        return BackendError(
            f"{label} at {url} does not offer this (status {status}).{said}",
            "Check the address and the kind of the server.",
        )
    if status in (429, 503):
        return BackendBusy(
            f"{label} at {url} is busy (status {status}).{said}", "Wait, then run this column again."
        )
    if status >= 500:
        return BackendError(
            f"{label} failed (status {status}).{said}", "Look into its log, then run this column again."
        )
    hint = next((hint for word, hint in _HINTS if word in fault.text), "Change the setting it names.")
    return BackendError(f"{label} refuses the request (status {status}).{said}", hint)
