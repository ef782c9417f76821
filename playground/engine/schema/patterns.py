r"""Regular expressions of JSON schemas in the words of llguidance's engine, and formats as patterns. Runs in the child.

    to_held(r"^\d{5}$") → "^[0-9]{5}$"        to_held(r"(?=a)b") → None: a look-ahead cannot be held

People write for ECMA-262 (the standard), checks in Python read Python's syntax, and the two differ: `\d` is ASCII in the one
and any script in the other. What is written here matches only strings that match in both. None stands for what cannot be said.
"""

from __future__ import annotations

import re

_TOKEN = re.compile(
    r"""
    (?P<escape> \\ (?: u\{[0-9A-Fa-f]{1,6}\} | u[0-9A-Fa-f]{4} | x[0-9A-Fa-f]{2} | [pP]\{[\w=]{1,40}\} | [^upPx] ) )
    | (?P<repeat> (?: [*+?] | \{ \d{1,5} (?: , \d{0,5} )? \} ) )
    | (?P<open> \( (?: \?: | \?P?<[A-Za-z_]\w*> )? (?! \? ) )
    | (?P<other> [^\\*+?(\[] )
    """,
    re.X | re.S,
)
_SPACES = r"\t\n\x0B\x0C\r\x20\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000"  # blanks for everybody
_MAYBE_SPACES = _SPACES + r"\x1C-\x1F\x85\u180E\uFEFF"  # blanks for some
_LETTERS = r"\p{L}\p{M}\p{N}\p{Pc}\u200C\u200D"  # word characters for some; for everybody only ASCII's
_SURE = {
    "d": "0-9",
    "w": "0-9A-Za-z_",
    "s": _SPACES,
    "D": r"\P{Nd}",
    "W": f"[^{_LETTERS}]",
    "S": f"[^{_MAYBE_SPACES}]",
}
_PERHAPS = {
    "d": r"\p{Nd}",
    "w": _LETTERS,
    "s": _MAYBE_SPACES,
    "D": "[^0-9]",
    "W": "[^0-9A-Za-z_]",
    "S": f"[^{_SPACES}]",
}
_CONTROLS = {"n": r"\n", "r": r"\r", "t": r"\t", "f": r"\x0C", "v": r"\x0B"}
_SPECIAL = set(r"\.+*?()|[]{}^$#&-~/ ")
_LONGEST = 10_000

_DAY = r"(?:0[1-9]|1[0-9]|2[0-8])"
_YEAR = r"(?:[0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)"
_LEAP_YEAR = r"(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)"
_DATE = rf"(?:{_YEAR}-(?:(?:0[1-9]|1[0-2])-{_DAY}|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)|{_LEAP_YEAR}-02-29)"
_TIME = (
    r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)
FORMATS = {"date": f"^{_DATE}$", "time": f"^{_TIME}$", "date-time": f"^{_DATE}T{_TIME}$"}
"""Formats that are held as patterns: llguidance's own know no leap years, and take the year 0 and a second 60."""
KNOWN_FORMATS = frozenset({"duration", "email", "hostname", "ipv4", "ipv6", "uuid", "uri"})
"""Formats that llguidance holds."""


def to_held(pattern: str) -> str | None:
    """The pattern in llguidance's syntax, matching what both dialects match; None when it cannot be held."""
    if len(pattern) > _LONGEST:
        return None
    parts: list[str] = []
    at = 0
    repeatable = False
    while at < len(pattern):
        if pattern[at] == "[":
            end, text = _class(pattern, at)
            if text is None:
                return None
            parts.append(text)
            at, repeatable = end, True
            continue
        found = _TOKEN.match(pattern, at)
        if found is None or pattern.startswith("{,", at):  # {,3} repeats in one dialect only
            return None
        kind, text = found.lastgroup, found[0]
        at = found.end()
        if kind == "repeat":
            if not repeatable:
                return None
            parts.append(text)
            at += pattern.startswith("?", at)  # a lazy one matches the same strings
            repeatable = False
            continue
        piece = _outside(kind, text)
        if piece is None:
            return None
        parts.append(piece)
        repeatable = not (kind == "open" or text in "^$|")
    return "".join(parts)


def _outside(kind: str | None, text: str) -> str | None:
    """One piece of a pattern outside of brackets."""
    if kind == "open":
        return "(?:"
    if kind == "escape":
        if text[1:] in _SURE:
            inner = _SURE[text[1:]]
            return inner if inner.startswith(("[", "\\P")) else f"[{inner}]"
        return _character(text)
    if text == ".":
        return r"[^\n\r\u2028\u2029]"
    if text in "^$|)":
        return text
    return _literal(text)


def _character(escape: str) -> str | None:
    """An escape that stands for a character or a Unicode property; None for the others."""
    name = escape[1:]
    if name[0] in "pP":
        return escape
    if name[0] in "ux" and len(name) > 1:
        code = int(name.strip("ux{}"), 16)
        return rf"\x{{{code:X}}}" if code < 0xD800 or 0xE000 <= code <= 0x10FFFF else None
    if name in _CONTROLS:
        return _CONTROLS[name]
    return None if name.isalnum() else _literal(name)


def _literal(character: str) -> str:
    return f"\\{character}" if character in _SPECIAL else character


def _class(pattern: str, start: int) -> tuple[int, str | None]:
    """The bracket that begins at `start`, rewritten, and where it ends."""
    at = start + 1
    negated = pattern.startswith("^", at)
    at += negated
    if pattern.startswith("]", at):  # empty in one dialect, a bracket in the other
        return at, None
    sets = _PERHAPS if negated else _SURE
    members: list[str] = []
    while at < len(pattern):
        if pattern[at] == "]":
            return at + 1, f"[{'^' if negated else ''}{''.join(members)}]"
        found = _TOKEN.match(pattern, at) if pattern[at] == "\\" else None
        if found and found[0][1:] in sets:
            members.append(sets[found[0][1:]])
            at = found.end()
            if pattern.startswith("-", at) and not pattern.startswith("-]", at):
                return at, None  # [\d-x]
            continue
        if pattern[at] == "\\":
            piece = r"\x08" if pattern.startswith(r"\b", at) else found and _character(found[0])
            at = found.end() if found else at
        else:
            piece = _literal(pattern[at])
            at += 1
        if not piece:
            return at, None
        is_range = pattern.startswith("-", at) and not pattern.startswith("-]", at)
        if is_range:
            piece += "-"
            at += 1
            if at < len(pattern) and pattern[at] == "\\":
                found = _TOKEN.match(pattern, at)
                end = _character(found[0]) if found and found[0][1:] not in sets else None
                at = found.end() if found else at
            else:
                end = _literal(pattern[at : at + 1]) if at < len(pattern) else None
                at += 1
            if not end or end.startswith(("\\p", "\\P")):
                return at, None
            piece += end
        members.append(piece)
    return at, None
