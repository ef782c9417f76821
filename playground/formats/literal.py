r"""Foreign text as Jinja2 source: braces and lines such as `user:` in it mean nothing.

literal("{{ x }}")  →  "{{ '{{' }} x }}"
literal("user:\nHi")  →  "{{ '' }}user:\nHi"
"""

from __future__ import annotations

import re

from playground.templating.syntax import ROLE_LINE


def literal(text: str) -> str:
    r"""Jinja2 source that renders to exactly this text, with "\n" for "\r\n" and "\r"; no line of it opens a turn."""
    return ROLE_LINE.sub(lambda match: "{{ '' }}" + match[0], without_tags(text))


def without_tags(text: str) -> str:
    """The same, but that a line such as `user:` still opens a turn."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return re.sub(r"\{[{%#]", lambda match: "{{ '" + match[0] + "' }}", text)
