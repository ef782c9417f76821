"""Keeps the catalogue in step with the source, and says how many translations are missing.

python -m playground.translation update [more.json …]

Each further file holds translations as {English: Chinese}.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from playground.translation.catalogue import kept
from playground.translation.extract import messages
from playground.translation.keeping import fits, write


def main(arguments: list[str]) -> int:
    """0 when every message has its translation."""
    if arguments[:1] != ["update"]:
        sys.stderr.write(__doc__ or "")
        return 2
    known = kept()
    for name in arguments[1:]:
        for text, chinese in json.loads(Path(name).read_text(encoding="utf-8")).items():
            if fits(text, chinese):
                known[text] = " ".join(chinese.split())
            else:
                sys.stdout.write(f"other placeholders: {text} | {chinese}\n")
    found = messages()
    write(found, known)
    after = kept()
    missing = [message.text for message in found if not after[message.text]]
    sys.stdout.write(f"{len(found)} messages, {len(missing)} without Chinese\n")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
