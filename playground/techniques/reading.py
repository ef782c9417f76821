"""What techniques read out of what a model wrote: lists, marks, verdicts, answers that vote.

Each gives an empty list or None for text that holds nothing of the kind; no text raises.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from playground.answers.chinese import simplified
from playground.answers.numbers import the_number
from playground.techniques import extraction
from playground.techniques.asking import Ask
from playground.techniques.calls import Reply
from playground.techniques.extraction import Extracted
from playground.types.trace import Answer

AnswerKind = Annotated[
    Literal["auto", "number", "choice", "yes_no", "date", "phrase", "last_line", "text"],
    Field(
        description="What to look for as the answer; auto: a number, yes or no, a letter, else the last phrase."
    ),
]
Temperature = Annotated[float, Field(ge=0, le=5, description="Above 0, so that answers differ.")]

_ITEM = re.compile(
    r"\s*(?:\d{1,3}[.):]\s+|\d{1,3}[、．）：]\s*|[(（](?:\d{1,3}|[一二三四五六七八九十]{1,3})[)）]\s*|[-*•·●○▪◦‣]\s+"
    r"|(?:[一二三四五六七八九十]{1,3}[、．.]|[①-⑳]|第[一二三四五六七八九十]{1,3}[，,、：:])\s*)(?P<item>\S.*)$"
)
_VALUES = {
    "impossible": 0.0, "不可能": 0.0, "likely": 0.5, "不一定": 0.5, "不肯定": 0.5, "不确定": 0.5, "可能": 0.5, "sure": 1.0,
    "肯定": 1.0, "一定": 1.0, "确定": 1.0,
}  # fmt: skip
_VALUE = re.compile(
    rf"(?<!not )\b(?:impossible|likely|sure)\b|{'|'.join(w for w in _VALUES if not w.isascii())}", re.I
)
_VERDICT = re.compile(
    r"(?P<no>\bfail(?:ed|s)?\b|\bnot pass\b|(?:不|未|没有?|没能|无法|难以)(?:能|能够|予)?通过|失败|(?:不|未)(?:合格|达标)|(?:不|未|没有)成功)"
    r"|(?P<yes>\bpass(?:ed|es)?\b|通过|合格|达标|成功)",
    re.I,
)
_SCORE = re.compile(
    r"(?:score|rating|mark|分数|评分|得分|打分|总分)\s*(?:is|[:：=为是])?\s*\**\s*(?P<n>\d+(?:\.\d+)?|[零一二三四五六七八九十]{1,2}(?:点[零一二三四五六七八九])?)"
    r"|(?:^|[^\d.])(?P<points>\d+(?:\.\d+)?)\s?分(?![钟之])",
    re.I | re.M,
)
_LEADS = re.compile(r"(?:value|verdict|结论|评价|判断)\s*[:：]", re.I)


def listed(text: str) -> list[str]:
    """The items of a numbered or marked list, else the lines that say something; each once."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    items = [found["item"].strip() for line in lines if (found := _ITEM.match(line))]
    return list(dict.fromkeys(items or lines))


def value_in(text: str) -> float | None:
    """1, 0.5 or 0 for sure, likely, impossible, said last or after "Value:"; None where neither is said."""
    found = _VALUE.findall(_after_lead(simplified(text)))
    return _VALUES[found[-1].lower()] if found else None


def verdict_in(text: str) -> bool | None:
    """Whether it says pass or fail, last or after "Verdict:"; None where it says neither."""
    found = list(_VERDICT.finditer(_after_lead(simplified(text))))
    return bool(found[-1]["yes"]) if found else None


def score_in(text: str, most: float = 10) -> float | None:
    """The mark after "Score:" or before 分, as a share of the most; None where there is none, or one out of bounds."""
    found = list(_SCORE.finditer(simplified(text)))
    said = next((match["n"] for match in reversed(found) if match["n"]), found[-1]["points"] if found else "")
    value = the_number(said) if said else None
    mark = -1.0 if value is None else value
    return mark / most if 0 <= mark <= most else None


def answer_in(text: str, kind: AnswerKind = "auto") -> Extracted | None:
    """The answer that a text comes to, in one form; None for a refusal and where there is none."""
    if kind != "auto":
        return extraction.extract(text, kind)
    said = extraction.extract(text, "phrase") or extraction.extract(text, "last_line")
    if said is None:
        return None
    if _LETTER.fullmatch(said.text):
        return extraction.extract(said.text, "choice") or said
    if _YES_NO.match(said.text):
        return extraction.extract(said.text, "yes_no") or said
    if len(said.text) <= _SHORT and not _SUM.search(said.text):
        return extraction.extract(said.text, "number") or said
    return said


def extracted_in(text: str, kind: AnswerKind) -> str | None:
    """That answer's words; None too for the kind "text", which looks for nothing: all of the text is meant."""
    found = None if kind == "text" else answer_in(text, kind)
    return found.text if found else None


_SHORT = 40
_LETTER = re.compile(r"\W{0,2}[A-J]\W{0,2}")
_YES_NO = re.compile(r"(?:yes|no)\b|是|否|不是|对|不对", re.I)
_SUM = re.compile(r"[=*×÷+]|\d\s+[-−/]\s+\d|\d:\d")


def elect(ask: Ask, replies: Sequence[Reply], kind: AnswerKind = "auto", **facts: str) -> Answer:
    """The answer of most replies, ties to the earliest; the text is that of the first reply that gave it."""
    texts = dict.fromkeys(reply.text for reply in replies)  # samples often say the same
    found_in = {text: answer_in(text, kind) for text in texts}
    found = [found_in[reply.text] for reply in replies]
    vote = extraction.vote(found)
    first = None
    for reply, each, key in zip(replies, found, vote.keys, strict=True):
        wins = vote.winner is not None and key == vote.winner.key
        ask.mark(reply, extracted=each.text if each else "", state="kept" if wins else "")
        first = reply if wins and first is None else first
    winner = first or replies[0]
    if first is not None:
        ask.mark(winner, state="answer")
    votes = f"{round(vote.share * len(replies))} of {len(replies)}"
    return ask.answer(winner.text, extracted=vote.winner.text if vote.winner else None, votes=votes, **facts)


def _after_lead(text: str) -> str:
    leads = list(_LEADS.finditer(text))
    return text[leads[-1].end() :] if leads else text
