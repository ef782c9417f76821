"""The page of a judge: labels given blind, the card of the held-out half, and the verdict's judged part corrected."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from playground.types.experiment import Cases, Experiment, ExperimentVariant, Rule
from playground.types.prompt import Check, Prompt, Turn
from playground.ui.verdict_look import Look
from playground.workbench.service import Workbench

Call = Callable[..., Awaitable[dict[str, Any]]]
JUDGE = Check(scorer="judge", options={"criterion": "Says <yes>.", "model": "scripted:lenient"})
LOOK = "judge=1"


@pytest.fixture
async def judged(workbench: Workbench) -> str:
    """60 cases of which A says yes in a third, B in two thirds; the judge passes whatever it sees."""
    workbench.models.backends["scripted"].scripts["lenient"] = "PASS. It does <so>."  # type: ignore[attr-defined]
    prompt = Prompt(name="Echo", turns=(Turn(role="user", template="{{ a }}"),), checks=())
    other = prompt.model_copy(update={"turns": (Turn(role="user", template="{{ b }}"),)})
    rows = tuple(
        {"a": f"{'yes' if n % 3 == 0 else 'no'} {n}", "b": f"{'yes' if n % 3 else 'no'} {n}"}
        for n in range(80)
    )
    run = await workbench.experiments.start(
        Experiment(
            name="Judged",
            prompt=prompt,
            variants=(
                ExperimentVariant(name="A", model="scripted:echo"),
                ExperimentVariant(name="B", model="scripted:echo", prompt=other),
            ),
            cases=Cases(rows=rows),
            checks=(Check(scorer="length", options={"max": 5, "unit": "words"}), JUDGE),
            rule=Rule(baseline="A"),
        )
    )
    await workbench.experiments.wait(run)
    return run


def the(page: str, name: str) -> str:
    found = re.search(rf'data-{name}="([^"]*)"', page)
    assert found is not None, name
    return found[1].replace("&amp;", "&")


async def labelled(call: Call, run: str, count: int) -> str:
    """So many answers labelled as the page offers them: those that say yes pass. The page after the last."""
    page = (await call("verdict_look", id=run, look=f"{LOOK}&step=label"))["html"]["exp-verdict"]
    for _ in range(count):
        button = page[page.index('data-act="label_answer"') :]
        answer = page.partition('<pre class="out" tabindex="0">')[2].partition("</pre>")[0]
        update = await call(
            "label_answer", id=run, look=the(button, "look"), variant=the(button, "variant"),
            case=the(button, "case"), passes="yes" if answer.startswith("yes") else "no",
        )  # fmt: skip
        page = update["html"]["exp-verdict"]
    return page


def test_what_is_looked_at_on_the_page_of_a_judge_stands_in_the_address() -> None:
    look = Look(pair=(1, 0), judge=2, step="label", row=(1, 33), lets="through")
    assert Look.read(look.text) == look
    assert Look.read("judge=x&step=y&row=1&lets=all") == Look()


async def test_labels_are_given_blind_one_after_the_other(judged: str, call: Call) -> None:
    page = await labelled(call, judged, 3)
    left = page.partition('class="va-two"')[2].partition("<aside")[0]
    assert "Says &lt;yes&gt;." in left and "So far 3 labels" in left
    assert "lenient" not in left and "PASS" not in left and "It does" not in left
    assert "Kappa" not in page and "shut while you label" in page
    skip = re.findall(r'data-look="([^"]*)" data-hot=" "', left)
    assert skip and "row=" in skip[0]


async def test_the_card_says_what_the_judge_lets_through_and_corrects_its_scores(
    judged: str, workbench: Workbench, call: Call
) -> None:
    verdict = (await call("verdict_look", id=judged, look=""))["html"]["exp-verdict"]
    assert "1 of 2 checks is judged by a model. Its score is an opinion" in verdict
    none = (await call("verdict_look", id=judged, look=LOOK))["html"]["exp-verdict"]
    assert "What is this judge worth?" in none and "No card yet." in none
    await labelled(call, judged, 100)
    page = (await call("verdict_look", id=judged, look=LOOK))["html"]["exp-verdict"]
    assert "Kappa –" in page and "one of the two gave only one mark" in page
    assert re.search(r"It lets (\d+) of \1 bad answers through\.</span> <span>May warn", page)
    assert "disagreement" in page and "It does &lt;so&gt;." in page
    aligned = await workbench.labels.alignment(judged, JUDGE)
    assert len(aligned.held_out) == len(aligned.working) == 50
    verdict = (await call("verdict_look", id=judged, look=""))["html"]["exp-verdict"]
    said = re.search(r"Corrected by your 50 held-out labels, B is (\d+) points higher than A", verdict)
    assert said is not None and 20 <= int(said[1]) <= 50, "raw they are equal"


async def test_a_person_who_was_wrong_turns_a_label(judged: str, workbench: Workbench, call: Call) -> None:
    await labelled(call, judged, 40)
    page = (await call("verdict_look", id=judged, look=LOOK))["html"]["exp-verdict"]
    before = (await workbench.labels.alignment(judged, JUDGE)).disagreements
    button = page[page.index('data-act="label_answer"') :]
    assert "I was wrong: it passes" in button
    await call(
        "label_answer", id=judged, look=the(button, "look"), variant=the(button, "variant"), case=the(button, "case"),
        passes=the(button, "passes"), note="A second look.",
    )  # fmt: skip
    after = (await workbench.labels.alignment(judged, JUDGE)).disagreements
    assert len(after) == len(before) - 1
    assert "A second look." in [each.note for each in await workbench.labels.of(judged, JUDGE)]


async def test_no_page_for_what_is_no_judge(judged: str, call: Call) -> None:
    for look in ("judge=0", "judge=9"):
        page = (await call("verdict_look", id=judged, look=look))["html"]["exp-verdict"]
        assert "va-steps" not in page and "v-sentence" in page
    gone = await call("label_answer", id=judged, look="judge=0", variant="0", case="0", passes="yes")
    assert "judge is gone" in gone["alert"]["message"]


async def test_another_model_by_the_same_criterion_keeps_the_labels(
    judged: str, workbench: Workbench, call: Call
) -> None:
    await labelled(call, judged, 2)
    stricter = JUDGE.model_copy(update={"options": {**JUDGE.options, "model": "scripted:other"}})
    other = JUDGE.model_copy(update={"options": {**JUDGE.options, "criterion": "Says no."}})
    assert len(await workbench.labels.of(judged, stricter)) == 2
    assert await workbench.labels.of(judged, other) == ()


async def test_a_judge_that_takes_the_word_named_first_flips(
    judged: str, workbench: Workbench, call: Call
) -> None:
    await labelled(call, judged, 40)
    page = (await call("verdict_look", id=judged, look=LOOK))["html"]["exp-verdict"]
    assert "Ask it in reverse" in page and "20 calls" in page
    backend = workbench.models.backends["scripted"]
    backend.scripts["lenient"] = "{last}"  # type: ignore[attr-defined]
    asked = len(backend.requests)  # type: ignore[attr-defined]
    begun = await call("judge_in_reverse", id=judged, look=LOOK)
    assert begun["only_at"] == judged and "Asked in reverse: " in begun["html"]["exp-verdict"]
    await workbench.labels.wait()
    sent = [request.messages[-1].content for request in backend.requests[asked:]]  # type: ignore[attr-defined]
    assert len(sent) == 20 and all("Begin with FAIL or PASS" in text for text in sent)
    page = (await call("judge_now", id=judged, look=LOOK))["html"]["exp-verdict"]
    row = page.partition("Order flips")[2].partition("</tr>")[0]
    assert "100 %" in row and "Ask it in reverse" not in page
