"""Company changes no bit: real weights in five number formats, random schedules; and each rule of `rules.py` is needed.

Full depth, 30 prompts and 5 schedules: `test_live_company.py`, or python tests/bench/company.py
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import llama_cpp.llama_cpp as llama
import pytest

from playground.engine import prefix_tree, scheduler
from playground.engine.calls import Calls
from playground.engine.company import is_invariant
from playground.engine.context import Row
from playground.engine.cores import thread_environment
from playground.engine.gguf import read_header
from playground.engine.job import Event
from playground.engine.library import start_library
from playground.engine.model import LoadedModel, Options
from playground.engine.prefix_tree import PrefixTree, common_length
from playground.engine.rules import FREE, Rules, rules_for
from playground.engine.run import Run
from playground.engine.sampler import draw
from playground.engine.scheduler import Scheduler
from tests.engine.made_models import made_model
from tests.engine.schedules import (
    Request,
    Seen,
    Watched,
    differing,
    new_request,
    played,
    played_alone,
    requests,
)
from tests.engine.tiny_model import write_model

LAYERS = 2
Load = Callable[[str], LoadedModel]
Alone = Callable[[str], tuple[LoadedModel, list[Request], Seen]]


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Load]:
    """`load("F16")`: the first layers of the embedded model in that format; loaded once.

    `load("tiny Q4_K_M")` has random weights, but matrices that k-quants can really have; `load("experts F16")` mixes experts.
    """
    start_library()
    folder: Path = tmp_path_factory.mktemp("models")
    loaded: dict[str, LoadedModel] = {}

    def load(kind: str) -> LoadedModel:
        if kind not in loaded:
            options = Options(context_tokens=2048, parallel=16, threads=2)
            source, _, number_format = kind.rpartition(" ")
            if source:
                tiny = write_model(folder / f"{source}.gguf", experts=4 if source == "experts" else 0)
                path = made_model(folder, number_format, source=tiny)
            else:
                path = made_model(folder, kind, LAYERS)
            loaded[kind] = LoadedModel(read_header(path), options)
            loaded[kind].rules = replace(loaded[kind].rules, long=128)
        return loaded[kind]

    yield load
    for model in loaded.values():
        model.close()


@pytest.fixture(scope="module")
def alone(load: Load) -> Alone:
    """`alone("F16")`: the model, its requests, and what becomes of each alone; played once."""

    @cache
    def alone(kind: str) -> tuple[LoadedModel, list[Request], Seen]:
        model = load(kind)
        asked = (
            requests(model, 10, shared=140) if " " not in kind else spelled(requests(model, 9, longest=20))
        )
        return model, asked, played_alone(model, asked)

    return alone


def spelled(asked: list[Request]) -> list[Request]:
    """Those that a model whose words are bytes can answer: a token for each letter makes prompts long."""
    return [request for request in asked if request.schema is None]


@pytest.mark.parametrize(
    "kind",
    [
        "Q4_1",
        "Q8_0",
        "Q4_0",
        "F16",
        "tiny Q4_K_M",
        "tiny Q6_K",
        "experts F16",
        "experts Q4_0",
        "experts Q4_K_S",
    ],
)
def test_every_answer_is_bit_for_bit_the_one_it_would_be_alone(
    kind: str, alone: Alone, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, asked, seen = alone(kind)
    assert differing(seen, played(model, asked, 1), asked) == [], "with room for the longest alone"
    monkeypatch.setattr(scheduler, "_USUAL_ANSWER", 1)  # more are let in than there are cells for
    crowded = played(model, asked, 2, forgets=0.05)
    assert differing(seen, crowded, asked) == []
    assert crowded.resets, "nothing that ran was read again"


def repeating(model: LoadedModel) -> list[Request]:
    """Requests whose answers repeat themselves, and so are guessed, rightly and wrongly: greedy, seeded, penalised."""
    said = "The sea gave, the sea took, and the keeper wrote. " * 3
    words = list(model.vocabulary.tokenize(said, special=False))
    wishes: list[dict[str, float]] = [
        {},
        {"temperature": 0.1, "top_k": 2},
        {"temperature": 0.9, "top_p": 0.9, "repetition_penalty": 1.05},
    ]
    return [Request(new_request(n, 50, ignore_eos=True, **wish), words) for n, wish in enumerate(wishes)]


@pytest.mark.parametrize("kind", ["Q4_1", "F16", "Q4_K_M"])
def test_rows_of_guesses_change_no_bit_of_an_answer_that_repeats_itself(
    kind: str, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load(kind)
    asked = repeating(model)
    sizes: list[int] = []
    decode = Calls.decode
    monkeypatch.setattr(
        Calls, "decode", lambda calls, rows, **how: sizes.append(len(rows)) or decode(calls, rows, **how)
    )
    guessed = played_alone(model, asked, guesses=True)
    assert sizes.count(8) > 2, "few guesses came true, so that little was tried"
    assert guessed.refused > 2, "few were wrong, so that little was taken back"
    sizes.clear()
    token_by_token = played_alone(model, asked)
    assert differing(token_by_token, guessed, asked) == []
    assert sizes.count(1) > 140
    assert not is_seen(model, asked, token_by_token), "a trace where there is none"


def _stays(_calls: Calls, _sequence: int, _start: int, _cells: int) -> None:
    """Nothing is taken back."""


def _keeps_one(calls: Calls, sequence: int, start: int, cells: int) -> None:
    """The first refused row stays."""
    calls._context.forget(sequence, start + 1)
    calls.used -= cells - 1


def _takes_one_more(calls: Calls, sequence: int, start: int, cells: int) -> None:
    """The last true row goes as well."""
    calls._context.forget(sequence, start - 1)
    calls.used -= cells + 1


def _draws_once_more(scheduler: Scheduler, run: Run, guesses: list[Row]) -> list[Event]:
    """After a refused guess a token is drawn that nobody takes: random state and penalties go on without the answer."""
    events = _SETTLE(scheduler, run, guesses)
    if run.leaf and guesses and run.job.tokens[-1] != guesses[-1].token:
        draw(scheduler._calls, run.job.chain, len(guesses), None, scheduler._model.vocabulary)
    return events


def _believes(scheduler: Scheduler, run: Run, guesses: list[Row]) -> list[Event]:
    """Every guess is taken for true."""
    events: list[Event] = []
    for n, guess in enumerate(guesses):
        if run.leaf:
            scheduler.tree.grow(run.leaf, [guess.token])
            events += scheduler._advance(run, n + 1)
    return events


_SETTLE = Scheduler._settle
FAULTS: list[tuple[type, str, Callable[..., Any]]] = [
    (Calls, "take_back", _stays),
    (Calls, "take_back", _keeps_one),
    (Calls, "take_back", _takes_one_more),
    (Scheduler, "_settle", _draws_once_more),
    (Scheduler, "_settle", _believes),
]


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.__name__[1:] for _, _, fault in FAULTS])
def test_a_refused_guess_that_leaves_a_trace_is_seen(
    fault: tuple[type, str, Callable[..., Any]],
    repeated: tuple[LoadedModel, list[Request], Seen],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    owner, name, wrong = fault
    monkeypatch.setattr(owner, name, wrong)
    assert is_seen(*repeated)


@pytest.fixture(scope="module")
def repeated(load: Load) -> tuple[LoadedModel, list[Request], Seen]:
    """A model, requests whose answers repeat themselves, and what these are token by token."""
    model = load("F16")
    asked = repeating(model)
    return model, asked, played_alone(model, asked)


def is_seen(model: LoadedModel, asked: list[Request], alone: Seen) -> bool:
    """Whether the answers differ from what they are `alone`, fail, or hold other cells than the tree says."""
    seen = Seen()
    scheduler = Watched(model, model.rules, seen)
    try:
        for request in asked:
            scheduler.submit(request.asked, request.prompt)
            while not scheduler.is_idle:
                seen.take(scheduler.step())
                for run in scheduler._running:
                    assert run.leaf
                    assert scheduler._calls.last_position(run.leaf.sequence) == run.leaf.end - 1
    except AssertionError:
        return True
    finally:
        scheduler.close()
    return bool(differing(alone, seen, asked))


BROKEN = {
    "repacked Q4_K that is not in fours": ("tiny Q4_K_M", Rules(logits_too=True, most=59)),
    "repacked Q4_K: logits that are not in fours": ("tiny Q4_K_M", Rules(4, 4, most=56)),
    "one row alone among many cells": ("Q4_1", Rules(least=1)),
    "64 rows and more": ("F16", Rules(logits_too=True, most=120)),
    "F16: one row that wants logits": ("F16", Rules()),
}


@pytest.mark.parametrize("rule", BROKEN)
def test_each_rule_is_needed(rule: str, alone: Alone) -> None:
    kind, rules = BROKEN[rule]
    model, asked, seen = alone(kind)
    assert rules != model.rules
    seen_by_probe = not is_invariant(model, 2, rules)
    assert seen_by_probe or differing(seen, played(model, asked, 3, rules), asked)


def test_cells_that_are_freed_singly_change_bits(alone: Alone, monkeypatch: pytest.MonkeyPatch) -> None:
    model, asked, seen = alone("F16")
    monkeypatch.setattr(Calls, "forget", lambda self, *which: self._context.forget(*which))
    monkeypatch.setattr(PrefixTree, "close", PrefixTree.drop)
    assert differing(seen, played(model, asked, 3), asked)


def test_tiles_at_other_cells_change_bits(alone: Alone, monkeypatch: pytest.MonkeyPatch) -> None:
    model, asked, seen = alone("F16")
    monkeypatch.setattr(Calls, "padding", lambda self, rows: 0)
    assert differing(seen, played(model, asked, 3), asked)


def test_what_was_read_in_tiles_is_something_else(alone: Alone, monkeypatch: pytest.MonkeyPatch) -> None:
    def unmarked(tokens: list[int]) -> list[int]:
        return [max(token, ~token) for token in tokens]

    def blind(one: list[int], other: list[int]) -> int:
        return common_length(unmarked(one), unmarked(other))

    model, asked, seen = alone("F16")
    monkeypatch.setattr(prefix_tree, "common_length", blind)
    assert differing(seen, played(model, asked, 3), asked)


def test_without_flash_attention_company_changes_bits(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    off = llama.LLAMA_FLASH_ATTN_TYPE_DISABLED
    monkeypatch.setattr(llama, "LLAMA_FLASH_ATTN_TYPE_ENABLED", off)
    model = load("F16")
    asked = requests(model, 3, tokens=4)
    assert differing(played_alone(model, asked), played(model, asked, 3), asked)


@pytest.mark.parametrize(("tiled", "equal"), [("1", False), ("0", True)])
def test_tiled_k_quants_change_bits_with_the_rows_of_a_call(tiled: str, equal: bool, load: Load) -> None:
    path = load("tiny Q6_K").header.path
    told = subprocess.run(
        [sys.executable, "-m", "playground.engine.probe", str(path), "plain"],
        env=os.environ | thread_environment(2) | {"GGML_CPU_TILED_MM": tiled},
        capture_output=True,
        check=True,
    )
    assert json.loads(told.stdout) == {"batches": equal}


@pytest.mark.parametrize("kind", ["Q4_1", "Q8_0", "F16", "tiny Q4_K_M", "experts Q4_K_S", "experts F16"])
def test_the_probe_tells_rules_that_hold_from_none(kind: str, load: Load) -> None:
    model = load(kind)
    assert is_invariant(model, 2)
    assert not is_invariant(model, 2, FREE)


def test_the_rules_follow_from_the_formats_of_the_matrices() -> None:
    assert rules_for({"Q4_1", "Q8_0"}, repacks=True) == Rules()
    assert rules_for({"F16"}, repacks=True) == Rules(logits_too=True, most=59)
    assert rules_for({"Q4_0", "F32"}, repacks=True) == Rules(logits_too=True, most=59), (
        "the router of a mixture of experts"
    )
    assert rules_for({"Q4_K", "Q6_K"}, repacks=True) == Rules(4, 4, True, 56)
    assert rules_for({"Q4_K", "Q6_K"}, repacks=False) == Rules(logits_too=True, most=59)
    for rules in (Rules(), Rules(logits_too=True, most=59), Rules(4, 4, True, 56)):
        for rows in range(1, rules.most + 1):
            for logits in range(rows + 1):
                more, with_logits = rules.missing(rows, logits)
                assert rows + more <= 60 and more <= rules.spare and with_logits <= more
                assert (rows + more) % rules.multiple == 0 and rows + more >= rules.least
                if logits and rules.logits_too:
                    assert (
                        logits + with_logits
                    ) % rules.multiple == 0 and logits + with_logits >= rules.least
