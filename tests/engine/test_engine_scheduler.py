"""Both schedulers with a fake model, whose answer depends on every token that is in the cache for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from playground.engine import calls, prefix_tree, rules
from playground.engine import scheduler as scheduler_module
from playground.engine.calls import OWN_SEQUENCES
from playground.engine.library import make_way, stop_flag
from playground.engine.one_seat import OneSeat
from playground.engine.protocol import Done, Failed, Generate, Piece
from playground.engine.rules import Rules
from playground.engine.scheduler import Scheduler
from tests.engine import conftest
from tests.engine.conftest import FakeContext
from tests.examples import examples

NewFake = Callable[..., Any]


def batching(model: Any) -> Scheduler:
    return Scheduler(model, Rules(long=512))


BOTH = pytest.mark.parametrize("kind", [batching, OneSeat], ids=["batched", "in turns"])


def request(number: int, max_tokens: int = 5, stop: list[str] | None = None) -> Generate:
    return Generate(number, "m", True, "", "exact", [], 0, 1, 0, 0, 1, 0, 0, 0, max_tokens, stop or [])


class Story:
    """What happened to each request of a scheduler."""

    def __init__(self, scheduler: Any) -> None:
        self.scheduler = scheduler
        self.texts: dict[int, str] = {}
        self.ends: dict[int, Done | Failed] = {}

    def step(self) -> None:
        for event in self.scheduler.step():
            self.note(event)

    def note(self, event: Any) -> None:
        assert event.id not in self.ends, "something came after the end"
        if isinstance(event, Piece):
            self.texts[event.id] = self.texts.get(event.id, "") + event.text
        else:
            self.ends[event.id] = event

    def run(self, limit: int = 10_000) -> Story:
        for _ in range(limit):
            if self.scheduler.is_idle:
                return self
            self.step()
        raise AssertionError("a request starves")


@BOTH
def test_more_requests_than_there_is_room_for_wait_and_all_end(kind: Any, new_fake: NewFake) -> None:
    model = new_fake(cells=768)
    scheduler = kind(model)
    prompts = {n: [n + 1] * (n + 1) for n in range(20)}
    for number, prompt in prompts.items():
        scheduler.submit(request(number, 3), prompt)
    story = Story(scheduler).run()
    assert story.texts == {n: model.says(prompt, 3) for n, prompt in prompts.items()}
    ends = {(e.finish, e.completion_tokens) for e in story.ends.values() if isinstance(e, Done)}
    assert ends == {("length", 3)}


@BOTH
def test_a_request_that_fits_alone_uses_every_cell(kind: Any, new_fake: NewFake) -> None:
    model = new_fake(cells=512, context_tokens=512)
    scheduler = kind(model)
    long, longer = [1] * 500, [2] * 511
    scheduler.submit(request(1, 1000), longer)
    scheduler.submit(request(2, 1000), long)
    story = Story(scheduler).run()
    assert story.texts == {1: model.says(longer, 1), 2: model.says(long, 12)}
    assert [e.finish for e in story.ends.values() if isinstance(e, Done)] == ["length", "length"]


@BOTH
@pytest.mark.parametrize("shares", [True, False])
def test_an_interrupted_call_is_repeated(kind: Any, shares: bool, new_fake: NewFake) -> None:
    model = new_fake(codes=[0, 2, 0, 2, 0, 0, 0, 0, 2], shares_prefixes=shares)
    scheduler = kind(model)
    scheduler.submit(request(1), [1] * 200)
    scheduler.submit(request(2), [1] * 3)
    assert Story(scheduler).run().texts == {1: model.says([1] * 200, 5), 2: model.says([1] * 3, 5)}


@BOTH
def test_a_broken_call_fails_its_requests_and_the_next_one_works(kind: Any, new_fake: NewFake) -> None:
    model = new_fake(codes=[0, -3])
    scheduler = kind(model)
    scheduler.submit(request(1), [1] * 3)
    story = Story(scheduler).run()
    failed = story.ends[1]
    assert isinstance(failed, Failed)
    assert "llama_decode returned -3" in failed.message
    scheduler.submit(request(2), [1] * 3)
    assert story.run().texts[2] == model.says([1] * 3, 5)


@BOTH
def test_no_cells_for_a_single_request_is_an_error_not_a_loop(kind: Any, new_fake: NewFake) -> None:
    scheduler = kind(new_fake(codes=[1]))
    scheduler.submit(request(1), [1] * 3)
    assert isinstance(Story(scheduler).run().ends[1], Failed)


@BOTH
def test_cancelling_works_whether_running_or_waiting(kind: Any, new_fake: NewFake) -> None:
    scheduler = kind(new_fake(parallel=1, cells=256, context_tokens=256))
    scheduler.submit(request(1, 250), [1] * 3)
    scheduler.submit(request(2, 250), [2] * 3)
    scheduler.step()
    assert scheduler.cancel(2) == Done(2, "cancelled", 0, 0, "")
    assert scheduler.cancel(1) == Done(1, "cancelled", 1, 0, "")
    assert scheduler.cancel(1) is None
    assert scheduler.is_idle
    assert scheduler.step() == []


@BOTH
def test_a_stop_string_over_two_tokens_ends_the_answer_without_it(kind: Any, new_fake: NewFake) -> None:
    model = new_fake()
    scheduler = kind(model)
    whole = model.says([1] * 3, 6)
    first, second, third, *_ = whole.split(",")
    scheduler.submit(request(1, 50, stop=[f"{second[-1]},{third[0]}"]), [1] * 3)
    scheduler.submit(request(2, 2, stop=[f"{second[-1]},never"]), [1] * 3)
    story = Story(scheduler).run()
    assert story.texts == {1: f"{first},{second[:-1]}", 2: f"{first},{second},"}
    assert story.ends == {1: Done(1, "stop", 3, 0, ""), 2: Done(2, "length", 2, 0, "")}


# --- in turns -------------------------------------------------------------------------------------------


def test_answers_in_turns_never_share_a_call_nor_the_cells(new_fake: NewFake) -> None:
    model = new_fake(cells=2048)
    scheduler = OneSeat(model)
    scheduler.submit(request(1, 20), [1] * 3)
    scheduler.submit(request(2, 20), [2] * 300)
    story = Story(scheduler)
    while not scheduler.is_idle:
        story.step()
        (context,) = model.contexts
        assert len({token for position, token, _ in context.held if position < 3}) <= 1
    assert [len(rows) for rows in model.calls] == [3, *[1] * 19, 128, 128, 44, *[1] * 19]
    assert list(story.ends) == [1, 2], "first come, first served"
    scheduler.close()
    assert model.contexts == []


def test_the_only_seat_has_the_cells_of_its_answer_and_more_for_a_longer_one(new_fake: NewFake) -> None:
    model = new_fake(cells=2048, context_tokens=2048)
    scheduler = OneSeat(model, 20)
    seen = []
    for number, length in enumerate((10, 300, 10)):
        scheduler.submit(request(number, 5), [number + 1] * length)
        story = Story(scheduler).run()
        assert story.texts == {number: model.says([number + 1] * length, 5)}
        seen += [context.cells for context in model.contexts]
    assert seen == [20, 305, 305]


def test_what_somebody_waits_for_takes_the_only_seat_and_the_background_is_read_in_the_same_calls(
    new_fake: NewFake,
) -> None:
    model = new_fake()
    scheduler = OneSeat(model)
    scheduler.submit(replace(request(1, 6), background=True), [1] * 200)
    story = Story(scheduler)
    for _ in range(4):
        story.step()
    scheduler.submit(request(2, 3), [2] * 4)
    story.run()
    assert list(story.ends) == [2, 1]
    assert story.texts == {1: model.says([1] * 200, 6), 2: model.says([2] * 4, 3)}
    assert [len(rows) for rows in model.calls] == [128, 72, 1, 1, 4, 1, 1, 128, 72, 1, 1, 1, 1, 1]


# --- batched --------------------------------------------------------------------------------------------


def test_answers_grow_in_the_same_steps(new_fake: NewFake) -> None:
    model = new_fake()
    scheduler = batching(model)
    scheduler.submit(request(1, 20), [1] * 3)
    scheduler.step()
    scheduler.submit(request(2, 20), [2] * 3)
    scheduler.step()
    scheduler.step()
    assert len(model.calls[-1]) == 2
    assert len({row.sequence for row in model.calls[-1]}) == 2


def test_a_long_prompt_is_cut_so_that_running_answers_go_on(new_fake: NewFake) -> None:
    model = new_fake()
    scheduler = batching(model)
    scheduler.submit(request(1, 50), [1] * 3)
    scheduler.step()
    scheduler.submit(request(2, 5), [2] * 400)
    before = len(model.calls)
    Story(scheduler).run()
    sizes = [len(rows) for rows in model.calls[before:]]
    assert sizes[:8] == [60] * 6 + [43, 2]
    alone = [len({row.sequence for row in rows}) == 1 for rows in model.calls[before:]]
    assert alone[:8] == [True, False] * 4, "a token of the answer in every second call, none in the first"


def test_the_first_token_of_a_new_request_waits_for_nobody_elses(new_fake: NewFake) -> None:
    model = new_fake(parallel=12)
    scheduler = batching(model)
    for number in range(8):
        scheduler.submit(request(number, 50), [number + 1] * 3)
    story = Story(scheduler)
    story.step()
    scheduler.submit(replace(request(8, 5), background=True), [9] * 200)
    story.step()
    scheduler.submit(request(9, 5), [10] * 20)
    story.step()
    assert {row.token for row in model.calls[-1]} == {10}, "neither answers nor prompts of the background"
    assert story.texts[9] == model.says([10] * 20, 1)
    story.step()
    assert len({row.sequence for row in model.calls[-1]}) == 10


def test_a_call_without_an_awaited_prompt_gives_way_to_somebody_new_but_not_twice_in_a_row(
    new_fake: NewFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    decode, model = FakeContext.decode, new_fake()

    def hurried(self: Any, rows: list[Any]) -> int:
        make_way()  # somebody new comes in the middle of every call
        return 2 if stop_flag.value else decode(self, rows)

    monkeypatch.setattr(FakeContext, "decode", hurried)
    scheduler = batching(model)
    scheduler.submit(request(1, 6), [1] * 100)
    story, grew = Story(scheduler), []
    while not scheduler.is_idle:
        before = len(model.calls)
        story.step()
        assert not stop_flag.value, "what comes after is not interrupted"
        grew.append(len(model.calls) > before)
    assert grew == [True, True] + [False, True] * 5, "its prompt is awaited, its answer is not"
    assert story.texts[1] == model.says([1] * 100, 6)


def test_prompts_of_any_length_share_calls_of_sixty_rows(new_fake: NewFake) -> None:
    model = new_fake()
    scheduler = batching(model)
    for number, size in enumerate((30, 100, 20, 70)):
        scheduler.submit(request(number, 1), [number + 1] * size)
    Story(scheduler).run()
    assert [len(rows) for rows in model.calls] == [60, 60, 60, 40]


def test_a_long_prompt_begins_in_whole_tiles_and_nobody_waits_for_all_of_it(new_fake: NewFake) -> None:
    model = new_fake(cells=3000, context_tokens=2000)
    scheduler = batching(model)
    long, short = [number % 90 for number in range(1000)], [3] * 100
    scheduler.submit(request(1, 2), long)
    story = Story(scheduler)
    story.step()
    scheduler.submit(request(2, 4), short)
    for _ in range(4):
        story.step()
    assert story.texts[2] == model.says(short, 1), "every second call is for others"
    assert story.run().texts == {1: model.says(long, 2), 2: model.says(short, 4)}
    tiles = [(rows, start) for rows, start in zip(model.calls, model.starts, strict=True) if len(rows) >= 64]
    assert sum(len(rows) for rows, _ in tiles) == 896, "the last 64 to 128 tokens walk"
    assert all(len(rows) % 64 == 0 and start % 64 == 0 for rows, start in tiles)


def test_tiles_are_shared_whole_and_only_with_what_is_read_in_tiles(new_fake: NewFake) -> None:
    model = new_fake(cells=5000, context_tokens=2000)
    scheduler = batching(model)
    beginning = [number % 90 for number in range(700)]
    # Read in tiles: 576, 640, 704, none. The second has 600 of the first's tokens, the third all 700.
    prompts = [beginning, beginning[:600] + [91] * 120, beginning + [92] * 80, beginning[:500]]
    found = []
    for number, prompt in enumerate(prompts):
        scheduler.submit(request(number, 2), prompt)
        end = Story(scheduler).run().ends[number]
        assert isinstance(end, Done)
        found.append(end.cached_tokens)
    assert found == [0, 576, 576, 0]


def test_in_the_background_tiles_of_all_prompts_are_read_first(new_fake: NewFake) -> None:
    model = new_fake(cells=4000, context_tokens=2000)
    scheduler = batching(model)
    for number in range(3):
        scheduler.submit(replace(request(number, 2), background=True), [number + 1] * 600)
    Story(scheduler).run()
    sizes = [len(rows) for rows in model.calls]
    assert sizes[:12] == [128] * 12, "512 of each, and no cell between them"
    assert max(sizes[12:]) < 64 and model.starts[12] == 3 * 512


def test_what_somebody_waits_for_takes_the_place_of_the_background_which_goes_on_where_it_was(
    new_fake: NewFake,
) -> None:
    model = new_fake(parallel=2)
    scheduler = batching(model)
    for number in (1, 2, 3):
        scheduler.submit(replace(request(number, 20), background=True), [number] * 100)
    story = Story(scheduler)
    for _ in range(8):
        story.step()
    assert story.texts.keys() == {1, 2}
    scheduler.submit(request(4, 5), [4] * 30)
    before = len(model.calls)
    story.step()
    assert [len(rows) for rows in model.calls[before:]] == [30], "it is read within one step, and alone"
    story.run()
    assert list(story.ends) == [4, 1, 2, 3]
    assert story.texts == {
        n: model.says([n] * (30 if n == 4 else 100), 5 if n == 4 else 20) for n in (1, 2, 3, 4)
    }
    read = sum(row.token == 2 and row.position < 100 for rows in model.calls for row in rows)
    assert read == 100, "its cells were kept"


def test_after_all_was_forgotten_a_shared_prefix_is_read_once(new_fake: NewFake) -> None:
    model = new_fake(cells=400, context_tokens=400)
    scheduler = batching(model)
    for number in range(3):
        scheduler.submit(request(number, 60), [1] * 100 + [20 + number])
    story = Story(scheduler).run()
    assert story.texts == {n: model.says([1] * 100 + [20 + n], 60) for n in range(3)}
    scheduler.submit(request(3, 60), [2] * 200)
    scheduler.submit(request(4, 60), [1] * 100 + [30])
    story.run()
    assert (story.texts[3], story.texts[4]) == (model.says([2] * 200, 60), model.says([1] * 100 + [30], 60))


def test_an_answer_alone_takes_a_second_row_with_it_only_once_its_row_would_be_split(
    new_fake: NewFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conftest, "next_token", lambda tokens: 10 + len(tokens) % 80)  # nothing to guess from
    model = new_fake()
    scheduler = batching(model)
    scheduler.submit(request(1, 20), [1] * 250)
    Story(scheduler).run()
    ones = [len(rows) for rows in model.calls if len(rows) < 10]
    assert ones == [1] * 6 + [2] * 13, "from 257 cells on"


@pytest.mark.parametrize("four", [False, True], ids=["in twos", "in fours"])
def test_an_answer_that_repeats_itself_takes_guesses_along_and_says_what_it_says_alone(
    four: bool, new_fake: NewFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conftest, "next_token", lambda tokens: 20 + len(tokens) % 5 + len(tokens) // 330)
    model, must = new_fake(), 4 if four else 2
    scheduler = Scheduler(model, Rules(4, 4, True, 56) if four else Rules())
    scheduler.submit(request(1, 60), [30 + n % 7 for n in range(300)])
    story = Story(scheduler)
    while not scheduler.is_idle:
        story.step()
        check_books(scheduler, model)
    assert story.texts[1] == model.says([30 + n % 7 for n in range(300)], 60)
    written = [rows for rows in model.calls if rows[0].position >= 300]
    assert len(written) <= 30, "sixty tokens"
    sizes = [len(rows) for rows in written]
    assert sizes[0] == min(sizes) == must, "what it has not said before cannot be guessed"
    assert max(sizes) == 8, "a row for each of seven guesses, once they all come true"


def test_a_short_answer_alone_takes_guesses_along_only_while_they_come_true(
    new_fake: NewFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        conftest,
        "next_token",
        lambda tokens: 20 + len(tokens) % 5 if len(tokens) < 130 else 11 + len(tokens) % 79,
    )
    model = new_fake()
    scheduler = batching(model)
    scheduler.submit(request(1, 60), [90] * 100)
    story = Story(scheduler).run()
    assert story.texts[1] == model.says([90] * 100, 60)
    sizes = {rows[0].position: len(rows) for rows in model.calls if rows[0].position >= 100}
    assert [sizes[at] for at in range(100, 109)] == [1] * 9, "two in a row were foretold after nine"
    assert any(size > 3 for at, size in sizes.items() if 109 <= at < 130)
    assert [sizes[at] for at in range(140, 159)] == [1] * 19


def test_a_prompt_that_is_asked_again_is_answered_in_fewer_calls(
    new_fake: NewFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conftest, "next_token", lambda tokens: 10 + pow(3, len(tokens), 89))  # no two alike
    model = new_fake()
    scheduler = batching(model)
    calls = []
    for number in range(2):
        before = len(model.calls)
        scheduler.submit(request(number, 60), [1] * 100)
        story = Story(scheduler).run()
        assert story.texts[number] == model.says([1] * 100, 60)
        calls.append(len(model.calls) - before)
    assert calls[1] < calls[0] / 2


def test_where_company_may_change_bits_nothing_is_guessed(
    new_fake: NewFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conftest, "next_token", lambda tokens: 20)
    model = new_fake()
    scheduler = Scheduler(model, rules.FREE)
    scheduler.submit(request(1, 40), [20] * 300)
    Story(scheduler).run()
    assert {len(rows) for rows in model.calls if rows[0].position >= 300} == {1}


def test_a_prefix_is_computed_once_even_by_requests_that_wait(new_fake: NewFake) -> None:
    model = new_fake(parallel=8)
    scheduler = batching(model)
    prefixes = [[1] * 100, [2] * 150]
    prompts = {n: prefixes[n % 2] + [30 + n] * 5 for n in range(8)}
    for number, prompt in prompts.items():
        scheduler.submit(request(number, 3), prompt)
    story = Story(scheduler).run()
    assert story.texts == {n: model.says(prompt, 3) for n, prompt in prompts.items()}
    computed = sum(row.position < 150 and row.token in (1, 2) for rows in model.calls for row in rows)
    assert computed == 100 + 150
    reused = [story.ends[n].cached_tokens for n in range(8)]  # type: ignore[union-attr]
    assert reused == [0, 0, 100, 150, 100, 150, 100, 150]


def test_the_prefix_of_an_ended_answer_is_still_there(new_fake: NewFake) -> None:
    model = new_fake()
    scheduler = batching(model)
    scheduler.submit(request(1, 4), [1] * 50)
    story = Story(scheduler).run()
    said = [int(token) for token in story.texts[1].split(",")[:3]]
    scheduler.submit(request(2, 4), [1] * 50 + said + [5])
    done = story.run().ends[2]
    assert isinstance(done, Done)
    assert done.cached_tokens == 53, "the answer's own tokens count too"
    assert story.texts[2] == model.says([1] * 50 + said + [5], 4)


def test_ended_answers_are_forgotten_once_going_past_them_takes_longer_than_reading_again(
    new_fake: NewFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler_module, "_PASSED", 1000)
    model = new_fake(cells=3000, context_tokens=700)
    scheduler = Scheduler(model, Rules(long=9999))
    prompts = {1: [1] * 200 + [2] * 400, 2: [1] * 200 + [3] * 30, 3: [1] * 20 + [4] * 180}
    cached = []
    for number, prompt in prompts.items():
        scheduler.submit(request(number, 20), prompt)
        story = Story(scheduler).run()
        assert story.texts[number] == model.says(prompt, 20)
        end = story.ends[number]
        assert isinstance(end, Done)
        cached.append(end.cached_tokens)
    assert cached == [0, 200, 0], "fifty rows past 620 cells are 31 to read, two hundred are 134"
    assert scheduler.used < 300


def test_cells_are_never_freed_singly_but_all_at_once_when_they_are_used_up(new_fake: NewFake) -> None:
    model = new_fake(cells=256, context_tokens=200)
    scheduler = batching(model)
    story = Story(scheduler)
    for number, token in enumerate((1, 2, 1, 3, 1, 2)):
        scheduler.submit(request(number, 2), [token] * 100)
        story.run()
    cached = [story.ends[n].cached_tokens for n in range(6)]  # type: ignore[union-attr]
    assert cached == [0, 0, 99, 0, 0, 0], "both went when 3 came"


def test_without_cells_the_youngest_waits_and_loses_nothing(new_fake: NewFake) -> None:
    model = new_fake(cells=300, context_tokens=300)
    scheduler = batching(model)
    for number in range(3):
        scheduler.submit(request(number, 150), [number + 1] * 60)
    story = Story(scheduler).run()
    assert story.texts == {n: model.says([n + 1] * 60, 150) for n in range(3)}
    assert list(story.ends) == [0, 1, 2], "first come, first served"


def test_no_cells_from_llama_cpp_itself_moves_the_youngest_back(new_fake: NewFake) -> None:
    model = new_fake(codes=[0, 1, 1])
    scheduler = batching(model)
    for number in range(3):
        scheduler.submit(request(number), [number + 1] * 4)
    assert Story(scheduler).run().texts == {n: model.says([n + 1] * 4, 5) for n in range(3)}


def test_a_model_that_forgets_only_everything_is_served_without_sharing(new_fake: NewFake) -> None:
    model = new_fake(shares_prefixes=False, codes=[0, 2, 0, 2])
    scheduler = batching(model)
    for number in range(6):
        scheduler.submit(request(number), [1] * 150)
    story = Story(scheduler).run()
    assert story.texts == {n: model.says([1] * 150, 5) for n in range(6)}
    assert {e.cached_tokens for e in story.ends.values() if isinstance(e, Done)} == {0}
    assert model.contexts[0].held == []


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("join"), st.integers(0, 3), st.integers(0, 30), st.integers(1, 25)),
        st.tuples(st.just("cancel"), st.integers(0, 20)),
        st.tuples(st.just("steps"), st.integers(1, 12)),
        st.tuples(st.just("interrupt")),
        st.tuples(st.just("no cells")),
    ),
    min_size=1,
    max_size=40,
)


@pytest.mark.parametrize("tile", [64, 8])
@settings(
    max_examples=examples(120),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    database=None,
)
@given(ACTIONS, st.integers(60, 140), st.integers(1, 5), st.booleans())
def test_any_schedule_keeps_its_books(
    new_fake: NewFake,
    monkeypatch: pytest.MonkeyPatch,
    tile: int,
    actions: list[Any],
    cells: int,
    parallel: int,
    shares: bool,
) -> None:
    for module in (rules, calls, prefix_tree):
        monkeypatch.setattr(module, "TILE", tile)
    if tile == 8:  # an answer is never alone, and says the same again and again
        monkeypatch.setattr(calls, "LONE_CELLS", 0)
        monkeypatch.setattr(conftest, "next_token", lambda tokens: 10 + sum(tokens[-3:]) % 3)
    model = new_fake(cells=cells, context_tokens=60, parallel=parallel, shares_prefixes=shares)
    scheduler = Scheduler(model, Rules(most=7, long=20) if tile == 8 and shares else Rules())
    story = Story(scheduler)
    prompts: dict[int, list[int]] = {}
    wanted: dict[int, int] = {}
    for action in actions:
        if action[0] == "join":
            number, (_, prefix, suffix, max_tokens) = len(prompts), action
            prompts[number] = [prefix + 1] * (8 * prefix) + [50 + number % 3] * suffix + [7]
            prompts[number] = prompts[number][:59]
            wanted[number] = max_tokens
            scheduler.submit(request(number, max_tokens), prompts[number])
        elif action[0] == "cancel":
            done = scheduler.cancel(action[1])
            assert (done is None) == (action[1] not in prompts or action[1] in story.ends)
            if done:
                story.note(done)
        elif action[0] == "steps":
            for _ in range(action[1]):
                story.step()
                check_books(scheduler, model)
        elif len(scheduler._running) > 1 + model.codes.count(
            1
        ):  # each takes the cells of one; the last has all
            model.codes.append(2 if action[0] == "interrupt" else 1)
        check_books(scheduler, model)
    while model.codes or not scheduler.is_idle:
        model.codes.clear()
        story.step()
        check_books(scheduler, model)
    assert story.ends.keys() == prompts.keys()
    for number, prompt in prompts.items():
        end, said = story.ends[number], story.texts.get(number, "")
        assert isinstance(end, Done)
        whole = model.says(prompt, min(wanted[number], 60 - len(prompt)))
        assert whole.startswith(said) if end.finish == "cancelled" else whole == said


def check_books(scheduler: Scheduler, model: Any) -> None:
    """The tree, the sequences and what really lies in the cache agree."""
    tree, context = scheduler.tree, model.contexts[0]
    assert tree.cells == sum(len(node.tokens) for node in tree.nodes()) <= scheduler.used
    assert scheduler.used == len(context.held) <= scheduler.cells
    assert sum(leaf.is_open for leaf in tree.leaves) == len(scheduler._running)
    used = [leaf.sequence for leaf in tree.leaves]
    assert sorted(used + tree._free) == list(range(context.sequences - OWN_SEQUENCES)), "a sequence leaked"
    assert context.last_position(context.sequences - OWN_SEQUENCES) == -1, "what was added went at once"
    for leaf in tree.leaves:
        assert context.last_position(leaf.sequence) == leaf.end - 1
    for node in tree.nodes():
        assert (node.sequence >= 0) == (not node.children)
        assert node.tokens or node.is_open
