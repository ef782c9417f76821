"""The page of a judge: labels given blind, the card of the held-out half, and the verdict's judged part corrected."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from playground.errors import NotFoundError, PromptError, StoreBusy
from playground.scorers import check_hash, check_name
from playground.types.experiment import Cases, Experiment, ExperimentVariant, Rule
from playground.types.grid import CellKey
from playground.types.prompt import Check, Prompt, Turn
from playground.ui.judge_labelling import queue_of
from playground.ui.verdict import look_at
from playground.ui.verdict_files import verdict_file
from playground.ui.verdict_look import Look
from playground.workbench.service import Workbench

Call = Callable[..., Awaitable[dict[str, Any]]]
JUDGE = Check(scorer="judge", options={"criterion": "Says <yes>.", "model": "scripted:lenient"})
OTHER = JUDGE.model_copy(update={"options": {**JUDGE.options, "criterion": "Says yes, and only that."}})
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


async def labelled(workbench: Workbench, run: str, count: int) -> None:
    """So many answers labelled in the order in which the page offers them: those that say yes pass."""
    shown = await look_at(workbench, run, Look.read(LOOK))
    places = queue_of(shown, await workbench.labels.alignment(run, JUDGE)).places
    for variant, case in places[:count]:
        says_yes = (case % 3 == 0) == (variant == 0)
        await workbench.labels.put(run, JUDGE, CellKey(case, variant, 0), says_yes)


async def labelled_on_the_page(call: Call, run: str, count: int) -> str:
    """So many answers labelled as the page offers them: those that say yes pass. The page after the last."""
    page = (await call("verdict_look", id=run, look=f"{LOOK}&step=label"))["html"]["exp-verdict"]
    given = 0
    while given < count:
        button = page[page.index('data-act="label_answer"') :]
        answer = page.partition('<pre class="out" tabindex="0">')[2].partition("</pre>")[0]
        update = await call(
            "label_answer", id=run, look=the(button, "look"), variant=the(button, "variant"), case=the(button, "case"),
            passes="yes" if answer.startswith("yes") else "no", again=the(button, "again"),
        )  # fmt: skip
        page = update["html"]["exp-verdict"]
        given += the(button, "again") == ""
    return page


def test_what_is_looked_at_on_the_page_of_a_judge_stands_in_the_address() -> None:
    look = Look(pair=(1, 0), judge=2, step="criteria", row=(1, 33), lets="through", version=2)
    assert Look.read(look.text) == look
    assert Look.read("judge=x&step=y&row=1&lets=all") == Look()


async def test_labels_are_given_blind_one_after_the_other(judged: str, call: Call) -> None:
    page = await labelled_on_the_page(call, judged, 3)
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
    assert "No card yet: 0 labels held out" in (await verdict_file(workbench, judged, "judge.md", LOOK)).text
    await labelled(workbench, judged, 100)
    page = (await call("verdict_look", id=judged, look=LOOK))["html"]["exp-verdict"]
    assert "Kappa –" in page and "one of the two gave only one mark" in page
    assert re.search(r"It lets (\d+) of \1 bad answers through\.</span> <span>May warn", page)
    assert "disagreement" in page and "It does &lt;so&gt;." in page
    aligned = await workbench.labels.alignment(judged, JUDGE)
    assert len(aligned.held_out) == len(aligned.working) == 50
    written = await verdict_file(workbench, judged, "judge.md", LOOK)
    assert written.name == "judged-judge.md" and written.text.startswith("# Says <yes>.")
    assert "| Stops bad (specificity) | 0 % |" in written.text and "| A | 100 % |" in written.text
    with pytest.raises(NotFoundError, match="no judge's page"):
        await verdict_file(workbench, judged, "judge.md", "")
    verdict = (await call("verdict_look", id=judged, look=""))["html"]["exp-verdict"]
    said = re.search(r"Corrected by your 50 held-out labels, B is (\d+) points higher than A", verdict)
    assert said is not None and 20 <= int(said[1]) <= 50, "raw they are equal"


async def test_a_person_who_was_wrong_turns_a_label(judged: str, workbench: Workbench, call: Call) -> None:
    await labelled(workbench, judged, 40)
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
    await labelled(workbench, judged, 2)
    stricter = JUDGE.model_copy(update={"options": {**JUDGE.options, "model": "scripted:other"}})
    other = JUDGE.model_copy(update={"options": {**JUDGE.options, "criterion": "Says no."}})
    assert len(await workbench.labels.of(judged, stricter)) == 2
    assert await workbench.labels.of(judged, other) == ()


async def test_a_judge_that_takes_the_word_named_first_flips(
    judged: str, workbench: Workbench, call: Call
) -> None:
    await labelled(workbench, judged, 40)
    page = (await call("verdict_look", id=judged, look=LOOK))["html"]["exp-verdict"]
    assert "Ask it in reverse" in page and "20 calls" in page
    backend = workbench.models.backends["scripted"]
    backend.scripts["lenient"] = "{last}"  # type: ignore[attr-defined]
    asked = len(backend.requests)  # type: ignore[attr-defined]
    begun = await call("judge_in_reverse", id=judged, look=LOOK)
    assert begun["only_at"] == judged
    await workbench.labels.wait()
    sent = [request.messages[-1].content for request in backend.requests[asked:]]  # type: ignore[attr-defined]
    assert len(sent) == 20 and all("Begin with FAIL or PASS" in text for text in sent)
    page = (await call("judge_now", id=judged, look=LOOK))["html"]["exp-verdict"]
    row = page.partition("Order flips")[2].partition("</tr>")[0]
    assert "100 %" in row and "Ask it in reverse" not in page
    assert "1 call" in page and re.search(r"<span>\d+ tokens</span>", page), "what those calls took is known"


async def test_an_answer_comes_a_second_time_and_how_often_the_same_is_said_stands_on_the_card(
    judged: str, workbench: Workbench, call: Call
) -> None:
    await labelled(workbench, judged, 30)
    page = await labelled_on_the_page(call, judged, 10)
    assert the(page, "again") == "yes", "the fourth"
    button = page[page.index('data-act="label_answer"') :]
    place = int(the(button, "variant")), int(the(button, "case"))
    before = await workbench.labels.alignment(judged, JUDGE)
    assert place in before.labels and len(before.again) == 3 and len(before.labels) == 40
    other = "no" if before.labels[place] else "yes"
    await call(
        "label_answer", id=judged, look=the(button, "look"), variant=place[0], case=place[1], passes=other, again="yes"
    )  # fmt: skip
    after = await workbench.labels.alignment(judged, JUDGE)
    assert after.labels == before.labels and after.again[place] != after.labels[place]
    card = (await call("verdict_look", id=judged, look=LOOK))["html"]["exp-verdict"]
    assert "75 %" in card.partition("Same label twice")[2].partition("</tr>")[0]
    # Who thinks a label over has the judge's reason in view: it tells of no second time any more.
    await workbench.labels.put(judged, JUDGE, CellKey(place[1], place[0], 0), not before.labels[place])
    assert place not in (await workbench.labels.alignment(judged, JUDGE)).again


async def test_a_new_criterion_is_a_version_measured_by_the_same_labels(
    judged: str, workbench: Workbench, call: Call
) -> None:
    await labelled(workbench, judged, 60)
    scripts, requests = (
        workbench.models.backends["scripted"].scripts,  # type: ignore[attr-defined]
        workbench.models.backends["scripted"].requests,  # type: ignore[attr-defined]
    )
    page = (await call("verdict_look", id=judged, look=LOOK))["html"]["exp-verdict"]
    listed = page.partition('data-act="judge_criterion_from"')[2]
    edited = (await call("judge_criterion_from", id=judged, look=the(listed, "look"), note="No <no>."))[
        "html"
    ]
    assert "Says &lt;yes&gt;.\nNo &lt;no&gt;.</textarea>" in edited["exp-verdict"]
    scripts["lenient"] = "FAIL. It says <no>."
    first = await workbench.labels.alignment(judged, JUDGE)
    begun = len(requests)
    update = await call(
        "judge_improve", id=judged, look=f"{LOOK}&step=criteria", fields={"criterion": "Says <yes>.\nNo <no>."}
    )  # fmt: skip
    await workbench.labels.wait()
    assert len(requests) - begun == 30, "the working half alone is asked"
    assert all("No <no>." in each.messages[-1].content for each in requests[begun:])
    second = await workbench.labels.alignment(judged, JUDGE, 2)
    assert len(second.working) == 30 and not second.held_out and not any(second.judge.values())
    assert await workbench.labels.alignment(judged, JUDGE) == first, "what version 1 said stays with it"
    look = the(update["html"]["exp-verdict"], "look")
    page = (await call("judge_now", id=judged, look=look))["html"]["exp-verdict"]
    assert "version 2, 2 criteria" in page and "with version 1 it was" in page
    assert "Version 2 has not seen the held-out half." in page and "Every score twice" not in page
    await call("judge_ask", id=judged, look=look, half="held-out")
    await workbench.labels.wait()
    page = (await call("judge_now", id=judged, look=look))["html"]["exp-verdict"]
    assert "Score by version 2" in page and "version 2, held-out half, 30 labels" in page
    again = await call("judge_improve", id=judged, look=LOOK, fields={"criterion": " Says <yes>. "})
    assert "version 1, 1 criterion" in again["html"]["exp-verdict"], "the same words are the same version"
    empty = await call("judge_improve", id=judged, look=LOOK, fields={"criterion": " "})
    assert "alert" in empty


async def test_a_version_that_scores_judges_every_answer_and_the_one_before_keeps_its_card(
    judged: str, workbench: Workbench, call: Call
) -> None:
    await labelled(workbench, judged, 40)
    before = await workbench.labels.alignment(judged, JUDGE)
    workbench.models.backends["scripted"].scripts["lenient"] = "FAIL. It says <no>."  # type: ignore[attr-defined]
    number = await workbench.labels.improve(judged, JUDGE, "Says no <no>.")
    await workbench.labels.wait()
    attempt = (await workbench.experiments.get(judged)).row.attempt
    await call("judge_use", id=judged, look=f"{LOOK}&version={number}")
    await workbench.labels.wait()
    kept = await workbench.experiments.get(judged)
    assert [check.options.get("criterion") for check in kept.checks] == [None, "Says no <no>."]
    assert kept.row.attempt == attempt + 1
    now = await workbench.labels.alignment(judged, kept.checks[1])
    assert len(now.judge) == 160 and not any(now.judge.values()) and now.labels == before.labels
    assert "It says <no>." in now.reasons.values()
    old = await workbench.labels.alignment(judged, kept.checks[1], 1)
    assert old.counts == before.counts and old.disagreements == before.disagreements
    found = await workbench.experiments.verdict(judged)
    assert [row.passed for row in found.rows] == [0, 0]


async def test_what_the_rule_decides_by_is_not_exchanged(workbench: Workbench, judged: str) -> None:
    plan = (await workbench.experiments.get(judged)).experiment
    by_judge = plan.model_copy(update={"rule": plan.rule.model_copy(update={"metric": check_name(JUDGE)})})
    run = await workbench.experiments.start(by_judge)
    await workbench.experiments.wait(run)
    with pytest.raises(PromptError, match="fixed before the run"):
        await workbench.labels.use(run, JUDGE, 1)


async def test_an_experiment_whose_rule_has_a_judges_former_name_is_decided_by_that_judge(
    workbench: Workbench, judged: str
) -> None:
    plan = (await workbench.experiments.get(judged)).experiment
    former = check_name(JUDGE).replace("judged by scripted:lenient: ", "judged: ")
    assert former != check_name(JUDGE)
    run = await workbench.experiments.start(
        plan.model_copy(update={"rule": plan.rule.model_copy(update={"metric": former})})
    )
    await workbench.experiments.wait(run)
    assert {outcome.score for outcome in await workbench.experiments.outcomes(run)} == {1.0}, "not 'no value'"
    with pytest.raises(PromptError, match="fixed before the run"):
        await workbench.labels.use(run, JUDGE, 1)


async def test_the_versions_of_a_judge_are_compared_with_one_look_at_cases_and_labels(
    judged: str, workbench: Workbench, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    await labelled(workbench, judged, 40)
    for criterion in ("Says yes <a>.", "Says yes <b>."):
        await workbench.labels.improve(judged, JUDGE, criterion)
        await workbench.labels.wait()
    tables = []

    async def table(run_id: str) -> Any:
        tables.append(run_id)
        return await read(run_id)

    read = workbench.experiments.table
    monkeypatch.setattr(workbench.experiments, "table", table)
    page = (await call("verdict_look", id=judged, look=f"{LOOK}&step=criteria"))["html"]["exp-verdict"]
    rows = page.partition('class="table va-versions"')[2].partition("</table>")[0]
    assert rows.count("<tr") == 4 and rows.count(" of 20</td>") == 3, rows
    assert len(tables) == 2, "by the page, and by the labels once for all versions"


async def test_how_sure_the_judge_was_orders_the_disagreements(
    judged: str, workbench: Workbench, call: Call
) -> None:
    await labelled(workbench, judged, 30)
    aligned = await workbench.labels.alignment(judged, JUDGE)
    assert "Apart" not in (await call("verdict_look", id=judged, look=LOOK))["html"]["exp-verdict"]
    for number, (variant, case) in enumerate(aligned.working):
        put = workbench.store.hand_labels.put
        put(
            judged,
            CellKey(case, variant, 0),
            check_hash(OTHER),
            True,
            kind="asked",
            probability=0.6 + number / 100,
        )
    workbench.store.hand_labels.add_version(judged, check_hash(JUDGE), JUDGE, OTHER)
    page = (await call("verdict_look", id=judged, look=LOOK))["html"]["exp-verdict"]
    assert "its value for pass" in page and "the farthest apart first" in page
    apart = [float(each) for each in re.findall(r'<td class="num far"><b>([\d.]+)</b>', page)]
    assert len(apart) > 3 and apart == sorted(apart, reverse=True)


async def test_an_answer_that_cannot_be_kept_leaves_the_others_asked_in_reverse(
    judged: str, workbench: Workbench, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    await labelled(workbench, judged, 40)
    put, kept = workbench.store.hand_labels.put, []

    def failing(*args: Any, **more: Any) -> None:
        kept.append(args)
        if len(kept) == 3:
            raise StoreBusy("The database is held.", "Try again.")
        put(*args, **more)

    monkeypatch.setattr(workbench.store.hand_labels, "put", failing)
    await workbench.labels.ask_in_reverse(judged, JUDGE)
    assert workbench.labels.asking(judged, JUDGE) == (0, 20)
    await workbench.labels.wait()
    assert len(await workbench.labels.reversed_marks(judged, JUDGE)) == 19
    assert workbench.labels.asking(judged, JUDGE) is None
