"""What is said on the command line of a table to import: its file, and what becomes of its columns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

from playground.errors import PromptError

if TYPE_CHECKING:
    from playground.tables.base import Choices


def sample_table(file: Path) -> Path | None:
    """The table of the sample of this name, unless it names a file."""
    from playground.library.shipped_data import shipped_sets

    if file.suffix or file.is_file():
        return None
    return next((each.path for each in shipped_sets() if each.name == str(file)), None)


def read_bytes(file: Path) -> bytes:
    """The bytes of a table on disk; raises PromptError."""
    from playground.tables.base import MAX_BYTES

    try:
        size = file.stat().st_size
        if size > MAX_BYTES:
            raise PromptError(
                f"{file.name} has {size / 1e6:,.0f} MB, more than the {MAX_BYTES / 1e6:,.0f} that are read.",
                "Split it and import the parts.",
            )
        return file.read_bytes()
    except OSError as exc:
        raise PromptError(f"{file} cannot be read: {exc.strerror}.", "Check the path.") from exc


def choices_of(
    encoding: str,
    delimiter: str,
    decimal: str,
    sheet: str,
    no_header: bool,
    rename: list[str] | None,
    skip: list[str] | None,
    kind: list[str] | None,
    expected: str,
    cluster: str,
    tag: list[str] | None,
    keep_equal: bool,
) -> Choices:
    """What the options of `playground data import` say, raises PromptError for one that says nothing known."""
    from playground.tables.base import Choices
    from playground.types.dataset import ColumnKind

    if decimal not in ("", ".", ","):
        raise PromptError(f'--decimal "{decimal}" is no decimal sign.', "Give . or ,")
    kinds = dict(_pair(each, "--kind") for each in kind or ())
    for column, each in kinds.items():
        if each not in get_args(ColumnKind):
            raise PromptError(
                f'--kind "{column}={each}": there is no such kind.', f"Use {', '.join(get_args(ColumnKind))}."
            )
    roles = {column: "tag" for column in tag or ()}
    roles |= {expected: "expected"} if expected else {}
    roles |= {cluster: "cluster"} if cluster else {}
    names = dict(_pair(each, "--rename") for each in rename or ()) | {column: "" for column in skip or ()}
    return Choices(
        encoding=encoding,
        delimiter={"tab": "\t", "\\t": "\t"}.get(delimiter, delimiter),
        decimal=cast(Literal["", ".", ","], decimal),
        sheet=sheet,
        header=False if no_header else None,
        kinds=cast(dict[str, ColumnKind], kinds),
        names=names,
        roles=cast(Any, roles),
        keep_equal=keep_equal,
    )


def _pair(text: str, option: str) -> tuple[str, str]:
    column, sign, value = text.rpartition("=")
    if not sign or not column:
        raise PromptError(
            f'{option} "{text}" needs a column and what it becomes.', f"Write {option} COLUMN=VALUE"
        )
    return column, value


def require_columns(columns: tuple[Any, ...], chosen: Choices) -> None:
    """Raise PromptError for an option that names a column which is not there."""
    from difflib import get_close_matches

    names = [column.name for column in columns]
    for name in (*chosen.names, *chosen.kinds, *chosen.roles):
        if name not in names:
            near = get_close_matches(name, names, n=1)
            told = f'Is it "{near[0]}"?' if near else f"There are: {', '.join(names[:20])}."
            raise PromptError(f'The file has no column "{name}".', told)
