"""Several judges on one experiment: each has its own score and labels, and how far they agree is said."""

from __future__ import annotations

from playground.scorers import check_name
from playground.types.experiment import Cases, Experiment, ExperimentVariant, Rule
from playground.types.grid import CellKey
from playground.types.prompt import Check, Prompt, Turn
from playground.ui.verdict_judge import decided_by
from playground.workbench.service import Workbench
from tests.ui.test_judge_page import Call

MILD, STRICT = (
    Check(scorer="judge", options={"criterion": "Says <yes>.", "model": f"scripted:{name}"})
    for name in ("mild", "strict")
)


async def started(workbench: Workbench, *checks: Check, metric: str = "passes") -> str:
    """80 cases of which A says yes in a third, B in two thirds; one judge passes all, the other none."""
    scripts = workbench.models.backends["scripted"].scripts  # type: ignore[attr-defined]
    scripts["mild"], scripts["strict"] = "PASS. Fine.", "FAIL. Poor."
    prompt = Prompt(name="Echo", turns=(Turn(role="user", template="{{ a }}"),), checks=())
    other = prompt.model_copy(update={"turns": (Turn(role="user", template="{{ b }}"),)})
    rows = tuple(
        {"a": f"{'yes' if n % 3 == 0 else 'no'} {n}", "b": f"{'yes' if n % 3 else 'no'} {n}"}
        for n in range(80)
    )
    run = await workbench.experiments.start(
        Experiment(
            name="Judged twice",
            prompt=prompt,
            variants=(
                ExperimentVariant(name="A", model="scripted:echo"),
                ExperimentVariant(name="B", model="scripted:echo", prompt=other),
            ),
            cases=Cases(rows=rows),
            checks=checks,
            rule=Rule(baseline="A", metric=metric),
        )
    )
    await workbench.experiments.wait(run)
    return run


async def said(call: Call, run: str) -> str:
    page = (await call("verdict_look", id=run, look=""))["html"]["exp-verdict"]
    return str(page.partition('id="v-judged"')[2].partition('class="v-block')[0])


async def test_two_models_that_judge_by_one_criterion_have_two_scores(workbench: Workbench) -> None:
    run = await started(workbench, MILD, STRICT)
    assert check_name(MILD) != check_name(STRICT)
    mild, strict = [await workbench.labels.marks(run, each) for each in (MILD, STRICT)]
    assert all(mild.values()) and not any(strict.values()) and mild.keys() == strict.keys()


async def test_each_judge_is_corrected_by_its_own_labels_and_both_together_by_those_of_both(
    workbench: Workbench, call: Call
) -> None:
    looks_for = STRICT.model_copy(update={"options": {**STRICT.options, "criterion": "Is <short>."}})
    run = await started(workbench, MILD, looks_for)
    page = await said(call, run)
    assert "2 of 2 checks are judged by a model." in page
    assert "passed where all of them, and all other checks, pass it" in page and "none is so far" in page
    assert page.count("an opinion until labels of yours correct it") == 2
    assert "The two judges say the same of 0 of 160 answers (0 %" in page
    assert "one of the two gave only one mark" in page and "different criteria" in page
    for variant in range(2):
        for case in range(80):
            good = (case % 3 == 0) == (variant == 0)
            await workbench.labels.put(run, MILD, CellKey(case, variant, 0), good)
    page = await said(call, run)
    mild, _, strict = page.partition("Judge 2")
    assert "Corrected by your 80 held-out labels, B is " in mild and " higher than A" in mild
    assert "an opinion until" in strict and "none is so far" in page
    for variant in range(2):
        for case in range(0, 80):
            await workbench.labels.put(run, looks_for, CellKey(case, variant, 0), True)
    whole = (await said(call, run)).partition("Judge 1")[0]
    assert "Corrected by your 80 held-out labels, B is " in whole, "what both labels pass, B passes more of"


async def test_a_verdict_on_one_of_several_judges_names_it_and_three_have_an_alpha(
    workbench: Workbench, call: Call
) -> None:
    third = MILD.model_copy(update={"options": {**MILD.options, "criterion": "Says <no>."}})
    run = await started(workbench, MILD, STRICT, third, metric=check_name(STRICT))
    page = await said(call, run)
    assert "The verdict is about the score of judge 2 alone." in page
    assert "The 3 judges over 160 answers: Krippendorff&#39;s alpha −0." in page


def test_a_rule_of_before_models_stood_in_names_is_about_the_first_judge_of_that_criterion() -> None:
    class Shown:
        """What a verdict shows, as far as the sentence asks."""

        kept = type("Kept", (), {"checks": (MILD, STRICT)})
        found = type("Found", (), {"rule": Rule(metric='judged: "Says <yes>."')})

    assert decided_by(Shown(), [0, 1]) == "The verdict is about the score of judge 1 alone."  # type: ignore[arg-type]
