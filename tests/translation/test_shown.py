"""A text is shown by the catalogue: exact, by its template, or piece by piece; the page's script does the same."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import playwright
import pytest

from playground.translation.extract import ROOT
from playground.translation.shown import HOLES, Translation, chinese

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


def test_the_script_of_the_page_shows_the_same() -> None:
    node = Path(playwright.__file__).parent / "driver" / "node"
    program = (
        f"import {{ makeTranslation }} from {json.dumps((ROOT / 'ui/assets/translate.js').as_uri())};"
        f"const {{ catalogue, shown }} = {json.dumps(TABLE)}, of = makeTranslation(catalogue, {json.dumps(HOLES)});"
        "console.log(JSON.stringify(shown.map(([text]) => [text, of(text)])));"
    )
    ran = subprocess.run(
        [node, "--input-type=module", "-e", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert json.loads(ran.stdout) == TABLE["shown"]
