"""What columns hold beside plain numbers: texts and times that come back as they were from every database, and ids."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from uuid import uuid4

import sqlalchemy as sa

_AWKWARD = re.compile(r"\x00|\A\x01|[\ud800-\udfff]")


class ExactText(sa.types.TypeDecorator[str]):
    """Text that comes back character by character from every database.

    PostgreSQL refuses NUL, and no database takes half a surrogate pair; such a text is stored as the control
    character 1 and its JSON form. All others are stored as they are, readable with any tool.
    """

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        """Python to database."""
        return "\x01" + json.dumps(value) if value and _AWKWARD.search(value) else value

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> str | None:
        """Database to Python."""
        return json.loads(value[1:]) if value and value[0] == "\x01" else value


class UtcTime(sa.types.TypeDecorator[datetime]):
    """An aware time, stored and returned in UTC (SQLite itself drops the zone)."""

    impl = sa.DateTime
    cache_ok = True

    def __init__(self) -> None:
        super().__init__(timezone=True)

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Python to database."""
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Database to Python."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def new_id() -> str:
    """A short random identifier: 16 hexadecimal digits."""
    return uuid4().hex[:16]


def now() -> datetime:
    """The time to write into a row."""
    return datetime.now(UTC)
