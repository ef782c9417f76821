"""How the files beside this one were made: by the program of 0.2.0 itself, run in a checkout of that release.

    PYTHONPATH=CHECKOUT python tests/store/release_0_2/make.py tests/store/release_0_2

`database.sql` is the dump of its database, `told.json` what its own store read out of it.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sqlite3
import sys
import tempfile
from dataclasses import is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from playground.backends.base import Chunk
from playground.backends.scripted import ScriptedBackend
from playground.errors import BackendUnavailable
from playground.settings import Settings
from playground.store import open_store
from playground.store.records import NewCell, SyncMark
from playground.types import (
    Check,
    Column,
    Comparison,
    Completion,
    Input,
    Message,
    Prompt,
    Sampling,
    Score,
    TokenLogprob,
    Turn,
)
from playground.workbench import Workbench

ODD = "a\0b 👩‍👩‍👧 \ud800 \x01x שלום e\u0301\r\n<script>"
IMAGE = base64.b64encode(b"GIF89a, more or less").decode()
SCRIPTS = {
    "echo": "{last}",
    "think": [Chunk(reasoning="Hm, 17 + 25."), "The answer ", "is 42."],
    "broken": ["Half an ", BackendUnavailable("The server has gone.", "Start it again.")],
    "slow": ["Once upon ", 3600.0],
    "odd": [Chunk(text=ODD.replace("\ud800", "?"))],
}


def told(value: Any) -> Any:
    """The value as JSON data."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if is_dataclass(value):
        return {name: told(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): told(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [told(each) for each in value]
    if isinstance(value, set | frozenset):
        return sorted(told(each) for each in value)
    return value


def mail(text: str, **fields: Any) -> Prompt:
    turns = (Turn(role="system", template="You write for {{ who }}."), Turn(role="user", template=text))
    return Prompt(name="Refund mail", turns=turns, **fields)


async def work(workbench: Workbench) -> None:
    """Everything a person could do with 0.2."""
    store = workbench.store
    checks = (
        Check(scorer="contains", options={"text": "refund"}, weight=2.0),
        Check(scorer="contains", options={"text": "sorry"}, negate=True),
        Check(scorer="number", options={"expected": 42}),
    )
    inputs = (Input(name="who", example="a shop"), Input(name="n", kind="number", required=False))
    first = store.save_version(
        mail("Write about a refund of {{ n }}.", tags=("mail", "b"), checks=checks, inputs=inputs,
             description="A mail\0with a NUL", family="writing", name_zh="邮件"),
        message="first", author="Ada",
    )  # fmt: skip
    second = store.save_version(
        mail("Write a short mail about a refund of {{ n }}.", checks=checks, inputs=inputs, tags=("mail",)),
        message="shorter", prompt_id=first.prompt_id, author="Grace",
    )  # fmt: skip
    store.save_version(
        mail("Write a rude mail.", checks=checks), message="v", prompt_id=first.prompt_id, variant="rude"
    )
    store.set_label(first.prompt_id, "production", 1)
    store.set_label(first.prompt_id, "staging", 2)
    store.rename(first.prompt_id, "Refund letter")
    store.set_favourite(f"prompt:{first.prompt_id}", True)
    store.set_favourite("pattern:techniques/role/role", True)
    other = store.save_version(
        Prompt(name="Summary", turns=(Turn(role="user", template="Sum up {{ text }}"),)), message="x"
    )
    binned = store.save_version(
        Prompt(name="Old one", turns=(Turn(role="user", template="Old {{ a }}"),)), message="old"
    )
    store.delete_prompt(binned.prompt_id)
    purged = store.save_version(
        Prompt(name="Gone", turns=(Turn(role="user", template="Gone {{ a }}"),)), message="gone"
    )
    mark = SyncMark(other.prompt_id, other.content_hash, 1_700_000_000_000_000_000, 321)
    store.keep_sync_marks("/tmp/synced", {"summary.prompty": mark})

    async def finished(comparison: Comparison, stop_at: int | None = None) -> str:
        run_id = ""
        async for event in workbench.compare(comparison):
            run_id = getattr(event, "run_id", run_id)
            if stop_at is not None and type(event).__name__ == "Delta" and event.cell.column == stop_at:
                workbench.stop(run_id, stop_at)
        return run_id

    values = {"who": "a shop", "n": 17, "rows": [{"in": 1, "out": None}], "odd": "x\0y"}
    big = await finished(
        Comparison(
            prompt=second.prompt,
            values=values,
            columns=(
                Column(model="scripted:echo", sampling=Sampling(seed=None, temperature=0.7)),
                Column(model="scripted:think", prompt=mail("Think of {{ who }}: refund?", checks=checks)),
                Column(model="scripted:broken", thinking=True),
                Column(model="scripted:slow", sampling=Sampling(stop=("\n",), top_k=5)),
            ),
        ),
        stop_at=3,
    )
    for column in (0, 0, 1):
        async for _ in workbench.rerun(big, column):
            pass
    store.thumb(big, 0, 1)
    store.thumb(big, 1, -1)
    store.vote(big, "column", 1, "clearer")
    store.note(big, "Remember \0 this ☂")
    images = Comparison(
        prompt=other.prompt, values={"text": ODD.replace("\ud800", "")}, images=(IMAGE, "no base64"),
        columns=(Column(model="scripted:echo"), Column(model="scripted:odd", top_logprobs=2)),
    )  # fmt: skip
    looked = await finished(images)
    store.vote(looked, "tie")
    same = await finished(
        Comparison(prompt=purged.prompt, values={"a": "b"}, columns=(Column(model="scripted:echo"),))
    )
    store.vote(same, "all_bad", note="no")
    store.delete_prompt(purged.prompt_id)
    store.purge_prompt(purged.prompt_id)
    whole = Completion(
        text=ODD, finish="length", reasoning="because " + ODD, prompt_tokens=12, completion_tokens=256,
        cached_tokens=3, context_tokens=8192, first_token_s=0.125, total_s=1.5, rendered_prompt="<|im|>" + ODD,
        model_digest="sha256:abc", backend_version="0.3.36", mode="batched", ignored=("min_p", "top-k"),
        logprobs=(TokenLogprob("a", -0.5, (("a", -0.5), ("\0", -2.0))), TokenLogprob("", -1.0)),
    )  # fmt: skip
    prompt = other.prompt
    cells = [NewCell(n, "ollama:big", "ollama", prompt, Sampling(seed=2**32 - 2 - n)) for n in range(2)]
    columns = (Column(model="ollama:big"), Column(model="ollama:big"))
    by_hand = store.create_run(Comparison(prompt=prompt, columns=columns), cells, title="By hand " + ODD)
    store.start_cell(by_hand, 0)
    scores = (Score("contains", 1.0, ODD, "It is there.", 2.0), Score("number", None, "", "No number."))
    sent = [Message("system", "\x01 odd"), Message("user", ODD)]
    store.save_cell(by_hand, 0, 0, status="done", completion=whole, messages=sent, scores=scores)
    store.save_cell(
        by_hand, 1, 0, status="error", completion=None, messages=(), error="Too long.", hint="Cut."
    )
    # Another model in the same column, and values that were changed since.
    again = NewCell(1, "vllm:other", "vllm", mail("Other"), Sampling(seed=5))
    store.add_repeat(
        by_hand, 1, again, comparison=Comparison(prompt=prompt, values={"text": "new"}, columns=columns)
    )
    store.save_cell(by_hand, 1, 1, status="done", completion=Completion("two", "stop"), messages=sent[1:])
    # The program was killed while this ran, and 0.2 was started again.
    killed = store.create_run(Comparison(prompt=prompt, columns=columns), cells, title="Killed")
    store.start_cell(killed, 0)
    assert store.mark_interrupted() == 2
    # It is killed again, and today's program is started.
    left = store.create_run(Comparison(prompt=prompt, columns=columns), cells, title="Left running")
    store.start_cell(left, 1)


def main(folder: Path) -> None:
    """Make the database, read it, write both files."""
    with tempfile.TemporaryDirectory() as data:
        settings = Settings(data_dir=Path(data), database_url="")
        store = open_store(settings)
        workbench = Workbench(settings, store, {"scripted": ScriptedBackend(SCRIPTS)})
        asyncio.run(work(workbench))
        runs = [row.id for row in store.history().rows]
        prompts = [*store.prompts(), *store.prompts(binned=True)]
        read = {
            "runs": {run_id: store.run(run_id) for run_id in runs},
            "history": store.history(),
            "prompts": prompts,
            "facets": store.facets(),
            "versions": {
                p.id: [store.version(p.id, v.number) for v in store.versions(p.id)] for p in prompts
            },
            "variants": {p.id: store.variants(p.id) for p in prompts if p.deleted_at is None},
            "favourites": store.favourites(),
            "marks": store.sync_marks("/tmp/synced"),
            "found": {
                word: [row.id for row in store.history(word).rows]
                for word in ("refund", "42", "remember", "☂", "vllm", "two", "echo 17", "שלום", "nowhere")
            },
        }
        (folder / "told.json").write_text(json.dumps(told(read), indent=1, sort_keys=True) + "\n")
        asyncio.run(workbench.close())
        with sqlite3.connect(settings.database_path) as file:
            (folder / "database.sql").write_bytes(("\n".join(file.iterdump()) + "\n").encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
