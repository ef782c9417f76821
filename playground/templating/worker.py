r"""Renders turns to messages, in this process or as a child that can be killed.

One JSON object a line over stdin and stdout, one answer a question, after a first line `{"ready": true}`:

    > {"turns": [["user", "Hi {{ name }}"]], "values": {"name": "Ada"}, "chars": 4000000, "seconds": 2.0,
       "partials": [{"Guardrail@3": "Be kind."}, {}]}
    < {"messages": [["user", "Hi Ada"]]}
    < {"error": {"message": "User turn, line 1, …", "hint": "", "turn": 0, "line": 1, "column": 7}}

The child ends when stdin closes. It limits its own memory and processor time, for the case that the parent
is gone. Imports nothing beyond jinja2 and small parts of the standard library: it must start fast.
"""

from __future__ import annotations

import json
import math
import os
import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from jinja2 import Template, TemplateSyntaxError, UndefinedError, nodes

from playground.errors import TemplateError
from playground.templating.opaque import RUNTIME
from playground.templating.partials import NONE, Partials, put_in_place
from playground.templating.sandbox import SANDBOX
from playground.templating.syntax import ROLES, did_you_mean, locate, mark, parse, refusals, walk
from playground.templating.words import in_words

FILENAME = "<prompt>"
# Line numbers of all turns in one compiled template: turn * TURN_LINES + line.
TURN_LINES = 10**9
MEMORY_BYTES = 512 * 1024 * 1024

Turns = Sequence[tuple[str, str]]


# --- rendering ------------------------------------------------------------------------------------------


def render(
    turns: Turns, values: Mapping[str, Any], chars: int, partials: Partials = NONE
) -> list[tuple[str, str]]:
    r"""Messages as (role, content); `turns` are (role, source) with "\n" as the only newline.

    All turns are one template, so that a `{% set %}` is seen by the turns after it; no block spans turns.
    Blank system and assistant messages are left out; an empty user message stays for the caller to judge.
    Raises TemplateError, placed in its turn where that is known.
    """
    nonce = f"{int.from_bytes(os.urandom(16)):039d}"
    template: Template | None = None
    try:
        tree = nodes.Template(_body(turns, partials, nonce), lineno=1)
        tree.set_environment(SANDBOX)
        template = Template.from_code(
            SANDBOX, SANDBOX.compile(tree, filename=FILENAME), dict(SANDBOX.globals)
        )
        template.root_render_func.__globals__.update(RUNTIME)
        mark_length, size, pieces = len(mark(nonce, 0)), 0, []
        for piece in template.root_render_func(template.new_context(dict(values))):
            size += len(piece) - mark_length * piece.count(nonce)
            if size > chars:
                raise TemplateError(
                    f"The rendered prompt is longer than {chars:,} characters.", "Shorten a value or a loop."
                )
            pieces.append(piece)
        return _messages("".join(pieces), nonce)
    except TemplateError:
        raise
    except Exception as exc:  # whatever a template can raise is the template's error
        raise _explained(exc, template, turns, values) from None


def _body(turns: Turns, partials: Partials, nonce: str) -> list[nodes.Node]:
    """The statements of all turns, each turn after the mark of its role."""
    body: list[nodes.Node] = []
    for number, (role, source) in enumerate(turns):
        try:
            tree = parse(source, nonce)
            put_in_place(source, tree, partials, nonce)
            for refusal in refusals(source, tree):
                raise refusal
        except TemplateError as exc:
            raise placed(exc, turns, number) from None
        for node in walk(tree):
            # Operands of a comparison have no line of their own.
            node.lineno = (node.lineno or 0) + number * TURN_LINES
        opening = nodes.TemplateData(mark(nonce, ROLES.index(role)))
        body += [nodes.Output([opening], lineno=number * TURN_LINES + 1), *tree.body]
    return body


def _messages(text: str, nonce: str) -> list[tuple[str, str]]:
    """Split rendered text at the role marks; the file's newlines at the end of a message are dropped."""
    messages: list[tuple[str, list[str]]] = []
    start, end = mark(nonce, 0)[:-2], mark(nonce, 0)[-1]
    # Not a pattern: compiling one for each nonce would take longer than the rendering.
    for piece in text.split(start)[1:]:
        code, content = piece[:1], piece[2:]
        if piece[1:2] != end or code not in "0123":  # no mark of ours
            messages[-1][1].append(start + piece)
        elif code == "3":
            messages[-1][1].append(content)
        else:
            messages.append((ROLES[int(code)], [content]))
    kept: list[tuple[str, str]] = []
    for role, parts in messages:
        while len(parts) > 1 and not parts[-1].strip("\n"):
            parts.pop()
        content = "".join(parts)
        # A user turn that only holds a loop of further user turns has nothing to say itself.
        if role == "user" and kept and kept[-1][0] == "user" and not kept[-1][1].strip():
            kept.pop()
        if role == "user" or content.strip():
            kept.append((role, content))
    return kept


# --- errors ---------------------------------------------------------------------------------------------


def placed(error: TemplateError, turns: Turns, turn: int) -> TemplateError:
    """The same error with its turn, and its place in front: `User turn, line 2, column 14: …`.

    The turn is numbered within its role when the prompt has several of that role.
    """
    role = turns[turn][0]
    label = f"{role.capitalize()} turn"
    if sum(other == role for other, _ in turns) > 1:
        label += f" {sum(other == role for other, _ in turns[: turn + 1])}"
    line, column = error.line, error.column
    place = label + (f", line {line}" if line else "") + (f", column {column}" if column else "")
    return TemplateError(
        f"{place}: {error.message}", error.hint, turn=turn, line=line, column=column, name=error.name
    )


def _explained(
    exc: Exception, template: Template | None, turns: Turns, values: Mapping[str, Any]
) -> TemplateError:
    """What went wrong while compiling or running, in plain words, at its place."""
    message, hint = in_words(exc)
    encoded = exc.lineno if isinstance(exc, TemplateSyntaxError) else _template_line(exc, template)
    if encoded is None:
        return TemplateError(message[:1].upper() + message[1:], hint)
    turn, line = divmod(encoded, TURN_LINES)
    column = 0
    if isinstance(exc, UndefinedError) and (name := re.match(r'(?:there is no )?"(\w+)"', message)):
        if message.endswith("has no value."):
            hint = did_you_mean(name[1], [key for key in values if key != name[1]])
        line, column = locate(turns[turn][1], line, name[1], (".",) if "there is no" in message else ())
    return placed(TemplateError(message, hint, line=line, column=column or None), turns, turn)


def _template_line(exc: Exception, template: Template | None) -> int | None:
    """The encoded line of the innermost template frame in the traceback."""
    line, trace = None, exc.__traceback__
    while trace is not None:
        if template is not None and trace.tb_frame.f_code.co_filename == FILENAME:
            line = template.get_corresponding_lineno(trace.tb_lineno)
        trace = trace.tb_next
    return line


# --- the child process ----------------------------------------------------------------------------------


def main() -> None:
    """Answer render questions until stdin closes."""
    os.environ.clear()  # nothing in here needs the environment's secrets
    _limit_memory()
    _answer({"ready": True})
    for line in sys.stdin.buffer:
        try:
            question = json.loads(line)
            _limit_processor(question["seconds"])
            partials = Partials(*question["partials"])
            messages = render(question["turns"], question["values"], question["chars"], partials)
            _answer({"messages": messages})
        except TemplateError as exc:
            error = {key: getattr(exc, key) for key in ("message", "hint", "turn", "line", "column")}
            _answer({"error": error})
        except MemoryError as exc:
            message, hint = in_words(exc)
            _answer({"error": {"message": message.capitalize(), "hint": hint}})


def _answer(reply: Mapping[str, Any]) -> None:
    # One string, written once it is whole: a MemoryError leaves no half line behind.
    sys.stdout.buffer.write(json.dumps(reply).encode() + b"\n")
    sys.stdout.buffer.flush()


def _limit_memory() -> None:
    """At most MEMORY_BYTES of address space beyond what is in use now; no core file of a killed child."""
    if sys.platform == "win32":
        return
    import resource

    used = 512 * 1024 * 1024  # where /proc is missing: more than a bare Python takes
    with suppress(OSError):
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY_BYTES, resource.RLIM_INFINITY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _limit_processor(seconds: float) -> None:
    """End this process after `seconds` more of processor time (and a margin: the parent's clock comes first)."""
    if sys.platform == "win32":
        return
    import resource

    spent = resource.getrusage(resource.RUSAGE_SELF)
    until = math.ceil(spent.ru_utime + spent.ru_stime + seconds) + 1
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CPU, (until, resource.RLIM_INFINITY))


if __name__ == "__main__":
    main()
