"""What all commands share: settings from the options, a workbench that is closed, Ctrl+C, lines for a person.

with_workbench(open_there(settings_of(context, data)), work)   # the result of `await work(workbench)`
"""

from __future__ import annotations

import asyncio
import errno
import os
import re
import select
import sys
import tempfile
from collections.abc import Callable, Coroutine, Iterable, Sequence
from enum import StrEnum
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import typer

from playground import garbage
from playground.errors import PlaygroundError, ReadOnlyData, SettingsError
from playground.whole_files import write_whole_pieces

if TYPE_CHECKING:
    from playground.settings import Settings
    from playground.workbench.service import Workbench

T = TypeVar("T")

Language = Literal["en", "zh"]
"""That of `library.shipped`, which is imported by the commands that need it."""


class Name(str):
    """A text of somebody's in a table: shown as it is, whatever the reader's language."""


class Output(StrEnum):
    """How a command prints."""

    TEXT = "text"
    JSON = "json"


PrintAs = Annotated[Output, typer.Option("--format", metavar="text|json", help="How to print.")]
Data = Annotated[Path | None, typer.Option("--data", metavar="DIR", help="Folder of the database.")]
InLanguage = Annotated[
    Language | None,
    typer.Option(
        "--language", metavar="en|zh", help="The wording of a pattern; else as PLAYGROUND_LANG or the locale."
    ),
]
PromptName = Annotated[
    str, typer.Argument(metavar="PROMPT", help="A .prompty file, a pattern, or the name of a saved prompt.")
]
Vars = Annotated[
    list[str] | None,
    typer.Option(
        "--var",
        metavar="NAME=VALUE",
        help="Value of a variable; @FILE reads a file, @- standard input, @@ stands for @. Repeatable.",
    ),
]
ModelName = Annotated[str, typer.Option(metavar="MODEL", help="Id or name of a model; else the first.")]


def settings_of(context: typer.Context, data: Path | None = None, *, check_models: bool = True) -> Settings:
    """Settings from the options before the command, its own data folder, and the environment."""
    from playground.cli.arguments import load_settings

    given = context.obj | ({"data_dir": data} if data else {})
    return load_settings(given, check_models=check_models)


def reader_language() -> Language:
    """What whoever sits at this terminal reads: PLAYGROUND_LANG, else the locale of its messages."""
    names = ("PLAYGROUND_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
    said = next((value for name in names if (value := os.environ.get(name, "").strip())), "")
    return "zh" if said.lower().startswith("zh") else "en"


def unknown_language() -> str:
    """What PLAYGROUND_LANG asks for when that is none of the two; "" else. A locale may be any: it was not said to us."""
    said = os.environ.get("PLAYGROUND_LANG", "").strip()
    return "" if re.match(r"(?i)(zh|en|c|posix)([_.@-]|$)|$", said) else said


def open_there(settings: Settings) -> Workbench:
    """The workbench on the data folder; raises StoreError."""
    from playground.workbench.service import open_workbench

    return open_workbench(settings)


def open_to_read(settings: Settings) -> Workbench:
    """The workbench for a command that changes nothing, on a full or read-only disk too; raises StoreError."""
    from playground.workbench.service import open_workbench_to_read

    return open_workbench_to_read(settings)


def open_or_move(settings: Settings) -> Workbench:
    """The workbench; where nothing can be written, on a private temporary folder, and that is said."""
    try:
        return open_there(settings)
    except ReadOnlyData as exc:
        folder = Path(tempfile.mkdtemp(prefix="prompt-playground-"))
        tell(f"{exc.message} Runs are kept in {folder} until the computer restarts. {exc.hint}")
        models = (*settings.models, *sorted((settings.data_dir / "models").glob("*.gguf")))
        moved = {"data_dir": folder, "database_url": "", "models": models}
        return open_there(settings.model_copy(update=moved))


def with_workbench(workbench: Workbench, work: Callable[[Workbench], Coroutine[Any, Any, T]]) -> T:
    """What `work` gives, with the workbench closed afterwards."""
    garbage.keep_loaded()

    async def bracket() -> T:
        try:
            return await work(workbench)
        finally:
            await workbench.close()

    return run_async(bracket())


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine; Ctrl+C cancels it, lets it end in good order, and exits with 130."""
    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def write(text: str) -> None:
    """Text to standard output at once."""
    typer.echo(text, nl=False)


def shown(text: str) -> str:
    """Words of the program in the reader's language; what is stored and what programs read stays English."""
    if reader_language() != "zh":
        return text
    from playground.translation.lines import in_chinese

    return in_chinese(text)


def named(name: str, text: str) -> str:
    """What is said of something, in the reader's language: "data folder: /srv/data"."""
    whole = shown(f"{name}: {text}")
    if reader_language() != "zh" or not whole.startswith(f"{name}: "):  # some are known as a whole
        return whole
    return f"{shown(name)}：{shown(text)}"


def parted(*parts: str) -> str:
    """What is said one after the other, each in the reader's language by itself; empty parts are left out."""
    told = (part if isinstance(part, Name) else shown(part) for part in parts if part)
    return ("，" if reader_language() == "zh" else ", ").join(told)


def about(name: str, *parts: str) -> str:
    """What is said of something of the user's, whose name stays as it is: "days late: number, 20 filled"."""
    return f"{name}{': ' if reader_language() != 'zh' else '：'}{parted(*parts)}"


def bracketed(text: str) -> str:
    """In brackets behind what it is said of."""
    return f"（{text}）" if reader_language() == "zh" else f" ({text})"


def say_table(rows: Iterable[Sequence[str]], *, indent: str = "") -> None:
    """Rows whose columns stand under each other, Chinese or not: a number at the right of its column, a text at the left."""
    from playground.translation.lines import padded, width

    told = [[cell if isinstance(cell, Name) else shown(cell) for cell in row] for row in rows]
    widths = [max(map(width, column)) for column in zip_longest(*told, fillvalue="")]
    for row in told:
        cells = (
            padded(cell, columns, right=cell[:1].isdigit() and not isinstance(cell, Name))
            for cell, columns in zip(row, widths, strict=False)
        )
        write(f"{indent}{'  '.join(cells)}".rstrip() + "\n")


def shown_report(text: str) -> str:
    """A report in Markdown in the reader's language."""
    if reader_language() != "zh":
        return text
    from playground.translation.lines import markdown_in_chinese

    return markdown_in_chinese(text)


def say(text: str) -> None:
    """Words of the program to standard output, in the reader's language. A model's answer goes through `write`."""
    write(shown(text))


def require_reader() -> None:
    """Raise BrokenPipeError when standard output is a pipe that nobody reads any more, without writing to it."""
    if not hasattr(select, "poll"):
        return
    try:
        watched = select.poll()
        watched.register(sys.stdout.fileno(), 0)
    except (OSError, ValueError):  # no file behind it
        return
    if any(event & select.POLLERR for _, event in watched.poll(0)):
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


def write_file(path: Path, content: str | bytes) -> None:
    """The whole content in a file, or none of it; raises SettingsError."""
    write_bytes(path, (content.encode() if isinstance(content, str) else content,))


def write_pieces(path: Path, pieces: Iterable[str]) -> None:
    """A text file written piece by piece; raises SettingsError, and then an old file is as it was."""
    write_bytes(path, (piece.encode("utf-8", "replace") for piece in pieces))


def write_bytes(path: Path, pieces: Iterable[bytes]) -> None:
    """A file written piece by piece; raises SettingsError, and then an old file is as it was."""
    try:
        write_whole_pieces(path, pieces)
    except OSError as exc:
        raise SettingsError(
            f"{path} cannot be written: {exc.strerror}.", "Choose another place for it."
        ) from exc


_KINDS = {"error": "Error:", "note": "Note:"}
"""These words mean another thing elsewhere: the state of a run, what somebody writes beside it."""


def told(problem: PlaygroundError) -> Name:
    """What happened and what to do next, each in the reader's language by itself."""
    message, hint = shown(problem.message), shown(problem.hint) if problem.hint else ""
    gap = "" if message.endswith(("。", "！", "？")) or not hint else " "
    return Name(f"{message}{gap}{hint}")


def tell(line: str) -> None:
    """A line for a person, apart from the output."""
    typer.echo(shown(line), err=True)


def tell_all(label: str, lines: Iterable[str]) -> None:
    """Such a line for each, behind what they are."""
    before = f"{label}: "
    if reader_language() == "zh":
        told = (shown(_KINDS.get(part, part)).rstrip("：") for part in label.split(": "))
        before = f"{label}：" if isinstance(label, Name) else "".join(f"{part}：" for part in told)
    for line in lines:
        typer.echo(before + (line if isinstance(line, Name) else shown(line)), err=True)
