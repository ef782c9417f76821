"""A text as the template that says it again: an answer becomes a turn, whatever it holds.

literal("Use {{ name }}") → "{% raw %}Use {{ name }}{% endraw %}"
"""

from __future__ import annotations

import re

from playground.templating.syntax import ROLE_LINE

_TAGS = re.compile(r"\{[{%#]")
_END = re.compile(r"\{%[-+]?\s*endraw\s*[-+]?%\}")


def literal(text: str) -> str:
    """A template of one turn that renders to this text, but for newlines at its end, which no turn keeps.

    A plain text stays as it is; where tags or role lines stand in it, it is put into a raw block.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
    if not _TAGS.search(text) and not ROLE_LINE.search(text):
        return text
    parts, at = [], 0
    for end in _END.finditer(text):
        parts.append(f"{_raw(text[at : end.start()])}{{{{ {_quoted(end[0])} }}}}")
        at = end.end()
    return "".join([*parts, _raw(text[at:])])


def _raw(text: str) -> str:
    return f"{{% raw %}}{text}{{% endraw %}}" if text else ""


def _quoted(tag: str) -> str:
    """The tag as a string of an expression; its own white space may be a newline."""
    return '"' + tag.replace("\n", "\\n") + '"'
