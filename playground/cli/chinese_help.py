"""The help of the commands in Chinese: the texts of the tree of commands, and the heads that the library writes between them."""

from __future__ import annotations

from typing import Any

from playground.translation.shown import chinese

_HEADS = {"Usage:": "用法：", "Options": "选项", "Commands": "命令", "Arguments": "参数"}


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
            super().write_heading(_HEADS.get(heading, heading))

        def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
            super().write_usage(prog, args, prefix or f"{_HEADS['Usage:']} ")

        def write_dl(self, rows: Any, *args: Any, **more: Any) -> None:
            super().write_dl([(first, _marks(second)) for first, second in rows], *args, **more)

    class Context(context_class):  # type: ignore[misc]
        """Writes its help with it."""

        formatter_class = Formatter
        speaks_chinese = True

    return Context
