"""The History tab: what is listed, found, worded and opened again."""

from __future__ import annotations

import csv
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from playground.diff.changes import Change
from playground.store import open_store
from playground.store.records import ColumnSummary, Found, HistoryPage, RunSummary, StoredRun, StoredVote
from playground.types.grid import RunSpec, Variant
from playground.types.prompt import Check, Prompt, Turn
from playground.ui import history
from playground.ui.html import stamp
from playground.ui.table import look_of
from playground.workbench.service import Workbench
from tests.examples import examples
from tests.works import work

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
Call = Callable[..., Awaitable[dict[str, Any]]]
Run = Callable[..., Awaitable[StoredRun]]
Read = Callable[[str], Any]


def summary(**more: Any) -> RunSummary:
    column = ColumnSummary(0, "scripted:echo", "done", 1, 2, 0.5, 0)
    blank = RunSummary("r1", NOW, "A title", ("scripted:echo",), (column,), None, "")
    return replace(blank, **more)


def listed(*rows: RunSummary, total: int | None = None, **look: Any) -> str:
    asked = look_of({name: str(value) for name, value in look.items()}, history.HEADS)
    return history._table(HistoryPage(rows, len(rows) if total is None else total), asked)


@pytest.mark.parametrize(("passed", "mark"), [(2, "#i-check"), (1, "#i-half"), (0, "#i-cross")])
def test_the_mark_of_a_column_says_whether_its_checks_pass(passed: int, mark: str):
    column = ColumnSummary(0, "scripted:echo", "done", passed, 2, passed / 2, 0)
    assert mark in listed(summary(columns=(column,)))


def test_the_prompts_of_the_columns_stand_beside_each_other_as_names_that_nobody_translates(read_html: Read):
    """A comma between two names was that of English in Chinese as well: nothing in the line is a word to find."""
    columns = tuple(
        ColumnSummary(n, "m", "done", 0, 0, None, 0, prompt=name) for n, name in enumerate(("甲", "乙"))
    )
    page = read_html(listed(summary(columns=columns)))
    assert "1 甲 · 2 乙" in page.text
    assert page.find("span", translate="no", title="Columns with a prompt of their own: 1 甲, 2 乙")


async def test_runs_are_listed_newest_first_with_what_they_are_known_by(
    call: Call, ran: Run, read_html: Read
):
    first, second = await ran(1, word="one"), await ran(2, word="two", checks=(Check(scorer="json"),))
    await call("note", run=second.id, value="a note")
    update = await call("open_history")
    page = read_html(update["html"]["hist-list"])
    assert [row["data-id"] for row in page.find("tr", data_act="open_run")] == [second.id, first.id]
    assert "a note" in page.text
    assert "0/1" in page.text
    assert update["html"]["hist-count"] == "2 runs"


async def test_a_search_finds_by_words_in_any_letter_case(call: Call, ran: Run, read_html: Read):
    await ran(1, word="Zanzibar")
    await ran(1, word="Paris")
    update = await call("open_history", fields={"search": "zanziBAR say"})
    assert len(read_html(update["html"]["hist-list"]).find("tr", data_act="open_run")) == 1
    assert update["html"]["hist-count"] == "1 run"


async def test_nothing_to_list_is_said_in_words(call: Call, ran: Run):
    assert "No run yet" in (await call("open_history"))["html"]["hist-list"]
    await ran(1)
    update = await call("open_history", search="<nothing>")
    assert "No run holds &#34;&lt;nothing&gt;&#34;." in update["html"]["hist-list"]
    assert update["html"]["hist-count"] == "0 runs"


async def test_more_rows_are_shown_on_demand_and_keep_the_search(read_html: Read):
    def ways(**look: Any) -> list[Any]:
        found = read_html(listed(summary(), **look)).find("button", data_act="open_history")
        return [button for button in found if button["class"] != "sort"]

    (more,) = ways(total=120, search="x y")
    assert (more["data-rows"], more["data-sort"]) == ("150", "time")
    assert ways() == []
    # At most 200 rows at a time: then the next 200.
    (after,) = ways(total=1200, rows=200, sort="note", falls="no")
    assert (after["data-start"], after["data-rows"]) == ("200", "200")
    assert (after["data-sort"], after["data-falls"]) == ("note", "no")
    assert "1 to 200 of 1,200" in listed(summary(), total=1200, rows=200)
    before, after = ways(total=1200, rows=999, start=400)
    assert (before["data-start"], after["data-start"]) == ("200", "600")
    (before,) = ways(total=1200, rows=200, start=1000)
    assert "1,001 to 1,200 of 1,200" in listed(summary(), total=1200, rows=200, start=1000)


async def test_a_header_sorts_and_says_so(call: Call, ran: Run, read_html: Read):
    first, second = await ran(1, word="one"), await ran(1, word="two")
    await call("note", run=first.id, value="beta")
    await call("note", run=second.id, value="Alpha")
    third = await ran(1, word="three")

    async def shown(**asked: str) -> tuple[list[str], Any]:
        page = read_html((await call("open_history", **asked))["html"]["hist-list"])
        return [row["data-id"] for row in page.find("tr", data_act="open_run")], page

    newest = [third.id, second.id, first.id]
    assert (await shown())[0] == newest
    assert (await shown(sort="time", falls="no"))[0] == newest[::-1]
    # Letter case aside, and runs without a note come last in both directions.
    assert (await shown(sort="note", falls="no"))[0] == [second.id, first.id, third.id]
    assert (await shown(sort="note", falls="yes"))[0] == [first.id, second.id, third.id]
    ids, page = await shown(sort="prompt", falls="no")
    assert ids == newest, "equal prompts: the newest first"
    sorts = {button["data-sort"]: button["data-falls"] for button in page.find("button", **{"class": "sort"})}
    assert sorts == {
        "time": "yes",
        "prompt": "yes",
        "models": "no",
        "checks": "yes",
        "vote": "no",
        "note": "no",
    }
    assert [th["aria-sort"] for th in page.find("th") if "aria-sort" in th] == ["ascending"]


@pytest.mark.parametrize("asked", [{"sort": "id; drop"}, {"rows": "-1"}, {"rows": "9" * 30}, {"start": "x"}])
async def test_a_window_that_makes_no_sense_is_as_if_it_was_not_asked_for(call: Call, ran: Run, asked: Any):
    run = await ran(1)
    assert run.id in (await call("open_history", **asked))["html"]["hist-list"]


async def test_a_search_keeps_the_order(call: Call, ran: Run, read_html: Read):
    await ran(1)
    update = await call("open_history", fields={"search": "say", "sort": "note", "falls": "yes"})
    kept = read_html(update["html"]["hist-look"]).find("input")
    assert {field["name"]: field["value"] for field in kept} == {
        "sort": "note",
        "falls": "yes",
        "start": "0",
        "rows": "50",
    }


async def test_all_that_is_found_comes_as_csv(call: Call, ran: Run, workbench: Workbench):
    first, second = await ran(2, word="one", checks=(Check(scorer="json"),)), await ran(1, word="two")
    await call("note", run=first.id, value='=1+1, "quoted"')
    await call("vote", run=first.id, vote="tie")
    rows = list(csv.reader(history.csv_of(workbench, {})))
    names = ["time", "prompt", "models", "states", "checks", "vote", "note", "run"]
    assert rows[0] == [*names, "changed", "pass share", "best answer", "pinned"]
    assert [row[7] for row in rows[1:]] == [second.id, first.id]
    assert rows[1][8:] == [
        "Word: “one” → “two”; check: removed “valid JSON”; column 2: removed “echo”",
        "",
        "Say two",
        "",
    ]
    assert rows[2][8:] == ["", "0.000", "Say one", ""]
    # A spreadsheet must not run it.
    assert rows[2][4:7] == ["0/1 0/1", "tie", '\'=1+1, "quoted"']
    found = csv.reader(history.csv_of(workbench, {"search": "json", "voted": "yes"}))
    assert [row[7] for row in found][1:] == []
    assert [row[7] for row in csv.reader(history.csv_of(workbench, {"voted": "yes"}))][1:] == [first.id]


async def test_a_run_opens_in_compare_with_everything_it_had(call: Call, ran: Run):
    run = await ran(2)
    await call("vote", run=run.id, vote="tie")
    update = await call("open_run", id=run.id)
    assert (update["run"], update["tab"], update["drawer"]) == (run.id, "Compare", None)
    assert update["form"]["values"] == {"word": "hello"}
    assert update["form"]["prompt"]["turns"][0]["template"] == "Say {{ word }}"
    assert update["columns"]["1"]["text"] == "Say hello"
    assert update["columns"]["1"]["state"]["kind"] == "done"
    assert 'data-vote="tie" aria-pressed="true"' in update["vote"]


async def test_a_run_that_was_cut_off_opens_as_interrupted(call: Call, ran: Run, workbench: Workbench):
    run = await ran(1)
    other = open_store(workbench.settings)  # a program that ends before its cell does
    other.add_repeat(run.id, _again(run))
    other.close()
    workbench.store.mark_interrupted()
    update = await call("open_run", id=run.id)
    assert update["columns"]["0"]["state"]["kind"] == "interrupted"
    assert "interrupted" in (await call("open_history"))["html"]["hist-list"]


def _again(run: StoredRun) -> Any:

    cell = run.cells[0]
    return work(0, cell.model, cell.prompt, cell.sampling)


async def test_a_run_that_is_not_there_is_an_alert(call: Call):
    assert (await call("open_run", id="nothing"))["alert"]["message"] == "There is no such run."


@pytest.mark.parametrize(
    ("vote", "words"),
    [
        (None, "–"),
        (StoredVote("tie", None, None, "", NOW), "tie"),
        (StoredVote("all_bad", None, None, "", NOW), "all bad"),
        (StoredVote("column", 1, 0, "", NOW), "column 2"),
    ],
)
def test_a_vote_is_worded(vote: StoredVote | None, words: str):
    assert f"<td>{words}</td>" in listed(summary(vote=vote))


@pytest.mark.parametrize("status", ["pending", "running", "done", "cancelled", "error", "interrupted"])
def test_every_status_has_its_mark(read_html: Read, status: Any):
    column = ColumnSummary(1, "m", status, 0, 0, None, 0)
    page = read_html(listed(summary(columns=(column,))))
    assert page.find("span", title=f"column 2: {status}")


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=examples(60),
    deadline=None,
)
@given(st.text(min_size=1) | st.just("\"><script>x</script><b a='"))
def test_no_text_of_a_run_becomes_an_element(read_html: Read, text: str):
    def rows(text: str) -> Any:
        change = Change(text, text, text)
        more: Any = {"changes": (change,), "answer": text, "best": 0, "found": Found(text, text)}
        run = summary(id=text, title=text, note=text, models=(text,), **more)
        return read_html(listed(run, total=99, search=text) + listed(search=text))

    page = rows(text)
    unmarked = [[each for each in drawn.shape if each[0] != "mark"] for drawn in (page, rows("plain"))]
    assert unmarked[0] == unmarked[1]
    assert page.open == []
    assert page.find("tr", data_act="open_run")[0]["data-id"] == text


@pytest.mark.usefixtures("in_india")
def test_a_time_on_the_page_is_an_instant_that_the_reader_sees_on_this_clock() -> None:
    assert stamp(NOW) == '<time datetime="2026-01-02T03:04:00+00:00">2026-01-02 08:34</time>'


# --- the lab notebook ---------------------------------------------------------------------------------------


async def test_a_row_says_what_changed_since_the_run_before(call: Call, ran: Run, read_html: Read):
    await ran(1, word="one")
    await ran(1, word="two")
    await ran(1, word="two", template="Shout {{ word }}")
    await ran(1, word="two", template="Shout {{ word }}")
    await ran(2, word="two", template="Shout {{ word }}", checks=(Check(scorer="json"),))
    page = read_html((await call("open_history"))["html"]["hist-list"])
    titles = [span["title"] for span in page.find("span", **{"class": "one changes"})]
    assert titles == [
        "check: added “valid JSON”; column 2: added “echo”",
        "user turn: “Say” → “Shout”",
        "\N{WORD JOINER}word: “one” → “two”",
    ]
    assert page.text.count("as before") == 1
    assert page.text.count("first run of this prompt") == 1


async def test_another_prompt_in_between_is_not_the_run_before(call: Call, ran: Run, workbench: Workbench):
    await ran(1, word="one")
    prompt = Prompt(name="Else", turns=(Turn(role="user", template="x" * 90),))
    other = RunSpec.comparison(prompt=prompt, variants=(Variant(model="scripted:echo"),))
    async for _ in workbench.runs.compare(other):
        pass
    await ran(1, word="two")
    rows = workbench.store.history().rows
    assert [row.changes and [c.words for c in row.changes] for row in rows] == [
        ["word: “one” → “two”"],
        None,
        None,
    ]


async def test_the_first_line_of_the_best_answer_is_shown(call: Call, ran: Run, workbench: Workbench):
    run = await ran(2, template="\n\nSay {{ word }}\nand more")
    (row,) = workbench.store.history().rows
    assert (row.answer, row.best) == ("Say hello", 0)
    await call("vote", run=run.id, vote="column", column="1")
    (row,) = workbench.store.history().rows
    assert row.best == 1
    assert "Say hello" in (await call("open_history"))["html"]["hist-list"]


async def test_hits_are_marked_and_those_out_of_sight_say_where_they_are(
    call: Call, ran: Run, read_html: Read
):
    await ran(1, word="first line\nand a Quokka below")
    shown = (await call("open_history", fields={"search": "quokka"}))["html"]["hist-list"]
    page = read_html(shown)
    assert "in word: " in page.text
    assert "<mark>Quokka</mark>" in shown
    shown = (await call("open_history", fields={"search": "FIRST"}))["html"]["hist-list"]
    assert "<mark>first</mark>" in shown and "in word" not in read_html(shown).text


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"model": "scripted:echo"}, "abc"),
        ({"model": "scripted:none"}, ""),
        ({"title": "Greeting"}, "abc"),
        ({"title": "Other"}, ""),
        ({"result": "passed"}, "b"),
        ({"result": "failed"}, "c"),
        ({"voted": "yes"}, "c"),
        ({"voted": "no"}, "ab"),
        ({"pinned": True}, "a"),
        ({"when": "0"}, "abc"),
        ({"when": "between", "since": "2000-01-01", "until": "2000-01-02"}, ""),
        ({"when": "between", "since": "2000-01-01"}, "abc"),
        ({"when": "between", "since": "no day"}, "abc"),
        ({"result": "nonsense", "zone": "x", "when": "-1"}, "abc"),
        ({"result": "failed", "voted": "yes", "search": "json"}, ""),
    ],
)
async def test_the_list_is_narrowed(call: Call, ran: Run, read_html: Read, fields: Any, found: str):
    contains = Check(scorer="contains", options={"text": "good"})
    runs = {"a": await ran(1, word="x"), "b": await ran(1, word="good", checks=(contains,))}
    runs["c"] = await ran(2, word="bad", checks=(contains,))
    await call("vote", run=runs["c"].id, vote="tie")
    await call("pin_run", pin=runs["a"].id, on="yes")
    update = await call("open_history", fields=fields)
    listed = [
        row["data-id"] for row in read_html(update["html"]["hist-list"]).find("tr", data_act="open_run")
    ]
    assert sorted(listed) == sorted(runs[name].id for name in found)


async def test_the_list_is_sorted_by_models_checks_and_vote(call: Call, ran: Run, read_html: Read):
    contains = Check(scorer="contains", options={"text": "good"})
    good, bad = await ran(2, word="good", checks=(contains,)), await ran(2, word="bad", checks=(contains,))
    plain = await ran(1, word="x")
    await call("vote", run=good.id, vote="column", column="1")
    await call("vote", run=bad.id, vote="column", column="0")

    async def shown(**asked: str) -> list[str]:
        html = (await call("open_history", **asked))["html"]["hist-list"]
        return [row["data-id"] for row in read_html(html).find("tr", data_act="open_run")]

    assert await shown(sort="checks", falls="yes") == [good.id, bad.id, plain.id]
    assert await shown(sort="checks", falls="no") == [bad.id, good.id, plain.id]
    assert await shown(sort="vote", falls="no") == [bad.id, good.id, plain.id]
    assert await shown(sort="models", falls="no") == [plain.id, bad.id, good.id]


async def test_a_pinned_run_stays_on_top_until_it_is_let_go(call: Call, ran: Run, read_html: Read):
    first, second = await ran(1, word="one"), await ran(1, word="two")
    update = await call("pin_run", pin=first.id, on="yes")
    rows = read_html(update["html"]["hist-list"]).find("tr", data_act="open_run")
    assert [row["data-id"] for row in rows] == [first.id, second.id]
    (pin,) = read_html(update["html"]["hist-list"]).find("button", data_pin=first.id)
    assert pin["aria-pressed"] == "true"
    let_go = await call("pin_run", pin=first.id, on="no")
    rows = read_html(let_go["html"]["hist-list"]).find("tr", data_act="open_run")
    assert [row["data-id"] for row in rows] == [second.id, first.id]
    assert (await call("pin_run", pin="nothing", on="yes"))["alert"]["message"] == "There is no such run."


async def test_two_runs_are_looked_at_side_by_side(call: Call, ran: Run, read_html: Read):
    first, second = await ran(1, word="cats"), await ran(2, word="dogs")
    picked = {f"pick:{second.id}": True, f"pick:{first.id}": True}
    shown = (await call("open_history", fields=picked))["html"]["hist-picked"]
    assert read_html(shown).find("button", data_act="beside")
    body = (await call("beside", fields=picked))["drawer"]["body"]
    assert '<span class="del">cats</span>' in body and '<span class="add">dogs</span>' in body
    assert '<del class="del">cats</del>' in body and '<ins class="add">dogs</ins>' in body
    assert "no such column" in body
    one = {f"pick:{first.id}": True}
    assert "1 runs are selected" not in str(await call("open_history", fields=one))
    assert (await call("beside", fields=one))["alert"]["hint"] == "Select two of them."
    # A row that a search hides stays selected.
    hidden = (await call("open_history", fields=picked | {"search": "cats"}))["html"]["hist-picked"]
    assert read_html(hidden).find("input", name=f"pick:{second.id}")


async def test_an_empty_list_shows_the_way_on(call: Call, ran: Run, read_html: Read):
    nothing = read_html((await call("open_history"))["html"]["hist-list"])
    assert nothing.find("button", data_act="to_compare")
    await ran(1)
    for fields in ({"search": "quokka"}, {"voted": "yes"}):
        empty = read_html((await call("open_history", fields=fields))["html"]["hist-list"])
        assert empty.find("button", data_act="open_history_tab", data_anew="yes")


async def test_the_filters_offer_what_was_run(call: Call, ran: Run, read_html: Read):
    await ran(1)
    fields = {"voted": "no", "model": "scripted:echo"}
    page = read_html((await call("open_history_tab", fields=fields))["html"]["hist-filters"])
    chosen = {option["value"] for option in page.find("option") if "selected" in option}
    assert {"no", "scripted:echo"} <= chosen
    assert {"Greeting", "scripted:echo"} <= {option["value"] for option in page.find("option")}
    page = read_html((await call("open_history_tab", anew="yes", fields=fields))["html"]["hist-filters"])
    assert "no" not in {option["value"] for option in page.find("option") if "selected" in option}


async def test_a_run_of_a_pattern_reopens_as_from_the_library(
    call: Call, workbench: Workbench, form: dict[str, Any]
):
    from playground.ui.forms import CompareForm, to_comparison

    slug = workbench.prompts.library.patterns()[0].slug
    tried = (await call("try_pattern", slug=slug, form=form))["form"]
    tried["prompt"]["turns"][0]["template"] += " Now."
    async for _ in workbench.runs.compare(to_comparison(CompareForm.model_validate(tried))):
        pass
    opened = await call("open_run", id=workbench.store.history().rows[0].id)
    assert opened["form"]["origin"] == slug


async def test_selected_runs_are_deleted_after_one_question_and_the_list_is_drawn_anew(
    call: Call, ran: Run, read_html: Read, workbench: Workbench
):
    first, second, kept = await ran(1, word="one"), await ran(2, word="two"), await ran(1, word="three")
    await call("note", run=second.id, value="a note")
    fields = {f"pick:{first.id}": True, f"pick:{second.id}": True, "search": ""}
    listed = await call("open_history", fields=fields)
    assert "Delete 2 runs" in listed["html"]["hist-picked"]
    asked = (await call("delete_runs", fields=fields))["drawer"]
    assert asked["title"] == "Delete 2 runs?"
    said = read_html(asked["body"]).text
    assert all(words in said for words in ("Greeting", "3 answers", "1 note", "prompts and data sets stay"))
    assert "attempt" not in said
    (sure,) = read_html(asked["foot"]).find("button", data_act="delete_runs")
    deleted = await call("delete_runs", fields=fields, runs=sure["data-runs"], sure=sure["data-sure"])
    assert (deleted["toast"], deleted["drawer"]) == ("2 runs are deleted", None)
    page = read_html(deleted["html"]["hist-list"])
    assert [row["data-id"] for row in page.find("tr", data_act="open_run")] == [kept.id]
    assert "selected" not in deleted["html"]["hist-picked"]
    await workbench.removal.finish()
    assert workbench.store.facts().counts["cell"] == 1
    again = await call("open_run", id=first.id)
    assert again["alert"]["message"] == "This run was deleted."


async def test_a_row_deletes_its_own_run_whatever_is_selected(call: Call, ran: Run, read_html: Read):
    picked, own = await ran(1, word="one"), await ran(1, word="two")
    fields = {f"pick:{picked.id}": True}
    listed = await call("open_history", fields=fields)
    (row,) = read_html(listed["html"]["hist-list"]).find("button", data_runs=own.id)
    assert row["aria-label"] == f"Delete {own.title}"
    asked = await call(row["data-act"], fields=fields, runs=row["data-runs"])
    assert asked["drawer"]["title"] == "Delete this run?"
    deleted = await call("delete_runs", fields=fields, runs=own.id, sure="yes")
    assert "toast" in deleted and "One run is selected" in deleted["html"]["hist-picked"]
    assert own.id not in deleted["html"]["hist-list"]


async def test_what_another_page_has_deleted_is_selected_no_longer_and_that_is_said(
    call: Call, ran: Run, workbench: Workbench
):
    runs = [await ran(1, word=word) for word in ("one", "two", "three")]
    gone, kept, more = (run.id for run in runs)
    await workbench.removal.delete([gone])
    fields = {f"pick:{gone}": True, f"pick:{kept}": True}
    update = await call("open_history", fields=fields)
    assert (
        "One run is selected" in update["html"]["hist-picked"] and gone not in update["html"]["hist-picked"]
    )
    said = "A run that was selected has been deleted: it is selected no longer."
    assert update["toast"] == said
    both = await call("beside", fields=fields)
    assert "drawer" not in both and (both["toast"], both["html"]) == (said, update["html"])
    asked = await call("delete_runs", fields=fields)
    assert asked["drawer"]["title"] == "Delete this run?" and asked["toast"] == said
    assert asked["html"] == update["html"]
    await workbench.removal.delete([kept])
    late = await call("delete_runs", fields=fields, runs=kept, sure="yes")
    assert late["drawer"] is None and more in late["html"]["hist-list"]
    assert late["toast"].startswith("2 runs that were selected have been deleted")
    assert "alert" not in late and "selected" not in late["html"]["hist-picked"]


async def test_all_runs_in_view_are_selected_at_once(call: Call, ran: Run, read_html: Read):
    first, second = await ran(1), await ran(1)
    fields = {f"pick:{first.id}": True}
    update = await call("open_history", fields=fields)
    assert "Select the 2 shown" in update["html"]["hist-picked"]
    update = await call("open_history", fields=fields, all="yes")
    assert "Two runs are selected." in update["html"]["hist-picked"]
    assert "Select the" not in update["html"]["hist-picked"]
    boxes = read_html(update["html"]["hist-list"]).find("input", type="checkbox", checked=None)
    assert {box["name"] for box in boxes} == {f"pick:{first.id}", f"pick:{second.id}"}


async def test_what_compare_shows_of_a_deleted_run_stays_as_a_form_that_was_never_saved(call: Call, ran: Run):
    run, other = await ran(2), await ran(1)
    shown = (await call("open_run", id=run.id))["form"]
    shown["open"]["draft"] = "0123456789"
    update = await call("delete_runs", form=shown, run=run.id, runs=run.id, sure="yes")
    assert (update["run"], update["form"]["open"]) == (None, {})
    assert update["form"]["prompt"] == shown["prompt"]
    assert update["columns"]["0"]["text"] == ""
    update = await call("delete_runs", form=shown, run=run.id, runs=other.id, sure="yes")
    assert not {"run", "form", "columns"} & update.keys()
    query = {"run": run.id}
    loaded = await call("load", query=query)
    assert loaded["alert"]["message"] == "This run was deleted."
    assert "deleted" not in loaded["alert"]["hint"]
    loaded = await call("load", query=query, draft=shown, draft_run=run.id)
    assert loaded["alert"]["message"] == "This run was deleted."
    assert loaded["form"]["prompt"] == shown["prompt"]
