"""Promptfoo's assertions ⇄ our checks, one at a time.

    {"type": "not-icontains", "value": "{{bad}}", "weight": 2}
    ⇄ Check(scorer="contains", options={"text": "{{bad}}", "ignore_case": True}, negate=True, weight=2)

White space around an answer never counts here; there it does for `equals` and `starts-with`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from playground.errors import PromptError
from playground.scorers import SCORERS, check_name, check_problem
from playground.scorers.options import PLACEHOLDER, read_options
from playground.tables import json_text
from playground.types.prompt import Check

VALUE = {  # scorer -> the option that holds an assertion's value
    "equals": "text",
    "contains": "text",
    "contains_all": "texts",
    "contains_any": "texts",
    "starts_with": "text",
    "regex": "pattern",
}
TYPES: dict[
    str, tuple[str, bool | None]
] = {  # type -> scorer, whether it ignores case (None: no such option)
    "equals": ("equals", False),
    "contains": ("contains", False),
    "icontains": ("contains", True),
    "contains-all": ("contains_all", False),
    "icontains-all": ("contains_all", True),
    "contains-any": ("contains_any", False),
    "icontains-any": ("contains_any", True),
    "starts-with": ("starts_with", False),
    "regex": ("regex", False),
    "is-json": ("json", None),
    "contains-json": ("contains_json", None),
}
REFERENCE = re.compile(r"\s*(?:file://|exec:|package:)", re.I)
"""A value that promptfoo would load or run."""
_TEMPLATE = re.compile(r"\{\{|\{%|\{#")
# What Python's patterns have and JavaScript's have not, or read otherwise.
_ONLY_PYTHON = re.compile(r"\(\?P|\(\?[a-zA-Z]|\(\?>|\(\?#|\\[AZzQpPNXRKh]|[*+?}]\+|\[\[:")


# --- reading ------------------------------------------------------------------------------------------------


def read_assert(data: Any, where: str, losses: list[str]) -> Check | None:
    """The check that an assertion stands for, or None with a loss."""
    if not isinstance(data, dict) or not isinstance(data.get("type"), str):
        losses.append(f"{where}: an assertion without a type")
        return None
    name: str = data["type"]
    if name not in TYPES and name.removeprefix("not-") not in TYPES:
        code = name.removeprefix("not-") in ("javascript", "python", "ruby", "webhook")
        losses.append(
            f"{where} {name[:60]}: {'refused, nothing is executed' if code else 'no check here does the same'}"
        )
        return None
    scorer, ignore_case = TYPES[name.removeprefix("not-")]
    options: dict[str, Any] = {} if ignore_case is None else {"ignore_case": ignore_case}
    value = data.get("value")
    if isinstance(value, str) and REFERENCE.match(value):
        losses.append(f"{where} {name}: {value[:60]!r} is refused, nothing is fetched or executed")
        return None
    if scorer in ("json", "contains_json"):
        schema = _schema(value)
        if value is not None and schema is None:
            losses.append(f"{where} {name}: its value is not a JSON schema")
            return None
        if schema is not None:
            scorer, options = "json_schema" if scorer == "json" else scorer, {"schema": schema}
    elif VALUE[scorer] == "texts":
        texts = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else []
        options["texts"] = [text.strip() if isinstance(value, str) else text for text in map(_scalar, texts)]
    else:
        options[VALUE[scorer]] = _scalar(value)
    if any(_TEMPLATE.search(PLACEHOLDER.sub("", text)) for text in _texts(options)):
        losses.append(f"{where} {name}: its value is a template, only plain variables are filled in here")
        return None
    weight = data.get("weight", 1)
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 < weight <= 1000:
        losses.append(f"{where} {name}: a weight of {str(weight)[:20]} is not possible here")
        return None
    check = Check(scorer=scorer, options=options, negate=name.startswith("not-"), weight=weight)
    if problem := check_problem(check):
        losses.append(f"{where} {name}: {problem}")
        return None
    losses += [
        f"{where} {name}.{key}: there is no such field here"
        for key in data
        if key not in ("type", "value", "weight")
    ]
    return check


def _scalar(value: Any) -> str:
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def _texts(options: Mapping[str, Any]) -> list[str]:
    values = [item for value in options.values() for item in (value if isinstance(value, list) else [value])]
    return [value for value in values if isinstance(value, str)]


def _schema(value: Any) -> dict[str, Any] | None:
    if isinstance(value, str):
        try:
            value = json_text.load(value, file="schema")
        except PromptError:
            return None
    return value if isinstance(value, dict) else None


# --- writing ------------------------------------------------------------------------------------------------


def write_assert(
    check: Check, losses: list[str], row: Mapping[str, Any] | None = None
) -> dict[str, Any] | None:
    """The assertion for a check, or None with a loss; with a `row`, lists of that case are filled in."""
    name = check_name(check)
    if check_problem(check):
        losses.append(f"checks: {name}: the check cannot be used as it is")
        return None
    data: dict[str, Any]
    if check.scorer in ("json", "json_schema", "contains_json"):
        schema = check.options.get("schema")
        data = {"type": "contains-json" if check.scorer == "contains_json" else "is-json"}
        data |= {} if schema is None else {"value": schema}
        if data.get("value") is True or data.get("value") is False:
            losses.append(f"checks: {name}: a schema that is only yes or no has no place there")
            return None
        if check.options.get("allow_fence"):
            losses.append(f"checks: {name}: a code fence around the JSON fails there")
    elif check.scorer in VALUE:
        kind, value = _kind(check, name, losses), check.options[VALUE[check.scorer]]
        if not kind:
            return None
        if check.scorer.startswith("contains_") and isinstance(value, str):
            value = value.splitlines()
        if row is not None and isinstance(value, list):
            value = read_options(SCORERS[check.scorer].function, check.options, row)["texts"]
        data = {"type": kind, "value": value}
    else:
        losses.append(f"checks: {name}: there is no assertion that does the same")
        return None
    if check.negate:
        data["type"] = f"not-{data['type']}"
    return data | ({"weight": check.weight} if check.weight != 1 else {})


def _kind(check: Check, name: str, losses: list[str]) -> str:
    """The assertion's type; where upper and lower case cannot be treated the same there, that is a loss."""
    if check.scorer == "regex":
        pattern = str(check.options["pattern"])
        if check.options.get("ignore_case") or _ONLY_PYTHON.search(pattern):
            losses.append(f"checks: {name}: JavaScript reads this pattern differently")
            return ""
        return "regex"
    ignore_case = bool(check.options.get("ignore_case", True))
    kinds = {wanted: kind for kind, (scorer, wanted) in TYPES.items() if scorer == check.scorer}
    if ignore_case not in kinds:
        losses.append(f"checks: {name}: upper and lower case differ there")
    return kinds.get(ignore_case) or kinds[False]
