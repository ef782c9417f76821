"""Whether programs that models write may run here.

switch = Switch(settings.sandbox)
switch.is_on = True     # from the page: until this program ends
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Switch:
    """The switch of one running program; the next start is off again unless it is told --sandbox."""

    is_on: bool = False
