"""Things kept for a while under a name that cannot be guessed."""

from __future__ import annotations

import pytest

from playground.errors import NotFoundError
from playground.workbench.tray import TRAY_ITEMS, Tray


def test_what_was_put_can_be_taken_more_than_once() -> None:
    tray = Tray()
    token = tray.put(b"bundle")
    assert tray.take(token, bytes) == tray.take(token, bytes) == b"bundle"


def test_only_the_newest_things_are_kept() -> None:
    tray = Tray()
    tokens = [tray.put(number) for number in range(TRAY_ITEMS + 1)]
    with pytest.raises(NotFoundError, match="not kept any more"):
        tray.take(tokens[0], int)
    assert [tray.take(token, int) for token in tokens[1:]] == list(range(1, TRAY_ITEMS + 1))


@pytest.mark.parametrize("token", ["", "nothing", "../../etc/passwd"])
def test_another_token_finds_nothing(token: str) -> None:
    tray = Tray()
    tray.put("thing")
    with pytest.raises(NotFoundError):
        tray.take(token, str)


def test_a_token_finds_only_what_it_was_made_for() -> None:
    tray = Tray()
    token = tray.put(["prompt:1"])
    with pytest.raises(NotFoundError):
        tray.take(token, bytes)


def test_tokens_are_long_and_never_alike() -> None:
    tray = Tray()
    tokens = {tray.put(None) for _ in range(200)}
    assert len(tokens) == 200
    assert min(map(len, tokens)) >= 20


def test_a_thing_that_is_worked_on_is_never_pushed_out() -> None:
    tray, busy = Tray(), True
    token = tray.put("being saved", lambda: busy)
    others = [tray.put(str(number)) for number in range(3 * TRAY_ITEMS)]
    assert tray.take(token, str) == "being saved"
    assert tray.take(others[-1], str)
    busy = False
    tray.put("one more")
    with pytest.raises(NotFoundError):
        tray.take(token, str)


def test_things_of_another_kind_push_nothing_out() -> None:
    tray = Tray()
    token = tray.put("somebody chooses from this")
    for number in range(3 * TRAY_ITEMS):
        tray.put(number)
    assert tray.take(token, str)
