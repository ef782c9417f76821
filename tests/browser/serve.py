"""Serves the app with scripted answers: `python tests/browser/serve.py PORT DATA_DIR [filled]`.

Each model of the list below is one behaviour of a model that the browser tests need. A `filled` folder is one in which
everything has been used once, with the models of filled.py.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from playground.backends.scripted import Script, ScriptedBackend
from playground.errors import BackendError
from playground.settings import Settings
from playground.store import open_store
from playground.types.generation import Chunk, GenerationRequest
from playground.ui.server import serve
from playground.workbench.service import Workbench
from tests.browser.filled import SCRIPTS as OF_FILLED
from tests.browser.filled import fill

HOSTILE = (
    "<script>window.hacked = 1</script><img src=x onerror=window.hacked=2>"
    "<svg onload=window.hacked=3></svg></pre><iframe src=javascript:window.hacked=4></iframe>"
)
MARKDOWN = (
    "# A title\n\nSome **bold** text.\n\n- one\n- two\n\n"
    "![pixel](http://tracker.example/pixel.png)\n\n"
    "[bad link](javascript:window.hacked=1)\n\n"
    "<form action='http://tracker.example/'><input name=q></form>\n\n<script>window.hacked=2</script>\n"
)


def written(text: str, pause_s: float) -> list[str | float | Exception]:
    """The words of a text with a pause after each."""
    return [piece for word in text.split() for piece in (f"{word} ", pause_s)]


SCRIPTS: dict[str, Script] = {
    "echo": "{last}",
    "steady": written(" ".join(f"word{n}" for n in range(12)), 0.08),
    "slow": written(" ".join(f"word{n}" for n in range(300)), 0.1),
    "breaks": ["Half an ", 0.1, "answer", BackendError("The server went away.", "Start it again.")],
    "faulty": ["Some text", RuntimeError("a secret detail")],
    "aborted": "cut off here",
    "deaf": "{last}",
    "html": HOSTILE,
    "markdown": [MARKDOWN],
    "long": " ".join(f"word{n}" for n in range(3000)),
    "cat": "The cat sat on the mat.",
    "dog": "The dog sat on the mat.",
    "thinks": [
        *(piece for n in range(8) for piece in (f"thought{n} ", 0.1)),
        *(piece for n in range(8, 16) for piece in (Chunk(reasoning=f"thought{n} ", rethought=n == 8), 0.1)),
        *written("The answer.", 0.1),
    ],
    "dice": "",
    "steps": "",
    "json": '{"city": "Paris", "year": 2024}',
}


DICE = ("three", "six", "three", "one", "six, as it\nhappens", "six", "three", "six, as it happens")
"""What "dice" shows, by the request's seed."""


TREE = {
    "": "1. 10 - 4 = 6 (left: 6, 9 and 13)\n2. 13 - 9 = 4 (left: 4, 4 and 10)\n3. 4 + 9 = 13 (left: 10, 13 and 13)",
    "10 - 4": "1. 13 - 9 = 4 (left: 4 and 6)\n2. 9 + 6 = 15 (left: 13 and 15)\n3. 13 + 9 = 22 (left: 6 and 22)",
    "13 - 9": "1. 10 - 4 = 6 (left: 4 and 6)\n2. 4 * 4 = 16 (left: 10 and 16)\n3. 10 + 4 = 14 (left: 4 and 14)",
}
SURE, LIKELY = ("(left: 4 and 6)",), ("10 - 4 = 6 (left: 6", "13 - 9 = 4 (left: 4, 4")


def step_of(request: GenerationRequest) -> str:
    """What "steps" says to a step of the tree of thoughts on 4, 9, 10 and 13, and to anything else: a worked answer."""
    asked = request.messages[-1].content
    steps = asked.partition("Steps so far:\n")[2]
    if "different next steps" in asked:
        return next((TREE[start] for start in ("10 - 4", "13 - 9") if steps.startswith(start)), TREE[""])
    if steps:
        last = steps.strip().splitlines()[-1]
        word = (
            "sure"
            if any(s in last for s in SURE)
            else "likely"
            if any(s in last for s in LIKELY)
            else "impossible"
        )
        return f"Looking one step ahead. Value: {word}"
    if asked.startswith("Problem:"):
        return "Answer: (10 - 4) * (13 - 9) = 24"
    return f"We take 10 - 4 = 6 and 13 - 9 = 4, so it is 24. Answer: {24 if (request.sampling.seed or 0) % 3 else 18}"


class Backend(ScriptedBackend):
    """Scripted answers; "aborted" ends without saying why, "deaf" does not honour a setting.

    "dice" shows another number for another seed, in time or (above 100) only after a while.
    """

    async def stream(self, request: GenerationRequest) -> AsyncIterator[Chunk]:
        """The script's chunks."""
        name = request.model.partition(":")[2]
        if name == "dice":
            seed = request.sampling.seed or 0
            self.scripts = dict(self.scripts) | {"dice": [f"The dice show {DICE[seed % 8]}."]}
        if name == "steps":
            self.scripts = dict(self.scripts) | {"steps": [0.15, step_of(request)]}
        if name == "picky":
            said = "PASS 有 3。" if "3" in request.messages[-1].content else "FAIL 没有 3。"
            self.scripts = dict(self.scripts) | {"picky": said}
        async for chunk in super().stream(request):
            if name == "aborted" and chunk.finish:
                return
            yield chunk
        if name == "deaf":
            yield Chunk(ignored=("repetition penalty",))


def workbench_of(settings: Settings, scripts: dict[str, Script]) -> Workbench:
    """A workbench whose only models are these scripts."""
    return Workbench(settings, open_store(settings), {"scripted": Backend(scripts, context_tokens=4096)})


async def filled(settings: Settings) -> None:
    """Fill the folder, as an earlier start would have left it."""
    workbench = workbench_of(settings, OF_FILLED)
    await fill(workbench)
    await workbench.close()


if __name__ == "__main__":
    settings = Settings(port=int(sys.argv[1]), data_dir=Path(sys.argv[2]))
    scripts = OF_FILLED if sys.argv[3:] == ["filled"] else SCRIPTS
    if scripts is OF_FILLED:
        asyncio.run(filled(settings))
    serve(settings, workbench_of(settings, scripts), lambda: print("ready", flush=True))
