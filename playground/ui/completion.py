"""What the editor offers while a tag is typed: words that a template knows, and prompts to include.

template_words()  →  {"filters": {"upper": "in capitals", …}, "tests": {…}, "tags": {…}}
"""

from __future__ import annotations

from typing import Any

from playground.templating.sandbox import SANDBOX
from playground.templating.syntax import TAGS
from playground.ui.actions import Action, Ask
from playground.ui.update import Update
from playground.workbench.service import Workbench

MOST_NAMES = 100
FILTERS = {
    "abs": "without its sign", "capitalize": "first letter large", "default": "what stands for a missing value",
    "first": "its first item", "float": "as a number", "indent": "its lines moved in", "int": "as a whole number",
    "items": "pairs of names and values", "join": "its items as one text", "json": "as JSON", "last": "its last item",
    "length": "how many", "list": "as a list", "lower": "in small letters", "map": "one field of each item",
    "max": "the largest", "min": "the smallest", "random": "one item by chance", "reject": "without items that pass a test",
    "replace": "one text put for another", "reverse": "backwards", "round": "rounded", "select": "items that pass a test",
    "selectattr": "items whose field passes a test", "sort": "in order", "string": "as a text", "sum": "all added up",
    "title": "Each Word Large", "tojson": "as JSON", "trim": "without white space around it",
    "truncate": "cut to a length", "unique": "each item once", "upper": "in capitals", "wordcount": "how many words",
    "wordwrap": "in lines of a length",
}  # fmt: skip
TESTS = {
    "defined": "there is a value", "undefined": "there is no value", "none": "it is nothing", "number": "it is a number",
    "string": "it is a text", "mapping": "it has fields", "iterable": "one can go through it", "even": "it is even",
    "odd": "it is odd", "divisibleby": "no remainder",
}  # fmt: skip
TAG_WORDS = {
    "for": "once for each item of a list", "endfor": "ends for", "if": "only when something holds", "elif": "else when",
    "else": "otherwise", "endif": "ends if", "set": "give a name to a value", "include": "another prompt's text",
    "import": "another prompt's macros", "macro": "a text with gaps, used by its name", "endmacro": "ends macro",
    "raw": "braces as they are", "endraw": "ends raw", "filter": "a filter over a whole part", "endfilter": "ends filter",
    "with": "names for a part", "endwith": "ends with",
}  # fmt: skip


def template_words() -> dict[str, dict[str, str]]:
    """Filters, tests and tags, the usual ones first, each with a few words where there are any."""
    tests = [name for name in sorted(SANDBOX.tests) if name.isalpha()]
    return {
        "filters": FILTERS | {name: "" for name in sorted(SANDBOX.filters) if name not in FILTERS},
        "tests": TESTS | {name: "" for name in tests if name not in TESTS},
        "tags": TAG_WORDS | {name: "" for name in TAGS if name not in TAG_WORDS},
    }


async def include_names(workbench: Workbench, ask: Ask) -> Update:
    """Saved prompts of one turn as a tag names them: by name alone (the newest), at each label, at its newest number."""
    found = await workbench.saved.search(ask.text("search"), limit=MOST_NAMES)
    own = ask.compare_form().prompt_id
    contents = await workbench.saved.contents([row.id for row in found if row.id != own])
    names: list[dict[str, Any]] = []
    for row in found:
        if row.id not in contents or len(contents[row.id].prompt.turns) != 1:
            continue
        begins = " ".join(contents[row.id].prompt.turns[0].template.split())[:60]
        names.append({"text": row.name, "about": f"newest: {begins}"})
        names += [
            {"text": f"{row.name}@{label}", "about": f"version {number}"} for label, number in row.labels
        ]
        names.append({"text": f"{row.name}@{row.latest}", "about": "this version, whatever comes"})
    return {"names": names}


ACTIONS: dict[str, Action] = {"include_names": include_names}
