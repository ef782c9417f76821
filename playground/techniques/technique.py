"""What a technique is: a function with its names, its steps and its needs; whether it can run here, and running it.

row = Technique("package.module:function", "Say it twice", "重复提问", "the question, repeated", steps)
answer = await run_technique(row, task, ask, tools, row.read({"max_calls": 3}))
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, Literal

from playground.errors import PromptError
from playground.techniques.asking import Ask
from playground.techniques.base import StepPrompt, Task, Tools
from playground.techniques.calls import BoundReached, Bounds
from playground.techniques.options import Option, options_of, read_options
from playground.types.trace import Answer

Need = Literal["vision", "documents", "dataset", "sandbox", "tools"]
"""What must be there before a technique can run; the words for what lacks stand in `LACKS`."""

LACKS: dict[Need, str] = {
    "vision": "needs an image and a model that can see",
    "documents": "needs documents to look things up in",
    "dataset": "needs further cases with an expected answer",
    "sandbox": "needs the sandbox for code, which is off",
    "tools": "needs a tool",
}

Function = Callable[..., Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Technique:
    """One row: the function (or "module:function", imported when used), its names, steps and needs.

    `about` is half a sentence for a list. `max_calls` is the bound where none is chosen. `is_in_guide` is whether the
    Prompt Engineering Guide has it.
    """

    function: Function | str
    title: str
    title_zh: str
    about: str = ""
    steps: tuple[StepPrompt, ...] = ()
    needs: frozenset[Need] = frozenset()
    is_in_guide: bool = True
    max_calls: int = 40
    steps_of: Callable[[Mapping[str, Any]], tuple[StepPrompt, ...]] | None = None
    """The steps where they depend on the options."""

    @property
    def run(self) -> Function:
        """The function itself."""
        return _function(self.function) if isinstance(self.function, str) else self.function

    @property
    def options(self) -> tuple[Option, ...]:
        """What it can be told."""
        return options_of(self.run, self.max_calls)

    def read(self, given: Mapping[str, Any], name: str = "") -> dict[str, Any]:
        """All options from what was given; raises OptionsError."""
        return read_options(self.run, given, technique=name or self.title, max_calls=self.max_calls)

    def prompted(self, options: Mapping[str, Any]) -> tuple[StepPrompt, ...]:
        """The steps that have words of their own, with these options."""
        return self.steps if self.steps_of is None else self.steps_of(options)


def lacking(row: Technique, there: Collection[Need]) -> str:
    """Half a sentence on what a technique lacks here; "" when it can run."""
    return next((LACKS[need] for need in LACKS if need in row.needs and need not in there), "")


def check_step(
    step: StepPrompt,
    used: Collection[str],
    required: Collection[str],
    prompt: str,
    values: Collection[str] = (),
) -> None:
    """Whether a prompt can be used for that step; raises PromptError naming the variable.

    `used` are the names that its template has, `required` those without a default; `values` are the case's own.
    """
    for name in step.needs:
        if name not in used:
            raise PromptError(
                f'"{prompt}" cannot be the step "{step.name}": it has no {{{{ {name} }}}}.',
                "Put the variable into it, or choose another prompt for the step.",
            )
    for name in required:
        if name not in (*step.needs, *step.may, *values):
            given = ", ".join((*step.needs, *step.may))
            raise PromptError(
                f'"{prompt}" cannot be the step "{step.name}": nothing gives it {{{{ {name} }}}}.',
                f"The step is given: {given}. Give the variable a default, or take it out.",
            )


async def run_technique(
    row: Technique, task: Task, ask: Ask, tools: Tools, options: Mapping[str, Any]
) -> Answer:
    """The answer of a technique with options that were read; a bound that it reaches is a result."""
    own = {name: value for name, value in options.items() if name not in ("max_calls", "max_tokens")}
    ask.bounds = Bounds(options.get("max_calls", row.max_calls), options.get("max_tokens"))
    try:
        return await row.run(task, ask, tools, **own)
    except BoundReached:
        return ask.bounded_answer()


@cache
def _function(where: str) -> Function:
    module, _, name = where.partition(":")
    function: Function = getattr(import_module(module), name)
    return function
