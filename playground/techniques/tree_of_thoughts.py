"""Tree of thoughts: propose next steps, value them, go on from the best. arXiv 2305.10601.

Breadth-first keeps the best `keep` states of every level. Depth-first follows the best thought down and turns back
where every thought is impossible. A thought is a note of the trace with its value; the calls stand under it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pydantic import Field

from playground.techniques.asking import Ask
from playground.techniques.base import Task, Tools
from playground.techniques.calls import BoundReached, together
from playground.techniques.reading import AnswerKind, answer_in, listed, value_in
from playground.types.trace import Answer

UNREAD = 0.25
"""Where a thought ranks whose value could not be read: above those that are impossible."""


@dataclass(frozen=True, slots=True)
class State:
    """A thought with all those before it; `name` is its place in the tree, "1.2.1", and "" that of the root."""

    name: str = ""
    path: tuple[str, ...] = ()
    number: int | None = None
    value: float | None = 1.0

    @property
    def text(self) -> str:
        """The thoughts, one a line."""
        return "\n".join(self.path)

    @property
    def rank(self) -> float:
        """What it is sorted by."""
        return UNREAD if self.value is None else self.value


@dataclass(frozen=True, slots=True)
class _Search:
    """What stays the same while one problem is searched."""

    problem: str
    ask: Ask
    thoughts: int
    keep: int
    depth: int
    votes: int

    async def children(self, state: State) -> list[State]:
        """The next thoughts after a state, valued, the best first; of equals the earlier."""
        values = {"problem": self.problem, "state": state.text, "count": self.thoughts}
        label = f"propose {state.name}".strip()
        reply = await self.ask("propose", values, label=label, parent=state.number, brief=True)
        proposed = listed(reply.text)[: self.thoughts]
        if not proposed:
            self.ask.mark(reply, state="empty")
        states = []
        for number, thought in enumerate(proposed, 1):
            name = f"{state.name}.{number}".lstrip(".")
            note = self.ask.note(f"thought {name}", thought, parent=state.number)
            states.append(State(name, (*state.path, thought), note))
        if not states:
            return []
        valued = await together(self._valued(each) for each in states)
        return sorted(valued, key=lambda each: -each.rank)

    async def _valued(self, state: State) -> State:
        """The mean of the values that could be read."""
        values = {"problem": self.problem, "state": state.text}
        label = f"value {state.name}"
        replies = await self.ask.samples(
            self.votes, "value", values, label=label, parent=state.number, brief=True
        )
        read = [value_in(reply.text) for reply in replies]
        for reply, each in zip(replies, read, strict=True):
            self.ask.mark(reply, value=each, state="" if each is not None else "no value")
        said = [each for each in read if each is not None]
        value = sum(said) / len(said) if said else None
        self.ask.mark(state.number, value=value)
        return replace(state, value=value)

    def told(self, state: State) -> None:
        """The best so far is the answer if a bound is reached now."""
        self.ask.so_far(state.text, state.path[-1] if state.path else None)

    async def breadth_first(self) -> State:
        """The best state of the deepest level."""
        kept = [State()]
        for _ in range(self.depth):
            levels = await together(self.children(state) for state in kept)
            found = sorted((state for level in levels for state in level), key=lambda each: -each.rank)
            if not found:
                break
            kept = found[: self.keep]
            for state in found:
                self.ask.mark(state.number, state="kept" if state in kept else "pruned")
            self.told(kept[0])
        return kept[0]

    async def depth_first(self, state: State = State()) -> State | None:
        """The first state that is deep enough and not impossible; None where all ways end."""
        if len(state.path) == self.depth:
            return state
        children = await self.children(state)
        tried = children[: self.keep]
        for child in children:
            ends = child.rank == 0 or child not in tried
            self.ask.mark(child.number, state="pruned" if ends else "waits")
        for child in tried:
            if child.rank == 0:
                continue
            self.ask.mark(child.number, state="kept")
            self.told(child)
            if (found := await self.depth_first(child)) is not None:
                return found
            self.ask.mark(child.number, state="given up")
        return None


async def tree_of_thoughts(
    task: Task,
    ask: Ask,
    tools: Tools,
    *,
    thoughts: Annotated[
        int, Field(ge=1, le=10, description="Next steps that are proposed for each state.")
    ] = 3,
    keep: Annotated[int, Field(ge=1, le=10, description="States that are gone on from at each level.")] = 2,
    depth: Annotated[int, Field(ge=1, le=10, description="Steps to the end.")] = 3,
    votes: Annotated[int, Field(ge=1, le=9, description="Values that are asked for each thought.")] = 1,
    search: Annotated[
        Literal["breadth", "depth"], Field(description="Level by level, or down and back.")
    ] = "breadth",
    answer: AnswerKind = "phrase",
) -> Answer:
    """The answer from the best path."""
    seeking = _Search(task.question, ask, thoughts, keep, depth, votes)
    try:
        best = await (seeking.breadth_first() if search == "breadth" else seeking.depth_first()) or State()
        if not best.path:  # no way was found: the model answers without one
            reply = await ask(task.messages, label="answer")
        else:
            seeking.told(best)
            values = {"problem": task.question, "state": best.text}
            reply = await ask("answer", values, label="answer", parent=best.number, brief=True)
            ask.mark(best.number, state="answer")
    except BoundReached:
        return ask.bounded_answer()
    found = answer_in(reply.text, answer)
    ask.mark(reply, extracted=found.text if found else "")
    return ask.answer(reply.text, extracted=found.text if found else None, path=best.name or "none")
