"""Readings as HTML: words, numbers, order, and no text that becomes an element."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from playground.answers.wording import pass_all_words, pass_words
from playground.backends.answers import HALF
from playground.backends.tokens import UNFIT
from playground.store.records import StoredCell, StoredRun, StoredVote
from playground.types.generation import Completion, mode_words
from playground.types.grid import CellKey, RunSpec, Variant
from playground.types.prompt import Check, Prompt, Sampling, Turn
from playground.types.scores import Score
from playground.types.trace import Answer
from playground.ui import html, panels
from playground.ui.badges import badge, badges, different
from playground.ui.vote_bar import vote_bar
from tests.examples import examples

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
PROMPT = Prompt(name="Greeting", turns=(Turn(role="user", template="Hello"),))
DONE = Completion(
    "An answer",
    "stop",
    prompt_tokens=10,
    completion_tokens=5,
    context_tokens=4096,
    first_token_s=0.5,
    total_s=1.5,
    rendered_prompt="<user>Hello",
)

# Text is never empty here: emptiness may leave an element out, and that is not about escaping.
TEXT = st.text(min_size=1)
HOSTILE = st.one_of(
    TEXT,
    st.sampled_from(
        [
            "<script>alert(1)</script>",
            "</pre></div><img src=x onerror=alert(1)>",
            '" onmouseover="alert(1)',
            "' autofocus onfocus=alert(1) x='",
            "&lt;b&gt; &amp; &#60;i&#62;",
            "{0} {} {x!r} %s",
            "<!-- ]]> -->",
        ]
    ),
)
in_spite_of_the_fixture = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=examples(60),
    deadline=None,
)


def cell(column: int = 0, completion: Completion | None = DONE, **more: Any) -> StoredCell:
    blank = StoredCell(
        key=CellKey(0, column, 0),
        model="scripted:echo",
        backend="scripted",
        content_hash="abc",
        prompt=PROMPT,
        sampling=Sampling(),
        status="done",
        answer=Answer.of_one_call((), completion),
        scores=(),
        thumb=0,
        error="",
        hint="",
        started_at=None,
        finished_at=None,
    )
    return replace(blank, **more)


def run(*cells: StoredCell, **more: Any) -> StoredRun:
    blank = StoredRun(
        id="r1",
        created_at=NOW,
        title="Greeting",
        status="done",
        note="",
        spec=RunSpec.comparison(
            prompt=PROMPT, variants=tuple(Variant(model=c.model) for c in cells) or (Variant(model="m"),)
        ),
        content_hash="abc",
        version=None,
        cells=cells,
        earlier=(),
        vote=None,
    )
    return replace(blank, **more)


def vote(kind: str, column: int | None = None) -> StoredVote:
    return StoredVote(kind, column, None if column is None else 0, "", NOW)


def score(value: float | None, name: str = "a check", why: str = "because") -> Score:
    return Score(name, value, "An answer", why)


def checked(*scores: Score, **more: Any) -> StoredCell:
    prompt = PROMPT.model_copy(update={"checks": tuple(Check(scorer="json") for _ in scores)})
    return cell(prompt=prompt, scores=scores, **more)


# --- words and numbers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "–"),
        (0.0, "0.00 s"),
        (0.42, "0.42 s"),
        (0.994, "0.99 s"),
        (0.999, "1.0 s"),
        (1.0, "1.0 s"),
        (3.94, "3.9 s"),
        (11.8, "11.8 s"),
        (59.94, "59.9 s"),
        (59.99, "1 min 0 s"),
        (60.0, "1 min 0 s"),
        (411.2, "6 min 51 s"),
        (7260.0, "121 min 0 s"),
    ],
)
def test_a_duration_has_the_precision_a_person_needs(value: float | None, words: str):
    assert html.seconds(value) == words


@pytest.mark.parametrize(("value", "words"), [(None, "–"), (0, "0"), (999, "999"), (1142, "1,142")])
def test_a_number_has_its_thousands_parted(value: int | None, words: str):
    assert html.count(value) == words


@pytest.mark.parametrize(("number", "words"), [(0, "0 checks"), (1, "1 check"), (1142, "1,142 checks")])
def test_a_counted_word_is_singular_for_one(number: int, words: str):
    assert html.plural(number, "check") == words


@pytest.mark.parametrize(
    ("tokens", "first", "total", "speed"),
    [
        (5, 0.5, 1.5, 4.0),
        (2, 0.0, 0.5, 2.0),
        (1, 0.5, 1.5, None),
        (0, None, 1.5, None),
        (None, 0.5, 1.5, None),
        (5, None, 1.5, None),
        (5, 1.5, 1.5, None),
        (5, 2.0, 1.5, None),
    ],
)
def test_a_speed_is_never_made_up(tokens: int | None, first: float | None, total: float, speed: float | None):
    done = Completion("x", "stop", completion_tokens=tokens, first_token_s=first, total_s=total)
    assert panels.tokens_per_second(done) == speed


def test_the_five_readings_stand_in_their_places(read_html: Callable[[str], Any]):
    assert read_html(panels.readings(replace(DONE, prompt_tokens=1142))).text == (
        "tokens in1,142tokens out5first token0.50 stokens/s4.0ended byend of text"
    )
    empty = "tokens in–tokens out–first token–tokens/s–ended by–"
    assert read_html(panels.readings(None)).text == empty


@pytest.mark.parametrize(
    ("finish", "words"),
    [("stop", "end of text"), ("length", "max tokens"), ("cancelled", "stopped"), ("error", "error")],
)
def test_the_end_is_worded(read_html: Callable[[str], Any], finish: Any, words: str):
    assert read_html(panels.readings(replace(DONE, finish=finish))).text.endswith(f"ended by{words}")


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("pending", "waits"),
        ("running", "writing"),
        ("done", "done in 1.5 s"),
        ("cancelled", "stopped at 1.5 s"),
        ("error", "failed at 1.5 s"),
        ("interrupted", "interrupted"),
    ],
)
def test_a_state_is_seen_and_said(status: Any, words: str):
    state = panels.state(cell(1, status=status))
    assert (state["kind"], state["text"], state["say"]) == (status, words, f"Column 2 {words}.")
    assert state["icon"]


def test_a_cell_without_an_answer_has_a_state_too():
    assert panels.state(cell(completion=None, status="interrupted"))["text"] == "interrupted"


# --- badges -------------------------------------------------------------------------------------------------


def kinds(page: Any) -> list[str]:
    return [found["class"].removeprefix("badge ") for found in page.find("button", data_act="explain")]


def test_badges_stand_in_the_order_cut_different_ignored_fact(read_html: Callable[[str], Any]):
    cut = replace(
        DONE,
        finish="length",
        completion_tokens=256,
        prompt_tokens=12,
        rendered_prompt="<user>Hello!",
        ignored=("top-k", "seed"),
    )
    mine = cell(1, cut)
    page = read_html(badges(mine, run(cell(0), mine)))
    assert kinds(page)[:4] == ["cut", "different", "ignored", "ignored"]
    assert kinds(page)[-1] == "fact"
    for words in ("cut at 256 tokens", "different text sent: +2 tokens", "ignored: top-k", "ignored: seed"):
        assert words in page.text
    assert "context 268 of 4,096" in page.text


def test_an_answer_like_any_other_has_only_its_context(read_html: Callable[[str], Any]):
    page = read_html(badges(cell(), run(cell())))
    assert kinds(page) == ["fact"]
    assert page.text == "context 15 of 4,096"


def test_without_an_answer_there_is_no_badge():
    assert badges(cell(completion=None), run(cell(completion=None))) == ""


def test_a_cut_says_whether_the_limit_or_the_window_was_full():
    limit = replace(DONE, finish="length", completion_tokens=256)
    window = replace(DONE, finish="length", completion_tokens=100)
    assert "max tokens is 256" in badges(cell(completion=limit), run())
    assert "context window is full" in badges(cell(completion=window), run())


@pytest.mark.parametrize(("theirs", "words"), [(12, "−2 tokens"), (1152, "−1,142 tokens"), (5, "+5 tokens")])
def test_a_difference_in_tokens_has_its_sign(theirs: int, words: str):
    other = cell(0, replace(DONE, prompt_tokens=theirs, rendered_prompt="<user>Hello!"))
    mine = cell(1)
    assert f"different text sent: {words}" in badges(mine, run(other, mine))


@pytest.mark.parametrize(
    "other",
    [
        cell(0),
        cell(0, content_hash="another prompt", completion=replace(DONE, rendered_prompt="x")),
        cell(0, completion=replace(DONE, rendered_prompt=None)),
        cell(0, completion=None),
        cell(2, completion=replace(DONE, rendered_prompt="x")),
    ],
    ids=["same text", "another prompt", "not told", "no answer", "a later column"],
)
def test_only_another_text_of_the_same_prompt_is_different(other: StoredCell):
    cells = sorted((other, cell(1)), key=lambda c: c.column)
    assert different(cell(1), run(*cells)) == []


def test_a_badge_says_its_explanation_where_it_can_be_read():
    made = badge("cut", "cut", 'because "so"')
    assert made.count("because &#34;so&#34;") == 2


# --- problem and checks -------------------------------------------------------------------------------------


def test_a_problem_has_its_reason_its_hint_and_run_again(read_html: Callable[[str], Any]):
    page = read_html(panels.problem(cell(2, error="It broke.", hint="Mend it.")))
    assert "It broke." in page.text
    assert "Mend it." in page.text
    assert page.find("button", data_act="rerun", data_column="2")
    assert panels.problem(cell()) == ""


def test_without_checks_the_line_says_how_to_get_some(read_html: Callable[[str], Any]):
    assert "No checks yet" in read_html(panels.checks(cell())).text


def test_the_first_failure_stands_above_the_count(read_html: Callable[[str], Any]):
    scores = (score(1.0, "passes"), score(0.0, "fails", "77 words, 7 over"), score(0.0, "fails too"))
    text = read_html(panels.checks(checked(*scores))).text
    assert text.startswith("fails77 words, 7 over")
    assert "1 of 3 checks passes" in text


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((1.0,), "1 of 1 check passes"),
        ((1.0, 1.0), "2 of 2 checks pass"),
        ((0.5, 1.0), "1 of 2 checks passes"),
        ((1.0, None), "1 of 1 check passes"),
        ((0.0, None, None), "0 of 1 check passes"),
    ],
)
def test_a_check_that_does_not_apply_is_not_counted(
    read_html: Callable[[str], Any], values: Sequence[float | None], words: str
):
    assert words in read_html(panels.checks(checked(*map(score, values)))).text


def test_checks_that_do_not_apply_say_why(read_html: Callable[[str], Any]):
    one = checked(score(None, why="does not apply: the answer is incomplete"))
    assert read_html(panels.checks(one)).text == "1 check does not apply: the answer is incomplete"
    two = checked(*[score(None, why="does not apply: no number")] * 2)
    assert read_html(panels.checks(two)).text == "2 checks do not apply: no number"


def test_every_check_can_be_unfolded(read_html: Callable[[str], Any]):
    page = read_html(panels.checks(checked(score(1.0, "one"), score(None, "two"), score(0.3, "three"))))
    assert page.find("button", data_act="show_checks", data_column="0")
    assert page.find("div", **{"class": "all-checks"})
    unfolded = page.text.partition("show all")[2]
    assert [unfolded.index(name) for name in ("one", "two", "three")] == sorted(
        unfolded.index(name) for name in ("one", "two", "three")
    )


# --- vote bar -----------------------------------------------------------------------------------------------


def open_votes(page: Any) -> list[str]:
    found = page.find("button", data_act="vote")
    return [v.get("data-column") or v["data-vote"] for v in found if "disabled" not in v]


@pytest.mark.parametrize(
    ("statuses", "open_for", "reason"),
    [
        (("done", "done"), ["0", "1", "tie", "all_bad"], ""),
        (("done", "cancelled"), ["0", "1", "tie", "all_bad"], ""),
        (("done", "running"), [], "Opens when two columns are done."),
        (("pending", "pending"), [], "Opens when two columns are done."),
        (("done", "error"), [], "Column 2 failed and sits out."),
        (("done", "done", "error"), ["0", "1", "tie", "all_bad"], "Column 3 failed and sits out."),
        (("done", "interrupted", "done"), ["0", "2", "tie", "all_bad"], "Column 2 failed"),
        (("done", "error", "error"), [], "Columns 2, 3 failed and sit out."),
        (("done",), [], "One column: add another to vote."),
    ],
)
def test_the_votes_are_open_once_two_columns_are_done(
    read_html: Callable[[str], Any], statuses: Sequence[Any], open_for: list[str], reason: str
):
    cells = [cell(n, status=status) for n, status in enumerate(statuses)]
    page = read_html(vote_bar(run(*cells), len(cells)))
    assert open_votes(page) == open_for
    assert reason in page.text


def test_before_a_run_everything_is_shut_with_its_reason(read_html: Callable[[str], Any]):
    page = read_html(vote_bar(None, 3))
    assert open_votes(page) == []
    assert "Opens when two columns are done." in page.text
    for action in ("export", "save_winner"):
        (found,) = page.find("button", data_act=action)
        assert "disabled" in found
        assert found["title"]
    assert page.find("button", data_act="link") == []


@pytest.mark.parametrize(
    ("given", "pressed", "winner"),
    [
        (vote("column", 1), ["1"], "1"),
        (vote("tie"), ["tie"], None),
        (vote("all_bad"), ["all_bad"], None),
        (None, [], None),
    ],
)
def test_the_vote_is_shown_pressed_and_names_the_winner(
    read_html: Callable[[str], Any], given: StoredVote | None, pressed: list[str], winner: str | None
):
    page = read_html(vote_bar(run(cell(0), cell(1), vote=given), 2))
    chosen = page.find("button", data_act="vote", aria_pressed="true")
    assert [found.get("data-column") or found["data-vote"] for found in chosen] == pressed
    (save,) = page.find("button", data_act="save_winner")
    assert ("disabled" in save) is (winner is None)
    assert (save["data-column"] or None) == winner
    assert ("Vote stored." in page.text) is (given is not None)


def test_a_single_column_may_be_exported_and_saved_without_a_vote(read_html: Callable[[str], Any]):
    page = read_html(vote_bar(run(cell(0)), 1))
    for action in ("export", "save_winner"):
        (found,) = page.find("button", data_act=action)
        assert "disabled" not in found
        assert found["data-column"] == "0"


def test_thumbs_show_what_was_chosen(read_html: Callable[[str], Any]):
    for thumb in (-1, 0, 1):
        page = read_html(panels.acts(cell(thumb=thumb)))
        pressed = page.find("button", data_act="thumb", aria_pressed="true")
        assert [found["data-value"] for found in pressed] == ([str(thumb)] if thumb else [])


# --- escaping -----------------------------------------------------------------------------------------------


def everything(text: str) -> str:
    """All panels of a run in which every text is this one."""
    done = replace(DONE, text=text, finish="length", rendered_prompt=text, ignored=(text,))
    hostile = PROMPT.model_copy(
        update={"name": text, "checks": (Check(scorer=text, options={text: text}),) * 3}
    )
    mine = cell(
        1,
        done,
        model=text,
        prompt=hostile,
        scores=(score(0.0, text, text), score(0.5, text, text), score(None, text, text)),
        error=text,
        hint=text,
    )
    other = cell(0, replace(DONE, rendered_prompt="another text than the one that is drawn"))
    shown = run(other, mine, note=text, title=text, vote=vote("tie"))
    no_score = checked(score(None, text, text))
    update = panels.column_update(mine, shown)
    return html.join(
        [
            update["badges"],
            update["problem"],
            update["foot"],
            vote_bar(shown, 2),
            panels.checks(no_score),
        ]
    )


@in_spite_of_the_fixture
@given(HOSTILE)
def test_no_text_becomes_an_element_or_an_attribute(read_html: Callable[[str], Any], text: str):
    page = read_html(everything(text))
    # An answer of blanks has a badge that says so.
    assert page.shape == read_html(everything("plain" if text.strip() else " ")).shape
    assert page.open == []
    assert f"ignored: {text}" in page.text
    assert page.find("input", data_act="note")[0]["value"] == text


@in_spite_of_the_fixture
@given(label=HOSTILE, action=HOSTILE, data=HOSTILE)
def test_a_button_holds_any_text(read_html: Callable[[str], Any], label: str, action: str, data: str):
    page = read_html(html.button(label, action, symbol="check", kind="quiet", from_=data, gone=None))
    assert [tag for tag, _ in page.shape] == ["button", "svg", "use"]
    (found,) = page.find("button")
    assert found == {"class": "btn quiet", "data-act": action, "data-from": data}
    assert page.text == label


@pytest.mark.parametrize(
    ("text", "reasoning", "words"),
    [
        ("", "Let me see", "no answer, only thoughts"),
        (" \n", "Let me see", "no answer, only thoughts"),
        ("", "", "empty answer"),
        ("", " \n", "empty answer"),
    ],
)
def test_an_ended_answer_with_nothing_in_it_says_so(text: str, reasoning: str, words: str):
    nothing = cell(completion=replace(DONE, text=text, reasoning=reasoning))
    assert words in badges(nothing, run(nothing))
    assert "answer" not in badges(cell(), run(cell())).replace("answer fill", "")
    failed = replace(nothing, status="error")
    assert words not in badges(failed, run(failed))


def test_a_remark_is_not_called_a_setting():
    odd = cell(completion=replace(DONE, ignored=(HALF, UNFIT, "top-k")))
    page = badges(odd, run(odd))
    assert f"ignored: {HALF}" not in page and HALF in page and UNFIT in page
    assert page.count("does not honour") == 2 and "ignored: top-k" in page  # in two attributes


@pytest.mark.parametrize(
    ("version", "tokens", "mode"),
    [
        ("llama-cpp-python 0.3.36", 10, "exact of 0.2"),
        ("llama-cpp-python 0.3.36, batched, probe: company changes no bit", 600, "exact of 0.4"),
        ("llama-cpp-python 0.3.36, batched, probe: company changes no bit", 100, "exact"),
        (
            "llama-cpp-python 0.3.36, batched, tiles from 256 tokens, probe: company changes no bit",
            600,
            "exact",
        ),
        (
            "llama-cpp-python 0.3.36, batched, guesses ahead, tiles from 1024 tokens, probe: company changes no bit",
            600,
            "exact",
        ),
        ("llama-cpp-python 0.3.36, in turns", 600, "exact"),
        ("vLLM 0.11", 600, "exact"),
    ],
)
def test_exact_answers_of_earlier_engines_are_another_mode(version: str, tokens: int, mode: str) -> None:
    assert mode_words("exact", version, tokens) == mode


@pytest.mark.parametrize(
    ("passing", "judged", "words"),
    [(0, 1, "0 of 1 passes"), (1, 4, "1 of 4 passes"), (3, 4, "3 of 4 pass"), (0, 4, "0 of 4 pass")],
)
def test_the_verb_goes_with_its_number(passing: int, judged: int, words: str) -> None:
    assert pass_words(passing, judged) == words
    assert pass_all_words(passing, judged) == f"{words} all checks"
