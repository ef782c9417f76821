r"""Partials: prompts that other prompts include or import by name, each put in the place of its tag.

    {% include "Guardrail@3" %}              the text of version 3 of the prompt "Guardrail"
    {% from "Macros@production" import cite %}   its macro `cite`, as of the version with that label
    {% import "Macros" as m %} {{ m.cite(1) }}   all its macros; without "@" the newest version

A partial sees the variables of the prompt it stands in, and may hold partials of its own. The tags are replaced
before anything is compiled: no template is ever loaded while another one runs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from jinja2 import nodes

from playground.errors import TemplateError
from playground.templating.syntax import Blocks, locate, parse, tokens, walk

MAX_DEPTH = 8
MAX_PARTIALS = 200
"""Tags replaced in one turn: partials that hold partials could multiply without end."""

_TAGS: dict[type[nodes.Node], str] = {
    nodes.Include: "include",
    nodes.Import: "import",
    nodes.FromImport: "from",
}


@dataclass(frozen=True, slots=True)
class Partials:
    """Template sources by the name that a tag gives, and for other names why there is none: (message, hint)."""

    sources: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, tuple[str, str]] = field(default_factory=dict)


NONE = Partials()


def mentions(source: str) -> list[str]:
    """The names in include and import tags, each once, in order; none when the source does not parse."""
    if "{%" not in source:
        return []
    try:
        parse(source)
    except TemplateError:
        return []
    return list(dict.fromkeys(name for tag, _, _ in _spans(source) if (name := _name(tag))))


def put_in_place(source: str, tree: nodes.Template, partials: Partials, nonce: str = "") -> None:
    """Replace the tree's tags by what they name; the nodes that come in get the line of their tag.

    Raises TemplateError at the tag, without turn, for a name that is not known, a partial that does not parse and
    partials that hold each other.
    """
    used = 0

    def fill(tree: nodes.Template, around: tuple[str, ...]) -> None:
        nonlocal used
        for block in list(_blocks(tree)):
            for index in reversed(range(len(block))):
                tag = block[index]
                if type(tag) not in _TAGS:
                    continue
                used += 1
                name = _name(tag)
                message, hint = _refusal(tag, name, around, used, partials)
                if message:
                    raise _error(source, tag, message, hint)
                try:
                    inner = parse(partials.sources[name], nonce)
                except TemplateError as exc:
                    raise _error(source, tag, f'in the prompt "{name}": {exc.message}', exc.hint) from None
                if absent := _absent(tag, inner):
                    raise _error(source, tag, f'there is no macro "{absent}" in the prompt "{name}".', "")
                for node in walk(inner):
                    node.lineno = tag.lineno
                fill(inner, (*around, name))
                block[index : index + 1] = _statements(tag, inner)

    fill(tree, ())


def written_out(source: str, partials: Partials) -> str:
    """The source with the text of its partials in place of the tags, for programs that have no such library.

    Partials within partials are written out too. Raises TemplateError like `put_in_place`.
    """
    put_in_place(source, parse(source), partials)  # raises for all that cannot be written out
    for tag, start, end in reversed(list(_spans(source))):
        name = _name(tag)
        text = written_out(partials.sources[name], partials)
        if not isinstance(tag, nodes.Include):
            text = _definitions(text) + _assignments(tag, parse(text))
        before = source[:start].rstrip() if source.startswith("{%-", start) else source[:start]
        source = before + text + source[end:]
    return source


# --- one tag --------------------------------------------------------------------------------------------


def _name(tag: nodes.Node) -> str:
    """The name that the tag gives in quotes, else nothing."""
    template = getattr(tag, "template", None)
    return template.value if isinstance(template, nodes.Const) and isinstance(template.value, str) else ""


def _refusal(
    tag: nodes.Node, name: str, around: tuple[str, ...], used: int, partials: Partials
) -> tuple[str, str]:
    """Why this tag cannot be replaced, and what to do; two empty texts when it can."""
    if not name:
        return f"{_TAGS[type(tag)]} needs a name in quotes.", 'Write {% include "Name of a prompt@3" %}.'
    if name in around:
        return f'"{name}" includes itself.', "Take one of the two tags away."
    if used > MAX_PARTIALS or len(around) >= MAX_DEPTH:
        return f"more than {MAX_PARTIALS} partials, or {MAX_DEPTH} inside each other.", "Use fewer of them."
    if name not in partials.sources:
        unknown = (f'there is no prompt "{name}" in the library.', "Save one of that name.")
        return partials.problems.get(name, unknown)
    return "", ""


def _error(source: str, tag: nodes.Node, message: str, hint: str) -> TemplateError:
    line, column = locate(source, tag.lineno, _TAGS[type(tag)], ("{%", "{%-", "{%+"))
    return TemplateError(message, hint, line=line, column=column or None)


def _blocks(tree: nodes.Node) -> Iterator[list[nodes.Node]]:
    """Every list of statements in the tree."""
    for node in walk(tree):
        for part in node.fields:
            value = getattr(node, part, None)
            if isinstance(value, list):
                yield value


def _statements(tag: nodes.Node, partial: nodes.Template) -> list[nodes.Node]:
    """What stands in the place of the tag: the whole partial, or its macros under the wanted names."""
    if isinstance(tag, nodes.Include):
        return partial.body
    macros: list[nodes.Node] = [node for node in partial.body if isinstance(node, nodes.Macro)]
    sets = parse(_assignments(tag, partial)).body
    for node in (inner for each in sets for inner in walk(each)):
        node.lineno = tag.lineno
    return macros + sets


def _macros(partial: nodes.Template) -> list[str]:
    return [node.name for node in partial.body if isinstance(node, nodes.Macro)]


def _absent(tag: nodes.Node, partial: nodes.Template) -> str:
    """A name that the tag imports and the partial lacks, or nothing."""
    wanted = tag.names if isinstance(tag, nodes.FromImport) else []
    names = [name[0] if isinstance(name, tuple) else name for name in wanted]
    return next((name for name in names if name not in _macros(partial)), "")


def _assignments(tag: nodes.Node, partial: nodes.Template) -> str:
    """Source that gives the partial's macros the names that the tag wants them under."""
    if isinstance(tag, nodes.Import):
        pairs = ", ".join(f"{json.dumps(name)}: {name}" for name in _macros(partial))
        return f"{{% set {tag.target} = {{{pairs}}} %}}"
    assert isinstance(tag, nodes.FromImport)
    renamed = [name for name in tag.names if isinstance(name, tuple)]
    return "".join(f"{{% set {new} = {old} %}}" for old, new in renamed)


# --- the source of tags and macros -----------------------------------------------------------------------


def _spans(source: str) -> Iterator[tuple[nodes.Node, int, int]]:
    """Each tag with the offsets of its first character and after its last."""
    start, tag = 0, ""
    for token in tokens(source):
        if token.kind == "block_begin":
            start, tag = token.offset, ""
        elif token.kind == "name" and not tag:
            tag = token.text
        elif token.kind == "block_end" and tag in _TAGS.values():
            end = token.offset + len(token.text)
            yield parse(source[start:end]).body[0], start, end


def _definitions(source: str) -> str:
    """The macros of a source, without the text around them."""
    blocks, found, start = Blocks(), [], 0
    for token in tokens(source):
        inside = [tag for tag, _ in blocks.open]
        blocks.see(token)
        after = [tag for tag, _ in blocks.open]
        if not inside and after == ["macro"]:
            start = blocks.tag_offset
        elif inside == ["macro"] and not after:
            found.append(source[start : token.offset + len(token.text)])
    return "".join(found)
