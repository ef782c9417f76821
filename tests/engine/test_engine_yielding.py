from pathlib import Path

import pytest

from playground.engine import yielding
from playground.engine.yielding import Load, Seen, look


def test_a_thread_is_given_up_for_each_core_that_others_use(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter(range(100))
    others = iter([0.0, 0.0, 0.5, 1.5, 5.5, 5.5])
    monkeypatch.setattr(yielding.time, "monotonic", lambda: 1e9)

    def fake() -> Seen:
        clock = float(next(seconds))
        return Seen(clock, next(others) + 2 * clock, 2 * clock)

    load = Load(3, fake)
    assert [load.threads() for _ in range(5)] == [3, 3, 2, 1, 3]


def test_nothing_is_given_up_where_the_kernel_does_not_tell(tmp_path: Path) -> None:
    assert look(tmp_path / "gone") is None
    assert Load(4, lambda: None).threads() == 4


def test_the_kernel_is_asked_once_a_second_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(yielding.time, "monotonic", lambda: 10.0)
    load = Load(2, lambda: asked.append(1) or Seen(9.5, 0, 0))  # type: ignore[func-returns-value]
    assert [load.threads() for _ in range(9)] == [2] * 9
    assert len(asked) == 1
