"""What running cells have written so far, stored about once a second: after a sudden end it is what was on the screen.

    drafts = Drafts(store.submit)
    drafts.add(run_id, key, "more text")   # stored soon, together with all others that have news
    drafts.add_step(run_id, key, step)     # so is a step of its technique, once it has ended
    drafts.drop(run_id, key)               # its end is stored

Costs one change a second for all cells together, and nothing for answers that are done sooner.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future

from playground.store.changes import Draft, KeepDrafts, StepDraft
from playground.types.grid import CellKey
from playground.types.trace import Step

DRAFT_S = 0.7
"""News is handed to the store after so long: with a transaction's time it is there within a second."""


class _Text:
    """One cell's text; joined when it is stored, so that a token costs next to nothing."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self.reasoning: list[str] = []

    def whole(self, run_id: str, key: CellKey) -> Draft:
        self.text, self.reasoning = ["".join(self.text)], ["".join(self.reasoning)]
        return Draft(run_id, key, self.text[0], self.reasoning[0])


class Drafts:
    """The texts and steps of all cells that run now. Belongs to one event loop."""

    def __init__(self, submit: Callable[[KeepDrafts], Future[None]]) -> None:
        self._submit = submit
        self._texts: dict[tuple[str, CellKey], _Text] = {}
        self._news: set[tuple[str, CellKey]] = set()
        self._steps: dict[tuple[str, CellKey], dict[int, Step]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._storing: Future[None] | None = None

    def add(self, run_id: str, key: CellKey, text: str, reasoning: str = "") -> None:
        """More of that cell's answer, or of what the model thinks before it."""
        place = (run_id, key)
        kept = self._texts.get(place)
        if kept is None:
            kept = self._texts[place] = _Text()
        if text:
            kept.text.append(text)
        if reasoning:
            kept.reasoning.append(reasoning)
        self._news.add(place)
        if self._timer is None:
            self._wait()

    def add_step(self, run_id: str, key: CellKey, step: Step) -> None:
        """A step has begun, ended, or is seen in another light; kept is one that has ended, as it is seen last."""
        if step.completion is None if step.kind == "call" else step.state == "runs":
            return
        self._steps.setdefault((run_id, key), {})[step.number] = step
        if self._timer is None:
            self._wait()

    def drop(self, run_id: str, key: CellKey) -> None:
        """Forget that cell; one that is not known is no error."""
        self._texts.pop((run_id, key), None)
        self._news.discard((run_id, key))
        self._steps.pop((run_id, key), None)

    def close(self) -> None:
        """Store nothing more."""
        if self._timer is not None:
            self._timer.cancel()
        self._texts.clear()
        self._news.clear()
        self._steps.clear()

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(DRAFT_S, self._store)

    def _store(self) -> None:
        self._timer = None
        if not self._news and not self._steps:
            return
        if self._storing is not None and not self._storing.done():
            self._wait()  # the database is slow or held: the next one will hold this news too
            return
        drafts = [self._texts[place].whole(*place) for place in self._news]
        steps = [StepDraft(*place, step) for place, known in self._steps.items() for step in known.values()]
        self._news.clear()
        self._steps.clear()
        self._storing = self._submit(KeepDrafts(drafts, steps))
