r"""YAML front matter: the lines between two `---` at the top of a text file, and the body after them.

front_matter.split("---\nname: Greeting\n---\nHello", "greeting.prompty")  →  ({"name": "Greeting"}, "Hello")
"""

from __future__ import annotations

import re
from typing import Any

from playground.errors import PromptError
from playground.formats import yaml_text

FRONT = re.compile(r"\A\s*?---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", re.S | re.M)


def split(text: str, file: str) -> tuple[dict[str, Any], str]:
    r"""The data, empty without front matter, and the body, with "\n" as the only newline.

    Raises PromptError naming the file and, where there is one, the line.
    """
    if len(text.encode("utf-8", "surrogatepass")) > yaml_text.MAX_BYTES:
        raise PromptError(
            f"{file} is larger than {yaml_text.MAX_BYTES:,} bytes.", "A prompt file is a few kilobytes."
        )
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    front = FRONT.match(text)
    if front is None:
        if text.lstrip().startswith("---\n"):
            raise PromptError(
                f"{file} does not end its front matter.", "Put a line `---` between it and the prompt."
            )
        return {}, text
    first_line = text[: front.start(1)].count("\n") + 1
    data = yaml_text.load(front[1], file=file, first_line=first_line)
    if data is not None and not isinstance(data, dict):
        raise PromptError(
            f"{file}: the front matter is not a list of `key: value` lines.",
            "Correct the lines between the two `---`.",
        )
    return data or {}, text[front.end() :]


def body(text: str) -> str:
    r"""What stands after the front matter, with "\n" as the only newline; all of it without one."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    front = FRONT.match(text)
    return text[front.end() :] if front else text
