"""What can go wrong, as a tree; every error says what happened and what to do next.

PlaygroundError            message + hint; the two shells show it, nobody prints a traceback
├── SettingsError          a port, folder, file or value that was configured cannot be used
├── PromptError            a prompt, file or form that cannot be read as a prompt
│   ├── VersionMoved       the prompt has a newer version than the one that was changed
│   ├── RowsMoved          rows of a data set were changed by somebody else since they were read
│   └── TemplateError      turn, line and column of a template that does not parse or render
├── NotFoundError          a run, prompt, version or model that is not there
│   └── Deleted            a run that was there, and was deleted
├── StoreError             the database cannot be opened, upgraded or written
│   ├── StoreBusy          another program holds the database; that passes by itself
│   ├── StoreHindered      a full or failing disk: storing works again once a person has seen to it
│   └── ReadOnlyData       the data folder or file may not be written; another folder would do
└── BackendError           one request failed; it is stored in its cell, the neighbours go on
    ├── BackendUnavailable the server or engine does not answer
    │   ├── ServerGone     it went away while it answered
    │   └── Unreached      nobody took the call
    ├── BackendBusy        the server loads a model or its queue is full; asked again it may answer
    ├── TooSlow            the answer took longer than it was allowed to
    ├── NoAnswer           the model refused, or called a tool
    └── ContextOverflow    the prompt does not fit; carries both numbers
"""

from __future__ import annotations

from typing import Literal


class PlaygroundError(Exception):
    """A problem a person can act on: `message` says what happened, `hint` what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class SettingsError(PlaygroundError):
    """A configured port, folder, file or value cannot be used."""


class PromptError(PlaygroundError):
    """Text or a form that cannot be read as a prompt."""


class VersionMoved(PromptError):
    """A prompt was saved over a base that is not the newest any more; `number` is the newest of its line."""

    def __init__(self, number: int) -> None:
        super().__init__(
            f"Version {number} was saved meanwhile.",
            "Look at it, then save on top of it, as a variant, or as a new prompt.",
        )
        self.number = number


class RowsMoved(PromptError):
    """Rows of a data set were changed in a version that is newer than the one the change began from."""

    def __init__(self, rows: list[int], number: int, at: str) -> None:
        one = len(rows) == 1
        told = ", ".join(map(str, rows[:10])) + (f" and {len(rows) - 10:,} more" if len(rows) > 10 else "")
        super().__init__(
            f"{'Row' if one else 'Rows'} {told} {'was' if one else 'were'} changed at {at}, in version {number}.",
            "Look at both: keep theirs, or make your change again on top of it.",
        )
        self.rows = rows
        self.number = number


class TemplateError(PromptError):
    """A template does not parse or render.

    `turn` counts from 0, `line` and `column` from 1, inside that turn's own text; None where unknown. `name` is the
    variable whose value is missing or wrong, when that is all.
    """

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        turn: int | None = None,
        line: int | None = None,
        column: int | None = None,
        name: str = "",
    ) -> None:
        super().__init__(message, hint)
        self.turn = turn
        self.line = line
        self.column = column
        self.name = name


class NotFoundError(PlaygroundError):
    """A run, prompt, version or model that is not there."""


class Deleted(NotFoundError):
    """A run or an experiment that was here, and was deleted."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "Its answers are gone; saved prompts and data sets stay.")


class StoreError(PlaygroundError):
    """The database cannot be opened, upgraded or written."""


class StoreBusy(StoreError):
    """Another program holds the database; trying again later works without anybody's doing."""


class StoreHindered(StoreError):
    """The disk is full or fails; trying again works once a person has seen to it."""


class ReadOnlyData(StoreError):
    """The data folder or the database file may not be written; the caller may choose another folder."""


class BackendError(PlaygroundError):
    """One request to a model failed; the text that had arrived is kept."""


class BackendUnavailable(BackendError):
    """The server or the engine process does not answer."""


class Unreached(BackendUnavailable):
    """No connection came about: the server has not seen the call."""


class ServerGone(BackendUnavailable):
    """The server went away before an answer had ended."""


class BackendBusy(BackendError):
    """The server answers that it cannot now: it loads, or its queue is full."""


class TooSlow(BackendError):
    """An answer that had not ended at the limit that was set for it; `seconds` is the limit."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"The answer took longer than {seconds:g} s.",
            "Raise the limit of a call (timeout_s), or ask for shorter answers (max_tokens).",
        )
        self.seconds = seconds


class NoAnswer(BackendError):
    """The model ended by itself, with something that is no answer; `finish` says with what."""

    def __init__(self, message: str, hint: str, finish: Literal["refusal", "tool_calls"]) -> None:
        super().__init__(message, hint)
        self.finish = finish


class ContextOverflow(BackendError):
    """A prompt that does not fit into the model's context window; nothing was cut, nothing was run."""

    def __init__(self, prompt_tokens: int, context_tokens: int) -> None:
        super().__init__(
            f"{prompt_tokens:,} tokens do not fit into {context_tokens:,}.",
            "Shorten the prompt or a value, or choose a model with a larger context.",
        )
        self.prompt_tokens = prompt_tokens
        self.context_tokens = context_tokens
