"""Text that looks like a key: known prefixes, private key blocks, and random-looking words.

    find("curl -H 'Authorization: Bearer ghp_…'")   →   [("a GitHub token", 1)]

Only the kind and the line are told, never the text. Prefixes are those their issuers document for secret scanners.
"""

from __future__ import annotations

import math
import re
from collections import Counter

MAX_CHARS = 200_000
"""Beyond this a text is not searched: it is looked at while somebody types."""
MAX_FOUND = 50

_B = r"(?<![\w+/.-])"
_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("a private key", re.compile(r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY(?: BLOCK)?-----")),
    ("an Anthropic key", re.compile(_B + r"sk-ant-[\w-]{20,}")),
    ("an OpenAI key", re.compile(_B + r"sk-(?:\w{1,20}-){0,4}?\w{16,}")),
    ("an AWS access key", re.compile(_B + r"(?:AKIA|ASIA)[0-9A-Z]{16}(?![0-9A-Za-z])")),
    ("a GitHub token", re.compile(_B + r"(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{40,})")),
    ("a GitLab token", re.compile(_B + r"glpat-[\w-]{20,}")),
    ("a Slack token", re.compile(_B + r"xox[abeoprs]-[\w-]{20,}")),
    ("a Google key", re.compile(_B + r"AIza[\w-]{35}")),
    ("a Stripe key", re.compile(_B + r"[rs]k_(?:live|test)_[0-9A-Za-z]{16,}")),
    ("a Hugging Face token", re.compile(_B + r"hf_[A-Za-z0-9]{30,}")),
    ("an npm token", re.compile(_B + r"npm_[A-Za-z0-9]{36}")),
    ("a PyPI token", re.compile(_B + r"pypi-[\w-]{50,}")),
    ("a SendGrid key", re.compile(_B + r"SG\.[\w-]{20,}\.[\w-]{20,}")),
    ("a signed token (JWT)", re.compile(_B + r"eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}")),
)
_CERTAIN = ("a private key",)
_ADDRESS = re.compile(r"\b[a-z][a-z0-9+]{1,10}://[^\s/:@{}]{1,80}:([^\s/:@{}]{6,80})@")
_NAMED = re.compile(
    r"(?:api[_ -]?key|secret|access[_ -]?key|token|passw(?:or)?d)[\"']?\s{0,3}[:=]\s{0,3}[\"']?"
    r"([A-Za-z0-9+/_=-]{16,200})(?![\w(.{])",
    re.I,
)
_WORD = re.compile(_B + r"[A-Za-z0-9+/_-]{32,200}={0,2}(?![\w+/=.-])")
_PLACEHOLDER = re.compile(
    r"example|your|placeholder|dummy|changeme|redacted|x{6,}|\*{3}|\.{3}|12345678|abcdefgh", re.I
)


def find(text: str) -> list[tuple[str, int]]:
    """The kind and line (from 1) of everything that looks like a key, in reading order, each place once; at most MAX_FOUND."""
    text = text[:MAX_CHARS]
    taken: list[tuple[int, int, str]] = []

    def take(kind: str, start: int, end: int) -> None:
        if len(taken) < MAX_FOUND and not any(
            start < other_end and other_start < end for other_start, other_end, _ in taken
        ):
            taken.append((start, end, kind))

    for kind, pattern in _KINDS:
        for match in pattern.finditer(text):
            if kind in _CERTAIN or _is_drawn(match[0], digits=1):
                take(kind, *match.span())
    for match in _ADDRESS.finditer(text):
        if not _PLACEHOLDER.search(match[1]):
            take("a password in an address", *match.span(1))
    for match in _NAMED.finditer(text):
        if _is_drawn(match[1], digits=3):
            take("a key or password", *match.span(1))
    for match in _WORD.finditer(text):
        if _is_random(match[0]) and not _PLACEHOLDER.search(match[0]):
            take("a key", *match.span())
    return [(kind, text.count("\n", 0, start) + 1) for start, _, kind in sorted(taken)]


def _is_drawn(word: str, digits: int) -> bool:
    """Whether a word in the place of a key is none that stands for one ("sk-xxxx", "your_api_key")."""
    found = sum(c.isdigit() for c in word)
    return digits <= found < len(word) and _bits(word) >= 3.0 and not _PLACEHOLDER.search(word)


def _is_random(word: str) -> bool:
    """Whether a word of 32 characters or more is drawn by a machine and not made of words, numbers or hex digits.

    Random letters and digits change between capitals, small letters and digits more often than not; words, paths and
    names in camel case seldom do. A hex digest has at most 4 bits a character and is no key by itself.
    """
    classes = ["d" if c.isdigit() else "u" if c.isupper() else "l" if c.islower() else "-" for c in word]
    changes = sum(a != b for a, b in zip(classes, classes[1:], strict=False))
    return {"d", "u", "l"} <= set(classes) and changes >= 0.35 * len(word) and _bits(word) >= 4.1


def _bits(word: str) -> float:
    """Shannon entropy of the characters, in bits a character."""
    return -sum(n / len(word) * math.log2(n / len(word)) for n in Counter(word).values())
