"""Lines for a terminal in Chinese: cell by cell, so that columns stay columns; a Chinese character is two wide.

in_chinese("ok     packages: 9 of 9")  →  "正常   packages：9 / 9"
"""

from __future__ import annotations

import re
import unicodedata

from playground.translation.shown import chinese

_GAP = re.compile(r"( {2,})")
_SIGN = re.compile(r"[✓✗!] ")
_ESCAPED = re.compile(r"\\([\\`*_|<>\[\]#])")
_ENGLISH = re.compile(r"[A-Za-z]{2,} [a-z]{2,} [a-z]{2,}")
_OPENING, _CLOSING = "（《「『【“‘", "，。；：、？！）》」』】”’…"
_WIDE = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uff60"
_TOGETHER = re.compile(
    rf"\s+|[{_OPENING}]*(?:(?![{_OPENING}{_CLOSING}])[{_WIDE}]|[^\s{_WIDE}{_OPENING}{_CLOSING}]+)?[{_CLOSING}]*"
)
"""What no line is broken in: a word, or a Chinese character with the marks that belong to it."""
_NO_COLUMN = ("Mn", "Me", "Cf")


def width(text: str) -> int:
    """How many columns of a terminal it takes."""
    return sum(
        0 if unicodedata.category(char) in _NO_COLUMN else 1 + (unicodedata.east_asian_width(char) in "WF")
        for char in text
    )


def padded(text: str, columns: int, *, right: bool = False) -> str:
    """The text in so many columns of a terminal, at the left of them or at the right; a longer one stays."""
    space = " " * (columns - width(text))
    return space + text if right else text + space


def wrapped(text: str, columns: int) -> list[str]:
    """The text in lines of so many columns: no line begins with a closing mark, and none ends with an opening one."""
    lines, line = [], ""
    for part in _TOGETHER.findall(text.strip()):
        if line and width(line + part.rstrip()) > columns:
            lines.append(line.rstrip())
            line = ""
        line += part if line else part.lstrip()
    return [*lines, line.rstrip()] if line.strip() else lines


def in_chinese(text: str) -> str:
    """The lines as a reader of Chinese sees them; spaces between columns give way or grow."""
    return "\n".join(map(_line, text.split("\n")))


def _line(line: str) -> str:
    cells = _GAP.split(line)
    if len(cells) == 1:
        return chinese().of(line)
    written, at = "", 0  # `at` is where the English line stands
    for n, cell in enumerate(cells):
        at += width(cell)
        if n % 2:
            continue
        sign = _SIGN.match(cell)
        shown = f"{sign[0]}{_said(cell[len(sign[0]) :])}" if sign else chinese().of(cell)
        before = cells[n - 1] if n else ""
        # A number stands at the right of its column, a word at the left of it.
        starts = at - width(shown if re.match(r"[\s+−–-]?[\d.]", cell) else cell)
        gap = max(starts - width(written), min(len(before), 2))
        written += (" " * gap if n else "") + shown
    return written


def _said(text: str) -> str:
    """A fact of a report: as a whole, else what it is and what is said of it, which may be several sentences."""
    whole = chinese().of(text)
    what, colon, details = text.partition(": ")
    of = chinese().of
    is_open = whole == text or _ENGLISH.search(whole)
    is_split = colon and is_open and (of(what) != what or of(details) != details)
    return f"{of(what)}：{of(details)}" if is_split else whole


def markdown_in_chinese(text: str) -> str:
    """A report as a reader of Chinese sees it: lines, items and cells of tables."""
    return "\n".join(map(_markdown_line, text.split("\n")))


def _markdown_line(line: str) -> str:
    if line.startswith("|"):
        return "|".join(_escaped_text(cell) for cell in line.split("|"))
    parts = re.fullmatch(r"((?:[#>*-]+ )*(?:[✓✗!] )?(?:\*\*)?)(.*?)((?:\*\*)?\s*)", line)
    return line if parts is None else parts[1] + _escaped_text(parts[2]) + parts[3]


def _escaped_text(text: str) -> str:
    bare = _ESCAPED.sub(r"\1", text)
    shown = _said(bare)
    return text if shown == bare else re.sub(r"([\\`*_|<>\[\]#])", r"\\\1", shown)
