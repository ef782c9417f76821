"""What the words of the command line stand for: settings, a prompt, its values, its sampling.

    read_values(prompt, ["city=Paris", "stars=4", "text=@letter.txt"])
    → {"city": "Paris", "stars": 4, "text": "Dear …"}

Whatever cannot be understood raises a PlaygroundError; nothing is printed and nothing is run.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from playground.engine.gguf import read_header
from playground.errors import NotFoundError, PromptError, SettingsError
from playground.library.shipped import Language, read_prompt
from playground.runs.planning import schema_problem, with_defaults
from playground.scorers import check_problem
from playground.settings import Settings
from playground.techniques.registry import plain_or
from playground.templating.inputs import inputs_of, is_number, problem_of, with_kind
from playground.templating.rendering import check, normalise, variables
from playground.types.prompt import PRESETS, Input, Prompt, Sampling, TechniqueChoice
from playground.ui.alerts import validation_alert
from playground.workbench.service import Workbench


def load_settings(given: Mapping[str, Any], *, check_models: bool = True) -> Settings:
    """Settings from these options and the environment.

    Raises SettingsError and, with `check_models`, BackendError for a model file that cannot be used.
    """
    try:
        settings = Settings(**given)
    except ValidationError as exc:
        raise SettingsError(**validation_alert(exc)) from exc
    except ValueError as exc:  # what pydantic-settings raises for a variable that is not JSON
        hint = """Write a list as JSON, for example PLAYGROUND_MODELS='["model.gguf"]'."""
        field = re.search(r'field "(\w+)"', str(exc))
        name = f"PLAYGROUND_{field[1].upper()}" if field else "PLAYGROUND_…"
        raise SettingsError(f"{name} in the environment is no JSON.", hint) from exc
    try:
        models = tuple(path.expanduser().absolute() for path in settings.models)
        folder = settings.data_dir.expanduser().absolute()
    except RuntimeError as exc:
        raise SettingsError(
            "A path begins with the home of a user who is not there.", "Write it out."
        ) from exc
    for path in models if check_models else ():
        read_header(path)
    return settings.model_copy(update={"data_dir": folder, "models": models})


def address_of(settings: Settings) -> str:
    """What to type into a browser on this machine."""
    everywhere = settings.host in ("0.0.0.0", "::")
    host = settings.host if settings.is_open_to_network and not everywhere else "localhost"
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


class Found(NamedTuple):
    """A prompt; the file it came from, None for a saved one; what of that file the prompt does not hold."""

    prompt: Prompt
    file: Path | None = None
    losses: tuple[str, ...] = ()


def find_prompt(workbench: Workbench, name: str, language: Language | None = None) -> Found:
    """The prompt of a `.prompty` file, of a pattern's slug, or saved under that name ("Name@3", "Name@label").

    Of a pattern the wording that the slug names; with a language the one in that, where there is one.
    Raises PromptError for a file that cannot be read, NotFoundError for a name nobody has.
    """
    if name.endswith(".prompty"):
        prompt, losses = read_prompt(Path(name))
        return Found(prompt, Path(name), losses)
    try:
        pattern = workbench.prompts.library.get(name, language)
    except NotFoundError:
        pass
    else:
        if pattern.error:
            raise pattern.error
        return Found(pattern.prompt, pattern.file, pattern.losses)
    if any(workbench.store.find_prompt(title) for title in (name, name.rpartition("@")[0])):
        return Found(workbench.store.version_called(name.strip()).prompt)
    raise NotFoundError(f'There is no prompt "{name[:100]}".', "See what there is: playground list")


def choose_sampling(prompt: Prompt, preset: str, changes: dict[str, Any]) -> Sampling:
    """The preset, else the prompt's own sampling, else greedy, with what was changed; raises PromptError.

    A change that is None or an empty list is none.
    """
    base = prompt.sampling or Sampling()
    if preset:
        named = {name.casefold(): sampling for name, sampling in PRESETS.items()}
        if preset.casefold() not in named:
            raise PromptError(f'There is no preset "{preset[:60]}".', f"Presets: {', '.join(PRESETS)}.")
        base = named[preset.casefold()]
    changed = {key: value for key, value in changes.items() if value not in (None, (), [])}
    try:
        return Sampling.model_validate(base.model_dump() | changed)
    except ValidationError as exc:
        raise PromptError(**validation_alert(exc)) from exc


def read_values(prompt: Prompt, pairs: Iterable[str]) -> dict[str, Any]:
    """The values of `NAME=VALUE` arguments, of the kinds that the prompt declares or its text needs; raises PromptError."""
    asked = inputs_of(prompt, variables(normalise(prompt.turns)))
    values: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name:
            raise PromptError(f'"{pair[:60]}" is not NAME=VALUE.', "For example: --var city=Paris")
        if text.startswith("@@"):
            text = text[1:]
        elif text.startswith("@"):
            text = read_text(text[1:])
        field = asked.get(name) or Input(name=name)
        is_declared = any(item.name == name for item in prompt.inputs)
        values[name] = to_value(field, text) if is_declared else with_kind(field, text)
        try:
            json.dumps(values[name], ensure_ascii=False).encode()
        except UnicodeEncodeError as exc:
            raise PromptError(f'The value of "{name}" is not valid text.', "Give it as UTF-8.") from exc
    return values


def read_technique(
    name: str,
    options: Iterable[str],
    steps: Iterable[str],
    own: TechniqueChoice | None = None,
    words: Mapping[str, str] | None = None,
) -> TechniqueChoice | None:
    """The technique of `--technique`, else the prompt's `own`, with the pairs of `--option` and `--step`.

    `words` are the prompts of its steps where it is not the prompt's own. None without one, and for "single": the prompt
    as it is.
    """
    given = {"--option": _pairs("--option", options), "--step": _pairs("--step", steps)}
    if name and (own is None or own.name != name):
        own = TechniqueChoice(name=name, prompts=dict(words or {}))
    if own is not None:
        told = {"options": own.options | given["--option"], "prompts": own.prompts | given["--step"]}
        return plain_or(own.model_copy(update=told))
    for flag, pairs in given.items():
        if pairs:
            raise PromptError(
                f"{flag} belongs to a technique, and none is named.", "Name it: --technique NAME"
            )
    return None


def _pairs(flag: str, pairs: Iterable[str]) -> dict[str, str]:
    found = {}
    for pair in pairs:
        key, sign, value = pair.partition("=")
        if not sign or not key.strip():
            raise PromptError(f"{flag} {pair} is not NAME=VALUE.", f"For example: {flag} samples=5")
        found[key.strip().replace("-", "_") if flag == "--option" else key.strip()] = value
    return found


def read_text(name: str) -> str:
    """The text of a file or, for "-", of standard input, at most 16 MB of it; raises PromptError."""
    limit = 16_000_000
    try:
        with sys.stdin.buffer if name == "-" else Path(name).open("rb") as file:
            data = file.read(limit + 1)
        if len(data) > limit:
            raise PromptError(f"{name} is larger than {limit:,} bytes.", "Give a shorter text.")
        return data.decode()
    except UnicodeDecodeError as exc:
        raise PromptError(f"{name} is not UTF-8 text.", "Save it as UTF-8.") from exc
    except OSError as exc:
        hint = "Check the path; a text that begins with @ is written @@."
        raise PromptError(f"{name} cannot be read: {exc.strerror}.", hint) from exc


def to_value(field: Input, text: str) -> Any:
    """The text as a value of the field's kind; raises PromptError."""
    if field.kind in ("text", "long_text"):
        return text
    if field.kind == "choice":
        if field.choices and text not in field.choices:
            hint = f"Choices: {', '.join(field.choices)}."
            raise PromptError(f'"{field.name}" cannot be "{text[:60]}".', hint)
        return text
    if field.kind == "object" or field.kind == "list":
        if problem := problem_of(field, text) or (None if text.strip() else f'"{field.name}" is empty.'):
            keys = ", ".join(f'"{item.name}": …' for item in field.fields) or '"first": "Bo"'
            sample = f"{{{keys}}}" if field.kind == "object" else '["one", "two"]'
            raise PromptError(
                problem, f"For example: --var {field.name}='{sample}', or @FILE with JSON in it."
            )
        return with_kind(field, text)
    fits, wanted, sample = _JSON_KINDS[field.kind]
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not fits(value):
        raise PromptError(f'"{field.name}" must be {wanted}.', f"For example: --var {field.name}={sample}")
    return value


# kind -> whether a JSON value is of it, its name, an example
_JSON_KINDS: dict[str, tuple[Callable[[Any], bool], str, str]] = {
    "number": (is_number, "a number", "4.5"),
    "boolean": (lambda value: type(value) is bool, "true or false", "true"),
    "examples": (
        lambda value: type(value) is list,
        "a list as JSON",
        """'[{"input": "a", "output": "b"}]'""",
    ),
}


def require_ready(prompt: Prompt, values: dict[str, Any]) -> None:
    """Raises PromptError for a prompt that cannot run with these values, naming every variable it misses."""
    turns = normalise(prompt.turns)
    for problem in check(turns):
        raise problem
    for bad in filter(None, map(check_problem, prompt.checks)):
        raise PromptError(bad, "Correct the checks of the prompt.")
    if (bad_schema := schema_problem(prompt)) is not None:
        raise bad_schema
    used = variables(turns)
    known = dict.fromkeys([*(field.name for field in prompt.inputs), *(variable.name for variable in used)])
    for name in values.keys() - known.keys():
        hint = f"Variables: {', '.join(known) or 'none'}."
        raise PromptError(f'The prompt has no variable "{name}".', hint)
    given = with_defaults(prompt, values)
    missing = [variable.name for variable in used if not variable.optional and variable.name not in given]
    if missing:
        raise PromptError(
            f"These variables need a value: {', '.join(missing)}.",
            f"Give each with --var {missing[0]}=VALUE, or take the prompt's examples with --example.",
        )
