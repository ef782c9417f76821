"""The scheduler with a fake model: each answer counts upwards from its prompt's length."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from playground.engine import scheduler as module
from playground.engine.model import STEP_ROWS, Row
from playground.engine.protocol import Done, Failed, Generate, Piece
from playground.engine.scheduler import Scheduler

END = 9


class FakeVocabulary:
    def piece(self, token: int) -> bytes:
        return b"%d," % token

    def ends_generation(self, token: int) -> bool:
        return token == END


@dataclass
class FakeModel:
    cells: int = 1000
    sequences: int = 4
    context_tokens: int = 500
    vocabulary: Any = field(default_factory=FakeVocabulary)
    vocabulary_size: int = 100
    codes: list[int] = field(default_factory=list)
    batches: list[list[Row]] = field(default_factory=list)
    held: dict[int, list[int]] = field(default_factory=dict)
    can_forget_parts: bool = True

    def decode(self, rows: list[Row]) -> int:
        assert 0 < len(rows) <= STEP_ROWS
        code = self.codes.pop(0) if self.codes else 0
        if code:
            return code
        for row in rows:
            tokens = self.held.setdefault(row.sequence, [])
            assert row.position == len(tokens), "a gap or a repetition"
            tokens.append(row.token)
        assert sum(map(len, self.held.values())) <= self.cells
        self.batches.append(rows)
        return 0

    def sample(self, chain: Any, row: int) -> int:
        last = self.batches[-1][row]
        assert last.wants_logits
        return 10 + last.position

    def forget(self, sequence: int, start: int = 0) -> bool:
        if start and not self.can_forget_parts:
            return False
        self.held[sequence] = self.held.get(sequence, [])[:start]
        return True


@pytest.fixture(autouse=True)
def no_samplers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "new_chain", lambda request, size: object())
    monkeypatch.setattr(module, "free_chain", lambda chain: None)


def request(number: int, max_tokens: int = 5, stop: list[str] | None = None) -> Generate:
    return Generate(number, "m", True, "", [], 0, 1, 0, 0, 1, 0, 0, 0, max_tokens, stop or [])


def run(scheduler: Scheduler, limit: int = 10_000) -> tuple[dict[int, str], dict[int, Done | Failed]]:
    texts: dict[int, str] = {}
    ends: dict[int, Done | Failed] = {}
    for _ in range(limit):
        if scheduler.is_idle:
            break
        for event in scheduler.step():
            if isinstance(event, Piece):
                texts[event.id] = texts.get(event.id, "") + event.text
            else:
                assert event.id not in ends, "ended twice"
                ends[event.id] = event
    assert scheduler.is_idle
    return texts, ends


def expected(prompt: int, tokens: int) -> str:
    return "".join(f"{10 + prompt - 1 + i}," for i in range(tokens))


def test_answers_grow_in_the_same_steps() -> None:
    model = FakeModel()
    scheduler = Scheduler(model)
    scheduler.submit(request(1, 20), [1] * 3)
    scheduler.step()
    scheduler.submit(request(2, 20), [1] * 3)
    scheduler.step()
    scheduler.step()
    assert {row.sequence for row in model.batches[-1]} == {2, 3}
    assert len(model.batches[-1]) == 2


def test_a_long_prompt_is_cut_so_that_running_answers_go_on() -> None:
    model = FakeModel()
    scheduler = Scheduler(model)
    scheduler.submit(request(1, 50), [1] * 3)
    scheduler.step()
    scheduler.submit(request(2, 5), [1] * 400)
    before = len(model.batches)
    run(scheduler)
    beside = [rows for rows in model.batches[before:] if len(rows) > 2]
    assert len(beside) == 7
    assert all(rows[0].sequence == 3 for rows in beside), "the running answer has a row in each"


def test_more_requests_than_sequences_wait_and_all_end() -> None:
    scheduler = Scheduler(FakeModel())
    for number in range(20):
        scheduler.submit(request(number, 3), [1] * (number + 1))
    texts, ends = run(scheduler)
    assert texts == {n: expected(n + 1, 3) for n in range(20)}
    assert {(e.finish, e.completion_tokens) for e in ends.values() if isinstance(e, Done)} == {("length", 3)}


def test_without_cells_the_youngest_waits_and_loses_nothing() -> None:
    model = FakeModel(cells=300, context_tokens=300)
    scheduler = Scheduler(model)
    for number in range(3):
        scheduler.submit(request(number, 150), [1] * 60)
    texts, ends = run(scheduler)
    assert texts == {n: expected(60, 150) for n in range(3)}
    assert list(ends) == [0, 1, 2], "first come, first served"
    assert sum(map(len, model.held.values())) == 0


def test_a_request_that_fits_alone_uses_every_cell() -> None:
    scheduler = Scheduler(FakeModel(cells=300, context_tokens=300))
    scheduler.submit(request(1, 1000), [1] * 299)
    scheduler.submit(request(2, 1000), [1] * 290)
    texts, ends = run(scheduler)
    assert texts == {1: expected(299, 1), 2: expected(290, 10)}
    assert all(isinstance(e, Done) and e.finish == "length" for e in ends.values())


def test_no_cells_from_llama_cpp_itself_moves_the_youngest_back() -> None:
    model = FakeModel(codes=[0, 1, 1])
    scheduler = Scheduler(model)
    for number in range(3):
        scheduler.submit(request(number), [1] * 4)
    texts, _ = run(scheduler)
    assert texts == {n: expected(4, 5) for n in range(3)}


@pytest.mark.parametrize("can_forget_parts", [True, False])
def test_an_interrupted_step_is_repeated(can_forget_parts: bool) -> None:
    model = FakeModel(codes=[0, 2, 0, 2], can_forget_parts=can_forget_parts)
    scheduler = Scheduler(model)
    scheduler.submit(request(1), [1] * 200)
    scheduler.submit(request(2), [1] * 3)
    texts, _ = run(scheduler)
    assert texts == {1: expected(200, 5), 2: expected(3, 5)}


def test_a_broken_decode_fails_the_requests_of_that_step_and_the_next_one_works() -> None:
    model = FakeModel(codes=[0, -3])
    scheduler = Scheduler(model)
    scheduler.submit(request(1), [1] * 3)
    _, ends = run(scheduler)
    assert isinstance(ends[1], Failed)
    assert "llama_decode returned -3" in ends[1].message
    scheduler.submit(request(2), [1] * 3)
    texts, _ = run(scheduler)
    assert texts == {2: expected(3, 5)}


def test_no_cells_for_a_single_request_is_an_error_not_a_loop() -> None:
    scheduler = Scheduler(FakeModel(codes=[1]))
    scheduler.submit(request(1), [1] * 3)
    _, ends = run(scheduler)
    assert isinstance(ends[1], Failed)


def test_cancelling_frees_the_cells_whether_running_or_waiting() -> None:
    model = FakeModel(sequences=1)
    scheduler = Scheduler(model)
    scheduler.submit(request(1, 50), [1] * 3)
    scheduler.submit(request(2, 50), [1] * 3)
    scheduler.step()
    assert scheduler.cancel(2) == Done(2, "cancelled", 0, 0, "")
    assert scheduler.cancel(1) == Done(1, "cancelled", 1, 0, "")
    assert scheduler.cancel(1) is None
    assert scheduler.is_idle
    assert sum(map(len, model.held.values())) == 0


def test_a_stop_string_over_two_tokens_ends_the_answer_without_it() -> None:
    scheduler = Scheduler(FakeModel())
    scheduler.submit(request(1, 50, stop=["4,15"]), [1] * 3)
    texts, ends = run(scheduler)
    assert texts == {1: "12,13,1"}
    assert ends[1] == Done(1, "stop", 4, 0, "")


def test_text_held_back_for_a_stop_string_is_shown_at_the_end() -> None:
    scheduler = Scheduler(FakeModel())
    scheduler.submit(request(1, 2, stop=["3,9"]), [1] * 3)
    texts, ends = run(scheduler)
    assert texts == {1: "12,13,"}
    assert ends[1] == Done(1, "length", 2, 0, "")
