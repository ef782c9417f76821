"""The registry: one row a technique; other packages add theirs in the entry-point group `playground.techniques`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Literal

from playground.errors import NotFoundError, PromptError, SettingsError
from playground.techniques.asking import Ask, BoundReached, Bounds
from playground.techniques.base import Task, Tools
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
class StepPrompt:
    """A step with words of its own: a library prompt by its slug, which a fork may replace.

    `needs` are the variables without which the step means nothing, `may` the further ones that it is given.
    """

    name: str
    slug: str
    needs: tuple[str, ...] = ()
    may: tuple[str, ...] = ()


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


SINGLE = "single"
"""The prompt as it is: what a column does without a technique."""

TECHNIQUES: dict[str, Technique] = {
    SINGLE: Technique(
        "playground.techniques.single:single", "The prompt as it is", "原样提示", "one call", max_calls=1
    ),
}


def rows() -> dict[str, Technique]:
    """`TECHNIQUES` and what other packages register; a name of ours stays ours."""
    return _registered() | TECHNIQUES


@cache
def _registered() -> dict[str, Technique]:
    found = {}
    for point in entry_points(group="playground.techniques"):
        row = point.load()
        if not isinstance(row, Technique):
            raise SettingsError(
                f'The technique "{point.name}" of another package is no `Technique`.',
                f"Ask who made {point.value.partition(':')[0]} for a newer one, or uninstall it.",
            )
        found[point.name] = replace(row, is_in_guide=False)
    return found


def technique_of(name: str) -> Technique:
    """The row of that name; raises NotFoundError with the nearest one."""
    table = rows()
    if name in table:
        return table[name]
    near = get_close_matches(name.casefold().replace(" ", "-").replace("_", "-"), table, n=1)
    known = f'Do you mean "{near[0]}"?' if near else f"Techniques: {', '.join(table)}."
    raise NotFoundError(f'There is no technique "{name[:60]}".', known)


def lacking(row: Technique, there: Collection[Need]) -> str:
    """Half a sentence on what a technique lacks here; "" when it can run."""
    return next((LACKS[need] for need in LACKS if need in row.needs and need not in there), "")


def check_step(step: StepPrompt, used: Collection[str], required: Collection[str], prompt: str) -> None:
    """Whether a prompt can be used for that step; raises PromptError naming the variable.

    `used` are the names that its template has, `required` those without a default.
    """
    for name in step.needs:
        if name not in used:
            raise PromptError(
                f'"{prompt}" cannot be the step "{step.name}": it has no {{{{ {name} }}}}.',
                "Put the variable into it, or choose another prompt for the step.",
            )
    for name in required:
        if name not in (*step.needs, *step.may):
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
