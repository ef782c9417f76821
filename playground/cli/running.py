"""What `playground run` does with a run: prints its answers as they come, reports on them, says whether all is good.

ended = await run_samples(workbench, comparison, write)     # "sample 1 of 3:"
report_all(ended) → False                                   # "check failed: …" on standard error
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import asdict
from typing import Any

from playground.answers.wording import pass_all_words
from playground.cli.terminal import Name, require_reader, shown, tell, tell_all
from playground.runs.events import Ended
from playground.runs.runner import Delta, Stepped
from playground.runs.samples import Answers, answers, is_good, sample_number, share
from playground.store.records import StoredCell
from playground.types.grid import RunSpec, Variant
from playground.types.trace import Answer
from playground.workbench.service import Workbench

STEP_CHARS = 100
"""So much of each step is shown in a terminal while a technique runs."""


async def run_one(workbench: Workbench, spec: RunSpec, show: Callable[[str], None]) -> Ended:
    """The stored end of a comparison with one column; its text goes to `show` as it arrives.

    Where it may still turn out to be thought, it goes there at the end, but for a terminal, where a note says so.

    Leaving early (Ctrl+C, a closed pipe) stops the model; what had come is stored as cancelled.
    """
    live = sys.stdout.isatty()
    printed, waiting = "", ""
    try:
        async with aclosing(workbench.runs.compare(spec)) as events:
            async for event in events:
                if isinstance(event, Ended) and event.cell.answer.is_traced:
                    waiting = event.cell.answer.text
                if isinstance(event, Stepped) and event.step.completion is not None and live:
                    tell_all(event.step.label, [Name(" ".join(event.step.text.split())[:STEP_CHARS])])
                if not isinstance(event, Delta):
                    continue
                if event.rethought:
                    waiting = ""
                    if printed:
                        show("\n")
                        tell("note: what stands above was the model's thinking; its answer follows.")
                waiting += event.text
                if live or event.settled:
                    show(waiting)
                    printed, waiting = waiting or printed, ""
                else:
                    require_reader()
    finally:
        # A file or another program must not get thoughts for an answer: often the end only tells that there are none.
        show(waiting)
        if not (waiting or printed or "\n").endswith("\n"):
            show("\n")
    await (
        workbench.runs.deposits.all_stored()
    )  # another program may hold the database; the log says so meanwhile
    assert isinstance(event, Ended)  # the last event of a comparison
    return event


def report(cell: StoredCell, prefix: str = "") -> bool:
    """Whether the answer and all its checks are good; what is not, and what was cut or ignored, goes to stderr."""
    if cell.error:
        tell_all(f"{prefix}error", [f"{cell.error} {cell.hint}".strip()])
    if cell.completion:
        tell_all(f"{prefix}note", cell.completion.ignored)
        if cell.completion.finish == "length" and not cell.answer.is_traced:
            tell(f"{prefix}note: the answer was cut after {cell.sampling.max_tokens} tokens (--max-tokens).")
    if cell.answer.is_traced:
        tell(f"{prefix}{totals(cell.answer)}")
    thought_only = False
    if cell.status == "done" and cell.completion and not cell.completion.text.strip():
        thought_only = bool(cell.completion.reasoning.strip())
        thoughts = "the model thought to the end and gave no answer (--format json shows its thoughts)."
        tell(prefix + (f"error: {thoughts}" if thought_only else "note: the answer is empty."))
    failed = [score for score in cell.scores if score.value is not None and score.value < 1]
    tell_all(f"{prefix}check failed", [f"{score.name}: {score.explanation}" for score in failed])
    return cell.status == "done" and not cell.error and not failed and not thought_only


def totals(answer: Answer) -> str:
    """Such as "5 calls, 612 tokens (410 in, 202 out), 2.10 s; votes: 3 of 5; the answer: 8"."""
    tokens = "tokens unknown"
    if answer.tokens is not None:
        tokens = f"{answer.tokens:,} tokens ({answer.prompt_tokens:,} in, {answer.completion_tokens:,} out)"
    calls = f"{answer.calls:,} call{'' if answer.calls == 1 else 's'}"
    parts = [f"{calls}, {tokens}, {answer.wall_s:.2f} s"]
    parts += [f"{name.replace('_', ' ')}: {said}" for name, said in answer.facts]
    if answer.ended == "length":
        bound = "a bound ended it (--option max_calls=N, --option max_tokens=N)"
        parts.append("its last call was cut (--max-tokens N)" if answer.is_cut else bound)
    if answer.extracted is not None:
        parts.append(f"the answer: {answer.extracted}")
    return "; ".join(parts)


def trace_to_json(answer: Answer) -> dict[str, Any]:
    """What a technique adds to the JSON of an answer: nothing for a plain one."""
    if not answer.is_traced:
        return {}
    told = (
        "number",
        "parent",
        "kind",
        "label",
        "text",
        "extracted",
        "value",
        "state",
        "tokens",
        "start_s",
        "model",
    )
    steps = [
        {name: getattr(step, name) for name in told}
        | {"messages": [asdict(message) for message in step.messages], "request_hash": step.request_hash}
        for step in answer.steps
    ]
    return {
        "extracted": answer.extracted,
        "calls": answer.calls,
        "facts": dict(answer.facts),
        "steps": steps,
    }


def to_json(ended: Ended) -> dict[str, Any]:
    """What `run --format json` prints: the answer with everything that is needed to repeat it."""
    cell = ended.cell
    told = asdict(cell.completion) if cell.completion else {}
    return {
        "text": told.get("text", ""),
        "reasoning": told.get("reasoning", ""),
        "status": cell.status,
        "finish": told.get("finish"),
        "error": cell.error,
        "hint": cell.hint,
        "tokens": {k: told.get(f"{k}_tokens") for k in ("prompt", "completion", "cached", "context")},
        "timings": {k: told.get(k) for k in ("first_token_s", "total_s")},
        "scores": [asdict(score) for score in cell.scores],
        "ignored": list(told.get("ignored", ())),
        "model": cell.model,
        "model_digest": told.get("model_digest"),
        "backend_version": told.get("backend_version"),
        "mode": told.get("mode"),
        "sampling": cell.sampling.model_dump(mode="json"),
        "messages": [asdict(message) for message in cell.messages],
        "run": ended.run_id,
        "hash": cell.content_hash,
    } | trace_to_json(cell.answer)


async def run_samples(workbench: Workbench, spec: RunSpec, show: Callable[[str], None]) -> list[Ended]:
    """The stored ends of all samples of the one column, by number; each text goes to `show` whole, in this order.

    Leaving early stops the model, as in `run_one`.
    """
    count = spec.variants[0].samples
    ended: dict[int, Ended] = {}
    told = 0
    async with aclosing(workbench.runs.compare(spec)) as events:
        async for event in events:
            require_reader()
            if not isinstance(event, Ended):
                continue
            ended[event.cell.repeat] = event
            while told in ended:
                done = ended[told].cell.completion
                text = done.text if done else ""
                head = shown(f"sample {told + 1} of {count}:")
                show(f"{head}\n{text}" + ("" if text.endswith("\n") else "\n"))
                told += 1
    await workbench.runs.deposits.all_stored()
    return [ended[repeat] for repeat in sorted(ended)]


def report_all(ended: Sequence[Ended]) -> bool:
    """Whether every answer is good and kept; of several also what they come to together."""
    good = True
    for number, each in enumerate(ended, 1):
        prefix = f"sample {number}: " if len(ended) > 1 else ""
        good = report(each.cell, prefix) and good
        if each.unsaved is not None:
            tell(f"{prefix}error: this answer is not kept. {each.unsaved}")
            good = False
    if len(ended) > 1:
        cells = [each.cell for each in ended]
        held = share(cells)
        if held.judged:
            tell(pass_all_words(held.passing, held.judged))
            for check in held.checks if len(held.checks) > 1 else ():
                tell_all(Name(f"  {shown(check.name)}"), [f"{check.passing} of {check.applying}"])
        tell(in_words(answers(cells, Variant(model="", samples=len(ended)))))
    return good


def in_words(found: Answers) -> str:
    """Such as "3 different answers: 1 = 4 = 7, 2 = 3, 5"."""
    if len(found.groups) == 1:
        return "all answers are equal"
    groups = ", ".join(" = ".join(map(str, group.numbers)) for group in found.groups)
    words = f"{len(found.groups)} different answers: {groups}" if groups else "no answer came to its end"
    return "; ".join([words, *(f"{a} and {b} differ in {what} only" for a, b, what in found.nearly)])


def samples_to_json(ended: Sequence[Ended]) -> dict[str, Any]:
    """What `run --samples N --format json` prints: what the answers come to, then each as `run` prints it."""
    cells = [each.cell for each in ended]
    held, column = share(cells), Variant(model="", samples=len(ended))
    found = answers(cells, column)
    return {
        "run": ended[0].run_id,
        "passing": held.passing,
        "judged": held.judged,
        "checks": [check._asdict() for check in held.checks],
        "equal": [list(group.numbers) for group in found.groups],
        "nearly_equal": [{"samples": [a, b], "differ_in": what} for a, b, what in found.nearly],
        "samples": [
            {"sample": sample_number(column, each.cell.repeat), "passes": is_good(each.cell)} | to_json(each)
            for each in ended
        ],
    }
