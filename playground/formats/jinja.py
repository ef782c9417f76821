"""Jinja2 templates (`.j2`): the templates of the turns as they are, each after a line with its role.

system:
You classify reviews.

user:
Review: {{ review }}
"""

from __future__ import annotations

from playground.errors import PromptError
from playground.formats.base import Export, Format, Reading, checked, file_name, one, unheld, unheld_inputs
from playground.formats.simple import used_inputs
from playground.formats.yaml_text import MAX_BYTES
from playground.templating.rendering import check, join_turns, normalise, split_turns
from playground.templating.syntax import role_lines
from playground.types.files import ExportFile
from playground.types.prompt import Turn

SUFFIX = ".j2"
MEDIA_TYPE = "text/plain"


def write(export: Export) -> ExportFile:
    """The templates and nothing else; what the prompt has beside them is named."""
    prompt, losses = export.prompt, unheld(export)
    used = {item.name for item in used_inputs(prompt.turns)}
    losses += [f"inputs.{item.name}: not in the text" for item in prompt.inputs if item.name not in used]
    losses += unheld_inputs(item for item in prompt.inputs if item.name in used)
    text = join_turns(prompt.turns)
    if split_turns(text) != normalise(prompt.turns):
        losses.append("turns: a block or comment that is not closed runs into the next turn; close it first")
    return ExportFile(file_name(prompt.name, SUFFIX), MEDIA_TYPE, text, tuple(losses))


def read(text: str, file: str = "The file") -> Reading:
    """The turns of a template; without role lines it is one user turn. Nothing is rendered.

    What will not render is named. Raises PromptError for a file that is too large.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise PromptError(f"{file} is larger than {MAX_BYTES:,} bytes.", "A prompt is a few kilobytes.")
    body = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    turns = split_turns(body) if role_lines(body) else normalise([Turn(role="user", template=body)])
    problems = [f"template: {problem.message}" for problem in check(turns)]
    return Reading(checked(file, turns=turns, inputs=used_inputs(turns)), tuple(problems))


FORMAT = Format("jinja", "Jinja2 template", SUFFIX, MEDIA_TYPE, one(read), write)
