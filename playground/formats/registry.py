"""The registry: one row a format.

FORMATS["promptfoo"].read(text, "promptfooconfig.yaml")  →  (Reading(prompt, losses), …)
"""

from __future__ import annotations

from dataclasses import replace

from playground.errors import PromptError
from playground.formats import (
    chat_lines,
    dotprompt,
    github_models,
    jinja,
    langchain,
    llm_template,
    markdown,
    modelfile,
    open_webui,
    openai_batch,
    openai_chat,
    promptfoo,
    promptfoo_csv,
    prompty,
    text,
)
from playground.formats.base import Format
from playground.formats.read_back import read_back

FORMATS: dict[str, Format] = {
    row.name: replace(row, write=read_back(row))
    for row in (
        prompty.FORMAT,
        dotprompt.FORMAT,
        github_models.FORMAT,
        promptfoo.FORMAT,
        promptfoo_csv.FORMAT,
        openai_chat.FORMAT,
        openai_batch.FORMAT,
        chat_lines.FORMAT,
        modelfile.FORMAT,
        langchain.FORMAT,
        llm_template.FORMAT,
        open_webui.FORMAT,
        jinja.FORMAT,
        markdown.FORMAT,
        text.FORMAT,
    )
}


def find_format(name: str) -> Format:
    """The row of that name; raises PromptError when there is none."""
    if name not in FORMATS:
        raise PromptError(f'There is no format "{name}".', f"Formats: {', '.join(FORMATS)}.")
    return FORMATS[name]
