"""YAML as plain data, both ways: the only import of PyYAML.

Reading is for hostile text: no tags, no aliases (they expand), no duplicate keys, bounded size and depth.
Keys are always the text that stands in the file (`on:` is "on", `1:` is "1") and dates stay text.
Writing gives text that people read: multi-line strings as blocks, keys in the order given.
"""

from __future__ import annotations

import math
import re
from collections.abc import Hashable
from typing import Any

import yaml

from playground.errors import PromptError

MAX_BYTES = 2_000_000
MAX_DEPTH = 40
MAX_NODES = 100_000

# The C parser is about eight times faster; a PyYAML built without libyaml has only the other one.
_BaseLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_NOT_RESOLVED = {"tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:value", "tag:yaml.org,2002:merge"}


class _Loader(_BaseLoader):  # type: ignore[misc]
    """A safe loader whose mappings refuse duplicates and whose keys are text."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in rows if tag not in _NOT_RESOLVED]
        for first, rows in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        mapping: dict[Hashable, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(None, None, "a key must be one word or text", key_node.start_mark)
            if key_node.value in mapping:
                raise yaml.MarkedYAMLError(
                    None, None, f"the key {key_node.value!r} stands here twice", key_node.start_mark
                )
            mapping[key_node.value] = self.construct_object(value_node, deep=True)
        return mapping

    def construct_plain_mapping(self, node: yaml.MappingNode) -> dict[Hashable, Any]:
        """The constructor of `map`; depth first, because nothing here can refer to itself."""
        return self.construct_mapping(node, deep=True)

    def construct_finite_float(self, node: yaml.ScalarNode) -> float:
        """A float; infinity and not-a-number have no place in JSON, forms or databases."""
        value = float(self.construct_yaml_float(node))
        if not math.isfinite(value):
            raise yaml.MarkedYAMLError(None, None, f"{node.value} is not a finite number", node.start_mark)
        return value


_Loader.add_constructor("tag:yaml.org,2002:map", _Loader.construct_plain_mapping)
_Loader.add_constructor("tag:yaml.org,2002:float", _Loader.construct_finite_float)


def load(text: str, *, file: str, first_line: int = 1) -> Any:
    """Plain data (dict, list, str, int, float, bool, None) from YAML text.

    `file` and `first_line` (the line of the file on which `text` starts) are for messages. Raises PromptError.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise PromptError(
            f"{file} is larger than {MAX_BYTES:,} bytes.", "A prompt file is a few kilobytes; check the file."
        )
    try:
        _check_events(text)
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a subclass of the safe loader
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        line = mark.line if mark else 0
        problem, hint = exc.problem or "the YAML does not parse", "Correct that line and read the file again."
        rows = text.splitlines()
        if "\t" in (rows[line] if line < len(rows) else "")[: (mark.column + 1 if mark else 0)]:
            problem, hint = "a tab is used for indentation", "YAML indents with spaces: replace the tab."
        raise PromptError(f"{file}, line {first_line + line}: {problem}.", hint) from exc
    except yaml.YAMLError as exc:
        raise PromptError(
            f"{file} holds a character that YAML does not allow.", "Remove control characters from it."
        ) from exc
    except (ValueError, OverflowError, RecursionError) as exc:
        raise PromptError(f"{file} holds a value that cannot be read: {exc}.", "Put it in quotes.") from exc


def _check_events(text: str) -> None:
    """Refuse what could run code, expand or nest without end, before any value is built."""
    depth = 0
    event: Any
    for nodes, event in enumerate(yaml.parse(text, Loader=_Loader)):
        problem = ""
        if isinstance(event, yaml.AliasEvent):
            problem = "aliases (*name) are not allowed"
        elif getattr(event, "tag", None) is not None:
            problem = f"tags such as {event.tag} are not allowed"
        elif isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            problem = f"values are nested more than {MAX_DEPTH} deep"
        elif nodes > MAX_NODES:
            problem = f"there are more than {MAX_NODES:,} values"
        if problem:
            raise yaml.MarkedYAMLError(None, None, problem, event.start_mark)


class _Dumper(yaml.SafeDumper):
    """Blocks for text with line breaks; lists are indented below their key; no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


# Three hyphens or plus signs end the front matter for prompty's own loader (2.1.0) wherever they stand,
# so such text is written in double quotes with the third sign as an escape.
_FENCE = re.compile(r"---|\+\+\+")
# YAML takes some of these for line breaks, so that a block or a plain text would come back changed.
_ESCAPED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]")


def _represent_str(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    quoted = _FENCE.search(text) or _ESCAPED.search(text) or ("\n" in text and text.isspace())
    style = '"' if quoted else "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_str)


def dump(data: dict[str, Any]) -> str:
    """YAML text of plain data; `load(dump(x)) == x`. Raises PromptError for what YAML cannot hold."""
    text: str = yaml.dump(
        plain(data),
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=10**9,
        default_flow_style=False,
    )
    return _FENCE.sub(lambda match: "--\\x2D" if match[0] == "---" else "++\\x2B", text)


def plain(value: Any, where: str = "", depth: int = 0) -> Any:
    """The value with tuples as lists; raises PromptError naming the place of anything that is not plain data."""
    if value is None or isinstance(value, bool | str | int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if depth < MAX_DEPTH - 10:  # the prompt's own keys stand above the value
        if isinstance(value, list | tuple):
            return [plain(item, f"{where}[{index}]", depth + 1) for index, item in enumerate(value)]
        if isinstance(value, dict) and all(isinstance(key, str) for key in value):
            return {key: plain(item, f"{where}.{key}".strip("."), depth + 1) for key, item in value.items()}
    raise PromptError(
        f"{where or 'The value'} cannot be written to a file: {type(value).__name__}.",
        "Use text, finite numbers, yes/no, lists, and objects with text keys, not nested too deeply.",
    )
