"""YAML as plain data, both ways: the only import of PyYAML.

Reading is for hostile text: no tags, no aliases (they expand), no duplicate keys, bounded size and depth.
Keys are always the text that stands in the file (`on:` is "on", `1:` is "1") and dates stay text.
Writing gives text that people read: multi-line strings as blocks, keys in the order given.
"""

from __future__ import annotations

import itertools
import math
import re
from typing import Any

import yaml

from playground.errors import PromptError
from playground.plain_words import of_value

MAX_BYTES = 2_000_000
MAX_DEPTH = 40
MAX_NODES = 100_000

# The C parser is about eight times faster; a PyYAML built without libyaml has only the other one.
_Parser: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_RESOLVED = {f"tag:yaml.org,2002:{kind}" for kind in ("null", "bool", "int", "float")}
_PLAIN = {  # first character -> [(tag, pattern)]: which unquoted text is something else than text
    first: [(tag, pattern) for tag, pattern in rows if tag in _RESOLVED]
    for first, rows in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load(text: str, *, file: str, first_line: int = 1) -> Any:
    """Plain data (dict, list, str, int, float, bool, None) from YAML text.

    `file` and `first_line` (the line of the file on which `text` starts) are for messages. Raises PromptError.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise PromptError(
            f"{file} is larger than {MAX_BYTES:,} bytes.", "A prompt file is a few kilobytes; check the file."
        )
    try:
        return _build(text)
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
        raise PromptError(
            f"{file} holds a value that cannot be read: {of_value(exc)}.", "Put it in quotes."
        ) from exc


def _build(text: str) -> Any:
    """The data of the one document, built while it is parsed; what could run code, expand or nest on ends it.

    In one pass over the events, because PyYAML's way over nodes takes twice as long and would have to be checked first.
    """
    parser = _Parser(text)
    top: Any = []  # the documents; further down the list or mapping that is open
    around: list[Any] = []
    key: str | None = None
    try:
        for number in itertools.count():
            event = parser.get_event()
            kind = type(event)
            if kind is yaml.StreamEndEvent:
                return top[0] if top else None
            if kind is yaml.SequenceEndEvent or kind is yaml.MappingEndEvent:
                top = around.pop()
                continue
            if number > MAX_NODES:
                raise _refusal(event, f"there are more than {MAX_NODES:,} values")
            if kind is yaml.ScalarEvent:
                if event.tag is not None:
                    raise _refusal(event, f"tags such as {event.tag} are not allowed")
                if key is None and type(top) is dict:
                    key = event.value
                    if key in top:
                        raise _refusal(event, f"the key {key!r} stands here twice")
                    continue
                value = _scalar(event) if event.implicit[0] else event.value
            elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                if event.tag is not None:
                    raise _refusal(event, f"tags such as {event.tag} are not allowed")
                if key is None and type(top) is dict:
                    raise _refusal(event, "a key must be one word or text")
                if len(around) == MAX_DEPTH:
                    raise _refusal(event, f"values are nested more than {MAX_DEPTH} deep")
                value = {} if kind is yaml.MappingStartEvent else []
            elif kind is yaml.AliasEvent:
                raise _refusal(event, "aliases (*name) are not allowed")
            elif kind is yaml.DocumentStartEvent and top:
                raise _refusal(event, "a second document begins here")
            else:  # the start of the stream, the start and the end of the document
                continue
            if key is None:
                top.append(value)
            else:
                top[key], key = value, None
            if kind is not yaml.ScalarEvent:
                around.append(top)
                top = value
    finally:
        parser.dispose()
    return None


def _scalar(event: yaml.ScalarEvent) -> Any:
    """The value of text without quotes; infinity and not-a-number have no place in JSON, forms or databases."""
    text = event.value
    tag = next((tag for tag, pattern in _PLAIN.get(text[:1], ()) if pattern.match(text)), "")
    match tag.rpartition(":")[2]:
        case "null":
            return None
        case "bool":
            return _CONSTRUCTOR.construct_yaml_bool(yaml.ScalarNode(tag, text))
        case "int":
            return _CONSTRUCTOR.construct_yaml_int(yaml.ScalarNode(tag, text))
        case "float":
            value = float(_CONSTRUCTOR.construct_yaml_float(yaml.ScalarNode(tag, text)))
            if not math.isfinite(value):
                raise _refusal(event, f"{text} is not a finite number")
            return value
    return text


_CONSTRUCTOR: Any = yaml.constructor.SafeConstructor()


def _refusal(event: Any, problem: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(None, None, problem, event.start_mark)


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
