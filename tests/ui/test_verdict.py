"""Tests for the verdict's page: what a look is, what it shows, and that nothing a user typed is markup."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from html import unescape
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from playground.errors import BackendError, NotFoundError
from playground.types.experiment import Cases, Experiment, ExperimentVariant, Rule
from playground.types.grid import CellKey
from playground.types.prompt import Check, Prompt, Sampling, Turn
from playground.ui.experiment_results import last_answers
from playground.ui.experiment_running import progress_row
from playground.ui.verdict_files import verdict_file
from playground.ui.verdict_look import Look
from playground.ui.verdict_parts import prompt_of_entry
from playground.verdicts import Entry
from playground.workbench.service import Workbench

Call = Callable[..., Awaitable[dict[str, Any]]]
PROMPT = Prompt(
    name="Echo",
    turns=(Turn(role="user", template="{{ word }}"),),
    checks=(Check(scorer="contains", options={"text": "yes"}),),
)
OTHER = PROMPT.model_copy(update={"turns": (Turn(role="user", template="{{ word }} yes"),)})


async def finished(workbench: Workbench, **changes: Any) -> str:
    """An experiment of 24 cases: A passes 8 of them, <b> all."""
    words = [f"{'yes' if n % 3 == 0 else '<i>no</i>'} {n}" for n in range(24)]
    rows = tuple({"word": word, "kind": "=odd" if n % 2 else "even"} for n, word in enumerate(words))
    variants = (
        ExperimentVariant(name="A", model="scripted:echo"),
        ExperimentVariant(name="<b>", model="scripted:echo", prompt=OTHER),
    )
    plan = Experiment(
        name="Two <prompts>",
        prompt=PROMPT,
        variants=variants,
        cases=Cases(rows=rows, slices=("kind",)),
        rule=Rule(baseline="A"),
    )
    run = await workbench.experiments.start(plan.model_copy(update=changes))
    await workbench.experiments.wait(run)
    return run


def test_a_look_is_read_from_the_address_and_written_back() -> None:
    look = Look(pair=(2, 0), show="regressions", at=59, cut=("a&b", "c"), cases=60, beside="3f9c")
    assert Look.read(look.text) == look
    assert Look().text == "" and Look.read("") == Look()
    assert look.to(show="all") == Look((2, 0), "all", None, ("a&b", "c"), beside="3f9c")
    assert Look.read(Look(cut=()).text).cut == (), "no column at all is chosen too"


def test_a_look_that_makes_no_sense_is_none() -> None:
    assert Look.read("pair=1-1&show=x&at=-3&cases=0&beside=../x&&&=") == Look()
    assert Look.read("pair=1-" + "9" * 5000) == Look()


async def test_the_sentence_comes_first_and_the_rest_follows_the_pair(
    workbench: Workbench, call: Call
) -> None:
    run = await finished(workbench)
    page = (await call("open_experiments", at=run, look=""))["html"]["exp-body"]
    assert (
        page.index("beats A by 67 points")
        < page.index("only A")
        < page.index("same 24 cases")
        < page.index("v-variants")
    )
    assert "few cases: 24" in page
    assert "<b> beats" not in page and "<i>no" not in page, "what a user typed is text"
    assert page.count('class="case"') == 16 and "Only &lt;b&gt; passes" in page
    turned = (await call("verdict_look", id=run, look="pair=0-1"))["html"]["exp-verdict"]
    assert "is outside the rule" in turned or "only A" in turned
    assert "16 regressions" in turned, "seen from A the same cases are lost"


async def test_filters_and_the_chosen_case_are_in_the_look(workbench: Workbench, call: Call) -> None:
    run = await finished(workbench)
    page = (await call("verdict_look", id=run, look="show=both&at=3"))["html"]["exp-verdict"]
    assert 'data-look="show=both&amp;at=3"' in page
    assert page.count('class="case') == 8 and "Open beside its rivals" in page
    empty = (await call("verdict_look", id=run, look="show=regressions"))["html"]["exp-verdict"]
    assert "No case is of this kind." in empty
    beyond = (await call("verdict_look", id=run, look="pair=7-0&at=999&beside=gone"))["html"]["exp-verdict"]
    assert "beats A by 67 points" in beyond


async def test_a_case_opens_beside_its_rivals_and_into_compare(workbench: Workbench, call: Call) -> None:
    run = await finished(workbench)
    drawer = (await call("verdict_case", id=run, case=1, look=""))["drawer"]
    assert drawer["title"] == "Case 2" and drawer["body"].count('class="v-rival"') == 2
    assert "<span>baseline</span> · <span>Zero-shot</span>" in drawer["body"], "each says what it is"
    update = await call("verdict_to_compare", id=run, case=1)
    assert update["tab"] == "Compare" and update["form"]["values"]["word"] == "<i>no</i> 1"
    assert len(update["form"]["columns"]) == 2 and update["run"] is None
    facts = (await call("verdict_facts", id=run, look=""))["drawer"]["body"]
    assert "Under 30 an interval leans" in facts


async def test_another_experiment_lies_beside_it_or_what_differs_is_named(
    workbench: Workbench, call: Call
) -> None:
    run, twin = await finished(workbench), await finished(workbench, name="Again")
    page = (await call("verdict_beside", id=run, look="", value=twin))["html"]["exp-verdict"]
    assert "A (2)" in page and f"beside={twin}" in page
    when = (await workbench.experiments.get(twin)).row.created_at.astimezone()
    assert f"Again · {when:%Y-%m-%d %H:%M}</option>" in page, "attempts are called alike"
    assert f'(2): <b translate="no">Again</b> · {when:%Y-%m-%d %H:%M}</p>' in page
    assert page.index("v-second") < page.index('class="v-variants'), "before the first row that is called so"
    drawer = (await call("verdict_case", id=run, case=0, look=f"beside={twin}"))["drawer"]
    assert drawer["body"].count('class="v-rival"') == 4
    other = await finished(workbench, repeats=2)
    page = (await call("verdict_beside", id=run, look="", value=other))["html"]["exp-verdict"]
    assert (
        "cannot lie beside each other" in page
        and "The first has 1 answer a case, the second 2 answers." in page
    )
    short = await finished(workbench, checks=(Check(scorer="length", options={"max": 9}),))
    page = (await call("verdict_beside", id=run, look="", value=short))["html"]["exp-verdict"]
    assert "Only the first has the check contains &#34;yes&#34;." in page, "by its name"


async def test_files_are_of_what_is_on_screen_also_beside_another_experiment(
    workbench: Workbench, call: Call
) -> None:
    run, twin = await finished(workbench), await finished(workbench, name="Again")
    page = (await call("verdict_look", id=run, look=f"pair=3-0&beside={twin}"))["html"]["exp-verdict"]
    links = re.findall(r'href="files/experiment/[^/]+/([^"?]+)([^"]*)"', page)
    assert links and all(f"beside={twin}" in query for name, query in links if name != "ratings.csv"), links
    query = unescape(dict(links)["cases.csv"]).removeprefix("?")
    assert "<b> (2)" in (await verdict_file(workbench, run, "cases.csv", query)).text.splitlines()[0]


async def test_an_answer_from_the_cache_is_one_wherever_it_is_shown(workbench: Workbench, call: Call) -> None:
    await finished(workbench)
    run = await finished(workbench)
    opened = await call("open_experiments", at=run)
    assert "47 of 48 answers from the cache" in opened["html"]["exp-body"]
    beside = await call("verdict_case", id=run, look="", case=5)
    assert beside["drawer"]["body"].count('<p class="hint">from the cache</p>') == 2
    anew = await call("verdict_case", id=run, look="", case=0)
    assert "from the cache" not in anew["drawer"]["body"].partition("&lt;b&gt;")[0], (
        "it showed the model is the same"
    )
    cell = await call("experiment_cell", id=run, case=5, variant=0, repeat=0)
    assert ", <b>from the cache</b>" in cell["drawer"]["body"]
    stored, progress = await workbench.experiments.get(run), await workbench.experiments.progress(run)
    assert "47 from the cache" in progress_row(stored, progress)
    last = last_answers(
        run, stored.experiment, stored.names, [await workbench.history.cell(run, CellKey(5, 0, 0))], ""
    )
    assert 'title="from the cache: given in ' in last and ">cache</span>" in last
    without = await finished(workbench, cache=False)
    assert "from the cache" not in (await call("open_experiments", at=without))["html"]["exp-body"]


async def test_what_a_variant_made_of_a_case_is_our_word_and_no_part_of_its_answer(
    workbench: Workbench, call: Call
) -> None:
    """What a model wrote is never translated: whatever stands in it stays as it is."""
    body = (await call("open_experiments", at=await finished(workbench)))["html"]["exp-body"]
    row = body.partition('<tr class="case')[2].partition("</tr>")[0]
    marked = re.findall(
        r'<td><span class="one"><span title="\S+ (?:passes|fails)">.*?<span class="mono">', row
    )
    assert len(marked) == 2


async def test_repeats_are_all_shown_where_a_case_opens(workbench: Workbench, call: Call) -> None:
    run = await finished(workbench, repeats=3)
    drawer = (await call("verdict_case", id=run, case=1, look=""))["drawer"]["body"]
    assert drawer.count('class="v-rival"') == 2 and drawer.count("Answer 3 of 3") == 2
    page = (await call("verdict_look", id=run, look="at=1"))["html"]["exp-verdict"]
    assert "A, answer 3 fails" in page


async def test_a_case_in_compare_has_the_pair_and_the_seeds_of_its_answers(
    workbench: Workbench, call: Call
) -> None:
    warm = Sampling(temperature=0.7, seed=None)
    many = tuple(
        ExperimentVariant(name=f"V{n}", model="scripted:echo", sampling=warm, prompt=OTHER if n else PROMPT)
        for n in range(8)
    )
    short = Check(scorer="length", options={"max": 9})
    run = await finished(workbench, variants=many, rule=Rule(baseline="V0"), checks=(short,))
    update = await call("verdict_to_compare", id=run, case=1, look="pair=7-0")
    columns = update["form"]["columns"]
    assert [check["scorer"] for check in update["form"]["prompt"]["checks"]] == ["length"]
    assert len(columns) == 6
    assert columns[5]["turns"] == [turn.model_dump(mode="json") for turn in OTHER.turns]
    cell = await workbench.history.cell(run, CellKey(1, 7, 0))
    assert columns[5]["sampling"]["seed"] == cell.sampling.seed is not None
    cold = await call("verdict_to_compare", id=await finished(workbench), case=1, look="")
    assert {column["sampling"]["seed"] for column in cold["form"]["columns"]} == {Sampling().seed}


async def test_the_page_does_not_wait_for_how_many_more_cases_would_settle_it(
    workbench: Workbench, call: Call
) -> None:
    rows = tuple({"word": f"{'yes' if n % 3 else 'no'} {n}", "kind": "x"} for n in range(24))
    run = await finished(workbench, cases=Cases(rows=rows), variants=(
        ExperimentVariant(name="A", model="scripted:echo"),
        ExperimentVariant(name="B", model="scripted:echo"),
    ))  # fmt: skip
    workbench.experiments._standing._verdicts.clear()
    page = (await call("open_experiments", at=run, look=""))["html"]["exp-body"]
    assert "is being reckoned" in page and page.count('data-poll="verdict_more"') == 1
    assert "Add cases" not in page
    says = (await call("verdict_more", id=run, look=""))["html"]["v-says"]
    assert "more cases would settle" in says and "Add cases" in says and "data-poll" not in says
    page = (await call("open_experiments", at=run, look=""))["html"]["exp-body"]
    assert "is being reckoned" not in page and "data-poll" not in page, "what is known is said at once"


async def test_every_table_is_a_file(workbench: Workbench) -> None:
    run = await finished(workbench)
    for name, begins in (
        ("variants.csv", "variant,what"),
        ("health.csv", "state,fact"),
        ("cases.csv", "case,id"),
        ("slices.csv", "column,value"),
        ("verdict.txt", "<b> beats A"),
        ("verdict.md", "**\\<b\\> beats A"),
    ):
        file = await verdict_file(workbench, run, name, "")
        assert file.text.startswith(begins), name
        assert file.name == f"two-prompts-{name}"
    assert "'=odd" in (await verdict_file(workbench, run, "slices.csv", "pair=1-0")).text
    assert json.loads((await verdict_file(workbench, run, "verdict.json", "")).text)["winner"] == "<b>"
    with pytest.raises(NotFoundError, match="no file"):
        await verdict_file(workbench, run, "../x", "")


@pytest.mark.parametrize(
    ("headers", "begins"),
    [
        ({}, "**\\<b\\> beats A"),
        ({"accept-language": "zh-CN,zh;q=0.9,en;q=0.8"}, "**\\<b\\> 胜过 A"),
        ({"accept-language": "en-US,zh;q=0.5"}, "**\\<b\\> beats A"),
        ({"accept-language": "zh-CN", "cookie": "playground_language=en"}, "**\\<b\\> beats A"),
        ({"cookie": "playground_language=zh"}, "**\\<b\\> 胜过 A"),
    ],
)
async def test_a_report_is_in_the_language_of_the_page_and_called_as_the_experiment(
    workbench: Workbench, web: httpx.AsyncClient, headers: dict[str, str], begins: str
) -> None:
    run = await finished(workbench, name="情感 对比")
    reply = await web.get(f"/files/experiment/{run}/verdict.md", headers=headers)
    assert reply.text.startswith(begins)
    gone = await web.get("/files/experiment/nope/verdict.md", headers=headers)
    assert gone.status_code == 404
    assert gone.text.startswith("没有这个实验。" if "胜过" in begins else "There is no such experiment.")
    assert (
        unquote(reply.headers["content-disposition"]) == "attachment; filename*=UTF-8''情感-对比-verdict.md"
    )


async def test_the_winner_is_kept_as_a_version_with_the_verdict_as_its_message(
    workbench: Workbench, call: Call
) -> None:
    run = await finished(workbench)
    head = (await call("open_experiments", at=run))["html"]["exp-head"]
    assert 'data-act="ask_to_keep"' in head and 'data-variant="&lt;b&gt;"' in head
    drawer = (await call("ask_to_keep", id=run, variant="<b>"))["drawer"]
    assert 'value="Echo"' in drawer["body"] and 'value="&lt;b&gt; beats A by 67 points' in drawer["body"]
    chinese = (await call("ask_to_keep", id=run, variant="<b>", lang="zh"))["drawer"]
    assert 'value="&lt;b&gt; 胜过 A，高 67 个百分点' in chinese["body"], (
        "it becomes what a reader of Chinese wrote"
    )
    fields = {"name": "Echo", "message": "It won", "label": "production"}
    update = await call("keep_variant", id=run, variant="<b>", fields=fields)
    assert update["drawer"] is None
    assert update["toast"] == "Saved as version 1 of “Echo”. production stands on it."
    found = await workbench.saved.find("echo")
    assert found is not None
    version = await workbench.saved.version(found.id)
    assert version.prompt.turns == OTHER.turns and version.message == "It won"
    assert await workbench.saved.labels(found.id) == {"production": 1}
    again = await call("keep_variant", id=run, variant="<b>", fields=fields | {"label": ""})
    assert again["toast"] == "It is version 1 of “Echo”."
    await call("keep_variant", id=run, variant="A", fields=fields | {"label": ""})
    assert (await workbench.saved.version(found.id)).number == 2
    assert await workbench.saved.labels(found.id) == {"production": 1}


async def test_a_case_is_rated_from_its_row_and_the_same_again_takes_it_back(
    workbench: Workbench, call: Call
) -> None:
    run = await finished(workbench)
    page = (await call("open_experiments", at=run, look=""))["html"]["exp-body"]
    assert "No case is rated by hand yet." in page and ">unrated <b" in page
    assert page.count('class="v-rate"') == 16 and 'title="&lt;b&gt; is better (2)"' in page
    args = {"id": run, "look": "", "author": "mk"}
    for case in (1, 2, 4):
        update = await call("rate_case", **args, case=case, better="b")
    html = update["html"]
    assert html["v-unrated"] == "13" and html["v-rated-says"].startswith(
        "Too few ratings for a verdict: 3 rated"
    )
    assert 'data-better="b" data-key="2" aria-pressed="true"' in html["v-rate-of-4"]
    assert "too few ratings" in html["v-rated"]
    left = (await call("verdict_look", id=run, look="show=unrated"))["html"]["exp-verdict"]
    assert left.count('class="case"') == 13
    file = await verdict_file(workbench, run, "ratings.csv", "")
    assert file.text.count(",mk") == 3
    assert "Too few ratings" in (await verdict_file(workbench, run, "verdict.md", "")).text
    update = await call("rate_case", **args, case=4, better="b")
    assert 'aria-pressed="true"' not in update["html"]["v-rate-of-4"]
    turned = await call("rate_case", id=run, look="pair=0-1", case=0, better="a")
    assert "1" in turned["html"]["v-unrated"]
    assert "no rating" in (await call("rate_case", **args, case=1, better="x"))["alert"]["message"]
    assert "no two answers" in (await call("rate_case", **args, case=999, better="a"))["alert"]["message"]


async def test_without_a_winner_there_is_nothing_to_keep(workbench: Workbench, call: Call) -> None:
    run = await finished(workbench, cases=Cases(rows=({"word": "no", "kind": "x"},) * 3))
    assert "ask_to_keep" not in (await call("open_experiments", at=run))["html"]["exp-head"]
    assert 'no variant "Z"' in (await call("ask_to_keep", id=run, variant="Z"))["alert"]["message"]
    assert (
        "no name"
        in (await call("keep_variant", id=run, variant="A", fields={"name": " "}))["alert"]["message"]
    )


async def test_a_judge_stands_beside_the_ratings_of_people(workbench: Workbench, call: Call) -> None:
    criterion = "PASS or FAIL"  # what the scripted judge is asked it says again
    judge = Check(scorer="judge", options={"criterion": criterion, "model": "scripted:echo"})
    run = await finished(workbench, checks=(*PROMPT.checks, judge))
    page = (await call("open_experiments", at=run))["html"]["exp-body"]
    assert "No card yet" in page and "15 are the least" in page
    marks = await workbench.labels.marks(run, judge)
    assert len(marks) == 48 and set(marks.values()) == {True}
    update = await call("rate_case", id=run, look="", case=1, better="bad")
    assert "lets 2 of 2 answers that you call bad through" in update["html"]["v-judges"]
    assert (
        "v-judge"
        not in (await call("open_experiments", at=await finished(workbench)))["html"]["exp-body"]
        .split('id="v-judges"')[1]
        .split("</section>")[0]
    )


async def test_why_answers_have_no_score_is_said_with_their_number(workbench: Workbench, call: Call) -> None:
    workbench.models.backends["scripted"].scripts["shy"] = "Hm <so>."  # type: ignore[attr-defined]
    judge = Check(scorer="judge", options={"criterion": "Says yes.", "model": "scripted:shy"})
    run = await finished(workbench, checks=(*PROMPT.checks, judge))
    page = (await call("open_experiments", at=run, look=""))["html"]["exp-body"]
    told = page.partition("<h3>Without a score</h3>")[2]
    assert "the judge said neither PASS nor FAIL" in told and "Hm &lt;so&gt;." in told
    assert '<td class="num">48</td>' in told
    scored = await finished(workbench)
    assert "Without a score<" not in (await call("open_experiments", at=scored, look=""))["html"]["exp-body"]


def test_versions_of_one_prompt_are_called_by_their_number_and_others_by_name() -> None:
    refund = [Entry("A", prompt="Refund@5"), Entry("B", prompt="Refund@12")]
    assert [prompt_of_entry(each, refund) for each in refund] == ["version 5", "version 12"]
    others = [refund[0], Entry("B", prompt="Reply@1"), Entry("C", prompt="own text")]
    assert [prompt_of_entry(each, others) for each in others] == ["Refund@5", "Reply@1", "own text"]


async def test_one_failed_answer_runs_again_from_beside_its_rivals(workbench: Workbench, call: Call) -> None:
    scripts = workbench.models.backends["scripted"].scripts  # type: ignore[attr-defined]
    scripts["frail"] = [BackendError("It broke.", "Again.")]
    variants = (
        ExperimentVariant(name="A", model="scripted:echo"),
        ExperimentVariant(name="B", model="scripted:frail"),
    )
    run = await finished(workbench, variants=variants)
    drawer = (await call("verdict_case", id=run, case=3, look=""))["drawer"]["body"]
    assert drawer.count('data-act="experiment_again"') == 1 and 'data-case="3" data-variant="1"' in drawer
    head = (await call("open_experiments", at=run))["html"]["exp-head"]
    assert '<span class="bad">24 failed</span>' in head, "a tick alone would say that all is well"
    assert "Run 24 again" in head
    before = await workbench.experiments.failures(run)
    scripts["frail"] = "yes"
    await call("experiment_again", id=run, case=3, variant=1, repeat=0, look="")
    await workbench.experiments.wait(run)
    assert (await workbench.history.cell(run, CellKey(3, 1, 0))).error == ""
    after = await workbench.experiments.failures(run)
    assert [len(group.keys) for group in after] == [len(group.keys) - 1 for group in before]
