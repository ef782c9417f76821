"""What a check is called: a short sentence from its options, such as `at most 70 words`.

Placeholders stay as written, so that an option of any kind may be a text here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from playground.answers.wording import clip, quote, quote_all, show_number
from playground.scorers.language import LANGUAGES

Options = Mapping[str, Any]


def number_sentence(options: Options) -> str:
    """Such as "number 1,142 within 0.5"."""
    tolerance = options["tolerance"]
    return f"number {shown(options['expected'])}" + (f" within {shown(tolerance)}" if tolerance else "")


def levenshtein_sentence(options: Options) -> str:
    """Such as "at least 0.8 similar to …"."""
    text, at_least = quote(options["text"], 40), options["at_least"]
    return f"similar to {text}" if at_least is None else f"at least {shown(at_least)} similar to {text}"


def _unit(bound: int, unit: str) -> str:
    """`unit` as it is chosen is in the plural; its singular for exactly one."""
    return unit.removesuffix("s") if bound == 1 else unit


def length_sentence(options: Options) -> str:
    """Such as "at most 70 words"."""
    low, high, unit = options["min"], options["max"], options["unit"]
    if low is not None and high is not None:
        amount = f"exactly {shown(low)}" if low == high else f"{shown(low)} to {shown(high)}"
        return f"{amount} {_unit(high, unit)}"
    bound = low if high is None else high
    return f"{'at least' if high is None else 'at most'} {shown(bound)} {_unit(bound, unit)}"


def schema_sentence(options: Options) -> str:
    """Such as "JSON matching …", by the schema's title."""
    schema = options["schema"]
    title = schema.get("title") if isinstance(schema, dict) else None
    return (
        f"JSON matching {quote(title, 40)}" if isinstance(title, str) and title else "JSON matching a schema"
    )


def contains_json_sentence(options: Options) -> str:
    """Such as "contains JSON"."""
    return "contains JSON" if options["schema"] is None else f"contains {schema_sentence(options)}"


def shown(value: Any) -> str:
    """A number as people write it, anything else as it is."""
    return show_number(float(value)) if isinstance(value, int | float) else str(value)


def within(noun: str, options: Options) -> str:
    """Something with a least and a most value: "reading grade 6 to 8"."""
    low, high = options["min"], options["max"]
    if low is not None and high is not None:
        return f"{noun} {shown(low)} to {shown(high)}"
    return f"{noun} at most {shown(high)}" if low is None else f"{noun} at least {shown(low)}"


def reference_sentence(what: str, options: Options) -> str:
    """A measure against a reference: "ROUGE-L of at least 0.4 against …"."""
    at_least = options["at_least"]
    asked = "" if at_least is None else f" of at least {shown(at_least)}"
    return f"{what}{asked} against {quote(options['text'], 40)}"


def rouge_sentence(options: Options) -> str:
    """Such as "ROUGE-L recall against …"."""
    measure = "" if options["measure"] == "f1" else f" {options['measure']}"
    return reference_sentence(f"ROUGE-{options['kind']}{measure}", options)


def f1_sentence(options: Options) -> str:
    """Such as "token F1 against …"."""
    at_least = options["at_least"]
    asked = "" if at_least is None else f" of at least {shown(at_least)}"
    return f"token F1{asked} against {quote_all(options['texts'])}"


def language_sentence(options: Options) -> str:
    """Such as "in German": a code such as "de" is said by its name, a name as it is written in the option."""
    asked = options["language"].strip()
    known = LANGUAGES.get(asked.casefold())
    language = clip(known.name if known else asked, 40)
    return f"in {language}"


def quantity_sentence(options: Options) -> str:
    """Such as "5 km within 0.1"."""
    tolerance = options["tolerance"]
    return f"{clip(options['expected'], 40)}" + (f" within {shown(tolerance)}" if tolerance else "")


def tokens_sentence(options: Options) -> str:
    """Such as "prompt of at most 500 tokens"."""
    low, high = options["min"], options["max"]
    bounds = f"{shown(low)} to {shown(high)}" if low is not None and high is not None else ""
    bounds = bounds or (f"at least {shown(low)}" if high is None else f"at most {shown(high)}")
    whose = {"answer": "", "prompt": "prompt of ", "both": "prompt and answer of "}.get(
        options["counted"], ""
    )
    return f"{whose}{bounds} tokens"


def latency_sentence(options: Options) -> str:
    """Such as "first word within 2 s"."""
    until = "first word " if options["until"] == "first word" else ""
    return f"{until}within {shown(options['seconds'])} s"


def perplexity_sentence(options: Options) -> str:
    """Such as "perplexity at most 20 of …"."""
    at_most = options["at_most"]
    bound = "" if at_most is None else f" at most {shown(at_most)}"
    return f"perplexity{bound} of {quote(options['text'], 40)}"
