"""The command line in Chinese: the help of the tree of commands, and what its library says of one that it cannot read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import typer

from playground.translation.lines import padded, width, wrapped
from playground.translation.shown import chinese

# The library's own base of these, whichever of its versions is installed.
_CANNOT_READ: type[Exception] = typer.BadParameter.__mro__[2]
_USAGE = "用法："
_QUOTED = re.compile(r"(?:(?<=[\u3000-\uffef]) )?'([^'\s]+)'(?: (?=[\u3000-\uffef]))?")
"""What the library quotes in the English way, with the spaces that stand around it."""
_USED = {"[OPTIONS]": "[选项]", "COMMAND [ARGS]...": "命令 [参数]..."}
_HEADS = {"Options": "选项", "Commands": "命令", "Arguments": "参数"}


def run(command: Any, arguments: Sequence[str] | None, prog_name: str) -> int:
    """Run the command that is meant, with all its words in Chinese; its exit code."""
    try:
        code = in_chinese(command)(arguments, prog_name=prog_name, standalone_mode=False)
    except typer.Abort:
        typer.echo(chinese().of("Aborted!"), err=True)
        return 1
    except _CANNOT_READ as exc:
        typer.echo(_told(exc), err=True)
        return int(getattr(exc, "exit_code", 2))
    return code if isinstance(code, int) else 0


def _told(exc: Any) -> str:
    """Usage, the way to the help, and what is wrong, as the library says it in English."""
    context, of = getattr(exc, "ctx", None), chinese().of
    what = _QUOTED.sub(r"“\1”", of(exc.format_message()))
    lines = [f"{of('Error:')}{what}"]
    if context is not None:
        lines = [context.get_usage(), of(f"Try '{context.command_path} --help' for help."), "", *lines]
    return "\n".join(lines)


def in_chinese(command: Any) -> Any:
    """The command with the help of all that is below it in Chinese."""
    of = chinese().of

    def paragraphs(text: str) -> str:
        return "\n\n".join(of(" ".join(part.split())) for part in text.split("\n\n"))

    if command.help:
        command.help = paragraphs(command.help)
    for parameter in command.params:
        if getattr(parameter, "help", None):
            parameter.help = of(parameter.help)
    for below in getattr(command, "commands", {}).values():
        in_chinese(below)
    command.context_class = _with_heads(command.context_class)
    return command


def _marks(text: str) -> str:
    """What the library adds to a help, and its own option."""
    text = chinese().of(text) if text == "Show this message and exit." else text
    return text.replace("[required]", "[必填]").replace("[default: ", "[默认：")


def _with_heads(context_class: Any) -> Any:
    if getattr(context_class, "speaks_chinese", False):
        return context_class
    formatter = context_class.formatter_class

    class Formatter(formatter):  # type: ignore[valid-type, misc]
        """The library's own, with heads in Chinese."""

        def write_heading(self, heading: str) -> None:
            self.write(f"{'':{self.current_indent}}{_HEADS.get(heading, heading)}：\n")

        def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
            for english, chinese_word in _USED.items():
                args = args.replace(english, chinese_word)
            super().write_usage(prog, args, prefix or _USAGE)

        def write_text(self, text: str) -> None:
            """By the columns that Chinese takes, which the library does not count."""
            parts = [wrapped(part, self.width - self.current_indent) for part in text.split("\n\n")]
            self.write("\n\n".join("\n".join(map(self._indented, lines)) for lines in parts) + "\n")

        def write_dl(self, rows: Any, col_max: int = 30, col_spacing: int = 2) -> None:
            """The same for names and what they are."""
            rows = [(first, _marks(second)) for first, second in rows]
            names = min(max(width(first) for first, _ in rows), col_max)
            for first, second in rows:
                head, *further = wrapped(second, max(self.width - names - col_spacing - 2, 10)) or [""]
                if width(first) > names:
                    self.write(self._indented(first) + "\n")
                    first = ""
                for name, line in ((first, head), *(("", line) for line in further)):
                    self.write(self._indented(padded(name, names + col_spacing) + line).rstrip() + "\n")

        def _indented(self, line: str) -> str:
            return f"{'':>{self.current_indent}}{line}"

    class Context(context_class):  # type: ignore[misc]
        """Writes its help with it."""

        formatter_class = Formatter
        speaks_chinese = True

    return Context
