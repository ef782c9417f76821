"""The order in which the cells of an experiment are begun."""

from __future__ import annotations

from playground.runs.blocks import ROUND, in_blocks
from playground.types.grid import CellKey

CELLS = [CellKey(case, variant, 0) for variant in range(3) for case in range(2 * ROUND)]
MODELS = ["ollama:a", "ollama:b", "ollama:a"]


def test_a_model_answers_all_cases_before_the_next_one_is_loaded() -> None:
    asked = [MODELS[key.variant] for key in in_blocks(CELLS, MODELS, lambda key: key)["ollama"]]
    assert asked == ["ollama:a"] * (4 * ROUND) + ["ollama:b"] * (2 * ROUND)


def test_what_may_be_decided_early_has_pairs_after_a_round_of_cases() -> None:
    """The second model would else begin when the first has answered all, and stopping would spare half at the most."""
    keys = in_blocks(CELLS, MODELS, lambda key: key, in_rounds=True)["ollama"]
    assert [key.case // ROUND for key in keys] == [0] * (3 * ROUND) + [1] * (3 * ROUND)
    models = [MODELS[key.variant] for key in keys[: 3 * ROUND]]
    assert models == ["ollama:a"] * (2 * ROUND) + ["ollama:b"] * ROUND, "each of a round is loaded once"
