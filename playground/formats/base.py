"""What every interchange format takes and gives.

    write(Export) -> ExportFile(name, media_type, text, losses)
    read(text, file) -> (Reading(prompt, losses), …)     one for each prompt in the file

A loss is one line, "field: reason": what the other side cannot hold, or what was left behind on the way in.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from pydantic import ValidationError

from playground.errors import PromptError
from playground.types.files import ExportFile
from playground.types.generation import Message
from playground.types.prompt import TEXT_FIELDS, Input, Prompt, Sampling
from playground.types.scores import Score

MAX_PROMPTS = 2_000
"""Prompts in one file."""
NO_MODEL = "put-your-model-here"
"""What stands for the model in a file that must name one, when none was chosen."""
NO_FIELD = "this format has no such field"
OWN_TEXTS = tuple(field for field in TEXT_FIELDS if field not in ("name", "description", "tags"))
"""Texts that only our own part of a file's header holds."""


class Reading(NamedTuple):
    """A prompt read from a file, and what of the file it does not hold."""

    prompt: Prompt
    losses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Export:
    """Everything a format may want to write about one prompt, or one answer to it.

    `model` is a `ModelInfo.id` ("backend:name") or empty; `sampling` is what the answer was made with, or the prompt's
    own, and None where nobody said anything (see `stated`); `source` is the version or pattern
    that the prompt was taken from; `messages` are rendered with `values`, `case_messages` with each of the prompt's cases.
    """

    prompt: Prompt
    values: dict[str, Any] = field(default_factory=dict)
    messages: tuple[Message, ...] = ()
    answer: str | None = None
    model: str = ""
    sampling: Sampling | None = None
    version_hash: str = ""
    scores: tuple[Score, ...] = ()
    created: datetime | None = None
    case_messages: tuple[tuple[Message, ...], ...] = ()
    source: str = ""
    sample: tuple[int, int] | None = None
    """Which of how many samples the answer is, from 1; None for the only one."""

    @property
    def model_name(self) -> str:
        """The model's name as its server knows it, without our backend prefix."""
        return self.model.partition(":")[2] or self.model


@dataclass(frozen=True, slots=True)
class Format:
    """A row of FORMATS. `suffix` is what a written file's name ends with.

    `read` gives every prompt of a file, at least one, or raises PromptError. `write` of a row that `renders` writes
    the messages of an export (with `each_case` those of the prompt's cases too), all others its templates; a row with
    `only_cases` has no turns in its files, but cases and checks for a prompt that is here. `read_beside` is given the
    texts of the partials that lie beside the file, by name.
    """

    name: str
    label: str
    suffix: str
    media_type: str
    read: Callable[[str, str], tuple[Reading, ...]]
    write: Callable[[Export], ExportFile]
    renders: bool = False
    each_case: bool = False
    only_cases: bool = False
    read_beside: Callable[[str, str, Mapping[str, str]], tuple[Reading, ...]] | None = None


def one(read: Callable[[str, str], Reading]) -> Callable[[str, str], tuple[Reading, ...]]:
    """The `read` of a row whose files hold a single prompt."""
    return lambda text, file: (read(text, file),)


_RESERVED = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)$")


_STEM_BYTES = 180
"""File systems bound a name to 255 bytes, of which suffix and number need some; a Chinese letter has three."""


def file_name(name: str, suffix: str) -> str:
    """A safe file name from any prompt name: letters of every script, digits and hyphens, at most 60, plus the suffix.

    Latin letters lose accents and case, so that names are the same on every file system.
    """
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name[:1000]).casefold())
    kept = ""
    for char in text:
        ascii_text = unicodedata.normalize("NFKD", char).encode("ascii", "ignore").decode()
        is_mark = unicodedata.category(char).startswith("M") and not kept[-1:].isascii()
        kept += ascii_text or (char if char.isalnum() or is_mark else "" if ord(char) < 0x370 else "-")
    slug = re.sub(r"[^\w]+|_+", "-", kept)[:61].strip("-")[:60]
    return _stem(slug.encode("utf-8", "ignore")[:_STEM_BYTES].decode("utf-8", "ignore")) + suffix


def ascii_name(name: str) -> str:
    """The same of ASCII letters alone, for commands and names of models in other programs."""
    ascii_text = unicodedata.normalize("NFKD", name[:1000]).encode("ascii", "ignore").decode()
    return _stem(re.sub(r"[^a-z0-9]+", "-", ascii_text.lower())[:61].strip("-")[:60])


def _stem(slug: str) -> str:
    slug = slug.strip("-")
    return f"prompt-{slug}".strip("-") if not slug or _RESERVED.match(slug) else slug


def receipt(export: Export) -> dict[str, str]:
    """Short facts about where an export comes from, as label and text: what comments and tables show."""
    facts = {
        "Prompt": " ".join(export.prompt.name.split()),
        "Taken from": " ".join(export.source.split()),
        "Model": export.model,
        "Version": export.version_hash,
        "Created": local_time(export.created) if export.created else "",
        "Sampling": ", ".join(f"{key} {value}" for key, value in sampling_facts(export.sampling).items()),
    }
    if export.sample is not None:
        facts["Sample"] = f"{export.sample[0]} of {export.sample[1]}"
    facts |= {f"Score {score.name}": score_text(score) for score in export.scores}
    return {label: text for label, text in facts.items() if text}


def local_time(when: datetime) -> str:
    """A time for people: on the clock of this machine, with how far that is from UTC: 2026-01-02 01:00 (UTC+01:00)."""
    local = when.astimezone()
    return f"{local:%Y-%m-%d %H:%M} (UTC{local.isoformat()[-6:]})"


def stated(sampling: Sampling | None) -> dict[str, Any]:
    """The values that somebody gave, in the order of the fields; "no seed" is said by saying nothing."""
    given = {} if sampling is None else {key: getattr(sampling, key) for key in Sampling.model_fields}
    return {
        key: value
        for key, value in given.items()
        if sampling is not None and key in sampling.model_fields_set and (key, value) != ("seed", None)
    }


_OFF = Sampling(seed=None).model_dump(exclude={"temperature", "max_tokens", "seed"})


def sampling_losses(sampling: Sampling | None, held: Iterable[str]) -> list[str]:
    """A loss for each stated value that has no place; what is switched off needs none."""
    return [
        f"{key}: {NO_FIELD}"
        for key, value in stated(sampling).items()
        if key not in held and not (key in _OFF and value == _OFF[key])
    ]


def sampling_facts(sampling: Sampling | None) -> dict[str, str]:
    """The stated sampling values by name as text; an empty stop list is left out."""
    values = {key: value for key, value in stated(sampling).items() if value != ()}
    if "stop" in values:
        values["stop"] = json.dumps(values["stop"], ensure_ascii=False)
    return {key: str(value) for key, value in values.items()}


def score_text(score: Score) -> str:
    """A score on one line: its value with two decimals, or that it does not apply, and why."""
    value = "does not apply" if score.value is None else f"{score.value:.2f}"
    return f"{value} ({' '.join(score.explanation.split())})" if score.explanation else value


# --- what both directions share -------------------------------------------------------------------------


def checked(file: str, losses: list[str] | None = None, /, **fields: Any) -> Prompt:
    """The prompt with these fields. One that does not fit is left out and told in `losses`.

    Raises PromptError naming the file and the field where nobody listens, and for turns that do not fit.
    """
    while True:
        try:
            return Prompt.model_validate(fields)
        except ValidationError as exc:
            first = exc.errors()[0]
            name, *rest = first["loc"] or ("a field",)
            place = ".".join(map(str, (name, *rest)))
            if losses is None or name == "turns" or name not in fields:
                raise PromptError(
                    f"{file}: {place} cannot be used: {first['msg']}.",
                    "Correct that field and read it again.",
                ) from exc
            losses.append(f"{place}: left out, it cannot be used here ({first['msg']})")
            rows = fields.pop(str(name))
            if rest and isinstance(rest[0], int):  # one row of several
                fields[str(name)] = tuple(row for number, row in enumerate(rows) if number != rest[0])


def block(value: Any, where: str, losses: list[str]) -> dict[str, Any]:
    """A copy of the mapping, empty for nothing; anything else is a loss."""
    if value is not None and not isinstance(value, dict):
        losses.append(f"{where}: {shown(value)} is not a block of `key: value` lines, it is left out")
    return dict(value) if isinstance(value, dict) else {}


def as_rows(value: Any) -> list[Any]:
    """A list as it is, a lone value as a list of one, nothing as none."""
    return value if isinstance(value, list) else [] if value is None else [value]


def rows_in(value: Any, where: str, losses: list[str]) -> list[dict[str, Any]]:
    """The mappings of a list, a lone one as a list of one; what is none of them is a loss."""
    rows = as_rows(value)
    losses += [
        f"{where}: entry {number} ({shown(row)}) is not a block of `key: value` lines, it is left out"
        for number, row in enumerate(rows, 1)
        if not isinstance(row, dict)
    ]
    return [dict(row) for row in rows if isinstance(row, dict)]


def mapping(value: Any, where: str, file: str) -> dict[str, Any]:
    """A copy of the mapping, empty for nothing; raises PromptError for any other type."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise PromptError(
            f"{file}: `{where}` is not a block of `key: value` lines.", "Correct it or remove it."
        )
    return dict(value)


def as_text(value: Any) -> str:
    """The value as text, nothing as an empty one."""
    return "" if value is None else value if isinstance(value, str) else str(value)


def text_of_parts(content: Any, where: str, losses: list[str]) -> str:
    """The text of a message's content, which may be a list of parts; parts of other kinds are a loss."""
    if not isinstance(content, list):
        if isinstance(content, dict):
            return text_of_parts([content], where, losses)
        return as_text(content)
    parts = [part.get("text") if isinstance(part, dict) else part for part in content]
    texts = [part for part in parts if isinstance(part, str)]
    if len(texts) < len(parts):
        losses.append(f"{where}: only its text parts are kept")
    return "\n".join(texts)


def shown(value: Any) -> str:
    """A value of a foreign file in a message, cut where it is long."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def unheld(export: Export, *held: str) -> list[str]:
    """A loss for every field of the export that is filled and not `held`; turns and inputs are the caller's.

    Names are those of Prompt and Sampling, and `model`, `answer`, `scores`, `samples`; `sampling` holds all of its values.
    """
    empty = Prompt()
    own = [field for field in Prompt.model_fields if field not in ("turns", "inputs", "sampling")]
    filled = [field for field in own if getattr(export.prompt, field) != getattr(empty, field)]
    filled += [field for field in ("model", "scores") if getattr(export, field)]
    filled += ["answer"] if export.answer is not None else []
    filled += ["samples"] if export.sample is not None else []
    lost = [f"{field}: {NO_FIELD}" for field in filled if field not in (*held, "run_with")]
    if export.prompt.run_with is not None and "run_with" not in held:
        lost.append(
            f"run_with: other programs make one call of this prompt, without {export.prompt.run_with.words}"
        )
    return lost + ([] if "sampling" in held else sampling_losses(export.sampling, held))


def unheld_inputs(inputs: Iterable[Input], *held: str) -> list[str]:
    """A loss for every field of an input that is filled and not `held`."""
    return [
        f"inputs.{item.name}.{field}: {NO_FIELD}"
        for item in inputs
        for field, value in item
        if field not in ("name", *held) and value != Input.model_fields[field].default
    ]
