"""How many answers are asked of a server at once, where that is another number than is usual for its kind.

    bound_of(settings, server)    # Bound(32, died_under=64): it went away while it had 64, half of them are asked since
    keep_bound(settings, server, Bound(8))

Kept in `parallel.json` of the data folder, for a name together with its address: another server of that name begins anew.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from playground.backends.servers import Server, write_private
from playground.errors import SettingsError
from playground.settings import Settings

MOST = 1000


@dataclass(frozen=True, slots=True)
class Bound:
    """So many at once. `died_under`: learnt when the server went away with so many under way; 0 when somebody chose."""

    answers: int
    died_under: int = 0


def bound_of(settings: Settings, server: Server) -> Bound | None:
    """What was learnt or chosen for that server; None for nothing, and for a file that cannot be read."""
    row = _rows(settings).get(server.name)
    if not isinstance(row, dict) or row.get("url") != server.url:
        return None
    answers, died_under = row.get("answers"), row.get("died_under", 0)
    if not isinstance(answers, int) or not isinstance(died_under, int) or not 1 <= answers <= MOST:
        return None
    return Bound(answers, died_under)


def keep_bound(settings: Settings, server: Server, bound: Bound | None) -> None:
    """Remember a number for that server, or forget it; raises SettingsError."""
    if bound is not None and not 1 <= bound.answers <= MOST:
        raise SettingsError(
            f"A server can be asked for 1 to {MOST:,} answers at once.",
            f"{bound.answers} is outside of that.",
        )
    rows = _rows(settings)
    kept = {name: row for name, row in rows.items() if name != server.name}
    if bound is not None:
        kept[server.name] = {"url": server.url, "answers": bound.answers, "died_under": bound.died_under}
    if kept != rows:
        write_private(settings.data_dir / "parallel.json", kept)


def learnt(under_way: int) -> Bound:
    """What a server is asked for after it went away with so many answers under way: half, one at least."""
    return Bound(max(1, under_way // 2), under_way)


def _rows(settings: Settings) -> dict[str, Any]:
    try:
        rows = json.loads((settings.data_dir / "parallel.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return rows if isinstance(rows, dict) else {}
