"""The texts of a Python file that a person may read, each as its parts; what is plainly no text is left out.

Seen by place: not in annotations, comparisons, keys, docstrings (but a command's, which is its help) and calls that take
names. What remains is judged by its look in `judging.py`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from playground.translation.parts import Hole, Part, joined

NOT_READ = frozenset({"__all__", "model_config", "GREEDY", "PROMPTS", "_ANIMALS", "_LANGUAGES"})
"""Names of values that no person reads: what models are asked, codes."""
COUNTS = frozenset({"plural"})
"""Functions that count a word: plural(3, "row") is "3 rows"."""
TAKES_NAMES = frozenset(re.findall(r"\S+", """
    getattr hasattr setattr delattr startswith endswith split rsplit removeprefix removesuffix partition rpartition replace
    encode decode compile match search fullmatch sub findall finditer strip rstrip lstrip strftime strptime isinstance
    import_module TypeVar Literal NewType ParamSpec icon get_logger getLogger execute exec_driver_sql Path open glob rglob
    joinpath with_suffix with_name environ getenv pop setdefault index find rfind count ForeignKey Column Index
    alias AliasChoices debug info warning exception critical model_dump mode fromkeys namedtuple from_string text
    which elem_id html_class joined_path write_bytes getfixturevalue field cast find_spec get_header add_header header
    date_format register has_attr mktemp mkdtemp add_column drop_column create_index drop_index
"""))  # fmt: skip
NAMING_KEYWORDS = frozenset(re.findall(r"\S+", """
    kind symbol extra class_ action name id key mode encoding errors elem_id elem_classes suffix prefix env_prefix
    method media_type newline sep end pattern alias discriminator variant metavar dir format level tag role cls type
    error_map data_act side param_decls view do
"""))  # fmt: skip
READ_ERRORS = frozenset({"AssertionError", "RuntimeError", "NotImplementedError", "KeyError", "TypeError"})
"""Errors for programmers: their texts are not read by who uses the program."""


@dataclass(frozen=True, slots=True)
class Found:
    """A text with where it stands: `worded` where the place says that even a single small word is read."""

    parts: tuple[Part, ...]
    worded: bool = False


def texts_of(source: str) -> Iterator[Found]:
    """Every text of the file."""
    tree = ast.parse(source)
    commands = _registered(tree) if "command(" in source else set()
    yield from _Reader(commands).read(tree)


def _registered(tree: ast.AST) -> set[str]:
    """Functions that are made commands by a call: `app.command("serve-vllm")(serve_vllm)`."""
    found = set()
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Call) and call.args:
            made = call.func
            if _name(made.func) == "command":
                found.add(_name(call.args[0]))
    return found


class _Reader:
    def __init__(self, commands: set[str]) -> None:
        self.commands = commands
        self.found: list[Found] = []
        self.worded = False

    def read(self, tree: ast.AST) -> list[Found]:
        self.visit(tree)
        return self.found

    def visit(self, node: ast.AST | None) -> None:
        if node is None:
            return
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            self.function(node)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            return
        elif isinstance(node, ast.AnnAssign):
            self.annotation(node.annotation)
            self.visit(node.value)
        elif isinstance(node, ast.Compare):
            self.compared(node)
        elif isinstance(node, ast.Subscript):
            self.visit(node.value)
            if not isinstance(node.slice, ast.Constant):
                self.visit(node.slice)
        elif isinstance(node, ast.Match):
            self.visit(node.subject)
            for case in node.cases:
                self.each(case.body)
        elif isinstance(node, ast.Dict):
            self.dictionary(node)
        elif _is_unread(node):
            return
        elif isinstance(node, ast.Assert):
            self.visit(node.test)
        elif is_text(node):
            self.add(node)
        elif isinstance(node, ast.Call):
            self.call(node)
        else:
            self.each(ast.iter_child_nodes(node))

    def each(self, nodes: Sequence[ast.AST] | Iterator[ast.AST]) -> None:
        for node in nodes:
            self.visit(node)

    def function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        # A command's docstring is its help.
        decorators = map(ast.unparse, node.decorator_list)
        is_command = node.name in self.commands or any(re.search(r"command|callback", d) for d in decorators)
        help_text = ast.get_docstring(node) if is_command else None
        for paragraph in (help_text or "").split("\n\n"):
            if paragraph:
                self.found.append(Found((paragraph,)))
        for argument in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]:
            self.annotation(argument.annotation)
        self.each([default for default in [*node.args.defaults, *node.args.kw_defaults] if default])
        before, self.worded = (
            self.worded,
            bool(re.search(r"word|sentence|said|told|label|title|hint", node.name)),
        )
        self.each(node.body)
        self.worded = before

    def annotation(self, node: ast.AST | None) -> None:
        """Only what `Annotated` adds, such as the help of an option."""
        for each in ast.walk(node) if node else ():
            if isinstance(each, ast.Call):
                self.visit(each)

    def compared(self, node: ast.Compare) -> None:
        for side in [node.left, *node.comparators]:
            if not isinstance(side, ast.Constant | ast.Tuple | ast.Set | ast.List):
                self.visit(side)

    def dictionary(self, node: ast.Dict) -> None:
        for key, value in zip(node.keys, node.values, strict=True):
            # A key is a name, unless it is a sentence.
            if key is not None and (not isinstance(key, ast.Constant) or " " in str(key.value)):
                self.visit(key)
            self.visit(value)

    def call(self, node: ast.Call) -> None:
        name = _name(node.func)
        if name in COUNTS:
            for form in _counted(node):
                self.found.append(Found(form, True))
        self.visit(node.func)
        for argument in node.args:
            if not (name in TAKES_NAMES and is_text(argument)):
                self.visit(argument)
        for keyword in node.keywords:
            if not (keyword.arg in NAMING_KEYWORDS and is_text(keyword.value)):
                before, self.worded = self.worded, keyword.arg in ("label", "title", "help", "hint")
                self.visit(keyword.value)
                self.worded = before

    def add(self, node: ast.AST) -> None:
        parts = parts_of(node)
        self.found.append(Found(parts, self.worded))
        for inner in _inside(node):
            self.visit(inner)


def _is_unread(node: ast.AST) -> bool:
    """Whether a whole statement says nothing to who uses the program."""
    if isinstance(node, ast.Assign):
        return any(isinstance(target, ast.Name) and target.id in NOT_READ for target in node.targets)
    return (
        isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and _name(node.exc.func) in READ_ERRORS
    )


def is_text(node: ast.AST) -> bool:
    """Whether the expression gives a text that stands here, at least in one of its forms."""
    match node:
        case ast.Constant(value=str()) | ast.JoinedStr():
            return True
        case ast.BinOp(op=ast.Add()):
            return is_text(node.left) or is_text(node.right)
        case ast.IfExp():
            return is_text(node.body) or is_text(node.orelse)
        case ast.BoolOp():
            return any(is_text(each) for each in node.values)
        case ast.Call(func=ast.Attribute(attr="format", value=value)):
            return is_text(value)
        case ast.Call(func=ast.Name(id="Markup"), args=[argument, *_]):
            return is_text(argument)
    return False


def parts_of(node: ast.AST) -> tuple[Part, ...]:
    """The text as its pieces; what is not known here is a hole with the name of its expression."""
    match node:
        case ast.Constant(value=str() as text):
            return (text,) if text else ()
        case ast.JoinedStr():
            return joined([part for value in node.values for part in parts_of(value)])
        case ast.FormattedValue():
            return parts_of(node.value)
        case ast.BinOp(op=ast.Add()) if is_text(node):
            return joined([*parts_of(node.left), *parts_of(node.right)])
        case ast.IfExp() if is_text(node):
            return (Hole(_hole_name(node.orelse), (parts_of(node.body), parts_of(node.orelse))),)
        case ast.BoolOp() if is_text(node):
            forms = tuple(
                parts_of(each) for each in node.values if is_text(each) or isinstance(node.op, ast.Or)
            )
            return (Hole(_hole_name(node.values[0]), forms),)
        case ast.Call(func=ast.Name(id="Markup"), args=[argument, *_]) if is_text(argument):
            return parts_of(argument)
        case ast.Call(func=ast.Attribute(attr="format", value=value)) if is_text(value):
            return _filled(parts_of(value), node)
        case ast.Call(func=func) if _name(func) == "icon":
            return (Hole("icon", empty=True),)
    return (Hole(_hole_name(node)),)


def _filled(parts: tuple[Part, ...], call: ast.Call) -> tuple[Part, ...]:
    """`"…{}…{name}".format(a, name=b)` with what is filled in."""
    names = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    given = iter(call.args)
    filled: list[Part] = []
    for part in parts:
        if not isinstance(part, str):
            filled.append(Hole(part.name, tuple(_filled(form, call) for form in part.forms), part.empty))
            continue
        for piece in re.split(r"(\{\{|\}\}|\{\w*(?:[:!][^{}]*)?\})", part):
            field = re.fullmatch(r"\{(\w*)(?:[:!][^{}]*)?\}", piece)
            if piece in ("{{", "}}"):
                filled.append(piece[0])
            elif not field:
                filled.append(piece)
            elif field[1] and not field[1].isdigit():
                filled += parts_of(names[field[1]]) if field[1] in names else [Hole(field[1])]
            else:
                argument = call.args[int(field[1])] if field[1] else next(given, None)
                is_rest = argument is None or isinstance(argument, ast.Starred)
                filled += [Hole("value")] if is_rest or argument is None else parts_of(argument)
    return joined(filled)


def _inside(node: ast.AST) -> Iterator[ast.AST]:
    """The expressions in the text that are no text themselves: texts may stand deeper in them."""
    match node:
        case ast.Constant():
            return
        case ast.JoinedStr():
            for value in node.values:
                yield from _inside(value)
        case ast.FormattedValue():
            yield from _inside(node.value)
        case ast.BinOp(op=ast.Add()) if is_text(node):
            yield from _inside(node.left)
            yield from _inside(node.right)
        case ast.IfExp() if is_text(node):
            yield node.test
            yield from _inside(node.body)
            yield from _inside(node.orelse)
        case ast.BoolOp() if is_text(node):
            for value in node.values:
                yield from _inside(value)
        case ast.Call(func=ast.Name(id="Markup"), args=[argument, *_]) if is_text(argument):
            yield from _inside(argument)
        case ast.Call(func=ast.Attribute(attr="format", value=value)) if is_text(value):
            yield from _inside(value)
            for argument in [*node.args, *[keyword.value for keyword in node.keywords]]:
                yield from _inside(argument)
        case _:
            yield node


def _counted(call: ast.Call) -> Iterator[tuple[Part, ...]]:
    words = call.args[1:]
    one = parts_of(words[0]) if words and is_text(words[0]) else ()
    if not one:
        return
    number = Hole("n")
    many = parts_of(words[1]) if len(words) > 1 and is_text(words[1]) else (*one, "s")
    for forms in (one, many):
        yield joined([number, " ", *forms])


def _name(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _hole_name(node: ast.AST) -> str:
    """A word for what is filled in: rows for `len(self.rows)`, title for `run.title`."""
    match node:
        case ast.Name():
            return node.id.strip("_").lower()
        case ast.Attribute():
            return node.attr.strip("_").lower()
        case ast.Call(func=func, args=args):
            name = _name(func)
            if name in COUNTS and len(args) > 1 and isinstance(args[1], ast.Constant):
                return re.sub(r"\W+", "_", str(args[1].value)).strip("_").lower() or "count"
            takes_one = name in (
                "len",
                "str",
                "repr",
                "count",
                "seconds",
                "join",
                "sorted",
                "escape",
                "join",
                "map",
            )
            return _hole_name(args[0]) if args and (takes_one or not name) else name.strip("_").lower()
        case ast.Subscript() | ast.Starred() | ast.Await():
            return _hole_name(node.value)
        case ast.BinOp():
            return _hole_name(node.left)
        case ast.UnaryOp():
            return _hole_name(node.operand)
        case ast.IfExp():
            return _hole_name(node.body)
    return "value"
