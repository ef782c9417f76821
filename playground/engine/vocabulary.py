"""Words ↔ tokens of one GGUF, and its chat template. Runs in the child.

vocabulary.render([["user", "Hi"]]) → Rendered(text="<|im_start|>system…assistant", tokens=[1, 9690, …], notes=[])
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any

import jinja2
import llama_cpp.llama_cpp as llama
from llama_cpp.llama_chat_format import Jinja2ChatFormatter

NO_TEMPLATE = "chat template: the GGUF has none, the messages were joined as plain text"
_PIECE_BYTES = 64


class TemplateRefused(ValueError):
    """The model's own chat template does not accept these messages."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A chat as the model receives it; `notes` says what the model's file could not honour."""

    text: str
    tokens: list[int]
    notes: list[str]


class Vocabulary:
    """Tokeniser and template of a loaded model (loading the vocabulary alone is enough).

    `model` is llama.cpp's handle; it stays owned by the caller and must outlive this object.
    """

    def __init__(self, model: Any) -> None:
        self.handle = llama.llama_model_get_vocab(model)
        self.trained_context = llama.llama_model_n_ctx_train(model)
        self._bos = llama.llama_vocab_bos(self.handle)
        self._adds_bos = llama.llama_vocab_get_add_bos(self.handle)
        self._bos_text = self._text(self._bos)
        source = llama.llama_model_chat_template(model, None)
        self._template = source.decode("utf-8", "replace") if source else None
        self._formatter: Any = None

    def tokenize(self, text: str, *, special: bool) -> list[int]:
        """Token ids, never with a BOS added; `special` reads control tokens written out in the text."""
        data = text.encode("utf-8", "replace")  # a lone surrogate cannot be UTF-8: it becomes "?"
        room = len(data) + 8
        ids = (llama.llama_token * room)()
        count = llama.llama_tokenize(self.handle, data, len(data), ids, room, False, special)
        if count < 0:
            ids = (llama.llama_token * -count)()
            count = llama.llama_tokenize(self.handle, data, len(data), ids, -count, False, special)
        return ids[:count]

    def piece(self, token: int) -> bytes:
        """Bytes a token stands for; control tokens are empty.

        llama.cpp answers a too small buffer with the negated size needed; without the second call runs of
        more than that many blanks would vanish from code (abetlen/llama-cpp-python#2362, seen in 0.3.36).
        """
        size = _PIECE_BYTES
        while True:
            buffer = ctypes.create_string_buffer(size)
            written = llama.llama_token_to_piece(self.handle, token, buffer, size, 0, False)
            if written >= 0:
                return buffer.raw[:written]
            size = -written

    def ends_generation(self, token: int) -> bool:
        """Whether the model says with this token that it is done."""
        return bool(llama.llama_vocab_is_eog(self.handle, token))

    def render(self, messages: list[list[str]]) -> Rendered:
        """Text and ids of [role, content] pairs; raises TemplateRefused with the template's own reason.

        Control tokens written in a message count as control tokens, because template and messages are one text
        by then; every server that applies such a template does the same.
        """
        notes: list[str] = []
        if self._template is None:
            text = "\n\n".join(content for _, content in messages)
            notes.append(NO_TEMPLATE)
        else:
            text = self._apply(
                self._template, [{"role": role, "content": content} for role, content in messages]
            )
        if self._adds_bos and self._bos >= 0 and not (self._bos_text and text.startswith(self._bos_text)):
            return Rendered(self._bos_text + text, [self._bos, *self.tokenize(text, special=True)], notes)
        return Rendered(text, self.tokenize(text, special=True), notes)

    def _apply(self, template: str, messages: list[dict[str, str]]) -> str:
        eos = llama.llama_vocab_eos(self.handle)
        try:
            if self._formatter is None:
                self._formatter = Jinja2ChatFormatter(
                    template=template,
                    eos_token=self._text(eos),
                    bos_token=self._bos_text,
                    stop_token_ids=[eos],
                )
            return str(self._formatter(messages=messages).prompt)
        except (
            jinja2.TemplateError,
            ValueError,
            TypeError,
            ArithmeticError,
            LookupError,
            AttributeError,
        ) as exc:
            raise TemplateRefused(str(exc)) from exc

    def _text(self, token: int) -> str:
        """How a control token is written; empty when the model has none."""
        if token < 0:
            return ""
        text: bytes = llama.llama_vocab_get_text(self.handle, token)
        return text.decode("utf-8", "replace")
