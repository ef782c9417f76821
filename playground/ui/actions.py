"""One call of the page, checked, sent to the function of that action, and answered with an update.

    {"action": "vote", "run": "3f…", "vote": "column", "column": "1"}  →  {"vote": "<div …>", "toast": "…"}

An action is `async (workbench, ask) -> Update`. Errors become an alert in the update; nothing escapes.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from playground.answers.wording import quote
from playground.errors import PromptError, SettingsError
from playground.library.shipped import Language
from playground.translation.shown import chinese
from playground.ui.alerts import to_alert
from playground.ui.forms import CompareForm
from playground.ui.update import Update
from playground.workbench.service import Workbench

LARGE = 200_000
"""A call of more characters is read in a thread."""


class Ask(BaseModel):
    """One call: the form and run on screen, and the arguments of the element that asked."""

    model_config = ConfigDict(frozen=True, extra="allow")

    action: str
    form: dict[str, Any] | None = None
    run: str | None = None
    previous: str | None = None
    fields: dict[str, str | bool] = {}

    def text(self, name: str, default: str = "") -> str:
        """An argument as text."""
        value = (self.model_extra or {}).get(name, self.fields.get(name, default))
        return default if value is None else str(value)

    def integer(self, name: str, default: int | None = None) -> int:
        """An argument as a whole number, the default when it is missing or empty; raises PromptError."""
        text = self.text(name)
        if not text and default is not None:
            return default
        try:
            return int(text)
        except ValueError as exc:
            raise PromptError(f'"{name}" must be a whole number.', "Reload the page and try again.") from exc

    def typed(self, name: str, field_label: str, least: int, most: int | None = None) -> int:
        """A whole number that somebody typed into the field of this label; raises PromptError that says what it takes."""
        text = self.text(name).strip()
        number = int(text) if text.removeprefix("-").isdecimal() and len(text) < 20 else None
        if number is None or number < least or (most is not None and number > most):
            takes = (
                f"a whole number from {least:,} up"
                if most is None
                else f"a whole number from {least:,} to {most:,}"
            )
            raise PromptError(
                f'{quote(text)} is not what "{field_label}" takes.' if text else f'"{field_label}" is empty.',
                f"Type {takes}.",
            )
        return number

    @property
    def language(self) -> Language:
        """What the reader of the page reads."""
        return "zh" if self.text("lang").lower().startswith("zh") else "en"

    def own(self, text: str) -> str:
        """A text of ours that becomes the reader's, such as a name or a message that is offered: in his language."""
        return chinese().of(text) if self.language == "zh" else text

    def repeat(self) -> int | None:
        """Which answer of its column is meant; None for the latest."""
        return self.integer("repeat") if self.text("repeat") else None

    def compare_form(self) -> CompareForm:
        """The form on screen; raises ValidationError."""
        return CompareForm.model_validate(self.form or {})

    def run_id(self) -> str:
        """The run on screen; raises PromptError when there is none."""
        if not self.run:
            raise PromptError("There is no run yet.", "Press Run first.")
        return self.run


Action = Callable[[Workbench, Ask], Awaitable[Update]]


CLOSED = "This belongs to whoever runs the program: it is done on that machine, or after a start with --allow-admin."


def make_call(
    workbench: Workbench, actions: Mapping[str, Action], closed: Collection[str] = ()
) -> Callable[[str], Awaitable[str]]:
    """The function the page's script calls: JSON text in, JSON text out, never an exception.

    The `closed` actions are refused.
    """

    async def call(payload: str) -> str:
        try:
            if len(payload) > LARGE:
                ask = await asyncio.to_thread(Ask.model_validate_json, payload)
            else:
                ask = Ask.model_validate_json(payload)
            if ask.action in closed:
                raise SettingsError("This is not open to visitors.", CLOSED)
            if ask.action not in actions:
                raise PromptError(f'There is no action "{ask.action}".', "Reload the page.")
            update = await actions[ask.action](workbench, ask)
        except Exception as exc:  # the edge: whatever it is, the page gets words
            update = {"alert": to_alert(exc)}
        return json.dumps(update)

    return call
