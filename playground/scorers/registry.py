"""The registry of checks: one row says all about a scorer, for the form, the README, the command line and exports.

SCORERS["length"].label → "Length"
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from playground.answers.wording import clip, quote, quote_all
from playground.scorers import asked, sentences, spending
from playground.scorers.citation import citation, citation_problem
from playground.scorers.fields import json_fields, json_fields_problem
from playground.scorers.judged import judge, judge_asks
from playground.scorers.language import language, language_problem
from playground.scorers.matching import choice, choice_problem, normalised, token_f1, token_f1_problem
from playground.scorers.number import number, number_problem
from playground.scorers.overlap import bleu, chrf, overlap_problem, rouge, rouge_problem
from playground.scorers.quantity import quantity, quantity_problem
from playground.scorers.reading import reading_grade, reading_grade_problem
from playground.scorers.refusal import refusal
from playground.scorers.structure import (
    contains_json,
    contains_json_problem,
    json_schema,
    json_schema_problem,
    valid_json,
)
from playground.scorers.text import (
    contains,
    contains_all,
    contains_any,
    equals,
    length,
    length_problem,
    levenshtein,
    levenshtein_problem,
    regex,
    regex_problem,
    starts_with,
)
from playground.types.generation import Finish
from playground.types.scores import Question, Score

QUICK_CHARS = 20_000
NEVER = -1
_REPEATS = frozenset("*+?{|")


def _up_to(chars: int) -> Callable[[Mapping[str, Any]], int]:
    return lambda _: chars


def _quick_pattern(options: Mapping[str, Any]) -> int:
    """A pattern in which nothing repeats or branches looks at each place of the answer once."""
    return QUICK_CHARS if _REPEATS.isdisjoint(str(options.get("pattern", "*"))) else NEVER


Group = Literal[
    "Text",
    "Against a reference",
    "Values and choices",
    "JSON",
    "Manner",
    "What it took",
    "With a model or a program",
]
"""How the list of checks is divided, in this order."""

ENDED: frozenset[Finish] = frozenset(("stop", "length"))


@dataclass(frozen=True, slots=True)
class Scorer:
    """One row of the registry.

    `about` is one sentence for who does not know the term. `sentence` names a check from its options; `problem` says why
    options that have the right types still cannot be meant; `quick_chars` is the longest answer that is scored within a
    moment, less than the hop to a thread. `asks` is what must be found out before it can judge, None for nothing.
    `finishes` are the ends of an answer that it judges. With `needs_any` one of these options must be filled.
    """

    function: Callable[..., Score]
    label: str
    group: Group
    about: str
    sentence: Callable[[Mapping[str, Any]], str]
    problem: Callable[..., str | None] = lambda **_: None
    quick_chars: Callable[[Mapping[str, Any]], int] = lambda _: NEVER
    asks: Callable[..., Question | None] | None = None
    finishes: frozenset[Finish] = ENDED
    needs_any: tuple[str, ...] = ()


_ALWAYS = _up_to(QUICK_CHARS)
_SHORT = _up_to(2_000)

SCORERS: dict[str, Scorer] = {
    "equals": Scorer(
        equals,
        "Equals",
        "Text",
        "Exact match: the whole answer is this text; only white space at its ends, and upper and lower case, may differ.",
        lambda o: f"equals {quote(o['text'], 40)}",
        quick_chars=_ALWAYS,
    ),
    "contains": Scorer(
        contains,
        "Contains",
        "Text",
        "The text stands somewhere in the answer.",
        lambda o: f"contains {quote(o['text'], 40)}",
        quick_chars=_ALWAYS,
    ),
    "contains_any": Scorer(
        contains_any,
        "Contains any",
        "Text",
        "At least one of the texts stands in the answer.",
        lambda o: f"contains any of {quote_all(o['texts'])}",
        quick_chars=_ALWAYS,
    ),
    "contains_all": Scorer(
        contains_all,
        "Contains all",
        "Text",
        "Every one of the texts stands in the answer.",
        lambda o: f"contains all of {quote_all(o['texts'])}",
        quick_chars=_ALWAYS,
    ),
    "starts_with": Scorer(
        starts_with,
        "Starts with",
        "Text",
        "The answer begins with this text.",
        lambda o: f"starts with {quote(o['text'], 40)}",
        quick_chars=_ALWAYS,
    ),
    "regex": Scorer(
        regex,
        "Regex",
        "Text",
        "A search pattern: letters stand for themselves, a dot for any character, and \\d for any digit.",
        lambda o: f"matches {clip(o['pattern'], 40)}",
        regex_problem,
        _quick_pattern,
    ),
    "length": Scorer(
        length,
        "Length",
        "Text",
        "How many words, characters or lines the answer has; a Chinese character counts as a word.",
        sentences.length_sentence,
        length_problem,
        _up_to(10_000),
        needs_any=("min", "max"),
    ),
    "normalised": Scorer(
        normalised,
        "Normalised match",
        "Against a reference",
        "The answer is one of the texts when case, punctuation, spaces and a, an, the are passed over.",
        lambda o: f"is {quote_all(o['texts'])}",
        quick_chars=_SHORT,
    ),
    "token_f1": Scorer(
        token_f1,
        "Token F1",
        "Against a reference",
        "How many words answer and reference share, 1 for all of them in both; in Chinese, characters.",
        sentences.f1_sentence,
        token_f1_problem,
        _SHORT,
    ),
    "levenshtein": Scorer(
        levenshtein,
        "Levenshtein similarity",
        "Against a reference",
        "How alike two texts are, 1 for the same: it counts the letters to change to make one of the other.",
        sentences.levenshtein_sentence,
        levenshtein_problem,
    ),
    "rouge": Scorer(
        rouge,
        "ROUGE",
        "Against a reference",
        "For summaries: how many of a reference's words, pairs of words or words in the same order the answer has.",
        sentences.rouge_sentence,
        rouge_problem,
        _SHORT,
    ),
    "bleu": Scorer(
        bleu,
        "BLEU",
        "Against a reference",
        "For translations: how many of the answer's runs of one to four words stand in the reference.",
        lambda o: sentences.reference_sentence("BLEU", o),
        overlap_problem,
    ),
    "chrf": Scorer(
        chrf,
        "chrF",
        "Against a reference",
        "For translations into any language: how many runs of one to six letters answer and reference share.",
        lambda o: sentences.reference_sentence("chrF", o),
        overlap_problem,
    ),
    "number": Scorer(
        number,
        "Number",
        "Values and choices",
        "A number of the answer is the expected one, in whatever notation or script.",
        sentences.number_sentence,
        number_problem,
        _SHORT,
    ),
    "quantity": Scorer(
        quantity,
        "Number with a unit",
        "Values and choices",
        "The answer has this number in this unit, or the same amount in another unit: 5 km is 5,000 m.",
        sentences.quantity_sentence,
        quantity_problem,
        _SHORT,
    ),
    "choice": Scorer(
        choice,
        "Multiple choice",
        "Values and choices",
        "The answer chooses this letter, in whatever words it says so.",
        lambda o: f"chooses {clip(o['expected'], 40)}",
        choice_problem,
        _SHORT,
    ),
    "json": Scorer(
        valid_json,
        "Valid JSON",
        "JSON",
        "The whole answer is data in JSON, which is names and values in braces, and no word besides.",
        lambda o: "valid JSON",
        quick_chars=_ALWAYS,
    ),
    "contains_json": Scorer(
        contains_json,
        "Contains JSON",
        "JSON",
        "Somewhere in the answer stands data in JSON, which is names and values in braces.",
        sentences.contains_json_sentence,
        contains_json_problem,
    ),
    "json_schema": Scorer(
        json_schema,
        "JSON schema",
        "JSON",
        "A description of which fields a JSON answer has and what they hold.",
        sentences.schema_sentence,
        json_schema_problem,
    ),
    "json_fields": Scorer(
        json_fields,
        "JSON field by field",
        "JSON",
        "The share of the expected fields that the answer's JSON has with the same value.",
        lambda o: f"the fields of {quote(o['expected'], 40)}",
        json_fields_problem,
    ),
    "citation": Scorer(
        citation,
        "Quotes its source",
        "Manner",
        "The answer quotes something, and what it quotes stands word for word in the context.",
        lambda o: "quotes the context truly",
        citation_problem,
    ),
    "refusal": Scorer(
        refusal,
        "Refusal",
        "Manner",
        "The answer declines to do what was asked; with “not” before it, it does not decline.",
        lambda o: "declines to answer",
        quick_chars=_ALWAYS,
        finishes=ENDED | {"refusal"},
    ),
    "language": Scorer(
        language,
        "Language",
        "Manner",
        "The answer is written in this language, as its letters and words show.",
        sentences.language_sentence,
        language_problem,
    ),
    "reading_grade": Scorer(
        reading_grade,
        "Reading grade",
        "Manner",
        "For which school year the text is written, from the length of its words and sentences; made for English.",
        lambda o: sentences.within("reading grade", o),
        reading_grade_problem,
        _SHORT,
        needs_any=("min", "max"),
    ),
    "latency": Scorer(
        spending.latency,
        "Latency",
        "What it took",
        "How many seconds the answer, or its first word, let one wait.",
        sentences.latency_sentence,
        spending.latency_problem,
        _ALWAYS,
    ),
    "tokens": Scorer(
        spending.tokens,
        "Tokens",
        "What it took",
        "How many tokens were read and written; a token is a word or a piece of one.",
        sentences.tokens_sentence,
        spending.tokens_problem,
        _ALWAYS,
        needs_any=("min", "max"),
    ),
    "price": Scorer(
        spending.price,
        "Price",
        "What it took",
        "What the tokens of prompt and answer cost at the prices that you give.",
        lambda o: f"costs at most {sentences.shown(o['at_most'])}",
        spending.price_problem,
        _ALWAYS,
        needs_any=("at_most",),
    ),
    "perplexity": Scorer(
        asked.perplexity,
        "Perplexity of the reference",
        "With a model or a program",
        "How surprised the model is by the expected answer: 1 means that it foresees every word of it.",
        sentences.perplexity_sentence,
        asked.perplexity_problem,
        _ALWAYS,
        asks=asked.perplexity_asks,
    ),
    "embedding": Scorer(
        asked.embedding,
        "Embedding similarity",
        "With a model or a program",
        "How near the meanings of answer and text are, as a model's vectors tell; 1 is the same.",
        lambda o: sentences.reference_sentence("meaning", o),
        asked.embedding_problem,
        _ALWAYS,
        asks=asked.embedding_asks,
    ),
    "judge": Scorer(
        judge,
        "Judge",
        "With a model or a program",
        "A model says whether the answer does what a sentence asks; its agreement with people stands beside their ratings.",
        # Two models may judge by one criterion: their scores are two, and each is called by its judge.
        lambda o: (
            f"judged by {o['model']}: {quote(o['criterion'], 60)}"
            if o.get("model")
            else f"judged: {quote(o['criterion'], 60)}"
        ),
        quick_chars=_ALWAYS,
        asks=judge_asks,
    ),
    "python": Scorer(
        asked.python,
        "Python expression",
        "With a model or a program",
        "A Python expression over the answer; it runs only in the sandbox, which is off until the Models tab or --sandbox switches it on.",
        lambda o: clip(o["expression"], 40),
        asked.python_problem,
        _ALWAYS,
        asks=asked.python_asks,
    ),
}
