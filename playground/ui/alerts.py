"""How an error looks in the page: the one place of the web shell that turns exceptions into words.

The other place is the CLI's outermost `except`. Text is escaped by the page (it sets text, not markup).
"""

from __future__ import annotations

import logging
from typing import Any

from pydantic import ValidationError

from playground.errors import PlaygroundError
from playground.plain_words import of_field
from playground.ui.update import Alert

log = logging.getLogger(__name__)


def to_alert(exc: Exception) -> Alert:
    """Message and hint for a person; an exception that nobody foresaw is logged and shown without its details."""
    if isinstance(exc, PlaygroundError):
        return {"message": exc.message, "hint": exc.hint}
    if isinstance(exc, ValidationError):
        return validation_alert(exc)
    log.exception("unexpected error", exc_info=exc)
    return {
        "message": f"The program failed with {type(exc).__name__}.",
        "hint": "Nothing was changed. The terminal where it runs shows the details.",
    }


def validation_alert(exc: ValidationError) -> Alert:
    """The first thing that is wrong with a form, by the names a person sees."""
    error: Any = exc.errors()[0]
    where = " ".join(_word(part) for part in error["loc"])
    return {
        "message": f"{where or 'The form'}: {of_field(error)}.",
        "hint": "Correct it, then try again.",
    }


def _word(part: str | int) -> str:
    return (
        str(part + 1)
        if isinstance(part, int)
        else part.replace("_", " ").removesuffix("s")
        if part == "columns"
        else part.replace("_", " ")
    )
