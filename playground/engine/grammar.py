"""What an answer must keep to: a JSON schema by llguidance's masks, or a GBNF grammar by llama.cpp's sampler. Runs in the child.

    grammars = Grammars(vocabulary)
    grammars.wanted('{"type": "integer"}')      → None while it is being made, then Grammar
    guide = grammar.guide();  guide.allowed() → numpy's [False, True, …], one per token;  guide.take(token)

A schema is made into a grammar in a thread: a large one takes a second, in which answers go on.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from playground.engine.bindings import llama
from playground.engine.vocabulary import Vocabulary
from playground.errors import BackendError

if TYPE_CHECKING:  # loaded with the first schema only
    import numpy
    from llguidance import LLMatcher, LLTokenizer
    from numpy.typing import NDArray

T = TypeVar("T")
_MOST_CHARS = 1_000_000
_KEPT = 8
_STACK_BYTES = 64 << 20  # llguidance calls itself for each level of a schema; only what is used takes memory
_PATIENCE_S = 20.0
# A blank after a comma or a colon, none elsewhere: where white space is free, small models write it for ever.
_WHITE_SPACE = {"whitespace_flexible": False, "item_separator": r",\x20?", "key_separator": r":\x20?"}
# Without \u each text is written in one way only, so that a key cannot come twice in disguise.
_ESCAPES = 'nrbtf\\"'
_TOO_COMPLEX = (
    "The JSON schema is too complex to be followed while writing.",
    "Simplify its patterns and counts.",
)
# What llguidance (1.9) cannot do, by its words, and the keywords to leave to the badge then.
_TOO_MUCH = {
    "min/maxProperties": {"minProperties", "maxProperties"},
    "patternProperty": {"patternProperties"},
    "circular references": {"$ref"},
}


class Guide:
    """The state of one answer that keeps to a schema."""

    def __init__(self, matcher: LLMatcher, size: int) -> None:
        self._matcher = matcher
        self._size = size

    def allowed(self) -> NDArray[numpy.bool_]:
        """For each token whether it may come next; an end of the answer only where the JSON is whole. Raises BackendError."""
        import numpy

        bits = numpy.frombuffer(_unharmed(self._matcher.compute_bitmask), dtype=numpy.uint8)
        allowed = numpy.unpackbits(bits, count=self._size, bitorder="little").view(numpy.bool_)
        if self._matcher.is_error():
            raise BackendError(*_TOO_COMPLEX)
        if not allowed.any():
            raise BackendError(
                "The JSON schema allows nothing after what the model has written.", "Simplify its patterns."
            )
        return allowed

    def take(self, token: int) -> None:
        """Go on after this token, one of those allowed; raises BackendError."""
        _unharmed(lambda: self._matcher.consume_token(token))

    @property
    def is_complete(self) -> bool:
        """Whether the JSON is whole and nothing can follow."""
        return self._matcher.is_stopped() and not self._matcher.is_error()


def _unharmed(work: Callable[[], T]) -> T:
    """The result; a panic of llguidance, which is no Exception, becomes a BackendError of this one answer."""
    try:
        return work()
    except BaseException as exc:
        if type(exc).__name__ != "PanicException":
            raise
        raise BackendError(*_TOO_COMPLEX) from exc


class Grammar:
    """A schema made ready for one vocabulary; `notes` names the keywords that are not held."""

    def __init__(self, matcher: LLMatcher, size: int, notes: list[str]) -> None:
        self._matcher = matcher
        self._size = size
        self.notes = notes

    def guide(self) -> Guide:
        """A guide for a new answer."""
        return Guide(self._matcher.deep_copy(), self._size)


class Grammars:
    """The schemas of one model, the last ones kept. Only one thread makes grammars; `wanted` belongs to the worker's."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._tokenizer: LLTokenizer | None = None
        self._made: dict[str, Grammar | BackendError] = {}
        self._making: str | None = None
        self._since = 0.0

    @property
    def is_idle(self) -> bool:
        """Whether no thread uses the vocabulary."""
        return self._making is None

    def wanted(self, schema: str) -> Grammar | None:
        """The grammar of a schema; None while it, or another, is being made. Raises BackendError."""
        made = self._made.pop(schema, None)
        if isinstance(made, BackendError):
            raise made
        if made:
            self._made[schema] = made  # the last one used is the last to go
            return made
        if self._making is None:
            self._making, self._since = schema, time.monotonic()
            usual = threading.stack_size(_STACK_BYTES)
            threading.Thread(target=self._make, args=(schema,), name="grammar", daemon=True).start()
            threading.stack_size(usual)
        elif time.monotonic() - self._since > _PATIENCE_S:
            raise BackendError(*_TOO_COMPLEX)
        return None

    def _make(self, schema: str) -> None:
        made: Grammar | BackendError
        try:
            made = self._grammar(schema)
        except BackendError as exc:
            made = exc
        except (
            BaseException
        ) as exc:  # a panic of the library is no Exception; the request must not wait for ever
            made = BackendError(
                f"The JSON schema could not be prepared ({type(exc).__name__}).", _TOO_COMPLEX[1]
            )
        while len(self._made) >= _KEPT:
            del self._made[next(iter(self._made))]
        self._made[schema] = made
        self._making = None

    def _grammar(self, text: str) -> Grammar:
        schema = parsed(text)
        if self._tokenizer is None:
            self._tokenizer = new_tokenizer(self._vocabulary)
        matcher, not_held = new_matcher(schema, self._tokenizer)
        notes = [f"JSON schema: {', '.join(not_held)} not enforced"] if not_held else []
        return Grammar(matcher, self._vocabulary.size, notes)


def parsed(text: str) -> Any:
    """The schema that a JSON text says; raises BackendError."""
    if len(text) > _MOST_CHARS:
        raise BackendError(
            f"The JSON schema has {len(text):,} characters, and {_MOST_CHARS:,} are read.", "Make it smaller."
        )
    try:
        schema = json.loads(text)
        json.dumps(schema, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeEncodeError as exc:
        raise BackendError(
            r"The JSON schema holds half a character (\ud800 or the like).", "Remove it."
        ) from exc
    except RecursionError as exc:
        raise BackendError("The JSON schema is nested too deeply.", "Make it flatter.") from exc
    except ValueError as exc:
        raise BackendError(
            f"The JSON schema is not JSON: {exc}.", "Check commas, quotes and brackets."
        ) from exc
    if not isinstance(schema, dict | bool):
        raise BackendError("The JSON schema is not an object.", 'Write it as {"type": "object", …}.')
    return schema


def new_tokenizer(vocabulary: Vocabulary) -> LLTokenizer:
    """Llguidance's view of a vocabulary: the bytes that each token adds to an answer; those that add none never come."""
    from llguidance import LLTokenizer, TokenizerWrapper

    pieces = vocabulary.pieces()
    ends = vocabulary.end_tokens()

    class Words:
        eos_token_id = ends[0]
        bos_token_id = None
        tokens = [piece or b"<%d>" % token for token, piece in enumerate(pieces)]
        special_token_ids = [token for token, piece in enumerate(pieces) if not piece]

        def __call__(self, text: bytes) -> list[int]:
            return vocabulary.tokenize(text.decode("utf-8", "replace"), special=False)

    return LLTokenizer(TokenizerWrapper(Words()), eos_token=ends)


def new_matcher(schema: Any, tokenizer: LLTokenizer) -> tuple[LLMatcher, list[str]]:
    """A matcher at the beginning of an answer, and the keywords it does not hold; raises BackendError."""
    from llguidance import LLMatcher

    from playground.engine.schema.finite import has_an_end
    from playground.engine.schema.held import held_part

    def made(grammar: str) -> LLMatcher:
        return LLMatcher(tokenizer, grammar, log_level=0, limits=_limits())

    def takes(pattern: str) -> bool:
        matcher = made(LLMatcher.grammar_from_json_schema({"type": "string", "pattern": pattern}))
        matcher.compute_bitmask()
        return not matcher.is_error()

    holds = _remembering(takes)
    without: frozenset[str] = frozenset()
    if schema is False:
        raise BackendError(
            "No JSON matches the JSON schema: it is false.", 'Write it as {"type": "object", …}.'
        )
    while True:
        held = held_part(schema, without, holds)
        options: Any = {
            **_WHITE_SPACE,
            "json_allowed_escapes": _ESCAPES,
            "json_allow_general_unicode_escapes": False,
            "coerce_one_of": True,
        }
        whole = held.schema if isinstance(held.schema, dict) else {}
        matcher = made(LLMatcher.grammar_from_json_schema(json.dumps(whole), overrides=options))
        problem = matcher.get_error()
        more = next((words for sign, words in _TOO_MUCH.items() if sign in problem), None)
        if more is None or more <= without:
            break
        without |= more
    if problem:
        raise _refusal(problem)
    if not has_an_end(held.schema):
        raise BackendError(
            "No JSON that ends matches the JSON schema: a part of it requires itself.",
            "Make that part optional, or give it another choice.",
        )
    not_held = list(held.not_held)
    if any("oneOf" in warning for warning in matcher.get_grammar_warnings()):
        not_held = sorted({*not_held, "oneOf"})
    _try_out(matcher.deep_copy())
    return matcher, not_held


def _try_out(matcher: LLMatcher) -> None:
    """A few steps, so that most of what is too complex is refused before an answer begins; raises BackendError."""
    import numpy

    for _ in range(4):
        allowed = numpy.frombuffer(matcher.compute_bitmask(), dtype=numpy.uint8)
        if matcher.is_error():
            raise BackendError(*_TOO_COMPLEX)
        bits = numpy.flatnonzero(numpy.unpackbits(allowed, bitorder="little"))
        if matcher.is_stopped() or not bits.size:
            return
        matcher.consume_token(int(bits[-1]))


def _limits() -> Any:
    """Bounds of llguidance's work: a step stays below a tenth of a second, an answer below some ten MB."""
    from llguidance import LLParserLimits

    return LLParserLimits(
        max_lexer_states=20_000, max_items_in_row=5000, step_max_items=100_000, verbose_errors=False
    )


def _remembering(takes: Callable[[str], bool]) -> Callable[[str], bool]:
    answers: dict[str, bool] = {}

    def holds(pattern: str) -> bool:
        if pattern not in answers:
            answers[pattern] = takes(pattern)
        return answers[pattern]

    return holds


def _refusal(problem: str) -> BackendError:
    """An error of llguidance in words about the schema."""
    first = problem.splitlines()[0]
    if "nsatisfiable" in problem:
        reason = _reason(first.rpartition("Unsatisfiable schema: ")[2].strip())
        return BackendError(
            f"No JSON matches the JSON schema: {reason}.", "Look for parts that contradict each other."
        )
    if "too large" in problem or "limit" in problem or "level" in problem:
        return BackendError(
            "The JSON schema is too large to be followed while writing.", "Make it smaller or flatter."
        )
    return BackendError(*_TOO_COMPLEX)


def _reason(words: str) -> str:
    """Why nothing matches, from llguidance's (1.9) own reason."""
    required = re.fullmatch(r"required property '(.*)' is unsatisfiable", words)
    if required:
        return f'the required property "{required[1][:100]}" can have no value'
    if re.fullmatch(r"(min\w+ \(\d+\) is greater than max\w+ \(\d+\)|min\w+ > max\w+)", words):
        return words.replace(">", "is greater than")
    if "interval" in words or "is greater than" in words:
        return "a minimum and a maximum leave no number"
    if words.startswith("Regex"):
        return "a pattern, a format and the lengths beside it leave no text"
    return "two of its parts contradict each other, or one is false"


def new_grammar_sampler(vocabulary: Any, text: str) -> Any:
    """llama.cpp's sampler for a GBNF grammar; raises BackendError, where a NULL in the chain would end the process."""
    sampler = (
        llama.llama_sampler_init_grammar(vocabulary, text.encode(), b"root") if "\0" not in text else None
    )
    if not sampler:
        raise BackendError(
            "The grammar cannot be read by llama.cpp.",
            "It must be GBNF, start at a rule called root, and not call itself on the left.",
        )
    return sampler
