"""Checks on an answer: the registry of scorers and the one function that applies a check.

    score(Check(scorer="length", options={"max": 70}), Sample(answer="…"))
    → Score("at most 70 words", 0.0, "…", "77 words, 7 over", weight=1.0)

A scorer is a pure function `(sample, *, options) -> Score`; its keyword options are the schema for YAML and for
the form. Any text among them may hold `{{ name }}`, the value of that variable in the case.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, NamedTuple

from playground.answers.wording import clip, quote
from playground.errors import PromptError
from playground.scorers.options import (
    NoValue,
    Option,
    OptionError,
    filled_options,
    options_from,
    placeholders,
    read_options,
    written_options,
)
from playground.scorers.registry import QUICK_CHARS, SCORERS, Group, Scorer
from playground.types.prompt import Check
from playground.types.scores import Question, Sample, Score

log = logging.getLogger(__name__)

__all__ = [
    "SCORERS",
    "Group",
    "Option",
    "Scorer",
    "all_passed",
    "check_called",
    "check_name",
    "check_problem",
    "is_quick",
    "is_unfilled",
    "names_called",
    "options_of",
    "passed",
    "questions",
    "score",
    "score_all",
    "summary",
]


def score(check: Check, sample: Sample) -> Score:
    """The verdict of one check on one answer, negated and weighted as the check says.

    Raises PromptError for a check that cannot be applied to any answer. None ("does not apply") for an answer
    that is incomplete and for a case without the value that a placeholder names.
    """
    return _scored(check, _ready(check), sample)


def _scored(check: Check, ready: _Ready, sample: Sample) -> Score:
    if ready.problem is not None:
        # A new one each time: an exception that is raised again keeps whatever it passed through.
        raise PromptError(ready.problem.message, ready.problem.hint)
    options, name = ready.options, ready.name
    scorer = SCORERS[check.scorer]
    if sample.finish not in scorer.finishes:
        return _not_applicable(check, name, sample, "the answer is incomplete")
    if ready.depends:
        try:
            options = filled_options(scorer.function, check.options, options, sample.values or {})
        except (NoValue, OptionError) as exc:
            return _not_applicable(check, name, sample, str(exc).rstrip("."))
        if reason := scorer.problem(**options):
            # The check itself was found good above: it is this case's value that does not fit.
            return _not_applicable(check, name, sample, reason.rstrip("."))
    result = scorer.function(sample, **options)
    if check.negate:
        result = _negated(result)
    return Score(
        name, result.value, result.answer, result.explanation, check.weight, ready.mark, result.probability
    )


def score_all(checks: Iterable[Check], sample: Sample) -> tuple[Score, ...]:
    """One score per check, in their order; raises PromptError like `score`, but not for one that is unfilled.

    A scorer that fails in a way nobody foresaw costs that one score, whose explanation says so.
    """
    return tuple(_score_safely(check, sample) for check in checks)


def questions(checks: Iterable[Check], sample: Sample) -> tuple[Question, ...]:
    """What must be found out before these checks can judge the answer, each once; nothing for a check that does not apply."""
    found: dict[Question, None] = {}
    for check in checks:
        row = SCORERS.get(check.scorer)
        if row is None or row.asks is None or sample.finish not in row.finishes or is_unfilled(check):
            continue
        if check.example and not sample.is_example:
            continue
        try:
            _checked(check)
            question = row.asks(sample, **read_options(row.function, check.options, sample.values or {}))
        except (PromptError, NoValue, OptionError):  # `score` says so
            continue
        if question is not None:
            found[question] = None
    return tuple(found)


def _score_safely(check: Check, sample: Sample) -> Score:
    try:
        ready = _ready(check)
        if check.example and not sample.is_example:
            result = _not_applicable(check, check_name(check), sample, "it belongs to the example values")
        elif ready.is_unfilled:
            result = _not_applicable(check, _called(check), sample, "it is not filled in yet")
        else:
            result = _scored(check, ready, sample)
        if result.value is not None and not 0 <= result.value <= 1:  # NaN too
            raise ValueError(f"a score of {result.value}")
    except PromptError:
        raise
    except Exception as exc:
        log.exception('the check "%s" failed', check.scorer)
        reason = f"this check failed with {type(exc).__name__}, which is a fault of the program"
        result = _not_applicable(check, _called(check), sample, reason)
    return result if result.check_hash else replace(result, check_hash=check_hash(check))


class _This:
    """A check known by being this very object: a run asks of the same few for each of its answers."""

    __slots__ = ("check",)

    def __init__(self, check: Check) -> None:
        self.check = check

    def __hash__(self) -> int:
        return id(self.check)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _This) and other.check is self.check


class _Ready(NamedTuple):
    """What of a check is the same for every answer."""

    is_unfilled: bool
    problem: PromptError | None
    """Why it fits no answer; where there is one, what follows says nothing."""
    options: dict[str, Any]
    depends: bool
    """Whether its options mention values of the case; in their places stands "1"."""
    name: str
    mark: str
    """What `check_hash` gives."""


def _ready(check: Check) -> _Ready:
    """What of the check is the same for every answer, found out once."""
    return _readied(_This(check))


@lru_cache(maxsize=256)
def _readied(this: _This) -> _Ready:
    check = this.check
    is_empty = is_unfilled(check)
    try:
        options = _checked(check)
    except PromptError as exc:
        return _Ready(is_empty, exc.with_traceback(None), {}, False, "", "")
    depends = bool(placeholders(check.options))
    name = _name(check) if depends else _sentence(check, options)
    return _Ready(is_empty, None, options, depends, name, check_hash(check))


def check_hash(check: Check) -> str:
    """The same for checks that ask for the same, whatever their weight: 16 hexadecimal digits."""
    return _hash_of(_This(check))


@lru_cache(maxsize=256)
def _hash_of(this: _This) -> str:
    asked = this.check.model_dump(mode="json", exclude={"weight", "example"})
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:16]


def _called(check: Check) -> str:
    try:
        return check_name(check)
    except Exception:  # the scorer's own words may be what failed
        return check.scorer


def is_quick(checks: Iterable[Check], sample: Sample) -> bool:
    """Whether applying these checks surely takes less than the hop to another thread would."""
    size = len(sample.answer)
    return size <= QUICK_CHARS and all(
        (row := SCORERS.get(check.scorer)) is not None and size <= row.quick_chars(check.options)
        for check in checks
    )


def is_unfilled(check: Check) -> bool:
    """Whether somebody has begun this check and not yet said what it looks for: a needed option stands there empty."""
    if check.scorer not in SCORERS:
        return False
    if (any_of := SCORERS[check.scorer].needs_any) and all(
        check.options.get(name) in (None, "") for name in any_of
    ):
        return True
    needed = [option for option in options_of(check.scorer) if option.required and option.kind != "json"]
    return any(_is_empty(check.options[option.name]) for option in needed if option.name in check.options)


def _is_empty(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(isinstance(item, str) and not item.strip() for item in value)
    return isinstance(value, str) and not value.strip()


def check_problem(check: Check) -> str | None:
    """Why the check cannot be applied to any answer, with what to do, or None; needs no answer."""
    problem = _problem(check)
    return str(problem) if problem else None


def check_name(check: Check) -> str:
    """A short sentence for the check: `contains "Paris"`, `at most 70 words`, `not: valid JSON`.

    Placeholders stay as written, so that the name is the same in every case. A check that cannot be applied is
    called by its scorer's name.
    """
    if _problem(check) is None:
        return _name(check)
    return _name_of(check, clip(check.scorer) or "a check without a scorer")


def check_called(checks: Iterable[Check], name: str) -> Check | None:
    """The check of that name; else the first that versions before 0.7 called so, which left out a judge's model."""
    given = list(checks)
    by_name = (check for called in (check_name, _former_name) for check in given if called(check) == name)
    return next(by_name, None)


def names_called(checks: Iterable[Check], name: str) -> tuple[str, ...]:
    """What stored scores of the check of that name may be called: so, and as this program calls it now."""
    found = check_called(checks, name)
    return (name,) if found is None or check_name(found) == name else (name, check_name(found))


def _former_name(check: Check) -> str:
    """A name that a check had in earlier versions of the program; "" for one that has kept its own."""
    if check.scorer == "language":  # a code stood for itself
        language = clip(str(check.options.get("language", "")), 40)
        return _name_of(check, f"in {language}")
    if check.scorer != "judge" or not check.options.get("model"):
        return ""
    options = {name: value for name, value in check.options.items() if name != "model"}
    return check_name(check.model_copy(update={"options": options}))


def options_of(name: str) -> tuple[Option, ...]:
    """The options of a scorer for a form or a table; raises PromptError for an unknown one."""
    if name not in SCORERS:
        raise _unknown_scorer(name)
    return options_from(SCORERS[name].function)


def all_passed(scores: Iterable[Score]) -> bool | None:
    """Whether every check that applies is met in full; None when none applies."""
    applied = [score for score in scores if score.value is not None]
    return all(passed(score) for score in applied) if applied else None


def summary(scores: Iterable[Score]) -> float | None:
    """The weighted mean in 0..1 of the scores that apply, None when none does."""
    applying = [(score.value, score.weight) for score in scores if score.value is not None]
    total = sum(weight for _, weight in applying)
    return sum(value * weight for value, weight in applying) / total if total else None


def passed(score: Score) -> bool | None:
    """Whether the check is met in full; None when it does not apply. A part score has not passed."""
    return None if score.value is None else score.value >= 1


def _name(check: Check) -> str:
    return _sentence(check, written_options(SCORERS[check.scorer].function, check.options))


def _sentence(check: Check, options: Mapping[str, Any]) -> str:
    return _name_of(check, SCORERS[check.scorer].sentence(options))


def _name_of(check: Check, sentence: str) -> str:
    return f"not: {sentence}" if check.negate else sentence


def _problem(check: Check) -> PromptError | None:
    try:
        _checked(check)
    except PromptError as exc:
        return exc
    return None


def _checked(check: Check) -> dict[str, Any]:
    """The options, with "1" in the place of each value; raises PromptError for a check that fits no answer."""
    return _options_of(_This(check))


@lru_cache(maxsize=256)
def _options_of(this: _This) -> dict[str, Any]:
    check = this.check
    scorer = SCORERS.get(check.scorer)
    if scorer is None:
        raise _unknown_scorer(check.scorer)
    reason: str | None
    try:
        options = read_options(scorer.function, check.options)
        reason = scorer.problem(**options)
    except OptionError as exc:
        reason = str(exc)
    if reason:
        check_label = scorer.label
        raise PromptError(f'The check "{check_label}" cannot be used.', reason)
    return options


def _unknown_scorer(name: str) -> PromptError:
    close = get_close_matches(name[:100], SCORERS, n=1)
    hint = f'Did you mean "{close[0]}"?' if close else f"The checks are: {', '.join(SCORERS)}."
    return PromptError(f"There is no check {quote(name)}.", hint)


def _not_applicable(check: Check, name: str, sample: Sample, reason: str) -> Score:
    return Score(name, None, sample.answer.strip(), f"does not apply: {reason}", check.weight)


def _negated(result: Score) -> Score:
    """The opposite verdict; the fact stays, and whether it was wanted is said anew."""
    if result.value is None:
        return result
    wanted = {0.0: ", as wanted", 1.0: ", which is not wanted"}.get(result.value, "")
    sure = None if result.probability is None else 1 - result.probability
    return replace(result, value=1 - result.value, explanation=result.explanation + wanted, probability=sure)
