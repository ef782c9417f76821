"""A text is shown by the catalogue: exact, by its template, or piece by piece; the page's script does the same."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from playground.translation.shown import Translation, chinese

TABLE = json.loads((Path(__file__).parent / "shown.json").read_text())


@pytest.mark.parametrize(("text", "shown"), TABLE["shown"])
def test_a_text_is_shown_in_chinese(text: str, shown: str) -> None:
    assert Translation(TABLE["catalogue"]).of(text) == shown


def test_a_text_that_nobody_translated_costs_little() -> None:
    translation = chinese()
    texts = [f"Nobody ever said sentence {n}, and no template of any file fits to it." for n in range(100)]
    translation.of(texts[0])
    start = time.process_time()
    for text in texts:
        translation.of(text)
    assert (time.process_time() - start) / len(texts) < 0.003
