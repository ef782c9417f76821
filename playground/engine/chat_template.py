"""The chat template that a GGUF brings along, run as transformers would. Runs in the child.

ChatTemplate(source, bos="<s>", eos="</s>").text([{"role": "user", "content": "Hi"}], thinking=False) → "<s>[INST] Hi [/INST]"

Names, filters and tags are those of transformers' `chat_template_utils.py`, by which such templates are written, as llama-cpp-python's
`Jinja2ChatFormatter` has them too.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from jinja2 import nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment


class _Generation(Extension):
    """`{% generation %}`, which marks what the model is trained to say: its content stays."""

    tags = {"generation"}

    def parse(self, parser: Parser) -> list[nodes.Node]:
        """The statements in between."""
        parser.stream.skip(1)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def _to_json(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    return json.dumps(
        value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )


def _refuse(reason: str) -> None:
    raise ValueError(reason)


def _now(format: str) -> str:
    return datetime.now().strftime(format)


class ChatTemplate:
    """A parsed template; raises jinja2.TemplateSyntaxError, or RecursionError, where it is none."""

    def __init__(self, source: str, *, bos: str, eos: str) -> None:
        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, loopcontrols]
        )
        environment.filters["tojson"] = _to_json
        self._template = environment.from_string(source)
        self._names: dict[str, Any] = {
            "bos_token": bos,
            "eos_token": eos,
            "add_generation_prompt": True,
            "functions": None,
            "function_call": None,
            "tools": None,
            "tool_choice": None,
            "raise_exception": _refuse,
            "strftime_now": _now,
        }

    def text(self, messages: Sequence[dict[str, Any]], *, thinking: bool) -> str:
        """The chat in the model's own words; raises what the template raises, ValueError with its own reason."""
        return self._template.render(self._names, messages=messages, enable_thinking=thinking)
