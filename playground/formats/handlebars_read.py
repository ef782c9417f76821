r"""Handlebars bodies as dotprompt uses them → turns in Jinja2.

    {{role "system"}}                          Turn("system", "Be {{ tone }}.")
    Be {{tone}}.                          →    Turn("user", "{% for shot in shots %}{{ shot.q }}
    {{role "user"}}                                          {% endfor %}{{ question }}")
    {{#each shots}}{{this.q}}
    {{/each}}{{question}}

`{{history}}` becomes a loop over the variable `history`; `{{section}}` and `{{media}}`, which have no place in a turn,
stay as comments; a partial whose text is at hand and whose place is not the top is written out. What does not
convert stays as visible text and is named. Values other than text print as there where their type is declared.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from playground.formats.handlebars_names import HELPERS, Known, Loop, Lost, Names, Ref, Scope, loop_name
from playground.formats.handlebars_tags import Tag
from playground.formats.handlebars_terms import CONDITIONS, Expressions
from playground.formats.handlebars_tree import (
    Block,
    Call,
    Expression,
    Foreign,
    Literal,
    Node,
    Partial,
    Path,
    Value,
    Verbatim,
    read_tree,
)
from playground.formats.handlebars_turns import Turns
from playground.formats.handlebars_uses import can_be_included, partial_name, uses_item, uses_key, variables
from playground.formats.plain_jinja import NAME, RESERVED, Piece
from playground.templating.partials import MAX_DEPTH, MAX_PARTIALS
from playground.types.prompt import Role, Turn

ROLES: dict[str, Role] = {"system": "system", "user": "user", "model": "assistant", "assistant": "assistant"}
_NEAR_ROLES: dict[str, Role] = {"developer": "system", "tool": "user", "function": "user"}
HISTORY = (
    '{%% for message in %s %%}{%% if message.role == "user" %%}\nuser:\n{{ message.content }}\n'
    "{%% else %%}\nassistant:\n{{ message.content }}\n{%% endif %%}{%% endfor %%}"
)
"""A loop that opens a message for each earlier one; with the name of the variable that holds them."""
_KEY = re.compile(r"(?i)k|\w*key|name|prop(?:erty)?|field")
"""Names for the second block parameter of a loop over an object; over a list it is the index."""


class Body(NamedTuple):
    """The turns of a body; what its variables were called before, those that came from `@name`, and from history."""

    turns: list[Turn]
    renamed: dict[str, str]
    context: dict[str, str]
    history: str


def read(source: str, file: str, losses: list[str], known: Known | None = None) -> Body:
    """The turns of a Handlebars body; raises PromptError where its blocks do not close.

    Text before the first role is a user turn. A turn has no newline after its role tag nor at its end.
    """
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    return _Reader(source, file, losses, known or Known()).body()


class _Inline(NamedTuple):
    """Nodes that a partial's name stands for, with the source they come from."""

    nodes: list[Node]
    source: str


class _Reader:
    """One body on its way to turns: pieces of the present turn, scopes, losses."""

    def __init__(self, source: str, file: str, losses: list[str], known: Known) -> None:
        self.source, self.file, self.losses, self.known = source, file, losses, known
        tree = read_tree(source, file, losses)
        texts = "\n".join((source, *known.partials.values()))
        words = set(NAME.findall(re.sub(r"@[\w./]+", "", texts)))
        self.names = Names(known, words, variables(tree) | set(known.schema.get("properties") or ()))
        self.expressions = Expressions(self.names, losses)
        self.scopes: list[Scope] = []
        self.inlines: dict[str, _Inline] = {}
        self.block: tuple[list[Node], list[Scope], dict[str, _Inline], str] | None = None
        self.around: tuple[str, ...] = ()
        self.expanded = self.depth = 0
        self.history = ""
        self.turns = Turns(file)
        self._add = self.turns.add
        self._nodes(tree)

    def body(self) -> Body:
        """The turns, and what became of names."""
        return Body(self.turns.written(), self.names.renamed, self.names.context, self.history)

    # --- small things ------------------------------------------------------------------------------------

    def _note(self, tag: Tag, reason: str) -> None:
        line = self.source.count("\n", 0, tag.start) + 1
        shown = " ".join(tag.body.split())[:60]
        place = f"partial {self.around[-1]}" if self.around else "body"
        self.losses.append(f"{place}, line {line}: {{{{{shown}}}}} {reason}")

    def _lost(self, tag: Tag, reason: str, end: int = 0) -> None:
        """Keep the tag, or all up to `end`, as visible text."""
        self._note(tag, f"{reason}, it stands as text")
        self._add(Piece("text", self.source[tag.start : end or tag.end]))

    @property
    def _is_top(self) -> bool:
        return not self.scopes

    # --- nodes -------------------------------------------------------------------------------------------

    def _nodes(self, nodes: list[Node]) -> None:
        """The nodes of a block; partials that it defines are known in all of it."""
        before = self.inlines
        self.inlines = before | self._defined(nodes)
        for node in nodes:
            if isinstance(node, str):
                self._add(Piece("text", node))
            elif isinstance(node, Foreign):
                self._lost(node.tag, node.why, node.end)
            elif isinstance(node, Verbatim):
                self._note(node.tag, "is kept as text, as a raw block; dotprompt has no helper of that name")
                self._add(Piece("text", node.text))
            elif isinstance(node, Partial):
                self._partial(node.tag, node.call, None)
            elif isinstance(node, Value):
                try:
                    self._value(node.tag, node.call)
                except Lost as exc:
                    self._lost(node.tag, str(exc))
            elif node.kind == "#>":
                self._partial(node.tag, node.call, node)
            elif node.kind != "#*":
                self._block(node)
        self.inlines = before

    def _defined(self, nodes: list[Node]) -> dict[str, _Inline]:
        found = {}
        for node in nodes:
            if isinstance(node, Block) and node.kind == "#*":
                name = node.call.args[0] if node.call.args else None
                if isinstance(name, Literal) and node.call.name == "inline":
                    found[str(name.value)] = _Inline(node.body, self.source)
                else:
                    self._lost(node.tag, "does not convert", node.end)
        return found

    def _value(self, tag: Tag, call: Call) -> None:
        name = call.name
        if isinstance(call.head, Call):
            raise Lost("does not convert")
        if name == "role":
            self._role(tag, call)
        elif name == "history" and call.is_bare:
            self._history()
        elif name in ("media", "section") and not call.is_bare:
            self._mark(tag, name)
        elif name == "log":
            self._note(tag, "prints nothing, it is left out")
        elif name in ("json", "lookup") and not call.is_bare:
            ref = self.expressions.ref(call, self.scopes)
            self._add(Piece("value", source=self.expressions.printed(ref)))
        elif not call.is_bare or name in HELPERS:
            raise Lost("does not convert")
        else:
            self._print(tag, call.head)

    def _print(self, tag: Tag, head: Path | Literal | Call) -> None:
        if isinstance(head, Literal):
            # What looks like a text or a number at the head of a tag is a name.
            head = Path((head.word or str(head.value),), explicit=True)
        assert isinstance(head, Path)
        ref = self.expressions.ref(head, self.scopes)
        if isinstance(text := _constant(ref.source), str):
            self._add(Piece("text", text))
            return
        if ref.kind == "object":
            self._note(tag, "prints no object there; here it is JSON")
            self._add(Piece("value", source=f"{ref.source} | json"))
            return
        self._add(Piece("value", source=self.expressions.printed(ref)))

    def _role(self, tag: Tag, call: Call) -> None:
        given = call.args[0] if len(call.args) == 1 else None
        name = given.value if isinstance(given, Literal) else None
        role = ROLES.get(str(name)) or _NEAR_ROLES.get(str(name))
        if role is None:
            raise Lost("is a role that is not known here")
        if name in _NEAR_ROLES:
            self._note(tag, f"opens a turn of the role {role} here")
        if call.options:
            self._note(
                tag, f"says {', '.join(key for key, _ in call.options)} of its turn, which is not kept"
            )
        if self.depth:
            self._add(Piece("role", role))
        else:
            self.turns.open(role)

    def _history(self) -> None:
        """A loop over earlier messages; dotprompt goes on as the model until the next role."""
        if not self.history:
            self.history = self.names.fresh("history") if "history" in self.names.used else "history"
            self.losses.append(
                f"history: earlier messages are the variable `{self.history}`, rows of role and content; "
                "without any nothing is put there"
            )
        loop = Piece("tag", source=HISTORY % self.history)
        if self.depth:
            self._add(loop, Piece("role", "assistant"))
        else:
            self.turns.open("assistant")
            self._add(loop)
            self.turns.open("assistant")

    def _mark(self, tag: Tag, name: str) -> None:
        """A comment in the place of what a turn cannot hold."""
        words = " ".join(tag.body.split())
        if name == "media":
            self.losses.append(f"{words[:60]}: images are added when the prompt runs")
        else:
            self.losses.append(f"{words[:60]}: the text stays, the mark of a section is a comment here")
        if "#}" not in words:
            self._add(Piece("tag", source=f"{{# {{{{{words}}}}} #}}"))

    # --- blocks ------------------------------------------------------------------------------------------

    def _block(self, block: Block) -> None:
        try:
            self._converted(block)
        except Lost as exc:  # its head is looked at before anything of it is added
            self._lost(block.tag, str(exc), block.end)

    def _converted(self, block: Block) -> None:
        call, name = block.call, block.call.name
        if block.kind == "?":
            raise Lost("cannot be read")
        body, other = block.body, block.inverse
        if block.kind == "^":
            body, other = (other or []), body
        if name in CONDITIONS:
            condition = self.expressions.condition(call, self.scopes)
            source = condition.source
            if not body and other:
                source, body, other = condition.opposite, other, None
            self._if(source, body, other)
        elif name == "each" and len(call.args) == 1 and not call.options:
            self._each(call.args[0], block.params, body, other)
        elif name == "with" and len(call.args) == 1 and not call.options:
            self._with(call.args[0], block.params, body, other)
        elif call.is_bare and name not in HELPERS and isinstance(call.head, Path):
            self._section(call.head, block.params, body, other)
        else:
            raise Lost("does not convert")

    def _inside(self, nodes: list[Node], *scopes: Scope) -> None:
        self.scopes += scopes
        self.depth += 1
        self._nodes(nodes)
        self.depth -= 1
        del self.scopes[len(self.scopes) - len(scopes) :]

    def _if(self, source: str, body: list[Node], other: list[Node] | None, *scopes: Scope) -> None:
        negated = source.startswith("not ") and not re.search(r" (?:and|or) ", source)
        self._add(Piece("if", source=source.removeprefix("not ") if negated else source, negated=negated))
        self._inside(body, *scopes)
        if other is not None:
            self._add(Piece("else"))
            self._inside(other)
        self._add(Piece("endif"))

    def _each(
        self, over: Expression, params: tuple[str, ...], body: list[Node], other: list[Node] | None
    ) -> None:
        ref = self.expressions.ref(over, self.scopes)
        asks = uses_key(body) or (len(params) > 1 and _KEY.fullmatch(params[1]))
        is_object = ref.kind == "object" or (ref.kind != "array" and bool(asks))
        item = self._item_name(ref.source, params[0] if params else "")
        key = ""
        if is_object:
            wanted = params[1] if len(params) > 1 else "key"
            key = wanted if len(params) > 1 and _is_free(wanted) else self.names.fresh(wanted)
        loop = Loop(item, key)
        this = Ref(item, _items_of(ref, is_object))
        names = {params[0]: this} if params else {}
        if len(params) > 1:
            names[params[1]] = Ref(key or "loop.index0")
        over_source = self.expressions.items(ref, is_object=is_object)
        self._add(Piece("for", source=over_source, name=f"{key}, {item}" if key else item))
        found, at = self.turns.pieces, len(self.turns.pieces)
        self._inside(body, Scope(this, loop, names))
        if loop.alias:
            found.insert(at, Piece("tag", source=f"{{% set {loop.alias} = loop %}}"))
        if other is not None:
            self._add(Piece("else"))
            self._inside(other)
        self._add(Piece("endfor"))

    def _with(
        self, what: Expression, params: tuple[str, ...], body: list[Node], other: list[Node] | None
    ) -> None:
        ref = self.expressions.ref(what, self.scopes)
        names = {params[0]: ref} if params else {}
        self._if(self.expressions.truth(ref).source, body, other, Scope(ref, names=names))

    def _section(
        self, path: Path, params: tuple[str, ...], body: list[Node], other: list[Node] | None
    ) -> None:
        """`{{#name}}…{{/name}}`: a loop, a scope or a condition, by what the name holds."""
        ref = self.expressions.ref(path, self.scopes)
        if ref.kind == "array" or (not ref.kind and uses_item(body)):
            self._each(path, params, body, other)
        elif ref.kind == "object":
            self._with(path, params, body, other)
        elif ref.kind or not body:
            condition = self.expressions.truth(ref)
            nodes, rest = (body, other) if body else ((other or []), None)
            self._if(condition.source if body else condition.opposite, nodes, rest)
        else:
            raise Lost("is a list, an object or a condition: say which in input.schema")

    def _item_name(self, source: str, wanted: str) -> str:
        """A name for the items of a list; the block's own where Jinja2 can have it."""
        taken = {scope.loop.item for scope in self.scopes if scope.loop}
        if wanted and _is_free(wanted) and wanted not in taken:
            return wanted
        path = re.match(r"[\w.\[\]'\"]+", source)
        name = loop_name(path[0] if path else "item")
        name, number, first = name, 1, name
        while name in taken | self.names.words | RESERVED or not NAME.fullmatch(name):
            number += 1
            name = f"{first if NAME.fullmatch(first) else 'item'}_{number}"
        return name

    # --- partials ----------------------------------------------------------------------------------------

    def _partial(self, tag: Tag, call: Call, block: Block | None) -> None:
        try:
            self._filled(tag, call, block)
        except Lost as exc:
            self._lost(tag, str(exc), block.end if block else 0)

    def _filled(self, tag: Tag, call: Call, block: Block | None) -> None:
        name = partial_name(call)
        options = {key: self.expressions.ref(value, self.scopes) for key, value in call.options}
        context = self.expressions.ref(call.args[0], self.scopes) if call.args else None
        scopes = [Scope(context)] if context is not None and context.source else []
        if options:
            this = (scopes or self.scopes or [self.names.root])[-1].this
            scopes = [*scopes, Scope(this, names=options, is_own=False)]
        if name == "@partial-block":
            self._fill_block(scopes)
            return
        text = self.known.partials.get(name)
        inline = self.inlines.get(name)
        is_plain = (
            self._is_top
            and context is None
            and (text is None or not tag.indent)
            and all(map(NAME.fullmatch, options))
        )
        is_plain = is_plain and not RESERVED & options.keys()
        if inline is None and text is not None and not (is_plain and can_be_included(text, block)):
            inline = self._written_out(tag, name, text)
        if inline is not None:
            self._expand(name, inline, scopes, block)
        elif text is None and block is not None:
            self.losses.append(f"partial {name}: its file is not here, so its default text stands")
            self._inside(block.body, *scopes)
        elif not is_plain:
            raise Lost("needs the text of the partial, which is in another file")
        else:
            self._include(tag, name, options, text)

    def _include(self, tag: Tag, name: str, options: dict[str, Ref], text: str | None) -> None:
        """The partial by its name: here a prompt of the library."""
        where = "is a prompt of its own here" if text is not None else "its text is in another file"
        self.losses.append(f'partial {name}: {where}; a prompt named "{name}" takes its place')
        if tag.indent:
            self._note(tag, "is not indented as a whole here")
        pairs = ", ".join(f"{key} = {ref.source}" for key, ref in options.items())
        include = Piece("include", name)
        found = [Piece("tag", source=f"{{% with {pairs} %}}"), include, Piece("tag", source="{% endwith %}")]
        self._add(Piece("text", tag.indent), *(found if pairs else [include]))
        # The file of a partial ends with a newline, the prompt that it becomes here does not.
        lost = "\n" * (tag.stands_alone if text is None else len(text) - len(text.rstrip("\n")))
        self._add(Piece("text", lost))

    def _written_out(self, tag: Tag, name: str, text: str) -> _Inline:
        """The nodes of a partial's text, its lines indented as its tag is."""
        text = re.sub(r"^(?=[^\n])", tag.indent.replace("\\", ""), text, flags=re.M) if tag.indent else text
        return _Inline(read_tree(text, f"{self.file}: partial {name}", self.losses), text)

    def _expand(self, name: str, inline: _Inline, scopes: list[Scope], block: Block | None) -> None:
        """The nodes in the place of the tag; a block's body is what `@partial-block` is in there."""
        self.expanded += 1
        if name in self.around:
            raise Lost("includes itself")
        if len(self.around) >= MAX_DEPTH or self.expanded > MAX_PARTIALS:
            raise Lost(f"is one of more than {MAX_PARTIALS} partials, or {MAX_DEPTH} inside each other")
        before = (self.source, self.around, self.block, self.inlines)
        self.block = None
        if block is not None:
            self.inlines = self.inlines | self._defined(block.body)
            self.block = (block.body, list(self.scopes), before[3], self.source)
        self.source, self.around = inline.source, (*self.around, name)
        self.scopes += scopes
        self._nodes(inline.nodes)
        del self.scopes[len(self.scopes) - len(scopes) :]
        self.source, self.around, self.block, self.inlines = before

    def _fill_block(self, scopes: list[Scope]) -> None:
        if self.block is None:
            raise Lost("stands outside a partial with a block")
        before = (self.source, self.block, self.inlines, self.scopes)
        nodes, outer, inlines, source = self.block
        self.source, self.block, self.inlines, self.scopes = source, None, inlines, [*outer, *scopes]
        self._nodes(nodes)
        self.source, self.block, self.inlines, self.scopes = before


def _items_of(ref: Ref, is_object: bool) -> dict[str, object] | None:
    inner = (ref.schema or {}).get("additionalProperties" if is_object else "items")
    return inner if isinstance(inner, dict) else None


def _is_free(name: str) -> bool:
    return bool(NAME.fullmatch(name)) and name not in RESERVED


def _constant(source: str) -> str | None:
    """The text of a Jinja2 string."""
    if not re.fullmatch(r'"[^"\\]*"', source):
        return None
    return source[1:-1]
