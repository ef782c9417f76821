"""Tokens of an answer with their probabilities, put beside its text: joined they are the answer, in all backends.

    bytes of the tokens   f0 9f | 91 8b | 21 | <|im_end|>        the answer "👋!"
    what each one shows   ""    | "👋"  | "!"                    the one that completes a character shows it

Servers send more tokens than text (thoughts, tags, the end token, a stop string) and cut characters in several ways.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Sequence
from dataclasses import replace

from playground.backends.characters import WholeCharacters
from playground.types.generation import TokenLogprob

UNFIT = "log-probs do not fit the text"
_MOST_FILLED = 8
"""Characters that a token may stand for whose server shows it as the replacement character only."""


def aligned(
    tokens: Sequence[TokenLogprob], text: str, reasoning: str = ""
) -> tuple[TokenLogprob, ...] | None:
    """The tokens of this answer, each with its part of the text; None when they cannot be brought together."""
    if not text or not tokens:
        return ()
    spelled = spell(tokens)
    whole = "".join(token.token for token in spelled)
    start = _place(whole, text, reasoning)
    kept = _filled(spelled, text) if start < 0 else _cut(spelled, start, start + len(text))
    return kept if "".join(token.token for token in kept) == text else None


def spell(tokens: Iterable[TokenLogprob]) -> list[TokenLogprob]:
    """The tokens with the text that each one completes; `raw` keeps the bytes of those that are no text alone."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    characters = WholeCharacters()
    spelled = []
    for token in tokens:
        data = bytes.fromhex(token.raw) if token.raw else characters.feed(token.token).encode()
        text = decoder.decode(data)
        spelled.append(token if text == token.token else replace(token, token=text))
    return spelled


def _place(whole: str, text: str, reasoning: str) -> int:
    """Where the answer begins in all that was written, -1 when it is not in there."""
    thought = whole.find(reasoning.strip()) if reasoning.strip() else 0
    after = whole.find(text, thought + len(reasoning.strip())) if thought >= 0 else -1
    return after if after >= 0 else whole.rfind(text)


def _cut(tokens: Iterable[TokenLogprob], start: int, end: int) -> tuple[TokenLogprob, ...]:
    """The tokens between two places; one across a border keeps what is inside."""
    kept: list[TokenLogprob] = []
    waiting: list[TokenLogprob] = []  # the first bytes of the character that the next one completes
    at = 0
    for token in tokens:
        here, at = at, at + len(token.token)
        if here >= end:
            break
        if not token.token:
            waiting.append(token)
            continue
        if at > start:
            inside = token.token[max(0, start - here) : end - here]
            # Bytes before the border belong to what is cut off.
            kept += waiting if here >= start else []
            kept.append(token if inside == token.token else replace(token, token=inside, raw=""))
        waiting = []
    return tuple(kept)


def _filled(tokens: Iterable[TokenLogprob], text: str) -> tuple[TokenLogprob, ...]:
    """The tokens along the text: what they show as the replacement character takes the place between its neighbours.

    Tokens that are nowhere in the text (written-out control tokens) are left out.
    """
    kept: list[TokenLogprob] = []
    broken = 0  # tokens at the end of `kept` that show no character of their own yet
    at = 0
    for token in tokens:
        word = token.token
        if not word or "\ufffd" in word:
            kept.append(replace(token, token=""))
            broken += 1
            continue
        found = text.find(word, at, at + len(word) + _MOST_FILLED * broken)
        if found < 0:
            continue
        if found > at:
            kept[-1] = replace(kept[-1], token=text[at:found])
        broken = 0
        kept.append(token)
        at = found + len(word)
    if broken and 0 < len(text) - at <= _MOST_FILLED * broken:
        kept[-1] = replace(kept[-1], token=text[at:])
    return tuple(kept)
