"""Paints of a run put together, as the page's script does it."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from markupsafe import escape


class Shown:
    """What a page shows, paint by paint."""

    def __init__(self) -> None:
        self.page: dict[str, Any] = {"columns": {}}
        self._seq = 0

    def take(self, paint: Any) -> None:
        """The next one; what is no text is nothing."""
        if not isinstance(paint, str):
            return
        update = json.loads(paint)
        self._seq += 1
        assert update["seq"] == self._seq
        columns = self.page["columns"]
        for name, data in update.pop("columns").items():
            column = columns.setdefault(name, {"text": "", "thoughts": ""})
            if "grow" in data:
                column["text"] += data.pop("grow")
            if "think" in data:
                at, more = data.pop("think")
                assert at == (len(column["thoughts"]) if at else 0)
                column["thoughts"] = column["thoughts"][:at] + more
            if data.get("state", {}).get("kind", "running") != "running" and "reasoning" not in data:
                data["reasoning"] = f"<details><pre>{escape(column['thoughts'])}</pre></details>"
            column |= data
        html = self.page.get("html", {}) | update.pop("html", {})
        self.page = self.page | update | {"columns": columns} | ({"html": html} if html else {})


def statuses(paints: list[Any]) -> list[dict[str, Any]]:
    """What the page shows after each paint."""
    shown, seen = Shown(), []
    for paint in paints:
        if isinstance(paint, str):
            shown.take(paint)
            seen.append(deepcopy(shown.page))
    return seen
