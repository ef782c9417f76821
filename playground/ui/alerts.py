"""How an error looks in the page: the one place of the web shell that turns exceptions into words.

The other place is the CLI's outermost `except`. Text is escaped by the page (it sets text, not markup).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from playground.errors import Deleted, NotFoundError, PlaygroundError
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


_INSTEAD = {
    "run": "It may have been deleted, or made on another machine. What ran here is in History.",
    "pattern": "Look for another one in the Library.",
    "prompt": "It may be in the bin of the Library, or on another machine. What is here is in the Library.",
}
"""What to do on the page when its address names what is not here."""


def of_address(exc: PlaygroundError, query: Mapping[str, Any]) -> Alert:
    """An address that leads nowhere: whoever followed a link sits at a page, not at a terminal."""
    alert = to_alert(exc)
    asked = next((name for name in _INSTEAD if query.get(name)), None)
    if asked and isinstance(exc, NotFoundError) and not isinstance(exc, Deleted):
        alert["hint"] = _INSTEAD[asked]
    return alert


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
