"""What is looked at on a verdict's page: the pair, which cases, the chosen one, the slices; all of it is in the address.

Look.read("pair=1-0&show=regressions&at=59")  →  Look(pair=(1, 0), show="regressions", at=59)
look.to(show="all").text                      →  "pair=1-0&show=all&at=59"
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlencode

FIRST_CASES, MORE_CASES, MOST_CASES = 20, 40, 400
SHOWS = ("differ", "regressions", "improvements", "both", "neither", "missing", "failed", "unrated", "all")


@dataclass(frozen=True, slots=True)
class Look:
    """`pair` are the numbers of two variants, None is the headline's; `cut` are columns to slice by, None the first two.

    `beside` is another experiment that is laid beside this one. `judge` is the number of a check whose page it is, `step`
    whether answers are labelled there or its criteria edited, `version` which of its versions is looked at, `row` the answer (variant, case) that is looked at, `lets` which disagreements.
    """

    pair: tuple[int, int] | None = None
    show: str = "differ"
    at: int | None = None
    cut: tuple[str, ...] | None = None
    cases: int = FIRST_CASES
    beside: str = ""
    judge: int | None = None
    step: str = ""
    row: tuple[int, int] | None = None
    lets: str = ""
    version: int | None = None

    @classmethod
    def read(cls, text: str) -> Look:
        """The look of an address; what makes no sense in it is as if it was not there."""
        found = {name: values[-1] for name, values in parse_qs(text[:2000], keep_blank_values=True).items()}
        pair = re.fullmatch(r"(\d{1,2})-(\d{1,2})", found.get("pair", ""))
        row = re.fullmatch(r"(\d{1,2})-(\d{1,7})", found.get("row", ""))
        show = found.get("show", "")
        cases = found.get("cases", "")
        return cls(
            pair=(int(pair[1]), int(pair[2])) if pair and pair[1] != pair[2] else None,
            show=show if show in SHOWS else "differ",
            at=int(found["at"]) if re.fullmatch(r"\d{1,7}", found.get("at", "")) else None,
            cut=tuple(parse_qs(found["cut"]).get("c", ())) if "cut" in found else None,
            cases=min(int(cases), MOST_CASES) if re.fullmatch(r"[1-9]\d{0,4}", cases) else FIRST_CASES,
            judge=int(found["judge"]) if re.fullmatch(r"\d{1,3}", found.get("judge", "")) else None,
            step=found.get("step", "") if found.get("step") in ("label", "criteria") else "",
            version=int(found["version"])
            if re.fullmatch(r"[1-9]\d{0,3}", found.get("version", ""))
            else None,
            row=(int(row[1]), int(row[2])) if row else None,
            lets=found.get("lets", "") if found.get("lets") in ("through", "rejects") else "",
            beside=found.get("beside", "") if re.fullmatch(r"[\w-]{0,64}", found.get("beside", "")) else "",
        )

    @property
    def text(self) -> str:
        """As it stands in the address; "" for the look that a page begins with."""
        found: dict[str, str] = {}
        if self.pair is not None:
            found["pair"] = f"{self.pair[0]}-{self.pair[1]}"
        if self.show != "differ":
            found["show"] = self.show
        if self.at is not None:
            found["at"] = str(self.at)
        if self.cut is not None:
            found["cut"] = urlencode([("c", name) for name in self.cut])
        if self.cases != FIRST_CASES:
            found["cases"] = str(self.cases)
        if self.beside:
            found["beside"] = self.beside
        if self.judge is not None:
            found["judge"] = str(self.judge)
        if self.step:
            found["step"] = self.step
        if self.row is not None:
            found["row"] = f"{self.row[0]}-{self.row[1]}"
        if self.version is not None:
            found["version"] = str(self.version)
        if self.lets:
            found["lets"] = self.lets
        return urlencode(found)

    def files(self, pair: tuple[int, int] | None = None) -> str:
        """What an address of a file asks for, "?" included: the `pair` on screen, and what lies beside."""
        asked = {"pair": f"{pair[0]}-{pair[1]}"} if pair else {}
        asked |= {"beside": self.beside} if self.beside else {}
        return f"?{urlencode(asked)}" if asked else ""

    def to(self, **changes: Any) -> Look:
        """The same with something else; another pair or other cases begin at the first case."""
        if "pair" in changes or "show" in changes:
            changes = {"at": None, "cases": FIRST_CASES, **changes}
        return replace(self, **changes)
