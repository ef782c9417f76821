"""The words of a technique's steps: the library has each in English and in Chinese.

fitting(library, steps, prompt, values, reader="zh")  →  {"propose": "techniques/tree-of-thoughts/propose.zh", …}

Chosen once, when a technique is: what is chosen stands in `TechniqueChoice.prompts` like a prompt of one's own, goes with
the prompt and into its runs, and changes with nothing that happens later. A choice that names none stays English.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from playground.library.shipped import Language, Library, worded
from playground.techniques.base import StepPrompt
from playground.types.prompt import Prompt

_PLACEHOLDER = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)


def wordings(library: Library, steps: Sequence[StepPrompt]) -> dict[str, dict[str, str]]:
    """Languages in which all steps are worded besides English: each step's prompt in it by the step's name."""
    found = {}
    for language in ("zh",):
        slugs = {step.name: worded(step.slug, language) for step in steps}
        if slugs and all(library.find(slug) for slug in slugs.values()):
            found[language] = slugs
    return found


def fitting(
    library: Library,
    steps: Sequence[StepPrompt],
    prompt: Prompt,
    values: Mapping[str, Any],
    reader: Language = "en",
) -> dict[str, str]:
    """The prompts of the steps for a reader of Chinese, or beside a prompt in Chinese; none for the English ones."""
    if reader != "zh" and not is_chinese(prompt, values):
        return {}
    return wordings(library, steps).get("zh", {})


def is_chinese(prompt: Prompt, values: Mapping[str, Any]) -> bool:
    """Whether the prompt's own words are Chinese, at least as many as are not; of one without words, its values."""
    own = _PLACEHOLDER.sub(" ", "\n".join(turn.template for turn in prompt.turns))
    text = own if re.search(r"[^\W\d_]", own) else "\n".join(str(value) for value in values.values())
    characters = len(re.findall("[\u3400-\u9fff]", text))
    return characters > 0 and characters >= len(re.findall(r"[A-Za-z]+", text))
