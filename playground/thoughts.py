r"""What a model thinks, told apart from what it answers: the one place for all backends.

    thoughts = Thoughts()
    thoughts.feed("<thi"), thoughts.feed("nk>why</think>\n\nyes")   → nothing yet, then ("yes", "why")
    thoughts = Thoughts()
    thoughts.feed("Let me see"), thoughts.feed("</think>Hi")        → ("Let me see", ""), then ("Hi", "", rethought=True)

A block of thoughts opens at the very beginning of an answer only: there by the model, or before it by the chat template.
Where nothing tells that a template has opened it, the closing tag does: what had been taken for the answer was
thought. A tag that an answer talks about (in quotation marks, in code, after its opening one) is a word like others.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple


class Tags(NamedTuple):
    """How a family of models marks thoughts; `between` may stand before the answer and belongs to neither."""

    models: str
    opens: tuple[str, ...]
    closes: tuple[str, ...]
    between: tuple[str, ...] = ()


_FINAL = ("<|channel|>final<|message|>", "<|channel|>final <|constrain|>json<|message|>")
_ANALYSIS = ("<|channel|>analysis<|message|>", "<|channel|>commentary<|message|>")

TAGS = (
    Tags("DeepSeek-R1, Qwen, GLM, SmolLM3, Phi-4, most others", ("<think>",), ("</think>",)),
    Tags("prompted in the way of Claude", ("<thinking>",), ("</thinking>",)),
    Tags("EXAONE Deep, Marco-o1", ("<thought>", "<Thought>"), ("</thought>", "</Thought>")),
    Tags("Reka Flash", ("<reasoning>",), ("</reasoning>",)),
    Tags("Magistral", ("[THINK]",), ("[/THINK]",)),
    Tags("Seed-OSS", ("<seed:think>",), ("</seed:think>",)),
    Tags("LongCat", ("<longcat_think>",), ("</longcat_think>",)),
    Tags("Kimi-VL", ("◁think▷",), ("◁/think▷",)),
    Tags("Command A", ("<|START_THINKING|>",), ("<|END_THINKING|>",), ("<|START_RESPONSE|>",)),
    Tags("OpenThinker, Sky-T1", ("<|begin_of_thought|>",), ("<|end_of_thought|>",), ("<|begin_of_solution|>",)),
    Tags("Apertus", ("<|inner_prefix|>",), ("<|inner_suffix|>",)),
    Tags("Gemma 4", ("<|channel>thought",), ("<channel|>",)),
    Tags("MedGemma", ("<unused94>thought",), ("<unused95>",)),
    Tags(
        "gpt-oss",
        (*_ANALYSIS, *(f"<|start|>assistant{opening}" for opening in _ANALYSIS)),
        (*(f"<|end|><|start|>assistant{final}" for final in _FINAL), *(f"<|start|>assistant{final}" for final in _FINAL), *_FINAL),
    ),
)  # fmt: skip
"""Sentences in plain words ("Here is my thought process:", Granite 3.2) are no tags: any answer may begin with them."""

_OPENINGS = {opening: tags for tags in TAGS for opening in tags.opens}
_CLOSINGS = {closing: tags for tags in TAGS for closing in tags.closes}
_BETWEEN = tuple(word for tags in TAGS for word in tags.between)
_FIRST = frozenset(closing[0] for closing in _CLOSINGS)
_QUOTES = {'"': '"', "'": "'", "`": "`", "“": "”", "„": "“", "‘": "’", "«": "»", "「": "」", "『": "』", "(": ")"}  # fmt: skip
_MOST_MENTIONS = 20
"""Tags in a row that are words of the answer, after which no further one is looked at."""


class Pieces(NamedTuple):
    """What is answer and what is thought in a piece of text.

    With `rethought` all text that was given out as answer before this piece was thought too.
    """

    text: str = ""
    reasoning: str = ""
    rethought: bool = False


def opened_by(prompt: str | None) -> Tags | None:
    """The tags of the block in which a prompt ends, so that what follows begins with thoughts."""
    end = (prompt or "").rstrip()
    return next((tags for opening, tags in _OPENINGS.items() if end.endswith(opening)), None)


class Thoughts:
    """Splits one answer, however it is cut into pieces.

    `prompt` is the text after the chat template where it is known; `asked` is what the person wrote, which may be about
    the tags. A `shaped` answer keeps to a schema: when it begins like JSON there is no thought in it.
    """

    def __init__(self, prompt: str | None = None, *, asked: Iterable[str] = (), shaped: bool = False) -> None:
        self._opened = opened_by(prompt)
        self._asked = tuple(asked)
        self._shaped = shaped
        self._state: Literal["start", "thinking", "between", "answer"] = "start"
        self._held = ""
        self._before = ""  # the character before the text that is looked at
        self._sent: list[str] = []  # the answer so far, while a closing tag may still turn it into thoughts
        self._watches = True
        self._told = False
        self._mentions = 0
        self._ended = False

    def prompted(self, prompt: str) -> None:
        """Take note of the text after the chat template, when the server tells it with its first piece."""
        if self._state == "start":
            self._opened = opened_by(prompt)

    def told_apart(self) -> None:
        """The server tells thoughts in a field of their own: the rest is the answer, tags or not."""
        self._told, self._watches = True, False

    def judged(self, prompt: str | None) -> Pieces:
        """At the end: all of it was thought if the prompt, known by now, had opened a block that nothing closed."""
        untouched = self._state == "answer" and self._watches and bool(self._sent)
        return Pieces(rethought=untouched and opened_by(prompt) is not None)

    def feed(self, piece: str) -> Pieces:
        """What is sure by now; up to a tag's length of text is held back."""
        text, self._held = self._held + piece, ""
        reasoning, rethought = "", False
        while self._state != "answer" or self._watches:
            if self._state in ("start", "between"):
                rest = self._begin(text)
                if rest is None:
                    return Pieces("", reasoning, rethought)
                text = rest
                continue
            start, end = self._closing(text)
            if start == end:  # none: up to here it is sure
                self._held, text = text[start:], text[:start]
                break
            rethought = rethought or bool(self._sent)
            self._sent, self._watches = [], False
            self._state = "between"
            reasoning, text = reasoning + text[:start], text[end:]
        self._before = text[-1:] or self._before
        if self._state == "thinking":
            return Pieces("", reasoning + text, rethought)
        if text and self._watches:
            self._sent.append(text)
        return Pieces(text, reasoning, rethought)

    def rest(self) -> Pieces:
        """What was held back, at the end of the answer."""
        self._ended = True
        return self.feed("")

    def _begin(self, text: str) -> str | None:
        """Read an opening tag, or see that there is none: what is left then; None while it may still become one."""
        bare = text.lstrip()
        words: tuple[str, ...] = () if self._told else tuple(_OPENINGS)
        if self._state == "between" and not self._told:
            words += _BETWEEN
        word = max((word for word in words if bare.startswith(word)), key=len, default="")
        if word:
            if word in _OPENINGS:
                self._opened, self._state = _OPENINGS[word], "thinking"
            return bare[len(word) :]
        if not self._ended and (not bare or any(word.startswith(bare) for word in words)):
            self._held = text
            return None
        if self._shaped and bare.startswith(("{", "[", '"')):
            self._watches, self._opened = False, None
        if self._state == "start" and self._opened and not self._told:
            self._state = "thinking"
            return text
        cuts_off = self._told or self._state == "between"
        self._state = "answer"
        return bare if cuts_off else text

    def _closing(self, text: str) -> tuple[int, int]:
        """Where the tag that ends the thoughts stands; an empty place when there is none, all before it being sure."""
        lone = self._state == "answer"
        closings = tuple(_CLOSINGS) if lone or not self._opened else self._opened.closes
        at = 0
        while not _FIRST.isdisjoint(text[at:]):
            hits = [(found, -len(c), c) for c in closings if (found := text.find(c, at)) >= 0]
            if not hits:
                sure = len(text) if self._ended else len(text) - _overlap(text[at:], closings)
                return sure, sure
            start, _, closing = min(hits)
            end = start + len(closing)
            before, after = text[start - 1] if start else self._before, text[end : end + 1]
            inline = lone and self._is_asked_about(closing)
            if not after and not self._ended and (before in _QUOTES or inline):
                return start, start
            mentioned = bool(after) and after == _QUOTES.get(before)
            if lone and not mentioned:
                mentioned = _is_a_word(closing, "".join(self._sent) + text[:start], after if inline else "")
            if not mentioned:
                return start, end
            at = end
            self._mentions += 1
            if lone and self._mentions >= _MOST_MENTIONS:
                self._watches = False
                break
        return len(text), len(text)

    def _is_asked_about(self, closing: str) -> bool:
        tags = _CLOSINGS[closing]
        return any(word in text for text in self._asked for word in (*tags.opens, *tags.closes))


def _is_a_word(closing: str, before: str, after: str) -> bool:
    """Whether a closing tag without an opening one is part of an answer that has this before it.

    `after` is the character behind it where the prompt was about such tags: then one within a line is a word.
    """
    line = before.rpartition("\n")[2]
    return (
        any(opening in before for opening in _CLOSINGS[closing].opens)
        or before.count("```") % 2 == 1
        or line.count("`") % 2 == 1
        or bool(line.strip() and after.strip("\r\n"))
    )


def _overlap(text: str, words: Iterable[str]) -> int:
    """Length of the longest end of `text` that begins one of the words (but is not all of it)."""
    longest = max(map(len, words)) - 1
    tails = (text[-size:] for size in range(min(longest, len(text)), 0, -1))
    return next((len(tail) for tail in tails if any(word.startswith(tail) for word in words)), 0)
