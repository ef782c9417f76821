"""Words ↔ tokens of one GGUF, and its chat template. Runs in the child.

vocabulary.render([["user", "Hi"]]) → Rendered(text="<|im_start|>system…assistant", tokens=[1, 9690, …], notes=[])
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any

import jinja2

from playground.engine.answer import byte_name
from playground.engine.bindings import llama
from playground.engine.chat_template import ChatTemplate
from playground.thoughts import TAGS

NO_TEMPLATE = "chat template: the GGUF has none, the messages were joined as plain text"
NO_THINKING = "thinking: the model's chat template cannot turn it on"
_PIECE_BYTES = 64
_LONGEST_PIECE = 256
_NEEDLE = "<needle>"


class TemplateRefused(ValueError):
    """The model's own chat template does not accept these messages."""


class TemplateBroken(TemplateRefused):
    """The model's own chat template is no template: the message says where and why."""


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
        self.size: int = llama.llama_vocab_n_tokens(self.handle)
        self.trained_context = llama.llama_model_n_ctx_train(model)
        self._bos = llama.llama_vocab_bos(self.handle)
        self._adds_bos = llama.llama_vocab_get_add_bos(self.handle)
        self._bos_text = self._text(self._bos)
        source = llama.llama_model_chat_template(model, None)
        self._template = source.decode("utf-8", "replace") if source else None
        self._formatter: ChatTemplate | None = None
        self._wants_parts: bool | None = None
        self._ends: list[int] = []
        self._written = self._thought_tokens()

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
        """Bytes a token stands for; control tokens are empty, but for those that tell thoughts from the answer.

        llama.cpp answers a too small buffer with the negated size needed; without the second call runs of
        more than that many blanks would vanish from code (abetlen/llama-cpp-python#2362, seen in 0.3.36).
        """
        if token in self._written:
            return self._written[token]
        size = _PIECE_BYTES
        while True:
            buffer = ctypes.create_string_buffer(size)
            written = llama.llama_token_to_piece(self.handle, token, buffer, size, 0, False)
            if written >= 0:
                return buffer.raw[:written]
            size = -written

    def _thought_tokens(self) -> dict[int, bytes]:
        """The control tokens in the tags of thoughts, for models that have such tags as tokens."""
        written: dict[int, bytes] = {}
        for words in TAGS:
            for tag in (*words.opens, *words.closes, *words.between):
                tokens = self.tokenize(tag, special=True)
                names = {token: self._text(token) for token in tokens if self._is_control(token)}
                first, last = names.get(tokens[0], ""), names.get(tokens[-1], tag)
                if first and tag.startswith(first) and tag.endswith(last):
                    written |= {token: name.encode() for token, name in names.items()}
        return written

    def _is_control(self, token: int) -> bool:
        return bool(llama.llama_vocab_get_attr(self.handle, token) & llama.LLAMA_TOKEN_ATTR_CONTROL)

    def ends_generation(self, token: int) -> bool:
        """Whether the model says with this token that it is done."""
        return bool(llama.llama_vocab_is_eog(self.handle, token))

    def end_tokens(self) -> list[int]:
        """Every token that ends an answer."""
        if not self._ends:
            self._ends = [token for token in range(self.size) if self.ends_generation(token)]
        return self._ends

    def pieces(self) -> list[bytes]:
        """What each token adds to an answer; empty for those that end it or stand for a mark of the chat."""
        buffer = ctypes.create_string_buffer(_LONGEST_PIECE)
        found = []
        for token in range(self.size):
            size = llama.llama_token_to_piece(self.handle, token, buffer, _LONGEST_PIECE, 0, False)
            piece = bytes(buffer.raw[:size]) if size >= 0 else self.piece(token)
            is_mark = piece.startswith(b"<") and piece.endswith(b">") and self._is_user_defined(token)
            found.append(b"" if is_mark or self.ends_generation(token) else piece)
        return found

    def _is_user_defined(self, token: int) -> bool:
        return bool(llama.llama_vocab_get_attr(self.handle, token) & llama.LLAMA_TOKEN_ATTR_USER_DEFINED)

    def name(self, token: int) -> str:
        """How a token is shown on its own: control tokens as they are written, a part of a character as its bytes."""
        piece = self.piece(token)
        if not piece:
            return self._text(token)
        try:
            return piece.decode()
        except UnicodeDecodeError:
            return byte_name(piece)

    def raw(self, text: str) -> Rendered:
        """Text as it is, with control tokens read and the BOS that the model asks for."""
        return self._tokens(text, [])

    def render(self, messages: list[list[str]], *, thinking: bool = False) -> Rendered:
        """Text and ids of [role, content] pairs; raises TemplateRefused with the template's own reason.

        `thinking` reaches the template as `enable_thinking`; where it does not ask for that, a note says so.

        Control tokens written in a message count as control tokens, because template and messages are one text
        by then; every server that applies such a template does the same.
        """
        notes: list[str] = []
        if self._template is None:
            text = "\n\n".join(content for _, content in messages)
            notes.append(NO_TEMPLATE)
        else:
            text = self._apply(self._template, self._turns(messages), thinking)
        if thinking and "enable_thinking" not in (self._template or ""):
            notes.append(NO_THINKING)
        return self._tokens(text, notes)

    def _tokens(self, text: str, notes: list[str]) -> Rendered:
        if self._adds_bos and self._bos >= 0 and not (self._bos_text and text.startswith(self._bos_text)):
            return Rendered(self._bos_text + text, [self._bos, *self.tokenize(text, special=True)], notes)
        return Rendered(text, self.tokenize(text, special=True), notes)

    def _turns(self, messages: list[list[str]]) -> list[dict[str, Any]]:
        """Messages as the template wants them: most take text, some only a list of parts and lose a plain text.

        That is so for several models that see (SmolVLM); llama-server tries it out in the same way.
        """
        if self._wants_parts is None:
            turns = [["user", _NEEDLE]]
            self._wants_parts = (
                "type" in (self._template or "")
                and not self._shows_needle(_as_text(turns))
                and self._shows_needle(_as_parts(turns))
            )
        return _as_parts(messages) if self._wants_parts else _as_text(messages)

    def _shows_needle(self, turns: list[dict[str, Any]]) -> bool:
        try:
            return _NEEDLE in self._apply(self._template or "", turns, False)
        except TemplateRefused:
            return False

    def _apply(self, template: str, messages: list[dict[str, Any]], thinking: bool) -> str:
        eos = llama.llama_vocab_eos(self.handle)
        try:
            if self._formatter is None:
                self._formatter = ChatTemplate(template, bos=self._bos_text, eos=self._text(eos))
            return self._formatter.text(messages, thinking=thinking)
        except jinja2.TemplateSyntaxError as exc:
            reason = (exc.message or "it is not Jinja").splitlines()[0].rstrip(".")[:300]
            raise TemplateBroken(f"line {exc.lineno}: {reason}") from exc
        except RecursionError as exc:
            raise TemplateBroken("it is nested too deeply") from exc
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


def _as_text(messages: list[list[str]]) -> list[dict[str, Any]]:
    return [{"role": role, "content": content} for role, content in messages]


def _as_parts(messages: list[list[str]]) -> list[dict[str, Any]]:
    return [{"role": role, "content": [{"type": "text", "text": content}]} for role, content in messages]
