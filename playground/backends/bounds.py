"""How many answers are asked of a server at once, where that is another number than is usual for its kind.

    bound_of(settings, server)    # Bound(32, died_under=64): it went away while it had 64, half of them are asked since
    keep_bound(settings, server, Bound(8))

A number that was learnt grows back: the server may have been ended by somebody, not by its load. After `PROOF` answers that
ended well for each of those asked at once, it is asked for twice as many. Each further death asks for four times the proof.

Kept in `parallel.json` of the data folder, for a name together with its address: another server of that name begins anew.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from playground.backends.servers import Server, write_private
from playground.errors import SettingsError
from playground.settings import Settings

MOST = 1000
PROOF = 20
"""Answers that ended well, for each of those asked at once, after which a server that went away once is asked for more."""


@dataclass(frozen=True, slots=True)
class Bound:
    """So many at once. `died_under`: learnt when the server went away with so many under way; 0 when somebody chose.

    `deaths`: how often it has gone away so.
    """

    answers: int
    died_under: int = 0
    deaths: int = 1

    @property
    def proof(self) -> int:
        """So many answers that end well show that it can be asked for more; 0 where that is not to be tried."""
        return PROOF * self.answers * 4 ** (self.deaths - 1) if self.died_under else 0

    def grown(self, usual: int) -> Bound:
        """Twice as many, at most what is usual; it is remembered what it died under."""
        return replace(self, answers=min(usual, 2 * self.answers))


def bound_of(settings: Settings, server: Server) -> Bound | None:
    """What was learnt or chosen for that server; None for nothing, and for a file that cannot be read."""
    row = _rows(settings).get(server.name)
    if not isinstance(row, dict) or row.get("url") != server.url:
        return None
    answers, died_under, deaths = (
        row.get(key, default) for key, default in (("answers", 0), ("died_under", 0), ("deaths", 1))
    )
    if not (isinstance(answers, int) and isinstance(died_under, int) and isinstance(deaths, int)):
        return None
    return Bound(answers, died_under, max(1, deaths)) if 1 <= answers <= MOST else None


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
        kept[server.name] = {
            "url": server.url,
            "answers": bound.answers,
            "died_under": bound.died_under,
            "deaths": bound.deaths,
        }
    if kept != rows:
        write_private(settings.data_dir / "parallel.json", kept)


def learnt(under_way: int, before: Bound | None = None) -> Bound:
    """What a server is asked for after it went away with so many answers under way: half, one at least."""
    deaths = before.deaths + 1 if before is not None and before.died_under else 1
    return Bound(max(1, under_way // 2), under_way, deaths)


def _rows(settings: Settings) -> dict[str, Any]:
    try:
        rows = json.loads((settings.data_dir / "parallel.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return rows if isinstance(rows, dict) else {}
