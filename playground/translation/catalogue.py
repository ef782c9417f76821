"""The catalogue as it is read while the program runs: English to Chinese, from the gettext file zh.po.

translations()  →  {"{n} rows left": "还有 {n} 行", …}

The file is as `keeping` writes it, each text on one line: it is read in 20 ms, where Babel's own reader takes a second,
for which every command in Chinese would wait.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

PATH = Path(__file__).parent / "zh.po"


@cache
def translations(path: Path = PATH) -> Mapping[str, str]:
    """English to Chinese, only what is translated."""
    return {text: chinese for text, chinese in kept(path).items() if chinese}


@cache
def page_translations() -> Mapping[str, str]:
    """What the page needs of it: without what only the command line says."""
    elsewhere = set()
    places: list[str] = []
    for line in PATH.read_text(encoding="utf-8").splitlines():
        if line.startswith("#: "):
            places += line[3:].split()
        elif line.startswith("msgid "):
            if all(place.startswith("cli/") for place in places):
                elsewhere.add(json.loads(line[6:]))
            places = []
    # What stays as it is in Chinese is known all the same, where it is a part of a longer text: "top-k {v}".
    return {
        text: chinese
        for text, chinese in translations().items()
        if text not in elsewhere and (text != chinese or "{" in text)
    }


def kept(path: Path = PATH) -> dict[str, str]:
    """English to Chinese, "" where there is none yet."""
    found: dict[str, str] = {}
    text = ""
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        if line.startswith("msgid "):
            text = json.loads(line[6:])
        elif line.startswith("msgstr ") and text:
            found[text] = json.loads(line[7:])
    return found
