r"""A prompt's turns: read from one body, checked, their variables listed, rendered to messages.

    system:                                  (Turn("system", "Be brief."),
    Be brief.                        ⇄        Turn("user", "{{ question }}"))
                                              ─render {"question": "Why?"}→
    user:                                    (Message("system", "Be brief."), Message("user", "Why?"))
    {{ question }}

Newlines. Sources have "\n" only ("\r\n" becomes "\n"). A turn's text begins after the newline of its role line
and loses the newlines at its end; everything else is exact. Where a loop opens messages, the newlines *of the
file* around its role lines go too. A value keeps every character.

Only role lines of the file open messages, never a line of a value (templating/syntax.py, "marks").
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from jinja2 import nodes

from playground.errors import TemplateError
from playground.templating import worker
from playground.templating.names import Names
from playground.templating.partials import NONE, Partials, mentions, put_in_place
from playground.templating.partials import written_out as partial_text
from playground.templating.syntax import (
    MAX_PROBLEMS,
    did_you_mean,
    locate,
    parsed,
    refusals,
    role_lines,
    walk,
)
from playground.templating.worker import placed
from playground.types.generation import Message
from playground.types.prompt import Role, Turn

T = TypeVar("T")

__all__ = [
    "Partials",
    "Renderer",
    "Variable",
    "check",
    "is_quick",
    "join_turns",
    "normalise",
    "oversized",
    "partial_names",
    "split_turns",
    "variables",
    "written_out",
]

# Beyond this many tags even the parsing of a plain template is left to the child process.
PLAIN_TAGS = 300
MAX_TURNS = 1_000
MAX_CHARS = 8_000_000
MAX_TAGS = 10_000
"""What a whole prompt may have; a turn's own limits stand in `templating/syntax.py`."""
START_SECONDS = 30.0
VALUE_DEPTH = 100


# --- turns and the body of a file -----------------------------------------------------------------------


def split_turns(body: str) -> tuple[Turn, ...]:
    """The turns of a body; text before the first role line is a system turn, dropped when blank.

    Role lines inside blocks, raw blocks, comments and expressions do not split; when the source does not
    hold together, every role line does. Attributes of a role line (`user [name=x]:`) are not kept.
    """
    return tuple(_split(_newlines(body), "system"))


def join_turns(turns: Iterable[Turn]) -> str:
    """The body of a file. `split_turns` of it gives `normalise(turns)` for turns that hold together."""
    return "\n\n".join(f"{turn.role}:\n{turn.template}" for turn in normalise(turns)) + "\n"


def normalise(turns: Iterable[Turn]) -> tuple[Turn, ...]:
    """Turns as a file would hold them: a turn with role lines in its text becomes several turns.

    What stands before the first of these keeps the turn's own role and is dropped when blank.
    """
    parts = []
    for turn in turns:
        text = _newlines(turn.template)
        if role_lines(text):
            parts.extend(_split(text, turn.role))
        else:
            parts.append(Turn(role=turn.role, template=text.rstrip("\n")))
    return tuple(parts)


def _newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _split(text: str, role: Role) -> list[Turn]:
    found = role_lines(text)
    first = text[: found[0].start() if found else len(text)].strip("\n")
    turns = [Turn(role=role, template=first)] if first.strip() else []
    ends = [*(line.start() for line in found[1:]), len(text)]
    for line, end in zip(found, ends, strict=False):
        template = text[line.end() + 1 : end]
        turns.append(Turn.model_validate({"role": line[1].lower(), "template": template.rstrip("\n")}))
    return turns


def _pairs(turns: Iterable[Turn]) -> list[tuple[str, str]]:
    return [(turn.role, _newlines(turn.template)) for turn in turns]


# --- variables and problems -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Variable:
    """A name that needs a value, where it appears first: `turn` from 0, `line` and `column` from 1.

    `optional` when some use copes without a value (`is defined`, `default`). `kind` is what its uses need: an
    object for `x.first`, a list for a loop over it, else text.
    """

    name: str
    turn: int
    line: int
    column: int
    optional: bool = False
    kind: Literal["text", "object", "list"] = "text"


def variables(turns: Sequence[Turn], partials: Partials = NONE) -> list[Variable]:
    """Names used before they are set, in order of first appearance; turns that do not parse are skipped.

    Names inside a partial stand at the tag that includes it.
    """
    pairs, names = _pairs(turns), Names()
    for number, (_, source) in enumerate(pairs):
        with suppress(TemplateError, RecursionError):
            tree = parsed(source)
            with suppress(TemplateError):
                put_in_place(source, tree, partials)
            names.visit_turn(number, tree)
    return _listed(names, pairs)


def partial_names(turns: Sequence[Turn]) -> list[str]:
    """The names in include and import tags, each once, in order: "Guardrail@3"."""
    return list(dict.fromkeys(name for _, source in _pairs(turns) for name in mentions(source)))


def written_out(turns: Sequence[Turn], partials: Partials) -> tuple[Turn, ...]:
    """The turns with the text of their partials in the place of the tags; raises TemplateError."""
    turns = normalise(turns)
    return tuple(t.model_copy(update={"template": partial_text(t.template, partials)}) for t in turns)


def _listed(names: Names, pairs: Sequence[tuple[str, str]]) -> list[Variable]:
    found = []
    for name, places in names.free.items():
        turn, line = min(places)
        _, column = locate(pairs[turn][1], line, name)
        kind: Literal["text", "object", "list"] = (
            "object" if name in names.objects else "list" if name in names.lists else "text"
        )
        found.append(Variable(name, turn, line, max(column, 1), name in names.optional, kind))
    return sorted(found, key=lambda variable: (variable.turn, variable.line, variable.column))


def check(
    turns: Sequence[Turn], known: Collection[str] | None = None, partials: Partials = NONE
) -> list[TemplateError]:
    """Every problem that can be seen without rendering, in reading order; nothing is run.

    One syntax error a turn, the other turns are still checked. With `known` (the names that have a value) also
    names without one, once each, unless some use of the name copes without. Told are the first MAX_PROBLEMS.
    """
    if too_much := oversized(turns):
        return [too_much]
    pairs, names = _pairs(turns), Names()
    problems: list[TemplateError] = []
    for number, (_, source) in enumerate(pairs):
        if len(problems) > MAX_PROBLEMS:
            break
        try:
            tree = parsed(source)
            put_in_place(source, tree, partials)
            problems.extend(placed(refusal, pairs, number) for refusal in refusals(source, tree))
            names.visit_turn(number, tree)
        except TemplateError as exc:
            problems.append(placed(exc, pairs, number))
        except RecursionError:
            deep = TemplateError("this is nested too deeply.", "Use fewer brackets or blocks.", line=1)
            problems.append(placed(deep, pairs, number))
    for variable in _listed(names, pairs) if known is not None else ():
        if variable.name not in (known or ()) and not variable.optional:
            if len(problems) > 2 * MAX_PROBLEMS:
                break  # more than are told
            message, hint = f'"{variable.name}" has no value.', did_you_mean(variable.name, known or ())
            where = {"line": variable.line, "column": variable.column}
            missing = TemplateError(message, hint, **where, name=variable.name)
            problems.append(placed(missing, pairs, variable.turn))
    problems.sort(key=lambda error: (error.turn or 0, error.line or 0, error.column or 0))
    if len(problems) > MAX_PROBLEMS:
        problems[MAX_PROBLEMS:] = [
            TemplateError("There are more problems than these.", "Correct these first.")
        ]
    return problems


def oversized(turns: Sequence[Turn]) -> TemplateError | None:
    """Why a prompt is too large to be read at all, with both numbers; or None."""
    facts = (
        (len(turns), MAX_TURNS, "turns"),
        (sum(len(turn.template) for turn in turns), MAX_CHARS, "characters"),
        (sum(_tags(turn.template) for turn in turns), MAX_TAGS, "tags"),
    )
    for number, limit, what in facts:
        if number > limit:
            message = f"The prompt has {number:,} {what}, and at most {limit:,} can be used."
            return TemplateError(message, "Put long texts and lists into variables.")
    return None


def is_quick(turns: Sequence[Turn]) -> bool:
    """Whether looking at these turns takes so little time (a few hundredths of a second) that the page can wait for it."""
    return sum(len(turn.template) + 200 * _tags(turn.template) for turn in turns) <= 40_000


def _tags(source: str) -> int:
    return sum(source.count(start) for start in ("{{", "{%", "{#"))


# --- rendering ------------------------------------------------------------------------------------------


class Renderer:
    """Renders turns; `seconds` and `chars` cap one rendering. Belongs to one event loop.

    Templates that only put values into text are rendered at once, here. All others could run for ever, so
    they go to a child process, one after another; it starts on first use, and a rendering that takes too
    long or is cancelled ends it.
    """

    def __init__(self, seconds: float, chars: int) -> None:
        self.seconds = seconds
        self.chars = chars
        self._turn_taking = asyncio.Lock()
        self._child: asyncio.subprocess.Process | None = None

    async def render(
        self, turns: Sequence[Turn], values: Mapping[str, Any], partials: Partials = NONE
    ) -> tuple[Message, ...]:
        """The messages; blank system and assistant messages are left out, an empty user message stays.

        `values` are JSON data: str, int, float, bool, None, list, dict. Raises TemplateError.
        """
        pairs = _pairs(turns)
        _require_json(values)
        quick = is_quick(turns)
        if await _here(quick, _is_plain, pairs):
            messages = await _here(quick, worker.render, pairs, values, self.chars)
        else:
            question = {"turns": pairs, "values": values, "chars": self.chars, "seconds": self.seconds}
            question["partials"] = [dict(partials.sources), dict(partials.problems)]
            async with self._turn_taking:
                messages = await self._ask(json.dumps(question).encode() + b"\n")
        return tuple(Message(role, content) for role, content in messages)  # type: ignore[arg-type]

    async def close(self) -> None:
        """End the child process; a later `render` would start a new one."""
        async with self._turn_taking:
            await self._end()

    async def _ask(self, question: bytes) -> list[tuple[str, str]]:
        """Send one question and wait for its answer; in every other outcome the child is ended."""
        try:
            child = await self._started()
            async with asyncio.timeout(self.seconds):
                reply = await _exchange(child, question)
        except TimeoutError:
            await self._end()
            message = f"Rendering took longer than {self.seconds:g} s and was stopped."
            raise TemplateError(message, "Look for a loop that is too long.") from None
        except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            await self._end()
            message = "Rendering was stopped: it needed too much memory or time."
            raise TemplateError(message, "Make the loop or the text smaller.") from None
        except BaseException:
            # Cancelled: an answer that nobody reads would be taken for the next one's.
            await self._end()
            raise
        if "error" in reply:
            raise TemplateError(**reply["error"])
        messages: list[tuple[str, str]] = reply["messages"]
        return messages

    async def _started(self) -> asyncio.subprocess.Process:
        if self._child is not None and self._child.returncode is None:
            return self._child
        await self._end()
        # The package's folder goes last on the path, and the working directory not at all (-P).
        code = (
            "import sys; sys.path.append(sys.argv[1]); from playground.templating.worker import main; main()"
        )
        self._child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-c", code, str(Path(__file__).parents[2])),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=12 * self.chars + 2**20,  # one answer is one line; a character takes at most 12 bytes
            start_new_session=True,  # Ctrl-C in the terminal is for the parent
        )
        try:
            async with asyncio.timeout(START_SECONDS):
                await _exchange(self._child, b"")
        except (TimeoutError, OSError, ValueError, asyncio.IncompleteReadError) as exc:
            message = "The process that renders templates did not start."
            raise TemplateError(message, "Close other programs to free memory, then try again.") from exc
        return self._child

    async def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            if child.returncode is None:
                with suppress(ProcessLookupError):
                    child.kill()
            await child.wait()


async def _exchange(child: asyncio.subprocess.Process, question: bytes) -> dict[str, Any]:
    assert child.stdin is not None and child.stdout is not None
    child.stdin.write(question)
    await child.stdin.drain()
    reply: dict[str, Any] = json.loads(await child.stdout.readuntil(b"\n"))
    return reply


async def _here(quick: bool, work: Callable[..., T], *arguments: Any) -> T:
    """What the work gives: done at once when it is quick, else in a thread, so that the page goes on for everyone."""
    return work(*arguments) if quick else await asyncio.to_thread(work, *arguments)


def _is_plain(pairs: Sequence[tuple[str, str]]) -> bool:
    """Whether the turns only put values and their fields into text, with at most an `{% if name %}`."""
    if sum(_tags(source) for _, source in pairs) > PLAIN_TAGS:
        return False
    plain = (nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.Name, nodes.Getattr, nodes.Not)
    with suppress(TemplateError):
        return all(isinstance(node, plain) for _, source in pairs for node in walk(parsed(source)))
    return False


def _require_json(values: Mapping[str, Any]) -> None:
    """Raises TemplateError unless all values are plain JSON data, at most VALUE_DEPTH deep."""
    waiting: list[tuple[str, Any, int]] = [(str(name), value, 0) for name, value in values.items()]
    while waiting:
        name, value, depth = waiting.pop()
        children: Iterable[Any] = ()
        fits = value is None or type(value) in (str, bool, float, int, list, dict)
        if type(value) is list:
            children = value
        elif type(value) is dict:
            children = value.values()
            fits = all(type(key) is str for key in value)
        elif type(value) is int:
            fits = value.bit_length() <= 4096
        if not fits or depth > VALUE_DEPTH:
            raise TemplateError(
                f'The value of "{name}" cannot be used in a template: {_refusal(value, depth)}.',
                "Use text, numbers, true or false, lists and objects.",
            )
        waiting.extend((name, child, depth + 1) for child in children)


def _refusal(value: object, depth: int) -> str:
    if depth > VALUE_DEPTH:
        return f"it is nested more than {VALUE_DEPTH} levels deep"
    kinds = {int: "a number is too long", dict: "the keys of an object must be text"}
    return kinds.get(type(value), f"it holds a {type(value).__name__}")
