"""What is pasted into a new data set is a table or a text, in either language."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import playwright

from playground.translation.extract import ROOT

TEXTS = {
    "问题，标准答案\n中国的首都是哪里？，北京\n一加一等于几？，二": True,
    "题目；答案\n一加一；二": True,
    "问题\t答案\n一\t二": True,
    "床前明月光，疑是地上霜。\n举头望明月，低头思故乡。": False,
    "他来了，她走了\n我不知道，你知道，他也知道": False,
    "只有一行，没有别的": False,
}


def test_marks_of_chinese_part_a_table_and_no_prose() -> None:
    node = Path(playwright.__file__).parent / "driver" / "node"
    program = (
        f"import {{ block, hasHead }} from {json.dumps((ROOT / 'ui/assets/pasted.js').as_uri())};"
        f"const texts = {json.dumps(list(TEXTS))};"
        "console.log(JSON.stringify(texts.map((text) => Boolean(block(text)) || hasHead(text))));"
    )
    ran = subprocess.run(
        [node, "--input-type=module", "-e", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert json.loads(ran.stdout) == list(TEXTS.values())


def test_what_is_said_beside_the_text_of_a_cell_is_translated() -> None:
    """The page keeps all that stands in monospace as it is: the text of a cell, not "= row 1" beside it."""
    drawn = (ROOT / "ui/assets/data_grid.js").read_text(encoding="utf-8")
    assert 'h("span", { class: "text mono" }' in drawn and "cell mono" not in drawn
