r"""Python as a tool: what a program printed, or why it printed nothing. The program is held in the sandbox.

await run_program("print(6 * 7)")       → "42"
await run_program("while True: pass")   → raises: It was stopped: timed out after 5 s of computing.

code_of("Here it is:\n```python\nprint(1)\n```")   → "print(1)"
"""

from __future__ import annotations

import ast
import builtins
import re

from playground.errors import PlaygroundError
from playground.sandbox.limits import Limits
from playground.sandbox.run import USUAL, run
from playground.techniques.base import Tool

NAME = "python"
_MOST_LINES = 400
SECONDS = 600.0
"""How long a step may wait for its program: the sandbox has bounds of its own, and programs take turns."""
_FENCED = re.compile(
    r"^[ \t]*(`{3,}|~{3,})[ \t]*([\w+-]*)[^\n]*\n(.*?)(?:^[ \t]*\1[`~]*[ \t]*$|\Z)", re.M | re.S
)
_PYTHON = ("", "python", "py", "python3", "python2", "py3", "ipython", "pycon")


class ProgramFailed(PlaygroundError):
    """A program ended without an answer; the message is the sentence for it, after what it had printed."""


def python(limits: Limits = USUAL) -> Tool:
    """The tool: its text is a program, or an answer with one in it."""

    async def use(text: str) -> str:
        return await run_program(code_of(text) or text, limits)

    return Tool(
        name=NAME,
        takes="a Python program that prints its result, such as print(3 * 4); only the standard library",
        run=use,
        schema={
            "type": "object",
            "properties": {"program": {"type": "string", "description": "such as print(3 * 4)"}},
            "required": ["program"],
            "additionalProperties": False,
        },
    )


async def run_program(program: str, limits: Limits = USUAL) -> str:
    """What the program printed; raises ProgramFailed for one that printed nothing or did not end well."""
    result = await run(program, limits=limits)
    printed = result.output.strip("\n")
    if result.is_done and printed.strip():
        return printed
    raise ProgramFailed("\n".join(part for part in (printed, result.reason) if part.strip()))


def code_of(text: str) -> str:
    """The program in a model's answer, "" where there is none.

    Fenced code counts first, all Python blocks as one program where each goes on from the one before; else the answer
    as a whole where it parses; else its longest run of lines that parses and does something.
    """
    blocks = [match for match in _FENCED.finditer(text) if match[2].lower() in _PYTHON]
    if blocks:
        return _joined([_unprompted(match[3]) for match in blocks])
    if _FENCED.search(text):
        return ""
    bare = _unprompted(text).strip("\n")
    return bare if _is_program(bare) else _longest(bare)


def _joined(blocks: list[str]) -> str:
    """One program of many blocks: the last one when it stands alone, else all of them in their order."""
    last = blocks[-1]
    if len(blocks) == 1 or (_prints(last) and not _wants(last)):
        return last.strip("\n")
    whole = "\n".join(blocks)
    if _is_program(whole):
        return whole.strip("\n")
    return next((block for block in reversed(blocks) if _is_program(block)), last).strip("\n")


def _unprompted(code: str) -> str:
    """Without the >>> of an interactive session, and without the margin that all lines share."""
    lines = code.replace("\r\n", "\n").replace("\t", "    ").split("\n")
    if any(line.lstrip().startswith(">>> ") for line in lines):
        lines = [line.lstrip()[4:] for line in lines if line.lstrip().startswith((">>> ", "... "))]
    margin = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return "\n".join(line[margin:] for line in lines)


def _is_program(code: str) -> bool:
    """Whether it parses and is more than a remark: a lone name or number is an answer, no program."""
    tree = _tree(code)
    return tree is not None and any(
        not (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant | ast.Name | ast.Tuple | ast.UnaryOp)
        )
        for node in tree.body
    )


def _tree(code: str) -> ast.Module | None:
    try:
        return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _prints(code: str) -> bool:
    return re.search(r"\bprint\s*\(", code) is not None


def _wants(code: str) -> bool:
    """Whether it uses a name that it does not make, so that it goes on from a block before it."""
    tree = _tree(code)
    if tree is None:
        return True
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    made = {node.id for node in names if not isinstance(node.ctx, ast.Load)}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            made.add(node.name)
        elif isinstance(node, ast.arg):
            made.add(node.arg)
        elif isinstance(node, ast.alias):
            made.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.ExceptHandler) and node.name:
            made.add(node.name)
    made |= set(dir(builtins))
    return any(node.id not in made for node in names if isinstance(node.ctx, ast.Load))


def _longest(text: str) -> str:
    """The longest run of whole lines that is a program and prints, of an answer that has words around it."""
    runs: list[list[str]] = [[]]
    for line in text.split("\n")[:_MOST_LINES]:
        if not line.strip() or line[0].isspace() or _may_be_code(line):
            runs[-1].append(line)
        elif runs[-1]:
            runs.append([])
    programs = ["\n".join(run).strip("\n") for run in runs]
    return max((code for code in programs if _prints(code) and _is_program(code)), key=len, default="")


def _may_be_code(line: str) -> bool:
    """Whether a line at the margin is a statement, the head of a block, or the last line of a bracket."""
    if line.startswith((")", "]", "}", "#", "@")):
        return True
    head = re.sub(r"^(?:else|finally|except\b[^:]*)(?=\s*:)", "if True", line)
    head = re.sub(r"^elif\b", "if", head)
    return _is_program(line) or _is_program(f"{head}\n    pass")
